package server

import (
	"testing"

	"github.com/stretchr/testify/require"

	"raftsim/raft"
)

// A node that listens on all addresses of its machine tells others one at which they can reach it.
func TestWhereOthersReachANode(t *testing.T) {
	for what, c := range map[string]struct {
		listen, advertise, peer string
		join                    bool
		want, says              string
	}{
		"where it listens":                     {listen: "127.0.0.1:1", peer: "there:1", want: ""},
		"where it says":                        {listen: "0.0.0.0:1", advertise: "here:2", peer: "there:1", want: "here:2"},
		"where the peers say":                  {listen: "0.0.0.0:1", peer: "there:1", want: "there:1"},
		"where the peers say, of all networks": {listen: "[::]:1", peer: "there:1", want: "there:1"},
		"where the peers say, without a host":  {listen: ":1", peer: "there:1", want: "there:1"},
		"nobody has said where":                {listen: ":1", join: true, says: `others cannot reach node n1 at ":1", where it listens: say by --advertise where they can`},
		"nowhere":                              {listen: ":1", advertise: "0.0.0.0:1", peer: "there:1", says: "that is no host"},
		"at no port":                           {listen: ":1", advertise: "here:0", peer: "there:1", says: "nobody listens on port 0"},
		"peers nowhere":                        {listen: "127.0.0.1:1", peer: ":1", says: "node n1 cannot be reached at \":1\": that is no host"},
	} {
		cfg := config(t.TempDir(), 1, []string{"127.0.0.1:1"})
		cfg.Listen, cfg.Advertise, cfg.Join, cfg.Insecure = c.listen, c.advertise, c.join, true
		if cfg.Peers = map[raft.NodeID]string{1: c.peer}; c.join {
			cfg.Peers = map[raft.NodeID]string{2: "there:1"}
		}
		if err := cfg.fill(); c.says != "" {
			require.ErrorContains(t, err, c.says, what)
			continue
		} else {
			require.NoError(t, err, what)
		}
		require.Equal(t, c.want, cfg.Advertise, what)
	}
}
