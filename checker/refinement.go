package checker

import (
	"bytes"

	"raftsim/checker/spec"
	"raftsim/raft"
)

// refinement is: whatever a node does is a short sequence, possibly empty, of actions of the specification (package spec),
// each enabled.
//
// It checks that
//   - a node enters a later term by Timeout, one at a time and as a voter of its configuration, or by UpdateTerm, at the word of a
//     message; it comes back from a Restart as a follower, in no later term than it had;
//   - it gives its vote by HandleRequestVoteRequest: to who asked, in the term it is in, with a log at least as up-to-date;
//   - it leads by BecomeLeader: a candidate that a majority of its configuration has answered with their votes, its own included
//     once that is on its disk; while the configuration is joint, of those who were voters as well;
//   - a leader's log changes by ClientRequest, ChangeConfiguration or LeaveJoint: entries of its own term come at the end;
//   - another's changes by HandleAppendEntriesRequest: entries of a message of the term it is in, after one that is as in the
//     message, and what goes is what is in conflict with them; or by HandleInstallSnapshotRequest, for a snapshot it was sent;
//   - a leader's commit index rises by AdvanceCommitIndex: up to an entry of its term that a majority has acknowledged to
//     it, in that term; another's to what a message of the term says, as far as the log is known to be the leader's, or to the end
//     of a snapshot it was sent;
//   - a candidate asks for votes with the log it stood with (RequestVote), and as whom a leader hands over to only when that of the
//     term before told it to stand; only who leads the term says that, or sends entries or snapshots: those of its log, with no
//     higher a commit index than its own (AppendEntries, InstallSnapshot);
//   - a read is served by ServeRead, with all applied that it has to see: what its leader knew to be committed when it was asked
//     for, an entry of the leader's term included (ReadIndex, HandleReadIndexRequest). A majority has answered a round that the leader
//     began after that (ConfirmLeader, ConfirmRead), or, by lease, nobody had been elected in a later term yet (LeaseRead); a
//     follower was told the index in answer to a question of its own that is no older than the read (HandleReadIndexResponse).
//     A read that goes through the log is served once its entry is applied;
//   - a round of a leader's is confirmed in its term, by who was asked for it in that (ConfirmLeader). With leases, whoever did neither votes
//     nor stands for election itself, in true time, for as long as the lease can last that rests on it (EndPromise); unless the
//     leader of the term hands over, so that the next begins.
//
// So it judges by what arrived at the node, not by what others have done meanwhile: a leader with the acknowledgements of too few is
// seen although the rest have the entry on their disks. The guards are the very functions that the search of the specification has tried.
//
// It does not check that a promise is on the disk, which is durable-promises, what configuration comes after which, which is
// configuration-changes, and what a read saw, which is for linearizability. An action that is enabled need not be taken. Nothing is
// judged of a cluster whose messages the checker is not told of.
//
// In Ongaro's TLA+ specification: Next, and the actions it names.
func (c *Checker) refinement(s *step) *Violation {
	if !s.boot && s.o.Term > s.was.term && s.o.Vote == s.n.id {
		// This counts before the first message has arrived, too: the request for votes may leave much later.
		s.n.stood = standing{s.o.Term, s.n.log.last(), s.n.lastTerm(), s.n.heard.in(s.event).handsOver(s.o.Term)}
	}
	if s.elected {
		s.n.first = s.was.last + 1
	}
	if !c.told {
		return nil
	}
	if s.boot {
		return c.restarts(s)
	}
	a, o, was := s.n.heard.in(s.event), s.o, s.was
	var v *Violation
	if o.Term != was.term || o.Role != was.role || o.Vote != was.vote {
		v = c.entersTerm(s, a)
		if v == nil && o.Vote != raft.None && o.Vote != s.n.id && (o.Vote != was.vote || o.Term != was.term) {
			v = c.grantsVote(s, a)
		}
		if v == nil && s.elected {
			v = c.becomesLeader(s)
		}
	}
	if v == nil && (o.Changed != 0 || s.renewed) {
		v = c.changesLog(s, a)
	}
	if v == nil && o.Commit > was.commit {
		v = c.advancesCommit(s, a)
	}
	return v
}

// notEnabled is a violation by a node of this step.
func (c *Checker) notEnabled(s *step, action, format string, args ...any) *Violation {
	v := c.violated(refinement, []raft.NodeID{s.n.id}, format, args...)
	v.Detail += ": " + action + " is not enabled"
	return v
}

