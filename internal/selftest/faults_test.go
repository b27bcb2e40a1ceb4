package selftest_test

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

	"github.com/quecloud/quecloud-go"
	"github.com/quecloud/quecloud-go/internal/selftest"
)

// An ending says how a call ends.
type ending string

const (
	succeeds ending = "success"
	fails    ending = "an error, and nothing happened"
	unsure   ending = "ErrOutcomeUnknown"
)

// A cell is the expected result of a call of one kind.
type cell struct {
	attempts int // connections wanted, or requests started over HTTP/2
	received int // requests that arrived
	executed int // requests that took effect
	end      ending
}

// A faultRow is the expected result of calls of all kinds with a fault in the first attempt only, or in every one.
type faultRow struct {
	name  string
	fault selftest.Fault

	once, always columns

	err   errorType
	is    []error         // errors that it also matches
	delay []time.Duration // before each attempt but the first, in whole seconds; nil for none
}

// An errorType is the type of an error. A transportError has none of the SDK's types.
type errorType string

const (
	transportError errorType = "error of the transport"
	responseError  errorType = "*ResponseError"
	apiError       errorType = "*APIError"
)

// columns holds the cells of all kinds.
type columns struct {
	read    cell
	changes cell // everything else
}

// alike returns columns that are the same for every kind.
func alike(c cell) columns { return columns{c, c} }

