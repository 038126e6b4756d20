package approute_test

import (
	"bytes"
	"context"
	"errors"
	"log/slog"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/approute/approute-go"
	"github.com/approute/approute-go/approutetest"
)

func TestBadArgumentsAreNamedWithoutTheirValues(t *testing.T) {
	key := approute.WithAPIKey("ak_1")
	for part, options := range map[string][]approute.Option{
		"no API key":                      nil,
		"API key is empty":                {approute.WithAPIKey("")},
		"spaces, line breaks":             {approute.WithAPIKey("ak_s3cret\n")},
		"WithAPIKeyFunc":                  {approute.WithAPIKeyFunc(nil)},
		"an option is nil":                {key, nil},
		"base URL is not a URL":           {key, approute.WithBaseURL("https://exa mple")},
		"must start with https://":        {key, approute.WithBaseURL("ftp://example.com")},
		"cross the network readably":      {key, approute.WithBaseURL("http://example.com")},
		"user name or password":           {key, approute.WithBaseURL("https://a:s3cret@example.com")},
		"query or a fragment":             {key, approute.WithBaseURL("https://example.com/?a=s3cret")},
		"has no host":                     {key, approute.WithBaseURL("https:///v1")},
		"WithBaseURL: is empty":           {key, approute.WithBaseURL("")},
		"WithTimeout":                     {key, approute.WithTimeout(0)},
		"WithAttemptTimeout":              {key, approute.WithAttemptTimeout(-1)},
		"WithConnectTimeout":              {key, approute.WithConnectTimeout(0)},
		"WithMaxRetries":                  {key, approute.WithMaxRetries(-1)},
		"WithMaxResponseBytes":            {key, approute.WithMaxResponseBytes(0)},
		"\"bad name\" is not":             {key, approute.WithHeader("bad name", "x")},
		"value of x-token":                {key, approute.WithHeader("x-token", "s3cret\n")},
		"Content-Length is set":           {key, approute.WithHeader("Content-Length", "1")},
		"WithIdempotencyKey instead":      {key, approute.WithHeader("idempotency-key", "1")},
		"1 to 255 visible":                {key, approute.WithIdempotencyKey("a b")},
		"token of a confirmation":         {key, approute.WithConfirmation(approute.NewSecret("s3cret "))},
		"client is nil":                   {key, approute.WithHTTPClient(nil)},
		"WithProxy: must be a URL":        {key, approute.WithProxy("http://a:s3cret@%%")},
		"WithProxy: must start":           {key, approute.WithProxy("ftp://a:s3cret@proxy")},
		"no certificate":                  {key, approute.WithExtraCA([]byte("s3cret"))},
		"have no effect beside":           {key, approute.WithHTTPClient(http.DefaultClient), approute.WithConnectTimeout(time.Second)},
		"logger is nil":                   {key, approute.WithLogger(nil)},
		"LogOff, LogInfo or LogDebug":     {key, approute.WithLogLevel(9)},
		"OnRequest: the function":         {key, approute.OnRequest(nil)},
		"OnRetry: the function":           {key, approute.OnRetry(nil)},
		"OnResponse: the function":        {key, approute.OnResponse(nil)},
		"clock is nil":                    {key, approute.WithClock(nil)},
		"WithRandom: the function is nil": {key, approute.WithRandom(nil)},
	} {
		client, err := approute.New(options...)
		failed := failure(t, err)
		if !errors.Is(err, approute.ErrConfiguration) || !strings.Contains(failed.Message, part) || strings.Contains(failed.Message, "s3cret") {
			t.Errorf("%s: %v", part, err)
		}
		// A client that nobody looked at the error of explains itself.
		if _, err := client.Links.Get(ctx, "lnk_1"); !errors.Is(err, approute.ErrConfiguration) {
			t.Error(err)
		}
	}
}

func TestZeroClientExplainsItself(t *testing.T) {
	var client approute.Client
	_, err := client.Links.Get(ctx, "lnk_1")
	_, deleted := client.Webhooks.Delete(ctx, "whk_1")
	_, drawn := client.QR.Get(ctx, "lnk_1", approute.QRGetParams{})
	_, copied := client.WithOptions()
	_, listed := client.Links.List(ctx, approute.LinkListParams{}).Page()
	for _, err := range []error{err, deleted, drawn, copied, listed} {
		if failed := failure(t, err); !strings.Contains(failed.Message, "approute.New") {
			t.Error(err)
		}
	}
	for _, err := range client.Clicks.List(ctx, approute.ClickListParams{}).All() {
		if !errors.Is(err, approute.ErrConfiguration) {
			t.Error(err)
		}
	}
	client.Close()
	if client.BaseURL() != "" {
		t.Error(client.BaseURL())
	}
}

