package kv

import (
	"encoding/binary"
	"errors"
	"fmt"
	"math/bits"
)

// Limits of a request, in bytes. They bound what one request carries; append
// may build a longer value out of many.
const (
	MaxKey   = 1 << 10
	MaxValue = 1 << 20
)

// MaxAppended is how long a value append makes at most, in bytes: one that still goes into an answer, so that whatever is
// stored can be read. Replicas have to agree on it, so it is no setting; with another one a log means other values.
const MaxAppended = 8<<20 - 64<<10

// A command is what stands in the log: an encoded request, or a leader's expiry of sessions.
//
//	1 byte    version in the high four bits, operation in the low four
//	uvarint   time
//
// A request goes on with
//
//	uvarint   session: twice the one a client chose; twice what one that was given out
//	          is above FirstOpened, and 1                                    (not open)
//	uvarint   seq
//	uvarint   length of the key, then the key                                (not open)
//	uvarint   length of expect, then expect                                  (cas only)
//	the rest  value                                                          (put, append and cas only)
//
// and an expiry with
//
//	uvarint   how long before time the horizon is
//	uvarint   how many sessions to keep
//
// Everything has exactly one encoding: varints are of the shortest form, and
// nothing may follow what the operation needs.
const (
	version      = 2
	versionShift = 4
	opMask       = 1<<versionShift - 1
)

// Validate tells why no store would take the request: a seq of 0, an unknown operation, a session of 0, a key that
// is empty or above [MaxKey], a value or expected value above [MaxValue], or one of these where the operation has none.
func (r *Request) Validate() error {
	switch {
	case r.Op < Get || r.Op > Open:
		return fmt.Errorf("kv: operation %d is unknown, want %d (get) to %d (open)", r.Op, Get, Open)
	case r.Seq == 0:
		return errors.New("kv: seq is 0, operations of a session are numbered from 1")
	case r.Op == Open:
		if r.Session != 0 || r.Key != "" || r.Value != "" || r.Expect != "" {
			return errors.New("kv: open takes no session, key or value")
		}
	case r.Session == 0:
		return errors.New("kv: session is 0, sessions are numbered from 1")
	case r.Key == "":
		return errors.New("kv: key is empty")
	case len(r.Key) > MaxKey:
		return fmt.Errorf("kv: key has %d bytes, at most %d are allowed", len(r.Key), MaxKey)
	case len(r.Value) > MaxValue:
		return fmt.Errorf("kv: value has %d bytes, at most %d are allowed", len(r.Value), MaxValue)
	case len(r.Expect) > MaxValue:
		return fmt.Errorf("kv: expected value has %d bytes, at most %d are allowed", len(r.Expect), MaxValue)
	case r.Value != "" && !r.Op.hasValue():
		return fmt.Errorf("kv: %v takes no value", r.Op)
	case r.Expect != "" && r.Op != CAS:
		return fmt.Errorf("kv: %v takes no expected value", r.Op)
	}
	return nil
}

func (o Op) hasValue() bool { return o == Put || o == Append || o == CAS }

// MaxOverhead is how many bytes a command takes at most beside the strings of its request.
const MaxOverhead = 1 + 5*binary.MaxVarintLen64

// Encode appends the request's command to dst and returns it, as append does; now is the clock of the leader that
// proposes it. It keeps nothing of r. The request must pass [Request.Validate]; what Encode makes of
// another one does not decode, or not to the same.
func Encode(dst []byte, r *Request, now Time) []byte {
	dst = append(dst, version<<versionShift|byte(r.Op)&opMask)
	dst = binary.AppendUvarint(dst, uint64(now))
	if r.Op == Open {
		return binary.AppendUvarint(dst, r.Seq)
	}
	// What is above FirstOpened has its high bit moved to where it costs nothing.
	dst = binary.AppendUvarint(dst, bits.RotateLeft64(uint64(r.Session), 1))
	dst = binary.AppendUvarint(dst, r.Seq)
	dst = binary.AppendUvarint(dst, uint64(len(r.Key)))
	dst = append(dst, r.Key...)
	if r.Op == CAS {
		dst = binary.AppendUvarint(dst, uint64(len(r.Expect)))
		dst = append(dst, r.Expect...)
	}
	if r.Op.hasValue() {
		dst = append(dst, r.Value...)
	}
	return dst
}

// EncodeExpiry appends a leader's command to let sessions expire, as [Encode] does for a request. A horizon
// after now counts as now.
func EncodeExpiry(dst []byte, e Expiry, now Time) []byte {
	dst = append(dst, version<<versionShift|byte(Expire))
	dst = binary.AppendUvarint(dst, uint64(now))
	dst = binary.AppendUvarint(dst, uint64(now-min(e.Horizon, now)))
	return binary.AppendUvarint(dst, e.Keep)
}

