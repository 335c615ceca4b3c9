package checker

import (
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"raftsim/checker/spec"
	"raftsim/raft"
)

// walk is a cluster that takes steps of a relation, as it would show itself to a Checker.
type walk struct {
	c       *Checker
	b       spec.Bounds
	actions []spec.Action
	s       spec.State
	boots   [spec.MaxServers + 1]uint32
	event   uint64
	random  uint64
	// taken is what was done, for whom a violation surprises.
	taken []string
}

func newWalk(t *testing.T, seed uint64, actions []spec.Action) *walk {
	c, err := New(3, []string{"refinement"})
	require.NoError(t, err)
	w := &walk{c: c, actions: refined(), random: seed, b: spec.Bounds{
		Servers: 3, Terms: spec.MaxTerm, Entries: spec.MaxEntries, Messages: spec.MaxMessages,
		Restarts: 100, StepDowns: true, Snapshots: true,
	}}
	reads := seed%2 == 1
	if reads {
		w.b.Reads, w.b.Prompt, w.b.Leases = spec.MaxReads, true, seed%4 == 3
	}
	if w.b.Leases {
		c.Leases(0)
	}
	w.s = spec.Init(&w.b)
	for i := spec.Node(1); i <= 3; i++ {
		w.show(i, nil, true)
	}
	c.told = true
	if reads { // which begin where there is something to read
		for _, step := range [...]string{"Timeout(n1, nobody)", "RequestVote(n1, n2)", "UpdateTerm(n2, nobody)", "HandleRequestVoteRequest(n2, n1)",
			"HandleRequestVoteResponse(n1, n2)", "BecomeLeader(n1, nobody)", "ClientRequest(n1, nobody)", "AppendEntries(n1, n2)",
			"HandleAppendEntriesRequest(n2, n1)", "HandleAppendEntriesResponse(n1, n2)", "AdvanceCommitIndex(n1, nobody)"} {
			require.Nil(t, w.named(step), step)
		}
	}
	w.actions = actions
	return w
}

// named takes the first step of that name.
func (w *walk) named(step string) *Violation {
	for _, a := range w.actions {
		var next, to spec.State
		var who, other spec.Node
		a.Each(&w.s, &next, &w.b, func(i, j spec.Node) {
			if a.Name+"("+i.String()+", "+j.String()+")" == step && who == spec.Nobody {
				to, who, other = next, i, j
			}
		})
		if who != spec.Nobody {
			return w.take(a.Name, &to, who, other)
		}
	}
	panic(step + " is not enabled")
}

// lose takes a message away when there are many, so that there is room for others.
func (w *walk) lose() {
	n := int(w.s.Messages)
	if n < spec.MaxMessages-4 {
		return
	}
	k := w.draw(n)
	copy(w.s.Sent[k:n-1], w.s.Sent[k+1:n])
	w.s.Sent[n-1] = spec.Message{}
	w.s.Messages--
}

// refined are the actions a walk takes: those that refinement judges.
func refined() []spec.Action {
	return slices.DeleteFunc(spec.Actions(), func(a spec.Action) bool {
		return slices.Contains([]string{"ChangeConfiguration", "LeaveJoint"}, a.Name)
	})
}

// draw returns a number below n (splitmix64).
func (w *walk) draw(n int) int {
	w.random += 0x9e3779b97f4a7c15
	z := w.random
	z = (z ^ z>>30) * 0xbf58476d1ce4e5b9
	z = (z ^ z>>27) * 0x94d049bb133111eb
	return int((z ^ z>>31) >> 1 % uint64(n))
}

// step takes one of the actions that can be taken, any with the same chance, and shows what came of it. Restarts and
// elections are rarer than what follows them.
func (w *walk) step() *Violation {
	w.lose()
	for {
		k := w.draw(len(w.actions))
		if name := w.actions[k].Name; (name == "Restart" || name == "Timeout" || name == "StepDown") && w.draw(6) > 0 {
			continue
		}
		var next, chosen spec.State
		var who, other spec.Node
		n := 0
		w.actions[k].Each(&w.s, &next, &w.b, func(i, j spec.Node) {
			if n++; w.draw(n) == 0 {
				chosen, who, other = next, i, j
			}
		})
		if n == 0 {
			continue
		}
		return w.take(w.actions[k].Name, &chosen, who, other)
	}
}

