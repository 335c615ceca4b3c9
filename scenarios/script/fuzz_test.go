package script

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
	"unicode"
	"unicode/utf8"

	"github.com/stretchr/testify/require"
)

// Whatever the file is, Read does not panic, says where it errs, and what it accepts is a sound
// scenario that the schema accepts too.
func FuzzRead(f *testing.F) {
	for _, pattern := range []string{"testdata/good/*.yaml", "../*.yaml"} {
		files, err := filepath.Glob(pattern)
		require.NoError(f, err)
		for _, name := range files {
			src, err := os.ReadFile(name)
			require.NoError(f, err)
			f.Add(src)
		}
	}
	src, err := os.ReadFile("testdata/bad.txt")
	require.NoError(f, err)
	for _, part := range strings.Split("\n"+string(src), "\n== ")[1:] {
		_, rest, _ := strings.Cut(part, "\n")
		file, _, _ := strings.Cut(rest, "-- error\n")
		f.Add([]byte(file))
	}
	schema := resolved(f)
	f.Fuzz(func(t *testing.T, src []byte) {
		s, err := Read("x.yaml", src)
		if err != nil {
			require.Nil(t, s)
			var all Errors
			require.True(t, errors.As(err, &all))
			checkErrors(t, all)
			if !strings.Contains(string(src), "%!") {
				require.NotContains(t, all.Error(), "%!")
			}
			return
		}
		checkScenario(t, s)
		v, ok := parsed(src)
		require.True(t, ok)
		require.NoError(t, schema.Validate(v))
		again, err := Read("x.yaml", src)
		require.NoError(t, err)
		require.Equal(t, s, again)
		written := Format(s)
		back, err := Read("written.yaml", written)
		require.NoError(t, err, string(written))
		require.Equal(t, string(written), string(Format(back)))
	})
}

func checkErrors(t *testing.T, all Errors) {
	require.NotEmpty(t, all)
	require.LessOrEqual(t, len(all), mostErrors+1)
	line := 1
	for i, e := range all {
		if i < mostErrors {
			require.GreaterOrEqual(t, e.Line, line)
			require.GreaterOrEqual(t, e.Column, 1)
			line = e.Line
		}
		require.NotEmpty(t, e.What)
	}
	said := all.Error()
	require.True(t, utf8.ValidString(said))
	require.False(t, strings.ContainsFunc(said, func(r rune) bool {
		return r != '\n' && r != '\t' && unicode.In(r, unicode.Cc, unicode.Cf)
	}), "%q", said)
	for _, l := range strings.Split(said, "\n") {
		require.Less(t, utf8.RuneCountInString(l), 1000)
	}
}

