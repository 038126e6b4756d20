package approute

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"net"
	"net/http"
	"net/url"
	"strings"
	"time"
)

// transport sets net/http up.
func (s *settings) transport(attemptTimeout time.Duration) (*http.Transport, *Error) {
	// Where a try may take no longer than a connection, the connection's end must come first: it tells that nothing was
	// sent.
	connect := min(orElse(s.connect, 5*time.Second), attemptTimeout/100*95)
	dialer := &net.Dialer{Timeout: connect, KeepAlive: 30 * time.Second}
	transport := &http.Transport{
		Proxy:                  http.ProxyFromEnvironment,
		DialContext:            dialer.DialContext,
		TLSHandshakeTimeout:    connect,
		ForceAttemptHTTP2:      true,
		MaxIdleConns:           256,
		MaxIdleConnsPerHost:    64,
		IdleConnTimeout:        90 * time.Second,
		ExpectContinueTimeout:  time.Second,
		DisableCompression:     true,
		OnProxyConnectResponse: onProxyConnect,
	}
	if s.proxy != "" {
		proxy, failure := checkProxy(s.proxy)
		if failure != nil {
			return nil, failure
		}
		transport.Proxy = http.ProxyURL(proxy)
	}
	if s.extraCA != nil {
		transport.TLSClientConfig = &tls.Config{RootCAs: s.extraCA, MinVersion: tls.VersionTLS12}
	}
	return transport, nil
}

var errProxyAuthentication = errors.New("the proxy asks for other credentials; " +
	"put them into the proxy URL (http://user:password@host:port)")

func onProxyConnect(_ context.Context, _ *url.URL, _ *http.Request, answer *http.Response) error {
	if answer.StatusCode == http.StatusProxyAuthRequired {
		return errProxyAuthentication
	}
	return nil
}

type lossKind uint8

const (
	// lostConnect: no connection could be made. Retried.
	lostConnect lossKind = iota
	// lostTimeout: it took too long. Retried.
	lostTimeout
	// lostInterrupted: the connection broke before the answer was complete, or what came was not HTTP. Retried.
	lostInterrupted
	// lostCertificate: the server's certificate is not trusted. Not retried.
	lostCertificate
	// lostProxyAuthentication: the proxy wants other credentials. Not retried.
	lostProxyAuthentication
	// lostTooLarge: the body is larger than the limit. Not retried.
	lostTooLarge
	// lostUndecodable: the body cannot be decompressed. Not retried.
	lostUndecodable
)

// A tryError says why a try ended without an answer, and whether the server may have seen the request.
type tryError struct {
	kind    lossKind
	message string
	sent    bool
	// status and header, where they came before the failure.
	status int
	header http.Header
	cause  error
}

func (e *tryError) retryable() bool {
	return e.kind == lostConnect || e.kind == lostTimeout || e.kind == lostInterrupted
}

func (e *tryError) verdict() verdict {
	if e.kind == lostTooLarge || e.kind == lostUndecodable {
		// The head is complete and the body was there: the status counts, as for any other answer.
		return verdictOf(e.status, "")
	}
	return verdictUnknown
}

// error is the error of a call that ends with this try.
func (e *tryError) error(key string) *Error {
	failure := &Error{Kind: KindConnection, Message: hide(e.message, key), Cause: e.cause}
	switch e.kind {
	case lostTimeout:
		failure.Kind = KindTimeout
	case lostTooLarge, lostUndecodable:
		// What can be known of a body that was too large or garbled is its head.
		failure.Kind, failure.Status, failure.Header = KindDecode, e.status, e.header
		failure.RequestID = requestID(e.header)
	}
	return failure
}

func tooLarge(limit int64) *tryError {
	return &tryError{kind: lostTooLarge, message: fmt.Sprintf("the answer is larger than the limit of %d bytes", limit)}
}

// classify makes of net/http's error what the retry loop wants to know.
func classify(err error, ctx context.Context, watch *watch) *tryError {
	// The outermost layer repeats the address.
	var wrapped *url.Error
	if errors.As(err, &wrapped) {
		err = wrapped.Err
	}
	lost := &tryError{cause: err}
	var dial *net.OpError
	dialing := errors.As(err, &dial) && (dial.Op == "dial" || dial.Op == "proxyconnect")
	// A transport other than net/http's own tells nothing about its connections; then the error's type has to do.
	lost.sent = watch.got.Load() || !watch.asked.Load() && !dialing
	var timeout net.Error
	what := ""
	switch {
	case watch.block.Load():
		lost.kind, lost.cause = lostInterrupted, errReplay
		lost.message = "the connection broke before the answer"
		return lost
	case errors.Is(err, errProxyAuthentication):
		lost.kind, lost.sent, lost.message = lostProxyAuthentication, false, errProxyAuthentication.Error()
		return lost
	case isCertificateError(err):
		lost.kind = lostCertificate
		what = "the server's certificate is not trusted; for a private certificate authority use WithExtraCA or SSL_CERT_FILE"
	case ctx.Err() != nil:
		lost.kind, lost.message = lostTimeout, "no complete answer within the timeout of one try"
		return lost
	case errors.As(err, &timeout) && timeout.Timeout():
		lost.kind, what = lostTimeout, "no connection in time"
		if lost.sent {
			what = "no answer in time"
		}
	case !lost.sent:
		lost.kind, what = lostConnect, "no connection to the server"
	default:
		lost.kind, what = lostInterrupted, "the connection broke before the answer"
	}
	lost.message = what + ": " + innermost(err)
	return lost
}

// innermost gives the words of the last error in a chain: those around it only repeat that there is one.
func innermost(err error) string {
	for {
		inner := errors.Unwrap(err)
		if inner == nil {
			return err.Error()
		}
		err = inner
	}
}

func isCertificateError(err error) bool {
	var verification *tls.CertificateVerificationError
	var unknown x509.UnknownAuthorityError
	var hostname x509.HostnameError
	var invalid x509.CertificateInvalidError
	if errors.As(err, &verification) || errors.As(err, &unknown) || errors.As(err, &hostname) || errors.As(err, &invalid) {
		return true
	}
	// The server refuses ours. crypto/tls keeps the type of these to itself, so its words are all there is.
	var remote *net.OpError
	return errors.As(err, &remote) && remote.Op == "remote error" &&
		(strings.Contains(remote.Error(), "certificate") || strings.Contains(remote.Error(), "access denied"))
}
