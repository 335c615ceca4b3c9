package checker

import (
	"testing"

	"raftsim/raft"
)

// shrunk has n1, leader of term 1, go down to four voters, then to three by entry 5; entry 4 is on two disks.
func shrunk(n []*fake) {
	committed(n)
	n[1].configures(configuration(1, 2, 3, 4))
	n[1].syncs()
	for _, i := range []int{2, 3} {
		n[i].copies(n[1], 3)
	}
	n[1].commits(3)
	n[1].stores(4, 1)
	n[2].stores(4, 1)
	n[1].configures(configuration(1, 2, 3))
	n[1].syncs()
}

// copied has n1 lead term 1 with an entry that n2 and n3 have as well, and nobody told of.
func copied(n []*fake) {
	n[1].leads(1)
	n[1].stores(1, 1)
	for i := 2; i <= 3; i++ {
		n[i].follows(1)
		n[i].stores(1, 1)
	}
}

func TestCommittedEntries(t *testing.T) {
	scripts{
		{"a majority with a node that is down", func(n []*fake) {
			copied(n)
			n[3].crashes()
			n[1].commits(1)
			n[2].commits(1)
		}, ""},
		{"a majority without the leader's own disk", func(n []*fake) {
			n[1].leads(1)
			n[1].writes(1, 1)
			for i := 2; i <= 4; i++ {
				n[i].follows(1)
				n[i].stores(1, 1)
			}
			n[1].commits(1)
		}, ""},
		{"an entry of the leader's term commits those before", func(n []*fake) {
			for i := 1; i <= 3; i++ {
				n[i].follows(1)
				n[i].stores(1, 1)
				n[i].follows(2)
				n[i].stores(2, 2)
			}
			n[1].leads(3)
			n[1].stores(3, 3)
			for i := 2; i <= 3; i++ {
				n[i].follows(3)
				n[i].stores(3, 3)
			}
			n[1].commits(3)
		}, ""},
		{"a follower loses a committed entry it had not synced", func(n []*fake) {
			committed(n)
			n[4].follows(1)
			n[4].writes(1, 1, 1)
			n[4].commits(2)
			n[4].crashes()
			n[4].boots()
		}, ""},
		{"a late message of an earlier leader overwrites a minority (Figure 8)", func(n []*fake) {
			for _, i := range []int{1, 2, 3, 4} {
				n[i].follows(2)
				n[i].stores(1, 2)
			}
			n[5].leads(3)
			n[5].stores(1, 3)
			n[1].leads(4)
			n[1].stores(2, 4)
			for i := 2; i <= 3; i++ {
				n[i].follows(4)
				n[i].stores(2, 4)
			}
			n[1].commits(2)
			n[4].follows(3)
			n[4].stores(1, 3)
		}, ""},
		{"no majority has it", func(n []*fake) {
			n[1].leads(1)
			n[1].stores(1, 1)
			n[2].follows(1)
			n[2].stores(1, 1)
			n[1].commits(1)
		}, "n1 committed index 1 of term 1, which 2 of the 5 voters [n1 n2 n3 n4 n5] have on disk: [n1 n2]"},
		{"a majority has it, but not on disk", func(n []*fake) {
			n[1].leads(1)
			n[1].stores(1, 1)
			for i := 2; i <= 5; i++ {
				n[i].follows(1)
				n[i].writes(1, 1)
			}
			n[1].commits(1)
		}, "n1 committed index 1 of term 1, which 1 of the 5 voters [n1 n2 n3 n4 n5] have on disk: [n1]"},
		{"the leader counts itself before its disk is done", func(n []*fake) {
			n[1].leads(1)
			n[1].writes(1, 1)
			for i := 2; i <= 3; i++ {
				n[i].follows(1)
				n[i].stores(1, 1)
			}
			n[1].commits(1)
		}, "n1 committed index 1 of term 1, which 2 of the 5 voters [n1 n2 n3 n4 n5] have on disk: [n2 n3]"},
		{"a majority has another entry there", func(n []*fake) {
			n[1].leads(2)
			n[1].stores(1, 2)
			for i := 2; i <= 5; i++ {
				n[i].follows(2)
				n[i].stores(1, 1)
			}
			n[1].commits(1)
		}, "n1 committed index 1 of term 2, which 1 of the 5 voters [n1 n2 n3 n4 n5] have on disk: [n1]"},
		{"what was on a disk before a restart does not count after it", func(n []*fake) {
			n[1].leads(1)
			n[1].stores(1, 1)
			for i := 2; i <= 3; i++ {
				n[i].follows(1)
				n[i].stores(1, 1)
			}
			n[3].crashes()
			n[3].log = nil
			n[3].boots()
			n[1].commits(1)
		}, "n1 committed index 1 of term 1, which 2 of the 5 voters [n1 n2 n3 n4 n5] have on disk: [n1 n2]"},
		{"copies of an entry of an earlier term are counted (Figure 8)", func(n []*fake) {
			for i := 1; i <= 3; i++ {
				n[i].follows(2)
				n[i].stores(1, 2)
			}
			n[1].leads(4)
			n[1].commits(1)
		}, "n1, leader of term 4, committed index 1, whose entry is of term 2, without one of its own term"},
		{"a follower commits what nobody did", func(n []*fake) {
			committed(n)
			n[2].stores(3, 1)
			n[2].commits(3)
		}, "n2 committed index 3 of term 1, which 1 of the 5 voters [n1 n2 n3 n4 n5] have on disk: [n2]"},
		{"a follower commits another entry", func(n []*fake) {
			committed(n)
			n[4].follows(2)
			n[4].stores(1, 1, 2, 2)
			n[4].commits(2)
		}, "n4 committed an entry of term 2 at index 2, where another, of term 1, was committed before"},
		{"a node commits further on another log", func(n []*fake) {
			committed(n)
			n[4].follows(2)
			n[4].stores(1, 1, 2, 2)
			n[4].commits(3)
		}, "n4 committed an entry of term 2 at index 2, where another, of term 1, was committed before"},
		{"a node commits beyond its log", func(n []*fake) {
			committed(n)
			n[4].follows(1)
			n[4].commits(1)
		}, "n4 committed index 1, but its log ends at 0"},
		{"a node drops a committed entry", func(n []*fake) {
			committed(n)
			n[3].follows(2)
			n[3].cuts(2)
		}, "n3 dropped the committed entry of term 1 at index 2 in term 2"},
		{"a node overwrites a committed entry it had not yet synced", func(n []*fake) {
			committed(n)
			n[4].follows(1)
			n[4].writes(1, 1, 1)
			n[4].follows(2)
			n[4].writes(1, 1, 2)
		}, "n4 dropped the committed entry of term 1 at index 2 in term 2"},
		{"a disk loses a committed entry", func(n []*fake) {
			committed(n)
			n[2].crashes()
			n[2].log = n[2].log[:1]
			n[2].boots()
		}, "n2 lost the committed entry of term 1 at index 2, which was on its disk, in a restart"},
		{"a log is compacted, comes back from before that, and from after it", func(n []*fake) {
			committed(n)
			n[1].applies(2)
			whole := n[1].log
			n[1].compacts(1)
			n[1].crashes()
			n[1].log = whole
			n[1].bootsWith(func(o *Observation) { o.Base, o.BaseTerm = 0, 0 })
			n[1].applies(2)
			n[1].compacts(2)
			n[1].crashes()
			n[1].boots()
			n[1].stores(3, 1)
		}, ""},
		{"a snapshot takes the place of a log that is behind, of one that is another, and of none", func(n []*fake) {
			committed(n)
			n[4].follows(1)
			n[4].stores(1, 1)
			n[4].installs(2, 1)
			n[4].stores(3, 1)
			n[5].follows(3)
			n[5].stores(1, 3, 3, 3)
			n[5].follows(4)
			n[5].installs(2, 1)
			n[3].crashes()
			n[3].boots()
			n[3].follows(2)
			n[3].installs(2, 1)
		}, ""},
		{"a snapshot counts as a copy", func(n []*fake) {
			committed(n)
			n[1].applies(2)
			n[1].compacts(2)
			n[4].follows(1)
			n[4].installs(2, 1)
			n[1].stores(3, 1)
			for _, i := range []int{4, 5} {
				n[i].follows(1)
			}
			n[4].stores(3, 1)
			n[3].stores(3, 1)
			n[1].commits(3)
		}, ""},
		{"a snapshot beyond what was committed", func(n []*fake) {
			committed(n)
			n[4].follows(1)
			n[4].installs(3, 1)
		}, "n4 has a snapshot in place of its log up to index 3, but only index 2 is committed"},
		{"a snapshot of another entry than the one committed", func(n []*fake) {
			committed(n)
			n[4].follows(2)
			n[4].installs(2, 2)
		}, "n4 has a snapshot of term 2 in place of its log up to index 2, where an entry of term 1 was committed"},
		{"a snapshot of a log that is not the committed one", func(n []*fake) {
			committed(n)
			n[4].follows(1)
			n[4].writesData(1, 1, "x")
			n[4].writesData(2, 1, "y")
			n[4].syncs()
			n[4].happens(0, func(o *Observation) {
				o.Base, o.BaseTerm, o.Commit = 1, 1, 1
				n[4].log = n[4].log[1:]
			})
		}, "n4 has a snapshot in place of its log up to index 1, where another log was committed"},
		{"a log is compacted beyond its commit index", func(n []*fake) {
			committed(n)
			n[2].compacts(2)
		}, "n2 has a snapshot in place of its log up to index 2, but its commit index is 0"},
		{"a boot from a snapshot nobody took", func(n []*fake) {
			committed(n)
			n[2].crashes()
			n[2].log = nil
			n[2].bootsWith(func(o *Observation) { o.Base, o.BaseTerm = 7, 1 })
		}, "n2 has a snapshot in place of its log up to index 7, but only index 2 is committed"},
		{"a majority of four", func(n []*fake) {
			committed(n)
			n[1].configures(configuration(1, 2, 3, 4))
			n[1].syncs()
			n[2].copies(n[1], 3)
			n[3].copies(n[1], 3)
			n[1].commits(3)
		}, ""},
		{"what commits a joint configuration is counted by it, not by the one that follows at once", func(n []*fake) {
			committed(n)
			n[1].configures(joint(members(1, 2), members(1, 2, 3, 4, 5)))
			n[1].syncs()
			n[2].copies(n[1], 3)
			n[3].copies(n[1], 3)
			n[1].happens(4, func(o *Observation) {
				next := configuration(1, 2)
				n[1].log = append(n[1].log, raft.Entry{Index: 4, Term: 1, Kind: raft.EntryConfiguration, Data: next.Encode(nil)})
				o.Commit, o.Configuration, o.ConfigurationIndex = 3, next, 4
			})
			n[1].syncs()
			n[2].copies(n[1], 4)
			n[1].commits(4)
		}, ""},
		{"a follower comes to know by way of a leader that went on", func(n []*fake) {
			committed(n)
			n[1].configures(configuration(1, 2, 3, 4))
			n[1].syncs()
			for i := 2; i <= 4; i++ {
				n[i].follows(1)
				n[i].stores(1, 1, 1)
				n[i].copies(n[1], 3)
			}
			n[2].commits(3)
		}, ""},
		{"a follower comes to know what a later configuration of its log sufficed for", func(n []*fake) {
			shrunk(n)
			n[2].copies(n[1], 5)
			n[2].commits(4)
		}, ""},
		{"a follower comes to know what a later configuration of its leader's log sufficed for", func(n []*fake) {
			shrunk(n)
			n[2].commits(4)
		}, ""},
		{"a learner does not count", func(n []*fake) {
			committed(n)
			g := configuration(1, 2, 3, 4)
			g.Learners = members(5)
			n[1].configures(g)
			n[1].syncs()
			n[2].copies(n[1], 3)
			n[5].follows(1)
			n[5].copies(n[1], 1)
			n[1].commits(3)
		}, "n1 committed index 3 of term 1, which 2 of the 4 voters [n1 n2 n3 n4] have on disk: [n1 n2]"},
		{"a leader that is leaving counts itself", func(n []*fake) {
			committed(n)
			n[1].configures(configuration(2, 3, 4, 5))
			n[1].syncs()
			n[2].copies(n[1], 3)
			n[3].copies(n[1], 3)
			n[1].commits(3)
		}, "n1 committed index 3 of term 1, which 2 of the 4 voters [n2 n3 n4 n5] have on disk: [n2 n3]"},
		{"a joint configuration is committed by the voters to be alone", func(n []*fake) {
			committed(n)
			n[1].configures(joint(members(1, 2), members(1, 2, 3, 4, 5)))
			n[1].syncs()
			n[2].copies(n[1], 3)
			n[1].happens(4, func(o *Observation) {
				next := configuration(1, 2)
				n[1].log = append(n[1].log, raft.Entry{Index: 4, Term: 1, Kind: raft.EntryConfiguration, Data: next.Encode(nil)})
				o.Commit, o.Configuration, o.ConfigurationIndex = 3, next, 4
			})
		}, "n1 committed index 3 of term 1, which 2 of the 5 voters [n1 n2 n3 n4 n5] have on disk: [n1 n2]"},
		{"a joint configuration is committed by the voters before alone", func(n []*fake) {
			committed(n)
			n[1].configures(joint(members(4, 5), members(1, 2, 3)))
			n[1].syncs()
			n[2].copies(n[1], 3)
			n[3].copies(n[1], 3)
			n[1].commits(3)
		}, "n1 committed index 3 of term 1, which 0 of the 2 voters [n4 n5] have on disk: []"},
		{"a node whose disk was wiped had told the leader", func(n []*fake) {
			n[1].leads(1)
			n[1].stores(1, 1)
			for i := 2; i <= 3; i++ {
				n[i].joins(raft.FirstIncarnation)
				n[i].follows(1)
				n[i].stores(1, 1)
			}
			n[3].acks(n[1], 1)
			n[3].wiped()
			n[3].joins(77)
			n[1].commits(1)
		}, ""},
		{"a node whose disk was wiped had told the leader, and is not back yet", func(n []*fake) {
			n[1].leads(1)
			n[1].stores(1, 1)
			for i := 2; i <= 3; i++ {
				n[i].crashes()
				n[i].joins(raft.FirstIncarnation)
				n[i].follows(1)
				n[i].stores(1, 1)
			}
			n[3].acks(n[1], 1)
			n[3].wiped()
			n[1].commits(1)
		}, ""},
		{"a node whose disk was wiped had told the leader, and later ones of more", func(n []*fake) {
			copied(n)
			n[3].acks(n[1], 1)
			n[2].leads(2)
			n[3].follows(2)
			n[3].acks(n[2], 1)
			n[3].wiped()
			n[1].commits(1)
		}, ""},
		{"a node whose disk was wiped had told the leader, and not had it any more", func(n []*fake) {
			copied(n)
			n[3].acks(n[1], 1)
			n[4].leads(2)
			n[4].stores(1, 2)
			n[3].follows(2)
			n[3].stores(1, 2)
			n[3].acks(n[4], 1)
			n[3].wiped()
			n[1].commits(1)
		}, "n1 committed index 1 of term 1, which 2 of the 5 voters [n1 n2 n3 n4 n5] have on disk: [n1 n2]"},
		{"a node whose disk was wiped had told nobody", func(n []*fake) {
			copied(n)
			n[3].wiped()
			n[1].commits(1)
		}, "n1 committed index 1 of term 1, which 2 of the 5 voters [n1 n2 n3 n4 n5] have on disk: [n1 n2]"},
		{"another node of a voter's name is none of the voters", func(n []*fake) {
			n[1].leads(1)
			n[1].stores(1, 1)
			n[2].follows(1)
			n[2].stores(1, 1)
			n[3].wiped()
			n[3].joins(77)
			n[3].follows(1)
			n[3].stores(1, 1)
			n[1].commits(1)
		}, "n1 committed index 1 of term 1, which 2 of the 5 voters [n1 n2 n3 n4 n5] have on disk: [n1 n2]"},
	}.run(t, "committed-entries")
}
