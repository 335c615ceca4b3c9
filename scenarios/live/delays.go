package live

import (
	"sync"
	"time"
)

// delays is how long it takes until something is done to a node, such as to start it, counted from when that is asked for.
type delays struct {
	mu   sync.Mutex
	last int
	// open are those that are not done yet, by number.
	open map[int]time.Time
	// long is how long the longest took that is.
	long time.Duration
}

// begin notes that something is asked for, and returns what is to be told when it is done, and when that is.
func (d *delays) begin(now time.Time) (done func(now time.Time)) {
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.open == nil {
		d.open = make(map[int]time.Time)
	}
	d.last++
	k := d.last
	d.open[k] = now
	return func(now time.Time) {
		d.mu.Lock()
		defer d.mu.Unlock()
		d.long = max(d.long, now.Sub(d.open[k]))
		delete(d.open, k)
	}
}

// longest is how long any took, or takes up to now.
func (d *delays) longest(now time.Time) time.Duration {
	d.mu.Lock()
	defer d.mu.Unlock()
	long := d.long
	for _, began := range d.open {
		long = max(long, now.Sub(began))
	}
	return long
}
