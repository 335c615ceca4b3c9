//go:build unix

package live

import (
	"os/exec"
	"syscall"
)

// The signals that pause a process.
const (
	stop = syscall.SIGSTOP
	goOn = syscall.SIGCONT
)

// apart keeps from a process what a terminal tells this one: a Ctrl-C is for this one, which then ends the other.
func apart(cmd *exec.Cmd) { cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true} }
