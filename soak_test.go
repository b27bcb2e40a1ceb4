package quecloud

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
)

// The soak makes 100,000 calls, or 5,000 with -short. With the race detector and two cores that takes about 20 seconds.
const (
	soakCalls   = 100_000
	soakShort   = 5_000
	soakCallers = 64
	soakSeed    = 20241126
)

// soakKinds are the calls of the soak, each about a card or order of its own. They check that the answer is theirs.
var soakKinds = []struct {
	name string
	call func(context.Context, *Client, int) error
}{
	{"read", func(ctx context.Context, c *Client, id int) error {
		info, err := c.Cards.Info(ctx, MSISDN(strconv.Itoa(id)))
		return answered(err, func() bool { return info.MSISDN == strconv.Itoa(id) })
	}},
	{"set", func(ctx context.Context, c *Client, id int) error {
		return c.Cards.Pause(ctx, MSISDN(strconv.Itoa(id)))
	}},
	{"once", func(ctx context.Context, c *Client, id int) error {
		sent, err := c.SMS.Send(ctx, &SMSSendParams{Cards: MSISDNs(strconv.Itoa(id)), Content: testContent})
		return answered(err, func() bool { return sent.Sent[0].MSISDN == strconv.Itoa(id) })
	}},
	{"spend", func(ctx context.Context, c *Client, id int) error {
		receipt, err := c.Orders.Recharge(ctx, &RechargeParams{ICCID: fmt.Sprintf("%019d", id), ProductID: 50, ProductName: "30M"})
		return answered(err, func() bool { return receipt.OrderNo == fmt.Sprint("R", id) })
	}},
	{"spend with ExternalID", func(ctx context.Context, c *Client, id int) error {
		receipt, err := c.Orders.Renew(ctx, &RenewalParams{ICCID: fmt.Sprintf("%019d", id), Years: 1, ExternalID: fmt.Sprint("order ", id)})
		return answered(err, func() bool { return receipt.OrderNo == fmt.Sprint("R", id) })
	}},
}

var errForeignAnswer = errors.New("the answer is that of another call")

func answered(err error, mine func() bool) error {
	if err == nil && !mine() {
		return errForeignAnswer
	}
	return err
}

// A soakPlatform lets things go wrong by chance. What befalls an attempt of a call is the same in every run.
type soakPlatform struct {
	ahead    atomic.Int64   // of its clock, in seconds
	received []atomic.Int32 // by call
	executed []atomic.Int32

	dials atomic.Uint64
	open  atomic.Int64 // connections, on the client's side
}

// dice are those of something.
func dice(what, n uint64) *rand.Rand { return rand.New(rand.NewPCG(soakSeed+what, n)) }

// listen serves connections until the listener is closed and the clients have gone.
func (p *soakPlatform) listen(listener net.Listener) {
	var serving sync.WaitGroup
	for {
		conn, err := listener.Accept()
		if err != nil {
			serving.Wait()
			return
		}
		serving.Go(func() {
			defer conn.Close()
			for requests := bufio.NewReader(conn); p.serve(conn, requests); {
			}
		})
	}
}

// serve answers one request, and reports whether the connection stands for another.
func (p *soakPlatform) serve(conn net.Conn, requests *bufio.Reader) bool {
	req, err := http.ReadRequest(requests)
	if err != nil || req.ParseForm() != nil || Sign(testSecret, req.PostForm) != req.PostForm.Get("sign") {
		return false // the caller has gone in the middle of it
	}
	id, err := strconv.Atoi(req.PostForm.Get("msisdn") + req.PostForm.Get("msisdns") + req.PostForm.Get("iccid"))
	if err != nil {
		panic(err)
	}
	attempt := p.received[id].Add(1)
	now := time.Now().Add(time.Duration(p.ahead.Load()) * time.Second)
	say := func(status int, body string) bool {
		date := now.UTC().Format(http.TimeFormat)
		_, err := fmt.Fprintf(conn, "HTTP/1.1 %d x\r\nDate: %s\r\nContent-Length: %d\r\n\r\n%s", status, date, len(body), body)
		return err == nil
	}
	if t, _ := strconv.ParseInt(req.PostForm.Get("t"), 10, 64); now.Sub(time.Unix(t, 0)).Abs() > maxSkew {
		return say(200, refusedForTime)
	}
	chance := dice(1, uint64(id)<<8|uint64(attempt)).IntN(200) // half a percent each
	if chance >= 7 {
		p.executed[id].Add(1)
	}
	answer := fmt.Sprintf(`{"resultCode":0,"iccid":"1","msisdn":"%d","orderNo":"R%d","successList":[{"msisdn":"%d"}]}`, id, id, id)
	switch chance {
	case 0, 7, 8: // no answer
		return false
	case 1, 9: // nor that, until the client goes
		_, _ = io.Copy(io.Discard, conn)
		return false
	case 2, 3:
		return say(429, "")
	case 4:
		return say(503, "")
	case 5:
		return say(200, `{"resultCode":1,"errorMessage":"no"}`)
	case 6:
		return say(404, htmlPage)
	case 10:
		return say(500, htmlPage)
	case 11:
		return say(200, htmlPage)
	case 12, 13: // an answer that breaks off
		_, _ = fmt.Fprintf(conn, "HTTP/1.1 200 x\r\nContent-Length: %d\r\n\r\n%s", len(answer), answer[:id%len(answer)])
		return false
	case 14: // and closes what the client may already be using again
		say(200, answer)
		return false
	}
	return say(200, answer)
}

