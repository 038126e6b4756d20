package approutetest

import (
	"encoding/json"
	"fmt"
	"io"
	"math"
	"net"
	"net/http"
	"syscall"
	"time"
)

// A Reply is how the fake answers one try. It is a value: its methods give changed copies.
type Reply struct {
	status  int
	header  http.Header
	body    []byte
	failure error
	takes   time.Duration
}

// Status replies with this status and no body.
func Status(status int) Reply {
	return Reply{status: status, header: http.Header{"X-Request-Id": {"req_fake"}}}
}

// JSON replies with a JSON body: a model, a map, or whatever encoding/json takes. It panics when that takes it not.
func JSON(status int, value any) Reply {
	body, err := json.Marshal(value)
	if err != nil {
		panic(fmt.Sprintf("approutetest: the reply is not JSON: %v", err))
	}
	return Status(status).Body("application/json", body)
}

// Problem replies with an error of the API.
func Problem(status int, code, detail string) Reply {
	reply := JSON(status, map[string]any{
		"type": "https://getapproute.com/docs/api/errors#" + code, "title": code, "status": status, "detail": detail,
		"code": code, "request_id": "req_fake", "doc_url": "https://getapproute.com/docs/api/errors#" + code,
		"errors": []any{},
	})
	return reply.Header("Content-Type", "application/problem+json")
}

// Refused replies nothing: nobody listens, and no byte was sent.
func Refused() Reply {
	return Reply{failure: &net.OpError{Op: "dial", Net: "tcp", Err: syscall.ECONNREFUSED}}
}

// Reset replies nothing: the connection breaks after the request was sent.
func Reset() Reply {
	return Reply{failure: &net.OpError{Op: "read", Net: "tcp", Err: syscall.ECONNRESET}}
}

// Never does not reply, so that the try runs into its timeout.
func Never() Reply { return Reply{failure: io.ErrUnexpectedEOF, takes: math.MaxInt64} }

// Header sets a header.
func (r Reply) Header(name, value string) Reply {
	r.header = r.header.Clone()
	if r.header == nil {
		r.header = http.Header{}
	}
	r.header.Set(name, value)
	return r
}

// Body sets the body and its type.
func (r Reply) Body(contentType string, body []byte) Reply {
	r.body = body
	return r.Header("Content-Type", contentType)
}

// Takes says how long the reply takes on the fake's clock. Longer than the try may take, and it is a timeout.
func (r Reply) Takes(time time.Duration) Reply {
	r.takes = time
	return r
}
