package raft_test

import (
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/cockroachdb/datadriven"
	"github.com/stretchr/testify/require"

	"raftsim/raft"
)

// play runs a script in the language of the transcripts, which TestTranscripts describes, one command a line.
func play(t testing.TB, script string) *stage {
	s := &stage{t: t}
	return s.play(script)
}

// play goes on with more of the script.
func (s *stage) play(script string) *stage {
	for line := range strings.Lines(script) {
		line = strings.TrimSpace(line)
		if line == "" || line[0] == '#' {
			continue
		}
		name, args, err := datadriven.ParseLine(line)
		require.NoError(s.t, err)
		s.command(name, args)
	}
	return s
}

// command does one.
func (s *stage) command(name string, args []datadriven.CmdArg) {
	line := name
	for k := range args {
		line += " " + args[k].String()
	}
	do, ok := commands[name]
	require.True(s.t, ok, "no such command: %s", line)
	w := words{s, line, args}
	s.quiet, s.depth = w.has("quiet"), 0
	if s.echo {
		s.sayf("> %s", line)
		s.depth = 1
	}
	before := s.text.Len()
	do(s, w)
	if w.has("silent") {
		text := s.text.String()[:before]
		s.text.Reset()
		s.text.WriteString(text)
	}
}

// commands are those that TestTranscripts describes.
var commands = map[string]func(*stage, words){
	"cluster":     (*stage).doCluster,
	"disk":        (*stage).doDisk,
	"boot":        func(s *stage, w words) { s.each(w, s.born) },
	"crash":       (*stage).doCrash,
	"restart":     func(s *stage, w words) { s.each(w, s.boot) },
	"advance":     (*stage).doAdvance,
	"timeout":     (*stage).doTimeout,
	"heartbeat":   (*stage).doHeartbeat,
	"elect":       (*stage).doElect,
	"persist":     (*stage).doPersist,
	"deliver":     (*stage).doDeliver,
	"drop":        (*stage).doDrop,
	"keep":        (*stage).doKeep,
	"stabilize":   (*stage).doStabilize,
	"spread":      (*stage).doSpread,
	"partition":   (*stage).doPartition,
	"heal":        (*stage).doHeal,
	"propose":     (*stage).doPropose,
	"compact":     (*stage).doCompact,
	"reconfigure": (*stage).doReconfigure,
	"read":        (*stage).doRead,
	"transfer":    (*stage).doTransfer,
	"log":         (*stage).doLog,
	"status":      (*stage).doStatus,
	"net":         (*stage).doNet,
}

// words are a command's.
type words struct {
	s    *stage
	line string
	args []datadriven.CmdArg
}

func (w words) find(key string) *datadriven.CmdArg {
	for k := range w.args {
		if w.args[k].Key == key {
			return &w.args[k]
		}
	}
	return nil
}

func (w words) has(key string) bool { return w.find(key) != nil }

// values are what stands behind key=, none when there is no such key.
func (w words) values(key string) []string {
	if a := w.find(key); a != nil {
		return a.Vals
	}
	return nil
}

// number is what stands behind key=, and normal when there is no such key.
func (w words) number(key string, normal uint64) uint64 {
	v := w.values(key)
	if len(v) == 0 {
		return normal
	}
	n, err := strconv.ParseUint(v[0], 10, 64)
	require.NoError(w.s.t, err, w.line)
	return n
}

func (w words) duration(key string) time.Duration {
	v := w.values(key)
	if len(v) == 0 {
		return 0
	}
	return w.parseDuration(v[0])
}

func (w words) parseDuration(v string) time.Duration {
	d, err := time.ParseDuration(v)
	require.NoError(w.s.t, err, w.line)
	return d
}

// free are the words that stand alone.
func (w words) free() []string {
	var f []string
	for k := range w.args {
		if a := &w.args[k]; a.Vals == nil && a.Key != "quiet" && a.Key != "silent" {
			f = append(f, a.Key)
		}
	}
	return f
}

func (w words) parseID(v string) raft.NodeID {
	n, err := strconv.ParseUint(strings.TrimPrefix(v, "n"), 10, 7)
	require.NoError(w.s.t, err, w.line)
	return raft.NodeID(n)
}

// ids are the nodes behind key=.
func (w words) ids(key string) []raft.NodeID {
	var ids []raft.NodeID
	for _, v := range w.values(key) {
		ids = append(ids, w.parseID(v))
	}
	return ids
}

