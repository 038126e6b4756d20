package main

import (
	"context"
	"os"
	"strconv"
	"strings"
	"time"
)

// A clock on which no time passes but what was slept and what the server lets pass.
type clock struct {
	start  time.Time
	file   string
	slept  time.Duration
	waits  []float64
	cancel context.CancelFunc
}

func (c *clock) Now() time.Time {
	text, _ := os.ReadFile(c.file)
	elapsed, _ := strconv.Atoi(strings.TrimSpace(string(text)))
	return c.start.Add(c.slept + time.Duration(elapsed)*time.Millisecond)
}

func (c *clock) Sleep(ctx context.Context, wait time.Duration) error {
	c.slept += wait
	c.waits = append(c.waits, milliseconds(wait))
	if c.cancel != nil {
		c.cancel()
	}
	return ctx.Err()
}

// WithTimeout is real: a try ends on a stalled socket.
func (c *clock) WithTimeout(ctx context.Context, timeout time.Duration) (context.Context, context.CancelFunc) {
	return context.WithTimeout(ctx, timeout)
}

func (c *clock) take() []float64 {
	waits := append([]float64{}, c.waits...)
	c.waits = nil
	return waits
}

// appears returns when the scripted server has made this file.
func appears(ctx context.Context, file string) {
	for ctx.Err() == nil {
		if _, err := os.Stat(file); err == nil {
			return
		}
		time.Sleep(2 * time.Millisecond)
	}
}
