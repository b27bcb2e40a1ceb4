package quecloud

import (
	"bytes"
	"context"
	"fmt"
	"iter"
	"slices"
	"strings"
	"time"

	"github.com/quecloud/quecloud-go/internal/cardno"
	"github.com/quecloud/quecloud-go/internal/lenient"
)

// SMSService sends SMS to cards and reads the log of sent SMS.
type SMSService service

// SMSSendParams are an SMS and its recipients.
type SMSSendParams struct {
	Cards   CardIDs `url:"cards"`           // recipients, at least one
	Content string  `url:"content"`         // text, required; the vendor documents no limit and no price
	SMSID   string  `url:"smsId,omitempty"` // new ID of your choice, at most 50 characters; default: set by the platform
}

func (p *SMSSendParams) validate() error {
	if n := p.Cards.Len(); n > maxCards {
		return &ParamError{Param: p.Cards.kind.param() + "s", Reason: fmt.Sprintf(
			"%d cards in one call, at most %d are allowed by the SDK's own rule; use SMS.SendAll", n, maxCards)}
	}
	if err := needText("content", p.Content); err != nil {
		return err
	}
	return checkLength("smsId", p.SMSID, 50)
}

// An SMSSendResult says to which cards an SMS was sent. Both lists of the response are optional in the document.
type SMSSendResult struct {
	Sent        []SentSMS `json:"successList" quec:"receipt"` // cards that it was sent to
	Failed      []string  `json:"errorList"`                  // raw entries of the list of failures, usually numbers
	Unaccounted CardIDs   `json:"unaccounted,omitzero"`       // cards missing from the response: perhaps sent to them
}

// A SentSMS is an SMS that was sent to a card.
type SentSMS struct {
	MSISDN string `json:"msisdn" quec:"always alias=msisdns"` // the card's MSISDN
	ICCID  string `json:"iccid" quec:"always"`                // serial number of the chip
	SMSID  string `json:"sms_id" quec:"always"`               // ID of the SMS, also in its SMSEvent
}

// ID returns the card by its ICCID, or by its MSISDN if the ICCID is empty, in the platform's spelling.
func (s SentSMS) ID() CardID { return cardID(s.ICCID, s.MSISDN) }

// Send sends one SMS to 1 to 1000 cards; [SMSService.SendAll] takes any number of cards. It succeeds if the platform
// lists every card as sent. Delivery is reported by a callback, see [NewSMSHandler], and in [SMSService.ListLog].
//
// Otherwise Send returns both a result and an error that is [ErrPartial], or no result if the response lists no card at
// all. Cards that the response does not account for are in Unaccounted, and the error is [ErrOutcomeUnknown] too: the
// SMS may have been sent to them. Retry only the cards in Failed. A refusal that lists cards is an [*APIError] as well.
//
// § 2.3.3 批量短信发送, fc.function.sms.send. It sends messages; the SDK retries it only if it was not sent, or after HTTP
// status 429. The limit of 1000 cards is the SDK's own rule; the vendor documents none.
func (s *SMSService) Send(ctx context.Context, params *SMSSendParams) (*SMSSendResult, error) {
	result, _, err := s.send(ctx, params)
	return result, err
}

func (s *SMSService) send(ctx context.Context, params *SMSSendParams) (*SMSSendResult, *batchTally, error) {
	const method = "fc.function.sms.send"
	var response struct {
		Sent   []SentSMS `json:"successList" quec:"receipt"`
		Failed cardTexts `json:"errorList"`
	}
	var tally *batchTally
	check := func(err error) error {
		tally = nil
		if err != nil && len(response.Sent)+len(response.Failed) == 0 {
			return err
		}
		if err != nil { // a row that could not be decoded is empty
			response.Sent = slices.DeleteFunc(response.Sent, func(s SentSMS) bool { return s == SentSMS{} })
		}
		tally = newTally(method, params.Cards, sentEntries(response.Sent), response.Failed.entries())
		return tally.addPartial(err)
	}
	err := s.do(ctx, method, params, &response, check)
	if err == nil {
		err = check(nil) // an interceptor may have responded
	}
	if tally == nil {
		return nil, nil, err
	}
	return &SMSSendResult{response.Sent, response.Failed, tally.unaccounted()}, tally, err
}

