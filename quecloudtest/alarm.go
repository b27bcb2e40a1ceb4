package quecloudtest

import (
	"encoding/json"
	"fmt"
	"strconv"
	"strings"
	"time"
)

// An Alarm holds a card's settings of fc.function.card.alarm (§2.3.7). A threshold of 0 is not set.
type Alarm struct {
	Emails     []string   `json:"emails"`     // addresses for warnings
	Thresholds [3]float64 `json:"thresholds"` // MB of the month's usage that send a warning (预警)
	Enabled    bool       `json:"enabled"`    // send warnings

	PauseThreshold float64 `json:"pauseThreshold"` // MB of the month's usage that suspend the card (达到阈值停机)
	PauseEnabled   bool    `json:"pauseEnabled"`   // suspend the card at PauseThreshold
}

// clone returns a deep copy.
func (a *Alarm) clone() *Alarm {
	if a == nil {
		return nil
	}
	c := *a
	c.Emails = append([]string{}, a.Emails...)
	return &c
}

// An alarm is an Alarm with the server's records.
type alarm struct {
	id               int64
	settings         Alarm
	created, updated time.Time
	tripped          month // month in which it last suspended the card
}

// setAlarm sets the alarm of a card, or removes it.
func (s *Server) setAlarm(c *card, settings *Alarm, now instant) {
	if settings == nil {
		c.history.alarm = nil
		return
	}
	a := c.history.alarm
	if a == nil {
		s.alarms++
		a = &alarm{id: s.alarms, created: now.time}
		c.history.alarm = a
	}
	a.settings, a.updated = *settings.clone(), now.time
}

// changeAlarm changes the alarm of a card, which may suspend the card at once.
func (s *Server) changeAlarm(c *card, settings Alarm, now instant) {
	s.setAlarm(c, &settings, now)
	c.history.alarm.tripped = 0
	s.checkThreshold(c, now.day)
}

// checkThresholds suspends the cards that reached their thresholds on the days since the last check.
func (s *Server) checkThresholds(today day) {
	if today == s.checked {
		return
	}
	for _, i := range s.fleet.changed() {
		for d := s.checked + 1; d <= today; d++ {
			s.checkThreshold(s.fleet.kept[i], d)
		}
	}
	s.checked = today
}

// checkThreshold suspends a card that reached its threshold in the month, once a month.
func (s *Server) checkThreshold(c *card, today day) {
	a := c.history.alarm
	if a == nil || !a.settings.PauseEnabled || a.settings.PauseThreshold <= 0 || a.tripped == today.month() {
		return
	}
	if c.status != StatusNormal || s.fleet.used(c, today.month().first(), today) < volumeOf(a.settings.PauseThreshold) {
		return
	}
	a.tripped = today.month()
	c.setState(StatusSuspended, ReasonThreshold, today)
}

// alarmSettings is the JSON object of the parameter alarmParam. Numbers may be in quotes.
type alarmSettings struct {
	Emails      string `json:"notifyemails"`
	Threshold1  amount `json:"alarmthreshold1"`
	Threshold2  amount `json:"alarmthreshold2"`
	Threshold3  amount `json:"alarmthreshold3"`
	Alarm       amount `json:"alarmstatus"`
	PauseAt     amount `json:"pauseflowthreshold"`
	PauseStatus amount `json:"pausestatus"`
}

// An amount is a number, which may be in quotes.
type amount float64

func (a *amount) UnmarshalJSON(b []byte) error {
	text := strings.Trim(string(b), `"`)
	if text == "" {
		*a = 0
		return nil
	}
	v, err := strconv.ParseFloat(text, 64)
	if err == nil && !(v >= 0 && v < 1e12) {
		err = fmt.Errorf("%v: want an amount from 0 to 1e12", v)
	}
	*a = amount(v)
	return err
}

// §2.3.7
func (s *Server) alarmSet(c *call) error {
	var param alarmSettings
	decoder := json.NewDecoder(strings.NewReader(c.params["alarmParam"]))
	decoder.DisallowUnknownFields()
	err := decoder.Decode(&param)
	settings, ok := param.alarm()
	if err != nil || decoder.More() || !ok {
		return refuse("参数格式错误：alarmParam")
	}
	for _, i := range c.cards {
		s.changeAlarm(s.fleet.edit(i), settings, c.now)
	}
	if len(c.unknown) == 0 {
		return nil
	}
	if len(c.cards) == 0 {
		return refuse("卡号不存在")
	}
	c.code = codeRefused
	c.out.list("success", func() {
		for _, i := range c.cards {
			card := s.fleet.card(i)
			if c.byICCID {
				c.out.text("", card.iccid)
			} else {
				c.out.text("", card.msisdn)
			}
		}
	})
	return nil
}

// alarm returns the settings, and reports whether their flags are valid.
func (p *alarmSettings) alarm() (a Alarm, ok bool) {
	a = Alarm{
		Thresholds: [3]float64{float64(p.Threshold1), float64(p.Threshold2), float64(p.Threshold3)},
		Enabled:    p.Alarm == 1, PauseThreshold: float64(p.PauseAt), PauseEnabled: p.PauseStatus == 1,
	}
	if p.Emails != "" {
		a.Emails = strings.Split(p.Emails, ",")
	}
	isFlag := func(v amount) bool { return v == 0 || v == 1 }
	return a, isFlag(p.Alarm) && isFlag(p.PauseStatus)
}

// §2.3.8
func (s *Server) alarmStatus(c *call) error {
	alarmed, paused := c.params["alarmStatus"], c.params["pauseStatus"]
	if alarmed == "" && paused == "" {
		return refuse("alarmStatus、pauseStatus至少传递一个")
	}
	if c.card.history == nil || c.card.history.alarm == nil {
		return refuse("该卡未设置流量管理")
	}
	card := s.edit(c)
	settings := card.history.alarm.settings
	if alarmed != "" {
		settings.Enabled = c.integer("alarmStatus") == 1
	}
	if paused != "" {
		settings.PauseEnabled = c.integer("pauseStatus") == 1
	}
	s.changeAlarm(card, settings, c.now)
	return nil
}

// §2.1.13. Without an alarm, alarmInfo has no members.
func (s *Server) alarmGet(c *call) error {
	c.out.object("alarmInfo", func() {
		if c.card.history == nil || c.card.history.alarm == nil {
			return
		}
		a := c.card.history.alarm
		c.out.int("alarmid", a.id)
		c.out.text("msisdn", c.card.msisdn)
		c.out.text("notifyemails", strings.Join(a.settings.Emails, ";"))
		for i, threshold := range a.settings.Thresholds {
			if threshold != 0 {
				c.out.text("alarmthreshold"+strconv.Itoa(i+1), formatAmount(threshold))
			}
		}
		c.out.flag("alarmstatus", a.settings.Enabled)
		if a.settings.PauseThreshold != 0 {
			c.out.text("pauseflowthreshold", formatAmount(a.settings.PauseThreshold))
		}
		c.out.flag("pausestatus", a.settings.PauseEnabled)
		c.out.int("createdatetime", a.created.Unix())
		c.out.int("updatedatetime", a.updated.Unix())
		c.out.int("isdelete", 0)
	})
	return nil
}

func formatAmount(v float64) string { return strconv.FormatFloat(v, 'f', -1, 64) }
