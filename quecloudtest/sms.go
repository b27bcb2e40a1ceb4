package quecloudtest

import (
	"fmt"
	"slices"
	"strconv"
	"time"
)

// An SMS is a message to a card.
type SMS struct {
	ID      string    `json:"id"`      // smsId of the call, or a generated one, shared by all messages of the call
	LogID   int64     `json:"logID"`   // ID in the log
	ICCID   string    `json:"iccid"`   // the card's serial number
	MSISDN  string    `json:"msisdn"`  // the card's number
	Content string    `json:"content"` // text
	Status  int       `json:"status"`  // SMSSubmitted, SMSDelivered or SMSFailed
	Sent    time.Time `json:"sent"`    // time of the call
}

// The states of an SMS.
const (
	SMSSubmitted = 100
	SMSDelivered = 200
	SMSFailed    = 400
)

// A ReceivedSMS is a message from a card.
type ReceivedSMS struct {
	ID      string    `json:"id"`      // of the SMS
	ICCID   string    `json:"iccid"`   // the card's serial number
	MSISDN  string    `json:"msisdn"`  // the card's number
	Content string    `json:"content"` // text
	Time    time.Time `json:"time"`    // time of the message
}

// smsCount counts the messages of a month, including forgotten ones.
type smsCount struct{ sent, received int64 }

func (s *Server) smsCount(m month) *smsCount {
	if s.smsCounts[m] == nil {
		s.smsCounts[m] = &smsCount{}
	}
	return s.smsCounts[m]
}

// SMS returns the messages to cards, oldest first. The server remembers the last 100,000.
func (s *Server) SMS() []SMS {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.runDue()
	messages := make([]SMS, s.messages.len())
	for i, m := range s.messages.all() {
		messages[i] = *m
	}
	return messages
}

// Received returns the messages from cards, oldest first. The server remembers the last 100,000.
func (s *Server) Received() []ReceivedSMS {
	defer s.lock(true)()
	return append([]ReceivedSMS{}, s.received.all()...)
}

// ReceiveSMS receives a message from the device of the card with that ICCID or MSISDN: it counts the message for the
// month and sends an SMSEvent to the callback URL. It returns after the deliveries of the event, so a receiver of
// callbacks must not call it; see [Server.WaitCallbacks]. ReceiveSMS panics when there is no such card.
func (s *Server) ReceiveSMS(number, content string) ReceivedSMS {
	m := s.receive(number, content)
	s.WaitCallbacks()
	return m
}

func (s *Server) receive(number, content string) ReceivedSMS {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.runDue()
	i, ok := s.fleet.find(number)
	if !ok {
		panic(fmt.Sprintf("quecloudtest: ReceiveSMS: no card %s", number))
	}
	card := s.fleet.card(i)
	m := ReceivedSMS{
		ID: token(s.seed, 20, saltID, 1<<33+uint64(s.received.added)), ICCID: card.iccid, MSISDN: card.msisdn,
		Content: content, Time: s.clock.now(),
	}
	s.smsCount(dayOf(m.Time).month()).received++
	s.received.add(m)
	if s.received.len() > maxKept {
		s.received.forget()
	}
	s.updates.add(Update{Time: m.Time, Kind: UpdateReceived, Received: &m})
	s.sendEvent(s.smsURL, CallbackSMS, SMSEvent{
		Type: SMSInbox, MSISDN: m.MSISDN, ICCID: m.ICCID, ID: m.ID, Content: content, ReceivedAt: formatTime(m.Time),
	})
	return m
}

// §2.3.3. It accepts messages to all cards of the fleet. The event reports whether they arrived.
func (s *Server) smsSend(c *call) error {
	id := c.params["smsId"]
	setDefault(&id, token(s.seed, 20, saltID, 1<<32+uint64(s.messages.added)))
	c.out.list("successList", func() {
		for _, i := range c.cards {
			card := s.fleet.card(i)
			m := &SMS{
				ID: id, LogID: int64(s.messages.added) + 1, ICCID: card.iccid, MSISDN: card.msisdn,
				Content: c.params["content"], Status: SMSSubmitted, Sent: c.now.time,
			}
			s.messages.add(m)
			s.smsCount(c.now.day.month()).sent++
			if s.messages.len() > maxKept {
				s.messages.forget()
			}
			s.smsUpdate(m)
			s.schedule(m.Sent.Add(s.smsDelay), &reportSMS{m, i})
			c.out.object("", func() {
				c.out.text("iccid", m.ICCID)
				c.out.text("msisdns", m.MSISDN)
				c.out.text("sms_id", m.ID)
			})
		}
	})
	c.out.list("errorList", func() {
		for _, number := range c.unknown {
			c.out.text("", number)
		}
	})
	return nil
}

func (s *Server) smsUpdate(m *SMS) {
	present := *m
	s.updates.add(Update{Time: s.clock.now(), Kind: UpdateSMS, SMS: &present})
}

// reportSMS is the task that delivers a message to a card in use, or fails it, and sends the event.
type reportSMS struct {
	message *SMS
	place   int
}

func (t *reportSMS) cause() string { return "" } // changes no card

func (t *reportSMS) run(s *Server, now time.Time) {
	m, text := t.message, "送达"
	m.Status = SMSDelivered
	if !s.fleet.has(t.place) {
		m.Status, text = SMSFailed, "卡号不存在"
	} else {
		card := s.fleet.card(t.place)
		if status, _ := s.state(&card, instantOf(now)); status != StatusNormal && status != StatusTestNormal {
			m.Status, text = SMSFailed, "卡状态为"+status
		}
	}
	s.smsUpdate(m)
	s.sendEvent(s.smsURL, CallbackSMS, SMSEvent{
		Type: SMSReport, MSISDN: m.MSISDN, ICCID: m.ICCID, ID: m.ID, Status: strconv.Itoa(m.Status), Msg: text,
	})
}

// §2.3.4. Unlike in other lists, the page's members stand beside the rows. The latest message comes first.
func (s *Server) smsLog(c *call) error {
	m := parseMonth(c.params["dateStr"])
	var log []*SMS
	for _, message := range slices.Backward(s.messages.all()) {
		if dayOf(message.Sent).month() == m {
			log = append(log, message)
		}
	}
	p := c.page()
	p.encode(c, len(log))
	from, to := p.bounds(len(log))
	c.out.list("infoList", func() {
		for _, message := range log[from:to] {
			c.out.object("", func() {
				c.out.text("content", message.Content)
				c.out.text("msisdn", message.MSISDN)
				c.out.text("sendTime", formatTime(message.Sent))
				c.out.int("sms_id", message.LogID)
				c.out.int("status", int64(message.Status))
			})
		}
	})
	return nil
}

// §2.3.5
func (s *Server) smsMonthCount(c *call) error {
	var count smsCount
	if known := s.smsCounts[parseMonth(c.params["dateStr"])]; known != nil {
		count = *known
	}
	c.out.int("mt", count.sent)
	c.out.int("mo", count.received)
	return nil
}
