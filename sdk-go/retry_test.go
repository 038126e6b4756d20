package approute

import (
	"net/http"
	"testing"
	"time"
)

func least() uint64 { return 0 }
func most() uint64  { return 1<<64 - 1 }

func headerOf(pairs ...string) http.Header {
	header := http.Header{}
	for i := 0; i < len(pairs); i += 2 {
		header.Add(pairs[i], pairs[i+1])
	}
	return header
}

func TestStatusesRowByRow(t *testing.T) {
	table := map[int]bool{408: true, 429: true, 500: true, 502: true, 503: true, 504: true}
	for status := 100; status < 600; status++ {
		for value, expected := range map[string]bool{
			"": table[status], "maybe": table[status], "true": true, "TRUE ": true, "False": false,
		} {
			if got := isRetryable(status, headerOf("X-Should-Retry", value)); got != expected {
				t.Errorf("%d with %q: %t", status, value, got)
			}
		}
	}
}

func TestBackoffDoublesUpToEightSeconds(t *testing.T) {
	for n, bound := range map[int]time.Duration{1: 500, 2: 1000, 3: 2000, 4: 4000, 5: 8000, 6: 8000, 1 << 30: 8000} {
		bound *= time.Millisecond
		if got := backoff(n, least); got != bound/2 {
			t.Errorf("shortest wait %d: %s", n, got)
		}
		if got := backoff(n, most); got > bound || got < bound/100*99 {
			t.Errorf("longest wait %d: %s", n, got)
		}
	}
}

func TestEveryFormOfRetryAfter(t *testing.T) {
	// Sun, 06 Nov 1994 08:49:37 GMT
	now := time.Unix(784_111_777, 0)
	ms := func(n int) askedWait { return askedWait{time.Duration(n) * time.Millisecond, askedFor} }
	nothing, tooLong := askedWait{}, askedWait{kind: askedTooLong}
	for _, row := range []struct {
		header   http.Header
		expected askedWait
	}{
		{headerOf(), nothing},
		{headerOf("Retry-After", "0"), ms(0)},
		{headerOf("Retry-After", "7"), ms(7000)},
		{headerOf("Retry-After", " 1.5 "), ms(1500)},
		{headerOf("Retry-After", "30"), ms(30_000)},
		{headerOf("Retry-After", "31"), tooLong},
		{headerOf("Retry-After", "30.001"), tooLong},
		{headerOf("Retry-After", "99999999999999999999999999"), tooLong},
		{headerOf("Retry-After", "-1"), nothing},
		{headerOf("Retry-After", ""), nothing},
		{headerOf("Retry-After", "."), nothing},
		{headerOf("Retry-After", "1.2.3"), nothing},
		{headerOf("Retry-After", "1e1"), nothing},
		{headerOf("Retry-After", "0x1"), nothing},
		{headerOf("Retry-After", "1_0"), nothing},
		{headerOf("Retry-After", "+1"), nothing},
		{headerOf("Retry-After", "inf"), nothing},
		{headerOf("Retry-After", "NaN"), nothing},
		{headerOf("Retry-After", "soon"), nothing},
		{headerOf("Retry-After-Ms", "250"), ms(250)},
		{headerOf("Retry-After-Ms", "250", "Retry-After", "9"), ms(250)},
		{headerOf("Retry-After-Ms", "soon", "Retry-After", "9"), ms(9000)},
		{headerOf("Retry-After-Ms", "30001"), tooLong},
		{headerOf("Retry-After", "Sun, 06 Nov 1994 08:49:40 GMT"), ms(3000)},
		{headerOf("Retry-After", "Sunday, 06-Nov-94 08:49:40 GMT"), ms(3000)},
		{headerOf("Retry-After", "Sun Nov  6 08:49:40 1994"), ms(3000)},
		{headerOf("Retry-After", "Sun, 06 Nov 1994 08:49:37 GMT"), ms(0)},
		{headerOf("Retry-After", "Sun, 06 Nov 1994 08:50:07 GMT"), ms(30_000)},
		{headerOf("Retry-After", "Sun, 06 Nov 1994 08:50:08 GMT"), tooLong},
		{headerOf("Retry-After", "Sun, 06 Nov 1994 08:49:36 GMT"), nothing},
	} {
		if got := readAskedWait(row.header, now); got != row.expected {
			t.Errorf("%v: %+v, expected %+v", row.header, got, row.expected)
		}
	}
}

