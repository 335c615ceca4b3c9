package outside

import (
	"log/slog" // want "import of log/slog: the machine, not the seed, decides what it says"
	"net/http" // want "import of net/http"
	"os"       // want "import of os"
	"path"
	"path/filepath"
	"unsafe"
)

func reads(p *int) (uintptr, string) {
	_, _ = os.ReadFile(os.Getenv("HOME"))
	slog.Info("hello")
	_ = http.StatusOK
	_, _ = filepath.Abs(".") // want "path/filepath.Abs"
	s := unsafe.String(unsafe.StringData("a"), 1)
	return uintptr(unsafe.Pointer(p)), path.Join(s, filepath.Base("b")) // want "address as a number"
}
