// Package spec is Raft as a relation between states: what the servers of a cluster may do, and nothing of when or why. It is
// written after Ongaro's TLA+ specification (raft.tla), action by action and with its names, and small enough
// to be searched: [Search] visits every state of a small cluster and asks the invariants about each.
//
// Package checker holds a running cluster to this relation: see its property refinement.
//
// # Use
//
//	found := spec.Search(spec.Init(&bounds), &bounds, spec.Actions())
//	found.States    // how many there are, the same each time
//	found.Violation // nil, or how to get to a state in which an invariant does not hold
//
// A [State] is a value: comparing and copying it is comparing and copying all there is. An [Action] tells every
// state it leads to. Who wants to know what happens without a guard gives Search other actions than [Actions].
//
// # What is as in raft.tla
//
// Timeout, RequestVote, BecomeLeader, ClientRequest, AppendEntries, AdvanceCommitIndex, UpdateTerm,
// HandleRequestVoteRequest, HandleRequestVoteResponse, HandleAppendEntriesRequest,
// HandleAppendEntriesResponse, DropStaleResponse and Restart. A message carries one entry at most. The history
// variables are what invariants speak of: who led a term, what was committed and in which term.
//
// # Where it departs
//
//   - Messages stay once sent. To lose one is never to receive it, to have it twice is to receive it again, so there is
//     neither DuplicateMessage nor DropMessage, and DropStaleResponse changes nothing.
//   - The disk is explicit. Persist writes all a server has, Restart goes back to what was written, and what promises
//     something is sent only when it is on the disk: a request is handled once to take effect and once more to be
//     answered. raft.tla writes at once; so does a search with [Bounds].Prompt.
//   - A refusal would carry nothing but a term. It is not sent; instead UpdateTerm takes the term of any message or
//     server.
//   - A leader sends from any place of its log: nextIndex is about speed, not safety. A conflict is cut off and
//     replaced in one step. The commit index never goes back.
//   - StepDown has a server give up what it is in its term: CheckQuorum, a leader that is no member any more, and a
//     candidate that asks first the next time. PreVote, CheckQuorum and transfer only keep enabled actions from
//     being taken, or take them sooner, and need none of their own.
//   - Snapshots: TakeSnapshot, InstallSnapshot and HandleInstallSnapshotRequest. A snapshot is the committed log up to
//     an index, and a log with a base still knows, for the invariants' sake, what was below.
//   - Membership: ChangeConfiguration and LeaveJoint append configurations, in force from when they are appended (dissertation
//     chapter 4): one voter at a time, or joint. Learners take part in nothing that is decided, and are not told apart
//     from strangers; nor is a voter that is to leave once another has come from any other, since it votes until it leaves, in a
//     joint step as any.
//   - Reads (dissertation §6.4): a leader notes its commit index, once that is of its own term, and begins a round of heartbeats
//     (ReadIndex; HandleReadIndexRequest for the read of another server, which asks by RequestReadIndex). Who is in its term may
//     answer a round at any time after it began (ConfirmLeader: what the answer to a heartbeat says of the leader, apart from
//     what it says of the log); a majority of answers to that round or a later one confirm the read (ConfirmRead), and it is made once the
//     state machine is there (Apply, ServeRead). One read at a time is at a server, and one found an index for by a
//     leader: reads have nothing to do with each other but that one must not take another's answer.
//   - Leases (§6.4.1) are about clocks, of which there are none here. What is left of them is a promise: who answers a leader
//     elects no other, be it by vote or by standing, until EndPromise, which may come at any time, by a clock or because leadership is
//     handed over. LeaseRead is enabled while a majority keeps to it. A leader cannot see that; it reckons that its
//     lease is over before theirs are, and the bound on clock drift is what makes that true. That nobody is elected meanwhile is not
//     assumed but found by the search.
//
// # Promise
//
// The relation and the search decide nothing by chance or by the order of a map: the same bounds give the same number of
// states on every machine.
package spec
