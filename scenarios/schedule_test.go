package scenarios_test

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"raftsim/scenarios"
	"raftsim/scenarios/script"
)

// A schedule has a name that is found again, and what go test writes about it means the same.
func TestASchedulesNameAndItsFileMeanTheSame(t *testing.T) {
	for kind, target := range map[string]string{scenarios.FuzzTimeouts: "FuzzTimeouts", scenarios.FuzzFaults: "FuzzFaults"} {
		schedule := []byte("\x03\x03\xfa\"\n\x02\x00\xc8")
		f, err := scenarios.Schedule(kind, append(schedule, 0, 0, 0, 0, 0))
		require.NoError(t, err)
		require.Equal(t, kind+":0303fa220a0200c8", f.Path, "calm at its end says nothing")
		require.NotEmpty(t, f.Scenario.Timeline)

		named, err := scenarios.Load(f.Path)
		require.NoError(t, err)
		require.Equal(t, f, named)

		folder := filepath.Join(t.TempDir(), "testdata", "fuzz", target)
		require.NoError(t, os.MkdirAll(folder, 0o777))
		path := filepath.Join(folder, "771e938e4458e983")
		require.NoError(t, os.WriteFile(path, fmt.Appendf(nil, "go test fuzz v1\n[]byte(%q)\n", schedule), 0o666))
		written, err := scenarios.Load(path)
		require.NoError(t, err)
		require.Equal(t, path, written.Path)
		require.Equal(t, script.Format(f.Scenario), script.Format(written.Scenario))

		r := written.Run(1, scenarios.Options{})
		require.Equal(t, scenarios.Pass, r.Verdict, r.Line())
		require.Equal(t, "raftsim replay "+path+" --seed 1", r.Replay())
		again := named.Run(1, scenarios.Options{})
		require.Equal(t, r.Fingerprint, again.Fingerprint)
		require.Equal(t, "raftsim replay "+f.Path+" --seed 1", again.Replay(), "it can be typed as it is")
	}
}

func TestWhatIsNoScheduleIsRefused(t *testing.T) {
	for name, why := range map[string]string{
		"fuzz-timeouts:0g":  "want the bytes of a schedule, two hexadecimal digits each",
		"fuzz-faults:123":   "want the bytes of a schedule",
		"fuzz-elsewhere:12": "no such file",
	} {
		_, err := scenarios.Load(name)
		require.ErrorContains(t, err, why)
	}
	_, err := scenarios.Schedule("fuzz", nil)
	require.ErrorContains(t, err, `there is no kind of schedule "fuzz"`)
	for text, why := range map[string]string{
		"FuzzTimeouts/a go test fuzz v1\nstring(\"x\")\n":            "is no []byte, as those of FuzzTimeouts are",
		"FuzzTimeouts/b go test fuzz v1\n[]byte(\"x\n":               "is no []byte",
		"FuzzTimeouts/c go test fuzz v1\n[]byte(\"x\")\nint(3)\n":    "is no []byte",
		"FuzzTimeouts/d go test fuzz v1\n":                           "is no []byte",
		"FuzzStep/e go test fuzz v1\n[]byte(\"x\")\n":                "the Go fuzz test FuzzStep, and scenarios are made of those of FuzzTimeouts and FuzzFaults",
		"FuzzFaults/f go test fuzz v2\n[]byte(\"x\")\n":              "f:1:1",
		"FuzzFaults/g go test fuzz v1\n[]byte(\"\\x0g\")\nname: a\n": "is no []byte",
	} {
		name, text, _ := strings.Cut(text, " ")
		path := filepath.Join(t.TempDir(), name)
		require.NoError(t, os.MkdirAll(filepath.Dir(path), 0o777))
		require.NoError(t, os.WriteFile(path, []byte(text), 0o666))
		_, err := scenarios.Load(path)
		require.ErrorContains(t, err, why, text)
	}
}
