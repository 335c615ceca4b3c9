package script_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"raftsim/raft"
	"raftsim/scenarios/script"
)

const (
	ms = time.Millisecond
	s  = time.Second
)

func good(t testing.TB, name string) *script.Scenario {
	t.Helper()
	src, err := os.ReadFile(filepath.Join("testdata/good", name+".yaml"))
	require.NoError(t, err)
	sc, err := script.Read(name+".yaml", src)
	require.NoError(t, err)
	require.Equal(t, name, sc.Name)
	return sc
}

// read reads a scenario of which only a part matters.
func read(t *testing.T, part string) *script.Scenario {
	t.Helper()
	sc, err := script.Read("x.yaml", []byte("name: x\nduration: 20s\n"+part))
	require.NoError(t, err)
	return sc
}

func pos(line, column int) script.Position { return script.Position{Line: line, Column: column} }

func sel(kind script.SelectorKind) script.Selector { return script.Selector{Kind: kind} }

func node(id raft.NodeID) script.Selector { return script.Selector{Kind: script.SelNode, Node: id} }

func list(of ...script.Selector) script.Selector {
	return script.Selector{Kind: script.SelList, List: of}
}

func TestEveryDefaultIsFilledIn(t *testing.T) {
	require.Equal(t, &script.Scenario{
		Name:     "two-lines",
		Duration: 90 * s,
		Seeds:    script.Seeds{{First: 1, Last: 200}},
		Cluster:  script.Cluster{Nodes: 3, Names: 3, ElectionTimeout: script.DurationRange{Min: 150 * ms, Max: 300 * ms}, Heartbeat: 50 * ms},
		Network:  script.Network{Latency: script.DurationRange{Min: 1 * ms, Max: 10 * ms}},
		Expect:   []script.Expectation{{Position: pos(1, 1), Want: script.Always{}}},
	}, good(t, "two-lines"))

	require.Equal(t, script.Clients{
		Count: 1, Every: 100 * ms, Keys: 8, Mix: script.Mix{Get: 500_000, Put: 500_000}, Timeout: 500 * ms,
	}, read(t, "clients: {}\n").Clients)
}

func TestFiveLinesMakeAScenario(t *testing.T) {
	sc := good(t, "five-lines")
	require.Equal(t, []script.Entry{{
		Position: pos(4, 12), On: sel(script.SelAll),
		Trigger: script.Trigger{Kind: script.At, From: 2 * s},
		Action:  script.Crash{Nodes: sel(script.SelLeader)},
	}}, sc.Timeline)
	require.Equal(t, []script.Expectation{
		{Position: pos(5, 1), Want: script.Always{}},
		{Position: pos(5, 10), Want: script.LeaderElected{By: script.Deadline{End: true}}},
	}, sc.Expect)
}

func TestWhatEachKeySays(t *testing.T) {
	sc := good(t, "heavy-load")
	require.Equal(t, script.Clients{
		Count: 16, Every: 0, Keys: 4, Timeout: 250 * ms,
		Mix: script.Mix{Get: 100_000, Put: 700_000, Append: 100_000, CAS: 50_000, Delete: 50_000},
	}, sc.Clients)

	sc = good(t, "quotes")
	require.Equal(t, "17", sc.About)
	require.Equal(t, time.Hour+30*time.Minute+500*ms, sc.Duration)
	require.Equal(t, script.Network{Latency: script.DurationRange{Min: 5 * time.Microsecond, Max: 5 * time.Microsecond}, Loss: 1}, sc.Network)
	require.Equal(t, 4*s, sc.Clients.Every)

	sc = good(t, "leader-failure")
	require.Equal(t, "The leader stops and comes back.", sc.About)
	require.Equal(t, 5, sc.Cluster.Nodes)
	require.Equal(t, script.PPM(10_000), sc.Network.Loss)
	require.Equal(t, 20*ms, sc.Clients.Every)
}

