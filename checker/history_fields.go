package checker

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"strconv"
	"unicode/utf8"
)

// A line of a history is one flat JSON object, read strictly: what encoding/json would pass over or mend is an error. Most
// lines are as plain as WriteHistory makes them, and are taken apart in one go (plainFields); whatever is not plain
// goes to encoding/json, which also says what is wrong.

// fieldSet is a JSON object read strictly. Its readers return zero values once something was wrong.
type fieldSet struct {
	names  []string
	values [8]fieldValue // by name
	err    error
}

type fieldValue struct {
	kind fieldKind
	raw  []byte // the text, the number or the word; not to be kept
}

type fieldKind uint8

const (
	absent fieldKind = iota
	isText
	isNumber
	isFlag
)

// wanted says what a kind is.
func (k fieldKind) wanted() string {
	switch k {
	case isText:
		return "a string"
	case isFlag:
		return "true or false"
	}
	return "a whole number"
}

// fields reads text as one object whose fields are among names, each at most once, and
// whose values are no objects, arrays or null.
func fields(text []byte, names []string) (*fieldSet, error) {
	f := &fieldSet{names: names}
	if f.plainFields(text) {
		return f, nil
	}
	f = &fieldSet{names: names}
	if err := f.anyFields(text); err != nil {
		return nil, err
	}
	return f, nil
}

// plainFields reads an object without anything unusual about it. It returns false for any other, or what is none.
func (f *fieldSet) plainFields(text []byte) bool {
	rest, ok := after(text, '{')
	if !ok {
		return false
	}
	for first := true; ; first = false {
		if end, ok := after(rest, '}'); ok {
			return len(skipBlank(end)) == 0
		}
		if !first {
			if rest, ok = after(rest, ','); !ok {
				return false
			}
		}
		var name []byte
		if name, rest, ok = plainText(rest); !ok {
			return false
		}
		place := f.place(string(name))
		if place < 0 || f.values[place].kind != absent {
			return false
		}
		if rest, ok = after(rest, ':'); !ok {
			return false
		}
		if f.values[place], rest, ok = plainValue(rest); !ok {
			return false
		}
	}
}

// skipBlank returns what follows JSON's blanks.
func skipBlank(text []byte) []byte {
	for len(text) > 0 && (text[0] == ' ' || text[0] == '\t' || text[0] == '\r' || text[0] == '\n') {
		text = text[1:]
	}
	return text
}

// after returns what follows c, which blanks may precede.
func after(text []byte, c byte) ([]byte, bool) {
	if text = skipBlank(text); len(text) > 0 && text[0] == c {
		return text[1:], true
	}
	return nil, false
}

// plainValue reads a text, a whole number or a flag.
func plainValue(text []byte) (v fieldValue, rest []byte, ok bool) {
	text = skipBlank(text)
	for _, word := range []string{"true", "false"} {
		if bytes.HasPrefix(text, []byte(word)) {
			return fieldValue{isFlag, text[:len(word)]}, text[len(word):], true
		}
	}
	n := 0
	for n < len(text) && '0' <= text[n] && text[n] <= '9' {
		n++
	}
	if n > 1 && text[0] != '0' || n == 1 {
		return fieldValue{isNumber, text[:n]}, text[n:], true // what cannot follow a number is refused by who reads on
	}
	v.kind = isText
	v.raw, rest, ok = plainText(text)
	return v, rest, ok
}

// plainText reads a text in quotes, in which nothing is escaped but quotes and backslashes.
func plainText(text []byte) (value, rest []byte, ok bool) {
	text, ok = after(text, '"')
	if !ok {
		return nil, nil, false
	}
	for i := 0; i < len(text); i++ {
		switch c := text[i]; {
		case c == '"':
			value, rest = text[:i], text[i+1:]
			return value, rest, utf8.Valid(value)
		case c == '\\':
			return escapedText(text, i)
		case c < ' ':
			return nil, nil, false
		}
	}
	return nil, nil, false
}

// escapedText is plainText for a text whose first backslash is at i.
func escapedText(text []byte, i int) (value, rest []byte, ok bool) {
	value = append(make([]byte, 0, 2*i+32), text[:i]...)
	for ; i < len(text); i++ {
		switch c := text[i]; {
		case c == '"':
			return value, text[i+1:], utf8.Valid(value)
		case c == '\\':
			if i++; i == len(text) || text[i] != '"' && text[i] != '\\' {
				return nil, nil, false
			}
		case c < ' ':
			return nil, nil, false
		}
		value = append(value, text[i])
	}
	return nil, nil, false
}

