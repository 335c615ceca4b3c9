package main

import (
	"go/ast"
	"go/token"
	"go/types"
)

// mapOrder objects to everything that visits a map in its own order.
//
// One form is known to be harmless, and needs no excuse:
//
//	for k := range m {
//		keys = append(keys, k)
//	}
//	slices.Sort(keys)
//
// So is slices.Sorted(maps.Keys(m)), or of maps.Values: equal values cannot be told apart.
func (c *checker) mapOrder() {
	harmless := map[ast.Node]bool{}
	ast.Inspect(c.file.syntax, func(n ast.Node) bool {
		switch n := n.(type) {
		case *ast.BlockStmt:
			c.sortedAfter(n.List, harmless)
		case *ast.CaseClause:
			c.sortedAfter(n.Body, harmless)
		case *ast.CommClause:
			c.sortedAfter(n.Body, harmless)
		case *ast.CallExpr:
			if c.callee(n) == "slices.Sorted" && len(n.Args) == 1 {
				if inner, ok := ast.Unparen(n.Args[0]).(*ast.CallExpr); ok {
					harmless[called(inner)] = true
				}
			}
		case *ast.Ident:
			if f, ok := c.pkg.info.Uses[n].(*types.Func); !ok || f.Pkg() == nil || f.Pkg().Path() != "maps" || harmless[n] {
				return true
			}
			switch n.Name {
			case "Keys", "Values", "All", "DeleteFunc":
				c.report(n.Pos(), ruleMap, "maps.%s", n.Name)
			}
		case *ast.RangeStmt:
			if t := c.pkg.info.TypeOf(n.X); t != nil && isMap(t) && !harmless[n] {
				c.report(n.Pos(), ruleMap, "range over %s", types.TypeString(t, types.RelativeTo(c.pkg.types)))
			}
		}
		return true
	})
}

// sortedAfter marks the loops among statements that collect a map's keys into a slice and sort it at once.
func (c *checker) sortedAfter(list []ast.Stmt, harmless map[ast.Node]bool) {
	for i, s := range list {
		if l, ok := s.(*ast.LabeledStmt); ok {
			s = l.Stmt
		}
		loop, ok := s.(*ast.RangeStmt)
		if !ok || i+1 == len(list) {
			continue
		}
		into := c.collects(loop)
		if into == nil {
			continue
		}
		next, ok := list[i+1].(*ast.ExprStmt)
		if !ok {
			continue
		}
		call, ok := next.X.(*ast.CallExpr)
		if !ok || len(call.Args) != 1 {
			continue
		}
		switch c.callee(call) {
		case "slices.Sort", "sort.Strings", "sort.Ints":
			if id, ok := ast.Unparen(call.Args[0]).(*ast.Ident); ok && c.pkg.info.ObjectOf(id) == into {
				harmless[loop] = true
			}
		}
	}
}

// collects returns the slice that a loop appends a map's keys to, when that is all that it does.
func (c *checker) collects(loop *ast.RangeStmt) types.Object {
	key, ok := loop.Key.(*ast.Ident)
	if !ok || loop.Tok != token.DEFINE || loop.Value != nil || len(loop.Body.List) != 1 {
		return nil
	}
	set, ok := loop.Body.List[0].(*ast.AssignStmt)
	if !ok || set.Tok != token.ASSIGN || len(set.Lhs) != 1 || len(set.Rhs) != 1 {
		return nil
	}
	into, ok := set.Lhs[0].(*ast.Ident)
	call, ok2 := set.Rhs[0].(*ast.CallExpr)
	if !ok || !ok2 || len(call.Args) != 2 || call.Ellipsis.IsValid() {
		return nil
	}
	if f, ok := call.Fun.(*ast.Ident); !ok || c.pkg.info.Uses[f] != types.Universe.Lookup("append") {
		return nil
	}
	from, ok := call.Args[0].(*ast.Ident)
	value, ok2 := call.Args[1].(*ast.Ident)
	if !ok || !ok2 {
		return nil
	}
	object := c.pkg.info.ObjectOf
	if object(from) != object(into) || object(value) != object(key) {
		return nil
	}
	return object(into)
}

// callee names the function of a package that a call reaches: "slices.Sort". It is empty for anything else.
func (c *checker) callee(call *ast.CallExpr) string {
	id := called(call)
	if id == nil {
		return ""
	}
	f, ok := c.pkg.info.Uses[id].(*types.Func)
	if !ok || f.Pkg() == nil || f.Signature().Recv() != nil {
		return ""
	}
	return f.Pkg().Path() + "." + f.Name()
}

// called is the identifier of what a call calls, nil when it has no name.
func called(call *ast.CallExpr) *ast.Ident {
	fun := ast.Unparen(call.Fun)
	switch x := fun.(type) {
	case *ast.IndexExpr:
		fun = x.X
	case *ast.IndexListExpr:
		fun = x.X
	}
	switch x := fun.(type) {
	case *ast.Ident:
		return x
	case *ast.SelectorExpr:
		return x.Sel
	}
	return nil
}

// isMap says whether a type is a map, or a type parameter that may be one.
func isMap(t types.Type) bool {
	p, ok := t.(*types.TypeParam)
	if !ok {
		_, ok := t.Underlying().(*types.Map)
		return ok
	}
	return mayBeMap(p.Constraint().Underlying().(*types.Interface))
}

func mayBeMap(i *types.Interface) bool {
	for e := range i.EmbeddedTypes() {
		switch e := e.(type) {
		case *types.Union:
			for t := range e.Terms() {
				if _, ok := t.Type().Underlying().(*types.Map); ok {
					return true
				}
			}
		default:
			switch u := e.Underlying().(type) {
			case *types.Map:
				return true
			case *types.Interface:
				if mayBeMap(u) {
					return true
				}
			}
		}
	}
	return false
}
