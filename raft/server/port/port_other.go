//go:build !linux

package port

func reserve() (string, func(), error) { return free() }
