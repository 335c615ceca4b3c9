package script

import (
	"bytes"
	"fmt"
	"math"
	"math/bits"
	"regexp"
	"strings"
	"time"
	"unicode/utf8"

	"raftsim/raft"
)

// mostBytes bounds a scenario file.
const mostBytes = 1 << 20

// Lowest timeouts: a timer that fires more often is a run that never ends.
const lowestTimeout = 100 * time.Microsecond

const needs = "a scenario needs at least name and duration"

// keys of the whole file, in the order in which they are documented.
var fileKeys = []string{"name", "about", "duration", "seeds", "mutant", "cluster", "network", "clients", "timeline", "expect"}

// Read reads a scenario file. name is what errors call it. The error is of type [Errors] and
// holds everything that is wrong, unless the YAML itself cannot be read: then that alone.
// Read keeps nothing of src. It never panics, whatever src is, and takes time linear in it.
func Read(name string, src []byte) (*Scenario, error) {
	r := &reports{file: name}
	r.door(src)
	if err := r.err(); err != nil {
		return nil, err
	}
	root := parse(src, r)
	if root == nil {
		return nil, r.err()
	}
	s := &Scenario{}
	(&reader{reports: r, to: s}).file(root)
	if err := r.err(); err != nil {
		return nil, err
	}
	return s, nil
}

// door refuses what is no text, and splits the rest into lines.
func (r *reports) door(src []byte) {
	start := Position{1, 1}
	switch {
	case len(src) > mostBytes:
		r.at(start, "the file has %d bytes; a scenario has at most %d", len(src), mostBytes)
		return
	case len(bytes.TrimSpace(src)) == 0:
		r.at(start, "the file is empty; %s", needs)
		return
	}
	s := strings.TrimPrefix(string(src), "\ufeff")
	lines := strings.ReplaceAll(s, "\r\n", "\n")
	r.lines = strings.Split(strings.ReplaceAll(lines, "\r", "\n"), "\n")
	for i, line := range r.lines {
		column := 0
		for at, c := range line {
			column++
			pos := Position{i + 1, column}
			switch {
			case c == utf8.RuneError && line[at:min(at+3, len(line))] != "\ufffd":
				r.at(pos, "byte 0x%02x is not UTF-8; a scenario is a text file", line[at])
				return
			case c < ' ' && c != '\t', c >= 0x7f && c < 0xa0:
				r.at(pos, "control character 0x%02x; a scenario is a text file", c)
				return
			case c == '\u2028', c == '\u2029', c == '\ufeff', c == '\ufffe', c == '\uffff':
				r.at(pos, "character U+%04X does not show; take it out", c)
				return
			}
		}
	}
}

// reader turns nodes into a scenario.
type reader struct {
	*reports
	to *Scenario
	// verbs are the actions of the timeline.
	verbs map[string]bool
	// joining are the nodes beyond the first that the timeline has join.
	joining map[raft.NodeID]bool
	// full says that the timeline has too many entries.
	full bool
}

var kebab = regexp.MustCompile(`^[a-z][a-z0-9]*(-[a-z0-9]+)*$`)

func (r *reader) file(root *node) {
	// What could not be read counts as this while the rest is checked, so that one
	// error does not bring others.
	r.to.Duration = longest
	r.to.Seeds = Seeds{{1, 200}}

	f, ok := r.mapping(root, "a scenario", fileKeys)
	if !ok {
		return
	}
	for _, key := range []string{"name", "duration"} {
		if !has(root, key) {
			r.at(root.pos, "%s is missing", key)
		}
	}
	if n := f.get("name"); n != nil {
		r.name(n)
	}
	if n := f.get("about"); n != nil {
		if s, ok := r.scalar(n, "a text"); ok && n.is != text && !n.quoted {
			r.on(n, "want a text; write %s in quotes", visible(s))
		} else {
			r.to.About = strings.TrimSpace(s)
		}
	}
	if n := f.get("duration"); n != nil {
		if t, ok := r.time(n, "s", time.Millisecond); ok {
			r.to.Duration = t
		}
	}
	if n := f.get("seeds"); n != nil {
		if s, ok := r.scalar(n, "seeds like 1..200, 3,9 or 7"); ok {
			seeds, err := ParseSeeds(s)
			if err != nil {
				r.on(n, "%v", err)
			} else {
				r.to.Seeds = seeds
			}
		}
	}
	if n := f.get("mutant"); n != nil {
		r.mutant(n)
	}
	r.cluster(f.get("cluster"))
	r.network(f.get("network"))
	r.clients(f.get("clients"))
	r.findJoiners(f.get("timeline"))
	r.timeline(f.get("timeline"))
	r.values(f.get("clients"))
	r.expect(f.get("expect"), root)
}

