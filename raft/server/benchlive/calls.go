package main

import (
	"context"
	"fmt"

	"google.golang.org/grpc"
	"google.golang.org/grpc/credentials/insecure"
	"google.golang.org/protobuf/encoding/protowire"

	"raftsim/raft/raftpb"
)

// conns are connections to a leader, over which writers are spread that make one call for each put.
type conns []*grpc.ClientConn

const maxConns = 8

func connect(address string) (conns, error) {
	var c conns
	for range maxConns {
		conn, err := grpc.NewClient("passthrough:///"+address, grpc.WithTransportCredentials(insecure.NewCredentials()))
		if err != nil {
			return nil, err
		}
		c = append(c, conn)
	}
	return c, nil
}

// caller returns what makes a call of writer n, of bytes that are a message and answered by others.
func (c conns) caller(n int, method string) func(context.Context, []byte) ([]byte, error) {
	conn := c[n%len(c)]
	return func(ctx context.Context, in []byte) (out []byte, err error) {
		err = conn.Invoke(ctx, method, &in, &out, grpc.ForceCodec(raw{}))
		return out, err
	}
}

func (c conns) close() {
	for _, conn := range c {
		conn.Close()
	}
}

// raw has gRPC carry bytes as they are.
type raw struct{}

func (raw) Marshal(v any) ([]byte, error) { return *v.(*[]byte), nil }

func (raw) Unmarshal(data []byte, v any) error {
	*v.(*[]byte) = append([]byte(nil), data...)
	return nil
}

func (raw) Name() string { return "proto" }

// called is a cluster of ours whose writers make calls, as those of etcd have to, instead of sharing a stream.
type called struct {
	*raftd
	conns conns
}

// calledBy connects to the leader of a cluster.
func calledBy(ctx context.Context, r *raftd) (*called, error) {
	leader := r.leader(ctx)
	if leader < 0 {
		return nil, fmt.Errorf("raftd has no leader")
	}
	c, err := connect(r.addresses[leader])
	return &called{r, c}, err
}

func (c *called) name() string { return "raftd, calls" }

// writer speaks raftd's KV service, in a session of its own.
func (c *called) writer(n int) (func(context.Context, string, string) error, error) {
	call := c.conns.caller(n, raftpb.KV_Do_FullMethodName)
	c.sessions++
	session, seq := c.sessions, uint64(0)
	return func(ctx context.Context, key, value string) error {
		seq++
		var in []byte
		in = protowire.AppendVarint(protowire.AppendTag(in, 1, protowire.VarintType), session)
		in = protowire.AppendVarint(protowire.AppendTag(in, 2, protowire.VarintType), seq)
		in = protowire.AppendVarint(protowire.AppendTag(in, 3, protowire.VarintType), uint64(raftpb.Op_OP_PUT))
		in = protowire.AppendString(protowire.AppendTag(in, 4, protowire.BytesType), key)
		in = protowire.AppendString(protowire.AppendTag(in, 5, protowire.BytesType), value)
		out, err := call(ctx, in)
		if err == nil {
			err = wentWell(out)
		}
		return err
	}, nil
}

// wentWell says what is wrong with a response.
func wentWell(out []byte) error {
	for rest := out; len(rest) > 0; {
		field, kind, n := protowire.ConsumeTag(rest)
		if n < 0 {
			break
		}
		if rest = rest[n:]; field == 3 && kind == protowire.VarintType {
			if status, n := protowire.ConsumeVarint(rest); n > 0 && status == uint64(raftpb.Status_STATUS_OK) {
				return nil
			}
			break
		}
		if n = protowire.ConsumeFieldValue(field, kind, rest); n < 0 {
			break
		}
		rest = rest[n:]
	}
	return fmt.Errorf("a put was answered by %x", out)
}

func (c *called) stop() { c.conns.close() }
