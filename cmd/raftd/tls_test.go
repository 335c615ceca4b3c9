package main

import (
	"bytes"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/credentials"
	"google.golang.org/grpc/status"

	"raftsim/raft/raftpb"
	"raftsim/raft/server"
)

// certificates makes those of three nodes and one client, and returns their folder.
func certificates(t *testing.T) string {
	t.Helper()
	dir := filepath.Join(t.TempDir(), "certs")
	got := raftd(t, "certs", "--dir", dir, "--nodes", "n1=127.0.0.1,n2=127.0.0.1,n3=127.0.0.1", "--clients", "me")
	require.Zero(t, got.code, got.err)
	return dir
}

// tlsOf are the flags for those certificates.
func tlsOf(dir, name string) []string {
	return []string{"--tls-ca", filepath.Join(dir, "ca.crt"), "--tls-cert", filepath.Join(dir, name+".crt"), "--tls-key", filepath.Join(dir, name+".key")}
}

// With certificates for all, nodes and clients speak to each other, and to nobody else.
func TestAClusterWithTLS(t *testing.T) {
	dir := certificates(t)
	at := []string{freeAddress(t), freeAddress(t), freeAddress(t)}
	peers := fmt.Sprintf("n1=%s,n2=%s,n3=%s", at[0], at[1], at[2])
	for k, address := range at {
		id := fmt.Sprintf("n%d", k+1)
		startNode(t, append([]string{"--id", id, "--data", filepath.Join(t.TempDir(), id), "--listen", address, "--peers", peers}, tlsOf(dir, id)...)...)
	}
	ask := func(certs []string, args ...string) said {
		return raftd(t, append(append(args, "--endpoints", at[0]), certs...)...)
	}
	me := tlsOf(dir, "me")
	got := ask(me, "put", "color", "blue", "--timeout", "30s")
	require.Zero(t, got.code, got.err)
	got = ask(me, "get", "color")
	require.Equal(t, said{0, "blue\n", ""}, got)
	got = ask(me, "put", "photo", "\xff\xd8")
	require.Zero(t, got.code, got.err)
	got = ask(me, "get", "photo")
	require.Equal(t, said{0, "\xff\xd8\n", ""}, got)
	got = ask(me, "get", "photo", "--json") // JSON has no text for it
	require.Contains(t, got.out, `"value":"","value_base64":"/9g="`, got.err)
	got = ask(me, "status")
	require.Zero(t, got.code, got.err)
	require.NotContains(t, got.out, "no:")

	got = ask(nil, "get", "color", "--timeout", "1s")
	require.Equal(t, exitFailed, got.code, "without a certificate")
	require.Contains(t, got.err, "wants TLS")
	got = ask(tlsOf(certificates(t), "me"), "get", "color", "--timeout", "1s")
	require.Equal(t, exitFailed, got.code, "with one of another authority")
	require.Contains(t, got.err, "certificate signed by unknown authority")

	// A client's certificate does not make a node, nor does one node's make another.
	require.ErrorContains(t, deliver(t, dir, "me", at[0], 2), "the certificate is not that of node n2")
	require.ErrorContains(t, deliver(t, dir, "n3", at[0], 2), "the certificate is not that of node n2")
	require.NoError(t, deliver(t, dir, "n2", at[0], 2))
}

// deliver opens a stream to a node in the name of another, with that certificate.
func deliver(t *testing.T, dir, certificate, address string, from uint64) error {
	t.Helper()
	files := server.TLSFiles{CA: filepath.Join(dir, "ca.crt"), Cert: filepath.Join(dir, certificate+".crt"), Key: filepath.Join(dir, certificate+".key")}
	conf, err := files.ClientTLS()
	require.NoError(t, err)
	conn, err := grpc.NewClient("passthrough:///"+address, grpc.WithTransportCredentials(credentials.NewTLS(conf)))
	require.NoError(t, err)
	defer conn.Close()
	stream, err := raftpb.NewPeerClient(conn).Deliver(t.Context())
	require.NoError(t, err)
	require.NoError(t, stream.Send(&raftpb.Parcel{Hello: &raftpb.Hello{
		Version: 1, ClusterName: "raftd", Cluster: server.ClusterNumber("raftd"), From: from, To: 1,
	}}))
	_, err = stream.CloseAndRecv()
	if status.Code(err) == codes.OK {
		return nil
	}
	return err
}

