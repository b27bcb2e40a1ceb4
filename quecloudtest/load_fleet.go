package quecloudtest

import (
	"errors"
	"fmt"
	"math"
	"slices"
	"time"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"
)

func (l loader) groups(st *loadedState) error {
	if st.Groups == nil {
		return nil
	}
	if len(st.Groups) == 0 {
		return fmt.Errorf("groups: want at least one")
	}
	l.world.groups = nil
	for i := range st.Groups {
		if err := at("groups", i, l.addGroup(&st.Groups[i])); err != nil {
			return err
		}
	}
	return nil
}

func (l loader) products(st *loadedState) error {
	if st.Products == nil {
		return nil
	}
	l.world.products = nil
	for i := range st.Products {
		if err := at("products", i, l.addProduct(&st.Products[i])); err != nil {
			return err
		}
	}
	return nil
}

// fleet makes the synthetic cards.
func (l loader) fleet(st *loadedState) error {
	f := st.Fleet
	if f.Size < 0 || f.Size > maxFleet {
		return fmt.Errorf("fleet.size: %d, want 0 to %d", f.Size, maxFleet)
	}
	if f.SubAccountCards < 0 {
		return fmt.Errorf("fleet.subAccountCards: %d, want 0 or more", f.SubAccountCards)
	}
	created, err := dayOr(f.Created, l.now.day)
	if err != nil {
		return fmt.Errorf("fleet.created: %w", err)
	}
	groups := l.world.groups
	if f.Groups != nil {
		groups = nil
		for i, id := range f.Groups {
			g := l.group(id)
			if g == nil {
				return fmt.Errorf("fleet.groups[%d]: no billing group %d", i, id)
			}
			groups = append(groups, g)
		}
		if len(groups) == 0 && f.Size > 0 {
			return fmt.Errorf("fleet.groups: want at least one")
		}
	}
	l.seed = f.Seed
	l.world.fleet = newFleet(f.Seed, f.Size, created, slices.Clip(groups))
	l.world.fleet.subAccounts = f.SubAccountCards
	return nil
}

// dayOr parses a date. Empty text gives the other day.
func dayOr(date string, otherwise day) (day, error) {
	if date == "" {
		return otherwise, nil
	}
	d, ok := parseDay(layoutDay, date)
	if !ok {
		return 0, fmt.Errorf("%q, want the layout yyyy-MM-dd", date)
	}
	return d, nil
}

func monthOr(date string) (month, error) {
	if date == "" {
		return 0, nil
	}
	d, ok := parseDay(layoutMonth, date)
	if !ok {
		return 0, fmt.Errorf("%q, want the layout yyyyMM", date)
	}
	return d.month(), nil
}

func (l loader) cards(st *loadedState) error {
	for i, text := range st.Cards {
		if err := l.card(text); err != nil {
			return fmt.Errorf("cards[%d]%w", i, err)
		}
	}
	return nil
}

// absentDate stands for a date that an added card leaves out.
const absentDate = "absent"

// card changes or adds a card. Its errors begin with a dot and the member, or with a colon.
func (l loader) card(text []byte) error {
	var number struct {
		Place  *int   `json:"place"`
		ICCID  string `json:"iccid"`
		MSISDN string `json:"msisdn"`
	}
	if jsontext.Value(text).Kind() != '{' {
		return errors.New(": want a JSON object")
	}
	_ = json.Unmarshal(text, &number) // errors are found below
	fleet := l.world.fleet
	place := fleet.len()
	for _, n := range []string{number.ICCID, number.MSISDN} {
		if i, ok := fleet.find(n); ok && n != "" {
			place = i
			break
		}
	}
	if number.Place != nil {
		place = *number.Place
	}
	if place < 0 || place > maxFleet || fleet.kept[place] != nil {
		return fmt.Errorf(".place: the place %d is taken or out of range", place)
	}
	st := CardState{}
	synthetic := place < fleet.n
	if synthetic {
		c := fleet.card(place)
		st = c.snapshot()
		st.Usage, st.VoiceUsage, st.Idle = nil, nil, nil
	}
	before := st
	st.Place = place
	if !synthetic {
		st.AllotDate, st.OpenDate, st.ActiveDate = absentDate, absentDate, absentDate
	}
	if err := decodeStrictly(text, &st); err != nil {
		return fmt.Errorf(".%w", err)
	}
	explicit := st
	for _, date := range []*string{&st.AllotDate, &st.OpenDate, &st.ActiveDate} {
		if *date == absentDate {
			*date = ""
		}
	}
	for i := range st.Packages {
		p := &st.Packages[i]
		setTime(&p.Start, l.now.time)
		setTime(&p.End, dayOf(p.Start).month().last().end())
	}
	v := st.card()
	var c *card
	var err *memberError
	if synthetic {
		if v.ICCID != before.ICCID || v.MSISDN != before.MSISDN {
			return fmt.Errorf(".iccid: the synthetic card of this place has the ICCID %s and the MSISDN %s", before.ICCID,
				before.MSISDN)
		}
		c = fleet.edit(place)
		err = l.setFacts(c, v, l.now)
	} else {
		c, err = l.addCard(v, place, l.now)
	}
	if err != nil {
		return fmt.Errorf(".%s: %s", err.member, err.text)
	}
	for _, date := range []struct {
		text string
		to   *day
	}{{explicit.AllotDate, &c.allotted}, {explicit.OpenDate, &c.opened}, {explicit.ActiveDate, &c.activated}} {
		if date.text == "" {
			*date.to = 0 // addCard filled it in
		}
	}
	return l.cardHistory(c, &st)
}

