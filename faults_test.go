package quecloud

import (
	"crypto/tls"
	"errors"
	"io"
	"net"
	"slices"
	"strings"
	"syscall"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// An ending is how a call ends.
type ending string

const (
	succeeds ending = "success"
	fails    ending = "an error, and nothing happened"
	unsure   ending = "ErrOutcomeUnknown"
)

// A cell says what becomes of a call of some kind.
type cell struct {
	tries    int // connections that were asked for
	received int // calls that reached the platform
	executed int // calls that took effect
	end      ending
}

// A faultRow says what becomes of calls of all kinds with which something goes wrong: in the first attempt only, or in
// every one.
type faultRow struct {
	name  string
	fault fault

	once, always columns

	err   errorType
	is    []error         // what else the error is
	delay []time.Duration // before each attempt but the first, in whole seconds; nil for none
}

// An errorType is of which type an error is. Transport errors are of none of the SDK's own.
type errorType string

const (
	transportError errorType = "error of the transport"
	responseError  errorType = "*ResponseError"
	apiError       errorType = "*APIError"
)

// columns are the cells of all kinds.
type columns struct {
	read    cell
	changes cell // everything else
}

// alike are columns that are the same for every kind.
func alike(c cell) columns { return columns{c, c} }

func faultRows() []faultRow {
	const s = time.Second
	const farDate = "Date: Thu, 01 Jan 2099 00:00:00 GMT"
	half := httpAnswer(200, fineAnswer)
	half = half[:len(half)-len(fineAnswer)/2]
	htmlAnswer := httpAnswer(200, htmlPage, "Content-Type: text/html")
	garbage := httpAnswer(200, "\x00\xff{]\x1f", "Content-Type: application/json")
	unsent := alike(cell{2, 1, 1, succeeds})
	neverSent := alike(cell{4, 0, 0, fails})
	rescued := cell{2, 2, 1, succeeds} // nothing had happened
	repeated := cell{2, 2, 2, succeeds}
	return []faultRow{
		{"none", noFault, alike(cell{1, 1, 1, succeeds}), alike(cell{1, 1, 1, succeeds}), transportError, nil, nil},
		{"dial refused", fault{refused: true}, unsent, neverSent, transportError, []error{syscall.ECONNREFUSED}, nil},
		{"cut in the TLS handshake", fault{handshake: cutHandshake}, unsent, neverSent, transportError, nil, nil},
		{"no TLS", fault{handshake: speakPlainly}, unsent, neverSent, transportError, nil, nil},
		{"a certificate that is not to be trusted", fault{untrusted: true},
			alike(cell{1, 0, 0, fails}), alike(cell{1, 0, 0, fails}), transportError, nil, nil},
		{"cut while the request is read", fault{hangUp: true}, // the client cannot know
			columns{cell{2, 1, 1, succeeds}, cell{1, 0, 0, unsure}},
			columns{cell{4, 0, 0, fails}, cell{1, 0, 0, unsure}}, transportError, nil, nil},
		{"cut before it was executed", fault{},
			columns{rescued, cell{1, 1, 0, unsure}},
			columns{cell{4, 4, 0, fails}, cell{1, 1, 0, unsure}}, transportError, []error{io.EOF}, nil},
		{"cut after it was executed", fault{executes: true},
			columns{repeated, cell{1, 1, 1, unsure}},
			columns{cell{4, 4, 4, fails}, cell{1, 1, 1, unsure}}, transportError, []error{io.EOF}, nil},
		{"cut in the answer", fault{executes: true, answer: half},
			columns{repeated, cell{1, 1, 1, unsure}},
			columns{cell{4, 4, 4, fails}, cell{1, 1, 1, unsure}}, responseError, []error{io.ErrUnexpectedEOF}, nil},
		{"timeout", fault{executes: true, silent: true},
			columns{repeated, cell{1, 1, 1, unsure}},
			columns{cell{4, 4, 4, fails}, cell{1, 1, 1, unsure}},
			transportError, []error{ErrAttemptTimeout}, []time.Duration{30 * s, 30 * s, 30 * s}},
		{"429", fault{answer: httpAnswer(429, "slowly")},
			alike(rescued), alike(cell{4, 4, 0, fails}), responseError, nil, nil},
		{"429 with a Retry-After", fault{answer: httpAnswer(429, "slowly", "Retry-After: 7")},
			alike(rescued), alike(cell{4, 4, 0, fails}), responseError, nil, []time.Duration{7 * s, 7 * s, 7 * s}},
		{"429 with a Retry-After of an hour", fault{answer: httpAnswer(429, "slowly", "Retry-After: 3600")},
			alike(cell{1, 1, 0, fails}), alike(cell{1, 1, 0, fails}), responseError, nil, nil},
		{"429 that refuses", fault{answer: httpAnswer(429, `{"resultCode":9}`)},
			alike(rescued), alike(cell{4, 4, 0, fails}), apiError, nil, nil},
		{"429 that refuses, with a Date far off", fault{answer: httpAnswer(429, `{"resultCode":9}`, farDate, "Retry-After: 7")},
			alike(rescued), alike(cell{4, 4, 0, fails}), apiError, nil, []time.Duration{7 * s, 7 * s, 7 * s}},
		{"500 after it was executed", fault{executes: true, answer: httpAnswer(500, htmlPage)},
			columns{repeated, cell{1, 1, 1, unsure}},
			columns{cell{4, 4, 4, fails}, cell{1, 1, 1, unsure}}, responseError, nil, nil},
		{"500 that refuses", fault{answer: httpAnswer(500, `{"resultCode":70031}`)},
			columns{rescued, cell{1, 1, 0, unsure}},
			columns{cell{4, 4, 0, fails}, cell{1, 1, 0, unsure}}, apiError, []error{ErrUnauthorized}, nil},
		{"500 that refuses, with a Date far off", fault{executes: true, answer: httpAnswer(500, `{"resultCode":9}`, farDate)},
			columns{repeated, cell{1, 1, 1, unsure}},
			columns{cell{4, 4, 4, fails}, cell{1, 1, 1, unsure}}, apiError, nil, nil},
		{"503", fault{answer: httpAnswer(503, "")},
			columns{rescued, cell{1, 1, 0, unsure}},
			columns{cell{4, 4, 0, fails}, cell{1, 1, 0, unsure}}, responseError, nil, nil},
		{"503 with a Retry-After", fault{answer: httpAnswer(503, "", "Retry-After: 3")},
			columns{rescued, cell{1, 1, 0, unsure}},
			columns{cell{4, 4, 0, fails}, cell{1, 1, 0, unsure}}, responseError, nil, []time.Duration{3 * s, 3 * s, 3 * s}},
		{"a page with 200", fault{answer: htmlAnswer},
			columns{cell{1, 1, 0, fails}, cell{1, 1, 0, unsure}},
			columns{cell{1, 1, 0, fails}, cell{1, 1, 0, unsure}}, responseError, nil, nil},
		{"garbage with 200", fault{executes: true, answer: garbage},
			columns{cell{1, 1, 1, fails}, cell{1, 1, 1, unsure}},
			columns{cell{1, 1, 1, fails}, cell{1, 1, 1, unsure}}, responseError, nil, nil},
		{"nothing with 200", fault{executes: true, answer: httpAnswer(200, "")},
			columns{cell{1, 1, 1, fails}, cell{1, 1, 1, unsure}},
			columns{cell{1, 1, 1, fails}, cell{1, 1, 1, unsure}}, responseError, nil, nil},
		{"404", fault{executes: true, answer: httpAnswer(404, htmlPage)},
			columns{cell{1, 1, 1, fails}, cell{1, 1, 1, unsure}},
			columns{cell{1, 1, 1, fails}, cell{1, 1, 1, unsure}}, responseError, nil, nil},
		{"401", fault{answer: httpAnswer(401, htmlPage)},
			alike(cell{1, 1, 0, fails}), alike(cell{1, 1, 0, fails}), responseError, nil, nil},
		{"a refusal", fault{answer: httpAnswer(200, `{"resultCode":"1"}`)},
			alike(cell{1, 1, 0, fails}), alike(cell{1, 1, 0, fails}), apiError, nil, nil},
		// The clock is wrong in both attempts, or is put right between them. Only a read is sent again.
		{"a clock 10 minutes ahead", fault{skew: 10 * time.Minute, executes: true, answer: noFault.answer},
			columns{cell{2, 2, 0, fails}, cell{1, 1, 0, fails}}, columns{rescued, cell{1, 1, 0, fails}}, apiError, nil, nil},
		{"a clock 10 minutes behind", fault{skew: -10 * time.Minute, executes: true, answer: noFault.answer},
			columns{cell{2, 2, 0, fails}, cell{1, 1, 0, fails}}, columns{rescued, cell{1, 1, 0, fails}}, apiError, nil, nil},
	}
}

// faultKinds are the columns of the table, one for each of kindCalls.
var faultKinds = map[string]func(c columns) cell{
	"read":                  func(c columns) cell { return c.read },
	"set":                   func(c columns) cell { return c.changes },
	"once":                  func(c columns) cell { return c.changes },
	"send":                  func(c columns) cell { return c.changes },
	"spend":                 func(c columns) cell { return c.changes },
	"spend with ExternalID": func(c columns) cell { return c.changes },
}

func TestFaults(t *testing.T) {
	t.Parallel()
	for _, row := range faultRows() {
		t.Run(row.name, func(t *testing.T) {
			t.Parallel()
			for kind := range kindCalls {
				for _, ends := range []bool{true, false} {
					for _, over := range protocols() {
						if !row.differs(over) {
							continue
						}
						synctest.Test(t, func(t *testing.T) { row.check(t, pipes, over, kind, ends) })
						if row.delay == nil {
							row.check(t, loopback(t), over, kind, ends)
						}
					}
				}
			}
		})
	}
}

// differs reports whether the row goes its own way over a protocol. Where nothing is given up, all of HTTP/2 is the same.
func (r *faultRow) differs(over protocol) bool {
	return over.giveUp == nil || r.fault.cuts() || over.name == "HTTP/2, a cut"
}

// check makes a call of one kind with a fault that ends after the first attempt, or never does.
func (r *faultRow) check(t *testing.T, pair func() (client, server net.Conn, err error), over protocol, kind int, ends bool) {
	name, column := over.name+", "+kindCalls[kind].name, r.always
	if ends {
		column = r.once
		name += ", in the first attempt"
	}
	want := faultKinds[kindCalls[kind].name](column)
	client, p := newFaulty(t, pair, over, func(n int) fault {
		if ends && n > 0 || n > 20 { // which a client that repeats for ever gets to see
			return noFault
		}
		return r.fault
	})
	err := kindCalls[kind].call(t.Context(), client)
	p.close()

	end := fails
	switch {
	case err == nil:
		end = succeeds
	case errors.Is(err, ErrOutcomeUnknown):
		end = unsure
	}
	assert.Equal(t, want, cell{len(p.times), p.received, p.executed, end}, "%s: %v", name, err)
	if err != nil {
		r.checkError(t, name, over, err)
	}
	if r.delay != nil {
		for i, delay := range delaysBetween(p.times) {
			assert.Equal(t, r.delay[i], delay.Truncate(time.Second), name)
		}
	}
	if kindCalls[kind].name != "read" {
		assert.LessOrEqual(t, len(p.orders), 1, "%s: it happened twice", name)
		assert.True(t, end != fails || p.executed == 0, "%s: it happened, and the error denies it", name)
	}
}

func (r *faultRow) checkError(t *testing.T, name string, over protocol, err error) {
	t.Helper()
	got := transportError
	switch {
	case errors.As(err, new(*ResponseError)):
		got = responseError
	case errors.As(err, new(*APIError)):
		got = apiError
	}
	assert.Equal(t, r.err, got, "%s: %v", name, err)
	for _, target := range r.is {
		if over.giveUp == nil || !errors.Is(target, io.EOF) && !errors.Is(target, io.ErrUnexpectedEOF) { // HTTP/2 has errors of its own
			require.ErrorIs(t, err, target, name)
		}
	}
	assert.Equal(t, r.fault.untrusted, errors.As(err, new(*tls.CertificateVerificationError)), name)
	assert.Equal(t, slices.Contains(r.is, ErrAttemptTimeout), errors.Is(err, ErrAttemptTimeout), name)
	assert.True(t, strings.HasPrefix(err.Error(), "quecloud: "), "%s: %v", name, err)
}

// Every kind of call has a column in the table.
func TestEveryKindIsInTheFaultTable(t *testing.T) {
	t.Parallel()
	assert.Len(t, faultKinds, len(kindCalls))
	kinds := map[Kind]bool{}
	for _, kind := range kindCalls {
		require.Contains(t, faultKinds, kind.name)
		kinds[lookup(kind.method).kind] = true
	}
	assert.Len(t, kinds, 4)
}
