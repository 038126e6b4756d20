package approute

import (
	"bufio"
	"context"
	"encoding/base64"
	"encoding/pem"
	"errors"
	"io"
	stdlog "log"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"strings"
	"sync/atomic"
	"testing"
	"time"
)

func secureServer(t *testing.T) *httptest.Server {
	t.Helper()
	server := httptest.NewUnstartedServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("X-Protocol", r.Proto)
		_, _ = io.WriteString(w, emptyPage)
	}))
	server.EnableHTTP2 = true
	// Handshakes that the client gives up are what is tested.
	server.Config.ErrorLog = stdlog.New(io.Discard, "", 0)
	server.StartTLS()
	t.Cleanup(server.Close)
	return server
}

// patient is for handshakes on a machine that has much else to do.
var patient = WithConnectTimeout(30 * time.Second)

func certificate(server *httptest.Server) []byte {
	return pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: server.Certificate().Raw})
}

func TestCertificatesThatAreNotTrusted(t *testing.T) {
	server := secureServer(t)
	client, err := New(WithAPIKey("k"), WithBaseURL(server.URL), patient)
	if err != nil {
		t.Fatal(err)
	}
	failed := asError(t, list(client))
	if failed.Attempts != 1 || failed.Retryable || failed.Outcome != OutcomeNotSent || failed.Kind != KindConnection || !strings.Contains(failed.Message, "WithExtraCA") {
		t.Errorf("%+v", failed)
	}
}

func TestExtraCertificatesAndHTTP2(t *testing.T) {
	server := secureServer(t)
	client, err := New(WithAPIKey("k"), WithBaseURL(server.URL), WithExtraCA(certificate(server)), patient)
	if err != nil {
		t.Fatal(err)
	}
	defer client.Close()
	page, err := client.Webhooks.List(context.Background(), WebhookListParams{}).Page()
	if err != nil || page.Response.Header.Get("X-Protocol") != "HTTP/2.0" {
		t.Error(err)
	}
}

// proxy is a proxy that wants a password.
func proxy(t *testing.T, connects *atomic.Int64) string {
	t.Helper()
	wanted := "Basic " + base64.StdEncoding.EncodeToString([]byte("user:s3cret"))
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		connects.Add(1)
		if r.Header.Get("Proxy-Authorization") != wanted {
			w.WriteHeader(http.StatusProxyAuthRequired)
			return
		}
		upstream, err := net.Dial("tcp", r.Host)
		if err != nil {
			w.WriteHeader(http.StatusBadGateway)
			return
		}
		defer upstream.Close()
		conn, buffered, err := http.NewResponseController(w).Hijack()
		if err != nil {
			return
		}
		defer conn.Close()
		_, _ = io.WriteString(conn, "HTTP/1.1 200 Connected\r\n\r\n")
		go func() { _, _ = io.Copy(upstream, buffered); upstream.Close() }()
		_, _ = io.Copy(conn, bufio.NewReader(upstream))
	}))
	t.Cleanup(server.Close)
	return server.URL
}

func TestProxies(t *testing.T) {
	server := secureServer(t)
	var connects atomic.Int64
	address := strings.TrimPrefix(proxy(t, &connects), "http://")
	for userinfo, expected := range map[string]bool{"user:s3cret@": true, "user:wrong@": false, "": false} {
		connects.Store(0)
		client, err := New(WithAPIKey("k"), WithBaseURL(server.URL), WithExtraCA(certificate(server)), WithProxy("http://"+userinfo+address), patient)
		if err != nil {
			t.Fatal(err)
		}
		err = list(client)
		client.Close()
		if expected {
			if err != nil || connects.Load() != 1 {
				t.Error(err, connects.Load())
			}
			continue
		}
		failed := asError(t, err)
		if failed.Attempts != 1 || failed.Retryable || failed.Outcome != OutcomeNotSent || !strings.Contains(failed.Message, "proxy") || connects.Load() != 1 {
			t.Errorf("%+v", failed)
		}
		if strings.Contains(failed.Error(), "wrong") {
			t.Error(failed)
		}
	}
}

// net/http reads the proxy variables once in a process, so this needs one of its own.
func TestProxiesOfTheEnvironment(t *testing.T) {
	if os.Getenv("PROXY_TEST") != "" {
		client, err := New(WithAPIKey("k"), WithBaseURL("https://api.example.invalid"))
		if err != nil {
			t.Fatal(err)
		}
		if failed := asError(t, list(client)); !strings.Contains(failed.Message, "proxy") {
			t.Errorf("%+v", failed)
		}
		return
	}
	for variables, through := range map[string]int64{"NO_PROXY=": 1, "NO_PROXY=.example.invalid": 0} {
		var connects atomic.Int64
		command := exec.Command(os.Args[0], "-test.run=^TestProxiesOfTheEnvironment$")
		command.Env = append(os.Environ(), "PROXY_TEST=1", "HTTPS_PROXY="+proxy(t, &connects), variables)
		output, err := command.CombinedOutput()
		if connects.Load() != through || through == 1 && err != nil {
			t.Errorf("%s: %d connects, %v: %s", variables, connects.Load(), err, output)
		}
	}
}

func TestStalledHandshakesEnd(t *testing.T) {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer listener.Close()
	client, err := New(WithAPIKey("k"), WithBaseURL("https://"+listener.Addr().String()), WithConnectTimeout(50*time.Millisecond), WithMaxRetries(0))
	if err != nil {
		t.Fatal(err)
	}
	if failed := asError(t, list(client)); !errors.Is(failed, ErrTimeout) || failed.Outcome != OutcomeNotSent || !failed.Retryable {
		t.Errorf("%+v", failed)
	}
}

func TestOwnHTTPClient(t *testing.T) {
	server := secureServer(t)
	own := server.Client()
	own.CheckRedirect = func(*http.Request, []*http.Request) error { t.Error("asked"); return nil }
	client, err := New(WithAPIKey("k"), WithBaseURL(server.URL), WithHTTPClient(own))
	if err != nil {
		t.Fatal(err)
	}
	if err := list(client); err != nil {
		t.Error(err)
	}
	own.Timeout = time.Nanosecond
	client, err = New(WithAPIKey("k"), WithBaseURL(server.URL), WithHTTPClient(own), WithMaxRetries(0))
	if err != nil {
		t.Fatal(err)
	}
	if failed := asError(t, list(client)); !errors.Is(failed, ErrTimeout) {
		t.Errorf("%+v", failed)
	}
}
