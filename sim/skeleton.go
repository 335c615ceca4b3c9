package sim

import (
	"time"

	"raftsim/raft"
	"raftsim/raft/kv"
)

// Host is a client's program.
type Host interface {
	// Answered hands over a node's response, which is not kept.
	Answered(from raft.NodeID, r *Response)
	// Wake comes at the time asked for with World.WakeAt.
	Wake()
}

// CutID names one cut or partition, so that it can be undone by itself.
type CutID uint64

// World is under construction.
type World struct{ counters Counters }

func New(Config) *World                                               { return &World{} }
func (w *World) AddNode(boot Boot) raft.NodeID                        { return 0 }
func (w *World) AddHost(h Host) ClientID                              { return 0 }
func (w *World) Request(c ClientID, to raft.NodeID, r *kv.Request)    {}
func (w *World) WakeAt(c ClientID, at time.Duration)                  {}
func (w *World) Step() bool                                           { return false }
func (w *World) RunUntil(t time.Duration)                             {}
func (w *World) Stop()                                                {}
func (w *World) Now() time.Duration                                   { return 0 }
func (w *World) Event() EventID                                       { return 0 }
func (w *World) Fingerprint() uint64                                  { return 0 }
func (w *World) Mix(x uint64)                                         {}
func (w *World) At(t time.Duration, f func())                         {}
func (w *World) Draw(purpose string, n uint64) uint64                 { return 0 }
func (w *World) HostDraw(c ClientID, purpose string, n uint64) uint64 { return 0 }
func (w *World) Crash(id raft.NodeID) bool                            { return false }
func (w *World) Restart(id raft.NodeID) bool                          { return false }
func (w *World) Pause(id raft.NodeID) bool                            { return false }
func (w *World) Resume(id raft.NodeID) bool                           { return false }
func (w *World) Partition(groups [][]raft.NodeID) CutID               { return 0 }
func (w *World) Cut(from, to raft.NodeID) CutID                       { return 0 }
func (w *World) Undo(c CutID) bool                                    { return false }
func (w *World) Mend(from, to raft.NodeID) bool                       { return false }
func (w *World) Heal() bool                                           { return false }
func (w *World) SetLink(from, to raft.NodeID, l Link) bool            { return false }
func (w *World) SetClientLink(l Link)                                 {}
func (w *World) FireTimer(id raft.NodeID, t TimerID) bool             { return false }
func (w *World) SetTimeouts(id raft.NodeID, t Timeouts) bool          { return false }
func (w *World) Nodes() int                                           { return 0 }
func (w *World) Process(id raft.NodeID) Process                       { return nil }
func (w *World) Up(id raft.NodeID) bool                               { return false }
func (w *World) Paused(id raft.NodeID) bool                           { return false }
func (w *World) Boots(id raft.NodeID) uint32                          { return 0 }
func (w *World) Link(from, to raft.NodeID) Link                       { return Link{} }
func (w *World) Connected(from, to raft.NodeID) bool                  { return false }
func (w *World) Counters() *Counters                                  { return &w.counters }
func (w *World) Failure() *Failure                                    { return nil }
