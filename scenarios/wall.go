package scenarios

import "time"

// stopwatch starts to take the time that a run costs its user, and returns how to read it.
func stopwatch() func() time.Duration {
	// determinism: what a run costs is reported beside its result and decides nothing in it.
	start := time.Now()
	return func() time.Duration {
		// determinism: as above.
		return time.Since(start)
	}
}
