package approute

import (
	"fmt"
	"net/url"
	"strconv"
	"time"

	"github.com/approute/approute-go/internal/wire"
)

// An operation is what the generator knows of one, as far as the runtime needs it.
type operation struct {
	// id is its name, such as "links.create".
	id string
	// method is its method.
	method string
	// path is its path template, such as "/v1/links/{link_id}".
	path string
	// accept names the media types that it can answer with.
	accept string
}

// A request is what an operation puts together. Generated code fills it.
type request struct {
	op *operation
	// path is the path, and encoded its percent-encoded form.
	path, encoded string
	query         []byte
	header        []headerPair
	body          []byte
	refused       *Error
}

// literal adds a part of the path as it is.
func (r *request) literal(text string) {
	r.path += text
	r.encoded += text
}

// id adds a path parameter.
func (r *request) id(name, value string) {
	if (value == "" || value == "." || value == "..") && r.refused == nil {
		r.refused = configurationError("%s is %q, which is no id", name, value)
	}
	r.path += value
	r.encoded += string(appendEscaped(nil, value, pathSafe, false))
}

func (r *request) text(name, value string) {
	r.key(name)
	r.query = appendEscaped(r.query, value, formSafe, true)
}

func (r *request) integer(name string, value int64) {
	r.key(name)
	r.query = strconv.AppendInt(r.query, value, 10)
}

//lint:ignore U1000 for generated code, where the API has a parameter like that
func (r *request) number(name string, value float64) {
	r.text(name, strconv.FormatFloat(value, 'g', -1, 64))
}

func (r *request) boolean(name string, value bool) {
	r.key(name)
	r.query = strconv.AppendBool(r.query, value)
}

func (r *request) time(name string, value time.Time) {
	r.text(name, string(wire.AppendTime(nil, value)))
}

func (r *request) key(name string) {
	if len(r.query) > 0 {
		r.query = append(r.query, '&')
	}
	r.query = append(appendEscaped(r.query, name, formSafe, true), '=')
}

// argument adds a header that is an argument of the operation.
func (r *request) argument(name, value string) {
	if !isHeaderValue(value) && r.refused == nil {
		r.refused = configurationError("the value for %s has characters that headers cannot have", name)
	}
	r.header = append(r.header, headerPair{name, value})
}

// textOf is how a header holds what is no text.
//
//lint:ignore U1000 for generated code, where the API has a header like that
func textOf(value any) string {
	if at, ok := value.(time.Time); ok {
		return string(wire.AppendTime(nil, at))
	}
	return fmt.Sprint(value)
}

// write sets the body.
func (r *request) write(model interface{ encode(*wire.Writer) }) {
	writer := wire.Writer{Bytes: make([]byte, 0, 256)}
	model.encode(&writer)
	r.body = writer.Bytes
}

// url gives the address below the base URL.
func (r *request) url(base *url.URL, extra []queryPair) *url.URL {
	for _, pair := range extra {
		r.text(pair.name, pair.value)
	}
	address := *base
	address.RawPath = base.EscapedPath() + r.encoded
	address.Path = base.Path + r.path
	address.RawQuery = string(r.query)
	return &address
}

// pathSafe are RFC 3986's unreserved characters: all that may stand in a segment as it is.
func pathSafe(c byte) bool {
	return isAlphanumeric(c) || c == '-' || c == '.' || c == '_' || c == '~'
}

// formSafe are those that URL-encoded forms leave as they are, which is how all SDKs write their queries.
func formSafe(c byte) bool {
	return isAlphanumeric(c) || c == '-' || c == '.' || c == '_' || c == '*'
}

func isAlphanumeric(c byte) bool {
	return c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || c >= '0' && c <= '9'
}

func appendEscaped(to []byte, text string, safe func(byte) bool, plus bool) []byte {
	const hex = "0123456789ABCDEF"
	for i := range len(text) {
		switch c := text[i]; {
		case safe(c):
			to = append(to, c)
		case plus && c == ' ':
			to = append(to, '+')
		default:
			to = append(to, '%', hex[c>>4], hex[c&15])
		}
	}
	return to
}
