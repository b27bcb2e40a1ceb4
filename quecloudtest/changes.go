package quecloudtest

import (
	"fmt"
	"strconv"
	"strings"
	"time"
)

// A CardChange is a change of a card.
type CardChange struct {
	Time   time.Time     `json:"time"`   // by the server's clock
	ICCID  string        `json:"iccid"`  // the card's serial number
	MSISDN string        `json:"msisdn"` // the card's number
	Cause  string        `json:"cause"`  // method (fc.function.…), function of Server, order, or end of a time
	Fields []FieldChange `json:"fields"` // empty for a card that was added or removed
}

// A FieldChange is a change of a field of a [Card], or of the usage of a day.
type FieldChange struct {
	Field string `json:"field"` // as in the JSON form of a Card
	From  string `json:"from"`  // value before
	To    string `json:"to"`    // value after
}

// The causes of changes that neither a method nor a function of Server makes.
const (
	causeReset     = "end of the reset"
	causeThreshold = "threshold"
	causeDate      = "date"
)

// facts are what a change of a card compares.
type facts struct {
	status, reason, imei, whitelist, packages, alarm string
	group                                            int64
	activated, expires                               day
	gprsClosed, locked, realName                     bool
	voice                                            Voice
}

func (s *Server) factsOf(c *card, now instant) facts {
	f := facts{
		imei: c.imei, whitelist: strings.Join(c.whitelist, " "), group: c.group.ID, activated: c.activated,
		expires: c.expires, gprsClosed: c.gprsClosed, locked: c.locked, realName: c.realName, voice: c.voice,
	}
	f.status, f.reason = s.state(c, now)
	for _, p := range c.packages(now.time) {
		f.packages = strings.TrimSpace(f.packages + " " + p.Name)
	}
	if c.history != nil && c.history.alarm != nil {
		text, _ := encodeJSON(c.history.alarm.settings)
		f.alarm = string(text)
	}
	return f
}

// changes returns the fields that differ between two states of a card.
func (f *facts) changes(to *facts) (fields []FieldChange) {
	add := func(field, from, to string) {
		if from != to {
			fields = append(fields, FieldChange{field, from, to})
		}
	}
	add("status", f.status, to.status)
	add("pauseReason", f.reason, to.reason)
	add("billingID", fmt.Sprint(f.group), fmt.Sprint(to.group))
	add("activeDate", f.activated.format(layoutDay), to.activated.format(layoutDay))
	add("expiryDate", f.expires.format(layoutDay), to.expires.format(layoutDay))
	add("gprsClosed", strconv.FormatBool(f.gprsClosed), strconv.FormatBool(to.gprsClosed))
	add("locked", strconv.FormatBool(f.locked), strconv.FormatBool(to.locked))
	add("realName", strconv.FormatBool(f.realName), strconv.FormatBool(to.realName))
	add("voice", f.voice.String(), to.voice.String())
	add("voiceWhitelist", f.whitelist, to.whitelist)
	add("imei", f.imei, to.imei)
	add("packages", f.packages, to.packages)
	add("alarm", f.alarm, to.alarm)
	return fields
}

// change returns the change of the usage of a day.
func (r resource) change(from, to int64) FieldChange {
	if r == voice {
		return FieldChange{"minutes", fmt.Sprint(from), fmt.Sprint(to)}
	}
	return FieldChange{"mb", volume(from).String(), volume(to).String()}
}

// watchCard sets the known facts of a card before its first change.
func (s *Server) watchCard(c *card) { c.history.known = s.factsOf(c, instantOf(s.clock.now())) }

// recordChanges records the changes of the cards that were edited since the last call.
func (s *Server) recordChanges(cause string, now instant) {
	for _, i := range s.fleet.touched {
		if c := s.fleet.kept[i]; c != nil {
			s.recordChange(c, cause, now)
		}
	}
	s.fleet.touched = s.fleet.touched[:0]
}

// recordChange records the changes of a card since the last call for it.
func (s *Server) recordChange(c *card, cause string, now instant) {
	present := s.factsOf(c, now)
	fields := c.history.known.changes(&present)
	c.history.known = present
	if len(fields) > 0 {
		s.addChange(c, cause, now.time, fields)
	}
}

// addChange remembers a change.
func (s *Server) addChange(c *card, cause string, now time.Time, fields []FieldChange) {
	change := CardChange{now, c.iccid, c.msisdn, cause, append([]FieldChange{}, fields...)}
	s.changes.add(change)
	if s.changes.len() > maxKept {
		s.changes.forget()
	}
	s.updates.add(Update{Time: now, Kind: UpdateCard, Card: &change})
}

// History returns the changes of the card with that ICCID or MSISDN, oldest first. The server remembers the last
// 100,000 changes of all cards. Changes that follow from the date alone, such as the end of a contract, are recorded
// at the first use of the server on that date, and only for cards that were added or changed before. History panics
// when there is no such card.
func (s *Server) History(number string) []CardChange {
	defer s.lock(true)()
	i, ok := s.fleet.find(number)
	if !ok {
		panic(fmt.Sprintf("quecloudtest: History: no card %s", number))
	}
	c, changes := s.fleet.card(i), []CardChange{}
	for _, change := range s.changes.all() {
		if change.ICCID == c.iccid {
			changes = append(changes, change)
		}
	}
	return changes
}
