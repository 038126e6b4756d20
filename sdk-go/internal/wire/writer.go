package wire

import (
	"encoding/json"
	"maps"
	"slices"
	"strconv"
	"time"
	"unicode/utf8"
)

// A Writer puts a document together, without spaces and without escapes that JSON does not ask for.
type Writer struct {
	// Bytes is what was written so far.
	Bytes []byte
	// Redact makes it a text for people: secrets are left out.
	Redact bool
}

// comma separates what follows from a member before it.
func (w *Writer) comma() {
	if n := len(w.Bytes); n > 0 {
		switch w.Bytes[n-1] {
		case '{', '[', ':':
		default:
			w.Bytes = append(w.Bytes, ',')
		}
	}
}

// BeginObject opens an object.
func (w *Writer) BeginObject() { w.Bytes = append(w.Bytes, '{') }

// EndObject closes it.
func (w *Writer) EndObject() { w.Bytes = append(w.Bytes, '}') }

// BeginList opens a list.
func (w *Writer) BeginList() { w.Bytes = append(w.Bytes, '[') }

// EndList closes it.
func (w *Writer) EndList() { w.Bytes = append(w.Bytes, ']') }

// Key writes a key; its value has to follow.
func (w *Writer) Key(key string) {
	w.comma()
	w.String(key)
	w.Bytes = append(w.Bytes, ':')
}

// Item goes before each item of a list.
func (w *Writer) Item() { w.comma() }

// Null writes null.
func (w *Writer) Null() { w.Bytes = append(w.Bytes, "null"...) }

// Bool writes true or false.
func (w *Writer) Bool(value bool) { w.Bytes = strconv.AppendBool(w.Bytes, value) }

// Int writes a whole number.
func (w *Writer) Int(value int64) { w.Bytes = strconv.AppendInt(w.Bytes, value, 10) }

// Float writes a number. JSON has no infinities and no NaN; they become null.
func (w *Writer) Float(value float64) {
	if text, err := json.Marshal(value); err == nil {
		w.Bytes = append(w.Bytes, text...)
		return
	}
	w.Null()
}

// Time writes a time in UTC.
func (w *Writer) Time(value time.Time) {
	w.Bytes = append(w.Bytes, '"')
	w.Bytes = AppendTime(w.Bytes, value)
	w.Bytes = append(w.Bytes, '"')
}

// AppendTime writes a time in UTC with as many digits of a second as it needs: none, 3, 6 or 9, as all SDKs do.
func AppendTime(to []byte, value time.Time) []byte {
	value = value.UTC()
	layout := "2006-01-02T15:04:05.000000000Z"
	switch nanos := value.Nanosecond(); {
	case nanos == 0:
		layout = "2006-01-02T15:04:05Z"
	case nanos%1e6 == 0:
		layout = "2006-01-02T15:04:05.000Z"
	case nanos%1e3 == 0:
		layout = "2006-01-02T15:04:05.000000Z"
	}
	return value.AppendFormat(to, layout)
}

// Secret writes a string that must not be shown to people.
func (w *Writer) Secret(value string) {
	if w.Redact {
		value = "[redacted]"
	}
	w.String(value)
}

const hexDigits = "0123456789abcdef"

// String writes a string. Bytes that are not UTF-8 become U+FFFD, since JSON cannot carry them.
func (w *Writer) String(text string) {
	out := append(w.Bytes, '"')
	start := 0
	for i := 0; i < len(text); {
		c := text[i]
		if c >= utf8.RuneSelf {
			char, size := utf8.DecodeRuneInString(text[i:])
			if char == utf8.RuneError && size == 1 {
				out = append(append(out, text[start:i]...), "\uFFFD"...)
				start = i + 1
			}
			i += size
			continue
		}
		if c >= ' ' && c != '"' && c != '\\' {
			i++
			continue
		}
		out = append(out, text[start:i]...)
		switch c {
		case '"', '\\':
			out = append(out, '\\', c)
		case '\b':
			out = append(out, '\\', 'b')
		case '\f':
			out = append(out, '\\', 'f')
		case '\n':
			out = append(out, '\\', 'n')
		case '\r':
			out = append(out, '\\', 'r')
		case '\t':
			out = append(out, '\\', 't')
		default:
			out = append(out, '\\', 'u', '0', '0', hexDigits[c>>4], hexDigits[c&15])
		}
		i++
		start = i
	}
	w.Bytes = append(append(out, text[start:]...), '"')
}

// Raw writes a document as it is, or null where there is none.
func (w *Writer) Raw(document json.RawMessage) {
	if len(document) == 0 {
		w.Null()
		return
	}
	w.Bytes = append(w.Bytes, document...)
}

// Extra writes the fields that the model did not know, in the order of their names.
func (w *Writer) Extra(extra map[string]json.RawMessage) {
	if len(extra) == 0 {
		return
	}
	for _, key := range slices.Sorted(maps.Keys(extra)) {
		w.Key(key)
		w.Raw(extra[key])
	}
}
