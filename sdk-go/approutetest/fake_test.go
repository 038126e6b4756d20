package approutetest_test

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/approute/approute-go"
	"github.com/approute/approute-go/approutetest"
)

func Example() {
	fake := approutetest.New()
	fake.Reply(
		approutetest.Status(503),
		approutetest.Problem(404, "not_found", "There is no such link."),
	)

	_, err := fake.Client().Links.Get(context.Background(), "lnk_1")

	fmt.Println(errors.Is(err, approute.ErrNotFound))
	for _, request := range fake.Requests() {
		fmt.Println(request)
	}
	// Output:
	// true
	// GET /v1/links/lnk_1
	// GET /v1/links/lnk_1
}

// complaints is a TB that collects.
type complaints struct{ lines []string }

func (c *complaints) Helper() {}

func (c *complaints) Errorf(format string, args ...any) {
	c.lines = append(c.lines, fmt.Sprintf(format, args...))
}

func TestWhatWasSentCanBeLookedAt(t *testing.T) {
	fake := approutetest.New()
	fake.When("post", "/v1/links", approutetest.Problem(422, "slug_reserved", "")).Reply(approutetest.Status(204))
	client := fake.Client(approute.WithMaxRetries(0))
	_, _ = client.Links.Create(context.Background(), approute.LinkCreateParams{URL: "https://e", Slug: approute.Set("v1")})
	var params approute.LinkCreateParams
	if err := fake.LastRequest().JSON(&params); err != nil || params.Slug.Value() != "v1" {
		t.Error(params, err)
	}
	fake.AssertSent(t, "POST /v1/links")
	if text := fmt.Sprintf("%v %+v", fake.Requests(), fake.LastRequest()); strings.Contains(text, "test_key") {
		t.Error(text)
	}
	var seen complaints
	fake.AssertSent(&seen, "GET /v1/links")
	fake.AssertDone(&seen)
	if len(seen.lines) != 2 {
		t.Error(seen.lines)
	}
	if _, err := client.Webhooks.Delete(context.Background(), "whk_1"); err != nil {
		t.Error(err)
	}
	fake.AssertDone(t)
	if _, err := client.Webhooks.Delete(context.Background(), "whk_1"); err == nil || !strings.Contains(err.Error(), "no reply is left for DELETE /v1/webhooks/whk_1") {
		t.Error(err)
	}
}

func TestTimeoutsTakeNoTime(t *testing.T) {
	fake := approutetest.New()
	fake.Reply(approutetest.Never(), approutetest.Status(200).Takes(19*time.Second), approutetest.Status(200).Takes(21*time.Second))
	began, real := fake.Now(), time.Now()
	client := fake.Client(approute.WithMaxRetries(0))
	_, first := client.Links.Get(context.Background(), "lnk_1")
	_, second := client.Links.Get(context.Background(), "lnk_1")
	_, third := client.Links.Get(context.Background(), "lnk_1")
	if !errors.Is(first, approute.ErrTimeout) || errors.Is(second, approute.ErrTimeout) || !errors.Is(third, approute.ErrTimeout) {
		t.Error(first, second, third)
	}
	if took := fake.Now().Sub(began); took != 59*time.Second || time.Since(real) > 10*time.Second {
		t.Error(took)
	}
	fake.Advance(time.Minute)
	if took := fake.Now().Sub(began); took != 119*time.Second {
		t.Error(took)
	}
}

func TestRepliesAreValues(t *testing.T) {
	base := approutetest.Status(200)
	changed := base.Header("X-Request-Id", "req_other")
	fake := approutetest.New()
	fake.Reply(base, changed)
	client := fake.Client()
	for _, expected := range []string{"req_fake", "req_other"} {
		response, err := client.Webhooks.Delete(context.Background(), "whk_1")
		if err != nil || response.RequestID() != expected {
			t.Error(response, err)
		}
	}
}
