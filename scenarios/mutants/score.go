package mutants

import "slices"

// Score is what became of all hunts of one mutant, as `raftsim mutants --json` prints it (DESIGN §8).
type Score struct {
	Mutant string `json:"mutant"`
	// Caught says that every hunt found a violation.
	Caught bool `json:"caught"`
	// Property is the one that was violated in most hunts, the first by name where several were; "" when none was.
	Property string `json:"property"`
	Hunts    int    `json:"hunts"`
	// Seeds are how many it took, over the hunts that found something; 0 when none did. The median of an even
	// number is the lower of the two in the middle.
	SeedsMedian uint64 `json:"seeds_median"`
	SeedsMin    uint64 `json:"seeds_min"`
	SeedsMax    uint64 `json:"seeds_max"`

	// Expected is the property that the mutant's file names, Missed counts the hunts that found nothing.
	Expected string `json:"expected"`
	Missed   int    `json:"missed"`
	// RunsMedian is of the runs it took, counted like Seeds.
	RunsMedian uint64 `json:"runs_median"`
	// Properties counts the hunts by the property that was violated.
	Properties map[string]int `json:"properties"`
	// Replay is the command that plays the first violation of Property again.
	Replay string `json:"replay"`
	// Without is what was seen without the check of Property, Shrunk what its first catch was shrunk to; nil where that was not asked for.
	Without *Without `json:"without,omitempty"`
	Shrunk  *Shrunk  `json:"shrunk,omitempty"`
	// Errors counts the runs that showed a fault of the testbed instead of one of the mutant.
	Errors uint64 `json:"errors,omitempty"`
	// Alarms are the runs that the shipped core fails as well, as commands that play them again with it.
	Alarms []string `json:"alarms,omitempty"`
}

// Sum is the score of hunts; what it says of the mutant is left empty.
func Sum(catches []Catch) Score {
	var seeds, runs []uint64
	s := Score{Hunts: len(catches), Properties: map[string]int{}}
	for k := range catches {
		c := &catches[k]
		s.Errors += c.Errors
		s.Alarms = append(s.Alarms, c.Alarms...)
		if !c.Caught {
			s.Missed++
			continue
		}
		seeds, runs = append(seeds, c.Seeds), append(runs, c.Runs)
		s.Properties[c.Property]++
	}
	s.Caught = s.Hunts > 0 && s.Missed == 0
	if len(seeds) == 0 {
		return s
	}
	for property, n := range s.Properties {
		if best := s.Properties[s.Property]; n > best || n == best && (s.Property == "" || property < s.Property) {
			s.Property = property
		}
	}
	s.Replay = firstOf(catches, s.Property).Replay
	slices.Sort(seeds)
	slices.Sort(runs)
	s.SeedsMin, s.SeedsMax = seeds[0], seeds[len(seeds)-1]
	s.SeedsMedian, s.RunsMedian = seeds[(len(seeds)-1)/2], runs[(len(runs)-1)/2]
	return s
}

// firstOf is the first catch by a property, nil when there is none.
func firstOf(catches []Catch, property string) *Catch {
	for k := range catches {
		if catches[k].Caught && catches[k].Property == property {
			return &catches[k]
		}
	}
	return nil
}
