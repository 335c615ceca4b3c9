// Package snapshot keeps the snapshots of a Raft node on its disk (Raft paper §7): the newest durable one, and
// the one that is being written.
//
// # Format
//
// A snapshot is one file, named after the last entry it stands for, beside the segments of package wal:
//
//	00000000000000000042.snap
//
// Numbers are little-endian.
//
//	0      8         12        16      24     32              40       48         52       56
//	+------+---------+---------+-------+------+---------------+--------+----------+--------+- ~ -+- ~ -+
//	| magic| version | config  | index | term | configuration | data   | data sum | header | con-| data|
//	|      | 1       | sum     |       |      | bytes         | bytes  |          | sum    | fig |     |
//	+------+---------+---------+-------+------+---------------+--------+----------+--------+- ~ -+- ~ -+
//
// All sums are CRC32C; the header sum is of the 52 bytes before it.
//
// # Promise
//
// A snapshot is written under a name that ends in .snap.tmp, synced, renamed, and the folder is synced: a file
// that has the name of a snapshot is whole, wherever a crash came. One that is not is damage, and [Open] refuses it. Older
// snapshots are removed once a newer one is durable; at the worst a crash brings one back.
//
// The log is to know of the snapshot's term before any of it is written, and is compacted only once it is durable: whatever a
// crash leaves, the newest snapshot and the log go together.
//
// Writing a snapshot takes no memory beyond the snapshot, but for the 4 MiB that an [wal.FS] is handed between two syncs.
// Reading one takes the file's size, which the snapshot's data is then a part of.
package snapshot
