package port

import (
	"net"
	"syscall"
	"testing"

	"github.com/stretchr/testify/require"
)

// Who names the address listens there, again and again; nobody else does at the same time.
func TestTheAddressIsForWhoNamesIt(t *testing.T) {
	at, release, err := Reserve()
	require.NoError(t, err)
	defer release()
	for range 3 {
		l, err := net.Listen("tcp", at)
		require.NoError(t, err)
		go func() {
			if c, err := l.Accept(); err == nil {
				c.Close()
			}
		}()
		c, err := net.Dial("tcp", at)
		require.NoError(t, err)
		_, err = net.Listen("tcp", at)
		require.ErrorIs(t, err, syscall.EADDRINUSE)
		c.Close()
		l.Close()
	}
	release()
	release()
}
