package scenarios

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
	"time"

	"raftsim/checker"
	"raftsim/raft"
	"raftsim/raft/replica"
	"raftsim/sim"
)

type operation = checker.Operation

// sentence is what is told of one event.
type sentence struct {
	moment
	// head says what happened, and to whom; changes what it did to nodes. notes are of the scenario itself, parts are
	// told where it says nothing.
	head         string
	subject      raft.NodeID
	changes      []string
	notes, parts []string
	// weight says how well it can be spared: 0 not at all.
	weight int
}

// teller plays a run through and puts the events that are wanted into words.
type teller struct {
	why  map[uint64]bool
	told map[uint64]*sentence
	last uint64
	seen []raft.Status
	ups  []bool
}

func (t *teller) each(r *Run, e *sim.Event) {
	id := uint64(e.ID)
	if id != t.last {
		t.settle(r)
		t.last = id
		if t.why[id] {
			t.told[id] = &sentence{moment: moment{id, e.At}, head: headOf(r, e), subject: e.Node, weight: weightOf(e)}
		}
		return
	}
	if s := t.told[id]; s != nil && e.Kind != sim.EventDrop {
		s.parts = append(s.parts, afterTime(e))
	}
}

// note takes in what the scenario says of its own doing.
func (t *teller) note(_ time.Duration, id raft.NodeID, line string) {
	if s := t.told[t.last]; s != nil && id == raft.None {
		s.notes = append(s.notes, line)
	}
}

// settle puts into words what the last event did.
func (t *teller) settle(r *Run) {
	if t.seen == nil {
		t.seen, t.ups = make([]raft.Status, len(r.nodes)), make([]bool, len(r.nodes))
	}
	s := t.told[t.last]
	for i := range r.nodes[1:] {
		n := &r.nodes[i+1]
		if s != nil && n.seen != t.seen[n.id] && n.up && t.ups[n.id] {
			s.changes = append(s.changes, changes(&t.seen[n.id], &n.seen, s.subject)...)
		}
		t.seen[n.id], t.ups[n.id] = n.seen, n.up
	}
}

// explanation picks the sentences that matter most and puts them into order.
func (t *teller) explanation(res *Result, l *looker) Explanation {
	var all []*sentence
	// determinism: sorted right after
	for id, s := range t.told {
		if id == res.Event {
			s.weight = 0
		} else if len(s.changes) > 0 && s.weight > 1 {
			s.weight = 1
		}
		if s.weight < 3 {
			all = append(all, s)
		}
	}
	slices.SortFunc(all, func(a, b *sentence) int { return cmp.Compare(a.event, b.event) })
	// What is furthest from the violation, and weighs least, is spared first.
	for weight := 2; weight > 0 && len(all) > mostLines; weight-- {
		spare := len(all) - mostLines
		all = slices.DeleteFunc(all, func(s *sentence) bool {
			if s.weight == weight && spare > 0 {
				spare--
				return true
			}
			return false
		})
	}
	all = all[max(0, len(all)-mostLines):]
	x := Explanation{LeftOut: l.last - uint64(len(all))}
	for _, s := range all {
		x.Lines = append(x.Lines, ExplanationLine{s.event, s.at, s.text()})
	}
	return x
}

func (s *sentence) text() string {
	parts := s.notes
	if len(parts) == 0 {
		parts = s.parts
	}
	if s.head != "" {
		parts = slices.Insert(slices.Clone(parts), 0, s.head)
	}
	text := strings.Join(parts, "; ")
	if len(s.changes) > 0 {
		text += ": " + strings.Join(s.changes, ", ")
	}
	return text
}

// weightOf says how well an event can be spared that changes nothing that can be seen: 3 is always.
func weightOf(e *sim.Event) int {
	switch e.Kind {
	case sim.EventScript:
		return 0
	case sim.EventTimer:
		if e.Timer == replica.TimerElection {
			return 1
		}
		return 3
	case sim.EventMessage:
		if m, ok := e.Message.(*raft.Message); ok && m.Kind == raft.MsgVoteReply && m.VoteReply.Granted {
			return 1
		}
		return 3
	case sim.EventBoot, sim.EventRequest, sim.EventAnswer:
		return 2
	}
	return 3
}

