// Determinism checks, in CI, that nothing which decides a run can differ between two runs.
//
//	go run ./.ci/determinism [package ...]
//
// It type-checks the packages that run inside a world and reports every construct whose outcome
// depends on something other than the seed: map order, clocks, goroutines, unseeded random numbers,
// floating point, variables that outlive a world, the machine. Each finding is a line
//
//	file:line:col: what, why, and what to do instead
//
// and makes the exit code 1; 2 says that the packages could not be read. Where a construct is
// harmless, the line above it says so: "//determinism: why". Those lines are printed too, so that
// no excuse goes unseen, and one that excuses nothing is a finding.
//
// It sees source, not behaviour. Pointers compared by their printed form, a package array written
// through a slice of it, and what other modules do are beyond it; running every scenario twice and
// comparing fingerprints, which CI does next, is not.
package main

import (
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
)

func main() { os.Exit(run(os.Args[1:], os.Stdout, os.Stderr)) }

func run(patterns []string, out, errs io.Writer) int {
	everything := len(patterns) == 0
	if everything {
		patterns = []string{"./..."}
	}
	root, err := moduleRoot()
	if err != nil {
		fmt.Fprintln(errs, "determinism:", err)
		return 2
	}
	report, err := check(root, product, patterns...)
	if err == nil && everything {
		err = report.stale(product)
	}
	if err != nil {
		fmt.Fprintln(errs, "determinism:", err)
		return 2
	}
	for _, f := range report.findings {
		f.Position.Filename = relative(root, f.Position.Filename)
		fmt.Fprintln(out, f)
	}
	for _, w := range report.excused {
		fmt.Fprintf(out, "%s:%d: excused: %s\n", relative(root, w.file), w.line, w.reason)
	}
	fmt.Fprintf(out, "determinism: %d files in %d packages, %d findings, %d excused\n",
		report.files, report.packages, len(report.findings), len(report.excused))
	if len(report.findings) > 0 {
		return 1
	}
	return 0
}

// report is what a check found.
type report struct {
	findings        []finding
	excused         []*excuse
	files, packages int
	seen            map[string]bool // every file read, by its path relative to the module's root
}

// check reads the packages that patterns name, from the module at root, and judges those in scope.
func check(root string, s scope, patterns ...string) (*report, error) {
	pkgs, err := load(root, patterns)
	if err != nil {
		return nil, err
	}
	r := &report{seen: map[string]bool{}}
	for _, p := range pkgs {
		judged := 0
		for _, f := range p.files {
			name := relative(root, f.name)
			r.seen[name] = true
			a := s.about(name)
			c := &checker{pkg: p, file: f, scope: s, about: a, root: root}
			if a.inside {
				judged++
				c.all()
			} else {
				c.foreignVariables()
			}
			r.findings = append(r.findings, c.findings...)
			for _, e := range f.excuses {
				switch {
				case e.used:
					r.excused = append(r.excused, e)
				case a.inside:
					r.findings = append(r.findings, finding{Position: e.position(), rule: ruleExcuse,
						what: "an excuse for nothing"})
				}
			}
		}
		r.files += judged
		if judged > 0 {
			r.packages++
		}
		r.findings = append(r.findings, ignoredFiles(root, s, p)...)
	}
	slices.SortFunc(r.findings, compareFindings)
	return r, nil
}

// stale says which exemption speaks of a file that is no longer there.
func (r *report) stale(s scope) error {
	for _, e := range s.exempt {
		if !e.folder() && !r.seen[e.path] {
			return fmt.Errorf("scope.go exempts %s, which is not there: take it off the list", e.path)
		}
	}
	return nil
}

func relative(root, name string) string {
	if r, err := filepath.Rel(root, name); err == nil {
		return filepath.ToSlash(r)
	}
	return name
}
