package scenarios

import (
	"cmp"
	"regexp"
	"slices"
	"strconv"
	"time"

	"raftsim/raft"
	"raftsim/raft/replica"
	"raftsim/scenarios/script"
	"raftsim/sim"
)

// Explanation is what led to a violation, and only that: the event at which it was seen, the events that gave the nodes
// concerned the state that they are accused of, and those that caused all of these.
type Explanation struct {
	// Lines are in the order in which it happened, about a page of them at most.
	Lines []ExplanationLine
	// LeftOut counts the events of the run that have no line.
	LeftOut uint64
}

// ExplanationLine is one event, in a plain sentence.
type ExplanationLine struct {
	Event uint64
	At    time.Duration
	Text  string
}

const (
	// mostLines is how many lines an explanation has at most.
	mostLines = 36
	// mostCauses is how far back, in events, causes are followed; mostTurns how many changes of one node are remembered.
	mostCauses = 1 << 22
	mostTurns  = 4096
	// mostReasons bounds the events that are looked at for an explanation.
	mostReasons = 600
	// mostNotes is how many of the last faults are told.
	mostNotes = 6
)

// Explain plays a run again, twice, and returns what led to its violation. It returns the zero Explanation when nothing was
// violated. What it holds in memory is bounded however long the run is. The callbacks of o are not called, but Boot.
func (f File) Explain(seed uint64, o Options) Explanation {
	o = Options{Boot: o.Boot, HistoryBudget: o.HistoryBudget, Mutant: o.Mutant}
	look := &looker{}
	first := o
	first.each = look.each
	first.Log = look.note
	first.AtEnd = func(r *Run) { look.settle(r) }
	res := f.Run(seed, first)
	if res.Property == "" || res.Verdict == Error {
		return Explanation{}
	}
	why := look.reasons(&res)
	tell := &teller{why: why, told: map[uint64]*sentence{}}
	second := o
	second.each = tell.each
	second.Log = tell.note
	second.AtEnd = func(r *Run) { tell.settle(r) }
	f.Run(seed, second)
	return tell.explanation(&res, look)
}

// happening is what is kept of every event.
type happening struct {
	cause uint64
	kind  sim.EventKind
	timer sim.TimerID
	node  raft.NodeID
	from  raft.NodeID
	// term is that of a message with entries, 0 for any other.
	term raft.Term
}

// turn is a change of a node: what it was before an event and after it.
type turn struct {
	event    uint64
	was, now raft.Status
}

// grant is a vote that reached its candidate.
type grant struct {
	event uint64
	to    raft.NodeID
	term  raft.Term
}

// looker plays a run through and keeps what is needed to follow causes back.
type looker struct {
	// events is a ring: event id is at (id-1) % mostCauses.
	events []happening
	last   uint64
	turns  map[raft.NodeID][]turn
	grants []grant
	notes  []uint64
	// answers are the events at which clients were answered.
	answers []answered
	seen    []raft.Status
}

type answered struct {
	event  uint64
	client uint64
	at     time.Duration
}

func (l *looker) at(id uint64) (happening, bool) {
	if id == 0 || id > l.last || id+mostCauses <= l.last {
		return happening{}, false
	}
	return l.events[(id-1)%mostCauses], true
}

// each comes before an event is handled, and before each part of it.
func (l *looker) each(r *Run, e *sim.Event) {
	if uint64(e.ID) == l.last {
		return // a part of the event under way
	}
	l.settle(r)
	// What came up in vain has a number, too, and is not traced.
	for l.last+1 < uint64(e.ID) {
		l.push(happening{})
	}
	h := happening{cause: uint64(e.Cause), kind: e.Kind, timer: e.Timer, node: e.Node, from: e.From}
	if m, ok := e.Message.(*raft.Message); ok && e.Kind == sim.EventMessage {
		switch {
		case m.Kind == raft.MsgAppendEntries:
			h.term = m.Term
		case m.Kind == raft.MsgVoteReply && m.VoteReply.Granted:
			l.grants = append(l.grants, grant{uint64(e.ID), e.Node, m.Term})
			l.grants = newest(l.grants)
		}
	}
	if e.Kind == sim.EventAnswer {
		l.answers = newest(append(l.answers, answered{uint64(e.ID), uint64(e.Client), e.At}))
	}
	l.push(h)
}

func (l *looker) push(h happening) {
	if l.last < mostCauses {
		l.events = append(l.events, h)
	} else {
		l.events[l.last%mostCauses] = h
	}
	l.last++
}

// newest drops the older half of what has become too much.
func newest[T any](all []T) []T {
	if len(all) > mostTurns {
		return slices.Delete(all, 0, len(all)/2)
	}
	return all
}

// settle takes in what the last event did to nodes.
func (l *looker) settle(r *Run) {
	if l.turns == nil {
		l.turns = map[raft.NodeID][]turn{}
		l.seen = make([]raft.Status, len(r.nodes))
	}
	for i := range r.nodes[1:] {
		n := &r.nodes[i+1]
		was := l.seen[n.id]
		if n.seen == was || n.seen.Term == 0 && n.seen.LastIndex == 0 && n.seen.Role == raft.Follower {
			continue // nothing new, or it has just booted and not shown itself
		}
		now := n.seen
		l.seen[n.id] = now
		l.turns[n.id] = newest(append(l.turns[n.id], turn{l.last, was, now}))
	}
}

