package main

import (
	"net/http"
	"time"

	"github.com/approute/approute-go"
	"github.com/approute/approute-go/webhook"
)

// A webhookMessage needs no client.
type webhookMessage struct {
	Payload   []byte
	Headers   [][2]string
	Signature *string
	Secrets   []string
	Now       int64
	Tolerance *int64
	ID        string
	Timestamp int64
}

func (m *webhookMessage) webhook(do string) report {
	if do == "webhook.sign" {
		header, err := webhook.Sign(m.Payload, m.Secrets[0], m.ID, time.Unix(m.Timestamp, 0))
		if err != nil {
			return failed(err)
		}
		return report{"headers": header}
	}
	verifier := webhook.NewVerifier(m.Secrets...)
	verifier.Now = func() time.Time { return time.Unix(m.Now, 0) }
	if m.Tolerance != nil {
		verifier.Tolerance = time.Duration(*m.Tolerance) * time.Second
	}
	header := http.Header{}
	for _, pair := range m.Headers {
		header[pair[0]] = append(header[pair[0]], pair[1])
	}
	if m.Signature != nil {
		header = webhook.Signature(*m.Signature)
	}
	if do == "webhook.verify" {
		if err := verifier.Verify(m.Payload, header); err != nil {
			return failed(err)
		}
		return report{}
	}
	event, err := verifier.Unwrap(m.Payload, header)
	if err != nil {
		return failed(err)
	}
	_, unknown := event.(*approute.UnknownEvent)
	return report{"event": report{"known": !unknown, "value": event}, "printed": printed(event)}
}
