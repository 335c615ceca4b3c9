package main

import (
	"crypto/sha256"
	"encoding/hex"
	"io"
	"os"
	"runtime/debug"
	"strings"
	"sync"
)

// source names the program so that another one has another name: by its version where that is of a release or of a revision as
// it was committed. Otherwise, as in a worktree, with `go run` or with changes, it is the version and a sum of the executable, which
// is the same for whoever has the same file.
var source = sync.OnceValue(func() string {
	name := version()
	if info, ok := debug.ReadBuildInfo(); ok && tells(info) {
		return name
	}
	if sum := executableSum(); sum != "" {
		name += " " + sum
	}
	return name
})

// tells says whether the version that a build knows is that of one source only.
func tells(info *debug.BuildInfo) bool {
	revision := false
	for _, kv := range info.Settings {
		switch {
		case kv.Key == "vcs.revision":
			revision = kv.Value != ""
		case kv.Key == "vcs.modified" && kv.Value == "true":
			return false
		}
	}
	v := info.Main.Version
	return revision || v != "" && v != "(devel)" && !strings.Contains(v, "+dirty")
}

// executableSum is the beginning of the SHA-256 of this program's file, "" when that cannot be read.
func executableSum() string {
	path, err := os.Executable()
	if err != nil {
		return ""
	}
	f, err := os.Open(path)
	if err != nil {
		return ""
	}
	defer f.Close()
	h := sha256.New()
	if _, err := io.Copy(h, f); err != nil {
		return ""
	}
	return hex.EncodeToString(h.Sum(nil)[:6])
}
