package simulator

import (
	"errors"
	"fmt"
	"net/http"
	"time"

	"github.com/quecloud/quecloud-go/quecloudtest"
)

// A clockState is the stand-in's time beside the real one.
type clockState struct {
	Time    time.Time `json:"time"`    // the stand-in's time
	T       int64     `json:"t"`       // the stand-in's time as the parameter t
	Real    time.Time `json:"real"`    // the real time
	Running bool      `json:"running"` // the stand-in's clock runs; otherwise it stands
}

func (c *Control) clock(*http.Request, nothing) (clockState, error) {
	now := c.sim.Now()
	return clockState{
		Time: now, T: now.Unix(), Real: time.Now().In(now.Location()), Running: c.sim.ClockRuns(),
	}, nil
}

type setClockInput struct {
	Body struct {
		// Time is where the clock stops, such as 2026-03-10T12:00:00+08:00.
		Time    time.Time `json:"time,omitzero"`
		Running bool      `json:"running,omitempty"` // the clock runs with the real one, without time
	} `body:"json"`
}

func (c *Control) setClock(r *http.Request, in setClockInput) (clockState, error) {
	if in.Body.Running && in.Body.Time.IsZero() {
		c.sim.SetTime(time.Time{})
		return c.clock(r, nothing{})
	}
	if in.Body.Running {
		return clockState{}, errors.New("want time or running")
	}
	if y := in.Body.Time.Year(); y < 2000 || y > 2100 {
		return clockState{}, errors.New("time: want a time from 2000 to 2100")
	}
	c.sim.SetTime(in.Body.Time)
	return c.clock(r, nothing{})
}

type advanceInput struct {
	Body struct {
		Seconds float64 `json:"seconds"` // more than 0
	} `body:"json"`
}

func (c *Control) advance(r *http.Request, in advanceInput) (clockState, error) {
	if !(in.Body.Seconds > 0 && in.Body.Seconds <= maxAdvance) {
		return clockState{}, fmt.Errorf("seconds: want more than 0, and at most %d", maxAdvance)
	}
	d := time.Duration(in.Body.Seconds * float64(time.Second))
	if c.sim.Now().Add(d).Year() > maxYear {
		return clockState{}, fmt.Errorf("seconds: the clock ends with the year %d", maxYear)
	}
	c.sim.Advance(d)
	return c.clock(r, nothing{})
}

type receiveSMSInput struct {
	Body struct {
		Card    string `json:"card"`    // ICCID or MSISDN of the card
		Content string `json:"content"` // text of the message
	} `body:"json"`
}

func (c *Control) receiveSMS(_ *http.Request, in receiveSMSInput) (quecloudtest.ReceivedSMS, error) {
	if in.Body.Card == "" || in.Body.Content == "" {
		return quecloudtest.ReceivedSMS{}, errors.New("want card and content")
	}
	return c.sim.ReceiveSMS(in.Body.Card, in.Body.Content), nil
}

type usageInput struct {
	Body struct {
		Card string   `json:"card"` // ICCID or MSISDN of the card
		Date string   `json:"date"` // date, yyyy-MM-dd
		MB   *float64 `json:"mb"`   // data used on the date, MB
	} `body:"json"`
}

func (c *Control) setUsage(r *http.Request, in usageInput) (quecloudtest.Card, error) {
	if in.Body.Card == "" || in.Body.Date == "" || in.Body.MB == nil {
		return quecloudtest.Card{}, errors.New("want card, date and mb")
	}
	c.sim.SetUsage(in.Body.Card, in.Body.Date, *in.Body.MB)
	return c.card(r, cardInput{in.Body.Card})
}

type voiceUsageInput struct {
	Body struct {
		Card    string `json:"card"`    // ICCID or MSISDN of the card
		Date    string `json:"date"`    // date, yyyy-MM-dd
		Minutes *int   `json:"minutes"` // voice used on the date, minutes
	} `body:"json"`
}

func (c *Control) setVoiceUsage(r *http.Request, in voiceUsageInput) (quecloudtest.Card, error) {
	if in.Body.Card == "" || in.Body.Date == "" || in.Body.Minutes == nil {
		return quecloudtest.Card{}, errors.New("want card, date and minutes")
	}
	c.sim.SetVoiceUsage(in.Body.Card, in.Body.Date, *in.Body.Minutes)
	return c.card(r, cardInput{in.Body.Card})
}

type depositInput struct {
	Body struct {
		Yuan   *quecloudtest.Money `json:"yuan"`             // amount, such as "12.50"; also as a number
		Remark string              `json:"remark,omitempty"` // remark of the deposit
	} `body:"json"`
}

func (c *Control) deposit(_ *http.Request, in depositInput) (quecloudtest.Wallet, error) {
	if in.Body.Yuan == nil {
		return quecloudtest.Wallet{}, errors.New("yuan: want an amount such as 12.50")
	}
	c.sim.Deposit(*in.Body.Yuan, in.Body.Remark)
	return c.sim.Wallet(), nil
}

func (c *Control) wallet(*http.Request, nothing) (quecloudtest.Wallet, error) {
	return c.sim.Wallet(), nil
}

type failOrdersInput struct {
	Body struct {
		N      int    `json:"n"`                // number of orders
		Reason string `json:"reason,omitempty"` // reason of the failures
	} `body:"json"`
}

func (c *Control) failOrders(_ *http.Request, in failOrdersInput) (nothing, error) {
	if in.Body.N < 1 || in.Body.N > maxFailing {
		return nothing{}, fmt.Errorf("n: want 1 to %d", maxFailing)
	}
	c.sim.FailOrders(in.Body.N, in.Body.Reason)
	return nothing{}, nil
}

// A purchaseRules is quecloudtest.PurchaseRules in JSON.
type purchaseRules struct {
	// Duplicates is the response to a purchase with the externalId of an earlier order.
	Duplicates    quecloudtest.Duplicates `json:"duplicates"`
	RecordSeconds float64                 `json:"recordSeconds"` // how long the externalId of an order stays unknown
	WalletSeconds float64                 `json:"walletSeconds"` // how long the wallet lacks the entry of an order
	YearsOnly     bool                    `json:"yearsOnly"`     // refuse renewals by months
}

func (c *Control) purchases(*http.Request, nothing) (purchaseRules, error) {
	rules := c.sim.PurchaseRules()
	return purchaseRules{
		rules.Duplicates, rules.RecordDelay.Seconds(), rules.WalletDelay.Seconds(), rules.YearsOnly,
	}, nil
}

type purchasesInput struct {
	Body members[purchaseRules] `body:"json"`
}

func (c *Control) setPurchaseRules(r *http.Request, in purchasesInput) (purchaseRules, error) {
	rules, err := in.Body.value()
	if err != nil {
		return rules, err
	}
	for name, seconds := range map[string]float64{
		"recordSeconds": rules.RecordSeconds, "walletSeconds": rules.WalletSeconds,
	} {
		if !(seconds >= 0 && seconds <= maxAdvance) {
			return purchaseRules{}, fmt.Errorf("%s: want 0 to %d", name, maxAdvance)
		}
	}
	c.sim.SetPurchaseRules(quecloudtest.PurchaseRules{
		Duplicates:  rules.Duplicates,
		RecordDelay: time.Duration(rules.RecordSeconds * float64(time.Second)),
		WalletDelay: time.Duration(rules.WalletSeconds * float64(time.Second)),
		YearsOnly:   rules.YearsOnly,
	})
	return c.purchases(r, nothing{})
}
