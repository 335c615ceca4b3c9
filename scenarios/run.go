package scenarios

import (
	"fmt"
	"runtime/debug"
	"time"

	"raftsim/checker"
	"raftsim/raft"
	"raftsim/raft/replica"
	"raftsim/scenarios/script"
	"raftsim/sim"
)

// Options say how a run is watched and what it runs; the zero value is the shipped replica, watched by nobody.
type Options struct {
	// Log takes the lines that nodes log, and those of the scenario itself, for which id is raft.None.
	Log func(at time.Duration, id raft.NodeID, line string)
	// Trace takes every event before it is handled. The event is reused.
	Trace func(*sim.Event)
	// Start is called once, with the world at time 0: to add hosts of one's own, say. The world must not be run.
	Start func(*sim.World)
	// Observe is called after every event. It makes a run several times slower.
	Observe func(*Run)
	// AtEnd is called once, where the run ended, before the world is given up.
	AtEnd func(*Run)
	// StopAtEvent ends the run after the event of that id, StopAt after the last event up to that time;
	// 0 is not to. Such a run judges nothing that it did not come to.
	StopAtEvent uint64
	StopAt      time.Duration
	// Mutant is the name of the mutant that this build's core is, "" for the shipped one. A file that is for a mutant is
	// run by no other.
	Mutant string
	// HistoryBudget is how many steps the check of the history may take on one key, 0 for
	// [checker.DefaultBudget].
	HistoryBudget int
	// Without names a property of [script.Properties] that is not judged, so that what others see of the same fault comes to light; ""
	// is to judge all that the file expects. A run that cannot go on, since a process panicked, ends where it would have failed.
	Without string
	// Boot starts the process under test, the shipped replica when nil. It is told the cluster's members and the
	// timeouts the node has now; Applied may be called as entries are applied. A process that has a
	// method Core() *raft.Core or is an [Observer] is watched by the checker, another only by its clients.
	Boot func(id raft.NodeID, env replica.Env, o replica.Options) (replica.Process, error)

	// Abstract takes a number for every abstract state that the run comes to, unless it is the one before: roles, and who is ahead of
	// whom in terms, logs and commits, whatever the nodes' names. The same state has the same number in every run.
	Abstract func(state uint64)

	// Advance, when not nil, is called instead of [sim.World.RunUntil] and does the same, at a pace of its own: for processes that stand
	// for others outside of the world. False is to end the run, as StopAt does.
	Advance func(w *sim.World, t time.Duration) bool
	// Unwatched are invariants that are not checked.
	Unwatched []string

	// each is Trace for those who need the run, too.
	each func(*Run, *sim.Event)
	// thorough has what only goes on, and what was said before, judged like all else, for a test to compare.
	thorough bool
}

// Run is one run of a scenario while it lasts.
type Run struct {
	file     File
	scenario *script.Scenario
	seed     uint64
	opts     Options

	world *sim.World
	check *checker.Checker
	// nodes are by NodeID; the one at 0 is nobody.
	nodes    []node
	timeline timeline
	clients  workload
	expect   expectations
	states   states
	members  members
	abstract abstraction
	liveness liveness

	// counts over the run, for metrics
	commit    raft.Index
	term      raft.Term
	elections uint64
	applied   raft.Index
	// longestLog is the most entries that any node's log has held.
	longestLog uint64

	// led says that a majority follows a leader now, ledUntil when it last did.
	led      bool
	everLed  bool
	ledUntil time.Duration

	finding *finding
	history *checker.Outcome
	// ended says that the run came to its own end, brokenOff that it was to end before.
	ended, brokenOff bool

	scratch []raft.Entry
	shown   moment
}

// moment is an event and its time.
type moment struct {
	event uint64
	at    time.Duration
}

// finding is what ends a run before its time, or is found after it.
type finding struct {
	verdict  Verdict
	property string
	detail   string
	nodes    []raft.NodeID
	moment
	stack string
}

// Run plays the scenario with a seed. It does not panic, whatever the process under test does.
func (f File) Run(seed uint64, o Options) (res Result) {
	elapsed := stopwatch()
	r := &Run{file: f, scenario: f.With(seed), seed: seed, opts: o}
	defer func() {
		if v := recover(); v != nil {
			r.finding = &finding{verdict: Error, detail: fmt.Sprintf("the testbed panicked: %v", v), stack: string(debug.Stack())}
			res = r.result()
		}
		res.Wall = elapsed()
	}()
	if err := r.build(); err != nil {
		r.finding = &finding{verdict: Error, detail: err.Error()}
		return r.result()
	}
	r.play()
	if o.AtEnd != nil {
		o.AtEnd(r)
	}
	return r.result()
}

