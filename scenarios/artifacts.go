package scenarios

import (
	"bufio"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"time"

	"raftsim/checker"
	"raftsim/raft"
	"raftsim/sim"
)

// Names of the files that [File.WriteArtifacts] leaves.
const (
	TraceFile   = "trace.txt"
	HistoryFile = "history.jsonl"
	PictureFile = "history.html"
)

// WriteArtifacts plays a run again and leaves in a folder, which must exist, what one needs to understand it: every event
// with its cause and the nodes' log lines ([TraceFile], which [OpenTrace] reads), and what [Result.WriteHistory] leaves. It returns the paths written.
func (f File) WriteArtifacts(folder string, seed uint64, o Options) (paths []string, err error) {
	var res Result
	path := filepath.Join(folder, TraceFile)
	err = fillFile(path, func(w *bufio.Writer) error {
		fmt.Fprint(w, f.TraceHead(seed, o.Mutant, "go test"))
		o.Trace = func(e *sim.Event) { fmt.Fprintln(w, TraceLine(e)) }
		o.Log = func(_ time.Duration, id raft.NodeID, line string) { fmt.Fprintf(w, "    %s\n", line) }
		res = f.Run(seed, o)
		fmt.Fprintln(w, TraceEnd(&res))
		if len(res.Nodes) > 0 {
			fmt.Fprintf(w, "%s, concerns %v\n", res.Line(), res.Nodes)
		} else {
			fmt.Fprintln(w, res.Line())
		}
		if res.Stack != "" {
			fmt.Fprintln(w, res.Stack)
		}
		return nil
	})
	if err != nil {
		return nil, err
	}
	more, err := res.WriteHistory(folder)
	return append([]string{path}, more...), err
}

// WriteHistory leaves in a folder, which must exist, the clients' history as `raftsim check` reads it ([HistoryFile]), and where
// the history is why the run failed, a page that draws it ([PictureFile]). It returns the paths written.
func (r *Result) WriteHistory(folder string) (paths []string, err error) {
	write := func(name string, fill func(*bufio.Writer) error) {
		path := filepath.Join(folder, name)
		if err == nil {
			err = fillFile(path, fill)
		}
		if err == nil {
			paths = append(paths, path)
		}
	}
	write(HistoryFile, func(w *bufio.Writer) error { return checker.WriteHistory(w, r.History) })
	if l := r.Linearizability; l != nil && l.Verdict != checker.VerdictLinearizable {
		write(PictureFile, func(w *bufio.Writer) error { return l.WritePicture(w) })
	}
	return paths, err
}

// fillFile makes a file.
func fillFile(path string, fill func(*bufio.Writer) error) error {
	file, err := os.Create(path)
	if err != nil {
		return err
	}
	w := bufio.NewWriter(file)
	return errors.Join(fill(w), w.Flush(), file.Close())
}
