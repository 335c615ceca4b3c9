package script

import (
	"fmt"
	"regexp"
	"strconv"
	"strings"
	"time"
)

// Format writes a scenario as a file that [Read] reads back to the same scenario, but for the positions, and with repeats
// written out. Keys that have their default are left out.
func Format(s *Scenario) []byte {
	w := &writer{}
	w.key(0, "name", word(s.Name))
	if s.About != "" {
		w.key(0, "about", strconv.Quote(s.About))
	}
	w.key(0, "duration", s.Duration.String())
	w.key(0, "seeds", s.Seeds.String())
	if s.Mutant != "" {
		w.key(0, "mutant", word(s.Mutant))
	}
	w.cluster(&s.Cluster)
	w.section("network", linkKeys(&NetworkChange{&s.Network.Latency, &s.Network.Loss, &s.Network.Duplicate, &s.Network.Reorder}, true))
	w.clients(&s.Clients)
	if len(s.Timeline) > 0 {
		w.line(0, "timeline:")
	}
	for i := range s.Timeline {
		w.entry(&s.Timeline[i])
	}
	if len(s.Expect) > 0 {
		w.line(0, "expect:")
	}
	for _, e := range s.Expect {
		w.expectation(e.Want)
	}
	return []byte(w.text.String())
}

// plain are words that YAML takes for the text that they are, but for those that it has a meaning for.
var plain = regexp.MustCompile(`^[A-Za-z0-9_./][A-Za-z0-9_./-]*$`)

// word writes a text that is most often one word, in quotes where it has to be.
func word(s string) string {
	if !plain.MatchString(s) || s == "null" || s == "true" || s == "false" {
		return strconv.Quote(s)
	}
	return s
}

// FormatEntry writes one entry of a timeline in one line, as messages do: "during 2s..4s: crash leader".
func FormatEntry(e *Entry) string {
	key, value := trigger(&e.Trigger)
	verb, what := action(e.Action)
	on := ""
	if GoesWithOn(e.Action) {
		on = " on " + e.On.String()
	}
	return fmt.Sprintf("%s %s: %s %s%s", key, value, verb, what, on)
}

type writer struct{ text strings.Builder }

func (w *writer) line(indent int, text string) {
	w.text.WriteString(strings.Repeat(" ", indent))
	w.text.WriteString(text)
	w.text.WriteByte('\n')
}

func (w *writer) key(indent int, key, value string) { w.line(indent, key+": "+value) }

// section writes a mapping, unless it is empty.
func (w *writer) section(name string, keys []string) {
	if len(keys) == 0 {
		return
	}
	w.line(0, name+":")
	for _, k := range keys {
		w.line(2, k)
	}
}

func (w *writer) cluster(c *Cluster) {
	keys := []string{
		fmt.Sprintf("nodes: %d", c.Nodes), "election_timeout: " + c.ElectionTimeout.String(), "heartbeat: " + c.Heartbeat.String(),
	}
	add := func(given bool, format string, value any) {
		if given {
			keys = append(keys, fmt.Sprintf(format, value))
		}
	}
	add(c.PreVote, "pre_vote: %v", true)
	add(c.CheckQuorum, "check_quorum: %v", true)
	add(c.Reads != ReadsLog, "reads: %v", c.Reads)
	add(c.Lease != 0, "lease: %v", c.Lease)
	add(c.Reads == ReadsLease, "clock_drift: %v", c.ClockDrift)
	add(c.SnapshotEvery != 0, "snapshot_every: %d", c.SnapshotEvery)
	add(c.SnapshotKeep != 0, "snapshot_keep: %d", c.SnapshotKeep)
	add(c.SnapshotChunk != 0, "snapshot_chunk: %dB", c.SnapshotChunk)
	add(c.MaxInflight != 0, "max_inflight: %d", c.MaxInflight)
	add(c.MaxInflightBytes != 0, "max_inflight_bytes: %dB", c.MaxInflightBytes)
	add(c.MaxUncommittedBytes != 0, "max_uncommitted_bytes: %dB", c.MaxUncommittedBytes)
	add(c.SessionTTL != 0, "session_ttl: %v", c.SessionTTL)
	add(c.SegmentBytes != 0, "segment_bytes: %dB", c.SegmentBytes)
	w.section("cluster", keys)
}