func FuzzRetryAfter(f *testing.F) {
	for _, seed := range []string{"1", "-1", "1e9", "Sun, 06 Nov 1994 08:49:37 GMT", "\x00", "999999999999999999999", "."} {
		f.Add(seed, seed)
	}
	f.Fuzz(func(t *testing.T, milliseconds, seconds string) {
		header := http.Header{"Retry-After-Ms": {milliseconds}, "Retry-After": {seconds}}
		asked := readAskedWait(header, time.Unix(784_111_777, 0))
		if asked.wait < 0 || asked.wait > longestAsked || asked.kind != askedFor && asked.wait != 0 {
			t.Errorf("%q, %q: %+v", milliseconds, seconds, asked)
		}
		readRateLimit(http.Header{"Ratelimit": {milliseconds}, "Ratelimit-Policy": {seconds}})
	})
}

func TestAskedWaitsAreLengthenedAndNeverShortened(t *testing.T) {
	if got := lengthened(10*time.Second, least); got != 10*time.Second {
		t.Error(got)
	}
	if got := lengthened(10*time.Second, most); got <= 10*time.Second || got > 11*time.Second {
		t.Error(got)
	}
	if got := lengthened(0, most); got != 0 {
		t.Error(got)
	}
}

func TestRateLimitsThatCanAndCannotBeRead(t *testing.T) {
	known := RateLimit{100, 99, 30 * time.Second}
	policy := `"default";q=100;w=60`
	for _, row := range []struct {
		limit, policy string
		readable      bool
	}{
		{`"default";r=99;t=30`, policy, true},
		{`"default"; t=30; r=99`, policy, true},
		{`default;r=99;t=30`, policy, true},
		{`"default";r=99;t=30, "burst";r=1;t=1`, `"burst";q=5;w=1, "default";q=100;w=60`, true},
		{`"a,b";r=99;t=30`, `"a,b";q=100`, true},
		{`"other";r=99;t=30`, policy, false},
		{`"default";r=99`, policy, false},
		{`"default";r=-1;t=30`, policy, false},
		{`"default";r=9.5;t=30`, policy, false},
		{`"default";r=9999999999999999;t=30`, policy, false},
		{`"default`, policy, false},
		{`"default"x;r=99;t=30`, policy, false},
		{``, policy, false},
		{`99`, policy, false},
		{`"default";r=99;t=30`, `"default"`, false},
		{`"default";r=99;t=30`, ``, false},
	} {
		got, ok := readRateLimit(headerOf("RateLimit", row.limit, "RateLimit-Policy", row.policy))
		if ok != row.readable || ok && got != known {
			t.Errorf("%s with %s: %+v, %t", row.limit, row.policy, got, ok)
		}
	}
	if got, ok := readRateLimit(headerOf("RateLimit", `a;r=1;t=999999999999999`, "RateLimit-Policy", "a;q=1")); !ok || got.Reset < 0 {
		t.Error(got, ok)
	}
}

func TestBudgetHoldsAHundredRetriesAndNoMore(t *testing.T) {
	var b budget
	for range 99 {
		if !b.take(costRetry) {
			t.Fatal("empty too early")
		}
	}
	if b.take(costTimeout) || b.left() != 5 || !b.take(costRetry) || b.take(costRetry) {
		t.Error(b.left())
	}
	if !b.take(0) {
		t.Error("what costs nothing is always allowed")
	}
	b.give(3)
	if b.left() != 3 {
		t.Error(b.left())
	}
	b.give(1 << 40)
	if b.left() != budgetCapacity {
		t.Error(b.left())
	}
}

func TestUUIDsHaveVersionAndVariant(t *testing.T) {
	if got := uuidV4(least); got != "00000000-0000-4000-8000-000000000000" {
		t.Error(got)
	}
	if got := uuidV4(most); got != "ffffffff-ffff-4fff-bfff-ffffffffffff" {
		t.Error(got)
	}
	if one, other := uuidV4(systemRandom), uuidV4(systemRandom); one == other {
		t.Error("not random")
	}
}

func TestPathSegmentsStayOneSegment(t *testing.T) {
	for id, expected := range map[string]string{
		"lnk_01-x.y~z":      "lnk_01-x.y~z",
		"...":               "...",
		"a/b\\c?d#e%2e ä\n": "a%2Fb%5Cc%3Fd%23e%252e%20%C3%A4%0A",
	} {
		var r request
		r.id("link_id", id)
		if r.encoded != expected || r.path != id || r.refused != nil {
			t.Errorf("%q: %s", id, r.encoded)
		}
	}
	for _, id := range []string{"", ".", ".."} {
		var r request
		if r.id("link_id", id); r.refused == nil {
			t.Errorf("%q is taken", id)
		}
	}
}
