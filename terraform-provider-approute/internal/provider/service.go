package provider

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/hashicorp/terraform-plugin-framework/diag"

	"github.com/approute/approute-go"
)

// A service is what all resources and data sources of one provider block share.
type service struct {
	// client is nil while a setting of the provider is not known.
	client           *approute.Client
	unknownSetting   string
	keySource        string
	allowManyDeletes bool
	// timeout is how long a call may take, waits for a rate limit included.
	timeout time.Duration
	sleep   func(context.Context, time.Duration) error

	mutex sync.Mutex
	// taken are the links and webhooks that resources of this run have made or taken over.
	taken map[string]bool
	// sameWebhooks counts the webhooks of this run by their content.
	sameWebhooks map[string]int
	// explainedDeletes is whether the confirmation of deletes was explained in full.
	explainedDeletes bool
	// plannedDeletes counts the links that this run plans to delete.
	plannedDeletes int
}

// serviceOf reads what Configure left; nil before it was called.
func serviceOf(data any, diags *diag.Diagnostics) *service {
	if data == nil {
		return nil
	}
	service, ok := data.(*service)
	if !ok {
		diags.AddError("The provider is broken", fmt.Sprintf("Its resources were given a %T. Please report this.", data))
		return nil
	}
	return service
}

// ready says whether calls can be made, and explains if not.
func (s *service) ready(diags *diag.Diagnostics) bool {
	if s != nil && s.client != nil {
		return true
	}
	detail := "The provider is not configured."
	if s != nil && s.unknownSetting != "" {
		detail = s.unknownSettingText()
	}
	diags.AddError("The provider is not ready", detail)
	return false
}

func (s *service) unknownSettingText() string {
	return fmt.Sprintf("The provider's %s is not known before another resource is applied. "+
		"Apply that one first, for example with -target, or give the value in another way.", s.unknownSetting)
}

// take notes that a resource of this run has the object; false where another one had it already.
func (s *service) take(id string) bool {
	s.mutex.Lock()
	defer s.mutex.Unlock()
	if s.taken[id] {
		return false
	}
	if s.taken == nil {
		s.taken = map[string]bool{}
	}
	s.taken[id] = true
	return true
}

// release forgets that a resource has the object, which is deleted.
func (s *service) release(id string) {
	s.mutex.Lock()
	defer s.mutex.Unlock()
	delete(s.taken, id)
}

// call makes a call and waits for the rate limit, however many times: hundreds of links at once are the normal case
// here, and nobody is waiting who would want to know at once.
//
// The SDK repeats what may pass, and ends where the server asks for a longer wait than its calls should take. Here that
// wait is waited, as long as the time for the whole call lasts.
func call[T any](ctx context.Context, s *service, do func(context.Context, ...approute.CallOption) (T, error), options ...approute.CallOption) (T, error) {
	deadline := time.Now().Add(s.timeout)
	for {
		left := max(time.Until(deadline), time.Millisecond)
		result, err := do(ctx, append(options[:len(options):len(options)], approute.WithTimeout(left))...)
		var failure *approute.Error
		if err == nil || !errors.As(err, &failure) || failure.Kind != approute.KindRateLimit {
			return result, err
		}
		wait := askedWait(failure.Header)
		if time.Until(deadline) <= wait || s.sleep(ctx, wait) != nil {
			return result, err
		}
		// An earlier try may have been carried out: the same key keeps it from happening twice.
		if failure.IdempotencyKey != "" {
			options = append(options[:len(options):len(options)], approute.WithIdempotencyKey(failure.IdempotencyKey))
		}
	}
}

// askedWait is how long the server asks to wait, at least a second.
func askedWait(header http.Header) time.Duration {
	seconds, err := strconv.ParseFloat(strings.TrimSpace(header.Get("Retry-After")), 64)
	if err != nil || !(seconds >= 1) {
		return time.Second
	}
	return time.Duration(min(seconds, 3600) * float64(time.Second))
}

func sleep(ctx context.Context, wait time.Duration) error {
	timer := time.NewTimer(wait)
	defer timer.Stop()
	select {
	case <-ctx.Done():
		return ctx.Err()
	case <-timer.C:
		return nil
	}
}

func (s *service) getLink(ctx context.Context, id string) (*approute.Link, error) {
	result, err := call(ctx, s, func(ctx context.Context, options ...approute.CallOption) (*approute.LinkResponse, error) {
		return s.client.Links.Get(ctx, id, options...)
	})
	if err != nil {
		return nil, err
	}
	return result.Link, nil
}

// listLinks gives all links of the filters that the function keeps; it says false to stop.
func (s *service) listLinks(ctx context.Context, params approute.LinkListParams, keep func(*approute.Link) bool) error {
	params.Limit = 100
	for {
		page, err := call(ctx, s, func(ctx context.Context, options ...approute.CallOption) (*approute.LinkPageResponse, error) {
			return s.client.Links.List(ctx, params, options...).Page()
		})
		if err != nil {
			return err
		}
		for index := range page.Items {
			if !keep(&page.Items[index]) {
				return nil
			}
		}
		next, more := page.NextCursor.Get()
		if !more {
			return nil
		}
		if next == params.Cursor {
			return errors.New("the server gave the same cursor twice; please report this")
		}
		params.Cursor = next
	}
}

// linkByExternalID gives the link, or nil where there is none. External ids are unique in a workspace.
func (s *service) linkByExternalID(ctx context.Context, externalID string) (*approute.Link, error) {
	var found *approute.Link
	err := s.listLinks(ctx, approute.LinkListParams{ExternalID: externalID}, func(link *approute.Link) bool {
		found = link
		return false
	})
	return found, err
}

// linksBySlug gives the links with this slug, one for each domain that has it. The API finds text in slugs, and much
// else; what it finds is compared here.
func (s *service) linksBySlug(ctx context.Context, domain, slug string) ([]*approute.Link, error) {
	var found []*approute.Link
	err := s.listLinks(ctx, approute.LinkListParams{Q: slug, Domain: domain}, func(link *approute.Link) bool {
		if strings.EqualFold(link.Slug, slug) {
			found = append(found, link)
		}
		// A domain has a slug once.
		return domain == "" || len(found) == 0
	})
	return found, err
}
