package script

import "strings"

// instead says what may have been meant by a word that is not known: the nearest known one, or
// all of them.
func instead(word string, known []string) string {
	if near := Nearest(word, known); near != "" {
		return "did you mean " + quote(near) + "?"
	}
	return "known are " + strings.Join(known, ", ")
}

// Lines puts words into lines of at most 100 columns, indented by two, each ending in a comma and a line break.
func Lines(words []string) string {
	const width = 100
	var b strings.Builder
	column := 0
	for _, word := range words {
		switch {
		case column == 0:
			b.WriteString("  ")
			column = 2
		case column+1+len(word)+1 > width:
			b.WriteString("\n  ")
			column = 2
		default:
			b.WriteString(" ")
			column++
		}
		b.WriteString(word + ",")
		column += len(word) + 1
	}
	return b.String() + "\n"
}

// Nearest returns the known word that takes the fewest changes to get to, or "" when each
// takes more than a slip of the hand makes.
func Nearest(word string, known []string) string {
	const longest = 40
	if len(word) > longest {
		return ""
	}
	word = strings.ToLower(word)
	best, fewest := "", max(1, len(word)/3)+1
	for _, k := range known {
		// The start of a known word, or one with more behind it.
		if short := min(len(k), len(word)); short >= 3 && k[:short] == word[:short] {
			return k
		}
		if d := distance(word, k); d < fewest {
			best, fewest = k, d
		}
	}
	return best
}

// distance counts the bytes to insert, delete or replace, and the neighbours to swap, that make
// b of a (optimal string alignment).
func distance(a, b string) int {
	before, last, row := make([]int, len(b)+1), make([]int, len(b)+1), make([]int, len(b)+1)
	for j := range last {
		last[j] = j
	}
	for i := 1; i <= len(a); i++ {
		row[0] = i
		for j := 1; j <= len(b); j++ {
			change := last[j-1]
			if a[i-1] != b[j-1] {
				change++
			}
			row[j] = min(change, last[j]+1, row[j-1]+1)
			if i > 1 && j > 1 && a[i-1] == b[j-2] && a[i-2] == b[j-1] {
				row[j] = min(row[j], before[j-2]+1)
			}
		}
		before, last, row = last, row, before
	}
	return last[len(b)]
}