// build makes the world as it is at time 0.
func (r *Run) build() error {
	sc := r.scenario
	if want := script.MutantName(sc.Mutant); want != "" && want != r.opts.Mutant {
		return fmt.Errorf("the file plays with the core of mutant %s, and this one is another: raftsim run and replay build it", want)
	}
	var err error
	if r.check, err = checker.New(sc.Cluster.Nodes, r.invariants()); err != nil {
		return err
	}
	if sc.Cluster.Reads == script.ReadsLease {
		r.check.Leases(shortest(sc.Cluster.Lease, sc.Cluster.ClockDrift))
	}
	link := baseLink(sc.Network)
	r.world = sim.New(sim.Config{
		Seed: r.seed, Link: link, ClientLink: link,
		Disk:  baseDisk(),
		Hooks: r.hooks(),
	})
	voters := make([]raft.NodeID, sc.Cluster.Nodes)
	for i := range voters {
		voters[i] = raft.NodeID(i + 1)
	}
	r.nodes = make([]node, sc.Cluster.Names+1)
	if err := r.members.init(r, voters); err != nil {
		return err
	}
	r.states.init(r)
	r.abstract.init(r)
	r.timeline.init(r)
	for i := range r.nodes[1:] {
		id := raft.NodeID(i + 1)
		r.nodes[id].id = id
		if i < len(voters) {
			r.world.AddNode(r.boot)
		} else {
			r.world.AddAbsent(r.boot)
		}
	}
	r.clients.init(r)
	r.timeline.schedule()
	r.expect.init(r)
	if r.opts.Start != nil {
		r.opts.Start(r.world)
	}
	return nil
}

// boot starts a node's process. One that joins, or whose disk was wiped, is born without knowing the cluster.
func (r *Run) boot(id raft.NodeID, env replica.Env) (replica.Process, error) {
	o := r.options()
	o.Timeouts = r.timeline.timeouts(id)
	if r.nodes[id].wiped || int(id) > r.scenario.Cluster.Nodes {
		o.Voters = nil
	}
	if r.opts.Boot != nil {
		return r.opts.Boot(id, env, o)
	}
	return replica.New(o)(id, env)
}

// options are what the file says of the cluster, for those it begins with.
func (r *Run) options() replica.Options {
	c := &r.scenario.Cluster
	o := replica.Options{
		Cluster: clusterID, Applied: r.entryApplied, PreVote: c.PreVote, CheckQuorum: c.CheckQuorum,
		ReadIndex: c.Reads != script.ReadsLog, Lease: c.Lease, ClockDriftPPM: uint64(c.ClockDrift),
		SnapshotEvery: c.SnapshotEvery, SnapshotKeep: c.SnapshotKeep, MaxChunkBytes: c.SnapshotChunk,
		MaxInflight: c.MaxInflight, MaxInflightBytes: c.MaxInflightBytes, MaxUncommittedBytes: c.MaxUncommittedBytes,
		SessionTTL: c.SessionTTL, SegmentBytes: int64(c.SegmentBytes),
	}
	for id := raft.NodeID(1); int(id) <= c.Nodes; id++ {
		o.Voters = append(o.Voters, id)
	}
	return o
}

// shortest is how long a time by a node's clock takes at least, when that is as fast as a bound allows; what a clock is
// rounded by is taken off.
func shortest(d time.Duration, drift script.PPM) time.Duration {
	const ppm = 1_000_000
	pace := time.Duration(ppm + drift)
	return d/pace*ppm + d%pace*ppm/pace - 2
}

// clusterID names the cluster of every run.
const clusterID = 1

// The latency of a disk's sync: that of a solid-state drive.
const (
	syncMin = 100 * time.Microsecond
	syncMax = 1 * time.Millisecond
)

func baseLink(n script.Network) sim.Link {
	return sim.Link{
		Latency: sim.Range{Min: n.Latency.Min, Max: n.Latency.Max},
		Loss:    uint32(n.Loss), Duplicate: uint32(n.Duplicate), Reorder: uint32(n.Reorder),
	}
}

// hooks are those the run itself needs, and those it passes on.
func (r *Run) hooks() sim.Hooks {
	h := sim.Hooks{Touched: r.touched(), Sent: r.sent(), Received: r.received(), Booted: r.booted, Stopped: r.stopped}
	h.Requested, h.Answered = r.requested, r.answered
	if r.opts.Trace != nil || r.opts.each != nil || r.opts.Observe != nil || r.opts.StopAtEvent != 0 {
		h.Trace = r.trace
	}
	if r.opts.Log != nil {
		h.Log = func(id raft.NodeID, line string) { r.opts.Log(r.world.Now(), id, line) }
	}
	return h
}

// trace comes before every event.
func (r *Run) trace(e *sim.Event) {
	if r.opts.Observe != nil && e.ID > 1 {
		r.opts.Observe(r)
	}
	r.shown = moment{uint64(e.ID), e.At}
	if r.opts.Trace != nil {
		r.opts.Trace(e)
	}
	if r.opts.each != nil {
		r.opts.each(r, e)
	}
	if r.opts.StopAtEvent != 0 && uint64(e.ID) >= r.opts.StopAtEvent {
		r.world.Stop()
	}
}

