package main

import (
	"fmt"
	"strconv"
	"strings"

	"raftsim/raft/server"
)

// testOptions is the value of a flag that says what only tests want: name=value,name=value.
type testOptions struct {
	text string
	server.TestOptions
	segmentBytes int64
}

func (t *testOptions) String() string { return t.text }
func (t *testOptions) Type() string   { return "name=value,..." }

// Set reads the value.
func (t *testOptions) Set(text string) error {
	out := testOptions{text: text}
	for part := range strings.SplitSeq(text, ",") {
		if part = strings.TrimSpace(part); part == "" {
			continue
		}
		name, value, _ := strings.Cut(part, "=")
		if err := out.set(name, value); err != nil {
			return err
		}
	}
	*t = out
	return nil
}

func (t *testOptions) set(name, value string) error {
	number := func(bits int) (uint64, error) {
		n, err := strconv.ParseUint(value, 10, bits)
		if err != nil {
			return 0, fmt.Errorf("%s=%s: want a whole number", name, value)
		}
		return n, nil
	}
	var off, on bool
	switch value {
	case "off":
		off = true
	case "on":
		on = true
	}
	switch name {
	case "wait", "pre-vote", "check-quorum":
		if !off && !on {
			return fmt.Errorf("%s=%s: want on or off", name, value)
		}
	}
	switch name {
	case "wait":
		t.Wait = on
	case "pre-vote":
		t.NoPreVote = off
	case "check-quorum":
		t.NoCheckQuorum = off
	case "reads":
		if value != "log" && value != "index" {
			return fmt.Errorf("%s=%s: want log or index", name, value)
		}
		t.LogReads = value == "log"
	case "segment-bytes":
		n, err := number(62)
		t.segmentBytes = int64(n)
		return err
	default:
		to := map[string]*int{
			"max-inflight": &t.MaxInflight, "max-inflight-bytes": &t.MaxInflightBytes,
			"max-chunk-bytes": &t.MaxChunkBytes, "max-uncommitted-bytes": &t.MaxUncommittedBytes,
		}[name]
		if to == nil {
			return fmt.Errorf("there is no option %q for tests", name)
		}
		n, err := number(31)
		*to = int(n)
		return err
	}
	return nil
}
