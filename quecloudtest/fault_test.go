package quecloudtest_test

import (
	"context"
	"errors"
	"io"
	"net/http"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/quecloud/quecloud-go"
	"github.com/quecloud/quecloud-go/quecloudtest"
)

// pausable is a card in use.
var pausable = quecloud.MSISDN("1064800000000")

// TestFaultKinds applies each fault to a call that suspends a card, and checks the caller's error and the effect.
func TestFaultKinds(t *testing.T) {
	t.Parallel()
	unknown := func(err error) bool { return errors.Is(err, quecloud.ErrOutcomeUnknown) }
	noProtocol := func(err error) bool {
		var wrong *quecloud.ResponseError
		return errors.As(err, &wrong)
	}
	refused := func(code int) func(error) bool {
		return func(err error) bool {
			var refusal *quecloud.APIError
			return errors.As(err, &refusal) && refusal.Code == code && refusal.Message == "系统繁忙"
		}
	}
	for name, c := range map[string]struct {
		fault    quecloudtest.Fault
		seen     func(error) bool
		executed bool
		status   int
	}{
		"refusal":              {quecloudtest.Refuse(500, "系统繁忙"), refused(500), false, 200},
		"refusal after effect": {quecloudtest.Refuse(500, "系统繁忙").AfterEffect(), refused(500), true, 200},
		"status":               {quecloudtest.HTTPStatus(503), unknown, false, 503},
		"status after effect":  {quecloudtest.HTTPStatus(503).AfterEffect(), unknown, true, 503},
		"HTML":                 {quecloudtest.HTMLPage(200), noProtocol, false, 200},
		"garbage":              {quecloudtest.Garbage(), noProtocol, false, 200},
		"no body":              {quecloudtest.EmptyBody(), noProtocol, false, 200},
		"body of choice":       {quecloudtest.HTTPStatus(200).Body("{}"), noProtocol, false, 200},
		"cut before":           {quecloudtest.CutBefore(), unknown, false, 0},
		"cut after":            {quecloudtest.CutAfter(), unknown, true, 0},
		"truncated":            {quecloudtest.Truncate(10), noProtocol, true, 200},
		"cut in the body":      {quecloudtest.CutBody(10), unknown, true, 200},
		"cut after the header": {quecloudtest.CutBody(0), unknown, true, 200},
	} {
		for _, network := range []bool{true, false} {
			t.Run(name, func(t *testing.T) {
				t.Parallel()
				srv := quecloudtest.NewUnstartedServer(quecloudtest.WithTime(noon), quecloudtest.WithFaults(c.fault.Times(1)))
				defer srv.Close()
				if network {
					srv.Start()
				}
				client := srv.Client(quecloud.WithRetry(quecloud.RetryPolicy{MaxAttempts: 1}))
				if err := client.Cards.Pause(t.Context(), pausable); err == nil || !c.seen(err) {
					t.Errorf("the caller sees %v", err)
				}
				r := srv.Requests()[0]
				if r.Executed != c.executed || r.HTTPStatus != c.status || !r.Accepted ||
					!slices.Equal(r.Faults, []string{c.fault.String()}) {
					t.Errorf("recorded as %+v", r)
				}
				if suspended := card(t, srv, pausable.String()).Status == quecloudtest.StatusSuspended; suspended != c.executed {
					t.Errorf("the card is suspended: %v", suspended)
				}
				_, err := client.Billing.Account(t.Context())
				must(t, err)
			})
		}
	}
}

