package approute

import (
	"context"
	"crypto/x509"
	"log/slog"
	"net/http"
	"time"
)

// An Option sets up a client; see [New].
type Option interface{ applyClient(*settings) }

// A CallOption sets up one call, or all calls of a client: every CallOption is an [Option] too.
type CallOption interface {
	Option
	applyCall(*callSettings)
}

// settings is what options are collected in. The first bad one is kept and reported by New.
type settings struct {
	call          callSettings
	baseURL       string
	allowInsecure bool
	connect       time.Duration
	httpClient    *http.Client
	proxy         string
	extraCA       *x509.CertPool
	extraCACount  int
	logger        *slog.Logger
	logLevel      LogLevel
	hooks         hooks
	clock         Clock
	random        func() uint64
	refused       *Error
}

// callSettings is what can differ from call to call. Nil and zero mean: as the client has it.
type callSettings struct {
	key              func(context.Context) (string, error)
	timeout          time.Duration
	attemptTimeout   time.Duration
	maxRetries       int
	hasMaxRetries    bool
	maxResponseBytes int64
	header           []headerPair
	query            []queryPair
	idempotencyKey   string
	confirmation     Secret
	prefetch         bool
	refused          *Error
}

type headerPair struct{ name, value string }

type queryPair struct{ name, value string }

func (s *settings) refuse(format string, args ...any) {
	if s.refused == nil {
		s.refused = configurationError(format, args...)
	}
}

func (s *callSettings) refuse(format string, args ...any) {
	if s.refused == nil {
		s.refused = configurationError(format, args...)
	}
}

type clientOption func(*settings)

func (o clientOption) applyClient(s *settings) { o(s) }

type callOption func(*callSettings)

func (o callOption) applyClient(s *settings)   { o(&s.call) }
func (o callOption) applyCall(s *callSettings) { o(s) }

// WithAPIKey sets the API key. Without it, the environment variable APPROUTE_API_KEY is used.
func WithAPIKey(key string) CallOption {
	return callOption(func(s *callSettings) {
		if failure := checkAPIKey(key); failure != nil && s.refused == nil {
			s.refused = failure
		}
		s.key = func(context.Context) (string, error) { return key, nil }
	})
}

// WithAPIKeyFunc sets a function that returns the API key. It is asked at the start of every call, so that a key can be
// rotated.
func WithAPIKeyFunc(key func(context.Context) (string, error)) CallOption {
	return callOption(func(s *callSettings) {
		if key == nil {
			s.refuse("WithAPIKeyFunc: the function is nil")
		}
		s.key = key
	})
}

// WithTimeout sets how long a whole call may take, tries and waits included: 90 s by default.
func WithTimeout(timeout time.Duration) CallOption {
	return callOption(func(s *callSettings) {
		if timeout <= 0 {
			s.refuse("WithTimeout: must be longer than zero")
		}
		s.timeout = timeout
	})
}

// WithAttemptTimeout sets how long one try may take: 20 s by default.
func WithAttemptTimeout(timeout time.Duration) CallOption {
	return callOption(func(s *callSettings) {
		if timeout <= 0 {
			s.refuse("WithAttemptTimeout: must be longer than zero")
		}
		s.attemptTimeout = timeout
	})
}

// WithMaxRetries sets how many times a failed try is repeated: 2 by default. 0 means exactly one try.
func WithMaxRetries(retries int) CallOption {
	return callOption(func(s *callSettings) {
		if retries < 0 {
			s.refuse("WithMaxRetries: must not be negative")
		}
		s.maxRetries, s.hasMaxRetries = retries, true
	})
}

// WithMaxResponseBytes sets how many bytes an answer may have after decompression: 64 MiB by default.
func WithMaxResponseBytes(bytes int64) CallOption {
	return callOption(func(s *callSettings) {
		if bytes <= 0 {
			s.refuse("WithMaxResponseBytes: must be more than zero")
		}
		s.maxResponseBytes = bytes
	})
}

// WithHeader sets a header, replacing the SDK's own of that name.
func WithHeader(name, value string) CallOption {
	return callOption(func(s *callSettings) {
		if failure := checkHeader(name, value); failure != nil && s.refused == nil {
			s.refused = failure
		}
		s.header = append(s.header, headerPair{http.CanonicalHeaderKey(name), value})
	})
}

// WithQuery adds a query parameter to those of the operation. Repeat it for a list.
func WithQuery(name, value string) CallOption {
	return callOption(func(s *callSettings) { s.query = append(s.query, queryPair{name, value}) })
}

// WithIdempotencyKey sets the idempotency key of a POST, PATCH or DELETE, 1 to 255 visible ASCII characters. Without it
// each call gets a random one. The key of an [Error] makes repeating its call safe.
func WithIdempotencyKey(key string) CallOption {
	return callOption(func(s *callSettings) {
		if len(key) < 1 || len(key) > 255 || !isVisible(key) {
			s.refuse("WithIdempotencyKey: must be 1 to 255 visible ASCII characters")
		}
		s.idempotencyKey = key
	})
}

