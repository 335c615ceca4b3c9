package main

import (
	"bytes"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// progressing is what is said of runs that took so long; those of a second fail.
func progressing(live bool, total uint64, name string, took ...time.Duration) string {
	var err bytes.Buffer
	now := time.Unix(0, 0)
	p := newProgressAt(streams{err: &err, live: live}, total, func() time.Time { return now })
	for _, d := range took {
		now = now.Add(d)
		p.step(name, d == time.Second)
	}
	p.conclude(false)
	return err.String()
}

// Away from a terminal there is a plain line now and then, and one at the end.
func TestProgressPlain(t *testing.T) {
	require.Equal(t, "2 runs in 9.0s, 0 runs/s\n", progressing(false, 2, "calm", 4*time.Second, 5*time.Second))
	require.Equal(t, "calm: 2 of 9 runs, 1 not passed, 0 runs/s\n3 of 9 runs in 12.0s, 0 runs/s\n",
		progressing(false, 9, "calm", time.Second, 10*time.Second, time.Second))
	require.Equal(t, "1 run in 0.1s, 10 runs/s\n", progressing(false, 1, "calm", 100*time.Millisecond))
}

// On a terminal one line rewrites itself, is no wider than a terminal, and is gone in the end.
func TestProgressLive(t *testing.T) {
	got := progressing(true, 3, "calm", 100*time.Millisecond, 50*time.Millisecond, 50*time.Millisecond)
	require.Equal(t, "\r\x1b[Kcalm: 1 of 3 runs, 0 not passed, 10 runs/s"+
		"\r\x1b[Kcalm: 3 of 3 runs, 0 not passed, 15 runs/s"+
		"\r\x1b[K3 runs in 0.2s, 15 runs/s\n", got)

	got = progressing(true, 3, strings.Repeat("long", 40), time.Second)
	line, _, _ := strings.Cut(strings.TrimPrefix(got, "\r\x1b[K"), "\r")
	require.Len(t, []rune(line), lineWidth)
	require.True(t, strings.HasSuffix(line, "…"))
}

// Colour and a line that rewrites itself are for terminals, and not for one that cannot or must not.
func TestTerminal(t *testing.T) {
	tty, err := os.OpenFile("/dev/ptmx", os.O_RDWR, 0)
	if err != nil {
		t.Skip("no terminal can be had here")
	}
	defer tty.Close()
	file, err := os.Create(t.TempDir() + "/out")
	require.NoError(t, err)
	defer file.Close()
	null, err := os.OpenFile(os.DevNull, os.O_RDWR, 0)
	require.NoError(t, err)
	defer null.Close()

	t.Setenv("TERM", "xterm")
	t.Setenv("NO_COLOR", "")
	s := terminal(file, tty, tty)
	require.True(t, s.color)
	require.True(t, s.live)
	require.Equal(t, "\x1b[31mx\x1b[0m", s.paint(red, "x"))
	for _, f := range []*os.File{file, null} {
		s = terminal(tty, f, tty)
		require.False(t, s.color)
		require.True(t, s.live)
		require.Equal(t, "x", s.paint(red, "x"))
		s = terminal(tty, tty, f)
		require.True(t, s.color)
		require.False(t, s.live)
	}

	t.Setenv("NO_COLOR", "1")
	s = terminal(file, tty, tty)
	require.False(t, s.color)
	require.True(t, s.live, "moving is not colour")

	t.Setenv("NO_COLOR", "")
	t.Setenv("TERM", "dumb")
	s = terminal(file, tty, tty)
	require.False(t, s.color)
	require.False(t, s.live)
}

// A verdict is coloured where colour is wanted, and nothing else is.
func TestColour(t *testing.T) {
	inFolder(t, map[string]string{"impatient.yaml": impatient})
	for seed, want := range map[string]string{"1": "\x1b[32mpass\x1b[0m\n", "3": "\x1b[31mviolation\x1b[0m\n"} {
		var out, err bytes.Buffer
		execute(t.Context(), []string{"replay", "impatient.yaml", "--seed", seed}, streams{out: &out, err: &err, color: true})
		require.Contains(t, out.String(), want)
		require.Equal(t, 2, strings.Count(out.String(), "\x1b"))
	}
}
