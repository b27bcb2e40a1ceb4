package quecloudtest_test

import (
	"encoding/json"
	"io"
	"math"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/quecloud/quecloud-go"
	"github.com/quecloud/quecloud-go/quecloudtest"
)

func TestCallbackSMSReports(t *testing.T) {
	t.Parallel()
	r := receive(t, "success")
	srv, client := start(t, quecloudtest.WithSMSCallback(r.URL), quecloudtest.WithSMSDelay(time.Second))
	_, err := client.SMS.Send(t.Context(), &quecloud.SMSSendParams{
		Cards: quecloud.MSISDNs("1064800000000", "1064800000003"), Content: "x", SMSID: "mine",
	})
	must(t, err)
	if n := len(r.got(t)); n != 0 {
		t.Errorf("%d callbacks before the messages arrived", n)
	}
	srv.Advance(time.Second)
	got := r.got(t)
	if len(got) != 2 {
		t.Fatalf("%d callbacks, want 2", len(got))
	}
	wantMembers(t, got[0], map[string]any{
		"type": "report", "msisdn": "1064800000000", "iccid": "89860024310000000006", "sms_id": "mine",
		"status": "200", "msg": "送达",
	})
	wantMembers(t, got[1], map[string]any{
		"type": "report", "msisdn": "1064800000003", "iccid": "89860024310000000030", "sms_id": "mine",
		"status": "400", "msg": "卡状态为停机",
	})
	if contentType := r.header.Get("Content-Type"); contentType != "application/json" {
		t.Errorf("the content type is %s", contentType)
	}
	for _, d := range srv.Deliveries() {
		if !d.OK || d.HTTPStatus != http.StatusOK || d.Response != "success" || d.Attempt != 1 || d.URL != r.URL {
			t.Errorf("recorded as %+v", d)
		}
	}
}

func TestCallbackInboundSMS(t *testing.T) {
	t.Parallel()
	r := receive(t, "success")
	srv, _ := start(t, quecloudtest.WithSMSCallback(r.URL))
	m := srv.ReceiveSMS("89860024310000000006", "温度 21")
	wantMembers(t, r.got(t)[0], map[string]any{
		"type": "inbox", "msisdn": "1064800000000", "iccid": "89860024310000000006", "sms_id": m.ID, "content": "温度 21",
		"recievetime": "2026-03-10 12:00:00",
	})
}

func TestCallbackOrders(t *testing.T) {
	t.Parallel()
	r := receive(t, `{"code":200,"msg":""}`)
	srv, client := start(t, quecloudtest.WithOrderDelay(time.Minute))
	srv.SetOrderCallback(r.URL)
	number := srv.AddCard(quecloudtest.Card{}).ICCID
	params := topUp(number)
	params.ExternalID = "mine"
	receipt, err := client.Orders.Recharge(t.Context(), params)
	must(t, err)
	srv.FailOrders(1, "x")
	_, err = client.Orders.Renew(t.Context(),
		&quecloud.RenewalParams{Card: quecloud.ICCID(number), Years: 1, Remark: "note"})
	must(t, err)
	srv.Advance(time.Hour)
	got := r.got(t)
	if len(got) != 2 {
		t.Fatalf("%d callbacks, want 2", len(got))
	}
	orders := srv.Orders()
	wantMembers(t, got[0], map[string]any{
		"orderNo": receipt.OrderNo, "orderType": "充值订单", "orderStatusDesc": "订单完成", "orderStatus": 1.0, "iccid": number,
		"productName": "30M-当月", "productPrice": 1.5, "remark": "", "result": orders[0].Result, "externalId": "mine",
		"createTime": "2026-03-10 12:00:00", "completeTime": "2026-03-10 12:01:00",
	})
	wantMembers(t, got[1], map[string]any{
		"orderNo": orders[1].No, "orderType": "续费订单", "orderStatusDesc": "订单失败", "orderStatus": -1.0, "iccid": number,
		"productName": "1G/月", "productPrice": 96.0, "remark": "note", "result": orders[1].Result, "externalId": "",
		"createTime": "2026-03-10 12:00:00", "completeTime": "2026-03-10 12:01:00",
	})
}

func TestCallbackGoesOutAfterCall(t *testing.T) {
	t.Parallel()
	r := receive(t, `{"code":200}`)
	srv, client := start(t, quecloudtest.WithOrderCallback(r.URL))
	_, err := client.Orders.Recharge(t.Context(), topUp(srv.AddCard(quecloudtest.Card{}).ICCID))
	must(t, err)
	srv.WaitCallbacks()
	if n := len(r.got(t)); n != 1 {
		t.Errorf("%d callbacks, want 1", n)
	}
}

