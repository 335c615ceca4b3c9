package tracker

import "raftsim/raft/quorum"

// Shipment is how far a snapshot has come on its way to a follower. Its bytes follow each other without
// waiting; what got lost is sent again from where the follower says that it is.
type Shipment struct {
	// Index is the snapshot's.
	Index quorum.Index
	// Acked is how many of its bytes the follower has, Sent how many are on their way or there.
	Acked, Sent uint64
	// stuck says that no byte was acknowledged since the last Resend.
	stuck bool
}

// Ready says whether the next of the snapshot's bytes may leave now, of size in all.
func (t *Shipment) Ready(size uint64, w *Window) bool {
	return t.Sent < size && t.Sent-t.Acked < uint64(w.Bytes)
}

// Arrived notes that the follower has the first so many bytes. It may have lost what it had.
func (t *Shipment) Arrived(bytes uint64) {
	if bytes > t.Acked {
		t.stuck = false
	}
	if bytes < t.Acked {
		t.Sent = bytes // it started over
	}
	t.Acked = bytes
	t.Sent = max(t.Sent, bytes)
}

// Resend is to be called at every heartbeat: what has been on its way for a whole one without a sign of progress
// counts as lost. If that can only be the word that the follower has written all of it, the last byte, of size in all, is
// sent again to hear what has become of them.
func (t *Shipment) Resend(size uint64) {
	if t.stuck {
		t.Acked = min(t.Acked, size-1)
		t.Sent = t.Acked
	}
	t.stuck = true
}
