package quecloudtest

import (
	"bytes"
	"context"
	"encoding/json"
	"io"
	"net/http"
	"net/url"
	"reflect"
	"slices"
	"strings"
	"time"
)

// An SMSEvent is what the platform sends about an SMS (§2.3.6): the report of one that was sent to a card, or one
// that a card sent.
type SMSEvent struct {
	Type   string `json:"type"`   // SMSReport or SMSInbox
	MSISDN string `json:"msisdn"` // the card's number
	ICCID  string `json:"iccid"`  // serial number of its chip
	ID     string `json:"sms_id"` // of the SMS

	Status string `json:"status,omitempty"` // of a report: 200 arrived, 400 failed
	Msg    string `json:"msg,omitempty"`    // of a report: what to say about the status

	Content    string `json:"content,omitempty"`     // of an inbound SMS
	ReceivedAt string `json:"recievetime,omitempty"` // of an inbound SMS: yyyy-MM-dd HH:mm:ss
}

// The types of an SMSEvent.
const (
	SMSReport = "report"
	SMSInbox  = "inbox"
)

// An OrderEvent is what the platform sends about an order that has come to its end (§2.5.6).
type OrderEvent struct {
	OrderNo      string  `json:"orderNo"`         // number of the order
	OrderType    string  `json:"orderType"`       // 充值订单 or 续费订单
	StatusDesc   string  `json:"orderStatusDesc"` // 订单完成 or 订单失败
	Status       int     `json:"orderStatus"`     // 1 done, -1 failed
	ICCID        string  `json:"iccid"`           // the card it is for
	ProductName  string  `json:"productName"`     // what was bought
	ProductPrice float64 `json:"productPrice"`    // CNY
	Remark       string  `json:"remark"`          // that came with the order
	Result       string  `json:"result"`          // what became of it, in words
	CreateTime   string  `json:"createTime"`      // yyyy-MM-dd HH:mm:ss
	CompleteTime string  `json:"completeTime"`    // yyyy-MM-dd HH:mm:ss
	ExternalID   string  `json:"externalId"`      // empty: none was given
}

// A Delivery is one attempt to deliver a callback, and what came back.
type Delivery struct {
	URL     string // to which it was sent
	Body    string // that was sent
	Attempt int    // 1 for the first

	OK         bool   // the answer counts as success
	HTTPStatus int    // 0: no answer came
	Response   string // the first KiB of the response's body
	Err        error  // why no answer came
}

// DeliverSMS posts a notification as the platform does, to a receiver under test that needs no [Server]. The answer counts
// as success when it is exactly the seven letters of success. The error is that of sending; an answer that is not success
// is none.
//
// What the texts of n hold is sent byte for byte, so that a receiver can be tested with what a platform should not send:
// other layouts of times, and text in GBK. The same goes for [DeliverOrder] and [Server.ReceiveSMS].
func DeliverSMS(ctx context.Context, url string, n SMSEvent) (Delivery, error) {
	return deliverOnce(ctx, url, n, smsSuccess)
}

// DeliverOrder posts a notification as the platform does, to a receiver under test that needs no [Server]. The answer
// counts as success when it is a JSON object with code 200. The error is that of sending; an answer that is not success
// is none.
func DeliverOrder(ctx context.Context, url string, n OrderEvent) (Delivery, error) {
	return deliverOnce(ctx, url, n, orderSuccess)
}

func deliverOnce(ctx context.Context, url string, notification any, success func([]byte) bool) (Delivery, error) {
	body, err := encodeEvent(notification)
	if err != nil {
		return Delivery{}, err
	}
	d := Delivery{URL: url, Body: string(body), Attempt: 1}
	d.post(ctx, http.DefaultClient, success)
	return d, d.Err
}

// encodeEvent writes an event as JSON. The bytes of its texts stay as they are, also where they are not UTF-8.
func encodeEvent(event any) ([]byte, error) {
	v := reflect.ValueOf(event)
	e := encoder{buf: []byte{'{'}}
	for i := range v.NumField() {
		field := v.Field(i)
		name, omitEmpty, _ := strings.Cut(v.Type().Field(i).Tag.Get("json"), ",")
		switch {
		case omitEmpty != "" && field.IsZero():
		case field.Kind() == reflect.String:
			e.text(name, field.String())
		default:
			text, err := json.Marshal(field.Interface())
			if err != nil {
				return nil, err
			}
			e.name(name)
			e.buf = append(e.buf, text...)
		}
	}
	return append(e.buf, '}'), nil
}

// smsSuccess says whether an answer to an SMS callback counts as success.
func smsSuccess(answer []byte) bool { return string(answer) == "success" }

// orderSuccess says whether an answer to an order callback counts as success.
func orderSuccess(answer []byte) bool {
	var reply struct {
		Code json.Number `json:"code"` // also takes "200"
	}
	return json.Unmarshal(answer, &reply) == nil && reply.Code == "200"
}

const maxAnswer = 1 << 10

