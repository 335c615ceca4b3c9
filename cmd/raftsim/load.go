package main

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"raftsim/scenarios"
	"raftsim/scenarios/script"
)

// load reads the files named, those of a folder among them, or all shipped ones. All that is wrong with any of them is said at once.
// A file that is named twice counts once.
func load(s streams, paths []string) ([]scenarios.File, error) {
	if len(paths) == 0 {
		return scenarios.Shipped()
	}
	if slices.Contains(paths, "") {
		return nil, errors.New("the name of a scenario file is empty")
	}
	var files []scenarios.File
	seen := map[string]bool{}
	bad := false
	for _, path := range paths {
		several, ok := loadNamed(s, path)
		bad = bad || !ok
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

// loadNamed reads the one file of a name, or all of a folder. It says what is wrong with any, and returns whether nothing is.
func loadNamed(s streams, path string) ([]scenarios.File, bool) {
	file, err := scenarios.Load(path)
	if err == nil {
		return []scenarios.File{file}, true
	}
	info, missing := os.Stat(path)
	switch {
	case missing == nil && info.IsDir():
		return loadFolder(s, path)
	case errors.Is(missing, fs.ErrNotExist):
		if _, dangling := os.Lstat(path); dangling == nil {
			break
		}
		if folder := scenarios.ShippedIn(path); len(folder) > 0 {
			return folder, true
		}
	}
	sayBadScenario(s, err)
	return nil, false
}

// loadFolder reads the files of a folder that end in .yaml, but hidden ones, in the order of their names.
func loadFolder(s streams, path string) (files []scenarios.File, ok bool) {
	entries, err := os.ReadDir(path)
	if err != nil {
		sayBadScenario(s, err)
		return nil, false
	}
	ok = true
	for _, e := range entries {
		if strings.HasPrefix(e.Name(), ".") || filepath.Ext(e.Name()) != ".yaml" {
			continue
		}
		name := filepath.Join(path, e.Name())
		if strings.HasPrefix(name, "-") {
			name = "." + string(filepath.Separator) + name // or it would be a flag where it is replayed
		}
		info, err := os.Stat(name) // before it can be taken for the name of a shipped one
		if err == nil && info.IsDir() {
			continue
		}
		var file scenarios.File
		if err == nil {
			file, err = scenarios.Load(name)
		}
		if err != nil {
			sayBadScenario(s, err)
			ok = false
			continue
		}
		files = append(files, file)
	}
	if ok && len(files) == 0 {
		sayBadScenario(s, fmt.Errorf("%s is a folder, and no file in it ends in .yaml", path))
		ok = false
	}
	return files, ok
}

// loadOne is load for one file.
func loadOne(s streams, path string) (scenarios.File, error) {
	files, err := load(s, []string{path})
	if err != nil {
		return scenarios.File{}, err
	}
	if len(files) > 1 {
		one := files[0].Path
		if _, err := os.Stat(one); err != nil { // it is a shipped one
			one = files[0].Short()
		}
		s.sayf("raftsim: %s is a folder of %d scenarios: name one, such as %s\n", path, len(files), one)
		return scenarios.File{}, exit(exitUsage)
	}
	return files[0], nil
}

// sayBadScenario prints why a file is no scenario.
func sayBadScenario(s streams, err error) {
	var errs script.Errors
	if errors.As(err, &errs) {
		s.sayf("%v\n", errs)
		return
	}
	s.sayf("raftsim: %v\n", err)
}
