package quecloudtest

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"reflect"
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
	ID         int64     `json:"id"`         // 1 for the first of the server; 0: of none, or held
	CallbackID int64     `json:"callbackID"` // number of the callback, the same for all its deliveries
	Kind       string    `json:"kind"`       // CallbackSMS or CallbackOrder
	Time       time.Time `json:"time"`       // by the server's clock
	URL        string    `json:"url"`        // address of the receiver
	Body       string    `json:"body"`       // body of the request
	Attempt    int       `json:"attempt"`    // 1 for the first

	OK         bool   `json:"ok"`         // the response counts as success
	HTTPStatus int    `json:"httpStatus"` // 0: no response
	Response   string `json:"response"`   // first KiB of the response's body
	Err        error  `json:"err"`        // why the delivery failed, with what the receiver must respond
}

// The kinds of callbacks.
const (
	CallbackSMS   = "sms"   // an SMSEvent; the receiver must respond success
	CallbackOrder = "order" // an OrderEvent; the receiver must respond {"code":200,"msg":""}
)

// DeliverSMS posts an event as the platform does, to a receiver under test that needs no [Server]. The delivery
// succeeds when the response has a 2xx status and its body is exactly the seven letters success. The error is that of
// the HTTP request; a response without success returns none.
//
// Texts are sent byte for byte, so that a receiver can be tested with events that the platform should not send: other
// layouts of times, and text in GBK. The same holds for [DeliverOrder] and [Server.ReceiveSMS].
func DeliverSMS(ctx context.Context, url string, event SMSEvent) (Delivery, error) {
	return deliverOnce(ctx, url, CallbackSMS, event)
}

// DeliverOrder posts an event as the platform does, to a receiver under test that needs no [Server]. The delivery
// succeeds when the response has a 2xx status and its body is a JSON object with code 200. The error is that of the
// HTTP request; a response without success returns none.
func DeliverOrder(ctx context.Context, url string, event OrderEvent) (Delivery, error) {
	return deliverOnce(ctx, url, CallbackOrder, event)
}

func deliverOnce(ctx context.Context, url, kind string, event any) (Delivery, error) {
	body, err := encodeEvent(event)
	if err != nil {
		return Delivery{}, err
	}
	d := Delivery{Kind: kind, Time: time.Now(), URL: url, Body: string(body), Attempt: 1}
	return d, d.post(ctx, http.DefaultClient)
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

const maxCallbackResponse = 1 << 10

// post sends the request of a delivery and records the response. It returns the error of the HTTP request.
func (d *Delivery) post(ctx context.Context, client *http.Client) error {
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, d.URL, strings.NewReader(d.Body))
	if err != nil {
		d.Err = err
		return err
	}
	req.Header.Set("Content-Type", "application/json")
	resp, err := client.Do(req)
	if err != nil {
		d.Err = err
		return err
	}
	defer resp.Body.Close()
	body, err := io.ReadAll(io.LimitReader(resp.Body, maxCallbackResponse+1))
	d.HTTPStatus, d.Err = resp.StatusCode, err
	if err == nil {
		d.Err = d.checkResponse(body)
	}
	d.OK = d.Err == nil
	d.Response = string(body[:min(len(body), maxCallbackResponse)])
	return err
}

// checkResponse returns why a response does not count as success.
func (d *Delivery) checkResponse(body []byte) error {
	want, ok := `"success"`, string(body) == "success"
	if d.Kind == CallbackOrder {
		var members struct {
			Code json.Number `json:"code"` // 200 or "200"
		}
		want, ok = `{"code":200,"msg":""}`, json.Unmarshal(body, &members) == nil && members.Code == "200"
	}
	got := fmt.Sprintf("%q", body)
	if len(got) > 100 {
		got = fmt.Sprintf("%.60q and more, %d bytes or more", body, len(body))
	}
	switch {
	case d.HTTPStatus/100 != 2:
		return fmt.Errorf("want HTTP 2xx and the body %s, got HTTP %d and %s", want, d.HTTPStatus, got)
	case !ok || len(body) > maxCallbackResponse:
		return fmt.Errorf("want the body %s, got %s", want, got)
	}
	return nil
}

// SetSMSCallback sets the URL that receives SMS events from now on. An empty URL stops them. SetSMSCallback panics when
// the URL is not an absolute http or https URL.
func (s *Server) SetSMSCallback(url string) {
	checkCallbackURL("SetSMSCallback", url)
	s.mu.Lock()
	defer s.mu.Unlock()
	s.smsURL = url
	s.settingsUpdate()
}

// SetOrderCallback sets the URL that receives order events from now on. An empty URL stops them. SetOrderCallback
// panics as [Server.SetSMSCallback] does.
func (s *Server) SetOrderCallback(url string) {
	checkCallbackURL("SetOrderCallback", url)
	s.mu.Lock()
	defer s.mu.Unlock()
	s.orderURL = url
	s.settingsUpdate()
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
	if !validCallbackURL(address) {
		panic("quecloudtest: " + caller + ": " + wantCallbackURL)
	}
}

const wantCallbackURL = "want an absolute http or https URL"

func validCallbackURL(address string) bool {
	u, err := url.Parse(address)
	return address == "" || err == nil && u.Hostname() != "" && (u.Scheme == "http" || u.Scheme == "https")
}
