// Package bench compares the SDK with bare net/http and encoding/json.
//
// Both take turns within one benchmark, against a server that costs next to nothing, so that the ratios hold on a busy
// machine too: x-time and x-allocs are the SDK's median over that of the bare client.
package bench

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"net/http"
	"runtime"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/approute/approute-go"
	"github.com/approute/approute-go/webhook"
)

const link = `{"id":"lnk_01JD7Z3V8M6Q4W2K9T5R1X0YBC","domain":"go.example.com","slug":"autumn-nora","short_url":"https://go.example.com/autumn-nora",` +
	`"url":"https://example.com/autumn?ref=nora","external_id":"creator:1042","title":"Nora Lind, autumn campaign","notes":null,"tags":["autumn","creators"],` +
	`"targets":{"ios":{"app_store_id":"1234567890","bundle_id":"com.example.shop","universal_link_url":null,"fallback_url":null,"min_version":null},"android":null},` +
	`"geo":{"DE":"https://example.de/herbst"},"variants":[],"utm":{"source":"nora","medium":"creator","campaign":"autumn-2026","term":null,"content":null},` +
	`"forward_query":true,"redirect_status":302,"has_password":false,"password_policy":{"max_failures":5,"window_seconds":600},"starts_at":null,` +
	`"expires_at":"2027-01-01T00:00:00Z","expired_url":"https://example.com/","click_limit":null,"click_thresholds":[1000],"program_id":"autumn-2026",` +
	`"sub_id":"nora-lind","archived":false,"status":"active","click_count":42,"bot_click_count":3,"last_clicked_at":"2026-11-05T09:30:00Z",` +
	`"created_at":"2026-11-01T08:00:00Z","updated_at":"2026-11-01T08:00:00Z","deleted_at":null,"purge_at":null,` +
	`"created_by_key_id":"key_01JD7Y0T6K4N2V9H7R3P1W8XAB","version":1}`

// plainLink is what one writes by hand.
type plainLink struct {
	ID         string  `json:"id"`
	Domain     string  `json:"domain"`
	Slug       string  `json:"slug"`
	ShortURL   string  `json:"short_url"`
	URL        string  `json:"url"`
	ExternalID *string `json:"external_id"`
	Title      *string `json:"title"`
	Notes      *string `json:"notes"`
	Tags       []string
	Targets    struct {
		IOS *struct {
			AppStoreID       *string `json:"app_store_id"`
			BundleID         *string `json:"bundle_id"`
			UniversalLinkURL *string `json:"universal_link_url"`
			FallbackURL      *string `json:"fallback_url"`
			MinVersion       *string `json:"min_version"`
		} `json:"ios"`
		Android *struct {
			PackageName *string `json:"package_name"`
		} `json:"android"`
	} `json:"targets"`
	Geo      map[string]string `json:"geo"`
	Variants []struct {
		URL    string `json:"url"`
		Weight int64  `json:"weight"`
	} `json:"variants"`
	UTM struct {
		Source   *string `json:"source"`
		Medium   *string `json:"medium"`
		Campaign *string `json:"campaign"`
		Term     *string `json:"term"`
		Content  *string `json:"content"`
	} `json:"utm"`
	ForwardQuery   bool  `json:"forward_query"`
	RedirectStatus int64 `json:"redirect_status"`
	HasPassword    bool  `json:"has_password"`
	PasswordPolicy struct {
		MaxFailures   int64 `json:"max_failures"`
		WindowSeconds int64 `json:"window_seconds"`
	} `json:"password_policy"`
	StartsAt        *time.Time `json:"starts_at"`
	ExpiresAt       *time.Time `json:"expires_at"`
	ExpiredURL      *string    `json:"expired_url"`
	ClickLimit      *int64     `json:"click_limit"`
	ClickThresholds []int64    `json:"click_thresholds"`
	ProgramID       *string    `json:"program_id"`
	SubID           *string    `json:"sub_id"`
	Archived        bool       `json:"archived"`
	Status          string     `json:"status"`
	ClickCount      int64      `json:"click_count"`
	BotClickCount   int64      `json:"bot_click_count"`
	LastClickedAt   *time.Time `json:"last_clicked_at"`
	CreatedAt       time.Time  `json:"created_at"`
	UpdatedAt       time.Time  `json:"updated_at"`
	DeletedAt       *time.Time `json:"deleted_at"`
	PurgeAt         *time.Time `json:"purge_at"`
	CreatedByKeyID  string     `json:"created_by_key_id"`
	Version         int64      `json:"version"`
}

