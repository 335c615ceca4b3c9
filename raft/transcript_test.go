package raft_test

import (
	"testing"

	"github.com/cockroachdb/datadriven"
)

// The transcripts in testdata/transcripts are scripts of what happens to a cluster, with all that its cores do about it
// in plain sentences. They are to be read. After a change of the core,
//
//	go test ./raft -run TestTranscripts -rewrite
//
// writes down anew what comes of the scripts, and the difference shows what the change did.
//
// A command stands above its "----", and below that what came of it. Several may share one, each on a line of its own; what
// came of each then stands below it. An entry is index/term; "quiet" behind a command leaves out messages and disks, "silent" all. The commands are
//
//	cluster nodes=3 [prevote] [checkquorum] [lease=100ms drift=PPM] [chunk=BYTES] [inflight=N] [inflight-bytes=N]
//	        [append-bytes=N] [uncommitted-bytes=N]        nodes that never ran; every election timeout is 150ms
//	disk n1 term=3 vote=n2 log=(1x3,2)                    n1 restarts with this on its disk: terms, of entries 1 to 4
//	boot n4                                               a node with an empty disk that knows nobody
//	crash n1, restart n1                                  what was not on the disk is lost
//	advance 50ms                                          all clocks go on; no timer fires by itself
//	timeout n1, heartbeat n1                              a timer fires
//	elect n1 [by=(n2,n3)]                                 timeout, then stabilize, quietly
//	persist n1 [first=1]                                  the disk writes what it was asked for
//	deliver [from=n1] [to=n2] [kind=NAME] [first=1]       messages arrive, in the order of sending
//	drop ..., keep ..., deliver kept                      they are lost, or late
//	stabilize [n1 n2]                                     disks write and messages arrive, among these, until all is quiet
//	spread n1                                             stabilize, then a heartbeat and stabilize again, quietly
//	partition n1 n2 | n3, heal                            a network that is parted loses what arrives across
//	propose n1 x y, read n1 id=7, transfer n1 to=n2
//	reconfigure n1 join=n4 learn=n5 remove=(n1,n2)
//	compact n1 keep=2                                     a snapshot, durable at once, of what was applied
//	log [n1], status [n1], net                            how things stand; what is committed is before the bar
//
// Nothing happens between commands. A timer that fires is told so, whatever the clock says.
func TestTranscripts(t *testing.T) {
	datadriven.Walk(t, "testdata/transcripts", func(t *testing.T, path string) {
		s := &stage{t: t}
		datadriven.RunTest(t, path, func(t *testing.T, d *datadriven.TestData) string {
			s.t = t
			s.text.Reset()
			s.echo = d.Input != ""
			s.command(d.Cmd, d.CmdArgs)
			s.play(d.Input)
			if s.text.Len() == 0 {
				return "nothing comes of it\n"
			}
			return s.text.String()
		})
	})
}
