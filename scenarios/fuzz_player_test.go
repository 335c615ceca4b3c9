package scenarios_test

import (
	"bufio"
	"encoding/binary"
	"flag"
	"fmt"
	"io"
	"os"
	"os/exec"
	"runtime/debug"
	"testing"

	"github.com/stretchr/testify/require"

	"raftsim/scenarios"
	"raftsim/scenarios/fuzz/seen"
)

// A player is a process that plays the schedules of a worker of go test -fuzz. In the worker's own process all that a run does counts as
// covered code: how often each of a hundred thousand branches was taken, all but at random, so that nearly every schedule is kept, and
// none is kept for the states that it reached. Played elsewhere, the worker's coverage sees what it is shown: see package seen.
type player struct {
	kind   string
	cmd    *exec.Cmd
	to     io.WriteCloser
	from   *bufio.Reader
	last   []byte
	answer answer
}

// answer is what a player says of a schedule.
type answer struct {
	// Failed: the run is to be reported. Shown: it is worth going on from, and State is its case.
	Failed, Shown bool
	State         uint64
}

// playing is the variable of the environment that makes the test binary a player, and says of which kind of schedule.
const playing = "RAFTSIM_FUZZ_PLAYER"

func TestMain(m *testing.M) {
	if os.Getenv("GOGC") == "" {
		debug.SetGCPercent(400) // as raftsim does: a world's memory is small
	}
	if kind := os.Getenv(playing); kind != "" {
		flag.Parse()
		if err := servePlayer(kind, os.Stdin, os.Stdout, newTally(*tally)); err != nil {
			fmt.Fprintln(os.Stderr, "player:", err)
			os.Exit(1)
		}
		os.Exit(0)
	}
	os.Exit(m.Run())
}

// servePlayer is the player: it answers each schedule that it reads, which its length goes before, until there are no more.
func servePlayer(kind string, in io.Reader, out io.Writer, count *stateTally) error {
	var judge seen.Judge
	o := scenarios.Options{Abstract: count.with(judge.State)}
	for from := bufio.NewReader(in); ; {
		var n uint32
		err := binary.Read(from, binary.LittleEndian, &n)
		if err == io.EOF {
			return nil
		}
		schedule := make([]byte, n)
		if err == nil {
			_, err = io.ReadFull(from, schedule)
		}
		if err != nil {
			return err
		}
		file, err := scenarios.Schedule(kind, schedule)
		if err != nil {
			return err
		}
		r := file.Run(1, o)
		a := answer{Failed: failed(&r)}
		a.State, a.Shown = judge.End(r.Events)
		if err := binary.Write(out, binary.LittleEndian, a); err != nil {
			return err
		}
	}
}

// failed says that a run is one that a fuzz test reports.
func failed(r *scenarios.Result) bool {
	return r.Verdict != scenarios.Pass && r.Verdict != scenarios.Inconclusive
}

// start starts the process.
func (p *player) start() error {
	me, err := os.Executable()
	if err != nil {
		return err
	}
	p.cmd = exec.Command(me, "-tally="+*tally)
	p.cmd.Env = append(os.Environ(), playing+"="+p.kind)
	p.cmd.Stderr = os.Stderr
	if p.to, err = p.cmd.StdinPipe(); err != nil {
		return err
	}
	from, err := p.cmd.StdoutPipe()
	if err != nil {
		return err
	}
	p.from = bufio.NewReader(from)
	return p.cmd.Start()
}

// play has a schedule played. Where that ends the process, the error says so, and the next schedule starts another one.
func (p *player) play(schedule []byte) (answer, error) {
	if p.last != nil && string(p.last) == string(schedule) {
		return p.answer, nil // go test plays again what it wants to make shorter
	}
	if p.cmd == nil {
		if err := p.start(); err != nil {
			return answer{}, err
		}
	}
	_, err := p.to.Write(append(binary.LittleEndian.AppendUint32(nil, uint32(len(schedule))), schedule...))
	var a answer
	if err == nil {
		err = binary.Read(p.from, binary.LittleEndian, &a)
	}
	if err != nil {
		p.stop()
		return answer{}, err
	}
	p.last, p.answer = append(make([]byte, 0, len(schedule)), schedule...), a
	return a, nil
}

// stop ends the process, if there is one.
func (p *player) stop() {
	if p.cmd != nil {
		_ = p.to.Close()
		_ = p.cmd.Wait()
		p.cmd = nil
	}
}

// A player says of a schedule whether it reached something new, and goes on after the end of its process.
func TestAPlayerAnswers(t *testing.T) {
	p := player{kind: scenarios.FuzzTimeouts}
	defer p.stop()
	a, err := p.play([]byte{1, 0, 200, 0})
	require.NoError(t, err)
	require.False(t, a.Failed)
	require.True(t, a.Shown, "what is first is new")
	again, err := p.play([]byte{1, 0, 200, 0})
	require.NoError(t, err)
	require.Equal(t, a, again, "the same again is not played")
	other, err := p.play([]byte{1, 0, 200, 0, 0})
	require.NoError(t, err)
	require.False(t, other.Shown, "it is the same run")

	require.NoError(t, p.cmd.Process.Kill())
	_ = p.cmd.Wait()
	_, err = p.play([]byte{1, 0, 201, 0})
	require.Error(t, err)
	a, err = p.play([]byte{1, 0, 202, 0})
	require.NoError(t, err)
	require.True(t, a.Shown, "another process has seen nothing yet")
}
