package main

import (
	"bytes"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// testScope judges the test packages as the product's own, but for what is exempt.
var testScope = scope{
	module:  "raftsim",
	folders: []folder{{path: ".ci/determinism/testdata", sealed: true}},
	exempt: []exemption{
		{".ci/determinism/testdata/exempt/exempt.go", "to see that nothing is found there"},
		{".ci/determinism/testdata/foreign/foreign.go", "to see that it is kept from judged packages"},
		{".ci/determinism/testdata/foreign/any.go", "to see that the package cannot be imported"},
	},
	third: []third{{"golang.org/x/exp/rand", ".ci/determinism/testdata"}},
}

// Each package under testdata marks the lines that a rule objects to, and how its message goes:
//
//	go run() // want "go statement"
//
// "want:4" speaks of line 4. Every line without a mark is a legal form.
func TestEveryRuleFiresAndEveryLegalFormPasses(t *testing.T) {
	root, err := moduleRoot()
	require.NoError(t, err)
	for _, name := range []string{"maps", "clocks", "concurrency", "random", "floats", "variables",
		"outside", "excuses", "imports", "exempt", "builds", "foreign"} {
		t.Run(name, func(t *testing.T) {
			got := findings(t, root, testScope, name)
			wanted := wants(t, filepath.Join("testdata", name))
			for _, w := range wanted {
				k := slices.IndexFunc(got, func(f finding) bool {
					return filepath.Base(f.Filename) == w.file && f.Line == w.line && strings.Contains(f.String(), w.text)
				})
				require.GreaterOrEqual(t, k, 0, "%s:%d: nobody says %q\n%s", w.file, w.line, w.text, lines(got))
				got = slices.Delete(got, k, k+1)
			}
			require.Empty(t, lines(got), "legal forms were objected to")
			require.NotEmpty(t, wanted, "the package shows no broken rule")
		})
	}
}

func TestAFindingSaysWhatWhyAndWhatToDo(t *testing.T) {
	root, err := moduleRoot()
	require.NoError(t, err)
	got := findings(t, root, testScope, "exempt")
	require.Len(t, got, 1)
	require.Equal(t, "time.Now: it reads the machine's clock; take the time from the Env or the world",
		strings.SplitN(got[0].String(), ": ", 2)[1])
	require.Regexp(t, `/judged\.go:5:36$`, strings.SplitN(got[0].String(), ": ", 2)[0])
}

func TestUnsealedFoldersMayReadFiles(t *testing.T) {
	root, err := moduleRoot()
	require.NoError(t, err)
	open := testScope
	open.folders = []folder{{path: ".ci/determinism/testdata"}}
	for _, f := range findings(t, root, open, "outside") {
		require.NotContains(t, f.String(), "import of")
	}
}

func TestAnExemptionOfAFileThatIsGoneIsAnError(t *testing.T) {
	r := &report{seen: map[string]bool{"scenarios/sweep.go": true}}
	s := scope{exempt: []exemption{{"raft/server/", "a folder to come"}, {"scenarios/sweep.go", "there"}}}
	require.NoError(t, r.stale(s))
	s.exempt = append(s.exempt, exemption{"scenarios/gone.go", "was there"})
	require.ErrorContains(t, r.stale(s), "scenarios/gone.go, which is not there: take it off the list")
}

func TestWhatCannotBeReadIsAnErrorNotAPass(t *testing.T) {
	var out, errs bytes.Buffer
	require.Equal(t, 2, run([]string{"./nowhere"}, &out, &errs))
	require.Contains(t, errs.String(), "nowhere")
	require.Empty(t, out.String())
}

// Whoever writes an exemption into scope.go says why.
func TestEveryExemptionHasAReason(t *testing.T) {
	for _, e := range product.exempt {
		require.NotEmpty(t, e.why, e.path)
	}
}

func findings(t *testing.T, root string, s scope, name string) []finding {
	t.Helper()
	r, err := check(root, s, "./.ci/determinism/testdata/"+name)
	require.NoError(t, err)
	return r.findings
}

type want struct {
	file string
	line int
	text string
}

var wantMark = regexp.MustCompile(`// want(?::(\d+))? (".*")$`)

func wants(t *testing.T, dir string) []want {
	t.Helper()
	files, err := filepath.Glob(filepath.Join(dir, "*.go"))
	require.NoError(t, err)
	var all []want
	for _, name := range files {
		source, err := os.ReadFile(name)
		require.NoError(t, err)
		for i, line := range strings.Split(string(source), "\n") {
			m := wantMark.FindStringSubmatch(line)
			if m == nil {
				continue
			}
			w := want{file: filepath.Base(name), line: i + 1}
			if m[1] != "" {
				w.line, err = strconv.Atoi(m[1])
				require.NoError(t, err)
			}
			w.text, err = strconv.Unquote(m[2])
			require.NoError(t, err, "%s:%d", name, i+1)
			all = append(all, w)
		}
	}
	return all
}

func lines(all []finding) string {
	var b strings.Builder
	for _, f := range all {
		fmt.Fprintln(&b, f)
	}
	return b.String()
}
