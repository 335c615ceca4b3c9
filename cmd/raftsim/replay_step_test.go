package main

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// stepped plays --step with commands, one a line, and returns the screens that it shows.
func stepped(t *testing.T, commands string, args ...string) ([]string, said) {
	t.Helper()
	got := raftsimReading(t, commands, append([]string{"replay", "--step"}, args...)...)
	require.Zero(t, got.code, got.err)
	var screens []string
	for screen := range strings.SplitSeq(got.out, stepHelp+"\n") {
		screens = append(screens, screen)
	}
	require.Empty(t, screens[len(screens)-1])
	return screens[:len(screens)-1], got
}

// From the first event on, and back: the same event shows the same however one came to it.
func TestSteppingForwardsAndBackwards(t *testing.T) {
	inFolder(t, map[string]string{"calm.yaml": calm})
	screens, got := stepped(t, "n\n\np\nN\nP\ng 42\ng #1\nq\nn\n", "calm.yaml", "--seed", "1")
	require.Empty(t, got.err)
	var at []string
	for _, s := range screens {
		at = append(at, strings.TrimSuffix(s[strings.LastIndex(s, "[")+1:], "] "))
		require.Len(t, matching(strings.Split(s, "\n"), `^[* ] n\d  `), 3, "every node is shown")
	}
	total := strings.Fields(at[0])[2]
	for i, id := range []string{"1", "2", "3", "2", "102", "2", "42", "1"} {
		require.Equal(t, id+" of "+total, at[i])
		require.Regexp(t, `(?m)^#`+id+` \S+ \S`, screens[i])
	}
	require.Equal(t, screens[1], screens[3])
	require.Equal(t, screens[1], screens[5])
	require.Len(t, screens, 8, "q quits")
	require.True(t, strings.HasPrefix(screens[0], "pass\n#1 0s n1 boots\n"), screens[0])
	require.Contains(t, screens[1], "#2 0s n2 boots\n  n1  ")
	require.Contains(t, screens[1], "\n* n2  ", "what the event changed is marked")
}

// A run that fails is entered where it failed.
func TestSteppingBeginsAtTheViolation(t *testing.T) {
	inFolder(t, map[string]string{"impatient.yaml": impatient})
	screens, _ := stepped(t, "", "impatient.yaml", "--seed", "3")
	require.Len(t, screens, 1)
	require.Contains(t, screens[0], "leader-elected: no leader was ever elected")
	require.Regexp(t, `\[(\d+) of `, screens[0])
}

func TestSearchingAStep(t *testing.T) {
	inFolder(t, map[string]string{"calm.yaml": calm})
	screens, got := stepped(t, "/becomes leader\n/\n/ no such thing\ng 99999999\ng x\nfrob\nn\n", "calm.yaml", "--seed", "1")
	require.Regexp(t, `(?m)^    Node n\d becomes leader$`, screens[1])
	require.Contains(t, got.err, `has "becomes leader" in it`)
	require.Contains(t, got.err, `has "no such thing" in it`)
	require.Contains(t, got.err, "events go from 1 to ")
	require.Contains(t, got.err, "g wants the number of an event")
	require.Contains(t, got.err, stepHelp)
	require.Len(t, screens, 3, "the last event is as far as it goes")
}
