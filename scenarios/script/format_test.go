package script_test

import (
	"os"
	"path/filepath"
	"slices"
	"testing"

	"github.com/stretchr/testify/require"

	"raftsim/scenarios/script"
)

// bare takes away what a text that was written anew cannot have: where things stood, and which round they were.
func bare(s *script.Scenario) *script.Scenario {
	c := *s
	c.Timeline, c.Expect = slices.Clone(s.Timeline), slices.Clone(s.Expect)
	for i := range c.Timeline {
		c.Timeline[i].Position, c.Timeline[i].Round = script.Position{}, 0
	}
	for i := range c.Expect {
		c.Expect[i].Position = script.Position{}
	}
	return &c
}

func TestAScenarioThatIsWrittenIsReadBack(t *testing.T) {
	var files []string
	for _, pattern := range []string{"../*.yaml", "../*/*.yaml", "testdata/good/*.yaml"} {
		found, err := filepath.Glob(pattern)
		require.NoError(t, err)
		files = append(files, found...)
	}
	require.Greater(t, len(files), 40)
	for _, f := range files {
		t.Run(f, func(t *testing.T) {
			src, err := os.ReadFile(f)
			require.NoError(t, err)
			want, err := script.Read(f, src)
			require.NoError(t, err)
			text := script.Format(want)
			got, err := script.Read("formatted", text)
			require.NoError(t, err, string(text))
			require.Equal(t, bare(want), bare(got), string(text))
			require.Equal(t, string(text), string(script.Format(got)), "written the same again")
		})
	}
}

func TestTheDocumentedLanguageIsWrittenAndReadBack(t *testing.T) {
	want := documented(t)
	text := script.Format(want)
	got, err := script.Read("formatted", text)
	require.NoError(t, err, string(text))
	require.Equal(t, bare(want), bare(got), string(text))
}

// What YAML would read as something else is written in quotes.
func TestNamesThatAreNoPlainWordsAreWrittenAndReadBack(t *testing.T) {
	for _, head := range []string{
		`name: "null"`, `name: "true"`, "name: a\nmutant: \"null\"", "name: a\nmutant: ../no-fault/slow-vote.mutant",
		"name: a\nmutant: \"my faults: all/slow-vote.mutant\"", "name: a\nmutant: \"#1/slow-vote.mutant\"", "name: a\nmutant: \"- [a] #b\\n*/slow-vote.mutant\"",
	} {
		want, err := script.Read("given", []byte(head+"\nduration: 1s\n"))
		require.NoError(t, err)
		text := script.Format(want)
		got, err := script.Read("formatted", text)
		require.NoError(t, err, string(text))
		require.Equal(t, bare(want), bare(got), string(text))
	}
}

func TestAnEntryIsToldInOneLine(t *testing.T) {
	var lines []string
	for _, e := range documented(t).Timeline[:10] {
		lines = append(lines, script.FormatEntry(&e))
	}
	require.Equal(t, []string{
		"during 2s..4s: crash leader",
		"during 5s..7s: partition [[leader, follower], rest]",
		"during 8s..9s: cut {from: leader, to: followers}",
		"during 9s..10s: network {latency: 50ms..100ms, loss: 20%} on follower",
		"during 10s..12s: timeouts {election: 5ms..20ms, heartbeat: 2ms} on all",
		"during 11s..12s: hold {from: leader, to: n2}",
		"during 11s..12s: timers {late: 0s..20ms} on all",
		"during 12s..13s: pause random(2)",
		"at 13s: partition [majority, minority]",
		"at 14s: heal all",
	}, lines)
}
