package provider

import (
	"context"
	"errors"
	"net/http"
	"testing"
	"time"

	"github.com/hashicorp/terraform-plugin-framework/types"

	"github.com/approute/approute-go"
	"github.com/approute/approute-go/approutetest"
)

// A limited service has a server in memory, and waits that take no time.
func limited(fake *approutetest.Fake, timeout time.Duration) (*service, *[]time.Duration) {
	client := fake.Client(approute.WithMaxRetries(0))
	var waits []time.Duration
	return &service{client: &client, timeout: timeout, sleep: func(ctx context.Context, wait time.Duration) error {
		waits = append(waits, wait)
		return ctx.Err()
	}}, &waits
}

func create(s *service) (*approute.LinkResponse, error) {
	return call(context.Background(), s, func(ctx context.Context, options ...approute.CallOption) (*approute.LinkResponse, error) {
		return s.client.Links.Create(ctx, approute.LinkCreateParams{URL: "https://example.com/"}, options...)
	})
}

func tooMany(seconds string) approutetest.Reply {
	return approutetest.Problem(429, "rate_limited", "This key has used up its requests.").Header("Retry-After", seconds)
}

func TestARateLimitIsWaitedForUnderTheSameKey(t *testing.T) {
	fake := approutetest.New()
	fake.Reply(tooMany("2"), tooMany("45"), tooMany("nonsense"), approutetest.JSON(201, approute.Link{ID: "lnk_1", URL: "https://example.com/"}))
	s, waits := limited(fake, time.Minute)
	link, err := create(s)
	if err != nil || link.ID != "lnk_1" {
		t.Fatal(link, err)
	}
	if want := []time.Duration{2 * time.Second, 45 * time.Second, time.Second}; len(*waits) != 3 || (*waits)[0] != want[0] || (*waits)[1] != want[1] || (*waits)[2] != want[2] {
		t.Errorf("it waited %v", *waits)
	}
	keys := map[string]bool{}
	for _, request := range fake.Requests() {
		keys[request.Header.Get("Idempotency-Key")] = true
	}
	if len(keys) != 1 {
		t.Errorf("%d idempotency keys were used", len(keys))
	}
}

func TestAWaitThatIsTooLongEndsTheCall(t *testing.T) {
	fake := approutetest.New()
	fake.Reply(tooMany("61"))
	s, waits := limited(fake, time.Minute)
	if _, err := create(s); !errors.Is(err, approute.ErrRateLimited) || len(*waits) != 0 {
		t.Errorf("%v after %v", err, *waits)
	}
	// Only a rate limit is waited for here; the rest is the SDK's.
	fake.Reply(approutetest.Problem(503, "service_unavailable", "Later."))
	if _, err := create(s); !errors.Is(err, approute.ErrServer) || len(*waits) != 0 {
		t.Errorf("%v after %v", err, *waits)
	}
}

func TestAWaitThatIsInterruptedEndsTheCall(t *testing.T) {
	fake := approutetest.New()
	fake.Reply(tooMany("1"))
	s, _ := limited(fake, time.Minute)
	s.sleep = func(context.Context, time.Duration) error { return context.Canceled }
	if _, err := create(s); !errors.Is(err, approute.ErrRateLimited) {
		t.Error(err)
	}
	if err := sleep(canceled(), time.Hour); err == nil {
		t.Error("an ended context is slept through")
	}
}

func canceled() context.Context {
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	return ctx
}

func TestAskedWait(t *testing.T) {
	for text, want := range map[string]time.Duration{
		"": time.Second, "0": time.Second, "-5": time.Second, "3": 3 * time.Second, "1.5": 1500 * time.Millisecond, "NaN": time.Second,
		"1e99": time.Hour, " 2 ": 2 * time.Second,
	} {
		if wait := askedWait(http.Header{"Retry-After": {text}}); wait != want {
			t.Errorf("%q is %v", text, wait)
		}
	}
}

func TestInstants(t *testing.T) {
	of := func(text string) instant { return instant{types.StringValue(text)} }
	for _, pair := range []struct {
		a, b instant
		same bool
	}{
		{of("2026-01-01T00:00:00Z"), of("2026-01-01T00:00:00+00:00"), true},
		{of("2026-01-01T01:00:00+01:00"), of("2026-01-01T00:00:00Z"), true},
		{of("2026-01-01T00:00:00.500Z"), of("2026-01-01T00:00:00.5Z"), true},
		{of("2026-01-01T00:00:00Z"), of("2026-01-01T00:00:01Z"), false},
		{of("2026-01-01T00:00:00Z"), instant{types.StringNull()}, false},
		{instant{types.StringNull()}, instant{types.StringNull()}, true},
		{of("x"), of("x"), false},
	} {
		if pair.a.same(pair.b) != pair.same || pair.b.same(pair.a) != pair.same {
			t.Errorf("%s and %s: not %t", pair.a, pair.b, pair.same)
		}
	}
}
