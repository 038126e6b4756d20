// The conformance driver for Go: one case per line on stdin, one report per line on stdout. See
// tests/conformance/README.md.
package main

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"math"
	"os"
	"strings"
	"time"

	"github.com/approute/approute-go"
)

// A testCase is a case as it arrives.
type testCase struct {
	ID         string
	Client     map[string]any
	Random     *float64
	Wall       time.Time
	ClockFile  string `json:"clock_file"`
	CancelFile string `json:"cancel_file"`
	Steps      []*step
}

// A step is a call of an operation, or one of the webhook helpers.
type step struct {
	Call    string
	Args    map[string]json.RawMessage
	Options map[string]any
	Copy    bool
	Cancel  string
	List    json.RawMessage
	webhookStep

	cancelFile, problem string
}

// into reads an argument; one that is not given changes nothing.
func (s *step) into(name string, value any) {
	if argument, given := s.Args[name]; given {
		if err := json.Unmarshal(argument, value); err != nil {
			s.problem = name + ": " + err.Error()
		}
	}
}

func (s *step) text(name string) (text string) {
	s.into(name, &text)
	return text
}

type report map[string]any

func main() {
	output := json.NewEncoder(os.Stdout)
	_ = output.Encode(report{"protocol": 1, "capabilities": []string{
		"cancel", "prefetch", "proxy", "hooks", "log", "api_key_function", "write_file", "extra_ca"}})
	for input := bufio.NewReader(os.Stdin); ; {
		line, err := input.ReadBytes('\n')
		if err != nil {
			return
		}
		var c testCase
		if err := json.Unmarshal(line, &c); err != nil {
			panic(err)
		}
		_ = output.Encode(run(&c))
	}
}

func run(c *testCase) report {
	// Without a logger the SDK logs to stderr.
	stderr := os.Stderr
	os.Stderr, _ = os.CreateTemp("", "approute-log-*")
	defer func() { os.Remove(os.Stderr.Name()); os.Stderr = stderr }()
	clock := &clock{start: c.Wall, file: c.ClockFile}
	var hooks []report
	client, failure := approute.New(options(c, clock, &hooks)...)
	texts := map[string]string{"client": printed(client)}
	if failure != nil {
		texts["client"] = printed(failure)
	}
	var steps []report
	var problem any
	for _, s := range c.Steps {
		s.cancelFile, hooks = c.CancelFile, []report{}
		r := take(client, failure, s, clock)
		if s.problem != "" {
			problem = s.problem
		}
		for _, name := range []string{"value", "error"} {
			if text, ok := r["printed "+name].(string); ok {
				texts[name] += text
				delete(r, "printed "+name)
			}
		}
		delete(r, "cause")
		r["waits"], r["hooks"] = clock.take(), hooks
		steps = append(steps, r)
	}
	client.Close()
	log, _ := os.ReadFile(os.Stderr.Name())
	texts["log"] = string(log)
	return report{"id": c.ID, "problem": problem, "steps": steps, "texts": texts}
}

func take(client approute.Client, failure error, s *step, clock *clock) report {
	if strings.HasPrefix(s.Call, "webhook.") {
		return s.webhook(s.Call)
	}
	if failure != nil {
		return failed(failure)
	}
	if s.Copy {
		client, _ = client.WithOptions()
	}
	ctx, cancel := context.WithCancel(context.Background())
	defer cancel()
	clock.cancel = nil
	switch s.Cancel {
	case "in_sleep":
		clock.cancel = cancel
	case "in_try":
		go func() { appears(ctx, s.cancelFile); cancel() }()
	}
	r := perform(ctx, client, s, callOptions(s.Options))
	if s.Cancel != "" && ctx.Err() != nil {
		_ = os.Remove(s.cancelFile)
		return report{"cancelled": errors.Is(r["cause"].(error), context.Canceled)}
	}
	return r
}

func options(c *testCase, clock *clock, hooks *[]report) []approute.Option {
	note := func(r report) { *hooks = append(*hooks, r) }
	all := []approute.Option{
		approute.WithClock(clock),
		approute.OnRequest(func(i approute.RequestInfo) {
			note(report{"hook": "request", "attempt": i.Attempt, "operation": i.Operation})
		}),
		approute.OnResponse(func(i approute.ResponseInfo) {
			note(report{"hook": "response", "attempt": i.Attempt, "status": orNull(i.Status), "request_id": orNull(i.RequestID)})
		}),
		approute.OnRetry(func(i approute.RetryInfo) {
			note(report{"hook": "retry", "attempt": i.Attempt, "wait": milliseconds(i.Wait), "status": orNull(i.Status)})
		}),
	}
	if c.Random != nil {
		draw := uint64(math.MaxUint64)
		if *c.Random < 1 {
			draw = uint64(*c.Random * (1 << 64))
		}
		all = append(all, approute.WithRandom(func() uint64 { return draw }))
	}
	for name, value := range c.Client {
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
	for _, option := range callOptions(c.Client) {
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

// orNull spells what Go has as a zero value.
func orNull[T comparable](value T) any {
	var zero T
	if value == zero {
		return nil
	}
	return value
}
