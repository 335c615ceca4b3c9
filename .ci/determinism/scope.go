package main

import "strings"

// scope says which files decide a run. Everything below its folders does, unless it is exempt, so that new
// code is judged from its first line. Test files are not: they run around worlds, not in them.
type scope struct {
	module  string // module path: import paths begin with it
	folders []folder
	exempt  []exemption
	third   []third
}

// folder is judged with all below it.
type folder struct {
	path string
	// sealed folders reach nothing outside of the process, neither files nor the environment.
	sealed bool
}

// exemption is a file, or a folder with all below it (its path ends in a slash), that is not judged.
type exemption struct{ path, why string }

func (e exemption) folder() bool { return strings.HasSuffix(e.path, "/") }

// third is a package of another module that judged files in a folder may import.
type third struct{ path, folder string }

// about is what the scope says of one file.
type about struct{ inside, sealed bool }

// about judges a path relative to the module's root.
func (s scope) about(name string) about {
	for _, e := range s.exempt {
		if e.path == name || e.folder() && strings.HasPrefix(name, e.path) {
			return about{}
		}
	}
	for _, f := range s.folders {
		if strings.HasPrefix(name, f.path+"/") {
			return about{inside: true, sealed: f.sealed}
		}
	}
	return about{}
}

// allowed says whether a judged file may import a package of another module.
func (s scope) allowed(name, path string) bool {
	for _, t := range s.third {
		if t.path == path && strings.HasPrefix(name, t.folder+"/") {
			return true
		}
	}
	return false
}

// product is the scope of this module (DESIGN §3.4).
var product = scope{
	module: "raftsim",
	folders: []folder{
		{path: "raft", sealed: true},
		{path: "sim", sealed: true},
		{path: "checker", sealed: true},
		{path: "scenarios"},
	},
	exempt: []exemption{
		{"raft/server/", "the real Env: wall clock, goroutines, files"},
		{"raft/raftpb/", "generated; only the real Env uses it"},
		{"scenarios/bench/", "measures worlds from outside, in CPU time"},
		{"scenarios/mutants/", "builds broken cores and runs them as programs of their own"},
		{"scenarios/live/", "plays with real nodes, which no seed decides"},
		{"scenarios/fuzz/", "plays many worlds, around them and on all processors"},
		{"scenarios/result.go", "says in words what a run was, once it is over"},
		{"scenarios/script/schema.go", "makes the schema for editors, which no run reads"},
	},
	third: []third{
		{"golang.org/x/exp/rand", "sim"},
		// Its goroutines search for the same answer, and the budget that ends the search counts steps of the model.
		{"github.com/anishathalye/porcupine", "checker"},
		{"go.yaml.in/yaml/v4", "scenarios/script"},
		{"go.yaml.in/yaml/v4/plugin/loaderlimits", "scenarios/script"},
	},
}
