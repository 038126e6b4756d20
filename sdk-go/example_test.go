package approute_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log"
	"net/http"
	"net/http/httptest"
	"os"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/approute/approute-go"
	"github.com/approute/approute-go/approutetest"
	"github.com/approute/approute-go/webhook"
)

// The bodies of these functions are the code of README.md; TestReadme holds them together.

// serveExamples is what the examples talk to, over a real connection.
func serveExamples() (stop func()) {
	click := `{"id":"clk_1","link_id":"lnk_1","occurred_at":"2026-11-05T09:30:00Z","country":%s,"region":null,"city":null,"os":"ios","device":"phone",
"browser":"Safari","referrer_domain":null,"utm":{"source":null,"medium":null,"campaign":null,"term":null,"content":null},"sub_id":null,"trigger":"link",
"destination_kind":"url","is_bot":false,"is_unique":true}`
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("X-Request-Id", "req_1")
		switch r.Method + " " + r.URL.Path {
		case "POST /v1/links":
			if body, _ := io.ReadAll(r.Body); strings.Contains(string(body), "taken") {
				w.WriteHeader(http.StatusConflict)
				_, _ = io.WriteString(w, `{"code":"slug_taken"}`)
				return
			}
			w.WriteHeader(http.StatusCreated)
			_, _ = io.WriteString(w, link)
		case "GET /v1/clicks":
			_, _ = fmt.Fprintf(w, `{"items":[%s,%s],"next_cursor":null,"has_more":false}`, fmt.Sprintf(click, `"DE"`), fmt.Sprintf(click, "null"))
		case "GET /v1/links":
			_, _ = fmt.Fprintf(w, `{"items":[%s],"next_cursor":null,"has_more":false}`, link)
		case "PATCH /v1/links/lnk_01JD7Z3V8M6Q4W2K9T5R1X0YBC":
			body, _ := io.ReadAll(r.Body)
			fmt.Println(r.Header.Get("If-Match"), string(body))
			_, _ = io.WriteString(w, link)
		default:
			w.Header().Set("Content-Type", "image/svg+xml")
			_, _ = io.WriteString(w, "<svg/>")
		}
	}))
	_ = os.Setenv("APPROUTE_API_KEY", "ak_example")
	_ = os.Setenv("APPROUTE_BASE_URL", server.URL)
	return func() {
		_ = os.Unsetenv("APPROUTE_API_KEY")
		_ = os.Unsetenv("APPROUTE_BASE_URL")
		http.DefaultClient.CloseIdleConnections()
		server.Close()
	}
}

func Example() {
	defer serveExamples()()

	client, err := approute.New()
	if err != nil {
		log.Fatal(err)
	}

	link, err := client.Links.Create(ctx, approute.LinkCreateParams{
		URL:  "https://example.com/autumn",
		Slug: approute.Set("autumn-nora"),
		Tags: []string{"autumn", "creators"},
	})
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(link.ShortURL)

	for click, err := range client.Clicks.List(ctx, approute.ClickListParams{LinkID: link.ID}).All() {
		if err != nil {
			log.Fatal(err)
		}
		fmt.Println(click.OccurredAt, click.Country.Or("unknown"))
	}
	// Output:
	// https://d/s
	// 2026-11-05 09:30:00 +0000 UTC DE
	// 2026-11-05 09:30:00 +0000 UTC unknown
}

func ExampleField() {
	defer serveExamples()()
	client, _ := approute.New()

	link, err := client.Links.Update(ctx, "lnk_01JD7Z3V8M6Q4W2K9T5R1X0YBC", approute.LinkUpdateParams{
		Title:     approute.Set("Winter"),
		ExpiresAt: approute.Null[time.Time](),
		IfMatch:   `"3"`,
	})
	fmt.Println(link.Title, err)
	// Output:
	// "3" {"title":"Winter","expires_at":null}
	// null <nil>
}

func ExampleError() {
	defer serveExamples()()
	client, _ := approute.New()
	params := approute.LinkCreateParams{URL: "https://example.com", Slug: approute.Set("taken")}
	_, err := client.Links.Create(ctx, params)

	var failure *approute.Error
	switch {
	case errors.Is(err, approute.ErrNotFound):
		fmt.Println("no such link")
	case errors.As(err, &failure) && failure.Code == approute.ErrorCodeSlugTaken:
		fmt.Println("choose another slug")
	case errors.As(err, &failure) && failure.Outcome == approute.OutcomeUnknown:
		// It may or may not have been done. The same key makes asking again safe.
		_, err = client.Links.Create(ctx, params, approute.WithIdempotencyKey(failure.IdempotencyKey))
	}
	fmt.Println(err)
	// Output:
	// choose another slug
	// approute: 409 slug_taken: Conflict (request id req_1)
}

