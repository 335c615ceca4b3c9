//go:build mutated

package main

import (
	"errors"

	"github.com/spf13/cobra"
)

// liveCommand is what a raftsim with a deliberate fault has in its place: it is built often and played at once, and what real
// nodes want of it would take longer to build than all the rest.
func liveCommand(streams) *cobra.Command {
	return &cobra.Command{Use: "live FILE", Hidden: true, RunE: func(*cobra.Command, []string) error {
		return errors.New("a raftsim with a deliberate fault has no real nodes: the fault is in its own core")
	}}
}
