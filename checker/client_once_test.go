package checker

import "testing"

func TestClientOnce(t *testing.T) {
	scripts{
		{"requests take effect, in any order, and repeats do not", func(n []*fake) {
			for i := 1; i <= 2; i++ {
				n[i].follows(1)
				n[i].writes(1, 1, 1, 1, 1, 1)
				n[i].takes(1, 3, 1, true)
				n[i].takes(2, 3, 1, false)
				n[i].takes(3, 3, 4, true)
				n[i].takes(4, 3, 2, true)
				n[i].takes(5, 4, 1, true)
			}
		}, ""},
		{"noops take part in nothing", func(n []*fake) {
			n[1].follows(1)
			n[1].writes(1, 1, 1)
			n[1].takes(1, 0, 0, true)
			n[1].takes(2, 0, 0, true)
		}, ""},
		{"the log is applied again after a restart", func(n []*fake) {
			n[1].follows(1)
			n[1].stores(1, 1, 1)
			n[1].takes(1, 3, 1, true)
			n[1].takes(2, 3, 1, false)
			n[1].crashes()
			n[1].boots()
			n[1].takes(1, 3, 1, true)
			n[1].takes(2, 3, 1, false)
		}, ""},
		{"a request takes effect twice", func(n []*fake) {
			n[2].writes(1, 1, 1)
			n[2].takes(1, 3, 7, true)
			n[2].takes(2, 3, 7, true)
		}, "request 7 of session 3 took effect at index 1 and, on n2, again at index 2"},
		{"a request takes effect at different indexes of different nodes", func(n []*fake) {
			n[1].writes(1, 1, 1)
			n[2].writes(1, 1, 1)
			n[1].takes(1, 3, 7, true)
			n[2].takes(2, 3, 7, true)
		}, "request 7 of session 3 took effect at index 1 and, on n2, again at index 2"},
		{"a request far from all others takes effect twice", func(n []*fake) {
			n[2].writes(1, 1, 1, 1, 1)
			n[2].takes(1, 3, 1, true)
			n[2].takes(2, 3, 1<<60, true)
			n[2].takes(3, 3, 2, true)
			n[2].takes(4, 3, 1<<60, true)
		}, "request 1152921504606846976 of session 3 took effect at index 2 and, on n2, again at index 4"},
		{"a request once far, and then amid others, takes effect twice", func(n []*fake) {
			n[2].writes(1, 1, 1, 1, 1)
			n[2].takes(1, 3, 5000, true)
			n[2].takes(2, 3, 4000, true)
			n[2].takes(3, 3, 5001, true)
			n[2].takes(4, 3, 5000, true)
		}, "request 5000 of session 3 took effect at index 1 and, on n2, again at index 4"},
		{"nodes do not agree about an effect", func(n []*fake) {
			n[1].writes(1, 1)
			n[4].writes(1, 1)
			n[1].takes(1, 3, 7, false)
			n[4].takes(1, 3, 7, true)
		}, "request 7 of session 3, at index 1, took effect on n4 and was taken for a repeat on n1"},
		{"nodes do not agree about a request", func(n []*fake) {
			n[1].writes(1, 1)
			n[4].writes(1, 1)
			n[1].takes(1, 3, 7, true)
			n[4].takes(1, 3, 8, true)
		}, "index 1 is request 7 of session 3 on n1, and request 8 of session 3 on n4"},
		{"a node does not find the effect again after a restart", func(n []*fake) {
			n[1].stores(1, 1)
			n[1].takes(1, 3, 7, true)
			n[1].crashes()
			n[1].boots()
			n[1].takes(1, 3, 7, false)
		}, "request 7 of session 3, at index 1, took effect on n1 and was taken for a repeat on n1"},
	}.run(t, "client-once")
}
