package raft_test

import (
	"flag"
	"math/rand/v2"
	"slices"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"raftsim/raft"
)

var (
	scheduleSeed = flag.Uint64("schedule", 0, "the one schedule of TestRandomSchedules to run, 0 for all")
	scheduleLast = flag.Uint64("schedules", 0, "the last schedule of TestRandomSchedules, 0 for the usual one")
)

// Whatever happens to messages, disks, timers, clocks, members and nodes, the safety properties of Figure 3 of the paper hold,
// no read sees the past, and once it stops, the cluster comes to agree. Each seed is a short schedule of its own.
func TestRandomSchedules(t *testing.T) {
	last := uint64(3000)
	if testing.Short() {
		last = 800
	}
	if *scheduleLast > 0 {
		last = *scheduleLast
	}
	if *scheduleSeed != 0 {
		runSchedule(t, *scheduleSeed)
		return
	}
	var total tally
	for seed := uint64(1); seed <= last; seed++ {
		for k, n := range runSchedule(t, seed).count {
			total[k] += n
		}
	}
	for k, n := range total { // a schedule in which nothing went wrong would show nothing
		t.Logf("%d %s", n, kindNames[k])
		require.Greater(t, n, int(last)/20, kindNames[k])
	}
}

// schedule is a cluster under a random schedule.
type schedule struct {
	*cluster
	*judge
	r      *rand.Rand
	unkind int         // in percent, about
	alone  raft.NodeID // is cut off from all others
	oneWay bool        // but is heard by them
}

func runSchedule(t *testing.T, seed uint64) *judge {
	defer func() {
		if p := recover(); p != nil {
			t.Errorf("schedule %d: %v", seed, p)
			panic(p)
		}
		if t.Failed() {
			t.Logf("to see it again: go test ./raft -run TestRandomSchedules -schedule %d", seed)
		}
	}()
	r := rand.New(rand.NewPCG(seed, 0))
	s := &schedule{judge: newJudge(), r: r}
	// How unkind the world is differs from schedule to schedule.
	s.unkind = []int{0, 2, 10, 30}[r.IntN(4)]
	preVote, checkQuorum := r.IntN(2) == 0, r.IntN(2) == 0
	lease, drift := time.Duration(0), []uint64{0, 1_000, 100_000, 400_000}[r.IntN(4)]
	if checkQuorum && r.IntN(2) == 0 {
		lease = 20*time.Millisecond + time.Duration(r.IntN(int(2*electionMin)))
	}
	pace := []time.Duration{time.Millisecond, 5 * time.Millisecond, 20 * time.Millisecond}[r.IntN(3)]
	messages, bytes, batch := r.IntN(6), r.IntN(300), r.IntN(200)
	chunk, backlog := 1+r.IntN(20), []int{0, 60, 200}[r.IntN(3)]
	tune := func(cfg *raft.Config) {
		cfg.MaxInflight, cfg.MaxInflightBytes, cfg.MaxAppendBytes = messages, bytes, batch
		cfg.MaxChunkBytes, cfg.MaxUncommittedBytes = chunk, backlog
		cfg.PreVote, cfg.CheckQuorum, cfg.Lease, cfg.ClockDriftPPM = preVote, checkQuorum, lease, drift
		cfg.Draw = func(n uint64) uint64 { return r.Uint64N(n) }
	}
	s.cluster = newGrowingCluster(t, 1+r.IntN(5), r.IntN(4), tune)
	s.skewClocks(int64(drift))
	for id := range s.nodes[1:] { // anew, by clocks of their own
		s.crash(raft.NodeID(id + 1))
		s.restart(raft.NodeID(id + 1))
		s.look(raft.NodeID(id + 1))
	}

	for range 150 + r.IntN(600) {
		s.now += time.Duration(r.IntN(int(pace)))
		s.happen()
	}
	s.calm()
	return s.judge
}

// skewClocks gives each node a clock of its own, not faster or slower than the bound allows.
func (s *schedule) skewClocks(ppm int64) {
	const million = 1_000_000
	rates, offsets := make([]int64, len(s.nodes)), make([]time.Duration, len(s.nodes))
	for k := range rates {
		rates[k] = million + s.r.Int64N(2*ppm+1) - ppm
		offsets[k] = time.Duration(s.r.IntN(int(time.Hour)))
	}
	s.skew = func(id raft.NodeID, now time.Duration) time.Duration {
		return offsets[id] + now*time.Duration(rates[id])/million
	}
}

func (s *schedule) anybody() raft.NodeID { return raft.NodeID(1 + s.r.IntN(len(s.nodes)-1)) }

