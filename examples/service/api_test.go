package main

import (
	"context"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/quecloud/quecloud-go/quecloudtest"
)

const wantedJSON = `{"iccid":"89860024310000000006","productId":50,"productName":"30M-当月"}`

func TestAPI(t *testing.T) {
	t.Parallel()
	platform := newPlatform(t)
	s := newService(t, newPath(t), platform)
	api := s.api()
	const url = "/topups/a/invoice-17"
	for _, c := range []struct {
		method, url, body string
		status            int
		response          string
	}{
		{method: "GET", url: url, status: 404, response: "no such top-up"},
		{method: "PUT", url: "/topups/b/invoice-17", body: wantedJSON, status: 404, response: "no such account"},
		{method: "PUT", url: url, body: `{"iccid":"8986"`, status: 400, response: "unexpected EOF"},
		{method: "PUT", url: url, body: `{"card":""}`, status: 400, response: `unknown field "card"`},
		{method: "PUT", url: url, body: wantedJSON, status: 202, response: `"state":"ordered","orderNo":"`},
		{method: "PUT", url: url, body: wantedJSON, status: 202, response: `"state":"ordered","orderNo":"`},
		{method: "PUT", url: url, body: strings.Replace(wantedJSON, "50", "53", 1), status: 409, response: "another top-up"},
		{method: "PUT", url: "/topups/a/bad", body: `{"productId":50}`, status: 400, response: "are required"},
		{method: "PUT", url: "/topups/a/bad", body: strings.Replace(wantedJSON, "50", "-5", 1), status: 200,
			response: `"state":"not_ordered","note":"quecloud: card.recharge: parameter productId`},
		{method: "POST", url: url, body: wantedJSON, status: 405},
		{method: "GET", url: "/metrics", status: 200, response: `"a fc.function.card.recharge ok": 1`},
		{method: "GET", url: "/metrics", status: 200, response: `"a fc.function.card.recharge param": 1`},
	} {
		w := httptest.NewRecorder()
		api.ServeHTTP(w, httptest.NewRequest(c.method, c.url, strings.NewReader(c.body)))
		assert.Equal(t, c.status, w.Code, "%s %s %s", c.method, c.url, c.body)
		assert.Contains(t, w.Body.String(), c.response, "%s %s %s", c.method, c.url, c.body)
	}
	assert.Len(t, platform.Orders(), 1)
	require.NoError(t, s.follow(t.Context(), s.accounts[0]))
	w := httptest.NewRecorder()
	api.ServeHTTP(w, httptest.NewRequest(http.MethodGet, url, nil))
	assert.Equal(t, 200, w.Code)
	assert.Contains(t, w.Body.String(), `"iccid":"89860024310000000006"`)
	assert.Contains(t, w.Body.String(), `"state":"done"`)
}

// A purchase goes on if its caller hangs up.
func TestAPIFinishesAPurchaseWithoutItsCaller(t *testing.T) {
	t.Parallel()
	ctx, hangUp := context.WithCancel(t.Context())
	platform := newPlatform(t, quecloudtest.WithObserver(func(quecloudtest.Request) { hangUp() }))
	s := newService(t, newPath(t), platform)
	r := httptest.NewRequestWithContext(ctx, "PUT", "/topups/a/invoice-17", strings.NewReader(wantedJSON))
	s.api().ServeHTTP(httptest.NewRecorder(), r)
	p, err := s.find(t.Context(), s.accounts[0], "invoice-17")
	require.NoError(t, err)
	assert.Equal(t, "ordered", p.State)
}

// When the service is told to stop, it finishes the requests under way.
func TestServiceStopsGracefully(t *testing.T) {
	t.Parallel()
	ctx, stop := context.WithCancel(t.Context())
	arrived, released := make(chan struct{}), make(chan struct{})
	platform := newPlatform(t, quecloudtest.WithObserver(func(r quecloudtest.Request) {
		if r.Method == "fc.function.card.recharge" {
			close(arrived)
			<-released
		}
	}))
	s := newService(t, newPath(t), platform)
	s.above = 2 // no card
	callbacks, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	api, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	ended, responded := make(chan error, 1), make(chan error, 1)
	go func() { ended <- s.run(ctx, callbacks, api) }()
	go func() {
		_, err := request(http.MethodPut, "http://"+api.Addr().String()+"/topups/a/invoice-17", wantedJSON)
		responded <- err
	}()
	<-arrived
	require.Eventually(t, func() bool {
		return count(t, s.db, `SELECT count(*) FROM progress WHERE done`) == 3
	}, enough, time.Millisecond, "the night is complete")
	stop()
	require.Eventually(t, func() bool {
		conn, err := net.Dial("tcp", callbacks.Addr().String())
		if err == nil {
			_ = conn.Close()
		}
		return err != nil
	}, enough, time.Millisecond, "it accepts no more connections")
	select {
	case err := <-ended:
		require.Fail(t, "it did not wait for the request", "error %v", err)
	default:
	}
	close(released)
	require.NoError(t, <-responded)
	require.NoError(t, <-ended)
	assert.Equal(t, "ordered", must(s.find(t.Context(), s.accounts[0], "invoice-17")).State, "no call was cut off")
}

func TestServiceEndsIfItCannotServe(t *testing.T) {
	t.Parallel()
	s := newService(t, newPath(t), newPlatform(t))
	callbacks, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	api, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	require.NoError(t, api.Close())
	require.ErrorIs(t, s.run(t.Context(), callbacks, api), net.ErrClosed)
}

// An SMS is stored once, whatever its text is.
func TestCallbackStoresAnSMSOnce(t *testing.T) {
	t.Parallel()
	s := newService(t, newPath(t), newPlatform(t))
	handler := s.callbacks(newDedupStore(s.db))
	send := func(url, text string) int {
		r := httptest.NewRequest(http.MethodPost, url, strings.NewReader(
			`{"type":"inbox","msisdn":"1064800000000","sms_id":"1","content":"`+text+`","recievetime":"2026-11-20 12:00:00"}`))
		r.Header.Set("Content-Type", "application/json")
		w := httptest.NewRecorder()
		handler.ServeHTTP(w, r)
		return w.Code
	}
	for range 2 {
		assert.Equal(t, http.StatusOK, send("/quecloud/a/sms?token=token", "21.5 \xa1\xe6"))
	}
	assert.Equal(t, http.StatusUnauthorized, send("/quecloud/a/sms?token=other", "22"))
	assert.Equal(t, http.StatusNotFound, send("/quecloud/b/sms?token=token", "22"))
	var content []byte
	require.NoError(t, s.db.QueryRow(`SELECT content FROM sms WHERE card = '1064800000000'`).Scan(&content))
	assert.Equal(t, "21.5 \xa1\xe6", string(content))
	assert.Equal(t, 1, count(t, s.db, `SELECT count(*) FROM sms`))
}