// restarts is about Restart. What is on the disk is for durable-promises to ask.
func (c *Checker) restarts(s *step) *Violation {
	n, o := s.n, s.o
	switch {
	case o.Role != raft.Follower:
		return c.notEnabled(s, "Restart", "%s starts as %s of term %d", n.id, o.Role, o.Term)
	case n.boots > 0 && !n.wiped && o.Term > s.was.term:
		return c.notEnabled(s, "Restart", "%s went down in term %d and starts in term %d", n.id, s.was.term, o.Term)
	}
	return nil
}

// entersTerm is about Timeout and UpdateTerm.
func (c *Checker) entersTerm(s *step, a *arrival) *Violation {
	n, o, was := s.n, s.o, s.was
	stands := o.Term > was.term && o.Vote == n.id
	switch {
	case o.Term < was.term:
		return c.notEnabled(s, "UpdateTerm", "%s goes from term %d back to term %d", n.id, was.term, o.Term)
	case stands && o.Term-1 != was.term && o.Term-1 != a.term:
		return c.notEnabled(s, "Timeout", "%s stands for election in term %d, and was in term %d", n.id, o.Term, was.term)
	case stands && !s.mayStand(n.id):
		return c.notEnabled(s, "Timeout", "%s stands for election in term %d, and is no voter", n.id, o.Term)
	case stands && !s.mayElect() && !a.handsOver(o.Term):
		return c.notEnabled(s, "Timeout", "%s stands for election in term %d, and is to elect nobody for another %v: it has confirmed round %d of %s",
			n.id, o.Term, s.promised(), n.keeping.round, n.keeping.to)
	case !stands && o.Term > was.term && a.term != o.Term:
		return c.notEnabled(s, "UpdateTerm", "%s goes from term %d to term %d, of which no message came to it", n.id, was.term, o.Term)
	case !stands && o.Role == raft.Candidate && (was.role != raft.Candidate || was.term != o.Term),
		!stands && o.Vote == n.id && was.vote != n.id:
		return c.notEnabled(s, "Timeout", "%s stands for election in term %d, which it had entered before", n.id, o.Term)
	case o.Term == was.term && o.Vote == raft.None && was.vote != raft.None:
		return c.notEnabled(s, "UpdateTerm", "%s takes back its vote for %s in term %d", n.id, was.vote, o.Term)
	}
	return nil
}

// grantsVote is about HandleRequestVoteRequest.
func (c *Checker) grantsVote(s *step, a *arrival) *Violation {
	n, o := s.n, s.o
	vote := raft.None
	if o.Term == s.was.term {
		vote = s.was.vote
	}
	const action = "HandleRequestVoteRequest"
	switch {
	case a.kind != raft.MsgRequestVote || a.from != o.Vote:
		return c.notEnabled(s, action, "%s votes for %s in term %d, who has not asked", n.id, o.Vote, o.Term)
	case !spec.MayVote(a.term, o.Term, vote, raft.None, o.Vote):
		return c.notEnabled(s, action, "%s votes for %s, who asked in term %d, in term %d, with a vote for %s before", n.id, o.Vote, a.term, o.Term, vote)
	case !spec.UpToDate(a.logTerm, a.index, n.lastTerm(), n.log.last()):
		return c.notEnabled(s, action, "%s, whose log ends at index %d of term %d, votes in term %d for %s, whose log ends at index %d of term %d",
			n.id, n.log.last(), n.lastTerm(), o.Term, o.Vote, a.index, a.logTerm)
	case !s.mayElect() && !a.transfer:
		return c.notEnabled(s, action, "%s votes for %s in term %d, and is to elect nobody for another %v: it has confirmed round %d of %s",
			n.id, o.Vote, o.Term, s.promised(), n.keeping.round, n.keeping.to)
	}
	return nil
}

