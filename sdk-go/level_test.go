package approute

import (
	"context"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"runtime"
	"sync"
	"testing"
	"time"
)

// TestManyCallsLeaveEverythingLevel makes calls that succeed, fail and are cancelled: 5,000 of them, or 100,000 with
// APPROUTE_LONG_TESTS.
func TestManyCallsLeaveEverythingLevel(t *testing.T) {
	noLeak(t)
	rounds := 5_000 / 100
	if os.Getenv("APPROUTE_LONG_TESTS") != "" {
		rounds = 100_000 / 100
	}
	stalled := make(chan struct{})
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		switch r.URL.Path {
		case "/v1/links/lnk_missing":
			w.WriteHeader(http.StatusNotFound)
			_, _ = io.WriteString(w, `{"code":"not_found"}`)
		case "/v1/links/lnk_stalled":
			select {
			case stalled <- struct{}{}:
			case <-r.Context().Done():
			}
			<-r.Context().Done()
		default:
			w.Header().Set("Content-Type", "application/json")
			_, _ = io.WriteString(w, `{"items":[],"next_cursor":null,"has_more":false}`)
		}
	}))
	defer server.Close()
	transport := &http.Transport{MaxIdleConnsPerHost: 16}
	defer transport.CloseIdleConnections()
	client, err := New(WithAPIKey("ak"), WithBaseURL(server.URL), WithHTTPClient(&http.Client{Transport: transport}))
	if err != nil {
		t.Fatal(err)
	}
	round := func() {
		var group sync.WaitGroup
		for worker := range 10 {
			group.Add(1)
			go func() {
				defer group.Done()
				for call := range 10 {
					if worker == 0 && call == 0 {
						ctx, cancel := context.WithCancel(context.Background())
						go func() { <-stalled; cancel() }()
						if _, err := client.Links.Get(ctx, "lnk_stalled"); !errors.Is(err, context.Canceled) {
							t.Errorf("cancelled: %v", err)
						}
						continue
					}
					if call%2 == 0 {
						if _, err := client.Links.Get(context.Background(), "lnk_missing"); !errors.Is(err, ErrNotFound) {
							t.Errorf("missing: %v", err)
						}
						continue
					}
					if _, err := client.Links.List(context.Background(), LinkListParams{}).Page(); err != nil {
						t.Errorf("list: %v", err)
					}
				}
			}()
		}
		group.Wait()
	}
	// The first rounds fill pools.
	for range 10 {
		round()
	}
	before := usage(t)
	for range rounds {
		round()
	}
	after := usage(t)
	t.Logf("%+v, after %d calls %+v", before, rounds*100, after)
	if after.files > before.files+30 || after.goroutines > before.goroutines+30 || after.heap > before.heap+4<<20 {
		t.Errorf("not level: %+v became %+v", before, after)
	}
}

type used struct {
	goroutines, files int
	heap              uint64
}

func usage(t *testing.T) used {
	t.Helper()
	runtime.GC()
	runtime.GC()
	var memory runtime.MemStats
	runtime.ReadMemStats(&memory)
	files, err := os.ReadDir("/proc/self/fd")
	if err != nil && runtime.GOOS == "linux" {
		t.Fatal(err)
	}
	return used{runtime.NumGoroutine(), len(files), memory.HeapAlloc}
}

// TestExitWithCallsInFlight runs this test once more as a program that ends while its call waits for an answer.
func TestExitWithCallsInFlight(t *testing.T) {
	if url := os.Getenv("APPROUTE_TEST_EXIT"); url != "" {
		client, err := New(WithAPIKey("ak"), WithBaseURL(url))
		if err != nil {
			os.Exit(3)
		}
		go func() { _, _ = client.Links.Get(context.Background(), "lnk_1") }()
		// The parent closes it when the request has arrived.
		_, _ = io.Copy(io.Discard, os.Stdin)
		os.Exit(0)
	}
	arrived := make(chan struct{}, 1)
	server := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		arrived <- struct{}{}
		<-r.Context().Done()
	}))
	defer server.Close()
	program, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	defer cancel()
	command := exec.CommandContext(ctx, program, "-test.run", "^TestExitWithCallsInFlight$")
	command.Env = append(os.Environ(), "APPROUTE_TEST_EXIT="+server.URL)
	stdin, err := command.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	go func() { <-arrived; stdin.Close() }()
	if output, err := command.CombinedOutput(); err != nil {
		t.Fatalf("%v: %s", err, output)
	}
}
