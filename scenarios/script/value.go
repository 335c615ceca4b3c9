package script

import (
	"errors"
	"fmt"
	"math/bits"
	"strconv"
	"strings"
	"time"

	"raftsim/raft/kv"
)

// longest is the longest time a scenario may name.
const longest = 24 * time.Hour

// timeUnits are what a time may end in. µ has two code points.
var timeUnits = [...]struct {
	name string
	size time.Duration
}{
	{"ns", time.Nanosecond}, {"us", time.Microsecond}, {"µs", time.Microsecond}, {"μs", time.Microsecond},
	{"ms", time.Millisecond}, {"s", time.Second}, {"m", time.Minute}, {"h", time.Hour},
}

var errLongest = errors.New("longer than 24h")

// parseTime reads "150ms", "1.5s" or "1m30s" by integers alone; unit is what to propose when
// there is none.
func parseTime(s, unit string) (time.Duration, error) {
	if s == "" {
		return 0, fmt.Errorf("a time is missing; write it like 150ms")
	}
	if strings.HasPrefix(s, "-") {
		return 0, fmt.Errorf("%s is negative", quote(s))
	}
	var total time.Duration
	last := time.Duration(1<<63 - 1)
	for rest := s; rest != ""; {
		whole, frac, tail := number10(rest)
		if whole == "" {
			return 0, fmt.Errorf("%s is not a time; write it like 150ms or 1.5s", quote(s))
		}
		name := tail[:unitLen(tail)]
		if name == "" {
			if rest == s && tail == "" {
				return 0, fmt.Errorf("%s has no unit; write %s%s", visible(s), visible(s), unit)
			}
			return 0, fmt.Errorf("%s is not a time; write it like 150ms or 1.5s", quote(s))
		}
		size := time.Duration(0)
		for _, u := range timeUnits {
			if u.name == name {
				size = u.size
			}
		}
		if size == 0 {
			return 0, fmt.Errorf("%s has the unknown unit %s; units are ns, us, ms, s, m and h", quote(s), quote(name))
		}
		if size >= last {
			return 0, fmt.Errorf("%s: units go from large to small, each once", quote(s))
		}
		n, ok := scale(whole, frac, uint64(size))
		if !ok {
			return 0, fmt.Errorf("%s is not a whole number of nanoseconds", quote(s))
		}
		if n > uint64(longest) || total+time.Duration(n) > longest {
			return 0, fmt.Errorf("%s is %w", quote(s), errLongest)
		}
		total += time.Duration(n)
		last, rest = size, tail[len(name):]
	}
	return total, nil
}

// number10 splits digits, the digits after a point, and the rest. It returns no whole when
// there is no number of that form at the start.
func number10(s string) (whole, frac, rest string) {
	i := digits(s)
	whole, rest = s[:i], s[i:]
	if i == 0 || !strings.HasPrefix(rest, ".") {
		return whole, "", rest
	}
	j := digits(rest[1:])
	if j == 0 {
		return "", "", s
	}
	return whole, rest[1 : 1+j], rest[1+j:]
}

func digits(s string) int {
	i := 0
	for i < len(s) && s[i] >= '0' && s[i] <= '9' {
		i++
	}
	return i
}

func unitLen(s string) int {
	i := 0
	for i < len(s) && (s[i] < '0' || s[i] > '9') {
		i++
	}
	return i
}

// decimal says whether s is a number the way people write it: no sign, no leading zeros.
func decimal(s string) bool {
	return s != "" && digits(s) == len(s) && (s == "0" || s[0] != '0')
}

// scale returns whole.frac times unit, at most 1<<63; ok is false when that is no whole number.
func scale(whole, frac string, unit uint64) (n uint64, ok bool) {
	const most = 1 << 63
	frac = strings.TrimRight(frac, "0")
	if len(frac) > 18 {
		return 0, false
	}
	part, div := uint64(0), uint64(1)
	for _, c := range []byte(frac) {
		part, div = part*10+uint64(c-'0'), div*10
	}
	hi, lo := bits.Mul64(part, unit)
	// part < div, so that hi < div and the division cannot overflow.
	quo, rem := bits.Div64(hi, lo, div)
	if rem != 0 {
		return 0, false
	}
	w, err := strconv.ParseUint(whole, 10, 64)
	if err != nil {
		return most, true
	}
	hi, lo = bits.Mul64(w, unit)
	if hi != 0 || lo > most-quo {
		return most, true
	}
	return lo + quo, true
}

