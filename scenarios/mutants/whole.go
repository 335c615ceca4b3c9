package mutants

import (
	"context"
	"encoding/json"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"
)

// workshop is where a mutant is built: a folder that is taken away afterwards.
type workshop struct {
	*Checkout
	mutant  *Mutant
	dir     string
	mutated map[string][]byte
}

// named is the linker's flag that makes a raftsim know which mutant it is.
func (w *workshop) named() string { return "main.mutated=" + w.mutant.Name }

// whole builds the mutant as any other program: what imports an altered package is compiled as well.
func (w *workshop) whole(ctx context.Context, made string) error {
	overlay, err := w.overlay()
	if err != nil {
		return err
	}
	_, err = w.goOutput(ctx, "build", "-tags", tag, "-pgo=off", "-overlay", overlay, "-buildvcs=false", "-o", made,
		"-ldflags", "-s -w -X "+w.named(), command)
	return err
}

// overlay writes the altered files into the folder, and beside them what tells the Go tool where they belong.
func (w *workshop) overlay() (string, error) {
	replace := map[string]string{}
	for k, file := range slices.Sorted(maps.Keys(w.mutated)) {
		at := filepath.Join(w.dir, fmt.Sprintf("%d-%s", k, filepath.Base(file)))
		if err := os.WriteFile(at, w.mutated[file], 0o666); err != nil {
			return "", err
		}
		replace[filepath.Join(w.Root, filepath.FromSlash(file))] = at
	}
	text, err := json.Marshal(map[string]any{"Replace": replace})
	if err != nil {
		return "", err
	}
	at := filepath.Join(w.dir, "overlay.json")
	return at, os.WriteFile(at, text, 0o666)
}
