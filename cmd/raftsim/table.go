package main

import (
	"fmt"
	"text/tabwriter"
	"time"

	"raftsim/scenarios"
)

// table collects a sweep, a row for each file.
type table struct {
	rows  []*row
	index map[string]*row // by path
}

type row struct {
	name     string
	verdicts map[scenarios.Verdict]uint64
	runs     uint64
	events   uint64
	commits  uint64
	virtual  time.Duration
	wall     time.Duration
	// told counts failures that were printed.
	told int
}

// tellMost is how many failures of one file are printed; more of them say little.
const tellMost = 5

func newTable(files []scenarios.File) *table {
	t := &table{index: map[string]*row{}}
	for _, f := range files {
		if t.index[f.Path] != nil {
			continue // the same file twice shares a row
		}
		r := &row{name: f.Scenario.Name, verdicts: map[scenarios.Verdict]uint64{}}
		t.rows = append(t.rows, r)
		t.index[f.Path] = r
	}
	return t
}

func (t *table) add(r *scenarios.Result) {
	w := t.index[r.File]
	w.verdicts[r.Verdict]++
	w.runs++
	w.events += r.Events
	w.commits += r.Commits
	w.virtual += r.Virtual
	w.wall += r.Wall
}

// worthTelling says whether a failure is to be printed, and counts it.
func (t *table) worthTelling(r *scenarios.Result) bool {
	w := t.index[r.File]
	w.told++
	return w.told <= tellMost
}

func (t *table) print(s streams) {
	w := tabwriter.NewWriter(s.out, 0, 0, 2, ' ', tabwriter.AlignRight)
	fmt.Fprintln(w, "scenario\tseeds\tpass\tviolation\tinconclusive\terror\tvirtual time\tevents\tcommits\t")
	for _, r := range t.rows {
		fmt.Fprintf(w, "%s\t%d\t%d\t%d\t%d\t%d\t%v\t%d\t%d\t\n", r.name, r.runs,
			r.verdicts[scenarios.Pass], r.verdicts[scenarios.Violation], r.verdicts[scenarios.Inconclusive], r.verdicts[scenarios.Error],
			r.virtual.Round(time.Second), r.events, r.commits)
	}
	w.Flush()
	for _, r := range t.rows {
		if more := r.told - tellMost; more > 0 {
			s.sayf("%s: %d more runs did not pass\n", r.name, more)
		}
	}
}
