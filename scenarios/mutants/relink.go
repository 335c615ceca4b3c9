package mutants

import (
	"bytes"
	"context"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"os"
	"path"
	"path/filepath"
	"runtime"
	"runtime/debug"
	"slices"
	"strconv"
	"strings"
)

// relink makes the mutant of what the Go tool has compiled of the shipped core: the altered packages are compiled, and linked
// with all others as they are. A whole build would compile what imports them again, and get the same, as long as the
// altered packages show the same to those that import them. Where they do not, since a type is another or a function that is copied
// into its callers, the linker refuses: every package has in it a sum of what it has seen of each that it imports.
// The error is that, or why it was not tried; a whole build may work then.
func (w *workshop) relink(ctx context.Context, made string) error {
	if err := w.usual(ctx); err != nil {
		return err
	}
	packages, err := w.compiled(ctx, "-deps", command)
	if err != nil {
		return err
	}
	overlay, err := w.overlay()
	if err != nil {
		return err
	}
	dirs := map[string]bool{}
	for file := range w.mutated {
		dirs["./"+path.Dir(file)] = true
	}
	altered, err := w.compiled(ctx, append([]string{"-overlay", overlay}, slices.Sorted(maps.Keys(dirs))...)...)
	if err != nil {
		return err
	}
	for _, a := range altered {
		k := slices.IndexFunc(packages, func(p compiled) bool { return p.ImportPath == a.ImportPath })
		if k < 0 {
			return fmt.Errorf("%s does not go into %s", a.ImportPath, command)
		}
		packages[k].Export = a.Export
	}
	config, err := linkConfig(packages)
	if err != nil {
		return err
	}
	at := filepath.Join(w.dir, "importcfg.link")
	if err := os.WriteFile(at, config, 0o666); err != nil {
		return err
	}
	program := packages[len(packages)-1] // what is imported comes first
	_, err = w.goOutput(ctx, "tool", "link", "-o", made, "-importcfg", at, "-buildmode=exe", "-s", "-w", "-X", w.named(), program.Export)
	return err
}

// Flags in GOFLAGS that do not alter how a program is linked.
var harmless = []string{"mod", "modcacherw", "buildvcs", "pgo", "p", "vet"}

// usual refuses surroundings in which the Go tool may link in another way than relink does.
func (w *workshop) usual(ctx context.Context) error {
	out, err := w.goOutput(ctx, "env", "-json", "GOOS", "GOARCH", "GOFLAGS", "GOEXPERIMENT")
	if err != nil {
		return err
	}
	var env struct{ GOOS, GOARCH, GOFLAGS, GOEXPERIMENT string }
	if err := json.Unmarshal(out, &env); err != nil {
		return fmt.Errorf("go env: %w", err)
	}
	if env.GOOS != "linux" || runtime.GOOS != "linux" || env.GOARCH != runtime.GOARCH || env.GOEXPERIMENT != "" {
		return fmt.Errorf("%+v is unusual", env)
	}
	for _, f := range strings.Fields(env.GOFLAGS) {
		if name, _, _ := strings.Cut(strings.TrimLeft(f, "-"), "="); !slices.Contains(harmless, name) {
			return fmt.Errorf("%s in GOFLAGS is unusual", f)
		}
	}
	return nil
}

// compiled is a package and where the Go tool keeps what it was compiled to.
type compiled struct {
	ImportPath, Export, DefaultGODEBUG string
	Standard                           bool
	CgoFiles                           []string
}

// compiled has packages compiled the way a whole build does it.
func (w *workshop) compiled(ctx context.Context, args ...string) ([]compiled, error) {
	out, err := w.goOutput(ctx, append([]string{"list", "-tags", tag, "-pgo=off", "-buildvcs=false", "-export",
		"-json=ImportPath,Export,DefaultGODEBUG,Standard,CgoFiles"}, args...)...)
	if err != nil {
		return nil, err
	}
	var all []compiled
	for d := json.NewDecoder(bytes.NewReader(out)); ; {
		var p compiled
		if err := d.Decode(&p); errors.Is(err, io.EOF) {
			return all, nil
		} else if err != nil {
			return nil, fmt.Errorf("go list: %w", err)
		}
		all = append(all, p)
	}
}

// linkConfig tells the linker where packages are, and what the program knows of its build.
func linkConfig(packages []compiled) ([]byte, error) {
	var config bytes.Buffer
	fmt.Fprintf(&config, "modinfo %s\n", strconv.Quote(buildInfo()))
	for _, p := range packages {
		// Those of the standard library are linked like any other; for others a C compiler may be asked.
		if len(p.CgoFiles) > 0 && !p.Standard || p.DefaultGODEBUG != "" {
			return nil, fmt.Errorf("%s is linked in a way of its own", p.ImportPath)
		}
		if p.Export != "" { // unsafe has nothing
			fmt.Fprintf(&config, "packagefile %s=%s\n", p.ImportPath, p.Export)
		}
	}
	return config.Bytes(), nil
}

// The Go tool puts these around what a program knows of its build; debug.ReadBuildInfo takes them off.
const (
	buildInfoBegins = "3077af0c9274080241e1c107e6d618e6"
	buildInfoEnds   = "f932433186182072008242104116d8f2"
)

// buildInfo has as much as raftsim asks for.
func buildInfo() string {
	begins, _ := hex.DecodeString(buildInfoBegins)
	ends, _ := hex.DecodeString(buildInfoEnds)
	info := debug.BuildInfo{Path: path.Join(module, command), Main: debug.Module{Path: module, Version: "(devel)"}}
	return string(begins) + info.String() + string(ends)
}
