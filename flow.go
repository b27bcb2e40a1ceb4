package quecloud

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"math"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/go-json-experiment/json"
)

// FlowService reads the usage of data and voice and the data packages of cards, and sets alarms on data usage. Data
// volumes are in MB, voice in minutes. Data usage is available for the last 12 months including the current one; for
// voice the document states no limit.
type FlowService service

// MonthListParams select a month and page its listing.
type MonthListParams struct {
	Month    Month `url:"month"`              // required
	PageNo   int   `url:"pageNo,omitempty"`   // page number; the first page is 1, the platform's default is 1
	PageSize int   `url:"pageSize,omitempty"` // rows per page, 1 to 1000; the platform's default is 100
}

func (p *MonthListParams) validate() error { return checkPaging(p.PageNo, p.PageSize) }

// A MonthFlowList is a page of the data usage of all cards in a month.
type MonthFlowList struct {
	Page  Page           `json:"page" quec:"always inline"` // position of the page
	Flows []MonthFlowRow `json:"flows" quec:"required"`     // rows on the page
}

// A MonthFlowRow is a card's data usage in a month.
type MonthFlowRow struct {
	MSISDN    string  `json:"msisdn" quec:"always alias=msisdns"` // the card's MSISDN
	ICCID     string  `json:"iccid" quec:"required"`              // serial number of the chip
	MonthFlow float64 `json:"monthflow" quec:"required"`          // data used in the month, MB
	// Data used in the billing cycle until the end of the month, MB; equal to MonthFlow for monthly plans.
	CycleFlow float64 `json:"flow" quec:"always"`
}

// ID returns the card by its ICCID, or by its MSISDN if the ICCID is empty, in the platform's spelling.
func (r MonthFlowRow) ID() CardID { return cardID(r.ICCID, r.MSISDN) }

// ListMonth returns one page of the data usage of all cards in a month, one of the last 12 including the current one. A
// page has at most 1000 cards; an empty page is no error.
//
// § 2.1.7 资产月流量日志, fc.function.monthflow.list. It reads.
func (s *FlowService) ListMonth(ctx context.Context, params *MonthListParams) (*MonthFlowList, error) {
	return fetch[MonthFlowList](ctx, s.do, "fc.function.monthflow.list", params)
}

// A DayFlow is a card's data usage on one day.
type DayFlow struct {
	Date Date    `json:"date" quec:"required"` // date of the usage
	Flow float64 `json:"flow" quec:"required"` // data used, MB
}

// cardMonthParams are the parameters of methods that take one card and a month.
type cardMonthParams struct {
	Card  CardID `url:"card"`
	Month Month  `url:"month"`
}

// Days returns a card's daily data usage in a month, one of the last 12 including the current one. The document does
// not say whether it includes days without usage.
//
// § 2.1.8 资产用量日志, fc.function.dayflow.list. It reads.
func (s *FlowService) Days(ctx context.Context, card CardID, month Month) ([]DayFlow, error) {
	var response struct {
		Flows []DayFlow `json:"flows" quec:"required"`
	}
	err := s.do(ctx, "fc.function.dayflow.list", cardMonthParams{card, month}, &response)
	return onSuccess(response.Flows, err)
}

// A MonthFlow is a card's data usage in a month.
type MonthFlow struct {
	MonthFlow float64 `json:"monthflow" quec:"required"` // data used in the month, MB
	// Data used in the billing cycle until the end of the month, MB; equal to MonthFlow for monthly plans.
	CycleFlow float64 `json:"cycleflow" quec:"always"`
}

// Month returns a card's data usage in a month, one of the last 12 including the current one.
//
// § 2.1.9 月流量查询, fc.function.card.monthflow. It reads.
func (s *FlowService) Month(ctx context.Context, card CardID, month Month) (*MonthFlow, error) {
	return fetch[MonthFlow](ctx, s.do, "fc.function.card.monthflow", cardMonthParams{card, month})
}

// A CardMonthFlow is a card's data usage in a month, with the card's number.
type CardMonthFlow struct {
	Number    string  `json:"number" quec:"required"`    // MSISDN or ICCID, as in the request
	MonthFlow float64 `json:"monthflow" quec:"required"` // data used in the month, MB
	// Data used in the billing cycle until the end of the month, MB; equal to MonthFlow for monthly plans. Optional in the
	// document.
	CycleFlow float64 `json:"cycleflow"`
}