// note remembers when the scenario did something.
func (l *looker) note(_ time.Duration, id raft.NodeID, _ string) {
	if id == raft.None && (len(l.notes) == 0 || l.notes[len(l.notes)-1] != l.last) {
		l.notes = newest(append(l.notes, l.last))
	}
}

var indexes = regexp.MustCompile(`\bindex (\d+)`)

// reasons are the events to be told: those that the violation is about, and what caused them.
func (l *looker) reasons(res *Result) map[uint64]bool {
	why := map[uint64]bool{}
	var roots []uint64
	if res.Event != 0 {
		roots = append(roots, res.Event)
	}
	accused := slices.Clone(res.Nodes)
	if len(accused) == 0 {
		for id := range l.turns {
			accused = append(accused, id)
		}
		slices.Sort(accused)
	}
	for _, id := range accused {
		roots = append(roots, l.state(id)...)
		for _, m := range indexes.FindAllStringSubmatch(res.Detail, -1) {
			if i, err := strconv.ParseUint(m[1], 10, 64); err == nil {
				roots = append(roots, l.entry(id, raft.Index(i))...)
			}
		}
	}
	roots = append(roots, l.operations(res)...)
	for _, id := range roots {
		l.follow(id, why)
	}
	for _, id := range l.notes[max(0, len(l.notes)-mostNotes):] {
		why[id] = true
	}
	return why
}

// state are the events that made a node what it was in the end: its role, its vote, and the votes it was elected with.
func (l *looker) state(id raft.NodeID) []uint64 {
	turns := l.turns[id]
	if len(turns) == 0 {
		return nil
	}
	now := turns[len(turns)-1].now
	var events []uint64
	role, vote := false, false
	for k := len(turns) - 1; k >= 0 && !(role && vote); k-- {
		t := &turns[k]
		if !role && (t.was.Role != t.now.Role || t.was.Term != t.now.Term) {
			role = true
			events = append(events, t.event)
		}
		if !vote && (t.was.Vote != t.now.Vote || t.was.Term != t.now.Term) && t.now.Vote != raft.None {
			vote = true
			events = append(events, t.event)
		}
	}
	if now.Role == raft.Leader {
		events = append(events, l.election(id, now.Term)...)
	}
	return events
}

// election are the votes that a node was elected with.
func (l *looker) election(id raft.NodeID, term raft.Term) []uint64 {
	var events []uint64
	leads := l.leads(id, term)
	for _, g := range l.grants {
		if g.to == id && g.term == term && (leads == 0 || g.event <= leads) {
			events = append(events, g.event)
		}
	}
	return events
}

// leads is the event at which a node became leader of a term, 0 when that is not known.
func (l *looker) leads(id raft.NodeID, term raft.Term) uint64 {
	for _, t := range slices.Backward(l.turns[id]) {
		if t.now.Role == raft.Leader && t.now.Term == term && (t.was.Role != raft.Leader || t.was.Term != term) {
			return t.event
		}
	}
	return 0
}

// entry are the events at which a node last got what it has at an index, and committed it.
func (l *looker) entry(id raft.NodeID, i raft.Index) []uint64 {
	var events []uint64
	got, committed := false, false
	for _, t := range slices.Backward(l.turns[id]) {
		grown := t.was.LastIndex < i && i <= t.now.LastIndex
		// A log that is no longer than before and ends otherwise was replaced from some index on.
		replaced := i <= t.was.LastIndex && t.now.LastIndex <= t.was.LastIndex &&
			(t.now.LastTerm != t.was.LastTerm || t.now.LastIndex < i)
		if !got && (grown || replaced) {
			got = grown
			events = append(events, t.event)
		}
		if !committed && t.was.Commit < i && i <= t.now.Commit {
			committed = true
			events = append(events, t.event)
		}
	}
	return events
}

// mostOperations is how many of the operations that no order explains are told.
const mostOperations = 5

// operations are the answers that no order explains, the last of them.
func (l *looker) operations(res *Result) []uint64 {
	if res.Property != script.Linearizability || res.Linearizability == nil {
		return nil
	}
	var events []uint64
	o := res.Linearizability
	ops := res.History.Operations()
	slices.SortStableFunc(ops, func(a, b operation) int { return cmp.Compare(a.Return, b.Return) })
	for _, op := range slices.Backward(ops) {
		if op.Key != o.Key || op.Unknown || op.Call < o.From || op.Return > o.To || len(events) == mostOperations {
			continue
		}
		for _, a := range slices.Backward(l.answers) {
			if a.client == op.Client && a.at == op.Return {
				events = append(events, a.event)
				break
			}
		}
	}
	return events
}

// follow goes from an event to what caused it, and on.
func (l *looker) follow(id uint64, why map[uint64]bool) {
	for id != 0 && !why[id] && len(why) < mostReasons {
		h, ok := l.at(id)
		if !ok {
			return
		}
		why[id] = true
		if h.term != 0 {
			// Entries come from a leader: how it became that is part of it.
			if leads := l.leads(h.from, h.term); leads != 0 && leads < id {
				for _, vote := range append(l.election(h.from, h.term), leads) {
					l.follow(vote, why)
				}
			}
		}
		switch {
		case h.kind == sim.EventTimer && h.timer == replica.TimerElection:
			return // it heard nothing, and nothing is the cause of that
		case h.kind == sim.EventTimer:
			return // a heartbeat is due because the one before was
		}
		id = h.cause
	}
}
