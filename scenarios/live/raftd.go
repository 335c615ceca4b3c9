package live

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"

	"raftsim/scenarios/mutants"
)

// FindRaftd returns the program of a node: what lies beside this one, else what the checkout that the working folder belongs to
// builds, into dir, else what is in PATH.
func FindRaftd(ctx context.Context, dir string) (string, error) {
	name := "raftd"
	if runtime.GOOS == "windows" {
		name += ".exe"
	}
	if self, err := os.Executable(); err == nil {
		beside := filepath.Join(filepath.Dir(self), name)
		if st, err := os.Stat(beside); err == nil && st.Mode().IsRegular() {
			return beside, nil
		}
	}
	if checkout, err := mutants.Open("."); err == nil {
		return build(ctx, checkout.Root, filepath.Join(dir, name))
	}
	if path, err := exec.LookPath(name); err == nil {
		return path, nil
	}
	return "", errors.New("there is no raftd beside raftsim, nor in PATH: build it with go build -o bin/ ./cmd/..., or say where it is with --raftd")
}

// build builds the program of a node from the checkout.
func build(ctx context.Context, root, path string) (string, error) {
	path, err := filepath.Abs(path)
	if err != nil {
		return "", err
	}
	cmd := exec.CommandContext(ctx, "go", "build", "-o", path, "./cmd/raftd")
	cmd.Dir = root
	if out, err := cmd.CombinedOutput(); err != nil {
		if ctx.Err() != nil {
			return "", ctx.Err()
		}
		return "", fmt.Errorf("raftd cannot be built from %s: %w\n%s", root, err, out)
	}
	return path, nil
}
