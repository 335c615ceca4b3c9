package mutants

import (
	"bytes"
	"debug/elf"
	"os/exec"
	"path/filepath"
	"regexp"
	"testing"

	"github.com/stretchr/testify/require"
)

// atWork prepares the building of a mutant.
func atWork(t *testing.T, m *Mutant) *workshop {
	t.Helper()
	c, err := Open(".")
	require.NoError(t, err)
	mutated, err := m.inPlace(c.Root)
	require.NoError(t, err)
	return &workshop{c, m, t.TempDir(), mutated}
}

func shipped(t *testing.T, name string) *Mutant {
	t.Helper()
	c, err := Open(".")
	require.NoError(t, err)
	m, err := c.Find(name)
	require.NoError(t, err)
	return m
}

// own is what differs from program to program and from run to run: the sum of the executable beside the version, and how long a run took.
var own = regexp.MustCompile(`"wall_s":[^,}]*| [0-9a-f]{12}\n`)

// played is what a raftsim says of a few runs, and of itself.
func played(t *testing.T, w *workshop, raftsim string) string {
	t.Helper()
	said := ""
	for _, args := range [][]string{
		{"--version"},
		{"run", "--json", "--seeds", "1..6", "--mutant", w.mutant.Argument, "scenarios/bench/chaos-5.yaml"},
	} {
		cmd := exec.Command(raftsim, args...)
		cmd.Dir = w.Root
		var errs bytes.Buffer
		cmd.Stderr = &errs
		out, err := cmd.Output()
		if ee := (*exec.ExitError)(nil); err != nil {
			require.ErrorAs(t, err, &ee, "%s", errs.String())
			require.Equal(t, 1, ee.ExitCode(), "%s", errs.String())
		}
		said += own.ReplaceAllString(string(out), "")
	}
	return said
}

// code is the machine code of a program.
func code(t *testing.T, program string) []byte {
	t.Helper()
	f, err := elf.Open(program)
	require.NoError(t, err)
	defer f.Close()
	text, err := f.Section(".text").Data()
	require.NoError(t, err)
	return text
}

func TestARelinkedMutantIsThatOfAWholeBuild(t *testing.T) {
	t.Parallel()
	if testing.Short() {
		t.Skip("builds a raftsim; only the canary is built with -short")
	}
	w := atWork(t, shipped(t, "commit-goes-back"))
	relinked, whole := filepath.Join(w.dir, "relinked"), filepath.Join(w.dir, "whole")
	require.NoError(t, w.relink(t.Context(), relinked))
	require.NoError(t, w.whole(t.Context(), whole))
	said := played(t, w, relinked)
	require.Contains(t, said, `"fingerprint"`)
	require.Contains(t, said, `"verdict":"violation"`)
	require.Equal(t, played(t, w, whole), said)
	require.Equal(t, len(code(t, whole)), len(code(t, relinked)), "bytes of machine code")
}

// Who knows a struct by its old size must not meet one of another.
func TestAMutantThatAltersWhatOthersSeeIsBuiltAsAWhole(t *testing.T) {
	t.Parallel()
	m, err := Parse("wider.mutant", []byte("about: a\nsource: b\nproperty: monotonic\n\n--- raft/core.go\n type Config struct {\n+\tWider [3]uint64\n"))
	require.NoError(t, err)
	w := atWork(t, m)
	require.ErrorContains(t, w.relink(t.Context(), filepath.Join(w.dir, "raftsim")), "fingerprint mismatch: raftsim/raft ")
	require.NoFileExists(t, filepath.Join(w.dir, "raftsim"))
	if testing.Short() {
		t.Skip("builds a raftsim; only the canary is built with -short")
	}
	w.Cache = t.TempDir()
	raftsim, err := w.Build(t.Context(), m)
	require.NoError(t, err)
	require.Contains(t, played(t, w, raftsim), `"verdict":"pass"`)
}

func TestUnusualFlagsAreLeftToTheGoTool(t *testing.T) {
	for _, flags := range []string{"-race", "-mod=mod -ldflags=-w", "-buildmode=pie", "-trimpath"} {
		t.Setenv("GOFLAGS", flags)
		w := atWork(t, shipped(t, "commit-goes-back"))
		require.ErrorContains(t, w.relink(t.Context(), filepath.Join(w.dir, "raftsim")), "is unusual")
	}
}
