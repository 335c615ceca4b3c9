package spec

import (
	"testing"

	"github.com/stretchr/testify/require"
)

// What guards are for: without one, a search finds a state in which an invariant does not hold. Each case has one action without its
// guard, from where the script leads, and then the relation as it is, which must hold out in the same bounds.
func TestNoGuardCanBeLeftOut(t *testing.T) {
	const oneVoted = "Timeout(n1) Persist(n1) RequestVote(n1,n2) UpdateTerm(n2) HandleRequestVoteRequest(n2,n1) Persist(n2) " +
		"HandleRequestVoteRequest(n2,n1) HandleRequestVoteResponse(n1,n2) BecomeLeader(n1) "
	served := oneRead + "HandleConfirmLeaderResponse(n1,n2) ConfirmRead(n1) Apply(n1) ServeRead(n1)"
	// n2 has served a read that n1 found an index for, and n1 has committed another entry since.
	asked := committed + "ReadRequest(n2) RequestReadIndex(n2,n1) HandleReadIndexRequest(n1,n2) ConfirmLeader(n2,n1) HandleConfirmLeaderResponse(n1,n2)" +
		"ConfirmRead(n1) HandleReadIndexResponse(n2,n1) AppendEntries(n1,n2) HandleAppendEntriesRequest(n2,n1) Apply(n2) ServeRead(n2)" +
		"ClientRequest(n1) UpdateTerm(n3)" + replicate("n1", "n3") + replicate("n1", "n3") + "AdvanceCommitIndex(n1)"
	for _, c := range []struct {
		name   string
		bounds Bounds
		script string
		action string
		broken func(s, next *State, b *Bounds, yield Yield)
		want   string
	}{
		{"a third of the votes and one", Bounds{Servers: 4, Terms: 1, Messages: 4, Prompt: true}, "",
			"BecomeLeader", perServer(func(s *State, b *Bounds, i Node) bool {
				v := s.At(i)
				return v.Role == Candidate && v.Granted.Len()+1 >= b.Servers/3+1 && lead(s, i)
			}), "ElectionSafety"},
		{"two votes in a term", Bounds{Servers: 3, Terms: 1, Messages: 4, Prompt: true}, "",
			"HandleRequestVoteRequest", perMessage(func(s *State, b *Bounds, m Message) bool {
				v := s.At(m.To)
				return m.Kind == RequestVoteRequest && m.Term == v.Term &&
					s.send(Message{Kind: RequestVoteResponse, From: m.To, To: m.From, Term: m.Term})
			}), "ElectionSafety"},
		{"a vote that is not on the disk", Bounds{Servers: 3, Terms: 1, Messages: 4, Restarts: 1}, "",
			"HandleRequestVoteRequest", perMessage(func(s *State, b *Bounds, m Message) bool {
				if !HandleRequestVoteRequest(s, b, m) {
					return false
				}
				return s.send(Message{Kind: RequestVoteResponse, From: m.To, To: m.From, Term: m.Term})
			}), "ElectionSafety"},
		{"a vote for a log that is behind", Bounds{Servers: 3, Terms: 2, Entries: 1, Messages: 6, Prompt: true}, committed,
			"HandleRequestVoteRequest", perMessage(func(s *State, b *Bounds, m Message) bool {
				m.LogTerm, m.Index = MaxTerm, MaxEntries
				return HandleRequestVoteRequest(s, b, m)
			}), "LeaderCompleteness"},
		{"an earlier term committed by counting", Bounds{Servers: 3, Terms: 4, Entries: 1, Messages: 10, Prompt: true},
			elect("n1", "n2") + "ClientRequest(n1) UpdateTerm(n3)" + elect("n3", "n2") + "ClientRequest(n3) UpdateTerm(n1)" + elect("n1", "n2") + "UpdateTerm(n3)",
			"AdvanceCommitIndex", perServer(func(s *State, b *Bounds, i Node) bool {
				v := s.At(i)
				if v.Role != Leader {
					return false
				}
				to := agreed(s, b, i)
				if to <= v.Commit {
					return false
				}
				v.Commit = to
				s.record(v)
				return true
			}), "LeaderCompleteness"},
		{"an entry after another than the leader's", Bounds{Servers: 3, Terms: 2, Entries: 2, Messages: 6, Prompt: true},
			elect("n1", "n2") + "ClientRequest(n1) UpdateTerm(n3)" + elect("n3", "n2") + "ClientRequest(n3) ClientRequest(n3) UpdateTerm(n1)",
			"HandleAppendEntriesRequest", perMessage(func(s *State, b *Bounds, m Message) bool {
				m.LogTerm = s.At(m.To).Log.At(m.Index).Term
				return HandleAppendEntriesRequest(s, b, m)
			}), "LogMatching"},
		{"an acknowledgement that is not on the disk", Bounds{Servers: 3, Terms: 2, Entries: 1, Messages: 6, Restarts: 1},
			oneVoted + "ClientRequest(n1) Persist(n1) UpdateTerm(n3) Persist(n3) Timeout(n3) Persist(n3)",
			"HandleAppendEntriesRequest", perMessage(func(s *State, b *Bounds, m Message) bool {
				if !HandleAppendEntriesRequest(s, b, m) {
					return false
				}
				v := s.At(m.To)
				return s.send(Message{Kind: AppendEntriesResponse, From: m.To, To: m.From, Term: m.Term, Index: v.Log.Len})
			}), "LeaderCompleteness"},
		{"a second change of the configuration", Bounds{Servers: 3, Terms: 2, Entries: 2, Messages: 4, Prompt: true,
			Configurations: []Set{SetOf(1, 2), SetOf(1)}}, elect("n1", "n2"),
			"ChangeConfiguration", eachUnguarded, "LeaderCompleteness"},
		{"a snapshot of what is not committed", Bounds{Servers: 2, Terms: 1, Entries: 1, Messages: 4, Prompt: true, Snapshots: true},
			elect("n1", "n2") + "ClientRequest(n1)",
			"TakeSnapshot", perServer(func(s *State, _ *Bounds, i Node) bool {
				v := s.At(i)
				v.Base, v.Disk.Base = v.Log.Len, v.Log.Len
				return v.Log.Len > 0
			}), "StateMachineSafety"},
		{"a read before an entry of the term", Bounds{Servers: 3, Terms: 2, Entries: 2, Messages: 7, Prompt: true, Reads: 1},
			committed + elect("n2", "n3"),
			"ReadIndex", perServer(func(s *State, _ *Bounds, i Node) bool {
				v := s.At(i)
				if v.Role != Leader || v.Read.ID == 0 || v.Read.Known || v.Round > 0 {
					return false
				}
				v.Round++
				v.Noted = Inquiry{From: i, ID: v.Read.ID, Index: v.Commit, Round: v.Round}
				return true
			}), "ReadsSeeWhatWasCommitted"},
		{"a read that an earlier round confirms", Bounds{Servers: 3, Terms: 2, Entries: 2, Messages: 12, Prompt: true, Reads: 2},
			served + elect("n2", "n3") + "ClientRequest(n2)" + replicate("n2", "n3") + replicate("n2", "n3") + "AdvanceCommitIndex(n2)",
			"ConfirmRead", perServer(func(s *State, b *Bounds, i Node) bool {
				v := s.At(i)
				v.Noted.Round = min(v.Noted.Round, 1)
				return ConfirmRead(s, b, i)
			}), "ReadsSeeWhatWasCommitted"},
		{"a read that is served before all is applied", Bounds{Servers: 3, Terms: 1, Entries: 1, Messages: 6, Prompt: true, Reads: 1}, committed,
			"ServeRead", perServer(func(s *State, _ *Bounds, i Node) bool { return s.At(i).Read.Known && serve(s, i) }), "ReadsSeeWhatWasCommitted"},
		{"an index of another read", Bounds{Servers: 3, Terms: 1, Entries: 2, Messages: 13, Prompt: true, Reads: 2}, asked,
			"HandleReadIndexResponse", perMessage(func(s *State, b *Bounds, m Message) bool {
				m.Read = s.At(m.To).Read.ID
				return m.Read != 0 && HandleReadIndexResponse(s, b, m)
			}), "ReadsSeeWhatWasCommitted"},
		{"a vote in spite of a promise", Bounds{Servers: 3, Terms: 2, Entries: 1, Messages: 7, Prompt: true, Reads: 1, Leases: true},
			committed + "UpdateTerm(n3) ReadRequest(n1) ReadIndex(n1) ConfirmLeader(n3,n1)",
			"HandleRequestVoteRequest", perMessage(func(s *State, b *Bounds, m Message) bool {
				s.At(m.To).Promise = 0
				return HandleRequestVoteRequest(s, b, m) && keep(s.At(m.To))
			}), "LeasesExcludeElections"},
		{"a candidate in spite of its promise", Bounds{Servers: 3, Terms: 2, Entries: 1, Messages: 7, Prompt: true, Reads: 1, Leases: true}, oneRead,
			"Timeout", perServer(func(s *State, b *Bounds, i Node) bool {
				v := s.At(i)
				v.Promise = 0
				return Timeout(s, b, i) && keep(v)
			}), "LeasesExcludeElections"},
		{"a read by lease without who promised", Bounds{Servers: 3, Terms: 2, Entries: 2, Messages: 11, Prompt: true, Reads: 2, Leases: true},
			served + "EndPromise(n2)" + elect("n2", "n3") + "ClientRequest(n2)" + replicate("n2", "n3") + replicate("n2", "n3") + "AdvanceCommitIndex(n2)",
			"LeaseRead", perServer(func(s *State, _ *Bounds, i Node) bool { return s.At(i).Noted.From != Nobody && tell(s, i) }), "ReadsSeeWhatWasCommitted"},
	} {
		t.Run(c.name, func(t *testing.T) {
			from := script(t, &c.bounds, Actions(), c.script)
			found := Search(from, &c.bounds, instead(c.action, c.broken))
			require.NotNil(t, found.Violation)
			require.Equal(t, c.want, found.Violation.Invariant, found.Violation.Detail)
			t.Logf("%s: %v", found.Violation.Detail, found.Violation.Trace)
			require.Nil(t, Search(from, &c.bounds, Actions()).Violation)
		})
	}
}

