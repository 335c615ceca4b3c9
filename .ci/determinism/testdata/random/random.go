package random

import (
	crand "crypto/rand" // want "import of crypto/rand: the seed of the run does not decide it"
	"hash/crc32"
	"hash/maphash"        // want "import of hash/maphash"
	"math/rand"           // want "import of math/rand"
	randv2 "math/rand/v2" // want "import of math/rand/v2"

	xrand "golang.org/x/exp/rand"
)

func draws(p []byte) uint64 {
	_, _ = crand.Read(p)
	_ = rand.Intn(3) + randv2.IntN(3)
	_ = maphash.Bytes(maphash.MakeSeed(), p)
	_ = xrand.Uint64() // want "golang.org/x/exp/rand.Uint64"
	_ = crc32.ChecksumIEEE(p)
	var s xrand.PCGSource
	s.Seed(7)
	_ = xrand.New(xrand.NewSource(7)).Uint64()
	return s.Uint64()
}