func sentEntries(sent []SentSMS) []cardno.Entry {
	entries := make([]cardno.Entry, len(sent))
	for i, s := range sent {
		entries[i] = cardno.Entry{ICCID: s.ICCID, MSISDN: s.MSISDN}
	}
	return entries
}

// An SMSOutcome is the result of sending an SMS to one card.
type SMSOutcome struct {
	Card CardID  // the card of the request
	Sent SentSMS // entry of the response; zero if it has none, or only by the card's other number
}

// SendAll sends one SMS to any number of cards. It returns an iterator over the outcomes in the order of the cards,
// with an error for each, nil if the SMS was sent:
//
//	for sms, err := range client.SMS.SendAll(ctx, params) {
//		switch {
//		case errors.Is(err, quecloud.ErrOutcomeUnknown):
//			log.Print(err) // the SMS may have been sent to sms.Card
//		case err != nil:
//			retry = append(retry, sms.Card) // it was not sent
//		}
//	}
//
// SendAll sends consecutive batches of about the same size, of at most 1000 cards. The error of a card is a
// [*BatchError]. It is [ErrPartial] if the response lists the card as failed or does not list it. The SMS was not sent
// to a card unless the error is nil or [ErrOutcomeUnknown].
//
// A call that fails as a whole is the error of all its cards. After it, and after ctx ends, SendAll sends no further
// batch and yields [ErrNotStarted] for each remaining card. Only bad input has no error per card: the loop runs once,
// with the zero outcome and a [*ParamError].
//
// Nothing is sent before the loop starts, and each loop sends the SMS anew. If the loop breaks, no further batch is
// sent, but the SMS has been sent to the rest of the current one; cancel ctx instead to get their outcomes. With
// [Drain], a batch that is under way then finishes. The other option is [Progress].
//
// It uses § 2.3.3 批量短信发送, fc.function.sms.send.
func (s *SMSService) SendAll(
	ctx context.Context, params *SMSSendParams, opts ...FleetOption,
) iter.Seq2[SMSOutcome, error] {
	const method = "fc.function.sms.send"
	var own SMSSendParams
	if params != nil {
		own = *params
	}
	return func(yield func(SMSOutcome, error) bool) {
		var result *SMSSendResult
		send := func(ctx context.Context, batch CardIDs) (tally *batchTally, err error) {
			part := own
			part.Cards = batch
			result, tally, err = s.send(ctx, &part)
			return tally, err
		}
		callBatches(ctx, method, own.Cards, opts, send, func(card CardID, row int, err error) bool {
			outcome := SMSOutcome{Card: card}
			if row >= 0 {
				outcome.Sent = result.Sent[row]
			}
			return yield(outcome, err)
		})
	}
}

// SMSLogParams select a month and page its log.
type SMSLogParams struct {
	Month    Month `url:"dateStr"`            // required
	PageNo   int   `url:"pageNo,omitempty"`   // page number; the first page is 1, the platform's default is 1
	PageSize int   `url:"pageSize,omitempty"` // rows per page, 1 to 1000; the platform's default is 100
}

func (p *SMSLogParams) validate() error { return checkPaging(p.PageNo, p.PageSize) }

// An SMSLogList is a page of the log of SMS sent to cards.
type SMSLogList struct {
	Page    Page       `json:"page" quec:"inline"`       // position of the page
	Entries []SMSEntry `json:"infoList" quec:"required"` // messages on the page
}

// An SMSEntry is an entry of the log: an SMS that was sent to a card.
type SMSEntry struct {
	MSISDN  string    `json:"msisdn" quec:"always alias=msisdns"` // the card's MSISDN
	Content string    `json:"content" quec:"always"`              // text of the SMS
	SentAt  time.Time `json:"sendTime,omitzero" quec:"always"`    // time of sending, China Standard Time
	// ID of the SMS, an integer here. It may differ from the ID of Send and of SMSEvent, which is a text.
	SMSID  string    `json:"sms_id" quec:"always type=n"`
	Status SMSStatus `json:"status" quec:"always"` // state of the SMS
}

