package spec

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// instead returns the actions with one that does something else.
func instead(name string, each func(s, next *State, b *Bounds, yield Yield)) []Action {
	all := Actions()
	for k := range all {
		if all[k].Name == name {
			all[k].Each = each
			return all
		}
	}
	panic("there is no action " + name)
}

// script is [Follow], which has to get to the end.
func script(t *testing.T, b *Bounds, actions []Action, steps string) State {
	t.Helper()
	s, err := Follow(b, actions, steps)
	require.NoError(t, err)
	return s
}

// fields are the steps of a script, which end in a bracket.
func fields(steps string) []string {
	return strings.Fields(strings.ReplaceAll(steps, ")", ") "))
}

func take(t *testing.T, s State, b *Bounds, actions []Action, name string) State {
	t.Helper()
	to := takeStep(&s, b, actions, name)
	require.NotNil(t, to, "%s is not enabled", name)
	return *to
}

// enabled says whether a step can be taken.
func enabled(s State, b *Bounds, name string) bool {
	found := false
	var next State
	for _, a := range Actions() {
		a.Each(&s, &next, b, func(i, j Node) {
			found = found || strings.ReplaceAll(named(a.Name, i, j), " ", "") == name
		})
	}
	return found
}

// elect is how i comes to lead by the vote of j, who is in the term before.
func elect(i, j string) string {
	return replace(i, j, ` Timeout(i) RequestVote(i,j) UpdateTerm(j) HandleRequestVoteRequest(j,i) HandleRequestVoteResponse(i,j) BecomeLeader(i) `)
}

// replicate is how leader i has j take its first entry, or the next, and learns of it.
func replicate(i, j string) string {
	return replace(i, j, ` AppendEntries(i,j) HandleAppendEntriesRequest(j,i) HandleAppendEntriesResponse(i,j) `)
}

func replace(i, j, steps string) string {
	return strings.NewReplacer("(i", "("+i, "(j", "("+j, ",i)", ","+i+")", ",j)", ","+j+")").Replace(steps)
}

// What scripts begin with: n1 leads term 1 and has committed an entry with n2. See also oneRead.
var committed = elect("n1", "n2") + "ClientRequest(n1)" + replicate("n1", "n2") + "AdvanceCommitIndex(n1) "
