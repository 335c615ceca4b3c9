package port

import (
	"fmt"
	"net/netip"
	"sync"
	"syscall"
)

// reserve binds a socket that never listens. Linux gives a bound port to nobody who does not name it, and lets who names it bind
// as well, where both say SO_REUSEADDR (Go's listeners do) and none listens yet.
func reserve() (string, func(), error) {
	fd, err := syscall.Socket(syscall.AF_INET, syscall.SOCK_STREAM|syscall.SOCK_CLOEXEC, 0)
	if err != nil {
		return "", nil, err
	}
	port, err := bind(fd)
	if err != nil {
		syscall.Close(fd)
		return "", nil, err
	}
	address := netip.AddrPortFrom(netip.AddrFrom4(home), port)
	return address.String(), sync.OnceFunc(func() { syscall.Close(fd) }), nil
}

var home = [4]byte{127, 0, 0, 1}

// bind binds a socket to any port of loopback, which it returns.
func bind(fd int) (uint16, error) {
	if err := syscall.SetsockoptInt(fd, syscall.SOL_SOCKET, syscall.SO_REUSEADDR, 1); err != nil {
		return 0, err
	}
	if err := syscall.Bind(fd, &syscall.SockaddrInet4{Addr: home}); err != nil {
		return 0, err
	}
	at, err := syscall.Getsockname(fd)
	if err != nil {
		return 0, err
	}
	v4, ok := at.(*syscall.SockaddrInet4)
	if !ok {
		return 0, fmt.Errorf("the socket is bound to %T", at)
	}
	return uint16(v4.Port), nil
}
