package main

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"errors"
	"fmt"
	"io/fs"
	"math/big"
	"net"
	"net/url"
	"os"
	"path/filepath"
	"slices"
	"time"

	"github.com/spf13/cobra"

	"raftsim/raft"
	"raftsim/raft/server"
)

// certsFlags are those of `raftd certs`.
type certsFlags struct {
	dir     string
	nodes   nodes
	clients []string
	days    int
	// force has what is there already replaced; byDefault says that nobody has named the clients.
	force, byDefault bool
}

func certsCommand(s streams) *cobra.Command {
	var f certsFlags
	cmd := &cobra.Command{
		Use:   "certs",
		Short: "Make certificates for development",
		Long: `Make certificates for development: an authority, and signed by it one certificate for each node and
each client. A node's is good for its own name and for the host where it can be reached, and only
for that node. An authority that is there already is used again; a certificate that is there already
stays, and is replaced only with --force, as to renew it. The authority's key can sign anything:
keep it away from the nodes, and have a real authority for real clusters.`,
		Example: `  raftd certs --dir certs --nodes n1=127.0.0.1,n2=127.0.0.1,n3=127.0.0.1 --clients me`,
		Args:    wantArgs(),
		RunE: func(cmd *cobra.Command, _ []string) error {
			f.byDefault = !cmd.Flags().Changed("clients")
			return makeCerts(s, &f, time.Now())
		},
	}
	cmd.Flags().StringVar(&f.dir, "dir", "certs", "the folder for them")
	cmd.Flags().Var(&f.nodes, "nodes", "nodes and the host of each")
	cmd.Flags().StringSliceVar(&f.clients, "clients", []string{"client"}, "names of clients")
	cmd.Flags().IntVar(&f.days, "days", 365, "how long they are good for")
	cmd.Flags().BoolVar(&f.force, "force", false, "replace certificates that are there already")
	return cmd
}

// issuer signs certificates.
type issuer struct {
	dir    string
	cert   *x509.Certificate
	key    *ecdsa.PrivateKey
	expire time.Time
	now    time.Time
}

// makeCerts makes all that are asked for.
func makeCerts(s streams, f *certsFlags, now time.Time) error {
	if f.days < 1 || f.days > 3650 {
		return usagef("--days %d: want 1 to 3650", f.days)
	}
	if len(f.nodes)+len(f.clients) == 0 {
		return usagef("give --nodes or --clients")
	}
	for _, name := range f.clients {
		if name == "" || name != filepath.Base(name) || name == "ca" {
			return usagef("--clients %s: want plain names", quoted(name))
		}
		if _, err := server.ParseID(name); err == nil {
			return usagef("--clients %s: that is a node's name", name)
		}
	}
	clients := f.clients
	if f.byDefault && !f.force {
		clients = slices.DeleteFunc(slices.Clone(clients), f.there)
	}
	if !f.force {
		for _, name := range append(names(f.nodes), clients...) {
			if f.there(name) {
				return fmt.Errorf("%s is there already: give --force to have it replaced, or another --dir", filepath.Join(f.dir, name+".crt"))
			}
		}
	}
	if err := os.MkdirAll(f.dir, 0o700); err != nil {
		return err
	}
	i := &issuer{dir: f.dir, expire: now.AddDate(0, 0, f.days), now: now}
	if err := i.authority(s); err != nil {
		return err
	}
	var ids []raft.NodeID
	for id := range f.nodes {
		ids = append(ids, id)
	}
	slices.Sort(ids)
	for _, id := range ids {
		host := f.nodes[id]
		if h, _, err := net.SplitHostPort(host); err == nil {
			host = h
		}
		if host == "" {
			return usagef("--nodes: node %v has no host", id)
		}
		t := &x509.Certificate{
			Subject: pkix.Name{CommonName: id.String()}, URIs: []*url.URL{server.NodeURI(id)}, DNSNames: []string{id.String(), "localhost"},
			IPAddresses: []net.IP{net.IPv4(127, 0, 0, 1), net.IPv6loopback},
			ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth, x509.ExtKeyUsageClientAuth},
		}
		if ip := net.ParseIP(host); ip != nil {
			t.IPAddresses = append(t.IPAddresses, ip)
		} else {
			t.DNSNames = append(t.DNSNames, host)
		}
		if err := i.issue(s, id.String(), t); err != nil {
			return err
		}
	}
	for _, name := range clients {
		t := &x509.Certificate{Subject: pkix.Name{CommonName: name}, ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageClientAuth}}
		if err := i.issue(s, name, t); err != nil {
			return err
		}
	}
	return nil
}

