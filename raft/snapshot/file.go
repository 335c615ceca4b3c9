package snapshot

import (
	"encoding/binary"
	"errors"
	"fmt"
	"hash/crc32"
	"strings"

	"raftsim/raft"
)

const (
	magic         = "raftsnap"
	formatVersion = 1
	headerBytes   = 56

	suffix = ".snap"
	// unfinished ends the name of a snapshot that is being written.
	unfinished = suffix + ".tmp"
)

var castagnoli = crc32.MakeTable(crc32.Castagnoli)

func fileName(i raft.Index) string { return fmt.Sprintf("%020d%s", uint64(i), suffix) }

// isName says whether a name is that of a snapshot: its index in 20 digits.
func isName(name string) bool {
	digits, ok := strings.CutSuffix(name, suffix)
	return ok && len(digits) == 20 && strings.Trim(digits, "0123456789") == ""
}

// encodeHead returns all of the file that comes before the state machine's data.
func encodeHead(s *raft.Snapshot) []byte {
	config := s.Configuration.Encode(nil)
	b := make([]byte, headerBytes, headerBytes+len(config))
	copy(b, magic)
	le := binary.LittleEndian
	le.PutUint32(b[8:], formatVersion)
	le.PutUint32(b[12:], crc32.Checksum(config, castagnoli))
	le.PutUint64(b[16:], uint64(s.Index))
	le.PutUint64(b[24:], uint64(s.Term))
	le.PutUint64(b[32:], uint64(len(config)))
	le.PutUint64(b[40:], uint64(len(s.Data)))
	le.PutUint32(b[48:], crc32.Checksum(s.Data, castagnoli))
	sealHead(b)
	return append(b, config...)
}

func sealHead(b []byte) { binary.LittleEndian.PutUint32(b[52:], crc32.Checksum(b[:52], castagnoli)) }

// versionError is the version of a snapshot that another program wrote.
type versionError uint32

func (v versionError) Error() string {
	return fmt.Sprintf("is in version %d of the format, and this program reads version %d: use the program that wrote it", uint32(v), formatVersion)
}

// decode reads a file back; the snapshot's data is the file's. The error says what is wrong with it.
func decode(b []byte) (*raft.Snapshot, error) {
	le := binary.LittleEndian
	switch {
	case len(b) < headerBytes:
		return nil, fmt.Errorf("it has %d bytes, fewer than a header", len(b))
	case string(b[:8]) != magic:
		return nil, errors.New("it does not begin like a snapshot")
	case crc32.Checksum(b[:52], castagnoli) != le.Uint32(b[52:]):
		return nil, errors.New("its header's checksum is wrong")
	case le.Uint32(b[8:]) != formatVersion:
		return nil, versionError(le.Uint32(b[8:]))
	}
	rest := b[headerBytes:]
	configBytes, dataBytes := le.Uint64(b[32:]), le.Uint64(b[40:])
	if configBytes > uint64(len(rest)) || dataBytes != uint64(len(rest))-configBytes {
		return nil, fmt.Errorf("its header tells of %d and %d bytes, and %d follow", configBytes, dataBytes, len(rest))
	}
	config, data := rest[:configBytes], rest[configBytes:]
	switch {
	case crc32.Checksum(config, castagnoli) != le.Uint32(b[12:]):
		return nil, errors.New("its configuration's checksum is wrong")
	case crc32.Checksum(data, castagnoli) != le.Uint32(b[48:]):
		return nil, errors.New("its data's checksum is wrong")
	}
	s := &raft.Snapshot{Index: raft.Index(le.Uint64(b[16:])), Term: raft.Term(le.Uint64(b[24:])), Data: data}
	var err error
	if s.Configuration, err = raft.DecodeConfiguration(config); err != nil {
		return nil, err
	}
	return s, nil
}
