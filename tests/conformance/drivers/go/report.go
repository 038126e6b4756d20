package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"os"
	"strings"
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
	return report{"value": value, "response": facts(response), "printed value": printed(value)}
}

func done(response *approute.Response, err error) report {
	if err != nil {
		return failed(err)
	}
	return report{"done": true, "response": facts(*response)}
}

func image(binary *approute.Binary, err error) report {
	if err != nil {
		return failed(err)
	}
	// Through a file and back: the helper that writes it is a part of what is shown.
	file := fmt.Sprintf("%s/approute-qr-%d", os.TempDir(), os.Getpid())
	defer os.Remove(file)
	_ = binary.WriteFile(file)
	data, _ := os.ReadFile(file)
	told := report{"content_type": binary.ContentType, "length": len(binary.Data)}
	if len(data) <= 65536 && string(data) == string(binary.Data) {
		told["base64"] = data
	}
	return report{"bytes": told, "response": facts(binary.Response), "printed value": printed(binary)}
}

// listed goes through a list as the step says.
func listed[Item, Page any](s *step, pager *approute.Pager[Item, Page], split func(*Page) ([]Item, any, approute.Response)) report {
	var how string
	var stop struct {
		StopAfter int  `json:"stop_after"`
		Prefetch  bool `json:"prefetch"`
	}
	_ = json.Unmarshal(s.List, &how)
	_ = json.Unmarshal(s.List, &stop)
	if how == "prefetch" || stop.Prefetch {
		pager = pager.Prefetch()
	}
	items, pages, r := []Item{}, []int{}, report{}
	switch {
	case how == "" && stop.StopAfter == 0, how == "page":
		page, err := pager.Page()
		if err != nil {
			return failed(err)
		}
		_, value, response := split(page)
		return answered(value, response)
	case how == "pages":
		for page, err := range pager.Pages() {
			if err != nil {
				r = failed(err)
				break
			}
			list, _, _ := split(page)
			items, pages = append(items, list...), append(pages, len(list))
		}
	default:
		for item, err := range pager.All() {
			if err != nil {
				r = failed(err)
				break
			}
			if items = append(items, *item); len(items) == stop.StopAfter {
				if stop.Prefetch {
					appears(context.Background(), s.cancelFile)
				}
				break
			}
		}
	}
	r["items"], r["pages"] = items, pages
	return r
}

func facts(response approute.Response) report {
	told := report{"status": response.Status, "request_id": orNull(response.RequestID()), "attempts": response.Attempts,
		"replayed": response.Replayed(), "headers": lower(response.Header), "rate_limit": nil}
	if limit, ok := response.RateLimit(); ok {
		told["rate_limit"] = report{"limit": limit.Limit, "remaining": limit.Remaining, "reset": limit.Reset / time.Second}
	}
	return told
}

func lower(header http.Header) map[string]string {
	all := map[string]string{}
	for name, values := range header {
		all[strings.ToLower(name)] = strings.Join(values, ", ")
	}
	return all
}

var classes = map[approute.Kind]string{
	approute.KindConnection: "APIConnectionError", approute.KindTimeout: "APITimeoutError", approute.KindDecode: "DecodeError",
	approute.KindConfiguration: "ConfigurationError", approute.KindWebhookVerification: "WebhookVerificationError",
	approute.KindBadRequest: "BadRequestError", approute.KindAuthentication: "AuthenticationError",
	approute.KindPermissionDenied: "PermissionDeniedError", approute.KindNotFound: "NotFoundError",
	approute.KindConflict: "ConflictError", approute.KindConfirmationRequired: "ConfirmationRequiredError",
	approute.KindPreconditionFailed: "PreconditionFailedError", approute.KindUnprocessableEntity: "UnprocessableEntityError",
	approute.KindRateLimit: "RateLimitError", approute.KindServer: "ServerError", approute.KindAPI: "APIError",
}

func failed(err error) report {
	var e *approute.Error
	if !errors.As(err, &e) {
		return report{"error": report{"class": fmt.Sprintf("%T", err)}, "cause": err}
	}
	entries := []report{}
	for _, field := range e.Errors {
		entries = append(entries, report{"pointer": field.Pointer, "code": field.Code, "message": field.Message})
	}
	var confirmation any
	if c := e.Confirmation; c != nil {
		confirmation = report{"token": c.Token, "delete_count": c.DeleteCount, "expires_at": c.ExpiresAt}
	}
	return report{"cause": err, "printed error": printed(err), "error": report{
		"class": classes[e.Kind], "status": orNull(e.Status), "code": orNull(e.Code), "message": e.Message, "errors": entries,
		"request_id": orNull(e.RequestID), "headers": lower(e.Header), "body": string(e.Body), "attempts": e.Attempts,
		"retryable": e.Retryable, "idempotency_key": orNull(e.IdempotencyKey), "outcome": e.Outcome,
		"confirmation": confirmation, "reason": orNull(e.WebhookFailure), "text": e.Error(),
	}}
}
