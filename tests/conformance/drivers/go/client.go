package main

import (
	"context"
	"errors"
	"fmt"
	"math"
	"os"
	"strconv"
	"strings"
	"time"

	"github.com/approute/approute-go"
)

// A script is time and chance as the case wants them.
type script struct {
	Clock  string
	Wall   int64
	Random *float64
	slept  time.Duration
}

func (s *script) Now() time.Time {
	text, _ := os.ReadFile(s.Clock + "/elapsed")
	elapsed, _ := strconv.Atoi(strings.TrimSpace(string(text)))
	return time.UnixMilli(s.Wall + int64(elapsed)).Add(s.slept)
}

func (s *script) Sleep(ctx context.Context, wait time.Duration) error {
	s.slept += wait
	waits, _ := os.OpenFile(s.Clock+"/waits", os.O_APPEND|os.O_CREATE|os.O_WRONLY, 0o600)
	fmt.Fprintln(waits, milliseconds(wait))
	_ = waits.Close()
	for ctx.Err() == nil {
		if _, err := os.Stat(s.Clock + "/hold"); err != nil {
			break
		}
		_ = os.WriteFile(s.Clock+"/cancel", nil, 0o600)
		time.Sleep(2 * time.Millisecond)
	}
	return ctx.Err()
}

// WithTimeout is real: a try ends on a stalled socket.
func (s *script) WithTimeout(ctx context.Context, timeout time.Duration) (context.Context, context.CancelFunc) {
	return context.WithTimeout(ctx, timeout)
}

func (s *script) draw() uint64 {
	if *s.Random < 1 {
		return uint64(*s.Random * (1 << 64))
	}
	return math.MaxUint64
}

func options(m *message) []approute.Option {
	all := []approute.Option{
		approute.WithClock(&m.Script),
		approute.OnRequest(func(i approute.RequestInfo) {
			note(i, report{"hook": "request", "attempt": i.Attempt, "operation": i.Operation})
		}),
		approute.OnResponse(func(i approute.ResponseInfo) {
			note(i, report{"hook": "response", "attempt": i.Attempt, "status": i.Status, "request_id": i.RequestID})
		}),
		approute.OnRetry(func(i approute.RetryInfo) {
			note(i, report{"hook": "retry", "attempt": i.Attempt, "status": i.Status, "wait": milliseconds(i.Wait)})
		}),
	}
	if m.Script.Random != nil {
		all = append(all, approute.WithRandom(m.Script.draw))
	}
	for name, value := range m.Options {
		text, _ := value.(string)
		switch name {
		case "api_key":
			all = append(all, approute.WithAPIKey(text))
		case "base_url":
			all = append(all, approute.WithBaseURL(text))
		case "allow_insecure_http":
			if value == true {
				all = append(all, approute.WithInsecureHTTP())
			}
		case "connect_timeout":
			all = append(all, approute.WithConnectTimeout(duration(value)))
		case "extra_ca":
			all = append(all, approute.WithExtraCA([]byte(text)))
		case "proxy":
			all = append(all, approute.WithProxy(text))
		case "api_key_function":
			keys := value.([]any)
			all = append(all, approute.WithAPIKeyFunc(func(context.Context) (string, error) {
				if len(keys) == 0 {
					return "", errors.New("no more keys")
				}
				key := keys[0].(string)
				keys = keys[1:]
				return key, nil
			}))
		}
	}
	for _, option := range callOptions(m.Options) {
		all = append(all, option)
	}
	return all
}

// callOptions are those that a client has too.
func callOptions(given map[string]any) (all []approute.CallOption) {
	for name, value := range given {
		text, _ := value.(string)
		pairs, _ := value.(map[string]any)
		switch name {
		case "headers", "default_headers":
			for name, value := range pairs {
				all = append(all, approute.WithHeader(name, fmt.Sprint(value)))
			}
		case "query":
			for name, value := range pairs {
				all = append(all, approute.WithQuery(name, fmt.Sprint(value)))
			}
		case "timeout":
			all = append(all, approute.WithTimeout(duration(value)))
		case "attempt_timeout":
			all = append(all, approute.WithAttemptTimeout(duration(value)))
		case "max_retries":
			all = append(all, approute.WithMaxRetries(int(value.(float64))))
		case "max_response_bytes":
			all = append(all, approute.WithMaxResponseBytes(int64(value.(float64))))
		case "idempotency_key":
			all = append(all, approute.WithIdempotencyKey(text))
		case "confirmation":
			all = append(all, approute.WithConfirmation(approute.NewSecret(text)))
		}
	}
	return all
}

func duration(value any) time.Duration     { return time.Duration(value.(float64)) * time.Millisecond }
func milliseconds(d time.Duration) float64 { return float64(d) / float64(time.Millisecond) }
