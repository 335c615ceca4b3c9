// Package raftpb is what goes over the wire: between nodes, and between clients and nodes. It is made of
// the .proto files beside it, which say what each word means; nothing in it is written by hand but this page.
//
// A field is never given another meaning, and never another number. What a reader does not know it passes over;
// what changes what a known field says is a new version of [Hello].
package raftpb

//go:generate go run ./generate