// names are those of nodes.
func names(n nodes) []string {
	var out []string
	for id := range n {
		out = append(out, id.String())
	}
	slices.Sort(out)
	return out
}

// there says whether a certificate of that name, or its key, is there already.
func (f *certsFlags) there(name string) bool {
	for _, kind := range []string{".crt", ".key"} {
		if _, err := os.Lstat(filepath.Join(f.dir, name+kind)); err == nil {
			return true
		}
	}
	return false
}

// authority reads the authority of the folder, or makes one.
func (i *issuer) authority(s streams) error {
	certPath, keyPath := filepath.Join(i.dir, "ca.crt"), filepath.Join(i.dir, "ca.key")
	cert, err := os.ReadFile(certPath)
	if err == nil {
		key, err := os.ReadFile(keyPath)
		if err != nil {
			return fmt.Errorf("there is an authority's certificate, and its key cannot be read: %w", err)
		}
		c, k := decodePEM(cert), decodePEM(key)
		if i.cert, err = x509.ParseCertificate(c); err == nil {
			i.key, err = x509.ParseECPrivateKey(k)
		}
		if err != nil {
			return fmt.Errorf("the authority in %s cannot be used: move it away to have another one made: %w", i.dir, err)
		}
		return nil
	}
	if !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	t := &x509.Certificate{
		Subject: pkix.Name{CommonName: "raftd development authority"}, IsCA: true, BasicConstraintsValid: true,
		KeyUsage: x509.KeyUsageCertSign | x509.KeyUsageCRLSign,
	}
	return i.issue(s, "ca", t)
}

func decodePEM(text []byte) []byte {
	if b, _ := pem.Decode(text); b != nil {
		return b.Bytes
	}
	return nil
}

// issue makes a key and a certificate, and writes both.
func (i *issuer) issue(s streams, name string, t *x509.Certificate) error {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return err
	}
	if t.SerialNumber, err = rand.Int(rand.Reader, new(big.Int).Lsh(big.NewInt(1), 120)); err != nil {
		return err
	}
	t.NotBefore, t.NotAfter = i.now.Add(-time.Minute), i.expire
	t.KeyUsage |= x509.KeyUsageDigitalSignature
	parent, signer := i.cert, i.key
	if parent == nil {
		parent, signer = t, key
	}
	der, err := x509.CreateCertificate(rand.Reader, t, parent, &key.PublicKey, signer)
	if err != nil {
		return err
	}
	if i.cert == nil {
		if i.cert, err = x509.ParseCertificate(der); err != nil {
			return err
		}
		i.key = key
	}
	keyDER, err := x509.MarshalECPrivateKey(key)
	if err != nil {
		return err
	}
	certPath, keyPath := filepath.Join(i.dir, name+".crt"), filepath.Join(i.dir, name+".key")
	if err := os.WriteFile(keyPath, pem.EncodeToMemory(&pem.Block{Type: "EC PRIVATE KEY", Bytes: keyDER}), 0o600); err != nil {
		return err
	}
	if err := os.WriteFile(certPath, pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der}), 0o644); err != nil {
		return err
	}
	s.sayf("%s and %s\n", certPath, keyPath)
	return nil
}
