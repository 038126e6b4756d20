package provider

import (
	"context"
	"fmt"
	"strings"

	"github.com/hashicorp/terraform-plugin-framework/diag"

	"github.com/approute/approute-go"
)

// resolve decides what a create means whose slug or external id is taken:
//
//   - by a link with the same content: an apply that was interrupted made it, and it is taken over;
//   - by a deleted link: it is restored and made what is wanted, since its slug is reserved for 30 days;
//   - by a deleted link with another slug: it gives up its external id, and the link is created;
//   - by any other link: an error that says how to import it.
//
// It gives nil after an error.
func (s *service) resolve(ctx context.Context, plan *linkModel, params approute.LinkCreateParams, err error, diags *diag.Diagnostics) *approute.Link {
	// A link can stand in the way by its slug, and then another one by its external id.
	for range 3 {
		linkID, code := conflictOf(err)
		if linkID == "" {
			if code == approute.ErrorCodeSlugTaken {
				diags.AddError("The link was not created", sentence(err.Error())+
					"\n\nThe slug belongs to a link of another workspace, so that it cannot be imported. Choose another slug.")
				return nil
			}
			s.explain(diags, "The link was not created", err)
			return nil
		}
		holder, failure := s.getLink(ctx, linkID)
		if failure != nil {
			s.explain(diags, "The link was not created, and the one that stands in its way cannot be read", failure)
			return nil
		}
		have := fieldsOf(holder)
		fits := fitsIdentity(plan, &have)
		switch {
		case holder.DeletedAt.IsSet() && fits:
			return s.revive(ctx, plan, holder, params.Password, diags)
		case holder.DeletedAt.IsSet():
			if !s.freeExternalID(ctx, holder, diags) {
				return nil
			}
		default:
			return s.adopt(ctx, plan, holder, params.Password, code, diags)
		}
		var result *approute.LinkResponse
		result, err = call(ctx, s, func(ctx context.Context, options ...approute.CallOption) (*approute.LinkResponse, error) {
			return s.client.Links.Create(ctx, params, options...)
		})
		if err == nil {
			s.take(result.ID)
			return result.Link
		}
	}
	s.explain(diags, "The link was not created", err)
	return nil
}

// fitsIdentity says whether a link has the slug and domain that are wanted, which no update changes.
func fitsIdentity(plan *linkModel, have *linkFields) bool {
	return (plan.Slug.IsUnknown() || plan.Slug.Equal(have.Slug)) && (plan.Domain.IsUnknown() || plan.Domain.Equal(have.Domain))
}

// adopt takes over a link with the same content.
func (s *service) adopt(ctx context.Context, plan *linkModel, holder *approute.Link, password approute.Field[approute.Secret], code approute.ErrorCode, diags *diag.Diagnostics) *approute.Link {
	have := fieldsOf(holder)
	_, names := patch(&plan.linkFields, &have)
	if !fitsIdentity(plan, &have) {
		names = append([]string{"slug"}, names...)
	}
	if password.IsSet() != holder.HasPassword {
		names = append(names, "password_wo")
	}
	name := fmt.Sprintf("slug %q", holder.Slug)
	if code == approute.ErrorCodeExternalIDTaken {
		name = fmt.Sprintf("external id %q", holder.ExternalID.Or(""))
	}
	if len(names) > 0 {
		diags.AddError("The link exists already", fmt.Sprintf("The %s belongs to %s (%s), which differs in: %s.\n\n%s",
			name, holder.ID, holder.ShortURL, strings.Join(names, ", "), importText(holder.ID)))
		return nil
	}
	if !s.take(holder.ID) {
		diags.AddError("Two resources describe the same link", fmt.Sprintf("The %s belongs to %s (%s), which another resource of this "+
			"configuration manages. Remove one of the two.", name, holder.ID, holder.ShortURL))
		return nil
	}
	if password.IsSet() {
		// What it is now cannot be read, so it is set.
		link, err := s.update(ctx, holder.ID, &plan.linkFields, &have, password)
		if err != nil {
			s.explain(diags, "The link exists already, and its password cannot be set", err)
			return nil
		}
		holder = link
	}
	diags.AddWarning("A link was taken over", fmt.Sprintf("%s (%s) exists already with exactly this content, as after an apply that was "+
		"interrupted. It is managed here from now on. If another configuration manages it, remove it from one of the two.",
		holder.ID, holder.ShortURL))
	return holder
}

func importText(linkID string) string {
	return fmt.Sprintf("To manage that link with this resource, import it. ADDRESS is the resource's, after \"with\" in this message:\n\n"+
		"    terraform import 'ADDRESS' %s\n\nThe next plan then shows what will be changed.", linkID)
}

// revive restores a deleted link and makes it what is wanted.
func (s *service) revive(ctx context.Context, plan *linkModel, holder *approute.Link, password approute.Field[approute.Secret], diags *diag.Diagnostics) *approute.Link {
	restored, err := call(ctx, s, func(ctx context.Context, options ...approute.CallOption) (*approute.LinkResponse, error) {
		return s.client.Links.Restore(ctx, holder.ID, options...)
	})
	if err != nil {
		s.explain(diags, "The link exists already, deleted, and cannot be restored", err)
		return nil
	}
	s.take(holder.ID)
	have := fieldsOf(restored.Link)
	if !password.IsSet() && restored.HasPassword {
		password = approute.Null[approute.Secret]()
	}
	link, err := s.updateOver(ctx, holder.ID, &plan.linkFields, &have, password, diags)
	if err != nil {
		s.explain(diags, "The link exists already, deleted, and cannot be made what it should be", err)
		s.deleteLink(ctx, holder.ID, diags)
		return nil
	}
	if link == nil {
		link = restored.Link
	}
	diags.AddWarning("A deleted link was restored", fmt.Sprintf("%s (%s) was deleted less than 30 days ago, and its slug or external id is "+
		"still reserved for it. It was restored, with its clicks, and has the content of this resource now.", link.ID, link.ShortURL))
	return link
}

// updateOver updates a link whose external id may still be with a deleted one.
func (s *service) updateOver(ctx context.Context, id string, want, have *linkFields, password approute.Field[approute.Secret], diags *diag.Diagnostics) (*approute.Link, error) {
	link, err := s.update(ctx, id, want, have, password)
	otherID, _ := conflictOf(err)
	if otherID == "" {
		return link, err
	}
	other, failure := s.getLink(ctx, otherID)
	if failure != nil || !other.DeletedAt.IsSet() || !s.freeExternalID(ctx, other, diags) {
		return nil, err
	}
	return s.update(ctx, id, want, have, password)
}

// freeExternalID takes the external id from a deleted link with another slug: the one that a replacement has left behind.
// Deleted links take no updates, so it is restored for a moment.
func (s *service) freeExternalID(ctx context.Context, holder *approute.Link, diags *diag.Diagnostics) bool {
	const summary = "A deleted link has this external id, and cannot give it up"
	_, err := call(ctx, s, func(ctx context.Context, options ...approute.CallOption) (*approute.LinkResponse, error) {
		return s.client.Links.Restore(ctx, holder.ID, options...)
	})
	if err != nil {
		s.explain(diags, summary, err)
		return false
	}
	_, err = call(ctx, s, func(ctx context.Context, options ...approute.CallOption) (*approute.LinkResponse, error) {
		return s.client.Links.Update(ctx, holder.ID, approute.LinkUpdateParams{ExternalID: approute.Null[string]()}, options...)
	})
	if err != nil {
		s.explain(diags, summary, err)
	}
	// Even where it kept its external id, it must not stay alive.
	return s.deleteLink(ctx, holder.ID, diags) && err == nil
}
