package quecloudtest

import (
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"slices"
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
	now := instantOf(s.clock.now())
	for _, i := range s.fleet.changed() {
		c := s.fleet.kept[i]
		for d := s.checked + 1; d <= today; d++ {
			s.checkThreshold(c, d)
		}
		known := &c.history.known
		switch status, reason := s.state(c, now); {
		case status == known.status && reason == known.reason:
		case reason == ReasonThreshold:
			s.recordChange(c, causeThreshold, now)
		default:
			s.recordChange(c, causeDate, now)
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

// parseAlarm parses the JSON object of the parameter alarmParam. Numbers may be in quotes. The refusal says what is
// wrong.
func parseAlarm(param string) (Alarm, error) {
	const wrong = "参数格式错误：alarmParam"
	var members map[string]any
	decoder := json.NewDecoder(strings.NewReader(param))
	decoder.UseNumber()
	err := decoder.Decode(&members)
	syntax, isSyntax := errors.AsType[*json.SyntaxError](err)
	switch {
	case isSyntax:
		return Alarm{}, refuse(wrong+"（第%d个字节处不是合法的JSON）", syntax.Offset)
	case err != nil || members == nil || decoder.More():
		return Alarm{}, refuse(wrong + "（应为一个JSON对象）")
	}
	var a Alarm
	for _, name := range slices.Sorted(maps.Keys(members)) {
		if want := a.setMember(strings.ToLower(name), members[name]); want != "" {
			return Alarm{}, refuse(wrong+"（%s%s）", name, want)
		}
	}
	return a, nil
}

// setMember sets a member of alarmParam. If that is impossible, it returns what the member should be.
func (a *Alarm) setMember(name string, value any) (want string) {
	text, isText := value.(string)
	number, isNumber := amountOf(value)
	isFlag := isNumber && (number == 0 || number == 1)
	switch name {
	case "notifyemails":
		if want = "应为文本"; isText || value == nil {
			want = ""
		}
		if text != "" {
			a.Emails = strings.Split(text, ",")
		}
		return want
	case "alarmstatus":
		a.Enabled = number == 1
	case "pausestatus":
		a.PauseEnabled = number == 1
	case "pauseflowthreshold":
		a.PauseThreshold = number
	case "alarmthreshold1", "alarmthreshold2", "alarmthreshold3":
		a.Thresholds[name[len(name)-1]-'1'] = number
	default:
		return "不是alarmParam的成员"
	}
	switch {
	case strings.HasSuffix(name, "status") && !isFlag:
		return fmt.Sprintf("应为0或1，实际为%v", value)
	case !isNumber:
		return fmt.Sprintf("应为0到1000000000000的数，实际为%v", value)
	}
	return ""
}

// amountOf returns the amount in a JSON number, or in a text. An empty text is 0.
func amountOf(value any) (float64, bool) {
	text, isText := value.(string)
	if number, ok := value.(json.Number); ok {
		text = number.String()
	} else if !isText {
		return 0, false
	}
	if text == "" {
		return 0, true
	}
	v, err := strconv.ParseFloat(text, 64)
	return v, err == nil && v >= 0 && v < 1e12
}

// §2.3.7
func (s *Server) alarmSet(c *call) error {
	settings, err := parseAlarm(c.params["alarmParam"])
	if err != nil {
		return err
	}
	for _, i := range c.cards {
		s.changeAlarm(s.fleet.edit(i), settings, c.now)
	}
	if len(c.unknown) == 0 {
		return nil
	}
	if len(c.cards) == 0 {
		return c.noCards()
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
