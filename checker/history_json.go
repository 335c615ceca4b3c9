package checker

import (
	"bufio"
	"bytes"
	"cmp"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math"
	"slices"
	"time"
	"unicode/utf8"

	"raftsim/raft/kv"
)

// maxLine is how long a line of a history may be, in bytes.
const maxLine = 64 << 20

// maxErrors is how many bad lines are told before reading stops.
const maxErrors = 10

// line is an operation as a line of JSON has it, in the order in which the fields are written.
type line struct {
	Client    uint64 `json:"client"`
	Key       string `json:"key"`
	Operation string `json:"operation"`
	Argument  string `json:"argument"`
	Result    string `json:"result"`
	// Swapped is there only when it is not what Result and the expected value say, which no sound store answers.
	Swapped *bool  `json:"swapped,omitempty"`
	Call    int64  `json:"call"`
	Return  *int64 `json:"return,omitempty"`
}

// lineNames and casNames are the fields that a line and the argument of a cas may have.
var (
	lineNames = []string{"client", "key", "operation", "argument", "result", "swapped", "call", "return"}
	casNames  = []string{"expect", "put"}
)

// casArgument is the argument of a cas, itself JSON.
type casArgument struct {
	Expect string `json:"expect"`
	Put    string `json:"put"`
}

// WriteHistory writes the history as JSON, one operation a line, in the order of the calls' recording and without what was
// discarded:
//
//	{"client":3,"key":"x","operation":"put","argument":"v17","result":"","call":1200,"return":1900}
//
// Times are in nanoseconds; an operation without a known outcome has no return. The argument of a cas
// is the text {"expect":"a","put":"b"} and its result the value it saw. Key and
// values must be UTF-8, or else JSON could not hold them, which is an error.
func WriteHistory(w io.Writer, h *History) error {
	out := bufio.NewWriter(w)
	enc := json.NewEncoder(out)
	enc.SetEscapeHTML(false)
	for i, op := range h.Operations() {
		l, err := toLine(&op)
		if err == nil {
			err = enc.Encode(l)
		}
		if err != nil {
			return fmt.Errorf("history: operation %d: %w", i+1, err)
		}
	}
	if err := out.Flush(); err != nil {
		return fmt.Errorf("history: %w", err)
	}
	return nil
}

func toLine(o *Operation) (line, error) {
	for _, s := range []string{o.Key, o.Value, o.Expect, o.Result.Value} {
		if !utf8.ValidString(s) {
			return line{}, fmt.Errorf("%s is not UTF-8, which JSON cannot hold", quote(s))
		}
	}
	l := line{
		Client: o.Client, Key: o.Key, Operation: o.Op.String(), Argument: o.Value,
		Result: o.Result.Value, Call: int64(o.Call),
	}
	if o.Op == kv.CAS {
		var arg bytes.Buffer
		enc := json.NewEncoder(&arg)
		enc.SetEscapeHTML(false)
		if err := enc.Encode(casArgument{Expect: o.Expect, Put: o.Value}); err != nil {
			return line{}, err
		}
		l.Argument = string(bytes.TrimRight(arg.Bytes(), "\n"))
		if !o.Unknown && o.Result.Swapped != (o.Result.Value == o.Expect) {
			l.Swapped = &o.Result.Swapped
		}
	}
	if !o.Unknown {
		l.Return = (*int64)(&o.Return)
	}
	return l, nil
}

// ReadHistory reads what [WriteHistory] writes, and nothing else: a field that is unknown, given twice, missing or
// of another type, an operation that does not exist, a return before its call are errors, and so is a client that calls while
// its last operation, which was answered, was under way. (One that got no answer may have been given up at any time.) The error names the
// line of each, up to ten. argument may be left out where the operation has none, result where nothing was seen. Blank lines
// are skipped. Input without any operation is an empty history.
func ReadHistory(r io.Reader) (*History, error) {
	in := bufio.NewScanner(r)
	in.Buffer(nil, maxLine)
	h := &History{}
	var errs []error
	var lines []int
	number := 0
	for in.Scan() && len(errs) < maxErrors {
		number++
		text := bytes.TrimSpace(in.Bytes())
		if len(text) == 0 {
			continue
		}
		op, err := readLine(text)
		if err != nil {
			errs = append(errs, fmt.Errorf("line %d: %w", number, err))
			continue
		}
		rec := record{Operation: op}
		if !op.Unknown {
			rec.fate = returned
		}
		h.records, lines = append(h.records, rec), append(lines, number)
	}
	switch err := in.Err(); {
	case errors.Is(err, bufio.ErrTooLong):
		errs = append(errs, fmt.Errorf("line %d: longer than %d bytes", number+1, maxLine))
	case err != nil:
		errs = append(errs, fmt.Errorf("after line %d: %w", number, err))
	}
	if len(errs) == 0 {
		errs = oneAtATime(h.records, lines)
	}
	if len(errs) > 0 {
		return nil, errors.Join(errs...)
	}
	return h, nil
}

