package selftest_test

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"net"
	"net/http"
	"net/url"
	"regexp"
	"runtime/pprof"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/quecloud/quecloud-go"
	"github.com/quecloud/quecloud-go/internal/selftest"
)

// The soak makes 100,000 calls, or 5,000 with -short. They take 14 seconds of processor time without the race detector.
const (
	soakCalls   = 100_000
	soakShort   = 5_000
	soakCallers = 64
	soakSeed    = 20241126
)

// soakKinds are the calls of the soak. Each is about another card or order, and checks that the response is about it
// too.
var soakKinds = []struct {
	name string
	call func(context.Context, *quecloud.Client, int) error
}{
	{"read", func(ctx context.Context, c *quecloud.Client, id int) error {
		info, err := c.Cards.Info(ctx, quecloud.MSISDN(strconv.Itoa(id)))
		return responded(err, func() bool { return info.MSISDN == strconv.Itoa(id) })
	}},
	{"set", func(ctx context.Context, c *quecloud.Client, id int) error {
		return c.Cards.Pause(ctx, quecloud.MSISDN(strconv.Itoa(id)))
	}},
	{"once", func(ctx context.Context, c *quecloud.Client, id int) error {
		sent, err := c.SMS.Send(ctx, &quecloud.SMSSendParams{
			Cards: quecloud.MSISDNs(strconv.Itoa(id)), Content: selftest.SMSContent,
		})
		return responded(err, func() bool { return sent.Sent[0].MSISDN == strconv.Itoa(id) })
	}},
	{"spend", func(ctx context.Context, c *quecloud.Client, id int) error {
		receipt, err := c.Orders.Recharge(ctx, &quecloud.RechargeParams{
			Card: quecloud.ICCID(fmt.Sprintf("%019d", id)), ProductID: 50, ProductName: "30M",
		})
		return responded(err, func() bool { return receipt.OrderNo == fmt.Sprint("R", id) })
	}},
	{"spend with ExternalID", func(ctx context.Context, c *quecloud.Client, id int) error {
		receipt, err := c.Orders.Renew(ctx, &quecloud.RenewalParams{
			Card: quecloud.ICCID(fmt.Sprintf("%019d", id)), Years: 1, ExternalID: fmt.Sprint("order ", id),
		})
		return responded(err, func() bool { return receipt.OrderNo == fmt.Sprint("R", id) })
	}},
}

var errForeignResponse = errors.New("the response is that of another call")

func responded(err error, mine func() bool) error {
	if err == nil && !mine() {
		return errForeignResponse
	}
	return err
}

// A soakPlatform fails at random. An attempt of a call meets the same fault in every run.
type soakPlatform struct {
	ahead    atomic.Int64   // of its clock, in seconds
	received []atomic.Int32 // by call
	executed []atomic.Int32
}

// dice returns the random numbers of the n-th of some events.
func dice(event, n uint64) *rand.Rand { return rand.New(rand.NewPCG(soakSeed+event, n)) }

// serve serves a connection of HTTP/1.
func (p *soakPlatform) serve(conn net.Conn) {
	defer conn.Close()
	for requests := bufio.NewReader(conn); ; {
		req, err := http.ReadRequest(requests)
		if err != nil || req.ParseForm() != nil {
			return // the client left in the middle of the request
		}
		text, then := p.handle(req.PostForm)
		_, err = io.WriteString(conn, text)
		switch {
		case then == hangs:
			_, _ = io.Copy(io.Discard, conn)
			return
		case then == cuts, err != nil:
			return
		}
	}
}

// react serves a stream of HTTP/2.
func (p *soakPlatform) react(c *selftest.HTTP2Conn, stream uint32, n int64) {
	form, err := url.ParseQuery(c.Bodies[stream])
	if err != nil {
		panic(err)
	}
	text, then := p.handle(form)
	switch whole := c.Respond(stream, text); {
	case then == hangs:
	case whole && then == cuts && n%4 == 0:
		c.GoAway(stream) // later streams on this connection get no response
		_ = c.Close()
	case whole:
	case n%32 == 0:
		_ = c.Close()
	default:
		c.Reset(stream, []byte{selftest.ProtocolError, selftest.InternalError, selftest.RefusedStream}[n%3])
	}
}

// An aftermath is what the platform does after a response.
type aftermath int

const (
	goesOn aftermath = iota
	hangs            // until the client leaves
	cuts
)

