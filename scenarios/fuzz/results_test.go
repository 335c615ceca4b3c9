package fuzz

import (
	"errors"
	"testing"

	"github.com/stretchr/testify/require"
)

// full is a disk with no room left.
type full struct{}

func (full) Write([]byte) (int, error) { return 0, errors.New("no space left on device") }
func (full) Close() error              { return nil }

// A full disk is told with the first flush after it, and for good.
func TestAFullDiskIsTold(t *testing.T) {
	l := newLog(full{}, Header{})
	_, err := l.Add(&Played{}, "", "")
	require.NoError(t, err, "it is in the buffer")
	require.ErrorContains(t, l.Flush(), "no space left")
	_, err = l.Add(&Played{}, "", "")
	require.ErrorContains(t, err, "no space left")
	require.ErrorContains(t, l.Close(), "no space left")
}

func TestResumeRefusesWhatIsNoFile(t *testing.T) {
	_, err := Resume("/dev/null", Header{})
	require.ErrorContains(t, err, "/dev/null is no file that could be gone on with")
}
