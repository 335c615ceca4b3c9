package scenarios

import (
	"fmt"
	"slices"

	"raftsim/scenarios/script"
)

// NotComeTo is why an entry was not exercised whose time had not come when the run ended.
const NotComeTo = "it did not come to it"

// notExercised says what the scenario wanted to try and this run did not, so that a vacuous pass shows as one.
func (r *Run) notExercised() []string {
	var missing []string
	say := func(format string, args ...any) { missing = append(missing, fmt.Sprintf(format, args...)) }
	w := &r.clients
	for i := range r.timeline.entries {
		e := &r.timeline.entries[i]
		// Where nobody writes, or nothing is to be committed, that nothing was is no lack.
		quiet := w.spec.Count == 0 || r.wantsNoCommits(e)
		if what := r.lack(e, quiet); what != "" {
			say("line %d%s: %s: %s", e.Position.Line, round(e), e.Action.Verb(), what)
		}
	}
	for _, l := range r.expect.within {
		if !l.happened {
			say("leader within %d terms: there was no %s to count from", l.Terms, l.Of)
		}
	}
	if l := &r.liveness; l.lack != "" {
		say("liveness: %s", l.lack)
	}
	ops, _ := w.history.Len()
	switch {
	case w.spec.Count > 0 && w.spec.Every > 0 && ops == 0:
		say("clients: no operation was begun")
	case ops > 0 && w.answered == 0:
		say("clients: none of %d operations was answered", ops)
	}
	if r.expect.history && w.answered == 0 {
		say("history: it holds no answer, so that anything is linearizable")
	}
	c, n := r.world.Counters(), &r.scenario.Network
	for _, fault := range []struct {
		set   script.PPM
		count uint64
		what  string
	}{{n.Loss, c.Lost, "loss: no message was lost"}, {n.Duplicate, c.Duplicated, "duplicate: no message was duplicated"}, {n.Reorder, c.Reordered, "reorder: no message was reordered"}} {
		if fault.set > 0 && fault.count == 0 {
			say("network: %s", fault.what)
		}
	}
	return missing
}

// Fault is one kind of fault in a run: how often the scenario asked for it, and how often it came to do something. What the
// network draws for every message was not asked for so and so often: Asked is 0, and Fired counts messages.
type Fault struct {
	Kind         string
	Asked, Fired uint64
}

// faults counts what was done to the cluster.
func (r *Run) faults() []Fault {
	var faults []Fault
	for i := range r.timeline.entries {
		e := &r.timeline.entries[i]
		kind := e.Action.Verb()
		k := slices.IndexFunc(faults, func(f Fault) bool { return f.Kind == kind })
		if k < 0 {
			k = len(faults)
			faults = append(faults, Fault{Kind: kind})
		}
		faults[k].Asked++
		if r.lack(e, true) == "" {
			faults[k].Fired++
		}
	}
	if r.world == nil {
		return faults
	}
	c := r.world.Counters()
	for _, f := range [...]Fault{{"message lost", 0, c.Lost}, {"message repeated", 0, c.Duplicated}, {"message overtaken", 0, c.Reordered}} {
		if f.Fired > 0 {
			faults = append(faults, f)
		}
	}
	return faults
}

// wantsNoCommits says whether the file expects that nothing is committed while an entry lasts, or
// where it happens.
func (r *Run) wantsNoCommits(e *entry) bool {
	for _, x := range r.scenario.Expect {
		c, ok := x.Want.(script.Counts)
		if !ok || c.To == 0 || c.To <= e.Trigger.From || c.From > max(e.Trigger.From, e.Trigger.To) {
			continue
		}
		for _, k := range c.Comparisons {
			if k.Metric == script.Commits && k.Holds(0) && !k.Holds(1) {
				return true
			}
		}
	}
	return false
}

// lack says what was missing for an entry to have tried anything, "" when it has. Quiet is that it need not
// have led to an answer.
func (r *Run) lack(e *entry, quiet bool) string {
	what := e.lack(quiet)
	if a, ok := e.Action.(script.SetDisk); ok && what == "" && (a.Full || a.FailSyncs) && !r.timeline.metFaults(e) {
		return "nothing was written that it could have failed"
	}
	return what
}

// lack is what an entry lacks that says so itself.
func (e *entry) lack(quiet bool) string {
	switch {
	case e.phase == pending && e.Trigger.Kind == script.When:
		return fmt.Sprintf("the milestone %v was not reached", e.Trigger.Milestone)
	case e.phase == pending:
		return NotComeTo
	case e.phase == waiting:
		return "there was nobody for it"
	case e.effects == 0 && (e.Action.Verb() == "join" || e.Action.Verb() == "remove"):
		return "the cluster did not come to it"
	case e.effects == 0:
		return "there was nothing to do"
	case e.Action.Verb() == "hold" && e.phase == done && e.held == 0:
		return "no message was held"
	case quiet:
		return ""
	case e.burst != nil && e.burst.answered == 0:
		return "no request of it was answered"
	}
	if _, ok := e.Action.(script.Partition); ok && e.Trigger.Kind == script.During && e.phase == done && e.acknowledged == 0 {
		return "no write was acknowledged while it stood"
	}
	return ""
}

func round(e *entry) string {
	if e.Round == 0 {
		return ""
	}
	return fmt.Sprintf(", round %d", e.Round+1)
}
