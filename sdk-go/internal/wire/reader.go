// Package wire reads and writes JSON for the generated models.
//
// encoding/json looks at nested types with their own UnmarshalJSON three times over; models that keep unknown fields all
// have one. Reading them in one pass is several times faster, and the writer gives the very bytes that the SDKs of the
// other languages send.
package wire

import (
	"encoding/json"
	"fmt"
	"math"
	"strconv"
	"time"
)

// maxDepth bounds how deep objects and lists may nest, so that no answer can exhaust the stack.
const maxDepth = 128

// A Reader goes through one JSON document. The first error sticks, and everything after it reads as nothing; see
// [Reader.Err].
type Reader struct {
	data  []byte
	pos   int
	depth int
	err   error
	// first is set between an opening bracket and what follows it.
	first bool
	// Loose takes strings that are not UTF-8, for documents of which only a part is looked at.
	Loose bool
	// scratch holds the last string that had escapes.
	scratch []byte
}

// NewReader starts at the beginning of a document.
func NewReader(data []byte) *Reader { return &Reader{data: data} }

// A SyntaxError says where a document is not JSON, or not the JSON that was expected. It never repeats the document.
type SyntaxError struct {
	// Offset counts bytes from the document's start.
	Offset int
	// Reason says what is wrong there.
	Reason string
	// Broken says that the document is not JSON at all.
	Broken bool
}

func (e *SyntaxError) Error() string { return fmt.Sprintf("%s at byte %d", e.Reason, e.Offset) }

// Err gives the first error.
func (r *Reader) Err() error { return r.err }

// End checks that nothing but space is left, and gives the first error.
func (r *Reader) End() error {
	if r.err == nil {
		r.space()
		if r.pos < len(r.data) {
			r.broken("more follows after the document's end")
		}
	}
	return r.err
}

// Fail records that a value does not fit.
func (r *Reader) Fail(reason string) {
	if r.err == nil {
		r.err = &SyntaxError{Offset: r.pos, Reason: reason}
	}
}

func (r *Reader) broken(reason string) {
	if r.err == nil {
		r.err = &SyntaxError{Offset: r.pos, Reason: reason, Broken: true}
	}
}

func (r *Reader) space() {
	for r.pos < len(r.data) {
		switch r.data[r.pos] {
		case ' ', '\t', '\n', '\r':
			r.pos++
		default:
			return
		}
	}
}

// peek gives the next byte that is no space, 0 at the end.
func (r *Reader) peek() byte {
	if r.err != nil {
		return 0
	}
	r.space()
	if r.pos == len(r.data) {
		return 0
	}
	return r.data[r.pos]
}

// mismatch explains why a value is not what was expected.
func (r *Reader) mismatch(expected string) {
	switch c := r.peek(); {
	case r.err != nil:
	case c == 0 && r.pos >= len(r.data):
		r.broken("the document ends early")
	case c == '"', c == '{', c == '[', c == '-', c >= '0' && c <= '9', c == 't', c == 'f', c == 'n':
		r.Fail("expected " + expected)
	default:
		r.broken("expected " + expected)
	}
}

// Null reads null, and says whether it did.
func (r *Reader) Null() bool {
	if r.peek() != 'n' {
		return false
	}
	return r.literal("null")
}

func (r *Reader) literal(text string) bool {
	if len(r.data)-r.pos < len(text) || string(r.data[r.pos:r.pos+len(text)]) != text {
		r.broken("expected " + text)
		return false
	}
	r.pos += len(text)
	return true
}

// Bool reads true or false.
func (r *Reader) Bool() bool {
	switch r.peek() {
	case 't':
		return r.literal("true")
	case 'f':
		r.literal("false")
	default:
		r.mismatch("true or false")
	}
	return false
}

// number gives the text of the number that comes next, and whether it is whole.
func (r *Reader) number() (text []byte, whole bool) {
	if c := r.peek(); c != '-' && (c < '0' || c > '9') {
		r.mismatch("a number")
		return nil, false
	}
	start, whole := r.pos, true
	if r.data[r.pos] == '-' {
		r.pos++
	}
	integer := r.digits()
	if integer == 0 || integer > 1 && r.data[r.pos-integer] == '0' {
		r.broken("not a number")
		return nil, false
	}
	if r.pos < len(r.data) && r.data[r.pos] == '.' {
		r.pos++
		whole = false
		if r.digits() == 0 {
			r.broken("not a number")
			return nil, false
		}
	}
	if r.pos < len(r.data) && (r.data[r.pos] == 'e' || r.data[r.pos] == 'E') {
		r.pos++
		whole = false
		if r.pos < len(r.data) && (r.data[r.pos] == '+' || r.data[r.pos] == '-') {
			r.pos++
		}
		if r.digits() == 0 {
			r.broken("not a number")
			return nil, false
		}
	}
	return r.data[start:r.pos], whole
}

func (r *Reader) digits() int {
	start := r.pos
	for r.pos < len(r.data) && r.data[r.pos] >= '0' && r.data[r.pos] <= '9' {
		r.pos++
	}
	return r.pos - start
}

// Int reads a whole number.
func (r *Reader) Int() int64 {
	text, whole := r.number()
	if r.err != nil {
		return 0
	}
	if !whole {
		r.Fail("expected a whole number")
		return 0
	}
	if len(text) < 19 { // cannot overflow
		negative := text[0] == '-'
		if negative {
			text = text[1:]
		}
		var n int64
		for _, digit := range text {
			n = n*10 + int64(digit-'0')
		}
		if negative {
			return -n
		}
		return n
	}
	n, err := strconv.ParseInt(string(text), 10, 64)
	if err != nil {
		r.Fail("the number is out of range")
	}
	return n
}

// Float reads a number.
func (r *Reader) Float() float64 {
	text, _ := r.number()
	if r.err != nil {
		return 0
	}
	n, err := strconv.ParseFloat(string(text), 64)
	if err != nil || math.IsInf(n, 0) {
		r.Fail("the number is out of range")
	}
	return n
}

// Time reads a time in the form of RFC 3339, as UTC.
func (r *Reader) Time() time.Time {
	text := r.StringBytes()
	if r.err != nil {
		return time.Time{}
	}
	var t time.Time
	if err := t.UnmarshalText(text); err != nil {
		r.Fail("expected a time")
		return time.Time{}
	}
	return t.UTC()
}

// Const reads one fixed string.
func (r *Reader) Const(value string) string {
	if text := r.StringBytes(); r.err == nil && string(text) != value {
		r.Fail("expected " + strconv.Quote(value))
	}
	return value
}

// Raw reads any value and gives a copy of its text.
func (r *Reader) Raw() json.RawMessage {
	r.peek()
	start := r.pos
	r.Skip()
	if r.err != nil {
		return nil
	}
	return append(json.RawMessage(nil), r.data[start:r.pos]...)
}

// Extra reads a value that no field of the model is for, and keeps it.
func (r *Reader) Extra(extra map[string]json.RawMessage, key string) map[string]json.RawMessage {
	value := r.Raw()
	if r.err != nil {
		return extra
	}
	if extra == nil {
		extra = make(map[string]json.RawMessage)
	}
	extra[key] = value
	return extra
}
