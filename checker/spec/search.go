package spec

import "fmt"

// Found is what a search came to.
type Found struct {
	// States is how many different ones there are, Steps how many lead from one to one, and Depth how many steps it
	// takes to the farthest.
	States, Steps, Depth int
	// Taken is how many steps are of each action, in the order of the actions.
	Taken []int
	// Violation is nil when every invariant holds.
	Violation *Violation
}

// Violation is a state, or a step to it, of which an invariant does not hold.
type Violation struct {
	// Invariant is its name, Detail what is wrong.
	Invariant, Detail string
	// Trace is a shortest way there: the actions, in order.
	Trace []string
	// State is where it ends.
	State State
}

// Search visits breadth-first every state that the actions lead to within the bounds, and asks the [Invariants] about each
// state and step. It ends at the first violation. It keeps every state: about 450 bytes each.
func Search(from State, b *Bounds, actions []Action) Found {
	s := search{b: b, actions: actions, invariants: Invariants(), found: Found{Taken: make([]int, len(actions))}}
	s.table = make([]uint32, 1<<12)
	s.add(&from, 0, 0, Nobody, Nobody)
	depth, end := 0, 1
	for k := 0; k < s.n && s.found.Violation == nil; k++ {
		if k == end {
			depth, end = depth+1, s.n
		}
		s.expand(k)
	}
	s.found.States, s.found.Depth = s.n, depth
	return s.found
}

// pageBits is how many states are kept together: they are many, and not to be moved.
const pageBits = 10

type search struct {
	b          *Bounds
	actions    []Action
	invariants []Invariant
	found      Found
	// states in the order they were found in, and how.
	states [][]State
	steps  []step
	n      int
	next   State // scratch
	// table finds a state: open addressing, each place holds its number plus 1.
	table []uint32
}

// step is how a state was found.
type step struct {
	from   int
	action uint8
	i, j   Node
}

func (s *search) at(k int) *State { return &s.states[k>>pageBits][k&(1<<pageBits-1)] }

// add takes in a state unless it is there, and says whether it was not.
func (s *search) add(next *State, from, action int, i, j Node) bool {
	mask := uint64(len(s.table) - 1)
	place := next.hash() & mask
	for ; s.table[place] != 0; place = (place + 1) & mask {
		if *s.at(int(s.table[place] - 1)) == *next {
			return false
		}
	}
	if s.n&(1<<pageBits-1) == 0 {
		s.states = append(s.states, make([]State, 1<<pageBits))
	}
	*s.at(s.n) = *next
	s.steps = append(s.steps, step{from, uint8(action), i, j})
	s.n++
	s.table[place] = uint32(s.n)
	if s.n*2 > len(s.table) {
		s.grow()
	}
	return true
}

func (s *search) grow() {
	s.table = make([]uint32, 2*len(s.table))
	mask := uint64(len(s.table) - 1)
	for k := range s.n {
		place := s.at(k).hash() & mask
		for s.table[place] != 0 {
			place = (place + 1) & mask
		}
		s.table[place] = uint32(k + 1)
	}
}

// expand takes every step from a state.
func (s *search) expand(k int) {
	was, next := s.at(k), &s.next
	for a := range s.actions {
		s.actions[a].Each(was, next, s.b, func(i, j Node) {
			if s.found.Violation != nil || !s.b.allow(next) {
				return
			}
			s.found.Steps++
			s.found.Taken[a]++
			fresh := s.add(next, k, a, i, j)
			s.judge(k, was, next, fresh, step{k, uint8(a), i, j})
		})
	}
}

// judge asks the invariants about a step, and about where it leads if that is new.
func (s *search) judge(k int, was, is *State, fresh bool, by step) {
	for _, v := range s.invariants {
		wrong := ""
		if v.Step != nil {
			wrong = v.Step(was, is)
		} else if fresh {
			wrong = v.State(is)
		}
		if wrong == "" {
			continue
		}
		s.found.Violation = &Violation{Invariant: v.Name, Detail: wrong, Trace: append(s.trace(k), s.name(by)), State: *is}
		return
	}
}

// trace is the way to a state.
func (s *search) trace(k int) []string {
	if k == 0 {
		return nil
	}
	return append(s.trace(s.steps[k].from), s.name(s.steps[k]))
}

func (s *search) name(by step) string { return named(s.actions[by.action].Name, by.i, by.j) }

// named is a step in a trace.
func named(action string, i, j Node) string {
	if j == Nobody {
		return fmt.Sprintf("%s(%v)", action, i)
	}
	return fmt.Sprintf("%s(%v, %v)", action, i, j)
}
