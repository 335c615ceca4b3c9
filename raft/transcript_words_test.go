package raft_test

import (
	"fmt"
	"strings"

	"raftsim/raft"
)

// headf writes down what happens to a node; what comes of it stands below, indented.
func (s *stage) headf(format string, args ...any) {
	if s.quiet {
		return
	}
	s.depth = 0
	if s.echo {
		s.depth = 1
	}
	s.sayf(format, args...)
	s.depth++
}

// detailf writes down how something comes about.
func (s *stage) detailf(format string, args ...any) {
	if !s.quiet {
		s.sayf(format, args...)
	}
}

// sayf writes down what a node does.
func (s *stage) sayf(format string, args ...any) {
	fmt.Fprintf(&s.text, "%*s%s\n", 2*s.depth, "", fmt.Sprintf(format, args...))
}

// tell writes down what has changed about a node, and what an Output sends.
func (s *stage) tell(a *actor, out *raft.Output) {
	was, is := a.seen, a.core.Status()
	switch {
	case was.ID == raft.None:
		s.sayf("%v starts as %v of term %d, %s", a.id, is.Role, is.Term, reach(&is))
		was = is
		a.members = a.core.Configuration()
		a.core.TakeChanged() // all of it is new
	case is.Role != was.Role || is.Term != was.Term && is.Role == raft.Candidate:
		s.sayf("%v becomes %v of term %d", a.id, is.Role, is.Term)
	case is.Term != was.Term:
		s.sayf("%v moves on to term %d", a.id, is.Term)
	}
	if (is.Vote != was.Vote || is.Term != was.Term) && is.Vote != raft.None && is.Vote != a.id {
		s.sayf("%v votes for %v", a.id, is.Vote)
	}
	if is.Leader != was.Leader && is.Leader != raft.None && is.Leader != a.id {
		s.sayf("%v follows %v", a.id, is.Leader)
	}
	if is.Role == raft.Leader {
		s.tellCommitted(a, out) // it may have appended because of that
	}
	s.tellLog(a, &was, &is, out.Installed)
	if members := a.core.Configuration(); members != a.members {
		verb := "is in"
		if is.ConfigurationIndex < was.ConfigurationIndex {
			verb = "goes back to"
		}
		s.sayf("%v %s the configuration of entry %d: %v", a.id, verb, is.ConfigurationIndex, members)
		a.members = members
	}
	if is.Role != raft.Leader {
		s.tellCommitted(a, out)
	}
	for _, r := range out.Reads {
		if r.Index == 0 {
			s.sayf("%v cannot serve read %d", a.id, r.ID)
		} else {
			s.sayf("%v may serve read %d once %d is applied", a.id, r.ID, r.Index)
		}
	}
	for _, m := range out.Messages {
		s.detailf("%s", sentence(m))
	}
	a.seen = is
}

func (s *stage) tellCommitted(a *actor, out *raft.Output) {
	if len(out.Committed) > 0 {
		s.sayf("%v commits %s", a.id, list(out.Committed))
	}
}

// tellLog writes down what a log has lost and gained.
func (s *stage) tellLog(a *actor, was, is *raft.Status, installed *raft.Snapshot) {
	from := a.core.TakeChanged()
	switch {
	case installed != nil:
		s.sayf("%v puts snapshot %s, %q, in the place of its log", a.id, slot(installed.Index, installed.Term), installed.Data)
	case from != 0 && from <= was.LastIndex:
		s.sayf("%v cuts off its log from %d on", a.id, from)
	}
	if from != 0 && from <= is.LastIndex {
		s.sayf("%v appends %s", a.id, list(a.log()[from-is.Base-1:]))
	}
}

