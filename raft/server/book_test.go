package server

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"

	"raftsim/raft"
	"raftsim/raft/raftpb"
)

// The latest word about a node holds, and outlives the process.
func TestABookKeepsTheLatestWord(t *testing.T) {
	dir := t.TempDir()
	b, err := openBook(dir, map[raft.NodeID]string{2: "given:1"})
	require.NoError(t, err)
	require.Equal(t, "given:1", b.address(2, 0))
	require.NoError(t, b.learn([]*raftpb.Address{
		{Node: 2, Address: "two:2", Said: 5}, {Node: 3, Address: "three:3", Said: 5}, {Node: 0, Address: "none:1", Said: 9},
		{Node: 4, Address: "no address", Said: 9}, nil,
	}))
	require.NoError(t, b.learn([]*raftpb.Address{{Node: 2, Address: "old:2", Said: 4}}))
	require.NoError(t, b.meet(3))
	b, err = openBook(dir, map[raft.NodeID]string{2: "given:1"})
	require.NoError(t, err)
	require.Equal(t, "two:2", b.address(2, 0))
	require.Equal(t, "given:1", b.address(2, 1), "what the node was started with is tried as well")
	require.Equal(t, "three:3", b.address(3, 1))
	require.Empty(t, b.address(4, 0))
	require.Equal(t, []raft.NodeID{2, 3}, b.ids())
	require.True(t, b.met(3))
	require.False(t, b.met(2))

	require.NoError(t, os.WriteFile(filepath.Join(dir, "book.json"), []byte("{"), 0o600))
	_, err = openBook(dir, nil)
	require.ErrorContains(t, err, "book.json is damaged")
}

// Whoever has heard all so far is told what is new, once.
func TestNewsOfABook(t *testing.T) {
	b, err := openBook(t.TempDir(), map[raft.NodeID]string{1: "one:1"})
	require.NoError(t, err)
	all, news, wake := b.since(-1)
	require.Len(t, all, 1)
	require.NoError(t, b.learn([]*raftpb.Address{{Node: 2, Address: "two:2", Said: 1}}))
	<-wake
	fresh, next, wake := b.since(news)
	require.Len(t, fresh, 1)
	require.EqualValues(t, 2, fresh[0].Node)
	require.NoError(t, b.learn([]*raftpb.Address{{Node: 2, Address: "two:2", Said: 1}}))
	select {
	case <-wake:
		t.Fatal("that was no news")
	default:
	}
	fresh, _, _ = b.since(next)
	require.Empty(t, fresh)
}

// That a node has spoken counts only once it is on the disk: until it is, each try says that it is not.
func TestABookThatCannotBeWrittenSaysSoAgain(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "later")
	b, err := openBook(dir, nil)
	require.NoError(t, err)
	require.Error(t, b.meet(2))
	require.Error(t, b.meet(2), "it is not on the disk now either")
	require.NoError(t, os.Mkdir(dir, 0o700))
	require.NoError(t, b.meet(2))
	b, err = openBook(dir, nil)
	require.NoError(t, err)
	require.True(t, b.met(2))
}

// A book that is full says so of whom it cannot take in, and goes on with those it has.
func TestAFullBook(t *testing.T) {
	b, err := openBook(t.TempDir(), nil)
	require.NoError(t, err)
	for id := raft.NodeID(1); id <= maxBook; id++ {
		b.of(id)
	}
	require.NoError(t, b.meet(maxBook))
	require.ErrorContains(t, b.meet(maxBook+1), "1024")
	require.Len(t, b.ids(), maxBook)
}

// What a node says of itself is the latest word although its clock was set back.
func TestANodeThatMovedIsBelievedWhateverItsClockShows(t *testing.T) {
	dir := t.TempDir()
	b, err := openBook(dir, nil)
	require.NoError(t, err)
	require.NoError(t, b.learn([]*raftpb.Address{{Node: 1, Address: "old:1", Said: 1 << 62}}))
	require.NoError(t, b.announce(1, "new:1", 5))
	others, err := openBook(t.TempDir(), nil)
	require.NoError(t, err)
	require.NoError(t, others.learn([]*raftpb.Address{{Node: 1, Address: "old:1", Said: 1 << 62}}))
	all, _, _ := b.since(-1)
	require.NoError(t, others.learn(all))
	require.Equal(t, "new:1", others.address(1, 0))
}