// take goes on to a state, by an event of that server.
func (w *walk) take(name string, next *spec.State, i, j spec.Node) *Violation {
	was := w.s
	w.s = *next
	w.event++
	w.taken = append(w.taken, name+"("+i.String()+", "+j.String()+")")
	at := Moment{Event: w.event}
	switch name {
	case "Restart":
		w.c.Down(at, raft.NodeID(i))
		return w.show(i, &was, true)
	case "UpdateTerm":
		w.c.Received(at, &raft.Message{Kind: raft.MsgReadIndexReply, From: raft.NodeID(i%3 + 1), To: raft.NodeID(i), Term: raft.Term(next.At(i).Term)})
	case "ReadRequest":
		w.c.AskedToRead(at, raft.NodeID(i), 1, uint64(next.At(i).Read.ID))
	case "ServeRead":
		w.c.Answered(raft.NodeID(i), 1, uint64(was.At(i).Read.ID))
	case "Apply":
		w.c.Applied(at, raft.NodeID(i), &raft.Entry{Index: raft.Index(next.At(i).Applied)}, 0, 0, true)
	case "HandleReadIndexRequest", "HandleReadIndexResponse", "HandleConfirmLeaderResponse",
		"HandleRequestVoteRequest", "HandleRequestVoteResponse", "HandleAppendEntriesRequest", "HandleAppendEntriesResponse", "HandleInstallSnapshotRequest":
		w.c.Received(at, message(w.handled(name, &was, next, i, j)))
	}
	if name == "ConfirmLeader" { // which is the heartbeat and its answer in one
		asked := message(spec.Message{Kind: spec.AppendEntriesRequest, From: j, To: i, Term: was.At(i).Term})
		asked.Append.Round = message(fresh(&was, next)).AppendReply.Round
		w.c.Received(at, asked)
	}
	if v := next.At(i); v.Round > was.At(i).Round {
		m := message(spec.Message{Kind: spec.AppendEntriesRequest, From: i, To: i%3 + 1, Term: v.Term, Index: v.Log.Len, LogTerm: v.Log.LastTerm()})
		m.Append.Round = round(v.Term, v.Round)
		w.c.Sent(at, m)
	}
	if next.Messages > was.Messages {
		m := message(fresh(&was, next))
		if name == "HandleInstallSnapshotRequest" { // the specification has one answer for both
			m.Kind, m.InstallReply = raft.MsgInstallReply, raft.InstallReply{Index: m.AppendReply.Match, Done: true}
		}
		if v := w.c.Sent(at, m); v != nil {
			return v
		}
	}
	return w.show(i, &was, false)
}

// round numbers a leader's rounds: unlike the specification, from one term on to the next.
func round(t spec.Term, r spec.Round) uint64 { return uint64(t)*(spec.MaxReads+1) + uint64(r) }

// fresh is the message that one state has more than another.
func fresh(was, next *spec.State) spec.Message {
	for k := range next.Messages {
		if k == was.Messages || next.Sent[k] != was.Sent[k] {
			return next.Sent[k]
		}
	}
	return spec.Message{}
}

