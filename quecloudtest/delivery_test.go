package quecloudtest_test

import (
	"io"
	"math"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/quecloud/quecloud-go"
	"github.com/quecloud/quecloud-go/quecloudtest"
)

func TestSuccessNeedsItsHTTPStatusToo(t *testing.T) {
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

func TestTextsAreDeliveredByteForByte(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]string{
		"温度 21":                      `温度 21`,
		"\xce\xc2\xb6\xc8":           "\xce\xc2\xb6\xc8",
		"\xce\xc2\n\"\\\x01\x7f\xb6": "\xce\xc2\\u000a\\u0022\\u005c\\u0001\\u007f\xb6",
	} {
		r := receive(t, "success")
		srv, _ := start(t, quecloudtest.WithSMSCallback(r.URL))
		srv.ReceiveSMS("1064800000000", text)
		_, err := quecloudtest.DeliverSMS(t.Context(), r.URL, quecloudtest.SMSEvent{Type: text, ReceivedAt: "2026-11-01T08:00:00"})
		must(t, err)
		_, err = quecloudtest.DeliverOrder(t.Context(), r.URL, quecloudtest.OrderEvent{OrderNo: text})
		must(t, err)
		if body := r.bodies[0]; !strings.Contains(body, `"content":"`+want+`"`) {
			t.Errorf("sent as %q", body)
		}
		if body := r.bodies[1]; body != `{"type":"`+want+`","msisdn":"","iccid":"","sms_id":"","recievetime":"2026-11-01T08:00:00"}` {
			t.Errorf("sent as %q", body)
		}
		if body := r.bodies[2]; !strings.HasPrefix(body, `{"orderNo":"`+want+`",`) || !strings.Contains(body, `"orderStatus":0,"iccid":"","productName":"","productPrice":0,`) {
			t.Errorf("sent as %q", body)
		}
	}
	if _, err := quecloudtest.DeliverOrder(t.Context(), "http://127.0.0.1:0", quecloudtest.OrderEvent{ProductPrice: math.NaN()}); err == nil {
		t.Error("a price that is no number was sent")
	}
}

func TestRepeatedCallbacksGoBeforeTheNext(t *testing.T) {
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

func TestNothingIsRepeatedAfterClose(t *testing.T) {
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
	_, err := srv.Client().SMS.Send(t.Context(), &quecloud.SMSSendParams{Cards: quecloud.MSISDNs("1064800000000"), Content: "x"})
	must(t, err)
	<-arrived
	srv.Close()
	if got := srv.Deliveries(); len(got) != 1 || got[0].Err == nil {
		t.Errorf("attempts: %+v", got)
	}
}

func TestDeliveriesAndRequestsAreForgottenInTime(t *testing.T) {
	t.Parallel()
	r := receive(t, "success")
	srv := quecloudtest.NewUnstartedServer(quecloudtest.WithSMSCallback(r.URL), quecloudtest.WithRequestLimit(3))
	defer srv.Close()
	for range 5 {
		srv.ReceiveSMS("1064800000000", "x")
	}
	if n := len(srv.Deliveries()); n != 3 {
		t.Errorf("%d deliveries are kept, want 3", n)
	}
	large := quecloudtest.NewUnstartedServer()
	defer large.Close()
	for range 5 {
		post(t, large, map[string][]string{"x": {strings.Repeat("1", 6<<20)}})
	}
	if n := len(large.Requests()); n != 2 {
		t.Errorf("%d requests of 6 MiB are kept, want 2", n)
	}
}
