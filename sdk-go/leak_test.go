package approute

import (
	"fmt"
	"os"
	"runtime"
	"strings"
	"testing"
	"time"
)

// TestMain fails the run when goroutines are left behind by any of its tests.
func TestMain(m *testing.M) {
	before := goroutines()
	code := m.Run()
	if code == 0 {
		if left := leftBehind(before); len(left) > 0 {
			fmt.Fprintf(os.Stderr, "goroutines left behind:\n\n%s\n", strings.Join(left, "\n\n"))
			code = 1
		}
	}
	os.Exit(code)
}

// goroutines gives the stacks of all goroutines but the caller's.
func goroutines() map[string]string {
	stacks := make([]byte, 1<<20)
	stacks = stacks[:runtime.Stack(stacks, true)]
	all := map[string]string{}
	for _, stack := range strings.Split(string(stacks), "\n\n")[1:] {
		name, _, _ := strings.Cut(stack, " [")
		all[name] = stack
	}
	return all
}

// leftBehind gives what runs now, did not run before, and does not end by itself within a moment.
func leftBehind(before map[string]string) []string {
	var left []string
	for range 100 {
		left = nil
		for name, stack := range goroutines() {
			if _, ran := before[name]; !ran && !strings.Contains(stack, "testing.") && !strings.Contains(stack, "os/signal.") {
				left = append(left, stack)
			}
		}
		if len(left) == 0 {
			return nil
		}
		time.Sleep(20 * time.Millisecond)
	}
	return left
}

// noLeak is for tests that want to know which of them it was.
func noLeak(t *testing.T) {
	t.Helper()
	before := goroutines()
	t.Cleanup(func() {
		for _, stack := range leftBehind(before) {
			t.Errorf("left behind: %s", stack)
		}
	})
}
