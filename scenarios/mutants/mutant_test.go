package mutants_test

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"

	"raftsim/scenarios/mutants"
)

const head = "about: a\nsource: b\nproperty: monotonic\n\n"

func TestAMutantIsReadAsWritten(t *testing.T) {
	m, err := mutants.Parse("faults/two-edits.mutant", []byte(`# a comment
about: What is broken,
  told in two lines.
source: Raft paper §5.2
property: election-safety

--- raft/core.go
 stays
-	goes

+	comes

 stays, too

@@
-elsewhere
--- raft/log.go
 here
+more
`))
	require.NoError(t, err)
	require.Equal(t, &mutants.Mutant{
		Name: "two-edits", Path: "faults/two-edits.mutant", Argument: "faults/two-edits.mutant",
		About: "What is broken, told in two lines.", Source: "Raft paper §5.2", Property: "election-safety",
		Edits: []mutants.Edit{
			{File: "raft/core.go", Line: 7, Old: "stays\n\tgoes\n\n\nstays, too\n", New: "stays\n\n\tcomes\n\nstays, too\n"},
			{File: "raft/core.go", Line: 15, Old: "elsewhere\n"},
			{File: "raft/log.go", Line: 17, Old: "here\n", New: "here\nmore\n"},
		},
	}, m)

	again, err := mutants.Parse("x.mutant", []byte("about: a\r\nsource: b\r\nproperty: monotonic\r\n--- a.go\r\n-x\r\n+y\r\n"))
	require.NoError(t, err)
	require.Equal(t, []mutants.Edit{{File: "a.go", Line: 4, Old: "x\n", New: "y\n"}}, again.Edits)
}

func TestWhatIsNoMutant(t *testing.T) {
	for _, c := range []struct{ name, text, says string }{
		{"x.mutant", "", "x.mutant: about is missing"},
		{"x.mutant", "about: a\nproperty: monotonic\n--- a.go\n-x\n", "x.mutant: source is missing"},
		{"x.mutant", head, "x.mutant: nothing is altered: a line like --- raft/core.go begins an edit"},
		{"x.mutant", head + "--- a.go\n x\n", "x.mutant:5: the edit alters nothing"},
		{"x.mutant", head + "--- a.go\n-x\n+x\n", "x.mutant:5: the edit alters nothing"},
		{"x.mutant", head + "--- a.go\n--- b.go\n-x\n", "x.mutant:5: the edit alters nothing"},
		{"x.mutant", head + "--- a.go\n+x\n", "x.mutant:5: the edit does not say where"},
		{"x.mutant", head + "--- a.go\nx\n", "x.mutant:6: a line of an edit begins with a blank, a minus or a plus"},
		{"x.mutant", head + "--- ../a.go\n-x\n", `x.mutant:5: "../a.go" is no path within the checkout`},
		{"x.mutant", head + "--- /a.go\n-x\n", `x.mutant:5: "/a.go" is no path within the checkout`},
		{"x.mutant", head + "--- raft//a.go\n-x\n", `x.mutant:5: "raft//a.go" is no path within the checkout`},
		{"x.mutant", head + "--- a_test.go\n-x\n", "x.mutant:5: a_test.go is no Go file of the product"},
		{"x.mutant", head + "--- go.mod\n-x\n", "x.mutant:5: go.mod is no Go file of the product"},
		{"x.mutant", "about: a\nsource: b\nproperty: tidiness\n--- a.go\n-x\n", `x.mutant: unknown property "tidiness": known are election-safety,`},
		{"x.mutant", "about: a\nabout: b\n", "x.mutant:2: about is given twice"},
		{"x.mutant", "auhtor: a\n", "x.mutant:1: want about:, source:, property:, or --- and a file"},
		{"x.mutant", "  a\n", "x.mutant:1: there is nothing before this line"},
		{"x.yaml", head + "--- a.go\n-x\n", "x.yaml: a mutant's file is named like quorum-third.mutant"},
		{"No Name.mutant", head + "--- a.go\n-x\n", "No Name.mutant: a mutant's file is named like"},
	} {
		_, err := mutants.Parse(c.name, []byte(c.text))
		require.ErrorContains(t, err, c.says, "%q", c.text)
	}
}

func TestAMutantAppliesWhereItsLinesStandOnce(t *testing.T) {
	root := t.TempDir()
	require.NoError(t, os.WriteFile(filepath.Join(root, "a.go"), []byte("one\ntwo\n\tone\nthree\nfour\nthree\n"), 0o666))
	apply := func(edits string) (string, error) {
		m, err := mutants.Parse("x.mutant", []byte(head+edits))
		require.NoError(t, err)
		files, err := m.Apply(root)
		if err != nil {
			require.Empty(t, files)
			return "", err
		}
		require.Len(t, files, 1)
		return string(files["a.go"]), nil
	}

	for edits, want := range map[string]string{
		"--- a.go\n-one\n+1\n":                 "1\ntwo\n\tone\nthree\nfour\nthree\n",
		"--- a.go\n-four\n":                    "one\ntwo\n\tone\nthree\nthree\n",
		"--- a.go\n four\n+five\n":             "one\ntwo\n\tone\nthree\nfour\nfive\nthree\n",
		"--- a.go\n-four\n-three\n":            "one\ntwo\n\tone\nthree\n",
		"--- a.go\n-four\n+4\n@@\n-one\n+1\n":  "1\ntwo\n\tone\nthree\n4\nthree\n",
		"--- a.go\n-two\n+one\n@@\n-one\n+1\n": "1\none\n\tone\nthree\nfour\nthree\n",
	} {
		got, err := apply(edits)
		require.NoError(t, err, edits)
		require.Equal(t, want, got, edits)
	}
	for edits, says := range map[string]string{
		"--- a.go\n-five\n":                      "mutant x no longer applies: a.go, by the edit at x.mutant:5: the lines it alters are not there",
		"--- a.go\n-ne\n":                        "the lines it alters are not there", // not a whole line
		"--- a.go\n-one\n-two\n-three\n":         "the lines it alters are not there",
		"--- a.go\n-three\n":                     "the lines it alters are there 2 times: add some that stay",
		"--- b.go\n-one\n":                       "b.go, by the edit at x.mutant:5: there is no such file",
		"--- a.go\n-one\n two\n@@\n-two\n+zwo\n": "two edits alter the same lines: make them one",
	} {
		_, err := apply(edits)
		require.ErrorContains(t, err, says, edits)
	}
	kept, err := os.ReadFile(filepath.Join(root, "a.go"))
	require.NoError(t, err)
	require.Equal(t, "one\ntwo\n\tone\nthree\nfour\nthree\n", string(kept), "the sources are left alone")
}