// linkKeys are what is given of a network; whole says that what is 0 is as good as not given.
func linkKeys(c *NetworkChange, whole bool) []string {
	var keys []string
	if c.Latency != nil {
		keys = append(keys, "latency: "+c.Latency.String())
	}
	for _, share := range []struct {
		key string
		PPM *PPM
	}{{"loss", c.Loss}, {"duplicate", c.Duplicate}, {"reorder", c.Reorder}} {
		if share.PPM != nil && !(whole && *share.PPM == 0) {
			keys = append(keys, share.key+": "+share.PPM.String())
		}
	}
	return keys
}

func (w *writer) clients(c *Clients) {
	if c.Count == 0 && c.Keys == 0 {
		return
	}
	rate := "0/s"
	if c.Every > 0 {
		rate = formatRate(c.Every)
	}
	mix := fmt.Sprintf("mix: {get: %v, put: %v, append: %v, cas: %v, delete: %v}", c.Mix.Get, c.Mix.Put, c.Mix.Append, c.Mix.CAS, c.Mix.Delete)
	keys := []string{
		fmt.Sprintf("count: %d", c.Count), "rate: " + rate, fmt.Sprintf("keys: %d", c.Keys), mix, "timeout: " + c.Timeout.String(),
	}
	if c.ValueSize != 0 {
		keys = append(keys, fmt.Sprintf("value_size: %dB", c.ValueSize))
	}
	w.section("clients", keys)
}

// formatRate writes a mean time between requests as the rate that is read back as it.
func formatRate(every time.Duration) string {
	thousandths := uint64(time.Second*1000) / uint64(every)
	for _, t := range []uint64{thousandths, thousandths + 1} {
		text := fmt.Sprintf("%d.%03d", t/1000, t%1000)
		text = strings.TrimSuffix(strings.TrimRight(text, "0"), ".") + "/s"
		if v, err := parseRate(text); err == nil && v == every {
			return text
		}
	}
	return fmt.Sprintf("%d.%03d/s", thousandths/1000, thousandths%1000)
}

// String writes the range as files do; one time when both ends are the same.
func (r DurationRange) String() string {
	if r.Min == r.Max {
		return r.Min.String()
	}
	return r.Min.String() + ".." + r.Max.String()
}

func (w *writer) entry(e *Entry) {
	key, value := trigger(&e.Trigger)
	w.key(2, "- "+key, value)
	verb, what := action(e.Action)
	w.key(4, verb, what)
	if GoesWithOn(e.Action) {
		w.key(4, "on", e.On.String())
	}
}

func trigger(t *Trigger) (key, value string) {
	switch t.Kind {
	case During:
		return "during", t.From.String() + ".." + t.To.String()
	case When:
		var parts []string
		for _, c := range t.Milestone {
			parts = append(parts, fmt.Sprintf("%v: %q", c.Metric, fmt.Sprintf("%v %d", c.Op, c.Value)))
		}
		return "when", "{" + strings.Join(parts, ", ") + "}"
	}
	return "at", t.From.String()
}

// GoesWithOn says whether `on` says whom an action is for.
func GoesWithOn(a Action) bool {
	switch a.(type) {
	case SetNetwork, SetTimeouts, SetTimers, SetClock, SetDisk, RotDisk:
		return true
	}
	return false
}

