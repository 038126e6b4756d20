package approute

import (
	"context"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"strings"
	"time"
	"unicode"
)

// A Kind says what went wrong, one for each class of the error tree that all AppRoute SDKs share.
type Kind string

// Kinds of errors. For most code, errors.Is with [ErrNotFound] and its like reads better.
const (
	// KindConnection: the server could not be reached, or the connection broke.
	KindConnection Kind = "connection"
	// KindTimeout: a try or the whole call took too long. Is a connection error too.
	KindTimeout Kind = "timeout"
	// KindCanceled: the call's context was cancelled.
	KindCanceled Kind = "canceled"
	// KindDecode: the answer came and could not be read.
	KindDecode Kind = "decode"
	// KindConfiguration: a bad argument; nothing was sent.
	KindConfiguration Kind = "configuration"
	// KindWebhookVerification: a webhook that must not be trusted.
	KindWebhookVerification Kind = "webhook_verification"
	// KindBadRequest is status 400.
	KindBadRequest Kind = "bad_request"
	// KindAuthentication is status 401.
	KindAuthentication Kind = "authentication"
	// KindPermissionDenied is status 403.
	KindPermissionDenied Kind = "permission_denied"
	// KindNotFound is status 404.
	KindNotFound Kind = "not_found"
	// KindConflict is status 409.
	KindConflict Kind = "conflict"
	// KindConfirmationRequired is status 409 with the code confirmation_required. Is a conflict too.
	KindConfirmationRequired Kind = "confirmation_required"
	// KindPreconditionFailed is status 412.
	KindPreconditionFailed Kind = "precondition_failed"
	// KindUnprocessableEntity is status 422.
	KindUnprocessableEntity Kind = "unprocessable_entity"
	// KindRateLimit is status 429.
	KindRateLimit Kind = "rate_limit"
	// KindServer is status 500 to 599.
	KindServer Kind = "server"
	// KindAPI is any other status that is not a success.
	KindAPI Kind = "api"
)

// An Outcome says what an error means for the data, over all tries of the call.
type Outcome string

// Outcomes of a call that failed.
const (
	// OutcomeNotSent: no try wrote a byte.
	OutcomeNotSent Outcome = "not_sent"
	// OutcomeRejected: the server said that it did not carry the call out.
	OutcomeRejected Outcome = "rejected"
	// OutcomeApplied: the server carried it out, but its answer could not be read.
	OutcomeApplied Outcome = "applied"
	// OutcomeUnknown: it may or may not have been carried out. Repeating the call with [Error.IdempotencyKey] is safe.
	OutcomeUnknown Outcome = "unknown"
)

// A ConfirmationRequest says what a person has to agree to before many links are deleted. Repeat the call with
// [WithConfirmation] if they do; the SDK never does so by itself.
type ConfirmationRequest struct {
	// Token is valid once, for this very operation and these ids.
	Token Secret
	// DeleteCount is how many links the call would delete.
	DeleteCount int64
	// ExpiresAt is when the token stops being valid; zero when the answer did not say.
	ExpiresAt time.Time
}

// A WebhookFailure says why a webhook must not be trusted.
type WebhookFailure string

// Why a webhook is refused.
const (
	// WebhookNoSignature: no header carries a signature.
	WebhookNoSignature WebhookFailure = "no_signature"
	// WebhookMalformed: a header is not of its form, or the body does not say when it was sent.
	WebhookMalformed WebhookFailure = "malformed"
	// WebhookNoMatch: the signature fits no secret.
	WebhookNoMatch WebhookFailure = "no_match"
	// WebhookTooOld: it was sent longer ago than the tolerance.
	WebhookTooOld WebhookFailure = "too_old"
	// WebhookInFuture: it claims to be sent in the future, by more than the tolerance.
	WebhookInFuture WebhookFailure = "in_future"
)

