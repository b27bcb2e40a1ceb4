// This file makes one attempt of a call: one request and its response.

package quecloud

import (
	"bytes"
	"cmp"
	"context"
	"crypto/sha1"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"time"
)

// An attempt is one request of a call and its result.
type attempt struct {
	t             int64     // the parameter t
	sent          bool      // the platform may have received the request
	status        int       // HTTP status; 0 if no response came
	date          time.Time // header Date of the response; zero if it has none
	received      time.Time // when the response started to arrive, by the clock of t
	retryAfter    time.Duration
	responded     bool   // the platform responded; a proxy's response does not count
	saysSuccess   bool   // the response has resultCode 0, even if it is a bad response
	signature     string // secret: it makes a signed call repeatable for five minutes
	code          int    // resultCode
	hasPayload    bool   // the response has members besides resultCode and errorMessage
	reportsEffect bool   // the payload reports something that was done, refusal or not
	interrupted   bool   // no response or only a part of it came: the connection failed, or a context ended
	partlyWritten bool   // the caller has a part of the file already
	notUTF8       string // path of the first text in the response that is not UTF-8
	duration      time.Duration
	err           error // nil for success
}

// notActedOn lists the HTTP statuses after which the SDK assumes that the request had no effect, whether the platform
// or a server in front of it sent them. The list is our own. With any other status the platform may have acted.
var notActedOn = []int{401, 405, 407, 411, 413, 414, 415, 417, 421, 426, 428, 429, 431}

// outcomeUnknown reports whether a call that changes something may have taken effect though the attempt failed.
func (a *attempt) outcomeUnknown(kind Kind) bool {
	switch {
	case a.err == nil || !a.sent || kind == KindRead:
		return false
	case a.responded: // and refused
		return a.status >= 500 || a.reportsEffect && kind == KindSpend
	}
	return a.saysSuccess || a.interrupted || !slices.Contains(notActedOn, a.status)
}

// attempt sends a call once and reads the response.
func (c *core) attempt(ctx context.Context, call *callState) *attempt {
	start, started := c.now(), sinceStart()
	a := &attempt{t: start.Add(call.offset).Unix()}
	defer func() { a.duration = c.now().Sub(start) }()

	timed, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	timer := time.AfterFunc(c.timeout, func() { cancel(ErrAttemptTimeout) })
	defer timer.Stop()

	var text []byte
	text, a.signature = c.signedForm(call, a.t)
	d, isFile := call.result.(*download)
	e := newSendEvidence(timed, c.transport.builtIn, text)
	e.now, e.wantFile = c.now, isFile
	x := c.transport.send(c.newRequest(e), e)
	waited := sinceStart() - started
	if x.err != nil {
		a.sent, a.interrupted = x.abandoned || !e.notSent(), true
		a.err = call.error("no response", withoutSecret(attemptError(timed, x.err, waited), a.signature))
		// The time limit may also be one of the user's http.Client or transport.
		if late, ok := errors.AsType[net.Error](a.err); ok && late.Timeout() {
			c.transport.recordTimeout(started)
		}
		return a
	}
	a.sent, a.status = true, x.resp.StatusCode
	a.received = start.Add(call.offset + x.received.Sub(start)) // even if the clock was set in the meantime
	if date := x.resp.Header.Get("Date"); date != "" {          // parsing "" would cost as much as parsing a date
		a.date, _ = http.ParseTime(date)
	}
	a.retryAfter = retryAfter(x.resp.Header, cmp.Or(a.date, a.received))
	if isFile && x.text == nil && a.status == http.StatusOK {
		body := &fileBody{ReadCloser: x.resp.Body, builtIn: e.builtIn, timed: timed, timer: timer, timeout: c.timeout}
		defer body.Close()
		c.receiveFile(call, a, body, d)
		return a
	}
	x.bodyErr = attemptError(timed, x.bodyErr, waited)
	c.receive(call, a, x)
	return a
}

// receive receives a response that is not a file.
func (c *core) receive(call *callState, a *attempt, x exchange) {
	if x.text == nil {
		a.err = call.badResponse(a, nil, fmt.Errorf("HTTP status %d is no response to a call", a.status))
		return
	}
	c.receiveJSON(call, a, x.text, x.bodyErr, x.resp.Header.Get("Location"))
	if x.text.Cap() <= maxKept {
		x.text.Reset()
		buffers.Put(x.text)
	}
}

// newRequest returns the POST of an attempt. It has no GetBody, see onceTransport.RoundTrip.
func (c *core) newRequest(e *sendEvidence) *http.Request {
	req := c.request.WithContext(e)
	e.url, e.host = *req.URL, req.URL.Host
	req.URL, req.Header = &e.url, req.Header.Clone() // the user's transport may change them
	// net/http recognizes the type of the body, and sends it in one packet with the headers.
	req.Body, req.ContentLength = io.NopCloser(&e.body), int64(len(e.text))
	return req
}

