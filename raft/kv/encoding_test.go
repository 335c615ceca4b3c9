package kv

import (
	"math/rand/v2"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// requests are valid ones, with every operation and every length that matters.
func requests() []Request {
	longKey, longValue := strings.Repeat("k", MaxKey), strings.Repeat("v", MaxValue)
	return []Request{
		{Session: 1, Seq: 1, Op: Get, Key: "x"},
		{Session: 127, Seq: 128, Op: Put, Key: "x", Value: "v"},
		{Session: 1<<64 - 1, Seq: 1<<64 - 1, Op: Put, Key: longKey, Value: longValue},
		{Session: 3, Seq: 4, Op: Put, Key: "\x00\xff"},
		{Session: 3, Seq: 5, Op: Append, Key: "x", Value: "\x00"},
		{Session: 3, Seq: 6, Op: CAS, Key: "x", Expect: "a", Value: "b"},
		{Session: 3, Seq: 7, Op: CAS, Key: "x", Value: "b"},
		{Session: 3, Seq: 8, Op: CAS, Key: "x", Expect: longValue},
		{Session: 3, Seq: 9, Op: CAS, Key: "x"},
		{Session: 3, Seq: 10, Op: Delete, Key: "x"},
	}
}

func TestARequestSurvivesItsEncoding(t *testing.T) {
	for _, want := range requests() {
		require.NoError(t, want.Validate())
		data := Encode([]byte("before"), &want)
		require.Equal(t, "before", string(data[:6]), "Encode appends")
		got, err := Decode(data[6:])
		require.NoError(t, err)
		require.Equal(t, want, got)
	}
}

func TestRandomRequestsSurviveTheirEncoding(t *testing.T) {
	src := rand.New(rand.NewPCG(1, 0))
	text := func(least int) string {
		b := make([]byte, least+src.IntN(200))
		for i := range b {
			b[i] = byte(src.Uint64())
		}
		return string(b)
	}
	for range 20_000 {
		want := Request{
			Session: SessionID(1 + src.Uint64()>>(1+src.IntN(63))), Seq: 1 + src.Uint64()>>(1+src.IntN(63)),
			Op: Op(1 + src.IntN(5)), Key: text(1),
		}
		if want.Op.hasValue() {
			want.Value = text(0)
		}
		if want.Op == CAS {
			want.Expect = text(0)
		}
		require.NoError(t, want.Validate())
		got, err := Decode(Encode(nil, &want))
		require.NoError(t, err)
		require.Equal(t, want, got)
	}
}

func TestValidateNamesWhatIsWrong(t *testing.T) {
	for want, r := range map[string]Request{
		"operation 0 is unknown":      {Session: 1, Seq: 1, Key: "x"},
		"operation 6 is unknown":      {Session: 1, Seq: 1, Key: "x", Op: 6},
		"session is 0":                {Seq: 1, Op: Get, Key: "x"},
		"seq is 0":                    {Session: 1, Op: Get, Key: "x"},
		"key is empty":                {Session: 1, Seq: 1, Op: Get},
		"key has 1025 bytes":          {Session: 1, Seq: 1, Op: Get, Key: strings.Repeat("k", MaxKey+1)},
		"value has 1048577 bytes":     {Session: 1, Seq: 1, Op: Put, Key: "x", Value: strings.Repeat("v", MaxValue+1)},
		"expected value has 1048577":  {Session: 1, Seq: 1, Op: CAS, Key: "x", Expect: strings.Repeat("v", MaxValue+1)},
		"get takes no value":          {Session: 1, Seq: 1, Op: Get, Key: "x", Value: "v"},
		"delete takes no value":       {Session: 1, Seq: 1, Op: Delete, Key: "x", Value: "v"},
		"put takes no expected value": {Session: 1, Seq: 1, Op: Put, Key: "x", Expect: "v"},
	} {
		require.ErrorContains(t, r.Validate(), want)
	}
}

func TestDecodeRefusesWhatEncodeDoesNotWrite(t *testing.T) {
	get := Encode(nil, &Request{Session: 1, Seq: 2, Op: Get, Key: "x"})
	cas := Encode(nil, &Request{Session: 1, Seq: 2, Op: CAS, Key: "x", Expect: "e", Value: "v"})
	for name, c := range map[string]struct{ data, want string }{
		"nothing":                 {"", "empty"},
		"another version":         {"\x21" + string(get[1:]), "version 2, want 1"},
		"operation 0":             {"\x10" + string(get[1:]), "unknown operation 0"},
		"operation 6":             {"\x16" + string(get[1:]), "unknown operation 6"},
		"no session":              {"\x11", "session at byte 1"},
		"session 0":               {"\x11\x00\x02\x01x", "session"},
		"session in a long form":  {"\x11\x81\x00\x02\x01x", "session at byte 1"},
		"session above 64 bits":   {"\x11\xff\xff\xff\xff\xff\xff\xff\xff\xff\x02\x02\x01x", "session at byte 1"},
		"no seq":                  {"\x11\x01", "seq at byte 2"},
		"seq 0":                   {"\x11\x01\x00\x01x", "seq"},
		"no key":                  {"\x11\x01\x02", "key at byte 3"},
		"an empty key":            {"\x11\x01\x02\x00", "key"},
		"a key cut short":         {"\x11\x01\x02\x02x", "key at byte 3"},
		"a key too long":          {"\x11\x01\x02\x81\x08" + strings.Repeat("k", MaxKey+1), "key at byte 3"},
		"a length that overflows": {"\x11\x01\x02\xff\xff\xff\xff\xff\xff\xff\xff\xff\x01x", "key at byte 3"},
		"a get with a value":      {string(get) + "v", "1 bytes too many, from byte 5"},
		"a cas without expect":    {string(cas[:5]), "expected value at byte 5"},
		"an expect cut short":     {string(cas[:6]), "expected value at byte 5"},
		"a value too long":        {"\x12\x01\x02\x01x" + strings.Repeat("v", MaxValue+1), "value of 1048577 bytes"},
	} {
		_, err := Decode([]byte(c.data))
		require.ErrorContains(t, err, c.want, name)
	}
}

func FuzzDecode(f *testing.F) {
	for _, r := range requests() {
		if len(r.Key)+len(r.Value)+len(r.Expect) < 100 {
			f.Add(Encode(nil, &r))
		}
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		r, err := Decode(data)
		if err != nil {
			return
		}
		require.NoError(t, r.Validate(), "what decodes is valid")
		require.Equal(t, data, Encode(nil, &r), "a request has one encoding")
		_, err = NewStore().Apply(1, data)
		require.NoError(t, err, "what decodes applies")
	})
}