// An Error is why a call, a constructor or a verification failed. Everything in this module that fails returns one:
//
//	var failure *approute.Error
//	if errors.As(err, &failure) {
//		log.Println(failure.Status, failure.Code, failure.RequestID, failure.Outcome)
//	}
type Error struct {
	// Kind says what happened.
	Kind Kind
	// Message says what happened, for people: the server's words where it gave any.
	Message string
	// Status is the answer's status; 0 when there was no answer.
	Status int
	// Code is the API's stable code, such as [ErrorCodeSlugTaken]; new ones can come at any time.
	Code ErrorCode
	// Errors are the fields that the server refused.
	Errors []FieldError
	// RequestID is what support asks for.
	RequestID string
	// Header is the answer's header; nil when there was no answer.
	Header http.Header
	// Body is the answer's raw body. It may hold a confirmation's token.
	Body []byte
	// Attempts counts the tries; 0 when the call failed before the first.
	Attempts int
	// Retryable says that the last failure is one that the SDK retries, but retries, budget or time had run out: the
	// same call may succeed later.
	Retryable bool
	// IdempotencyKey is the key that every try carried; empty for reads.
	IdempotencyKey string
	// Outcome says what the error means for the data.
	Outcome Outcome
	// Confirmation is what a person has to agree to, for [ErrConfirmationRequired].
	Confirmation *ConfirmationRequest
	// WebhookFailure says why a webhook was refused, for [ErrWebhookVerification].
	WebhookFailure WebhookFailure
	// Cause is the error underneath, such as one of package net.
	Cause error
}

// Error gives one line: status and code, the message, tries and the request id.
func (e *Error) Error() string {
	if e == nil {
		return "approute: no error"
	}
	var line strings.Builder
	line.WriteString("approute: ")
	switch {
	case e.Status != 0 && e.Code != "":
		fmt.Fprintf(&line, "%d %s: ", e.Status, oneLine(string(e.Code)))
	case e.Status != 0:
		fmt.Fprintf(&line, "%d: ", e.Status)
	}
	line.WriteString(oneLine(e.Message))
	if e.Attempts > 1 {
		fmt.Fprintf(&line, " (after %d tries)", e.Attempts)
	}
	if e.RequestID != "" {
		fmt.Fprintf(&line, " (request id %s)", oneLine(e.RequestID))
	}
	return line.String()
}

// oneLine keeps whatever a server or a proxy wrote from breaking a log line in two.
func oneLine(text string) string {
	return strings.Map(func(char rune) rune {
		if unicode.IsControl(char) || char == '\u2028' || char == '\u2029' {
			return ' '
		}
		return char
	}, text)
}

// Unwrap gives the error underneath.
func (e *Error) Unwrap() error { return e.Cause }

// Is makes errors.Is work with the sentinels of this package.
func (e *Error) Is(target error) bool {
	wanted, ok := target.(*sentinel)
	return ok && wanted.matches(e)
}

// Timeout says whether a try or the whole call took too long, as net.Error does.
func (e *Error) Timeout() bool { return e.Kind == KindTimeout }

// Format prints the line of [Error.Error] for every verb but %+v and %#v, which add the other fields. The body, which can
// hold a token, and headers that carry secrets are left out of both.
func (e Error) Format(state fmt.State, verb rune) {
	switch {
	case verb == 'q':
		_, _ = fmt.Fprintf(state, "%q", e.Error())
	case verb == 'v' && (state.Flag('+') || state.Flag('#')):
		_, _ = fmt.Fprintf(state, "%s {kind: %s, retryable: %t, outcome: %s, idempotency key: %q, headers: %v, body: %d bytes",
			e.Error(), e.Kind, e.Retryable, e.Outcome, e.IdempotencyKey, shownHeader(e.Header), len(e.Body))
		for _, field := range e.Errors {
			_, _ = fmt.Fprintf(state, ", %s: %s", field.Pointer, oneLine(field.Message))
		}
		if e.Cause != nil {
			_, _ = fmt.Fprintf(state, ", cause: %s", oneLine(e.Cause.Error()))
		}
		_, _ = io.WriteString(state, "}")
	default:
		_, _ = io.WriteString(state, e.Error())
	}
}