// ID returns the card by its number, in the platform's spelling.
func (f CardMonthFlow) ID() CardID {
	if kindMSISDN.check(kindMSISDN.normal(f.Number)) == "" {
		return cardID("", f.Number)
	}
	return cardID(f.Number, "")
}

// MonthBatch returns the data usage of 1 to 1000 cards in a month, one of the last 12 including the current one, in the
// platform's order. The document does not say what happens to unknown cards; we assume that the result omits them.
//
// § 2.1.10 月流量查询(批量), fc.function.cards.monthflow. It reads.
func (s *FlowService) MonthBatch(ctx context.Context, cards CardIDs, month Month) ([]CardMonthFlow, error) {
	var response struct {
		Data []CardMonthFlow `json:"data" quec:"required"`
	}
	err := s.do(ctx, "fc.function.cards.monthflow", struct {
		Cards batchIDs `url:"cards"`
		Month Month    `url:"month"`
	}{batchIDs(cards), month}, &response)
	return onSuccess(response.Data, err)
}

// A VoiceMonthList is a page of the voice usage of all cards in a month.
type VoiceMonthList struct {
	Page  Page            `json:"page" quec:"always inline"` // position of the page
	Flows []VoiceMonthRow `json:"flows" quec:"required"`     // rows on the page
}

// A VoiceMonthRow is a card's voice usage in a month.
type VoiceMonthRow struct {
	MSISDN  string  `json:"msisdn" quec:"always alias=msisdns"` // the card's MSISDN
	ICCID   string  `json:"iccid" quec:"required"`              // serial number of the chip
	Minutes float64 `json:"monthflow" quec:"required"`          // voice used in the month, minutes
}

// ID returns the card by its ICCID, or by its MSISDN if the ICCID is empty, in the platform's spelling.
func (r VoiceMonthRow) ID() CardID { return cardID(r.ICCID, r.MSISDN) }

// ListVoiceMonth returns one page of the voice usage of all cards in a month. A page has at most 1000 cards; an empty
// page is no error.
//
// § 2.1.11 资产语音月用量日志, fc.function.voice.monthflow.list. It reads.
func (s *FlowService) ListVoiceMonth(ctx context.Context, params *MonthListParams) (*VoiceMonthList, error) {
	return fetch[VoiceMonthList](ctx, s.do, "fc.function.voice.monthflow.list", params)
}

// A VoiceDay is a card's voice usage on one day.
type VoiceDay struct {
	Date    Date    `json:"date" quec:"required"` // date of the usage
	Minutes float64 `json:"flow" quec:"required"` // voice used, minutes
}

// VoiceDays returns a card's daily voice usage in a month. The document does not say whether it includes days without
// usage.
//
// § 2.1.12 资产语音用量日志, fc.function.voice.dayflow.list. It reads.
func (s *FlowService) VoiceDays(ctx context.Context, card CardID, month Month) ([]VoiceDay, error) {
	var response struct {
		Flows []VoiceDay `json:"flows" quec:"required"`
	}
	err := s.do(ctx, "fc.function.voice.dayflow.list", cardMonthParams{card, month}, &response)
	return onSuccess(response.Flows, err)
}

// A FlowPackage is a data package in effect on a card (生效的流量包).
type FlowPackage struct {
	Name  string    `json:"tfName" quec:"always"`                  // name of the package
	Size  float64   `json:"tfSize" quec:"required"`                // data in the package, MB
	Type  FlowType  `json:"tfType" quec:"always"`                  // type of traffic that it covers
	Start time.Time `json:"startTime,omitzero" quec:"always"`      // start time, China Standard Time
	End   time.Time `json:"endTime,omitzero" quec:"always future"` // expiry time, China Standard Time
}

// Packages returns the data packages in effect on a card. [OrdersService.FlowPackages] returns those on sale.
//
// § 2.1.14 资产生效流量包列表, fc.function.card.flowpackages. It reads.
func (s *FlowService) Packages(ctx context.Context, card CardID) ([]FlowPackage, error) {
	var response struct {
		Packages []FlowPackage `json:"flowpackages" quec:"required"`
	}
	err := s.do(ctx, "fc.function.card.flowpackages", cardParams{card}, &response)
	return onSuccess(response.Packages, err)
}

