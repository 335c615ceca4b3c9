package spec

import (
	"flag"
	"testing"

	"github.com/stretchr/testify/require"
)

// The searches that every run of the tests makes, each of which visits all there is. Together they take every action.
var searches = []struct {
	name   string
	bounds Bounds
	states int
	steps  int
	depth  int
	// from is the script that leads to where the search begins.
	from string
}{
	{"elections and logs", Bounds{Servers: 3, Terms: 2, Entries: 1, Messages: 5, Prompt: true}, 84870, 436419, 17, ""},
	{"restarts", Bounds{Servers: 3, Terms: 1, Entries: 1, Messages: 5, Restarts: 1}, 58149, 351438, 22, ""},
	{"giving up", Bounds{Servers: 2, Terms: 2, Entries: 1, Messages: 7, Prompt: true, StepDowns: true}, 5405, 22882, 21, ""},
	{"snapshots", Bounds{Servers: 2, Terms: 2, Entries: 2, Messages: 8, Prompt: true, Snapshots: true}, 31689, 201004, 25, ""},
	{"one voter more", Bounds{Servers: 3, Voters: SetOf(1, 2), Terms: 1, Entries: 2, Messages: 7, Prompt: true,
		Configurations: []Set{SetOf(1, 2, 3)}}, 14087, 103120, 19, ""},
	{"joint consensus", Bounds{Servers: 2, Voters: SetOf(1), Terms: 2, Entries: 3, Messages: 5, Prompt: true,
		Configurations: []Set{SetOf(2)}}, 70152, 398461, 17, ""},
	{"two reads", Bounds{Servers: 2, Terms: 1, Entries: 1, Messages: 8, Prompt: true, Reads: 2}, 26453, 232022, 28, ""},
	{"a read over two terms", Bounds{Servers: 2, Terms: 2, Entries: 1, Messages: 7, Prompt: true, Reads: 1}, 20433, 125096, 24, ""},
	{"a read where another is elected", Bounds{Servers: 3, Terms: 2, Entries: 1, Messages: 7, Prompt: true, Reads: 1}, 9160, 69867, 12, oneRead},
	{"a read by lease", Bounds{Servers: 3, Terms: 2, Entries: 1, Messages: 7, Prompt: true, Reads: 1, Leases: true}, 17481, 148261, 14, oneRead},
}

// large has TestLargeSearches look farther:
//
//	go test ./checker/spec -run TestLargeSearches -v -large
var large = flag.Bool("large", false, "search the specification in larger bounds, which takes half a minute or so and a gigabyte")

var largeSearches = []struct {
	bounds Bounds
	states int
}{
	{Bounds{Servers: 3, Terms: 2, Entries: 1, Messages: 4, Restarts: 1}, 1_030_212},
	{Bounds{Servers: 3, Terms: 2, Entries: 1, Messages: 8, Prompt: true}, 1_911_856},
}

func TestTheSpecificationKeepsItsInvariants(t *testing.T) {
	taken := map[string]int{}
	for _, s := range searches {
		found := Search(script(t, &s.bounds, Actions(), s.from), &s.bounds, Actions())
		t.Logf("%s: %d states, %d steps, %d deep", s.name, found.States, found.Steps, found.Depth)
		require.Nil(t, found.Violation, s.name)
		require.Equal(t, []int{s.states, s.steps, s.depth}, []int{found.States, found.Steps, found.Depth}, s.name)
		for k, a := range Actions() {
			taken[a.Name] += found.Taken[k]
		}
	}
	for _, a := range Actions() {
		require.NotZero(t, taken[a.Name], "no search takes %s", a.Name)
	}
}

func TestLargeSearches(t *testing.T) {
	if !*large {
		t.Skip("asked for by -large")
	}
	for _, s := range largeSearches {
		found := Search(Init(&s.bounds), &s.bounds, Actions())
		t.Logf("%+v: %d states, %d steps, %d deep", s.bounds, found.States, found.Steps, found.Depth)
		require.Nil(t, found.Violation)
		require.Equal(t, s.states, found.States)
	}
}
