package scenarios

import (
	"embed"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path"
	"strings"

	"raftsim/scenarios/script"
)

// shipped holds the files that come with the product.
//
//go:embed *.yaml
var shipped embed.FS

// folder is where the shipped files stand in the source tree, and how they are named.
const folder = "scenarios/"

// File is a scenario file that was read and found sound.
type File struct {
	// Path is the path as it was typed, or "scenarios/x.yaml" for a shipped file.
	Path     string
	Scenario *script.Scenario
	// Source is the file's text, not to be altered.
	Source []byte
}

// Shipped returns the scenarios that come with the product, sorted by path.
func Shipped() ([]File, error) {
	entries, err := shipped.ReadDir(".")
	if err != nil {
		return nil, err
	}
	files := make([]File, len(entries))
	for i, e := range entries {
		source, err := shipped.ReadFile(e.Name())
		if err != nil {
			return nil, err
		}
		if files[i], err = Parse(folder+e.Name(), source); err != nil {
			return nil, err
		}
	}
	return files, nil
}

// Load reads the scenario file at a path. When there is no such file, a shipped one of that path or name is
// taken: "scenarios/x.yaml", "x.yaml" and "x" all mean the same. The error is a
// [script.Errors] when the file was read but is no sound scenario.
func Load(name string) (File, error) {
	source, err := readFile(name)
	if errors.Is(err, fs.ErrNotExist) {
		base := strings.TrimSuffix(strings.TrimPrefix(path.Clean(name), folder), ".yaml") + ".yaml"
		if inside, e := shipped.ReadFile(base); e == nil {
			return Parse(folder+base, inside)
		}
		return File{}, fmt.Errorf("%s: no such file, and no shipped scenario of that name: %s", name, strings.Join(shippedNames(), ", "))
	}
	if err != nil {
		return File{}, err
	}
	return Parse(name, source)
}

// Parse reads a scenario from its text; name is what messages call it. The error is a [script.Errors].
// It keeps source.
func Parse(name string, source []byte) (File, error) {
	sc, err := script.Read(name, source)
	if err != nil {
		return File{}, err
	}
	return File{Path: name, Scenario: sc, Source: source}, nil
}

// readFile reads a file, but not one without end: a byte more than a scenario may have is
// enough to have it refused.
func readFile(name string) ([]byte, error) {
	f, err := os.Open(name)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	return io.ReadAll(io.LimitReader(f, maxSource))
}

// maxSource bounds what is read of a file; a scenario of that length is refused as too long.
const maxSource = 16 << 20

func shippedNames() []string {
	entries, _ := shipped.ReadDir(".")
	names := make([]string, len(entries))
	for i, e := range entries {
		names[i] = strings.TrimSuffix(e.Name(), ".yaml")
	}
	return names
}
