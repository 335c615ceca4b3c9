package clocks

import (
	"context"
	"time"
	clock "time"
)

const tick = 10 * time.Millisecond

func reads() {
	_ = time.Now()               // want "time.Now: it reads the machine's clock; take the time from the Env or the world"
	_ = clock.Since(time.Time{}) // want "time.Since"
	_ = time.Until(time.Time{})  // want "time.Until"
	<-time.After(tick)           // want "time.After"
	time.Sleep(tick)             // want "time.Sleep"
	_ = time.Tick(tick)          // want "time.Tick"
	_ = time.NewTimer(tick)      // want "time.NewTimer"
	_ = time.NewTicker(tick)     // want "time.NewTicker"
	time.AfterFunc(tick, reads)  // want "time.AfterFunc"
	later := time.Now            // want "time.Now"
	_ = later
	_, stop := context.WithTimeout(context.Background(), tick) // want "context.WithTimeout"
	stop()
}

func zones(t time.Time) {
	_ = t.Local()        // want "time.Time.Local"
	_ = t.In(time.Local) // want "time.Local"
	_ = t.UTC()
}

func virtual(now time.Duration) time.Duration { return now + tick.Round(time.Second) }
