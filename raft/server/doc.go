// Package server is a Raft node in the real world: it drives a [replica.Replica] by a wall clock, keeps its log in
// files, and speaks gRPC with other nodes and with clients. It is the real Env; the simulator has the other one.
//
// # Goroutines
//
// One goroutine, the loop, owns the replica and all that belongs to it. Everything else puts events into its inbox:
//
//   - the disk, one goroutine for the log and one for snapshots: they write, sync, and say when it is done;
//   - for each other node, one that sends, and one for each stream that comes in;
//   - for each client's call or stream, one that waits for answers.
//
// The loop takes all that has come in at once and hands it to the replica as one event, so that under load many
// entries share one write, one sync and one message. None of what the replica calls blocks: what is for the disk, a
// node or a client is put into a queue. A node's queue is bounded, and drops what finds it full; Raft
// sends it again. What others send waits outside while too much waits for the loop, and a client's stream is read no further while it
// is owed too many answers.
//
// # The data folder
//
//	node.json    who the folder belongs to: name and cluster
//	book.json    where other nodes can be reached
//	lock         held by the process that runs the node
//	log/         segments and snapshots, of packages wal and snapshot; zeros may follow in a segment
//
// A node whose log is gone, with or without the rest, is not the one that made the promises in it: it asks the others whether it
// has taken part before. It is told so by whoever has heard it, and by those who were told in turn; one that made a promise to a
// single node, which had not passed that on before it went down, passes for one that never ran.
//
// # Who is told apart
//
// A stream between nodes begins with the cluster's name, the protocol's version, and who speaks to whom; what does
// not fit is refused, and the reason is in both logs. With TLS the certificate has to be the node's; the files are read anew when they
// have changed, for the connections that are made from then on.
package server
