package approute

import (
	"context"
	"crypto/rand"
	"encoding/binary"
	"errors"
	"fmt"
	"time"
)

// A Clock is what timeouts and waits go by. The default is the system's; tests use that of package approutetest.
type Clock interface {
	// Now gives the time, which must not go back.
	Now() time.Time
	// Sleep waits, and returns early with the context's error when that ends.
	Sleep(ctx context.Context, wait time.Duration) error
	// WithTimeout gives a context that ends after this time.
	WithTimeout(ctx context.Context, timeout time.Duration) (context.Context, context.CancelFunc)
}

type systemClock struct{}

func (systemClock) Now() time.Time { return time.Now() }

func (systemClock) Sleep(ctx context.Context, wait time.Duration) error {
	timer := time.NewTimer(wait)
	defer timer.Stop()
	select {
	case <-ctx.Done():
		return ctx.Err()
	case <-timer.C:
		return nil
	}
}

var errAttemptTimeout = errors.New("the try took too long")

func (systemClock) WithTimeout(ctx context.Context, timeout time.Duration) (context.Context, context.CancelFunc) {
	return context.WithTimeoutCause(ctx, timeout, errAttemptTimeout)
}

// systemRandom asks the operating system. crypto/rand never fails: it ends the process instead.
func systemRandom() uint64 {
	var bytes [8]byte
	_, _ = rand.Read(bytes[:])
	return binary.LittleEndian.Uint64(bytes[:])
}

// uuidV4 makes a random UUID.
func uuidV4(random func() uint64) string {
	high := random()&0xffff_ffff_ffff_0fff | 0x4000
	low := random()&0x3fff_ffff_ffff_ffff | 0x8000_0000_0000_0000
	return fmt.Sprintf("%08x-%04x-%04x-%04x-%012x", high>>32, high>>16&0xffff, high&0xffff, low>>48, low&0xffff_ffff_ffff)
}
