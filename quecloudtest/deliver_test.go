package quecloudtest_test

import (
	"encoding/json"
	"io"
	"net/http"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/quecloud/quecloud-go"
	"github.com/quecloud/quecloud-go/quecloudtest"
)

// contents returns the content of the SMS in the deliveries so far.
func contents(t *testing.T, all []quecloudtest.Delivery) string {
	t.Helper()
	var texts []string
	for _, d := range all {
		var e quecloudtest.SMSEvent
		require.NoError(t, json.Unmarshal([]byte(d.Body), &e))
		texts = append(texts, e.Content)
	}
	return strings.Join(texts, " ")
}

// responding returns an option for a receiver of callbacks that sends responses in turn, then the last one again.
func responding(responses ...string) quecloudtest.Option {
	n := 0
	return quecloudtest.WithCallbackClient(&http.Client{Transport: quecloudtest.HandlerTransport(http.HandlerFunc(
		func(w http.ResponseWriter, _ *http.Request) {
			response := responses[min(n, len(responses)-1)]
			n++
			if response == "500" {
				w.WriteHeader(http.StatusInternalServerError)
			}
			io.WriteString(w, response)
		}))})
}

func TestRedeliverDuplicatesAndReorders(t *testing.T) {
	t.Parallel()
	srv := quecloudtest.NewUnstartedServer(responding("success"), quecloudtest.WithTime(noon),
		quecloudtest.WithSMSCallback("https://app.invalid/sms"))
	defer srv.Close()
	card := "1064800000000"
	srv.ReceiveSMS(card, "a")
	srv.ReceiveSMS(card, "b")
	got := srv.Redeliver(2, 1, 1)
	assert.Equal(t, "b a a", contents(t, got))
	assert.Equal(t, "a b b a a", contents(t, srv.Deliveries()))
	for i, d := range srv.Deliveries() {
		assert.EqualValues(t, i+1, d.ID)
		assert.Equal(t, []int64{1, 2, 2, 1, 1}[i], d.CallbackID)
		assert.Equal(t, []int{1, 1, 2, 2, 3}[i], d.Attempt)
		assert.Equal(t, quecloudtest.CallbackSMS, d.Kind)
		assert.Equal(t, srv.Now(), d.Time)
		assert.True(t, d.OK)
	}

	srv.HoldCallbacks()
	for _, content := range []string{"c", "d", "e"} {
		srv.ReceiveSMS(card, content)
	}
	require.Len(t, srv.Deliveries(), 5, "held")
	held := srv.HeldCallbacks()
	assert.Equal(t, "c d e", contents(t, held))
	assert.EqualValues(t, 3, held[0].CallbackID)
	assert.Equal(t, "e e", contents(t, srv.Redeliver(5, 5)))
	assert.Equal(t, "c d", contents(t, srv.HeldCallbacks()))
	srv.ReleaseCallbacks()
	assert.Equal(t, "e e c d", contents(t, srv.Deliveries()[5:]))
	assert.Empty(t, srv.HeldCallbacks())
	srv.ReceiveSMS(card, "f")
	assert.Equal(t, "f", contents(t, srv.Deliveries()[9:]))

	assert.PanicsWithValue(t, "quecloudtest: Redeliver: no callback 7", func() { srv.Redeliver(1, 7) })
	assert.Len(t, srv.Deliveries(), 10, "a call that panics delivers nothing")
}

func TestRedeliverHasNoRetries(t *testing.T) {
	t.Parallel()
	srv := quecloudtest.NewUnstartedServer(responding("success", "later"), quecloudtest.WithCallbackRetries(3),
		quecloudtest.WithSMSCallback("https://app.invalid/sms"))
	defer srv.Close()
	srv.ReceiveSMS("1064800000000", "a")
	srv.SetSMSCallback("")
	got := srv.Redeliver(1)
	assert.False(t, got[0].OK)
	assert.Equal(t, "https://app.invalid/sms", got[0].URL)
	srv.WaitCallbacks()
	assert.Len(t, srv.Deliveries(), 2)
}

