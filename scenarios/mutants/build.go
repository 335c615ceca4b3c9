package mutants

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"
)

// command is the package that is built, tag the build tag that leaves out what has no use in a mutant.
const (
	command = "./cmd/raftsim"
	tag     = "mutated"
)

// mostKept is how many builds of one mutant stay in the cache: those used last.
const mostKept = 3

// Build returns the path of a raftsim with the fault in. What was built before of the same sources is used again. The error
// is the compiler's when the mutant does not compile.
func (c *Checkout) Build(ctx context.Context, m *Mutant) (string, error) {
	mutated, err := m.inPlace(c.Root)
	if err != nil {
		return "", err
	}
	key, err := c.key(ctx, m, mutated)
	if err != nil {
		return "", err
	}
	if err := os.MkdirAll(c.Cache, 0o777); err != nil {
		return "", err
	}
	built := filepath.Join(c.Cache, m.Name+"-"+key)
	if now := time.Now(); os.Chtimes(built, now, now) == nil {
		return built, nil
	}
	work, err := os.MkdirTemp(c.Cache, ".build-")
	if err != nil {
		return "", err
	}
	defer os.RemoveAll(work)
	w := &workshop{c, m, work, mutated}
	made := filepath.Join(work, "raftsim")
	// Whatever kept it from being made of less, a whole build may work, and knows best what is wrong if it does not.
	if err := w.relink(ctx, made); err != nil {
		if err := w.whole(ctx, made); err != nil {
			return "", fmt.Errorf("mutant %s does not compile: %w", m.Name, err)
		}
	}
	if again, err := c.key(ctx, m, mutated); err != nil || again != key {
		return "", errors.Join(fmt.Errorf("the sources changed while mutant %s was built: try again", m.Name), err)
	}
	// A name appears only with what it stands for, whoever else builds the same.
	if err := os.Rename(made, built); err != nil {
		return "", err
	}
	return built, c.prune(m)
}

// What the Go tool makes of the sources depends on these, and on nothing else of its surroundings that is likely to change.
var toolSettings = []string{"env", "GOVERSION", "GOOS", "GOARCH", "GOAMD64", "GOARM64", "GOEXPERIMENT", "GOFLAGS", "CGO_ENABLED", "GOWORK"}

// Every file of this module that goes into the command, one a line. Other modules are fixed by go.sum.
const sourceFiles = `{{if .Module}}{{if .Module.Main}}{{$d := .Dir}}` +
	`{{range .GoFiles}}{{$d}}/{{.}}{{"\n"}}{{end}}{{range .EmbedFiles}}{{$d}}/{{.}}{{"\n"}}{{end}}{{end}}{{end}}`

// key stands for all that goes into a build.
func (c *Checkout) key(ctx context.Context, m *Mutant, mutated map[string][]byte) (string, error) {
	settings, err := c.goOutput(ctx, toolSettings...)
	if err != nil {
		return "", err
	}
	listed, err := c.goOutput(ctx, "list", "-tags", tag, "-deps", "-f", sourceFiles, command)
	if err != nil {
		return "", err
	}
	files := strings.Fields(strings.ReplaceAll(string(listed), " ", "\x00"))
	for _, file := range []string{"go.mod", "go.sum"} {
		files = append(files, filepath.Join(c.Root, file))
	}
	h := sha256.New()
	part := func(name string, text []byte) { fmt.Fprintf(h, "%s %d\n%s\n", name, len(text), text) }
	part(m.Name, nil)
	part("settings", settings)
	for _, file := range files {
		file = strings.ReplaceAll(file, "\x00", " ")
		text, err := os.ReadFile(file)
		if err != nil {
			return "", err
		}
		part(file, text)
	}
	for _, file := range slices.Sorted(maps.Keys(mutated)) {
		part(file, mutated[file])
	}
	return hex.EncodeToString(h.Sum(nil)[:10]), nil
}

// prune takes away builds of the mutant that were not used for longest.
func (c *Checkout) prune(m *Mutant) error {
	paths, err := filepath.Glob(filepath.Join(c.Cache, m.Name+"-"+strings.Repeat("[0-9a-f]", 20)))
	if err != nil || len(paths) <= mostKept {
		return err
	}
	used := map[string]time.Time{}
	for _, path := range paths {
		if st, err := os.Stat(path); err == nil {
			used[path] = st.ModTime()
		}
	}
	slices.SortFunc(paths, func(a, b string) int { return used[b].Compare(used[a]) })
	for _, path := range paths[mostKept:] {
		if err := os.Remove(path); err != nil && !errors.Is(err, fs.ErrNotExist) {
			return err
		}
	}
	return nil
}
