//go:build never

// want:1 "a file that only some builds have"
package builds