// YearPackages has the yearly packages (年包) in effect on a card, and its usage. The document does not say whether
// TotalFlow and ResidueFlow count anything besides these packages.
type YearPackages struct {
	MonthFlow   float64       `json:"flow" quec:"always"`            // data used this month, MB
	UsedFlow    float64       `json:"useFlow" quec:"required"`       // data used in the billing cycle, MB
	TotalFlow   float64       `json:"totalFlow" quec:"required"`     // total data, MB
	ResidueFlow float64       `json:"residueFlow" quec:"always"`     // data left, MB
	AllotDate   Date          `json:"createTime" quec:"always"`      // date the card left the warehouse (出库)
	Packages    []YearPackage `json:"packageGroups" quec:"required"` // yearly packages
}

// A YearPackage is a data package for one year.
type YearPackage struct {
	OrderID   string  `json:"orderId" quec:"always type=sn"`   // order that bought it
	Name      string  `json:"name" quec:"always"`              // name of the package
	UsedFlow  float64 `json:"useFlow" quec:"required type=sn"` // data used, MB
	TotalFlow float64 `json:"totalFlow" quec:"required"`       // data in the package, MB
	Begin     Date    `json:"beginTime" quec:"always"`         // start date
	End       Date    `json:"endTime" quec:"always future"`    // expiry date
	Created   Date    `json:"createTime" quec:"always"`        // creation date
}

// YearPackages returns the yearly packages in effect on a card. Only for cards on yearly plans.
//
// § 2.1.15 资产生效年包列表, fc.function.yearmonth.detail. It reads.
func (s *FlowService) YearPackages(ctx context.Context, card CardID) (*YearPackages, error) {
	var response struct {
		Data YearPackages `json:"data" quec:"always inline"`
	}
	err := s.do(ctx, "fc.function.yearmonth.detail", cardParams{card}, &response)
	return onSuccess(&response.Data, err)
}

// An Alarm has the settings by which the platform watches a card's data usage: warnings by e-mail, and suspension. All
// fields are optional in the document; presumably all are zero for a card without settings.
type Alarm struct {
	AlarmID        int64     `json:"alarmid"`                                     // ID of the settings
	MSISDN         string    `json:"msisdn" quec:"alias=msisdns"`                 // the card's MSISDN
	NotifyEmails   []string  `json:"notifyemails" quec:"sep=,;"`                  // recipients of warnings
	Threshold1     float64   `json:"alarmthreshold1" quec:"type=s"`               // first warning, MB; 0 for none
	Threshold2     float64   `json:"alarmthreshold2" quec:"type=s"`               // second warning, MB; 0 for none
	Threshold3     float64   `json:"alarmthreshold3" quec:"type=s"`               // third warning, MB; 0 for none
	AlarmOn        bool      `json:"alarmstatus"`                                 // warnings are on
	PauseThreshold float64   `json:"pauseflowthreshold" quec:"type=s"`            // suspension, MB; 0 for none
	PauseOn        bool      `json:"pausestatus"`                                 // suspension is on
	CreatedAt      time.Time `json:"createdatetime,omitzero" quec:"epoch type=n"` // creation time, China Standard Time
	UpdatedAt      time.Time `json:"updatedatetime,omitzero" quec:"epoch type=n"` // change time, China Standard Time
	Deleted        bool      `json:"isdelete"`                                    // the settings are deleted
}

// ID returns the card by its MSISDN, in the platform's spelling. It returns the zero CardID for a card without an
// alarm.
func (a Alarm) ID() CardID { return cardID("", a.MSISDN) }

// Settings returns the settings for [FlowService.SetAlarm], to change some fields and keep the others. It returns the
// zero AlarmSettings if the settings are deleted, so that they do not come back into effect.
func (a Alarm) Settings() AlarmSettings {
	if a.Deleted {
		return AlarmSettings{}
	}
	return AlarmSettings{
		NotifyEmails: slices.Clone(a.NotifyEmails),
		Threshold1:   a.Threshold1, Threshold2: a.Threshold2, Threshold3: a.Threshold3, AlarmOn: a.AlarmOn,
		PauseThreshold: a.PauseThreshold, PauseOn: a.PauseOn,
	}
}

// Alarm returns the alarm settings of a card. Only for cards that belong to the company.
//
// § 2.1.13 单卡流量管理查询, fc.function.card.alarm.get. It reads.
func (s *FlowService) Alarm(ctx context.Context, card CardID) (*Alarm, error) {
	var response struct {
		Alarm Alarm `json:"alarmInfo" quec:"required"`
	}
	err := s.do(ctx, "fc.function.card.alarm.get", cardParams{card}, &response)
	return onSuccess(&response.Alarm, err)
}

