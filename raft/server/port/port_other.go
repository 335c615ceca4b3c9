//go:build !linux

package port

import "net"

// reserve returns an address that was free a moment ago.
func reserve() (string, func(), error) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return "", nil, err
	}
	return l.Addr().String(), func() {}, l.Close()
}