// headOf says what happens.
func headOf(r *Run, e *sim.Event) string {
	switch e.Kind {
	case sim.EventBoot:
		if r.world.Boots(e.Node) > 1 {
			return fmt.Sprintf("%v starts again from its disk", e.Node)
		}
		return fmt.Sprintf("%v starts", e.Node)
	case sim.EventTimer:
		name := "election timer"
		if e.Timer != replica.TimerElection {
			name = "heartbeat timer"
		}
		if e.Forced {
			return fmt.Sprintf("%v's %s is fired by the scenario", e.Node, name)
		}
		return fmt.Sprintf("%v's %s fires", e.Node, name)
	case sim.EventMessage:
		if m, ok := e.Message.(*raft.Message); ok {
			return messageText(e.Node, m)
		}
	case sim.EventSync:
		return fmt.Sprintf("%v's disk has finished a write", e.Node)
	case sim.EventRequest:
		q := e.Request
		return fmt.Sprintf("client %d asks %v: %v %s %s", e.Client, e.Node, q.Op, q.Key, short(q.Value))
	case sim.EventAnswer:
		return fmt.Sprintf("%v answers client %d: %v %s", e.From, e.Client, e.Response.Status, short(e.Response.Result.Value))
	case sim.EventScript:
		return ""
	}
	return afterTime(e)
}

// short is a value, cut where it would fill the page.
func short(value string) string {
	const most = 40
	if len(value) <= most {
		return value
	}
	return strings.ToValidUTF8(value[:most], "") + "…"
}

// afterTime is an event's own text without its number, time and cause.
func afterTime(e *sim.Event) string {
	bare := *e
	bare.Cause = 0
	parts := strings.SplitN(bare.String(), " ", 3)
	return parts[len(parts)-1]
}

// messageText says what a node is told.
func messageText(to raft.NodeID, m *raft.Message) string {
	switch m.Kind {
	case raft.MsgRequestVote:
		return fmt.Sprintf("%v is asked by %v for its vote in term %d, with a log that ends at index %d of term %d",
			to, m.From, m.Term, m.RequestVote.LastIndex, m.RequestVote.LastTerm)
	case raft.MsgVoteReply:
		if m.VoteReply.Granted {
			return fmt.Sprintf("%v gets the vote of %v in term %d", to, m.From, m.Term)
		}
		return fmt.Sprintf("%v is refused the vote of %v in term %d", to, m.From, m.Term)
	case raft.MsgAppendEntries:
		a := &m.Append
		if len(a.Entries) == 0 {
			return fmt.Sprintf("%v hears from %v, leader of term %d, that index %d is committed", to, m.From, m.Term, a.Commit)
		}
		first, last := a.Entries[0].Index, a.Entries[len(a.Entries)-1].Index
		what := fmt.Sprintf("entry %d", first)
		if first != last {
			what = fmt.Sprintf("entries %d..%d", first, last)
		}
		return fmt.Sprintf("%v receives %s after index %d of term %d from %v, leader of term %d", to, what, a.PrevIndex, a.PrevTerm, m.From, m.Term)
	case raft.MsgAppendReply:
		if m.AppendReply.Success {
			return fmt.Sprintf("%v hears that %v has its log up to index %d", to, m.From, m.AppendReply.Match)
		}
		return fmt.Sprintf("%v hears that the log of %v is another at index %d", to, m.From, m.AppendReply.PrevIndex)
	}
	return fmt.Sprintf("%v receives %s of term %d from %v", to, m.Name(), m.Term, m.From)
}

// changes says how a node's state differs; who is the one that the sentence is about already.
func changes(was, now *raft.Status, who raft.NodeID) []string {
	var all []string
	id, its := now.ID.String()+" ", "the log of "+now.ID.String()
	if now.ID == who {
		id, its = "", "its log"
	}
	say := func(format string, args ...any) { all = append(all, id+fmt.Sprintf(format, args...)) }
	switch {
	case now.Role == was.Role && now.Term == was.Term:
	case now.Role == raft.Follower && was.Role != raft.Follower:
		say("steps down in term %d", now.Term)
	case now.Role == raft.Follower:
		say("goes on to term %d", now.Term)
	case now.Role == raft.Leader:
		say("becomes leader of term %d", now.Term)
	default:
		say("becomes %v of term %d", now.Role, now.Term)
	}
	if now.Vote != raft.None && (now.Vote != was.Vote || now.Term != was.Term) {
		if now.Vote == now.ID {
			say("votes for itself")
		} else {
			say("votes for %v", now.Vote)
		}
	}
	switch {
	case now.LastIndex < was.LastIndex:
		say("drops what is behind index %d of its log", now.LastIndex)
	case now.LastIndex > was.LastIndex || now.LastTerm != was.LastTerm:
		all = append(all, fmt.Sprintf("%s ends at index %d of term %d", its, now.LastIndex, now.LastTerm))
	}
	if now.Base != was.Base {
		say("has a snapshot up to index %d", now.Base)
	}
	if now.DurableIndex > was.DurableIndex {
		say("has its log on disk up to index %d", now.DurableIndex)
	}
	if now.Commit > was.Commit {
		say("has index %d committed", now.Commit)
	}
	return all
}
