package checker

import (
	"bytes"
	"errors"
	"fmt"
	"math/rand/v2"
	"strconv"
	"strings"
	"testing"
	"testing/iotest"

	"github.com/stretchr/testify/require"

	"raftsim/raft/kv"
)

func written(t *testing.T, h *History) string {
	t.Helper()
	var b bytes.Buffer
	require.NoError(t, WriteHistory(&b, h))
	return b.String()
}

func TestAHistoryIsOneOperationALine(t *testing.T) {
	h := historyOf(
		put("v17").by(3, 1200, 1900),
		get("<v>").by(4, 1300, 1900),
		add("s").by(1<<64-1, 1300, 2000),
		del().by(1, 1400, 2000),
		cas("a", "b", "c", false).by(1, 1500, 2000),
		cas("a\"", "", "a\"", true).by(1, 1500, 2000),
		cas("a", "b", "a", false).by(1, 1500, 2000),
		cas("a", "b", "", false).by(1, 1500, 0),
		put("w").by(1, 1500, 0),
	)
	h.Discard(h.Call(1, &kv.Request{Op: kv.Put, Key: "x"}, 1))
	require.Equal(t, `{"client":3,"key":"x","operation":"put","argument":"v17","result":"","call":1200,"return":1900}
{"client":4,"key":"x","operation":"get","argument":"","result":"<v>","call":1300,"return":1900}
{"client":18446744073709551615,"key":"x","operation":"append","argument":"s","result":"","call":1300,"return":2000}
{"client":1,"key":"x","operation":"delete","argument":"","result":"","call":1400,"return":2000}
{"client":1,"key":"x","operation":"cas","argument":"{\"expect\":\"a\",\"put\":\"b\"}","result":"c","call":1500,"return":2000}
{"client":1,"key":"x","operation":"cas","argument":"{\"expect\":\"a\\\"\",\"put\":\"\"}","result":"a\"","call":1500,"return":2000}
{"client":1,"key":"x","operation":"cas","argument":"{\"expect\":\"a\",\"put\":\"b\"}","result":"a","swapped":false,"call":1500,"return":2000}
{"client":1,"key":"x","operation":"cas","argument":"{\"expect\":\"a\",\"put\":\"b\"}","result":"","call":1500}
{"client":1,"key":"x","operation":"put","argument":"w","result":"","call":1500}
`, written(t, h))
}

func TestAHistorySurvivesItsFile(t *testing.T) {
	for seed := range uint64(300) {
		h, _ := randomHistory(seed, smallPlan(seed))
		got, err := ReadHistory(strings.NewReader(written(t, h)))
		require.NoError(t, err)
		require.Equal(t, h.Operations(), got.Operations())
		require.Equal(t, LinearizableWith(h, nil, 0), LinearizableWith(got, nil, 0))
	}
	src := rand.New(rand.NewPCG(1, 0))
	texts := []string{"", "\x00", "\\", "\"", "😀", "\ufffd", "{", "\u2028", "a\nb", `\ud800`, "%s"}
	text := func() string { return texts[src.IntN(len(texts))] + texts[src.IntN(len(texts))] }
	for range 2000 {
		o := Operation{Op: kv.CAS, Key: text(), Value: text(), Expect: text(), Result: kv.Result{Value: text(), Swapped: src.IntN(2) == 0}}
		h := historyOf(o.by(src.Uint64(), 5, 6))
		got, err := ReadHistory(strings.NewReader(written(t, h)))
		require.NoError(t, err)
		require.Equal(t, h.Operations(), got.Operations())
	}
}

func TestReadingIsForgivingOfWhatSaysNothing(t *testing.T) {
	h, err := ReadHistory(strings.NewReader("\n" +
		` {"return":2,"call":1,"operation":"get","key":"","client":0,"result":"😀\ud83d\ude00"}` + "\r\n\n" +
		`{"client":1,"key":"x","operation":"delete","call":1}`))
	require.NoError(t, err)
	require.Equal(t, []Operation{
		{Op: kv.Get, Result: kv.Result{Value: "😀😀"}, Call: 1, Return: 2},
		{Client: 1, Key: "x", Op: kv.Delete, Call: 1, Unknown: true},
	}, h.Operations())
	h, err = ReadHistory(strings.NewReader(""))
	require.NoError(t, err)
	require.Empty(t, h.Operations())
}