// sentence tells of a message that is sent.
func sentence(m *raft.Message) string {
	call := fmt.Sprintf("%v sends %s to %v: term %d", m.From, m.Kind, m.To, m.Term)
	switch m.Kind {
	case raft.MsgRequestVote:
		r := &m.RequestVote
		if r.Transfer {
			call += ", by its leader's wish"
		}
		return call + ", log ends with " + slot(r.LastIndex, r.LastTerm)
	case raft.MsgVoteReply:
		return fmt.Sprintf("%v %s %v its vote: term %d", m.From, grants(m.VoteReply.Granted), m.To, m.Term)
	case raft.MsgRequestPreVote:
		return call + fmt.Sprintf(", to stand in term %d, log ends with %s", m.PreVote.Campaign, slot(m.PreVote.LastIndex, m.PreVote.LastTerm))
	case raft.MsgPreVoteReply:
		return fmt.Sprintf("%v %s %v the promise of a vote: term %d", m.From, grants(m.PreVoteReply.Granted), m.To, m.Term)
	case raft.MsgAppendEntries:
		p := &m.Append
		call += ", after " + slot(p.PrevIndex, p.PrevTerm) + ", nothing"
		if len(p.Entries) > 0 {
			call = strings.TrimSuffix(call, "nothing") + list(p.Entries)
		}
		return call + fmt.Sprintf(", commit %d", p.Commit) + round(p.Round)
	case raft.MsgAppendReply:
		r := &m.AppendReply
		if !r.Success {
			return fmt.Sprintf("%v refuses what %v sends after %d: term %d, hint %s", m.From, m.To, r.PrevIndex, m.Term, slot(r.HintIndex, r.HintTerm)) + round(r.Round)
		}
		return fmt.Sprintf("%v acknowledges to %v up to %d: term %d", m.From, m.To, r.Match, m.Term) + round(r.Round)
	case raft.MsgReadIndex:
		return call + fmt.Sprintf(", read %d", m.Read.ID)
	case raft.MsgReadIndexReply:
		if m.Read.Index == 0 {
			return fmt.Sprintf("%v refuses read %d of %v: term %d", m.From, m.Read.ID, m.To, m.Term)
		}
		return fmt.Sprintf("%v answers read %d of %v: term %d, index %d", m.From, m.Read.ID, m.To, m.Term, m.Read.Index)
	case raft.MsgInstallSnapshot:
		p := &m.Install
		return call + fmt.Sprintf(", snapshot %s, bytes %d to %d of %d", slot(p.Index, p.Term), p.Offset, p.Offset+uint64(len(p.Data)), p.Size)
	case raft.MsgInstallReply:
		r := &m.InstallReply
		if r.Done {
			return fmt.Sprintf("%v acknowledges to %v snapshot %d: term %d", m.From, m.To, r.Index, m.Term)
		}
		return fmt.Sprintf("%v tells %v that it has %d bytes of snapshot %d: term %d", m.From, m.To, r.Offset, r.Index, m.Term)
	}
	return call
}

func grants(yes bool) string {
	if yes {
		return "grants"
	}
	return "refuses"
}

func round(n uint64) string {
	if n == 0 {
		return ""
	}
	return fmt.Sprintf(", round %d", n)
}

// slot is an entry's place in a log: 4/t2 for index 4 of term 2.
func slot(i raft.Index, t raft.Term) string { return fmt.Sprintf("%d/t%d", i, t) }

// list is entries in words; of many only where they begin and end.
func list(es []raft.Entry) string {
	const most = 6
	if n := len(es); n > most {
		return fmt.Sprintf("%d entries, %s to %s", n, entry(&es[0]), entry(&es[n-1]))
	}
	words := make([]string, len(es))
	for k := range es {
		words[k] = entry(&es[k])
	}
	return strings.Join(words, ", ")
}

// entry is an entry in words.
func entry(e *raft.Entry) string {
	at := slot(e.Index, e.Term)
	switch e.Kind {
	case raft.EntryNoop:
		return at + " no-op"
	case raft.EntryConfiguration:
		c, err := raft.DecodeConfiguration(e.Data)
		if err != nil {
			return at + " " + err.Error()
		}
		return at + " (" + c.String() + ")"
	}
	if len(e.Data) == 0 {
		return at
	}
	return at + " " + string(e.Data)
}

// written tells what a disk has been given.
func written(w *diskTask) string {
	var parts []string
	if w.hasHard {
		vote := "no vote"
		if w.hard.Vote != raft.None {
			vote = "its vote for " + w.hard.Vote.String()
		}
		parts = append(parts, fmt.Sprintf("term %d and %s", w.hard.Term, vote))
	}
	if w.installed != nil {
		parts = append(parts, fmt.Sprintf("a log that begins after %d", w.installed.Index))
	}
	if n := len(w.entries); n > 0 {
		span := fmt.Sprintf("entry %d", w.entries[0].Index)
		if n > 1 {
			span = fmt.Sprintf("entries %d to %d", w.entries[0].Index, w.entries[n-1].Index)
		}
		parts = append(parts, span)
	}
	return strings.Join(parts, ", ")
}

// reach is how far a node's log goes.
func reach(st *raft.Status) string {
	words := "an empty log"
	switch {
	case st.LastIndex > st.Base:
		words = fmt.Sprintf("log %d to %s", st.Base+1, slot(st.LastIndex, st.LastTerm))
	case st.Base > 0:
		words = "nothing after snapshot " + slot(st.Base, st.BaseTerm)
	}
	return fmt.Sprintf("%s, committed up to %d", words, st.Commit)
}
