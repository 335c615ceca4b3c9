package concurrency

import (
	"iter"
	"runtime"
	"runtime/debug"
	"sync"        // want "import of sync: a world is one goroutine and shares nothing"
	"sync/atomic" // want "import of sync/atomic"
)

type counter struct {
	mu sync.Mutex
	n  atomic.Int64
	c  chan int // want "channel: the scheduler, not the seed, decides"
}

func (c *counter) run() {
	go c.run() // want "go statement"
	select {   // want "select: which ready case it takes differs"
	case <-c.c:
	default:
	}
	_ = runtime.NumCPU() // want "runtime.NumCPU"
	_ = debug.Stack()
}

func numbers() iter.Seq[int] {
	return func(yield func(int) bool) { defer recover(); yield(1) }
}
