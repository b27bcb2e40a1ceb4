package quecloudtest_test

import (
	"slices"
	"strings"
	"testing"

	"github.com/quecloud/quecloud-go"
	"github.com/quecloud/quecloud-go/quecloudtest"
)

// The document says of eleven methods that they handle only cards of the company itself.
func TestCardsOfSubAccountsAreRefusedByElevenMethods(t *testing.T) {
	t.Parallel()
	want := []string{
		"card.alarm.get", "card.alarm.status", "card.gprs.close", "card.gprs.open", "card.pause", "card.reset", "card.resume",
		"card.voice.addwhitelist", "card.voice.close", "card.voice.delwhitelist", "card.voice.open",
	}
	var refused []string
	for _, full := range quecloudtest.Methods() {
		method := strings.TrimPrefix(full, "fc.function.")
		a := prepared(t, quecloudtest.WithSubAccountCards(quecloudtest.DefaultFleet)).example(method)
		switch {
		case a.json["errorMessage"] == "只能处理隶属于该企业下的卡":
			refused = append(refused, method)
		case a.json != nil && a.code() != 0.0 && method != "file.list":
			t.Errorf("%s: got %s", method, a.body)
		}
	}
	if !slices.Equal(refused, want) {
		t.Errorf("refused by %v, want %v", refused, want)
	}
}

func TestCardsTellTheirCompany(t *testing.T) {
	t.Parallel()
	srv, client := start(t, quecloudtest.WithFleet(5), quecloudtest.WithSubAccountCards(2))
	srv.AddCard(quecloudtest.Card{})
	srv.AddCard(quecloudtest.Card{CompanyID: quecloudtest.SubAccountID})
	list, err := client.Cards.List(t.Context(), nil)
	must(t, err)
	var companies []int64
	for _, c := range list.Cards {
		companies = append(companies, c.CompanyID)
		if told := card(t, srv, c.ICCID).CompanyID; told != c.CompanyID {
			t.Errorf("card %s is of company %d by hand, and of %d in the list", c.ICCID, told, c.CompanyID)
		}
	}
	if want := []int64{123, 123, 123, 321, 321, 123, 321}; !slices.Equal(companies, want) {
		t.Errorf("the companies are %v, want %v", companies, want)
	}
	id := quecloud.ICCID(list.Cards[6].ICCID)
	wantRefused(t, client.Cards.Pause(t.Context(), id), "pausing a card of the sub-account")
	srv.UpdateCard(id.String(), func(c *quecloudtest.Card) { c.CompanyID = quecloudtest.CompanyID })
	must(t, client.Cards.Pause(t.Context(), id))
}