func action(a Action) (verb, what string) {
	verb = a.Verb()
	switch a := a.(type) {
	case Crash:
		what = a.Nodes.String()
	case Restart:
		what = a.Nodes.String()
	case Pause:
		what = a.Nodes.String()
	case FireTimeout:
		what = a.Nodes.String()
	case Transfer:
		what = a.To.String()
	case Remove:
		what = a.Nodes.String()
	case Snapshot:
		what = a.Nodes.String()
	case Wipe:
		what = a.Nodes.String()
	case Join:
		what = a.Nodes.String()
		switch {
		case a.InsteadOf != nil:
			what = fmt.Sprintf("{nodes: %s, instead_of: %v}", what, a.InsteadOf)
		case a.Learner:
			what = "{nodes: " + what + ", as: learner}"
		}
	case Partition:
		var groups []string
		for _, g := range a.Groups {
			groups = append(groups, g.String())
		}
		what = "[" + strings.Join(groups, ", ") + "]"
	case Cut:
		what = fmt.Sprintf("{from: %v, to: %v}", a.From, a.To)
	case Hold:
		what = fmt.Sprintf("{from: %v, to: %v}", a.From, a.To)
	case SetTimers:
		var keys []string
		if a.Late != nil {
			keys = append(keys, "late: "+a.Late.String())
		}
		if a.Early != nil {
			keys = append(keys, "early: "+a.Early.String())
		}
		what = "{" + strings.Join(keys, ", ") + "}"
	case Heal:
		what = "all"
	case SetNetwork:
		what = "{" + strings.Join(linkKeys(&a.Change, false), ", ") + "}"
	case SetTimeouts:
		var keys []string
		if a.Election != nil {
			keys = append(keys, "election: "+a.Election.String())
		}
		if a.Heartbeat != 0 {
			keys = append(keys, "heartbeat: "+a.Heartbeat.String())
		}
		what = "{" + strings.Join(keys, ", ") + "}"
	case SetClock:
		what = "{" + strings.Join(clockParts(&a), ", ") + "}"
	case SetDisk:
		what = a.parts()
	case RotDisk:
		what = a.parts()
	case Burst:
		if what = strconv.Itoa(a.Requests); a.Within != 0 {
			what = fmt.Sprintf("{requests: %d, within: %v}", a.Requests, a.Within)
		}
	}
	return verb, what
}

func clockParts(c *SetClock) []string {
	var keys []string
	if c.Drift != nil {
		sign := ""
		if *c.Drift < 0 {
			sign = "-"
		}
		keys = append(keys, "drift: "+sign+PPM(max(*c.Drift, -*c.Drift)).String())
	}
	if c.Jump != 0 {
		keys = append(keys, "jump: "+c.Jump.String())
	}
	if c.Offset != nil {
		keys = append(keys, "offset: "+c.Offset.String())
	}
	return keys
}

func (w *writer) expectation(want Want) {
	switch want := want.(type) {
	case Always:
		if len(want.Properties) == 0 {
			w.line(2, "- always: safety")
		} else {
			w.line(2, "- always: ["+strings.Join(want.Properties, ", ")+"]")
		}
	case Linearizable:
		w.line(2, "- history: linearizable")
	case LeaderElected:
		w.key(2, "- by", want.By.String())
		w.line(4, "leader: elected")
	case LeaderWithin:
		w.line(2, "- leader: elected")
		w.key(4, "within", fmt.Sprintf("{terms: %d}", want.Terms))
		w.key(4, "of", want.Of)
	case Liveness:
		if want.Within == 0 {
			w.line(2, "- liveness: core")
		} else {
			w.key(2, "- liveness", "{within: "+want.Within.String()+"}")
		}
	case Members:
		w.key(2, "- by", want.By.String())
		names := make([]string, len(want.Nodes))
		for i, id := range want.Nodes {
			names[i] = id.String()
		}
		w.key(4, "members", "["+strings.Join(names, ", ")+"]")
	case ReplicasIdentical:
		w.line(2, "- replicas: identical")
	case Counts:
		lead := "  - "
		if want.To != 0 {
			w.key(2, "- during", want.From.String()+".."+want.To.String())
			lead = "    "
		}
		for _, c := range want.Comparisons {
			w.key(0, lead+c.Metric.String(), strconv.Quote(fmt.Sprintf("%v %d", c.Op, c.Value)))
			lead = "    "
		}
	case Sometimes:
		w.line(2, "- sometimes: ["+strings.Join(want.States, ", ")+"]")
	case Violates:
		w.key(2, "- violates", want.Property)
	}
}

// String writes the deadline as files do.
func (d Deadline) String() string {
	if d.End {
		return "end"
	}
	return d.At.String()
}
