package main

import (
	"strings"
	"testing"

	"github.com/spf13/cobra"
	"github.com/stretchr/testify/require"
)

// settledWith has a serve command settle its flags, and returns it.
func settledWith(t *testing.T, env []string, args ...string) (*cobra.Command, error) {
	t.Helper()
	root := newRoot(streams{env: env})
	cmd, rest, err := root.Find(append([]string{"serve"}, args...))
	require.NoError(t, err)
	require.NoError(t, cmd.ParseFlags(rest))
	config, err := cmd.Flags().GetString("config")
	require.NoError(t, err)
	return cmd, settle(cmd, env, &config)
}

// Flags, environment and file say the same things with the same names; the first that says something counts.
func TestWhereSettingsComeFrom(t *testing.T) {
	file := write(t, "n1.yaml", `
# who it is
id: n1
data: from-file
listen: from-file
peers:
  n1: 127.0.0.1:7101
  n2: 127.0.0.1:7102
snapshot-every: 5
insecure: true
endpoints: [a:1, b:2]   # is for clients
`)
	env := []string{"RAFTD_LISTEN=from-environment", "RAFTD_DATA=from-environment", "RAFTD_CONFIG=" + file, "RAFTD_ELECTION_TIMEOUT=1s..2s", "HOME=x"}
	cmd, err := settledWith(t, env, "--data", "from-flag")
	require.NoError(t, err)
	for name, want := range map[string]string{
		"id": "n1", "data": "from-flag", "listen": "from-environment", "election-timeout": "1s..2s", "insecure": "true",
		"peers": "n1=127.0.0.1:7101,n2=127.0.0.1:7102", "snapshot-every": "5", "heartbeat": "100ms",
	} {
		require.Equal(t, want, cmd.Flags().Lookup(name).Value.String(), name)
	}
}

func TestWrongSettings(t *testing.T) {
	for text, says := range map[string]string{
		"lisen: x":              `n.yaml:1:1: there is no setting "lisen"`,
		"snapshot_every: 1":     `there is no setting "snapshot_every"; did you mean snapshot-every?`,
		"id: n1\nid: n2":        "n.yaml:2:5: id: it was said before",
		"heartbeat: often":      "n.yaml:1:12: heartbeat: want a time such as 150ms or 2s",
		"peers: {n1: [a, b]}":   "n.yaml:1:8: peers: want lines of a name and a word",
		"peers: {n1: a, x: b}":  `peers: "x" is no node's name`,
		"data: [[a]]":           "data: want a list of words",
		"- id: n1":              "want lines such as data: /var/lib/raftd",
		"just words":            "want lines such as data: /var/lib/raftd",
		"id: [":                 "n.yaml",
		"config: other.yaml":    `there is no setting "config"`,
		"id: n1\nheartbeat: xs": "n.yaml:2:12: heartbeat: want a time",
	} {
		_, err := settledWith(t, []string{"RAFTD_CONFIG=" + write(t, "n.yaml", text)})
		require.ErrorContains(t, err, says, text)
	}
	_, err := settledWith(t, []string{"RAFTD_HEARTBEAT=often", "RAFTD_INSECURE=perhaps"})
	require.ErrorContains(t, err, "RAFTD_HEARTBEAT=often: want a time such as 150ms or 2s")
	require.ErrorContains(t, err, "RAFTD_INSECURE=perhaps: want true or false")
	_, err = settledWith(t, []string{"RAFTD_CONFIG=" + write(t, "n.yaml", "")})
	require.NoError(t, err, "an empty file says nothing")
}

// Every flag of every command that takes settings has a variable of its own.
func TestVariables(t *testing.T) {
	names := allSettings(newRoot(streams{}))
	require.Contains(t, names, "election-timeout")
	require.Contains(t, names, "endpoints")
	require.Equal(t, "RAFTD_ELECTION_TIMEOUT", variable("election-timeout"))
	for _, n := range names {
		require.Equal(t, n, strings.ToLower(n))
		require.NotContains(t, n, "_")
	}
}