// WithConfirmation passes the token of a [ConfirmationRequest] that a person agreed to.
func WithConfirmation(token Secret) CallOption {
	return callOption(func(s *callSettings) {
		if token.IsZero() || !isVisible(token.Expose()) {
			s.refuse("WithConfirmation: must be the token of a confirmation request")
		}
		s.confirmation = token
	})
}

// WithPrefetch lets a list fetch the page after the current one in the background; off by default. At most one page is
// ahead, and a loop that ends early cancels its request.
func WithPrefetch() CallOption { return callOption(func(s *callSettings) { s.prefetch = true }) }

// WithBaseURL sets where the API is: https://getapproute.com, or the environment variable APPROUTE_BASE_URL, by default.
// A path is kept in front of the API's own. Plain http is refused outside this machine.
func WithBaseURL(url string) Option {
	return clientOption(func(s *settings) {
		if url == "" {
			s.refuse("WithBaseURL: is empty; it looks like https://getapproute.com")
		}
		s.baseURL = url
	})
}

// WithInsecureHTTP allows a base URL with plain http on another machine. Keys then cross the network readably.
func WithInsecureHTTP() Option { return clientOption(func(s *settings) { s.allowInsecure = true }) }

// WithConnectTimeout sets how long it may take to reach the server, and again how long the TLS handshake may take: 5 s by
// default.
func WithConnectTimeout(timeout time.Duration) Option {
	return clientOption(func(s *settings) {
		if timeout <= 0 {
			s.refuse("WithConnectTimeout: must be longer than zero")
		}
		s.connect = timeout
	})
}

// WithHTTPClient sends requests with a client of your own. Its transport, timeout and cookies are used; its redirect
// policy is not, since redirects are never followed. Proxy, certificates and connect timeout are then its own affair.
func WithHTTPClient(client *http.Client) Option {
	return clientOption(func(s *settings) {
		if client == nil {
			s.refuse("WithHTTPClient: the client is nil")
		}
		s.httpClient = client
	})
}

// WithProxy sets the proxy, such as http://user:password@proxy.example:3128. Without it, HTTPS_PROXY, HTTP_PROXY and
// NO_PROXY decide.
func WithProxy(url string) Option {
	return clientOption(func(s *settings) {
		if url == "" {
			s.refuse("WithProxy: is empty; it looks like http://user:password@proxy.example:3128")
		}
		s.proxy = url
	})
}

// WithExtraCA trusts certificates, in PEM form, in addition to those of the operating system.
func WithExtraCA(pem []byte) Option {
	return clientOption(func(s *settings) {
		if s.extraCA == nil {
			pool, err := x509.SystemCertPool()
			if err != nil {
				// A system without a store of its own; the given ones are then all that is trusted.
				pool = x509.NewCertPool()
			}
			s.extraCA = pool
		}
		if !s.extraCA.AppendCertsFromPEM(pem) {
			s.refuse("WithExtraCA: holds no certificate in PEM form")
		}
		s.extraCACount++
	})
}

// WithLogger logs to this logger: calls at level Info, tries and waits at level Debug. Lines name operations and path
// templates, never ids, headers or bodies. [WithLogLevel] or APPROUTE_LOG can narrow it; else the logger's own level
// decides.
func WithLogger(logger *slog.Logger) Option {
	return clientOption(func(s *settings) {
		if logger == nil {
			s.refuse("WithLogger: the logger is nil")
		}
		s.logger = logger
	})
}

// WithLogLevel sets how much is logged: what the environment variable APPROUTE_LOG (off, info or debug) says by default.
// Without a logger, lines go to standard error.
func WithLogLevel(level LogLevel) Option {
	return clientOption(func(s *settings) {
		if level < LogOff || level > LogDebug {
			s.refuse("WithLogLevel: must be LogOff, LogInfo or LogDebug")
		}
		s.logLevel = level
	})
}

// OnRequest has a function called before each try, in the goroutine that runs the call.
func OnRequest(hook func(RequestInfo)) Option {
	return clientOption(func(s *settings) {
		if hook == nil {
			s.refuse("OnRequest: the function is nil")
		}
		s.hooks.request = append(s.hooks.request, hook)
	})
}

// OnResponse has a function called after each try.
func OnResponse(hook func(ResponseInfo)) Option {
	return clientOption(func(s *settings) {
		if hook == nil {
			s.refuse("OnResponse: the function is nil")
		}
		s.hooks.response = append(s.hooks.response, hook)
	})
}

// OnRetry has a function called before each wait for another try.
func OnRetry(hook func(RetryInfo)) Option {
	return clientOption(func(s *settings) {
		if hook == nil {
			s.refuse("OnRetry: the function is nil")
		}
		s.hooks.retry = append(s.hooks.retry, hook)
	})
}

// WithClock sets the clock that timeouts and waits go by, for tests.
func WithClock(clock Clock) Option {
	return clientOption(func(s *settings) {
		if clock == nil {
			s.refuse("WithClock: the clock is nil")
		}
		s.clock = clock
	})
}

// WithRandom sets the source of 64 random bits for jitter and idempotency keys, for tests.
func WithRandom(random func() uint64) Option {
	return clientOption(func(s *settings) {
		if random == nil {
			s.refuse("WithRandom: the function is nil")
		}
		s.random = random
	})
}
