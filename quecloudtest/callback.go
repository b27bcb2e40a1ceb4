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

// An SMSEvent reports the result of an SMS to a card, or carries an SMS from one (§2.3.6).
type SMSEvent struct {
	Type   string `json:"type"`   // SMSReport or SMSInbox
	MSISDN string `json:"msisdn"` // the card's number
	ICCID  string `json:"iccid"`  // the card's serial number
	ID     string `json:"sms_id"` // of the SMS

	Status string `json:"status,omitempty"` // report: 200 delivered, 400 failed
	Msg    string `json:"msg,omitempty"`    // report: the status in words

	Content    string `json:"content,omitempty"`     // inbox: text
	ReceivedAt string `json:"recievetime,omitempty"` // inbox: yyyy-MM-dd HH:mm:ss
}

// The types of an SMSEvent.
const (
	SMSReport = "report"
	SMSInbox  = "inbox"
)

// An OrderEvent reports a finished order (§2.5.6).
type OrderEvent struct {
	OrderNo      string  `json:"orderNo"`         // number of the order
	OrderType    string  `json:"orderType"`       // OrderRecharge or OrderRenewal
	StatusDesc   string  `json:"orderStatusDesc"` // OrderDone or OrderFailed
	Status       int     `json:"orderStatus"`     // 1 done, -1 failed
	ICCID        string  `json:"iccid"`           // card of the order
	ProductName  string  `json:"productName"`     // product or plan
	ProductPrice float64 `json:"productPrice"`    // CNY
	Remark       string  `json:"remark"`          // remark of the order
	Result       string  `json:"result"`          // result in words
	CreateTime   string  `json:"createTime"`      // yyyy-MM-dd HH:mm:ss
	CompleteTime string  `json:"completeTime"`    // yyyy-MM-dd HH:mm:ss
	ExternalID   string  `json:"externalId"`      // empty: the order has none
}

// A Delivery is one delivery of a callback, and the response to it.
type Delivery struct {
	URL     string `json:"url"`     // address of the receiver
	Body    string `json:"body"`    // body of the request
	Attempt int    `json:"attempt"` // 1 for the first

	OK         bool   `json:"ok"`         // the response counts as success
	HTTPStatus int    `json:"httpStatus"` // 0: no response
	Response   string `json:"response"`   // first KiB of the response's body
	Err        error  `json:"err"`        // why there is no response
}

// DeliverSMS posts an event as the platform does, to a receiver under test that needs no [Server]. The delivery
// succeeds when the response has a 2xx status and its body is exactly the seven letters success. The error is that of
// the HTTP request; a response without success returns none.
//
// Texts are sent byte for byte, so that a receiver can be tested with events that the platform should not send: other
// layouts of times, and text in GBK. The same holds for [DeliverOrder] and [Server.ReceiveSMS].
func DeliverSMS(ctx context.Context, url string, event SMSEvent) (Delivery, error) {
	return deliverOnce(ctx, url, event, smsSuccess)
}

// DeliverOrder posts an event as the platform does, to a receiver under test that needs no [Server]. The delivery
// succeeds when the response has a 2xx status and its body is a JSON object with code 200. The error is that of the
// HTTP request; a response without success returns none.
func DeliverOrder(ctx context.Context, url string, event OrderEvent) (Delivery, error) {
	return deliverOnce(ctx, url, event, orderSuccess)
}

func deliverOnce(ctx context.Context, url string, event any, success func([]byte) bool) (Delivery, error) {
	body, err := encodeEvent(event)
	if err != nil {
		return Delivery{}, err
	}
	d := Delivery{URL: url, Body: string(body), Attempt: 1}
	d.post(ctx, http.DefaultClient, success)
	return d, d.Err
}

// encodeEvent encodes an event as JSON. It keeps the bytes of texts that are not UTF-8.
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

// smsSuccess reports whether the response to an SMS callback counts as success.
func smsSuccess(body []byte) bool { return string(body) == "success" }

// orderSuccess reports whether the response to an order callback counts as success.
func orderSuccess(body []byte) bool {
	var members struct {
		Code json.Number `json:"code"` // 200 or "200"
	}
	return json.Unmarshal(body, &members) == nil && members.Code == "200"
}

const maxCallbackResponse = 1 << 10

// post sends the request of a delivery and records the response.
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
	body, err := io.ReadAll(io.LimitReader(resp.Body, maxCallbackResponse+1))
	d.HTTPStatus, d.Err = resp.StatusCode, err
	d.OK = err == nil && resp.StatusCode/100 == 2 && len(body) <= maxCallbackResponse && success(body)
	d.Response = string(body[:min(len(body), maxCallbackResponse)])
}

