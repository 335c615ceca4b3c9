// Package script reads scenario files: what cluster there is, what happens to it and when, and
// what is expected of it. [Read] is strict: an unknown key, a value without its unit, a node that does not exist,
// a window that ends before it starts are errors, all told at once, each with its place in the file:
//
//	crash.yaml:9:13: at: 25s is after the scenario's duration of 20s
//	      - at: 25s
//	            ^
//
// # The language
//
// A scenario is one YAML document without anchors, aliases, merge keys and tags. This is all of
// its keys; name and duration are required.
//
//	name: leader-crash             # small letters, digits, single hyphens
//	about: What it shows.          # any text
//	duration: 20s                  # virtual time, up to 24h
//	seeds: 1..200                  # or 3,9 or 7; the default is 1..200
//	mutant: quorum-third           # a core with that deliberate fault; default none. It takes Go and a checkout
//
//	cluster:
//	  nodes: 5                     # n1 ... n5; 1 to 99, default 3
//	  election_timeout: 150ms..300ms   # default; longer than the heartbeat
//	  heartbeat: 50ms              # default
//	  pre_vote: false              # default; ask before an election whether it could be won
//	  check_quorum: true           # default false; a leader without a majority steps down
//	  reads: lease                 # by a leader that holds a lease; or index: at a confirmed commit index; default log
//	  lease: 150ms                 # with reads: lease; default the shortest election timeout
//	  clock_drift: 0.1%            # default; the bound on clocks that leases rest on
//	  snapshot_every: 1000         # applied entries from one snapshot to the next; default never
//	  snapshot_keep: 100           # entries that stay before a snapshot; default 0
//	  snapshot_chunk: 4KiB         # of a snapshot in one message; default 256KiB
//	  max_inflight: 8              # messages on their way to one follower; default 512
//	  max_inflight_bytes: 64KiB    # and bytes; default 8 MiB
//	  max_uncommitted_bytes: 64KiB # what a leader takes beyond what is committed; default 64 MiB
//	  session_ttl: 10s             # after which an unused session expires; default never
//	  segment_bytes: 64KiB         # of the log's files; default 1MiB
//
//	network:                       # every link between nodes
//	  latency: 1ms..10ms           # default; drawn per message
//	  loss: 5%                     # default of these three: 0%
//	  duplicate: 1%
//	  reorder: 2%
//
//	clients:                       # without this key there are none
//	  count: 4                     # default 1
//	  rate: 50/s                   # per client; default 10/s, 0/s is bursts only
//	  keys: 8                      # default
//	  mix: {get: 60%, put: 20%, append: 5%, cas: 10%, delete: 5%}   # default half get, half put
//	  value_size: 5KiB             # pads what is written; B, KiB or MiB, up to 1MiB; default as short as can be
//	                               # (all that a run's clients write and read together is up to 1GiB)
//	  timeout: 500ms               # default; then the client tries again
//
//	timeline:
//	  - during: 2s..4s             # undone at the window's end
//	    crash: leader
//	  - during: 5s..7s
//	    partition: [[leader, follower], rest]
//	  - during: 8s..9s
//	    cut: {from: leader, to: followers}
//	  - during: 9s..10s
//	    network: {latency: 50ms..100ms, loss: 20%}
//	    on: follower               # default all; goes with network, timeouts, timers, clock and disk
//	  - during: 10s..12s
//	    timeouts: {election: 5ms..20ms, heartbeat: 2ms}
//	  - during: 11s..12s
//	    hold: {from: leader, to: n2}   # at the end all of it arrives, in its order
//	  - during: 11s..12s
//	    timers: {late: 0ms..20ms}  # or early: each time drawn anew
//	  - during: 12s..13s
//	    pause: random(2)
//	  - at: 13s                    # stays
//	    partition: [majority, minority]
//	  - at: 14s
//	    heal: all
//	  - when: {commits: 2000}      # once there are 2000 or more; also ">= 2000", "> 1999"
//	    crash: n3
//	  - at: 15s
//	    restart: n3
//	  - at: 15s
//	    join: n6                   # learner first, voter once caught up; or [n6, n7], or {nodes: n6, as: learner}
//	  - at: 15.1s
//	    join: {nodes: n7, instead_of: n1}   # n1, or a selector like leader, votes until n7 does, and leaves in the same step
//	  - at: 15.2s
//	    remove: leader
//	  - at: 15.4s
//	    snapshot: followers        # take one now, and drop the log before it
//	  - at: 15.6s
//	    transfer: follower
//	  - during: 15.6s..15.8s       # or at: back at once
//	    wipe: n2                   # comes back with an empty disk, and joins anew by a join
//	  - during: 15.6s..15.8s
//	    clock: {drift: -2%, jump: 30ms}   # from what the clock shows; not taken back
//	    on: n3
//	  - during: 15.6s..15.8s
//	    clock: {offset: -1s}       # behind true time; right again at the end
//	    on: n3
//	  - during: 15.6s..15.8s
//	    disk: {sync: 5ms..50ms, unsynced: torn}   # slow; a crash tears (or leaves: kept, lost) what is not synced
//	    on: leader
//	  - during: 15.6s..15.8s       # a node that must write halts, and is restarted at the end
//	    disk: full                 # or {fail: sync}
//	    on: n4
//	  - at: 15.8s
//	    disk: {rot: log}           # or snapshot; a bit flips, which the node finds when it boots
//	    on: n5
//	  - repeat: 10                 # 16s, 16.2s, 16.4s, ...
//	    every: 200ms               # default: the span of the entries
//	    timeline:
//	      - at: 16s
//	        timeout: all           # the election timers fire now, together
//	      - at: 16.1s
//	        burst: {requests: 50, within: 50ms}   # or burst: 50, all at once
//
//	expect:
//	  - always: safety             # default; or a list of properties
//	  - history: linearizable
//	  - by: 3s                     # default end, after the run has settled
//	    leader: elected
//	  - leader: elected
//	    within: {terms: 10}
//	    of: timeout                # the last entry with this action
//	  - liveness: {within: 5s}     # or core, for a bound that goes by the timeouts: only a quorum is healed, and gets on
//	  - members: [n1, n2, n3, n4, n5]
//	  - replicas: identical
//	  - during: 5s..7s             # default the whole run
//	    commits: ">= 1"            # commits elections terms rpcs bytes log_entries, with < <= == != >= >
//	  - sometimes: [split-vote, leader-crashed]   # over a sweep of seeds; `raftsim schema` lists them
//
// A file that keeps a known failure says so instead: expect: {violates: election-safety}, with a
// name of [Properties].
//
// # Values
//
// A time has a unit: ns, us (or µs), ms, s, m, h; 1.5s and 1m30s are times. A range is written a..b, both
// ends included. A percentage has up to four decimals.
//
// # Triggers and actions
//
// An entry has one of at, during and when, and one action. `during` goes with what can be undone: crash,
// pause, wipe, partition, cut, hold (which needs an end), network, timeouts, timers, clock, disk. The others are restart, heal, timeout, join, remove, transfer,
// snapshot and burst.
//
// A node that joins need not be one of the first: n6 of a cluster of five is there from when it joins. A node that was wiped
// or removed can join again. Until then it is no member. A later entry can have a node that is to join, or to leave, do otherwise as long
// as it has not; who joins once more joins as was said before, so that who is to leave for it leaves all the same.
//
// A node whose disk is full or fails halts when it must write, and one whose disk has rotted may refuse to boot: that counts
// as a crash. The rot goes with a wipe. A log cannot tell rot in what it wrote last from a torn write, see package wal.
//
// # Selectors
//
// Nodes are picked when their entry starts, from left to right, nobody twice: leader, follower (one,
// drawn), followers (all), candidate, learner, majority, minority (the largest), random(k), all, rest (who is not yet
// picked, as the last), a node by its name, or a list of these.
package script
