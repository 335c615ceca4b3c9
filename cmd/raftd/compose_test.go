package main

import (
	"bytes"
	"encoding/json"
	"flag"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

var compose = flag.Bool("compose", false, "run the cluster of compose.yaml; it wants Docker, and the names node1 to node6 free")

// What the README says of the cluster in containers: five nodes come up, one is stopped and another leads, it catches up when
// it is back, and a sixth joins.
func TestCompose(t *testing.T) {
	if !*compose {
		t.Skip("not asked for: -compose starts containers")
	}
	root, err := filepath.Abs("../..")
	require.NoError(t, err)
	run := func(name string, args ...string) string {
		t.Helper()
		cmd := exec.Command(name, args...)
		cmd.Dir = root
		var both bytes.Buffer
		cmd.Stdout, cmd.Stderr = &both, &both
		require.NoError(t, cmd.Run(), "%s %v: %s", name, args, &both)
		return both.String()
	}
	run("make", "image")
	t.Cleanup(func() { run("docker-compose", "--profile", "join", "down", "-v") })
	run("docker-compose", "up", "-d")
	endpoints := "127.0.0.1:7101,127.0.0.1:7102,127.0.0.1:7103,127.0.0.1:7104,127.0.0.1:7105"
	nodesSay := func() map[string]nodeStatus {
		t.Helper()
		got := raftd(t, "status", "--json", "--endpoints", endpoints)
		all := make(map[string]nodeStatus)
		for line := range strings.Lines(got.out) {
			var n nodeStatus
			require.NoError(t, json.Unmarshal([]byte(line), &n))
			all[n.ID] = n
		}
		return all
	}
	leads := func() string {
		for _, n := range nodesSay() {
			if n.Role == "leader" {
				return n.ID
			}
		}
		return ""
	}
	eventually(t, "five nodes and a leader", func() bool { return leads() != "" && len(nodesSay()) == 5 })
	require.Equal(t, 0, raftd(t, "put", "color", "blue", "--endpoints", endpoints, "--timeout", "30s").code)

	container := func(id string) string { return "node" + strings.TrimPrefix(id, "n") }
	stopped := leads()
	run("docker", "stop", container(stopped))
	require.Contains(t, run("docker", "logs", container(stopped)), "sends RPC TimeoutNow to Node")
	eventually(t, "another leads", func() bool { l := leads(); return l != "" && l != stopped })
	require.Equal(t, 0, raftd(t, "put", "color", "green", "--endpoints", endpoints, "--timeout", "30s").code)
	run("docker", "start", container(stopped))
	eventually(t, "it has caught up", func() bool {
		all := nodesSay()
		return all[stopped].Reachable && all[stopped].Lag == 0 && all[stopped].Digest == all[leads()].Digest
	})

	killed := leads()
	run("docker", "kill", container(killed))
	eventually(t, "another leads", func() bool { l := leads(); return l != "" && l != killed })
	run("docker", "start", container(killed))

	run("docker-compose", "--profile", "join", "up", "-d", "node6")
	eventually(t, "the sixth is a voter", func() bool { return nodesSay()["n6"].Membership == "voter" && nodesSay()["n6"].Lag == 0 })
	got := raftd(t, "get", "color", "--endpoints", "127.0.0.1:7106", "--timeout", "30s")
	require.Equal(t, said{0, "green\n", ""}, got)
	for _, name := range []string{"node1", "node2", "node3", "node4", "node5", "node6"} {
		eventually(t, name+" is healthy", func() bool {
			return strings.TrimSpace(run("docker", "inspect", "--format", "{{.State.Health.Status}}", name)) == "healthy"
		})
		require.Equal(t, "65532:65532 true unless-stopped", strings.TrimSpace(run("docker", "inspect", "--format",
			"{{.Config.User}} {{.HostConfig.ReadonlyRootfs}} {{.HostConfig.RestartPolicy.Name}}", name)))
	}
}
