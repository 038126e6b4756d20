package provider

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/hashicorp/terraform-plugin-framework/diag"

	"github.com/approute/approute-go"
)

// usualThreshold is how many links a key deletes within an hour before the server asks, unless the workspace says otherwise.
const usualThreshold = 25

// planDelete counts what a plan deletes, and says early that the server is going to ask.
func (s *service) planDelete(diags *diag.Diagnostics) {
	if s == nil || s.allowManyDeletes {
		return
	}
	s.mutex.Lock()
	defer s.mutex.Unlock()
	s.plannedDeletes++
	if s.plannedDeletes == usualThreshold+1 {
		diags.AddWarning("Many links are going to be deleted", fmt.Sprintf("AppRoute asks for a confirmation of every deletion beyond %d within "+
			"an hour, unless the workspace says otherwise. Those will fail, and %s", usualThreshold, howToAllow))
	}
}

const howToAllow = "the links stay as they are. If they really are to go, say so in the provider's settings:\n\n" +
	"    provider \"approute\" {\n      allow_many_deletes = true\n    }\n\n" +
	"Deleted links can be restored for 30 days; applying them again does so."

// deleteLink deletes softly; false after an error. A link that is gone is no error.
func (s *service) deleteLink(ctx context.Context, id string, diags *diag.Diagnostics) bool {
	remove := func(ctx context.Context, options ...approute.CallOption) (*approute.LinkResponse, error) {
		return s.client.Links.Delete(ctx, id, options...)
	}
	_, err := call(ctx, s, remove)
	var failure *approute.Error
	confirmed := false
	if errors.As(err, &failure) && failure.Confirmation != nil && s.allowManyDeletes {
		confirmed = true
		_, err = call(ctx, s, remove, approute.WithConfirmation(failure.Confirmation.Token))
	}
	switch {
	case err == nil, errors.Is(err, approute.ErrNotFound):
		s.release(id)
		return true
	case errors.As(err, &failure) && failure.Confirmation != nil:
		s.explainConfirmation(diags, id, confirmed, failure)
	default:
		s.explain(diags, "The link cannot be deleted", err)
	}
	return false
}

// explainConfirmation says once what the confirmation is about: a destroy of hundreds of links meets it hundreds of times.
func (s *service) explainConfirmation(diags *diag.Diagnostics, id string, confirmed bool, failure *approute.Error) {
	s.mutex.Lock()
	first := !s.explainedDeletes
	s.explainedDeletes = true
	s.mutex.Unlock()
	const summary = "The deletion has to be confirmed"
	switch {
	case !first:
		diags.AddError(summary, fmt.Sprintf("%s was not deleted: see the longest of these errors.", id))
	case confirmed:
		diags.AddError(summary, fmt.Sprintf("%s was not deleted: %s\n\nThe workspace has deletions confirmed by a person in its dashboard, which "+
			"allow_many_deletes cannot stand in for. Delete fewer links within an hour, delete them in the dashboard, or have the workspace's "+
			"owner change that setting.%s", id, sentence(failure.Message), requestID(failure)))
	default:
		expires := ""
		if at := failure.Confirmation.ExpiresAt; !at.IsZero() {
			expires = fmt.Sprintf(" (the server would wait for it until %s)", at.UTC().Format(time.RFC3339))
		}
		diags.AddError(summary, fmt.Sprintf("%s was not deleted: this key has deleted as many links within the last hour as the workspace lets "+
			"pass unasked. What goes beyond needs a confirmation%s, so that a slip does not take a campaign offline. Until it is given, %s%s",
			id, expires, howToAllow, requestID(failure)))
	}
}