func faultRows() []faultRow {
	const s = time.Second
	const farDate = "Date: Thu, 01 Jan 2099 00:00:00 GMT"
	half := selftest.HTTPResponse(200, selftest.Success)
	half = half[:len(half)-len(selftest.Success)/2]
	htmlResponse := selftest.HTTPResponse(200, selftest.HTMLPage, "Content-Type: text/html")
	garbage := selftest.HTTPResponse(200, "\x00\xff{]\x1f", "Content-Type: application/json")
	unsent := alike(cell{2, 1, 1, succeeds})
	neverSent := alike(cell{4, 0, 0, fails})
	rescued := cell{2, 2, 1, succeeds} // nothing had happened
	twice := cell{2, 2, 2, succeeds}
	return []faultRow{
		{"none", selftest.NoFault, alike(cell{1, 1, 1, succeeds}), alike(cell{1, 1, 1, succeeds}), transportError, nil, nil},
		{"dial refused", selftest.Fault{Refused: true}, unsent, neverSent, transportError, []error{syscall.ECONNREFUSED}, nil},
		{"cut in the TLS handshake", selftest.Fault{Handshake: selftest.CutHandshake}, unsent, neverSent, transportError, nil, nil},
		{"no TLS", selftest.Fault{Handshake: selftest.SpeakPlainly}, unsent, neverSent, transportError, nil, nil},
		{"an untrusted certificate", selftest.Fault{Untrusted: true},
			alike(cell{1, 0, 0, fails}), alike(cell{1, 0, 0, fails}), transportError, nil, nil},
		{"cut while the request is read", selftest.Fault{HangUp: true}, // the client cannot know
			columns{cell{2, 1, 1, succeeds}, cell{1, 0, 0, unsure}},
			columns{cell{4, 0, 0, fails}, cell{1, 0, 0, unsure}}, transportError, nil, nil},
		{"cut before it was executed", selftest.Fault{},
			columns{rescued, cell{1, 1, 0, unsure}},
			columns{cell{4, 4, 0, fails}, cell{1, 1, 0, unsure}}, transportError, []error{io.EOF}, nil},
		{"cut after it was executed", selftest.Fault{Executes: true},
			columns{twice, cell{1, 1, 1, unsure}},
			columns{cell{4, 4, 4, fails}, cell{1, 1, 1, unsure}}, transportError, []error{io.EOF}, nil},
		{"cut in the response", selftest.Fault{Executes: true, Response: half},
			columns{twice, cell{1, 1, 1, unsure}},
			columns{cell{4, 4, 4, fails}, cell{1, 1, 1, unsure}}, responseError, []error{io.ErrUnexpectedEOF}, nil},
		{"timeout", selftest.Fault{Executes: true, Silent: true},
			columns{twice, cell{1, 1, 1, unsure}},
			columns{cell{4, 4, 4, fails}, cell{1, 1, 1, unsure}},
			transportError, []error{quecloud.ErrAttemptTimeout}, []time.Duration{30 * s, 30 * s, 30 * s}},
		{"429", selftest.Fault{Response: selftest.HTTPResponse(429, "slowly")},
			alike(rescued), alike(cell{4, 4, 0, fails}), responseError, nil, nil},
		{"429 with a Retry-After", selftest.Fault{Response: selftest.HTTPResponse(429, "slowly", "Retry-After: 7")},
			alike(rescued), alike(cell{4, 4, 0, fails}), responseError, nil, []time.Duration{7 * s, 7 * s, 7 * s}},
		{"429 with a Retry-After of an hour", selftest.Fault{Response: selftest.HTTPResponse(429, "slowly", "Retry-After: 3600")},
			alike(cell{1, 1, 0, fails}), alike(cell{1, 1, 0, fails}), responseError, nil, nil},
		{"429 that refuses", selftest.Fault{Response: selftest.HTTPResponse(429, `{"resultCode":9}`)},
			alike(rescued), alike(cell{4, 4, 0, fails}), apiError, nil, nil},
		{"429 that refuses, with a Date far off", selftest.Fault{Response: selftest.HTTPResponse(429, `{"resultCode":9}`, farDate, "Retry-After: 7")},
			alike(rescued), alike(cell{4, 4, 0, fails}), apiError, nil, []time.Duration{7 * s, 7 * s, 7 * s}},
		{"500 after it was executed", selftest.Fault{Executes: true, Response: selftest.HTTPResponse(500, selftest.HTMLPage)},
			columns{twice, cell{1, 1, 1, unsure}},
			columns{cell{4, 4, 4, fails}, cell{1, 1, 1, unsure}}, responseError, nil, nil},
		{"500 that refuses", selftest.Fault{Response: selftest.HTTPResponse(500, `{"resultCode":70031}`)},
			columns{rescued, cell{1, 1, 0, unsure}},
			columns{cell{4, 4, 0, fails}, cell{1, 1, 0, unsure}}, apiError, []error{quecloud.ErrUnauthorized}, nil},
		{"500 that refuses, with a Date far off", selftest.Fault{Executes: true, Response: selftest.HTTPResponse(500, `{"resultCode":9}`, farDate)},
			columns{twice, cell{1, 1, 1, unsure}},
			columns{cell{4, 4, 4, fails}, cell{1, 1, 1, unsure}}, apiError, nil, nil},
		{"503", selftest.Fault{Response: selftest.HTTPResponse(503, "")},
			columns{rescued, cell{1, 1, 0, unsure}},
			columns{cell{4, 4, 0, fails}, cell{1, 1, 0, unsure}}, responseError, nil, nil},
		{"503 with a Retry-After", selftest.Fault{Response: selftest.HTTPResponse(503, "", "Retry-After: 3")},
			columns{rescued, cell{1, 1, 0, unsure}},
			columns{cell{4, 4, 0, fails}, cell{1, 1, 0, unsure}}, responseError, nil, []time.Duration{3 * s, 3 * s, 3 * s}},
		{"a page with 200", selftest.Fault{Response: htmlResponse},
			columns{cell{1, 1, 0, fails}, cell{1, 1, 0, unsure}},
			columns{cell{1, 1, 0, fails}, cell{1, 1, 0, unsure}}, responseError, nil, nil},
		{"garbage with 200", selftest.Fault{Executes: true, Response: garbage},
			columns{cell{1, 1, 1, fails}, cell{1, 1, 1, unsure}},
			columns{cell{1, 1, 1, fails}, cell{1, 1, 1, unsure}}, responseError, nil, nil},
		{"nothing with 200", selftest.Fault{Executes: true, Response: selftest.HTTPResponse(200, "")},
			columns{cell{1, 1, 1, fails}, cell{1, 1, 1, unsure}},
			columns{cell{1, 1, 1, fails}, cell{1, 1, 1, unsure}}, responseError, nil, nil},
		{"404", selftest.Fault{Executes: true, Response: selftest.HTTPResponse(404, selftest.HTMLPage)},
			columns{cell{1, 1, 1, fails}, cell{1, 1, 1, unsure}},
			columns{cell{1, 1, 1, fails}, cell{1, 1, 1, unsure}}, responseError, nil, nil},
		{"401", selftest.Fault{Response: selftest.HTTPResponse(401, selftest.HTMLPage)},
			alike(cell{1, 1, 0, fails}), alike(cell{1, 1, 0, fails}), responseError, nil, nil},
		{"a refusal", selftest.Fault{Response: selftest.HTTPResponse(200, `{"resultCode":"1"}`)},
			alike(cell{1, 1, 0, fails}), alike(cell{1, 1, 0, fails}), apiError, nil, nil},
		// The clock is wrong in both attempts, or is set right between them. Only a read is retried.
		{"a clock 10 minutes ahead", selftest.Fault{Skew: 10 * time.Minute, Executes: true, Response: selftest.NoFault.Response},
			columns{cell{2, 2, 0, fails}, cell{1, 1, 0, fails}}, columns{rescued, cell{1, 1, 0, fails}}, apiError, nil, nil},
		{"a clock 10 minutes behind", selftest.Fault{Skew: -10 * time.Minute, Executes: true, Response: selftest.NoFault.Response},
			columns{cell{2, 2, 0, fails}, cell{1, 1, 0, fails}}, columns{rescued, cell{1, 1, 0, fails}}, apiError, nil, nil},
	}
}

