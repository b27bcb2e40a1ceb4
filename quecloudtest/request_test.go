package quecloudtest_test

import (
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/quecloud/quecloud-go/quecloudtest"
)

func TestRequestRecordsTheExchange(t *testing.T) {
	t.Parallel()
	srv, _ := start(t)
	f := newForeign(t, srv)
	form := f.form("card.info", "msisdn", "1064800000000")
	body := "msisdn=" + form.Get("msisdn")
	form.Del("msisdn")
	req, err := http.NewRequest(http.MethodPost, srv.URL+"/more?"+form.Encode(), strings.NewReader(body))
	require.NoError(t, err)
	for name, value := range map[string]string{
		"Content-Type": "application/x-www-form-urlencoded", "X-Trace": "7", "Authorization": "canary", "Cookie": "canary",
		"X-Api-Key": "canary", "X-Auth-Token": "canary", "X-App-Secret": "canary", "X-Large": strings.Repeat("x", 5000),
	} {
		req.Header.Set(name, value)
	}
	resp, err := http.DefaultClient.Do(req)
	res := read(t, resp, err)
	require.EqualValues(t, 0, res.code())
	r := srv.Requests()[0]
	assert.EqualValues(t, 1, r.ID)
	assert.Equal(t, "/openapi/router/more", r.Path)
	assert.Equal(t, []string{"appKey", "method", "sign", "t"}, r.InQuery)
	assert.Equal(t, "1064800000000", r.Params["msisdn"])
	assert.Equal(t, res.body, r.Response)
	assert.Equal(t, len(res.body), r.ResponseSize)
	assert.Equal(t, "7", r.Header.Get("X-Trace"))
	for _, name := range []string{"Authorization", "Cookie", "X-Api-Key", "X-Auth-Token", "X-App-Secret"} {
		assert.Equal(t, "(hidden)", r.Header.Get(name), name)
	}
	assert.NotContains(t, r.Header, "X-Large")
	assert.WithinDuration(t, time.Now(), r.Arrived, time.Hour)
	assert.True(t, srv.Now().Equal(r.Time))
}

func TestRequestRecordsThePartOfTheResponseThatWasSent(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct {
		fault    quecloudtest.Fault
		response string
		size     int
	}{
		"cut":       {quecloudtest.CutAfter(), "", 0},
		"truncated": {quecloudtest.Truncate(5), `{"res`, 5},
		"cut body":  {quecloudtest.CutBody(4), `{"re`, 4},
		"replaced":  {quecloudtest.HTTPStatus(503).Body("busy"), "busy", 4},
		"no text":   {quecloudtest.HTTPStatus(200).Body("\xff\xfe"), "", 2},
		"long": {
			quecloudtest.HTTPStatus(200).Body("x" + strings.Repeat("温", 3000)), "x" + strings.Repeat("温", 1365), 9001,
		},
	} {
		srv := quecloudtest.NewUnstartedServer(quecloudtest.WithFaults(test.fault))
		if resp, err := roundTrip(srv, newForeign(t, srv).form("account.info")); err == nil {
			resp.Body.Close()
		}
		r := srv.Requests()[0]
		srv.Close()
		assert.Equal(t, test.response, r.Response, name)
		assert.Equal(t, test.size, r.ResponseSize, name)
	}
}
