package sim

import (
	"fmt"
	"time"

	"raftsim/raft"
)

// FailureKind says whose failure it was.
type FailureKind uint8

// Kinds of failure.
const (
	// FailurePanic: a process panicked.
	FailurePanic FailureKind = iota + 1
	// FailureHalt: a process gave up by [Env].Halt.
	FailureHalt
	// FailureBoot: a Boot returned an error.
	FailureBoot
	// FailureTestbed: a hook, a script's callback, a client or the simulator itself panicked;
	// this says nothing about the process under test.
	FailureTestbed
)

// String returns the kind in lower case.
func (k FailureKind) String() string {
	switch k {
	case FailurePanic:
		return "panic"
	case FailureHalt:
		return "halt"
	case FailureBoot:
		return "boot"
	case FailureTestbed:
		return "testbed"
	}
	return "failure?"
}

// Failure is what ended a world before its time.
type Failure struct {
	Kind FailureKind
	// Node is the node whose code failed, raft.None for FailureTestbed.
	Node raft.NodeID
	// Event is the event being handled, 0 when there was none, and At its time.
	Event EventID
	At    time.Duration
	// Value is what was panicked with.
	Value any
	// Err is the error of a halt or a boot.
	Err error
	// Stack is the panicking goroutine's, as text. It is not the same on every machine.
	Stack string
}

// Error returns one line.
func (f *Failure) Error() string {
	who := f.Node.String()
	var what string
	switch f.Kind {
	case FailurePanic:
		what = fmt.Sprintf("%s panicked: %v", who, f.Value)
	case FailureHalt:
		what = fmt.Sprintf("%s halted: %v", who, f.Err)
	case FailureBoot:
		what = fmt.Sprintf("%s cannot boot: %v", who, f.Err)
	default:
		what = fmt.Sprintf("the testbed panicked: %v", f.Value)
	}
	return fmt.Sprintf("%s (t=%v, event %d)", what, f.At, f.Event)
}

// Unwrap returns Err.
func (f *Failure) Unwrap() error { return f.Err }