func TestActions(t *testing.T) {
	zero, half, whole := script.PPM(0), script.PPM(5_000), script.PPM(1_000_000)
	for in, want := range map[string]script.Action{
		"crash: leader":                   script.Crash{Nodes: sel(script.SelLeader)},
		"crash: [n2]":                     script.Crash{Nodes: list(node(2))},
		"restart: all":                    script.Restart{Nodes: sel(script.SelAll)},
		"pause: random(3)":                script.Pause{Nodes: script.Selector{Kind: script.SelRandom, Count: 3}},
		"timeout: [n1, n2, rest]":         script.FireTimeout{Nodes: list(node(1), node(2), sel(script.SelRest))},
		"timeout: candidate":              script.FireTimeout{Nodes: sel(script.SelCandidate)},
		"heal: all":                       script.Heal{},
		"partition: [majority, minority]": script.Partition{Groups: []script.Selector{sel(script.SelMajority), sel(script.SelMinority)}},
		"partition: [[leader, follower], rest]": script.Partition{Groups: []script.Selector{
			list(sel(script.SelLeader), sel(script.SelFollower)), sel(script.SelRest)}},
		"transfer: n2":       script.Transfer{To: node(2)},
		"transfer: follower": script.Transfer{To: sel(script.SelFollower)},
		"partition: [[n1], n2, [n3, rest]]": script.Partition{Groups: []script.Selector{
			list(node(1)), node(2), list(node(3), sel(script.SelRest))}},
		"cut: {from: leader, to: followers}": script.Cut{From: sel(script.SelLeader), To: sel(script.SelFollowers)},
		"cut: {to: rest, from: [n1, n2]}":    script.Cut{From: list(node(1), node(2)), To: sel(script.SelRest)},
		"cut: {from: all, to: n1}":           script.Cut{From: sel(script.SelAll), To: node(1)},
		"network: {latency: 5ms, loss: 0%, duplicate: 100%, reorder: 0.5%}": script.SetNetwork{Change: script.NetworkChange{
			Latency: &script.DurationRange{Min: 5 * ms, Max: 5 * ms}, Loss: &zero, Duplicate: &whole, Reorder: &half}},
		"network: {loss: 0.5%}":           script.SetNetwork{Change: script.NetworkChange{Loss: &half}},
		"timeouts: {election: 5ms..20ms}": script.SetTimeouts{Election: &script.DurationRange{Min: 5 * ms, Max: 20 * ms}},
		"timeouts: {heartbeat: 2ms}":      script.SetTimeouts{Heartbeat: 2 * ms},
		"timers: {late: 0ms..20ms}":       script.SetTimers{Late: &script.DurationRange{Max: 20 * ms}},
		"timers: {early: 5ms, late: 0s}": script.SetTimers{
			Early: &script.DurationRange{Min: 5 * ms, Max: 5 * ms}, Late: &script.DurationRange{}},
		"disk: full":                          script.SetDisk{Full: true},
		"disk: {sync: 5ms..20ms, fail: sync}": script.SetDisk{Sync: &script.DurationRange{Min: 5 * ms, Max: 20 * ms}, FailSyncs: true},
		"disk: {unsynced: kept}":              script.SetDisk{Unsynced: script.FateKept},
		"disk: {unsynced: lost}":              script.SetDisk{Unsynced: script.FateLost},
		"disk: {unsynced: torn}":              script.SetDisk{Unsynced: script.FateTorn},
		"disk: {rot: log}":                    script.RotDisk{},
		"disk: {rot: snapshot}":               script.RotDisk{Snapshot: true},
		"burst: 500":                          script.Burst{Requests: 500},
		"burst: {requests: 500}":              script.Burst{Requests: 500},
		"burst: {requests: 5, within: 500ms}": script.Burst{Requests: 5, Within: 500 * ms},
	} {
		t.Run(in, func(t *testing.T) {
			sc := read(t, "cluster: {nodes: 5}\nclients: {}\ntimeline:\n  - at: 1.5s\n    "+in+"\n")
			require.Equal(t, []script.Entry{{
				Position: pos(6, 5), On: sel(script.SelAll), Action: want,
				Trigger: script.Trigger{Kind: script.At, From: 1500 * ms},
			}}, sc.Timeline)
			require.Equal(t, in[:strings.Index(in, ":")], want.Verb())
		})
	}
}

