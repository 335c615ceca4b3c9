package kv

import (
	"slices"
	"unsafe"
)

// content is the value of a key. It is written over in place until somebody has been given it: a store that is written to more than it is
// read from so allocates little.
type content struct {
	bytes []byte
	// lent says that bytes are somebody's string, and never change again.
	lent bool
}

// String returns it as a string, which stays as it is.
func (c *content) String() string {
	c.lent = true
	return unsafe.String(unsafe.SliceData(c.bytes), len(c.bytes))
}

// set makes it what b says. It keeps nothing of b.
func (c *content) set(b []byte) {
	// What was long does not keep its memory for what is short.
	if c.lent || cap(c.bytes) < len(b) || cap(c.bytes) > 2*len(b)+leastContent {
		*c = content{bytes: make([]byte, len(b))}
	}
	c.bytes = c.bytes[:len(b)]
	copy(c.bytes, b)
}

// leastContent is how much memory is not worth giving back.
const leastContent = 64

// add puts b at its end.
func (c *content) add(b []byte) {
	if c.lent {
		*c = content{bytes: slices.Concat(c.bytes, b)}
	} else {
		c.bytes = append(c.bytes, b...)
	}
}