// parseTimes reads a range of times, or one time that is both its ends.
func parseTimes(s, unit string) (DurationRange, error) {
	first, last, ranged := strings.Cut(s, "..")
	if !ranged {
		t, err := parseTime(s, unit)
		return DurationRange{t, t}, err
	}
	// "2..4s" lacks the unit that stands at its other end.
	if _, frac, tail := number10(last); frac == "" && tail != "" && unitLen(tail) == len(tail) {
		unit = tail
	} else if _, _, tail := number10(first); tail != "" && unitLen(tail) == len(tail) {
		unit = tail
	}
	from, err := parseTime(first, unit)
	if err != nil {
		return DurationRange{}, err
	}
	to, err := parseTime(last, unit)
	if err != nil {
		return DurationRange{}, err
	}
	if to < from {
		return DurationRange{}, fmt.Errorf("%s ends before it starts", s)
	}
	return DurationRange{from, to}, nil
}

// parsePercent reads "5%" or "0.0001%" as parts per million.
func parsePercent(s string) (PPM, error) {
	if strings.HasPrefix(s, "-") {
		return 0, fmt.Errorf("%s is negative", quote(s))
	}
	whole, frac, tail := number10(s)
	switch {
	case whole == "" || tail != "" && tail != "%":
		return 0, fmt.Errorf("%s is not a percentage; write it like 5%% or 0.5%%", quote(s))
	case tail == "":
		return 0, fmt.Errorf("%s has no unit; write %s%%", visible(s), visible(s))
	}
	n, ok := scale(whole, frac, 10_000)
	if !ok {
		return 0, fmt.Errorf("%s has more than 4 decimals", s)
	}
	if n > 1_000_000 {
		return 0, fmt.Errorf("%s is over 100%%", quote(s))
	}
	return PPM(n), nil
}

// mostRate bounds a client's rate; it keeps the time between two requests above a microsecond.
const mostRate = 1_000_000

// parseRate reads "50/s" or "0.5/s" as the time between two requests, 0 for none.
func parseRate(s string) (time.Duration, error) {
	if strings.HasPrefix(s, "-") {
		return 0, fmt.Errorf("%s is negative", quote(s))
	}
	whole, frac, tail := number10(s)
	switch {
	case whole == "" || tail != "" && tail != "/s":
		return 0, fmt.Errorf("%s is not a rate; write it like 50/s", quote(s))
	case tail == "":
		return 0, fmt.Errorf("%s has no unit; write %s/s", visible(s), visible(s))
	}
	milli, ok := scale(whole, frac, 1000)
	switch {
	case !ok:
		return 0, fmt.Errorf("%s has more than 3 decimals", s)
	case milli > mostRate*1000:
		return 0, fmt.Errorf("%s is over %d/s", quote(s), mostRate)
	case milli == 0:
		return 0, nil
	}
	return time.Duration(uint64(1000*time.Second) / milli), nil
}

// sizeUnits are what a size may end in.
var sizeUnits = [...]struct {
	name  string
	bytes uint64
}{{"B", 1}, {"KiB", 1 << 10}, {"MiB", 1 << 20}}

