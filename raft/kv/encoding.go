package kv

import (
	"encoding/binary"
	"errors"
	"fmt"
)

// Limits of a request, in bytes. They bound what one request carries; append
// may build a longer value out of many.
const (
	MaxKey   = 1 << 10
	MaxValue = 1 << 20
)

// A command is an encoded request, as it stands in the log:
//
//	1 byte    version in the high four bits, operation in the low four
//	uvarint   session
//	uvarint   seq
//	uvarint   length of the key, then the key
//	uvarint   length of expect, then expect     (cas only)
//	the rest  value                             (put, append and cas only)
//
// Every request has exactly one encoding: varints are of the shortest form, and
// nothing may follow what the operation needs.
const (
	version      = 1
	versionShift = 4
	opMask       = 1<<versionShift - 1
)

// Validate tells why no store would take the request: a session or seq of 0, an unknown
// operation, a key that is empty or above [MaxKey], a value or expected value
// above [MaxValue], or one where the operation has none.
func (r *Request) Validate() error {
	switch {
	case r.Op < Get || r.Op > Delete:
		return fmt.Errorf("kv: operation %d is unknown, want %d (get) to %d (delete)", r.Op, Get, Delete)
	case r.Session == 0:
		return errors.New("kv: session is 0, sessions are numbered from 1")
	case r.Seq == 0:
		return errors.New("kv: seq is 0, operations of a session are numbered from 1")
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

// Encode appends the request's command to dst and returns it, as append does. It keeps
// nothing of r. The request must pass [Request.Validate]; what Encode makes of
// another one does not decode, or not to the same.
func Encode(dst []byte, r *Request) []byte {
	dst = append(dst, version<<versionShift|byte(r.Op)&opMask)
	dst = binary.AppendUvarint(dst, uint64(r.Session))
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

// Decode reads a command back. It takes any bytes: what is not the encoding of a valid
// request is an error that says where. The request keeps nothing of data.
func Decode(data []byte) (Request, error) {
	var c command
	if err := c.parse(data); err != nil {
		return Request{}, err
	}
	return Request{
		Session: c.session, Seq: c.seq, Op: c.op,
		Key: string(c.key), Value: string(c.value), Expect: string(c.expect),
	}, nil
}

// command is a request whose strings are still where they were encoded.
type command struct {
	session            SessionID
	seq                uint64
	op                 Op
	key, value, expect []byte
}

// parse reads data into c, whose slices then share its memory.
func (c *command) parse(data []byte) error {
	if len(data) == 0 {
		return errors.New("kv: command is empty")
	}
	if v := data[0] >> versionShift; v != version {
		return fmt.Errorf("kv: command has version %d, want %d", v, version)
	}
	c.op = Op(data[0] & opMask)
	if c.op < Get || c.op > Delete {
		return fmt.Errorf("kv: command has unknown operation %d", c.op)
	}
	at := 1
	session, at, ok := uvarint(data, at)
	if !ok || session == 0 {
		return malformed("session", at)
	}
	c.session = SessionID(session)
	if c.seq, at, ok = uvarint(data, at); !ok || c.seq == 0 {
		return malformed("seq", at)
	}
	if c.key, at, ok = bytesAt(data, at, MaxKey); !ok || len(c.key) == 0 {
		return malformed("key", at)
	}
	c.expect, c.value = nil, nil
	if c.op == CAS {
		if c.expect, at, ok = bytesAt(data, at, MaxValue); !ok {
			return malformed("expected value", at)
		}
	}
	switch rest := data[at:]; {
	case len(rest) == 0:
	case !c.op.hasValue():
		return fmt.Errorf("kv: command has %d bytes too many, from byte %d", len(rest), at)
	case len(rest) > MaxValue:
		return fmt.Errorf("kv: command has a value of %d bytes, at most %d are allowed", len(rest), MaxValue)
	default:
		c.value = rest
	}
	return nil
}

func malformed(what string, at int) error {
	return fmt.Errorf("kv: command has no valid %s at byte %d", what, at)
}

// uvarint reads a number of the shortest form at data[at:]. On failure it returns at as it was.
func uvarint(data []byte, at int) (v uint64, next int, ok bool) {
	if at < len(data) && data[at] < 0x80 {
		return uint64(data[at]), at + 1, true
	}
	v, n := binary.Uvarint(data[at:])
	// A last byte of 0 adds nothing: a shorter form of the same number exists.
	if n <= 0 || data[at+n-1] == 0 {
		return 0, at, false
	}
	return v, at + n, true
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
