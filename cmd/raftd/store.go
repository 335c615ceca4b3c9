package main

import (
	"context"
	"io"
	"os"
	"time"
	"unicode/utf8"

	"github.com/spf13/cobra"

	"raftsim/raft/kv"
	"raftsim/raft/server/client"
)

// done is an operation as --json prints it.
type done struct {
	Operation string `json:"operation"`
	Key       string `json:"key"`
	// Value is what get found, or cas before it wrote; "" is a key that is not there.
	Value string `json:"value"`
	// ValueBase64 is there instead of Value for bytes that are not UTF-8, which JSON has no text for.
	ValueBase64 []byte `json:"value_base64,omitempty"`
	Swapped     bool   `json:"swapped"`
	TookMS      int64  `json:"took_ms"`
}

// operation runs one operation of the store.
func operation(ctx context.Context, s streams, f *clientFlags, q kv.Request) error {
	return f.with(ctx, func(ctx context.Context, c *client.Client) error {
		began := time.Now()
		r, err := c.Session().Do(ctx, q)
		if err != nil {
			return err
		}
		missed := q.Op == kv.CAS && !r.Swapped
		if f.json {
			d := done{Operation: q.Op.String(), Key: q.Key, Value: r.Value, Swapped: r.Swapped, TookMS: time.Since(began).Milliseconds()}
			if !utf8.ValidString(r.Value) {
				d.Value, d.ValueBase64 = "", []byte(r.Value)
			}
			if err := s.printJSON(d); err != nil {
				return err
			}
		} else if q.Op == kv.Get {
			s.printf("%s\n", r.Value)
		}
		if missed {
			s.sayf("raftd: nothing was written: the value is %s\n", quoted(r.Value))
			return exit(exitNot)
		}
		return nil
	})
}

// storeCommand is a command for one operation, whose arguments are the key and what make takes.
func storeCommand(s streams, cmd *cobra.Command, names []string, make func(args []string) (kv.Request, error)) *cobra.Command {
	var f clientFlags
	f.add(cmd, 5*time.Second)
	cmd.Args = wantArgs(names...)
	cmd.RunE = func(cmd *cobra.Command, args []string) error {
		q, err := make(args)
		if err != nil {
			return err
		}
		check := q
		check.Session, check.Seq = 1, 1
		if err := check.Validate(); err != nil {
			return usageError{err}
		}
		return operation(cmd.Context(), s, &f, q)
	}
	return settled(s, cmd)
}

func getCommand(s streams) *cobra.Command {
	return storeCommand(s, &cobra.Command{
		Use:     "get KEY",
		Short:   "Print the value of a key",
		Long:    "Print the value of a key, an empty line when it has none. The value is the latest there is: no stale read. With\n--json one that is not UTF-8 is value_base64.",
		Example: "  raftd get color",
	}, []string{"KEY"}, func(args []string) (kv.Request, error) {
		return kv.Request{Op: kv.Get, Key: args[0]}, nil
	})
}

func putCommand(s streams) *cobra.Command {
	return storeCommand(s, &cobra.Command{
		Use:   "put KEY VALUE",
		Short: "Give a key a value",
		Long: `Give a key a value, of at most 1 MiB. "-" reads it from the standard input. Once the command has
ended well the value is on the disks of a majority.`,
		Example: "  raftd put color blue\n  raftd put photo - <photo.jpg",
	}, []string{"KEY", "VALUE"}, func(args []string) (kv.Request, error) {
		value, err := argument(args[1])
		return kv.Request{Op: kv.Put, Key: args[0], Value: value}, err
	})
}

func appendCommand(s streams) *cobra.Command {
	return storeCommand(s, &cobra.Command{
		Use:   "append KEY SUFFIX",
		Short: "Add to the value of a key",
		Long: `Add to the value of a key. "-" reads what to add from the standard input. It is added once, however
often it had to be sent. An append after which the value would have more than 8,323,072 bytes, the most that
can be read back, writes nothing and says so; the exit code is then 1.`,
		Example: "  raftd append colors ,blue",
	}, []string{"KEY", "SUFFIX"}, func(args []string) (kv.Request, error) {
		value, err := argument(args[1])
		return kv.Request{Op: kv.Append, Key: args[0], Value: value}, err
	})
}

func casCommand(s streams) *cobra.Command {
	return storeCommand(s, &cobra.Command{
		Use:   "cas KEY EXPECT VALUE",
		Short: "Give a key a value if it has the expected one",
		Long: `Give a key a value if it has the expected one; "" expects that it has none. With another value there
nothing is written, and the exit code is 3.`,
		Example: "  raftd cas lock \"\" mine\n  raftd cas lock mine \"\"",
	}, []string{"KEY", "EXPECT", "VALUE"}, func(args []string) (kv.Request, error) {
		return kv.Request{Op: kv.CAS, Key: args[0], Expect: args[1], Value: args[2]}, nil
	})
}

func deleteCommand(s streams) *cobra.Command {
	return storeCommand(s, &cobra.Command{
		Use:     "delete KEY",
		Short:   "Take a key away",
		Long:    "Take a key away. One that is not there is gone already, which is no error.",
		Example: "  raftd delete color",
	}, []string{"KEY"}, func(args []string) (kv.Request, error) {
		return kv.Request{Op: kv.Delete, Key: args[0]}, nil
	})
}

// argument is a value from the command line, or what the standard input holds.
func argument(text string) (string, error) {
	if text != "-" {
		return text, nil
	}
	b, err := io.ReadAll(io.LimitReader(os.Stdin, kv.MaxValue+1))
	return string(b), err
}
