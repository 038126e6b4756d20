// Package approutetest tests code that uses AppRoute, without a network.
//
// A [Fake] answers from a script and remembers what it was asked. The client that it makes waits for nobody: retries
// happen at once, on a clock of its own.
//
//	fake := approutetest.New()
//	fake.Reply(approutetest.Status(503), approutetest.Problem(404, "not_found", "There is no such link."))
//	_, err := fake.Client().Links.Get(ctx, "lnk_1")
//	// errors.Is(err, approute.ErrNotFound), after two tries
package approutetest

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"strings"
	"sync"
	"time"

	"github.com/approute/approute-go"
)

// TB is the part of testing.TB that is needed here; *testing.T, *testing.B and *testing.F are such.
type TB interface {
	Helper()
	Errorf(format string, args ...any)
}

// A Fake is a server in memory. All its methods can be used by several goroutines.
type Fake struct {
	// Clock is what the fake's clients go by.
	*Clock

	mu       sync.Mutex
	script   []Reply
	routes   map[string]Reply
	requests []Request
}

// New makes a fake without any reply. Its clock begins at 2026-11-01T00:00:00Z.
func New() *Fake {
	return &Fake{
		Clock:  NewClock(time.Date(2026, 11, 1, 0, 0, 0, 0, time.UTC)),
		routes: map[string]Reply{},
	}
}

// Reply adds replies to the script, which is used up in order, one reply for each try.
func (f *Fake) Reply(replies ...Reply) *Fake {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.script = append(f.script, replies...)
	return f
}

// When answers every request with this method and path, such as "GET" and "/v1/links", without using up the script.
func (f *Fake) When(method, path string, reply Reply) *Fake {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.routes[strings.ToUpper(method)+" "+path] = reply
	return f
}

// Client gives a client that sends its requests here, with the key "test_key". It panics when an option is not usable.
func (f *Fake) Client(options ...approute.Option) approute.Client {
	own := []approute.Option{
		approute.WithAPIKey("test_key"),
		approute.WithBaseURL("https://fake.invalid"),
		approute.WithHTTPClient(f.HTTPClient()),
		approute.WithClock(f.Clock),
		approute.WithLogLevel(approute.LogOff),
	}
	client, err := approute.New(append(own, options...)...)
	if err != nil {
		panic(err)
	}
	return client
}

// HTTPClient gives what sends requests here, for clients that are set up elsewhere.
func (f *Fake) HTTPClient() *http.Client { return &http.Client{Transport: transport{f}} }

// Requests gives all requests so far, oldest first.
func (f *Fake) Requests() []Request {
	f.mu.Lock()
	defer f.mu.Unlock()
	return append([]Request(nil), f.requests...)
}

// LastRequest gives the latest request; the zero value when there was none.
func (f *Fake) LastRequest() Request {
	f.mu.Lock()
	defer f.mu.Unlock()
	if len(f.requests) == 0 {
		return Request{}
	}
	return f.requests[len(f.requests)-1]
}

// AssertSent checks that exactly these requests were sent, in this order, each as "METHOD /path?query".
func (f *Fake) AssertSent(t TB, expected ...string) {
	t.Helper()
	var sent []string
	for _, request := range f.Requests() {
		sent = append(sent, request.String())
	}
	if strings.Join(sent, "\n") != strings.Join(expected, "\n") {
		t.Errorf("the requests differ\nexpected:\n  %s\nsent:\n  %s",
			strings.Join(expected, "\n  "), strings.Join(sent, "\n  "))
	}
}

// AssertDone checks that every reply of the script was used.
func (f *Fake) AssertDone(t TB) {
	t.Helper()
	f.mu.Lock()
	defer f.mu.Unlock()
	if left := len(f.script); left > 0 {
		t.Errorf("%d replies of the script were not used", left)
	}
}

// take records a request and gives its reply.
func (f *Fake) take(request Request) (Reply, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.requests = append(f.requests, request)
	if reply, found := f.routes[request.Method+" "+request.Path]; found {
		return reply, nil
	}
	if len(f.script) == 0 {
		return Reply{}, fmt.Errorf("approutetest: no reply is left for %s", request)
	}
	reply := f.script[0]
	f.script = f.script[1:]
	return reply, nil
}

type transport struct{ fake *Fake }

// RoundTrip answers from the script.
func (t transport) RoundTrip(request *http.Request) (*http.Response, error) {
	if err := request.Context().Err(); err != nil {
		return nil, err
	}
	recorded, err := record(request)
	if err != nil {
		return nil, err
	}
	reply, err := t.fake.take(recorded)
	if err != nil {
		return nil, err
	}
	if err := pass(request.Context(), reply.takes); err != nil {
		return nil, err
	}
	if reply.failure != nil {
		return nil, reply.failure
	}
	header := reply.header.Clone()
	return &http.Response{
		Status:        fmt.Sprintf("%d %s", reply.status, http.StatusText(reply.status)),
		StatusCode:    reply.status,
		Proto:         "HTTP/1.1",
		ProtoMajor:    1,
		ProtoMinor:    1,
		Header:        header,
		Body:          io.NopCloser(bytes.NewReader(reply.body)),
		ContentLength: int64(len(reply.body)),
		Request:       request,
	}, nil
}

// A Request is one that the fake was asked.
type Request struct {
	// Method is "GET" and the like.
	Method string
	// Path is percent-encoded.
	Path string
	// Query lacks its question mark; empty when there is none.
	Query string
	// Header has the API key too.
	Header http.Header
	// Body is the raw body.
	Body []byte
}

func record(request *http.Request) (Request, error) {
	recorded := Request{
		Method: request.Method,
		Path:   request.URL.EscapedPath(),
		Query:  request.URL.RawQuery,
		Header: request.Header.Clone(),
	}
	if request.Body != nil {
		defer request.Body.Close()
		body, err := io.ReadAll(request.Body)
		if err != nil {
			return Request{}, err
		}
		recorded.Body = body
	}
	return recorded, nil
}

// JSON reads the body into a value, such as an *approute.LinkCreateParams.
func (r Request) JSON(value any) error { return json.Unmarshal(r.Body, value) }

// String gives "METHOD /path?query".
func (r Request) String() string {
	if r.Query == "" {
		return r.Method + " " + r.Path
	}
	return r.Method + " " + r.Path + "?" + r.Query
}

// Format prints as [Request.String]: the header holds the API key.
func (r Request) Format(state fmt.State, _ rune) { _, _ = io.WriteString(state, r.String()) }
