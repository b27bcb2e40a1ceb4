package selftest_test

import (
	"context"
	"crypto/hmac"
	"crypto/md5"
	"crypto/sha1"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/quecloud/quecloud-go"
	encoding "github.com/quecloud/quecloud-go/internal/gbk"
	"github.com/quecloud/quecloud-go/internal/selftest"
	"github.com/quecloud/quecloud-go/quecloudtest"
)

// troublePages say the same in two languages.
var troublePages = []string{"docs/troubleshooting.md", "docs/troubleshooting.zh-CN.md"}

// The tables of the page, in their order.
const (
	tableSymptoms   = 0
	tableSignatures = 1
	tablePages      = 2
	tableCallbacks  = 3
)

// The texts of the page are parts of errors that a call returns.
func TestTroubleshootingPageQuotesErrors(t *testing.T) {
	t.Parallel()
	steps := []selftest.Step{ // one for each row of the table
		{Body: `{"resultCode":1,"errorMessage":"签名错误"}`},
		{Body: `{"resultCode":70031,"errorMessage":"unauthorized"}`},
		{Body: `{"resultCode":1}`, Header: http.Header{"Date": {"Mon, 02 Jan 2006 15:04:05 GMT"}}},
		{Body: `{"resultCode":0,"list":[]}`},
		{Status: http.StatusForbidden, Body: selftest.HTMLPage},
		{Status: http.StatusNotFound, Body: selftest.HTMLPage},
		{Status: http.StatusFound, Header: http.Header{"Location": {"https://elsewhere.example/"}}},
		{Body: selftest.HTMLPage},
		{Wait: time.Hour},
		{Wait: time.Hour},
	}
	for _, page := range troublePages {
		table := tableOf(t, page, tableSymptoms)
		require.Len(t, table, len(steps), page)
		for i, cells := range table {
			synctest.Test(t, func(t *testing.T) {
				client, _ := selftest.Scripted(t, steps[i:i+1])
				err := client.Cards.Pause(t.Context(), quecloud.MSISDN(selftest.MSISDN1))
				if i == 3 {
					for _, err = range client.Cards.AllInfo(t.Context(), quecloud.MSISDNs(selftest.MSISDN1)) {
					}
				}
				require.Error(t, err, cells[0])
				assert.Contains(t, err.Error(), strings.Trim(cells[0], "`"), page)
			})
		}
	}
}

// Every mistake of the page is made, and explained in its words.
func TestTroubleshootingPageQuotesTheSimulator(t *testing.T) {
	t.Parallel()
	srv := quecloudtest.NewServer()
	defer srv.Close()
	sms := []string{
		"method", "fc.function.sms.send", "appKey", srv.AppKey, "t", strconv.FormatInt(srv.Now().Unix(), 10),
		"msisdns", "1064800000000", "content", "远程 重启",
	}
	alarm := slices.Concat(sms[:6], []string{"msisdn", "1064800000000", "alarmParam", "{}"})
	alarm[1] = "fc.function.card.alarm"
	joined := func(params []string, sorted bool, change func(string) string) string {
		var pairs []string
		for pair := range slices.Chunk(params, 2) {
			pairs = append(pairs, pair[0]+change(pair[1]))
		}
		if sorted {
			slices.Sort(pairs)
		}
		return strings.Join(pairs, "")
	}
	same := func(v string) string { return v }
	toGBK := func(v string) string { encoded, _ := encoding.Encode(v); return encoded }
	digest := func(text string) string { return fmt.Sprintf("%X", sha1.Sum([]byte(text))) }
	both := func(text string) string { return srv.Secret + text + srv.Secret }
	later := slices.Clone(sms)
	later[5] = strconv.FormatInt(srv.Now().Unix()+1, 10)
	mac := hmac.New(sha1.New, []byte(srv.Secret))
	mac.Write([]byte(both(joined(sms, true, same))))
	mistakes := []struct { // one for each row of the table
		params []string
		sign   string
	}{
		{sms, digest(both(joined(sms, false, same)))},
		{sms, digest(srv.Secret + joined(sms, true, same))},
		{sms, digest(srv.Secret + "\n" + joined(sms, true, same) + srv.Secret + "\n")},
		{sms, digest(both(joined(sms, true, url.QueryEscape)))},
		{sms, digest(both(joined(sms, true, toGBK)))},
		{sms, fmt.Sprintf("%X", md5.Sum([]byte(both(joined(sms, true, same)))))},
		{sms, fmt.Sprintf("%X", mac.Sum(nil))},
		{alarm, digest(both(joined(alarm, true, same)))},
		{sms, digest(both(joined(later, true, same)))},
	}
	for i, mistake := range mistakes {
		form := url.Values{"sign": {mistake.sign}}
		for pair := range slices.Chunk(mistake.params, 2) {
			form.Set(pair[0], pair[1])
		}
		resp, err := http.PostForm(srv.URL, form)
		require.NoError(t, err)
		require.NoError(t, resp.Body.Close())
		last := srv.Requests()[i].Mismatch
		require.NotNil(t, last)
		for language, guess := range []string{last.Guess, last.GuessZH} {
			table := tableOf(t, troublePages[language], tableSignatures)
			require.Len(t, table, len(mistakes))
			assert.True(t, strings.HasPrefix(guess, table[i][1]), "%s: %q, but it says %q", troublePages[language],
				table[i][1], guess)
		}
	}
}

// The statuses of the page are those of the handler.
func TestTroubleshootingPageListsTheStatusesOfCallbacks(t *testing.T) {
	t.Parallel()
	const token = "abcdefghijklmnopqrstuvwxyz012345"
	run := func(context.Context) error { return errors.New("no database") }
	handler := selftest.SMSCallback.Handler(run, quecloud.WithCallbackToken(token),
		quecloud.WithAllowedSources(netip.MustParsePrefix("192.0.2.0/24")), quecloud.WithBodyLimit(1000))
	request := func(method, query, body string) *http.Request {
		r := httptest.NewRequest(method, "/sms?token="+query, strings.NewReader(body))
		r.Header.Set("Content-Type", "application/json")
		return r
	}
	foreign, asText := request("POST", token, "{}"), request("POST", token, "{}")
	foreign.RemoteAddr = "198.51.100.7:1"
	asText.Header.Set("Content-Type", "text/plain")
	requests := []*http.Request{ // one for each row of the table
		request("POST", token, "{}"), request("POST", "wrong", "{}"), foreign, request("GET", token, ""),
		request("POST", token, strings.Repeat(" ", 1001)), asText, request("POST", token, selftest.SMSCallback.Body),
	}
	table := tableOf(t, troublePages[0], tableCallbacks)
	require.Len(t, table, len(requests))
	for i, r := range requests {
		w := httptest.NewRecorder()
		handler.ServeHTTP(w, r)
		assert.Equal(t, table[i][0], strconv.Itoa(w.Code), "%s: %s", table[i][1], w.Body)
	}
}

func TestTroubleshootingPageHasTheDefaultURL(t *testing.T) {
	t.Parallel()
	for _, page := range troublePages {
		assert.Contains(t, tableOf(t, page, tablePages)[1][2], "`"+quecloud.DefaultBaseURL+"`", page)
	}
}