// attemptError returns err, or ErrAttemptTimeout if the timeout ended the attempt. If the caller's context did, the
// result also wraps its error and its cause.
func attemptError(timed context.Context, err error, waited time.Duration) error {
	waited = max(waited.Round(time.Millisecond), time.Millisecond)
	switch ended := timed.Err(); {
	case ended == nil || err == nil:
		return err
	case context.Cause(timed) == ErrAttemptTimeout: //nolint:errorlint // a cause of the caller's may wrap it
		return fmt.Errorf("%w (waited %v)", ErrAttemptTimeout, waited)
	case !wraps(err, ended) || !errors.Is(err, context.Cause(timed)):
		err = fmt.Errorf("%w: %w", whyEnded(timed), err)
	}
	return fmt.Errorf("%w (waited %v)", err, waited)
}

// whyEnded returns the error of a context that has ended, together with its cause.
func whyEnded(ctx context.Context) error {
	err, cause := ctx.Err(), context.Cause(ctx)
	if errors.Is(cause, err) {
		return cause
	}
	return fmt.Errorf("%w: %w", err, cause)
}

// signedForm returns the encoded form of a call for a time, and the signature in it.
func (c *core) signedForm(call *callState, t int64) (form []byte, signature string) {
	size := 2*len("&sign=") + 2*sha1.Size
	for i := range call.params {
		p := &call.params[i]
		if p.name == "t" {
			p.value = strconv.FormatInt(t, 10)
		}
		size += len(p.name) + len(p.value)*5/4 + 2
	}
	signature = call.account.sign(call.params, call.endpoint.unsigned)
	form = append(make([]byte, 0, size), "sign="...)
	form = append(form, signature...)
	for _, p := range call.params {
		form = append(append(form, '&'), url.QueryEscape(p.name)...)
		form = append(append(form, '='), url.QueryEscape(p.value)...)
	}
	return form, signature
}

// A fileBody reads the body of a response that is a file. Each read may take as long as an attempt; the time between
// reads does not count.
type fileBody struct {
	io.ReadCloser
	builtIn bool // the body is that of our own transport, which ends a read with the context
	timed   context.Context
	timer   *time.Timer
	timeout time.Duration
	buffer  []byte // of the goroutine in readInGoroutine
	stuck   bool   // that goroutine is still reading, and was abandoned
}

// Read reads from the file. Each read may take as long as an attempt.
func (b *fileBody) Read(p []byte) (n int, err error) {
	started := sinceStart()
	b.timer.Reset(b.timeout)
	defer b.timer.Stop()
	if b.builtIn {
		n, err = b.ReadCloser.Read(p)
	} else {
		n, err = b.readInGoroutine(p)
	}
	if err != io.EOF { //nolint:errorlint // an io.Reader ends with io.EOF itself
		err = attemptError(b.timed, err, sinceStart()-started)
	}
	return n, err
}

// readInGoroutine reads in a goroutine, because the body may ignore the context.
func (b *fileBody) readInGoroutine(p []byte) (int, error) {
	if b.stuck {
		return 0, context.Cause(b.timed)
	}
	if len(b.buffer) < len(p) {
		b.buffer = make([]byte, len(p))
	}
	type readResult struct {
		n        int
		err      error
		panicked any
	}
	buffer, done := b.buffer[:len(p)], make(chan readResult, 1)
	go func() {
		var r readResult
		defer func() {
			r.panicked = recover()
			done <- r
		}()
		r.n, r.err = b.ReadCloser.Read(buffer)
	}()
	var r readResult
	select {
	case r = <-done:
	case <-b.timed.Done():
		select {
		case r = <-done:
		case <-time.After(maxLate):
			b.stuck = true
			return 0, context.Cause(b.timed)
		}
	}
	if r.panicked != nil {
		panic(r.panicked)
	}
	return copy(p, buffer[:r.n]), r.err
}

// prepend puts text that was read from the beginning of the body back.
func (b *fileBody) prepend(text []byte) {
	b.ReadCloser = struct {
		io.Reader
		io.Closer
	}{io.MultiReader(bytes.NewReader(text), b.ReadCloser), b.ReadCloser}
}

// Close closes the body. It does not wait for an abandoned read.
func (b *fileBody) Close() error {
	if b.stuck {
		go b.ReadCloser.Close() // its error does not matter
		return nil
	}
	return b.ReadCloser.Close()
}

// A progressBody fails with io.ErrNoProgress after 100 reads in a row without any data.
type progressBody struct {
	io.ReadCloser
	empty int // reads in a row
}

// Read reads from the body, and returns an error instead of reading nothing for ever.
func (b *progressBody) Read(p []byte) (int, error) {
	n, err := b.ReadCloser.Read(p)
	if n > 0 || err != nil {
		b.empty = 0
	} else if b.empty++; b.empty > 100 {
		err = io.ErrNoProgress
	}
	return n, err
}
