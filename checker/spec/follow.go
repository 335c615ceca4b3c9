package spec

import (
	"fmt"
	"strings"
)

// Follow takes steps of the relation from [Init] on, each named as in a trace, with or without blanks: "Timeout(n1) RequestVote(n1,n2)".
// Of several terms, or messages, it is the highest or last; of several places that AppendEntries sends from, the first from
// which it has not sent. A step that cannot be taken is an error.
func Follow(b *Bounds, actions []Action, steps string) (State, error) {
	s := Init(b)
	for step := range strings.SplitAfterSeq(strings.ReplaceAll(steps, " ", ""), ")") {
		if step == "" {
			continue
		}
		to := takeStep(&s, b, actions, step)
		if to == nil {
			return s, fmt.Errorf("spec: %s is not enabled", step)
		}
		s = *to
	}
	return s, nil
}

// takeStep is where a step leads to, nil if it cannot be taken.
func takeStep(s *State, b *Bounds, actions []Action, step string) *State {
	var to *State
	var next State
	for _, a := range actions {
		if !strings.HasPrefix(step, a.Name+"(") {
			continue
		}
		a.Each(s, &next, b, func(i, j Node) {
			first := to == nil || to.Messages == s.Messages && next.Messages > s.Messages
			if strings.ReplaceAll(named(a.Name, i, j), " ", "") == step && (first || a.Name != "AppendEntries") {
				found := next
				to = &found
			}
		})
	}
	return to
}
