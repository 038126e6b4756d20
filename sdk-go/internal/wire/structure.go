package wire

import (
	"unicode/utf16"
	"unicode/utf8"
)

// BeginObject reads an opening brace. Then call [Reader.Key] until it says that there is none.
func (r *Reader) BeginObject() bool { return r.begin('{', "an object") }

// BeginList reads an opening bracket. Then call [Reader.Item] until it says that there is none.
func (r *Reader) BeginList() bool { return r.begin('[', "a list") }

func (r *Reader) begin(bracket byte, what string) bool {
	if r.peek() != bracket {
		r.mismatch(what)
		return false
	}
	if r.depth == maxDepth {
		r.broken("nested too deep")
		return false
	}
	r.pos++
	r.depth++
	r.first = true
	return true
}

// next reads the comma before the next member, or the closing bracket.
func (r *Reader) next(bracket byte) bool {
	c := r.peek()
	if c == bracket && r.err == nil {
		r.pos++
		r.depth--
		r.first = false
		return false
	}
	if r.first {
		r.first = false
		return r.err == nil
	}
	if c != ',' {
		r.broken("expected a comma or a closing bracket")
		return false
	}
	r.pos++
	return true
}

// Key reads the next key of an object, and its colon. The bytes are valid until the next string is read.
func (r *Reader) Key() ([]byte, bool) {
	if !r.next('}') {
		return nil, false
	}
	if r.peek() != '"' {
		r.broken("expected a key")
		return nil, false
	}
	key := r.StringBytes()
	if r.peek() != ':' {
		r.broken("expected a colon")
		return nil, false
	}
	r.pos++
	return key, true
}

// Item says whether a list has another item, which is to be read next.
func (r *Reader) Item() bool { return r.next(']') }

// Left estimates how many more items of this size the document can hold, to make room for a list at once.
func (r *Reader) Left(size int) int { return min((len(r.data)-r.pos)/max(size, 1), 1024) }

// Pos counts the bytes that were read.
func (r *Reader) Pos() int { return r.pos }

// String reads a string.
func (r *Reader) String() string { return string(r.StringBytes()) }

// StringBytes reads a string as bytes, which are valid until the next string is read.
func (r *Reader) StringBytes() []byte {
	if r.peek() != '"' {
		r.mismatch("a string")
		return nil
	}
	r.pos++
	start, ascii := r.pos, true
	for i := start; i < len(r.data); i++ {
		switch c := r.data[i]; {
		case c == '"':
			r.pos = i + 1
			if text := r.data[start:i]; ascii || r.Loose || utf8.Valid(text) {
				return text
			}
			r.broken("a string is not UTF-8")
			return nil
		case c == '\\':
			return r.escaped(start, i)
		case c < ' ':
			r.pos = i
			r.broken("a control character in a string")
			return nil
		case c >= utf8.RuneSelf:
			ascii = false
		}
	}
	r.pos = len(r.data)
	r.broken("a string does not end")
	return nil
}

// escaped goes on with a string whose first backslash is at i.
func (r *Reader) escaped(start, i int) []byte {
	out := append(r.scratch[:0], r.data[start:i]...)
	for i < len(r.data) {
		c := r.data[i]
		switch {
		case c == '"':
			r.pos, r.scratch = i+1, out
			if !r.Loose && !utf8.Valid(out) {
				r.broken("a string is not UTF-8")
				return nil
			}
			return out
		case c == '\\':
			char, size := r.escape(i)
			if size == 0 {
				return nil
			}
			out = utf8.AppendRune(out, char)
			i += size
		case c < ' ':
			r.pos = i
			r.broken("a control character in a string")
			return nil
		default:
			out = append(out, c)
			i++
		}
	}
	r.pos = len(r.data)
	r.broken("a string does not end")
	return nil
}

// escape reads the escape at i, and gives its character and length.
func (r *Reader) escape(i int) (char rune, size int) {
	r.pos = i
	if i+1 == len(r.data) {
		r.broken("a string does not end")
		return 0, 0
	}
	switch c := r.data[i+1]; c {
	case '"', '\\', '/':
		return rune(c), 2
	case 'b':
		return '\b', 2
	case 'f':
		return '\f', 2
	case 'n':
		return '\n', 2
	case 'r':
		return '\r', 2
	case 't':
		return '\t', 2
	case 'u':
		char, ok := r.hex(i + 2)
		if ok && !utf16.IsSurrogate(char) {
			return char, 6
		}
		if ok && i+7 < len(r.data) && r.data[i+6] == '\\' && r.data[i+7] == 'u' {
			if low, ok := r.hex(i + 8); ok {
				if char = utf16.DecodeRune(char, low); char != utf8.RuneError {
					return char, 12
				}
			}
		}
		if ok && r.Loose {
			return utf8.RuneError, 6
		}
	}
	r.broken("an escape that is none")
	return 0, 0
}

func (r *Reader) hex(i int) (rune, bool) {
	if i+4 > len(r.data) {
		return 0, false
	}
	var n rune
	for _, c := range r.data[i : i+4] {
		switch {
		case c >= '0' && c <= '9':
			n = n<<4 | rune(c-'0')
		case c >= 'a' && c <= 'f':
			n = n<<4 | rune(c-'a'+10)
		case c >= 'A' && c <= 'F':
			n = n<<4 | rune(c-'A'+10)
		default:
			return 0, false
		}
	}
	return n, true
}

// Skip reads any value and forgets it.
func (r *Reader) Skip() {
	switch c := r.peek(); {
	case c == '"':
		r.StringBytes()
	case c == '{':
		for r.BeginObject(); ; {
			if _, ok := r.Key(); !ok {
				return
			}
			r.Skip()
		}
	case c == '[':
		for r.BeginList(); r.Item(); {
			r.Skip()
		}
	case c == 't', c == 'f':
		r.Bool()
	case c == 'n':
		r.Null()
	case c == '-', c >= '0' && c <= '9':
		r.number()
	default:
		r.mismatch("a value")
	}
}