// ID returns the card by its MSISDN, in the platform's spelling.
func (e SMSEntry) ID() CardID { return cardID("", e.MSISDN) }

// ListLog returns one page of the log of SMS sent to cards in a month. A page has at most 1000 messages; an empty page
// is no error.
//
// § 2.3.4 短信发送日志, fc.function.sms.sendlog. It reads.
func (s *SMSService) ListLog(ctx context.Context, params *SMSLogParams) (*SMSLogList, error) {
	return fetch[SMSLogList](ctx, s.do, "fc.function.sms.sendlog", params)
}

// An SMSMonthCount has the numbers of SMS in a month.
type SMSMonthCount struct {
	MT int64 `json:"mt" quec:"required"` // mobile terminated (下行): sent to cards
	MO int64 `json:"mo" quec:"required"` // mobile originated (上行): sent by cards
}

// MonthCount returns the numbers of SMS sent to and by cards in a month.
//
// § 2.3.5 短信月用量, fc.function.sms.monthcount. It reads.
func (s *SMSService) MonthCount(ctx context.Context, month Month) (*SMSMonthCount, error) {
	return fetch[SMSMonthCount](ctx, s.do, "fc.function.sms.monthcount", struct {
		Month Month `url:"dateStr"`
	}{month})
}

// cardTexts holds the entries of a list of cards, each as it came. The list may be a text or an object, and so may each
// entry. It is nil if the response has no list.
type cardTexts []string

// UnmarshalJSON never fails.
func (c *cardTexts) UnmarshalJSON(raw []byte) error {
	*c = nil
	if !bytes.HasPrefix(raw, []byte("[")) {
		c.add(raw)
		return nil
	}
	*c = cardTexts{}
	for _, entry := range lenient.Elements(raw) {
		c.add(entry)
	}
	return nil
}

// add appends an entry, or several if it is a text of several numbers. It ignores empty texts and null.
func (c *cardTexts) add(raw []byte) {
	if raw[0] == 'n' {
		return
	}
	text := string(raw)
	if raw[0] == '"' {
		text = lenient.Unquote(raw)
	}
	parts := strings.FieldsFunc(text, func(r rune) bool { return strings.ContainsRune(",; \t\r\n", r) })
	isNoNumber := func(s string) bool { return !cardno.IsMSISDN(cardno.MSISDN(s)) && !cardno.IsICCID(cardno.ICCID(s)) }
	if len(parts) > 1 && !slices.ContainsFunc(parts, isNoNumber) {
		*c = append(*c, parts...)
	} else if len(parts) > 0 {
		*c = append(*c, text)
	}
}

// entries returns the cards that the texts name.
func (c cardTexts) entries() []cardno.Entry {
	entries := make([]cardno.Entry, len(c))
	for i, text := range c {
		entries[i] = entryOf(text)
	}
	return entries
}

// entryOf returns the card that a text names: an object, a number, or a text that may be either number.
func entryOf(text string) cardno.Entry {
	if strings.HasPrefix(text, "{") {
		var entry struct {
			MSISDN string `json:"msisdn" quec:"alias=msisdns"`
			ICCID  string `json:"iccid"`
			Number string `json:"number"`
		}
		// A member that cannot be decoded is empty.
		_, _ = lenient.DecodeObject([]byte(text), &entry, lenient.Options{Strict: true})
		if entry.Number == "" {
			return cardno.Entry{ICCID: entry.ICCID, MSISDN: entry.MSISDN}
		}
		text = entry.Number
	}
	switch {
	case cardno.IsICCID(cardno.ICCID(text)):
		return cardno.Entry{ICCID: text}
	case cardno.IsMSISDN(cardno.MSISDN(text)):
		return cardno.Entry{MSISDN: text}
	}
	return cardno.Entry{ICCID: text, MSISDN: text}
}
