// Package webhook checks that a delivery is AppRoute's, reads its event, and signs deliveries for tests.
//
// Nothing here needs a client or a network. Pass the body as the raw bytes that came, before any JSON parser has seen
// them: one other space, and the signature no longer fits. [Verifier.Handler] does so by itself.
//
// While a secret is rotated, pass the old one and the new one. To catch what is delivered twice, keep the ids of the
// events that you have handled: delivery is at least once.
//
// A delivery is signed in two ways, and X-Approute-Signature decides where it is present: HMAC-SHA256 over the body, which
// holds the time of sending. Without it, the headers of Standard Webhooks are checked.
package webhook

import (
	"fmt"
	"net/http"
	"time"

	"github.com/approute/approute-go"
)

// DefaultTolerance is how much a delivery's time and the receiver's clock may differ, in either direction.
const DefaultTolerance = 300 * time.Second

// Verify checks a delivery with the default tolerance, against the system's clock. One of the secrets has to fit.
//
// The error is an *[approute.Error]: [approute.ErrWebhookVerification] with a WebhookFailure for what must not be
// trusted, [approute.ErrConfiguration] for secrets that are none.
func Verify(payload []byte, header http.Header, secrets ...string) error {
	return NewVerifier(secrets...).Verify(payload, header)
}

// Unwrap checks a delivery as [Verify] does, and reads its event. Events of a type that this version of the module does
// not know become an *[approute.UnknownEvent]. A genuine body that is no event is [approute.ErrDecode].
func Unwrap(payload []byte, header http.Header, secrets ...string) (approute.Event, error) {
	return NewVerifier(secrets...).Unwrap(payload, header)
}

// Signature makes a header of the value of X-Approute-Signature alone, for frameworks that give no more.
func Signature(value string) http.Header { return http.Header{approuteSignature: {value}} }

// A Verifier checks deliveries with another tolerance or clock than [Verify]. Its fields must not change while it is used.
type Verifier struct {
	// Secrets are those of the webhook: one, or several while they are rotated.
	Secrets []approute.Secret
	// Tolerance is how much the delivery's time and the clock may differ, in either direction; 0 means
	// [DefaultTolerance].
	Tolerance time.Duration
	// Now is the clock; nil means time.Now.
	Now func() time.Time
	// MaxBytes is how long a body [Verifier.Handler] reads; 0 means 1 MiB.
	MaxBytes int64
}

// NewVerifier makes a verifier with these secrets.
func NewVerifier(secrets ...string) *Verifier {
	v := &Verifier{Secrets: make([]approute.Secret, len(secrets))}
	for i, secret := range secrets {
		v.Secrets[i] = approute.NewSecret(secret)
	}
	return v
}

// Verify is as [Verify].
func (v *Verifier) Verify(payload []byte, header http.Header) error {
	if failure := v.check(payload, header); failure != nil {
		return failure
	}
	return nil
}

// Unwrap is as [Unwrap].
func (v *Verifier) Unwrap(payload []byte, header http.Header) (approute.Event, error) {
	if failure := v.check(payload, header); failure != nil {
		return nil, failure
	}
	event, err := approute.UnmarshalEvent(payload)
	if err != nil {
		return nil, &approute.Error{
			Kind:    approute.KindDecode,
			Message: "the webhook is genuine, but its body is no event: " + err.Error(),
			Body:    append([]byte(nil), payload...),
			Outcome: approute.OutcomeNotSent,
			Cause:   err,
		}
	}
	return event, nil
}

// Format prints nothing that is secret.
func (v Verifier) Format(state fmt.State, _ rune) {
	_, _ = fmt.Fprintf(state, "Verifier(%d secrets, tolerance %s)", len(v.Secrets), v.tolerance())
}

func (v *Verifier) tolerance() time.Duration {
	if v.Tolerance == 0 {
		return DefaultTolerance
	}
	return v.Tolerance
}

func (v *Verifier) check(payload []byte, header http.Header) *approute.Error {
	if v == nil || len(v.Secrets) == 0 {
		return noSecret()
	}
	for _, secret := range v.Secrets {
		if isEmpty(secret.Expose()) {
			return noSecret()
		}
	}
	var sentAt time.Time
	var failure *approute.Error
	if list, found := joined(header, approuteSignature, ","); found {
		sentAt, failure = v.checkApproute(payload, list)
	} else {
		sentAt, failure = v.checkStandard(payload, header)
	}
	if failure != nil {
		return failure
	}
	now := time.Now()
	if v.Now != nil {
		now = v.Now()
	}
	switch age := now.Sub(sentAt); {
	case age > v.tolerance():
		return refuse(approute.WebhookTooOld)
	case age < -v.tolerance():
		return refuse(approute.WebhookInFuture)
	}
	return nil
}

var reasons = map[approute.WebhookFailure]string{
	approute.WebhookNoSignature: "the webhook is not signed: neither X-Approute-Signature nor webhook-signature is there",
	approute.WebhookMalformed:   "the webhook's signature or time is malformed",
	approute.WebhookNoMatch:     "the webhook's signature fits no secret: check the secret, and pass the raw body",
	approute.WebhookTooOld:      "the webhook was sent too long ago",
	approute.WebhookInFuture:    "the webhook was sent in the future: check the clock",
}

func refuse(failure approute.WebhookFailure) *approute.Error {
	return &approute.Error{
		Kind:           approute.KindWebhookVerification,
		Message:        reasons[failure],
		Outcome:        approute.OutcomeNotSent,
		WebhookFailure: failure,
	}
}

func configuration(message string) *approute.Error {
	return &approute.Error{Kind: approute.KindConfiguration, Message: message, Outcome: approute.OutcomeNotSent}
}

func noSecret() *approute.Error {
	return configuration("no webhook secret: pass the whsec_… that creating or rotating the webhook returned")
}

func noBase64() *approute.Error { return configuration("a webhook secret is whsec_ and base64") }
