package simulator

import (
	"cmp"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"reflect"
	"slices"
	"time"

	"github.com/quecloud/quecloud-go/quecloudtest"
)

// members are the members of a struct in a body, each of which may be absent.
type members[T any] struct{ text json.RawMessage }

// UnmarshalJSON implements [json.Unmarshaler].
func (m *members[T]) UnmarshalJSON(text []byte) error {
	m.text = slices.Clone(text)
	return m.set(new(T))
}

// set sets the fields that the body has.
func (m *members[T]) set(v *T) error {
	if len(m.text) == 0 || m.text[0] != '{' {
		return errors.New("want a JSON object")
	}
	return decodeStrictly(m.text, v)
}

// value returns a struct with the fields that the body has.
func (m *members[T]) value() (v T, err error) {
	err = m.set(&v)
	return v, err
}

// target returns the type of the struct.
func (m members[T]) target() reflect.Type { return reflect.TypeFor[T]() }

const (
	defaultPage = 100
	maxPage     = 10_000
)

type cardsInput struct {
	Text    string `query:"text" doc:"part of the ICCID, MSISDN, IMSI or IMEI"`
	Status  string `query:"status" enum:"@statuses" doc:"state of the cards"`
	Carrier string `query:"carrier" enum:"@carriers" doc:"carrier of the cards"`
	Group   int64  `query:"group" doc:"ID of the billing group"`
	Start   *int   `query:"start" doc:"next of the page before"`
	Limit   *int   `query:"limit" doc:"number of cards, 1 to 10000; default 100"`
}

func (c *Control) cards(_ *http.Request, in cardsInput) (quecloudtest.CardPage, error) {
	start, limit := 0, defaultPage
	if in.Start != nil {
		start = *in.Start
	}
	if in.Limit != nil {
		limit = *in.Limit
	}
	if limit < 1 || limit > maxPage || start < 0 {
		return quecloudtest.CardPage{}, fmt.Errorf("want start of at least 0 and limit of 1 to %d", maxPage)
	}
	return c.sim.CardPage(quecloudtest.CardFilter{
		Text: in.Text, Status: in.Status, Carrier: in.Carrier, BillingID: in.Group,
	}, start, limit), nil
}

type addCardInput struct {
	Body members[quecloudtest.Card] `body:"json"`
}

func (c *Control) addCard(_ *http.Request, in addCardInput) (quecloudtest.Card, error) {
	card, err := in.Body.value()
	if err == nil {
		err = checkComputed(&quecloudtest.Card{}, &card)
	}
	if err != nil {
		return quecloudtest.Card{}, err
	}
	return c.sim.AddCard(card), nil
}

type cardInput struct {
	Number string `path:"number" doc:"ICCID or MSISDN of the card"`
}

func (c *Control) card(_ *http.Request, in cardInput) (quecloudtest.Card, error) {
	card, ok := c.sim.Card(in.Number)
	if !ok {
		return card, failf(http.StatusNotFound, "not found: card %s", in.Number)
	}
	return card, nil
}

type updateCardInput struct {
	Number string                     `path:"number" doc:"ICCID or MSISDN of the card"`
	Body   members[quecloudtest.Card] `body:"json"`
}

func (c *Control) updateCard(r *http.Request, in updateCardInput) (quecloudtest.Card, error) {
	before, err := c.card(r, cardInput{in.Number})
	if err != nil {
		return before, err
	}
	after := before
	if err := in.Body.set(&after); err != nil {
		return before, err
	}
	if err := checkComputed(&before, &after); err != nil {
		return before, err
	}
	if after.ICCID != before.ICCID || after.MSISDN != before.MSISDN {
		return before, errors.New("iccid, msisdn: the numbers of a card do not change; add another card")
	}
	return c.sim.UpdateCard(in.Number, func(card *quecloudtest.Card) {
		_ = in.Body.set(card) // succeeded above
	}), nil
}

// checkComputed returns an error when a body changes a member that follows from others.
func checkComputed(before, after *quecloudtest.Card) error {
	for name, changed := range map[string]bool{
		"carrier":    after.Carrier != before.Carrier,
		"planName":   after.PlanName != before.PlanName,
		"monthFlow":  after.MonthFlow != before.MonthFlow,
		"cycleFlow":  after.CycleFlow != before.CycleFlow,
		"allowance":  after.Allowance != before.Allowance,
		"monthVoice": after.MonthVoice != before.MonthVoice,
	} {
		if changed {
			return fmt.Errorf("%s: follows from the group and the usage; see POST /usage and billingID", name)
		}
	}
	return nil
}

func (c *Control) removeCard(r *http.Request, in cardInput) (nothing, error) {
	if _, err := c.card(r, in); err != nil {
		return nothing{}, err
	}
	c.sim.RemoveCard(in.Number)
	return nothing{}, nil
}

type cardUsageInput struct {
	Number string `path:"number" doc:"ICCID or MSISDN of the card"`
	First  string `query:"first" doc:"first day, yyyy-MM-dd; default the first of the month"`
	Last   string `query:"last" doc:"last day, yyyy-MM-dd; default today"`
}

func (c *Control) cardUsage(r *http.Request, in cardUsageInput) ([]quecloudtest.DayUsage, error) {
	if _, err := c.card(r, cardInput{in.Number}); err != nil {
		return nil, err
	}
	now := c.sim.Now()
	return c.sim.Usage(in.Number, cmp.Or(in.First, now.Format("2006-01")+"-01"),
		cmp.Or(in.Last, now.Format(time.DateOnly))), nil
}

func (c *Control) cardHistory(r *http.Request, in cardInput) ([]quecloudtest.CardChange, error) {
	if _, err := c.card(r, in); err != nil {
		return nil, err
	}
	return c.sim.History(in.Number), nil
}