// becomesLeader is about BecomeLeader.
func (c *Checker) becomesLeader(s *step) *Violation {
	n, o, was := s.n, s.o, s.was
	if was.role != raft.Candidate && o.Term == was.term || o.Vote != n.id {
		return c.notEnabled(s, "BecomeLeader", "%s becomes leader of term %d, in which it was %s", n.id, o.Term, was.role)
	}
	ok, short, who := agree(s.configuration(), func(m *raft.Member) bool {
		if m.ID == n.id {
			return o.DurableTerm == o.Term && o.DurableVote == n.id
		}
		return n.tally.said(o.Term, m).vote
	})
	if ok {
		return nil
	}
	return c.notEnabled(s, "BecomeLeader", "%s becomes leader of term %d with %d votes of %d, those of %v of %v", n.id, o.Term, len(who), len(short), who, ids(short))
}

// changesLog is about what writes a log.
func (c *Checker) changesLog(s *step, a *arrival) *Violation {
	n, o := s.n, s.o
	switch {
	case s.renewed:
		if !n.offered(o.Base, o.BaseTerm) || o.LastIndex != o.Base || o.Role == raft.Leader {
			return c.notEnabled(s, "HandleInstallSnapshotRequest", "%s puts a snapshot of index %d in the place of its log in term %d, which it was not sent", n.id, o.Base, o.Term)
		}
		return nil
	case o.Role == raft.Leader:
		return c.appendsOwn(s)
	case s.fork == 0 && o.LastIndex == s.was.last:
		return nil // what was written is what was there
	}
	return c.takesEntries(s, a)
}

// appendsOwn is about ClientRequest and the like.
func (c *Checker) appendsOwn(s *step) *Violation {
	n, o := s.n, s.o
	if s.fork != 0 {
		return c.notEnabled(s, "ClientRequest", "%s, leader of term %d, loses its entry of index %d", n.id, o.Term, s.fork)
	}
	for i := s.was.last + 1; i <= o.LastIndex; i++ {
		if e := s.entry(i); e.Term != o.Term {
			return c.notEnabled(s, "ClientRequest", "%s, leader of term %d, appends an entry of term %d at index %d", n.id, o.Term, e.Term, i)
		}
	}
	return nil
}

// takesEntries is about HandleAppendEntriesRequest.
func (c *Checker) takesEntries(s *step, a *arrival) *Violation {
	const action = "HandleAppendEntriesRequest"
	n, o := s.n, s.o
	first := s.was.last + 1
	if s.fork != 0 {
		first = s.fork
	}
	end := a.index + raft.Index(len(a.entries))
	switch {
	case a.kind != raft.MsgAppendEntries:
		return c.notEnabled(s, action, "%s changes its log from index %d on in term %d, and was sent no entries", n.id, first, o.Term)
	case a.term != o.Term:
		return c.notEnabled(s, action, "%s changes its log from index %d on in term %d at the word of %s, leader of term %d", n.id, first, o.Term, a.from, a.term)
	case first <= a.index || first > end || o.LastIndex != end:
		return c.notEnabled(s, action, "%s changes its log from index %d to %d in term %d, and was sent the entries from %d to %d", n.id, first, o.LastIndex, o.Term, a.index+1, end)
	case !n.follows(a):
		return c.notEnabled(s, action, "%s takes entries in term %d that come after one of term %d at index %d, where it has one of term %d",
			n.id, o.Term, a.logTerm, a.index, n.log.term(a.index))
	case s.fork != 0 && a.entries[first-a.index-1].Term == s.lost.term:
		return c.notEnabled(s, action, "%s drops its entry of term %d at index %d, which the leader of term %d has as well", n.id, s.lost.term, first, o.Term)
	}
	for i := first; i <= end; i++ {
		sent, e := &a.entries[i-a.index-1], s.entry(i)
		if e.Term != sent.Term || e.Kind != sent.Kind || !bytes.Equal(e.Data, sent.Data) {
			return c.notEnabled(s, action, "%s takes an entry of term %d at index %d, and was sent another, of term %d", n.id, e.Term, i, sent.Term)
		}
	}
	return nil
}

// lastTerm is the term of the last entry of a node's log.
func (n *node) lastTerm() raft.Term { return n.log.term(n.log.last()) }

// follows says whether what comes before a message's entries is in the log as the message says, or known to be.
func (n *node) follows(a *arrival) bool {
	return a.index < n.log.base || a.index <= n.log.last() && n.log.term(a.index) == a.logTerm
}

