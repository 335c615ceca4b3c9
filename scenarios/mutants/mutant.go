package mutants

import (
	"fmt"
	"path"
	"path/filepath"
	"regexp"
	"slices"
	"strings"

	"raftsim/scenarios/script"
)

// Extension is how the names of mutant files end.
const Extension = ".mutant"

// Mutant is one deliberate fault.
type Mutant struct {
	// Name is the file's name without its folder and extension, in small letters: "quorum-third".
	Name string
	// Path is where it was read.
	Path string
	// Argument is what stands for the mutant on a command line: the name of one that ships, the path of any other.
	Argument string
	// About says in a sentence what is broken, Source where the fault comes from: a section of the Raft paper or a
	// dissertation, a known bug.
	About, Source string
	// Property is the one that should see it, of [script.Properties].
	Property string
	// Edits are at least one.
	Edits []Edit
}

// Edit replaces some lines of one file. Old is never empty, and both end with a newline unless New is empty.
type Edit struct {
	// File is relative to the checkout, with slashes.
	File     string
	Old, New string
	// Line is where in the mutant's file the edit begins.
	Line int
}

var (
	nameForm = regexp.MustCompile(`^[a-z][a-z0-9]*(-[a-z0-9]+)*$`)
	keys     = []string{"about", "source", "property"}
)

// Name is the name of the mutant that a command line's argument means.
func Name(argument string) string { return strings.TrimSuffix(filepath.Base(argument), Extension) }

// Parse reads a mutant. name is its path, which errors begin with; they name the line as well. It keeps nothing of text.
func Parse(name string, text []byte) (*Mutant, error) {
	p := &parser{file: name, values: map[string]string{}}
	m := &Mutant{Name: Name(name), Path: name, Argument: name}
	if !nameForm.MatchString(m.Name) || !strings.HasSuffix(name, Extension) {
		return nil, fmt.Errorf("%s: a mutant's file is named like quorum-third%s: small letters, digits, single hyphens", name, Extension)
	}
	lines := strings.Split(strings.ReplaceAll(string(text), "\r\n", "\n"), "\n")
	for i, line := range lines {
		p.line = i + 1
		var err error
		if len(p.edits) == 0 && !strings.HasPrefix(line, "--- ") {
			err = p.header(line)
		} else {
			err = p.body(line)
		}
		if err != nil {
			return nil, err
		}
	}
	if err := p.close(); err != nil {
		return nil, err
	}
	for _, key := range keys {
		if p.values[key] == "" {
			return nil, fmt.Errorf("%s: %s is missing: a mutant begins with %s", name, key, strings.Join(keys, ", "))
		}
	}
	if len(p.edits) == 0 {
		return nil, fmt.Errorf("%s: nothing is altered: a line like --- raft/core.go begins an edit", name)
	}
	m.About, m.Source, m.Property, m.Edits = p.values["about"], p.values["source"], p.values["property"], p.edits
	if known := script.Properties(); !slices.Contains(known, m.Property) {
		return nil, fmt.Errorf("%s: unknown property %q: known are %s", name, m.Property, strings.Join(known, ", "))
	}
	return m, nil
}

// parser reads a mutant's file line by line.
type parser struct {
	file   string
	line   int
	values map[string]string
	// key is the header's last, which a line that begins with a blank goes on with.
	key   string
	edits []Edit
	// alters says that a line goes or comes in the last edit, blanks how many empty lines its end has.
	alters bool
	blanks int
}

func (p *parser) errorf(format string, args ...any) error {
	return fmt.Errorf("%s:%d: %s", p.file, p.line, fmt.Sprintf(format, args...))
}

func (p *parser) header(line string) error {
	value := strings.TrimSpace(line)
	switch {
	case value == "" || value[0] == '#':
		return nil
	case line[0] == ' ' || line[0] == '\t':
		if p.key == "" {
			return p.errorf("there is nothing before this line that it could go on with")
		}
		p.values[p.key] += " " + value
		return nil
	}
	key, value, ok := strings.Cut(line, ":")
	if !ok || !slices.Contains(keys, key) {
		return p.errorf("want %s, or --- and a file", strings.Join(keys, ":, ")+":")
	}
	if _, twice := p.values[key]; twice {
		return p.errorf("%s is given twice", key)
	}
	p.key, p.values[key] = key, strings.TrimSpace(value)
	return nil
}

func (p *parser) body(line string) error {
	if file, ok := strings.CutPrefix(line, "--- "); ok {
		if err := p.close(); err != nil {
			return err
		}
		return p.begin(strings.TrimSpace(file))
	}
	e := &p.edits[len(p.edits)-1]
	if strings.TrimRight(line, " ") == "" {
		p.blanks++ // they count once something follows
		return nil
	}
	if line == "@@" {
		file := e.File
		if err := p.close(); err != nil {
			return err
		}
		return p.begin(file)
	}
	gap := strings.Repeat("\n", p.blanks)
	p.blanks = 0
	e.Old, e.New = e.Old+gap, e.New+gap
	text := line[1:] + "\n"
	switch line[0] {
	case ' ':
		e.Old, e.New = e.Old+text, e.New+text
	case '-':
		e.Old, p.alters = e.Old+text, true
	case '+':
		e.New, p.alters = e.New+text, true
	default:
		return p.errorf("a line of an edit begins with a blank, a minus or a plus")
	}
	return nil
}

// begin starts an edit.
func (p *parser) begin(file string) error {
	switch {
	case path.Clean(file) != file || !filepath.IsLocal(file):
		return p.errorf("%q is no path within the checkout, like raft/core.go", file)
	case path.Ext(file) != ".go" || strings.HasSuffix(file, "_test.go"):
		return p.errorf("%s is no Go file of the product", file)
	}
	p.edits = append(p.edits, Edit{File: file, Line: p.line})
	p.alters, p.blanks = false, 0
	return nil
}

// close ends the last edit.
func (p *parser) close() error {
	if len(p.edits) == 0 {
		return nil
	}
	switch e := &p.edits[len(p.edits)-1]; {
	case !p.alters || e.Old == e.New:
		return fmt.Errorf("%s:%d: the edit alters nothing", p.file, e.Line)
	case strings.TrimSpace(e.Old) == "":
		return fmt.Errorf("%s:%d: the edit does not say where: give a line that stays or goes", p.file, e.Line)
	}
	return nil
}