func TestArgumentsOfACallAreCheckedBeforeItIsSent(t *testing.T) {
	fake := approutetest.New()
	client := fake.Client()
	var nobody context.Context
	_, noContext := client.Links.Get(nobody, "lnk_1")
	_, badHeader := client.Links.Update(ctx, "lnk_1", approute.LinkUpdateParams{IfMatch: "\"3\"\n"})
	for name, err := range map[string]error{
		"the context is nil": noContext,
		"If-Match":           badHeader,
		`link_id is ".."`:    get(client, approute.WithMaxRetries(1), nil),
		"an option is nil":   get(client, nil),
	} {
		if name == `link_id is ".."` {
			_, err = client.Links.Get(ctx, "..")
		}
		if failed := failure(t, err); failed.Kind != approute.KindConfiguration || !strings.Contains(failed.Message, name) || failed.Outcome != approute.OutcomeNotSent {
			t.Errorf("%s: %v", name, err)
		}
	}
	fake.AssertSent(t)
}

func TestEnvironment(t *testing.T) {
	t.Setenv("APPROUTE_API_KEY", "ak_env")
	t.Setenv("APPROUTE_BASE_URL", "https://example.com/base/")
	t.Setenv("APPROUTE_LOG", "off")
	fake := approutetest.New()
	fake.Reply(ok(200))
	client, err := approute.New(approute.WithHTTPClient(fake.HTTPClient()))
	if err != nil {
		t.Fatal(err)
	}
	if err := get(client); err != nil {
		t.Fatal(err)
	}
	if client.BaseURL() != "https://example.com/base" || fake.LastRequest().Header.Get("Authorization") != "Bearer ak_env" {
		t.Error(client.BaseURL(), fake.LastRequest().Header)
	}
	fake.AssertSent(t, "GET /base/v1/links/lnk_1")
	t.Setenv("APPROUTE_LOG", "loud")
	if _, err := approute.New(); !errors.Is(err, approute.ErrConfiguration) {
		t.Error(err)
	}
	t.Setenv("APPROUTE_LOG", "")
	t.Setenv("APPROUTE_API_KEY", "with space")
	if _, err := approute.New(); !errors.Is(err, approute.ErrConfiguration) {
		t.Error(err)
	}
}

func TestPlainHTTPOnThisMachineOnly(t *testing.T) {
	for _, url := range []string{"http://localhost:1", "http://127.0.0.1", "http://[::1]:1", "http://[::ffff:127.0.0.1]", "HTTP://api.localhost"} {
		if _, err := approute.New(approute.WithAPIKey("k"), approute.WithBaseURL(url)); err != nil {
			t.Error(err)
		}
	}
	if _, err := approute.New(approute.WithAPIKey("k"), approute.WithBaseURL("http://10.0.0.1"), approute.WithInsecureHTTP()); err != nil {
		t.Error(err)
	}
}

func TestKeysCanBeRotated(t *testing.T) {
	fake := approutetest.New()
	fake.When("GET", "/v1/links/lnk_1", ok(200))
	keys := []string{"one", "two"}
	client := fake.Client(approute.WithAPIKeyFunc(func(context.Context) (string, error) {
		if len(keys) == 0 {
			return "", os.ErrPermission
		}
		key := keys[0]
		keys = keys[1:]
		return key, nil
	}))
	_, _ = get(client), get(client)
	requests := fake.Requests()
	if requests[0].Header.Get("Authorization") != "Bearer one" || requests[1].Header.Get("Authorization") != "Bearer two" {
		t.Error(requests)
	}
	if err := get(client); !errors.Is(err, os.ErrPermission) || !errors.Is(err, approute.ErrConfiguration) {
		t.Error(err)
	}
}

func TestLogsNameNoIDsAndNoSecrets(t *testing.T) {
	for level, lines := range map[approute.LogLevel]int{approute.LogOff: 0, approute.LogInfo: 1, approute.LogDebug: 4} {
		var log bytes.Buffer
		logger := slog.New(slog.NewTextHandler(&log, &slog.HandlerOptions{Level: slog.LevelDebug}))
		fake := approutetest.New()
		fake.Reply(approutetest.Status(500), ok(200))
		if err := get(fake.Client(approute.WithLogger(logger), approute.WithLogLevel(level))); err != nil {
			t.Fatal(err)
		}
		text := log.String()
		if strings.Count(text, "\n") != lines || strings.Contains(text, "lnk_1") || strings.Contains(text, "test_key") {
			t.Errorf("%d: %s", level, text)
		}
	}
}