// parseSize reads "5000B" or "1.5KiB" as bytes, 1 to [kv.MaxValue].
func parseSize(s string) (int, error) {
	if strings.HasPrefix(s, "-") {
		return 0, fmt.Errorf("%s is negative", quote(s))
	}
	whole, frac, tail := number10(s)
	switch {
	case whole == "":
		return 0, fmt.Errorf("%s is not a size; write it like 5KiB", quote(s))
	case tail == "":
		return 0, fmt.Errorf("%s has no unit; write %sB", visible(s), visible(s))
	}
	for _, u := range sizeUnits {
		if u.name != tail {
			continue
		}
		n, ok := scale(whole, frac, u.bytes)
		switch {
		case !ok:
			return 0, fmt.Errorf("%s is not a whole number of bytes", quote(s))
		case n < 1 || n > kv.MaxValue:
			return 0, fmt.Errorf("%s is not from 1B to 1MiB", quote(s))
		}
		return int(n), nil
	}
	return 0, fmt.Errorf("%s has the unknown unit %s; units are B, KiB and MiB", quote(s), quote(tail))
}

// integer reads a whole number.
func (r *reports) integer(n *node, low, high int) (int, bool) {
	s, ok := r.scalar(n, fmt.Sprintf("a whole number from %d to %d", low, high))
	if !ok {
		return 0, false
	}
	v, err := strconv.Atoi(s)
	switch {
	case !decimal(strings.TrimPrefix(s, "-")):
		r.on(n, "want a whole number from %d to %d, not %s", low, high, n)
	case n.quoted:
		r.on(n, "want a number; write %s without quotes", s)
	case err != nil || v < low || v > high:
		r.on(n, "%s is not from %d to %d", visible(s), low, high)
	default:
		return v, true
	}
	return 0, false
}

// yes reads true or false.
func (r *reports) yes(n *node) bool {
	s, ok := r.scalar(n, "true or false")
	switch {
	case !ok || s == "false" && !n.quoted:
	case s == "true" && !n.quoted:
		return true
	default:
		r.on(n, "want true or false, not %s", n)
	}
	return false
}

// time reads a time from low to 24h.
func (r *reports) time(n *node, unit string, low time.Duration) (time.Duration, bool) {
	s, ok := r.scalar(n, "a time like 150ms")
	if !ok {
		return 0, false
	}
	if strings.Contains(s, "..") {
		r.on(n, "want one time, not the range %s", quote(s))
		return 0, false
	}
	t, err := parseTime(s, unit)
	if err == nil && t < low {
		err = fmt.Errorf("%s is shorter than %v", s, low)
	}
	if err != nil {
		r.on(n, "%v", err)
		return 0, false
	}
	return t, true
}

// times reads a range of times from low to 24h, or one time.
func (r *reports) times(n *node, low time.Duration) (DurationRange, bool) {
	s, ok := r.scalar(n, "a time like 150ms or a range like 150ms..300ms")
	if !ok {
		return DurationRange{}, false
	}
	t, err := parseTimes(s, "ms")
	if err == nil && t.Min < low {
		err = fmt.Errorf("%s is shorter than %v", s, low)
	}
	if err != nil {
		r.on(n, "%v", err)
		return DurationRange{}, false
	}
	return t, true
}

// window reads a stretch of virtual time that is not empty.
func (r *reports) window(n *node) (DurationRange, bool) {
	s, ok := r.scalar(n, "a window like 2s..4s")
	if !ok {
		return DurationRange{}, false
	}
	if !strings.Contains(s, "..") {
		r.on(n, "want a window like 2s..4s, not %s; use at for one moment", quote(s))
		return DurationRange{}, false
	}
	w, err := parseTimes(s, "s")
	if err == nil && w.Min == w.Max {
		err = fmt.Errorf("%s ends when it starts", s)
	}
	if err != nil {
		r.on(n, "%v", err)
		return DurationRange{}, false
	}
	return w, true
}

// bytes reads a number of bytes from 1 to the longest value that the store takes.
func (r *reports) bytes(n *node) int {
	s, ok := r.scalar(n, "a size like 5KiB")
	if !ok {
		return 0
	}
	v, err := parseSize(s)
	if err != nil {
		r.on(n, "%v", err)
	}
	return v
}

// percent reads a share or a probability.
func (r *reports) percent(n *node) (PPM, bool) {
	s, ok := r.scalar(n, "a percentage like 5%")
	if !ok {
		return 0, false
	}
	p, err := parsePercent(s)
	if err != nil {
		r.on(n, "%v", err)
		return 0, false
	}
	return p, true
}
