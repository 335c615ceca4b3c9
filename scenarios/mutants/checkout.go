package mutants

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"strings"

	"raftsim/scenarios/script"
)

// Folder is where the mutants that ship stand in the checkout.
const Folder = "scenarios/mutants"

// SoundVariable is the environment's name for the path of a raftsim without a fault.
const SoundVariable = "RAFTSIM_SOUND"

// module is what go.mod of a checkout begins with.
const module = "raftsim"

// Checkout is a source tree of raftsim, and the Go tool to build it with.
type Checkout struct {
	// Root is the folder of go.mod.
	Root string
	// Cache is where what is built is kept. It may be changed before the first build.
	Cache string
	// Sound is the path of a raftsim without a fault, which those with one ask where they are told to by [SoundVariable]; "" for none.
	Sound string

	goTool string
}

// ErrNoSources says that there is no checkout to build from.
var ErrNoSources = errors.New("mutants are built from source: run this within a checkout of raftsim")

// ErrNoGo says that there is nothing to build with.
var ErrNoGo = errors.New("mutants are built with the Go tool, which is not in PATH: install Go and try again")

// Open finds the checkout that a folder belongs to, and the Go tool. The error is [ErrNoSources] or [ErrNoGo] where there
// is none.
func Open(dir string) (*Checkout, error) {
	root, err := filepath.Abs(dir)
	if err != nil {
		return nil, err
	}
	for !isRoot(root) {
		up := filepath.Dir(root)
		if up == root {
			return nil, ErrNoSources
		}
		root = up
	}
	goTool, err := exec.LookPath("go")
	if err != nil {
		return nil, ErrNoGo
	}
	cache, err := os.UserCacheDir()
	if err != nil {
		return nil, fmt.Errorf("mutants are kept in the user's cache folder: %w", err)
	}
	return &Checkout{Root: root, Cache: filepath.Join(cache, "raftsim", "mutants"), goTool: goTool}, nil
}

func isRoot(dir string) bool {
	text, err := os.ReadFile(filepath.Join(dir, "go.mod"))
	if err != nil {
		return false
	}
	for line := range strings.Lines(string(text)) {
		if words := strings.Fields(line); len(words) == 2 && words[0] == "module" {
			return words[1] == module
		}
	}
	return false
}

// Shipped returns the mutants that ship, sorted by name.
func (c *Checkout) Shipped() ([]*Mutant, error) {
	all, err := Dir(filepath.Join(c.Root, filepath.FromSlash(Folder)))
	for _, m := range all {
		m.Argument = m.Name
	}
	return all, err
}

// Find returns the mutant that a command line means: the path of a file, or the name of one that ships.
func (c *Checkout) Find(argument string) (*Mutant, error) {
	if strings.HasSuffix(argument, Extension) {
		return load(argument)
	}
	m, err := load(filepath.Join(c.Root, filepath.FromSlash(Folder), filepath.Base(argument)+Extension))
	if errors.Is(err, fs.ErrNotExist) || err == nil && m.Name != argument {
		all, err := c.Shipped()
		if err != nil {
			return nil, err
		}
		return nil, fmt.Errorf("there is no mutant %q%s", argument, instead(argument, all))
	}
	if err != nil {
		return nil, err
	}
	m.Argument = m.Name
	return m, nil
}

// Dir returns the mutants in a folder, sorted by name. It is an error when there is none.
func Dir(dir string) ([]*Mutant, error) {
	entries, err := os.ReadDir(dir)
	if err != nil {
		return nil, err
	}
	var all []*Mutant
	for _, e := range entries {
		if e.IsDir() || filepath.Ext(e.Name()) != Extension {
			continue
		}
		m, err := load(filepath.Join(dir, e.Name()))
		if err != nil {
			return nil, err
		}
		all = append(all, m)
	}
	if len(all) == 0 {
		return nil, fmt.Errorf("%s: no file in it ends in %s", dir, Extension)
	}
	return all, nil
}

func load(path string) (*Mutant, error) {
	text, err := os.ReadFile(path)
	if err != nil {
		return nil, err
	}
	return Parse(path, text)
}

// instead says which mutant may have been meant by a name that none has, or which there are.
func instead(name string, all []*Mutant) string {
	list := make([]string, len(all))
	for i, m := range all {
		list[i] = m.Name
	}
	if near := script.Nearest(name, list); near != "" {
		return fmt.Sprintf(": did you mean %s?", near)
	}
	return "; there are\n" + script.Lines(list) + "and any file whose name ends in " + Extension
}

// goOutput runs the Go tool in the checkout and returns what it prints.
func (c *Checkout) goOutput(ctx context.Context, args ...string) ([]byte, error) {
	cmd := exec.CommandContext(ctx, c.goTool, args...)
	cmd.Dir = c.Root
	var out, errs bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &errs
	if err := cmd.Run(); err != nil {
		if ctx.Err() != nil {
			return nil, ctx.Err()
		}
		return nil, fmt.Errorf("go %s: %w\n%s", args[0], err, bytes.TrimSpace(errs.Bytes()))
	}
	return out.Bytes(), nil
}
