package main

import (
	"bytes"
	"encoding/json"
	"net/http"
	"time"

	"github.com/approute/approute-go"
	"github.com/approute/approute-go/webhook"
)

// A webhookStep needs no client.
type webhookStep struct {
	Payload struct {
		Text   *string
		Base64 []byte
		Size   int
		JSON   json.RawMessage
	}
	Headers   [][2]string
	Signature *string
	Secrets   []string
	Now       int64
	Tolerance *int64
	ID        string
	Timestamp int64
}

func (s *webhookStep) webhook(name string) report {
	payload := s.payload()
	if name == "webhook.sign" {
		header, err := webhook.Sign(payload, s.Secrets[0], s.ID, time.Unix(s.Timestamp, 0))
		if err != nil {
			return failed(err)
		}
		return report{"headers": lower(header)}
	}
	verifier := webhook.NewVerifier(s.Secrets...)
	verifier.Now = func() time.Time { return time.Unix(s.Now, 0) }
	if s.Tolerance != nil {
		verifier.Tolerance = time.Duration(*s.Tolerance) * time.Second
	}
	header := http.Header{}
	for _, pair := range s.Headers {
		header[pair[0]] = append(header[pair[0]], pair[1])
	}
	if s.Signature != nil {
		header = webhook.Signature(*s.Signature)
	}
	if name == "webhook.verify" {
		if err := verifier.Verify(payload, header); err != nil {
			return failed(err)
		}
		return report{"done": true}
	}
	event, err := verifier.Unwrap(payload, header)
	if err != nil {
		return failed(err)
	}
	_, unknown := event.(*approute.UnknownEvent)
	return report{"event": report{"type": event.EventType(), "known": !unknown, "value": event}, "printed value": printed(event)}
}

func (s *webhookStep) payload() []byte {
	switch p := s.Payload; {
	case p.Text != nil:
		return []byte(*p.Text)
	case p.Base64 != nil:
		return p.Base64
	case p.Size > 0:
		return bytes.Repeat([]byte(" "), p.Size)
	default:
		return p.JSON
	}
}
