package scenarios

import (
	"embed"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path"
	"slices"
	"strings"

	"raftsim/scenarios/draw"
	"raftsim/scenarios/script"
)

// shipped holds the files that come with the product: the top level's, a folder for each source of published tests, and in
// a folder of its own the world of fault hunting.
//
//go:embed *.yaml */*.yaml
var shipped embed.FS

// Chaos is the name under which [Load] finds the standard world of fault hunting, which is not among the shipped scenarios.
const Chaos = "chaos-5"

// Names under which [Load] finds the worlds that are drawn from the seed; see [draw.World] and [draw.Priority].
const (
	Fuzz         = "fuzz"
	FuzzPriority = "fuzz-priority"
)

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
	// Source is the file's text, not to be altered; nil where the scenario is drawn.
	Source []byte
	// Draw makes the scenario that is played with a seed, always the same for the same seed, where it is not Scenario; nil otherwise.
	// Scenario is then what can be said of all of them: a name, and the seeds of a sweep.
	Draw func(seed uint64) *script.Scenario
}

// With returns the scenario that is played with a seed. It is not to be altered.
func (f File) With(seed uint64) *script.Scenario {
	if f.Draw != nil {
		return f.Draw(seed)
	}
	return f.Scenario
}

// Short is what a shipped file is called among others, and what [Load] finds it by: "leader-failure",
// "mit-6.5840/3a-initial-election". Any other file has its path without its extension.
func (f File) Short() string {
	return strings.TrimSuffix(strings.TrimPrefix(f.Path, folder), extension)
}

// Shipped returns the scenarios that come with the product: those of the top level, then those of each folder, each
// sorted by name.
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
// taken, or [Chaos]: "scenarios/x.yaml", "x.yaml" and "x" all mean the same, and so do "scenarios/lab/x.yaml" and
// "lab/x". A file of a folder is found without its folder where only one has that name, and by what its scenario is called. [Fuzz] and
// [FuzzPriority] are no files, whatever lies there of that name: their scenarios are drawn from the seed. [FuzzTimeouts] and [FuzzFaults] with
// their bytes are none either, and a file that a Go fuzz test of theirs has written is one. The error is a [script.Errors] when the file was
// read but is no sound scenario.
func Load(name string) (File, error) {
	switch name {
	case Fuzz:
		return File{Path: name, Scenario: draw.All(name), Draw: draw.World}, nil
	case FuzzPriority:
		return File{Path: name, Scenario: draw.All(name), Draw: draw.Priority}, nil
	}
	if f, ok, err := loadSchedule(name); ok {
		return f, err
	}
	source, err := readFile(name)
	if err == nil && strings.HasPrefix(string(source[:min(len(source), len(corpusHead))]), corpusHead) {
		return parseCorpus(name, source)
	}
	if err == nil && strings.HasPrefix(string(source[:min(len(source), len(traceForm))]), traceForm) {
		return File{}, fmt.Errorf("%s: this is the trace of a run, and not a scenario: raftsim replay and raftsim shrink take it", name)
	}
	if err == nil {
		return Parse(name, source)
	}
	if !errors.Is(err, fs.ErrNotExist) {
		return File{}, err
	}
	base, err := meant(name, shippedNames())
	if err != nil {
		if f, ok := called(name); ok {
			return f, nil
		}
		return File{}, err
	}
	if source, err = shipped.ReadFile(base); err != nil {
		return File{}, err
	}
	return Parse(folder+base, source)
}

// called is the shipped file whose scenario has a name: tables show that, "mit-3a-initial-election", and not the file's.
func called(name string) (File, bool) {
	files, err := Shipped()
	if k := slices.IndexFunc(files, func(f File) bool { return f.Scenario.Name == name }); err == nil && k >= 0 {
		return files[k], true
	}
	return File{}, false
}

// ShippedIn returns the scenarios of a folder that come with the product, as "mit-6.5840" or "scenarios/mit-6.5840/"; none where there is no
// such folder.
func ShippedIn(name string) []File {
	name = strings.TrimPrefix(path.Clean(name), folder)
	files, err := Shipped()
	if err != nil || name == "." { // an error there is none: the files are in the program, and a test reads them all
		return nil
	}
	return slices.DeleteFunc(files, func(f File) bool { return path.Dir(f.Short()) != name })
}

// meant is the file, as it is embedded, that a name means among the short names of those shipped.
func meant(name string, names []string) (string, error) {
	short := strings.TrimSuffix(strings.TrimPrefix(path.Clean(name), folder), extension)
	if short == Chaos || short == chaosFolder+Chaos {
		return chaosFolder + Chaos + extension, nil
	}
	if slices.Contains(names, short) {
		return short + extension, nil
	}
	var found []string
	for _, n := range names {
		if path.Base(n) == short {
			found = append(found, n)
		}
	}
	switch len(found) {
	case 1:
		return found[0] + extension, nil
	case 0:
		return "", fmt.Errorf("%s: no such file, and no shipped scenario of that name%s", name, instead(short, names))
	}
	return "", fmt.Errorf("%s: no such file, and several shipped scenarios of that name: %s", name, strings.Join(found, ", "))
}

// instead says what may have been meant by a short name that no shipped scenario has, or what there is.
func instead(short string, names []string) string {
	var top, known []string
	for _, n := range names {
		if dir := path.Dir(n); dir == "." {
			top = append(top, n)
		} else if !slices.Contains(known, dir) {
			known = append(known, dir) // first: the folder is meant rather than its first file
		}
	}
	for _, n := range names {
		known = append(known, n, path.Base(n))
	}
	if near := script.Nearest(short, known); near != "" {
		return ": did you mean " + near + "?"
	}
	return "; there are\n" + script.Lines(top) + "and those of mit-6.5840/ and regressions/"
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

// shippedNames are the short names of the shipped files, in the order of [Shipped].
func shippedNames() []string {
	names := yamlsIn(".")
	entries, _ := shipped.ReadDir(".") // it is in the program
	for _, e := range entries {
		if e.IsDir() && e.Name()+"/" != chaosFolder {
			names = append(names, yamlsIn(e.Name())...)
		}
	}
	return names
}

func yamlsIn(dir string) []string {
	entries, _ := shipped.ReadDir(dir)
	var names []string
	for _, e := range entries {
		if !e.IsDir() {
			names = append(names, path.Join(dir, strings.TrimSuffix(e.Name(), extension)))
		}
	}
	slices.Sort(names) // the extension counts in the directory's order
	return names
}