func TestDeliveryErrorSaysWhatIsWanted(t *testing.T) {
	t.Parallel()
	for response, want := range map[string]struct{ sms, order string }{
		"success\n": {
			`want the body "success", got "success\n"`, `want the body {"code":200,"msg":""}, got "success\n"`,
		},
		`{"code":0}`: {
			`want the body "success", got "{\"code\":0}"`, `want the body {"code":200,"msg":""}, got "{\"code\":0}"`,
		},
		"": {`want the body "success", got ""`, `want the body {"code":200,"msg":""}, got ""`},
		"500": {
			`want HTTP 2xx and the body "success", got HTTP 500 and "500"`,
			`want HTTP 2xx and the body {"code":200,"msg":""}, got HTTP 500 and "500"`,
		},
		strings.Repeat("x", 9000): {
			`want the body "success", got "` + strings.Repeat("x", 60) + `" and more, 1025 bytes or more`,
			`want the body {"code":200,"msg":""}, got "` + strings.Repeat("x", 60) + `" and more, 1025 bytes or more`,
		},
	} {
		srv := quecloudtest.NewUnstartedServer(responding(response), quecloudtest.WithSMSCallback("https://app.invalid/"),
			quecloudtest.WithOrderCallback("https://app.invalid/"))
		srv.ReceiveSMS("1064800000000", "x")
		_, err := srv.Client().Orders.Recharge(t.Context(), topUp("89860024310000000006"))
		require.NoError(t, err)
		srv.WaitCallbacks()
		srv.Close()
		d := srv.Deliveries()
		require.Len(t, d, 2)
		assert.EqualError(t, d[0].Err, want.sms)
		assert.EqualError(t, d[1].Err, want.order)
		assert.Equal(t, quecloudtest.CallbackOrder, d[1].Kind)
	}
}

func TestHoldSurvivesSnapshots(t *testing.T) {
	t.Parallel()
	srv := quecloudtest.NewUnstartedServer(responding("success"), quecloudtest.WithSMSCallback("https://app.invalid/sms"))
	defer srv.Close()
	srv.ReceiveSMS("1064800000000", "before")
	srv.HoldCallbacks()
	srv.ReceiveSMS("1064800000000", "\xce\xc2")
	state, err := json.Marshal(srv.Snapshot())
	require.NoError(t, err)
	srv.Reset()
	require.Empty(t, srv.HeldCallbacks())
	require.Empty(t, srv.Deliveries())
	require.NoError(t, srv.Load(state))
	require.Len(t, srv.HeldCallbacks(), 1)
	srv.ReleaseCallbacks()
	require.Len(t, srv.Deliveries(), 1)
	assert.Contains(t, srv.Deliveries()[0].Body, "\xce\xc2", "the bytes of a body that is not UTF-8")
}

// TestResetDropsRetries checks that a delivery under way during a Reset leaves no retry.
func TestResetDropsRetries(t *testing.T) {
	t.Parallel()
	arrived, release := make(chan struct{}), make(chan struct{})
	client := &http.Client{Transport: quecloudtest.HandlerTransport(http.HandlerFunc(
		func(w http.ResponseWriter, _ *http.Request) {
			arrived <- struct{}{}
			<-release
			io.WriteString(w, "later")
		}))}
	srv := quecloudtest.NewUnstartedServer(quecloudtest.WithTime(noon), quecloudtest.WithCallbackClient(client),
		quecloudtest.WithCallbackRetries(5), quecloudtest.WithSMSCallback("https://app.invalid/sms"))
	defer srv.Close()
	sendSMS(t, srv.Client(), quecloud.MSISDNs("1064800000000"), "x")
	<-arrived
	srv.Reset()
	close(release)
	srv.WaitCallbacks()
	assert.Len(t, srv.Deliveries(), 1)
	assert.Empty(t, srv.Snapshot().Callbacks.Waiting)
	assert.Empty(t, srv.Snapshot().Jobs)
}