// handled is the message that a step was about: one that leads there.
func (w *walk) handled(name string, was, next *spec.State, i, j spec.Node) spec.Message {
	kinds := map[string]spec.Kind{
		"HandleRequestVoteRequest": spec.RequestVoteRequest, "HandleRequestVoteResponse": spec.RequestVoteResponse,
		"HandleAppendEntriesRequest": spec.AppendEntriesRequest, "HandleAppendEntriesResponse": spec.AppendEntriesResponse,
		"HandleInstallSnapshotRequest": spec.InstallSnapshotRequest, "HandleReadIndexRequest": spec.ReadIndexRequest,
		"HandleReadIndexResponse": spec.ReadIndexResponse, "HandleConfirmLeaderResponse": spec.ConfirmLeaderResponse,
	}
	for _, a := range w.actions {
		if a.Name != name {
			continue
		}
		for k := range was.Messages {
			m := was.Sent[k]
			if m.Kind != kinds[name] || m.To != i || m.From != j {
				continue
			}
			// Alone among the messages, it leads where the step did, answer included, or it is not the one.
			only, found := *was, false
			only.Messages = 1
			only.Sent = [spec.MaxMessages]spec.Message{m}
			var to spec.State
			a.Each(&only, &to, &w.b, func(_, _ spec.Node) {
				found = to.Servers == next.Servers && (next.Messages == was.Messages || slices.Contains(to.Sent[:], fresh(was, next)))
			})
			if found {
				return m
			}
		}
	}
	panic("no message leads there")
}

// message is one of the specification's as one of the core's.
func message(m spec.Message) *raft.Message {
	out := &raft.Message{From: raft.NodeID(m.From), To: raft.NodeID(m.To), Term: raft.Term(m.Term), Incarnation: raft.FirstIncarnation}
	index, term := raft.Index(m.Index), raft.Term(m.LogTerm)
	switch m.Kind {
	case spec.RequestVoteRequest:
		out.Kind, out.RequestVote = raft.MsgRequestVote, raft.RequestVote{LastIndex: index, LastTerm: term}
	case spec.RequestVoteResponse:
		out.Kind, out.VoteReply = raft.MsgVoteReply, raft.VoteReply{Granted: true, Candidate: raft.FirstIncarnation}
	case spec.AppendEntriesRequest:
		out.Kind, out.Append = raft.MsgAppendEntries, raft.AppendEntries{PrevIndex: index, PrevTerm: term, Commit: raft.Index(m.Commit)}
		if m.Entry.Term != 0 {
			out.Append.Entries = []raft.Entry{{Index: index + 1, Term: raft.Term(m.Entry.Term), Kind: raft.EntryCommand}}
		}
	case spec.AppendEntriesResponse:
		out.Kind, out.AppendReply = raft.MsgAppendReply, raft.AppendReply{Success: true, Match: index}
	case spec.ReadIndexRequest, spec.ReadIndexResponse:
		out.Kind, out.Read = raft.MsgReadIndex, raft.ReadIndex{ID: uint64(m.Read), Index: index}
		if m.Kind == spec.ReadIndexResponse {
			out.Kind = raft.MsgReadIndexReply
		}
	case spec.ConfirmLeaderResponse:
		out.Kind, out.AppendReply = raft.MsgAppendReply, raft.AppendReply{Round: round(m.Term, m.Round)}
	case spec.InstallSnapshotRequest:
		out.Kind, out.Install = raft.MsgInstallSnapshot, raft.InstallSnapshot{Index: index, Term: term}
	}
	return out
}

// show has the Checker see a server; was is nil at first.
func (w *walk) show(i spec.Node, was *spec.State, boot bool) *Violation {
	v := w.s.At(i)
	same := func(a, b *spec.Log) raft.Index {
		k := spec.Index(0)
		for k < min(a.Len, b.Len) && a.At(k+1) == b.At(k+1) {
			k++
		}
		return raft.Index(k)
	}
	o := Observation{
		Node: raft.NodeID(i), Term: raft.Term(v.Term), Vote: raft.NodeID(v.Vote), Commit: raft.Index(v.Commit), Applied: raft.Index(v.Commit),
		Base: raft.Index(v.Base), BaseTerm: raft.Term(v.Log.At(v.Base).Term), LastIndex: raft.Index(v.Log.Len),
		DurableIndex: same(&v.Log, &v.Disk.Log), DurableTerm: raft.Term(v.Disk.Term), DurableVote: raft.NodeID(v.Disk.Vote),
		Role: [...]raft.Role{raft.Follower, raft.Candidate, raft.Leader}[v.Role],
	}
	if w.b.Reads > 0 {
		o.Applied = raft.Index(max(v.Applied, v.Base))
	}
	if boot {
		w.boots[i]++
		o.Changed = o.Base + 1
	} else if before := was.At(i); before.Log != v.Log {
		o.Changed = same(&before.Log, &v.Log) + 1
		if before.Log.At(v.Base).Term != v.Log.At(v.Base).Term {
			o.Changed = o.Base + 1
		}
	}
	o.Boot = w.boots[i]
	for k := o.Changed; o.Changed != 0 && k <= o.LastIndex; k++ {
		o.Suffix = append(o.Suffix, raft.Entry{Index: k, Term: raft.Term(v.Log.At(spec.Index(k)).Term), Kind: raft.EntryCommand})
	}
	return w.c.Observe(Moment{Event: w.event}, &o)
}