// Certificates that are of no use are told of at once, and why.
func TestCertificatesOfNoUse(t *testing.T) {
	dir := certificates(t)
	serve := func(certs []string) said {
		return raftd(t, append([]string{"serve", "--id", "n1", "--data", t.TempDir(), "--listen", "127.0.0.1:0", "--peers", "n1=127.0.0.1:1"}, certs...)...)
	}
	refused := func(certs []string, says string) {
		t.Helper()
		got := serve(certs)
		require.NotZero(t, got.code)
		require.Contains(t, got.err, says)
	}
	old := filepath.Join(t.TempDir(), "old")
	var said bytes.Buffer
	f := certsFlags{dir: old, nodes: nodes{1: "127.0.0.1"}, days: 1}
	require.NoError(t, makeCerts(streams{out: &said, err: &said}, &f, time.Now().AddDate(0, 0, -2)))
	refused(tlsOf(old, "n1"), "n1.crt expired on ")
	early := filepath.Join(t.TempDir(), "early")
	f.dir = early
	require.NoError(t, makeCerts(streams{out: &said, err: &said}, &f, time.Now().AddDate(0, 0, 2)))
	refused(tlsOf(early, "n1"), "n1.crt is not valid before ")

	refused(tlsOf(dir, "nobody"), "cannot be used: open ")
	refused([]string{"--tls-cert", filepath.Join(dir, "n1.crt")}, "TLS needs three files")
	refused([]string{"--tls-ca", filepath.Join(dir, "ca.crt"), "--tls-cert", filepath.Join(dir, "n1.crt"), "--tls-key", filepath.Join(dir, "n2.key")}, "private key does not match public key")
	refused([]string{"--tls-ca", filepath.Join(certificates(t), "ca.crt"), "--tls-cert", filepath.Join(dir, "n1.crt"), "--tls-key", filepath.Join(dir, "n1.key")}, "is not signed by")
	refused([]string{"--tls-ca", filepath.Join(dir, "n1.key"), "--tls-cert", filepath.Join(dir, "n1.crt"), "--tls-key", filepath.Join(dir, "n1.key")}, "holds no certificate")
}

// An authority that is there is used again, so that nodes can come later.
func TestMoreCertificatesLater(t *testing.T) {
	dir := certificates(t)
	got := raftd(t, "certs", "--dir", dir, "--nodes", "n4=node4:7100", "--clients", "you")
	require.Zero(t, got.code, got.err)
	require.NotContains(t, got.err, "ca.crt")
	_, err := (&server.TLSFiles{CA: filepath.Join(dir, "ca.crt"), Cert: filepath.Join(dir, "n4.crt"), Key: filepath.Join(dir, "n4.key")}).ClientTLS()
	require.NoError(t, err)
}

// Certificates that are there are nodes' and clients' that run with them: they stay unless it is said that they are not to.
func TestCertificatesThatAreThereStay(t *testing.T) {
	dir := certificates(t)
	read := func(name string) string {
		text, err := os.ReadFile(filepath.Join(dir, name))
		require.NoError(t, err)
		return string(text)
	}
	crt, key, authority := read("n1.crt"), read("n1.key"), read("ca.crt")
	for _, line := range [][]string{{"--nodes", "n4=node4,n1=127.0.0.1", "--clients", "you"}, {"--clients", "you,me"}} {
		got := raftd(t, append([]string{"certs", "--dir", dir}, line...)...)
		require.Equal(t, exitFailed, got.code)
		require.Contains(t, got.err, ".crt is there already: give --force to have it replaced, or another --dir")
		require.NoFileExists(t, filepath.Join(dir, "n4.crt"))
		require.NoFileExists(t, filepath.Join(dir, "you.crt"))
	}
	require.Equal(t, []string{crt, key}, []string{read("n1.crt"), read("n1.key")})

	got := raftd(t, "certs", "--dir", dir, "--nodes", "n1=127.0.0.1", "--clients", "me", "--force")
	require.Zero(t, got.code, got.err)
	require.NotEqual(t, crt, read("n1.crt"))
	require.Equal(t, authority, read("ca.crt"))

	for _, node := range []string{"n4", "n5"} { // the client that nobody has named is made once
		got = raftd(t, "certs", "--dir", dir, "--nodes", node+"=127.0.0.1")
		require.Zero(t, got.code, got.err)
		require.Equal(t, node == "n4", strings.Contains(got.err, "client.crt"), got.err)
	}
}
