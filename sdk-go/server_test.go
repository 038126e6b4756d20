package approute

import (
	"bufio"
	"bytes"
	"compress/gzip"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"
)

// A hostile server speaks to each connection byte by byte: n counts the requests over all connections, from 1.
type hostile struct {
	listener net.Listener
	requests atomic.Int64
	open     sync.WaitGroup
}

// serve has the function called for every request that was read. It says whether the connection goes on.
func serve(t *testing.T, answer func(conn net.Conn, n int64) bool) *hostile {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	h := &hostile{listener: listener}
	h.open.Add(1)
	go func() {
		defer h.open.Done()
		for {
			conn, err := listener.Accept()
			if err != nil {
				return
			}
			h.open.Add(1)
			go func() {
				defer h.open.Done()
				defer conn.Close()
				reader := bufio.NewReader(conn)
				for {
					request, err := http.ReadRequest(reader)
					if err != nil {
						return
					}
					_, _ = io.Copy(io.Discard, request.Body)
					if !answer(conn, h.requests.Add(1)) {
						return
					}
				}
			}()
		}
	}()
	t.Cleanup(func() {
		listener.Close()
		h.open.Wait()
	})
	return h
}

// connect gives a client of the server that waits for nobody between tries.
func (h *hostile) connect(t *testing.T, options ...Option) Client {
	t.Helper()
	all := append([]Option{WithAPIKey("ak_s3cret"), WithBaseURL("http://" + h.listener.Addr().String()), WithClock(hasty{})}, options...)
	client, err := New(all...)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(client.Close)
	return client
}

// hasty is the system's clock, but sleeps are over at once.
type hasty struct{ systemClock }

func (hasty) Sleep(ctx context.Context, _ time.Duration) error { return ctx.Err() }

func reset(conn net.Conn) bool {
	_ = conn.(*net.TCPConn).SetLinger(0)
	return false
}

func write(conn net.Conn, text string) bool {
	_, err := io.WriteString(conn, text)
	return err == nil
}

func fine(conn net.Conn) bool {
	return write(conn, fmt.Sprintf("HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: %d\r\n\r\n%s", len(emptyPage), emptyPage))
}

const emptyPage = `{"items":[],"next_cursor":null,"has_more":false}`

func list(client Client, options ...CallOption) error {
	_, err := client.Webhooks.List(context.Background(), WebhookListParams{}, options...).Page()
	return err
}

func asError(t *testing.T, err error) *Error {
	t.Helper()
	var failure *Error
	if !errors.As(err, &failure) {
		t.Fatalf("%v is no *Error", err)
	}
	return failure
}

func TestServersThatBreakConnections(t *testing.T) {
	// Nothing more is sent, until the client closes the connection.
	stall := func(conn net.Conn) bool {
		_, err := conn.Read(make([]byte, 1))
		return err == nil
	}
	for name, answer := range map[string]func(net.Conn) bool{
		"reset":              reset,
		"close":              func(net.Conn) bool { return false },
		"garbage":            func(conn net.Conn) bool { return write(conn, "SSH-2.0-OpenSSH\r\n\r\n") && false },
		"half a status line": func(conn net.Conn) bool { return write(conn, "HTTP/1.1 20") && false },
		"half a header":      func(conn net.Conn) bool { return write(conn, "HTTP/1.1 200 OK\r\nContent-") && false },
		"half a body": func(conn net.Conn) bool {
			return write(conn, "HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\n{\"items\"") && false
		},
		"a body that is reset": func(conn net.Conn) bool {
			write(conn, "HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\n{\"items\"")
			return reset(conn)
		},
		"half a chunk": func(conn net.Conn) bool {
			return write(conn, "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nff\r\n{") && false
		},
		"a chunk that is none": func(conn net.Conn) bool {
			return write(conn, "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n{") && false
		},
		"half a gzip": func(conn net.Conn) bool {
			return write(conn, "HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nContent-Length: 4\r\n\r\n\x1f\x8b\x08\x00") && false
		},
		"stall": stall,
		"stall in the body": func(conn net.Conn) bool {
			write(conn, "HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\n{")
			return stall(conn)
		},
	} {
		t.Run(name, func(t *testing.T) {
			h := serve(t, func(conn net.Conn, n int64) bool {
				if n%2 == 1 {
					return answer(conn)
				}
				return fine(conn)
			})
			client := h.connect(t, WithAttemptTimeout(300*time.Millisecond))
			failed := asError(t, list(client, WithMaxRetries(0)))
			if !errors.Is(failed, ErrConnection) || !failed.Retryable || failed.Outcome != OutcomeUnknown || failed.Attempts != 1 {
				t.Errorf("%+v", failed)
			}
			if strings.HasPrefix(name, "stall") != errors.Is(failed, ErrTimeout) {
				t.Errorf("%+v", failed)
			}
			if got := h.requests.Load(); got != 1 {
				t.Errorf("one try was %d requests", got)
			}
			h.requests.Store(0)
			if err := list(client); err != nil {
				t.Errorf("not retried: %v", err)
			}
		})
	}
}