// oneAtATime returns an error for each call of a client that had an operation under way, in the order of the lines and not
// endlessly many. lines are the records'.
func oneAtATime(records []record, lines []int) (errs []error) {
	end := func(i int) time.Duration {
		if records[i].Unknown {
			return records[i].Call
		}
		return records[i].Return
	}
	order := make([]int, len(records))
	for i := range order {
		order[i] = i
	}
	slices.SortFunc(order, func(a, b int) int {
		return cmp.Or(cmp.Compare(records[a].Call, records[b].Call), cmp.Compare(end(a), end(b)), cmp.Compare(a, b))
	})
	type clash struct{ call, open int }
	var clashes []clash
	latest := make(map[uint64]int) // by client, of its operations so far the one that ends last
	for _, i := range order {
		open, ok := latest[records[i].Client]
		if ok && records[i].Call < end(open) {
			clashes = append(clashes, clash{i, open})
		}
		if !ok || end(i) > end(open) {
			latest[records[i].Client] = i
		}
	}
	slices.SortFunc(clashes, func(a, b clash) int { return cmp.Compare(a.call, b.call) })
	for _, c := range clashes[:min(len(clashes), maxErrors)] {
		is, of := &records[c.call], &records[c.open]
		errs = append(errs, fmt.Errorf("line %d: client %d calls at %d, while its operation of line %d was under way from %d to %d",
			lines[c.call], is.Client, int64(is.Call), lines[c.open], int64(of.Call), int64(of.Return)))
	}
	return errs
}

func readLine(text []byte) (Operation, error) {
	f, err := fields(text, lineNames)
	if err != nil {
		return Operation{}, err
	}
	o := Operation{Client: f.number("client", math.MaxUint64), Key: f.text("key")}
	o.Call = time.Duration(f.number("call", math.MaxInt64))
	if f.has("return") {
		o.Return = time.Duration(f.number("return", math.MaxInt64))
	} else {
		o.Unknown = true
	}
	name := f.text("operation")
	for op := kv.Get; op <= kv.Delete; op++ {
		if op.String() == name {
			o.Op = op
		}
	}
	if f.err == nil && o.Op == 0 {
		f.fail("operation %q is unknown, want get, put, append, cas or delete", name)
	}
	f.argument(&o)
	f.result(&o)
	if f.err == nil && !o.Unknown && o.Return < o.Call {
		f.fail("return %d is before call %d", o.Return, o.Call)
	}
	return o, f.err
}

// argument reads what the operation was given.
func (f *fieldSet) argument(o *Operation) {
	switch o.Op {
	case kv.Put, kv.Append:
		o.Value = f.text("argument")
	case kv.CAS:
		inner, err := fields(f.value("argument", isText).raw, casNames)
		if err != nil {
			f.fail(`argument of cas, want {"expect":"a","put":"b"}: %w`, err)
			return
		}
		o.Expect, o.Value = inner.text("expect"), inner.text("put")
		if inner.err != nil {
			f.fail("argument of cas: %w", inner.err)
		}
	default:
		if f.has("argument") && f.text("argument") != "" {
			f.fail("%v takes no argument", o.Op)
		}
	}
}

// result reads what the operation saw.
func (f *fieldSet) result(o *Operation) {
	sees := !o.Unknown && (o.Op == kv.Get || o.Op == kv.CAS)
	if sees || f.has("result") {
		o.Result.Value = f.text("result")
	}
	switch {
	case sees || o.Result.Value == "":
	case o.Unknown:
		f.fail("result without a return: an operation of unknown outcome saw nothing")
	default:
		f.fail("%v has no result", o.Op)
	}
	if sees && o.Op == kv.CAS {
		o.Result.Swapped = o.Result.Value == o.Expect
		if f.has("swapped") {
			o.Result.Swapped = f.flag("swapped")
		}
	} else if f.has("swapped") {
		f.fail("swapped is for a cas with a return")
	}
}
