package approutetest

import (
	"context"
	"sync"
	"time"
)

// A Clock on which waiting takes no time: it only moves forward when somebody waits, or by [Clock.Advance].
type Clock struct {
	mu    sync.Mutex
	now   time.Time
	waits []time.Duration
}

// NewClock makes a clock that begins at this time.
func NewClock(start time.Time) *Clock { return &Clock{now: start} }

// Now gives the clock's time.
func (c *Clock) Now() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.now
}

// Advance lets time pass.
func (c *Clock) Advance(time time.Duration) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.now = c.now.Add(time)
}

// Sleep moves the clock forward and returns at once.
func (c *Clock) Sleep(ctx context.Context, wait time.Duration) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	c.now = c.now.Add(wait)
	c.waits = append(c.waits, wait)
	return nil
}

// Waits gives the waits between tries so far, which took no time.
func (c *Clock) Waits() []time.Duration {
	c.mu.Lock()
	defer c.mu.Unlock()
	return append([]time.Duration(nil), c.waits...)
}

type limitKey struct{}

// A limit is when a context ends on its clock.
type limit struct {
	clock  *Clock
	at     time.Time
	cancel context.CancelCauseFunc
}

// WithTimeout gives a context that ends when a reply of [Fake] takes longer than this.
func (c *Clock) WithTimeout(ctx context.Context, timeout time.Duration) (context.Context, context.CancelFunc) {
	ctx, cancel := context.WithCancelCause(ctx)
	ctx = context.WithValue(ctx, limitKey{}, &limit{c, c.Now().Add(timeout), cancel})
	return ctx, func() { cancel(context.Canceled) }
}

// pass lets the time pass that a reply takes, and ends the context when that is too long.
func pass(ctx context.Context, takes time.Duration) error {
	limit, ok := ctx.Value(limitKey{}).(*limit)
	if !ok {
		return passRealTime(ctx, takes)
	}
	limit.clock.mu.Lock()
	defer limit.clock.mu.Unlock()
	if left := limit.at.Sub(limit.clock.now); takes > left {
		limit.clock.now = limit.at
		limit.cancel(context.DeadlineExceeded)
		return context.Cause(ctx)
	}
	limit.clock.now = limit.clock.now.Add(takes)
	return nil
}

// passRealTime is for clients that were given the fake's transport without its clock.
func passRealTime(ctx context.Context, takes time.Duration) error {
	timer := time.NewTimer(takes)
	defer timer.Stop()
	select {
	case <-ctx.Done():
		return context.Cause(ctx)
	case <-timer.C:
		return nil
	}
}
