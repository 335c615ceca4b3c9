package live

import (
	"raftsim/raft"
	"raftsim/raft/server/port"
)

// addresses are on loopback, one for each node, and theirs also while they do not run.
type addresses []struct {
	address string
	release func()
}

// reserve sets aside the addresses of nodes 1 to n.
func reserve(n int) (addresses, error) {
	a := make(addresses, n)
	for k := range a {
		var err error
		if a[k].address, a[k].release, err = port.Reserve(); err != nil {
			a[:k].release()
			return nil, err
		}
	}
	return a, nil
}

func (a addresses) of(id raft.NodeID) string { return a[id-1].address }

func (a addresses) release() {
	for _, one := range a {
		one.release()
	}
}
