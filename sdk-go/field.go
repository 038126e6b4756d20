package approute

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"log/slog"
)

type fieldState uint8

const (
	fieldAbsent fieldState = iota
	fieldNull
	fieldSet
)

// A Field is absent, null or a value. Its zero value is absent.
//
// In what you send, absent fields are left out: an update leaves them as they are, while [Null] clears them.
//
//	approute.LinkUpdateParams{
//		Title:     approute.Set("Winter"),
//		ExpiresAt: approute.Null[time.Time](),
//	}
//
// In what you receive, [Field.Get] and [Field.Or] read it without a pointer that could be nil.
type Field[T any] struct {
	value T
	state fieldState
}

// Set makes a field with a value. For whole numbers there is [Int], which spares the conversion.
func Set[T any](value T) Field[T] { return Field[T]{value, fieldSet} }

// Int makes a field with a whole number: Int(50) instead of Set[int64](50).
func Int(value int64) Field[int64] { return Set(value) }

// SetSecret makes a field with a secret, such as a link's password.
func SetSecret(value string) Field[Secret] { return Set(NewSecret(value)) }

// Null makes a field that is null.
func Null[T any]() Field[T] { return Field[T]{state: fieldNull} }

// Get gives the value, and whether there is one.
func (f Field[T]) Get() (T, bool) { return f.value, f.state == fieldSet }

// Or gives the value, or the fallback where there is none.
func (f Field[T]) Or(fallback T) T {
	if f.state == fieldSet {
		return f.value
	}
	return fallback
}

// Value gives the value, or the zero value where there is none.
func (f Field[T]) Value() T { return f.value }

// IsSet says whether there is a value.
func (f Field[T]) IsSet() bool { return f.state == fieldSet }

// IsNull says whether it is null.
func (f Field[T]) IsNull() bool { return f.state == fieldNull }

// IsZero says whether it is absent. With it, `json:",omitzero"` leaves the field out of structs of your own.
func (f Field[T]) IsZero() bool { return f.state == fieldAbsent }

// Format prints the value as it would print alone, else "null" or "absent".
func (f Field[T]) Format(state fmt.State, verb rune) {
	switch f.state {
	case fieldSet:
		_, _ = fmt.Fprintf(state, fmt.FormatString(state, verb), f.value)
	case fieldNull:
		_, _ = io.WriteString(state, "null")
	default:
		_, _ = io.WriteString(state, "absent")
	}
}

// LogValue gives the value, or null.
func (f Field[T]) LogValue() slog.Value {
	if f.state == fieldSet {
		return slog.AnyValue(f.value)
	}
	return slog.AnyValue(nil)
}

// MarshalJSON writes the value, or null.
func (f Field[T]) MarshalJSON() ([]byte, error) {
	if f.state != fieldSet {
		return []byte("null"), nil
	}
	return marshal(f.value)
}

// UnmarshalJSON reads the value, or null.
func (f *Field[T]) UnmarshalJSON(data []byte) error {
	if string(data) == "null" {
		*f = Null[T]()
		return nil
	}
	var value T
	if err := unmarshal(data, &value); err != nil {
		return err
	}
	*f = Set(value)
	return nil
}

// marshal is json.Marshal without its escapes for HTML, which no other SDK sends.
func marshal(value any) ([]byte, error) {
	var buffer bytes.Buffer
	encoder := json.NewEncoder(&buffer)
	encoder.SetEscapeHTML(false)
	if err := encoder.Encode(value); err != nil {
		return nil, err
	}
	return bytes.TrimSuffix(buffer.Bytes(), []byte("\n")), nil
}

func unmarshal(data []byte, value any) error { return json.Unmarshal(data, value) }
