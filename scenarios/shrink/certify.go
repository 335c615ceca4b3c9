package shrink

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"raftsim/scenarios"
	"raftsim/scenarios/script"
)

// certify sees that the minimum is one, and that it fails the same each time.
func (s *shrinker) certify() (*Minimum, error) {
	m := &Minimum{}
	seeds, err := s.needed(m)
	if err != nil {
		return nil, err
	}
	s.seed = seeds[0]
	m.Seeds = ranges(seeds)
	const times = 3
	for k := range times {
		res, ok := s.fails(s.now, s.seed)
		if !ok || k > 0 && (res.Fingerprint != s.result.Fingerprint || res.Detail != s.result.Detail) {
			return nil, fmt.Errorf("the minimal scenario does not do the same each time with seed %d: raftsim run --check-determinism tells more", s.seed)
		}
		s.result = res
	}
	if !s.spent() {
		m.Neighbour = s.neighbour(seeds)
	}
	m.Runs, m.Result = s.runs, s.result
	return m, nil
}

// needed sees that every entry is needed, drops those that are not, and returns the seeds for which that is so.
func (s *shrinker) needed(m *Minimum) ([]uint64, error) {
	seeds := []uint64{s.seed}
	if len(s.every) > 0 {
		seeds = seeds[:0]
		for seed := uint64(1); seed <= goodSeeds; seed++ {
			if _, ok := s.fails(s.now, seed); ok {
				seeds = append(seeds, seed)
			}
		}
	}
	m.Minimal, m.scene = true, false
	for i := len(s.now.Scenario.Timeline) - 1; i >= 0; i-- {
		if len(seeds) == 0 {
			return nil, fmt.Errorf("the run violates %s only some of the times it is played: raftsim run --check-determinism tells more", s.want.property)
		}
		if s.spent() && len(s.now.Scenario.Timeline) > 2*mostEntries {
			m.Minimal = false
			break
		}
		c := s.changed()
		c.Timeline = slices.Delete(c.Timeline, i, i+1)
		f, err := scenarios.Parse(shrunkPath, script.Format(c))
		if err != nil {
			continue // what is left is no scenario
		}
		needed := false
		for _, seed := range seeds {
			if _, ok := s.fails(f, seed); !ok {
				needed = true
				break
			}
		}
		switch {
		case needed:
		case !s.sound(f, seeds[0]):
			m.scene = true
		default:
			s.now, m.scene = f, false
			i = len(s.now.Scenario.Timeline)
		}
	}
	if len(s.every) > 0 && len(seeds) < goodSeeds {
		seeds = seeds[:1] // it does depend on the seed, so that one is as good as some
		s.every, s.seed = nil, seeds[0]
		return s.needed(m)
	}
	return seeds, nil
}

// ranges writes ascending seeds as a file does.
func ranges(seeds []uint64) script.Seeds {
	var all script.Seeds
	for _, seed := range seeds {
		if n := len(all); n > 0 && all[n-1].Last+1 == seed {
			all[n-1].Last = seed
		} else {
			all = append(all, script.SeedRange{First: seed, Last: seed})
		}
	}
	return all
}

// neighbour looks for the least change of a time that makes the failure go away, or else for an entry without which it does.
func (s *shrinker) neighbour(seeds []uint64) string {
	entries := s.now.Scenario.Timeline
	for _, by := range []time.Duration{
		time.Millisecond, 2 * time.Millisecond, 5 * time.Millisecond, 10 * time.Millisecond, 20 * time.Millisecond,
		50 * time.Millisecond, 100 * time.Millisecond, 200 * time.Millisecond,
	} {
		for i := len(entries) - 1; i >= 0; i-- {
			for _, change := range []func(*script.Trigger){
				func(t *script.Trigger) { t.From += by },
				func(t *script.Trigger) { t.From -= by },
				func(t *script.Trigger) { t.To += by },
				func(t *script.Trigger) { t.To -= by },
			} {
				c := s.changed()
				e := &c.Timeline[i]
				if change(&e.Trigger); e.Trigger.From < 0 || e.Trigger.Kind != script.During && e.Trigger.To != 0 || e.Trigger.Kind == script.When {
					continue
				}
				now := *e
				sortTimeline(c.Timeline)
				if s.allPass(c, seeds) {
					return fmt.Sprintf("With %q in place of %q it passes.", script.FormatEntry(&now), script.FormatEntry(&entries[i]))
				}
			}
		}
	}
	for i := len(entries) - 1; i >= 0; i-- {
		c := s.changed()
		c.Timeline = slices.Delete(c.Timeline, i, i+1)
		if s.allPass(c, seeds) {
			return fmt.Sprintf("Without %q it passes.", script.FormatEntry(&entries[i]))
		}
	}
	return ""
}

// allPass says whether a changed scenario shows nothing wrong, with each of the seeds.
func (s *shrinker) allPass(c *script.Scenario, seeds []uint64) bool {
	f, err := scenarios.Parse(shrunkPath, script.Format(c))
	if err != nil || s.spent() {
		return false
	}
	for _, seed := range seeds {
		if res, _ := s.fails(f, seed); !passes(&res) {
			return false
		}
	}
	return true
}

// write makes the file, and reads it again to see that it is one.
func (m *Minimum) write(now scenarios.File) error {
	sc := clone(now.Scenario)
	sc.Seeds = m.Seeds
	m.entries = len(sc.Timeline)
	m.text = append([]byte(m.head()), script.Format(sc)...)
	f, err := scenarios.Parse(shrunkPath, m.text)
	if err != nil {
		return fmt.Errorf("the minimal scenario cannot be written as a file: %w", err)
	}
	m.Scenario = f.Scenario
	return nil
}

// Format is the file: a head that says what it shows and where it comes from, and the scenario. It is not to be altered.
func (m *Minimum) Format() []byte { return m.text }

// head is the comment that the file begins with.
func (m *Minimum) head() string {
	from := fmt.Sprintf("Shrunk from %s with seed %d", m.from, m.seed)
	if m.mutant != "" {
		from += ", mutant " + m.mutant
	}
	sentences := []string{m.Result.Property + ": " + m.Result.Detail + ".", from + "."}
	if m.Seeds.Len() > 1 {
		sentences = append(sentences, "It fails whatever the seed: nothing that is drawn matters.")
	} else {
		sentences = append(sentences, "It fails with this seed.")
	}
	switch {
	case !m.Minimal:
		sentences = append(sentences, "There may be a smaller one: the search was ended by its budget.")
	case m.entries > 0 && m.Seeds.Len() > 1:
		sentences = append(sentences, "Every entry of the timeline is needed for that.")
	case m.entries > 0:
		sentences = append(sentences, "Every entry of the timeline is needed.")
	}
	switch {
	case m.scene:
		sentences = append(sentences, "A core without the fault passes it, for which entries are needed, too.")
	case m.Sound:
		sentences = append(sentences, "A core without the fault passes it.")
	}
	if m.Neighbour != "" {
		sentences = append(sentences, m.Neighbour)
	}
	var b strings.Builder
	for _, one := range sentences {
		b.WriteString(comment(one))
	}
	return b.String()
}

// comment wraps a text into lines of a comment.
func comment(text string) string {
	const width = 100
	var b strings.Builder
	line := "#"
	for _, word := range strings.Fields(text) {
		if len(line)+1+len(word) > width && line != "#" {
			b.WriteString(line + "\n")
			line = "#"
		}
		line += " " + word
	}
	return b.String() + line + "\n"
}