// SetSMSCallback sets the URL that receives SMS events from now on. An empty URL stops them. SetSMSCallback panics when
// the URL is not an absolute http or https URL.
func (s *Server) SetSMSCallback(url string) {
	checkCallbackURL("SetSMSCallback", url)
	s.mu.Lock()
	defer s.mu.Unlock()
	s.smsURL = url
}

// SetOrderCallback sets the URL that receives order events from now on. An empty URL stops them. SetOrderCallback
// panics as [Server.SetSMSCallback] does.
func (s *Server) SetOrderCallback(url string) {
	checkCallbackURL("SetOrderCallback", url)
	s.mu.Lock()
	defer s.mu.Unlock()
	s.orderURL = url
}

// SMSCallback returns the URL that receives SMS events, or empty text.
func (s *Server) SMSCallback() string {
	defer s.lock(true)()
	return s.smsURL
}

// OrderCallback returns the URL that receives order events, or empty text.
func (s *Server) OrderCallback() string {
	defer s.lock(true)()
	return s.orderURL
}

// checkCallbackURL panics when a URL is invalid. The message omits the URL, which may contain a callback token.
func checkCallbackURL(caller, address string) {
	u, err := url.Parse(address)
	if address != "" && (err != nil || u.Hostname() == "" || u.Scheme != "http" && u.Scheme != "https") {
		panic("quecloudtest: " + caller + ": want an absolute http or https URL")
	}
}

// Deliveries returns the deliveries of callbacks so far, oldest first; see [WithRequestLimit].
func (s *Server) Deliveries() []Delivery {
	s.mu.Lock()
	defer s.mu.Unlock()
	return append([]Delivery{}, s.outbox.done.all()...)
}

// WaitCallbacks waits until every due callback succeeded or used up its retries. Calls return before their callbacks
// are delivered; [Server.Advance], [Server.SetTime] and [Server.ReceiveSMS] wait. None of these methods may be called
// in a receiver of callbacks or in the function of [WithDeliveryObserver]: each would wait for itself.
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

// An outbox holds the due deliveries. They go out one after the other, in the order of their events.
type outbox struct {
	waiting []pendingDelivery
	running bool
	idle    chan struct{} // closed when the outbox is empty
	done    recent[Delivery]
}

type pendingDelivery struct {
	Delivery
	success func([]byte) bool
}

// sendEvent puts an event into the outbox unless the URL is empty.
func (s *Server) sendEvent(url string, event any, success func([]byte) bool) {
	if url == "" || s.closed {
		return
	}
	body, err := encodeEvent(event)
	if err != nil {
		panic(err) // strings and finite numbers always encode
	}
	delivery := pendingDelivery{Delivery{URL: url, Body: string(body), Attempt: 1}, success}
	s.outbox.waiting = append(s.outbox.waiting, delivery)
}

// startDelivering starts a goroutine that empties the outbox unless one is running.
func (s *Server) startDelivering() {
	s.mu.RLock()
	empty := len(s.outbox.waiting) == 0
	s.mu.RUnlock()
	if empty { // after most calls; returning here avoids waiting for readers
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

// deliver empties the outbox.
func (s *Server) deliver() {
	s.mu.Lock()
	defer s.mu.Unlock()
	for len(s.outbox.waiting) > 0 {
		d := s.outbox.waiting[0]
		s.outbox.waiting = s.outbox.waiting[1:]
		s.mu.Unlock()
		d.post(s.ctx, s.callbackClient, d.success)
		s.observeDelivery(d.Delivery)
		s.mu.Lock()
		s.outbox.done.add(d.Delivery)
		for s.outbox.done.len() > s.requestLimit {
			s.outbox.done.forget()
		}
		if !d.OK && d.Attempt <= s.retries && !s.closed {
			s.retry(d)
		}
	}
	s.outbox.running = false
	close(s.outbox.idle)
}

// retry schedules the next attempt of a delivery. Without an interval it goes out before all others.
func (s *Server) retry(d pendingDelivery) {
	next := pendingDelivery{Delivery{URL: d.URL, Body: d.Body, Attempt: d.Attempt + 1}, d.success}
	if s.interval == 0 {
		s.outbox.waiting = slices.Insert(s.outbox.waiting, 0, next)
		return
	}
	now := s.clock.now()
	s.schedule(now.Add(s.interval), func(time.Time) { s.outbox.waiting = append(s.outbox.waiting, next) })
	s.setTimer(now)
}
