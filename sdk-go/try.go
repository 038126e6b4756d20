package approute

import (
	"bytes"
	"context"
	"crypto/tls"
	"errors"
	"io"
	"net/http"
	"net/http/httptrace"
	"strings"
	"sync/atomic"

	"github.com/approute/approute-go/internal/wire"
)

// try sends the request once and reads the whole answer.
func (c *call) try(ctx context.Context) (*answer, *tryError) {
	timeout := min(c.settings.attemptTimeout, c.deadline.Sub(c.attemptStarted))
	tryCtx, cancel := c.core.clock.WithTimeout(ctx, timeout)
	defer cancel()
	watch := &watch{cancel: cancel}
	// Only here is anything between net/http and us: what it does by itself is seen, and refused where it counts.
	traced := httptrace.WithClientTrace(tryCtx, &httptrace.ClientTrace{
		GetConn:      watch.getConn,
		GotConn:      watch.gotConn,
		WroteHeaders: watch.wroteHeaders,
	})
	response, err := c.core.http.Do(c.request(traced))
	if err != nil {
		return nil, classify(err, tryCtx, watch)
	}
	defer response.Body.Close()
	answer, lost := c.read(response)
	if lost != nil && lost.kind == lostInterrupted && tryCtx.Err() != nil {
		lost.kind, lost.message = lostTimeout, "no complete answer within the timeout of one try"
	}
	return answer, lost
}

func (c *call) request(ctx context.Context) *http.Request {
	header := c.header
	if c.attempts > 1 {
		// The transport of an earlier try may still hold its header.
		header = header.Clone()
	}
	request := &http.Request{
		Method:     c.op.method,
		URL:        c.url,
		Host:       c.url.Host,
		Proto:      "HTTP/1.1",
		ProtoMajor: 1,
		ProtoMinor: 1,
		Header:     header,
	}
	if c.body != nil {
		body := func() io.ReadCloser { return io.NopCloser(bytes.NewReader(c.body)) }
		request.Body, request.ContentLength = body(), int64(len(c.body))
		// For a kept connection that was closed before anything was written: net/http then takes another.
		request.GetBody = func() (io.ReadCloser, error) { return body(), nil }
	}
	return request.WithContext(ctx)
}

var errReplay = errors.New("the connection was lost, and net/http must not repeat the request by itself")

// A watch sees what net/http does within one try.
//
// net/http repeats a request by itself when a kept connection is lost before its answer begins, even a POST with an
// Idempotency-Key. That would be a try that nobody counts, and more than one with a limit of no retries. It is let do so
// only while nothing was written.
type watch struct {
	cancel                   context.CancelFunc
	asked, got, wrote, block atomic.Bool
}

func (w *watch) getConn(string) { w.asked.Store(true) }

func (w *watch) gotConn(info httptrace.GotConnInfo) {
	w.got.Store(true)
	if !w.wrote.Load() {
		return
	}
	// HTTP/2 repeats only what the server says it has not looked at, and the connection belongs to other calls too.
	if conn, ok := info.Conn.(*tls.Conn); ok && conn.ConnectionState().NegotiatedProtocol == "h2" {
		return
	}
	w.block.Store(true)
	w.cancel()
	// Cancelling alone would race with the write.
	_ = info.Conn.Close()
}

func (w *watch) wroteHeaders() { w.wrote.Store(true) }

// read reads the body up to the limit, decompressed.
func (c *call) read(response *http.Response) (*answer, *tryError) {
	a := &answer{status: response.StatusCode, header: response.Header}
	buffer := takeBuffer()
	body, lost := readBody(response, c.settings.maxResponseBytes, *buffer)
	*buffer = body
	if lost != nil {
		giveBuffer(buffer)
		lost.sent, lost.status, lost.header = true, a.status, a.header
		return nil, lost
	}
	json := strings.HasSuffix(c.op.accept, "json")
	if json && a.status <= 299 {
		a.body, a.buffer = body, buffer
		return a, nil
	}
	// What the user gets to keep must not be given back.
	a.body = bytes.Clone(body)
	giveBuffer(buffer)
	return a, nil
}

// release gives the body's buffer back, once everything that is needed was copied.
func (a *answer) release() {
	if a.buffer != nil {
		giveBuffer(a.buffer)
		a.buffer, a.body = nil, nil
	}
}

// undecodable is the error for an answer that was a success and is not what the API promises.
func undecodable(a *answer, err error) *Error {
	reason := "its JSON does not fit: " + err.Error()
	var syntax *wire.SyntaxError
	contentType := a.header.Get("Content-Type")
	switch {
	case len(a.body) == 0:
		reason = "it is empty"
	// A proxy's HTML should be recognised as what it is.
	case contentType != "" && !strings.Contains(contentType, "json"):
		reason = "it is " + contentType + ", not JSON"
	case errors.As(err, &syntax) && syntax.Broken:
		reason = "its JSON is broken: " + err.Error()
	}
	failure := &Error{
		Kind:           KindDecode,
		Message:        "the answer is not what the API promises: " + reason,
		Status:         a.status,
		RequestID:      requestID(a.header),
		Header:         a.header,
		Body:           bytes.Clone(a.body),
		Attempts:       a.attempts,
		IdempotencyKey: a.idempotencyKey,
		Outcome:        OutcomeApplied,
		Cause:          err,
	}
	a.release()
	return failure
}
