package raft_test

import (
	"fmt"
	"time"

	"raftsim/raft"
)

// Three cores elect a leader and commit a command. Whoever drives a core tells it what happens and does what its
// Output asks for; here disks and messages take no time.
func Example() {
	voters := []raft.NodeID{1, 2, 3}
	cores := map[raft.NodeID]*raft.Core{}
	for _, id := range voters {
		core, err := raft.New(raft.Config{
			ID:       id,
			Voters:   voters,
			Timeouts: raft.Timeouts{ElectionMin: 150 * time.Millisecond, ElectionMax: 300 * time.Millisecond, Heartbeat: 50 * time.Millisecond},
			Draw:     func(uint64) uint64 { return 0 },
		}, raft.Restored{}, 0)
		if err != nil {
			fmt.Println(err)
			return
		}
		cores[id] = core
	}
	now := 150 * time.Millisecond

	var network []*raft.Message
	// act does what a core wants done.
	act := func(id raft.NodeID) {
		for more := true; more; {
			out := cores[id].Output()
			network = append(network, out.Messages...)
			for _, e := range out.Committed {
				if e.Kind == raft.EntryCommand {
					fmt.Printf("%v applies %q, entry %d of term %d\n", id, e.Data, e.Index, e.Term)
				}
			}
			more = out.More || out.Ticket != 0
			if out.Ticket != 0 {
				cores[id].Persisted(now, out.Ticket) // out.HardState and out.Entries are on the disk
			}
		}
	}
	// settle delivers every message there is, and those that come of it.
	settle := func(from raft.NodeID) {
		act(from)
		for len(network) > 0 {
			m := network[0]
			network = network[1:]
			cores[m.To].Step(now, m)
			act(m.To)
		}
	}

	cores[2].ElectionTimeout(now)
	settle(2)
	fmt.Println(cores[2].Role(), cores[2].Status().Term)

	if _, _, err := cores[2].Propose([]byte("x=1")); err != nil {
		fmt.Println(err)
	}
	settle(2)
	now += 50 * time.Millisecond
	cores[2].HeartbeatTimeout(now) // tells the others what is committed
	settle(2)

	// Output:
	// leader 1
	// n2 applies "x=1", entry 2 of term 1
	// n1 applies "x=1", entry 2 of term 1
	// n3 applies "x=1", entry 2 of term 1
}
