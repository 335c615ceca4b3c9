package server

import (
	"context"
	"fmt"
	"net"
	"os"
	"sync"
	"time"

	"google.golang.org/grpc/credentials"

	"raftsim/raft"
)

// keychain is a node's certificates, which it reads anew when the files have changed: a certificate that was renewed is taken up with the
// next connection, and those that are open stay.
type keychain struct {
	files TLSFiles
	// say is told, now and then, what is taken up, and what is wrong with what is not.
	say func(string)

	mu      sync.Mutex
	keys    *keys
	read    [3]stamp // of the files when keys were read
	checked time.Time
	said    seldom
}

// stamp is what changes with a file.
type stamp struct {
	at   time.Time
	size int64
}

// lookEvery is how long files are taken to be as they were.
const lookEvery = time.Second

// openKeychain reads the certificates, and says what is wrong with them.
func openKeychain(files TLSFiles, say func(string)) (*keychain, error) {
	k := &keychain{files: files, say: say, checked: time.Now()}
	k.read = k.stamps()
	var err error
	k.keys, err = files.read(k.checked)
	return k, err
}

func (k *keychain) stamps() (s [3]stamp) {
	for n, path := range [...]string{k.files.CA, k.files.Cert, k.files.Key} {
		if info, err := os.Stat(path); err == nil {
			s[n] = stamp{info.ModTime(), info.Size()}
		}
	}
	return s
}

// current returns the certificates as they are. Files that cannot be used, one of which may yet be written, leave it at those before.
func (k *keychain) current() *keys {
	k.mu.Lock()
	defer k.mu.Unlock()
	now := time.Now()
	if now.Sub(k.checked) < lookEvery {
		return k.keys
	}
	k.checked = now
	read := k.stamps()
	if read == k.read {
		return k.keys
	}
	keys, err := k.files.read(now)
	if err != nil {
		if text, ok := k.said.say("keeps to the certificate it has: %v", err); ok {
			k.say(text)
		}
		return k.keys
	}
	k.keys, k.read = keys, read
	k.say(fmt.Sprintf("takes up the certificate %s, which is good until %s", k.files.Cert, keys.own.Leaf.NotAfter.UTC().Format(time.DateTime)))
	return k.keys
}

// handshakes are gRPC's credentials, made of the current certificates for each connection.
type handshakes struct {
	chain *keychain
	// id is who has to answer, None for any.
	id raft.NodeID
}

var _ credentials.TransportCredentials = handshakes{}

// ClientHandshake implements [credentials.TransportCredentials].
func (h handshakes) ClientHandshake(ctx context.Context, authority string, c net.Conn) (net.Conn, credentials.AuthInfo, error) {
	return credentials.NewTLS(h.chain.current().client(h.id)).ClientHandshake(ctx, authority, c)
}

// ServerHandshake implements [credentials.TransportCredentials].
func (h handshakes) ServerHandshake(c net.Conn) (net.Conn, credentials.AuthInfo, error) {
	return credentials.NewTLS(h.chain.current().server()).ServerHandshake(c)
}

// Info implements [credentials.TransportCredentials].
func (h handshakes) Info() credentials.ProtocolInfo {
	return credentials.NewTLS(h.chain.current().client(h.id)).Info()
}

// Clone implements [credentials.TransportCredentials].
func (h handshakes) Clone() credentials.TransportCredentials { return h }

// OverrideServerName implements [credentials.TransportCredentials]. Whoever is called goes by the address.
func (h handshakes) OverrideServerName(string) error { return nil }
