//go:build !linux

package port

import (
	"net"
	"sync"
)

var (
	mu sync.Mutex
	// given are the addresses that this process has set aside.
	given = make(map[string]bool)
)

// reserve returns an address that was free a moment ago, and that it has given to nobody else.
func reserve() (string, func(), error) {
	mu.Lock()
	defer mu.Unlock()
	for {
		l, err := net.Listen("tcp", "127.0.0.1:0")
		if err != nil {
			return "", nil, err
		}
		address := l.Addr().String()
		if given[address] {
			defer l.Close() // until there is another
			continue
		}
		given[address] = true
		return address, sync.OnceFunc(func() {
			mu.Lock()
			defer mu.Unlock()
			delete(given, address)
		}), l.Close()
	}
}
