package scenarios_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"raftsim/scenarios"
)

// A fault that has ended may still hold things up: what was sent on a slow link keeps its time, and so does what a slow disk, a
// late timer or a clock that was set back made wait. A cluster that gets on once that is over is not accused.
func TestWhatEndedFaultsStillHoldUpIsWaitedFor(t *testing.T) {
	for name, fault := range map[string]string{
		"slow links":            "during: 1s..1900ms, network: {latency: 40s}",
		"slow disks":            "during: 1s..1900ms, disk: {sync: 40s}",
		"late timers":           "during: 1s..1900ms, timers: {late: 40s}",
		"clocks were set back":  "at: 1900ms, clock: {jump: -40s}",
		"long timeouts":         "during: 1s..1900ms, timeouts: {election: 40s, heartbeat: 30s}",
		"clocks set back twice": "at: 1ms, clock: {jump: -1h}}, {at: 1800ms, clock: {jump: -40s}",
		"clocks far ahead":      "at: 1900ms, clock: {jump: 24h}",
	} {
		for which, expect := range map[string]string{"": "", ", core": ", {liveness: core}"} {
			t.Run(name+which, func(t *testing.T) {
				for seed := range uint64(3) {
					r := parse(t, `
duration: 2s
clients: {count: 2}
timeline: [{`+fault+`}]
expect: [{always: safety}, {history: linearizable}, {by: end, leader: elected}, {replicas: identical}`+expect+`]`).Run(seed, scenarios.Options{})
					require.Equal(t, scenarios.Pass, r.Verdict, "seed %d: %s", seed, r.Line())
				}
			})
		}
	}
}
