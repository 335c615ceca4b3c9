package server

import (
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"

	"raftsim/raft"
)

// folder is a node's data folder, held by this process.
type folder struct {
	dir  string
	lock *os.File
	// owner is who the folder belongs to; fresh says that there is no log in it, be it that there never was one, be it that it
	// is gone.
	owner owner
	fresh bool
}

// owner is what node.json says.
type owner struct {
	Version int    `json:"version"`
	Node    string `json:"node"`
	Cluster string `json:"cluster"`
	// Newcomer says that the node did not begin with the cluster, so that it is no voter before it is made one.
	Newcomer bool `json:"newcomer"`
	// Joined says that the node has been a member, so that it does not ask to be one again once it was removed.
	Joined bool `json:"joined"`
}

const (
	ownerVersion = 1
	ownerFile    = "node.json"
	lockFile     = "lock"
	logFolder    = "log"
)

// openFolder takes a data folder into use, for that node of that cluster.
func openFolder(dir string, id raft.NodeID, cluster string) (*folder, error) {
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return nil, fmt.Errorf("the data folder cannot be made: %w", err)
	}
	f := &folder{dir: dir}
	var err error
	if f.lock, err = lockFolder(filepath.Join(dir, lockFile)); err != nil {
		return nil, fmt.Errorf("the data folder %s is in use by another process, or cannot be locked: stop the other one: %w", dir, err)
	}
	if err := f.identify(id, cluster); err != nil {
		f.close()
		return nil, err
	}
	return f, nil
}

// identify makes sure that the folder is the node's own.
func (f *folder) identify(id raft.NodeID, cluster string) error {
	log, err := os.ReadDir(filepath.Join(f.dir, logFolder))
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return fmt.Errorf("it cannot be read whether the data folder has a log: %w", err)
	}
	f.fresh = len(log) == 0
	text, err := os.ReadFile(filepath.Join(f.dir, ownerFile))
	switch {
	case errors.Is(err, fs.ErrNotExist):
		if !f.fresh {
			return fmt.Errorf("the data folder %s has a log but no %s, so that it is not known whose it is: put the file back, or move the folder away", f.dir, ownerFile)
		}
		f.owner = owner{Version: ownerVersion, Node: id.String(), Cluster: cluster}
		return nil // written once it is known what the node is born as
	case err != nil:
		return fmt.Errorf("it cannot be read who the data folder belongs to: %w", err)
	}
	if err := json.Unmarshal(text, &f.owner); err != nil {
		return fmt.Errorf("%s in the data folder %s is damaged: put back an undamaged copy: %w", ownerFile, f.dir, err)
	}
	switch o := f.owner; {
	case o.Version != ownerVersion:
		return fmt.Errorf("the data folder %s is of version %d, and this program knows version %d: use the program that wrote it", f.dir, o.Version, ownerVersion)
	case o.Cluster != cluster:
		return fmt.Errorf("the data folder %s belongs to cluster %q, and this node is of %q: give another --data or --cluster", f.dir, o.Cluster, cluster)
	case o.Node != id.String():
		return fmt.Errorf("the data folder %s belongs to node %s, and this is %v: give another --data or --id", f.dir, o.Node, id)
	}
	return nil
}

// save writes node.json, durably.
func (f *folder) save() error {
	text, err := json.Marshal(f.owner)
	if err == nil {
		err = writeFile(filepath.Join(f.dir, ownerFile), append(text, '\n'))
	}
	if err != nil {
		return fmt.Errorf("it cannot be written who the data folder belongs to: %w", err)
	}
	return nil
}

// close lets others use the folder.
func (f *folder) close() { f.lock.Close() }

// writeFile puts a file of that text in the place of what has the name, whole or not at all, durably.
func writeFile(path string, text []byte) error {
	f, err := os.OpenFile(path+".tmp", os.O_WRONLY|os.O_CREATE|os.O_TRUNC, 0o600)
	if err != nil {
		return err
	}
	_, err = f.Write(text)
	if err == nil {
		err = f.Sync()
	}
	if err = errors.Join(err, f.Close()); err != nil {
		return err
	}
	if err := os.Rename(path+".tmp", path); err != nil {
		return err
	}
	return syncFolder(filepath.Dir(path))
}