func checkScenario(t *testing.T, s *Scenario) {
	require.Regexp(t, kebab, s.Name)
	require.Positive(t, s.Duration)
	require.LessOrEqual(t, s.Duration, 24*time.Hour)
	require.Positive(t, s.Seeds.Len())
	require.LessOrEqual(t, s.Seeds.Len(), uint64(mostSeeds))
	reread, err := ParseSeeds(s.Seeds.String())
	require.NoError(t, err)
	require.Equal(t, s.Seeds, reread)
	require.Greater(t, s.Cluster.ElectionTimeout.Min, s.Cluster.Heartbeat)
	require.LessOrEqual(t, s.Cluster.ElectionTimeout.Min, s.Cluster.ElectionTimeout.Max)
	require.GreaterOrEqual(t, s.Cluster.Names, s.Cluster.Nodes)
	require.LessOrEqual(t, s.Cluster.Names, mostNodes)
	require.Equal(t, s.Cluster.Reads == ReadsLease, s.Cluster.Lease > 0)
	require.True(t, s.Cluster.Reads != ReadsLease || s.Cluster.CheckQuorum)
	require.LessOrEqual(t, s.Network.Latency.Min, s.Network.Latency.Max)
	require.NotEmpty(t, s.Expect)
	require.LessOrEqual(t, len(s.Timeline), mostEntries)
	if s.Clients.Count > 0 {
		m := s.Clients.Mix
		require.Equal(t, PPM(1_000_000), m.Get+m.Put+m.Append+m.CAS+m.Delete)
		require.Positive(t, s.Clients.Keys)
		require.Positive(t, s.Clients.Timeout)
		require.GreaterOrEqual(t, s.Clients.Every, time.Duration(0))
	}
	last := time.Duration(0)
	for _, e := range s.Timeline {
		require.Positive(t, e.Position.Line)
		switch e.Trigger.Kind {
		case When:
			require.NotEmpty(t, e.Trigger.Milestone)
			last = s.Duration
		case During:
			require.Less(t, e.Trigger.From, e.Trigger.To)
			fallthrough
		case At:
			require.LessOrEqual(t, last, e.Trigger.From)
			require.LessOrEqual(t, max(e.Trigger.From, e.Trigger.To), s.Duration)
			last = e.Trigger.From
		default:
			t.Fatalf("trigger %v", e.Trigger)
		}
		checkSelector(t, s, e.On)
		switch a := e.Action.(type) {
		case Crash:
			checkSelector(t, s, a.Nodes)
		case Restart:
			checkSelector(t, s, a.Nodes)
		case Pause:
			checkSelector(t, s, a.Nodes)
		case FireTimeout:
			checkSelector(t, s, a.Nodes)
		case Transfer:
			checkSelector(t, s, a.To)
		case Wipe:
			checkSelector(t, s, a.Nodes)
		case Snapshot:
			checkSelector(t, s, a.Nodes)
		case Remove:
			checkSelector(t, s, a.Nodes)
		case Join:
			checkSelector(t, s, a.Nodes)
			for _, one := range append(a.Nodes.List, a.Nodes) {
				require.Contains(t, []SelectorKind{SelNode, SelList}, one.Kind)
			}
			if a.InsteadOf != nil {
				require.False(t, a.Learner)
				checkSelector(t, s, *a.InsteadOf)
			}
		case SetClock:
			require.NotEqual(t, SetClock{}, a)
			require.True(t, a.Drift == nil || max(*a.Drift, -*a.Drift) <= int64(mostDrift))
		case SetDisk:
			require.NotEqual(t, SetDisk{}, a)
			require.True(t, !a.Full || a == SetDisk{Full: true})
		case RotDisk:
			require.NotEqual(t, During, e.Trigger.Kind)
		case Partition:
			require.GreaterOrEqual(t, len(a.Groups), 2)
			for _, g := range a.Groups {
				checkSelector(t, s, g)
			}
		case Cut:
			checkSelector(t, s, a.From)
			checkSelector(t, s, a.To)
		case Hold:
			require.Equal(t, During, e.Trigger.Kind)
			checkSelector(t, s, a.From)
			checkSelector(t, s, a.To)
		case SetTimers:
			require.NotEqual(t, SetTimers{}, a)
		case Heal:
		case SetNetwork:
			require.NotEqual(t, NetworkChange{}, a.Change)
		case SetTimeouts:
			require.NotEqual(t, SetTimeouts{}, a)
		case Burst:
			require.Positive(t, a.Requests)
			require.Positive(t, s.Clients.Count)
		default:
			t.Fatalf("action %v", e.Action)
		}
	}
	for _, e := range s.Expect {
		require.NotNil(t, e.Want)
		require.Positive(t, e.Position.Line)
	}
}

func checkSelector(t *testing.T, s *Scenario, sel Selector) {
	switch sel.Kind {
	case SelNode:
		require.True(t, sel.Node >= 1 && int(sel.Node) <= s.Cluster.Names, "%v", sel)
	case SelRandom:
		require.True(t, sel.Count >= 1 && sel.Count <= s.Cluster.Nodes, "%v", sel)
	case SelList:
		require.NotEmpty(t, sel.List)
		for _, one := range sel.List {
			require.NotEqual(t, SelList, one.Kind)
			checkSelector(t, s, one)
		}
	default:
		require.True(t, sel.Kind >= SelLeader && sel.Kind < SelNode, "%v", sel)
	}
}
