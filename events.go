package quecloud

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"strconv"
	"time"

	"github.com/go-json-experiment/json"
	"github.com/shopspring/decimal"

	"github.com/quecloud/quecloud-go/internal/cardno"
)

// An OrderEvent is what the platform tells when an order has been carried out or has failed, § 2.5.6
// 资产充值续费通知回调 of the vendor's document.
//
// There are always an order number, a status and an ICCID. Any other field is zero where the platform does not send it
// or where what it sends cannot be read, see [WithCallbackDriftHandler]. Text that is not UTF-8 is kept byte for byte, see
// [DriftNotUTF8].
type OrderEvent struct {
	OrderNo      string          `json:"orderNo" quec:"required"`             // for OrdersService.Get
	Type         OrderType       `json:"orderType" quec:"always"`             // what it buys
	Status       OrderStatus     `json:"orderStatus" quec:"required type=n"`  // done or failed
	StatusText   string          `json:"orderStatusDesc" quec:"always"`       // the same in words; it never contradicts Status
	ICCID        string          `json:"iccid" quec:"required"`               // the card
	ProductName  string          `json:"productName" quec:"always"`           // what was bought
	ProductPrice decimal.Decimal `json:"productPrice" quec:"always"`          // CNY
	Remark       string          `json:"remark" quec:"always"`                // the one that was sent with the order
	Result       string          `json:"result" quec:"always"`                // what happened, for people
	CreatedAt    time.Time       `json:"createTime,omitzero" quec:"always"`   // China Standard Time
	CompletedAt  time.Time       `json:"completeTime,omitzero" quec:"always"` // China Standard Time
	ExternalID   string          `json:"externalId" quec:"always"`            // the one that was sent with the order, or empty
}

// ID returns the card, by its ICCID. The number is as the platform spells it.
func (e OrderEvent) ID() CardID { return cardID(e.ICCID, "") }

// NewOrderHandler returns a handler for the address to which the platform sends the results of top-ups and renewals
// (充值续费回调地址). The document says that it is configured at the platform, but not where; that of SMS is at the portal
// under API管理 → 通知配置.
//
// The function is called for every proper delivery, from several goroutines at once. When it returns nil the platform
// is told so, with code 200; when it returns an error or panics, the answer has the status and code 500 and means that
// the delivery failed. The document does not say whether the platform delivers again then: [OrdersService.Get] tells what
// became of an order whose event does not come. See [HandlerOption] for what is refused before that, and for what keeps others from calling the
// function. Where an order event moves money, use [VerifyWith] and [WithDeduplication].
//
// NewOrderHandler panics when the function is nil or an option is not right.
func NewOrderHandler(handle func(context.Context, *OrderEvent) error, opts ...HandlerOption) http.Handler {
	return newCallback(callbackKind[OrderEvent]{
		name: "order", constructor: "NewOrderHandler", check: (*OrderEvent).check, key: (*OrderEvent).Key,
		verify: (*OrderEvent).verify, answer: answerOrder,
	}, handle, opts)
}

// isKnown reports whether a status has a constant.
func (s OrderStatus) isKnown() bool { return s.IsFinal() || s == OrderStatusPending }

// check refuses an event that nobody could tell the order of, or whose two statuses contradict each other.
func (e *OrderEvent) check() error {
	withoutNull(&e.OrderNo, &e.ICCID, &e.ExternalID)
	switch reason := oddOrderNo(e.OrderNo); {
	case e.OrderNo == "":
		return &FieldError{Path: "orderNo", Reason: "missing"}
	case reason != "":
		return &FieldError{Path: "orderNo", Reason: reason}
	case e.ICCID == "":
		return &FieldError{Path: "iccid", Reason: "missing"}
	}
	var inWords OrderStatus
	_ = inWords.UnmarshalText([]byte(e.StatusText)) // never fails
	if e.Status.isKnown() && inWords.isKnown() && e.Status != inWords {
		return &FieldError{Path: "orderStatusDesc", Value: e.StatusText, Reason: "contradicts orderStatus"}
	}
	return nil
}

// Key is the same for all deliveries of an event: an order comes to an end once. Order numbers that differ in case are
// different orders. See [SMSEvent.Key].
func (e *OrderEvent) Key() string {
	return eventKey("order", e.OrderNo, string(e.Status))
}

