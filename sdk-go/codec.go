package approute

import (
	"maps"
	"slices"

	"github.com/approute/approute-go/internal/wire"
)

// What the generated code in codec_gen.go stands on.

type encodable interface{ encode(*wire.Writer) }

// encodablePointer is a pointer to a generated model.
type encodablePointer[T any] interface {
	*T
	encode(*wire.Writer)
}

func encoded(model encodable) []byte {
	w := wire.Writer{Bytes: make([]byte, 0, 512)}
	model.encode(&w)
	return w.Bytes
}

// shown is a model as people may see it.
func shown(name string, model encodable) string {
	w := wire.Writer{Bytes: append(make([]byte, 0, 512), name...), Redact: true}
	model.encode(&w)
	return string(w.Bytes)
}

func decoded[T any, P decodable[T]](data []byte, model P) error {
	*model = *new(T)
	r := wire.NewReader(data)
	model.decode(r)
	if err := r.End(); err != nil {
		return undecodableDocument(data, err)
	}
	return nil
}

// undecodableDocument is the error for a document that came from elsewhere than the API.
func undecodableDocument(data []byte, err error) *Error {
	return &Error{
		Kind:    KindDecode,
		Message: "the JSON does not fit: " + err.Error(),
		Body:    slices.Clone(data),
		Outcome: OutcomeNotSent,
		Cause:   err,
	}
}

// --- reading ---

func readSecret(r *wire.Reader) Secret { return NewSecret(r.String()) }

func readModel[T any, P decodable[T]](r *wire.Reader) T {
	var model T
	P(&model).decode(r)
	return model
}

// readPointer gives nil for null.
func readPointer[T any, P decodable[T]](r *wire.Reader) *T {
	if r.Null() {
		return nil
	}
	model := new(T)
	P(model).decode(r)
	return model
}

func readField[T any](r *wire.Reader, read func(*wire.Reader) T) Field[T] {
	if r.Null() {
		return Null[T]()
	}
	return Set(read(r))
}

// readOptional is for fields that can be missing and have no null of their own.
func readOptional[T any](r *wire.Reader, read func(*wire.Reader) T) Field[T] {
	if r.Null() {
		return Field[T]{}
	}
	return Set(read(r))
}

func nullable[T any](read func(*wire.Reader) T) func(*wire.Reader) Field[T] {
	return func(r *wire.Reader) Field[T] { return readField(r, read) }
}

func readList[T any](r *wire.Reader, read func(*wire.Reader) T) []T {
	list := []T{}
	for r.BeginList(); r.Item(); {
		list = append(list, read(r))
	}
	return list
}

func listOf[T any](read func(*wire.Reader) T) func(*wire.Reader) []T {
	return func(r *wire.Reader) []T { return readList(r, read) }
}

// readModels makes room for the whole list once it knows how long its first item is.
func readModels[T any, P decodable[T]](r *wire.Reader) []T {
	list := []T{}
	r.BeginList()
	for start := r.Pos(); r.Item(); {
		list = append(list, *new(T))
		P(&list[len(list)-1]).decode(r)
		if len(list) == 1 {
			list = slices.Grow(list, r.Left(r.Pos()-start))
		}
	}
	return list
}

func readMap[M ~map[string]V, V any](r *wire.Reader, read func(*wire.Reader) V) M {
	values := make(M)
	for r.BeginObject(); ; {
		bytes, ok := r.Key()
		if !ok {
			return values
		}
		key := string(bytes)
		values[key] = read(r)
	}
}

func mapOf[M ~map[string]V, V any](read func(*wire.Reader) V) func(*wire.Reader) M {
	return func(r *wire.Reader) M { return readMap[M](r, read) }
}

func requireAll(r *wire.Reader, seen []bool, names []string) {
	if r.Err() != nil {
		return
	}
	for i, ok := range seen {
		if !ok {
			r.Fail("the field " + names[i] + " is missing")
			return
		}
	}
}

// textMember gives a member of an object that is known to be JSON.
func textMember(object []byte, name string) (text string, found bool) {
	r := wire.NewReader(object)
	for r.BeginObject(); ; {
		key, ok := r.Key()
		if !ok {
			return text, found
		}
		if string(key) != name {
			r.Skip()
			continue
		}
		text, found = r.String(), r.Err() == nil
	}
}

// readMember reads a union's member, whose errors are then the union's.
func readMember[T any, P decodable[T]](r *wire.Reader, raw []byte) P {
	member := P(new(T))
	inner := wire.NewReader(raw)
	member.decode(inner)
	if err := inner.End(); err != nil {
		r.Fail(err.Error())
	}
	return member
}

// --- writing; functions for items of lists and maps take a pointer ---

func writeText[T ~string](w *wire.Writer, value *T)                     { w.String(string(*value)) }
func writeInt[T ~int64](w *wire.Writer, value *T)                       { w.Int(int64(*value)) }
func writeModel[T any, P encodablePointer[T]](w *wire.Writer, value *T) { P(value).encode(w) }

func writeList[T any](w *wire.Writer, list []T, write func(*wire.Writer, *T)) {
	w.BeginList()
	for i := range list {
		w.Item()
		write(w, &list[i])
	}
	w.EndList()
}

// writeMap writes entries in the order of their keys, so that the same map always gives the same bytes.
func writeMap[M ~map[string]V, V any](w *wire.Writer, values M, write func(*wire.Writer, *V)) {
	w.BeginObject()
	for _, key := range slices.Sorted(maps.Keys(values)) {
		w.Key(key)
		value := values[key]
		write(w, &value)
	}
	w.EndObject()
}

func nullableTo[T any](write func(*wire.Writer, *T)) func(*wire.Writer, *Field[T]) {
	return func(w *wire.Writer, field *Field[T]) {
		if field.IsSet() {
			write(w, &field.value)
		} else {
			w.Null()
		}
	}
}

// prefetches says whether a list with these options fetches a page ahead.
func prefetches(c *core, options []CallOption) bool {
	var s callSettings
	if c != nil {
		s = c.defaults
	}
	// What is wrong with an option is reported by the call.
	_ = s.apply(options)
	return s.prefetch
}