// Command is what [Decode] finds in a command.
type Command struct {
	// Time is the clock of the leader that proposed it.
	Time Time
	// Request is what a client asked for. Its Op is [Expire], and all else of it zero, when no client did.
	Request Request
	// Expiry is what a leader asked for.
	Expiry Expiry
}

// Decode reads a command back. It takes any bytes: what is not the encoding of a valid
// request or of an expiry is an error that says where. What it returns keeps nothing of data.
func Decode(data []byte) (Command, error) {
	var c command
	if err := c.parse(data); err != nil {
		return Command{}, err
	}
	return Command{Time: c.time, Expiry: c.expiry, Request: Request{
		Session: c.session, Seq: c.seq, Op: c.op,
		Key: string(c.key), Value: string(c.value), Expect: string(c.expect),
	}}, nil
}

// command is a Command whose strings are still where they were encoded.
type command struct {
	time               Time
	session            SessionID
	seq                uint64
	op                 Op
	key, value, expect []byte
	expiry             Expiry
}

// parse reads data into c, which is zero before; its slices then share its memory.
func (c *command) parse(data []byte) error {
	if len(data) == 0 {
		return errors.New("kv: command is empty")
	}
	if v := data[0] >> versionShift; v != version {
		return fmt.Errorf("kv: command has version %d, want %d", v, version)
	}
	c.op = Op(data[0] & opMask)
	if c.op < Get || c.op > Expire {
		return fmt.Errorf("kv: command has unknown operation %d", c.op)
	}
	now, at, ok := uvarint(data, 1)
	if !ok {
		return malformed("time", at)
	}
	c.time = Time(now)
	if c.op == Expire {
		return c.parseExpiry(data, at)
	}
	if c.op != Open {
		var session uint64
		if session, at, ok = uvarint(data, at); !ok || session == 0 {
			return malformed("session", at)
		}
		c.session = SessionID(bits.RotateLeft64(session, -1))
	}
	if c.seq, at, ok = uvarint(data, at); !ok || c.seq == 0 {
		return malformed("seq", at)
	}
	if c.op != Open {
		if c.key, at, ok = bytesAt(data, at, MaxKey); !ok || len(c.key) == 0 {
			return malformed("key", at)
		}
	}
	if c.op == CAS {
		if c.expect, at, ok = bytesAt(data, at, MaxValue); !ok {
			return malformed("expected value", at)
		}
	}
	switch rest := data[at:]; {
	case len(rest) == 0:
	case !c.op.hasValue():
		return tooMuch(len(rest), at)
	case len(rest) > MaxValue:
		return fmt.Errorf("kv: command has a value of %d bytes, at most %d are allowed", len(rest), MaxValue)
	default:
		c.value = rest
	}
	return nil
}

// parseExpiry reads on at data[at:], after the time.
func (c *command) parseExpiry(data []byte, at int) error {
	age, at, ok := uvarint(data, at)
	if !ok || age > uint64(c.time) {
		return malformed("horizon", at)
	}
	c.expiry.Horizon = c.time - Time(age)
	if c.expiry.Keep, at, ok = uvarint(data, at); !ok {
		return malformed("number of sessions", at)
	}
	if at < len(data) {
		return tooMuch(len(data)-at, at)
	}
	return nil
}

func tooMuch(n, at int) error {
	return fmt.Errorf("kv: command has %d bytes too many, from byte %d", n, at)
}

func malformed(what string, at int) error {
	return fmt.Errorf("kv: command has no valid %s at byte %d", what, at)
}

// uvarint reads a number of the shortest form at data[at:]. On failure it returns at as it was.
func uvarint(data []byte, at int) (v uint64, next int, ok bool) {
	if at < len(data) && data[at] < 0x80 {
		return uint64(data[at]), at + 1, true
	}
	// Not by way of binary.Uvarint, which knows no shortest form and asks of each byte what only the tenth is asked.
	for k, shift := at, uint(0); k < len(data) && shift < 63; k, shift = k+1, shift+7 {
		b := data[k]
		if b >= 0x80 {
			v |= uint64(b&0x7f) << shift
			continue
		}
		if b == 0 && k > at {
			return 0, at, false // a last byte of 0 adds nothing: a shorter form of the same number exists
		}
		return v | uint64(b)<<shift, k + 1, true
	}
	if end := at + binary.MaxVarintLen64; end <= len(data) && data[end-1] == 1 {
		return v | 1<<63, end, true // one bit is left for a tenth byte
	}
	return 0, at, false
}

// bytesAt reads a length of at most limit and as many bytes. On failure it returns at as it was.
func bytesAt(data []byte, at, limit int) (b []byte, next int, ok bool) {
	n, start, ok := uvarint(data, at)
	if !ok || n > uint64(limit) || n > uint64(len(data)-start) {
		return nil, at, false
	}
	end := start + int(n)
	return data[start:end:end], end, true
}
