package checker

import "raftsim/raft"

// commitment says that the entries up to index were committed in a term or earlier ones.
//
// The term is the one the node was in whose commit index covered them first. For a leader that is the term
// of the commitment. For a follower, whose leader ended before anyone saw it commit, it is that term or a
// later one; what follows from it is then asked of fewer leaders, never of more.
type commitment struct {
	term  raft.Term
	index raft.Index
}

// takeCommit extends the committed log by what the node's commit index covers beyond it, unless the node's
// log contradicts it or does not reach down to it, which committed-entries reports.
func (c *Checker) takeCommit(s *step) {
	o := s.o
	if o.Commit <= s.known || o.Commit <= s.was.commit || o.Commit > o.LastIndex {
		return
	}
	s.claim = o.Commit
	log := &s.n.log
	if log.base > s.known || log.vague > s.known || !holds(log, &c.committed, s.known) {
		return
	}
	for i := s.known + 1; i <= s.claim; i++ {
		*c.committed.add() = *log.at(i)
	}
	if s.n.latest().index > s.known {
		c.commitConfigurations(s.n, s.known, s.claim)
	}
	if k := len(c.commits) - 1; k >= 0 && c.commits[k].term >= o.Term {
		c.commits[k].index = s.claim
	} else {
		c.commits = append(c.commits, commitment{o.Term, s.claim})
	}
}

// committedBelow returns the last index that was committed in a term below the given one.
func (c *Checker) committedBelow(term raft.Term) raft.Index {
	for k := len(c.commits) - 1; k >= 0; k-- {
		if c.commits[k].term < term {
			return c.commits[k].index
		}
	}
	return 0
}