// verify asks the platform for the order, and puts its values in place of those that were delivered.
func (e *OrderEvent) verify(ctx context.Context, client *Client) *refusal {
	order, err := client.Orders.Get(ctx, e.OrderNo)
	// Which code means that there is no such order is not documented: any that is not known to mean something else.
	apiErr, refused := errors.AsType[*APIError](err)
	if refused && apiErr.HTTPStatus == http.StatusOK && meaningOf(err) == codeRefused {
		return &refusal{http.StatusForbidden, "the platform does not confirm this order", err}
	}
	if err != nil {
		return &refusal{http.StatusInternalServerError, "the platform cannot be asked about this order now", err}
	}
	if !order.Status.IsFinal() && e.Status.IsFinal() {
		return &refusal{http.StatusInternalServerError, "the platform itself does not show this order as ended yet, deliver it again", nil}
	}
	if name := e.differsFrom(order); name != "" {
		return &refusal{http.StatusForbidden, fmt.Sprintf("%s is not what the platform says of this order", name), nil}
	}
	*e = OrderEvent{
		OrderNo: order.OrderNo, Type: order.Type, Status: order.Status, StatusText: string(order.Status), ICCID: order.ICCID,
		ProductName: order.ProductName, ProductPrice: order.ProductPrice, Remark: order.Remark, Result: order.Result,
		CreatedAt: order.CreatedAt, CompletedAt: order.CompletedAt, ExternalID: order.ExternalID,
	}
	return nil
}

// differsFrom names a member that is not what the order says. Texts for people may differ, and so may what the event or
// the order leaves out.
func (e *OrderEvent) differsFrom(o *Order) string {
	other := func(got, want string) bool { return want != "" && got != want }
	switch {
	case e.Status.isKnown() && e.Status != o.Status: // one without a constant is written in another way there
		return "orderStatus"
	case !cardno.Same(e.ICCID, o.ICCID):
		return "iccid"
	case e.Type != "" && other(string(e.Type), string(o.Type)):
		return "orderType"
	case !e.ProductPrice.IsZero() && !samePrice(e.ProductPrice, o):
		return "productPrice"
	case e.ExternalID != "" && other(e.ExternalID, o.ExternalID):
		return "externalId"
	}
	return ""
}

// samePrice reports whether a price is the order's, to the fen, the hundredth of a yuan. The vendor's examples have prices of
// the whole order as well as of one year or month, so either may be the other one divided by how many there are, and rounded
// in whatever way.
func samePrice(price decimal.Decimal, o *Order) bool {
	if differLess(price, o.ProductPrice, decimal.New(5, -3)) {
		return true
	}
	fen := decimal.New(1, -2)
	for _, n := range [...]int{o.Years, o.Months, 12 * o.Years} {
		count := decimal.NewFromInt(int64(n))
		if n > 1 && (differLess(price, o.ProductPrice.Div(count), fen) || differLess(price.Div(count), o.ProductPrice, fen)) {
			return true
		}
	}
	return false
}

func differLess(a, b, than decimal.Decimal) bool { return a.Sub(b).Abs().LessThan(than) }

// answerOrder writes what the platform wants to read: an object with code 200, or any other.
func answerOrder(w http.ResponseWriter, status int, reason string) {
	h := w.Header()
	h.Set("Content-Type", "application/json")
	text := []byte(`{"code":200,"msg":""}`)
	if status != http.StatusOK {
		h.Set("X-Content-Type-Options", "nosniff")
		text, _ = json.Marshal(struct { // a number and a text never fail
			Code int    `json:"code"`
			Msg  string `json:"msg"`
		}{status, reason})
	}
	w.WriteHeader(status)
	_, _ = w.Write(text) // to a sender that has left, there is nothing to say
}

// An SMSEventType says what the platform notifies of. A type without a constant is passed on as it came.
type SMSEventType string

// The types of SMS events.
const (
	SMSEventReport SMSEventType = "report" // 下行: what became of an SMS that was sent to a card
	SMSEventInbox  SMSEventType = "inbox"  // 上行: an SMS that a card has sent
)

