package main

import (
	"encoding/json"
	"fmt"

	"raftsim/scenarios"
)

// record is a run as --json prints it (DESIGN §8), one object a line.
type record struct {
	Scenario    string  `json:"scenario"`
	Seed        uint64  `json:"seed"`
	Verdict     string  `json:"verdict"`
	Property    string  `json:"property"`
	Detail      string  `json:"detail"`
	VirtualS    float64 `json:"virtual_s"`
	WallS       float64 `json:"wall_s"`
	Events      uint64  `json:"events"`
	Commits     uint64  `json:"commits"`
	Elections   uint64  `json:"elections"`
	Term        uint64  `json:"term"`
	Ops         uint64  `json:"ops"`
	OpsUnknown  uint64  `json:"ops_unknown"`
	Fingerprint string  `json:"fingerprint"`
	Replay      string  `json:"replay"`
}

// newRecord makes the record of a run that the command replay plays again.
func newRecord(r *scenarios.Result, replay string) record {
	return record{
		Scenario: r.Scenario, Seed: r.Seed, Verdict: string(r.Verdict), Property: r.Property, Detail: r.Detail,
		VirtualS: r.Virtual.Seconds(), WallS: r.Wall.Seconds(),
		Events: r.Events, Commits: r.Commits, Elections: r.Elections, Term: r.Term,
		Ops: r.Ops, OpsUnknown: r.OpsUnknown,
		Fingerprint: fmt.Sprintf("%016x", r.Fingerprint), Replay: replay,
	}
}

// printJSON prints one object on a line of its own.
func (s streams) printJSON(v any) error {
	e := json.NewEncoder(s.out)
	e.SetEscapeHTML(false)
	return e.Encode(v)
}
