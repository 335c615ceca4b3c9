package server

import (
	"os"
	"syscall"
)

// syncData makes a file's bytes durable, and of what is said about it only what is needed to read them.
func syncData(f *os.File) error {
	for {
		err := syscall.Fdatasync(int(f.Fd()))
		if err != syscall.EINTR {
			return os.NewSyscallError("fdatasync", err)
		}
	}
}