type plainPage struct {
	Items      []plainLink `json:"items"`
	NextCursor *string     `json:"next_cursor"`
	HasMore    bool        `json:"has_more"`
}

// serve answers every request with the same body, without looking at it.
func serve(b *testing.B, body string) string {
	b.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		b.Fatal(err)
	}
	b.Cleanup(func() { listener.Close() })
	answer := []byte(fmt.Sprintf("HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nX-Request-Id: req_1\r\n"+
		"RateLimit: \"default\";r=597;t=1\r\nRateLimit-Policy: \"default\";q=600;w=60\r\nContent-Length: %d\r\n\r\n%s", len(body), body))
	go func() {
		for {
			conn, err := listener.Accept()
			if err != nil {
				return
			}
			go func() {
				defer conn.Close()
				buffer := make([]byte, 64<<10)
				for filled := 0; ; {
					n, err := conn.Read(buffer[filled:])
					if err != nil {
						return
					}
					if filled += n; whole(buffer[:filled]) {
						filled = 0
						if _, err := conn.Write(answer); err != nil {
							return
						}
					}
				}
			}()
		}
	}()
	return "http://" + listener.Addr().String()
}

// whole says whether a request is complete, body included.
func whole(request []byte) bool {
	head, body, found := bytes.Cut(request, []byte("\r\n\r\n"))
	if !found {
		return false
	}
	const name = "\r\nContent-Length: "
	at := bytes.Index(head, []byte(name))
	if at < 0 {
		return true
	}
	digits, _, _ := bytes.Cut(head[at+len(name):], []byte("\r"))
	length, _ := strconv.Atoi(string(digits))
	return len(body) >= length
}

// compare lets both take turns and reports how they stand to each other.
func compare(b *testing.B, batch int, sdk, bare func() error) {
	b.Helper()
	type sample struct{ time, allocs float64 }
	measure := func(call func() error) sample {
		var before, after runtime.MemStats
		runtime.ReadMemStats(&before)
		began := time.Now()
		for range batch {
			if err := call(); err != nil {
				b.Fatal(err)
			}
		}
		took := time.Since(began)
		runtime.ReadMemStats(&after)
		return sample{float64(took.Nanoseconds()) / float64(batch), float64(after.Mallocs-before.Mallocs) / float64(batch)}
	}
	measure(sdk)
	measure(bare)
	var times, allocs [2][]float64
	b.ResetTimer()
	for range b.N {
		for i, call := range []func() error{sdk, bare} {
			s := measure(call)
			times[i], allocs[i] = append(times[i], s.time), append(allocs[i], s.allocs)
		}
	}
	median := func(values []float64) float64 {
		slices.Sort(values)
		return values[len(values)/2]
	}
	b.ReportMetric(0, "ns/op")
	b.ReportMetric(median(times[0])/1000, "sdk-µs")
	b.ReportMetric(median(times[1])/1000, "bare-µs")
	b.ReportMetric(median(times[0])/median(times[1]), "x-time")
	if median(allocs[1]) > 0 {
		b.ReportMetric(median(allocs[0]), "sdk-allocs")
		b.ReportMetric(median(allocs[1]), "bare-allocs")
		b.ReportMetric(median(allocs[0])/median(allocs[1]), "x-allocs")
	}
}

var ctx = context.Background()