// dial is refused now and then.
func (p *soakPlatform) dial(ctx context.Context, network, addr string) (net.Conn, error) {
	if dice(2, p.dials.Add(1)).IntN(10) == 0 {
		return nil, &net.OpError{Op: "dial", Net: network, Err: syscall.ECONNREFUSED}
	}
	conn, err := new(net.Dialer).DialContext(ctx, network, addr)
	if err != nil {
		return nil, err
	}
	p.open.Add(1)
	return &countedConn{Conn: conn, open: &p.open}, nil
}

type countedConn struct {
	net.Conn
	open *atomic.Int64
	once sync.Once
}

func (c *countedConn) Close() error {
	c.once.Do(func() { c.open.Add(-1) })
	return c.Conn.Close()
}

func TestSoak(t *testing.T) {
	calls := soakCalls
	if testing.Short() {
		calls = soakShort
	}
	p := &soakPlatform{received: make([]atomic.Int32, calls), executed: make([]atomic.Int32, calls)}
	errs := make([]error, calls)
	// All goroutines that are started in here, directly or not, inherit the label.
	pprof.Do(t.Context(), pprof.Labels("soak", "yes"), func(ctx context.Context) {
		listener, err := net.Listen("tcp", "127.0.0.1:0")
		require.NoError(t, err)
		var listening sync.WaitGroup
		listening.Go(func() { p.listen(listener) })
		transport := newTransport()
		transport.DialContext = p.dial
		client, err := NewClient("000001", testSecret, WithBaseURL("http://"+listener.Addr().String()),
			WithHTTPClient(&http.Client{Transport: transport}), WithTimeout(200*time.Millisecond),
			WithRetry(RetryPolicy{MaxAttempts: 3, BaseDelay: 2 * time.Millisecond, MaxDelay: 4 * time.Millisecond}))
		require.NoError(t, err)
		start := time.Now()
		p.callAll(ctx, client, errs)
		t.Logf("%d calls in %v, over %d connections", calls, time.Since(start), p.dials.Load())
		assert.Eventually(t, func() bool { return p.open.Load() <= maxConnections }, 10*time.Second, time.Millisecond, "connections")
		transport.CloseIdleConnections()
		require.Eventually(t, func() bool { return p.open.Load() == 0 }, 10*time.Second, time.Millisecond, "connections are left")
		require.NoError(t, listener.Close())
		listening.Wait()
	})
	p.account(t, errs)
	require.Eventually(t, func() bool { return labelled(t, "soak") == 0 }, 10*time.Second, time.Millisecond, "goroutines are left")
}

// callAll makes all calls, some of which have hardly any time. Half-way, the platform's clock jumps.
func (p *soakPlatform) callAll(ctx context.Context, client *Client, errs []error) {
	var next atomic.Int64
	var callers sync.WaitGroup
	for range soakCallers {
		callers.Go(func() {
			for id := int(next.Add(1)) - 1; id < len(errs); id = int(next.Add(1)) - 1 {
				if id == len(errs)/2 {
					p.ahead.Store(600)
				}
				ctx, cancel := context.WithCancel(ctx)
				if id%100 == 99 {
					time.AfterFunc(time.Duration(dice(3, uint64(id)).IntN(2000))*time.Microsecond, cancel)
				}
				errs[id] = soakKinds[id%len(soakKinds)].call(ctx, client, id)
				cancel()
			}
		})
	}
	callers.Wait()
}

// account compares how every call ended with what the platform did.
func (p *soakPlatform) account(t *testing.T, errs []error) {
	t.Helper()
	endings := map[string]int{}
	for id, err := range errs {
		kind := soakKinds[id%len(soakKinds)].name
		times, end, possible := p.executed[id].Load(), "success", false
		switch {
		case err == nil:
			possible = times == 1 || times > 1 && (kind == "read" || kind == "spend with ExternalID")
		case errors.Is(err, ErrOutcomeUnknown):
			end = "unknown outcome"
			possible = kind != "read" && (times <= 1 || kind == "spend with ExternalID")
		default:
			end = "failure"
			possible = times == 0 || kind == "read"
			possible = possible && !errors.Is(err, errForeignAnswer) && strings.HasPrefix(err.Error(), "quecloud: ")
		}
		require.True(t, possible, "call %d, %s: executed %d times, ended with %s: %v", id, kind, times, end, err)
		require.LessOrEqual(t, p.received[id].Load(), int32(4), "3 attempts, and one with a better clock")
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

// labelled returns how many goroutines have a label.
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
