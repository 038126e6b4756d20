package approute_test

import (
	"context"
	"errors"
	"net/http"
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/approute/approute-go"
	"github.com/approute/approute-go/approutetest"
)

var ctx = context.Background()

const link = `{"id":"lnk_1","domain":"d","slug":"s","short_url":"https://d/s","url":"https://e","external_id":null,"title":null,"notes":null,
"tags":[],"targets":{"ios":null,"android":null},"geo":{},"variants":[],"utm":{"source":null,"medium":null,"campaign":null,"term":null,"content":null},
"forward_query":false,"redirect_status":302,"has_password":false,"password_policy":{"max_failures":5,"window_seconds":600},"starts_at":null,
"expires_at":null,"expired_url":null,"click_limit":null,"click_thresholds":[],"program_id":null,"sub_id":null,"archived":false,"status":"active",
"click_count":0,"bot_click_count":0,"last_clicked_at":null,"created_at":"2026-11-01T08:00:00Z","updated_at":"2026-11-01T08:00:00Z",
"deleted_at":null,"purge_at":null,"created_by_key_id":"key_1","version":1}`

func ok(status int) approutetest.Reply {
	return approutetest.Status(status).Body("application/json", []byte(link))
}

func half() uint64 { return 1 << 63 }

// failure makes an *approute.Error of an error.
func failure(t *testing.T, err error) *approute.Error {
	t.Helper()
	var failure *approute.Error
	if !errors.As(err, &failure) {
		t.Fatalf("%v is no *approute.Error", err)
	}
	return failure
}

func create(client approute.Client, options ...approute.CallOption) error {
	_, err := client.Links.Create(ctx, approute.LinkCreateParams{URL: "https://e"}, options...)
	return err
}

func get(client approute.Client, options ...approute.CallOption) error {
	_, err := client.Links.Get(ctx, "lnk_1", options...)
	return err
}

func TestOutcomesOverAllTries(t *testing.T) {
	inFlight := approutetest.Problem(409, "idempotency_in_flight", "running").Header("X-Should-Retry", "false")
	for name, row := range map[string]struct {
		replies  []approutetest.Reply
		expected approute.Outcome
	}{
		"nobody listens":                   {[]approutetest.Reply{approutetest.Refused(), approutetest.Refused(), approutetest.Refused()}, "not_sent"},
		"refused at once":                  {[]approutetest.Reply{approutetest.Problem(422, "validation_failed", "")}, "rejected"},
		"refused without a code":           {[]approutetest.Reply{approutetest.Status(404)}, "rejected"},
		"nobody listens, then refused":     {[]approutetest.Reply{approutetest.Refused(), approutetest.Problem(401, "invalid_api_key", "")}, "rejected"},
		"lost, then refused by a handler":  {[]approutetest.Reply{approutetest.Reset(), approutetest.Problem(409, "slug_taken", "")}, "rejected"},
		"lost, then refused before it":     {[]approutetest.Reply{approutetest.Reset(), approutetest.Problem(401, "invalid_api_key", "")}, "unknown"},
		"lost, then a 404 of who knows":    {[]approutetest.Reply{approutetest.Reset(), approutetest.Status(404)}, "unknown"},
		"lost, then nobody listens":        {[]approutetest.Reply{approutetest.Reset(), approutetest.Refused(), approutetest.Refused()}, "unknown"},
		"limited three times":              {[]approutetest.Reply{approutetest.Status(429), approutetest.Status(429), approutetest.Status(429)}, "rejected"},
		"failed, then limited":             {[]approutetest.Reply{approutetest.Status(500), approutetest.Status(429), approutetest.Status(429)}, "unknown"},
		"the server gave up waiting":       {[]approutetest.Reply{approutetest.Status(408), approutetest.Status(408), approutetest.Status(408)}, "unknown"},
		"still running":                    {[]approutetest.Reply{inFlight}, "unknown"},
		"its result is gone":               {[]approutetest.Reply{approutetest.Problem(409, "idempotency_result_gone", "")}, "unknown"},
		"redirected":                       {[]approutetest.Reply{approutetest.Status(302)}, "unknown"},
		"done, but the answer is garbage":  {[]approutetest.Reply{approutetest.Status(201).Body("text/html", []byte("<html>"))}, "applied"},
		"lost, then done but garbage":      {[]approutetest.Reply{approutetest.Reset(), approutetest.Status(201)}, "applied"},
		"no answer ever":                   {[]approutetest.Reply{approutetest.Never(), approutetest.Never(), approutetest.Never()}, "unknown"},
		"confirmation asked, not repeated": {[]approutetest.Reply{approutetest.Problem(409, "confirmation_required", "")}, "rejected"},
	} {
		t.Run(name, func(t *testing.T) {
			fake := approutetest.New()
			fake.Reply(row.replies...)
			failed := failure(t, create(fake.Client()))
			fake.AssertDone(t)
			if failed.Outcome != row.expected {
				t.Errorf("%s, expected %s: %v", failed.Outcome, row.expected, failed)
			}
			if failed.Attempts != len(row.replies) || failed.IdempotencyKey == "" {
				t.Errorf("%+v", failed)
			}
		})
	}
}

