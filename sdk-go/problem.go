package approute

import (
	"encoding/json"
	"net/http"
	"time"
)

// problemDocument is what can be read of an error's body. Not the generated model: a proxy's problem document lacks
// half the fields, and what it does have must still reach the user, so that each field is read by itself.
type problemDocument struct {
	title, detail string
	code          ErrorCode
	errors        []FieldError
	confirmation  *ConfirmationRequest
}

func readProblem(body []byte, key string) problemDocument {
	var fields map[string]json.RawMessage
	var problem problemDocument
	// Bodies that are not a JSON object (a proxy's HTML, nothing at all) leave only the status to speak.
	if json.Unmarshal(body, &fields) != nil {
		return problem
	}
	problem.title = textField(fields, "title", key)
	problem.detail = textField(fields, "detail", key)
	problem.code = ErrorCode(textField(fields, "code", key))
	var entries []map[string]json.RawMessage
	if json.Unmarshal(fields["errors"], &entries) == nil {
		for _, entry := range entries {
			problem.errors = append(problem.errors, FieldError{
				Pointer: textField(entry, "pointer", key),
				Code:    FieldErrorCode(textField(entry, "code", key)),
				Message: textField(entry, "message", key),
			})
		}
	}
	var confirmation map[string]json.RawMessage
	if json.Unmarshal(fields["confirmation"], &confirmation) == nil {
		if token := textField(confirmation, "token", ""); token != "" {
			problem.confirmation = &ConfirmationRequest{Token: NewSecret(token)}
			_ = json.Unmarshal(confirmation["delete_count"], &problem.confirmation.DeleteCount)
			if expires, err := time.Parse(time.RFC3339, textField(confirmation, "expires_at", "")); err == nil {
				problem.confirmation.ExpiresAt = expires.UTC()
			}
		}
	}
	return problem
}

func textField(fields map[string]json.RawMessage, name, key string) string {
	var text string
	if json.Unmarshal(fields[name], &text) != nil {
		return ""
	}
	return hide(text, key)
}

// answerError is the error for an answer that is not a success.
func answerError(a *answer, key string) *Error {
	problem := readProblem(a.body, key)
	failure := &Error{
		Kind:         kindOf(a.status, problem.code),
		Status:       a.status,
		Code:         problem.code,
		Errors:       problem.errors,
		RequestID:    hide(requestID(a.header), key),
		Header:       a.header,
		Body:         a.body,
		Confirmation: problem.confirmation,
	}
	switch {
	case problem.detail != "":
		failure.Message = problem.detail
	case problem.title != "":
		failure.Message = problem.title
	default:
		failure.Message = describeStatus(a.status)
	}
	return failure
}

func kindOf(status int, code ErrorCode) Kind {
	switch status {
	case http.StatusBadRequest:
		return KindBadRequest
	case http.StatusUnauthorized:
		return KindAuthentication
	case http.StatusForbidden:
		return KindPermissionDenied
	case http.StatusNotFound:
		return KindNotFound
	case http.StatusConflict:
		if code == ErrorCodeConfirmationRequired {
			return KindConfirmationRequired
		}
		return KindConflict
	case http.StatusPreconditionFailed:
		return KindPreconditionFailed
	case http.StatusUnprocessableEntity:
		return KindUnprocessableEntity
	case http.StatusTooManyRequests:
		return KindRateLimit
	}
	if status >= 500 && status <= 599 {
		return KindServer
	}
	return KindAPI
}

func describeStatus(status int) string {
	text := http.StatusText(status)
	if text == "" {
		text = "unknown status"
	}
	if status >= 300 && status < 400 && status != http.StatusNotModified {
		text += ": redirects are not followed, check the base URL"
	}
	return text
}