// faultKinds has the column of each of selftest.Calls.
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
			for kind := range selftest.Calls {
				for _, ends := range []bool{true, false} {
					for _, over := range selftest.Protocols() {
						if !row.differs(over) {
							continue
						}
						synctest.Test(t, func(t *testing.T) { row.check(t, selftest.Pipe, over, kind, ends) })
						if row.delay == nil {
							row.check(t, selftest.Loopback(t), over, kind, ends)
						}
					}
				}
			}
		})
	}
}

// differs reports whether the row may differ over a protocol. If no request is given up, HTTP/2 is the same in all ways.
func (r *faultRow) differs(over selftest.Protocol) bool {
	return over.GiveUp == nil || r.fault.Cuts() || over.Name == "HTTP/2, a cut"
}

// check makes a call of one kind with a fault that ends after the first attempt, or never does.
func (r *faultRow) check(t *testing.T, pair func() (client, server net.Conn, err error), over selftest.Protocol, kind int, ends bool) {
	name, column := over.Name+", "+selftest.Calls[kind].Name, r.always
	if ends {
		column = r.once
		name += ", in the first attempt"
	}
	want := faultKinds[selftest.Calls[kind].Name](column)
	client, p := selftest.Faulty(t, pair, over, func(n int) selftest.Fault {
		if ends && n > 0 || n > 20 { // which a client that retries for ever gets to see
			return selftest.NoFault
		}
		return r.fault
	})
	err := selftest.Calls[kind].Do(t.Context(), client)
	p.Close()

	end := fails
	switch {
	case err == nil:
		end = succeeds
	case errors.Is(err, quecloud.ErrOutcomeUnknown):
		end = unsure
	}
	assert.Equal(t, want, cell{len(p.Times), p.Received, p.Executed, end}, "%s: %v", name, err)
	if err != nil {
		r.checkError(t, name, over, err)
	}
	if r.delay != nil {
		for i, delay := range selftest.DelaysBetween(p.Times) {
			assert.Equal(t, r.delay[i], delay.Truncate(time.Second), name)
		}
	}
	if selftest.Calls[kind].Name != "read" {
		assert.LessOrEqual(t, len(p.Orders), 1, "%s: it happened twice", name)
		assert.True(t, end != fails || p.Executed == 0, "%s: it happened, and the error denies it", name)
	}
}

func (r *faultRow) checkError(t *testing.T, name string, over selftest.Protocol, err error) {
	t.Helper()
	got := transportError
	switch {
	case errors.As(err, new(*quecloud.ResponseError)):
		got = responseError
	case errors.As(err, new(*quecloud.APIError)):
		got = apiError
	}
	assert.Equal(t, r.err, got, "%s: %v", name, err)
	for _, target := range r.is {
		if over.GiveUp == nil || !errors.Is(target, io.EOF) && !errors.Is(target, io.ErrUnexpectedEOF) { // HTTP/2 has errors of its own
			require.ErrorIs(t, err, target, name)
		}
	}
	assert.Equal(t, r.fault.Untrusted, errors.As(err, new(*tls.CertificateVerificationError)), name)
	assert.Equal(t, slices.Contains(r.is, quecloud.ErrAttemptTimeout), errors.Is(err, quecloud.ErrAttemptTimeout), name)
	assert.True(t, strings.HasPrefix(err.Error(), "quecloud: "), "%s: %v", name, err)
}

// The table must have a column for each of selftest.Calls, and these must have every Kind.
func TestFaultsCoverEveryKind(t *testing.T) {
	t.Parallel()
	assert.Len(t, faultKinds, len(selftest.Calls))
	methods := map[string]quecloud.Kind{}
	for _, e := range selftest.Endpoints() {
		methods[e.Method] = e.Kind
	}
	kinds := map[quecloud.Kind]bool{}
	for _, call := range selftest.Calls {
		require.Contains(t, faultKinds, call.Name)
		require.Contains(t, methods, call.Method)
		kinds[methods[call.Method]] = true
	}
	assert.Len(t, kinds, 4)
}
