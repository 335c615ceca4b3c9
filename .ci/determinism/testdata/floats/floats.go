package floats

import (
	"math"
	"time"
)

const (
	exact   = 0.5 * 4
	million = 1e6
)

type ratio float64 // want "floating point (ratio)"

type sample struct {
	share float32    // want "floating point (float32)"
	many  []float64  // want "floating point"
	wave  complex128 // want "floating point (complex128)"
	ppm   uint32
}

func arithmetic(d time.Duration, n int, r ratio) int { // want "floating point (ratio)"
	half := float64(n) / 2 // want "floating point (float64)"
	_ = half               // want "floating point"
	_ = d.Seconds()        // want "floating point"
	_ = math.Sqrt(2)       // want "floating point"
	if r > 1 {             // want "floating point (ratio)"
		return 1
	}
	n += exact
	return n*million/1_000_000 + int(d/time.Second) + math.MaxInt32 + int(float(2))
}

type float int // only the name

var _ = sample{ppm: million}
