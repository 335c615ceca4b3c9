package main

import (
	"os"
	"runtime/debug"
)

// A world's memory is small, and little of it outlives the world: to collect it as often as Go usually does takes a tenth to a third of
// all processor time. Beyond largeHeap bytes it is collected as often as it takes to stay below, at up to half of the processor time.
const (
	collectAt = 400
	largeHeap = 2 << 30
)

// collectSeldom sets the collector, unless GOGC or GOMEMLIMIT do.
func collectSeldom() {
	if os.Getenv("GOGC") == "" && os.Getenv("GOMEMLIMIT") == "" {
		debug.SetGCPercent(collectAt)
		debug.SetMemoryLimit(largeHeap)
	}
}
