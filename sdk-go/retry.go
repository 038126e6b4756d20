package approute

import (
	"net/http"
	"strconv"
	"strings"
	"time"
)

const (
	firstBackoff   = 500 * time.Millisecond
	longestBackoff = 8 * time.Second
	// longestAsked is the longest wait that a server may ask for.
	longestAsked = 30 * time.Second
	// inFlightWait is how long to wait for a call still in flight whose answer names no wait.
	inFlightWait = time.Second
)

// isRetryable is the table of statuses, overridden by X-Should-Retry.
func isRetryable(status int, header http.Header) bool {
	if should, said := shouldRetry(header); said {
		return should
	}
	switch status {
	case 408, 429, 500, 502, 503, 504:
		return true
	}
	return false
}

// shouldRetry reads X-Should-Retry, where it says true or false.
func shouldRetry(header http.Header) (should, said bool) {
	switch strings.ToLower(strings.TrimSpace(header.Get("X-Should-Retry"))) {
	case "true":
		return true, true
	case "false":
		return false, true
	}
	return false, false
}

// backoff is the wait before retry n (1, 2, …): uniform in [b/2, b] with b = min(8 s, 0.5 s · 2^(n-1)).
func backoff(n int, random func() uint64) time.Duration {
	// Beyond 2^4 the bound is 8 s anyway.
	bound := min(firstBackoff<<min(n-1, 4), longestBackoff)
	return time.Duration(float64(bound) * (0.5 + 0.5*unit(random)))
}

// lengthened adds 0–10 % to a wait that was asked for, so that clients told the same do not come back at once.
func lengthened(wait time.Duration, random func() uint64) time.Duration {
	return time.Duration(float64(wait) * (1 + 0.1*unit(random)))
}

// unit is a uniform number in [0, 1). 53 bits fit a float's mantissa, so the division is exact.
func unit(random func() uint64) float64 { return float64(random()>>11) / (1 << 53) }

// An askedWait is what an answer's headers say about the wait.
type askedWait struct {
	wait time.Duration
	kind askedKind
}

type askedKind uint8

const (
	// askedNothing: nothing that can be used.
	askedNothing askedKind = iota
	// askedFor: a wait of 0 to 30 s.
	askedFor
	// askedTooLong: more than 30 s, which ends the call.
	askedTooLong
)

// readAskedWait reads retry-after-ms, else Retry-After as seconds or as an HTTP date.
func readAskedWait(header http.Header, now time.Time) askedWait {
	if asked := decimalWait(header.Get("Retry-After-Ms"), time.Millisecond); asked.kind != askedNothing {
		return asked
	}
	value := header.Get("Retry-After")
	if asked := decimalWait(value, time.Second); asked.kind != askedNothing {
		return asked
	}
	date, err := http.ParseTime(strings.TrimSpace(value))
	if err != nil {
		return askedWait{}
	}
	// A date in the past names no wait (a clock is off, or the answer is stale): the backoff applies.
	switch wait := date.Sub(now); {
	case wait < 0:
		return askedWait{}
	case wait > longestAsked:
		return askedWait{kind: askedTooLong}
	default:
		return askedWait{wait, askedFor}
	}
}

// decimalWait reads a decimal number of units; nothing when it is not one, or negative.
func decimalWait(text string, unit time.Duration) askedWait {
	text = strings.TrimSpace(text)
	// ParseFloat would also take "inf", "1e9", "0x1" and "+1", which no specification of this header knows.
	if text == "" || strings.Trim(text, "0123456789.") != "" {
		return askedWait{}
	}
	number, err := strconv.ParseFloat(text, 64)
	if err != nil && number == 0 {
		return askedWait{}
	}
	if number > float64(longestAsked/unit) {
		return askedWait{kind: askedTooLong}
	}
	return askedWait{time.Duration(number * float64(unit)), askedFor}
}
