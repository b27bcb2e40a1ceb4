package quecloud

import (
	"bytes"
	"cmp"
	"context"
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

// An attempt is one request of a call and what came of it.
type attempt struct {
	t             int64 // the time that was sent
	sent          bool  // the platform may have received it
	status        int
	date          time.Time // of the response, zero where it says none
	received      time.Time // when the response began, by the clock that t was taken from
	retryAfter    time.Duration
	responded     bool   // the platform itself has responded
	claimed       bool   // a resultCode of 0 came, which may be true
	signature     string // which nobody may see: a signed call can be repeated for five minutes
	code          int
	given         bool   // there is something in the response besides resultCode and errorMessage
	done          bool   // which tells of something that was done, refusal or not
	interrupted   bool   // the connection failed or the time was up
	partlyWritten bool   // the caller has a part of the response already
	garbled       string // where the first text of the response stands that is not UTF-8
	took          time.Duration
	err           error // nil for success
}

// notActedOn are the HTTP statuses of which we hold that whoever sent them, in front of the platform or there, has not acted
// on the request. It is our own list; of any other status the platform may have acted before somebody gave up.
var notActedOn = []int{401, 405, 407, 411, 413, 414, 415, 417, 421, 426, 428, 429, 431}

// inDoubt reports whether a call that changes something may have taken effect though the attempt failed.
func (a *attempt) inDoubt(kind Kind) bool {
	switch {
	case a.err == nil || !a.sent || kind == KindRead:
		return false
	case a.responded: // and refused
		return a.status >= 500 || a.done && kind == KindSpend
	}
	return a.claimed || a.interrupted || !slices.Contains(notActedOn, a.status)
}

// attempt sends a call once and reads the response.
func (c *core) attempt(ctx context.Context, call *callState) *attempt {
	start, began := c.now(), sinceStart()
	a := &attempt{t: start.Add(call.offset).Unix()}
	defer func() { a.took = c.now().Sub(start) }()

	timed, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	timer := time.AfterFunc(c.timeout, func() { cancel(ErrAttemptTimeout) })
	defer timer.Stop()

	var text string
	text, a.signature = c.body(call, a.t)
	d, isFile := call.result.(*download)
	e := newEvidence(timed, c.link.own, text)
	e.now, e.file, e.limit = c.now, isFile, c.maxResponse
	// The type of the body matters to net/http: it sends what is in memory in one packet with the headers.
	req, err := http.NewRequestWithContext(e, http.MethodPost, c.baseURL, &e.body)
	if err != nil {
		a.err = call.error("making the request", err)
		return a
	}
	e.host = req.URL.Host
	req.GetBody = nil // see link.RoundTrip
	req.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	req.Header.Set("User-Agent", c.userAgent)
	r := c.link.exchange(req, e)
	waited := sinceStart() - began
	if r.err != nil {
		a.sent, a.interrupted = r.abandoned || !e.notSent(), true
		a.err = call.error("no response", withoutSignature(attemptError(timed, r.err, waited), a.signature))
		if late, ok := errors.AsType[net.Error](a.err); ok && late.Timeout() { // by whatever limit, such as that of the user's transport
			c.link.timedOut(began)
		}
		return a
	}
	a.sent, a.status = true, r.resp.StatusCode
	a.received = start.Add(call.offset + r.received.Sub(start)) // though the clock may have been set in the meantime
	if date := r.resp.Header.Get("Date"); date != "" {          // without one the error would cost as much as a date
		a.date, _ = http.ParseTime(date)
	}
	a.retryAfter = retryAfter(r.resp.Header, cmp.Or(a.date, a.received))
	switch {
	case isFile && r.text == nil && a.status == http.StatusOK:
		body := &fileBody{ReadCloser: r.resp.Body, direct: e.own, timed: timed, timer: timer, timeout: c.timeout}
		defer body.Close()
		c.receiveFile(call, a, body, d)
	case r.text == nil:
		a.err = call.badResponse(a, nil, fmt.Errorf("HTTP status %d is no response to a call", a.status))
	default:
		r.broken = attemptError(timed, r.broken, waited)
		c.receiveJSON(call, a, r.text, r.broken, r.resp.Header.Get("Location"))
		if r.text.Cap() <= maxKept {
			r.text.Reset()
			buffers.Put(r.text)
		}
	}
	return a
}

// attemptError is err, or ErrAttemptTimeout where that is what ended the attempt. Where the caller's context did, the
// error is that of the context, and its cause, too.
func attemptError(timed context.Context, err error, waited time.Duration) error {
	waited = max(waited.Round(time.Millisecond), time.Millisecond)
	switch ended := timed.Err(); {
	case ended == nil || err == nil:
		return err
	case context.Cause(timed) == ErrAttemptTimeout: //nolint:errorlint // a cause of the caller's may wrap it
		return fmt.Errorf("%w (waited %v)", ErrAttemptTimeout, waited)
	case !errors.Is(err, ended) || !errors.Is(err, context.Cause(timed)):
		err = fmt.Errorf("%w: %w", whyEnded(timed), err)
	}
	return fmt.Errorf("%w (waited %v)", err, waited)
}

// whyEnded is the error of a context that has ended, and its cause where that is another.
func whyEnded(ctx context.Context) error {
	err, cause := ctx.Err(), context.Cause(ctx)
	if errors.Is(cause, err) {
		return cause
	}
	return fmt.Errorf("%w: %w", err, cause)
}

// body is the form that is sent at a time, and the signature in it.
func (c *core) body(call *callState, t int64) (form, signature string) {
	params := insert(slices.Clip(call.params), param{"t", strconv.FormatInt(t, 10)})
	signature = c.sign(params, call.endpoint.unsigned)
	size := len(signature) + 16
	for _, p := range params {
		size += len(p.name) + len(p.value)*5/4 + 2
	}
	text := make([]byte, 0, size)
	for _, p := range append(params, param{"sign", signature}) {
		if len(text) > 0 {
			text = append(text, '&')
		}
		text = append(append(text, url.QueryEscape(p.name)...), '=')
		text = append(text, url.QueryEscape(p.value)...)
	}
	return string(text), signature
}

// fileBody is the body of a response that is a file. Every read of it may take as long as an attempt, and the time between
// them does not count.
type fileBody struct {
	io.ReadCloser
	direct  bool // comes from our own transport, which ends reading with the context
	timed   context.Context
	timer   *time.Timer
	timeout time.Duration
	own     []byte // into which a goroutine reads
	stuck   bool   // which still does, and nobody waits for it
}

func (b *fileBody) Read(p []byte) (n int, err error) {
	began := sinceStart()
	b.timer.Reset(b.timeout)
	defer b.timer.Stop()
	if b.direct {
		n, err = b.ReadCloser.Read(p)
	} else {
		n, err = b.readAside(p)
	}
	if err != io.EOF { //nolint:errorlint // an io.Reader ends with io.EOF itself
		err = attemptError(b.timed, err, sinceStart()-began)
	}
	return n, err
}

// readAside reads in a goroutine, because the body may not care for the context.
func (b *fileBody) readAside(p []byte) (int, error) {
	if b.stuck {
		return 0, context.Cause(b.timed)
	}
	if len(b.own) < len(p) {
		b.own = make([]byte, len(p))
	}
	type piece struct {
		n        int
		err      error
		panicked any
	}
	into, pieces := b.own[:len(p)], make(chan piece, 1)
	go func() {
		var got piece
		defer func() {
			got.panicked = recover()
			pieces <- got
		}()
		got.n, got.err = b.ReadCloser.Read(into)
	}()
	var got piece
	select {
	case got = <-pieces:
	case <-b.timed.Done():
		select {
		case got = <-pieces:
		case <-time.After(maxLate):
			b.stuck = true
			return 0, context.Cause(b.timed)
		}
	}
	if got.panicked != nil {
		panic(got.panicked)
	}
	return copy(p, into[:got.n]), got.err
}

// unread lets what was read from the body's beginning be read again.
func (b *fileBody) unread(text []byte) {
	b.ReadCloser = struct {
		io.Reader
		io.Closer
	}{io.MultiReader(bytes.NewReader(text), b.ReadCloser), b.ReadCloser}
}

// Close closes the body. It does not wait for one that is being read.
func (b *fileBody) Close() error {
	if b.stuck {
		go b.ReadCloser.Close() // nobody is there to tell
		return nil
	}
	return b.ReadCloser.Close()
}

// A steadyBody gives a body up that is read again and again and gets nothing.
type steadyBody struct {
	io.ReadCloser
	empty int // reads in a row
}

func (b *steadyBody) Read(p []byte) (int, error) {
	n, err := b.ReadCloser.Read(p)
	if n > 0 || err != nil {
		b.empty = 0
	} else if b.empty++; b.empty > 100 {
		err = io.ErrNoProgress
	}
	return n, err
}
