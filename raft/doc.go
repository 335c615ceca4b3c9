// Package raft is the consensus core of one node: leader election, log replication, membership, snapshots, reads, and what
// has to be durable when (Ongaro and Ousterhout, "In Search of an Understandable Consensus Algorithm", extended version, §5.1
// to §5.6; the dissertation for what goes beyond). "§" in comments is a section of the paper.
//
// # Use
//
// A [Core] is a state machine without I/O, clock, goroutine or global. Tell it what happened, any number of
// times: [Core.Step] for a message, [Core.ElectionTimeout] and [Core.HeartbeatTimeout] when a time that
// [Core.Deadlines] gave has come, [Core.Propose] for a command, [Core.ReadIndex] for a read,
// [Core.TransferLeadership] to have another lead, [Core.Reconfigure] to change who takes part, [Core.Persisted],
// [Core.SnapshotDurable] and [Core.Compact] when the disk has written. Then
// take its [Output] until there is no more, and do what it says: write, send, apply. Package replica is such a
// driver; the example below is a small one.
//
// Nothing orders writing and sending. Messages of an Output may leave before its entries are written:
// those that must not are held back inside until Persisted has been told. What proposals come between two Outputs
// leave together.
//
// # Policy
//
// A term begins with a no-op, and only entries of the current term are committed by counting (§5.4.2, §8). A leader
// sends before it has written and counts itself when it has (dissertation §10.2.1). Entries follow each other to a
// follower without waiting, up to [Config.MaxInflight] and [Config.MaxInflightBytes]; after a refusal the leader probes, one
// message a heartbeat, and hints let it skip a whole term at a time (§5.3). Heartbeats are how losses are noticed. A leader
// refuses proposals beyond [Config.MaxUncommittedBytes].
// Without [Config.CheckQuorum] a leader that is cut off believes itself to lead until it hears of a later term; it
// serves no reads meanwhile. Without [Config.PreVote] a node that was cut off deposes the leader when it is back.
//
// Configurations are entries, in force from when they are appended until they are cut off. One voter comes or goes in
// one step, more by way of joint consensus, which the leader leaves by itself. Who is to become a voter is a learner first, and
// voters that leave for it do not before it has caught up (see [Change]). A member is a name and an [Incarnation], drawn when a disk is empty: a node that lost its disk is not the member it was, has
// no vote, and is added again like a new one. A node that restarts does not know what is committed, and may stand for
// election although it was removed; who has a later log does not listen to it.
//
// A snapshot takes the place of the log up to its index, on the say of the driver. Who is behind the log is sent the latest,
// in chunks, a window of them at a time, which go on after a loss from where the follower is. It takes effect once it is
// on the disk, and leaves a longer log that goes with it alone.
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
// A message is refused with an error that says why, and nothing has changed then: one of another cluster, of a stranger, of
// a node that lost its disk, or, as a [ProtocolError], one that only a node which broke the protocol can have sent. No
// message is a panic; a driver's claim that what was not asked for is durable is one.
//
// # Files
//
//	core.go       the Core: making one, terms, deadlines, status
//	step.go       the way in for messages, and why they are refused
//	election.go   candidates and voters
//	prevote.go    asking before an election whether it could be won (dissertation §9.6)
//	checkquorum.go  a leader without a majority, and deafness to disturbers (dissertation §6.2, §4.2.3)
//	follow.go     a follower takes entries
//	lead.go       a leader sends entries and commits
//	read.go       reads at a confirmed commit index (dissertation §6.4)
//	lease.go      reads under a lease (dissertation §6.4.1)
//	transfer.go   handing leadership over (dissertation §3.10)
//	configuration.go  who takes part, and how that is written down
//	membership.go what the configuration in force makes of whom (dissertation chapter 4)
//	reconfigure.go    changing it
//	install.go    snapshots, and sending them (§7)
//	output.go     the way out: what to write, what may leave when, what is durable
//	log.go        the log in memory
//	message.go    messages and their pool
//	types.go      terms, indexes, entries, roles, hard state
//
// Package tracker is a leader's view of one follower, package quorum knows majorities.
package raft