func TestSentinels(t *testing.T) {
	for status, sentinels := range map[int][]error{
		304: {approute.ErrNotModified, approute.ErrAPI}, 400: {approute.ErrBadRequest}, 401: {approute.ErrAuthentication},
		403: {approute.ErrPermissionDenied}, 404: {approute.ErrNotFound, approute.ErrAPI}, 409: {approute.ErrConflict},
		412: {approute.ErrPreconditionFailed}, 422: {approute.ErrUnprocessableEntity}, 429: {approute.ErrRateLimited},
		500: {approute.ErrServer}, 599: {approute.ErrServer}, 418: {approute.ErrAPI},
	} {
		fake := approutetest.New()
		fake.Reply(approutetest.Status(status))
		err := get(fake.Client(approute.WithMaxRetries(0)))
		for _, sentinel := range sentinels {
			if !errors.Is(err, sentinel) {
				t.Errorf("%v is not %v", err, sentinel)
			}
		}
		if errors.Is(err, approute.ErrConnection) || errors.Is(err, approute.ErrConfirmationRequired) || status != 404 && errors.Is(err, approute.ErrNotFound) {
			t.Error(err)
		}
	}
}

func TestConfirmationIsAskedFor(t *testing.T) {
	fake := approutetest.New()
	fake.Reply(approutetest.Status(409).Body("application/problem+json", []byte(`{"code":"confirmation_required","detail":"40\nlinks",
		"confirmation":{"token":"cnf_s3cret","delete_count":40,"expires_at":"2026-11-05T09:40:00Z"}}`)))
	_, err := fake.Client().Links.Delete(ctx, "lnk_1")
	failed := failure(t, err)
	if !errors.Is(err, approute.ErrConfirmationRequired) || !errors.Is(err, approute.ErrConflict) || failed.Attempts != 1 {
		t.Error(err)
	}
	asked := failed.Confirmation
	if asked.Token.Expose() != "cnf_s3cret" || asked.DeleteCount != 40 || asked.ExpiresAt.Minute() != 40 {
		t.Errorf("%+v", asked)
	}
	if line := err.Error(); line != "approute: 409 confirmation_required: 40 links (request id req_fake)" {
		t.Error(line)
	}
}

func TestErrorsHideTheKeyThatAServerRepeats(t *testing.T) {
	fake := approutetest.New()
	fake.Reply(approutetest.Problem(401, "invalid_api_key", "The key test_key is not known."))
	if failed := failure(t, get(fake.Client())); failed.Message != "The key [redacted] is not known." {
		t.Error(failed.Message)
	}
}

func TestImages(t *testing.T) {
	fake := approutetest.New()
	fake.Reply(approutetest.Status(200).Body("image/svg+xml", []byte("<svg/>")), approutetest.Status(304))
	params := approute.QRGetParams{Format: approute.QRFormatSVG, Margin: approute.Int(0), IfNoneMatch: `"x"`}
	image, err := fake.Client().QR.Get(ctx, "lnk_1", params)
	if err != nil {
		t.Fatal(err)
	}
	fake.AssertSent(t, "GET /v1/qr/lnk_1?format=svg&margin=0")
	if accept := fake.LastRequest().Header.Get("Accept"); accept != "image/png, image/svg+xml, application/pdf" {
		t.Error(accept)
	}
	path := filepath.Join(t.TempDir(), "code.svg")
	for range 2 {
		if err := image.WriteFile(path); err != nil {
			t.Fatal(err)
		}
	}
	var stream strings.Builder
	if n, err := image.WriteTo(&stream); n != 6 || err != nil || stream.String() != "<svg/>" || image.ContentType != "image/svg+xml" {
		t.Error(n, err, image)
	}
	if data, _ := os.ReadFile(path); string(data) != "<svg/>" {
		t.Errorf("%s", data)
	}
	if left, _ := filepath.Glob(filepath.Join(filepath.Dir(path), ".*")); len(left) > 0 {
		t.Error(left)
	}
	if err := image.WriteFile(filepath.Join(path, "below a file")); err == nil {
		t.Error("no error")
	}
	if _, err := fake.Client().QR.Get(ctx, "lnk_1", params); !errors.Is(err, approute.ErrNotModified) {
		t.Error(err)
	}
}