// net/http repeats requests by itself when a kept connection breaks; nobody may notice.
func TestKeptConnectionsThatBreakAreOneTry(t *testing.T) {
	for name, broken := range map[string]func(net.Conn) bool{"close": func(net.Conn) bool { return false }, "reset": reset} {
		for _, operation := range []string{"GET", "POST with a body", "POST without one", "DELETE"} {
			t.Run(name+" "+operation, func(t *testing.T) {
				h := serve(t, func(conn net.Conn, n int64) bool {
					if n == 1 {
						return fine(conn)
					}
					return broken(conn)
				})
				client := h.connect(t, WithMaxRetries(0))
				if err := list(client); err != nil {
					t.Fatal(err)
				}
				var err error
				switch operation {
				case "GET":
					err = list(client)
				case "POST with a body":
					_, err = client.Links.Create(context.Background(), LinkCreateParams{URL: "https://e"})
				case "POST without one":
					_, err = client.Links.Restore(context.Background(), "lnk_1")
				case "DELETE":
					_, err = client.Webhooks.Delete(context.Background(), "whk_1")
				}
				failed := asError(t, err)
				if got := h.requests.Load(); got != 2 || failed.Attempts != 1 || failed.Outcome != OutcomeUnknown || failed.Kind != KindConnection {
					t.Errorf("%d requests, %+v", got, failed)
				}
			})
		}
	}
}

func TestAnswersThatAreTooLarge(t *testing.T) {
	var bomb bytes.Buffer
	zipper := gzip.NewWriter(&bomb)
	for range 1024 {
		_, _ = zipper.Write(make([]byte, 64<<10))
	}
	_ = zipper.Close()
	for name, answer := range map[string]string{
		"announced": "HTTP/1.1 200 OK\r\nX-Request-Id: req_1\r\nContent-Length: 70000\r\n\r\n",
		"endless":   "HTTP/1.1 200 OK\r\nX-Request-Id: req_1\r\n\r\n" + strings.Repeat(" ", 70000),
		"bomb":      fmt.Sprintf("HTTP/1.1 200 OK\r\nX-Request-Id: req_1\r\nContent-Encoding: gzip\r\nContent-Length: %d\r\n\r\n%s", bomb.Len(), bomb.String()),
	} {
		t.Run(name, func(t *testing.T) {
			h := serve(t, func(conn net.Conn, _ int64) bool { return write(conn, answer) && false })
			failed := asError(t, list(h.connect(t), WithMaxResponseBytes(65536)))
			if failed.Kind != KindDecode || failed.Status != 200 || failed.RequestID != "req_1" || failed.Attempts != 1 || failed.Outcome != OutcomeApplied {
				t.Errorf("%+v", failed)
			}
		})
	}
}

