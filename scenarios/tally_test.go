package scenarios_test

import (
	"bufio"
	"encoding/binary"
	"fmt"
	"os"
	"path/filepath"
)

// stateTally writes the abstract states that a process reaches into a file of its own, each once. A nil one does nothing.
type stateTally struct {
	known map[uint64]bool
	to    *bufio.Writer
}

func newTally(folder string) *stateTally {
	if folder == "" {
		return nil
	}
	file, err := os.Create(filepath.Join(folder, fmt.Sprint(os.Getpid())))
	if err != nil {
		panic(err)
	}
	return &stateTally{known: map[uint64]bool{}, to: bufio.NewWriterSize(file, 8)}
}

// with is what takes a state for the tally, and for another.
func (c *stateTally) with(other func(uint64)) func(uint64) {
	if c == nil {
		return other
	}
	return func(s uint64) {
		if other != nil {
			other(s)
		}
		if !c.known[s] {
			c.known[s] = true
			_ = binary.Write(c.to, binary.LittleEndian, s)
		}
	}
}