func client(b *testing.B, url string) approute.Client {
	b.Helper()
	client, err := approute.New(approute.WithAPIKey("ak_bench"), approute.WithBaseURL(url))
	if err != nil {
		b.Fatal(err)
	}
	b.Cleanup(client.Close)
	return client
}

// bareCall is what one writes by hand.
func bareCall(own *http.Client, method, url string, body, into any) error {
	var reader io.Reader
	if body != nil {
		text, err := json.Marshal(body)
		if err != nil {
			return err
		}
		reader = bytes.NewReader(text)
	}
	request, err := http.NewRequestWithContext(ctx, method, url, reader)
	if err != nil {
		return err
	}
	request.Header.Set("Authorization", "Bearer ak_bench")
	request.Header.Set("Accept", "application/json")
	request.Header.Set("Content-Type", "application/json")
	response, err := own.Do(request)
	if err != nil {
		return err
	}
	defer response.Body.Close()
	text, err := io.ReadAll(response.Body)
	if err != nil {
		return err
	}
	if response.StatusCode != http.StatusOK {
		return fmt.Errorf("status %d", response.StatusCode)
	}
	return json.Unmarshal(text, into)
}

func BenchmarkGet(b *testing.B) {
	url := serve(b, link)
	sdk, own := client(b, url), &http.Client{Transport: &http.Transport{}}
	defer own.CloseIdleConnections()
	compare(b, 100, func() error {
		_, err := sdk.Links.Get(ctx, "lnk_1")
		return err
	}, func() error { return bareCall(own, "GET", url+"/v1/links/lnk_1", nil, new(plainLink)) })
}

func BenchmarkCreate(b *testing.B) {
	url := serve(b, link)
	sdk, own := client(b, url), &http.Client{Transport: &http.Transport{}}
	defer own.CloseIdleConnections()
	compare(b, 100, func() error {
		_, err := sdk.Links.Create(ctx, approute.LinkCreateParams{URL: "https://example.com", Slug: approute.Set("a"), Tags: []string{"b"}})
		return err
	}, func() error {
		body := struct {
			URL  string   `json:"url"`
			Slug string   `json:"slug,omitempty"`
			Tags []string `json:"tags,omitempty"`
		}{"https://example.com", "a", []string{"b"}}
		return bareCall(own, "POST", url+"/v1/links", body, new(plainLink))
	})
}

func BenchmarkPageOf1000(b *testing.B) {
	url := serve(b, `{"items":[`+strings.Repeat(link+",", 999)+link+`],"next_cursor":null,"has_more":false}`)
	sdk, own := client(b, url), &http.Client{Transport: &http.Transport{}}
	defer own.CloseIdleConnections()
	compare(b, 3, func() error {
		page, err := sdk.Links.List(ctx, approute.LinkListParams{}).Page()
		if err == nil && len(page.Items) != 1000 {
			err = fmt.Errorf("%d items", len(page.Items))
		}
		return err
	}, func() error { return bareCall(own, "GET", url+"/v1/links", nil, new(plainPage)) })
}

func BenchmarkWebhook(b *testing.B) {
	now := time.Now().UTC()
	secret := "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"
	body := []byte(fmt.Sprintf(`{"id":"evt_1","type":"link.created","created_at":%[1]q,"sent_at":%[1]q,"attempt":1,"api_version":"2026-11-01","workspace_id":"wsp_1","data":{"link":%[2]s}}`,
		now.Format(time.RFC3339), link))
	header, err := webhook.Sign(body, secret, "evt_1", now)
	if err != nil {
		b.Fatal(err)
	}
	verifier := webhook.NewVerifier(secret)
	verifier.Tolerance = time.Hour
	b.Run("verify", func(b *testing.B) {
		for range b.N {
			if err := verifier.Verify(body, header); err != nil {
				b.Fatal(err)
			}
		}
	})
	b.Run("unwrap", func(b *testing.B) {
		for range b.N {
			if _, err := verifier.Unwrap(body, header); err != nil {
				b.Fatal(err)
			}
		}
	})
}