// play runs the world to its end: the scenario's duration, then until it has settled.
func (r *Run) play() {
	ok := r.playUntil(r.scenario.Duration)
	if ok {
		r.clients.stop()
		r.timeline.close()
		switch want := r.expect.liveness; {
		case want != nil:
			ok = r.liveness.await(r, want)
		case r.expect.early:
			// What is to be violated after some event was to be so by now: that it may happen some day is not what the file says.
			r.ended, ok = true, false
		default:
			ok = r.settle()
		}
	}
	if r.opts.Observe != nil && r.world.Event() > 0 {
		r.opts.Observe(r)
	}
	if ok {
		r.judgeEnd()
		r.ended = true
	}
}

// playUntil runs up to a time, and judges the expectations that come before. It returns false when
// the run is over.
func (r *Run) playUntil(t time.Duration) bool {
	for {
		next, due := r.expect.next(t)
		at := t
		if due {
			at = next.at
		}
		if stop := r.opts.StopAt; stop != 0 && stop < at {
			r.advance(stop)
			r.over()
			return false
		}
		r.advance(at)
		if r.over() {
			return false
		}
		if !due {
			return true
		}
		r.expect.take()
		next.judge()
		if r.over() {
			return false
		}
	}
}

// advance runs the world up to a time.
func (r *Run) advance(t time.Duration) {
	if r.opts.Advance == nil {
		r.world.RunUntil(t)
	} else if !r.opts.Advance(r.world, t) {
		r.brokenOff = true
	}
}

// over says whether something ended the run.
func (r *Run) over() bool {
	if f := r.world.Failure(); f != nil && r.finding == nil {
		r.failed(f)
		return true
	}
	if r.finding != nil || r.brokenOff {
		return true
	}
	return r.opts.StopAtEvent != 0 && uint64(r.world.Event()) >= r.opts.StopAtEvent
}

// failed takes in what ended the world.
func (r *Run) failed(f *sim.Failure) {
	found := &finding{
		verdict: Violation, property: script.NoPanic, moment: moment{uint64(f.Event), f.At}, stack: f.Stack,
	}
	if f.Node != raft.None {
		found.nodes = []raft.NodeID{f.Node}
	}
	switch f.Kind {
	case sim.FailurePanic:
		found.detail = fmt.Sprintf("%v panicked: %v", f.Node, f.Value)
	case sim.FailureHalt:
		found.detail = fmt.Sprintf("%v halted: %v", f.Node, f.Err)
	case sim.FailureBoot:
		found.detail = fmt.Sprintf("%v refused to boot: %v", f.Node, f.Err)
	default:
		found.verdict, found.property = Error, ""
		found.detail = fmt.Sprintf("the testbed panicked: %v", f.Value)
	}
	if found.property == "" || r.judges(found.property) {
		r.finding = found
	}
}

// judges says whether violations of a property count.
func (r *Run) judges(property string) bool { return property != r.opts.Without }

// violated records the first violation and ends the world.
func (r *Run) violated(property, detail string, nodes ...raft.NodeID) {
	if !r.judges(property) {
		return
	}
	if r.finding == nil {
		r.finding = &finding{verdict: Violation, property: property, detail: detail, nodes: nodes, moment: r.now()}
	}
	r.world.Stop()
}

// fault records a fault of the testbed and ends the world.
func (r *Run) fault(detail string) {
	if r.finding == nil {
		r.finding = &finding{verdict: Error, detail: detail, moment: r.now()}
	}
	r.world.Stop()
}

func (r *Run) now() moment { return moment{uint64(r.world.Event()), r.world.Now()} }

func (r *Run) checkMoment() checker.Moment {
	return checker.Moment{Event: uint64(r.world.Event()), At: r.world.Now()}
}

// note logs a line of the scenario itself.
func (r *Run) note(format string, args ...any) {
	if r.opts.Log != nil {
		r.opts.Log(r.world.Now(), raft.None, fmt.Sprintf(format, args...))
	}
}

// metric is what was counted since the run began.
func (r *Run) metric(m script.Metric) uint64 {
	switch m {
	case script.Commits:
		return uint64(r.commit)
	case script.Elections:
		return r.elections
	case script.Terms:
		return uint64(r.term)
	case script.RPCs:
		return r.world.Counters().Messages
	case script.Bytes:
		return r.world.Counters().Bytes
	case script.LogEntries:
		return r.longestLog
	}
	return 0
}

// entryApplied is told of every entry that a node's state machine takes in.
func (r *Run) entryApplied(id raft.NodeID, a replica.Applied) {
	if v := r.check.Applied(r.checkMoment(), id, a.Entry, a.Session, a.Seq, !a.Repeat); v != nil {
		r.broken(v)
	}
	if a.Entry.Index > r.applied {
		r.applied = a.Entry.Index
		if a.Session != 0 {
			r.clients.tookEffect(a.Session, a.Seq, a.Entry.Index)
		}
	}
	if a.Repeat {
		r.states.reach(stateRetryDeduplicated)
	}
}