// has says whether a key is in the file at all, even without a sound value.
func has(n *node, key string) bool {
	for _, p := range n.pairs {
		if p.key == key {
			return true
		}
	}
	return false
}

func (r *reader) name(n *node) {
	s, ok := r.scalar(n, "a name like leader-crash")
	switch {
	case !ok:
	case !kebab.MatchString(s), n.is != text && !n.quoted:
		r.on(n, "%s is not a name like leader-crash: small letters, digits, single hyphens between", quote(s))
	case len(s) > mostName:
		r.on(n, "the name has %d characters; at most %d", len(s), mostName)
	default:
		r.to.Name = s
	}
}

// mutant reads the name of a mutant that ships, or the path of another one.
func (r *reader) mutant(n *node) {
	s, ok := r.scalar(n, "a mutant like quorum-third")
	switch {
	case !ok:
	case !kebab.MatchString(MutantName(s)) || MutantName(s) == s && n.is != text && !n.quoted:
		r.on(n, "%s is not a mutant like quorum-third, nor a file like my-faults/slow-vote%s", quote(s), mutantExtension)
	default:
		r.to.Mutant = s
	}
}

// mutantExtension is how the names of mutants' files end.
const mutantExtension = ".mutant"

// MutantName is the name of the mutant that a file's `mutant` means, given by its name or by the path of its file.
func MutantName(s string) string {
	if rest, is := strings.CutSuffix(s, mutantExtension); is {
		return rest[strings.LastIndexByte(rest, '/')+1:]
	}
	return s
}

var networkKeys = []string{"latency", "loss", "duplicate", "reorder"}

func (r *reader) network(n *node) {
	w := &r.to.Network
	w.Latency = DurationRange{time.Millisecond, 10 * time.Millisecond}
	if n == nil {
		return
	}
	change := r.networkChange(n)
	if change.Latency != nil {
		w.Latency = *change.Latency
	}
	for _, p := range []struct {
		to   *PPM
		from *PPM
	}{{&w.Loss, change.Loss}, {&w.Duplicate, change.Duplicate}, {&w.Reorder, change.Reorder}} {
		if p.from != nil {
			*p.to = *p.from
		}
	}
}

// networkChange reads what is given of a network.
func (r *reader) networkChange(n *node) NetworkChange {
	var c NetworkChange
	f, _ := r.mapping(n, "network", networkKeys)
	if n := f.get("latency"); n != nil {
		if v, ok := r.times(n, 0); ok {
			c.Latency = &v
		}
	}
	share := func(key string) *PPM {
		if n := f.get(key); n != nil {
			if v, ok := r.percent(n); ok {
				return &v
			}
		}
		return nil
	}
	c.Loss, c.Duplicate, c.Reorder = share("loss"), share("duplicate"), share("reorder")
	return c
}

var (
	clientKeys = []string{"count", "rate", "keys", "mix", "value_size", "timeout"}
	mixKeys    = []string{"get", "put", "append", "cas", "delete"}
)

