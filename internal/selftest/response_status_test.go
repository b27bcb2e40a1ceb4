package selftest_test

import (
	"errors"
	"fmt"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"

	"github.com/quecloud/quecloud-go"
	"github.com/quecloud/quecloud-go/internal/selftest"
)

// A statusCase is a response and the expected result of calls that get no other.
type statusCase struct {
	statuses []int
	body     string

	read, set, spend, send end
}

// An end says how many attempts a call makes, and how it ends.
type end struct {
	tries  int
	ending ending
	err    errorType // if it ends with an error
	result bool      // the caller gets a result
}

func TestResponseStatusAndResultCode(t *testing.T) {
	t.Parallel()
	const many = 3
	done := end{tries: 1, ending: succeeds, result: true}
	refused, refusedInDoubt := end{tries: 1, ending: fails, err: apiError}, end{tries: 1, ending: unsure, err: apiError}
	foreign, foreignInDoubt := end{tries: 1, ending: fails, err: responseError}, end{
		tries: 1, ending: unsure, err: responseError,
	}
	retriedRefusal, retriedForeign := end{tries: many, ending: fails, err: apiError}, end{
		tries: many, ending: fails, err: responseError,
	}
	errorStatuses := []int{300, 302, 307, 400, 401, 403, 404, 408, 409, 413, 422, 499}
	serverErrors := []int{500, 502, 503, 504}
	acted := []int{300, 302, 400, 402, 403, 404, 406, 408, 409, 410, 422, 499} // the platform may have acted
	partial := end{tries: 1, ending: fails, err: apiError, result: true}
	for _, tt := range []statusCase{
		{statuses: []int{200, 201, 202, 206}, body: selftest.Success, read: done, set: done, spend: done, send: done},
		{
			statuses: append(errorStatuses, 429, 500, 503), body: selftest.Success, read: done,
			set: end{tries: 1, ending: unsure, err: responseError}, spend: done, send: done,
		},
		{
			statuses: errorStatuses, body: `{"resultCode":0}`, read: foreign, set: foreignInDoubt, spend: foreignInDoubt,
			send: foreignInDoubt,
		},
		{
			statuses: append(serverErrors, 429), body: `{"resultCode":0}`, read: retriedForeign, set: foreignInDoubt,
			spend: foreignInDoubt, send: foreignInDoubt,
		},
		{
			statuses: append(errorStatuses, 200, 201), body: `{"resultCode":9,"errorMessage":"no"}`, read: refused, set: refused,
			spend: refused, send: refused,
		},
		{
			statuses: serverErrors, body: `{"resultCode":9,"errorMessage":"no"}`, read: retriedRefusal, set: refusedInDoubt,
			spend: refusedInDoubt, send: refusedInDoubt,
		},
		{
			statuses: []int{429}, body: `{"resultCode":9}`, read: retriedRefusal, set: retriedRefusal, spend: retriedRefusal,
			send: retriedRefusal,
		},
		{statuses: []int{200, 400, 403, 429},
			body: `{"resultCode":9,"orderNo":"R1","successList":[{"msisdn":"` + selftest.MSISDN1 + `","sms_id":"9"}]}`,
			read: end{tries: -1, ending: fails, err: apiError}, set: refused,
			spend: end{tries: 1, ending: unsure, err: apiError, result: true}, send: partial},
		{
			statuses: acted, body: selftest.HTMLPage, read: foreign, set: foreignInDoubt, spend: foreignInDoubt,
			send: foreignInDoubt,
		},
		{
			statuses: serverErrors, body: selftest.HTMLPage, read: retriedForeign, set: foreignInDoubt, spend: foreignInDoubt,
			send: foreignInDoubt,
		},
		{
			statuses: []int{401, 405, 407, 411, 413, 414, 415, 417, 421, 426, 428, 431}, body: selftest.HTMLPage, read: foreign,
			set: foreign, spend: foreign, send: foreign,
		},
		{
			statuses: []int{429}, body: selftest.HTMLPage, read: retriedForeign, set: retriedForeign, spend: retriedForeign,
			send: retriedForeign,
		},
		{
			statuses: []int{429}, body: "", read: retriedForeign, set: retriedForeign, spend: retriedForeign,
			send: retriedForeign,
		},
	} {
		for _, status := range tt.statuses {
			for kind, want := range map[string]end{"read": tt.read, "set": tt.set, "spend": tt.spend, "send": tt.send} {
				t.Run(fmt.Sprintf("%d %.30s %s", status, tt.body, kind), func(t *testing.T) {
					t.Parallel()
					tt.check(t, status, kind, want, many)
				})
			}
		}
	}
}

func (tt statusCase) check(t *testing.T, status int, kind string, want end, many int) {
	t.Helper()
	client, s := selftest.Scripted(t, []selftest.Step{{Status: status, Body: tt.body}},
		quecloud.WithRetry(quecloud.RetryPolicy{MaxAttempts: many}))
	var result bool
	var err error
	switch kind {
	case "read":
		var count *quecloud.SMSMonthCount
		count, err = client.SMS.MonthCount(t.Context(), quecloud.Month{Year: 2025, Month: time.May})
		result = count != nil
	case "set":
		err = client.Cards.Pause(t.Context(), quecloud.MSISDN(selftest.MSISDN1))
		result = err == nil
	case "spend":
		var receipt *quecloud.OrderReceipt
		receipt, err = client.Orders.Recharge(t.Context(),
			&quecloud.RechargeParams{Card: quecloud.ICCID(selftest.ICCID1), ProductID: 50, ProductName: "30M"})
		result = receipt != nil && receipt.OrderNo == "R1"
	case "send":
		var sent *quecloud.SMSSendResult
		sent, err = client.SMS.Send(t.Context(),
			&quecloud.SMSSendParams{Cards: quecloud.MSISDNs(selftest.MSISDN1), Content: selftest.SMSContent})
		result = sent != nil && len(sent.Sent) == 1
	}
	got := end{tries: s.Attempts(), ending: fails, result: result}
	switch {
	case err == nil:
		got.ending = succeeds
	case errors.Is(err, quecloud.ErrOutcomeUnknown):
		got.ending = unsure
	}
	switch {
	case errors.As(err, new(*quecloud.ResponseError)):
		got.err = responseError
	case errors.As(err, new(*quecloud.APIError)):
		got.err = apiError
	}
	if want.tries < 0 {
		want.tries = s.Attempts()
	}
	assert.Equal(t, want, got, "%v", err)
}
