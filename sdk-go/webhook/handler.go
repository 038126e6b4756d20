package webhook

import (
	"context"
	"errors"
	"io"
	"net/http"

	"github.com/approute/approute-go"
)

// ErrGone can be returned from a handler's function: the answer is then 410, which disables the webhook.
var ErrGone = errors.New("webhook: this endpoint wants no more events")

// Handler is an http.Handler for an endpoint. It reads the raw body up to a limit, verifies it, and calls the function
// with the event; events of unknown types are an *[approute.UnknownEvent].
//
// It answers 204 when the function returns nil, and 500 when it returns an error: AppRoute then delivers again later. What
// is not genuine gets 400, what is too large 413, another method than POST 405. Deliveries that take longer than 15 s are
// repeated, so put long work into a queue.
func (v *Verifier) Handler(handle func(context.Context, approute.Event) error) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.Method != http.MethodPost {
			w.Header().Set("Allow", http.MethodPost)
			answer(w, http.StatusMethodNotAllowed)
			return
		}
		payload, err := io.ReadAll(http.MaxBytesReader(w, r.Body, v.maxBytes()))
		if err != nil {
			var tooLarge *http.MaxBytesError
			if errors.As(err, &tooLarge) {
				answer(w, http.StatusRequestEntityTooLarge)
			} else {
				answer(w, http.StatusBadRequest)
			}
			return
		}
		event, err := v.Unwrap(payload, r.Header)
		switch {
		case errors.Is(err, approute.ErrConfiguration):
			// Not the sender's fault: it is to try again once the secret is right.
			answer(w, http.StatusInternalServerError)
			return
		case err != nil:
			answer(w, http.StatusBadRequest)
			return
		}
		switch err := handle(r.Context(), event); {
		case errors.Is(err, ErrGone):
			answer(w, http.StatusGone)
		case err != nil:
			answer(w, http.StatusInternalServerError)
		default:
			w.WriteHeader(http.StatusNoContent)
		}
	})
}

func (v *Verifier) maxBytes() int64 {
	if v == nil || v.MaxBytes == 0 {
		return 1 << 20
	}
	return v.MaxBytes
}

// answer says nothing that the status does not say: who sends forgeries need not know why they failed.
func answer(w http.ResponseWriter, status int) { http.Error(w, http.StatusText(status), status) }
