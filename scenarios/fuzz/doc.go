// Package fuzz hunts for failures: it plays worlds that nobody wrote, on all processors, until its context ends, a number of
// seeds is reached, or the first failure.
//
// # Strategies
//
// Swarm plays the worlds of [draw.World], seed after seed: each has some classes of faults and lacks the others. Priority plays
// those of [draw.Priority], which are calm but for a few moments at which one node or link is held back or a timer fires. Guided mutates
// worlds that reached new abstract states. (go test -fuzz makes scenarios of bytes: see [draw.Timeouts] and package seen.)
//
// # Promise
//
// What a run of this package finds depends on strategy, first seed and shard, not on how many processors there are or how fast: worlds
// are made and judged in order. Memory does not grow with their number. Results are lines of JSON that are flushed at
// least once a second, so that a kill loses no more; [Resume] goes on after them, and [Merge] folds the files of many processes into one report.
//
// Abstract states are counted in a table that takes up to 32 MiB and then holds 3,145,728 of them, whatever the strategy. A hunt that
// has filled it goes on with another, keeps the one before and no more, and takes for new what is in neither: a count of so many
// ([Played].Full) is one of so many or more.
//
// # Many machines
//
// k8s-job.yml is an Indexed Job for Kubernetes: each index plays its shard. An index that has found a failure exits with
// code 1, and one that only has a world whose history could not be settled with 3; either fails that index alone and for good
// (podFailurePolicy, FailIndex). The others go on, and an index whose Pod is lost or cannot start is tried again. The manifest names what to adapt. Once it has ended:
//
//	kubectl logs -l job-name=raftsim-fuzz --tail=-1 --prefix=false   # or collect the volume's files, and
//	raftsim merge results-*.jsonl
package fuzz
