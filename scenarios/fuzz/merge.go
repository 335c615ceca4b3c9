package fuzz

import (
	"cmp"
	"fmt"
	"os"
	"slices"
	"strings"
)

// Report is what one or several hunts came to.
type Report struct {
	Totals
	// Files counts the files, Sources the programs that wrote them, sorted.
	Files   int
	Sources []string
	// Groups are the failures of one kind each: those that end after the fewest events first.
	Groups []Group
	// Missing names the parts that there is no file of, hunt by hunt.
	Missing []string
}

// Group are the failures of one verdict, property and roles, that with the fewest events first.
type Group struct {
	Verdict, Property string
	Roles             []string
	// Count is how many there are; Failures are the first of them.
	Count    uint64
	Failures []Failure
}

// mostOfAKind is how many failures of a group are kept.
const mostOfAKind = 5

// Merge folds files of results into one report. It refuses what is no such file, a file of another format, and two
// files that have a run in common.
func Merge(paths []string) (*Report, error) {
	r := &Report{}
	work := map[Header]string{}
	var parts []part
	for _, path := range paths {
		f, err := os.Open(path)
		if err != nil {
			return nil, err
		}
		one, err := read(path, f, r.Add)
		f.Close()
		if err != nil {
			return nil, err
		}
		h := &one.header
		if other, twice := work[*h]; twice {
			return nil, fmt.Errorf("%s and %s are of the same work (%s, shard %s): its runs would count twice", other, path, h.Strategy, h.Shard)
		}
		work[*h] = path
		p, err := newPart(path, one)
		if err != nil {
			return nil, err
		}
		for _, o := range parts {
			if seed, both := p.shared(&o); both {
				return nil, fmt.Errorf("%s and %s have both played seed %d: its run would count twice", o.path, path, seed)
			}
		}
		parts = append(parts, p)
		r.Files++
		if !slices.Contains(r.Sources, h.Source) {
			r.Sources = append(r.Sources, h.Source)
		}
		r.sum(&one.totals)
	}
	slices.Sort(r.Sources)
	r.Missing = missing(parts)
	return r, nil
}

func (r *Report) sum(t *Totals) {
	r.Runs += t.Runs
	r.Violations += t.Violations
	r.Inconclusive += t.Inconclusive
	r.Errors += t.Errors
	r.Events += t.Events
	r.VirtualS += t.VirtualS
	r.RunS += t.RunS
}

// Add puts a failure into its group.
func (r *Report) Add(f *Failure) {
	roles := slices.Clone(f.Roles)
	slices.Sort(roles)
	i := slices.IndexFunc(r.Groups, func(g Group) bool {
		return g.Verdict == f.Verdict && g.Property == f.Property && slices.Equal(g.Roles, roles)
	})
	if i < 0 {
		i = len(r.Groups)
		r.Groups = append(r.Groups, Group{Verdict: f.Verdict, Property: f.Property, Roles: roles})
	}
	g := &r.Groups[i]
	g.Count++
	g.Failures = append(g.Failures, *f)
	slices.SortStableFunc(g.Failures, func(a, b Failure) int {
		return cmp.Or(cmp.Compare(a.Events, b.Events), cmp.Compare(a.Seed, b.Seed))
	})
	g.Failures = g.Failures[:min(len(g.Failures), mostOfAKind)]
	slices.SortStableFunc(r.Groups, func(a, b Group) int {
		return cmp.Or(cmp.Compare(rank(a.Verdict), rank(b.Verdict)), cmp.Compare(a.Failures[0].Events, b.Failures[0].Events),
			cmp.Compare(a.Property, b.Property), slices.Compare(a.Roles, b.Roles))
	})
}

// rank puts what was broken before what was not settled.
func rank(verdict string) int { return strings.Index("violation error inconclusive", verdict) }

// Title names the group: "election-safety of leader and leader".
func (g *Group) Title() string {
	title := cmp.Or(g.Property, g.Verdict)
	if g.Verdict != "violation" && g.Property != "" {
		title += ", " + g.Verdict
	}
	if len(g.Roles) > 0 {
		title += " of " + strings.Join(g.Roles, " and ")
	}
	return title
}