// LogValue gives what a log should hold.
func (e *Error) LogValue() slog.Value {
	if e == nil {
		return slog.AnyValue(nil)
	}
	return slog.GroupValue(
		slog.String("kind", string(e.Kind)),
		slog.String("message", e.Message),
		slog.Int("status", e.Status),
		slog.String("code", string(e.Code)),
		slog.String("request_id", e.RequestID),
		slog.Int("attempts", e.Attempts),
		slog.String("outcome", string(e.Outcome)),
	)
}

// A sentinel stands for a class of errors.
type sentinel struct {
	name  string
	kinds []Kind
}

func (s *sentinel) Error() string { return "approute: " + s.name }

func (s *sentinel) matches(e *Error) bool {
	if s == ErrAPI {
		return e.IsAPI()
	}
	if s == ErrNotModified {
		return e.Status == http.StatusNotModified
	}
	for _, kind := range s.kinds {
		if e.Kind == kind {
			return true
		}
	}
	return false
}

// IsAPI says whether the server answered with a status that is not a success.
func (e *Error) IsAPI() bool {
	switch e.Kind {
	case KindConnection, KindTimeout, KindCanceled, KindDecode, KindConfiguration, KindWebhookVerification:
		return false
	}
	return true
}

func class(name string, kinds ...Kind) *sentinel { return &sentinel{name: name, kinds: kinds} }

// Classes of errors, for errors.Is. A call that its context ended also is context.Canceled or context.DeadlineExceeded.
var (
	ErrConnection           error = class("connection", KindConnection, KindTimeout)
	ErrTimeout              error = class("timeout", KindTimeout)
	ErrDecode               error = class("decode", KindDecode)
	ErrConfiguration        error = class("configuration", KindConfiguration)
	ErrWebhookVerification  error = class("webhook verification", KindWebhookVerification)
	ErrAPI                  error = class("api")
	ErrBadRequest           error = class("bad request", KindBadRequest)
	ErrAuthentication       error = class("authentication", KindAuthentication)
	ErrPermissionDenied     error = class("permission denied", KindPermissionDenied)
	ErrNotFound             error = class("not found", KindNotFound)
	ErrConflict             error = class("conflict", KindConflict, KindConfirmationRequired)
	ErrConfirmationRequired error = class("confirmation required", KindConfirmationRequired)
	ErrPreconditionFailed   error = class("precondition failed", KindPreconditionFailed)
	ErrUnprocessableEntity  error = class("unprocessable entity", KindUnprocessableEntity)
	ErrRateLimited          error = class("rate limited", KindRateLimit)
	ErrServer               error = class("server", KindServer)
	// ErrNotModified is status 304: the copy whose ETag was sent as IfNoneMatch is still current.
	ErrNotModified error = class("not modified")
)

func configurationError(format string, args ...any) *Error {
	return &Error{Kind: KindConfiguration, Message: fmt.Sprintf(format, args...), Outcome: OutcomeNotSent}
}

// contextError is for a call whose context ended. The context's error, and the cause given with it, can be found with
// errors.Is and errors.As.
func contextError(ctx context.Context) *Error {
	failure := &Error{Kind: KindCanceled, Message: "the call was cancelled", Cause: ctx.Err(), Outcome: OutcomeNotSent}
	if ctx.Err() == context.DeadlineExceeded {
		failure.Kind, failure.Message = KindTimeout, "the context's deadline passed"
	}
	if cause := context.Cause(ctx); cause != nil && cause != ctx.Err() {
		failure.Cause = fmt.Errorf("%w: %w", ctx.Err(), cause)
	}
	return failure
}
