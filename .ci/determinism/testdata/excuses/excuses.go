package excuses

// want:18 "an excuse without a reason: a reader cannot judge what is not said"

import "time"

func excused(m map[string]int) (sum int) {
	//determinism: addition does not care for the order
	for _, v := range m {
		sum += v
	}
	// The sum again.
	// determinism: addition does not care for the order,
	// and this comment may take two lines
	for _, v := range m {
		sum += v
	}
	//determinism:
	for _, v := range m {
		sum += v
	}

	//determinism: it does not reach beyond the next line // want "an excuse for nothing"

	for _, v := range m { // want "range over map"
		sum += v
	}
	//determinism: measured around the run, not in it
	_ = time.Now()
	return sum
}