// happen lets one thing happen to one node.
func (s *schedule) happen() {
	id := s.anybody()
	n := s.nodes[id]
	if n.core == nil {
		if s.r.IntN(4) == 0 {
			s.restart(id)
			s.look(id)
		}
		return
	}
	switch d := s.r.IntN(1000); {
	case d < 530:
		for range 1 + s.r.IntN(8) {
			s.arrive()
		}
	case d < 750:
		for range 3 { // disks are busy, yet faster than elections
			s.writeSome(s.anybody())
		}
	case d < 780 && s.unkind > 0:
		s.alone = raft.NodeID(s.r.IntN(2 * len(s.nodes))) // often nobody
		if s.r.IntN(3) == 0 {
			s.alone = s.leader()
		}
		s.oneWay = s.r.IntN(3) == 0
	case d < 850:
		s.ask(id)
	case d < 860:
		if n.core.TransferLeadership(s.clock(id), s.anybody()) == nil {
			s.count[transfers]++
			s.act(id)
			s.look(id)
		}
	case d < 910:
		s.beat(id)
		s.look(id)
	case d < 930:
		if s.snapshot(id) {
			s.count[snapshots]++
		}
	case d < 960:
		s.reconfigure()
	case d < 985 || s.unkind == 0:
		s.timeout(id)
		s.look(id)
	case d < 990:
		s.wipeIfAllowed(id)
	default:
		s.fail(id)
	}
}

// writeSome lets the disk of a node write something.
func (s *schedule) writeSome(id raft.NodeID) {
	n := s.nodes[id]
	if n.core == nil {
		return
	}
	s.persistFirst(id, min(len(n.writes), 1+s.r.IntN(3)))
	s.look(id)
	if len(n.snapshots) > 0 && s.r.IntN(2) == 0 {
		s.finishSnapshot(id, raft.Index(s.r.IntN(6)))
		s.look(id)
	}
}

// ask has clients ask a node for something.
func (s *schedule) ask(id raft.NodeID) {
	core := s.nodes[id].core
	if core.Role() == raft.Leader {
		for range 1 + s.r.IntN(4) {
			switch _, _, err := core.Propose([]byte{byte(s.r.Uint32()), byte(s.r.Uint32())}); err {
			case nil, raft.ErrTransferring:
			case raft.ErrBacklog:
				s.count[backlogs]++
			default:
				require.NoError(s.t, err)
			}
		}
		s.act(id)
	}
	for range s.r.IntN(3) { // reads, anywhere
		name := uint64(len(s.asked)) + 1
		s.asked[name] = raft.Index(len(s.committed))
		if core.ReadIndex(s.clock(id), name) == nil {
			before := len(s.nodes[id].reads)
			s.act(id)
			if core.Role() == raft.Leader && len(s.nodes[id].reads) > before {
				s.count[atOnce]++
			}
		}
	}
	s.look(id)
}

// fail has a node crash. Some of what was asked for may have reached the disk without the node having been told.
func (s *schedule) fail(id raft.NodeID) {
	n := s.nodes[id]
	k := s.r.IntN(len(n.writes) + 1)
	if k < len(n.writes) {
		s.count[lostWrites]++
	}
	n.write(k)
	if len(n.snapshots) > 0 && s.r.IntN(2) == 0 {
		n.disk.Snapshot = n.snapshots[0]
	}
	s.crash(id)
}

// reconfigure asks a leader for a change that a careful operator may ask for: as far as can be known, those who have
// their disks can go on without those who have not.
func (s *schedule) reconfigure() {
	leader := s.leader()
	if leader == raft.None {
		return
	}
	var change raft.Change
	for range 1 + s.r.IntN(3) {
		list := []*[]raft.NodeID{&change.Join, &change.Join, &change.Learn, &change.Remove}[s.r.IntN(4)]
		*list = append(*list, s.anybody())
	}
	config := *s.core(leader).Configuration()
	without := func(leaves func(m raft.Member) bool) bool {
		config.Voters = slices.DeleteFunc(slices.Clone(config.Voters), leaves)
		return s.enough(&config, len(change.Join), raft.None)
	}
	if !without(func(m raft.Member) bool {
		return slices.Contains(change.Learn, m.ID) || slices.Contains(change.Remove, m.ID)
	}) ||
		!without(func(m raft.Member) bool { return slices.Contains(change.Join, m.ID) && !s.whole(m) }) { // if the leader has noticed
		return
	}
	s.core(leader).Reconfigure(s.clock(leader), &change)
	s.act(leader)
	s.look(leader)
}

// leader is who leads the latest term, None when nobody does.
func (s *schedule) leader() raft.NodeID {
	leader, term := raft.None, raft.Term(0)
	for k, n := range s.nodes {
		if n != nil && n.core != nil && n.core.Role() == raft.Leader && n.core.Status().Term > term {
			leader, term = raft.NodeID(k), n.core.Status().Term
		}
	}
	return leader
}

// wipeIfAllowed ends a node and takes its disk, unless a majority would be lost for good.
func (s *schedule) wipeIfAllowed(id raft.NodeID) {
	for _, c := range s.inForce() {
		if !s.enough(c.config, 0, id) {
			return
		}
	}
	s.lost[raft.Member{ID: id, Incarnation: s.incarnation(id)}] = s.nodes[id].drive
	s.wipe(id)
	s.count[wipes]++
}

