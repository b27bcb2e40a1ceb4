package main

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strings"
	"testing"

	"github.com/quecloud/quecloud-go"
	"github.com/quecloud/quecloud-go/quecloudtest"
)

const pauseMethod = "fc.function.card.pause"

// newStage returns a stand-in and the number of its cards in use over 100 MB.
func newStage(t *testing.T) (srv *quecloudtest.Server, n int) {
	srv = quecloudtest.NewUnstartedServer(quecloudtest.WithFleet(300))
	t.Cleanup(srv.Close)
	cards, err := cardsOver(t.Context(), srv.Client(), 100)
	if err != nil || len(cards) < 20 {
		t.Fatalf("%d cards, error %v", len(cards), err)
	}
	return srv, len(cards)
}

func TestSuspendChangesNothingWithoutApply(t *testing.T) {
	t.Parallel()
	srv, n := newStage(t)
	var out strings.Builder
	if err := suspend(t.Context(), srv.Client(), 100, false, &out); err != nil {
		t.Fatal(err)
	}
	if calls := len(srv.RequestsOf(pauseMethod)); calls != 0 {
		t.Errorf("%d cards were suspended", calls)
	}
	if shown := strings.Count(out.String(), "would suspend 8986"); shown != n {
		t.Errorf("it shows %d cards of %d", shown, n)
	}
}

func TestSuspendChangesNothingIfNotAllCardsWereRead(t *testing.T) {
	t.Parallel()
	srv, _ := newStage(t)
	srv.Inject(quecloudtest.Refuse(1, "busy").On("fc.function.card.list"))
	err := suspend(t.Context(), srv.Client(), 100, true, io.Discard)
	if calls := len(srv.RequestsOf(pauseMethod)); err == nil || calls != 0 {
		t.Errorf("error %v, %d cards were suspended", err, calls)
	}
}

func TestSuspendContinuesAFailedRun(t *testing.T) {
	t.Parallel()
	srv, n := newStage(t)
	srv.Inject(
		quecloudtest.Refuse(1, "busy").On(pauseMethod).Times(3),
		quecloudtest.CutAfter().On(pauseMethod).Times(2),
		quecloudtest.CutBefore().On(pauseMethod).Times(1),
	)
	var out strings.Builder
	if err := suspend(t.Context(), srv.Client(), 100, true, &out); err == nil {
		t.Error("no error")
	}
	want := fmt.Sprintf("%d suspended, 3 failed, 3 unknown, 0 not started\n", n-6)
	if !strings.HasSuffix(out.String(), want) {
		t.Errorf("the output is %q, want %q", out.String(), want)
	}
	before := len(srv.RequestsOf(pauseMethod))
	if err := suspend(t.Context(), srv.Client(), 100, true, io.Discard); err != nil {
		t.Fatal(err)
	}
	if retried := len(srv.RequestsOf(pauseMethod)) - before; retried != 4 {
		t.Errorf("%d cards were tried again, want the 4 that are still in use", retried)
	}
}

func TestSuspendFinishesItsCallsWhenStopped(t *testing.T) {
	t.Parallel()
	srv, n := newStage(t)
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	stop := func(ctx context.Context, info *quecloud.CallInfo, next func(context.Context) error) error {
		if info.Method == pauseMethod {
			cancel()
		}
		return next(ctx)
	}
	client, err := srv.Client().With(quecloud.WithInterceptor(stop))
	if err != nil {
		t.Fatal(err)
	}
	var out strings.Builder
	if err := suspend(ctx, client, 100, true, &out); err == nil {
		t.Error("no error")
	}
	calls := len(srv.RequestsOf(pauseMethod))
	want := fmt.Sprintf("%d suspended, 0 failed, 0 unknown, %d not started\n", calls, n-calls)
	if out.String() != want || calls == 0 || calls == n {
		t.Errorf("the output is %q, want %q", out.String(), want)
	}
}

// A card that moves to another page during the sweep comes twice.
func TestSuspendSuspendsACardOnceThatComesTwice(t *testing.T) {
	t.Parallel()
	const page = `{"resultCode":0,"page":{"page":%s,"totalPage":2},"cards":[
		{"iccid":"89860412091880130003","status":"正常","monthFlow":500},
		{"iccid":"8986041209188013001%[1]s","status":"正常","monthFlow":1}]}`
	paused := 0
	platform := responses(func(form url.Values) string {
		if form.Get("method") == pauseMethod {
			paused++
			return `{"resultCode":0}`
		}
		if number := form.Get("pageNo"); number != "1" && number != "2" {
			return `{"resultCode":0,"page":{"page":3,"totalPage":2},"cards":[]}`
		}
		return fmt.Sprintf(page, form.Get("pageNo"))
	})
	client, err := quecloud.NewClient("key", "secret", quecloud.WithHTTPClient(&http.Client{Transport: platform}))
	if err != nil {
		t.Fatal(err)
	}
	if err := suspend(t.Context(), client, 100, true, io.Discard); err != nil || paused != 1 {
		t.Errorf("error %v, suspended %d times", err, paused)
	}
}

// responses is a platform that responds with texts.
type responses func(form url.Values) string

func (f responses) RoundTrip(r *http.Request) (*http.Response, error) {
	body, err := io.ReadAll(r.Body)
	if err != nil {
		return nil, err
	}
	form, err := url.ParseQuery(string(body))
	response := io.NopCloser(strings.NewReader(f(form)))
	return &http.Response{StatusCode: http.StatusOK, Header: http.Header{}, Body: response}, err
}

func TestSuspendDemonstrationShowsCards(t *testing.T) {
	t.Setenv("QUECLOUD_APP_KEY", "")
	var out strings.Builder
	if err := run(t.Context(), 800, false, &out); err != nil || !strings.Contains(out.String(), "Nothing was changed") {
		t.Errorf("error %v, the output is %q", err, &out)
	}
}
