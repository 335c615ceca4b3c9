package main

import (
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

func TestCheck(t *testing.T) {
	got := raftsim(t, "check", "testdata/linearizable.jsonl")
	require.Equal(t, said{0, "testdata/linearizable.jsonl  pass\n  7 operations, 1 with unknown outcome; tier zones, 0 steps\n", ""}, got)

	got = raftsim(t, "check", "testdata/stale-read.jsonl")
	require.Equal(t, 1, got.code)
	require.Equal(t, `testdata/stale-read.jsonl  violation
linearizability: key "x": no order explains what clients saw in 1 operation from 5µs to 6µs
  3 operations, 0 with unknown outcome; tier zones, 1 step
`, got.out)
	require.Equal(t, "  --picture FILE draws it\n", got.err)
}

func TestCheckStandardInput(t *testing.T) {
	text, err := os.ReadFile("testdata/stale-read.jsonl")
	require.NoError(t, err)
	got := raftsimReading(t, string(text), "check", "-")
	require.Equal(t, 1, got.code)
	require.Contains(t, got.out, "-  violation\n")
}

// --json prints one object, with these fields always.
func TestCheckJSON(t *testing.T) {
	for _, c := range []struct {
		file string
		code int
		want checked
	}{
		{"linearizable", 0, checked{Verdict: "pass", Ops: 7, OpsUnknown: 1, Tier: "zones"}},
		{"stale-read", 1, checked{Verdict: "violation", Property: "linearizability",
			Detail: `key "x": no order explains what clients saw in 1 operation from 5µs to 6µs`,
			Key:    "x", Operations: 1, From: 5000, To: 6000, Ops: 3, Tier: "zones"}},
	} {
		path := "testdata/" + c.file + ".jsonl"
		got := raftsim(t, "check", path, "--json")
		require.Equal(t, c.code, got.code)
		require.Equal(t, 1, strings.Count(got.out, "\n"))
		var fields map[string]any
		require.NoError(t, json.Unmarshal([]byte(got.out), &fields))
		require.Len(t, fields, 12)
		var is checked
		require.NoError(t, json.Unmarshal([]byte(got.out), &is))
		c.want.History = path
		is.Steps = 0
		require.Equal(t, c.want, is)
	}
}

func TestCheckPicture(t *testing.T) {
	picture := filepath.Join(t.TempDir(), "p.html")
	got := raftsim(t, "check", "testdata/linearizable.jsonl", "--picture", picture)
	require.Zero(t, got.code)
	require.Contains(t, got.err, "no picture was written")
	require.NoFileExists(t, picture)

	got = raftsim(t, "check", "testdata/stale-read.jsonl", "--picture", picture)
	require.Equal(t, 1, got.code)
	require.Empty(t, got.err)
	text, err := os.ReadFile(picture)
	require.NoError(t, err)
	require.Contains(t, string(text), "<html")

	got = raftsim(t, "check", "testdata/stale-read.jsonl", "--picture", t.TempDir()+"/no/p.html")
	require.Equal(t, 2, got.code)
	require.Contains(t, got.err, "no such file or directory")
}

// A search that spends its budget is inconclusive, and says how to give it more.
func TestCheckBudget(t *testing.T) {
	// Five appends at once, and then a read that fits only one order of them: too much for two steps.
	var h strings.Builder
	for i := range 5 {
		fmt.Fprintf(&h, `{"client":%d,"key":"x","operation":"append","argument":"%d","result":"","call":1000,"return":9000}`+"\n", i, i)
	}
	h.WriteString(`{"client":11,"key":"x","operation":"get","argument":"","result":"43210","call":10000,"return":11000}` + "\n")
	got := raftsimReading(t, h.String(), "check", "-", "--budget", "2")
	require.Equal(t, 3, got.code, got.out)
	require.Contains(t, got.out, "-  inconclusive\nlinearizability: key \"x\": the search spent its budget of steps")
	require.Contains(t, got.err, "--budget N searches longer\n")
	require.Zero(t, raftsimReading(t, h.String(), "check", "-").code)
}

// A history that porcupine alone does not come to an end with is decided by zones, and its picture shows what matters.
func TestCheckACrowd(t *testing.T) {
	var h strings.Builder
	for i := range 3000 {
		// Thirty puts at a time, no two of which are in order, and after them a read of one.
		at := 1000 * (i/30 + 1)
		fmt.Fprintf(&h, `{"client":%d,"key":"x","operation":"put","argument":"v%d","result":"","call":%d,"return":%d}`+"\n", i%30, i, at, at+1000)
	}
	for i, v := range []int{2990, 2970} {
		fmt.Fprintf(&h, `{"client":%d,"key":"x","operation":"get","argument":"","result":"v%d","call":%d,"return":%d}`+"\n", i, v, 200_000+i*100, 200_050+i*100)
	}
	picture := filepath.Join(t.TempDir(), "p.html")
	got := raftsimReading(t, h.String(), "check", "-", "--budget", "1", "--picture", picture)
	require.Equal(t, 1, got.code, got.err)
	require.Contains(t, got.out, "-  violation\nlinearizability: key \"x\": no order explains what clients saw in 4 operations from 100µs to 200.15µs\n")
	require.Contains(t, got.out, "tier zones")
	text, err := os.ReadFile(picture)
	require.NoError(t, err)
	require.Contains(t, string(text), "get → \\\"v2970\\\"")
	require.NotContains(t, string(text), "v1000")
}

// What is no history is told line by line with exit code 2; one without an operation proves nothing.
func TestCheckBadHistories(t *testing.T) {
	got := raftsim(t, "check", "testdata/malformed.jsonl")
	require.Equal(t, said{2, "", `testdata/malformed.jsonl: line 2: operation "increment" is unknown, want get, put, append, cas or delete
testdata/malformed.jsonl: line 4: return 6000 is before call 7000
testdata/malformed.jsonl: line 5: not JSON: the object has no end
`}, got)

	got = raftsimReading(t, `{"client":1,"key":"x","operation":"put","argument":"a","result":"","call":1000,"return":3000}
{"client":1,"key":"y","operation":"get","argument":"","result":"","call":2000,"return":4000}
`, "check", "-")
	require.Equal(t, said{2, "", "-: line 2: client 1 calls at 2000, while its operation of line 1 was under way from 1000 to 3000\n"}, got)

	inFolder(t, map[string]string{"empty.jsonl": "\n", "binary.jsonl": "\x00\xff\n", "folder/x": "", "calm.yaml": calm})
	for path, says := range map[string]string{
		"nope.jsonl":   "raftsim: open nope.jsonl: no such file or directory\n",
		"folder":       "raftsim: folder is a folder; a history is a file\n",
		"binary.jsonl": "binary.jsonl: line 1: not UTF-8\n",
		"calm.yaml":    "calm.yaml: line 2: not JSON",
	} {
		for _, flag := range []string{"--json", "--json=false"} {
			got := raftsim(t, "check", path, flag)
			require.Equal(t, 2, got.code)
			require.Empty(t, got.out)
			require.True(t, strings.HasPrefix(got.err, says), got.err)
		}
	}
	got = raftsim(t, "check", "empty.jsonl")
	require.Equal(t, 4, got.code)
	require.Contains(t, got.err, "empty.jsonl holds no operation, so there was nothing to check")
	require.Equal(t, "empty.jsonl  nothing was checked\n  0 operations, 0 with unknown outcome; tier witness, 0 steps\n", got.out)
	require.Contains(t, raftsim(t, "check", "empty.jsonl", "--json").out, `"detail":"nothing was checked"`)
}
