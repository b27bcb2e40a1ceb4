package quecloudtest_test

import (
	"go/ast"
	"go/parser"
	"go/token"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/quecloud/quecloud-go"
	"github.com/quecloud/quecloud-go/quecloudtest"
)

func TestUpdateCardMayCallTheServer(t *testing.T) {
	t.Parallel()
	srv, client := start(t)
	id := srv.AddCard(quecloudtest.Card{}).ID()
	got := srv.UpdateCard(id.String(), func(c *quecloudtest.Card) {
		c.ActiveDate = srv.Now().AddDate(0, 0, -1).Format(time.DateOnly)
		must(t, client.Cards.Pause(t.Context(), id)) // not undone by the change
	})
	if got.ActiveDate != "2026-03-09" || got.PauseReason != quecloudtest.ReasonByOwner {
		t.Errorf("got %+v", got)
	}
}

func TestUpdateCardKeepsOtherFields(t *testing.T) {
	t.Parallel()
	srv, client := start(t)
	later := quecloudtest.FlowPackage{Name: "next month", MB: 5, Start: noon.AddDate(0, 1, 0), End: noon.AddDate(0, 1, 9)}
	number := srv.AddCard(quecloudtest.Card{
		Packages: []quecloudtest.FlowPackage{later}, Alarm: &quecloudtest.Alarm{Emails: []string{"a@b.c"}, Enabled: true},
	}).ICCID
	srv.Advance(time.Hour)
	srv.UpdateCard(number, func(c *quecloudtest.Card) { c.RealName = true })
	alarm, err := client.Flow.Alarm(t.Context(), quecloud.ICCID(number))
	must(t, err)
	if !alarm.UpdatedAt.Equal(noon) {
		t.Errorf("the alarm was changed at %v", alarm.UpdatedAt)
	}
	now := quecloudtest.FlowPackage{Name: "now", MB: 1, Start: noon, End: noon.AddDate(0, 2, 0)}
	srv.UpdateCard(number, func(c *quecloudtest.Card) { c.Packages = append(c.Packages, now) })
	srv.Advance(31 * 24 * time.Hour)
	got := card(t, srv, number).Packages
	if len(got) != 2 || !slices.Contains(got, later) || !slices.Contains(got, now) {
		t.Errorf("the packages are %+v", got)
	}
}

func TestUpdateCardInvalidChangesNothing(t *testing.T) {
	t.Parallel()
	srv, _ := start(t)
	before := srv.AddCard(quecloudtest.Card{})
	invalid := func(c *quecloudtest.Card) { c.BillingID, c.RealName, c.ExpiryDate = 860, true, "never" }
	if !panics(func() { srv.UpdateCard(before.ICCID, invalid) }) {
		t.Error("no panic")
	}
	if got := card(t, srv, before.ICCID); got.BillingID != before.BillingID || got.RealName {
		t.Errorf("got %+v", got)
	}
}

func TestUpdateCardSuspensionOutlastsReset(t *testing.T) {
	t.Parallel()
	srv, client := start(t)
	id := srv.AddCard(quecloudtest.Card{}).ID()
	must(t, client.Cards.Reset(t.Context(), id))
	for _, reason := range []string{quecloudtest.ReasonCarrierLimit, quecloudtest.ReasonByOwner} {
		srv.UpdateCard(id.String(), func(c *quecloudtest.Card) { c.PauseReason = reason })
	}
	srv.Advance(time.Hour)
	if s := card(t, srv, id.String()).Status; s != quecloudtest.StatusSuspended {
		t.Errorf("the card is %s", s)
	}
}

func TestCardCompany(t *testing.T) {
	t.Parallel()
	srv, client := start(t, quecloudtest.WithFleet(5), quecloudtest.WithSubAccountCards(2))
	srv.AddCard(quecloudtest.Card{})
	srv.AddCard(quecloudtest.Card{CompanyID: quecloudtest.SubAccountID})
	list, err := client.Cards.List(t.Context(), nil)
	must(t, err)
	var companies []int64
	for _, c := range list.Cards {
		companies = append(companies, c.CompanyID)
		if got := card(t, srv, c.ICCID).CompanyID; got != c.CompanyID {
			t.Errorf("card %s: company %d, in the list %d", c.ICCID, got, c.CompanyID)
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

// TestCardConstantsMatchTheSDK compares the names and values of the constants with those of the SDK.
func TestCardConstantsMatchTheSDK(t *testing.T) {
	t.Parallel()
	theirs, ours := constants(t, "../enums.go"), constants(t, "*.go")
	for _, family := range []struct{ theirs, ours string }{
		{"CardStatus", "Status"}, {"PauseReason", "Reason"}, {"CarrierChina", "China"}, {"OrderType", "Order"},
		{"OrderStatus", "Order"}, {"SMSStatus", "SMS"}, {"CallStatus", "Voice"},
	} {
		n := 0
		for name, value := range theirs {
			suffix, ok := strings.CutPrefix(name, family.theirs)
			if !ok {
				continue
			}
			n++
			got, ok := ours[family.ours+suffix]
			if !ok || got != value && family.ours != "Voice" { // a number in quecloudtest
				t.Errorf("quecloud.%s is %s, and quecloudtest.%s is %q", name, value, family.ours+suffix, got)
			}
		}
		if n == 0 {
			t.Errorf("quecloud has no constants %s…", family.theirs)
		}
	}
}

// constants returns the literal values of the constants in files.
func constants(t *testing.T, pattern string) map[string]string {
	t.Helper()
	paths, err := filepath.Glob(pattern)
	must(t, err)
	found := map[string]string{}
	for _, path := range paths {
		file, err := parser.ParseFile(token.NewFileSet(), path, nil, parser.SkipObjectResolution)
		must(t, err)
		for _, decl := range file.Decls {
			group, ok := decl.(*ast.GenDecl)
			if !ok || group.Tok != token.CONST {
				continue
			}
			for _, spec := range group.Specs {
				values := spec.(*ast.ValueSpec)
				for i, name := range values.Names {
					found[name.Name] = ""
					if i >= len(values.Values) {
						continue
					}
					if literal, ok := values.Values[i].(*ast.BasicLit); ok {
						found[name.Name] = literal.Value
						if text, err := strconv.Unquote(literal.Value); err == nil {
							found[name.Name] = text
						}
					}
				}
			}
		}
	}
	return found
}