func (r *reader) clients(n *node) {
	if n == nil {
		return
	}
	c := &r.to.Clients
	*c = Clients{
		Count: 1, Every: 100 * time.Millisecond, Keys: 8,
		Mix: Mix{Get: 500_000, Put: 500_000}, Timeout: 500 * time.Millisecond,
	}
	f, ok := r.mapping(n, "clients", clientKeys)
	if !ok {
		return
	}
	if n := f.get("count"); n != nil {
		if v, ok := r.integer(n, 0, mostClients); ok {
			c.Count = v
		}
	}
	if n := f.get("rate"); n != nil {
		if s, ok := r.scalar(n, "a rate like 50/s"); ok {
			every, err := parseRate(s)
			if err != nil {
				r.on(n, "%v", err)
			}
			c.Every = every
		}
	}
	if n := f.get("keys"); n != nil {
		if v, ok := r.integer(n, 1, mostKeys); ok {
			c.Keys = v
		}
	}
	if n := f.get("mix"); n != nil {
		r.mix(n)
	}
	if n := f.get("value_size"); n != nil {
		c.ValueSize = r.bytes(n)
	}
	if n := f.get("timeout"); n != nil {
		if v, ok := r.time(n, "ms", time.Millisecond); ok {
			c.Timeout = v
		}
	}
}

// mostName is how many characters a name has, at most.
const mostName = 64

// Bounds of the workload, beyond which a run does not end within anyone's patience.
const (
	mostNodes    = 99
	mostClients  = 1000
	mostKeys     = 1_000_000
	mostRequests = 1_000_000
)

// mostValues bounds the bytes of all values that a run's clients write and read, which it keeps to judge them; see [reader.values].
const mostValues = 1 << 30

// values sees that what clients write and read fits into memory: values that are appended to and never replaced grow, and every
// answer, or state after an append that a search for an order goes through, holds a whole one. It is an estimate, from the rates asked for.
func (r *reader) values(n *node) {
	c := &r.to.Clients
	if n == nil || c.Count == 0 || len(r.errs) > 0 { // what could not be read would be guessed
		return
	}
	requests := uint64(0)
	if c.Every > 0 {
		// A client waits for one answer before it asks again.
		requests = uint64(c.Count) * uint64(r.to.Duration/max(c.Every, 2*r.to.Network.Latency.Min))
	}
	for _, e := range r.to.Timeline {
		if b, ok := e.Action.(Burst); ok {
			requests += uint64(b.Requests)
		}
	}
	share := func(ops ...PPM) uint64 {
		sum := uint64(0)
		for _, p := range ops {
			sum += uint64(p)
		}
		return requests/1_000_000*sum + requests%1_000_000*sum/1_000_000
	}
	// A value is as many appends long as there are on its key until something else replaces it, on average.
	long := share(c.Mix.Append) / uint64(c.Keys) / 2
	if replaced := share(c.Mix.Put, c.Mix.CAS, c.Mix.Delete); replaced > 0 {
		long = min(long, share(c.Mix.Append)/replaced)
	}
	size := uint64(max(c.ValueSize, len("c1-1000")))
	written := product(share(c.Mix.Put, c.Mix.CAS, c.Mix.Append), size)
	seen := product(product(share(c.Mix.Get, c.Mix.CAS, c.Mix.Append), 1+long), size)
	if all := written + seen; all > mostValues {
		r.on(n, "the values that clients write and read would take %d MiB of memory, and at most %d fit: lower the rate, value_size, the duration or the share of append",
			all>>20, mostValues>>20)
	}
}

// product multiplies without wrapping around, up to a number that two of make no overflow.
func product(a, b uint64) uint64 {
	if high, low := bits.Mul64(a, b); high == 0 {
		return min(low, math.MaxInt64)
	}
	return math.MaxInt64
}

func (r *reader) mix(n *node) {
	f, ok := r.mapping(n, "mix", mixKeys)
	if !ok {
		return
	}
	var m Mix
	sum, sound := PPM(0), true
	for i, to := range []*PPM{&m.Get, &m.Put, &m.Append, &m.CAS, &m.Delete} {
		if n := f.get(mixKeys[i]); n != nil {
			v, ok := r.percent(n)
			*to, sound = v, sound && ok
			sum += v
		}
	}
	if sound && !f.odd && sum != 1_000_000 {
		r.on(n, "the shares add up to %v, not 100%%", sum)
	}
	r.to.Clients.Mix = m
}

// String writes the probability as files do: "5%".
func (p PPM) String() string {
	s := fmt.Sprintf("%d.%04d", p/10_000, p%10_000)
	return strings.TrimSuffix(strings.TrimRight(s, "0"), ".") + "%"
}
