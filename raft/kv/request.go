package kv

// SessionID names a client's session. There are two kinds. Those below [FirstOpened] are for clients to choose, each of them
// once; they start at 1. The others are given out by the store, to who asks with [Open]: no identifier is given out twice.
type SessionID uint64

// FirstOpened is where the identifiers begin that the store gives out. One of them is FirstOpened and the index of
// the entry that opened it.
const FirstOpened SessionID = 1 << 63

// Op is what a request asks of the store.
type Op uint8

// Operations of the store.
const (
	Get Op = iota + 1
	Put
	Append
	CAS
	Delete
	// Open opens a session. It has no session, key or value; its Seq only tells its answer from others. Sent twice it
	// opens two sessions, of which the one that nobody uses expires.
	Open
	// Expire is no operation of clients: a leader asks for it, see [Expiry].
	Expire
)

// String returns the operation in lower case, as scenario files and histories write it.
func (o Op) String() string {
	switch o {
	case Get:
		return "get"
	case Put:
		return "put"
	case Append:
		return "append"
	case CAS:
		return "cas"
	case Delete:
		return "delete"
	case Open:
		return "open"
	case Expire:
		return "expire"
	}
	return "unknown"
}

// Request is one operation of one client. Session and Seq name it: the same
// pair sent again is the same operation and takes effect once (Raft
// dissertation §6.3). A session's Seq starts at 1 and grows by one for each new operation.
type Request struct {
	Session SessionID
	Seq     uint64
	Op      Op
	Key     string
	// Value is what put writes, append adds, and cas writes when Expect holds.
	Value string
	// Expect is the value cas demands; "" is a key that is not there.
	Expect string
}

// Result is what an operation saw. Value is the key's value for get ("" when
// the key is not there), and the value before the operation for cas, whose
// Swapped says whether it wrote. Refused is of an append that wrote nothing, since the value would
// have come to more than [MaxAppended] bytes. Other operations leave all zero.
type Result struct {
	Value   string
	Swapped bool
	Refused bool
}

// Status is how the request of an operation that was executed ends: [Refused] or [OK].
func (r *Result) Status() Status {
	if r.Refused {
		return Refused
	}
	return OK
}

// Status says how a request ended.
type Status uint8

// How a request ends.
const (
	// OK: the operation took effect, once; Result holds.
	OK Status = iota + 1
	// NotLeader: the node did nothing; Response.Leader may know better.
	NotLeader
	// Unknown: the node proposed the operation and lost it; it may or may not take effect.
	Unknown
	// Invalid: the request cannot be carried out by anyone; see [Request.Validate].
	Invalid
	// Busy: the node did nothing, and may be able to when the same request is sent to it again later.
	Busy
	// Expired: the store does not know the session, or does no longer. This request took no effect; whether the
	// same one did before, nobody can tell any more. The client has to open another session.
	Expired
	// Refused: the operation was executed, once, and wrote nothing; see [Result].Refused. Sent again it gets the same answer.
	Refused
)

// String returns the status in lower case.
func (s Status) String() string {
	switch s {
	case OK:
		return "ok"
	case NotLeader:
		return "not-leader"
	case Unknown:
		return "unknown"
	case Invalid:
		return "invalid"
	case Busy:
		return "busy"
	case Expired:
		return "expired"
	case Refused:
		return "refused"
	}
	return "status?"
}
