// The conformance driver for Go: one message per line on stdin, one answer per line on stdout. See
// tests/conformance/README.md.
package main

import (
	"bufio"
	"context"
	"encoding/json"
	"io"
	"os"
	"runtime"
	"time"

	"github.com/approute/approute-go"
)

// A message says what to do.
type message struct {
	Do      string
	Call    string
	Args    map[string]json.RawMessage
	Options map[string]any
	Copy    bool
	Cancel  string
	File    string
	List    struct {
		By        string
		Prefetch  bool
		StopAfter int `json:"stop_after"`
		Until     string
	}
	Script script
	webhookMessage

	problem string
}

// into reads an argument; one that is not given changes nothing.
func (m *message) into(name string, value any) {
	if argument, given := m.Args[name]; given {
		if err := json.Unmarshal(argument, value); err != nil {
			m.problem = name + ": " + err.Error()
		}
	}
}

func (m *message) text(name string) (text string) {
	m.into(name, &text)
	return text
}

type report map[string]any

// notes are what hooks have seen, and told how all of it prints.
var (
	notes []report
	told  string
)

func note(info any, seen report) {
	notes = append(notes, seen)
	told += printed(info) + "\n"
}

func main() {
	output := json.NewEncoder(os.Stdout)
	_ = output.Encode(report{"protocol": 2, "zero_is_null": true, "capabilities": []string{
		"api_key_function", "cancel", "extra_ca", "gauges", "hooks", "log", "prefetch", "proxy"}})
	// Without a logger the SDK logs to stderr.
	os.Stderr, _ = os.CreateTemp("", "approute-log-*")
	log := os.Stderr
	// The runner ends drivers, which then remove nothing any more.
	_ = os.Remove(log.Name())
	var client approute.Client
	for input := bufio.NewReader(os.Stdin); ; {
		line, err := input.ReadBytes('\n')
		if err != nil {
			return
		}
		m := &message{}
		if err := json.Unmarshal(line, m); err != nil {
			panic(err)
		}
		notes, told = []report{}, ""
		var r report
		switch m.Do {
		case "client":
			client.Close()
			if client, err = approute.New(options(m)...); err != nil {
				r = failed(err)
			} else {
				r = report{"printed": printed(client)}
			}
		case "call":
			r = call(client, m)
		case "gauges":
			r = gauges()
		default:
			r = m.webhook(m.Do)
		}
		_, _ = log.Seek(0, io.SeekStart)
		written, _ := io.ReadAll(log)
		_ = log.Truncate(0)
		_, _ = log.Seek(0, io.SeekStart)
		r["hooks"], r["told"], r["log"] = notes, told, string(written)
		if m.problem != "" {
			r["problem"] = m.problem
		}
		_ = output.Encode(r)
	}
}

func call(client approute.Client, m *message) report {
	if m.Copy {
		client, _ = client.WithOptions()
	}
	ctx := context.Background()
	// Only where the case says so: the end of a context would end what the SDK has left behind.
	if m.Cancel != "" {
		var cancel context.CancelFunc
		ctx, cancel = context.WithCancel(ctx)
		defer cancel()
		go func() { appears(ctx, m.Cancel); cancel() }()
	}
	return perform(ctx, client, m, callOptions(m.Options))
}

// gauges are what a leak would show in.
func gauges() report {
	runtime.GC()
	var memory runtime.MemStats
	runtime.ReadMemStats(&memory)
	return report{"gauges": report{"goroutines": runtime.NumGoroutine(), "heap": memory.HeapAlloc}}
}

// appears returns when this file is there.
func appears(ctx context.Context, file string) {
	for ctx.Err() == nil {
		if _, err := os.Stat(file); err == nil {
			return
		}
		time.Sleep(2 * time.Millisecond)
	}
}
