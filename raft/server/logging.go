package server

import (
	"context"
	"fmt"
	"io"
	"log/slog"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"

	"raftsim/raft"
)

// Names of what every line of a node's log carries in JSON. In text they are left out: the words name the node.
const (
	keyNode  = "node"
	keyTerm  = "term"
	keyRole  = "role"
	keyIndex = "index"
)

// NewTextHandler writes logs for people: the time, two blanks, the words, and what else is said as name=value. Lines of
// the Raft are those of the simulator's, to the letter.
func NewTextHandler(w io.Writer, level slog.Leveler) slog.Handler {
	return &textHandler{out: &output{w: w}, level: level}
}

type textHandler struct {
	out   *output
	level slog.Leveler
	with  string
}

type output struct {
	mu  sync.Mutex
	w   io.Writer
	buf []byte
}

func (h *textHandler) Enabled(_ context.Context, l slog.Level) bool { return l >= h.level.Level() }

func (h *textHandler) Handle(_ context.Context, r slog.Record) error {
	o := h.out
	o.mu.Lock()
	defer o.mu.Unlock()
	b := r.Time.UTC().AppendFormat(o.buf[:0], "2006-01-02T15:04:05.000000Z")
	b = append(b, "  "...)
	if r.Level >= slog.LevelWarn {
		b = append(append(b, strings.ToLower(r.Level.String())...), ": "...)
	}
	b = append(b, r.Message...)
	b = append(b, h.with...)
	r.Attrs(func(a slog.Attr) bool {
		b = appendAttr(b, a)
		return true
	})
	b = append(b, '\n')
	o.buf = b
	_, err := o.w.Write(b)
	return err
}

func appendAttr(b []byte, a slog.Attr) []byte {
	switch a.Key {
	case keyNode, keyTerm, keyRole, keyIndex:
		return b
	}
	text := a.Value.Resolve().String()
	b = append(b, ' ')
	b = append(b, a.Key...)
	b = append(b, '=')
	if text == "" || strings.ContainsAny(text, " \t\r\n\"=") {
		return strconv.AppendQuote(b, text)
	}
	return append(b, text...)
}

func (h *textHandler) WithAttrs(attrs []slog.Attr) slog.Handler {
	var b []byte
	for _, a := range attrs {
		b = appendAttr(b, a)
	}
	return &textHandler{out: h.out, level: h.level, with: h.with + string(b)}
}

// WithGroup is not used by this package; names stay as they are.
func (h *textHandler) WithGroup(string) slog.Handler { return h }

// lines writes what the replica has to say. Every RPC has a line; those that come without end, AppendEntries above all, are
// shown only to who asks for all (the debug level), but for the first to each node in a term.
type lines struct {
	log   *slog.Logger
	debug bool
	node  raft.NodeID
	// told are the RPCs, and to whom, whose first in the term was told of.
	told map[string]raft.Term
}

// endless are RPCs that come without end.
var endless = []string{"AppendEntries", "ReadIndex", "InstallSnapshot"}

func newLines(log *slog.Logger, id raft.NodeID) *lines {
	return &lines{log: log, debug: log.Enabled(context.Background(), slog.LevelDebug), node: id, told: make(map[string]raft.Term)}
}

func (l *lines) enabled() bool { return l.log.Enabled(context.Background(), slog.LevelInfo) }

// write writes a line of a node in that state.
func (l *lines) write(line string, s *raft.Status) {
	level := slog.LevelInfo
	if _, call, ok := strings.Cut(line, " sends RPC "); ok {
		if name, _, _ := strings.Cut(call, " "); slices.Contains(endless, name) {
			if l.told[call] == s.Term {
				if !l.debug {
					return
				}
				level = slog.LevelDebug
			}
			l.told[call] = s.Term
		}
	}
	l.log.LogAttrs(context.Background(), level, line, attributes(l.node, s)...)
}

func attributes(id raft.NodeID, s *raft.Status) []slog.Attr {
	return []slog.Attr{
		slog.String(keyNode, id.String()), slog.Uint64(keyTerm, uint64(s.Term)),
		slog.String(keyRole, s.Role.String()), slog.Uint64(keyIndex, uint64(s.LastIndex)),
	}
}

// seldom says the same thing not more often than every so often, whatever else is said in between.
type seldom struct {
	mu   sync.Mutex
	said map[string]time.Time
}

const (
	seldomPause = 30 * time.Second
	// seldomTexts is how many things are kept in mind.
	seldomTexts = 64
)

// say says whether it is time to say a thing.
func (s *seldom) say(format string, args ...any) (string, bool) {
	text, now := fmt.Sprintf(format, args...), time.Now()
	s.mu.Lock()
	defer s.mu.Unlock()
	if at, ok := s.said[text]; ok && now.Sub(at) < seldomPause {
		return "", false
	}
	if s.said == nil || len(s.said) >= seldomTexts {
		s.said = make(map[string]time.Time)
	}
	s.said[text] = now
	return text, true
}
