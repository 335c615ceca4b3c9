// Package raft is the consensus core of one node: leader election, log replication and what has to be
// durable when (Ongaro and Ousterhout, "In Search of an Understandable Consensus Algorithm", extended version, §5.1
// to §5.6; the dissertation for what goes beyond). "§" in comments is a section of the paper.
//
// # Use
//
// A [Core] is a state machine without I/O, clock, goroutine or global. Tell it what happened, any number of
// times: [Core.Step] for a message, [Core.ElectionTimeout] and [Core.HeartbeatTimeout] when a time that
// [Core.Deadlines] gave has come, [Core.Propose] for a command, [Core.ReadIndex] for a read,
// [Core.TransferLeadership] to have another lead, [Core.Persisted] when the disk has written. Then
// take its [Output] until there is no more, and do what it says: write, send, apply. Package replica is such a
// driver; the example below is a small one.
//
// Nothing orders writing and sending. Messages of an Output may leave before its entries are written:
// those that must not are held back inside until Persisted has been told. What proposals come between two Outputs
// leave together.
//
// # Policy
//
// The voters are fixed when a core is made. Log and state machine start at index 1; nothing is compacted.
// A term begins with a no-op, and only entries of the current term are committed by counting (§5.4.2, §8). A leader
// sends before it has written and counts itself when it has (dissertation §10.2.1). Entries follow each other to a
// follower without waiting, up to [Config.MaxInflight]; after a refusal the leader probes, one message a
// heartbeat, and hints let it skip a whole term at a time (§5.3). Heartbeats are how losses are noticed.
// Without [Config.CheckQuorum] a leader that is cut off believes itself to lead until it hears of a later term; it
// serves no reads meanwhile. Without [Config.PreVote] a node that was cut off deposes the leader when it is back.
//
// The core decides by integers and in a fixed order; its one source of chance is [Config.Draw]. The same calls give
// the same Outputs.
//
// # Promise
//
// Whatever is lost, repeated, delayed or overtaken, however wrong clocks are, and wherever nodes crash: at most one
// leader in a term, and what one node was given as committed every other is given at that index, as long as
// disks keep what they said was written. A majority that is up and hears of each other in less than an
// election timeout makes progress.
//
// Messages that make no sense for the node are ignored. One that only a node which broke the protocol can
// have sent is a panic that says who claimed what; so is a driver's claim that what was not asked for is durable.
//
// # Files
//
//	core.go       the Core: making one, the way in, terms, deadlines, status
//	election.go   candidates and voters
//	prevote.go    asking before an election whether it could be won (dissertation §9.6)
//	checkquorum.go  a leader without a majority, and deafness to disturbers (dissertation §6.2, §4.2.3)
//	follow.go     a follower takes entries
//	lead.go       a leader sends entries and commits
//	read.go       reads at a confirmed commit index (dissertation §6.4)
//	transfer.go   handing leadership over (dissertation §3.10)
//	output.go     the way out: what to write, what may leave when, what is durable
//	log.go        the log in memory
//	message.go    messages and their pool
//	types.go      terms, indexes, entries, roles, hard state
//
// Package tracker is a leader's view of one follower, package quorum knows majorities.
package raft
