package quecloudtest_test

import (
	"errors"
	"slices"
	"testing"
	"time"

	"github.com/quecloud/quecloud-go"
	"github.com/quecloud/quecloud-go/quecloudtest"
)

func TestSMSSendReportLog(t *testing.T) {
	t.Parallel()
	srv, client := start(t, quecloudtest.WithSMSDelay(time.Minute))
	inUse, suspended := quecloud.MSISDN("1064800000000"), quecloud.MSISDN("1064800000003")
	result, err := client.SMS.Send(t.Context(), &quecloud.SMSSendParams{
		Cards: quecloud.MSISDNs(inUse.String(), suspended.String(), "1"), Content: "重启", SMSID: "mine",
	})
	if !errors.Is(err, quecloud.ErrPartial) || len(result.Sent) != 2 || result.Sent[0].SMSID != "mine" ||
		!slices.Equal(result.Failed, []string{"1"}) {
		t.Errorf("got %+v, %v", result, err)
	}
	statuses := func() []int {
		var all []int
		for _, m := range srv.SMS() {
			all = append(all, m.Status)
		}
		return all
	}
	if got := statuses(); !slices.Equal(got, []int{100, 100}) {
		t.Errorf("under way they are %v", got)
	}
	srv.Advance(time.Minute)
	if got := statuses(); !slices.Equal(got, []int{200, 400}) {
		t.Errorf("in the end they are %v", got)
	}
	log, err := client.SMS.ListLog(t.Context(), &quecloud.SMSLogParams{Month: march, PageSize: 1, PageNo: 2})
	must(t, err)
	if log.Page.TotalCount != 2 || log.Page.TotalPages != 2 || len(log.Entries) != 1 {
		t.Fatalf("got %+v", log)
	}
	if e := log.Entries[0]; e.MSISDN != inUse.String() || e.Content != "重启" || e.Status != 200 || !e.SentAt.Equal(noon) {
		t.Errorf("logged as %+v", e)
	}
}

func TestSMSGeneratedID(t *testing.T) {
	t.Parallel()
	srv, client := start(t)
	send := func() string {
		return sendSMS(t, client, quecloud.MSISDNs("1064800000000"), "x").Sent[0].SMSID
	}
	first, second := send(), send()
	if first == "" || first == second || srv.SMS()[1].ID != second {
		t.Errorf("the IDs are %q and %q", first, second)
	}
}

func TestSMSCountByMonth(t *testing.T) {
	t.Parallel()
	srv, client := start(t)
	send := func(n int) {
		for range n {
			sendSMS(t, client, quecloud.MSISDNs("1064800000000"), "x")
		}
	}
	send(2)
	srv.ReceiveSMS("1064800000000", "up")
	srv.SetTime(time.Date(2026, 4, 1, 0, 0, 0, 0, quecloud.ChinaStandardTime))
	send(1)
	for month, want := range map[quecloud.Month]quecloud.SMSMonthCount{
		march: {MT: 2, MO: 1}, march.AddMonths(1): {MT: 1}, march.AddMonths(-1): {},
	} {
		got, err := client.SMS.MonthCount(t.Context(), month)
		must(t, err)
		if *got != want {
			t.Errorf("%v: got %+v, want %+v", month, *got, want)
		}
	}
}

func TestSMSArriveAtCardsInUse(t *testing.T) {
	t.Parallel()
	srv, client := start(t)
	for _, in := range situations {
		number := srv.AddCard(quecloudtest.Card{Status: in[0], PauseReason: in[1]}).ICCID
		sendSMS(t, client, quecloud.ICCIDs(number), "x")
		want := quecloudtest.SMSFailed
		if in[0] == quecloudtest.StatusNormal || in[0] == quecloudtest.StatusTestNormal {
			want = quecloudtest.SMSDelivered
		}
		sent := srv.SMS()
		if got := sent[len(sent)-1].Status; got != want {
			t.Errorf("to a card that is %v: %d, want %d", in, got, want)
		}
	}
}

func TestSMSFailuresCount(t *testing.T) {
	t.Parallel()
	srv, client := start(t)
	result := sendSMS(t, client, quecloud.MSISDNs("1064800000003"), "x")
	count, err := client.SMS.MonthCount(t.Context(), march)
	must(t, err)
	if s := srv.SMS()[0]; s.Status != quecloudtest.SMSFailed || count.MT != 1 {
		t.Errorf("the SMS is %+v, and %d count", s, count.MT)
	}
	log, err := client.SMS.ListLog(t.Context(), &quecloud.SMSLogParams{Month: march})
	must(t, err)
	if id := log.Entries[0].SMSID; id != "1" || id == result.Sent[0].SMSID {
		t.Errorf("the log has the ID %q, and the call %q", id, result.Sent[0].SMSID)
	}
}
