package main

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"go/ast"
	"go/importer"
	"go/parser"
	"go/token"
	"go/types"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
)

// pkg is one type-checked package of the module.
type pkg struct {
	path    string
	fset    *token.FileSet
	files   []*file
	ignored []string // Go files that build constraints leave out, as absolute paths
	types   *types.Package
	info    *types.Info
}

// file is one of its source files, test files aside.
type file struct {
	name    string // absolute
	syntax  *ast.File
	excuses []*excuse
}

// listed is what `go list` tells of a package.
type listed struct {
	ImportPath     string
	Dir            string
	Export         string
	DepOnly        bool
	GoFiles        []string
	CgoFiles       []string
	IgnoredGoFiles []string
	Error          *struct{ Err string }
}

// load type-checks the packages that the patterns name, against the compiler's export data of what they import.
func load(root string, patterns []string) ([]*pkg, error) {
	args := append([]string{"list", "-pgo=off", "-e", "-deps", "-export",
		"-json=ImportPath,Dir,Export,DepOnly,GoFiles,CgoFiles,IgnoredGoFiles,Error", "--"}, patterns...)
	cmd := exec.Command("go", args...)
	cmd.Dir = root
	var stderr bytes.Buffer
	cmd.Stderr = &stderr
	out, err := cmd.Output()
	if err != nil {
		return nil, fmt.Errorf("go list: %w\n%s", err, stderr.Bytes())
	}
	var wanted []*listed
	exports := map[string]string{}
	for d := json.NewDecoder(bytes.NewReader(out)); ; {
		l := &listed{}
		if err := d.Decode(l); errors.Is(err, io.EOF) {
			break
		} else if err != nil {
			return nil, fmt.Errorf("go list: %w", err)
		}
		exports[l.ImportPath] = l.Export
		if l.DepOnly {
			continue
		}
		if l.Error != nil {
			return nil, fmt.Errorf("%s: %s", l.ImportPath, strings.TrimSpace(l.Error.Err))
		}
		wanted = append(wanted, l)
	}
	if len(wanted) == 0 {
		return nil, fmt.Errorf("no packages match %s", strings.Join(patterns, " "))
	}
	fset := token.NewFileSet()
	imports := importer.ForCompiler(fset, "gc", func(path string) (io.ReadCloser, error) {
		if exports[path] == "" {
			return nil, fmt.Errorf("%s does not compile: run go build", path)
		}
		return os.Open(exports[path])
	})
	var pkgs []*pkg
	for _, l := range wanted {
		p, err := typeCheck(fset, imports, l)
		if err != nil {
			return nil, err
		}
		pkgs = append(pkgs, p)
	}
	return pkgs, nil
}

func typeCheck(fset *token.FileSet, imports types.Importer, l *listed) (*pkg, error) {
	p := &pkg{path: l.ImportPath, fset: fset, info: &types.Info{
		Types: map[ast.Expr]types.TypeAndValue{},
		Defs:  map[*ast.Ident]types.Object{},
		Uses:  map[*ast.Ident]types.Object{},
		// Selections tell which method a call reaches, and whether it takes an address to get there.
		Selections: map[*ast.SelectorExpr]*types.Selection{},
	}}
	for _, name := range l.IgnoredGoFiles {
		if !strings.HasSuffix(name, "_test.go") {
			p.ignored = append(p.ignored, filepath.Join(l.Dir, name))
		}
	}
	var syntax []*ast.File
	for _, name := range append(l.GoFiles, l.CgoFiles...) {
		full := filepath.Join(l.Dir, name)
		f, err := parser.ParseFile(fset, full, nil, parser.ParseComments|parser.SkipObjectResolution)
		if err != nil {
			return nil, err
		}
		syntax = append(syntax, f)
		p.files = append(p.files, &file{name: full, syntax: f, excuses: excuses(fset, f)})
	}
	conf := types.Config{Importer: imports, Sizes: types.SizesFor("gc", runtime.GOARCH), FakeImportC: true}
	var err error
	p.types, err = conf.Check(l.ImportPath, fset, syntax, p.info)
	return p, err
}

// moduleRoot is the folder of the go.mod that governs the working directory.
func moduleRoot() (string, error) {
	out, err := exec.Command("go", "env", "GOMOD").Output()
	if err != nil {
		return "", fmt.Errorf("go env GOMOD: %w", err)
	}
	mod := strings.TrimSpace(string(out))
	if mod == "" || mod == os.DevNull {
		return "", errors.New("there is no go.mod here or above: run this within the source tree")
	}
	return filepath.Dir(mod), nil
}
