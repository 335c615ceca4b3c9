package wal

import (
	"fmt"
	"testing"

	"raftsim/raft"
)

// BenchmarkSave saves one entry at a time on a disk that costs nothing, with so many Saves between two syncs' ends.
func BenchmarkSave(b *testing.B) {
	for _, size := range []int{16, 80} {
		for _, group := range []int{1, 8} {
			b.Run(fmt.Sprintf("bytes=%d/group=%d", size, group), func(b *testing.B) {
				fs := &nullFS{}
				l, _, err := Open(fs, Options{SegmentBytes: 1 << 30})
				if err != nil {
					b.Fatal(err)
				}
				if err := l.Save(hard(1, 1), nil, 1); err != nil {
					b.Fatal(err)
				}
				fs.endAll(b, l)
				entries := []raft.Entry{{Index: 1, Term: 1, Data: make([]byte, size)}}
				ticket := raft.Ticket(1)
				b.ReportAllocs()
				for b.Loop() {
					ticket++
					if err := l.Save(nil, entries, ticket); err != nil {
						b.Fatal(err)
					}
					entries[0].Index++
					if ticket%raft.Ticket(group) == 0 {
						fs.endAll(b, l)
					}
				}
			})
		}
	}
}

// BenchmarkOpen reads a log of 10,000 entries; it reports bytes per second of log.
func BenchmarkOpen(b *testing.B) {
	n, _ := boot(b, diskOf(), Options{})
	entries := make([]raft.Entry, 10_000)
	for i := range entries {
		entries[i] = raft.Entry{Index: raft.Index(i + 1), Term: 1, Data: make([]byte, 64)}
	}
	if err := n.log.Save(hard(1, 1), entries, 1); err != nil {
		b.Fatal(err)
	}
	files := n.disk.contents()
	b.SetBytes(int64(len(files[0])))
	b.ReportAllocs()
	for b.Loop() {
		if _, r, err := Open(readOnly{files}, Options{}); err != nil || len(r.Entries) != len(entries) {
			b.Fatal(err, len(r.Entries))
		}
	}
}

// readOnly is a folder of segments that is only read.
type readOnly struct{ files [][]byte }

func (d readOnly) List() ([]string, error) {
	var names []string
	for i := range d.files {
		names = append(names, segmentName(uint64(i+1)))
	}
	return names, nil
}
func (d readOnly) ReadFile(name string) ([]byte, error) {
	n, _ := segmentNumber(name)
	return d.files[n-1], nil
}
func (d readOnly) Create(string) (File, error) { return &nullFS{}, nil }
func (d readOnly) Open(string) (File, error)   { return &nullFS{}, nil }
func (d readOnly) Remove(string) error         { return nil }
func (d readOnly) Rename(string, string) error { return nil }
func (d readOnly) SyncDir(SyncTicket)          {}
