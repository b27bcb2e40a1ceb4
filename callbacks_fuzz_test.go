package quecloud_test

import (
	"context"
	"errors"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/quecloud/quecloud-go"
)

func FuzzSMSHandler(f *testing.F)   { fuzzHandler(f, notifications[0], smsReport, smsInbox) }
func FuzzOrderHandler(f *testing.F) { fuzzHandler(f, notifications[1], orderDone) }

// fuzzHandler delivers whatever there is. The answer is success when the function ran and returned nil, and only then.
func fuzzHandler(f *testing.F, n notification, bodies ...string) {
	for _, body := range bodies {
		for outcome := range byte(3) {
			f.Add(http.MethodPost, "application/json", body, outcome)
		}
		f.Add(http.MethodGet, "application/json", body, byte(0))
		f.Add(http.MethodPost, "application/json; charset=gbk", body, byte(0))
		f.Add(http.MethodPost, "application/json", body[:len(body)/2], byte(0))
	}
	for _, body := range []string{
		"", "null", "[]", `"success"`, `{"success":"success","code":200}`, n.with(`"iccid":"success"`), n.with(`"status":{"success":1}`),
		n.with(`"msisdn":["success"]`), strings.Repeat(`{"a":[`, 2000), "\ufeff{}", "{\"type\":\"\xff\"}", n.with(`"productPrice":1e999`),
	} {
		f.Add(http.MethodPost, "application/json", body, byte(0))
	}
	f.Fuzz(func(t *testing.T, method, contentType, body string, outcome byte) {
		ran, failure := 0, error(nil)
		if outcome%3 != 0 {
			failure = errors.New("success")
		}
		h := n.handler(func(context.Context) error {
			if ran++; outcome%3 == 2 {
				panic("success")
			}
			return failure
		}, quecloud.WithDeduplication(quecloud.NewMemoryDedup(1, time.Hour)))
		r := delivery(body)
		r.Method = method
		r.Header.Set("Content-Type", contentType)
		w := deliver(h, r)
		if handled := ran == 1 && failure == nil; handled {
			if w.Code != 200 || w.Body.String() != n.success {
				t.Fatalf("handled, but answered with %d %q", w.Code, w.Body)
			}
		} else {
			n.refused(t, w, w.Code, "")
			if w.Code < 400 {
				t.Fatalf("not handled, but answered with %d", w.Code)
			}
		}
	})
}
