package selftest_test

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"strings"
	"testing"

	"github.com/shopspring/decimal"
	"github.com/stretchr/testify/assert"

	"github.com/quecloud/quecloud-go"
	"github.com/quecloud/quecloud-go/internal/selftest"
)

// The events as a program without the SDK would declare them, with exact types.
type (
	plainSMS struct {
		Type    string `json:"type"`
		MSISDN  string `json:"msisdn"`
		ICCID   string `json:"iccid"`
		SMSID   string `json:"sms_id"`
		Status  string `json:"status"`
		Msg     string `json:"msg"`
		Content string `json:"content"`
		Time    string `json:"recievetime"`
	}
	plainOrder struct {
		OrderNo      string          `json:"orderNo"`
		OrderType    string          `json:"orderType"`
		StatusDesc   string          `json:"orderStatusDesc"`
		Status       int             `json:"orderStatus"`
		ICCID        string          `json:"iccid"`
		ProductName  string          `json:"productName"`
		ProductPrice decimal.Decimal `json:"productPrice"`
		Remark       string          `json:"remark"`
		Result       string          `json:"result"`
		CreateTime   string          `json:"createTime"`
		CompleteTime string          `json:"completeTime"`
		ExternalID   string          `json:"externalId"`
	}
)

func plainHandler[E any](response string) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		var event E
		if err := json.NewDecoder(r.Body).Decode(&event); err != nil {
			http.Error(w, err.Error(), http.StatusBadRequest)
			return
		}
		_, _ = io.WriteString(w, response)
	})
}

// A repeatable sends the callback requests of many events in turn, without allocating anything itself.
type repeatable struct {
	request http.Request
	body    bytes.Reader
	texts   [][]byte
	next    int
	header  http.Header
	status  int
}

func newRepeatable(text string) *repeatable {
	d := &repeatable{header: http.Header{}}
	for i := range 1000 {
		d.texts = append(d.texts, []byte(strings.ReplaceAll(text, "0001", fmt.Sprintf("0%03d", i))))
	}
	d.request = http.Request{
		Method: http.MethodPost, ContentLength: int64(len(text)), Body: io.NopCloser(&d.body),
		Header: http.Header{"Content-Type": {"application/json"}},
	}
	return d
}

func (d *repeatable) Header() http.Header         { return d.header }
func (d *repeatable) WriteHeader(status int)      { d.status = status }
func (d *repeatable) Write(p []byte) (int, error) { return len(p), nil }

func (d *repeatable) to(h http.Handler) {
	d.next = (d.next + 1) % len(d.texts)
	d.body.Reset(d.texts[d.next])
	d.status = http.StatusOK
	clear(d.header)
	h.ServeHTTP(d, &d.request)
	if d.status != http.StatusOK {
		panic(d.status)
	}
}

// handlerCases pair each handler with the shortest one that does the same with encoding/json.
var handlerCases = []struct {
	name, body   string
	ours, theirs http.Handler
}{
	{
		name: "SMS", body: selftest.SMSReport,
		ours:   quecloud.NewSMSHandler(func(context.Context, *quecloud.SMSEvent) error { return nil }, selftest.Quiet),
		theirs: plainHandler[plainSMS]("success"),
	},
	{
		name: "Order", body: selftest.OrderDone,
		ours:   quecloud.NewOrderHandler(func(context.Context, *quecloud.OrderEvent) error { return nil }, selftest.Quiet),
		theirs: plainHandler[plainOrder](`{"code":200,"msg":""}`),
	},
}

func BenchmarkCallback(b *testing.B) {
	for _, c := range handlerCases {
		d := newRepeatable(c.body)
		b.Run(c.name, func(b *testing.B) {
			selftest.Compare(b, 10,
				selftest.Job{Name: "quecloud", Do: func() { d.to(c.ours) }},
				selftest.Job{Name: "encoding-json", Do: func() { d.to(c.theirs) }})
		})
	}
}

// Not parallel: allocations are counted for the whole process.
func TestCallbackAllocatesNoMoreThanEncodingJSON(t *testing.T) {
	for _, c := range handlerCases {
		d := newRepeatable(c.body)
		ours := selftest.Allocations(func() { d.to(c.ours) })
		theirs := selftest.Allocations(func() { d.to(c.theirs) })
		assert.LessOrEqual(t, ours, theirs, c.name)
	}
}
