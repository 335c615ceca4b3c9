package mutants

import (
	"cmp"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
)

// change is an edit and where in its file it goes.
type change struct {
	*Edit
	at int
}

// Apply returns the files that the mutant alters in the checkout at root, as they are with the fault in, by their path relative
// to it. Nothing is written. An edit whose text is not in its file exactly once is an error: the mutant no longer applies.
func (m *Mutant) Apply(root string) (map[string][]byte, error) {
	return m.apply(root, func(e *Edit) string { return e.New })
}

// apply puts what comes says of an edit in the place of its old lines.
func (m *Mutant) apply(root string, comes func(*Edit) string) (map[string][]byte, error) {
	byFile := map[string][]change{}
	source := map[string]string{}
	for k := range m.Edits {
		e := &m.Edits[k]
		if _, read := source[e.File]; !read {
			text, err := os.ReadFile(filepath.Join(root, filepath.FromSlash(e.File)))
			if errors.Is(err, fs.ErrNotExist) {
				return nil, m.stale(e, "there is no such file")
			}
			if err != nil {
				return nil, fmt.Errorf("mutant %s: %w", m.Name, err)
			}
			source[e.File] = string(text)
		}
		at := places(source[e.File], e.Old)
		switch len(at) {
		case 0:
			return nil, m.stale(e, "the lines it alters are not there")
		case 1:
			byFile[e.File] = append(byFile[e.File], change{e, at[0]})
		default:
			return nil, m.stale(e, fmt.Sprintf("the lines it alters are there %d times: add some that stay", len(at)))
		}
	}
	mutated := map[string][]byte{}
	for file, changes := range byFile {
		slices.SortFunc(changes, func(a, b change) int { return cmp.Compare(a.at, b.at) })
		var text strings.Builder
		done := 0
		for _, c := range changes {
			if c.at < done {
				return nil, m.stale(c.Edit, "two edits alter the same lines: make them one")
			}
			text.WriteString(source[file][done:c.at])
			text.WriteString(comes(c.Edit))
			done = c.at + len(c.Old)
		}
		text.WriteString(source[file][done:])
		mutated[file] = []byte(text.String())
	}
	return mutated, nil
}

func (m *Mutant) stale(e *Edit, why string) error {
	return fmt.Errorf("mutant %s no longer applies: %s, by the edit at %s:%d: %s", m.Name, e.File, m.Path, e.Line, why)
}

// places returns where whole lines stand in a text.
func places(text, lines string) []int {
	var at []int
	for from := 0; ; {
		i := strings.Index(text[from:], lines)
		if i < 0 {
			return at
		}
		i += from
		if i == 0 || text[i-1] == '\n' {
			at = append(at, i)
		}
		from = i + 1
	}
}
