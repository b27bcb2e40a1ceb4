package quecloudtest_test

import (
	"strings"
	"testing"
	"time"

	"github.com/quecloud/quecloud-go"
	"github.com/quecloud/quecloud-go/quecloudtest"
)

func TestCardsPagesAndFilters(t *testing.T) {
	t.Parallel()
	srv, client := start(t, quecloudtest.WithFleet(0))
	for day := 1; day <= 5; day++ {
		date := quecloud.Date{Year: 2026, Month: time.February, Day: day}.String()
		srv.AddCard(quecloudtest.Card{BillingID: 20, AllotDate: date, ActiveDate: date, ExpiryDate: date})
	}
	srv.AddCard(quecloudtest.Card{BillingID: 10, Status: quecloudtest.StatusInactive})
	feb := func(day int) quecloud.Date { return quecloud.Date{Year: 2026, Month: time.February, Day: day} }
	for name, c := range map[string]struct {
		params      quecloud.CardListParams
		total, here int
	}{
		"all":                   {quecloud.CardListParams{}, 6, 6},
		"second page":           {quecloud.CardListParams{PageNo: 2, PageSize: 4}, 6, 2},
		"page after the last":   {quecloud.CardListParams{PageNo: 9, PageSize: 4}, 6, 0},
		"group":                 {quecloud.CardListParams{BillingID: 20}, 5, 5},
		"group without cards":   {quecloud.CardListParams{BillingID: 860}, 0, 0},
		"allotted from":         {quecloud.CardListParams{AllotFrom: feb(4)}, 3, 3},
		"allotted until":        {quecloud.CardListParams{AllotTo: feb(4)}, 4, 4},
		"activated between":     {quecloud.CardListParams{ActiveFrom: feb(2), ActiveTo: feb(3)}, 2, 2},
		"activated until":       {quecloud.CardListParams{ActiveTo: feb(3)}, 3, 3},
		"expiring, second page": {quecloud.CardListParams{ExpireFrom: feb(2), PageNo: 2, PageSize: 3}, 4, 1},
	} {
		list, err := client.Cards.List(t.Context(), &c.params)
		must(t, err)
		if list.Page.TotalCount != int64(c.total) || len(list.Cards) != c.here {
			t.Errorf("%s: %d of %d cards, want %d of %d", name, len(list.Cards), list.Page.TotalCount, c.here, c.total)
		}
	}
}

func TestCardsBatchesOmitForeignCards(t *testing.T) {
	t.Parallel()
	srv, client := start(t)
	ids := quecloud.MSISDNs("1064900000001", "1", "1064800000000", "1064900000001")
	infos, err := client.Cards.InfoBatch(t.Context(), ids)
	must(t, err)
	if len(infos) != 2 || infos[0].MSISDN != "1064900000001" || infos[1].MSISDN != "1064800000000" {
		t.Errorf("got %d cards: %+v", len(infos), infos)
	}
	flows, err := client.Flow.MonthBatch(t.Context(), ids, march)
	must(t, err)
	if len(flows) != 2 || flows[0].Number != "1064900000001" {
		t.Errorf("got %+v", flows)
	}
	res := newForeign(t, srv).call("sms.send", "content", "x", "msisdns", "1,1064800000000,1,2")
	if !strings.Contains(res.body, `"errorList":["1","2"]`) {
		t.Errorf("numbers that no card has, one of them twice: %s", res.body)
	}
	_, err = client.Cards.InfoBatch(t.Context(), quecloud.MSISDNs("1", "2"))
	wantRefused(t, err, "a batch of foreign cards")
	_, err = client.Flow.MonthBatch(t.Context(), quecloud.MSISDNs("1", "2"), march)
	wantRefused(t, err, "the usage of foreign cards")
}
