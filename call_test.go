package quecloud_test

import (
	"context"
	"io"
	"net/http"
	"net/url"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/iotest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/quecloud/quecloud-go"
	"github.com/quecloud/quecloud-go/internal/selftest"
)

func TestCallSignsEachAttemptAnew(t *testing.T) {
	t.Parallel()
	now := time.Unix(1732605510, 0)
	var mu sync.Mutex
	ticking := func() time.Time { // one second later each time
		mu.Lock()
		defer mu.Unlock()
		now = now.Add(time.Second)
		return now
	}
	client, s := selftest.Scripted(t,
		[]selftest.Step{{Status: 429}, {Unsent: io.EOF}, {Status: 429}, {Body: selftest.Success}},
		quecloud.WithClock(ticking))
	receipt, err := client.Orders.Recharge(t.Context(), &quecloud.RechargeParams{
		Card: quecloud.ICCID(selftest.ICCID1), ProductID: 50, ProductName: "30M-当月", ExternalID: "order 1/é",
	})
	require.NoError(t, err)
	assert.Equal(t, "order 1/é", receipt.ExternalID)
	require.Len(t, s.Forms(), 3)
	seen := map[string]bool{}
	for _, form := range s.Forms() {
		assert.Equal(t, "order 1/é", form.Get("externalId"))
		assert.Equal(t, quecloud.Sign(selftest.Secret, form), form.Get("sign"))
		assert.False(t, seen[form.Get("t")], "t is used twice")
		seen[form.Get("t")] = true
		form.Del("t")
		form.Del("sign")
		assert.Equal(t, url.Values{
			"appKey": {"000001"}, "method": {"fc.function.card.recharge"}, "iccid": {selftest.ICCID1}, "productId": {"50"},
			"productName": {"30M-当月"}, "externalId": {"order 1/é"},
		}, form)
	}
}

func TestCallDoesNotRetryAnUnknownMethodThatMayHaveArrived(t *testing.T) {
	t.Parallel()
	client, s := selftest.Scripted(t, []selftest.Step{{Err: io.ErrUnexpectedEOF}, {Body: selftest.Success}})
	err := client.Call(t.Context(), "fc.function.card.new", map[string]string{"a": "1"}, nil)
	require.ErrorIs(t, err, quecloud.ErrOutcomeUnknown)
	require.ErrorIs(t, err, io.ErrUnexpectedEOF)
	assert.Equal(t, 1, s.Attempts())
}

func TestCallKeepsNothingOfTheAttemptBefore(t *testing.T) {
	t.Parallel()
	client, _ := selftest.Scripted(t, []selftest.Step{
		{
			Status: 503, Body: `{"resultCode":1,"errorMessage":"busy","page":{"page":9},"cards":[{"iccid":"old","imei":"old"}]}`,
		},
		{Body: `{"resultCode":0,"cards":[{"iccid":"new"}]}`},
	})
	list, err := client.Cards.List(t.Context(), nil)
	require.NoError(t, err)
	assert.Equal(t, &quecloud.CardList{Cards: []quecloud.Card{{ICCID: "new"}}}, list)
}

func TestCallLeavesNoAttemptInTheCallersContext(t *testing.T) {
	t.Parallel()
	client, s := selftest.Scripted(t, []selftest.Step{{Err: io.EOF}, {Status: 503}, {Body: selftest.Success}})
	ctx := &parentContext{Context: t.Context(), done: make(chan struct{})}
	seen := int32(0)
	s.Steps[2].Stream = func(context.Context) io.Reader {
		seen = ctx.children.Load()
		return strings.NewReader(selftest.Success)
	}
	require.NoError(t, selftest.Read(ctx, client))
	assert.EqualValues(t, 1, seen, "the current attempt")
	assert.Zero(t, ctx.children.Load())
}

func TestCallClosesTheBodyOfEveryResponse(t *testing.T) {
	t.Parallel()
	for name, response := range map[string]struct {
		status int
		text   io.Reader
	}{
		"success":   {200, strings.NewReader(selftest.Success)},
		"error":     {503, strings.NewReader(selftest.HTMLPage)},
		"too large": {200, new(selftest.Endless)},
		"broken":    {200, io.MultiReader(strings.NewReader("{"), iotest.ErrReader(io.ErrUnexpectedEOF))},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			body := &closableBody{Reader: response.text}
			client := selftest.NewClient(t, selftest.TransportFunc(func(*http.Request) (*http.Response, error) {
				return &http.Response{StatusCode: response.status, Body: body}, nil
			}))
			err := client.Cards.Pause(t.Context(), quecloud.MSISDN(selftest.MSISDN1))
			assert.Equal(t, name != "success", err != nil)
			assert.Equal(t, 1, body.closed)
		})
	}
}

// A parentContext counts its child contexts that have not ended.
type parentContext struct {
	context.Context
	done     chan struct{}
	children atomic.Int32
}

func (p *parentContext) Done() <-chan struct{} { return p.done }

func (p *parentContext) AfterFunc(func()) (stop func() bool) {
	p.children.Add(1)
	return func() bool {
		p.children.Add(-1)
		return true
	}
}

type closableBody struct {
	io.Reader
	closed int
}

func (b *closableBody) Close() error {
	b.closed++
	return nil
}
