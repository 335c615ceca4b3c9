package live

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"time"

	"raftsim/raft"
)

// Image is that of a node, which `make image` builds.
const Image = "raftsim/raftd"

// containers are nodes that are containers of a Compose project, each with a volume of its own, on a network of their own.
type containers struct {
	ctx context.Context
	// compose is how Compose is called, project the project and the beginning of every name.
	compose []string
	project string
	file    string
	dir     string
	// host is this machine as the containers reach it, listen where the relay listens.
	listen, host string
	addresses    addresses
	networked    bool
}

func newContainers(ctx context.Context, dir string, names int) (*containers, error) {
	c := &containers{
		ctx: ctx, dir: dir, file: filepath.Join(dir, "compose.yaml"), project: fmt.Sprintf("raftsim-live-%d", os.Getpid()),
	}
	if _, err := c.docker("version", "--format", "{{.Server.Version}}"); err != nil {
		return nil, fmt.Errorf("--compose wants Docker, which cannot be reached: start it, or leave --compose out and have processes: %w", err)
	}
	switch _, err := exec.LookPath("docker-compose"); {
	case err == nil:
		c.compose = []string{"docker-compose"}
	default:
		if _, err := c.docker("compose", "version"); err != nil {
			return nil, errors.New("--compose wants docker-compose (a package of that name), or docker compose, which is the same: install one, or have processes")
		}
		c.compose = []string{"docker", "compose"}
	}
	if _, err := c.docker("image", "inspect", Image); err != nil {
		return nil, fmt.Errorf("there is no image %s: make image builds it", Image)
	}
	if err := c.network(); err != nil {
		return nil, err
	}
	var err error
	if c.addresses, err = reserve(names); err != nil {
		c.close()
		return nil, err
	}
	return c, nil
}

// network makes the network of the nodes, and finds out how they reach this machine.
func (c *containers) network() error {
	if _, err := c.docker("network", "create", c.project); err != nil {
		return fmt.Errorf("there is no network for the nodes: %w", err)
	}
	c.networked = true
	gateway, err := c.docker("network", "inspect", "--format", "{{range .IPAM.Config}}{{.Gateway}}{{end}}", c.project)
	if err != nil {
		c.close()
		return fmt.Errorf("it cannot be seen where the nodes reach this machine: %w", err)
	}
	c.listen, c.host = net.JoinHostPort(gateway, "0"), gateway
	if l, err := net.Listen("tcp", c.listen); err == nil {
		l.Close()
	} else {
		// Docker has a machine of its own, from which this one has a name.
		c.listen, c.host = "127.0.0.1:0", "host.docker.internal"
	}
	return nil
}

// run runs a command and returns what it printed.
func (c *containers) run(ctx context.Context, name string, args ...string) (string, error) {
	cmd := exec.CommandContext(ctx, name, args...)
	var out, said bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &said
	if err := cmd.Run(); err != nil {
		if text := strings.TrimSpace(said.String()); text != "" {
			err = errors.New(text)
		}
		return "", fmt.Errorf("%s %s: %w", name, args[0], err)
	}
	return strings.TrimSpace(out.String()), nil
}

func (c *containers) docker(args ...string) (string, error) { return c.run(c.ctx, "docker", args...) }

func (c *containers) composed(ctx context.Context, args ...string) error {
	args = append(append(append([]string{}, c.compose[1:]...), "--project-name", c.project, "--file", c.file), args...)
	_, err := c.run(ctx, c.compose[0], args...)
	return err
}

func (c *containers) relay() (listen, host string) { return c.listen, c.host }

func (c *containers) address(id raft.NodeID) string { return c.addresses.of(id) }

// name is that of a node's container.
func (c *containers) name(id raft.NodeID) string { return c.project + "-" + id.String() }

// prepare writes the Compose file and has the containers made, of those as well that come later.
func (c *containers) prepare(args func(raft.NodeID) []string) error {
	services := make(map[string]any)
	for k := range c.addresses {
		id := raft.NodeID(k + 1)
		services[id.String()] = map[string]any{
			"image": Image, "container_name": c.name(id), "command": append(args(id), "--insecure"),
			"read_only": true, "cap_drop": []string{"ALL"}, "security_opt": []string{"no-new-privileges:true"},
			"restart": "no", "healthcheck": map[string]any{"disable": true},
			"networks": []string{"raft"}, "ports": []string{c.address(id) + ":7100"},
		}
	}
	// JSON is YAML.
	text, err := json.MarshalIndent(map[string]any{
		"version": "3.8", "services": services,
		"networks": map[string]any{"raft": map[string]any{"external": true, "name": c.project}},
	}, "", "  ")
	if err == nil {
		err = os.WriteFile(c.file, append(text, '\n'), 0o666)
	}
	if err != nil {
		return err
	}
	if err := c.composed(c.ctx, "up", "--no-start"); err != nil {
		return fmt.Errorf("the containers cannot be made: %w", err)
	}
	return nil
}

func (c *containers) start(id raft.NodeID) error {
	_, err := c.docker("start", c.name(id))
	return err
}

func (c *containers) kill(id raft.NodeID) error {
	_, err := c.docker("kill", c.name(id))
	if err != nil && c.ended(id, 0) {
		return nil // by itself
	}
	return err
}

func (c *containers) pause(id raft.NodeID) error {
	_, err := c.docker("pause", c.name(id))
	return err
}

func (c *containers) resume(id raft.NodeID) error {
	_, err := c.docker("unpause", c.name(id))
	return err
}

// wipe makes the container anew: its volume goes with it.
func (c *containers) wipe(id raft.NodeID) error {
	c.keepLog(c.ctx, id)
	if _, err := c.docker("rm", "--force", "--volumes", c.name(id)); err != nil {
		return err
	}
	return c.composed(c.ctx, "up", "--no-start", id.String())
}

func (c *containers) ended(id raft.NodeID, within time.Duration) bool {
	for until := time.Now().Add(within); ; time.Sleep(50 * time.Millisecond) {
		running, err := c.docker("inspect", "--format", "{{.State.Running}}", c.name(id))
		if err == nil && running == "false" {
			return true
		}
		if !time.Now().Before(until) {
			return false
		}
	}
}

func (c *containers) lastWords(id raft.NodeID) string {
	cmd := exec.CommandContext(c.ctx, "docker", "logs", "--tail", "1", c.name(id))
	var said bytes.Buffer
	cmd.Stderr = &said
	_ = cmd.Run()
	return strings.TrimSpace(said.String())
}

// keepLog adds what a node has logged to a file.
func (c *containers) keepLog(ctx context.Context, id raft.NodeID) {
	f, err := appendTo(filepath.Join(c.dir, id.String()+".log"))
	if err != nil {
		return
	}
	defer f.Close()
	cmd := exec.CommandContext(ctx, "docker", "logs", c.name(id))
	cmd.Stdout, cmd.Stderr = f, f
	_ = cmd.Run()
}

// closePatience is how long Docker may take to take everything away.
const closePatience = 2 * time.Minute

func (c *containers) close() {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(c.ctx), closePatience)
	defer cancel()
	if _, err := os.Stat(c.file); err == nil {
		for k := range c.addresses {
			c.keepLog(ctx, raft.NodeID(k+1))
		}
		_ = c.composed(ctx, "kill")
		_ = c.composed(ctx, "down", "--volumes", "--timeout", "0")
	}
	if c.networked {
		_, _ = c.run(ctx, "docker", "network", "rm", c.project)
	}
	c.addresses.release()
}
