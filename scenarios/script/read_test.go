package script_test

import (
	"bytes"
	"flag"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"raftsim/scenarios/script"
)

var update = flag.Bool("update", false, "write testdata/bad.txt and scenarios/schema.json anew")

// bad is a file of testdata/bad.txt and what Read says of it.
type bad struct{ name, file, want string }

func badFiles(t testing.TB) []bad {
	t.Helper()
	src, err := os.ReadFile("testdata/bad.txt")
	require.NoError(t, err)
	var all []bad
	for _, part := range strings.Split("\n"+string(src), "\n== ")[1:] {
		name, rest, _ := strings.Cut(part, "\n")
		file, want, found := strings.Cut(rest, "-- error\n")
		require.True(t, found, "%s: no error part", name)
		all = append(all, bad{name, file, strings.TrimSpace(want)})
	}
	require.NotEmpty(t, all)
	return all
}

// Every error is told with its place, its line and a mark under its column, exactly so.
func TestReadRefuses(t *testing.T) {
	var out bytes.Buffer
	for _, b := range badFiles(t) {
		_, err := script.Read("bad.yaml", []byte(b.file))
		if *update {
			require.Error(t, err, b.name)
			out.WriteString("== " + b.name + "\n" + b.file + "-- error\n" + err.Error() + "\n\n")
			continue
		}
		t.Run(b.name, func(t *testing.T) {
			require.Error(t, err)
			require.IsType(t, script.Errors{}, err)
			require.Equal(t, b.want, err.Error())
		})
	}
	if *update {
		require.NoError(t, os.WriteFile("testdata/bad.txt", out.Bytes(), 0o644))
	}
}

// What no text file can hold is in here.
func TestReadRefusesBytes(t *testing.T) {
	for _, c := range []struct{ name, file, want string }{
		{"empty", "", "bad.yaml:1:1: the file is empty; a scenario needs at least name and duration"},
		{"blank", " \n\t\r\n", "bad.yaml:1:1: the file is empty; a scenario needs at least name and duration"},
		{"nul", "name: x\nab\x00c\n",
			"bad.yaml:2:3: control character 0x00; a scenario is a text file\n    ab\\x00c\n      ^"},
		{"escape", "name: x # \x1b[2J\n",
			"bad.yaml:1:11: control character 0x1b; a scenario is a text file\n    name: x # \\x1b[2J\n              ^"},
		{"not utf-8", "name: \x1f\x8b\n",
			"bad.yaml:1:7: control character 0x1f; a scenario is a text file\n    name: \\x1f\\x8b\n          ^"},
		{"latin-1", "name: x\nabout: caf\xe9\n",
			"bad.yaml:2:11: byte 0xe9 is not UTF-8; a scenario is a text file\n    about: caf\\xe9\n              ^"},
		{"line separator", "name: x\nabout: a\u2028b\n",
			"bad.yaml:2:9: character U+2028 does not show; take it out\n    about: a\\u2028b\n            ^"},
		{"mark after the start", "name: x\nabout: \ufeff\n",
			"bad.yaml:2:8: character U+FEFF does not show; take it out\n    about: \\ufeff\n           ^"},
		{"10 MB", strings.Repeat("# padding\n", 1<<20),
			"bad.yaml:1:1: the file has 10485760 bytes; a scenario has at most 1048576"},
		{"old line ends", "name: x\rduration: 5\r",
			"bad.yaml:2:11: duration: 5 has no unit; write 5s\n    duration: 5\n              ^"},
		{"windows line ends and a mark", "\ufeffname: x\r\nduration: 5\r\n",
			"bad.yaml:2:11: duration: 5 has no unit; write 5s\n    duration: 5\n              ^"},
	} {
		t.Run(c.name, func(t *testing.T) {
			_, err := script.Read("bad.yaml", []byte(c.file))
			require.Error(t, err)
			require.Equal(t, c.want, err.Error())
		})
	}
}

// A file that is wrong everywhere is answered in bounded words and time.
func TestReadIsBounded(t *testing.T) {
	for name, file := range map[string]string{
		"unknown keys": func() string {
			var b strings.Builder
			for i := range 50_000 {
				b.WriteString("k" + strings.Repeat("x", i%7) + string(rune('a'+i%26)) + ": 1\n")
			}
			return b.String()
		}(),
		"one line":                   "name: x\nduration: 1s\ntimeline: [" + strings.Repeat("a,", 500_000) + "]\n",
		"long words":                 strings.Repeat("x", 1<<19) + ": " + strings.Repeat("y", 1<<19-10),
		"open brackets":              strings.Repeat("[", 1<<20),
		"open braces":                strings.Repeat("{a: ", 1<<18),
		"dashes":                     strings.Repeat("- ", 1<<19),
		"aliases of lists":           "a: &a [x]\nb: &b [" + strings.Repeat("*a,", 1000) + "]\nc: [" + strings.Repeat("*b,", 1000) + "]\n",
		"an alias within its anchor": "name: &a [*a]\n",
		"documents":                  strings.Repeat("---\n", 1<<18),
		"repeats": "name: x\nduration: 24h\ntimeline:\n" +
			strings.Repeat("  - {repeat: 10000, every: 1us, timeline: [{repeat: 10000, every: 1us, timeline: [{at: 1s, crash: n1}]}]}\n", 9000),
		"groups":    "name: x\nduration: 1s\ncluster: {nodes: 99}\ntimeline: [{at: 0s, partition: [" + strings.Repeat("[n1],", 100_000) + "]}]\n",
		"big times": "name: x\nduration: " + strings.Repeat("9", 1<<19) + "." + strings.Repeat("9", 1<<18) + "h\n",
	} {
		t.Run(name, func(t *testing.T) {
			began := time.Now()
			_, err := script.Read("bad.yaml", []byte(file))
			require.Error(t, err)
			require.IsType(t, script.Errors{}, err)
			require.LessOrEqual(t, len(err.(script.Errors)), 101)
			require.Less(t, len(err.Error()), 64<<10)
			t.Logf("%v", time.Since(began))
		})
	}
}

func TestErrorsKnowTheirPlaces(t *testing.T) {
	_, err := script.Read("dir/x.yaml", []byte("duration: 20\nname: X\n"))
	var first *script.Error
	require.ErrorAs(t, err, &first)
	require.Equal(t, script.Error{
		File: "dir/x.yaml", Line: 1, Column: 11, What: "duration: 20 has no unit; write 20s", Text: "duration: 20",
	}, *first)
	require.Len(t, err, 2)
}
