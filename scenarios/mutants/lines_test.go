package mutants

import (
	"bytes"
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"
)

func TestLinesThatStayKeepTheirNumbers(t *testing.T) {
	for _, c := range []struct{ old, new, want string }{
		{"a\nb\n", "a\nc\n", "a\nc\n"},
		{"a\nb\nc\n", "a\nc\n", "a\n\nc\n"},
		{"a\nb\nc\n", "a\n", "a\n\n\n"},
		{"a()\nb()\n", "a()\nx()\nb()\n", "a ( ) ; x ( )\nb()\n"},
		{"\tb()\n", "x()\n\tb()\n", "x ( ) ; b ( )\n"},
		{"b()\nc()\n", "if x { // why\n\ty()\n}\nc()\n", "if x { y ( ) ; }\nc()\n"},
		{"a\nb\nc\n", "a\nx\ny\nz\nc\n", "a\nx ; y ; z\nc\n"},
		{"a\nb\nB\nc\n", "a\nx\ny\nz\nc\n", "a\nx ; y\nz\nc\n"},
	} {
		require.Equal(t, c.want, keepLines(c.old, c.new), "%q becomes %q", c.old, c.new)
	}
}

func TestAFileInPlaceIsTheSameProgram(t *testing.T) {
	root := t.TempDir()
	in := func(text, edits string) string {
		require.NoError(t, os.WriteFile(filepath.Join(root, "a.go"), []byte(text), 0o666))
		m, err := Parse("x.mutant", []byte("about: a\nsource: b\nproperty: monotonic\n\n--- a.go\n"+edits))
		require.NoError(t, err)
		files, err := m.inPlace(root)
		require.NoError(t, err)
		return string(files["a.go"])
	}
	require.Equal(t, "package a\n\nvar x = 1\n", in("package a\nvar y = 0\nvar x = 1\n", "-var y = 0\n"))
	require.Equal(t, "package a\nvar y = 0 ; var z = 1\nvar x = 1\n", in("package a\nvar y = 0\nvar x = 1\n", " var y = 0\n+var z = 1\n"))
	// Within a string, a line more or less is another string.
	require.Equal(t, "package a\nvar y = `\n2\n`\n", in("package a\nvar y = `\n1\n2\n`\n", "-1\n"))
	require.Equal(t, "package a\nvar y = `\n1\n2\n`\n", in("package a\nvar y = `\n1\n`\n", " 1\n+2\n"))
	// A comment to the compiler has to stand on a line of its own.
	require.Equal(t, "package a\nvar y = 0\n//go:noinline\nfunc f() {}\n", in("package a\nvar y = 0\nfunc f() {}\n", " var y = 0\n+//go:noinline\n"))
}

func TestShippedMutantsAreInPlace(t *testing.T) {
	c, err := Open(".")
	require.NoError(t, err)
	all, err := c.Shipped()
	require.NoError(t, err)
	for _, m := range all {
		files, err := m.inPlace(c.Root)
		require.NoError(t, err)
		for file, text := range files {
			was, err := os.ReadFile(filepath.Join(c.Root, filepath.FromSlash(file)))
			require.NoError(t, err)
			require.Equal(t, bytes.Count(was, []byte("\n")), bytes.Count(text, []byte("\n")), "%s: %s", m.Name, file)
		}
	}
}
