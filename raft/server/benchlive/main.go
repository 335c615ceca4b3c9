// Benchlive measures three raftd nodes on loopback, with fsync on, beside three of etcd in the same run: how many puts of
// 100-byte values 1, 16 and 64 writers get done, and how long the slowest hundredth of them takes; how soon there is a new leader
// after SIGKILL; and how soon a node with a million entries in its log is back, alone and all at once, with snapshots and without.
//
// Rounds of the two alternate, so that what else the machine does concerns both. etcd is Debian's etcd-server; without it
// raftd is measured alone. Writers of raftd share the stream of one client, as programs that use the client do. Those of etcd make a call
// for each put, over a few connections, as etcd has nothing else; raftd is measured with such writers as well. Each writer has one put
// under way at a time. The last columns are the processor time of a put, of the nodes and of the writers.
package main

import (
	"context"
	"flag"
	"fmt"
	"os"
	"os/signal"
	"slices"
	"strconv"
	"strings"
	"time"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	if err := run(ctx); err != nil {
		fmt.Fprintln(os.Stderr, "benchlive:", err)
		stop()
		os.Exit(1)
	}
}

func run(ctx context.Context) error {
	writers := flag.String("writers", "1,16,64", "how many writers, one figure after the other")
	round := flag.Duration("round", 3*time.Second, "how long a round is")
	rounds := flag.Int("rounds", 3, "rounds of each, of which the median counts")
	peer := flag.Bool("etcd", true, "measure etcd as well")
	elections := flag.Int("elections", 11, "how often to kill the leader; 0 for not at all")
	entries := flag.Int("entries", 1_000_000, "entries in the log that is restarted; 0 for not at all")
	binary := flag.String("raftd", "", "the program to measure; built from the source if empty")
	flag.Parse()

	dir, err := os.MkdirTemp("", "benchlive-")
	if err != nil {
		return err
	}
	defer os.RemoveAll(dir)
	if *binary == "" {
		if *binary, err = build(ctx, dir); err != nil {
			return err
		}
	}
	if err := table(ctx, dir, *binary, *writers, *round, *rounds, *peer); err != nil {
		return err
	}
	if *elections > 0 {
		if err := failovers(ctx, dir, *binary, *elections); err != nil {
			return err
		}
	}
	if *entries > 0 {
		return restarts(ctx, dir, *binary, *entries)
	}
	return nil
}

// table measures writes, side by side.
func table(ctx context.Context, dir, binary, writers string, round time.Duration, rounds int, peer bool) error {
	ours, err := startRaftd(dir, binary, 3)
	if err != nil {
		return err
	}
	defer ours.stop()
	calls, err := calledBy(ctx, ours)
	if err != nil {
		return err
	}
	defer calls.stop()
	targets := []target{ours, calls}
	if peer {
		theirs, err := startEtcd(ctx, dir)
		if err != nil {
			return err
		}
		if theirs == nil {
			fmt.Fprintln(os.Stderr, "benchlive: etcd is not installed (apt-get install etcd-server): raftd is measured alone")
		} else {
			defer theirs.stop()
			targets = append(targets, theirs)
		}
	}
	fmt.Printf("%-12s %8s %10s %10s %10s %10s %10s\n", "", "writers", "put/s", "p50", "p99", "nodes", "load")
	for _, w := range strings.Split(writers, ",") {
		n, err := strconv.Atoi(w)
		if err != nil || n < 1 {
			return fmt.Errorf("-writers %s: want numbers such as 1,16,64", writers)
		}
		results := make([][]result, len(targets))
		for range rounds {
			for k, t := range targets {
				r, err := measure(ctx, t, n, round)
				if err != nil {
					return fmt.Errorf("%s: %w", t.name(), err)
				}
				results[k] = append(results[k], r)
			}
		}
		var rates []float64
		for k, t := range targets {
			slices.SortFunc(results[k], func(a, b result) int { return int(a.rate - b.rate) })
			r := results[k][len(results[k])/2]
			fmt.Printf("%-12s %8d %10.0f %10v %10v %10v %10v\n", t.name(), n, r.rate, r.p50.Round(10*time.Microsecond), r.p99.Round(10*time.Microsecond),
				r.nodes.Round(time.Microsecond), r.load.Round(time.Microsecond))
			rates = append(rates, r.rate)
		}
		if peer := rates[len(rates)-1]; len(rates) == 3 {
			fmt.Printf("%-12s %8d %9.2fx, with calls %.2fx\n", "ratio", n, rates[0]/peer, rates[1]/peer)
		}
	}
	return nil
}