func TestWaitsAndTheKeyOfAllTries(t *testing.T) {
	fake := approutetest.New()
	fake.Reply(approutetest.Status(500), approutetest.Reset(), ok(201))
	client := fake.Client(approute.WithRandom(half))
	result, err := client.Links.Create(ctx, approute.LinkCreateParams{URL: "https://e"})
	if err != nil {
		t.Fatal(err)
	}
	if result.Response.Attempts != 3 || result.Response.Status != 201 || result.Response.RequestID() != "req_fake" {
		t.Errorf("%+v", result.Response)
	}
	if expected := []time.Duration{375 * time.Millisecond, 750 * time.Millisecond}; !reflect.DeepEqual(fake.Waits(), expected) {
		t.Error(fake.Waits())
	}
	keys := map[string]bool{}
	for _, request := range fake.Requests() {
		keys[request.Header.Get("Idempotency-Key")] = true
		if string(request.Body) != `{"url":"https://e"}` {
			t.Errorf("%s", request.Body)
		}
	}
	if len(keys) != 1 || keys[""] {
		t.Error(keys)
	}
}

func TestZeroRetriesIsOneTry(t *testing.T) {
	fake := approutetest.New()
	fake.Reply(approutetest.Status(503).Header("X-Should-Retry", "true"))
	failed := failure(t, get(fake.Client(approute.WithMaxRetries(0))))
	if failed.Attempts != 1 || !failed.Retryable || len(fake.Requests()) != 1 {
		t.Errorf("%+v", failed)
	}
}

func TestAskedWaits(t *testing.T) {
	for value, expected := range map[string][]time.Duration{
		"2":  {2 * time.Second},
		"30": {30 * time.Second},
		"31": nil,
		"":   {250 * time.Millisecond},
	} {
		fake := approutetest.New()
		fake.Reply(approutetest.Status(429).Header("Retry-After", value), ok(200))
		_ = get(fake.Client(approute.WithRandom(func() uint64 { return 0 })))
		if got := fake.Waits(); !reflect.DeepEqual(got, expected) {
			t.Errorf("%q: %v", value, got)
		}
	}
}

func TestInFlightIsPolledOutsideTheLimit(t *testing.T) {
	running := approutetest.Problem(409, "idempotency_in_flight", "running").Header("Retry-After", "1")
	fake := approutetest.New()
	fake.Reply(running, running, running, running, running, ok(201))
	if err := create(fake.Client(approute.WithMaxRetries(0))); err != nil {
		t.Error(err)
	}
	fake.AssertDone(t)

	fake = approutetest.New()
	fake.When("POST", "/v1/links", running)
	failed := failure(t, create(fake.Client(approute.WithTimeout(10*time.Second), approute.WithRandom(func() uint64 { return 0 }))))
	if failed.Attempts != 10 || failed.Outcome != approute.OutcomeUnknown || failed.Code != approute.ErrorCodeIdempotencyInFlight {
		t.Errorf("%+v", failed)
	}
}

