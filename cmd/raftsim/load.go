package main

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"syscall"

	"raftsim/scenarios"
	"raftsim/scenarios/script"
)

// load reads the files named, those of a folder among them, or all shipped ones. All that is wrong with any of them is said at once.
// A file that is named twice counts once.
func load(s streams, paths []string) ([]scenarios.File, error) {
	if len(paths) == 0 {
		return scenarios.Shipped()
	}
	var files []scenarios.File
	seen := map[string]bool{}
	bad := false
	if slices.Contains(paths, "") {
		return nil, errors.New("the name of a scenario file is empty")
	}
	for _, path := range withFolders(paths) {
		several, err := loadNamed(path)
		if err != nil {
			bad = true
			sayBadScenario(s, path, err)
			continue
		}
		for _, file := range several {
			if name := filepath.Clean(file.Path); !seen[name] {
				seen[name] = true
				files = append(files, file)
			}
		}
	}
	if bad {
		return nil, exit(exitUsage)
	}
	return files, nil
}

// withFolders puts the files of a folder that end in .yaml, in order, in its place.
func withFolders(paths []string) []string {
	var all []string
	for _, path := range paths {
		entries, _ := os.ReadDir(path) // of what is no folder there are none, and what cannot be read is told of where it is loaded
		some := false
		for _, e := range entries {
			if name := filepath.Join(path, e.Name()); filepath.Ext(name) == ".yaml" && !e.IsDir() {
				all, some = append(all, name), true
			}
		}
		if !some {
			all = append(all, path)
		}
	}
	return all
}

// loadNamed reads the one file of a name, or all of a shipped folder.
func loadNamed(path string) ([]scenarios.File, error) {
	file, err := scenarios.Load(path)
	if err == nil {
		return []scenarios.File{file}, nil
	}
	if _, missing := os.Lstat(path); errors.Is(missing, fs.ErrNotExist) {
		if folder := scenarios.ShippedIn(path); len(folder) > 0 {
			return folder, nil
		}
	}
	return nil, err
}

// loadOne is load for one file.
func loadOne(s streams, path string) (scenarios.File, error) {
	files, err := load(s, []string{path})
	if err != nil {
		return scenarios.File{}, err
	}
	if len(files) > 1 {
		s.sayf("raftsim: %s is a folder of %d scenarios: name one, such as %s\n", path, len(files), files[0].Short())
		return scenarios.File{}, exit(exitUsage)
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
		err = fmt.Errorf("%s is a folder, and no file in it ends in .yaml", path)
	}
	s.sayf("raftsim: %v\n", err)
}
