package draw

import (
	"time"

	"raftsim/scenarios/script"
)

// A schedule is a row of records of [RecordBytes] each, so that a fuzzer of bytes makes scenarios by changing bytes:
//
//	kind  target  delay  argument
//
// Delay is how many milliseconds after the one before a record's moment is. Kind says what happens then, to the node or link that
// the target says; the argument says for how long or how much. Every string of bytes is a schedule: what is too large is taken modulo
// how many there are, and a record that is cut short ends in zeros. 0 is calm: a record of zeros is no event, and where the schedule
// ends calm begins. Every scenario lasts as long as every other, so that a fuzzer does not come to prefer the dear ones: what would come
// after its end, or after the last of [MostRecords], is not played.
const (
	RecordBytes = 4
	MostRecords = 64
)

// Played is how many bytes of a schedule decide its scenario: those up to the last moment, or the last record, that there can be.
func Played(schedule []byte) int {
	at := time.Duration(0)
	for i := 0; i < min(len(schedule), MostRecords*RecordBytes); i += RecordBytes {
		if i+2 < len(schedule) {
			at += time.Duration(schedule[i+2]) * time.Millisecond
		}
		if at >= lastMoment {
			return i
		}
	}
	return min(len(schedule), MostRecords*RecordBytes)
}

// Timeouts makes the scenario of a schedule of what timers and messages do: which timer fires when, and what waits.
func Timeouts(schedule []byte) *script.Scenario {
	return scheduled("fuzz-timeouts", schedule, timingKinds)
}

// Faults makes the scenario of a schedule of all that can break, within what Raft survives. Kinds that [Timeouts] knows are the same.
func Faults(schedule []byte) *script.Scenario {
	return scheduled("fuzz-faults", schedule, append(timingKinds[:len(timingKinds):len(timingKinds)], faultKinds...))
}

// record is what a record says, but for its kind; at is its moment.
type record struct {
	target, argument int
	at               time.Duration
}

// kinds are what records can be, by the first byte; nil is calm.
type kind func(*world, record)

var timingKinds = []kind{
	nil,
	func(w *world, r record) { w.now(r, script.FireTimeout{Nodes: w.who(r.target)}) },
	func(w *world, r record) { // two at once
		a, b := w.link(r.target)
		w.now(r, script.FireTimeout{Nodes: list(a, b)})
	},
	func(w *world, r record) {
		a, b := w.link(r.target)
		w.while(r, script.Hold{From: a, To: b})
	},
	func(w *world, r record) { w.while(r, script.Hold{From: w.who(r.target), To: all}) },
	func(w *world, r record) { w.while(r, script.Hold{From: all, To: w.who(r.target)}) },
	func(w *world, r record) { w.while(r, script.Pause{Nodes: w.who(r.target)}) },
	func(w *world, r record) {
		late := time.Duration(1+r.argument/16*4) * 5 * time.Millisecond
		r.argument = r.argument%16*16 + 15
		w.while(r, script.SetTimers{Late: &script.DurationRange{Min: late, Max: late}}, w.who(r.target))
	},
	func(w *world, r record) {
		early := time.Duration(1+r.argument/16*4) * 5 * time.Millisecond
		r.argument = r.argument%16*16 + 15
		w.while(r, script.SetTimers{Early: &script.DurationRange{Min: early, Max: early}}, w.who(r.target))
	},
	nil, // the cluster, which is read before: see option
}

// optionKind is the kind of record that says what the cluster is like, wherever it stands; of several the last counts.
var optionKind = len(timingKinds) - 1

var all = script.Selector{Kind: script.SelAll}