// advancesCommit is about AdvanceCommitIndex, and the commit index a message brings.
func (c *Checker) advancesCommit(s *step, a *arrival) *Violation {
	n, o, was := s.n, s.o, s.was
	if len(n.offers) > 0 && n.offered(o.Commit, n.log.term(o.Commit)) {
		return nil // it may lead by the time its disk has the snapshot
	}
	if o.Role == raft.Leader || was.leads() && was.term == o.Term { // who is no voter any more leads no longer
		return c.commitsByCounting(s)
	}
	const action = "HandleAppendEntriesRequest"
	end := max(a.index+raft.Index(len(a.entries)), o.Base)
	switch {
	case a.kind != raft.MsgAppendEntries || a.term != o.Term:
		return c.notEnabled(s, action, "%s commits index %d in term %d, and its leader said no such thing", n.id, o.Commit, o.Term)
	case o.Commit > a.commit:
		return c.notEnabled(s, action, "%s commits index %d in term %d, and was told of %d", n.id, o.Commit, o.Term, a.commit)
	case o.Commit > end || !n.follows(a) || len(a.entries) > 0 && n.log.has(end) && n.log.term(end) != a.entries[len(a.entries)-1].Term:
		return c.notEnabled(s, action, "%s commits index %d in term %d, and its log is known to be the leader's up to %d at most", n.id, o.Commit, o.Term, end)
	}
	return nil
}

// commitsByCounting is about AdvanceCommitIndex.
func (c *Checker) commitsByCounting(s *step) *Violation {
	n, o := s.n, s.o
	if term := n.log.term(o.Commit); !spec.CommitsByCounting(term, o.Term) {
		return c.notEnabled(s, "AdvanceCommitIndex", "%s, leader of term %d, commits index %d, of term %d", n.id, o.Term, o.Commit, term)
	}
	if s.countedPlainly() {
		return nil
	}
	has := func(m *raft.Member) bool {
		if m.ID == n.id {
			return durable(o) >= o.Commit
		}
		return n.tally.said(o.Term, m).match >= o.Commit
	}
	ok, short, who := agree(s.configuration(), has)
	if !ok {
		ok, _, _ = agree(n.latest().config, has)
	}
	if ok {
		return nil
	}
	return c.notEnabled(s, "AdvanceCommitIndex", "%s, leader of term %d, commits index %d with %d copies of %d, those of %v of %v", n.id, o.Term, o.Commit, len(who), len(short), who, ids(short))
}

// countedPlainly is the case of nearly every commit, at less cost: of a majority by the latest configuration, which is not joint.
func (s *step) countedPlainly() bool {
	n, o, g := s.n, s.o, s.n.latest().config
	if g == nil || len(g.Outgoing) > 0 {
		return false
	}
	copies, own := 0, durable(o)
	for k := range g.Voters {
		m := &g.Voters[k]
		has := own
		if m.ID != n.id {
			has = n.tally.said(o.Term, m).match
		}
		if has >= o.Commit {
			copies++
		}
	}
	return spec.Majority(copies, len(g.Voters))
}

// entry is one of those that the observation hands over.
func (s *step) entry(i raft.Index) *raft.Entry { return &s.o.Suffix[i-s.o.Changed] }

// configuration is the one that was in force on the node before the event.
func (s *step) configuration() *raft.Configuration {
	return from(s.n.configurations, s.was.last)[0].config
}

// agree asks for what the specification calls a majority, of both lists of a joint configuration. It returns the list that is
// short of one, and who has.
func agree(g *raft.Configuration, has func(m *raft.Member) bool) (ok bool, short []raft.Member, who []raft.NodeID) {
	if g == nil {
		return true, nil, nil
	}
	for l, list := range [...][]raft.Member{g.Voters, g.Outgoing} {
		if l == 1 && len(list) == 0 {
			break
		}
		n := 0
		for k := range list {
			if has(&list[k]) {
				n++
			}
		}
		if spec.Majority(n, len(list)) {
			continue
		}
		for k := range list {
			if has(&list[k]) {
				who = append(who, list[k].ID)
			}
		}
		return false, list, who
	}
	return true, nil, nil
}

// mayStand says whether a node was a voter by the configuration that it knows to be committed, or is by one after it: who is to
// leave may be needed until that is committed (Raft dissertation §4.2.2). One that was forgotten is taken to have it.
func (s *step) mayStand(id raft.NodeID) bool {
	for _, c := range from(s.n.configurations, min(s.was.commit, s.was.last)) {
		if c.config == nil || c.config.Voter(id) {
			return true
		}
	}
	return false
}
