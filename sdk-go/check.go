package approute

import (
	"net"
	"net/http"
	"net/netip"
	"net/url"
	"strings"
)

const defaultBaseURL = "https://getapproute.com"

func checkAPIKey(key string) *Error {
	if key == "" {
		return configurationError("the API key is empty: pass WithAPIKey, or set the environment variable APPROUTE_API_KEY")
	}
	if !isVisible(key) {
		return configurationError("the API key has spaces, line breaks or characters that keys do not have: copy it again")
	}
	return nil
}

// isVisible says whether a text is visible ASCII and nothing else.
func isVisible(text string) bool {
	for i := range len(text) {
		if text[i] <= ' ' || text[i] > '~' {
			return false
		}
	}
	return true
}

// checkHeader refuses headers that would break a request. The value is not repeated: it may be a secret.
func checkHeader(name, value string) *Error {
	if name == "" || strings.Trim(name, tokenChars) != "" {
		return configurationError("WithHeader: %q is not a header name", name)
	}
	switch strings.ToLower(name) {
	case "connection", "content-length", "host", "te", "transfer-encoding", "upgrade":
		return configurationError("WithHeader: the header %s is set by the transport", name)
	case "idempotency-key":
		return configurationError("WithHeader: use WithIdempotencyKey instead of the header")
	}
	if !isHeaderValue(value) {
		return configurationError("WithHeader: the value of %s has characters that headers cannot have", name)
	}
	return nil
}

const tokenChars = "!#$%&'*+-.^_`|~0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"

func isHeaderValue(value string) bool {
	for i := range len(value) {
		if c := value[i]; c < ' ' && c != '\t' || c == 0x7f {
			return false
		}
	}
	return true
}

// checkBaseURL gives the URL without a slash at its end.
func checkBaseURL(text string, allowInsecure bool) (*url.URL, *Error) {
	refuse := func(reason string) (*url.URL, *Error) {
		return nil, configurationError("the base URL %s", reason)
	}
	base, err := url.Parse(strings.TrimSpace(text))
	if err != nil || base.Opaque != "" {
		return refuse("is not a URL; it looks like https://getapproute.com")
	}
	base.Scheme = strings.ToLower(base.Scheme)
	if base.Scheme != "https" && base.Scheme != "http" {
		return refuse("must start with https://")
	}
	if base.Hostname() == "" {
		return refuse("has no host; it looks like https://getapproute.com")
	}
	if base.User != nil {
		return refuse("must not hold a user name or password; the key goes into WithAPIKey")
	}
	if base.RawQuery != "" || base.ForceQuery || base.Fragment != "" {
		return refuse("must not have a query or a fragment")
	}
	if base.Scheme == "http" && !isLoopback(base.Hostname()) && !allowInsecure {
		return refuse("must start with https://, since the API key would cross the network readably; " +
			"pass WithInsecureHTTP if that is meant")
	}
	path := strings.TrimRight(base.EscapedPath(), "/")
	base.Path, base.RawPath = strings.TrimRight(base.Path, "/"), path
	return base, nil
}

func isLoopback(host string) bool {
	host = strings.ToLower(host)
	if host == "localhost" || strings.HasSuffix(host, ".localhost") {
		return true
	}
	address, err := netip.ParseAddr(host)
	return err == nil && address.Unmap().IsLoopback()
}

func checkProxy(text string) (*url.URL, *Error) {
	proxy, err := url.Parse(text)
	// The URL may hold a password, so it is not repeated.
	if err != nil || proxy.Hostname() == "" {
		return nil, configurationError("WithProxy: must be a URL such as http://user:password@proxy.example:3128")
	}
	switch proxy.Scheme {
	case "http", "https", "socks5", "socks5h":
		return proxy, nil
	}
	return nil, configurationError("WithProxy: must start with http://, https:// or socks5://")
}

// noRedirects is the redirect policy of every client.
func noRedirects(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }

var _ net.Error = (*Error)(nil)

// Temporary is there for net.Error, which deprecates it; see [Error.Retryable].
func (e *Error) Temporary() bool { return e.Retryable }
