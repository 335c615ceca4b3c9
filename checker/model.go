package checker

import (
	"fmt"
	"html"

	"github.com/anishathalye/porcupine"

	"raftsim/raft/kv"
)

// The sequential specification of one key: its value is a string, "" when the key is not there.

// apply says what the operation leaves where the value is before, and whether it could have seen
// what it saw there. An operation without a known outcome may have seen anything.
func (o *Operation) apply(before string) (after string, ok bool) {
	switch o.Op {
	case kv.Get:
		return before, o.Unknown || o.Result.Value == before
	case kv.Put:
		return o.Value, true
	case kv.Append:
		return before + o.Value, true
	case kv.CAS:
		holds := before == o.Expect
		if !o.Unknown && (o.Result.Value != before || o.Result.Swapped != holds) {
			return before, false
		}
		if holds {
			return o.Value, true
		}
		return before, true
	case kv.Delete:
		return "", true
	}
	return before, o.Unknown
}

// search is one call of porcupine: a run of operations on one key.
type search struct {
	// start is the value before the first operation.
	start string
	// budget is how many steps are left; the one that would be beyond it sets spent.
	budget int
	spent  bool
	steps  int
}

// input is an operation as porcupine carries it.
type input struct {
	op *Operation
	// writes is what put, delete and a cas that swaps leave, made into an interface once and
	// not in every step.
	writes any
	// text describes the operation where it is not shown as it was recorded, else it is "".
	text string
}

func (in *input) describe() string {
	if in.text != "" {
		return in.text
	}
	return describe(in.op)
}

// model counts its steps. Past the budget no step is possible, which ends the search
// at once: spent then says that a failure means nothing.
func (s *search) model() porcupine.Model {
	return porcupine.Model{
		Init: func() any { return s.start },
		Step: func(state, in, _ any) (bool, any) {
			if s.steps >= s.budget {
				s.spent = true
				return false, state
			}
			s.steps++
			return modelStep(state, in.(*input))
		},
		Equal:             func(a, b any) bool { return a.(string) == b.(string) },
		Hash:              func(state any) uint64 { return fnv1a(state.(string)) },
		DescribeOperation: func(in, _ any) string { return in.(*input).describe() },
		// The page puts this into its markup as it is.
		DescribeState: func(state any) string { return html.EscapeString(quote(state.(string))) },
	}
}

func modelStep(state any, in *input) (bool, any) {
	before := state.(string)
	after, ok := in.op.apply(before)
	switch {
	case !ok || in.op.Op == kv.Get || after == before:
		return ok, state
	case in.op.Op == kv.Append:
		return true, after
	}
	return true, in.writes
}

// fnv1a is the hash of that name, over at most the last 32 bytes: values of long appends differ there.
func fnv1a(s string) uint64 {
	h := uint64(0xcbf29ce484222325) ^ uint64(len(s))
	for i := max(0, len(s)-32); i < len(s); i++ {
		h = (h ^ uint64(s[i])) * 0x100000001b3
	}
	return h
}

// describe puts an operation and what it saw in a few words.
func describe(o *Operation) string {
	seen := func(s string) string {
		if o.Unknown {
			return "?"
		}
		return s
	}
	switch o.Op {
	case kv.Get:
		return "get → " + seen(quote(o.Result.Value))
	case kv.Put, kv.Append:
		text := o.Op.String() + " " + quote(o.Value)
		if o.Unknown {
			text += " → ?"
		}
		return text
	case kv.CAS:
		outcome := "kept "
		if o.Result.Swapped {
			outcome = "swapped "
		}
		return fmt.Sprintf("cas %s to %s → %s", quote(o.Expect), quote(o.Value), seen(outcome+quote(o.Result.Value)))
	}
	if o.Unknown {
		return o.Op.String() + " → ?"
	}
	return o.Op.String()
}

// quote shows a value, cut where it would fill the page.
func quote(s string) string {
	const most = 40
	if len(s) > most {
		return fmt.Sprintf("%q… (%d bytes)", s[:most], len(s))
	}
	return fmt.Sprintf("%q", s)
}
