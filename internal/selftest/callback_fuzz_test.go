package selftest_test

import (
	"context"
	"errors"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/quecloud/quecloud-go"
	"github.com/quecloud/quecloud-go/internal/selftest"
)

func FuzzCallbackSMS(f *testing.F) {
	fuzzHandler(f, selftest.SMSCallback, selftest.SMSReport, selftest.SMSInbox)
}

func FuzzCallbackOrder(f *testing.F) { fuzzHandler(f, selftest.OrderCallback, selftest.OrderDone) }

// fuzzHandler checks that the response is success if, and only if, the function ran and returned nil.
func fuzzHandler(f *testing.F, kind selftest.Callback, bodies ...string) {
	for _, body := range bodies {
		for outcome := range byte(3) {
			f.Add(http.MethodPost, "application/json", body, outcome)
		}
		f.Add(http.MethodGet, "application/json", body, byte(0))
		f.Add(http.MethodPost, "application/json; charset=gbk", body, byte(0))
		f.Add(http.MethodPost, "application/json", body[:len(body)/2], byte(0))
	}
	for _, body := range []string{
		"", "null", "[]", `"success"`, `{"success":"success","code":200}`, kind.With(`"iccid":"success"`),
		kind.With(`"status":{"success":1}`), kind.With(`"msisdn":["success"]`), strings.Repeat(`{"a":[`, 2000), "\ufeff{}",
		"{\"type\":\"\xff\"}", kind.With(`"productPrice":1e999`),
	} {
		f.Add(http.MethodPost, "application/json", body, byte(0))
	}
	f.Fuzz(func(t *testing.T, method, contentType, body string, outcome byte) {
		calls, failure := 0, error(nil)
		if outcome%3 != 0 {
			failure = errors.New("success")
		}
		h := kind.Handler(func(context.Context) error {
			if calls++; outcome%3 == 2 {
				panic("success")
			}
			return failure
		}, quecloud.WithDeduplication(quecloud.NewMemoryDedup(1, time.Hour)))
		r := selftest.CallbackRequest(body)
		r.Method = method
		r.Header.Set("Content-Type", contentType)
		w := selftest.Serve(h, r)
		if handled := calls == 1 && failure == nil; handled {
			if w.Code != 200 || w.Body.String() != kind.Success {
				t.Fatalf("the function returned nil, and the response is %d %q", w.Code, w.Body)
			}
		} else {
			kind.AssertRejected(t, w, w.Code, "")
			if w.Code < 400 {
				t.Fatalf("the function did not return nil, and the response is %d", w.Code)
			}
		}
	})
}
