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

// An OrderEvent says that an order has been carried out or has failed, § 2.5.6 资产充值续费通知回调 of the vendor's
// document.
//
// It always has an order number, a status and an ICCID, and StatusText does not contradict Status. Any other field is
// zero if the platform does not send it, or sends a value that cannot be read, see [WithCallbackDriftHandler]. Text
// that is not UTF-8 is kept byte for byte, see [DriftNotUTF8].
type OrderEvent struct {
	OrderNo      string          `json:"orderNo" quec:"required"`             // as OrdersService.Get takes it
	Type         OrderType       `json:"orderType" quec:"always"`             // top-up or renewal
	Status       OrderStatus     `json:"orderStatus" quec:"required type=n"`  // done or failed
	StatusText   string          `json:"orderStatusDesc" quec:"always"`       // the status in words
	ICCID        string          `json:"iccid" quec:"required"`               // the card
	ProductName  string          `json:"productName" quec:"always"`           // product that was bought
	ProductPrice decimal.Decimal `json:"productPrice" quec:"always"`          // CNY
	Remark       string          `json:"remark" quec:"always"`                // as sent with the order
	Result       string          `json:"result" quec:"always"`                // result, for people
	CreatedAt    time.Time       `json:"createTime,omitzero" quec:"always"`   // China Standard Time
	CompletedAt  time.Time       `json:"completeTime,omitzero" quec:"always"` // China Standard Time
	ExternalID   string          `json:"externalId" quec:"always"`            // as sent with the order, or empty
}

// ID returns the card by its ICCID, in the platform's spelling.
func (e OrderEvent) ID() CardID { return cardID(e.ICCID, "") }

// NewOrderHandler returns a handler for the callbacks about top-ups and renewals (充值续费回调地址). The document says that
// their address is configured at the platform, but not where. The address of SMS callbacks is set at the portal under
// API管理 → 通知配置.
//
// The handler calls the function for every valid callback, from several goroutines concurrently. If the function
// returns nil, the handler responds with code 200, which means success. If it returns an error or panics, the response
// has the status and code 500, which means that the callback failed. The document does not say whether the platform
// retries it then: if no event comes for an order, look it up with [OrdersService.Get]. [HandlerOption] says which
// callbacks are rejected, and how to keep others from calling the function. Where an order event moves money, use
// [VerifyWith] and [WithDeduplication].
//
// NewOrderHandler panics if the function is nil or an option is not valid.
func NewOrderHandler(handle func(context.Context, *OrderEvent) error, opts ...HandlerOption) http.Handler {
	return newCallbackHandler(callbackKind[OrderEvent]{
		name: "order", constructor: "NewOrderHandler", check: (*OrderEvent).check, key: (*OrderEvent).Key,
		verify: (*OrderEvent).verify, respond: respondToOrder,
	}, handle, opts)
}

// isKnown reports whether a status has a constant.
func (s OrderStatus) isKnown() bool { return s.IsFinal() || s == OrderStatusPending }

// check rejects an event that does not identify its order, or whose two statuses contradict each other.
func (e *OrderEvent) check() error {
	clearNullText(&e.OrderNo, &e.ICCID, &e.ExternalID)
	switch reason := checkOrderNo(e.OrderNo); {
	case e.OrderNo == "":
		return &FieldError{Path: "orderNo", Reason: "missing"}
	case reason != "":
		return &FieldError{Path: "orderNo", Reason: reason}
	case e.ICCID == "":
		return &FieldError{Path: "iccid", Reason: "missing"}
	}
	inWords := OrderStatus(e.StatusText)
	if !inWords.isKnown() {
		_ = inWords.UnmarshalText([]byte(e.StatusText)) // never fails
	}
	if e.Status.isKnown() && inWords.isKnown() && e.Status != inWords {
		return &FieldError{Path: "orderStatusDesc", Value: e.StatusText, Reason: "contradicts orderStatus"}
	}
	return nil
}

// Key returns the same text for every callback that carries the event: an order reaches a final state once. Order
// numbers that differ in case are different orders. See [SMSEvent.Key].
func (e *OrderEvent) Key() string {
	return eventKey("order", e.OrderNo, string(e.Status))
}

