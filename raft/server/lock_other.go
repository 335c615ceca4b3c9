//go:build !unix

package server

import "os"

// lockFolder opens the file; this system has no locks that end with the process.
func lockFolder(path string) (*os.File, error) {
	return os.OpenFile(path, os.O_RDWR|os.O_CREATE, 0o600)
}