func TestReadingNamesTheLineAndWhatIsWrong(t *testing.T) {
	const put = `{"client":1,"key":"x","operation":"put","argument":"a","result":"","call":1,"return":2}`
	with := func(old, new string) string {
		require.Contains(t, put, old)
		return strings.Replace(put, old, new, 1)
	}
	for _, c := range []struct{ line, want string }{
		{`nonsense`, "not JSON"},
		{`7`, "not a JSON object"},
		{`[]`, "not a JSON object"},
		{put[:len(put)-1], "the object has no end"},
		{put[:20], "the object has no end"},
		{put + put, "something follows the object"},
		{put + "]", "something follows the object"},
		{with(`"a"`, "\"\xff\""), "not UTF-8"},
		{with(`"a"`, `"\ud800"`), `\ud800 is half of a character`},
		{with(`"a"`, `"\ud800\u0041"`), `\ud800 is half of a character`},
		{with(`"a"`, `"\ude00\ud83d"`), `\ude00 is half of a character`},
		{with(`"a"`, `"\ud83d\ud83d"`), `\ud83d is half of a character`},
		{with(`"a"`, `"\ude00\ude00"`), `\ude00 is half of a character`},
		{with(`"client"`, `"Client"`), `field "Client" is unknown`},
		{with(`"client"`, `"time":1,"client"`), `field "time" is unknown`},
		{with(`"client":1`, `"client":1,"client":1`), `field "client" is given twice`},
		{with(`"client":1,`, ``), `field "client" is missing`},
		{with(`"key":"x",`, ``), `field "key" is missing`},
		{with(`"operation":"put",`, ``), `field "operation" is missing`},
		{with(`"argument":"a",`, ``), `field "argument" is missing`},
		{with(`"call":1,`, ``), `field "call" is missing`},
		{with(`"put"`, `"PUT"`), `operation "PUT" is unknown, want get, put, append, cas or delete`},
		{with(`"put"`, `"unknown"`), `operation "unknown" is unknown`},
		{with(`"client":1`, `"client":"1"`), `field "client" is 1, want a whole number`},
		{with(`"client":1`, `"client":-1`), `field "client" is -1, want a whole number`},
		{with(`"client":1`, `"client":18446744073709551616`), `want a whole number from 0 to 18446744073709551615`},
		{with(`"call":1`, `"call":1.5`), `field "call" is 1.5, want a whole number from 0 to 9223372036854775807`},
		{with(`"call":1`, `"call":1e3`), `field "call" is 1e3`},
		{with(`"return":2`, `"return":9223372036854775808`), `field "return" is 9223372036854775808`},
		{with(`"return":2`, `"return":null`), `field "return" is null, an object or an array`},
		{with(`"return":2`, `"return":0`), `return 0 is before call 1`},
		{with(`"x"`, `7`), `field "key" is 7, want a string`},
		{with(`"a"`, `{"expect":"a","put":"b"}`), `field "argument" is null, an object or an array`},
		{with(`"result":""`, `"result":"a"`), `put has no result`},
		{with(`"result":""`, `"result":"","swapped":true`), `swapped is for a cas with a return`},
		{with(`"put"`, `"get"`), `get takes no argument`},
		{with(`"put"`, `"delete"`), `delete takes no argument`},
		{with(`"put","argument":"a","result":""`, `"get"`), `field "result" is missing`},
		{with(`"result":"","call":1,"return":2`, `"result":"a","call":1`), `result without a return`},
		{with(`"put"`, `"cas"`), `argument of cas, want {"expect":"a","put":"b"}: not JSON`},
		{with(`"put","argument":"a"`, `"cas","argument":"{\"expect\":\"a\"}"`), `argument of cas: field "put" is missing`},
		{with(`"put","argument":"a"`, `"cas","argument":"{\"expect\":\"a\",\"put\":\"b\",\"get\":\"c\"}"`), `field "get" is unknown`},
		{with(`"put","argument":"a","result":""`, `"cas","argument":"{\"expect\":\"a\",\"put\":\"b\"}","result":"","swapped":"yes"`), `field "swapped" is yes, want true or false`},
	} {
		_, err := ReadHistory(strings.NewReader(put + "\n\n" + c.line + "\n" + put))
		require.ErrorContains(t, err, c.want, c.line)
		require.True(t, strings.HasPrefix(err.Error(), "line 3: "), err.Error())
	}
}

func TestReadingTellsSeveralErrorsAtOnceButNotEndlessly(t *testing.T) {
	_, err := ReadHistory(strings.NewReader(strings.Repeat("{}\n", 50)))
	require.Len(t, strings.Split(err.Error(), "\n"), 10)
	for i := range 10 {
		require.ErrorContains(t, err, fmt.Sprintf("line %d: field \"client\" is missing", i+1))
	}
}

