package script

import "slices"

// nodeKind is the shape of a value.
type nodeKind uint8

const (
	scalar nodeKind = iota + 1
	list
	mapping
)

// scalarType is what YAML takes a scalar for.
type scalarType uint8

const (
	text scalarType = iota
	number
	boolean
	null
)

// node is a value of the file. A zero kind is one that was refused: it was reported, and nothing
// more is said about it.
type node struct {
	kind nodeKind
	pos  Position
	// name is the key the value belongs to, "" for the whole document.
	name string
	// text, is and quoted are a scalar's.
	text   string
	is     scalarType
	quoted bool
	items  []*node
	// pairs are in the file's order, each key once.
	pairs []pair
}

type pair struct {
	key   string
	pos   Position
	value *node
}

// String says what a node is, for messages.
func (n *node) String() string {
	switch {
	case n.kind == list:
		return "a list"
	case n.kind == mapping:
		return "a mapping"
	case n.is == null:
		return "nothing"
	}
	return quote(n.text)
}

// fields is a mapping whose keys are known.
type fields struct {
	pairs []pair
	// odd says that a key was refused, so that what seems to be missing may be what it meant.
	odd bool
}

// get returns a key's value, nil when it is not given.
func (f fields) get(key string) *node {
	for _, p := range f.pairs {
		if p.key == key {
			return p.value
		}
	}
	return nil
}

// among returns those of the given keys that are in the mapping, in the file's order.
func (f fields) among(keys []string) []pair {
	var found []pair
	for _, p := range f.pairs {
		for _, k := range keys {
			if p.key == k {
				found = append(found, p)
			}
		}
	}
	return found
}

// mapping reads a mapping with the known keys only; where says what it describes. A key
// without a value counts as not given once it was reported.
func (r *reports) mapping(n *node, where string, known []string) (fields, bool) {
	if n.kind == 0 {
		return fields{}, false
	}
	if n.kind != mapping {
		r.at(n.pos, "%s is a mapping of keys to values, not %s", where, n)
		return fields{}, false
	}
	var f fields
	for _, p := range n.pairs {
		switch {
		case !slices.Contains(known, p.key):
			r.at(p.pos, "unknown key %s in %s; %s", quote(p.key), where, instead(p.key, known))
			f.odd = true
		case p.value.kind == scalar && p.value.is == null:
			r.at(p.pos, "%s has no value; give it one or leave the key out", quote(p.key))
			f.odd = true
		default:
			f.pairs = append(f.pairs, p)
		}
	}
	return f, true
}

// list reads a list that is not empty.
func (r *reports) list(n *node, of string) ([]*node, bool) {
	switch {
	case n.kind == 0:
		return nil, false
	case n.kind != list:
		r.on(n, "want a list of %s, not %s", of, n)
		return nil, false
	case len(n.items) == 0:
		r.on(n, "the list of %s is empty", of)
		return nil, false
	}
	return n.items, true
}

// scalar reads a value that is neither a list nor a mapping.
func (r *reports) scalar(n *node, want string) (string, bool) {
	switch {
	case n.kind == 0:
		return "", false
	case n.kind != scalar || n.is == null:
		r.on(n, "want %s, not %s", want, n)
		return "", false
	}
	return n.text, true
}

// word reads one of the known words; what says what they are.
func (r *reports) word(n *node, what string, known []string) (string, bool) {
	s, ok := r.scalar(n, "one "+what)
	if ok && !slices.Contains(known, s) {
		r.on(n, "unknown %s %s; %s", what, quote(s), instead(s, known))
		return "", false
	}
	return s, ok
}

// only reads the one word that a key may have.
func (r *reports) only(n *node, word string) bool {
	s, ok := r.scalar(n, word)
	if ok && s != word {
		r.on(n, "want %s, not %s", word, n)
		return false
	}
	return ok
}
