// Package wal is the durable log of a Raft node: what it was born as, its hard state and its entries, on a
// small file-system interface that can be real or simulated. A snapshot, which is package snapshot's to keep, may stand for
// the beginning of the log.
//
// # Format
//
// The folder holds segments, numbered without a gap, from 1 on unless the first ones were removed, and beside them the
// snapshots, whose names end otherwise:
//
//	00000000000000000004.wal   00000000000000000005.wal   …   the newest, which is appended to
//
// A segment is a row of frames. Each begins at a multiple of 8 bytes; numbers are little-endian.
//
//	0        4         8         12       16     17    18         24       32       40
//	+--------+---------+---------+--------+------+-----+----------+--------+--------+----------- ~ -+
//	| header | data    | data    | mark   | kind | sub | reserved |   a    |   b    | data, padded  |
//	| sum    | sum     | bytes   | in 8 B |      |     | 0        |        |        | with zeros    |
//	+--------+---------+---------+--------+------+-----+----------+--------+--------+----------- ~ -+
//
//	kind          sub          a            b                          data
//	1 segment     version: 1   its number   bytes of the one before    –
//	2 hard state  0            term         vote                       –
//	3 entry       its kind     index        term                       its data
//	4 birth       0            cluster      incarnation                the configuration, as package raft encodes it
//	5 base        what stays   index        term                       –
//	6 before      0            index        0                          –
//
// Both sums are CRC32C: the data sum of data and padding (0 if there is none), the header sum of the rest of
// the header, starting from a salt made of the segment's number and the frame's offset. Old or misplaced
// bytes therefore never pass for a frame. The first frame of a segment is its header, kind 1, and keeps this form
// in every version.
//
// An entry whose index is already there replaces the one there and all after it. Files are never cut for that.
//
// A birth says what the node is. It is the first thing a log says of its node, before there is anything to promise.
//
// A base says that a durable snapshot stands for the log up to and including the entry of that index and term. With 0 the
// entries after it stay, when the node compacts its log; with 1 nothing does, when a leader's snapshot takes the log's place.
//
// A segment but the first begins with what those before it said, so that they can be removed: before, the highest index
// that any of them was ever given, replaced or not; then birth, hard state and base, as far as there are any. A crash that tears
// this beginning leaves a segment that says less, and the next boot has it say what is missing.
//
// # Removal
//
// A segment is removed when all that it and those before it were ever given is at or below a base that is durable, and
// only while a later segment is durable. So whatever names a crash brings back, the segments without a gap up to the newest are a log: a
// segment that came back says nothing that is not replaced, or below the base, in the end. Those before a gap are removed again. A
// segment that is missing otherwise is found out: the first one left says up to where those before it went, and
// that is above the base.
//
// # Batches, marks and order
//
// Everything saved while a sync is in flight waits in memory and is appended at once, as one batch, when that
// sync ends. So when a batch goes to the file everything before it is durable. Each frame says so: its mark is
// the offset at which its batch begins.
//
//	offset  0      40     80     120      176    216    256
//	frames  [S    ][H    ][E    ][E      ][E    ][H    ]
//	marks    0      0      0      120      120    216
//	batch   first                second          third
//
// A new segment is created once all before it is durable, and what is in it counts once both its bytes
// and its name are. It begins with the length of the one before it.
//
// # Recovery
//
// A crash may keep, lose or tear any bytes not yet synced, so it can only have spoilt the last batch of the
// newest segment. [Open] stops at the first bad frame, at X, and looks for proof that X was durable once:
//
//   - there is a later segment, even an empty one;
//   - a later frame of the same segment has a good header with a mark beyond X.
//
// With proof it is damage: Open alters nothing and returns a [*CorruptError]. So is a frame whose sums hold
// but which no node can have saved: a gap in the indexes, a term that goes back, a vote that changes. So is a log that does not go
// with the newest snapshot: it begins after what that stands for, or knows of no term as late as its. Without
// proof it is the torn tail of a crash: Open cuts the file to X, and reports it in [Recovered].Torn. Nothing is
// appended before the cut is durable, so nothing of the tail can return between new frames. If the crash comes
// before, the next Open finds a torn tail at X again, or none.
//
// What this cannot tell apart: damage to the very last batch, which no later frame vouches for, looks like a torn
// tail even if it had been synced, and so does a file that has lost whole batches from its end. A node that
// lost promises that way is for the cluster to survive, like a wiped one.
//
// An [FS] may keep a file longer than what was appended to it, with zeros behind, as long as it hands out no more than that: [Written] says
// how much it is. A crash may leave zeros where bytes were to come, as it may leave anything there.
//
// A torn batch leaves any number of its first records. Raft needs no more: nobody has been told of any of them, and
// a hard state goes before the entries saved with it.
//
// A snapshot that is durable when the base for it is not needs no more either. One of the node's own stands for entries that
// the log holds, or that were committed before they were durable here. Where the log does not hold its last entry, Open puts
// it in the log's place, and writes the base.
package wal