// place is that of a field in names, or -1.
func (f *fieldSet) place(name string) int {
	for i, n := range f.names {
		if n == name {
			return i
		}
	}
	return -1
}

// anyFields reads any object, and says what is wrong with what is none.
func (f *fieldSet) anyFields(text []byte) error {
	if err := soundText(text); err != nil {
		return err
	}
	dec := json.NewDecoder(bytes.NewReader(text))
	dec.UseNumber()
	if t, err := dec.Token(); err != nil {
		return jsonError(err)
	} else if t != json.Delim('{') {
		return errors.New("not a JSON object")
	}
	for dec.More() {
		t, err := dec.Token()
		if err != nil {
			return jsonError(err)
		}
		name, _ := t.(string)
		place := f.place(name)
		if place < 0 {
			return fmt.Errorf("field %s is unknown", quote(name))
		}
		if f.has(name) {
			return fmt.Errorf("field %q is given twice", name)
		}
		if t, err = dec.Token(); err != nil {
			return jsonError(err)
		}
		v := &f.values[place]
		switch t := t.(type) {
		case string:
			*v = fieldValue{isText, []byte(t)}
		case json.Number:
			*v = fieldValue{isNumber, []byte(t)}
		case bool:
			*v = fieldValue{isFlag, strconv.AppendBool(nil, t)}
		default:
			return fmt.Errorf("field %q is null, an object or an array", name)
		}
	}
	if _, err := dec.Token(); err != nil {
		return jsonError(err)
	}
	if _, err := dec.Token(); err != io.EOF {
		return errors.New("something follows the object")
	}
	return nil
}

func jsonError(err error) error {
	if err == io.EOF || err == io.ErrUnexpectedEOF {
		return errors.New("not JSON: the object has no end")
	}
	return fmt.Errorf("not JSON: %w", err)
}

// soundText refuses text that encoding/json would mend: bytes that are not UTF-8, and halves of surrogate pairs.
func soundText(text []byte) error {
	if !utf8.Valid(text) {
		return errors.New("not UTF-8")
	}
	for i := 0; i+1 < len(text); i++ {
		if text[i] != '\\' {
			continue
		}
		first, ok := surrogate(text[i:])
		i++
		if !ok {
			continue
		}
		second, ok := surrogate(text[min(i+5, len(text)):])
		if first >= 0xdc00 || !ok || second < 0xdc00 {
			return fmt.Errorf(`\u%x is half of a character`, first)
		}
		i += 10
	}
	return nil
}

// surrogate reads an escape such as \ud83d, half of a character.
func surrogate(text []byte) (rune, bool) {
	if len(text) < 6 || text[0] != '\\' || text[1] != 'u' {
		return 0, false
	}
	v, err := strconv.ParseUint(string(text[2:6]), 16, 16)
	return rune(v), err == nil && v >= 0xd800 && v < 0xe000
}

func (f *fieldSet) has(name string) bool {
	place := f.place(name)
	return place >= 0 && f.values[place].kind != absent
}

func (f *fieldSet) fail(format string, args ...any) {
	if f.err == nil {
		f.err = fmt.Errorf(format, args...)
	}
}

// value returns a field that must be there and of the given kind.
func (f *fieldSet) value(name string, kind fieldKind) fieldValue {
	v := f.values[f.place(name)]
	switch v.kind {
	case kind:
		return v
	case absent:
		f.fail("field %q is missing", name)
	default:
		f.fail("field %q is %s, want %s", name, v.raw, kind.wanted())
	}
	return fieldValue{}
}

func (f *fieldSet) text(name string) string { return string(f.value(name, isText).raw) }

func (f *fieldSet) flag(name string) bool { return string(f.value(name, isFlag).raw) == "true" }

func (f *fieldSet) number(name string, most uint64) uint64 {
	if !f.has(name) {
		f.fail("field %q is missing", name)
		return 0
	}
	v := f.values[f.place(name)]
	u, err := strconv.ParseUint(string(v.raw), 10, 64)
	if v.kind != isNumber || err != nil || u > most {
		f.fail("field %q is %s, want a whole number from 0 to %d", name, v.raw, most)
	}
	return u
}
