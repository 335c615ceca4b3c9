package script

import (
	"testing"

	"github.com/stretchr/testify/require"
	"go.yaml.in/yaml/v4"
)

func TestAPanicOfTheLibraryIsAnError(t *testing.T) {
	var broken *yaml.Loader
	err := load(broken, &yaml.Node{})
	require.ErrorContains(t, err, "the reader of YAML failed")

	r := &reports{file: "x.yaml", lines: []string{"name: x"}}
	r.syntax(err)
	require.ErrorContains(t, r.err(), "x.yaml:1:1: YAML: the reader of YAML failed")
}
