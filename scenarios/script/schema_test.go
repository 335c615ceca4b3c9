package script

import (
	"encoding/json"
	"flag"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/google/jsonschema-go/jsonschema"
	"github.com/stretchr/testify/require"
)

// schemaFile is what editors are pointed at.
const schemaFile = "../schema.json"

func resolved(t testing.TB) *jsonschema.Resolved {
	t.Helper()
	var s jsonschema.Schema
	require.NoError(t, json.Unmarshal(Schema(), &s))
	r, err := s.Resolve(&jsonschema.ResolveOptions{ValidateDefaults: true})
	require.NoError(t, err)
	return r
}

// value is what an editor makes of a file.
func value(n *node) any {
	switch n.kind {
	case list:
		items := []any{}
		for _, item := range n.items {
			items = append(items, value(item))
		}
		return items
	case mapping:
		pairs := map[string]any{}
		for _, p := range n.pairs {
			pairs[p.key] = value(p.value)
		}
		return pairs
	}
	switch {
	case n.quoted || n.is == text:
		return n.text
	case n.is == null:
		return nil
	case n.is == boolean:
		return n.text == "true"
	}
	if i, err := strconv.ParseInt(n.text, 0, 64); err == nil {
		return i
	}
	if u, err := strconv.ParseUint(n.text, 0, 64); err == nil {
		return u
	}
	f, err := strconv.ParseFloat(n.text, 64)
	if err != nil {
		return n.text
	}
	return f
}

// parsed reads a file's YAML, whatever it says.
func parsed(src []byte) (any, bool) {
	r := &reports{file: "x.yaml"}
	r.door(src)
	if len(r.errs) > 0 {
		return nil, false
	}
	n := parse(src, r)
	if n == nil || len(r.errs) > 0 {
		return nil, false
	}
	return value(n), true
}

func TestSchemaAcceptsGoodFiles(t *testing.T) {
	schema := resolved(t)
	files, err := filepath.Glob("testdata/good/*.yaml")
	require.NoError(t, err)
	shipped, err := filepath.Glob("../*.yaml")
	require.NoError(t, err)
	foldered, err := filepath.Glob("../*/*.yaml")
	require.NoError(t, err)
	require.NotEmpty(t, files)
	for _, f := range slices.Concat(files, shipped, foldered) {
		src, err := os.ReadFile(f)
		require.NoError(t, err)
		v, ok := parsed(src)
		require.True(t, ok, f)
		require.NoError(t, schema.Validate(v), f)
	}
}

// A schema cannot compare values: these files pass it, and Read refuses them.
var beyondSchema = map[string]bool{
	"times that add up to too much": true,
	"rest of a cluster of one":      true,
	"numbers in other forms":        true,
	"key given twice":               true,
	"time below a nanosecond":       true, "units out of order": true,
	"range that ends before it starts": true, "duration of nothing": true,
	"election timeout not above the heartbeat": true, "heartbeat not below the election timeout": true,
	"size of nothing": true, "size out of range": true, "size of a part of a byte": true,
	"rate out of range": true, "mix that does not add up": true,
	"values too many": true, "values that grow": true, "a burst of values": true,
	"seeds that end before they start": true, "seeds given twice": true, "too many seeds": true, "seed too large": true,
	"window that ends before it starts": true, "window of no length": true, "after the duration": true,
	"unknown node in a cluster of one": true, "no minority": true,
	"node in two groups": true, "leader in two groups": true, "rest not last": true, "rest of nobody": true,
	"all and others": true, "followers twice": true, "more picked than there are": true,
	"burst without clients": true, "repeat without a distance": true, "repeat beyond the duration": true,
	"repeat of a milestone": true, "repeat of too many": true, "repeats nested too deep": true,
	"repeats that add up to too many": true,
	"a clock bound beyond reason":     true,
	"violated and held":               true, "two violations": true,
}

func TestSchemaRefusesBadFiles(t *testing.T) {
	schema := resolved(t)
	src, err := os.ReadFile("testdata/bad.txt")
	require.NoError(t, err)
	refused := 0
	for _, part := range strings.Split("\n"+string(src), "\n== ")[1:] {
		name, rest, _ := strings.Cut(part, "\n")
		file, _, _ := strings.Cut(rest, "-- error\n")
		v, ok := parsed([]byte(file))
		if !ok {
			continue
		}
		if beyondSchema[name] {
			require.NoError(t, schema.Validate(v), name)
			continue
		}
		require.Error(t, schema.Validate(v), name)
		refused++
	}
	require.Greater(t, refused, 50)
}

func TestSchemaFileIsCurrent(t *testing.T) {
	if flag.Lookup("update").Value.String() == "true" {
		require.NoError(t, os.WriteFile(schemaFile, Schema(), 0o644))
	}
	got, err := os.ReadFile(schemaFile)
	require.NoError(t, err)
	require.Equal(t, string(Schema()), string(got), "run go generate ./scenarios/script")
	require.Equal(t, Schema(), Schema())
	require.True(t, json.Valid(got))
}

func TestSchemaDescribesEveryKey(t *testing.T) {
	var walk func(path string, s *jsonschema.Schema)
	walk = func(path string, s *jsonschema.Schema) {
		for key, p := range s.Properties {
			require.NotEmpty(t, p.Description, "%s.%s", path, key)
			walk(path+"."+key, p)
		}
		for _, of := range append(s.AnyOf, s.Items) {
			if of != nil {
				walk(path, of)
			}
		}
	}
	s := fileSchema()
	walk("", s)
	for name, d := range s.Defs {
		walk(name, d)
	}
	require.Equal(t, fileKeys, s.PropertyOrder)
	require.ElementsMatch(t, expectKeys, s.Defs["expectation"].PropertyOrder)
	require.ElementsMatch(t, append(entryKeys, repeatKeys[1:]...),
		append(s.Defs["entry"].AnyOf[0].PropertyOrder, s.Defs["entry"].AnyOf[1].PropertyOrder...))
}
