package scenarios

import (
	"bufio"
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
// with its cause and the nodes' log lines ([TraceFile]), the clients' history as `raftsim check` reads it ([HistoryFile]), and
// where the history is why the run failed, a page that draws it ([PictureFile]). It returns the paths written.
func (f File) WriteArtifacts(folder string, seed uint64, o Options) (paths []string, err error) {
	write := func(name string, fill func(*bufio.Writer) error) {
		if err != nil {
			return
		}
		path := filepath.Join(folder, name)
		file, e := os.Create(path)
		if e != nil {
			err = e
			return
		}
		w := bufio.NewWriter(file)
		for _, e := range []error{fill(w), w.Flush(), file.Close()} {
			if err == nil {
				err = e
			}
		}
		paths = append(paths, path)
	}
	var res Result
	write(TraceFile, func(w *bufio.Writer) error {
		o.Trace = func(e *sim.Event) { fmt.Fprintln(w, e) }
		o.Log = func(_ time.Duration, id raft.NodeID, line string) { fmt.Fprintf(w, "    %s\n", line) }
		res = f.Run(seed, o)
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
	write(HistoryFile, func(w *bufio.Writer) error { return checker.WriteHistory(w, res.History) })
	if l := res.Linearizability; l != nil && l.Verdict != checker.VerdictLinearizable {
		write(PictureFile, func(w *bufio.Writer) error { return l.WritePicture(w) })
	}
	return paths, err
}
