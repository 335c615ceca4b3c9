// want:4 "build constraint \"!never\": the same source would run differently elsewhere"

// The constraint is on line 4.
//go:build !never

package builds
