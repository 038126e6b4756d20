package main

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"time"

	"github.com/approute/approute-go"
)

// printed is a value in every way in which it can be printed.
func printed(value any) string {
	text := fmt.Sprintf("%v %+v %#v %s", value, value, value, value)
	if err, ok := value.(error); ok && errors.Unwrap(err) != nil {
		text += printed(errors.Unwrap(err))
	}
	return text
}

func answered(value any, response approute.Response) report {
	return report{"value": value, "response": facts(response), "printed": printed(value)}
}

func done(response *approute.Response, err error) report {
	if err != nil {
		return failed(err)
	}
	return report{"response": facts(*response)}
}

func image(m *message, binary *approute.Binary, err error) report {
	if err != nil {
		return failed(err)
	}
	if err := binary.WriteFile(m.File); err != nil {
		m.problem = err.Error()
	}
	told := report{"content_type": binary.ContentType, "length": len(binary.Data)}
	return report{"bytes": told, "response": facts(binary.Response), "printed": printed(binary)}
}

// listed goes through a list, whose parts are its pages or its items.
func listed[Part, Item any](m *message, parts iter.Seq2[*Part, error], split func(*Part) []Item) report {
	items, pages, r := []Item{}, []int{}, report{}
	for part, err := range parts {
		if err != nil {
			r = failed(err)
			break
		}
		items, pages = append(items, split(part)...), append(pages, len(split(part)))
		if len(pages) == m.List.StopAfter {
			if m.List.Until != "" {
				appears(context.Background(), m.List.Until)
			}
			break
		}
	}
	r["items"], r["pages"] = items, pages
	return r
}

func facts(response approute.Response) report {
	told := report{"status": response.Status, "request_id": response.RequestID(), "attempts": response.Attempts,
		"replayed": response.Replayed(), "headers": response.Header, "rate_limit": nil}
	if limit, ok := response.RateLimit(); ok {
		told["rate_limit"] = report{"limit": limit.Limit, "remaining": limit.Remaining, "reset": limit.Reset / time.Second}
	}
	return told
}

func failed(err error) report {
	if errors.Is(err, context.Canceled) {
		return report{"cancelled": true}
	}
	var e *approute.Error
	if !errors.As(err, &e) {
		return report{"problem": fmt.Sprintf("%T is no error of the SDK", err)}
	}
	fields := report{
		"kind": e.Kind, "status": e.Status, "code": e.Code, "message": e.Message, "errors": e.Errors, "request_id": e.RequestID,
		"headers": e.Header, "body": string(e.Body), "attempts": e.Attempts, "retryable": e.Retryable,
		"idempotency_key": e.IdempotencyKey, "outcome": e.Outcome, "confirmation": nil, "reason": e.WebhookFailure, "text": e.Error(),
	}
	if c := e.Confirmation; c != nil {
		fields["confirmation"] = report{"token": c.Token, "delete_count": c.DeleteCount, "expires_at": c.ExpiresAt}
	}
	return report{"error": fields, "printed": printed(err) + printed(e.Confirmation)}
}
