package main

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/spf13/cobra"
	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	"raftsim/raft/server"
	"raftsim/raft/server/client"
)

// tlsFlags say which certificates to use.
type tlsFlags struct{ ca, cert, key string }

func (f *tlsFlags) add(cmd *cobra.Command) {
	cmd.Flags().StringVar(&f.ca, "tls-ca", "", "TLS: the certificate of the authority that signs all others")
	cmd.Flags().StringVar(&f.cert, "tls-cert", "", "TLS: one's own certificate")
	cmd.Flags().StringVar(&f.key, "tls-key", "", "TLS: the key of one's own certificate")
}

// files are those to be read, nil when there is no TLS.
func (f *tlsFlags) files() *server.TLSFiles {
	if f.ca == "" && f.cert == "" && f.key == "" {
		return nil
	}
	return &server.TLSFiles{CA: f.ca, Cert: f.cert, Key: f.key}
}

// clientFlags are those of every command that speaks to a cluster.
type clientFlags struct {
	endpoints []string
	// given says whether somebody said which they are.
	given   func() bool
	timeout time.Duration
	json    bool
	tls     tlsFlags
}

func (f *clientFlags) add(cmd *cobra.Command, timeout time.Duration) {
	f.given = func() bool { return cmd.Flags().Changed("endpoints") }
	cmd.Flags().StringSliceVar(&f.endpoints, "endpoints", []string{"127.0.0.1:7100"}, "nodes of the cluster, any of them, as host:port")
	cmd.Flags().DurationVar(&f.timeout, "timeout", timeout, "how long to try")
	cmd.Flags().BoolVar(&f.json, "json", false, "print one JSON object")
	f.tls.add(cmd)
}

// with calls f with a client.
func (f *clientFlags) with(ctx context.Context, do func(context.Context, *client.Client) error) error {
	if f.timeout <= 0 {
		return usagef("--timeout %v: want a time such as 5s", f.timeout)
	}
	var conf *tls.Config
	if files := f.tls.files(); files != nil {
		var err error
		if conf, err = files.ClientTLS(); err != nil {
			return usageError{err}
		}
	}
	c, err := client.New(client.Config{Endpoints: f.endpoints, TLS: conf})
	if err != nil {
		return usageError{err}
	}
	defer c.Close()
	ctx, cancel := context.WithTimeout(ctx, f.timeout)
	defer cancel()
	err = plainError(do(ctx, c), f.timeout)
	if err != nil && !f.given() && strings.Contains(err.Error(), ": dial ") {
		return fmt.Errorf("%w; --endpoints or RAFTD_ENDPOINTS says where the nodes are", err)
	}
	return err
}

// any has one of the nodes do something.
func (f *clientFlags) any(ctx context.Context, do func(context.Context, *grpc.ClientConn) error) error {
	return f.with(ctx, func(ctx context.Context, c *client.Client) error { return c.Any(ctx, do) })
}

// plainError is an error in the words of whoever answered, and of this program when nobody did.
func plainError(err error, timeout time.Duration) error {
	var unknown *client.UnknownError
	switch st, ok := status.FromError(err); {
	case err == nil:
		return nil
	case errors.As(err, &unknown):
		return err
	case errors.Is(err, context.DeadlineExceeded) || ok && st.Code() == codes.DeadlineExceeded:
		if ok && st.Message() != "" && st.Message() != context.DeadlineExceeded.Error() {
			return fmt.Errorf("not done within %v: %s", timeout, st.Message())
		}
		text := strings.TrimSuffix(err.Error(), ": "+context.DeadlineExceeded.Error())
		return fmt.Errorf("not done within %v: %s", timeout, text)
	case ok:
		return errors.New(client.Plain(st.Message()))
	}
	return err
}
