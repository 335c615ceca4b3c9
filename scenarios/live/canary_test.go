package live

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"raftsim/scenarios"
	"raftsim/scenarios/script"
)

// What a machine did late enough to be to blame is said, the rest is not.
func TestABusyMachineIsToldOf(t *testing.T) {
	const heartbeat, election = 50 * time.Millisecond, 150 * time.Millisecond
	began := time.Now()
	for says, busy := range map[string]func(c *canary){
		"": func(c *canary) {
			atLeast(&c.late, heartbeat-1)
			atLeast(&c.slow, heartbeat-1)
			c.delays.begin(began)(began.Add(election - 1))
		},
		"the machine was busy, and let a process wait for 50ms": func(c *canary) { atLeast(&c.late, heartbeat) },
		"the disk was busy, and took 60ms for a sync":           func(c *canary) { atLeast(&c.slow, 60*time.Millisecond); atLeast(&c.slow, 1) },
		"the machine was busy, and took 1h0m0s to start, stop or pause a node": func(c *canary) {
			c.delays.begin(began)(began.Add(time.Hour))
			c.delays.begin(began)(began.Add(time.Minute))
		},
	} {
		var c canary
		busy(&c)
		require.Equal(t, says, c.excuse(heartbeat, election))
	}
}

// What was asked for and is not done yet counts as long as it has taken until now.
func TestWhatIsNotDoneCounts(t *testing.T) {
	var d delays
	now := time.Now()
	require.Zero(t, d.longest(now))
	done := d.begin(now)
	other := d.begin(now.Add(time.Second))
	require.Equal(t, 3*time.Second, d.longest(now.Add(3*time.Second)))
	done(now.Add(3 * time.Second))
	require.Equal(t, 3*time.Second, d.longest(now.Add(3*time.Second)))
	require.Equal(t, 9*time.Second, d.longest(now.Add(10*time.Second)))
	other(now.Add(2 * time.Second))
	require.Equal(t, 3*time.Second, d.longest(now.Add(10*time.Second)))
}

// Lateness is no fault of the nodes, and what breaks an invariant is, however late.
func TestWhatABusyMachineExcuses(t *testing.T) {
	for property, want := range map[string]scenarios.Verdict{
		script.LeaderPresent: scenarios.Inconclusive, script.Progress: scenarios.Inconclusive, "election-safety": scenarios.Violation, script.ReplicasAgree: scenarios.Violation,
	} {
		r := Result{Busy: "the disk was busy"}
		r.Verdict, r.Property = scenarios.Violation, property
		r.excuse()
		require.Equal(t, want, r.Verdict, property)
	}
}
