package checker

import "raftsim/raft"

// matching has, by index and term, the prefix that every log with an entry of that term at that index must
// have.
type matching struct {
	// latest is by index, for the latest term seen there; nearly every entry ends here.
	latest chain
	// earlier has the other terms, which come up where logs diverged.
	earlier map[position]link
}

type position struct {
	index raft.Index
	term  raft.Term
}

func newMatching() matching {
	return matching{latest: newChain(), earlier: map[position]link{}}
}

// add takes in an entry, and says whether it is the one known of its index and term, if one is. What is forgotten, or
// beyond a gap, is not known.
func (m *matching) add(i raft.Index, l link) bool {
	if !m.latest.has(i) {
		if i != m.latest.n {
			return true
		}
		last := m.latest.add()
		last.term, last.hash = l.term, l.hash
		return true
	}
	latest := m.latest.at(i)
	switch {
	case *latest == l:
		return true
	case latest.term == l.term:
		return false
	case latest.term < l.term:
		// Where logs diverged the later term is the one to stay.
		m.earlier[position{i, latest.term}] = *latest
		*latest = l
		return true
	}
	known, ok := m.earlier[position{i, l.term}]
	if !ok {
		m.earlier[position{i, l.term}] = l
		return true
	}
	return known == l
}

// forget drops what is known below an index.
func (m *matching) forget(i raft.Index) {
	m.latest.drop(min(i, m.latest.last()))
	// determinism: what goes does not depend on the order
	for at := range m.earlier {
		if at.index < i {
			delete(m.earlier, at)
		}
	}
}

// logMatching is Log Matching: two logs that hold an entry of the same index and term are identical in all
// entries up through that index.
//
// It checks every log ever seen, including a node's own before a restart, and compares term, kind and data
// of the entry and of all before it, those included that a snapshot stands for. The comparison is of 64-bit hashes.
//
// It does not check who wrote an entry: one that no leader ever had passes as long as nobody holds another
// in its place. Data altered in memory after it was observed is noticed only when it is observed again, on
// another node or after a restart. What every log is past is forgotten, as is the start of a log that comes back from so
// long ago.
//
// Raft paper §5.3, Figure 3. In Ongaro's TLA+ specification this is about the history variable allLogs:
// Lemma 4 of the proof (dissertation, appendix B.2), LogMatching in later editions of raft.tla.
func (c *Checker) logMatching(s *step) *Violation {
	id, i, log := s.n.id, s.mismatch, &s.n.log
	for k := 1; k < len(c.nodes); k++ {
		other := &c.nodes[k]
		if i > other.log.vague && other.log.has(i) && other.log.at(i).term == log.at(i).term && *other.log.at(i) != *log.at(i) {
			a, b := min(id, other.id), max(id, other.id)
			return c.violated(logMatching, []raft.NodeID{a, b}, "%s and %s hold an entry of term %d at index %d, but their logs differ at index %d",
				a, b, log.at(i).term, i, differ(log, &other.log, i))
		}
	}
	return c.violated(logMatching, []raft.NodeID{id}, "%s holds an entry of term %d at index %d, but its log up to there is not the one seen with that entry before",
		id, log.at(i).term, i)
}
