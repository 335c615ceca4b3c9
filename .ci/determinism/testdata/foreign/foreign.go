package foreign

import (
	"time"

	"raftsim/.ci/determinism/testdata/foreign/state"
)

var own int

func Start() time.Time {
	own = state.Level
	state.Level = 2    // want "package variable Level is assigned"
	state.Meter.Set(3) // want "package variable Meter is handed out by its address, to Set"
	return time.Now()
}
