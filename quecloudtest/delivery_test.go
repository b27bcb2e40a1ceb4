package quecloudtest_test

import (
	"io"
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
		d, err := quecloudtest.DeliverSMS(t.Context(), receiver.URL, quecloudtest.SMSNotification{Type: quecloudtest.SMSInbox})
		receiver.Close()
		must(t, err)
		if d.OK != want || d.HTTPStatus != status {
			t.Errorf("with HTTP %d: %+v", status, d)
		}
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