func TestClusterSwitches(t *testing.T) {
	off := read(t, "").Cluster
	require.Equal(t, []any{false, false, script.ReadsLog}, []any{off.PreVote, off.CheckQuorum, off.Reads}, "the paper's Raft")
	on := read(t, "cluster: {pre_vote: true, check_quorum: true, reads: index}\n").Cluster
	require.Equal(t, []any{true, true, script.ReadsIndex}, []any{on.PreVote, on.CheckQuorum, on.Reads})
}

func TestTriggers(t *testing.T) {
	for in, want := range map[string]script.Trigger{
		"at: 0s":         {Kind: script.At},
		"at: 20s":        {Kind: script.At, From: 20 * s},
		"during: 0s..1s": {Kind: script.During, To: 1 * s},
		"when: {commits: 2000, terms: '> 5', bytes: \">=18446744073709551615\"}": {Kind: script.When, Milestone: script.Comparisons{
			{Metric: script.Commits, Op: script.GreaterEqual, Value: 2000},
			{Metric: script.Terms, Op: script.Greater, Value: 5},
			{Metric: script.Bytes, Op: script.GreaterEqual, Value: 1<<64 - 1},
		}},
	} {
		t.Run(in, func(t *testing.T) {
			sc := read(t, "timeline:\n  - "+in+"\n    timeouts: {heartbeat: 1s}\n    on: [n1, follower]\n")
			require.Len(t, sc.Timeline, 1)
			require.Equal(t, want, sc.Timeline[0].Trigger)
			require.Equal(t, list(node(1), sel(script.SelFollower)), sc.Timeline[0].On)
		})
	}
}

func TestExpectations(t *testing.T) {
	end := script.Deadline{End: true}
	for in, want := range map[string]script.Want{
		"{always: safety}":                                    script.Always{},
		"{always: monotonic}":                                 script.Always{Properties: []string{"monotonic"}},
		"{always: [log-matching, monotonic]}":                 script.Always{Properties: []string{"log-matching", "monotonic"}},
		"{liveness: core}":                                    script.Liveness{},
		"{liveness: {within: 5s}}":                            script.Liveness{Within: 5 * s},
		"{history: linearizable}":                             script.Linearizable{},
		"{leader: elected}":                                   script.LeaderElected{By: end},
		"{by: end, leader: elected}":                          script.LeaderElected{By: end},
		"{by: 20s, leader: elected}":                          script.LeaderElected{By: script.Deadline{At: 20 * s}},
		"{leader: elected, within: {terms: 10}, of: timeout}": script.LeaderWithin{Terms: 10, Of: "timeout"},
		"{by: 3s, members: [n3, n1]}":                         script.Members{By: script.Deadline{At: 3 * s}, Nodes: []raft.NodeID{1, 3}},
		"{members: [n2]}":                                     script.Members{By: end, Nodes: []raft.NodeID{2}},
		"{replicas: identical}":                               script.ReplicasIdentical{},
		"{by: end, replicas: identical}":                      script.ReplicasIdentical{},
		"{sometimes: split-vote}":                             script.Sometimes{States: []string{"split-vote"}},
		"{sometimes: [term-changes, split-vote]}":             script.Sometimes{States: []string{"term-changes", "split-vote"}},
		"{violates: replicas-identical}":                      script.Violates{Property: "replicas-identical"},
		"{elections: '< 5', rpcs: '<= 5'}": script.Counts{Comparisons: script.Comparisons{
			{Metric: script.Elections, Op: script.Less, Value: 5}, {Metric: script.RPCs, Op: script.LessEqual, Value: 5}}},
		"{during: 5s..7s, commits: '== 0', terms: '!= 0', bytes: '> 0'}": script.Counts{From: 5 * s, To: 7 * s, Comparisons: script.Comparisons{
			{Metric: script.Commits, Op: script.Equal}, {Metric: script.Terms, Op: script.NotEqual}, {Metric: script.Bytes, Op: script.Greater}}},
	} {
		t.Run(in, func(t *testing.T) {
			const timeline = "timeline: [{at: 1s, timeout: all}]\n"
			inList := read(t, timeline+"expect:\n  - "+in+"\n").Expect
			require.Equal(t, script.Expectation{Position: pos(5, 5), Want: want}, inList[len(inList)-1])
			alone := read(t, timeline+"expect: "+in+"\n").Expect
			require.Equal(t, want, alone[len(alone)-1].Want)

			// Safety is expected of every file that says nothing else about properties.
			switch want.(type) {
			case script.Always, script.Violates:
				require.Len(t, inList, 1)
			default:
				require.Equal(t, script.Expectation{Position: pos(4, 1), Want: script.Always{}}, inList[0])
				require.Len(t, inList, 2)
			}
		})
	}
}

