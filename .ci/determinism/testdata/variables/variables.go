package variables

import (
	"errors"
	"flag"
	"hash/crc32"
	"regexp"
)

type box struct{ n int }

func (b *box) set(n int) { b.n = n }
func (b box) get() int   { return b.n }

var (
	errBad  = errors.New("bad")
	names   = [...]string{"a", "b"}
	table   = crc32.MakeTable(crc32.Castagnoli)
	squares [8]int
	cache   = map[string]int{}
	count   int
	list    []int
	shared  box
	pointer = &box{}
	later   struct{ box }
	pattern = regexp.MustCompile("^a+$")
	bump    = func() { count++ } // want "package variable count is assigned"
	_, _    = pointer, bump
)

func init() {
	for i := range squares {
		squares[i] = i * i
	}
}

func writes(v int) {
	count = v              // want "package variable count is assigned: worlds that run side by side would share it"
	count++                // want "package variable count is assigned"
	cache["a"] = v         // want "package variable cache is assigned"
	(squares)[0] = v       // want "package variable squares is assigned"
	shared.n, v = v, 1     // want "package variable shared is assigned"
	pointer.n = v          // want "package variable pointer is assigned"
	*pointer = box{}       // want "package variable pointer is assigned"
	delete(cache, "a")     // want "package variable cache is altered by delete"
	clear(cache)           // want "package variable cache is altered by clear"
	copy(squares[:], list) // want "package variable squares is altered by copy"
	list = append(list, v) // want "package variable list is assigned"
	p := &shared           // want "package variable shared is handed out by its address"
	p.set(v)
	shared.set(v)         // want "package variable shared is handed out by its address, to set"
	pointer.set(v)        // want "package variable pointer is handed out by its address, to set"
	_ = later.set         // want "package variable later is handed out by its address, to set"
	for count = range 3 { // want "package variable count is assigned"
	}
	flag.CommandLine = nil // want "package variable CommandLine is assigned"
	func() {
		errBad = nil // want "package variable errBad is assigned"
	}()
}

func reads() (int, error) {
	count := shared.get() + squares[1] + len(names[:]) + cache["a"] + pointer.get()
	if pattern.MatchString("a") {
		count++
	}
	box := box{}
	box.set(count)
	box.n = 2
	_ = crc32.Update(0, table, nil)
	return count, errBad
}
