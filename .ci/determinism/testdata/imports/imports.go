package imports

import (
	_ "raftsim/.ci/determinism/testdata/foreign" // want "import of raftsim/.ci/determinism/testdata/foreign, which is not checked"
	_ "raftsim/.ci/determinism/testdata/foreign/state"

	_ "github.com/spf13/pflag" // want "import of github.com/spf13/pflag, of another module"
	_ "golang.org/x/exp/rand"
)
