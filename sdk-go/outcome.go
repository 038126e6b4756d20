package approute

// A tracker follows the tries of a call, to tell what they mean for the data.
type tracker struct {
	// sent: a try may have written a byte.
	sent bool
	// unrefused: a try that was sent was not refused.
	unrefused bool
	last      verdict
}

type verdict uint8

const (
	// verdictRefused: refused before the server looked at the idempotency key; says nothing about the tries before.
	verdictRefused verdict = iota + 1
	// verdictDecided: refused by the handler, which comes after the key; no try under the same key was carried out.
	verdictDecided
	// verdictApplied: carried out.
	verdictApplied
	// verdictUnknown: who knows.
	verdictUnknown
)

func (t *tracker) add(v verdict) {
	t.sent = true
	t.unrefused = t.unrefused || v != verdictRefused && v != verdictDecided
	t.last = v
}

// outcome is the outcome so far. keyed: all tries carried the same idempotency key.
func (t *tracker) outcome(keyed bool) Outcome {
	switch {
	case !t.sent:
		return OutcomeNotSent
	case t.last == verdictApplied:
		return OutcomeApplied
	case !t.unrefused, t.last == verdictDecided && keyed:
		return OutcomeRejected
	}
	return OutcomeUnknown
}

func verdictOf(status int, code ErrorCode) verdict {
	switch {
	case status >= 200 && status <= 299:
		return verdictApplied
	// The first says that another try is being carried out, the second that one was.
	case status == 409 && (code == ErrorCodeIdempotencyInFlight || code == ErrorCodeIdempotencyResultGone):
		return verdictUnknown
	// Whoever sends it gave up waiting; the request may have arrived by then.
	case status == 408:
		return verdictUnknown
	case code != "" && (status == 404 || status == 409 || status == 412 || status == 422):
		return verdictDecided
	case status >= 400 && status <= 499:
		return verdictRefused
	}
	return verdictUnknown
}