// An SMSEvent is what the platform tells about an SMS, § 2.3.6 短信回调通知 of the vendor's document.
//
// There is always a type and one of the two card numbers, and for a report the SMSID. Any other field is zero where the
// platform does not send it or where what it sends cannot be read, see [WithCallbackDriftHandler]. Text that is not UTF-8
// is kept byte for byte, see [DriftNotUTF8].
type SMSEvent struct {
	Type       SMSEventType `json:"type" quec:"required"`                          // report or inbound SMS
	MSISDN     string       `json:"msisdn" quec:"alias=msisdns always"`            // the card
	ICCID      string       `json:"iccid" quec:"always"`                           // the card
	SMSID      string       `json:"sms_id" quec:"always"`                          // of a report: that of SMSService.Send
	Status     SMSStatus    `json:"status,omitzero" quec:"type=s"`                 // of a report: delivered or failed
	Message    string       `json:"msg,omitzero"`                                  // of a report: a remark on the status, for people
	Content    string       `json:"content,omitzero"`                              // of an inbound SMS: its text
	ReceivedAt time.Time    `json:"recievetime,omitzero" quec:"alias=receivetime"` // of an inbound SMS: China Standard Time

	unread string // where a member cannot be read: what tells this delivery from others
}

// ID returns the card, by its ICCID if that is there, else by its MSISDN. The number is as the platform spells it.
func (e SMSEvent) ID() CardID { return cardID(e.ICCID, e.MSISDN) }

// NewSMSHandler returns a handler for the address to which the platform sends SMS notifications (短信通知地址, at the
// portal under API管理 → 通知配置): delivery reports of SMS sent to cards, and SMS that cards sent.
//
// The function is called for every proper delivery, from several goroutines at once. When it returns nil the platform
// is told so, with the body success; when it returns an error or panics, the answer has the status 500 and means that
// the delivery failed. The document does not say whether the platform delivers again then: [SMSService.ListLog] tells
// what became of SMS whose report does not come. See [HandlerOption] for what is refused before that, and for what keeps
// others from calling the function.
//
// NewSMSHandler panics when the function is nil or an option is not right.
func NewSMSHandler(handle func(context.Context, *SMSEvent) error, opts ...HandlerOption) http.Handler {
	return newCallback(callbackKind[SMSEvent]{
		name: "sms", constructor: "NewSMSHandler", check: (*SMSEvent).check, key: (*SMSEvent).Key,
		unread: func(e *SMSEvent, body []byte) { e.unread = eventKey("body", string(body)) }, answer: answerSMS,
	}, handle, opts)
}

// check refuses an event of which nobody could tell what it is about. That a member is blank which is not needed for
// that is no reason to lose it.
func (e *SMSEvent) check() error {
	withoutNull(&e.MSISDN, &e.ICCID, &e.SMSID)
	switch {
	case e.MSISDN == "" && e.ICCID == "":
		return &FieldError{Path: "msisdn", Reason: "missing, and so is iccid"}
	case e.Type == SMSEventReport && e.SMSID == "":
		return &FieldError{Path: "sms_id", Reason: "missing"}
	}
	return nil
}

// Key is the same for all deliveries of an event, and different for others. It is what [WithDeduplication] goes by, and
// can be the message ID where events are passed on to a queue that knows repetitions by it. It has 70 characters at
// most and, being a hash, shows nobody card numbers or texts. Where a member of the event cannot be read, the key that
// the handler's function sees depends on the whole delivery: two events may differ in nothing else.
func (e *SMSEvent) Key() string {
	// The document does not say how far an ID is unique: one that was given to SMSService.Send can stand for many cards.
	return eventKey("sms", string(e.Type), e.SMSID, e.MSISDN, e.ICCID, strconv.Itoa(int(e.Status)),
		e.Content, e.ReceivedAt.UTC().Format(time.RFC3339Nano), e.unread)
}

// withoutNull empties identifiers that are the text null, as programs write that put texts together.
func withoutNull(identifiers ...*string) {
	for _, id := range identifiers {
		if *id == "null" {
			*id = ""
		}
	}
}

// answerSMS writes what the platform wants to read: the seven letters of success, or anything else.
func answerSMS(w http.ResponseWriter, status int, reason string) {
	h := w.Header()
	h.Set("Content-Type", "text/plain; charset=utf-8")
	text := "success"
	if status != http.StatusOK {
		h.Set("X-Content-Type-Options", "nosniff")
		text = "failed: " + reason
	}
	w.WriteHeader(status)
	_, _ = w.Write([]byte(text)) // to a sender that has left, there is nothing to say
}