// id is the node behind key=, or else nobody.
func (w words) id(key string) raft.NodeID {
	ids := w.ids(key)
	if len(ids) == 0 {
		return raft.None
	}
	return ids[0]
}

// nodes are the nodes that stand alone, and all there are when none does.
func (w words) nodes() []raft.NodeID {
	var ids []raft.NodeID
	for _, v := range w.free() {
		ids = append(ids, w.parseID(v))
	}
	if len(ids) == 0 {
		return w.s.all()
	}
	return ids
}

// node is the node that the command is for.
func (w words) node() raft.NodeID {
	f := w.free()
	require.NotEmpty(w.s.t, f, "of which node? %s", w.line)
	return w.parseID(f[0])
}

func (s *stage) each(w words, do func(raft.NodeID)) {
	for _, id := range w.nodes() {
		do(id)
	}
}

func (s *stage) doCluster(w words) {
	drift := w.number("drift", 0)
	fresh := newStage(s.t, int(w.number("nodes", 3)), func(cfg *raft.Config) {
		cfg.PreVote, cfg.CheckQuorum = w.has("prevote"), w.has("checkquorum")
		cfg.Lease, cfg.ClockDriftPPM = w.duration("lease"), drift
		cfg.MaxChunkBytes = int(w.number("chunk", 0))
		cfg.MaxInflight = int(w.number("inflight", 0))
		cfg.MaxInflightBytes = int(w.number("inflight-bytes", 0))
		cfg.MaxAppendBytes = int(w.number("append-bytes", 0))
		cfg.MaxUncommittedBytes = int(w.number("uncommitted-bytes", 0))
	})
	fresh.text.Reset()
	s.now, s.actors, s.voters, s.tune = 0, fresh.actors, fresh.voters, fresh.tune
	s.net, s.late, s.side, s.lives = nil, nil, fresh.side, fresh.lives
}

func (s *stage) doDisk(w words) {
	id := w.node()
	a := s.actor(id)
	a.disk.HardState = raft.HardState{Term: raft.Term(w.number("term", 0)), Vote: w.id("vote")}
	a.disk.Entries = nil
	for _, v := range w.values("log") {
		term, n, repeated := strings.Cut(v, "x")
		if !repeated {
			n = "1"
		}
		t, err := strconv.ParseUint(term, 10, 64)
		require.NoError(s.t, err, w.line)
		count, err := strconv.Atoi(n)
		require.NoError(s.t, err, w.line)
		a.disk.Entries = append(a.disk.Entries, entries(raft.Index(len(a.disk.Entries)), times(count, raft.Term(t))...)...)
	}
	s.crash(id)
	s.boot(id)
}

func (s *stage) doCrash(w words) {
	s.each(w, func(id raft.NodeID) {
		s.crash(id)
		s.sayf("%v is down", id)
	})
}

func (s *stage) doAdvance(w words) {
	for _, d := range w.free() {
		s.now += w.parseDuration(d)
	}
	s.sayf("it is %v", s.now)
}

func (s *stage) doTimeout(w words) {
	s.each(w, func(id raft.NodeID) {
		a := s.up(id)
		a.core.ElectionTimeout(s.now)
		s.act(a)
	})
}

func (s *stage) doHeartbeat(w words) {
	s.each(w, func(id raft.NodeID) {
		a := s.up(id)
		a.core.HeartbeatTimeout(s.now)
		s.act(a)
	})
}

// doElect makes a node the leader by the votes of those behind by=, or of all, and tells only what came of it.
func (s *stage) doElect(w words) {
	s.quiet = true
	a, by := s.up(w.node()), w.ids("by")
	if len(by) == 0 {
		by = s.all()
	} else {
		by = append(by, a.id)
	}
	a.core.ElectionTimeout(s.now)
	s.act(a)
	s.stabilize(by)
	require.Equal(s.t, raft.Leader, a.core.Role(), w.line)
}

func (s *stage) doPersist(w words) {
	s.each(w, func(id raft.NodeID) {
		a := s.actor(id)
		s.persist(a, min(len(a.writes), int(w.number("first", 1<<30))))
	})
}

// picked takes the messages that a command is about off the network.
func (s *stage) picked(w words) []*raft.Message {
	from, to, kind := w.ids("from"), w.ids("to"), w.values("kind")
	return s.take(func(m *raft.Message) bool {
		return (from == nil || contains(from, m.From)) && (to == nil || contains(to, m.To)) &&
			(kind == nil || contains(kind, m.Kind.String()))
	}, int(w.number("first", 1<<30)))
}

func contains[T comparable](list []T, v T) bool {
	for _, x := range list {
		if x == v {
			return true
		}
	}
	return false
}

