package approute

import (
	"context"
	"hash/maphash"
	"iter"
)

// A Pager goes through a list. It holds no state: every loop begins at the list's beginning.
//
//	for link, err := range client.Links.List(ctx, approute.LinkListParams{Tag: []string{"autumn"}}).All() {
//		if err != nil {
//			return err
//		}
//		fmt.Println(link.ShortURL)
//	}
type Pager[Item, Page any] struct {
	ctx      context.Context
	cursor   string
	prefetch bool
	fetch    func(ctx context.Context, cursor string) (*Page, error)
	split    func(*Page) ([]Item, Field[string], Response)
}

// Prefetch gives the same list with [WithPrefetch].
func (p *Pager[Item, Page]) Prefetch() *Pager[Item, Page] {
	copied := *p
	copied.prefetch = true
	return &copied
}

// Page fetches one page: the first, or that of the cursor in the arguments.
func (p *Pager[Item, Page]) Page() (*Page, error) { return p.fetch(p.ctx, p.cursor) }

// All goes through all items, page after page; a page is fetched when it is needed, and none after the loop ends. The
// first error ends it.
func (p *Pager[Item, Page]) All() iter.Seq2[*Item, error] {
	return func(yield func(*Item, error) bool) {
		for page, err := range p.Pages() {
			if err != nil {
				yield(nil, err)
				return
			}
			items, _, _ := p.split(page)
			for i := range items {
				if !yield(&items[i], nil) {
					return
				}
			}
		}
	}
}

// Pages goes through all pages. The first error ends it.
func (p *Pager[Item, Page]) Pages() iter.Seq2[*Page, error] {
	return func(yield func(*Page, error) bool) {
		// Hashes are much shorter than the cursors themselves.
		seed, seen := maphash.MakeSeed(), map[uint64]bool{}
		if p.cursor != "" {
			seen[maphash.String(seed, p.cursor)] = true
		}
		page, err := p.fetch(p.ctx, p.cursor)
		for {
			if err != nil {
				yield(nil, err)
				return
			}
			_, next, response := p.split(page)
			cursor, more := next.Get()
			hash := maphash.String(seed, cursor)
			if more && seen[hash] {
				// The page itself is as good as any.
				if yield(page, nil) {
					yield(nil, repeatedCursor(response))
				}
				return
			}
			seen[hash] = true
			if page, err = p.step(page, cursor, more, yield); page == nil && err == nil {
				return
			}
		}
	}
}

// step shows a page and fetches the next; neither when the loop is over.
func (p *Pager[Item, Page]) step(page *Page, cursor string, more bool, yield func(*Page, error) bool) (*Page, error) {
	if !p.prefetch || !more {
		if !yield(page, nil) || !more {
			return nil, nil
		}
		return p.fetch(p.ctx, cursor)
	}
	ahead := p.ahead(cursor)
	// Also when the loop's body panics: the request ends, and its goroutine with it.
	defer ahead.stop()
	if !yield(page, nil) {
		return nil, nil
	}
	return ahead.wait()
}

// An ahead is a page on its way in a goroutine of its own.
type ahead[Page any] struct {
	cancel context.CancelFunc
	done   chan struct{}
	page   *Page
	err    error
	panic  any
}

func (p *Pager[Item, Page]) ahead(cursor string) *ahead[Page] {
	ctx, cancel := context.WithCancel(p.ctx)
	a := &ahead[Page]{cancel: cancel, done: make(chan struct{})}
	go func() {
		defer close(a.done)
		// A panic in one of the user's hooks goes on where it would have been without the goroutine.
		defer func() { a.panic = recover() }()
		a.page, a.err = p.fetch(ctx, cursor)
	}()
	return a
}

func (a *ahead[Page]) wait() (*Page, error) {
	<-a.done
	if a.panic != nil {
		panic(a.panic)
	}
	return a.page, a.err
}

func (a *ahead[Page]) stop() {
	a.cancel()
	<-a.done
}

func repeatedCursor(response Response) *Error {
	return &Error{
		Kind:      KindDecode,
		Message:   "the server returned a cursor that it had returned before; the list would never end",
		Status:    response.Status,
		RequestID: response.RequestID(),
		Header:    response.Header,
		Attempts:  response.Attempts,
		Outcome:   OutcomeApplied,
	}
}
