package server

import (
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"net/url"
	"os"
	"time"

	"raftsim/raft"
)

// TLSFiles are the files of certificates, in PEM. All three are needed: nodes and clients both show who they are.
type TLSFiles struct {
	// CA signs the certificates of nodes and clients.
	CA string
	// Cert and Key are one's own. A node's certificate names it: see NodeURI.
	Cert, Key string
}

// NodeURI is what a node's certificate has among its alternative names, so that a client's cannot pass for it.
func NodeURI(id raft.NodeID) *url.URL {
	return &url.URL{Scheme: "raftsim", Opaque: "node:" + id.String()}
}

// keys are what was read of TLSFiles.
type keys struct {
	own  tls.Certificate
	pool *x509.CertPool
}

// check says whether one is not named.
func (t *TLSFiles) check() error {
	if t != nil && (t.CA == "" || t.Cert == "" || t.Key == "") {
		return errors.New("TLS needs three files: --tls-ca, --tls-cert and --tls-key")
	}
	return nil
}

// read reads the files, and says what is wrong with them.
func (t *TLSFiles) read(now time.Time) (*keys, error) {
	if err := t.check(); err != nil {
		return nil, err
	}
	own, err := tls.LoadX509KeyPair(t.Cert, t.Key)
	if err != nil {
		return nil, fmt.Errorf("the certificate %s and its key %s cannot be used: %w", t.Cert, t.Key, err)
	}
	if own.Leaf == nil {
		return nil, fmt.Errorf("the certificate %s cannot be read", t.Cert)
	}
	switch {
	case now.After(own.Leaf.NotAfter):
		return nil, fmt.Errorf("the certificate %s expired on %s: make a new one", t.Cert, own.Leaf.NotAfter.Format(time.DateTime))
	case now.Before(own.Leaf.NotBefore):
		return nil, fmt.Errorf("the certificate %s is not valid before %s: wait, or set the clock", t.Cert, own.Leaf.NotBefore.Format(time.DateTime))
	}
	ca, err := os.ReadFile(t.CA)
	if err != nil {
		return nil, fmt.Errorf("the authority's certificate cannot be read: %w", err)
	}
	k := &keys{own: own, pool: x509.NewCertPool()}
	if !k.pool.AppendCertsFromPEM(ca) {
		return nil, fmt.Errorf("%s holds no certificate", t.CA)
	}
	if _, err := own.Leaf.Verify(x509.VerifyOptions{Roots: k.pool, CurrentTime: now, KeyUsages: []x509.ExtKeyUsage{x509.ExtKeyUsageAny}}); err != nil {
		return nil, fmt.Errorf("the certificate %s is not signed by %s: %w", t.Cert, t.CA, err)
	}
	return k, nil
}

// ClientTLS is how a client uses the files.
func (t *TLSFiles) ClientTLS() (*tls.Config, error) {
	k, err := t.read(time.Now())
	if err != nil {
		return nil, err
	}
	return k.client(raft.None), nil
}

// server is how a node listens.
func (k *keys) server() *tls.Config {
	return &tls.Config{
		MinVersion: tls.VersionTLS13, Certificates: []tls.Certificate{k.own},
		ClientAuth: tls.RequireAndVerifyClientCert, ClientCAs: k.pool,
	}
}

// client is how a node or a client dials; with an id whoever answers has to be that node.
func (k *keys) client(id raft.NodeID) *tls.Config {
	c := &tls.Config{MinVersion: tls.VersionTLS13, Certificates: []tls.Certificate{k.own}, RootCAs: k.pool}
	if id != raft.None {
		c.VerifyConnection = func(s tls.ConnectionState) error { return isNode(s.PeerCertificates, id) }
	}
	return c
}

// isNode says why a certificate is not that node's.
func isNode(chain []*x509.Certificate, id raft.NodeID) error {
	want := NodeURI(id).String()
	if len(chain) > 0 {
		for _, u := range chain[0].URIs {
			if u.String() == want {
				return nil
			}
		}
	}
	return fmt.Errorf("the certificate is not that of node %v: it does not name %s", id, want)
}
