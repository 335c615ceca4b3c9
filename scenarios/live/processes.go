package live

import (
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"time"

	"raftsim/raft"
)

// processes are nodes that are processes of this machine, on loopback.
type processes struct {
	raftd     string
	dir       string
	args      func(raft.NodeID) []string
	addresses addresses
	running   []*process // by NodeID
}

// process is a node that was started.
type process struct {
	cmd   *exec.Cmd
	ended chan struct{}
}

func newProcesses(raftd, dir string, names int) (*processes, error) {
	addresses, err := reserve(names)
	if err != nil {
		return nil, err
	}
	return &processes{raftd: raftd, dir: dir, addresses: addresses, running: make([]*process, names+1)}, nil
}

func (p *processes) relay() (listen, host string) { return "127.0.0.1:0", "127.0.0.1" }

func (p *processes) prepare(args func(raft.NodeID) []string) error {
	p.args = args
	return nil
}

func (p *processes) address(id raft.NodeID) string { return p.addresses.of(id) }

func (p *processes) data(id raft.NodeID) string { return filepath.Join(p.dir, id.String()) }

func (p *processes) start(id raft.NodeID) error {
	cmd := exec.Command(p.raftd, append(p.args(id), "--listen", p.address(id), "--data", p.data(id))...)
	cmd.Env = withoutSettings(os.Environ())
	apart(cmd)
	var err error
	if cmd.Stdout, err = appendTo(p.data(id) + ".log"); err != nil {
		return err
	}
	defer cmd.Stdout.(*os.File).Close()
	if cmd.Stderr, err = appendTo(p.data(id) + ".err"); err != nil {
		return err
	}
	defer cmd.Stderr.(*os.File).Close()
	if err := cmd.Start(); err != nil {
		return err
	}
	n := &process{cmd: cmd, ended: make(chan struct{})}
	p.running[id] = n
	go func() {
		_ = cmd.Wait()
		close(n.ended)
	}()
	return nil
}

// withoutSettings drops what would be settings of a node.
func withoutSettings(env []string) []string {
	var out []string
	for _, e := range env {
		if !strings.HasPrefix(e, "RAFTD_") {
			out = append(out, e)
		}
	}
	return out
}

func appendTo(path string) (*os.File, error) {
	return os.OpenFile(path, os.O_WRONLY|os.O_CREATE|os.O_APPEND, 0o666)
}

func (p *processes) signal(id raft.NodeID, s os.Signal) error {
	if n := p.running[id]; n != nil {
		if err := n.cmd.Process.Signal(s); err != nil && !errors.Is(err, os.ErrProcessDone) {
			return err
		}
	}
	return nil
}

func (p *processes) kill(id raft.NodeID) error {
	n := p.running[id]
	if n == nil {
		return nil
	}
	err := p.signal(id, os.Kill)
	<-n.ended
	p.running[id] = nil
	return err
}

func (p *processes) pause(id raft.NodeID) error  { return p.signal(id, stop) }
func (p *processes) resume(id raft.NodeID) error { return p.signal(id, goOn) }
func (p *processes) wipe(id raft.NodeID) error   { return os.RemoveAll(p.data(id)) }

func (p *processes) ended(id raft.NodeID, within time.Duration) bool {
	n := p.running[id]
	if n == nil {
		return true
	}
	select {
	case <-n.ended:
		return true
	default:
	}
	select {
	case <-n.ended:
		return true
	case <-time.After(within):
		return false
	}
}

func (p *processes) lastWords(id raft.NodeID) string {
	text, _ := os.ReadFile(p.data(id) + ".err")
	lines := strings.Split(strings.TrimSpace(string(text)), "\n")
	return lines[len(lines)-1]
}

func (p *processes) close() {
	for id := range p.running {
		_ = p.kill(raft.NodeID(id))
	}
	p.addresses.release()
}