// handle executes a request, and returns the response, whole or in part.
func (p *soakPlatform) handle(form url.Values) (text string, then aftermath) {
	if !selftest.Signed(form) {
		return "", cuts
	}
	id, err := strconv.Atoi(form.Get("msisdn") + form.Get("msisdns") + form.Get("iccid"))
	if err != nil {
		panic(err)
	}
	attempt := p.received[id].Add(1)
	now := time.Now().Add(time.Duration(p.ahead.Load()) * time.Second)
	say := func(status int, body string) string {
		return fmt.Sprintf("HTTP/1.1 %d x\r\nDate: %s\r\nContent-Length: %d\r\n\r\n%s",
			status, selftest.HTTPDate(now), len(body), body)
	}
	if !selftest.OnTime(form, now) {
		return say(200, selftest.RefusedForTime), goesOn
	}
	chance := dice(1, uint64(id)<<8|uint64(attempt)).IntN(200) // half a percent each
	if chance >= 7 {
		p.executed[id].Add(1)
	}
	const format = `{"resultCode":0,"iccid":"1","msisdn":"%[1]d","orderNo":"R%[1]d","successList":[{"msisdn":"%[1]d"}]}`
	success := fmt.Sprintf(format, id)
	switch chance {
	case 0, 7, 8: // no response
		return "", cuts
	case 1, 9: // likewise
		return "", hangs
	case 2, 3:
		return say(429, ""), goesOn
	case 4:
		return say(503, ""), goesOn
	case 5:
		return say(200, `{"resultCode":1,"errorMessage":"no"}`), goesOn
	case 6:
		return say(404, selftest.HTMLPage), goesOn
	case 10:
		return say(500, selftest.HTMLPage), goesOn
	case 11:
		return say(200, selftest.HTMLPage), goesOn
	case 12, 13: // a response that breaks off
		text = say(200, success)
		return text[:len(text)-1-id%len(success)], cuts
	case 14: // on a connection that the client may be using again
		return say(200, success), cuts
	}
	return say(200, success), goesOn
}

// A soakPath connects one of the clients to the platform. It refuses some dials, and lets connections go silent.
type soakPath struct {
	client    *quecloud.Client
	dials     atomic.Uint64
	open      atomic.Int64 // connections
	swallowed atomic.Int64 // writes
	mu        sync.Mutex
	conns     []*soakConn
}

// newSoakPath returns a path over a transport.
func newSoakPath(t *testing.T, url string, transport *http.Transport) *soakPath {
	t.Helper()
	path := &soakPath{}
	transport.DialContext = path.dial
	path.client = selftest.NewClient(t, transport, quecloud.WithBaseURL(url), quecloud.WithTimeout(200*time.Millisecond),
		quecloud.WithRetry(quecloud.RetryPolicy{
			MaxAttempts: 3, BaseDelay: 2 * time.Millisecond, MaxDelay: 4 * time.Millisecond,
		}))
	return path
}

func (p *soakPath) dial(ctx context.Context, network, addr string) (net.Conn, error) {
	if dice(2, p.dials.Add(1)).IntN(10) == 0 {
		return nil, &net.OpError{Op: "dial", Net: network, Err: syscall.ECONNREFUSED}
	}
	conn, err := new(net.Dialer).DialContext(ctx, network, addr)
	if err != nil {
		return nil, err
	}
	c := &soakConn{Conn: conn, path: p}
	p.open.Add(1)
	p.mu.Lock()
	defer p.mu.Unlock()
	p.conns = append(p.conns, c)
	return c, nil
}

// silence silences every n-th of the connections made so far.
func (p *soakPath) silence(n int) {
	p.mu.Lock()
	defer p.mu.Unlock()
	for i, conn := range p.conns {
		if i%n == 0 {
			conn.silent.Store(true)
		}
	}
}

type soakConn struct {
	net.Conn
	path   *soakPath
	silent atomic.Bool
	once   sync.Once
}

func (c *soakConn) Write(b []byte) (int, error) {
	if c.silent.Load() {
		c.path.swallowed.Add(1)
		return len(b), nil
	}
	return c.Conn.Write(b)
}

func (c *soakConn) Close() error {
	c.once.Do(func() { c.path.open.Add(-1) })
	return c.Conn.Close()
}