// card returns the state as a Card.
func (st *CardState) card() Card {
	c := Card{
		ICCID: st.ICCID, MSISDN: st.MSISDN, IMSI: st.IMSI, IMEI: st.IMEI, CompanyID: st.CompanyID,
		BillingID: st.BillingID, Status: st.Status, PauseReason: st.PauseReason, CardType: st.CardType,
		AllotDate: st.AllotDate, OpenDate: st.OpenDate, ActiveDate: st.ActiveDate, ExpiryDate: st.ExpiryDate,
		GPRSClosed: st.GPRSClosed, Locked: st.Locked, RealName: st.RealName,
		Voice: st.Voice, VoiceWhitelist: st.VoiceWhitelist, Packages: st.Packages,
	}
	if st.Alarm != nil {
		c.Alarm = &st.Alarm.Alarm
	}
	return c
}

// cardHistory sets the facts of a card that a Card lacks. Its errors are those of card.
func (l loader) cardHistory(c *card, st *CardState) error {
	h := c.history
	for date, mb := range st.Usage {
		d, err := dayOr(date, 0)
		if err != nil || d == 0 || !(mb >= 0 && mb < math.MaxInt32) {
			return fmt.Errorf(".usage: %q: %v, want a date (yyyy-MM-dd) and 0 to %d MB", date, mb, math.MaxInt32)
		}
		h.setUsage(data, d, int64(volumeOf(mb)))
	}
	for date, minutes := range st.VoiceUsage {
		d, err := dayOr(date, 0)
		if err != nil || d == 0 || minutes < 0 || minutes > maxMB {
			return fmt.Errorf(".voiceUsage: %q: %d, want a date (yyyy-MM-dd) and 0 to %d minutes", date, minutes, maxMB)
		}
		h.setUsage(voice, d, int64(minutes))
	}
	if c.status != StatusNormal {
		var err error
		if c.stopped, err = dayOr(st.LastUse, c.stopped); err != nil {
			return fmt.Errorf(".lastUse: %w", err)
		}
	}
	if st.Idle != nil {
		h.idle = nil
	}
	for i, dates := range st.Idle {
		first, err1 := dayOr(dates.First, 0)
		last, err2 := dayOr(dates.Last, 0)
		if err1 != nil || err2 != nil || first == 0 || last < first {
			return fmt.Errorf(".idle[%d]: from %q to %q, want two dates (yyyy-MM-dd)", i, dates.First, dates.Last)
		}
		h.addIdle(span{first, last})
	}
	var err error
	if h.whitelistDeletedIn, err = monthOr(st.WhitelistDeletedIn); err != nil {
		return fmt.Errorf(".whitelistDeletedIn: %w", err)
	}
	h.resetAt, h.unboundAt, h.registeredAt = orZero(st.ResetAt), orZero(st.UnboundAt), orZero(st.RegisteredAt)
	if err := h.setAlarm(st.Alarm); err != nil {
		return err
	}
	h.known = l.factsOf(c, l.now)
	return nil
}

// setUsage sets the usage of a day.
func (h *history) setUsage(r resource, d day, amount int64) {
	if h.usage[r] == nil {
		h.usage[r] = map[day]int64{}
	}
	h.usage[r][d] = amount
}

// setAlarm sets the records of an alarm whose settings are set.
func (h *history) setAlarm(st *AlarmState) (err error) {
	if st == nil {
		return nil
	}
	a := h.alarm
	if st.ID < 0 || st.ID > maxGiven {
		return fmt.Errorf(".alarm.id: %d is out of range", st.ID)
	}
	if st.ID != 0 {
		a.id = st.ID
	}
	if !st.Created.IsZero() {
		a.created = st.Created
	}
	if !st.Updated.IsZero() {
		a.updated = st.Updated
	}
	if a.tripped, err = monthOr(st.PausedIn); err != nil {
		return fmt.Errorf(".alarm.pausedIn: %w", err)
	}
	return nil
}

func orZero(t *time.Time) time.Time {
	if t == nil {
		return time.Time{}
	}
	return *t
}

// removed removes synthetic cards.
func (l loader) removed(st *loadedState) error {
	fleet := l.world.fleet
	for i, number := range st.Removed {
		place, ok := fleet.find(number)
		if !ok || place >= fleet.n || fleet.kept[place] != nil {
			return fmt.Errorf("removed[%d]: no unchanged synthetic card %s", i, number)
		}
		fleet.remove(place)
	}
	return nil
}
