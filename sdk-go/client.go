package approute

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"os"
	"runtime"
	"time"
)

// Version is the version of this module.
const Version = "0.1.0"

// userAgent: approute-<lang>/<version> (<runtime version>; <os>; <arch>).
var userAgent = fmt.Sprintf("approute-go/%s (%s; %s; %s)", Version, runtime.Version(), runtime.GOOS, runtime.GOARCH)

// core is what a client and its copies share.
type core struct {
	baseURL  *url.URL
	http     *http.Client
	ownHTTP  bool
	defaults callSettings
	budget   *budget
	hooks    *hooks
	log      log
	clock    Clock
	random   func() uint64
}

// New makes a client. Nothing is connected yet: that happens with the first call.
//
//	client, err := approute.New(approute.WithAPIKey("ak_live_…"))
//
// Without options it reads APPROUTE_API_KEY, APPROUTE_BASE_URL and APPROUTE_LOG. The error says which option is not
// usable and what to do.
func New(options ...Option) (Client, error) {
	var s settings
	for _, option := range options {
		if option == nil {
			return Client{}, configurationError("an option is nil")
		}
		option.applyClient(&s)
	}
	if s.refused == nil {
		s.refused = s.call.refused
	}
	if s.refused != nil {
		return Client{}, s.refused
	}
	core, failure := s.build()
	if failure != nil {
		return Client{}, failure
	}
	return newClient(core), nil
}

func (s *settings) build() (*core, *Error) {
	if s.call.key == nil {
		key := os.Getenv("APPROUTE_API_KEY")
		if key == "" {
			return nil, configurationError(
				"no API key: pass WithAPIKey, or set the environment variable APPROUTE_API_KEY")
		}
		if failure := checkAPIKey(key); failure != nil {
			return nil, failure
		}
		s.call.key = func(context.Context) (string, error) { return key, nil }
	}
	if s.baseURL == "" {
		s.baseURL = os.Getenv("APPROUTE_BASE_URL")
	}
	if s.baseURL == "" {
		s.baseURL = defaultBaseURL
	}
	baseURL, failure := checkBaseURL(s.baseURL, s.allowInsecure)
	if failure != nil {
		return nil, failure
	}
	c := &core{baseURL: baseURL, defaults: s.call, budget: new(budget), hooks: &s.hooks, clock: s.clock, random: s.random}
	d := &c.defaults
	d.timeout = orElse(d.timeout, 90*time.Second)
	d.attemptTimeout = orElse(d.attemptTimeout, 20*time.Second)
	d.maxResponseBytes = orElse(d.maxResponseBytes, 64<<20)
	if !d.hasMaxRetries {
		d.maxRetries, d.hasMaxRetries = 2, true
	}
	if c.clock == nil {
		c.clock = systemClock{}
	}
	if c.random == nil {
		c.random = systemRandom
	}
	if c.log, failure = s.log(); failure != nil {
		return nil, failure
	}
	if c.http, failure = s.client(d.attemptTimeout); failure != nil {
		return nil, failure
	}
	c.ownHTTP = s.httpClient == nil
	return c, nil
}

func orElse[T comparable](value, fallback T) T {
	var zero T
	if value == zero {
		return fallback
	}
	return value
}

// client gives what sends the requests.
func (s *settings) client(attemptTimeout time.Duration) (*http.Client, *Error) {
	if s.httpClient == nil {
		transport, failure := s.transport(attemptTimeout)
		if failure != nil {
			return nil, failure
		}
		return &http.Client{Transport: transport, CheckRedirect: noRedirects}, nil
	}
	if s.proxy != "" || s.extraCA != nil || s.connect != 0 {
		return nil, configurationError("WithProxy, WithExtraCA and WithConnectTimeout have no effect beside WithHTTPClient: " +
			"set them up in that client's transport")
	}
	// A copy, so that redirects stay off here and as they are for its owner.
	client := *s.httpClient
	client.CheckRedirect = noRedirects
	return &client, nil
}

// WithOptions gives a client with other options for its calls. It shares connections, retry budget and all else with
// this one.
func (c Client) WithOptions(options ...CallOption) (Client, error) {
	if c.core == nil {
		return Client{}, zeroClient()
	}
	copied := *c.core
	if failure := copied.defaults.apply(options); failure != nil {
		return Client{}, failure
	}
	return newClient(&copied), nil
}

// BaseURL gives where the API is, without a slash at its end; empty for the zero client.
func (c Client) BaseURL() string {
	if c.core == nil {
		return ""
	}
	return c.core.baseURL.String()
}

// Close closes the connections that are idle, also those of the client's copies. A client can still be used after it.
// The connections of a client given by [WithHTTPClient] are left to its owner.
func (c Client) Close() {
	if c.core != nil && c.core.ownHTTP {
		c.core.http.CloseIdleConnections()
	}
}

// Format prints the base URL and nothing that is secret.
func (c Client) Format(state fmt.State, _ rune) {
	if c.core == nil {
		_, _ = io.WriteString(state, "approute.Client(not set up: use approute.New)")
		return
	}
	_, _ = fmt.Fprintf(state, "approute.Client(%s)", c.core.baseURL)
}

func zeroClient() *Error {
	return configurationError("this client is not set up: make one with approute.New")
}

// apply puts options over those that are there. Lists are copied: the copies of a client must not share their ends.
func (s *callSettings) apply(options []CallOption) *Error {
	s.header = s.header[:len(s.header):len(s.header)]
	s.query = s.query[:len(s.query):len(s.query)]
	for _, option := range options {
		if option == nil {
			return configurationError("an option is nil")
		}
		option.applyCall(s)
	}
	return s.refused
}