// enough says whether a configuration can go on, though a node lose its disk and those to be promoted have lost theirs.
func (s *schedule) enough(config *raft.Configuration, promoted int, without raft.NodeID) bool {
	for _, l := range config.Learners {
		if l.Promote {
			promoted++
		}
	}
	for _, voters := range [...][]raft.Member{config.Voters, config.Outgoing} {
		n := 0
		for _, m := range voters {
			if s.whole(m) && m.ID != without {
				n++
			}
		}
		if len(voters) > 0 && 2*n <= len(voters)+promoted {
			return false
		}
	}
	return true
}

// whole says whether a member has its disk.
func (s *schedule) whole(m raft.Member) bool {
	return m.Incarnation == 0 || m.Incarnation == s.incarnation(m.ID)
}

// arrive takes a message off the network: any, so that they overtake each other.
func (s *schedule) arrive() {
	if len(s.net) == 0 {
		return
	}
	k := 0
	if s.r.IntN(100) < 4*s.unkind {
		k = s.r.IntN(len(s.net))
	}
	m := s.net[k]
	again := s.r.IntN(100) < s.unkind
	if !again {
		s.net = slices.Delete(s.net, k, k+1)
		s.old--
	}
	if s.r.IntN(100) >= s.unkind && (m.From != s.alone || s.oneWay) && m.To != s.alone {
		s.hand(m)
	}
	if !again {
		m.Release()
	}
}

// hand gives a message to whom it is for.
func (s *schedule) hand(m *raft.Message) {
	if m.Kind == raft.MsgAppendReply && !m.AppendReply.Success {
		s.count[refusals]++
	}
	if s.nodes[m.To].core != nil {
		s.step(m)
		if s.refused != nil {
			s.count[strangers]++
			if _, broke := s.refused.(*raft.ProtocolError); broke {
				require.NoError(s.t, s.refused, "%+v", m)
			}
		}
		s.look(m.To)
	}
}

// calm ends all faults: within a few elections there is a leader, it commits, and all have the same.
func (s *schedule) calm() {
	s.alone = raft.None
	for id := range s.nodes[1:] {
		if id := raft.NodeID(id + 1); s.nodes[id].core == nil {
			s.restart(id)
			s.look(id)
		}
	}
	end := s.now + 100*electionMax
	proposed := place{}
	for s.now < end {
		s.deliverAll()
		if i := int(proposed.index); i > 0 && i <= len(s.committed) && s.committed[i-1].entry.Term == proposed.term && s.agree() {
			return
		}
		first, beats := s.nextTimer()
		if first == raft.None {
			break
		}
		if !beats {
			s.timeout(first)
			s.look(first)
			continue
		}
		if proposed.term < s.status(first).Term { // what an earlier leader took may be lost
			index, term, err := s.core(first).Propose([]byte("last"))
			if err == nil {
				proposed = place{index, term}
			} else if err != raft.ErrBacklog {
				require.ErrorIs(s.t, err, raft.ErrTransferring) // for the moment
			}
		}
		s.beat(first)
		s.look(first)
	}
	for id := range s.nodes[1:] {
		s.t.Logf("%+v of %v", s.status(raft.NodeID(id+1)), s.members(raft.NodeID(id+1)))
	}
	require.Fail(s.t, "no progress", "after %d commits", len(s.committed))
}

// deliverAll has all messages arrive and all disks write, until nothing is left to do.
func (s *schedule) deliverAll() {
	for busy := true; busy; {
		busy = false
		for k := range s.nodes[1:] {
			id := raft.NodeID(k + 1)
			n := s.nodes[id]
			if len(n.writes) > 0 {
				s.persist(id)
				s.look(id)
				busy = true
			}
			for len(n.snapshots) > 0 {
				s.finishSnapshot(id, 0)
				s.look(id)
				busy = true
			}
		}
		for n := len(s.net); n > 0; n-- {
			m := s.net[0]
			s.net = s.net[1:]
			s.old--
			s.hand(m)
			m.Release()
			busy = true
		}
	}
}

// nextTimer goes on to when the first timer is due, and says whose and whether it is that of the heartbeat.
func (s *schedule) nextTimer() (first raft.NodeID, beats bool) {
	due := raft.Never
	for k := range s.nodes[1:] {
		id := raft.NodeID(k + 1)
		election, beat := s.core(id).Deadlines()
		at := min(election, beat)
		if at == raft.Never {
			continue
		}
		at = max(0, at-s.clock(id)) // clocks are about as fast as time
		if at < due {
			first, due, beats = id, at, beat <= election
		}
	}
	if first != raft.None {
		s.now += due
	}
	return first, beats
}

// agree says whether all members who have their disks have applied all that was ever committed.
func (s *schedule) agree() bool {
	leader := s.leader()
	if leader == raft.None {
		return false
	}
	config := s.core(leader).Configuration()
	for _, list := range [...][]raft.Member{config.Voters, config.Outgoing, config.Learners} {
		for _, m := range list {
			if s.whole(m) && len(s.nodes[m.ID].state) != len(s.committed) {
				return false
			}
		}
	}
	return true
}
