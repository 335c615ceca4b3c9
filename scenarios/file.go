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

// shipped holds the files that come with the product, and in its folder the world of fault hunting.
//
//go:embed *.yaml bench/chaos-5.yaml
var shipped embed.FS

// Chaos is the name under which [Load] finds the standard world of fault hunting, which is not among the shipped scenarios.
const Chaos = "chaos-5"

// folder is where the shipped files stand in the source tree, and how they are named; chaosFolder is within it.
const (
	folder      = "scenarios/"
	chaosFolder = "bench/"
	extension   = ".yaml"
)

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
	var files []File
	for _, name := range shippedNames() {
		name += extension
		source, err := shipped.ReadFile(name)
		if err != nil {
			return nil, err
		}
		file, err := Parse(folder+name, source)
		if err != nil {
			return nil, err
		}
		files = append(files, file)
	}
	return files, nil
}

// Load reads the scenario file at a path. When there is no such file, a shipped one of that path or name is
// taken, or [Chaos]: "scenarios/x.yaml", "x.yaml" and "x" all mean the same. The error is a
// [script.Errors] when the file was read but is no sound scenario.
func Load(name string) (File, error) {
	source, err := readFile(name)
	if errors.Is(err, fs.ErrNotExist) {
		base := strings.TrimSuffix(strings.TrimPrefix(path.Clean(name), folder), extension) + extension
		if base == Chaos+extension {
			base = chaosFolder + base
		}
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
	entries, _ := shipped.ReadDir(".") // it is in the program
	var names []string
	for _, e := range entries {
		if !e.IsDir() {
			names = append(names, strings.TrimSuffix(e.Name(), extension))
		}
	}
	return names
}
