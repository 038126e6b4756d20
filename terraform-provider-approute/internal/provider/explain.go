package provider

import (
	"encoding/json"
	"errors"
	"fmt"
	"strconv"
	"strings"

	"github.com/hashicorp/terraform-plugin-framework/diag"
	"github.com/hashicorp/terraform-plugin-framework/path"

	"github.com/approute/approute-go"
)

// explain adds an error that says what happened and what to do. Fields that the server refused are shown at their
// attributes.
func (s *service) explain(diags *diag.Diagnostics, summary string, err error) {
	var failure *approute.Error
	if !errors.As(err, &failure) {
		diags.AddError(summary, err.Error())
		return
	}
	rest := failure.Message
	shown := 0
	for _, field := range failure.Errors {
		if at, ok := attributeOf(field.Pointer); ok {
			diags.AddAttributeError(at, summary, sentence(field.Message)+requestID(failure))
			shown++
			continue
		}
		rest += fmt.Sprintf("\n%s: %s", field.Pointer, field.Message)
	}
	if shown > 0 && shown == len(failure.Errors) {
		return
	}
	text := sentence(rest)
	if advice := s.advice(failure); advice != "" {
		text += "\n\n" + advice
	}
	diags.AddError(summary, text+requestID(failure))
}

func requestID(failure *approute.Error) string {
	if failure.RequestID == "" {
		return ""
	}
	return "\n\nRequest id, for AppRoute's support: " + failure.RequestID
}

func sentence(text string) string {
	if text = strings.TrimSpace(text); text == "" || strings.HasSuffix(text, ".") {
		return text
	}
	return text + "."
}

// advice says what to do.
func (s *service) advice(failure *approute.Error) string {
	switch {
	case failure.Code == approute.ErrorCodeReadOnlyKey:
		return fmt.Sprintf("The key comes from %s. Its scope is read, which is enough for `terraform plan`; "+
			"`terraform apply` needs a key with scope read_write, which the workspace's dashboard makes.", s.keySource)
	case failure.Code == approute.ErrorCodePlanUpgradeRequired:
		return "Keys that write need the plan team, keys that read pro or team. The workspace's dashboard shows its plan."
	case failure.Kind == approute.KindAuthentication:
		return fmt.Sprintf("The key comes from %s, and was sent to %s. Is it complete, of this server, and not revoked? "+
			"The workspace's dashboard lists its keys.", s.keySource, s.client.BaseURL())
	case failure.Kind == approute.KindRateLimit:
		return "The limit did not let the call through in time. Raise the provider's timeout, or run with less -parallelism."
	case failure.Kind == approute.KindConnection, failure.Kind == approute.KindTimeout, failure.Kind == approute.KindServer:
		text := fmt.Sprintf("The server is %s (the provider's base_url, or APPROUTE_BASE_URL); it was tried %s.",
			s.client.BaseURL(), times(failure.Attempts))
		if failure.Outcome == approute.OutcomeUnknown {
			text += " Whether the call was carried out is not known."
		}
		return text + " Apply again when the server is back: what was done is found again, and nothing is made twice."
	}
	return ""
}

func times(count int) string {
	if count == 1 {
		return "once"
	}
	return fmt.Sprintf("%d times", count)
}

// attributes are the fields of requests that are attributes here, with the name where it differs.
var attributes = map[string]string{
	"url": "", "domain": "", "slug": "", "external_id": "", "title": "", "notes": "", "tags": "", "targets": "", "geo": "",
	"variants": "", "utm": "", "forward_query": "", "redirect_status": "", "password": "password_wo", "password_policy": "",
	"starts_at": "", "expires_at": "", "expired_url": "", "click_limit": "", "click_thresholds": "", "program_id": "", "sub_id": "",
	"archived": "", "status": "", "events": "", "description": "", "expire_previous_in": "rotation_overlap_seconds",
}

// attributeOf gives the attribute of a JSON Pointer into a request, such as /targets/ios/app_store_id.
func attributeOf(pointer string) (path.Path, bool) {
	parts := strings.Split(strings.TrimPrefix(pointer, "/"), "/")
	name, known := attributes[parts[0]]
	if !known || !strings.HasPrefix(pointer, "/") {
		return path.Empty(), false
	}
	if name == "" {
		name = parts[0]
	}
	at := path.Root(name)
	switch name {
	case "geo":
		for _, key := range parts[1:] {
			at = at.AtMapKey(key)
		}
	case "targets", "utm", "password_policy":
		for _, part := range parts[1:] {
			at = at.AtName(part)
		}
	case "variants":
		for _, part := range parts[1:] {
			if index, err := strconv.Atoi(part); err == nil {
				at = at.AtListIndex(index)
			} else {
				at = at.AtName(part)
			}
		}
	}
	return at, true
}

// conflictOf gives the link that a 409 names.
func conflictOf(err error) (linkID string, code approute.ErrorCode) {
	var failure *approute.Error
	if !errors.As(err, &failure) || failure.Kind != approute.KindConflict {
		return "", ""
	}
	var problem approute.Problem
	if json.Unmarshal(failure.Body, &problem) != nil {
		return "", failure.Code
	}
	return problem.ConflictingLinkID.Or(""), failure.Code
}
