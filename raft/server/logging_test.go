package server

import (
	"bytes"
	"encoding/json"
	"log/slog"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"raftsim/raft"
)

// text is what a text log at that level shows of lines, without the time.
func text(level slog.Level, terms []raft.Term, said ...string) []string {
	var out bytes.Buffer
	l := newLines(slog.New(NewTextHandler(&out, level)), 1)
	for k, line := range said {
		l.write(line, &raft.Status{Term: terms[k]})
	}
	var lines []string
	for line := range strings.Lines(out.String()) {
		_, rest, _ := strings.Cut(strings.TrimSuffix(line, "\n"), "  ")
		lines = append(lines, rest)
	}
	return lines
}

// The lines of the Raft are the simulator's, to the letter. What never ends is shown once in a term, unless all is asked for.
func TestLinesOfTheLog(t *testing.T) {
	said := []string{
		"Node n1 timed out, starting election",
		"Node n1 sends RPC RequestVote to Node n2",
		"Node n1 becomes leader",
		"Node n1 sends RPC AppendEntries to Node n2",
		"Node n1 sends RPC AppendEntries to Node n3",
		"Node n1 sends RPC AppendEntries to Node n2",
		"Node n1 sends RPC RequestVote to Node n2",
		"Node n1 sends RPC AppendEntries to Node n2",
	}
	terms := []raft.Term{1, 1, 1, 1, 1, 1, 2, 2}
	require.Equal(t, said, text(slog.LevelDebug, terms, said...))
	require.Equal(t, append(append([]string{}, said[:5]...), said[6:]...), text(slog.LevelInfo, terms, said...))
	require.Empty(t, text(slog.LevelWarn, terms, said...))
}

func TestLogOfAServer(t *testing.T) {
	var out bytes.Buffer
	log := slog.New(NewTextHandler(&out, slog.LevelInfo)).With("color", "blue").WithGroup("g")
	log.Error("it broke", "why", "a b", "node", "n1", "empty", "")
	require.Regexp(t, `^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{6}Z  error: it broke color=blue why="a b" empty=""\n$`, out.String())

	out.Reset()
	l := newLines(slog.New(slog.NewJSONHandler(&out, nil)), 3)
	l.write("Node n3 becomes leader", &raft.Status{Term: 7, Role: raft.Leader, LastIndex: 9})
	var fields map[string]any
	require.NoError(t, json.Unmarshal(out.Bytes(), &fields))
	delete(fields, "time")
	require.Equal(t, map[string]any{"level": "INFO", "msg": "Node n3 becomes leader", "node": "n3", "term": 7.0, "role": "leader", "index": 9.0}, fields)
}

// What two say in turn, again and again, is said once of each.
func TestTheSameThingIsSaidSeldom(t *testing.T) {
	var s seldom
	said := 0
	for k := range 100 {
		if _, ok := s.say("Node n%d is refused", k%2+1); ok {
			said++
		}
	}
	require.Equal(t, 2, said)
	for k := range 10 * seldomTexts {
		s.say("Node n%d is refused", k)
	}
	require.LessOrEqual(t, len(s.said), seldomTexts)
}
