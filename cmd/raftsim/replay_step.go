package main

import (
	"bufio"
	"fmt"
	"os"
	"strconv"
	"strings"
	"time"

	"golang.org/x/term"

	"raftsim/raft"
	"raftsim/scenarios"
	"raftsim/sim"
)

// stepper is `raftsim replay --step`: it goes through a run event by event, forwards and backwards. Each event is come to
// by playing the run up to there, so that backwards is no harder than forwards.
type stepper struct {
	s    streams
	file scenarios.File
	seed uint64
	o    scenarios.Options
	// at is the event shown, last the run's last one.
	at, last uint64
	// text is what was searched for last.
	text string
	keys keys
}

const stepHelp = "n/p next and previous event, N/P a hundred on and back, g EVENT go there, /TEXT search on, q quit"

// stride is how many events N and P go.
const stride = 100

// step goes through a run from its beginning, or from its violation where there is one.
func step(s streams, file scenarios.File, seed uint64, o scenarios.Options) error {
	res := file.Run(seed, o)
	if res.Events == 0 {
		return fmt.Errorf("there is no event to show: %s", res.Line())
	}
	st := &stepper{s: s, file: file, seed: seed, o: o, at: 1, last: res.Events, keys: keysOf(s)}
	s.printf("%s\n", res.Line())
	if res.Event != 0 {
		st.at = res.Event
	}
	st.show()
	for {
		command, ok := st.keys.next(s)
		if !ok || command == "q" {
			return nil
		}
		if st.do(command) {
			st.show()
		}
	}
}

// do goes where a command says, and returns false when that is nowhere new.
func (st *stepper) do(command string) bool {
	before := st.at
	rest := strings.TrimSpace(command[min(1, len(command)):])
	switch {
	case command == "" || command == "n":
		st.at++
	case command == "p":
		st.at--
	case command == "N":
		st.at += stride
	case command == "P":
		st.at -= min(stride, st.at-1)
	case command[0] == 'g':
		id, err := strconv.ParseUint(strings.TrimPrefix(rest, "#"), 10, 64)
		if err != nil {
			st.s.sayf("g wants the number of an event, from 1 to %d\n", st.last)
			return false
		}
		st.at = id
	case command[0] == '/':
		if rest != "" {
			st.text = rest
		}
		if st.text == "" {
			st.s.sayf("/ wants a text to look for\n")
			return false
		}
		found := st.search()
		if found == 0 {
			st.s.sayf("no event after #%d has %q in it\n", st.at, st.text)
			return false
		}
		st.at = found
	default:
		st.s.sayf("%s\n", stepHelp)
		return false
	}
	if st.at < 1 || st.at > st.last {
		st.s.sayf("events go from 1 to %d\n", st.last)
		st.at = min(max(st.at, 1), st.last)
	}
	return st.at != before
}

// show prints the event, what nodes logged during it, and every node's state after it; those that it changed are marked.
func (st *stepper) show() {
	var lines []string
	var before, after []scenarios.NodeView
	o := st.o
	o.StopAtEvent = st.at
	current := uint64(0)
	o.Trace = func(e *sim.Event) {
		if current = uint64(e.ID); current == st.at {
			lines = append(lines, e.String())
		}
	}
	o.Log = func(_ time.Duration, id raft.NodeID, line string) {
		if current == st.at {
			lines = append(lines, "    "+logLine(id, line))
		}
	}
	o.Observe = func(r *scenarios.Run) {
		if uint64(r.Event()) == st.at && before == nil && len(lines) == 0 {
			before = r.Nodes()
		}
	}
	o.AtEnd = func(r *scenarios.Run) { after = r.Nodes() }
	st.file.Run(st.seed, o)
	st.keys.clear(st.s)
	for _, line := range lines {
		st.s.printf("%s\n", line)
	}
	for i, v := range after {
		mark := "  "
		if before == nil || i < len(before) && v.String() != before[i].String() {
			mark = st.s.paint(yellow, "* ")
		}
		st.s.printf("%s%s\n", mark, v)
	}
	st.s.printf("[%d of %d] %s\n", st.at, st.last, stepHelp)
}

// search returns the next event that has the text in it, or in what is logged during it; 0 for none.
func (st *stepper) search() uint64 {
	found, current := uint64(0), uint64(0)
	has := func(text string) {
		if found == 0 && current > st.at && strings.Contains(text, st.text) {
			found = current
		}
	}
	o := st.o
	o.Trace = func(e *sim.Event) { current = uint64(e.ID); has(e.String()) }
	o.Log = func(_ time.Duration, id raft.NodeID, line string) { has(logLine(id, line)) }
	st.file.Run(st.seed, o)
	return found
}

// keys are where commands come from: single keys of a terminal, or lines of anything else.
type keys struct {
	in *bufio.Reader
	// tty is nil where the input is no terminal.
	tty *os.File
}

func keysOf(s streams) keys {
	if f, ok := s.in.(*os.File); ok && term.IsTerminal(int(f.Fd())) {
		return keys{in: bufio.NewReader(f), tty: f}
	}
	return keys{in: bufio.NewReader(s.in)}
}

// next returns the next command, and false when there are no more.
func (k *keys) next(s streams) (string, bool) {
	if k.tty == nil {
		return k.line()
	}
	key, ok := k.key()
	if ok && (key == "g" || key == "/") {
		s.sayf("%s ", key)
		line, ok := k.line()
		return key + " " + line, ok
	}
	return key, ok
}

// line reads a line, without the blanks around it.
func (k *keys) line() (string, bool) {
	var line []byte
	for {
		b, err := k.in.ReadByte()
		if err != nil || b == '\n' || b == '\r' {
			return strings.TrimSpace(string(line)), err == nil || len(line) > 0
		}
		line = append(line, b)
	}
}

// key waits for one key, and returns the command that it stands for.
func (k *keys) key() (string, bool) {
	was, err := term.MakeRaw(int(k.tty.Fd()))
	if err != nil {
		return "", false
	}
	defer func() { _ = term.Restore(int(k.tty.Fd()), was) }()
	b, err := k.in.ReadByte()
	if err != nil {
		return "", false
	}
	pressed := []byte{b}
	const escape, interrupt, end = 0x1b, 0x03, 0x04
	if b == escape { // what belongs to a key comes with it
		rest, _ := k.in.Peek(k.in.Buffered())
		pressed = append(pressed, rest...)
		_, _ = k.in.Discard(len(rest))
	}
	switch string(pressed) {
	case string(rune(interrupt)), string(rune(end)):
		return "", false
	case "\x1b[C", "\x1b[B", "\r", " ":
		return "n", true
	case "\x1b[D", "\x1b[A":
		return "p", true
	case "\x1b[6~":
		return "N", true
	case "\x1b[5~":
		return "P", true
	}
	return string(pressed[:1]), true
}

// clear empties the screen of a terminal.
func (k *keys) clear(s streams) {
	if k.tty != nil && s.live {
		s.printf("\x1b[H\x1b[2J")
	}
}
