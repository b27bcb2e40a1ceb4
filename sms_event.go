package quecloud

import (
	"context"
	"net/http"
	"strconv"
	"time"
)

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
