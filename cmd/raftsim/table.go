package main

import (
	"fmt"
	"strings"
	"text/tabwriter"
	"time"
	"unicode/utf8"

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
	// told counts failures that were printed or could have been, stacks those of them that had one.
	told, stacks int
	unexercised  unexercised
}

// tellMost is how many failures of one file are printed; more of them say little.
const tellMost = 5

func newTable(files []scenarios.File) *table {
	t := &table{index: map[string]*row{}}
	named := map[string]int{}
	for _, f := range files {
		named[f.Scenario.Name]++
	}
	for _, f := range files {
		name := f.Scenario.Name
		if named[name] > 1 {
			name += " (" + f.Path + ")"
		}
		r := &row{name: name, verdicts: map[scenarios.Verdict]uint64{}}
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
	w.unexercised.add(r)
}

// worthTelling says whether a failure is to be printed, and whether with its stack, and counts it.
func (t *table) worthTelling(r *scenarios.Result) (failure, stack bool) {
	w := t.index[r.File]
	w.told++
	if r.Stack != "" {
		w.stacks++
	}
	return w.told <= tellMost, r.Stack != "" && w.stacks == 1
}

// print prints the table, names to the left and figures to the right.
func (t *table) print(s streams) {
	names := []string{"scenario"}
	for _, r := range t.rows {
		names = append(names, r.name)
	}
	left := toTheLeft(names)
	w := tabwriter.NewWriter(s.out, 0, 0, 2, ' ', tabwriter.AlignRight)
	fmt.Fprintln(w, left("scenario")+"\tseeds\tpass\tviolation\tinconclusive\terror\tvirtual time\tevents\tcommits\t")
	unplayed := 0
	for _, r := range t.rows {
		if r.runs == 0 {
			unplayed++ // the sweep was interrupted
			continue
		}
		fmt.Fprintf(w, "%s\t%d\t%d\t%d\t%d\t%d\t%v\t%d\t%d\t\n", left(r.name), r.runs,
			r.verdicts[scenarios.Pass], r.verdicts[scenarios.Violation], r.verdicts[scenarios.Inconclusive], r.verdicts[scenarios.Error],
			r.virtual.Round(time.Second), r.events, r.commits)
	}
	w.Flush()
	if unplayed > 0 {
		s.sayf("%s of %d came too late to be played\n", count(uint64(unplayed), "scenario"), len(t.rows))
	}
}

// toTheLeft returns how to write the names of a column so that they stand to its left where figures stand to the right.
func toTheLeft(names []string) func(string) string {
	widest := 0
	for _, n := range names {
		widest = max(widest, utf8.RuneCountInString(n))
	}
	return func(n string) string { return n + strings.Repeat(" ", widest-utf8.RuneCountInString(n)) }
}

// printUntold says of how many failures nothing was said, and what passed without having been tried.
func (t *table) printUntold(s streams) {
	for _, r := range t.rows {
		if more := r.told - tellMost; more > 0 {
			s.sayf("%s: %d more runs did not pass\n", r.name, more)
		}
		r.unexercised.print(s, r.name)
	}
}
