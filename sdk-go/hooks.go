package approute

import (
	"net/http"
	"time"
)

// A RequestInfo tells of a try that is about to be sent.
type RequestInfo struct {
	// Operation is its name, such as "links.create".
	Operation string
	Method    string
	// URL is the whole address.
	URL string
	// Header lacks what carries secrets.
	Header http.Header
	// Attempt counts the tries of the call, from 1.
	Attempt int
}

// A ResponseInfo tells of a try that has ended.
type ResponseInfo struct {
	// Operation is its name, such as "links.create".
	Operation string
	Method    string
	// URL is the whole address.
	URL string
	// Attempt counts the tries of the call, from 1.
	Attempt int
	// Took is how long it took.
	Took time.Duration
	// Status is the answer's status; 0 when there was no answer.
	Status int
	// Header is the answer's, without what carries secrets; empty when there was no answer.
	Header    http.Header
	RequestID string
	// Failure says why there was no answer.
	Failure string
}

// A RetryInfo tells of a wait for another try.
type RetryInfo struct {
	// Operation is its name, such as "links.create".
	Operation string
	// Attempt is the try that failed, from 1.
	Attempt int
	// Wait is the time until the next.
	Wait time.Duration
	// Status is the failed answer's status; 0 when there was no answer.
	Status int
	// Reason says what failed.
	Reason string
}

type hooks struct {
	request  []func(RequestInfo)
	response []func(ResponseInfo)
	retry    []func(RetryInfo)
}

func (c *call) tellRequest() {
	if len(c.core.hooks.request) == 0 {
		return
	}
	info := RequestInfo{
		Operation: c.op.id,
		Method:    c.op.method,
		URL:       c.url.String(),
		Header:    shownHeader(c.header),
		Attempt:   c.attempts,
	}
	for _, hook := range c.core.hooks.request {
		hook(info)
	}
}

// tellResponse has either an answer or a failure.
func (c *call) tellResponse(a *answer, failure *tryError) {
	if len(c.core.hooks.response) == 0 && !c.core.log.wantsTries() {
		return
	}
	info := ResponseInfo{
		Operation: c.op.id,
		Method:    c.op.method,
		URL:       c.url.String(),
		Attempt:   c.attempts,
		Took:      c.core.clock.Now().Sub(c.attemptStarted),
		Header:    http.Header{},
	}
	if failure != nil {
		info.Failure = hide(failure.message, c.key)
	} else {
		info.Status, info.Header, info.RequestID = a.status, shownHeader(a.header), requestID(a.header)
	}
	c.core.log.attempt(c.op, &info)
	for _, hook := range c.core.hooks.response {
		hook(info)
	}
}

func (c *call) tellRetry(wait time.Duration, failure *Error) {
	c.core.log.wait(c.op, c.attempts, wait, failure)
	if len(c.core.hooks.retry) == 0 {
		return
	}
	info := RetryInfo{
		Operation: c.op.id,
		Attempt:   c.attempts,
		Wait:      wait,
		Status:    failure.Status,
		Reason:    failure.Message,
	}
	for _, hook := range c.core.hooks.retry {
		hook(info)
	}
}
