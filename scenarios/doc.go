// Package scenarios plays scenario files: it builds the world a file describes, runs its clients and its
// timeline of faults, watches every property after every event, and judges what the file expects.
//
// # Use
//
// [Load] reads a file, [Shipped] those that come with the product, and [File.Run] plays one with one seed:
//
//	f, err := scenarios.Load("leader-failure")
//	result := f.Run(173, scenarios.Options{})
//	fmt.Println(result.Line())
//
// [Sweep] plays many seeds on many processors and judges what only many runs can show. To put another Raft under
// test, set [Options].Boot.
//
// # Verdict
//
// A run ends at the first thing that is wrong: a panic, a node that halts or does not boot, a safety property, an
// expectation that has come due. When it ends by itself, clients have stopped and replicas have come to rest; then
// come progress, what is expected of the end, and the clients' history. What the scenario wanted to try
// and the run did not is in [Result].NotExercised.
//
// # Promise
//
// The same file, seed and source give the same events, the same fingerprint and the same verdict, on any machine
// and beside any number of other runs. A run happens on the caller's goroutine.
package scenarios
