package server

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"raftsim/raft"
)

// asks returns a message as a core makes them: one that it takes back.
func asks(t testing.TB) *raft.Message {
	t.Helper()
	core, err := raft.New(raft.Config{
		ID: 1, Voters: []raft.NodeID{1, 2}, PreVote: true, Draw: func(uint64) uint64 { return 0 },
		Timeouts: raft.Timeouts{ElectionMin: time.Second, ElectionMax: time.Second, Heartbeat: time.Second},
	}, raft.Restored{}, 0)
	require.NoError(t, err)
	core.ElectionTimeout(time.Second)
	messages := core.Output().Messages
	require.Len(t, messages, 1)
	return messages[0]
}

// total is the sum of a counter over all its labels.
func total(t testing.TB, m *metrics, name string) (sum float64) {
	t.Helper()
	families, err := m.registry.Gather()
	require.NoError(t, err)
	for _, f := range families {
		for _, one := range f.GetMetric() {
			if f.GetName() == name {
				sum += one.GetCounter().GetValue()
			}
		}
	}
	return sum
}

// A node that takes nothing for a while costs its own messages, and no more: what finds its queue full is dropped.
func TestAFullQueueDropsWhatComes(t *testing.T) {
	s := &Server{disk: &disk{}}
	s.metrics = newMetrics(s)
	p := &peer{s: s, id: 2, wake: make(chan struct{}, 1), queue: make([]*raft.Message, maxQueueMessages-1)}
	p.sending = append(p.sending, asks(t), asks(t), asks(t))
	p.flush()
	require.Len(t, p.queue, maxQueueMessages)
	require.Empty(t, p.sending)
	require.EqualValues(t, 2, total(t, s.metrics, "raftd_messages_dropped_total"))
	require.EqualValues(t, 1, total(t, s.metrics, "raftd_messages_total"), "what is dropped was not sent")
}
