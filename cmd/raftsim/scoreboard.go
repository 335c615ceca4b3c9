package main

import (
	"fmt"
	"io"
	"slices"
	"strings"
	"text/tabwriter"

	"raftsim/scenarios/mutants"
)

// printBoard prints the scoreboard: a table to look at, or one in Markdown. shrunken says that the catches were shrunk.
func printBoard(to io.Writer, scores []mutants.Score, shrunken, markdown bool) {
	head := []string{"mutant", "caught", "by", "meant for", "seeds (median, range)", "without that check"}
	if shrunken {
		head = append(head, "shrunk to", "CPU time")
	}
	rows := [][]string{head}
	if markdown {
		rows = append(rows, slices.Repeat([]string{"---"}, len(head)))
	}
	for k := range scores {
		r := &scores[k]
		row := []string{r.Mutant, fmt.Sprintf("%d of %d", r.Hunts-r.Missed, r.Hunts), firers(r), r.Expected, "-", without(r)}
		if r.Missed < r.Hunts {
			row[4] = fmt.Sprintf("%d, %d..%d", r.SeedsMedian, r.SeedsMin, r.SeedsMax)
		}
		if shrunken {
			row = append(row, shrunk(r)...)
		}
		rows = append(rows, row)
	}
	w := tabwriter.NewWriter(to, 0, 0, 2, ' ', 0)
	defer w.Flush()
	for _, row := range rows {
		if markdown {
			fmt.Fprintf(w, "| %s |\n", strings.Join(row, " | "))
		} else {
			fmt.Fprintln(w, strings.Join(row, "\t"))
		}
	}
}

// without says what was seen without the check that sees the mutant.
func without(r *mutants.Score) string {
	switch w := r.Without; {
	case w == nil:
		return "-"
	case w.Next == "":
		return fmt.Sprintf("missed in %s", count(w.Seeds, "seed"))
	default:
		return fmt.Sprintf("%s, %d", w.Next, w.Seeds)
	}
}

// shrunk says what the first catch was shrunk to, and the CPU time that took.
func shrunk(r *mutants.Score) []string {
	if r.Shrunk == nil {
		return []string{"-", "-"}
	}
	return []string{entriesOf(r.Shrunk.Entries) + ", " + count(uint64(r.Shrunk.Nodes), "node"), fmt.Sprintf("%.1fs", r.Shrunk.CPU)}
}

// firers names the properties that were violated, that of most hunts first.
func firers(r *mutants.Score) string {
	if r.Property == "" {
		return "-"
	}
	names := []string{}
	for name := range r.Properties {
		names = append(names, name)
	}
	slices.SortFunc(names, func(a, b string) int {
		if d := r.Properties[b] - r.Properties[a]; d != 0 {
			return d
		}
		return strings.Compare(a, b)
	})
	for i, name := range names {
		if len(names) > 1 {
			names[i] = fmt.Sprintf("%s %d", name, r.Properties[name])
		}
	}
	return strings.Join(names, ", ")
}
