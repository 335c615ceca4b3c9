package main

import (
	"os"
	"runtime/debug"
)

// A world's memory is small, and little of it outlives the world: to collect it as often as Go usually does takes a tenth to a third of
// all processor time. Worlds that are not small are collected as usual from largeHeap bytes on.
const (
	collectAt = 400
	largeHeap = 2 << 30
)

// collectSeldom sets the collector, unless GOGC and GOMEMLIMIT do.
func collectSeldom() {
	if os.Getenv("GOGC") == "" {
		debug.SetGCPercent(collectAt)
	}
	if os.Getenv("GOMEMLIMIT") == "" {
		debug.SetMemoryLimit(largeHeap)
	}
}
