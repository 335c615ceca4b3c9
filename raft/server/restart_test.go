package server

import (
	"fmt"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"raftsim/raft"
	"raftsim/raft/kv"
	"raftsim/raft/raftpb"
	"raftsim/raft/wal"
)

// BenchmarkRestart starts a node that has written a million entries of 100-byte values, to real files: with all of them in its log, and
// with a snapshot in the place of most. It is a cluster of its own, and has to be elected and to apply them all before it counts as back.
func BenchmarkRestart(b *testing.B) {
	const entries = 1_000_000
	cfg := config(b.TempDir(), 1, addresses(b, 1))
	fillLog(b, cfg, entries)
	b.Run("log", func(b *testing.B) { restart(b, cfg, entries) })
	cfg.SnapshotKeep = 10_000
	r := run(b, cfg)
	eventually(b, "all is applied", func() bool { return r.view.get().Applied > entries })
	_, err := raftpb.NewAdminClient(conn(b, r)).Snapshot(within(b), &raftpb.SnapshotRequest{})
	require.NoError(b, err)
	r.end()
	b.Run("snapshot", func(b *testing.B) { restart(b, cfg, entries) })
}

func restart(b *testing.B, cfg Config, entries raft.Index) {
	var serves, whole time.Duration
	for b.Loop() {
		began := time.Now()
		r, err := launch(cfg)
		require.NoError(b, err)
		<-r.booted
		serves += time.Since(began)
		for r.view.get().Applied <= entries {
			time.Sleep(time.Millisecond)
		}
		whole += time.Since(began)
		b.StopTimer()
		r.end()
		b.StartTimer()
	}
	b.ReportMetric(serves.Seconds()/float64(b.N), "s-until-it-serves")
	b.ReportMetric(whole.Seconds()/float64(b.N), "s-until-all-is-applied")
}

// fillLog makes the data folder of a node that has so many entries in its log and was killed. Writing them by way of clients
// would take far longer.
func fillLog(t testing.TB, cfg Config, entries int) {
	t.Helper()
	f, err := openFolder(cfg.Data, cfg.ID, cfg.Cluster)
	require.NoError(t, err)
	require.NoError(t, f.save())
	defer f.close()
	type sync struct {
		t   wal.SyncTicket
		err error
	}
	synced := make(chan sync, 16)
	d, err := openDisk(filepath.Join(cfg.Data, logFolder), func(t wal.SyncTicket, err error) { synced <- sync{t, err} }, func(time.Duration) {})
	require.NoError(t, err)
	defer d.close()
	voters, err := raft.NewConfiguration(sorted(cfg.Peers))
	require.NoError(t, err)
	log, _, err := wal.Open(d, wal.Options{SegmentBytes: 16 << 20, Birth: raft.Birth{
		Cluster: ClusterNumber(cfg.Cluster), Incarnation: raft.FirstIncarnation, Configuration: voters,
	}})
	require.NoError(t, err)
	const batch, clients = 1000, 512
	value := strings.Repeat("v", 100)
	hard := &raft.HardState{Term: 1, Vote: cfg.ID}
	for from := 1; from <= entries; from += batch {
		es := make([]raft.Entry, 0, batch)
		for i := from; i < from+batch && i <= entries; i++ {
			q := kv.Request{Session: kv.SessionID(1 + i%clients), Seq: uint64(1 + i/clients), Op: kv.Put, Key: fmt.Sprintf("key%06d", i), Value: value}
			es = append(es, raft.Entry{Index: raft.Index(i), Term: 1, Kind: raft.EntryCommand, Data: kv.Encode(nil, &q, kv.Time(i/1000))})
		}
		require.NoError(t, log.Save(hard, es, raft.Ticket(from)))
		hard = nil
		for log.Durable() < raft.Ticket(from) {
			s := <-synced
			_, err := log.Synced(s.t, s.err)
			require.NoError(t, err)
		}
	}
}
