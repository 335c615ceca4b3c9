package main

import (
	"fmt"
	"go/ast"
	"go/build/constraint"
	"go/parser"
	"go/token"
	"go/types"
	"strings"
)

// checker judges one file.
type checker struct {
	pkg      *pkg
	file     *file
	scope    scope
	about    about
	root     string
	findings []finding
}

// report notes a broken rule, once for each line, unless the line above excuses it.
func (c *checker) report(at token.Pos, r rule, format string, args ...any) {
	p := c.pkg.fset.Position(at)
	for i := range c.findings {
		if f := &c.findings[i]; f.Line == p.Line && f.rule == r {
			return
		}
	}
	if e := c.file.excused(p.Line); e != nil {
		if e.reason != "" {
			return
		}
		r, format, args = ruleReason, "an excuse without a reason", nil
		p = e.position()
		for i := range c.findings {
			if f := &c.findings[i]; f.Position == p {
				return
			}
		}
	}
	c.findings = append(c.findings, finding{Position: p, rule: r, what: fmt.Sprintf(format, args...)})
}

// all applies every rule to the file.
func (c *checker) all() {
	c.imports()
	c.constraints()
	c.mapOrder()
	c.variables()
	ast.Inspect(c.file.syntax, func(n ast.Node) bool {
		switch n := n.(type) {
		case *ast.GoStmt:
			c.report(n.Pos(), ruleGo, "go statement")
		case *ast.SelectStmt:
			c.report(n.Pos(), ruleSelect, "select")
		case *ast.ChanType:
			c.report(n.Pos(), ruleGo, "channel")
		case *ast.Ident:
			c.use(n)
		case *ast.CallExpr:
			c.address(n)
		}
		if e, ok := n.(ast.Expr); ok {
			c.float(e)
		}
		return true
	})
}

// float objects to every expression of a floating-point type. Untyped constants are exact, and so are free.
func (c *checker) float(e ast.Expr) {
	t := c.pkg.info.TypeOf(e)
	if t == nil {
		return
	}
	b, ok := t.Underlying().(*types.Basic)
	if ok && b.Info()&(types.IsFloat|types.IsComplex) != 0 && b.Info()&types.IsUntyped == 0 {
		c.report(e.Pos(), ruleFloat, "floating point (%s)", types.TypeString(t, types.RelativeTo(c.pkg.types)))
	}
}

// address objects to turning a pointer into a number: where things lie in memory differs from run to run.
func (c *checker) address(call *ast.CallExpr) {
	if len(call.Args) != 1 || !c.pkg.info.Types[call.Fun].IsType() {
		return
	}
	to, ok := c.pkg.info.TypeOf(call.Fun).Underlying().(*types.Basic)
	from, ok2 := c.pkg.info.TypeOf(call.Args[0]).Underlying().(*types.Basic)
	if ok && ok2 && to.Kind() == types.Uintptr && from.Kind() == types.UnsafePointer {
		c.report(call.Pos(), ruleOutside, "address as a number")
	}
}

// use objects to functions and variables of the standard library that let the outside in.
func (c *checker) use(id *ast.Ident) {
	o := c.pkg.info.Uses[id]
	if o == nil || o.Pkg() == nil || o.Pkg() == c.pkg.types {
		return
	}
	path, name := o.Pkg().Path(), o.Name()
	if f, ok := o.(*types.Func); ok {
		if recv := f.Signature().Recv(); recv != nil {
			name = receiver(recv.Type()) + "." + name
		}
	} else if _, ok := o.(*types.Var); !ok || o.Parent() != o.Pkg().Scope() {
		return
	}
	if path == "golang.org/x/exp/rand" {
		if _, ok := o.(*types.Func); ok && !strings.ContainsRune(name, '.') && !strings.HasPrefix(name, "New") {
			c.report(id.Pos(), ruleRandom, "%s.%s", path, name)
		}
		return
	}
	if r, ok := forbiddenNames[path][name]; ok {
		c.report(id.Pos(), r, "%s.%s", path, name)
	}
}

// receiver is the name of a method's receiver type.
func receiver(t types.Type) string {
	if p, ok := t.(*types.Pointer); ok {
		t = p.Elem()
	}
	if n, ok := t.(*types.Named); ok {
		return n.Obj().Name()
	}
	return ""
}