func ExamplePager() {
	defer serveExamples()()
	client, _ := approute.New()

	for page, err := range client.Links.List(ctx, approute.LinkListParams{Tag: []string{"autumn"}, Limit: 100}).Pages() {
		if err != nil {
			log.Fatal(err)
		}
		fmt.Println(len(page.Items), page.Response.RequestID())
	}
	// Output:
	// 1 req_1
}

func ExampleBinary() {
	defer serveExamples()()
	folder, _ := os.MkdirTemp("", "approute-example-*")
	defer os.RemoveAll(folder)
	defer func(old string) { _ = os.Chdir(old) }(workingFolder())
	_ = os.Chdir(folder)
	client, _ := approute.New()

	code, err := client.QR.Get(ctx, "lnk_01JD7Z3V8M6Q4W2K9T5R1X0YBC", approute.QRGetParams{Format: approute.QRFormatSVG})
	if err != nil {
		log.Fatal(err)
	}
	err = code.WriteFile("code.svg")
	fmt.Println(code, err)
	// Output:
	// Binary(image/svg+xml, 6 bytes) <nil>
}

func workingFolder() string {
	folder, _ := os.Getwd()
	return folder
}

func Example_webhooks() {
	_ = os.Setenv("APPROUTE_WEBHOOK_SECRET", "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw")
	mux := http.NewServeMux()

	verifier := webhook.NewVerifier(os.Getenv("APPROUTE_WEBHOOK_SECRET"))
	mux.Handle("/approute", verifier.Handler(func(ctx context.Context, event approute.Event) error {
		switch event := event.(type) {
		case *approute.LinkCreatedEvent:
			fmt.Println("created", event.Data.Link.ShortURL)
		case *approute.LinkClickThresholdEvent:
			fmt.Println(event.Data.ClickCount, "clicks")
		}
		return nil
	}))

	now := time.Now().UTC()
	body := fmt.Sprintf(`{"id":"evt_1","type":"link.created","created_at":%[1]q,"sent_at":%[1]q,"attempt":1,"api_version":"2026-11-01","workspace_id":"wsp_1","data":{"link":%[2]s}}`,
		now.Format(time.RFC3339), link)
	request := httptest.NewRequest("POST", "/approute", strings.NewReader(body))
	request.Header, _ = webhook.Sign([]byte(body), os.Getenv("APPROUTE_WEBHOOK_SECRET"), "evt_1", now)
	answer := httptest.NewRecorder()
	mux.ServeHTTP(answer, request)
	fmt.Println(answer.Code)
	// Output:
	// created https://d/s
	// 204
}

func Example_tests() {
	fake := approutetest.New()
	fake.Reply(approutetest.Status(503), approutetest.Problem(404, "not_found", "There is no such link."))

	_, err := fake.Client().Links.Get(ctx, "lnk_1")

	fmt.Println(errors.Is(err, approute.ErrNotFound), len(fake.Requests()))
	// Output:
	// true 2
}

func TestReadme(t *testing.T) {
	readme, err := os.ReadFile("README.md")
	if err != nil {
		t.Fatal(err)
	}
	source, err := os.ReadFile("example_test.go")
	if err != nil {
		t.Fatal(err)
	}
	examples := strings.ReplaceAll(string(source), "\n\t", "\n")
	blocks := regexp.MustCompile("(?s)```go\n(.*?)```").FindAllStringSubmatch(string(readme), -1)
	if len(blocks) < 7 {
		t.Fatalf("only %d blocks", len(blocks))
	}
	for _, block := range blocks {
		if !strings.Contains(examples, block[1]) {
			t.Errorf("README.md has code that no example runs:\n%s", block[1])
		}
	}
	for _, name := range regexp.MustCompile("`(Err[A-Za-z]+|With[A-Za-z]+|On[A-Z][a-z]+)`").FindAllStringSubmatch(string(readme), -1) {
		all, _ := os.ReadFile("options.go")
		more, _ := os.ReadFile("errors.go")
		if !strings.Contains(string(all)+string(more), name[1]) {
			t.Errorf("README.md names %s, which is not there", name[1])
		}
	}
}
