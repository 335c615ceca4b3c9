package scenarios_test

import (
	"encoding/hex"
	"flag"
	"testing"

	"github.com/stretchr/testify/require"

	"raftsim/scenarios"
	"raftsim/scenarios/draw"
	"raftsim/scenarios/fuzz/seen"
)

// For what measures how well go test is guided; see the benchmark of package seen.
var (
	unguided = flag.Bool("unguided", false, "do not show the coverage of go test -fuzz which abstract states are reached")
	tally    = flag.String("tally", "", "write the abstract states that go test -fuzz reaches into files in this folder")
)

// FuzzTimeouts has go test look for schedules of timers and messages under which something fails:
//
//	go test -fuzz=FuzzTimeouts ./scenarios
//
// Its coverage sees the abstract states of the cluster, so that schedules which reach new ones are mutated further.
func FuzzTimeouts(f *testing.F) {
	fuzzSchedules(f, scenarios.FuzzTimeouts,
		"0100c800",                         // n1 stands
		"020064000200000002000000",         // two stand at once, again and again
		"0303fa28010164000103640a",         // a leader is not heard, another stands, the first one is heard again
		"0503fa3c010114000104140005043200", // nobody hears from the leader
		"0602fa32010032000601c832",         // pauses
		"0703c8ff0801c8ff",                 // timers late and early
		"0901003303fa28000100c8000502c828", // five nodes, snapshots
	)
}

// FuzzFaults is FuzzTimeouts with all that can break.
func FuzzFaults(f *testing.F) {
	fuzzSchedules(f, scenarios.FuzzFaults,
		"0a03fa320a03c832",                 // the leader crashes, twice
		"0b00fa140c03640a0d04c814",         // a majority crashes; a partition; a cut
		"0900003310c3641e10436432",         // snapshots; a network that is lossy, then slow
		"1103641e1203c83212c3c832",         // clocks and disks
		"1303fa321301641e1303641e",         // crashes that take and tear what was not synced
		"1404fa0015036400160064ff1401640a", // transfers, a snapshot, a burst
		"0901002317016432180164001900c800", // a wiped node joins again, one leaves, one joins
		"090100331900fa02191ac816",         // a node joins in the place of n1, another in that of the leader
		"1a00fa14",                         // timeouts shorter than a round trip
	)
}

// fuzzSchedules plays schedules, those given in hexadecimal at first.
func fuzzSchedules(f *testing.F, kind string, seeds ...string) {
	f.Add([]byte(nil))
	for _, text := range seeds {
		schedule, err := hex.DecodeString(text)
		require.NoError(f, err)
		f.Add(schedule)
	}
	doNotMinimize(f)
	worker := flag.Lookup("test.fuzzworker").Value.String() == "true"
	var elsewhere *player
	var o scenarios.Options
	switch {
	case !worker:
	case *unguided:
		o.Abstract = newTally(*tally).with(nil)
	default:
		elsewhere = &player{kind: kind}
		f.Cleanup(elsewhere.stop)
	}
	f.Fuzz(func(t *testing.T, schedule []byte) {
		if worker && draw.Played(schedule) < len(schedule) {
			return // it is the same as a shorter one, and what came of it would have bytes that nothing depends on
		}
		if elsewhere != nil {
			if a, err := elsewhere.play(schedule); err == nil && !a.Failed {
				if a.Shown {
					seen.Show(a.State)
				}
				return
			}
			// It is played again here, so that it fails here, whatever it does.
		}
		file, err := scenarios.Schedule(kind, schedule)
		require.NoError(t, err)
		if r := file.Run(1, o); failed(&r) {
			report(t, file, &r)
		}
	})
}

// doNotMinimize has go test keep inputs as they are, unless it was told for how long to minimize them. It spends up to a minute on making
// each shorter that it keeps, byte by byte, which is nearly all of its time. What fails is for raftsim shrink.
func doNotMinimize(f *testing.F) {
	given := false
	flag.Visit(func(f *flag.Flag) { given = given || f.Name == "test.fuzzminimizetime" })
	if !given {
		require.NoError(f, flag.Set("test.fuzzminimizetime", "0x"))
	}
}
