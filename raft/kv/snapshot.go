package kv

// Snapshot returns all that the store holds, for [Store.Restore]: what [Store.Bytes] returns, and the index of the last command.
func (s *Store) Snapshot() []byte { panic("kv: to be written") }

// Restore puts what a snapshot says in the place of all that the store holds.
func (s *Store) Restore(data []byte) error { panic("kv: to be written") }
