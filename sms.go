package quecloud

import (
	"context"
	"errors"
	"fmt"
	"time"
)

// SMSService has the methods to send SMS to cards and to read what was sent.
type SMSService service

// SMSSendParams are an SMS and the cards it goes to.
type SMSSendParams struct {
	Cards   CardIDs `url:"cards"`           // at least one
	Content string  `url:"content"`         // the text, required; the vendor documents no limit and no price
	SMSID   string  `url:"smsId,omitempty"` // a new ID of your own, at most 50 characters; if empty, the platform's
}

func (p *SMSSendParams) validate() error {
	if err := needText("content", p.Content); err != nil {
		return err
	}
	return checkLength("smsId", p.SMSID, 50)
}

// An SMSSendResult says which cards an SMS was sent to.
type SMSSendResult struct {
	Sent   []SentSMS `json:"successList" quec:"receipt"` // the cards it was sent to
	Failed []string  `json:"errorList"`                  // the cards it could not be sent to, by the numbers given
}

// A SentSMS is an SMS on its way to a card.
type SentSMS struct {
	MSISDN string `json:"msisdn" quec:"always alias=msisdns"` // the card's number
	ICCID  string `json:"iccid" quec:"always"`                // serial number of its chip
	SMSID  string `json:"sms_id" quec:"always"`               // ID of the SMS, which its delivery report will name
}

// ID returns the card, by its ICCID if that is there, else by its MSISDN. The number is as the platform spells it.
func (s SentSMS) ID() CardID { return cardID(s.ICCID, s.MSISDN) }

// Send sends one SMS to one or more cards. Success means that it was submitted; whether it arrives is told by the
// delivery report and by [SMSService.ListLog].
//
// When it could be sent to some of the cards only, Send returns both a result and an error, which is [ErrPartial]. Send
// it again to the cards in Failed alone.
//
// § 2.3.3 批量短信发送, fc.function.sms.send. It sends messages, and is never repeated by the SDK.
func (s *SMSService) Send(ctx context.Context, params *SMSSendParams) (*SMSSendResult, error) {
	const method = "fc.function.sms.send"
	var answer struct {
		Sent   []SentSMS `json:"successList" quec:"receipt required"`
		Failed []string  `json:"errorList"`
	}
	err := s.call(ctx, method, params, &answer, func(err error) error {
		if err == nil && len(answer.Failed) > 0 {
			return callError(method, fmt.Sprintf("%d of %d cards failed", len(answer.Failed), params.Cards.Len()), ErrPartial)
		}
		return err
	})
	result := &SMSSendResult{answer.Sent, answer.Failed}
	if errors.Is(err, ErrPartial) {
		return result, err
	}
	return onSuccess(result, err)
}

// SMSLogParams choose a month and page its log.
type SMSLogParams struct {
	Month    Month `url:"dateStr"`            // required
	PageNo   int   `url:"pageNo,omitempty"`   // page to return, the first is 1; the platform's default is 1
	PageSize int   `url:"pageSize,omitempty"` // rows per page, 1 to 1000; the platform's default is 100
}

func (p *SMSLogParams) validate() error { return checkPaging(p.PageNo, p.PageSize) }

// An SMSLogList is a page of the log of SMS sent to cards.
type SMSLogList struct {
	Page    Page       `json:"page" quec:"inline"`       // which page it is
	Entries []SMSEntry `json:"infoList" quec:"required"` // the messages on it
}

// An SMSEntry is an SMS that was sent to a card, as the log has it.
type SMSEntry struct {
	MSISDN  string    `json:"msisdn" quec:"always alias=msisdns"` // the card's number
	Content string    `json:"content" quec:"always"`              // the text
	SentAt  time.Time `json:"sendTime,omitzero" quec:"always"`    // when it was sent, China Standard Time
	// ID of the SMS, an integer here. It need not be the one of Send and of the delivery report, which is a text.
	SMSID  string    `json:"sms_id" quec:"always type=n"`
	Status SMSStatus `json:"status" quec:"always"` // how far it has got
}

// ID returns the card, by its MSISDN. The number is as the platform spells it.
func (e SMSEntry) ID() CardID { return cardID("", e.MSISDN) }

// ListLog returns one page of the SMS sent to cards in a month. A page has at most 1000 messages; an empty one is no
// error.
//
// § 2.3.4 短信发送日志, fc.function.sms.sendlog. It reads.
func (s *SMSService) ListLog(ctx context.Context, params *SMSLogParams) (*SMSLogList, error) {
	return fetch[SMSLogList](ctx, s.call, "fc.function.sms.sendlog", params)
}

// An SMSMonthCount is how many SMS there were in a month.
type SMSMonthCount struct {
	MT int64 `json:"mt" quec:"required"` // mobile terminated (下行): sent to cards
	MO int64 `json:"mo" quec:"required"` // mobile originated (上行): sent by cards
}

// MonthCount returns how many SMS were sent to and by cards in a month.
//
// § 2.3.5 短信月用量, fc.function.sms.monthcount. It reads.
func (s *SMSService) MonthCount(ctx context.Context, month Month) (*SMSMonthCount, error) {
	return fetch[SMSMonthCount](ctx, s.call, "fc.function.sms.monthcount", struct {
		Month Month `url:"dateStr"`
	}{month})
}
