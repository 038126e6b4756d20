package approute

import (
	"net/http"
	"strconv"
	"strings"
	"time"
)

// A Response holds the facts of the answer that a result came in.
type Response struct {
	// Status is the HTTP status, 200 to 299.
	Status int
	// Header is the answer's header.
	Header http.Header
	// Attempts counts the tries that the call took; 1 when the first succeeded.
	Attempts int
}

// RequestID gives the request's id, which support asks for; empty when the answer has none.
func (r Response) RequestID() string { return requestID(r.Header) }

// RateLimit gives the state of the rate limit after this call; false when the answer does not say, or not readably.
func (r Response) RateLimit() (RateLimit, bool) { return readRateLimit(r.Header) }

// Replayed says whether the server answered from its memory of an earlier request with the same idempotency key.
func (r Response) Replayed() bool {
	return strings.EqualFold(r.Header.Get("Idempotent-Replayed"), "true")
}

func requestID(header http.Header) string { return header.Get("X-Request-Id") }

// A RateLimit is what the headers RateLimit and RateLimit-Policy say.
type RateLimit struct {
	// Limit is how many requests the policy allows per window.
	Limit int64
	// Remaining is how many are left in the current window.
	Remaining int64
	// Reset is the time until the window starts anew, in whole seconds.
	Reset time.Duration
}

func readRateLimit(header http.Header) (RateLimit, bool) {
	name, limits, ok := firstItem(header.Get("Ratelimit"))
	if !ok {
		return RateLimit{}, false
	}
	// Several policies may apply; the one that is named like the limit gives its quota.
	for _, policy := range splitOutsideQuotes(header.Get("Ratelimit-Policy"), ',') {
		policyName, parameters, ok := firstItem(policy)
		if !ok || policyName != name {
			continue
		}
		quota, okQuota := parameter(parameters, "q")
		remaining, okRemaining := parameter(limits, "r")
		reset, okReset := parameter(limits, "t")
		if !okQuota || !okRemaining || !okReset {
			return RateLimit{}, false
		}
		// A duration ends after 292 years; whoever names more means never.
		seconds := min(reset, int64(1<<63-1)/int64(time.Second))
		return RateLimit{quota, remaining, time.Duration(seconds) * time.Second}, true
	}
	return RateLimit{}, false
}

// firstItem gives the first member of a structured-field list: its name and its parameters.
func firstItem(list string) (name, parameters string, ok bool) {
	item := strings.TrimSpace(splitOutsideQuotes(list, ',')[0])
	if quoted, found := strings.CutPrefix(item, `"`); found {
		if name, parameters, ok = strings.Cut(quoted, `"`); !ok {
			return "", "", false
		}
	} else if end := strings.IndexByte(item, ';'); end >= 0 {
		name, parameters = item[:end], item[end:]
	} else {
		name = item
	}
	parameters = strings.TrimLeft(parameters, " \t")
	wellFormed := parameters == "" || parameters[0] == ';'
	return name, parameters, wellFormed && name != ""
}

// parameter gives an integer parameter of an item.
func parameter(parameters, key string) (int64, bool) {
	for _, part := range strings.Split(parameters, ";") {
		name, value, found := strings.Cut(part, "=")
		value = strings.TrimSpace(value)
		// 15 digits are the longest integer of a structured field.
		if !found || strings.TrimSpace(name) != key || len(value) > 15 || !isDigits(value) {
			continue
		}
		number, err := strconv.ParseInt(value, 10, 64)
		return number, err == nil
	}
	return 0, false
}

func isDigits(text string) bool {
	for i := range len(text) {
		if text[i] < '0' || text[i] > '9' {
			return false
		}
	}
	return text != ""
}

// splitOutsideQuotes is never empty.
func splitOutsideQuotes(text string, separator byte) []string {
	var parts []string
	start, quoted := 0, false
	for i := range len(text) {
		switch {
		case text[i] == '"':
			quoted = !quoted
		case text[i] == separator && !quoted:
			parts = append(parts, text[start:i])
			start = i + 1
		}
	}
	return append(parts, text[start:])
}