func TestAClientHasOneOperationUnderWay(t *testing.T) {
	at := func(client, call, ret int) string {
		if ret == 0 {
			return fmt.Sprintf(`{"client":%d,"key":"k%d","operation":"delete","call":%d}`+"\n", client, call, call)
		}
		return fmt.Sprintf(`{"client":%d,"key":"k%d","operation":"delete","call":%d,"return":%d}`+"\n", client, call, call, ret)
	}
	for _, text := range []string{
		at(1, 1, 5) + at(2, 2, 6) + at(1, 5, 9) + at(1, 9, 9) + at(1, 9, 10), // each begins when the one before has returned
		at(1, 9, 10) + at(1, 1, 9),                            // in whatever order they are written
		at(1, 1, 0) + at(1, 2, 0) + at(1, 2, 5) + at(1, 5, 0), // what had no answer may have been given up
		at(1, 5, 9) + at(1, 5, 0) + at(1, 5, 5),
	} {
		_, err := ReadHistory(strings.NewReader(text))
		require.NoError(t, err, text)
	}
	_, err := ReadHistory(strings.NewReader("\n" + at(1, 1, 5) + at(2, 2, 9) + at(1, 4, 9) + at(2, 3, 4) + at(2, 7, 0) + at(1, 8, 10) + at(1, 4, 9)))
	require.EqualError(t, err, `line 4: client 1 calls at 4, while its operation of line 2 was under way from 1 to 5
line 5: client 2 calls at 3, while its operation of line 3 was under way from 2 to 9
line 6: client 2 calls at 7, while its operation of line 3 was under way from 2 to 9
line 7: client 1 calls at 8, while its operation of line 4 was under way from 4 to 9
line 8: client 1 calls at 4, while its operation of line 4 was under way from 4 to 9`)
	_, err = ReadHistory(strings.NewReader(strings.Repeat(at(1, 1, 2), 50)))
	require.Len(t, strings.Split(err.Error(), "\n"), 10)
}

func TestReadingFailsWhenItsInputDoes(t *testing.T) {
	broken := errors.New("broken pipe")
	_, err := ReadHistory(iotest.ErrReader(broken))
	require.ErrorIs(t, err, broken)
	_, err = ReadHistory(strings.NewReader("{}\n" + strings.Repeat(" ", maxLine+1)))
	require.ErrorContains(t, err, "line 2: longer than 67108864 bytes")
}

func TestWritingRefusesWhatJSONCannotHold(t *testing.T) {
	err := WriteHistory(&bytes.Buffer{}, historyOf(put("a").by(1, 1, 2), put("\xff").by(1, 3, 4)))
	require.ErrorContains(t, err, `history: operation 2: "\xff" is not UTF-8`)
}

// The quick way to read a line and the thorough one must be the same.
func TestPlainLinesAreReadAsAnyOther(t *testing.T) {
	plain := 0
	same := func(text string) {
		quick, thorough := &fieldSet{names: lineNames}, &fieldSet{names: lineNames}
		if !quick.plainFields([]byte(text)) {
			return
		}
		plain++
		require.NoError(t, thorough.anyFields([]byte(text)), text)
		for i := range quick.values {
			require.Equal(t, thorough.values[i].kind, quick.values[i].kind, text)
			require.Equal(t, string(thorough.values[i].raw), string(quick.values[i].raw), text)
		}
	}
	src := rand.New(rand.NewPCG(8, 0))
	parts := []string{
		`{`, `}`, ` `, `,`, `:`, `"client"`, `"key"`, `"call"`, `1`, `0`, `01`, `1e3`, `-1`, `1.5`, `true`, `false`, `null`, `[`, `"a"`, `"\""`, `"\\"`, `"\u0041"`,
		"\"\xff\"", `""`, "\t", "\"\n\"", `trueish`, `"😀"`, `\`, `"`,
	}
	for range 100_000 {
		text := `{`
		for n := src.IntN(3); n >= 0; n-- {
			text += strconv.Quote(lineNames[src.IntN(len(lineNames))]) + `:` + parts[src.IntN(len(parts))]
			if n > 0 || src.IntN(20) == 0 {
				text += `,`
			}
			if src.IntN(4) == 0 {
				text += parts[src.IntN(len(parts))]
			}
		}
		same(text + `}`)
		same(text)
		same(text + `}}`)
	}
	require.Greater(t, plain, 10_000)
	for seed := range uint64(100) {
		h, _ := randomHistory(seed, smallPlan(seed))
		for _, text := range strings.Split(strings.TrimSpace(written(t, h)), "\n") {
			before := plain
			same(text)
			require.Greater(t, plain, before, "%s is plain", text)
		}
	}
}

func FuzzReadHistory(f *testing.F) {
	for seed := range uint64(3) {
		h, _ := randomHistory(seed, plan{clients: 2, ops: 5, keys: 1, values: 2, unknown: 20, lies: 20, appends: true, pause: 3})
		var b bytes.Buffer
		if err := WriteHistory(&b, h); err != nil {
			f.Fatal(err)
		}
		f.Add(b.Bytes())
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		h, err := ReadHistory(bytes.NewReader(data))
		if err != nil {
			return
		}
		text := written(t, h)
		again, err := ReadHistory(strings.NewReader(text))
		require.NoError(t, err)
		require.Equal(t, h.Operations(), again.Operations())
		require.Equal(t, text, written(t, again))
		if out := Linearizable(h, 1000); out.Verdict != VerdictLinearizable {
			require.NoError(t, out.WritePicture(&bytes.Buffer{}))
		}
	})
}