func TestSoak(t *testing.T) {
	calls := soakCalls
	if testing.Short() {
		calls = soakShort
	}
	p := &soakPlatform{received: make([]atomic.Int32, calls), executed: make([]atomic.Int32, calls)}
	errs := make([]error, calls)
	// All goroutines started here, directly or not, inherit the label.
	pprof.Do(t.Context(), pprof.Labels("soak", "yes"), func(ctx context.Context) {
		plain, err := net.Listen("tcp", "127.0.0.1:0")
		require.NoError(t, err)
		secure := selftest.ListenHTTP2(t)
		var listening sync.WaitGroup
		listening.Go(func() { selftest.Accept(plain, p.serve) })
		listening.Go(func() { selftest.Accept(secure, (&selftest.HTTP2Platform{React: p.react}).Serve) })
		http1 := newSoakPath(t, "http://"+plain.Addr().String(), selftest.OwnTransport(t))
		http2 := newSoakPath(t, "https://"+secure.Addr().String(), &http.Transport{
			ForceAttemptHTTP2: true, TLSClientConfig: selftest.ClientTLS(),
		})
		start := time.Now()
		p.callAll(ctx, http1, http2, errs)
		t.Logf("%d calls in %v, over %d and %d connections", calls, time.Since(start), http1.dials.Load(), http2.dials.Load())
		assert.Eventually(t, func() bool { return http1.open.Load() <= 64 }, 10*time.Second, time.Millisecond, "connections")
		for _, path := range []*soakPath{http1, http2} {
			assert.NotZero(t, path.swallowed.Load(), "no connection went silent")
			require.Eventually(t, func() bool {
				path.client.CloseIdleConnections()
				return path.open.Load() == 0
			}, 10*time.Second, time.Millisecond, "connections are left")
		}
		require.NoError(t, plain.Close())
		require.NoError(t, secure.Close())
		listening.Wait()
	})
	p.account(t, errs)
	ended := func() bool { return labelled(t, "soak") == 0 }
	require.Eventually(t, ended, 10*time.Second, time.Millisecond, "goroutines are left")
}

// callAll makes all calls, an eighth of them over HTTP/2, and cancels some after less than 2 ms. Half-way the
// platform's clock jumps; before and after that, connections go silent.
func (p *soakPlatform) callAll(ctx context.Context, http1, http2 *soakPath, errs []error) {
	var next atomic.Int64
	var callers sync.WaitGroup
	for range soakCallers {
		callers.Go(func() {
			for id := int(next.Add(1)) - 1; id < len(errs); id = int(next.Add(1)) - 1 {
				switch id {
				case len(errs) / 2:
					p.ahead.Store(600)
				case len(errs) / 4, len(errs) / 4 * 3:
					http1.silence(2)
					http2.silence(1)
				}
				path := http1
				if id%8 == 7 {
					path = http2
				}
				ctx, cancel := context.WithCancel(ctx)
				if id%97 == 0 {
					time.AfterFunc(time.Duration(dice(3, uint64(id)).IntN(2000))*time.Microsecond, cancel)
				}
				errs[id] = soakKinds[id%len(soakKinds)].call(ctx, path.client, id)
				cancel()
			}
		})
	}
	callers.Wait()
}

// account compares the end of every call with what the platform did.
func (p *soakPlatform) account(t *testing.T, errs []error) {
	t.Helper()
	endings := map[string]int{}
	for id, err := range errs {
		kind := soakKinds[id%len(soakKinds)].name
		times, end, possible := p.executed[id].Load(), "success", false
		switch {
		case err == nil:
			possible = times == 1 || times > 1 && kind == "read"
		case errors.Is(err, quecloud.ErrOutcomeUnknown):
			end = "unknown outcome"
			possible = kind != "read" && times <= 1
		default:
			end = "failure"
			possible = times == 0 || kind == "read"
			possible = possible && !errors.Is(err, errForeignResponse) && strings.HasPrefix(err.Error(), "quecloud: ")
		}
		require.True(t, possible, "call %d, %s: executed %d times, ended with %s: %v", id, kind, times, end, err)
		require.LessOrEqual(t, p.received[id].Load(), int32(4), "3 attempts, and one with a corrected clock")
		endings[kind+", "+end]++
	}
	t.Log(endings)
	for _, kind := range soakKinds {
		assert.NotZero(t, endings[kind.name+", success"])
		assert.NotZero(t, endings[kind.name+", failure"])
		assert.Equal(t, kind.name != "read", endings[kind.name+", unknown outcome"] > 0, kind.name)
	}
}

var labelledGoroutines = regexp.MustCompile(`(?m)^(\d+) @.*\n# labels: .*"(\w+)":`)

// labelled returns how many goroutines have the label.
func labelled(t *testing.T, label string) (n int) {
	var profile bytes.Buffer
	assert.NoError(t, pprof.Lookup("goroutine").WriteTo(&profile, 1))
	for _, match := range labelledGoroutines.FindAllStringSubmatch(profile.String(), -1) {
		if count, err := strconv.Atoi(match[1]); err == nil && match[2] == label {
			n += count
		}
	}
	return n
}
