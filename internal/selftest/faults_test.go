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
		{
			name: "none", fault: selftest.NoFault, once: alike(cell{1, 1, 1, succeeds}), always: alike(cell{1, 1, 1, succeeds}),
			err: transportError,
		},
		{
			name: "dial refused", fault: selftest.Fault{Refused: true}, once: unsent, always: neverSent, err: transportError,
			is: []error{syscall.ECONNREFUSED},
		},
		{
			name: "cut in the TLS handshake", fault: selftest.Fault{Handshake: selftest.CutHandshake}, once: unsent,
			always: neverSent, err: transportError,
		},
		{
			name: "no TLS", fault: selftest.Fault{Handshake: selftest.SpeakPlainly}, once: unsent, always: neverSent,
			err: transportError,
		},
		{
			name: "an untrusted certificate", fault: selftest.Fault{Untrusted: true}, once: alike(cell{1, 0, 0, fails}),
			always: alike(cell{1, 0, 0, fails}), err: transportError,
		},
		{
			name: "cut while the request is read", fault: selftest.Fault{HangUp: true},
			once:   columns{cell{2, 1, 1, succeeds}, cell{1, 0, 0, unsure}},
			always: columns{cell{4, 0, 0, fails}, cell{1, 0, 0, unsure}}, err: transportError,
		},
		{
			name: "cut before it was executed", fault: selftest.Fault{}, once: columns{rescued, cell{1, 1, 0, unsure}},
			always: columns{cell{4, 4, 0, fails}, cell{1, 1, 0, unsure}}, err: transportError, is: []error{io.EOF},
		},
		{
			name: "cut after it was executed", fault: selftest.Fault{Executes: true},
			once: columns{twice, cell{1, 1, 1, unsure}}, always: columns{cell{4, 4, 4, fails}, cell{1, 1, 1, unsure}},
			err: transportError, is: []error{io.EOF},
		},
		{
			name: "cut in the response", fault: selftest.Fault{Executes: true, Response: half},
			once: columns{twice, cell{1, 1, 1, unsure}}, always: columns{cell{4, 4, 4, fails}, cell{1, 1, 1, unsure}},
			err: responseError, is: []error{io.ErrUnexpectedEOF},
		},
		{
			name: "timeout", fault: selftest.Fault{Executes: true, Silent: true}, once: columns{twice, cell{1, 1, 1, unsure}},
			always: columns{cell{4, 4, 4, fails}, cell{1, 1, 1, unsure}}, err: transportError,
			is: []error{quecloud.ErrAttemptTimeout}, delay: []time.Duration{30 * s, 30 * s, 30 * s},
		},
		{
			name: "429", fault: selftest.Fault{Response: selftest.HTTPResponse(429, "slowly")}, once: alike(rescued),
			always: alike(cell{4, 4, 0, fails}), err: responseError,
		},
		{
			name:  "429 with a Retry-After",
			fault: selftest.Fault{Response: selftest.HTTPResponse(429, "slowly", "Retry-After: 7")}, once: alike(rescued),
			always: alike(cell{4, 4, 0, fails}), err: responseError, delay: []time.Duration{7 * s, 7 * s, 7 * s},
		},
		{
			name:  "429 with a Retry-After of an hour",
			fault: selftest.Fault{Response: selftest.HTTPResponse(429, "slowly", "Retry-After: 3600")},
			once:  alike(cell{1, 1, 0, fails}), always: alike(cell{1, 1, 0, fails}), err: responseError,
		},
		{
			name: "429 that refuses", fault: selftest.Fault{Response: selftest.HTTPResponse(429, `{"resultCode":9}`)},
			once: alike(rescued), always: alike(cell{4, 4, 0, fails}), err: apiError,
		},
		{
			name:  "429 that refuses, with a Date far off",
			fault: selftest.Fault{Response: selftest.HTTPResponse(429, `{"resultCode":9}`, farDate, "Retry-After: 7")},
			once:  alike(rescued), always: alike(cell{4, 4, 0, fails}), err: apiError,
			delay: []time.Duration{7 * s, 7 * s, 7 * s},
		},
		{
			name:  "500 after it was executed",
			fault: selftest.Fault{Executes: true, Response: selftest.HTTPResponse(500, selftest.HTMLPage)},
			once:  columns{twice, cell{1, 1, 1, unsure}}, always: columns{cell{4, 4, 4, fails}, cell{1, 1, 1, unsure}},
			err: responseError,
		},
		{
			name: "500 that refuses", fault: selftest.Fault{Response: selftest.HTTPResponse(500, `{"resultCode":70031}`)},
			once: columns{rescued, cell{1, 1, 0, unsure}}, always: columns{cell{4, 4, 0, fails}, cell{1, 1, 0, unsure}},
			err: apiError, is: []error{quecloud.ErrUnauthorized},
		},
		{
			name:  "500 that refuses, with a Date far off",
			fault: selftest.Fault{Executes: true, Response: selftest.HTTPResponse(500, `{"resultCode":9}`, farDate)},
			once:  columns{twice, cell{1, 1, 1, unsure}}, always: columns{cell{4, 4, 4, fails}, cell{1, 1, 1, unsure}},
			err: apiError,
		},
		{
			name: "503", fault: selftest.Fault{Response: selftest.HTTPResponse(503, "")},
			once: columns{rescued, cell{1, 1, 0, unsure}}, always: columns{cell{4, 4, 0, fails}, cell{1, 1, 0, unsure}},
			err: responseError,
		},
		{
			name: "503 with a Retry-After", fault: selftest.Fault{Response: selftest.HTTPResponse(503, "", "Retry-After: 3")},
			once: columns{rescued, cell{1, 1, 0, unsure}}, always: columns{cell{4, 4, 0, fails}, cell{1, 1, 0, unsure}},
			err: responseError, delay: []time.Duration{3 * s, 3 * s, 3 * s},
		},
		{
			name: "a page with 200", fault: selftest.Fault{Response: htmlResponse},
			once:   columns{cell{1, 1, 0, fails}, cell{1, 1, 0, unsure}},
			always: columns{cell{1, 1, 0, fails}, cell{1, 1, 0, unsure}}, err: responseError,
		},
		{
			name: "garbage with 200", fault: selftest.Fault{Executes: true, Response: garbage},
			once:   columns{cell{1, 1, 1, fails}, cell{1, 1, 1, unsure}},
			always: columns{cell{1, 1, 1, fails}, cell{1, 1, 1, unsure}}, err: responseError,
		},
		{
			name: "nothing with 200", fault: selftest.Fault{Executes: true, Response: selftest.HTTPResponse(200, "")},
			once:   columns{cell{1, 1, 1, fails}, cell{1, 1, 1, unsure}},
			always: columns{cell{1, 1, 1, fails}, cell{1, 1, 1, unsure}}, err: responseError,
		},
		{
			name: "404", fault: selftest.Fault{Executes: true, Response: selftest.HTTPResponse(404, selftest.HTMLPage)},
			once:   columns{cell{1, 1, 1, fails}, cell{1, 1, 1, unsure}},
			always: columns{cell{1, 1, 1, fails}, cell{1, 1, 1, unsure}}, err: responseError,
		},
		{
			name: "401", fault: selftest.Fault{Response: selftest.HTTPResponse(401, selftest.HTMLPage)},
			once: alike(cell{1, 1, 0, fails}), always: alike(cell{1, 1, 0, fails}), err: responseError,
		},
		{
			name: "a refusal", fault: selftest.Fault{Response: selftest.HTTPResponse(200, `{"resultCode":"1"}`)},
			once: alike(cell{1, 1, 0, fails}), always: alike(cell{1, 1, 0, fails}), err: apiError,
		},
		// The clock is wrong in both attempts, or is set right between them. Only a read is retried.
		{
			name:  "a clock 10 minutes ahead",
			fault: selftest.Fault{Skew: 10 * time.Minute, Executes: true, Response: selftest.NoFault.Response},
			once:  columns{cell{2, 2, 0, fails}, cell{1, 1, 0, fails}}, always: columns{rescued, cell{1, 1, 0, fails}},
			err: apiError,
		},
		{
			name:  "a clock 10 minutes behind",
			fault: selftest.Fault{Skew: -10 * time.Minute, Executes: true, Response: selftest.NoFault.Response},
			once:  columns{cell{2, 2, 0, fails}, cell{1, 1, 0, fails}}, always: columns{rescued, cell{1, 1, 0, fails}},
			err: apiError,
		},
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

// differs reports whether the row may differ over a protocol. If no request is given up, HTTP/2 is the same in all
// ways.
func (r *faultRow) differs(over selftest.Protocol) bool {
	return over.GiveUp == nil || r.fault.Cuts() || over.Name == "HTTP/2, a cut"
}

// check makes a call of one kind with a fault that ends after the first attempt, or never does.
func (r *faultRow) check(t *testing.T, pair func() (client, server net.Conn, err error), over selftest.Protocol,
	kind int, ends bool) {
	name, column := over.Name+", "+selftest.Calls[kind].Name, r.always
	if ends {
		column = r.once
		name += ", in the first attempt"
	}
	want := faultKinds[selftest.Calls[kind].Name](column)
	client, p := selftest.Faulty(t, pair, over, func(n int) selftest.Fault {
		if ends && n > 0 || n > 20 { // ends a client that retries without end
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
		// HTTP/2 has errors of its own
		if over.GiveUp == nil || !errors.Is(target, io.EOF) && !errors.Is(target, io.ErrUnexpectedEOF) {
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
