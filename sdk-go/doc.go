// Package approute is the client of AppRoute: smart links, their clicks, QR codes and webhooks.
//
//	client, err := approute.New() // with the key of APPROUTE_API_KEY
//	link, err := client.Links.Create(ctx, approute.LinkCreateParams{URL: "https://example.com"})
//
// A [Client] can be shared by any number of goroutines. Every call takes a context, which ends its tries and its waits at
// once, and [CallOption] values. What fails is retried where that is safe and of use: POST, PATCH and DELETE carry an
// idempotency key, the same on every try.
//
// Every error is an *[Error]. errors.Is tells its class, such as [ErrNotFound], and [Error.Outcome] what it means for the
// data.
//
// Optional fields are a [Field]: absent, null or a value. Lists are a [Pager]: a loop over all items, or page by page.
//
// Webhooks are checked by package webhook, and package approutetest has a server in memory for tests of your own.
package approute
