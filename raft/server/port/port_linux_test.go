package port

import (
	"net"
	"net/netip"
	"syscall"
	"testing"

	"github.com/stretchr/testify/require"
)

// localPortRange is IP_LOCAL_PORT_RANGE (Linux 6.3): the ports that "any" means for a socket.
const localPortRange = 51

// only makes a port the only one that "any" means for a socket.
func only(t *testing.T, port uint16) *net.Dialer {
	return &net.Dialer{Control: func(_, _ string, c syscall.RawConn) error {
		return c.Control(func(fd uintptr) {
			if err := syscall.SetsockoptInt(int(fd), syscall.IPPROTO_IP, localPortRange, int(port)|int(port)<<16); err != nil {
				t.Skipf("skipped: the ports of one socket cannot be chosen here: %v", err)
			}
		})
	}}
}

// An address that is set aside is not given to who asks for any, be it to listen or to call from, although it is the only one.
func TestAnAddressSetAsideIsNotGivenAway(t *testing.T) {
	at, release, err := Reserve()
	require.NoError(t, err)
	defer release()
	to, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	defer to.Close()
	d := only(t, netip.MustParseAddrPort(at).Port())
	listen := net.ListenConfig{Control: d.Control}

	_, err = listen.Listen(t.Context(), "tcp", "127.0.0.1:0")
	require.ErrorIs(t, err, syscall.EADDRINUSE)
	_, err = d.DialContext(t.Context(), "tcp", to.Addr().String())
	require.ErrorIs(t, err, syscall.EADDRNOTAVAIL)
}

// What is released can be set aside again: more ports than there are.
func TestAReleasedAddressIsFree(t *testing.T) {
	for range 1 << 16 {
		_, release, err := Reserve()
		require.NoError(t, err)
		release()
	}
}
