package approute

//lint:file-ignore U1000 generated code uses these where the API has lists or maps of such things

import (
	"encoding/json"
	"time"

	"github.com/approute/approute-go/internal/wire"
)

func writeTime(w *wire.Writer, value *time.Time) { w.Time(*value) }

func writeFloat(w *wire.Writer, value *float64) { w.Float(*value) }

func writeBool(w *wire.Writer, value *bool) { w.Bool(*value) }

func writeRaw(w *wire.Writer, value *json.RawMessage) { w.Raw(*value) }

// writeUnion takes interfaces that know how to write themselves.
func writeUnion[T encodable](w *wire.Writer, value *T) { (*value).encode(w) }

func listTo[T any](write func(*wire.Writer, *T)) func(*wire.Writer, *[]T) {
	return func(w *wire.Writer, list *[]T) { writeList(w, *list, write) }
}

func mapTo[M ~map[string]V, V any](write func(*wire.Writer, *V)) func(*wire.Writer, *M) {
	return func(w *wire.Writer, values *M) { writeMap(w, *values, write) }
}
