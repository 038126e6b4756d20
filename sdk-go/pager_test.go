package approute

import (
	"context"
	"errors"
	"fmt"
	"net"
	"strings"
	"testing"
	"time"
)

// pages serves one page of a webhook list after the other; "" is the last, "!" fails.
func pages(t *testing.T, cursors ...string) *hostile {
	t.Helper()
	item := `{"id":"whk_%d","url":"u","events":[],"description":null,"status":"active","disabled_reason":null,"consecutive_failures":0,
"last_delivery":null,"secret_hint":"x","previous_secret_expires_at":null,"api_version":"v","created_at":"2026-11-01T08:00:00Z"}`
	return serve(t, func(conn net.Conn, n int64) bool {
		cursor := cursors[n-1]
		if cursor == "!" {
			return write(conn, "HTTP/1.1 403 Forbidden\r\nContent-Length: 0\r\n\r\n")
		}
		next := "null"
		if cursor != "" {
			next = `"` + cursor + `"`
		}
		items := fmt.Sprintf(item+","+item, n, n)
		body := fmt.Sprintf(`{"items":[%s],"next_cursor":%s,"has_more":true}`, items, next)
		return write(conn, fmt.Sprintf("HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n%s", len(body), body))
	})
}

func TestListsPageByPage(t *testing.T) {
	for name, row := range map[string]struct {
		cursors []string
		items   int
		kind    Kind
	}{
		"one":                     {[]string{""}, 2, ""},
		"three":                   {[]string{"a", "b", ""}, 6, ""},
		"an error in the middle":  {[]string{"a", "!"}, 2, KindPermissionDenied},
		"the same cursor":         {[]string{"a", "a"}, 4, KindDecode},
		"a cursor of long before": {[]string{"a", "b", "c", "a"}, 8, KindDecode},
	} {
		for _, prefetch := range []bool{false, true} {
			t.Run(fmt.Sprint(name, " prefetch ", prefetch), func(t *testing.T) {
				noLeak(t)
				h := pages(t, row.cursors...)
				client := h.connect(t)
				pager := client.Webhooks.List(context.Background(), WebhookListParams{Limit: 2})
				if prefetch {
					pager = client.Webhooks.List(context.Background(), WebhookListParams{Limit: 2}, WithPrefetch())
				}
				items := 0
				var err error
				for item, failure := range pager.All() {
					if err = failure; err == nil {
						items++
						if !strings.HasPrefix(item.ID, "whk_") {
							t.Error(item.ID)
						}
					}
				}
				if items != row.items || int(h.requests.Load()) != len(row.cursors) {
					t.Errorf("%d items, %d requests", items, h.requests.Load())
				}
				if row.kind == "" && err != nil || row.kind != "" && asError(t, err).Kind != row.kind {
					t.Error(err)
				}
				client.Close()
			})
		}
	}
}

func TestStoppingFetchesNothingMore(t *testing.T) {
	h := pages(t, "a", "b", "c")
	for range h.connect(t).Webhooks.List(context.Background(), WebhookListParams{}).All() {
		break
	}
	if got := h.requests.Load(); got != 1 {
		t.Errorf("%d requests", got)
	}
}

func TestStoppingCancelsThePageAhead(t *testing.T) {
	noLeak(t)
	arrived, closed := make(chan struct{}), make(chan struct{})
	h := serve(t, func(conn net.Conn, n int64) bool {
		if n == 1 {
			body := `{"items":[],"next_cursor":"a","has_more":true}`
			return write(conn, fmt.Sprintf("HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n%s", len(body), body))
		}
		close(arrived)
		_, _ = conn.Read(make([]byte, 1))
		close(closed)
		return false
	})
	client := h.connect(t)
	for page, err := range client.Webhooks.List(context.Background(), WebhookListParams{}, WithPrefetch()).Pages() {
		if err != nil || page.Response.Status != 200 {
			t.Fatal(err)
		}
		<-arrived
		break
	}
	select {
	case <-closed:
	case <-time.After(5 * time.Second):
		t.Error("the page ahead is still fetched")
	}
	client.Close()
}

func TestPanicsInAHookReachTheLoop(t *testing.T) {
	noLeak(t)
	h := pages(t, "a", "b", "c")
	client := h.connect(t, OnRequest(func(info RequestInfo) {
		if strings.Contains(info.URL, "cursor") {
			panic("in a hook")
		}
	}))
	defer client.Close()
	defer func() {
		if recovered := recover(); recovered != "in a hook" {
			t.Error(recovered)
		}
	}()
	for range client.Webhooks.List(context.Background(), WebhookListParams{}, WithPrefetch()).Pages() {
		continue
	}
	t.Error("no panic")
}

func TestPanicsInTheLoopLeaveNothingBehind(t *testing.T) {
	noLeak(t)
	h := pages(t, "a", "b", "c")
	client := h.connect(t)
	func() {
		defer func() { _ = recover() }()
		for range client.Webhooks.List(context.Background(), WebhookListParams{}, WithPrefetch()).Pages() {
			panic("in the loop")
		}
	}()
	client.Close()
}

func TestListsEndWithTheirContext(t *testing.T) {
	ctx, cancel := context.WithCancel(context.Background())
	defer cancel()
	h := pages(t, "a", "b", "c")
	var err error
	for _, failure := range h.connect(t).Webhooks.List(ctx, WebhookListParams{}).Pages() {
		cancel()
		err = failure
	}
	if !errors.Is(err, context.Canceled) || h.requests.Load() != 1 {
		t.Error(err, h.requests.Load())
	}
}
