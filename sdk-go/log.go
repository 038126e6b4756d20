package approute

import (
	"context"
	"log/slog"
	"os"
	"strings"
	"time"
)

// A LogLevel says how much a client logs.
type LogLevel int

const (
	// LogOff logs nothing.
	LogOff LogLevel = iota + 1
	// LogInfo logs one line for each call.
	LogInfo
	// LogDebug logs one line for each call, each try and each wait.
	LogDebug
)

// log writes what clients tell of their calls. Lines name operations and path templates, never ids, headers or bodies.
type log struct {
	// logger is nil when nothing is logged.
	logger *slog.Logger
	level  LogLevel
}

func (s *settings) log() (log, *Error) {
	level := s.logLevel
	if level == 0 {
		switch text := strings.ToLower(strings.TrimSpace(os.Getenv("APPROUTE_LOG"))); text {
		case "":
		case "off":
			level = LogOff
		case "info":
			level = LogInfo
		case "debug":
			level = LogDebug
		default:
			return log{}, configurationError("APPROUTE_LOG must be off, info or debug")
		}
	}
	switch {
	case level == LogOff, level == 0 && s.logger == nil:
		return log{}, nil
	case s.logger != nil:
		// Without a level of ours, the logger's own decides.
		return log{s.logger, orElse(level, LogDebug)}, nil
	}
	threshold := slog.LevelInfo
	if level == LogDebug {
		threshold = slog.LevelDebug
	}
	handler := slog.NewTextHandler(os.Stderr, &slog.HandlerOptions{Level: threshold})
	return log{slog.New(handler), level}, nil
}

func (l *log) wants(level LogLevel, at slog.Level) bool {
	return l.logger != nil && l.level >= level && l.logger.Enabled(context.Background(), at)
}

func (l *log) wantsTries() bool { return l.wants(LogDebug, slog.LevelDebug) }

func (l *log) attempt(op *operation, info *ResponseInfo) {
	if !l.wantsTries() {
		return
	}
	l.logger.LogAttrs(context.Background(), slog.LevelDebug, "approute: try",
		slog.String("operation", op.id), slog.String("method", op.method), slog.String("path", op.path),
		slog.Int("attempt", info.Attempt), slog.Int("status", info.Status), slog.String("failure", info.Failure),
		slog.Duration("took", info.Took))
}

func (l *log) wait(op *operation, attempt int, wait time.Duration, failure *Error) {
	if !l.wantsTries() {
		return
	}
	l.logger.LogAttrs(context.Background(), slog.LevelDebug, "approute: wait",
		slog.String("operation", op.id), slog.Int("attempt", attempt), slog.Duration("wait", wait),
		slog.String("reason", failure.Error()))
}

func (l *log) call(op *operation, attempts int, took time.Duration, a *answer, failure *Error) {
	if !l.wants(LogInfo, slog.LevelInfo) {
		return
	}
	attrs := []slog.Attr{
		slog.String("operation", op.id), slog.String("method", op.method), slog.String("path", op.path),
		slog.Int("attempts", attempts), slog.Duration("took", took),
	}
	if failure != nil {
		attrs = append(attrs, slog.Int("status", failure.Status), slog.String("request_id", failure.RequestID),
			slog.String("outcome", string(failure.Outcome)), slog.String("error", failure.Error()))
	} else {
		attrs = append(attrs, slog.Int("status", a.status), slog.String("request_id", requestID(a.header)))
	}
	l.logger.LogAttrs(context.Background(), slog.LevelInfo, "approute: call", attrs...)
}