func TestCompressedAnswers(t *testing.T) {
	var zipped bytes.Buffer
	zipper := gzip.NewWriter(&zipped)
	_, _ = io.WriteString(zipper, emptyPage)
	_ = zipper.Close()
	head := "HTTP/1.1 200 OK\r\nContent-Encoding: %s\r\nContent-Length: %d\r\n\r\n%s"
	corrupt := bytes.Clone(zipped.Bytes())
	corrupt[len(corrupt)-6] ^= 1 // in the checksum
	for _, row := range []struct {
		encoding, body string
		kind           Kind
	}{
		{"gzip", zipped.String(), ""},
		{"GZIP", zipped.String(), ""},
		{"identity", emptyPage, ""},
		{"gzip", string(corrupt), KindDecode},
		{"gzip", emptyPage, KindDecode},
		{"gzip", "", KindDecode}, // empty, which is no JSON
		{"br", "whatever", KindDecode},
	} {
		h := serve(t, func(conn net.Conn, _ int64) bool {
			return write(conn, fmt.Sprintf(head, row.encoding, len(row.body), row.body))
		})
		err := list(h.connect(t))
		if row.kind == "" && err != nil {
			t.Errorf("%s: %v", row.encoding, err)
		}
		if row.kind != "" {
			if failed := asError(t, err); failed.Kind != row.kind || failed.Attempts != 1 || failed.Outcome != OutcomeApplied {
				t.Errorf("%s: %+v", row.encoding, failed)
			}
		}
	}
}

func TestRedirectsAreNotFollowed(t *testing.T) {
	h := serve(t, func(conn net.Conn, _ int64) bool {
		return write(conn, "HTTP/1.1 307 Temporary Redirect\r\nLocation: /elsewhere\r\nContent-Length: 0\r\n\r\n")
	})
	_, err := h.connect(t).Links.Create(context.Background(), LinkCreateParams{URL: "https://e"})
	if failed := asError(t, err); failed.Status != 307 || failed.Kind != KindAPI || h.requests.Load() != 1 || !strings.Contains(failed.Message, "redirects") {
		t.Errorf("%+v", failed)
	}
}

func TestNobodyListens(t *testing.T) {
	h := serve(t, nil)
	client := h.connect(t)
	h.listener.Close()
	failed := asError(t, list(client))
	if failed.Outcome != OutcomeNotSent || failed.Attempts != 3 || failed.Kind != KindConnection || errors.Unwrap(failed) == nil {
		t.Errorf("%+v", failed)
	}
}

func TestCancellingClosesTheConnection(t *testing.T) {
	noLeak(t)
	arrived, closed := make(chan struct{}), make(chan error, 1)
	h := serve(t, func(conn net.Conn, _ int64) bool {
		close(arrived)
		_, err := conn.Read(make([]byte, 1))
		closed <- err
		return false
	})
	ctx, cancel := context.WithCancel(context.Background())
	go func() { <-arrived; cancel() }()
	_, err := h.connect(t).Links.Get(ctx, "lnk_1")
	if failed := asError(t, err); !errors.Is(err, context.Canceled) || failed.Outcome != OutcomeUnknown || failed.Attempts != 1 {
		t.Errorf("%+v", failed)
	}
	select {
	case err := <-closed:
		if err == nil {
			t.Error("the connection is still open")
		}
	case <-time.After(5 * time.Second):
		t.Error("the server does not see it")
	}
}

func TestManyAtOnce(t *testing.T) {
	noLeak(t)
	h := serve(t, func(conn net.Conn, n int64) bool {
		if n%50 == 0 {
			return reset(conn)
		}
		return fine(conn)
	})
	client := h.connect(t, WithMaxRetries(10))
	var all sync.WaitGroup
	var failures atomic.Int64
	for range 64 {
		all.Add(1)
		go func() {
			defer all.Done()
			for range 30 {
				if list(client) != nil {
					failures.Add(1)
				}
			}
		}()
	}
	all.Wait()
	if failures.Load() > 0 {
		t.Errorf("%d failures", failures.Load())
	}
	client.Close()
}