// AlarmSettings define how the platform watches the data usage of cards. AlarmOn and PauseOn are always sent, the other
// fields only if they are not zero. The document does not say whether a threshold or address that is not sent keeps its
// earlier value: [FlowService.Alarm] tells. Start from [Alarm.Settings] to change only some fields. It states MB only
// for PauseThreshold; we assume it for the other thresholds. It is the SDK's own rule that thresholds are not negative,
// that AlarmOn and PauseOn need one, and how it checks addresses.
type AlarmSettings struct {
	NotifyEmails   []string // recipients of warnings
	Threshold1     float64  // threshold of the first warning, MB; 0 for none
	Threshold2     float64  // threshold of the second warning, MB; 0 for none
	Threshold3     float64  // threshold of the third warning, MB; 0 for none
	AlarmOn        bool     // send warnings; needs a threshold
	PauseThreshold float64  // threshold of the suspension, MB; 0 for none
	PauseOn        bool     // suspend a card at PauseThreshold, which must be set
}

func (s *AlarmSettings) validate() error {
	bad := func(format string, args ...any) error {
		return &ParamError{Param: "alarmParam", Reason: fmt.Sprintf(format, args...)}
	}
	for _, t := range [...]struct {
		name string
		mb   float64
	}{
		{"Threshold1", s.Threshold1}, {"Threshold2", s.Threshold2}, {"Threshold3", s.Threshold3},
		{"PauseThreshold", s.PauseThreshold},
	} {
		if t.mb < 0 || math.IsNaN(t.mb) || math.IsInf(t.mb, 0) {
			return bad("%s is %v, want a number of MB, at least 0", t.name, t.mb)
		}
	}
	for _, email := range s.NotifyEmails {
		if !strings.Contains(email, "@") || strings.ContainsAny(email, ",; \t\r\n") {
			return bad("NotifyEmails has %q, want one e-mail address per element", email)
		}
	}
	switch {
	case s.AlarmOn && s.Threshold1 == 0 && s.Threshold2 == 0 && s.Threshold3 == 0:
		return bad("AlarmOn needs Threshold1, Threshold2 or Threshold3, by the SDK's own rule")
	case s.PauseOn && s.PauseThreshold == 0:
		return bad("PauseOn needs PauseThreshold, by the SDK's own rule: at 0 MB a card might be suspended immediately")
	}
	return nil
}

// EncodeValues adds the settings to a form, as the JSON text of the parameter alarmParam.
func (s AlarmSettings) EncodeValues(name string, form *url.Values) error {
	type wire struct {
		NotifyEmails   string  `json:"notifyemails,omitempty"`
		Threshold1     string  `json:"alarmthreshold1,omitempty"`
		Threshold2     string  `json:"alarmthreshold2,omitempty"`
		Threshold3     string  `json:"alarmthreshold3,omitempty"`
		AlarmStatus    int     `json:"alarmstatus"`
		PauseThreshold float64 `json:"pauseflowthreshold,omitzero"`
		PauseStatus    int     `json:"pausestatus"`
	}
	text, err := json.Marshal(wire{
		strings.Join(s.NotifyEmails, ","), megabytes(s.Threshold1), megabytes(s.Threshold2), megabytes(s.Threshold3),
		oneOrZero(s.AlarmOn), s.PauseThreshold, oneOrZero(s.PauseOn),
	})
	form.Set(name, string(text))
	return err
}

func megabytes(mb float64) string {
	if mb == 0 {
		return ""
	}
	return strconv.FormatFloat(mb, 'f', -1, 64)
}

func oneOrZero(on bool) int {
	if on {
		return 1
	}
	return 0
}

type setAlarmParams struct {
	Cards    alarmIDs       `url:"cards"`
	Settings *AlarmSettings `url:"alarmParam"`
}

func (p setAlarmParams) validate() error {
	if p.Settings == nil {
		return &ParamError{Param: "alarmParam", Reason: "no settings given"}
	}
	return p.Settings.validate()
}

// A SetAlarmResult says for which cards an alarm was set.
type SetAlarmResult struct {
	Succeeded   []string `json:"success" quec:"receipt"` // cards that were set, as the platform lists them
	Failed      CardIDs  `json:"failed,omitzero"`        // cards that were not set
	Unaccounted CardIDs  `json:"unaccounted,omitzero"`   // cards missing from the response: they may have been set
}

