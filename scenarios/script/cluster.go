package script

import "time"

var (
	clusterKeys = []string{
		"nodes", "election_timeout", "heartbeat", "pre_vote", "check_quorum", "reads", "lease", "clock_drift",
		"snapshot_every", "snapshot_keep", "snapshot_chunk",
		"max_inflight", "max_inflight_bytes", "max_uncommitted_bytes", "session_ttl", "segment_bytes",
	}
	readsWords = []string{"log", "index", "lease"}
)

// normalDrift is the bound on clocks that leases count with unless a file says otherwise, in parts per million.
const normalDrift PPM = 1000

func (r *reader) cluster(n *node) {
	c := &r.to.Cluster
	*c = Cluster{
		Nodes:           3,
		ElectionTimeout: DurationRange{150 * time.Millisecond, 300 * time.Millisecond},
		Heartbeat:       50 * time.Millisecond,
	}
	if n == nil {
		return
	}
	f, ok := r.mapping(n, "cluster", clusterKeys)
	if !ok {
		c.Nodes = mostNodes
		return
	}
	if n := f.get("nodes"); n != nil {
		if v, ok := r.integer(n, 1, mostNodes); ok {
			c.Nodes = v
		} else {
			c.Nodes = mostNodes
		}
	}
	if n := f.get("pre_vote"); n != nil {
		c.PreVote = r.yes(n)
	}
	if n := f.get("check_quorum"); n != nil {
		c.CheckQuorum = r.yes(n)
	}
	r.timing(f)
	r.reads(f)
	r.limits(f)
}

// timing reads the timeouts, and holds one against the other.
func (r *reader) timing(f fields) {
	c, sound := &r.to.Cluster, true
	if n := f.get("election_timeout"); n != nil {
		if v, ok := r.times(n, lowestTimeout); ok {
			c.ElectionTimeout = v
		} else {
			sound = false
		}
	}
	if n := f.get("heartbeat"); n != nil {
		if v, ok := r.time(n, "ms", lowestTimeout); ok {
			c.Heartbeat = v
		} else {
			sound = false
		}
	}
	if sound && c.ElectionTimeout.Min <= c.Heartbeat {
		at := f.get("election_timeout")
		if at == nil {
			at = f.get("heartbeat")
		}
		r.on(at, "followers would time out between heartbeats: heartbeat (%v) must be shorter than "+
			"the shortest election_timeout (%v)", c.Heartbeat, c.ElectionTimeout.Min)
	}
}

// reads reads how gets are served, and what leases rest on.
func (r *reader) reads(f fields) {
	c := &r.to.Cluster
	n := f.get("reads")
	if n != nil {
		word, ok := r.word(n, "way to read", readsWords)
		for i, w := range readsWords {
			if ok && w == word {
				c.Reads = Reads(i)
			}
		}
	}
	if c.Reads != ReadsLease {
		for _, p := range f.among([]string{"lease", "clock_drift"}) {
			r.at(p.pos, "%s goes with reads: lease", p.key)
		}
		return
	}
	if !c.CheckQuorum {
		r.on(n, "leases need check_quorum: true, without which followers do not keep to a leader")
	}
	c.Lease, c.ClockDrift = c.ElectionTimeout.Min, normalDrift
	if n := f.get("lease"); n != nil {
		c.Lease, _ = r.time(n, "ms", lowestTimeout)
	}
	if n := f.get("clock_drift"); n != nil {
		drift, ok := r.percent(n)
		if ok && drift > mostDrift {
			r.on(n, "%v is more than %v; no clock is that bad", drift, mostDrift)
		}
		c.ClockDrift = drift
	}
}

// mostDrift is how far a clock may be off, in parts per million of the time that passes.
const mostDrift PPM = 500_000

// Bounds of what a cluster is limited to.
const (
	mostInflight = 1_000_000
	mostEvery    = 100_000_000
)

// limits reads what bounds memory and what is on its way.
func (r *reader) limits(f fields) {
	c := &r.to.Cluster
	for _, count := range []struct {
		key  string
		to   *int
		high int
	}{
		{"snapshot_every", &c.SnapshotEvery, mostEvery},
		{"snapshot_keep", &c.SnapshotKeep, mostEvery},
		{"max_inflight", &c.MaxInflight, mostInflight},
	} {
		if n := f.get(count.key); n != nil {
			low := 1
			if count.key == "snapshot_keep" {
				low = 0
			}
			*count.to, _ = r.integer(n, low, count.high)
		}
	}
	for _, size := range []struct {
		key string
		to  *int
	}{
		{"snapshot_chunk", &c.SnapshotChunk}, {"max_inflight_bytes", &c.MaxInflightBytes},
		{"max_uncommitted_bytes", &c.MaxUncommittedBytes}, {"segment_bytes", &c.SegmentBytes},
	} {
		if n := f.get(size.key); n != nil {
			*size.to = r.bytes(n)
		}
	}
	if n := f.get("session_ttl"); n != nil {
		c.SessionTTL, _ = r.time(n, "s", time.Millisecond)
	}
}
