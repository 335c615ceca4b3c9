package spec

import (
	"flag"
	"testing"

	"github.com/stretchr/testify/require"
)

// What each of [Searches] comes to: states, steps and depth.
var searched = [][]int{
	{84870, 436419, 17}, {58149, 351438, 22}, {5405, 22882, 21}, {31689, 201004, 25}, {14087, 103120, 19}, {70152, 398461, 17},
	{26453, 232022, 28}, {20433, 125096, 24}, {9160, 69867, 12}, {17481, 148261, 14},
}

// large has TestLargeSearches look farther:
//
//	go test ./checker/spec -run TestLargeSearches -v -large
var large = flag.Bool("large", false, "search the specification in larger bounds, which takes half a minute or so and a gigabyte")

var largeSearched = []int{1_030_212, 1_911_856}

func TestTheSpecificationKeepsItsInvariants(t *testing.T) {
	taken := map[string]int{}
	for k, s := range Searches() {
		found, err := s.Search()
		require.NoError(t, err)
		t.Logf("%s: %d states, %d steps, %d deep", s.Name, found.States, found.Steps, found.Depth)
		require.Nil(t, found.Violation, s.Name)
		require.Equal(t, searched[k], []int{found.States, found.Steps, found.Depth}, s.Name)
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
	for k, s := range LargeSearches() {
		found, err := s.Search()
		require.NoError(t, err)
		t.Logf("%s: %d states, %d steps, %d deep", s.Name, found.States, found.Steps, found.Depth)
		require.Nil(t, found.Violation)
		require.Equal(t, largeSearched[k], found.States)
	}
}
