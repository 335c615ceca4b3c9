package main_test

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// What README.md and CONTRIBUTING.md tell a reader to type works, and shows what they say it shows.
//
// Every line of a fenced "sh" block is run, every "go" block is run as a program, and every "yaml" block
// that has a name is a file for them. Comments above a block say more:
//
//	<!-- file: my.yaml -->     the block is this file
//	<!-- exit: 1 -->           its last line is to end with this code; without, 0
//	<!-- not run: why -->      it is left out
//	<!-- written: my.yaml -->  the block is what this file holds by then, which commands above have written
//	<!-- output -->            the block is what the block above it prints; a line "..." stands for any lines
//
// Sweeps are run over a few seeds only.
func TestDocumentsSayWhatWorks(t *testing.T) {
	root, err := filepath.Abs("../..")
	require.NoError(t, err)
	bin := t.TempDir()
	out, err := exec.Command("go", "build", "-o", bin, "raftsim/cmd/raftsim").CombinedOutput()
	require.NoError(t, err, "%s", out)
	for _, name := range []string{"README.md", "CONTRIBUTING.md"} {
		t.Run(name, func(t *testing.T) {
			text, err := os.ReadFile(filepath.Join(root, name))
			require.NoError(t, err)
			blocks, err := readBlocks(string(text))
			require.NoError(t, err)
			// The folder is within the checkout, as a reader's would be: mutants are built from it.
			dir, err := os.MkdirTemp(root, ".reader-")
			require.NoError(t, err)
			t.Cleanup(func() { require.NoError(t, os.RemoveAll(dir)) })
			d := &document{name: name, root: root, bin: bin, dir: dir}
			for _, b := range blocks {
				d.check(t, b)
			}
			require.NotZero(t, d.ran, "nothing was run")
		})
	}
}

func TestBlocksOfADocument(t *testing.T) {
	blocks, err := readBlocks("Text.\n\n<!-- exit: 1 -->\n```sh\na\nb\n```\n\n<!-- output -->\n```\nx\n```\n")
	require.NoError(t, err)
	require.Equal(t, []block{
		{line: 4, language: "sh", marks: map[string]string{"exit": "1"}, text: "a\nb\n"},
		{line: 10, marks: map[string]string{"output": ""}, text: "x\n"},
	}, blocks)

	for text, says := range map[string]string{
		"```sh\na\n":                     "line 1: the block does not end",
		"<!-- ecit: 1 -->\n```sh\n```\n": `line 1: there is no mark "ecit"`,
		"<!-- exit: 1 -->\nText.\n":      "line 1: no block follows the mark",
		"<!-- not run -->\n```sh\n```\n": "line 1: say why",
	} {
		_, err := readBlocks(text)
		require.ErrorContains(t, err, says, text)
	}
}

func TestShownOutput(t *testing.T) {
	got := "seed 1  pass\nseed 2  violation\nseed 3  pass\n"
	require.True(t, shows(got, got))
	require.True(t, shows("...\nseed 2 violation\n...\n", got), "blanks and elided lines do not matter")
	require.True(t, shows("seed 1 pass\n...\n", got))
	require.False(t, shows("seed 1 pass\n", got), "what follows was not elided")
	require.False(t, shows("seed 2 violation\n...\n", got), "what comes before was not elided")
	require.False(t, shows("...\nseed 2 pass\n...\n", got))
	require.False(t, shows("...\nseed 3 pass\nseed 2 violation\n...\n", got), "the order matters")
}

// document is one that is being checked.
type document struct {
	name, root, bin, dir string
	printed              string // by the last block that was run
	ran                  int
}

func (d *document) check(t *testing.T, b block) {
	where := fmt.Sprintf("%s:%d", d.name, b.line)
	if _, ok := b.marks["not run"]; ok {
		return
	}
	if name, ok := b.marks["file"]; ok {
		require.NoError(t, os.WriteFile(filepath.Join(d.dir, name), []byte(b.text), 0o666), where)
		return
	}
	if name, ok := b.marks["written"]; ok {
		text, err := os.ReadFile(filepath.Join(d.dir, name))
		require.NoError(t, err, where)
		require.Equal(t, string(text), b.text, "%s: this is not what %s holds", where, name)
		return
	}
	if _, ok := b.marks["output"]; ok {
		require.True(t, shows(b.text, d.printed), "%s: this is not what is printed, which is:\n%s", where, d.printed)
		return
	}
	switch b.language {
	case "sh":
		d.printed = ""
		lines := strings.Split(strings.TrimSpace(b.text), "\n")
		for i, line := range lines {
			code := "0"
			if want, ok := b.marks["exit"]; ok && i == len(lines)-1 {
				code = want
			}
			d.command(t, where, line, code)
		}
	case "go":
		file := filepath.Join(d.dir, fmt.Sprintf("line%d.go", b.line))
		require.NoError(t, os.WriteFile(file, []byte(b.text), 0o666))
		d.printed = ""
		d.command(t, where, "go run "+file, "0")
	}
}

