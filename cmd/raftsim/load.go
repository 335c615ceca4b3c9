package main

import (
	"errors"
	"fmt"
	"path/filepath"
	"syscall"

	"raftsim/scenarios"
	"raftsim/scenarios/script"
)

// load reads the files named, or all shipped ones. All that is wrong with any of them is said at once.
// A file that is named twice counts once.
func load(s streams, paths []string) ([]scenarios.File, error) {
	if len(paths) == 0 {
		return scenarios.Shipped()
	}
	var files []scenarios.File
	seen := map[string]bool{}
	bad := false
	for _, path := range paths {
		if path == "" {
			return nil, errors.New("the name of a scenario file is empty")
		}
		file, err := scenarios.Load(path)
		if err != nil {
			bad = true
			sayBadScenario(s, path, err)
			continue
		}
		if name := filepath.Clean(file.Path); !seen[name] {
			seen[name] = true
			files = append(files, file)
		}
	}
	if bad {
		return nil, exit(exitUsage)
	}
	return files, nil
}

// loadOne is load for one file.
func loadOne(s streams, path string) (scenarios.File, error) {
	files, err := load(s, []string{path})
	if err != nil {
		return scenarios.File{}, err
	}
	return files[0], nil
}

// sayBadScenario prints why a file is no scenario.
func sayBadScenario(s streams, path string, err error) {
	var errs script.Errors
	switch {
	case errors.As(err, &errs):
		s.sayf("%v\n", errs)
		return
	case errors.Is(err, syscall.EISDIR):
		err = fmt.Errorf("%s is a folder; name the files in it, such as %s", path, filepath.Join(path, "*.yaml"))
	}
	s.sayf("raftsim: %v\n", err)
}
