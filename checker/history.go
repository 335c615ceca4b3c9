package checker

import (
	"time"

	"raftsim/raft/kv"
)

// Operation is one operation of one client, as the client saw it.
type Operation struct {
	Client uint64
	Key    string
	Op     kv.Op
	// Value and Expect are those of the [kv.Request].
	Value, Expect string
	// Result is what came back, zero when Unknown. Only get and cas see anything.
	Result kv.Result
	// Call and Return bound the time within which the operation took effect, both
	// included. Return is without meaning when Unknown.
	Call, Return time.Duration
	// Unknown says that no answer came: the operation took effect at any time after Call, or never.
	Unknown bool
}

// History is what clients asked and what they were told. An operation begins with
// Call and ends with one of Return, Lost and Discard; what is said of it after its end is ignored.
// One that has no end is as good as lost. A History is for one goroutine; its zero value is empty.
type History struct {
	records []record
}

type record struct {
	Operation
	// order is the witness's place for the operation, 0 for none.
	order uint64
	fate  fate
}

// fate is how an operation ended.
type fate uint8

const (
	pending fate = iota
	returned
	lost
	discarded
)

// Call begins an operation and returns its handle. Handles count up from 0. It keeps
// nothing of r but its strings, and a value or an expectation only where the operation has any use for it.
func (h *History) Call(client uint64, r *kv.Request, at time.Duration) int {
	o := Operation{Client: client, Key: r.Key, Op: r.Op, Call: at, Unknown: true}
	switch r.Op {
	case kv.Put, kv.Append:
		o.Value = r.Value
	case kv.CAS:
		o.Value, o.Expect = r.Value, r.Expect
	}
	h.records = append(h.records, record{Operation: o})
	return len(h.records) - 1
}

// Return ends an operation with what it saw. A time before its Call counts as
// that of its Call. What an operation that sees nothing claims to have seen is dropped.
func (h *History) Return(handle int, seen kv.Result, at time.Duration) {
	r := &h.records[handle]
	if r.fate != pending {
		return
	}
	switch r.Op {
	case kv.Get:
		r.Result.Value = seen.Value
	case kv.CAS:
		r.Result = seen
	}
	r.fate, r.Unknown, r.Return = returned, false, max(at, r.Call)
}

// Lost ends an operation whose client stopped waiting: it may have taken effect, may do so later, or never.
func (h *History) Lost(handle int) { h.end(handle, lost) }

// Discard ends an operation that surely never takes effect, such as one that every node refused, or an append
// that the store refused ([kv.Refused]): it is no part of the history, and what it would have written explains nothing.
func (h *History) Discard(handle int) { h.end(handle, discarded) }

func (h *History) end(handle int, f fate) {
	if r := &h.records[handle]; r.fate == pending {
		r.fate = f
	}
}

// SetOrder tells where an operation took effect, such as the index of its entry in the log, counted from 1. Of several
// for one operation the lowest counts. It is a hint for [Linearizable], which believes
// nothing of it that it cannot verify.
func (h *History) SetOrder(handle int, index uint64) {
	if r := &h.records[handle]; r.order == 0 || index < r.order {
		r.order = index
	}
}

// Operations returns a copy of the history in the order of the calls' recording, without what was discarded.
func (h *History) Operations() []Operation {
	out := make([]Operation, 0, len(h.records))
	for i := range h.records {
		if h.records[i].fate != discarded {
			out = append(out, h.records[i].Operation)
		}
	}
	return out
}

// Len is the number of operations in the history, without what was discarded, and
// unknown is how many of them have no known outcome.
func (h *History) Len() (operations, unknown int) {
	for i := range h.records {
		if r := &h.records[i]; r.fate != discarded {
			operations++
			if r.Unknown {
				unknown++
			}
		}
	}
	return operations, unknown
}