var sweep = regexp.MustCompile(`^raftsim run\b`)

// command runs one line of a block and adds what it prints to what was printed.
func (d *document) command(t *testing.T, where, line, code string) {
	line, _, _ = strings.Cut(line, "  #")
	line = strings.TrimSpace(strings.TrimPrefix(line, "$ "))
	line = strings.Replace(line, "go run ./cmd/raftsim", "raftsim", 1)
	if !strings.Contains(line, "--seed") {
		line = sweep.ReplaceAllString(line, "raftsim run --seeds 1..2")
	}
	cmd := exec.Command("sh", "-c", line)
	cmd.Dir = d.dir
	switch word, _, _ := strings.Cut(line, " "); word {
	case "raftsim":
	case "go":
		cmd.Dir = d.root
		if strings.HasPrefix(line, "go test") && !strings.Contains(line, "-seed") {
			line = strings.Replace(line, "go test", "go test -short", 1)
			cmd.Args[2] = line
		}
	default:
		t.Fatalf("%s: it is not known how to run %q: write <!-- not run: why --> above the block", where, line)
	}
	cmd.Env = append(os.Environ(), "PATH="+d.bin+string(os.PathListSeparator)+os.Getenv("PATH"), "NO_COLOR=1")
	var both strings.Builder
	cmd.Stdout, cmd.Stderr = &both, &both
	err := cmd.Run()
	require.NotNil(t, cmd.ProcessState, "%s: %s: %v", where, line, err)
	require.Equal(t, code, fmt.Sprint(cmd.ProcessState.ExitCode()), "%s: exit code of %s\n%s", where, line, both.String())
	d.printed += both.String()
	d.ran++
}

// shows says whether a shown text is the printed one, but for blanks within lines and for what "..." leaves out.
func shows(shown, printed string) bool {
	var pattern strings.Builder
	pattern.WriteString(`\A`)
	for line := range strings.Lines(shown) {
		if line = strings.Join(strings.Fields(line), " "); line == "..." {
			pattern.WriteString(`(?:.*\n)*?`)
		} else {
			pattern.WriteString(regexp.QuoteMeta(line) + `\n`)
		}
	}
	pattern.WriteString(`\z`)
	var plain strings.Builder
	for line := range strings.Lines(printed) {
		plain.WriteString(strings.Join(strings.Fields(line), " ") + "\n")
	}
	return regexp.MustCompile(pattern.String()).MatchString(plain.String())
}

// block is a fenced block of a document, with the marks above it.
type block struct {
	line     int // of the fence
	language string
	marks    map[string]string
	text     string
}

var mark = regexp.MustCompile(`^<!-- ([a-z ]+?)(?:: (.+))? -->$`)

// readBlocks finds the fenced blocks of a Markdown text.
func readBlocks(text string) ([]block, error) {
	var all []block
	var marks map[string]string
	marked := 0
	lines := strings.Split(text, "\n")
	for i := 0; i < len(lines); i++ {
		line := lines[i]
		if m := mark.FindStringSubmatch(line); m != nil {
			switch m[1] {
			case "file", "exit", "output", "written":
			case "not run":
				if m[2] == "" {
					return nil, fmt.Errorf("line %d: say why it is not run", i+1)
				}
			default:
				return nil, fmt.Errorf("line %d: there is no mark %q", i+1, m[1])
			}
			if marks == nil {
				marks = map[string]string{}
			}
			marks[m[1]] = m[2]
			marked = i + 1
			continue
		}
		language, fence := strings.CutPrefix(line, "```")
		if !fence {
			if marks != nil && strings.TrimSpace(line) != "" {
				return nil, fmt.Errorf("line %d: no block follows the mark", marked)
			}
			continue
		}
		b := block{line: i + 1, language: language, marks: marks}
		marks = nil
		for i++; i < len(lines) && lines[i] != "```"; i++ {
			b.text += lines[i] + "\n"
		}
		if i == len(lines) {
			return nil, fmt.Errorf("line %d: the block does not end", b.line)
		}
		all = append(all, b)
	}
	return all, nil
}