func TestFaultOnMethodsAndTimes(t *testing.T) {
	t.Parallel()
	srv, client := start(t)
	srv.Inject(
		quecloudtest.Refuse(7, "x").On("card.info", "fc.function.account.info").Times(2),
		quecloudtest.Refuse(8, "x").On("account.info").Times(1),
	)
	code := func(err error) int {
		if refused, ok := errors.AsType[*quecloud.APIError](err); ok {
			return refused.Code
		}
		must(t, err)
		return 0
	}
	account := func() int {
		_, err := client.Billing.Account(t.Context())
		return code(err)
	}
	_, err := client.Billing.Groups(t.Context())
	got := []int{code(err), account()}
	_, err = client.Cards.Info(t.Context(), pausable)
	got = append(got, code(err), account(), account())
	if want := []int{0, 7, 7, 8, 0}; !slices.Equal(got, want) {
		t.Errorf("the result codes are %v, want %v", got, want)
	}
	srv.Inject(quecloudtest.Refuse(9, "x"))
	got = []int{account(), account()}
	srv.ClearFaults()
	if got = append(got, account()); !slices.Equal(got, []int{9, 9, 0}) {
		t.Errorf("before and after ClearFaults the result codes are %v", got)
	}
}

func TestFaultProbabilityFollowsSeed(t *testing.T) {
	t.Parallel()
	run := func(seed uint64) (failed string) {
		srv, client := start(t, quecloudtest.WithSeed(seed), quecloudtest.WithFaults(
			quecloudtest.Refuse(1, "x").On("account.info").Probability(0.3),
			quecloudtest.CutBefore().On("account.info").Probability(0.2),
		))
		for range 200 {
			_, _ = client.Billing.Account(t.Context())
		}
		for _, r := range srv.Requests() {
			failed += strings.Join(r.Faults, "") + ","
		}
		return failed
	}
	first := run(5)
	if first != run(5) {
		t.Error("the same seed gives other faults")
	}
	if first == run(6) {
		t.Error("another seed gives the same faults")
	}
	refused, cut := strings.Count(first, "Refuse"), strings.Count(first, "Cut")
	if refused < 40 || refused > 80 || cut < 12 || cut > 45 {
		t.Errorf("%d refusals and %d cuts in 200 calls", refused, cut)
	}
	srv, client := start(t,
		quecloudtest.WithFaults(quecloudtest.CutBefore().Probability(0), quecloudtest.Refuse(3, "x").Probability(1)))
	for range 20 {
		_, err := client.Billing.Account(t.Context())
		wantRefused(t, err, "a fault with probability 1")
	}
	if f := srv.Requests()[0].Faults; !slices.Equal(f, []string{"Refuse(3)"}) {
		t.Errorf("the faults are %v", f)
	}
}

func TestFaultRetryAfterIsObeyedBySDK(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		srv := quecloudtest.NewUnstartedServer()
		defer srv.Close()
		srv.Inject(quecloudtest.HTTPStatus(http.StatusTooManyRequests).Header("Retry-After", "7").Times(1))
		begin := time.Now()
		must(t, srv.Client().Cards.Pause(t.Context(), pausable))
		if waited := time.Since(begin); waited < 7*time.Second || waited > 10*time.Second {
			t.Errorf("the client waited %v, want 7 s", waited)
		}
	})
}

func TestFaultLatencyBeforeAndAfterEffect(t *testing.T) {
	t.Parallel()
	for _, after := range []bool{false, true} {
		synctest.Test(t, func(t *testing.T) {
			srv := quecloudtest.NewUnstartedServer()
			defer srv.Close()
			fault := quecloudtest.Latency(3 * time.Second).On("card.pause")
			if after {
				fault = fault.AfterEffect()
			}
			srv.Inject(fault)
			ctx, cancel := context.WithTimeout(t.Context(), time.Second)
			defer cancel()
			err := srv.Client().Cards.Pause(ctx, pausable)
			if !errors.Is(err, context.DeadlineExceeded) {
				t.Errorf("got %v", err)
			}
			if did := srv.Requests()[0].Executed; did != after {
				t.Errorf("latency after effect: %v; executed: %v", after, did)
			}
			begin := time.Now()
			if after {
				err = srv.Client().Cards.Resume(t.Context(), pausable)
			} else {
				err = srv.Client().Cards.Pause(t.Context(), pausable)
			}
			must(t, err)
			want := 3 * time.Second
			if after {
				want = 0
			}
			if took := time.Since(begin); took != want {
				t.Errorf("the call took %v, want %v", took, want)
			}
		})
	}
}