// SetAlarm sets the alarm of 1 to 1000 cards: thresholds for warnings, and one for suspension.
// [FlowService.SetAlarmAll] takes any number of cards. The document also mentions the cards of one billing group, but
// has no parameter for a group.
//
// On success, the response lists every card as set or, as in the document, has no list; the result then lists the cards
// of the request. If the platform sets only some cards, it refuses the call with resultCode 1 and lists them. SetAlarm
// then returns both a result, with the other cards in Failed, and an error that is an [*APIError] and [ErrPartial]. It
// also returns a result and [ErrPartial] for any other response that lists some of the cards. Cards that the response
// does not account for are in Unaccounted, and the error is [ErrOutcomeUnknown] too.
//
// § 2.3.7 流量管理设置, fc.function.card.alarm. It changes the cards, and may cause their suspension.
func (s *FlowService) SetAlarm(ctx context.Context, cards CardIDs, settings *AlarmSettings) (*SetAlarmResult, error) {
	result, _, err := s.setAlarm(ctx, cards, settings)
	return result, err
}

func (s *FlowService) setAlarm(
	ctx context.Context, cards CardIDs, settings *AlarmSettings,
) (*SetAlarmResult, *batchTally, error) {
	const method = "fc.function.card.alarm"
	var response struct {
		Succeeded cardTexts `json:"success" quec:"receipt"`
	}
	var tally *batchTally
	check := func(err error) error {
		tally = nil
		if err != nil && len(response.Succeeded) == 0 {
			return err
		}
		if response.Succeeded == nil {
			response.Succeeded = strings.Split(cards.String(), ",")
		}
		tally = newTally(method, cards, response.Succeeded.entries(), nil)
		refusal, refused := errors.AsType[*APIError](err)
		if refused && refusal.Code == 1 && tally.Unmatched == 0 && !errors.Is(err, ErrOutcomeUnknown) {
			tally.FailRest()
		}
		return tally.addPartial(err)
	}
	err := s.do(ctx, method, setAlarmParams{alarmIDs(cards), settings}, &response, check)
	if err == nil {
		err = check(nil) // an interceptor may have responded
	}
	if tally == nil {
		return nil, nil, err
	}
	return &SetAlarmResult{response.Succeeded, tally.failed(), tally.unaccounted()}, tally, err
}

// SetAlarmAll sets the alarm of any number of cards. It returns an iterator over the cards in their order, with an
// error for each, nil if the alarm was set. It works as [SMSService.SendAll] does, in consecutive batches of at most
// 1000 cards. The options are [Drain] and [Progress].
//
// It uses § 2.3.7 流量管理设置, fc.function.card.alarm.
func (s *FlowService) SetAlarmAll(
	ctx context.Context, cards CardIDs, settings *AlarmSettings, opts ...FleetOption,
) iter.Seq2[CardID, error] {
	if settings != nil {
		own := *settings
		own.NotifyEmails = slices.Clone(own.NotifyEmails)
		settings = &own
	}
	const method = "fc.function.card.alarm"
	return func(yield func(CardID, error) bool) {
		set := func(ctx context.Context, batch CardIDs) (*batchTally, error) {
			_, tally, err := s.setAlarm(ctx, batch, settings)
			return tally, err
		}
		callBatches(ctx, method, cards, opts, set, func(card CardID, _ int, err error) bool { return yield(card, err) })
	}
}

// AlarmStatusParams switch a card's warnings and its suspension on or off. At least one must be On or Off.
type AlarmStatusParams struct {
	Alarm Switch // warnings by e-mail
	Pause Switch // suspension at PauseThreshold
}

type alarmStatusParams struct {
	Card  CardID `url:"card"`
	Alarm Switch `url:"alarmStatus"`
	Pause Switch `url:"pauseStatus"`
}

func (p alarmStatusParams) validate() error {
	if p.Alarm == Unchanged && p.Pause == Unchanged {
		return &ParamError{Param: "alarmStatus", Reason: "neither Alarm nor Pause is On or Off"}
	}
	return nil
}

// SetAlarmStatus switches a card's warnings and its suspension on or off, and leaves the thresholds unchanged. Only for
// cards that belong to the company.
//
// § 2.3.8 单卡流量管理状态, fc.function.card.alarm.status. It changes the card.
func (s *FlowService) SetAlarmStatus(ctx context.Context, card CardID, params *AlarmStatusParams) error {
	if params == nil {
		params = &AlarmStatusParams{}
	}
	return s.do(ctx, "fc.function.card.alarm.status", alarmStatusParams{card, params.Alarm, params.Pause}, nil)
}