func TestCallbackRetries(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		responses []string
		retries   int
		attempts  []bool
	}{
		"success at once":       {[]string{"success"}, 2, []bool{true}},
		"success after retries": {[]string{"500", "Success", "success"}, 2, []bool{false, false, true}},
		"no success":            {[]string{"no"}, 2, []bool{false, false, false}},
		"no retries":            {[]string{"no", "success"}, 0, []bool{false}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			r := receive(t, c.responses...)
			srv, _ := start(t, quecloudtest.WithSMSCallback(r.URL), quecloudtest.WithCallbackRetries(c.retries))
			srv.ReceiveSMS("1064800000000", "x")
			got := srv.Deliveries()
			if len(got) != len(c.attempts) {
				t.Fatalf("%d attempts, want %d", len(got), len(c.attempts))
			}
			for i, d := range got {
				if d.OK != c.attempts[i] || d.Attempt != i+1 || d.Body != got[0].Body {
					t.Errorf("attempt %d is recorded as %+v", i+1, d)
				}
			}
		})
	}
}

func TestCallbackRetriesAfterInterval(t *testing.T) {
	t.Parallel()
	r := receive(t, "no", "no", "success")
	srv, _ := start(t, quecloudtest.WithSMSCallback(r.URL), quecloudtest.WithCallbackRetries(5),
		quecloudtest.WithCallbackInterval(time.Minute))
	srv.ReceiveSMS("1064800000000", "x")
	for _, want := range []int{1, 1, 2} {
		if n := len(srv.Deliveries()); n != want {
			t.Errorf("%d attempts, want %d", n, want)
		}
		srv.Advance(30 * time.Second)
	}
	srv.Advance(time.Hour)
	if n := len(srv.Deliveries()); n != 3 {
		t.Errorf("%d attempts in the end, want 3", n)
	}
}

func TestCallbackWithoutReceiver(t *testing.T) {
	t.Parallel()
	dead := httptest.NewServer(http.NotFoundHandler())
	dead.Close()
	srv, _ := start(t, quecloudtest.WithSMSCallback(dead.URL), quecloudtest.WithCallbackRetries(1))
	srv.ReceiveSMS("1064800000000", "x")
	srv.SetSMSCallback("http://127.0.0.1:99999/")
	srv.ReceiveSMS("1064800000000", "x")
	for _, d := range srv.Deliveries() {
		if d.OK || d.Err == nil || d.HTTPStatus != 0 {
			t.Errorf("recorded as %+v", d)
		}
	}
	srv.SetSMSCallback("")
	srv.ReceiveSMS("1064800000000", "x")
	if n := len(srv.Deliveries()); n != 4 {
		t.Errorf("%d attempts, want 4", n)
	}
}

func TestCallbackReceiverMayCallTheServer(t *testing.T) {
	t.Parallel()
	srv, client := start(t, quecloudtest.WithOrderDelay(time.Minute))
	asked := make(chan quecloud.OrderStatus, 1)
	receiver := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		var n quecloudtest.OrderEvent
		if err := json.NewDecoder(r.Body).Decode(&n); err != nil {
			t.Error(err)
		}
		order, err := client.Orders.Get(r.Context(), n.OrderNo)
		if err != nil {
			t.Error(err)
			return
		}
		asked <- order.Status
		io.WriteString(w, `{"code":200}`)
	}))
	defer receiver.Close()
	srv.SetOrderCallback(receiver.URL)
	_, err := client.Orders.Recharge(t.Context(), topUp(srv.AddCard(quecloudtest.Card{}).ICCID))
	must(t, err)
	srv.Advance(time.Minute)
	if status := <-asked; status != quecloud.OrderStatusDone {
		t.Errorf("the receiver reads an order in state %s", status)
	}
}

func TestDeliverSuccess(t *testing.T) {
	t.Parallel()
	for response, want := range map[string]struct{ sms, order bool }{
		"success":                {sms: true},
		"success\n":              {},
		`"success"`:              {},
		"Success":                {},
		`{"code":200,"msg":""}`:  {order: true},
		`{"code":"200"}`:         {order: true},
		`{"code":0,"msg":"x"}`:   {},
		`{"code":2000}`:          {},
		`{}`:                     {},
		`[200]`:                  {},
		"":                       {},
		"500":                    {},
		strings.Repeat("x", 9e3): {},
	} {
		r := receive(t, response)
		sms, err := quecloudtest.DeliverSMS(t.Context(), r.URL, quecloudtest.SMSEvent{Type: quecloudtest.SMSInbox})
		must(t, err)
		order, err := quecloudtest.DeliverOrder(t.Context(), r.URL, quecloudtest.OrderEvent{})
		must(t, err)
		if sms.OK != want.sms || order.OK != want.order || len(sms.Response) > 1024 {
			t.Errorf("%.40q: SMS %v, order %v, want %v", response, sms.OK, order.OK, want)
		}
	}
	if d, err := quecloudtest.DeliverSMS(t.Context(), "http://127.0.0.1:0", quecloudtest.SMSEvent{}); err == nil || d.OK {
		t.Errorf("without a receiver: %+v, %v", d, err)
	}
}