func TestRepeatsAreWrittenOut(t *testing.T) {
	sc := good(t, "log-inconsistency")
	type row struct {
		at    time.Duration
		verb  string
		line  int
		round int
	}
	var got []row
	for _, e := range sc.Timeline {
		got = append(got, row{e.Trigger.From, e.Action.Verb(), e.Position.Line, e.Round})
	}
	// One round of the outer repeat lasts from the 2s of its first entry to the 6.75s of its last.
	var want []row
	for k := range 3 {
		shift := time.Duration(k) * 4750 * ms
		want = append(want,
			row{2*s + shift, "partition", 10, k}, row{5*s + shift, "cut", 12, k},
			row{6*s + shift, "crash", 17, 2 * k}, row{6250*ms + shift, "restart", 19, 2 * k},
			row{6500*ms + shift, "crash", 17, 2*k + 1}, row{6750*ms + shift, "restart", 19, 2*k + 1})
	}
	want = append(want, row{28 * s, "partition", 21, 0}, row{29 * s, "cut", 23, 0}, row{30 * s, "heal", 25, 0})
	require.Equal(t, want, got)
	require.Equal(t, 8750*ms, sc.Timeline[6].Trigger.To, "the end moves with the start")
}

// Without `every`, one round follows the other.
func TestRoundsFollowEachOther(t *testing.T) {
	sc := read(t, "timeline: [{repeat: 3, timeline: [{during: 1s..3s, crash: n1}, {at: 2s, heal: all}]}]\n")
	var starts []time.Duration
	for _, e := range sc.Timeline {
		starts = append(starts, e.Trigger.From)
	}
	require.Equal(t, []time.Duration{1 * s, 2 * s, 3 * s, 4 * s, 5 * s, 6 * s}, starts)
}

func TestTimelineIsInOrder(t *testing.T) {
	sc := read(t, `
timeline:
  - {when: {terms: 3}, crash: n1}
  - {at: 5s, crash: n1}
  - {when: {terms: 2}, crash: n2}
  - {at: 2s, crash: n2}
  - {at: 5s, restart: n1}
`)
	var lines []int
	for _, e := range sc.Timeline {
		lines = append(lines, e.Position.Line)
	}
	require.Equal(t, []int{8, 6, 9, 5, 7}, lines, "by time, then by line, then the milestones")
}

// documented is the example in the package's documentation, which is a scenario.
func documented(t *testing.T) *script.Scenario {
	t.Helper()
	src, err := os.ReadFile("doc.go")
	require.NoError(t, err)
	_, language, found := strings.Cut(string(src), "// # The language\n")
	require.True(t, found)
	language, _, found = strings.Cut(language, "// # Values\n")
	require.True(t, found)
	var file strings.Builder
	for line := range strings.Lines(language) {
		if code, ok := strings.CutPrefix(line, "//\t"); ok {
			file.WriteString(code)
		}
	}
	sc, err := script.Read("doc.go", []byte(file.String()))
	require.NoError(t, err)
	return sc
}

func TestDocumentedLanguageReads(t *testing.T) {
	sc := documented(t)
	require.Equal(t, "leader-crash", sc.Name)
	require.Len(t, sc.Expect, 9)
	verbs := map[string]bool{}
	for _, e := range sc.Timeline {
		verbs[e.Action.Verb()] = true
	}
	require.Len(t, verbs, 19, "every action is shown")
}
