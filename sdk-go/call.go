package approute

import (
	"context"
	"net/http"
	"net/url"
	"time"

	"github.com/approute/approute-go/internal/wire"
)

// A call is one call with all its tries.
type call struct {
	core           *core
	op             *operation
	settings       callSettings
	key            string
	url            *url.URL
	header         http.Header
	body           []byte
	idempotencyKey string

	deadline       time.Time
	attemptStarted time.Time
	// attempts counts the tries, polls of a call in flight included.
	attempts int
	// retries counts those that count against the limit.
	retries int
	// taken is what the current retry took out of the budget; -1 for a first try.
	taken   int64
	outcome tracker
}

// An answer is a complete answer, before anything was decoded.
type answer struct {
	status         int
	header         http.Header
	body           []byte
	attempts       int
	idempotencyKey string
	// buffer is where body lies, when it is to be given back.
	buffer *[]byte
}

func (a *answer) response() Response {
	return Response{Status: a.status, Header: a.header, Attempts: a.attempts}
}

// do makes a call and gives its answer, whose status is a success.
func (c *core) do(ctx context.Context, req *request, options []CallOption) (*answer, *Error) {
	call, failure := c.newCall(ctx, req, options)
	if failure != nil {
		return nil, failure
	}
	started := c.clock.Now()
	call.deadline = started.Add(call.settings.timeout)
	answer, failure := call.run(ctx)
	if failure != nil {
		failure.Attempts = call.attempts
		failure.IdempotencyKey = call.idempotencyKey
		failure.Outcome = call.outcome.outcome(call.idempotencyKey != "")
	} else {
		answer.attempts, answer.idempotencyKey = call.attempts, call.idempotencyKey
	}
	c.log.call(call.op, call.attempts, c.clock.Now().Sub(started), answer, failure)
	return answer, failure
}

func (c *core) newCall(ctx context.Context, req *request, options []CallOption) (*call, *Error) {
	if c == nil {
		return nil, zeroClient()
	}
	if ctx == nil {
		return nil, configurationError("the context is nil: pass context.Background()")
	}
	call := &call{core: c, op: req.op, settings: c.defaults, body: req.body, taken: -1}
	if failure := call.settings.apply(options); failure != nil {
		return nil, failure
	}
	if req.refused != nil {
		return nil, req.refused
	}
	if ctx.Err() != nil {
		return nil, contextError(ctx)
	}
	if failure := call.askKey(ctx); failure != nil {
		return nil, failure
	}
	call.url = req.url(c.baseURL, call.settings.query)
	call.setHeader(req)
	return call, nil
}

func (c *call) askKey(ctx context.Context) *Error {
	key, err := c.settings.key(ctx)
	if err != nil {
		if ctx.Err() != nil {
			return contextError(ctx)
		}
		failure := configurationError("the function of WithAPIKeyFunc failed: %s", err)
		failure.Cause = err
		return failure
	}
	c.key = key
	return checkAPIKey(key)
}

func (c *call) setHeader(req *request) {
	header := make(http.Header, 10)
	header["User-Agent"] = []string{userAgent}
	header["Accept"] = []string{c.op.accept}
	// Set by hand, so that net/http leaves decompression to us and the limit counts what comes out of it.
	header["Accept-Encoding"] = []string{"gzip"}
	header["Authorization"] = []string{"Bearer " + c.key}
	header["Approute-Version"] = []string{apiVersion}
	if req.body != nil {
		header["Content-Type"] = []string{"application/json"}
	}
	for _, pair := range req.header {
		header.Set(pair.name, pair.value)
	}
	switch c.op.method {
	case http.MethodPost, http.MethodPatch, http.MethodDelete:
		c.idempotencyKey = c.settings.idempotencyKey
		if c.idempotencyKey == "" {
			c.idempotencyKey = uuidV4(c.core.random)
		}
		header["Idempotency-Key"] = []string{c.idempotencyKey}
	}
	if !c.settings.confirmation.IsZero() {
		header["Approute-Confirmation"] = []string{c.settings.confirmation.Expose()}
	}
	for _, pair := range c.settings.header {
		header[pair.name] = []string{pair.value}
	}
	c.header = header
}

// run is the one retry loop.
func (c *call) run(ctx context.Context) (*answer, *Error) {
	for {
		c.attempts++
		c.attemptStarted = c.core.clock.Now()
		c.tellRequest()
		answer, lost := c.try(ctx)
		c.tellResponse(answer, lost)
		var wait time.Duration
		var failure *Error
		var again bool
		switch {
		case lost != nil && ctx.Err() != nil:
			if lost.sent {
				c.outcome.add(verdictUnknown)
			}
			return nil, contextError(ctx)
		case lost != nil:
			wait, again, failure = c.afterLoss(ctx, lost)
		case answer.status >= 200 && answer.status <= 299:
			c.succeed()
			return answer, nil
		default:
			wait, again, failure = c.afterRefusal(ctx, answer)
		}
		if !again {
			return nil, failure
		}
		c.tellRetry(wait, failure)
		if c.core.clock.Sleep(ctx, wait) != nil && ctx.Err() != nil {
			return nil, contextError(ctx)
		}
		// A machine that was suspended sleeps longer than it was told.
		if c.passesDeadline(ctx, 0) {
			return nil, failure
		}
	}
}