func (s *stage) doDeliver(w words) {
	ms := s.late
	if w.has("kept") {
		s.late = nil
	} else {
		ms = s.picked(w)
	}
	for _, m := range ms {
		s.step(m)
	}
}

func (s *stage) doDrop(w words) {
	for _, m := range s.picked(w) {
		s.detailf("%s from %v to %v is lost", m.Kind, m.From, m.To)
	}
}

func (s *stage) doKeep(w words) {
	for _, m := range s.picked(w) {
		s.detailf("%s from %v to %v is late", m.Kind, m.From, m.To)
		s.late = append(s.late, m)
	}
}

func (s *stage) doStabilize(w words) { s.stabilize(w.nodes()) }

// doSpread has a leader make itself heard, and tells only what comes of it: everyone knows and has what is committed.
func (s *stage) doSpread(w words) {
	s.quiet = true
	s.stabilize(s.all())
	a := s.up(w.node())
	a.core.HeartbeatTimeout(s.now)
	s.act(a)
	s.stabilize(s.all())
}

// doPartition parts the network: partition n1 n2 | n3 n4. Who is not named is with the last.
func (s *stage) doPartition(w words) {
	sides := [][]raft.NodeID{nil}
	for _, f := range w.free() {
		if f == "|" {
			sides = append(sides, nil)
			continue
		}
		sides[len(sides)-1] = append(sides[len(sides)-1], w.parseID(f))
	}
	for id := range s.side {
		s.side[id] = len(sides)
	}
	for k, ids := range sides {
		for _, id := range ids {
			s.side[id] = k + 1
		}
	}
}

func (s *stage) doHeal(words) { clear(s.side) }

func (s *stage) doPropose(w words) {
	a := s.up(w.node())
	for _, data := range w.free()[1:] {
		if _, _, err := a.core.Propose([]byte(data)); s.said(a, err) {
			break
		}
	}
	s.act(a)
}

// said writes down why a node does not do what it was asked for.
func (s *stage) said(a *actor, err error) bool {
	s.refused = err
	if err != nil {
		s.sayf("%v does not: %v", a.id, err)
	}
	return err != nil
}

func (s *stage) doCompact(w words) { s.compact(w.node(), raft.Index(w.number("keep", 0))) }

func (s *stage) doReconfigure(w words) {
	a := s.up(w.node())
	i, err := a.core.Reconfigure(s.now, &raft.Change{Join: w.ids("join"), Learn: w.ids("learn"), Remove: w.ids("remove")})
	if !s.said(a, err) && i == 0 {
		s.sayf("%v has nothing to do", a.id)
	}
	s.act(a)
}

func (s *stage) doRead(w words) {
	a := s.up(w.node())
	for _, v := range w.values("id") {
		id, err := strconv.ParseUint(v, 10, 64)
		require.NoError(s.t, err, w.line)
		s.said(a, a.core.ReadIndex(s.now, id))
	}
	s.act(a)
}

func (s *stage) doTransfer(w words) {
	a := s.up(w.node())
	s.said(a, a.core.TransferLeadership(s.now, w.id("to")))
	s.act(a)
}

// doLog writes down logs: what is committed stands before the bar.
func (s *stage) doLog(w words) {
	for _, id := range w.nodes() {
		a := s.actor(id)
		if a.core == nil {
			s.sayf("%v: down", id)
			continue
		}
		st := a.core.Status()
		line := id.String() + ":"
		if st.Base > 0 {
			line += " [up to " + slot(st.Base, st.BaseTerm) + "]"
		}
		if st.Commit == st.Base {
			line += " |"
		}
		es := a.log()
		for k := range es {
			line += " " + entry(&es[k])
			if es[k].Index == st.Commit {
				line += " |"
			} else if k+1 < len(es) {
				line += ","
			}
		}
		s.sayf("%s", line)
	}
}

func (s *stage) doStatus(w words) {
	for _, id := range w.nodes() {
		a := s.actor(id)
		if a.core == nil {
			s.sayf("%v: down", id)
			continue
		}
		st := a.core.Status()
		s.sayf("%v: %v of term %d, vote %v, leader %v, %s, members %v, state %q",
			id, st.Role, st.Term, st.Vote, st.Leader, reach(&st), a.core.Configuration(), strings.Join(a.state, " "))
	}
}

// doNet writes down what is on its way.
func (s *stage) doNet(words) {
	for _, m := range s.net {
		s.sayf("%s", sentence(m))
	}
}