func TestDeadlineCountsTriesAndWaits(t *testing.T) {
	fake := approutetest.New()
	fake.When("GET", "/v1/links/lnk_1", approutetest.Status(503).Takes(4*time.Second))
	began := fake.Now()
	failed := failure(t, get(fake.Client(approute.WithTimeout(10*time.Second), approute.WithMaxRetries(9))))
	if took := fake.Now().Sub(began); took > 10*time.Second || !failed.Retryable || failed.Attempts != 3 {
		t.Errorf("%s: %+v", took, failed)
	}

	fake = approutetest.New()
	fake.When("GET", "/v1/links/lnk_1", approutetest.Never())
	began = fake.Now()
	failed = failure(t, get(fake.Client(approute.WithTimeout(30*time.Second), approute.WithMaxRetries(9))))
	if took := fake.Now().Sub(began); took != 30*time.Second || !errors.Is(failed, approute.ErrTimeout) || failed.Attempts != 2 {
		t.Errorf("%s: %+v", took, failed)
	}
	if !strings.Contains(failed.Message, "whole call") {
		t.Error(failed.Message)
	}

	// A wait that would pass the deadline is not begun.
	fake = approutetest.New()
	fake.Reply(approutetest.Status(503).Header("Retry-After", "5"))
	began = fake.Now()
	if failed := failure(t, get(fake.Client(approute.WithTimeout(5*time.Second)))); failed.Status != 503 || fake.Now() != began {
		t.Errorf("%+v", failed)
	}

	// Nor one that would pass the context's own.
	late, cancel := context.WithTimeout(ctx, time.Second)
	defer cancel()
	fake = approutetest.New()
	fake.Reply(approutetest.Status(503).Header("Retry-After", "5"))
	if _, err := fake.Client().Links.Get(late, "lnk_1"); failure(t, err).Status != 503 || len(fake.Waits()) != 0 {
		t.Error(err)
	}
}

func TestBudgetEndsRetries(t *testing.T) {
	fake := approutetest.New()
	fake.When("GET", "/v1/links/lnk_1", approutetest.Status(503))
	fake.When("GET", "/v1/links/fine", ok(200))
	fake.When("GET", "/v1/links/limited", approutetest.Status(429).Header("Retry-After", "0"))
	client := fake.Client()
	copied, err := client.WithOptions(approute.WithHeader("X-Copy", "1"))
	if err != nil {
		t.Fatal(err)
	}
	for range 25 {
		_, _ = get(client), get(copied)
	}
	if sent := len(fake.Requests()); sent != 150 {
		t.Fatalf("%d tries", sent)
	}
	if failed := failure(t, get(copied)); failed.Attempts != 1 || !failed.Retryable {
		t.Errorf("%+v", failed)
	}
	// What costs nothing goes on.
	if _, err := client.Links.Get(ctx, "limited"); failure(t, err).Attempts != 3 {
		t.Error(err)
	}
	for range 5 {
		if _, err := client.Links.Get(ctx, "fine"); err != nil {
			t.Fatal(err)
		}
	}
	if failed := failure(t, get(client)); failed.Attempts != 2 {
		t.Errorf("five successes give one retry: %+v", failed)
	}
}

func TestRetryThatWorksGivesBackWhatItTook(t *testing.T) {
	fake := approutetest.New()
	client := fake.Client()
	for range 150 {
		fake.Reply(approutetest.Never(), ok(200))
		if err := get(client); err != nil {
			t.Fatal(err)
		}
	}
}