// Whatever the specification allows the check allows: it is the same relation.
func TestWhatTheSpecificationAllowsIsRefined(t *testing.T) {
	taken := map[string]int{}
	for seed := range uint64(200) {
		w := newWalk(t, seed, refined())
		for range 150 {
			v := w.step()
			require.Nil(t, v, "seed %d: %v", seed, w.taken)
		}
		for k := range w.taken {
			name, _, _ := strings.Cut(w.taken[k], "(")
			taken[name]++
		}
	}
	for _, a := range refined() {
		require.NotZero(t, taken[a.Name], a.Name)
	}
}

// And what it does not allow the check refuses, at the step.
func TestWhatTheSpecificationDoesNotAllowIsRefused(t *testing.T) {
	type broken func(s *spec.State, b *spec.Bounds, i spec.Node) bool
	for name, do := range map[string]broken{
		"BecomeLeader": func(s *spec.State, _ *spec.Bounds, i spec.Node) bool {
			v := s.At(i)
			was := v.Role
			v.Role, v.Granted = spec.Leader, 0
			return was == spec.Candidate
		},
		"AdvanceCommitIndex": func(s *spec.State, _ *spec.Bounds, i spec.Node) bool {
			v := s.At(i)
			v.Commit++
			return v.Role == spec.Leader && v.Commit <= v.Log.Len
		},
		"ClientRequest": func(s *spec.State, b *spec.Bounds, i spec.Node) bool {
			v := s.At(i)
			if v.Role == spec.Leader || v.Term == 0 || v.Log.Len == b.Entries {
				return false
			}
			v.Log.Append(spec.Entry{Term: v.Term})
			return true
		},
		"Timeout": func(s *spec.State, b *spec.Bounds, i spec.Node) bool {
			v := s.At(i)
			v.Term++
			return spec.Timeout(s, b, i)
		},
		"ServeRead": func(s *spec.State, _ *spec.Bounds, i spec.Node) bool {
			v := s.At(i)
			r := v.Read
			v.Read = spec.Read{}
			return v.Role != spec.Leader && r.ID != 0 && !r.Known && v.Applied > 0
		},
	} {
		t.Run(name, func(t *testing.T) {
			actions := refined()
			for k := range actions {
				if actions[k].Name == name {
					actions[k].Each = func(s, next *spec.State, b *spec.Bounds, yield spec.Yield) {
						for i := spec.Node(1); i <= 3; i++ {
							*next = *s
							allowed := *s
							if do(next, b, i) && (name != "BecomeLeader" || !spec.BecomeLeader(&allowed, b, i)) &&
								(name != "AdvanceCommitIndex" || !spec.AdvanceCommitIndex(&allowed, b, i)) {
								yield(i, spec.Nobody)
							}
						}
					}
				}
			}
			refused := 0
			for seed := range uint64(200) {
				w := newWalk(t, seed, actions)
				for range 200 { // a walk may come to an end of its terms before it comes to that
					v := w.step()
					if last := w.taken[len(w.taken)-1]; !strings.HasPrefix(last, name+"(") {
						require.Nil(t, v, "seed %d: %v", seed, w.taken)
						continue
					}
					require.NotNil(t, v, "seed %d: %v", seed, w.taken)
					refused++
					break
				}
			}
			require.Greater(t, refused, 20)
		})
	}
}
