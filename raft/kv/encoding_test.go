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
		{Session: FirstOpened - 1, Seq: 1, Op: Get, Key: "x"},
		{Session: FirstOpened, Seq: 1, Op: Get, Key: "x"},
		{Session: FirstOpened + 63, Seq: 1, Op: Get, Key: "x"},
		{Seq: 1, Op: Open},
		{Seq: 1<<64 - 1, Op: Open},
	}
}

func TestARequestSurvivesItsEncoding(t *testing.T) {
	for _, want := range requests() {
		require.NoError(t, want.Validate())
		for _, now := range []Time{0, 127, 20_000, 1<<64 - 1} {
			data := Encode([]byte("before"), &want, now)
			require.Equal(t, "before", string(data[:6]), "Encode appends")
			require.LessOrEqual(t, len(data)-6, MaxOverhead+len(want.Key)+len(want.Value)+len(want.Expect))
			got, err := Decode(data[6:])
			require.NoError(t, err)
			require.Equal(t, Command{Time: now, Request: want}, got)
		}
	}
}

func TestAnExpirySurvivesItsEncoding(t *testing.T) {
	for _, now := range []Time{0, 1, 20_000, 1<<64 - 1} {
		for _, want := range []Expiry{{}, {Horizon: now}, {Horizon: now / 2, Keep: 1}, {Keep: 1<<64 - 1}} {
			data := EncodeExpiry([]byte("before"), want, now)
			require.Equal(t, "before", string(data[:6]))
			require.LessOrEqual(t, len(data)-6, MaxOverhead)
			got, err := Decode(data[6:])
			require.NoError(t, err)
			require.Equal(t, Command{Time: now, Request: Request{Op: Expire}, Expiry: want}, got)
		}
	}
	got, err := Decode(EncodeExpiry(nil, Expiry{Horizon: 9}, 5))
	require.NoError(t, err)
	require.Equal(t, Time(5), got.Expiry.Horizon, "a horizon is never ahead")
}

// A log is mostly commands, and a simulated disk writes each three times.
func TestACommandIsShort(t *testing.T) {
	r := Request{Session: 60, Seq: 100, Op: Put, Key: "k1", Value: "v"}
	require.Len(t, Encode(nil, &r, 16_000), 1+2+1+1+1+2+1, "sixteen seconds after the cluster began")
	r.Session = FirstOpened + 60
	require.Len(t, Encode(nil, &r, 16_000), 1+2+1+1+1+2+1, "one that was given out is no longer")
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
		now := Time(src.Uint64() >> src.IntN(64))
		got, err := Decode(Encode(nil, &want, now))
		require.NoError(t, err)
		require.Equal(t, Command{Time: now, Request: want}, got)
	}
}

func TestValidateNamesWhatIsWrong(t *testing.T) {
	for want, r := range map[string]Request{
		"operation 0 is unknown":      {Session: 1, Seq: 1, Key: "x"},
		"operation 7 is unknown":      {Session: 1, Seq: 1, Key: "x", Op: Expire},
		"operation 8 is unknown":      {Session: 1, Seq: 1, Key: "x", Op: 8},
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
	for _, r := range []Request{{Seq: 1, Session: 1}, {Seq: 1, Key: "x"}, {Seq: 1, Value: "x"}, {Seq: 1, Expect: "x"}} {
		r.Op = Open
		require.ErrorContains(t, r.Validate(), "open takes no session, key or value")
	}
	require.ErrorContains(t, (&Request{Op: Open}).Validate(), "seq is 0")
}

func TestDecodeRefusesWhatEncodeDoesNotWrite(t *testing.T) {
	get := Encode(nil, &Request{Session: 1, Seq: 2, Op: Get, Key: "x"}, 9)
	cas := Encode(nil, &Request{Session: 1, Seq: 2, Op: CAS, Key: "x", Expect: "e", Value: "v"}, 9)
	for name, c := range map[string]struct{ data, want string }{
		"nothing":                   {"", "empty"},
		"another version":           {"\x11" + string(get[1:]), "version 1, want 2"},
		"operation 0":               {"\x20" + string(get[1:]), "unknown operation 0"},
		"operation 8":               {"\x28" + string(get[1:]), "unknown operation 8"},
		"no time":                   {"\x21", "time at byte 1"},
		"a time in a long form":     {"\x21\x89\x00\x02\x02\x01x", "time at byte 1"},
		"no session":                {"\x21\x09", "session at byte 2"},
		"session 0":                 {"\x21\x09\x00\x02\x01x", "no valid session"},
		"session in a long form":    {"\x21\x09\x81\x00\x02\x01x", "session at byte 2"},
		"session above 64 bits":     {"\x21\x09\xff\xff\xff\xff\xff\xff\xff\xff\xff\x02\x02\x01x", "session at byte 2"},
		"no seq":                    {"\x21\x09\x02", "seq at byte 3"},
		"seq 0":                     {"\x21\x09\x02\x00\x01x", "no valid seq"},
		"no key":                    {"\x21\x09\x02\x02", "key at byte 4"},
		"an empty key":              {"\x21\x09\x02\x02\x00", "no valid key"},
		"a key cut short":           {"\x21\x09\x02\x02\x02x", "key at byte 4"},
		"a key too long":            {"\x21\x09\x02\x02\x81\x08" + strings.Repeat("k", MaxKey+1), "key at byte 4"},
		"a length that overflows":   {"\x21\x09\x02\x02\xff\xff\xff\xff\xff\xff\xff\xff\xff\x01x", "key at byte 4"},
		"a get with a value":        {string(get) + "v", "1 bytes too many, from byte 6"},
		"a cas without expect":      {string(cas[:6]), "expected value at byte 6"},
		"an expect cut short":       {string(cas[:7]), "expected value at byte 6"},
		"a value too long":          {"\x22\x09\x02\x02\x01x" + strings.Repeat("v", MaxValue+1), "value of 1048577 bytes"},
		"an open without seq":       {"\x26\x09", "seq at byte 2"},
		"an open with more":         {"\x26\x09\x01x", "1 bytes too many, from byte 3"},
		"an expiry without horizon": {"\x27\x09", "horizon at byte 2"},
		"a horizon below 0":         {"\x27\x09\x0a\x00", "no valid horizon"},
		"an expiry without keep":    {"\x27\x09\x09", "number of sessions at byte 3"},
		"an expiry with more":       {"\x27\x09\x09\x00x", "1 bytes too many, from byte 4"},
	} {
		_, err := Decode([]byte(c.data))
		require.ErrorContains(t, err, c.want, name)
	}
}

func FuzzDecode(f *testing.F) {
	for _, r := range requests() {
		if len(r.Key)+len(r.Value)+len(r.Expect) < 100 {
			f.Add(Encode(nil, &r, 20_000))
		}
	}
	f.Add(EncodeExpiry(nil, Expiry{Horizon: 10_000, Keep: 7}, 20_000))
	f.Fuzz(func(t *testing.T, data []byte) {
		c, err := Decode(data)
		if err != nil {
			return
		}
		if c.Request.Op == Expire {
			require.Equal(t, data, EncodeExpiry(nil, c.Expiry, c.Time), "an expiry has one encoding")
		} else {
			require.NoError(t, c.Request.Validate(), "what decodes is valid")
			require.Equal(t, data, Encode(nil, &c.Request, c.Time), "a request has one encoding")
		}
		_, err = NewStore().Apply(1, data)
		if err != ErrExpired {
			require.NoError(t, err, "what decodes applies")
		}
	})
}