// verify looks up the order at the platform and replaces the event's values with the order's.
func (e *OrderEvent) verify(ctx context.Context, client *Client) *rejection {
	order, err := client.Orders.Get(ctx, e.OrderNo)
	// The document does not say which code means an unknown order: take any that is not known to mean something else.
	apiErr, refused := errors.AsType[*APIError](err)
	if refused && apiErr.HTTPStatus == http.StatusOK && meaningOf(err) == meansUnknown {
		return &rejection{http.StatusForbidden, "the platform does not confirm this order", err}
	}
	if err != nil {
		return &rejection{http.StatusInternalServerError, "the order cannot be verified now; retry later", err}
	}
	if !order.Status.IsFinal() && e.Status.IsFinal() {
		const reason = "the platform does not show this order as completed yet; retry later"
		return &rejection{http.StatusInternalServerError, reason, nil}
	}
	if member := e.mismatch(order); member != "" {
		return &rejection{http.StatusForbidden, fmt.Sprintf("%s differs from the order at the platform", member), nil}
	}
	*e = OrderEvent{
		OrderNo: order.OrderNo, Type: order.Type, Status: order.Status, StatusText: string(order.Status), ICCID: order.ICCID,
		ProductName: order.ProductName, ProductPrice: order.ProductPrice, Remark: order.Remark, Result: order.Result,
		CreatedAt: order.CreatedAt, CompletedAt: order.CompletedAt, ExternalID: order.ExternalID,
	}
	return nil
}

// mismatch names a member in which the event differs from the order, or returns "". Texts for people may differ. A
// member that the event or the order leaves out is no difference.
func (e *OrderEvent) mismatch(o *Order) string {
	differs := func(got, want string) bool { return got != "" && want != "" && got != want }
	switch {
	case e.Status.isKnown() && e.Status != o.Status: // a status without a constant is a number here and a text there
		return "orderStatus"
	case !cardno.Same(e.ICCID, o.ICCID):
		return "iccid"
	case differs(string(e.Type), string(o.Type)):
		return "orderType"
	case !e.ProductPrice.IsZero() && !samePrice(e.ProductPrice, o):
		return "productPrice"
	case differs(e.ExternalID, o.ExternalID):
		return "externalId"
	}
	return ""
}

// samePrice reports whether a price is the order's, to the fen (a hundredth of a yuan). The vendor's examples have
// prices of the whole order and prices of one year or month, so either price may be the other divided by the number of
// years or months, rounded in any way.
func samePrice(price decimal.Decimal, o *Order) bool {
	if differByLess(price, o.ProductPrice, decimal.New(5, -3)) {
		return true
	}
	fen := decimal.New(1, -2)
	for _, n := range [...]int{o.Years, o.Months, 12 * o.Years} {
		count := decimal.NewFromInt(int64(n))
		if n <= 1 {
			continue
		}
		if differByLess(price, o.ProductPrice.Div(count), fen) || differByLess(price.Div(count), o.ProductPrice, fen) {
			return true
		}
	}
	return false
}

func differByLess(a, b, limit decimal.Decimal) bool { return a.Sub(b).Abs().LessThan(limit) }

// The bodies that mean success.
var (
	orderSuccess = []byte(`{"code":200,"msg":""}`)
	smsSuccess   = []byte("success")
)

// respondToOrder writes an object with the status as its code. The platform takes code 200 for success.
func respondToOrder(w http.ResponseWriter, status int, reason string) {
	h := w.Header()
	h.Set("Content-Type", "application/json")
	text := orderSuccess
	if status != http.StatusOK {
		h.Set("X-Content-Type-Options", "nosniff")
		text, _ = json.Marshal(struct { // cannot fail
			Code int    `json:"code"`
			Msg  string `json:"msg"`
		}{status, reason})
	}
	w.WriteHeader(status)
	_, _ = w.Write(text) // fails only if the sender has disconnected
}

// An SMSEventType is the type of an SMS event. A type without a constant is kept as it came.
type SMSEventType string

// The types of SMS events.
const (
	SMSEventReport SMSEventType = "report" // 下行: the result of an SMS sent to a card
	SMSEventInbox  SMSEventType = "inbox"  // 上行: an SMS sent by a card
)