// eachUnguarded changes the configuration whatever is under way.
func eachUnguarded(s, next *State, b *Bounds, yield Yield) {
	for _, i := range b.nodes() {
		for _, voters := range b.Configurations {
			if *next = *s; appendOwn(next, b, i, Configuration{Voters: voters}) {
				yield(i, Nobody)
			}
		}
	}
}

// Two leaders, one after the other, remove different servers, and the majorities of what is left do not overlap (Ongaro, "bug in
// single-server membership changes", 2015). A leader that has committed in its term knows better.
func TestALeaderCommitsInItsTermBeforeItChangesTheConfiguration(t *testing.T) {
	b := Bounds{Servers: 4, Terms: 3, Entries: 1, Messages: 16, Prompt: true, Configurations: []Set{SetOf(1, 2, 4)}}
	ask := func(i, j string) string {
		return replace(i, j, " RequestVote(i,j) UpdateTerm(j) HandleRequestVoteRequest(j,i) HandleRequestVoteResponse(i,j) ")
	}
	first := "Timeout(n1)" + ask("n1", "n2") + ask("n1", "n3") + "BecomeLeader(n1) "
	require.False(t, enabled(script(t, &b, Actions(), first), &b, "ChangeConfiguration(n1)"))

	broken := instead("ChangeConfiguration", eachUnguarded)
	s := script(t, &b, broken, first+"ChangeConfiguration(n1)")
	b.Configurations = []Set{SetOf(1, 2, 3)}
	for _, step := range fields("Timeout(n2)" + ask("n2", "n3") + ask("n2", "n4") + "BecomeLeader(n2) ChangeConfiguration(n2)" +
		replicate("n2", "n3") + "AdvanceCommitIndex(n2) UpdateTerm(n1) Timeout(n1)" + ask("n1", "n4")) {
		s = take(t, s, &b, broken, step)
	}
	require.Empty(t, leaderCompleteness(&s))
	s = take(t, s, &b, broken, "BecomeLeader(n1)")
	require.Equal(t, "n1 leads term 3 without the entry at index 1, committed in term 2", leaderCompleteness(&s))
}

// keep has a server that broke a promise to the leader of term 1 go on as if it had not.
func keep(v *Server) bool {
	v.Promise = 1
	return true
}