// scheduled makes the scenario of a schedule.
func scheduled(name string, schedule []byte, kinds []kind) *script.Scenario {
	w := begin(1, name)
	w.s.Name, w.s.About = name, "Made from the bytes of a schedule."
	w.quiet()
	var records []record
	var what []kind
	at := time.Duration(0)
	for schedule = schedule[:Played(schedule)]; len(schedule) > 0; schedule = schedule[min(RecordBytes, len(schedule)):] {
		var b [RecordBytes]byte
		copy(b[:], schedule)
		k := int(b[0]) % len(kinds)
		at += time.Duration(b[2]) * time.Millisecond
		r := record{target: int(b[1]), argument: int(b[3]), at: at}
		if k == optionKind {
			w.option(r)
		}
		records, what = append(records, r), append(what, kinds[k])
	}
	w.loss = (w.s.Cluster.Nodes - 1) / 2
	for i, do := range what {
		if do != nil {
			do(w, records[i])
		}
	}
	for i := range w.s.Timeline {
		t := &w.s.Timeline[i].Trigger
		t.From, t.To = min(t.From, lastMoment), min(t.To, lastMoment)
	}
	return finish(w.s)
}

// A schedule's scenario lasts for scheduleTime, of which all after lastMoment is calm.
const (
	scheduleTime = 2 * time.Second
	lastMoment   = 1800 * time.Millisecond
)

// quiet is the cluster in which nothing happens: three nodes, few requests, every message as fast as the next.
func (w *world) quiet() {
	c := &w.s.Cluster
	c.Nodes, c.ElectionTimeout, c.Heartbeat = 3, span(150*time.Millisecond, 300*time.Millisecond), 50*time.Millisecond
	w.s.Duration = scheduleTime
	w.s.Network.Latency = span(5*time.Millisecond, 5*time.Millisecond)
	w.s.Clients = script.Clients{
		Count: 2, Every: 50 * time.Millisecond, Keys: 2, Timeout: 200 * time.Millisecond,
		Mix: script.Mix{Get: percent(40), Put: percent(40), Append: percent(10), CAS: percent(10)},
	}
}

// option says what the cluster is like.
func (w *world) option(r record) {
	c := &w.s.Cluster
	c.Nodes = []int{3, 5, 4, 3, 3, 3, 2, 3}[r.target%8]
	c.PreVote, c.CheckQuorum = r.argument&1 != 0, r.argument&2 != 0
	c.Reads, c.Lease, c.ClockDrift = script.ReadsLog, 0, 0
	switch r.argument >> 2 & 3 {
	case 1:
		c.Reads = script.ReadsIndex
	case 2:
		c.Reads, c.CheckQuorum, c.Lease, c.ClockDrift = script.ReadsLease, true, c.ElectionTimeout.Min, percent(2)
	}
	c.SnapshotEvery, c.SnapshotKeep = []int{0, 20, 5, 1}[r.argument>>4&3], []int{0, 3}[r.argument>>6&1]
	c.SegmentBytes = []int{0, 512}[r.argument>>7&1]
}

// who is the node that a target says: one by its name, the leader, or a follower.
func (w *world) who(target int) script.Selector {
	n := w.s.Cluster.Nodes
	switch k := target % (n + 2); k {
	case n:
		return script.Selector{Kind: script.SelLeader}
	case n + 1:
		return script.Selector{Kind: script.SelFollower}
	default:
		return named(k + 1)
	}
}

// link is the link that a target says, from one node to another.
func (w *world) link(target int) (from, to script.Selector) {
	n := w.s.Cluster.Nodes
	a := target % n
	return named(a + 1), named((a+1+target/n%(n-1))%n + 1)
}

// now has something happen at the moment of a record.
func (w *world) now(r record, a script.Action) { w.add(script.Trigger{Kind: script.At, From: r.at}, a) }

// while has something last for as long as the record's argument says.
func (w *world) while(r record, a script.Action, on ...script.Selector) {
	w.add(script.Trigger{Kind: script.During, From: r.at, To: r.at + length(r.argument)}, a, on...)
}

// length is a time by an argument: from 4 ms to a second.
func length(argument int) time.Duration { return time.Duration(1+argument) * 4 * time.Millisecond }
