package main

import (
	"net"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// A wrong command line is told in one line that says what to do, on stderr, with exit code 2, and nothing is done.
func TestWrongCommandLines(t *testing.T) {
	for line, says := range map[string]string{
		"srve":                         `there is no command "raftd srve"; did you mean raftd serve?`,
		"frobnicate":                   `there is no command "raftd frobnicate"; see raftd --help`,
		"--nope":                       "there is no flag --nope; see raftd --help",
		"member frob":                  `there is no command "raftd member frob"; see raftd member --help`,
		"help frobnicate":              `there is no command "raftd frobnicate"; see raftd --help`,
		"get":                          "raftd get takes 1 argument(s), KEY, and was given 0",
		"put a":                        "raftd put takes 2 argument(s), KEY VALUE, and was given 1",
		"status now":                   `raftd status takes no argument, and was given "now"`,
		"get k --timout 1s":            "there is no flag --timout; see raftd get --help",
		"get k --timeout soon":         "--timeout soon: want a time such as 150ms or 2s",
		"get k --timeout 0s":           "--timeout 0s: want a time such as 5s",
		"get k --json=maybe":           "--json maybe: want true or false",
		"get k --tls-ca ca.crt":        "TLS needs three files: --tls-ca, --tls-cert and --tls-key",
		"member add":                   "raftd member add wants the names of nodes",
		"member add x=host:1":          `"x" is no node's name: want n1, n2 and so on`,
		"member add n4=":               `"n4=": want n4=host:port`,
		"member add n4=host":           `"n4=host": node n4 cannot be reached there: want host:port`,
		"member add n4=:0":             `"n4=:0": node n4 cannot be reached there: that is no host`,
		"member add n4=a:1 n4=b:1":     "node n4 is named twice",
		"member add n4 --instead-of x": `"x" is no node's name`,
		"member add n4 --learner --instead-of n1":     "--learner and --instead-of do not go together",
		"get k --endpoints http://a:1":                `the endpoint "http://a:1" cannot be reached: want host:port`,
		"get k --endpoints a:1,b":                     `the endpoint "b" cannot be reached: want host:port`,
		"member remove n0":                            `"n0" is no node's name`,
		"transfer n1 n2":                              "raftd transfer takes one node, and was given 2",
		"certs --days 0":                              "--days 0: want 1 to 3650",
		"certs --clients ../x":                        "--clients ../x: want plain names",
		"serve now":                                   `raftd serve takes no argument, and was given "now"`,
		"serve":                                       "the node has no name: give --id n1, say",
		"serve --id n1":                               "there is no data folder: give --data",
		"serve --id x":                                `--id x: "x" is no node's name`,
		"serve --peers n1":                            `--peers n1: "n1": want n1=host:port`,
		"serve --peers n1=a:1,n1=b:1":                 "node n1 is named twice",
		"serve --id n1 --data d --peers n1=127.0.0.1": `node n1 cannot be reached at "127.0.0.1": want host:port`,
		"serve --id n1 --data d --peers n1=127.0.0.1:99999":                                  `"99999" is no port from 0 to 65535`,
		"serve --id n1 --data d --peers n2=127.0.0.1:1":                                      "node n1 is not among the peers [n2]",
		"serve --id n1 --data d --peers n1=127.0.0.1:1 --tls-ca ca.crt":                      "TLS needs three files: --tls-ca, --tls-cert and --tls-key",
		"serve --id n1 --data d --join --peers n2=a:1 --insecure --listen :1":                "say by --advertise where they can",
		"serve --id n1 --data d --join":                                                      "a node that joins has to know another one: give --peers",
		"serve --id n1 --data d --peers n1=127.0.0.1:1 --listen 0.0.0.0:1":                   `without TLS a node listens on loopback only, not on "0.0.0.0:1"`,
		"serve --id n1 --data d --peers n1=127.0.0.1:1 --listen :1":                          `without TLS a node listens on loopback only, not on ":1"`,
		"serve --id n1 --data d --peers n1=127.0.0.1:1 --listen x":                           `cannot listen on "x": want host:port`,
		"serve --id n1 --data d --peers n1=127.0.0.1:1 --election-timeout x":                 "--election-timeout x: want times such as 500ms..1s",
		"serve --id n1 --data d --peers n1=127.0.0.1:1 --election-timeout 2s..1s":            "timeouts have to be positive and in order",
		"serve --id n1 --data d --peers n1=127.0.0.1:1 --heartbeat 2s":                       "the heartbeat has to be shorter",
		"serve --id n1 --data d --peers n1=127.0.0.1:1 --snapshot-every -1":                  "a number of entries cannot be negative",
		"serve --id n1 --data d --peers n1=127.0.0.1:1 --snapshot-every many":                "--snapshot-every many: want a whole number",
		"serve --id n1 --data d --peers n1=127.0.0.1:1 --log-format xml":                     "--log-format xml: want text or json",
		"serve --id n1 --data d --peers n1=127.0.0.1:1 --log-level loud":                     "--log-level loud: want debug, info, warn or error",
		"serve --id n1 --data d --peers n1=127.0.0.1:1 --max-connections -1":                 "limits have to be positive",
		"serve --id n1 --data d --peers n1=127.0.0.1:1 --test-options wait=on":               "options for tests go with --test-control",
		"serve --test-options wait=yes":                                                      "--test-options wait=yes: wait=yes: want on or off",
		"serve --test-options reads=fast":                                                    "reads=fast: want log or index",
		"serve --test-options max-inflight=many":                                             "max-inflight=many: want a whole number",
		"serve --test-options segment-bytes=-1":                                              "segment-bytes=-1: want a whole number",
		"serve --test-options frob":                                                          `there is no option "frob" for tests`,
		"serve --id n1 --data d --peers n1=127.0.0.1:1 --config /nowhere":                    "the settings cannot be read: open /nowhere",
		"serve --id n1 --data d --peers n1=127.0.0.1:1 --cluster " + strings.Repeat("x", 65): "the cluster's name has 65 bytes",
	} {
		got := raftd(t, strings.Fields(line)...)
		require.Equal(t, exitUsage, got.code, "%s: %s", line, got.err)
		require.Contains(t, got.err, says, line)
		require.Empty(t, got.out, line)
		require.Equal(t, 1, strings.Count(got.err, "\n"), "%s: %s", line, got.err)
	}
	require.NoDirExists(t, "d")
}

// What the disk or the network makes impossible is told in one line, too, with exit code 1.
func TestNodesThatCannotStart(t *testing.T) {
	taken, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	defer taken.Close()
	serve := func(data string, more ...string) said {
		return raftd(t, append([]string{"serve", "--id", "n1", "--data", data, "--listen", "127.0.0.1:0", "--peers", "n1=127.0.0.1:1"}, more...)...)
	}
	refuses := func(got said, says string) {
		t.Helper()
		require.Equal(t, exitFailed, got.code, got.err)
		require.Contains(t, got.err, says)
		require.Equal(t, 1, strings.Count(got.err, "\n"), got.err)
	}
	refuses(serve(t.TempDir(), "--listen", taken.Addr().String()), "cannot listen on "+taken.Addr().String()+": give another --listen, or stop what has it")
	refuses(serve(t.TempDir(), "--metrics", taken.Addr().String()), "cannot serve metrics on "+taken.Addr().String())

	dir := t.TempDir()
	data := filepath.Join(dir, "data")
	n := startNode(t, "--id", "n1", "--data", data, "--listen", "127.0.0.1:0", "--peers", "n1=127.0.0.1:1")
	n.says(t, "Node n1 becomes leader")
	refuses(serve(data), "is in use by another process")
	n.kill()

	refuses(serve(data, "--id", "n2", "--peers", "n2=127.0.0.1:1"), "belongs to node n1, and this is n2: give another --data or --id")
	refuses(serve(data, "--cluster", "other"), `belongs to cluster "raftd", and this node is of "other": give another --data or --cluster`)

	segment := filepath.Join(data, "log", "00000000000000000001.wal")
	log, err := os.ReadFile(segment)
	require.NoError(t, err)
	for k := range log[:60] {
		log[k] ^= 0xff
	}
	require.NoError(t, os.WriteFile(segment, log, 0o600))
	refuses(serve(data), "00000000000000000001.wal is damaged at byte 0")

	require.NoError(t, os.Remove(filepath.Join(data, "node.json")))
	refuses(serve(data), "has a log but no node.json")
	refuses(serve(filepath.Join(segment, "below")), "the data folder cannot be made")
}

// Who has not said where the cluster is, and finds none, is told how to.
func TestWhereTheNodesAreIsAskedFor(t *testing.T) {
	const asks = "; --endpoints or RAFTD_ENDPOINTS says where the nodes are\n"
	l, err := net.Listen("tcp", "127.0.0.1:7100")
	if err != nil {
		t.Skipf("skipped: somebody else listens where a client looks first: %v", err)
	}
	l.Close()
	for _, line := range []string{"get k --timeout 1s", "status --timeout 1s", "health --timeout 1s"} {
		got := raftd(t, strings.Fields(line)...)
		require.Equal(t, exitFailed, got.code, line)
		require.Contains(t, got.err, asks, line)
		got = raftd(t, append(strings.Fields(line), "--endpoints", "127.0.0.1:1")...)
		require.Equal(t, exitFailed, got.code, line)
		require.NotContains(t, got.err, asks, line)
	}
}

func TestHelpOfEveryCommand(t *testing.T) {
	for _, line := range []string{"", "serve", "get", "put", "append", "cas", "delete", "status", "member", "member add", "member promote",
		"member remove", "transfer", "snapshot", "health", "certs", "completion"} {
		got := raftd(t, append([]string{"help"}, strings.Fields(line)...)...)
		require.Zero(t, got.code, line)
		require.Contains(t, got.out, "Usage:\n  raftd", line)
		require.Empty(t, got.err, line)
	}
}
