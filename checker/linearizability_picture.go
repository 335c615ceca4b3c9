package checker

import (
	"errors"
	"fmt"
	"io"
	"slices"
	"time"

	"github.com/anishathalye/porcupine"
)

// view is what a picture shows: the operations no order explains, and some before them.
type view struct {
	items []item
	// start is the value before the first of items.
	start string
}

// Bounds of a picture: how many operations it shows at least before the ones it is about, where there are as many, and
// how long it searches for the partial orders it shows.
const (
	viewContext = 32
	viewBudget  = 20_000
)

// withContext says from which of segments on to show the last of them, and how many operations that are.
func withContext(segments []segment) (shown, first int) {
	first = len(segments) - 1
	for n := 0; first > 0 && n < viewContext; first-- {
		n += len(segments[first-1].items)
	}
	return through(segments[first:]), first
}

// newView makes the view of segments.
func newView(segments []segment) view {
	v := view{start: segments[0].start}
	for _, s := range segments {
		for _, it := range s.items {
			op := *it.op // the history may change after the check
			it.op = &op
			v.items = append(v.items, it)
		}
	}
	return v
}

// WritePicture writes an HTML page of what could not be explained: each operation as a bar from call to return, and the
// longest orders that the search found possible. The page needs nothing but itself. Operations without a known outcome
// are in rows of their own; those that nobody can have noticed are left out. An outcome
// that is linearizable has no picture, which is an error.
func (o Outcome) WritePicture(w io.Writer) error {
	if len(o.view.items) == 0 {
		return errors.New("checker: a linearizable history has no picture of what went wrong")
	}
	s := search{start: o.view.start, budget: viewBudget}
	_, info := porcupine.CheckOperationsVerbose(s.model(), o.view.operations(), 0)
	info.AddAnnotations([]porcupine.Annotation{{
		Tag: fmt.Sprintf("key %q", o.Key), Start: int64(o.From), End: int64(o.To),
		Description: o.Verdict.String(),
		Details:     o.String() + fmt.Sprintf("; value before the first operation shown: %s", quote(o.view.start)),
	}})
	// Drawing takes the steps of the partial orders again.
	s = search{start: o.view.start, budget: int(^uint(0) >> 1)}
	if err := porcupine.Visualize(s.model(), info, w); err != nil {
		return fmt.Errorf("checker: picture of key %q: %w", o.Key, err)
	}
	return nil
}

// operations are the view's, in rows: one for each client, then one for each unknown outcome.
func (v view) operations() []porcupine.Operation {
	var clients []uint64
	end := v.items[0].call
	for _, it := range v.items {
		clients = append(clients, it.op.Client)
		end = max(end, it.call)
		if it.ret != forever {
			end = max(end, it.ret)
		}
	}
	slices.Sort(clients)
	clients = slices.Compact(clients)
	extra := len(clients)
	out := make([]porcupine.Operation, len(v.items))
	for i, it := range v.items {
		in := newInput(&it)
		row, _ := slices.BinarySearch(clients, it.op.Client)
		op := porcupine.Operation{ClientId: row, Input: &in, Call: int64(it.call), Return: int64(it.ret)}
		told := fmt.Sprintf("client %d, %v to %v", it.op.Client, it.call, it.ret)
		if it.op.Unknown || it.told != nil && it.told.unanswered {
			op.ClientId, extra = extra, extra+1
			told = fmt.Sprintf("client %d, from %v, no answer", it.op.Client, it.call)
		}
		if it.told != nil && it.told.note != "" {
			told += "; " + it.told.note
		}
		if it.ret == forever {
			op.Return = int64(min(end, forever-time.Nanosecond) + time.Nanosecond)
		}
		op.Metadata = told
		out[i] = op
	}
	return out
}
