package script

import (
	"fmt"
	"math"
	"strconv"
	"strings"
)

// metricNames are by Metric, from Commits.
var metricNames = []string{"commits", "elections", "terms", "rpcs", "bytes", "log_entries"}

// compareOps are by CompareOp, from Less; where one begins like another, the longer is found first.
var compareOps = []string{"<", "<=", "==", "!=", ">=", ">"}

// String is the metric's key in a file.
func (m Metric) String() string {
	if m < Commits || m > LogEntries {
		return "metric(" + strconv.Itoa(int(m)) + ")"
	}
	return metricNames[m-Commits]
}

// String is the operator as files write it.
func (op CompareOp) String() string {
	if op < Less || op > Greater {
		return "op(" + strconv.Itoa(int(op)) + ")"
	}
	return compareOps[op-Less]
}

// String writes the comparison for people: "commits >= 1".
func (c Comparison) String() string { return fmt.Sprintf("%v %v %d", c.Metric, c.Op, c.Value) }

// String writes the comparisons for people: "commits >= 1 and terms < 10".
func (c Comparisons) String() string {
	parts := make([]string, len(c))
	for i, one := range c {
		parts[i] = one.String()
	}
	return strings.Join(parts, " and ")
}

// Holds says whether the comparison holds for what was counted.
func (c Comparison) Holds(count uint64) bool {
	switch c.Op {
	case Less:
		return count < c.Value
	case LessEqual:
		return count <= c.Value
	case Equal:
		return count == c.Value
	case NotEqual:
		return count != c.Value
	case GreaterEqual:
		return count >= c.Value
	case Greater:
		return count > c.Value
	}
	return false
}

// milestone reads what `when` waits for.
func (r *reader) milestone(n *node) (Comparisons, bool) {
	f, ok := r.mapping(n, "when", metricNames)
	if !ok {
		return nil, false
	}
	if len(n.pairs) == 0 {
		r.on(n, "nothing to wait for; write {commits: 2000}")
		return nil, false
	}
	var all Comparisons
	for _, p := range f.pairs {
		c, sound := r.milestoneOf(p)
		ok = ok && sound
		all = append(all, c)
	}
	return all, ok && len(all) > 0
}

func (r *reader) milestoneOf(p pair) (Comparison, bool) {
	c := Comparison{Metric: metricOf(p.key), Op: GreaterEqual}
	s, ok := r.scalar(p.value, "a number, or a comparison like \">= 2000\"")
	if !ok {
		return c, false
	}
	if p.value.is == number && !p.value.quoted && decimal(s) {
		v, err := strconv.ParseUint(s, 10, 64)
		if err != nil {
			r.on(p.value, "%s is over %d", s, uint64(math.MaxUint64))
			return c, false
		}
		c.Value = v
	} else if c, ok = r.comparison(p); !ok {
		return c, false
	}
	// Counts grow, and may grow by more than one at a time.
	if c.Op != GreaterEqual && c.Op != Greater {
		r.on(p.value, "%s: counts only grow, so a milestone is reached with >= or >", quote(s))
		return c, false
	}
	if c.Holds(0) {
		r.on(p.value, "%s is reached before anything happens; use at", quote(s))
		return c, false
	}
	return c, true
}

// comparison reads ">= 1".
func (r *reader) comparison(p pair) (Comparison, bool) {
	c := Comparison{Metric: metricOf(p.key)}
	s, ok := r.scalar(p.value, `a comparison like ">= 1"`)
	if !ok {
		return c, false
	}
	digits := strings.TrimLeft(s, "<>=!")
	for i, op := range compareOps {
		if s[:len(s)-len(digits)] == op {
			c.Op = Less + CompareOp(i)
		}
	}
	digits = strings.Trim(digits, " ")
	v, err := strconv.ParseUint(digits, 10, 64)
	switch {
	case c.Op == 0 && decimal(s):
		r.on(p.value, `%s alone does not compare; write ">= %s" or "== %s"`, s, s, s)
	case c.Op == 0 || !decimal(digits):
		r.on(p.value, `%s is not a comparison like ">= 1"; operators are < <= == != >= >`, quote(s))
	case err != nil:
		r.on(p.value, "%s is over %d", quote(s), uint64(math.MaxUint64))
	case c.Op == GreaterEqual && v == 0:
		r.on(p.value, "%s always holds, so it expects nothing", quote(s))
	case c.Op == Less && v == 0, c.Op == Greater && v == math.MaxUint64:
		r.on(p.value, "%s never holds", quote(s))
	case c.Op == LessEqual && v == math.MaxUint64:
		r.on(p.value, "%s always holds, so it expects nothing", quote(s))
	default:
		c.Value = v
		return c, true
	}
	return c, false
}

func metricOf(name string) Metric {
	for i, m := range metricNames {
		if m == name {
			return Commits + Metric(i)
		}
	}
	return 0
}
