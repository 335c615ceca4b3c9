package checker

import (
	"testing"

	"raftsim/raft"
)

func TestConfigurationChanges(t *testing.T) {
	// leads has n1 lead term 1, its first entry committed by n2 and n3.
	leads := func(n []*fake) {
		n[1].leads(1)
		n[1].stores(1, 1)
		for i := 2; i <= 3; i++ {
			n[i].follows(1)
			n[i].stores(1, 1)
		}
		n[1].commits(1)
	}
	// spread has n2 and n3 take n1's log from an index on, and n1 commit it.
	spread := func(n []*fake, from raft.Index) {
		n[1].syncs()
		n[2].copies(n[1], from)
		n[3].copies(n[1], from)
		n[1].commits(n[1].o.LastIndex)
	}
	five := configuration(1, 2, 3, 4, 5)
	four := configuration(1, 2, 3, 4)
	learning := func(promote bool) *raft.Configuration {
		g := configuration(1, 2, 3, 4)
		g.Learners = []raft.Member{{ID: 6, Promote: promote}}
		return g
	}
	// swapping has n6 and n7 about to come for n4, and n8 for nobody.
	swapping := func() *raft.Configuration {
		g := configuration(1, 2, 3, 4, 5)
		g.Voters[3].Swap = true
		g.Learners = []raft.Member{{ID: 6, Promote: true, Swap: true}, {ID: 7, Promote: true, Swap: true}, {ID: 8, Promote: true}}
		return g
	}
	scripts{
		{"two learners come for a voter, after another voter left", func(n []*fake) {
			leads(n)
			n[1].configures(swapping())
			spread(n, 2)
			g := swapping()
			g.Voters = g.Voters[:4]
			n[1].configures(g)
			spread(n, 3)
			n[1].configures(joint(members(1, 2, 3, 6, 7), members(1, 2, 3, 4)))
			spread(n, 4)
		}, ""},
		{"who comes in a swap does so without another", func(n []*fake) {
			leads(n)
			n[1].configures(swapping())
			spread(n, 2)
			g := joint(members(1, 2, 3, 5, 6), five.Voters)
			g.Learners = []raft.Member{{ID: 7, Promote: true}}
			n[1].configures(g)
		}, "n1, leader of term 1, went from n1 n2 n3 n4 n5, learners n6 n7 n8, to swap n6 n7 for n4 to n1 n2 n3 n5 n6 (from n1 n2 n3 n4 n5), learners n7 at index 3, which is not all of the swap"},
		{"who comes in a swap does so, and who is to leave stays", func(n []*fake) {
			leads(n)
			n[1].configures(swapping())
			spread(n, 2)
			n[1].configures(joint(members(1, 2, 3, 4, 5, 6, 7), five.Voters))
		}, "n1, leader of term 1, went from n1 n2 n3 n4 n5, learners n6 n7 n8, to swap n6 n7 for n4 to n1 n2 n3 n4 n5 n6 n7 (from n1 n2 n3 n4 n5) at index 3, which is not all of the swap"},
		{"who is to leave is forgotten by a node", func(n []*fake) {
			leads(n)
			n[1].configures(swapping())
			n[2].copies(n[1], 2)
			g := swapping()
			g.Voters[3].Swap, g.Learners[0].Swap, g.Learners[1].Swap = false, false, false
			n[2].goesBy(g, 2)
			n[2].syncs()
		}, "n2 goes by n1 n2 n3 n4 n5, learners n6 n7 n8, but its log says n1 n2 n3 n4 n5, learners n6 n7 n8, to swap n6 n7 for n4, by index 2"},
		{"a voter leaves, a learner comes, is promoted, and another voter leaves", func(n []*fake) {
			leads(n)
			n[1].goesBy(five, 0)
			n[1].configures(four)
			spread(n, 2)
			n[1].configures(learning(true))
			spread(n, 3)
			g := configuration(1, 2, 3, 4)
			g.Voters = append(g.Voters, raft.Member{ID: 6, Incarnation: 77})
			n[1].configures(g)
			spread(n, 4)
		}, ""},
		{"several go by way of a joint configuration", func(n []*fake) {
			leads(n)
			n[1].configures(joint(members(1, 2, 3), five.Voters))
			spread(n, 2)
			n[1].configures(configuration(1, 2, 3))
			spread(n, 3)
		}, ""},
		{"a change is cut off, and the configuration before it is back", func(n []*fake) {
			leads(n)
			n[2].follows(1)
			n[1].configures(four)
			n[2].copies(n[1], 2)
			n[2].follows(2)
			n[2].happens(2, func(o *Observation) {
				n[2].log = n[2].log[:1]
				o.Configuration, o.ConfigurationIndex = five, 0
			})
		}, ""},
		{"a change is overwritten by another leader's", func(n []*fake) {
			leads(n)
			n[1].configures(four)
			n[2].leads(2)
			n[2].stores(2, 2)
			for i := 3; i <= 4; i++ {
				n[i].follows(2)
				n[i].copies(n[2], 1)
			}
			n[2].commits(2)
			n[2].configures(configuration(1, 2, 3, 5))
			n[1].follows(2)
			n[1].copies(n[2], 2)
		}, ""},
		{"a configuration goes into a snapshot, and comes back from it under the snapshot's index", func(n []*fake) {
			leads(n)
			n[1].configures(four)
			spread(n, 2)
			n[1].stores(3, 1)
			spread(n, 3)
			n[1].applies(3)
			n[1].compacts(3)
			n[1].goesBy(four, 2)
			n[1].crashes()
			n[1].boots()
			n[1].goesBy(four, 3)
			n[5].follows(1)
			n[5].happens(4, func(o *Observation) {
				o.Base, o.BaseTerm, o.DurableIndex, o.Commit, o.Applied = 3, 1, 3, 3, 3
				o.Configuration, o.ConfigurationIndex = four, 3
			})
		}, ""},
		{"a crash undoes a compaction past a configuration", func(n []*fake) {
			leads(n)
			n[1].configures(four)
			spread(n, 2)
			whole := n[1].log
			n[1].applies(2)
			n[1].compacts(1)
			n[1].compacts(2)
			n[1].crashes()
			n[1].boots()
			n[1].crashes()
			n[1].log = whole[1:]
			n[1].bootsWith(func(o *Observation) { o.Base, o.BaseTerm = 1, 1 })
		}, ""},
		{"a node with an empty disk waits to be added", func(n []*fake) {
			n[5].wiped()
			n[5].bootsWith(func(o *Observation) { o.Incarnation, o.Configuration = 77, &raft.Configuration{} })
		}, ""},
		{"a second change while the first is not committed", func(n []*fake) {
			leads(n)
			n[1].configures(four)
			n[1].configures(configuration(1, 2, 3))
		}, "n1, leader of term 1, appended a configuration at index 3 while that at index 2 was not committed"},
		{"a change before an entry of the leader's term is committed", func(n []*fake) {
			leads(n)
			n[2].leads(2)
			n[2].stores(2, 2)
			n[2].configures(four)
		}, "n2, leader of term 2, appended a configuration at index 3 before an entry of its term was committed"},
		{"two voters leave at once", func(n []*fake) {
			leads(n)
			n[1].configures(configuration(1, 2, 3))
		}, "n1, leader of term 1, went in one step from n1 n2 n3 n4 n5 to n1 n2 n3 at index 2, whose majorities need not overlap"},
		{"a voter is replaced at once", func(n []*fake) {
			leads(n)
			n[1].configures(configuration(1, 2, 3, 4, 6))
		}, "n1, leader of term 1, went in one step from n1 n2 n3 n4 n5 to n1 n2 n3 n4 n6 at index 2, whose majorities need not overlap"},
		{"a voter is replaced by another node of its name at once", func(n []*fake) {
			leads(n)
			g := configuration(1, 2, 3, 4, 5)
			g.Voters[4].Incarnation = 77
			n[1].configures(g)
		}, "n1, leader of term 1, went in one step from n1 n2 n3 n4 n5 to n1 n2 n3 n4 n5 at index 2, whose majorities need not overlap"},
		{"a joint configuration without the voters before", func(n []*fake) {
			leads(n)
			n[1].configures(joint(members(1, 2, 6), members(1, 2, 3)))
		}, "n1, leader of term 1, went in one step from n1 n2 n3 n4 n5 to n1 n2 n6 (from n1 n2 n3) at index 2, whose majorities need not overlap"},
		{"a joint configuration leads elsewhere", func(n []*fake) {
			leads(n)
			n[1].configures(joint(members(1, 2, 3), five.Voters))
			spread(n, 2)
			n[1].configures(configuration(1, 2, 3, 4))
		}, "n1, leader of term 1, went in one step from n1 n2 n3 (from n1 n2 n3 n4 n5) to n1 n2 n3 n4 at index 3, whose majorities need not overlap"},
		{"a change without a voter", func(n []*fake) {
			leads(n)
			n[1].configures(&raft.Configuration{Learners: members(1)})
		}, "n1 has an entry at index 2 that should hold a configuration, and does not: raft: a configuration needs a voter"},
		{"a change is not in force at once", func(n []*fake) {
			leads(n)
			n[1].goesBy(five, 0)
			n[1].configures(four)
			n[2].goesBy(five, 0)
			n[2].happens(2, func(*Observation) { n[2].log = append(n[2].log, n[1].log[1]) })
		}, "n2 goes by a configuration of index 0, but the latest in its log is that of index 2"},
		{"a change is cut off and stays in force", func(n []*fake) {
			leads(n)
			n[1].configures(four)
			n[2].copies(n[1], 2)
			n[2].follows(2)
			n[2].cuts(2)
		}, "n2 goes by a configuration of index 2, but the latest in its log is that of index 0"},
		{"a learner comes back from a snapshot as a voter", func(n []*fake) {
			leads(n)
			n[1].configures(four)
			spread(n, 2)
			n[1].configures(learning(false))
			spread(n, 3)
			n[4].follows(1)
			n[4].happens(4, func(o *Observation) {
				o.Base, o.BaseTerm, o.DurableIndex, o.Commit, o.Applied = 3, 1, 3, 3, 3
				o.Configuration, o.ConfigurationIndex = configuration(1, 2, 3, 4, 6), 3
			})
		}, "n4 goes by n1 n2 n3 n4 n6, but its log says n1 n2 n3 n4, learners n6, by index 3"},
		{"a node knows its cluster though its disk is empty", func(n []*fake) {
			n[5].wiped()
			n[5].bootsWith(func(o *Observation) { o.Incarnation, o.Configuration = 77, five })
		}, "n5 goes by n1 n2 n3 n4 n5, but its log says nobody, by index 0"},
	}.run(t, "configuration-changes")
}