// TestFaultCombinations combines latencies with faults that decide the response. Whether and when the call takes
// effect, depends on each fault alone.
func TestFaultCombinations(t *testing.T) {
	t.Parallel()
	const d = 3 * time.Second
	early, late := quecloudtest.Latency(d), quecloudtest.Latency(d).AfterEffect()
	lateDialect := quecloudtest.Speak(0).AfterEffect()
	for name, c := range map[string]struct {
		faults   []quecloudtest.Fault
		executed time.Duration // time of the effect; negative: none
		whole    time.Duration // time of the response
	}{
		"late latency, cut before":          {[]quecloudtest.Fault{late, quecloudtest.CutBefore()}, -1, d},
		"late latency, status":              {[]quecloudtest.Fault{late, quecloudtest.HTTPStatus(503)}, -1, d},
		"late latency, refusal":             {[]quecloudtest.Fault{late, quecloudtest.Refuse(9, "x")}, -1, d},
		"late dialect, status":              {[]quecloudtest.Fault{lateDialect, quecloudtest.HTTPStatus(503)}, -1, 0},
		"early latency, cut before":         {[]quecloudtest.Fault{early, quecloudtest.CutBefore()}, -1, d},
		"early latency, cut after":          {[]quecloudtest.Fault{early, quecloudtest.CutAfter()}, d, d},
		"early latency, late status":        {[]quecloudtest.Fault{early, quecloudtest.HTTPStatus(503).AfterEffect()}, d, d},
		"late latency, cut after":           {[]quecloudtest.Fault{late, quecloudtest.CutAfter()}, 0, d},
		"early latency and late, cut after": {[]quecloudtest.Fault{early, late, quecloudtest.CutAfter()}, d, 2 * d},
		"late latency and early, nothing":   {[]quecloudtest.Fault{late, early}, d, 2 * d},
		"two early latencies, cut body":     {[]quecloudtest.Fault{early, early, quecloudtest.CutBody(3)}, 2 * d, 2 * d},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				begin := time.Now()
				srv := quecloudtest.NewUnstartedServer(quecloudtest.WithFaults(c.faults...))
				defer srv.Close()
				_ = srv.Client(quecloud.WithRetry(quecloud.RetryPolicy{MaxAttempts: 1})).Cards.Pause(t.Context(), pausable)
				r := srv.Requests()[0]
				if r.Executed != (c.executed >= 0) || time.Since(begin) != c.whole {
					t.Errorf("executed: %v; response after %v, want %v", r.Executed, time.Since(begin), c.whole)
				}
				if at := r.Time.Sub(begin); r.Executed && at != c.executed {
					t.Errorf("it took effect after %v, want %v", at, c.executed)
				}
			})
		})
	}
}

func TestFaultCutBodySendsHeader(t *testing.T) {
	t.Parallel()
	srv, _ := start(t, quecloudtest.WithFaults(quecloudtest.CutBody(0)))
	resp, err := http.PostForm(srv.URL, newForeign(t, srv).form("account.info"))
	must(t, err)
	defer resp.Body.Close()
	body, err := io.ReadAll(resp.Body)
	if resp.ContentLength < 10 || len(body) != 0 || !errors.Is(err, io.ErrUnexpectedEOF) {
		t.Errorf("announced %d bytes, got %d, %v", resp.ContentLength, len(body), err)
	}
}

func TestFaultDateHeader(t *testing.T) {
	t.Parallel()
	srv, _ := start(t)
	client := newForeign(t, srv)
	srv.Inject(quecloudtest.NoDate().Times(1), quecloudtest.WrongDate(noon.Add(time.Hour)).On("wallet.details"))
	if res := client.call("account.info"); res.header["Date"] != nil {
		t.Errorf("Date is %v, want none", res.header["Date"])
	}
	if res := client.call("wallet.details"); res.code() != 0.0 ||
		res.header.Get("Date") != "Tue, 10 Mar 2026 05:00:00 GMT" {
		t.Errorf("Date is %v", res.header["Date"])
	}
}
