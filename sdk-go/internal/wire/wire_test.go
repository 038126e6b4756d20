package wire

import (
	"bytes"
	"encoding/json"
	"strings"
	"testing"
	"unicode/utf8"
)

// escapes says whether a document has an escape of half a character, which encoding/json reads as U+FFFD.
func escapes(text []byte) bool { return bytes.Contains(bytes.ToLower(text), []byte(`\ud`)) }

func FuzzSkip(f *testing.F) {
	for _, seed := range []string{
		`{}`, `[]`, `[1,-0,1.5e-7,true,false,null,"a\u00e9\ud83d\ude00\n"]`, `{"a":{"b":[{}]}}`, ` [ 1 , 2 ] `, `01`, `1.`, `.5`, `+1`, `"`,
		`"\x"`, `{"a"}`, `{a:1}`, `[1,]`, `[,1]`, `{"a":1,}`, `nul`, `truefalse`, "\"\x1f\"", "\"\xff\"", `"\ud800"`, `1 2`, "\ufeff1", ``,
	} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, text []byte) {
		if !utf8.Valid(text) || escapes(text) || bytes.Count(text, []byte("[")) > 100 || bytes.Count(text, []byte("{")) > 100 {
			return
		}
		r := NewReader(text)
		r.Skip()
		if got := r.End() == nil; got != json.Valid(text) {
			t.Errorf("%q: %t, %v", text, got, r.Err())
		}
	})
}

func FuzzStrings(f *testing.F) {
	for _, seed := range []string{"", "a", "\"\\/\b\f\n\r\t\x00\x1f\x7f", "é日😀\u2028", "\xff\xc3"} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, text string) {
		var w Writer
		w.String(text)
		var theirs string
		if err := json.Unmarshal(w.Bytes, &theirs); err != nil {
			t.Fatalf("%q: %s: %v", text, w.Bytes, err)
		}
		r := NewReader(w.Bytes)
		ours := r.String()
		if r.End() != nil || ours != theirs || utf8.ValidString(text) && ours != text {
			t.Errorf("%q: %q, %q, %v", text, ours, theirs, r.Err())
		}
	})
}

func TestDeepNestingIsRefused(t *testing.T) {
	for depth, expected := range map[int]bool{maxDepth: true, maxDepth + 1: false, 1_000_000: false} {
		for _, pair := range []string{"[]", `{"a":}`} {
			open, end := pair[:len(pair)-1], pair[len(pair)-1:]
			r := NewReader([]byte(strings.Repeat(open, depth-1) + "[]" + strings.Repeat(end, depth-1)))
			r.Skip()
			if got := r.End() == nil; got != expected {
				t.Errorf("%d of %s: %v", depth, pair, r.Err())
			}
		}
	}
}

func TestErrorsNeverRepeatTheDocument(t *testing.T) {
	for _, text := range []string{`"s3cret`, `{"s3cret" 1}`, `s3cret`, `["s3cret" "s3cret"]`, `"s3cret\x"`} {
		r := NewReader([]byte(text))
		r.Skip()
		if err := r.End(); err == nil || strings.Contains(err.Error(), "s3cret") {
			t.Errorf("%s: %v", text, err)
		}
	}
}

func TestSurrogatePairs(t *testing.T) {
	for text, expected := range map[string]string{
		`"\ud83d\ude00"`: "😀", `"\u00e9"`: "é", `"\u0000"`: "\x00", `"\uFFFD"`: "\uFFFD",
		`"\ud83d"`: "", `"\ude00\ud83d"`: "", `"\ud83dx"`: "", `"\ud83d\u0041"`: "", `"\u12"`: "", `"\u`: "", `"\`: "",
	} {
		r := NewReader([]byte(text))
		if got := r.String(); got != expected || (r.End() == nil) != (expected != "") {
			t.Errorf("%s: %q, %v", text, got, r.Err())
		}
	}
}

func TestFloats(t *testing.T) {
	for text, fits := range map[string]bool{"1.5": true, "-2e3": true, "7": true, "1e999": false, `"1"`: false, "null": false} {
		r := NewReader([]byte(text))
		r.Float()
		if got := r.End() == nil; got != fits {
			t.Errorf("%s: %v", text, r.Err())
		}
	}
	var w Writer
	w.BeginList()
	w.Item()
	w.Float(1.5)
	w.Item()
	w.Float(-0.25e-9)
	w.EndList()
	if string(w.Bytes) != "[1.5,-2.5e-10]" {
		t.Error(string(w.Bytes))
	}
}