func (c *call) succeed() {
	c.outcome.add(verdictApplied)
	// A retry that worked gives back what it took; any other success gives a little.
	if c.taken >= 0 {
		c.core.budget.give(c.taken)
	} else {
		c.core.budget.give(giftSuccess)
	}
}

// afterLoss decides what follows a try without an answer.
func (c *call) afterLoss(ctx context.Context, lost *tryError) (time.Duration, bool, *Error) {
	if lost.sent {
		c.outcome.add(lost.verdict())
	}
	failure := lost.error(c.key)
	failure.Retryable = lost.retryable()
	cost := int64(costRetry)
	if lost.kind == lostTimeout {
		cost = costTimeout
		if c.passesDeadline(ctx, 0) {
			failure.Message = "no complete answer within the timeout of the whole call"
		}
	}
	if !failure.Retryable {
		return 0, false, failure
	}
	return c.retry(ctx, askedWait{}, cost, failure)
}

// afterRefusal decides what follows an answer that is not a success.
func (c *call) afterRefusal(ctx context.Context, a *answer) (time.Duration, bool, *Error) {
	asked := readAskedWait(a.header, c.core.clock.Now())
	failure := answerError(a, c.key)
	c.outcome.add(verdictOf(a.status, failure.Code))
	should, said := shouldRetry(a.header)
	if a.status == http.StatusConflict && failure.Code == ErrorCodeIdempotencyInFlight && (should || !said) {
		failure.Retryable = true
		return c.poll(ctx, asked, failure)
	}
	failure.Retryable = isRetryable(a.status, a.header)
	if !failure.Retryable {
		return 0, false, failure
	}
	cost := int64(costRetry)
	if a.status == http.StatusTooManyRequests && asked.kind != askedNothing {
		cost = 0
	}
	return c.retry(ctx, asked, cost, failure)
}

// poll: the same call is still running on the server; ask again until it is done, outside the limit of retries.
func (c *call) poll(ctx context.Context, asked askedWait, failure *Error) (time.Duration, bool, *Error) {
	wait := asked.wait
	switch asked.kind {
	case askedTooLong:
		return 0, false, failure
	case askedNothing:
		wait = inFlightWait
	}
	wait = lengthened(wait, c.core.random)
	return wait, !c.passesDeadline(ctx, wait), failure
}

func (c *call) retry(ctx context.Context, asked askedWait, cost int64, failure *Error) (time.Duration, bool, *Error) {
	if c.retries >= c.settings.maxRetries || asked.kind == askedTooLong {
		return 0, false, failure
	}
	var wait time.Duration
	if asked.kind == askedFor {
		wait = lengthened(asked.wait, c.core.random)
	} else {
		wait = backoff(c.retries+1, c.core.random)
	}
	// What would come too late must not cost anything either.
	if c.passesDeadline(ctx, wait) || !c.core.budget.take(cost) {
		return 0, false, failure
	}
	c.retries++
	c.taken = cost
	return wait, true, failure
}

// passesDeadline says whether a wait ends after the call's timeout or its context's deadline.
func (c *call) passesDeadline(ctx context.Context, wait time.Duration) bool {
	if deadline, ok := ctx.Deadline(); ok && time.Until(deadline) <= wait {
		return true
	}
	return !c.core.clock.Now().Add(wait).Before(c.deadline)
}

// decodable is a pointer to a generated model.
type decodable[T any] interface {
	*T
	decode(*wire.Reader)
}

// callJSON makes a call whose answer is a JSON document.
func callJSON[T any, P decodable[T]](ctx context.Context, c *core, req *request, options []CallOption) (*T, Response, error) {
	answer, failure := c.do(ctx, req, options)
	if failure != nil {
		return nil, Response{}, failure
	}
	value := new(T)
	reader := wire.NewReader(answer.body)
	P(value).decode(reader)
	if err := reader.End(); err != nil {
		return nil, Response{}, undecodable(answer, err)
	}
	answer.release()
	return value, answer.response(), nil
}

// callEmpty makes a call whose answer has no body.
func callEmpty(ctx context.Context, c *core, req *request, options []CallOption) (*Response, error) {
	answer, failure := c.do(ctx, req, options)
	if failure != nil {
		return nil, failure
	}
	answer.release()
	response := answer.response()
	return &response, nil
}

// callBinary makes a call whose answer is bytes.
func callBinary(ctx context.Context, c *core, req *request, options []CallOption) (*Binary, error) {
	answer, failure := c.do(ctx, req, options)
	if failure != nil {
		return nil, failure
	}
	contentType := orElse(answer.header.Get("Content-Type"), "application/octet-stream")
	return &Binary{ContentType: contentType, Data: answer.body, Response: answer.response()}, nil
}
