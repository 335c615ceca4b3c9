package server

import (
	"context"
	"fmt"
	"net"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	"google.golang.org/grpc"
	"google.golang.org/grpc/credentials/insecure"

	"raftsim/raft"
	"raftsim/raft/raftpb"
)

// broken is a connection that breaks once so many bytes were sent.
type broken struct {
	net.Conn
	left int
}

func (b *broken) Write(p []byte) (int, error) {
	n, err := b.Conn.Write(p[:min(len(p), b.left)])
	if b.left -= n; err == nil && n < len(p) {
		b.Conn.Close()
		err = net.ErrClosed
	}
	return n, err
}

// A message of which a part comes, because the connection breaks at any place, or because it is none, is as if it were never sent: nothing of
// it takes effect, and the node serves others.
func TestHalfAMessage(t *testing.T) {
	nodes := runCluster(t, 1, nil)
	n := leaderOf(t, nodes...)
	s := clientOf(t, n).Session()
	const size = 60_000
	for k, bytes := range []int{1, 23, 24, 40, 100, 150, 200, 300, 1_000, 16_000, 17_000, 40_000, size, size + 100} {
		conn, err := grpc.NewClient("passthrough:///"+n.Addr(), grpc.WithTransportCredentials(insecure.NewCredentials()),
			grpc.WithContextDialer(func(ctx context.Context, address string) (net.Conn, error) {
				c, err := (&net.Dialer{}).DialContext(ctx, "tcp", address)
				return &broken{c, bytes}, err
			}))
		require.NoError(t, err)
		key := fmt.Sprintf("key%d", k)
		value := strings.Repeat("x", size)
		_, err = raftpb.NewKVClient(conn).Do(within(t), &raftpb.Request{Session: uint64(k + 1), Seq: 1, Op: raftpb.Op_OP_PUT, Key: []byte(key), Value: []byte(value)})
		require.Error(t, err, "after %d bytes", bytes)
		if stream, err := raftpb.NewPeerClient(conn).Deliver(within(t)); err == nil {
			hello := n.hello(1)
			hello.From = 2
			_ = stream.Send(&raftpb.Parcel{Hello: hello, Messages: []*raftpb.Message{{Term: 1 << 40, Body: &raftpb.Message_Append{
				Append: &raftpb.AppendEntries{Entries: []*raftpb.Entry{{Term: 1, Data: make([]byte, size)}}}}}}})
			_, err = stream.CloseAndRecv()
			require.Error(t, err, "after %d bytes", bytes)
		}
		conn.Close()
		got, err := s.Get(within(t), key)
		require.NoError(t, err)
		require.Empty(t, got, "after %d bytes", bytes)
	}
	for _, words := range []string{"\x00", "GET / HTTP/1.1\r\n\r\n", "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n\xff\xff\xff\xff\xff\xff\xff\xff\xff", strings.Repeat("\x16\x03\x01", 100)} {
		c, err := net.Dial("tcp", n.Addr())
		require.NoError(t, err)
		_, _ = c.Write([]byte(words))
		c.Close()
	}
	require.NoError(t, s.Put(within(t), "key", "value"))
	require.Equal(t, n, leaderOf(t, nodes...))
	require.Less(t, n.view.get().Term, raft.Term(1<<40))
}
