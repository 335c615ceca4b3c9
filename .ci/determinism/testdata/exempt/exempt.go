package exempt

import "time"

// determinism: nobody reads excuses where nothing is judged
var start = time.Now()

func since(m map[int]int) time.Duration {
	for range m {
		go func() {}()
	}
	return time.Since(start)
}

var _ = since