// post sends the delivery and notes what comes back.
func (d *Delivery) post(ctx context.Context, client *http.Client, success func([]byte) bool) {
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, d.URL, bytes.NewReader([]byte(d.Body)))
	if err != nil {
		d.Err = err
		return
	}
	req.Header.Set("Content-Type", "application/json")
	resp, err := client.Do(req)
	if err != nil {
		d.Err = err
		return
	}
	defer resp.Body.Close()
	answer, err := io.ReadAll(io.LimitReader(resp.Body, maxAnswer+1))
	d.HTTPStatus, d.Err = resp.StatusCode, err
	d.OK = err == nil && resp.StatusCode/100 == 2 && len(answer) <= maxAnswer && success(answer)
	d.Response = string(answer[:min(len(answer), maxAnswer)])
}

// SetSMSCallback sets the URL that delivery reports and inbound SMS are sent to from now on. An empty one sends none. It
// panics when the URL is not an absolute one with http or https.
func (s *Server) SetSMSCallback(url string) {
	checkCallback("SetSMSCallback", url)
	s.mu.Lock()
	defer s.mu.Unlock()
	s.smsURL = url
}

// SetOrderCallback sets the URL that finished orders are sent to from now on. An empty one sends none. It panics as
// [Server.SetSMSCallback] does.
func (s *Server) SetOrderCallback(url string) {
	checkCallback("SetOrderCallback", url)
	s.mu.Lock()
	defer s.mu.Unlock()
	s.orderURL = url
}

// checkCallback panics when nothing can be sent to a URL. It does not repeat the URL, which may have a token in it.
func checkCallback(caller, address string) {
	u, err := url.Parse(address)
	if address != "" && (err != nil || u.Hostname() == "" || u.Scheme != "http" && u.Scheme != "https") {
		panic("quecloudtest: " + caller + ": want an absolute http or https URL")
	}
}

// Deliveries returns the attempts to deliver callbacks so far, oldest first; see [WithRequestLimit].
func (s *Server) Deliveries() []Delivery {
	s.mu.Lock()
	defer s.mu.Unlock()
	return slices.Clone(s.outbox.done.all())
}

// WaitCallbacks waits until every callback that is due has been delivered or given up. Calls return before the callbacks
// that they cause are delivered; [Server.Advance], [Server.SetTime] and [Server.ReceiveSMS] wait by themselves. None of
// them may be called from within the receiver of a callback or the function of [WithDeliveryObserver]: each would wait for
// itself.
func (s *Server) WaitCallbacks() {
	s.startDelivering()
	s.mu.Lock()
	for s.outbox.running {
		idle := s.outbox.idle
		s.mu.Unlock()
		<-idle
		s.mu.Lock()
	}
	s.mu.Unlock()
}

// An outbox holds callbacks that are due. They are delivered one after the other, in the order of what happened.
type outbox struct {
	waiting []callback
	running bool
	idle    chan struct{} // closed when a run ends
	done    recent[Delivery]
}

type callback struct {
	Delivery
	success func([]byte) bool
}

// notify puts a callback into the outbox, where there is a URL to send it to.
func (s *Server) notify(url string, notification any, success func([]byte) bool) {
	if url == "" || s.closed {
		return
	}
	body, err := encodeEvent(notification)
	if err != nil {
		panic(err) // of strings and numbers, never
	}
	s.outbox.waiting = append(s.outbox.waiting, callback{Delivery{URL: url, Body: string(body), Attempt: 1}, success})
}

// startDelivering sees to it that the outbox is being emptied.
func (s *Server) startDelivering() {
	s.mu.RLock()
	idle := len(s.outbox.waiting) == 0
	s.mu.RUnlock()
	if idle { // as after most calls, none of which is to wait for others that read
		return
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.outbox.running || len(s.outbox.waiting) == 0 {
		return
	}
	s.outbox.running = true
	s.outbox.idle = make(chan struct{})
	go s.deliver()
}

func (s *Server) deliver() {
	s.mu.Lock()
	defer s.mu.Unlock()
	for len(s.outbox.waiting) > 0 {
		cb := s.outbox.waiting[0]
		s.outbox.waiting = s.outbox.waiting[1:]
		s.mu.Unlock()
		cb.post(s.ctx, s.caller, cb.success)
		s.observeDelivery(cb.Delivery)
		s.mu.Lock()
		s.outbox.done.add(cb.Delivery)
		for s.outbox.done.len() > s.kept {
			s.outbox.done.forget()
		}
		if !cb.OK && cb.Attempt <= s.retries && !s.closed {
			s.repeat(cb)
		}
	}
	s.outbox.running = false
	close(s.outbox.idle)
}

// repeat plans the next attempt of a callback. Without an interval it is the very next thing to be delivered.
func (s *Server) repeat(cb callback) {
	again := callback{Delivery{URL: cb.URL, Body: cb.Body, Attempt: cb.Attempt + 1}, cb.success}
	if s.interval == 0 {
		s.outbox.waiting = slices.Insert(s.outbox.waiting, 0, again)
		return
	}
	now := s.clock.now()
	s.at(now.Add(s.interval), func(time.Time) { s.outbox.waiting = append(s.outbox.waiting, again) })
	s.wake(now)
}
