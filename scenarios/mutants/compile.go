package mutants

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"go/ast"
	"go/importer"
	goparser "go/parser"
	"go/token"
	"go/types"
	"io"
	"os"
	"path"
	"path/filepath"
	"runtime"
)

// Compiler says whether mutants compile, at a hundredth of what it takes to build them: what a mutant alters is checked
// against the compiler's word on what it imports, and no code is made.
type Compiler struct {
	root     string
	packages map[string]*listed // by folder, as seen from the root, with slashes
	exports  map[string]string  // by import path
}

// listed is what the Go tool tells of a package.
type listed struct {
	ImportPath string
	Dir        string
	Export     string
	GoFiles    []string
}

// Compiler compiles the checkout as it stands. What is altered afterwards is seen in part only.
func (c *Checkout) Compiler(ctx context.Context) (*Compiler, error) {
	out, err := c.goOutput(ctx, "list", "-pgo=off", "-deps", "-export", "-json=ImportPath,Dir,Export,GoFiles", command)
	if err != nil {
		return nil, err
	}
	k := &Compiler{root: c.Root, packages: map[string]*listed{}, exports: map[string]string{}}
	for d := json.NewDecoder(bytes.NewReader(out)); ; {
		l := &listed{}
		if err := d.Decode(l); errors.Is(err, io.EOF) {
			return k, nil
		} else if err != nil {
			return nil, fmt.Errorf("go list: %w", err)
		}
		k.exports[l.ImportPath] = l.Export
		if rel, err := filepath.Rel(c.Root, l.Dir); err == nil && filepath.IsLocal(rel) {
			k.packages[filepath.ToSlash(rel)] = l
		}
	}
}

// Check returns what is wrong with a mutant that does not apply, or not compile.
func (k *Compiler) Check(m *Mutant) error {
	mutated, err := m.Apply(k.root)
	if err != nil {
		return err
	}
	for file := range mutated {
		if err := k.check(path.Dir(file), mutated); err != nil {
			return fmt.Errorf("mutant %s does not compile: %w", m.Name, err)
		}
	}
	return nil
}

// check type-checks the package in a folder, with the altered files in the place of its own.
func (k *Compiler) check(dir string, mutated map[string][]byte) error {
	l := k.packages[dir]
	if l == nil {
		return fmt.Errorf("%s has no package that goes into %s", dir, command)
	}
	fset := token.NewFileSet()
	var files []*ast.File
	for _, name := range l.GoFiles {
		name = path.Join(dir, name)
		text, ok := mutated[name]
		if !ok {
			var err error
			if text, err = os.ReadFile(filepath.Join(k.root, filepath.FromSlash(name))); err != nil {
				return err
			}
		}
		f, err := goparser.ParseFile(fset, name, text, goparser.SkipObjectResolution)
		if err != nil {
			return err
		}
		files = append(files, f)
	}
	conf := types.Config{Sizes: types.SizesFor("gc", runtime.GOARCH), Importer: importer.ForCompiler(fset, "gc", k.open)}
	_, err := conf.Check(l.ImportPath, fset, files, nil)
	return err
}

// open finds what the compiler says of a package that is imported.
func (k *Compiler) open(path string) (io.ReadCloser, error) {
	if k.exports[path] == "" {
		return nil, fmt.Errorf("%s imports nothing called %s", command, path)
	}
	return os.Open(k.exports[path])
}