func TestDeliverSuccessNeedsHTTPStatus(t *testing.T) {
	t.Parallel()
	for status, want := range map[int]bool{200: true, 201: true, 299: true, 302: false, 404: false, 500: false} {
		receiver := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
			w.WriteHeader(status)
			io.WriteString(w, "success")
		}))
		d, err := quecloudtest.DeliverSMS(t.Context(), receiver.URL, quecloudtest.SMSEvent{Type: quecloudtest.SMSInbox})
		receiver.Close()
		must(t, err)
		if d.OK != want || d.HTTPStatus != status {
			t.Errorf("with HTTP %d: %+v", status, d)
		}
	}
}

func TestDeliverKeepsBytes(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]string{
		"温度 21":                      `温度 21`,
		"\xce\xc2\xb6\xc8":           "\xce\xc2\xb6\xc8",
		"\xce\xc2\n\"\\\x01\x7f\xb6": "\xce\xc2\\u000a\\u0022\\u005c\\u0001\\u007f\xb6",
	} {
		r := receive(t, "success")
		srv, _ := start(t, quecloudtest.WithSMSCallback(r.URL))
		srv.ReceiveSMS("1064800000000", text)
		_, err := quecloudtest.DeliverSMS(t.Context(), r.URL,
			quecloudtest.SMSEvent{Type: text, ReceivedAt: "2026-11-01T08:00:00"})
		must(t, err)
		_, err = quecloudtest.DeliverOrder(t.Context(), r.URL, quecloudtest.OrderEvent{OrderNo: text})
		must(t, err)
		if body := r.bodies[0]; !strings.Contains(body, `"content":"`+want+`"`) {
			t.Errorf("sent as %q", body)
		}
		rest := `","msisdn":"","iccid":"","sms_id":"","recievetime":"2026-11-01T08:00:00"}`
		if body := r.bodies[1]; body != `{"type":"`+want+rest {
			t.Errorf("sent as %q", body)
		}
		if body := r.bodies[2]; !strings.HasPrefix(body, `{"orderNo":"`+want+`",`) ||
			!strings.Contains(body, `"orderStatus":0,"iccid":"","productName":"","productPrice":0,`) {
			t.Errorf("sent as %q", body)
		}
	}
	nan := quecloudtest.OrderEvent{ProductPrice: math.NaN()}
	if _, err := quecloudtest.DeliverOrder(t.Context(), "http://127.0.0.1:0", nan); err == nil {
		t.Error("a price that is no number was sent")
	}
}

func TestCallbackRetryPrecedesTheNext(t *testing.T) {
	t.Parallel()
	r := receive(t, "no", "success")
	srv, client := start(t, quecloudtest.WithSMSCallback(r.URL), quecloudtest.WithCallbackRetries(1))
	_, err := client.SMS.Send(t.Context(), &quecloud.SMSSendParams{
		Cards: quecloud.MSISDNs("1064800000000", "1064900000001"), Content: "x",
	})
	must(t, err)
	srv.WaitCallbacks()
	var order []any
	for _, n := range r.got(t) {
		order = append(order, n["msisdn"])
	}
	if len(order) != 3 || order[0] != "1064800000000" || order[1] != order[0] || order[2] != "1064900000001" {
		t.Errorf("they came in the order %v", order)
	}
}

func TestCallbackNoRetryAfterClose(t *testing.T) {
	t.Parallel()
	arrived, release := make(chan struct{}), make(chan struct{})
	receiver := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		_, _ = io.Copy(io.Discard, r.Body)
		close(arrived)
		select {
		case <-release:
		case <-r.Context().Done():
		}
	}))
	defer receiver.Close()
	defer close(release)
	srv := quecloudtest.NewUnstartedServer(quecloudtest.WithSMSCallback(receiver.URL), quecloudtest.WithCallbackRetries(3))
	sendSMS(t, srv.Client(), quecloud.MSISDNs("1064800000000"), "x")
	<-arrived
	srv.Close()
	if got := srv.Deliveries(); len(got) != 1 || got[0].Err == nil {
		t.Errorf("attempts: %+v", got)
	}
}
