package server

import (
	"cmp"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"sync"

	"raftsim/raft"
	"raftsim/raft/raftpb"
)

// book is where nodes can be reached, as far as this one has been told. Nodes tell each other what is new, and the latest word
// about a node holds; what the node says of itself when it starts is the latest until it is said that it moved.
type book struct {
	path string

	mu    sync.Mutex
	nodes map[raft.NodeID]*place
	// news grows with every change, so that others can tell what they have passed on already.
	news int
	// wake is closed, and made anew, when there is news.
	wake chan struct{}
	// unsaved says that not all of it is on the disk.
	unsaved bool
}

// place is what is known of a node.
type place struct {
	Node raft.NodeID `json:"node"`
	// Address is the latest; Given is what the node was started with.
	Address string `json:"address"`
	Given   string `json:"-"`
	// Said is when Address was said, in nanoseconds of Unix time.
	Said int64 `json:"said"`
	// Met says that the node has taken part in the cluster.
	Met bool `json:"met"`

	news int
}

// bookFile is the file.
type bookFile struct {
	Version int      `json:"version"`
	Nodes   []*place `json:"nodes"`
}

const bookVersion = 1

// openBook reads a book, empty when there is none, and adds the addresses that the node was started with.
func openBook(dir string, given map[raft.NodeID]string) (*book, error) {
	b := &book{path: filepath.Join(dir, "book.json"), nodes: make(map[raft.NodeID]*place), wake: make(chan struct{})}
	text, err := os.ReadFile(b.path)
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return nil, fmt.Errorf("it cannot be read where other nodes are: %w", err)
	}
	if err == nil {
		var file bookFile
		if err := json.Unmarshal(text, &file); err != nil || file.Version != bookVersion {
			return nil, fmt.Errorf("%s is damaged or of another version: remove it, and give where all other nodes are: version %d, %v", b.path, file.Version, err)
		}
		for _, p := range file.Nodes {
			if p != nil {
				b.nodes[p.Node] = p
			}
		}
	}
	for id, address := range given {
		p := b.of(id)
		p.Given = address
		if p.Address == "" {
			p.Address = address
		}
	}
	return b, nil
}

func (b *book) of(id raft.NodeID) *place {
	p := b.nodes[id]
	if p == nil {
		p = &place{Node: id}
		b.nodes[id] = p
	}
	return p
}

// learn takes in what others say. It is on the disk then, unless there is an error.
func (b *book) learn(said []*raftpb.Address) error {
	b.mu.Lock()
	defer b.mu.Unlock()
	for _, a := range said {
		if a.GetNode() == 0 || a.Address != "" && checkAddress(a.Address) != nil || len(b.nodes) >= maxBook && b.nodes[raft.NodeID(a.Node)] == nil {
			continue
		}
		p := b.of(raft.NodeID(a.Node))
		news := false
		if a.Address != "" && a.Said > p.Said {
			news = a.Address != p.Address
			p.Address, p.Said = a.Address, a.Said
		}
		if a.Met && !p.Met {
			p.Met, news = true, true
		}
		if news {
			b.touch(p)
			b.unsaved = true
		}
	}
	if !b.unsaved {
		return nil
	}
	err := b.save()
	b.unsaved = err != nil
	return err
}

// maxBook is how many nodes a book has at most.
const maxBook = 1024

// meet notes that a node takes part in the cluster, durably.
func (b *book) meet(id raft.NodeID) error {
	err := b.learn([]*raftpb.Address{{Node: uint64(id), Met: true}})
	if err == nil && !b.met(id) {
		err = fmt.Errorf("node %v is one too many: no more than %d can be kept in mind", id, maxBook)
	}
	return err
}

// announce puts in what the node says of itself, now in nanoseconds of Unix time: it is the latest word, also when the clock was
// set back since the one before.
func (b *book) announce(id raft.NodeID, address string, now int64) error {
	b.mu.Lock()
	if p := b.nodes[id]; p != nil {
		now = max(now, p.Said+1)
	}
	b.mu.Unlock()
	return b.learn([]*raftpb.Address{{Node: uint64(id), Address: address, Said: now}})
}

// met says whether a node has taken part.
func (b *book) met(id raft.NodeID) bool {
	b.mu.Lock()
	defer b.mu.Unlock()
	p := b.nodes[id]
	return p != nil && p.Met
}

// touch notes that there is news about a node.
func (b *book) touch(p *place) {
	b.news++
	p.news = b.news
	close(b.wake)
	b.wake = make(chan struct{})
}

func (b *book) save() error {
	file := bookFile{Version: bookVersion}
	for _, p := range b.nodes {
		file.Nodes = append(file.Nodes, p)
	}
	slices.SortFunc(file.Nodes, func(x, y *place) int { return cmp.Compare(x.Node, y.Node) })
	text, err := json.Marshal(file)
	if err == nil {
		err = writeFile(b.path, append(text, '\n'))
	}
	if err != nil {
		return fmt.Errorf("it cannot be written where other nodes are: %w", err)
	}
	return nil
}

// address is where a node can be reached, at the k-th try; "" when nobody has said.
func (b *book) address(id raft.NodeID, try int) string {
	b.mu.Lock()
	defer b.mu.Unlock()
	p := b.nodes[id]
	switch {
	case p == nil:
		return ""
	case p.Given != "" && p.Given != p.Address && try%2 == 1:
		return p.Given
	}
	return p.Address
}

// since returns what is new after news, the number to ask with the next time, and what is closed when there is more.
func (b *book) since(news int) ([]*raftpb.Address, int, <-chan struct{}) {
	b.mu.Lock()
	defer b.mu.Unlock()
	var out []*raftpb.Address
	for _, id := range sorted(b.nodes) {
		if p := b.nodes[id]; p.news > news || news < 0 {
			out = append(out, &raftpb.Address{Node: uint64(id), Address: p.Address, Said: p.Said, Met: p.Met})
		}
	}
	return out, b.news, b.wake
}

// ids are the nodes that can be reached, in order.
func (b *book) ids() []raft.NodeID {
	b.mu.Lock()
	defer b.mu.Unlock()
	return sorted(b.nodes)
}
