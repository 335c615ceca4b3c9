// Package replica is a whole Raft node but for the outside world: the core of
// package raft, the durable log of package wal, the snapshots of package snapshot and the store of package kv, made one
// event-driven program. What is outside it reaches through one interface, [Env].
//
// The simulator hosts a replica on virtual clocks, networks and disks that fail on
// purpose, the server on real ones; nothing else differs, so that a fault found in one is
// a fault of the other. To put another Raft under test, implement [Process].
//
// A replica writes ahead: entries and votes go to its log first, and no message that
// promises them leaves before the disk has said that they are there.
package replica
