// Package port sets addresses of this machine aside for servers that start later, stop, and start again there.
//
// A port that is only looked up, by listening on port 0 and closing, is anybody's until the server listens: another process that
// asks for any port gets it, and so does a connection that leaves from there.
package port

import "fmt"

// Reserve sets an address on loopback aside, "127.0.0.1:<port>", until release is called, which may be called again. Meanwhile the
// system gives its port to nobody who asks for any, and to no outgoing connection; who names it can listen there, as net.Listen
// does, one at a time. Elsewhere than on Linux the port is only one that was free, and that this process gives to nobody else.
func Reserve() (address string, release func(), err error) {
	address, release, err = reserve()
	if err != nil {
		return "", nil, fmt.Errorf("no port can be set aside on loopback: %w", err)
	}
	return address, release, nil
}