// forbiddenNames are functions, variables and methods of packages that are otherwise welcome.
var forbiddenNames = map[string]map[string]rule{
	"time": {
		"Now": ruleClock, "Since": ruleClock, "Until": ruleClock, "After": ruleClock, "AfterFunc": ruleClock,
		"Sleep": ruleClock, "Tick": ruleClock, "NewTimer": ruleClock, "NewTicker": ruleClock,
		"Local": ruleOutside, "LoadLocation": ruleOutside, "Time.Local": ruleOutside,
	},
	"context": {
		"WithTimeout": ruleClock, "WithTimeoutCause": ruleClock, "WithDeadline": ruleClock,
		"WithDeadlineCause": ruleClock, "AfterFunc": ruleGo,
	},
	"runtime": {
		"NumCPU": ruleOutside, "GOMAXPROCS": ruleOutside, "NumGoroutine": ruleOutside, "ReadMemStats": ruleOutside,
		"SetFinalizer": ruleGo, "AddCleanup": ruleGo, "Gosched": ruleGo,
	},
	"reflect": {
		"Value.MapKeys": ruleMap, "Value.MapRange": ruleMap, "Value.Seq": ruleMap, "Value.Seq2": ruleMap,
		"Select": ruleSelect, "Value.Pointer": ruleOutside, "Value.UnsafePointer": ruleOutside, "Value.UnsafeAddr": ruleOutside,
	},
	"path/filepath": {
		"Abs": ruleOutside, "EvalSymlinks": ruleOutside, "Glob": ruleOutside, "Walk": ruleOutside, "WalkDir": ruleOutside,
	},
}

// forbiddenImports are packages of which nothing is welcome.
var forbiddenImports = map[string]rule{
	"math/rand": ruleRandom, "math/rand/v2": ruleRandom, "crypto/rand": ruleRandom, "hash/maphash": ruleRandom,
	"sync": ruleSync, "sync/atomic": ruleSync, "C": ruleOutside,
}

// sealedImports are those of which nothing is welcome where files and environment are out of reach. Packages below
// them are meant too.
var sealedImports = []string{"os", "net", "syscall", "io/ioutil", "log", "testing", "golang.org/x/sys"}

func (c *checker) imports() {
	name := relative(c.root, c.file.name)
	for _, spec := range c.file.syntax.Imports {
		path := strings.Trim(spec.Path.Value, "`\"")
		if r, ok := forbiddenImports[path]; ok {
			c.report(spec.Pos(), r, "import of %s", path)
			continue
		}
		if c.about.sealed {
			for _, s := range sealedImports {
				if path == s || strings.HasPrefix(path, s+"/") {
					c.report(spec.Pos(), ruleOutside, "import of %s", path)
				}
			}
		}
		folder, own := strings.CutPrefix(path, c.scope.module+"/")
		first, _, _ := strings.Cut(path, "/")
		switch {
		case own:
			if !c.scope.about(folder + "/any.go").inside {
				c.report(spec.Pos(), ruleImport, "import of %s, which is not checked", path)
			}
		case strings.Contains(first, ".") && !c.scope.allowed(name, path):
			c.report(spec.Pos(), ruleImport, "import of %s, of another module", path)
		}
	}
}

// constraints objects to files that are part of some builds only.
func (c *checker) constraints() {
	if expr, at := buildConstraint(c.file.syntax); expr != "" {
		c.report(at, ruleBuild, "build constraint %q", expr)
	}
}

func buildConstraint(f *ast.File) (string, token.Pos) {
	for _, g := range f.Comments {
		for _, line := range g.List {
			if line.Pos() < f.Package && constraint.IsGoBuild(line.Text) {
				return strings.TrimSpace(strings.TrimPrefix(line.Text, "//go:build")), line.Pos()
			}
		}
	}
	return "", 0
}

// ignoredFiles objects to files that this build leaves out, but for programs to generate code ("//go:build ignore").
func ignoredFiles(root string, s scope, p *pkg) []finding {
	var all []finding
	for _, name := range p.ignored {
		if !s.about(relative(root, name)).inside {
			continue
		}
		f, err := parser.ParseFile(p.fset, name, nil, parser.ParseComments|parser.PackageClauseOnly)
		if err == nil {
			if expr, _ := buildConstraint(f); expr == "ignore" {
				continue
			}
		}
		all = append(all, finding{Position: token.Position{Filename: name, Line: 1, Column: 1}, rule: ruleBuild,
			what: "a file that only some builds have"})
	}
	return all
}