func TestContextEndsSleepAndTry(t *testing.T) {
	running, cancel := context.WithCancelCause(ctx)
	fake := approutetest.New()
	fake.Reply(approutetest.Status(500))
	client := fake.Client(approute.OnRetry(func(approute.RetryInfo) { cancel(errors.New("enough")) }))
	_, err := client.Links.Create(running, approute.LinkCreateParams{URL: "https://e"})
	failed := failure(t, err)
	if !errors.Is(err, context.Canceled) || !strings.Contains(failed.Cause.Error(), "enough") {
		t.Errorf("%v: %v", err, failed.Cause)
	}
	if failed.Kind != approute.KindCanceled || failed.Outcome != approute.OutcomeUnknown || failed.Attempts != 1 || failed.IdempotencyKey == "" {
		t.Errorf("%+v", failed)
	}

	_, err = client.Links.Create(running, approute.LinkCreateParams{URL: "https://e"})
	if failed := failure(t, err); !errors.Is(err, context.Canceled) || failed.Attempts != 0 || failed.Outcome != approute.OutcomeNotSent {
		t.Errorf("%+v", failed)
	}
	if len(fake.Requests()) != 1 {
		t.Error("a cancelled call was sent")
	}
}

func TestHeadersOfARequest(t *testing.T) {
	fake := approutetest.New()
	fake.Reply(ok(200), ok(200))
	client := fake.Client(approute.WithHeader("X-Team", "growth"), approute.WithQuery("debug", "1"))
	_, err := client.Links.Update(ctx, "lnk_1", approute.LinkUpdateParams{
		IfMatch: `"3"`, Title: approute.Null[string](), Geo: approute.Set(approute.GeoPatch{"DE": approute.Null[string](), "AT": approute.Set("https://a")}),
	}, approute.WithIdempotencyKey("k-1"), approute.WithConfirmation(approute.NewSecret("cnf_1")),
		approute.WithHeader("user-agent", "mine"), approute.WithQuery("a b", "ä*~"))
	if err != nil {
		t.Fatal(err)
	}
	request := fake.LastRequest()
	if request.String() != "PATCH /v1/links/lnk_1?debug=1&a+b=%C3%A4*%7E" {
		t.Error(request)
	}
	if string(request.Body) != `{"title":null,"geo":{"AT":"https://a","DE":null}}` {
		t.Errorf("%s", request.Body)
	}
	for name, expected := range map[string]string{
		"Authorization": "Bearer test_key", "Idempotency-Key": "k-1", "Approute-Confirmation": "cnf_1", "If-Match": `"3"`,
		"X-Team": "growth", "User-Agent": "mine", "Accept": "application/json", "Content-Type": "application/json",
		"Approute-Version": "2026-11-01",
	} {
		if got := request.Header.Get(name); got != expected {
			t.Errorf("%s: %q", name, got)
		}
	}
	if err := get(client); err != nil {
		t.Fatal(err)
	}
	header := fake.LastRequest().Header
	if !strings.HasPrefix(header.Get("User-Agent"), "approute-go/"+approute.Version+" (go") || header.Get("Content-Type") != "" || header.Get("Idempotency-Key") != "" {
		t.Error(header)
	}
}

func TestHooksSeeTriesAndNoSecrets(t *testing.T) {
	var seen []string
	hidden := func(header http.Header) {
		if header.Get("Authorization") != "" || header.Get("Set-Cookie") != "" {
			t.Error("a hook sees secrets")
		}
	}
	fake := approutetest.New()
	fake.Reply(approutetest.Status(500).Header("Set-Cookie", "a=b"), ok(200))
	client := fake.Client(
		approute.OnRequest(func(info approute.RequestInfo) { hidden(info.Header); seen = append(seen, "request") }),
		approute.OnResponse(func(info approute.ResponseInfo) { hidden(info.Header); seen = append(seen, "response "+info.RequestID) }),
		approute.OnRetry(func(info approute.RetryInfo) { seen = append(seen, "retry "+info.Operation) }),
	)
	if err := get(client); err != nil {
		t.Fatal(err)
	}
	if got := strings.Join(seen, ", "); got != "request, response req_fake, retry links.get, request, response req_fake" {
		t.Error(got)
	}
}
