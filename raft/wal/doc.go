// Package wal is the durable log of a Raft node: its hard state and its entries, on a
// small file-system interface that can be real or simulated.
//
// # Format
//
// The folder holds segments, numbered from 1 without a gap, and nothing else:
//
//	00000000000000000001.wal   00000000000000000002.wal   …   the newest, which is appended to
//
// A segment is a row of frames. Each begins at a multiple of 8 bytes; numbers are little-endian.
//
//	0        4         8         12       16     17    18         24       32       40
//	+--------+---------+---------+--------+------+-----+----------+--------+--------+----------- ~ -+
//	| header | data    | data    | mark   | kind | sub | reserved |   a    |   b    | data, padded  |
//	| sum    | sum     | bytes   | in 8 B |      |     | 0        |        |        | with zeros    |
//	+--------+---------+---------+--------+------+-----+----------+--------+--------+----------- ~ -+
//
//	kind          sub          a            b
//	1 segment     version: 1   its number   bytes in the segment before it, 0 in the first
//	2 hard state  0            term         vote
//	3 entry       its kind     index        term
//
// Both sums are CRC32C: the data sum of data and padding (0 if there is none), the header sum of the rest of
// the header, starting from a salt made of the segment's number and the frame's offset. Old or misplaced
// bytes therefore never pass for a frame. The first frame of a segment is its header, kind 1, and keeps this form
// in every version.
//
// An entry whose index is already there replaces the one there and all after it. Files are never cut for that.
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
// but which no node can have saved: a gap in the indexes, a term that goes back, a vote that changes. Without
// proof it is the torn tail of a crash: Open cuts the file to X, and reports it in [Recovered].Torn. Nothing is
// appended before the cut is durable, so nothing of the tail can return between new frames. If the crash comes
// before, the next Open finds a torn tail at X again, or none.
//
// What this cannot tell apart: damage to the very last batch, which no later frame vouches for, looks like a torn
// tail even if it had been synced, and so does a file that has lost whole batches from its end. A node that
// lost promises that way is for the cluster to survive, like a wiped one.
//
// A torn batch leaves any number of its first records. Raft needs no more: nobody has been told of any of them, and
// a hard state goes before the entries saved with it.
package wal
