package main

import (
	"go/ast"
	"go/token"
	"go/types"
)

// variables objects to writes to variables of a package: any package's from a judged file, outside of init.
// Taking the address counts as a write, for nobody can tell what becomes of it. Filling a variable
// in its declaration or in init is how tables are made, and happens before there is a world.
func (c *checker) variables() { c.writes(func(*types.Var) bool { return true }) }

// foreignVariables objects, in a file that is not judged, to writes to the variables of packages that are.
func (c *checker) foreignVariables() {
	c.writes(func(v *types.Var) bool {
		return c.scope.about(relative(c.root, c.pkg.fset.Position(v.Pos()).Filename)).inside
	})
}

func (c *checker) writes(matters func(*types.Var) bool) {
	write := func(e ast.Expr, how string) {
		if v, at := c.packageVariable(e); v != nil && matters(v) {
			c.report(at, ruleVariable, "package variable %s is %s", v.Name(), how)
		}
	}
	for _, d := range c.file.syntax.Decls {
		if f, ok := d.(*ast.FuncDecl); ok && f.Recv == nil && f.Name.Name == "init" {
			continue
		}
		ast.Inspect(d, func(n ast.Node) bool {
			switch n := n.(type) {
			case *ast.AssignStmt:
				if n.Tok != token.DEFINE {
					for _, e := range n.Lhs {
						write(e, "assigned")
					}
				}
			case *ast.IncDecStmt:
				write(n.X, "assigned")
			case *ast.RangeStmt:
				if n.Tok == token.ASSIGN {
					write(n.Key, "assigned")
					write(n.Value, "assigned")
				}
			case *ast.UnaryExpr:
				if n.Op == token.AND {
					write(n.X, "handed out by its address")
				}
			case *ast.CallExpr:
				c.writingCall(n, write)
			case *ast.SelectorExpr:
				c.pointerMethod(n, write)
			}
			return true
		})
	}
}

// writingCall finds the built-in functions that write to their first argument.
func (c *checker) writingCall(call *ast.CallExpr, write func(ast.Expr, string)) {
	id, ok := ast.Unparen(call.Fun).(*ast.Ident)
	if !ok || len(call.Args) == 0 {
		return
	}
	b, ok := c.pkg.info.Uses[id].(*types.Builtin)
	if !ok {
		return
	}
	switch b.Name() {
	case "delete", "clear", "copy":
		write(call.Args[0], "altered by "+b.Name())
	}
}

// unchanging are types of the standard library that may be shared: no method that is used while they are alters what
// they do.
var unchanging = map[string]bool{"regexp.Regexp": true, "strings.Replacer": true}

// pointerMethod finds methods that may write to a variable, or to what it points at: v.Method() is (&v).Method()
// when the method wants a pointer.
func (c *checker) pointerMethod(sel *ast.SelectorExpr, write func(ast.Expr, string)) {
	s := c.pkg.info.Selections[sel]
	if s == nil || s.Kind() != types.MethodVal {
		return
	}
	f := s.Obj().(*types.Func)
	recv := f.Signature().Recv().Type()
	if _, ok := recv.(*types.Pointer); ok && !unchanging[f.Pkg().Path()+"."+receiver(recv)] {
		write(sel.X, "handed out by its address, to "+f.Name())
	}
}

// packageVariable returns the variable of a package that writing to an expression alters, nil for none. What a
// package variable points at counts as part of it.
func (c *checker) packageVariable(e ast.Expr) (*types.Var, token.Pos) {
	for e != nil {
		switch x := e.(type) {
		case *ast.Ident:
			return asPackageVariable(c.pkg.info.Uses[x]), x.Pos()
		case *ast.SelectorExpr:
			if v := asPackageVariable(c.pkg.info.Uses[x.Sel]); v != nil {
				return v, x.Pos()
			}
			e = x.X
		case *ast.IndexExpr:
			e = x.X
		case *ast.SliceExpr:
			e = x.X
		case *ast.StarExpr:
			e = x.X
		case *ast.ParenExpr:
			e = x.X
		default:
			return nil, token.NoPos
		}
	}
	return nil, token.NoPos
}

func asPackageVariable(o types.Object) *types.Var {
	v, ok := o.(*types.Var)
	if !ok || v.IsField() || v.Pkg() == nil || v.Parent() != v.Pkg().Scope() {
		return nil
	}
	return v
}