// An SMSEvent is a delivery report or an inbound SMS, § 2.3.6 短信回调通知 of the vendor's document.
//
// It always has a type and one of the two card numbers, and a report has the SMSID. Any other field is zero if the
// platform does not send it, or sends a value that cannot be read, see [WithCallbackDriftHandler]. Text that is not
// UTF-8 is kept byte for byte, see [DriftNotUTF8].
type SMSEvent struct {
	Type       SMSEventType `json:"type" quec:"required"`                          // report or inbound SMS
	MSISDN     string       `json:"msisdn" quec:"alias=msisdns always"`            // the card
	ICCID      string       `json:"iccid" quec:"always"`                           // the card
	SMSID      string       `json:"sms_id" quec:"always"`                          // of a report: from SMSService.Send
	Status     SMSStatus    `json:"status,omitzero" quec:"type=s"`                 // of a report: delivered or failed
	Message    string       `json:"msg,omitzero"`                                  // of a report: a remark, for people
	Content    string       `json:"content,omitzero"`                              // of inbound SMS: its text
	ReceivedAt time.Time    `json:"recievetime,omitzero" quec:"alias=receivetime"` // of inbound SMS: China Standard Time

	unreadKey string // a key of the whole body, if a member cannot be read
}

// ID returns the card by its ICCID, or by its MSISDN if the ICCID is empty, in the platform's spelling.
func (e SMSEvent) ID() CardID { return cardID(e.ICCID, e.MSISDN) }

// NewSMSHandler returns a handler for SMS callbacks (短信通知地址, at the portal under API管理 → 通知配置). They carry
// delivery reports of SMS sent to cards, and SMS sent by cards.
//
// The handler calls the function for every valid callback, from several goroutines concurrently. If the function
// returns nil, the handler responds with the body success. If it returns an error or panics, the response has the
// status 500, which means that the callback failed. The document does not say whether the platform retries it then: if
// no report comes for an SMS, look it up with [SMSService.ListLog]. [HandlerOption] says which callbacks are rejected,
// and how to keep others from calling the function.
//
// NewSMSHandler panics if the function is nil or an option is not valid.
func NewSMSHandler(handle func(context.Context, *SMSEvent) error, opts ...HandlerOption) http.Handler {
	return newCallbackHandler(callbackKind[SMSEvent]{
		name: "sms", constructor: "NewSMSHandler", check: (*SMSEvent).check, key: (*SMSEvent).Key,
		keyUnread: (*SMSEvent).keyUnread, respond: respondToSMS,
	}, handle, opts)
}

// check rejects an event that does not identify its card or, for a report, its SMS. Other blank members are no reason
// to lose an event.
func (e *SMSEvent) check() error {
	clearNullText(&e.MSISDN, &e.ICCID, &e.SMSID)
	switch {
	case e.MSISDN == "" && e.ICCID == "":
		return &FieldError{Path: "msisdn", Reason: "missing, and so is iccid"}
	case e.Type == SMSEventReport && e.SMSID == "":
		return &FieldError{Path: "sms_id", Reason: "missing"}
	}
	return nil
}

// keyUnread makes the key depend on the whole body: two events may differ only in a member that cannot be read.
func (e *SMSEvent) keyUnread(body []byte) { e.unreadKey = eventKey("body", string(body)) }

// Key returns the same text for every callback that carries the event, and another for other events.
// [WithDeduplication] uses it. It can also be the message ID in a queue that drops duplicates. It has at most 70
// characters and is a hash, so it reveals no card numbers or texts. If a member of the event cannot be read, the key
// that the handler's function sees depends on the whole body: two events may differ only in that member.
func (e *SMSEvent) Key() string {
	// The SMSID alone is not enough: one that is given to SMSService.Send can stand for many cards.
	return eventKey("sms", string(e.Type), e.SMSID, e.MSISDN, e.ICCID, strconv.Itoa(int(e.Status)),
		e.Content, e.ReceivedAt.UTC().Format(time.RFC3339Nano), e.unreadKey)
}

// clearNullText empties identifiers that are the text null, which careless programs write for a missing one.
func clearNullText(identifiers ...*string) {
	for _, id := range identifiers {
		if *id == "null" {
			*id = ""
		}
	}
}

// respondToSMS writes the text success, or a reason. The platform takes only the text success for success.
func respondToSMS(w http.ResponseWriter, status int, reason string) {
	h := w.Header()
	h.Set("Content-Type", "text/plain; charset=utf-8")
	text := smsSuccess
	if status != http.StatusOK {
		h.Set("X-Content-Type-Options", "nosniff")
		text = []byte("failed: " + reason)
	}
	w.WriteHeader(status)
	_, _ = w.Write(text) // fails only if the sender has disconnected
}
