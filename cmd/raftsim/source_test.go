package main

import (
	"os"
	"runtime/debug"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

func TestWhichVersionsTellOneSourceFromAnother(t *testing.T) {
	type set = debug.BuildSetting
	revision := set{Key: "vcs.revision", Value: "97ec5939cbd1"}
	for _, c := range []struct {
		version  string
		settings []set
		want     bool
	}{
		{"v0.1.0", nil, true},
		{"(devel)", []set{revision, {Key: "vcs.modified", Value: "false"}}, true},
		{"(devel)", nil, false},
		{"", nil, false},
		{"(devel)", []set{revision, {Key: "vcs.modified", Value: "true"}}, false},
		{"v0.1.1-0.20261128-97ec5939cbd1+dirty", nil, false},
	} {
		info := &debug.BuildInfo{Settings: c.settings}
		info.Main.Version = c.version
		require.Equal(t, c.want, tells(info), "%q %v", c.version, c.settings)
	}
}

// A test is built without a revision, like what is built in a worktree: two such programs have two names, one has one.
func TestFuzzRefusesToGoOnWithAnotherProgramsResults(t *testing.T) {
	_, sum, ok := strings.Cut(source(), " ")
	require.True(t, ok, source())
	require.Equal(t, executableSum(), sum)
	require.Len(t, sum, 12)

	inFolder(t, nil)
	require.Zero(t, raftsim(t, "fuzz", "--count", "1", "--out", "r.jsonl").code)
	require.Zero(t, raftsim(t, "fuzz", "--count", "2", "--resume", "r.jsonl").code)
	text, err := os.ReadFile("r.jsonl")
	require.NoError(t, err)
	require.Contains(t, string(text), sum)
	other := strings.Replace(string(text), sum, "0123456789ab", 1)
	require.NoError(t, os.WriteFile("r.jsonl", []byte(other), 0o666))
	got := raftsim(t, "fuzz", "--count", "3", "--resume", "r.jsonl")
	require.Equal(t, exitUsage, got.code)
	require.Contains(t, got.err, "was begun with the source")
}
