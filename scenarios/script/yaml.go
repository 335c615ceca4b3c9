package script

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"regexp"
	"strings"

	"go.yaml.in/yaml/v4"
	"go.yaml.in/yaml/v4/plugin/loaderlimits"
)

// This file is the only one that knows the YAML library. It reads one document into nodes of
// our own and refuses what the language has no use for: anchors, aliases, merge keys, tags,
// several documents.

// deepest is how far values may be nested: more than any scenario needs, less than hurts.
const deepest = 32

const tooDeep = "values are nested deeper than 32 levels"

// parse reads the document, or reports why not and returns nil. What is refused but can be read
// over, like a key given twice, is reported too, and the rest returned.
func parse(src []byte, r *reports) *node {
	loader, err := yaml.NewLoader(bytes.NewReader(src),
		yaml.WithPlugin(loaderlimits.New(loaderlimits.DepthFunc(checkDepth))))
	if err != nil {
		r.at(Position{1, 1}, "YAML: %v", err)
		return nil
	}
	var doc, second yaml.Node
	if err := load(loader, &doc); err == io.EOF {
		r.at(Position{1, 1}, "the file holds nothing but comments; %s", needs)
		return nil
	} else if err != nil {
		r.syntax(err)
		return nil
	}
	if err := load(loader, &second); err == nil {
		r.at(Position{second.Line, second.Column}, "a second document starts here; a file holds one scenario")
		return nil
	} else if err != io.EOF {
		r.syntax(err)
		return nil
	}
	if len(doc.Content) != 1 {
		r.at(Position{1, 1}, "the file holds no document; %s", needs)
		return nil
	}
	return r.convert(doc.Content[0], "")
}

// load reads the next document. The library panics where it contradicts itself; to whoever wrote the file
// that is one more file that cannot be read.
func load(loader *yaml.Loader, into *yaml.Node) (err error) {
	defer func() {
		if cause := recover(); cause != nil {
			err = fmt.Errorf("the reader of YAML failed: %v", cause)
		}
	}()
	return loader.Load(into)
}

func checkDepth(depth int, _ *yaml.DepthContext) error {
	if depth > deepest {
		return errors.New(tooDeep)
	}
	return nil
}

// bareComparison finds `commits: >= 1`, in which YAML takes the > for the start of a block.
var bareComparison = regexp.MustCompile(`:\s+((?:>=?|<=?|==|!=)\s*[0-9]+)\s*(?:#.*)?$`)

// syntax reports what the library could not read.
func (r *reports) syntax(err error) {
	var e *yaml.LoadError
	if !errors.As(err, &e) || e.Mark.Line < 1 {
		r.at(Position{1, 1}, "YAML: %v", err)
		return
	}
	pos, what := Position{e.Mark.Line, max(e.Mark.Column, 1)}, e.Message
	switch {
	case strings.HasPrefix(what, "mapping values are not allowed"):
		what = `a ":" is out of place: a value that has ": " in it stands in quotes, and the keys of one mapping start in one column`
	case what == tooDeep:
		e.ContextMsg = ""
	case strings.Contains(what, "tab character"), pos.Line <= len(r.lines) && strings.HasPrefix(r.lines[pos.Line-1][min(pos.Column-1, len(r.lines[pos.Line-1])):], "\t"):
		what, e.ContextMsg = "a tab; indent with spaces", ""
	}
	if begun := (Position{e.ContextMark.Line, e.ContextMark.Column}); begun.Line > 0 && e.ContextMsg != "" {
		what += " " + e.ContextMsg
		if begun.Line < pos.Line {
			what += fmt.Sprintf(" that starts at %d:%d", begun.Line, begun.Column)
		}
		// A key without its colon is noticed only in the line below it.
		if e.ContextMsg == "while scanning a simple key" {
			pos, what = begun, `a key without ":" after it`
		}
		if pos.Line >= len(r.lines) && begun.Line < pos.Line {
			pos, what = begun, e.Message+" "+e.ContextMsg+" that starts here"
		}
	}
	if pos.Line <= len(r.lines) {
		if m := bareComparison.FindStringSubmatch(r.lines[pos.Line-1]); m != nil {
			what = fmt.Sprintf(`a comparison stands in quotes: "%s"`, m[1])
		}
	}
	r.at(pos, "YAML: %s", what)
}

// convert makes nodes of our own of the library's.
func (r *reports) convert(n *yaml.Node, name string) *node {
	out := &node{pos: Position{n.Line, n.Column}, name: name}
	switch {
	case n.Kind == yaml.AliasNode:
		r.at(out.pos, "alias %s: scenarios know no anchors and aliases; write the value out", quote("*"+n.Value))
		return out
	case n.Anchor != "":
		r.at(out.pos, "anchor %s: scenarios know no anchors and aliases; write the value out", quote("&"+n.Anchor))
	case n.Style&yaml.TaggedStyle != 0:
		r.at(out.pos, "tag %s: scenarios know no tags; leave it out", quote(n.Tag))
	}
	switch n.Kind {
	case yaml.SequenceNode:
		out.kind = list
		for _, item := range n.Content {
			out.items = append(out.items, r.convert(item, name))
		}
	case yaml.MappingNode:
		out.kind = mapping
		r.convertPairs(n, out)
	default:
		out.kind = scalar
		out.text = n.Value
		out.quoted = n.Style&(yaml.DoubleQuotedStyle|yaml.SingleQuotedStyle|yaml.LiteralStyle|yaml.FoldedStyle) != 0
		switch n.Tag {
		case "!!null":
			out.is = null
		case "!!bool":
			out.is = boolean
		case "!!int", "!!float":
			out.is = number
		}
	}
	return out
}

func (r *reports) convertPairs(n *yaml.Node, out *node) {
	seen := make(map[string]Position, len(n.Content)/2)
	for i := 0; i+1 < len(n.Content); i += 2 {
		k, v := n.Content[i], n.Content[i+1]
		pos := Position{k.Line, k.Column}
		switch {
		case k.Kind != yaml.ScalarNode:
			r.at(pos, "a key is a word, not a list, a mapping or an alias")
			continue
		case k.Tag == "!!merge":
			r.at(pos, "scenarios know no merge keys; write the values out")
			continue
		case k.Anchor != "" || k.Style&yaml.TaggedStyle != 0:
			r.at(pos, "key %s: scenarios know no anchors and tags; write the key alone", quote(k.Value))
			continue
		}
		value := r.convert(v, k.Value)
		if first, twice := seen[k.Value]; twice {
			r.at(pos, "%s is given twice, first at %d:%d", quote(k.Value), first.Line, first.Column)
			continue
		}
		seen[k.Value] = pos
		out.pairs = append(out.pairs, pair{k.Value, pos, value})
	}
}
