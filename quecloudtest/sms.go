package quecloudtest

import (
	"fmt"
	"slices"
	"strconv"
	"time"
)

// An SMS is a message that was sent to a card.
type SMS struct {
	ID      string    // the caller's smsId, or made up; the same in all messages of one call
	LogID   int64     // the number of the message in the log
	ICCID   string    // serial number of the chip
	MSISDN  string    // the card's number
	Content string    // the text
	Status  int       // SMSSubmitted, SMSDelivered or SMSFailed
	Sent    time.Time // when the call came
}

// The states of an SMS.
const (
	SMSSubmitted = 100
	SMSDelivered = 200
	SMSFailed    = 400
)

// A ReceivedSMS is a message that a card sent.
type ReceivedSMS struct {
	ID      string    // of the SMS
	ICCID   string    // serial number of the chip
	MSISDN  string    // number of the card that sent it
	Content string    // the text
	Time    time.Time // when it came
}

// smsCount is the messages of a month, those that were forgotten included.
type smsCount struct{ sent, received int64 }

func (s *Server) smsCount(m month) *smsCount {
	if s.smsCounts[m] == nil {
		s.smsCounts[m] = &smsCount{}
	}
	return s.smsCounts[m]
}

// SMS returns the messages sent to cards, oldest first; of more than 100,000 the last.
func (s *Server) SMS() []SMS {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.settle()
	messages := make([]SMS, s.messages.len())
	for i, m := range s.messages.all() {
		messages[i] = *m
	}
	return messages
}

// ReceiveSMS is what happens when the device of a card, by ICCID or MSISDN, sends a message to its SMS number: it counts
// for the month, and goes to the callback. ReceiveSMS returns when that has been delivered or given up, and so must not be
// called from within the receiver of one; see [Server.WaitCallbacks]. It panics when there is no such card.
func (s *Server) ReceiveSMS(number, content string) ReceivedSMS {
	m := s.receive(number, content)
	s.WaitCallbacks()
	return m
}

func (s *Server) receive(number, content string) ReceivedSMS {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.settle()
	i, ok := s.fleet.find(number)
	if !ok {
		panic(fmt.Sprintf("quecloudtest: ReceiveSMS: there is no card %s", number))
	}
	card := s.fleet.card(i)
	m := ReceivedSMS{
		ID: token(s.seed, 20, saltID, 1<<33+s.received), ICCID: card.iccid, MSISDN: card.msisdn,
		Content: content, Time: s.clock.now(),
	}
	s.received++
	s.smsCount(dayOf(m.Time).month()).received++
	s.notify(s.smsURL, SMSEvent{
		Type: SMSInbox, MSISDN: m.MSISDN, ICCID: m.ICCID, ID: m.ID, Content: content, ReceivedAt: formatTime(m.Time),
	}, smsSuccess)
	return m
}

// §2.3.3. Messages to cards that are ours are taken, whatever the state of the card: the report tells whether they
// arrived.
func (s *Server) smsSend(c *call) error {
	id := c.params["smsId"]
	setDefault(&id, token(s.seed, 20, saltID, 1<<32+uint64(s.messages.seen)))
	c.out.list("successList", func() {
		for _, i := range c.cards {
			card := s.fleet.card(i)
			m := &SMS{
				ID: id, LogID: int64(s.messages.seen) + 1, ICCID: card.iccid, MSISDN: card.msisdn,
				Content: c.params["content"], Status: SMSSubmitted, Sent: c.now.time,
			}
			s.messages.add(m)
			s.smsCount(c.now.day.month()).sent++
			if s.messages.len() > mostKept {
				s.messages.forget()
			}
			s.at(m.Sent.Add(s.smsDelay), func(now time.Time) { s.report(m, i, instantOf(now)) })
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

// report ends the way of a message. It arrives at cards in use.
func (s *Server) report(m *SMS, place int, now instant) {
	card := s.fleet.card(place)
	text := "送达"
	m.Status = SMSDelivered
	if status, _ := s.state(&card, now); status != StatusNormal && status != StatusTestNormal {
		m.Status, text = SMSFailed, "卡状态为"+status
	}
	s.notify(s.smsURL, SMSEvent{
		Type: SMSReport, MSISDN: m.MSISDN, ICCID: m.ICCID, ID: m.ID, Status: strconv.Itoa(m.Status), Msg: text,
	}, smsSuccess)
}

// §2.3.4. Unlike other lists it has the members of its page beside the rows. The latest message comes first.
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
