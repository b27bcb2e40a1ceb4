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

// FlowService has the methods about usage of data and voice, about data packages, and about alarms. Data volumes are in
// MB, voice in minutes. Usage of data can be had for the last 12 months, the present one included; for voice the document
// states no limit.
type FlowService service

// MonthListParams choose a month and page its listing.
type MonthListParams struct {
	Month    Month `url:"month"`              // required
	PageNo   int   `url:"pageNo,omitempty"`   // page to return, the first is 1; the platform's default is 1
	PageSize int   `url:"pageSize,omitempty"` // rows per page, 1 to 1000; the platform's default is 100
}

func (p *MonthListParams) validate() error { return checkPaging(p.PageNo, p.PageSize) }

// A MonthFlowList is a page of the data usage of all cards in a month.
type MonthFlowList struct {
	Page  Page           `json:"page" quec:"always inline"` // which page it is
	Flows []MonthFlowRow `json:"flows" quec:"required"`     // the cards on it
}

// A MonthFlowRow is a card's data usage in a month.
type MonthFlowRow struct {
	MSISDN    string  `json:"msisdn" quec:"always alias=msisdns"` // the card's number
	ICCID     string  `json:"iccid" quec:"required"`              // serial number of its chip
	MonthFlow float64 `json:"monthflow" quec:"required"`          // data used in the month, MB
	// Data used in the billing cycle up to the end of the month, MB; equal to MonthFlow for monthly plans.
	CycleFlow float64 `json:"flow" quec:"always"`
}

// ID returns the card, by its ICCID if that is there, else by its MSISDN. The number is as the platform spells it.
func (r MonthFlowRow) ID() CardID { return cardID(r.ICCID, r.MSISDN) }

// ListMonth returns one page of the data usage of all cards in a month, one of the last 12 with the present one. A page
// has at most 1000 cards; an empty one is no error.
//
// § 2.1.7 资产月流量日志, fc.function.monthflow.list. It reads.
func (s *FlowService) ListMonth(ctx context.Context, params *MonthListParams) (*MonthFlowList, error) {
	return fetch[MonthFlowList](ctx, s.do, "fc.function.monthflow.list", params)
}

// A DayFlow is a card's data usage on a day.
type DayFlow struct {
	Date Date    `json:"date" quec:"required"` // the day
	Flow float64 `json:"flow" quec:"required"` // data used, MB
}

// cardMonthParams are the parameters of the methods that take one card and a month.
type cardMonthParams struct {
	Card  CardID `url:"card"`
	Month Month  `url:"month"`
}

// Days returns a card's data usage on the days of a month, one of the last 12 with the present one. Whether days without
// usage are among them the document does not say.
//
// § 2.1.8 资产用量日志, fc.function.dayflow.list. It reads.
func (s *FlowService) Days(ctx context.Context, card CardID, month Month) ([]DayFlow, error) {
	var answer struct {
		Flows []DayFlow `json:"flows" quec:"required"`
	}
	err := s.do(ctx, "fc.function.dayflow.list", cardMonthParams{card, month}, &answer)
	return onSuccess(answer.Flows, err)
}

// A MonthFlow is a card's data usage in a month.
type MonthFlow struct {
	MonthFlow float64 `json:"monthflow" quec:"required"` // data used in the month, MB
	// Data used in the billing cycle up to the end of the month, MB; equal to MonthFlow for monthly plans.
	CycleFlow float64 `json:"cycleflow" quec:"always"`
}

// Month returns a card's data usage in a month, one of the last 12 with the present one.
//
// § 2.1.9 月流量查询, fc.function.card.monthflow. It reads.
func (s *FlowService) Month(ctx context.Context, card CardID, month Month) (*MonthFlow, error) {
	return fetch[MonthFlow](ctx, s.do, "fc.function.card.monthflow", cardMonthParams{card, month})
}

// A CardMonthFlow is a card's data usage in a month, with the card's number.
type CardMonthFlow struct {
	Number    string  `json:"number" quec:"required"`    // MSISDN or ICCID, whichever the card was asked for by
	MonthFlow float64 `json:"monthflow" quec:"required"` // data used in the month, MB
	// Data used in the billing cycle up to the end of the month, MB; equal to MonthFlow for monthly plans. Optional in the
	// document.
	CycleFlow float64 `json:"cycleflow"`
}

// ID returns the card, by the number that it was asked for by. The number is as the platform spells it.
func (f CardMonthFlow) ID() CardID {
	if kindMSISDN.check(kindMSISDN.normal(f.Number)) == "" {
		return cardID("", f.Number)
	}
	return cardID(f.Number, "")
}

// MonthBatch returns the data usage of 1 to 1000 cards in a month, one of the last 12 with the present one, in the
// platform's order. What becomes of a card that the platform does not know the document does not say; we take it that
// such a card is missing from the result.
//
// § 2.1.10 月流量查询(批量), fc.function.cards.monthflow. It reads.
func (s *FlowService) MonthBatch(ctx context.Context, cards CardIDs, month Month) ([]CardMonthFlow, error) {
	var answer struct {
		Data []CardMonthFlow `json:"data" quec:"required"`
	}
	err := s.do(ctx, "fc.function.cards.monthflow", struct {
		Cards batchIDs `url:"cards"`
		Month Month    `url:"month"`
	}{batchIDs(cards), month}, &answer)
	return onSuccess(answer.Data, err)
}

// A VoiceMonthList is a page of the voice usage of all cards in a month.
type VoiceMonthList struct {
	Page  Page            `json:"page" quec:"always inline"` // which page it is
	Flows []VoiceMonthRow `json:"flows" quec:"required"`     // the cards on it
}

// A VoiceMonthRow is a card's voice usage in a month.
type VoiceMonthRow struct {
	MSISDN  string  `json:"msisdn" quec:"always alias=msisdns"` // the card's number
	ICCID   string  `json:"iccid" quec:"required"`              // serial number of its chip
	Minutes float64 `json:"monthflow" quec:"required"`          // voice used in the month, minutes
}

// ID returns the card, by its ICCID if that is there, else by its MSISDN. The number is as the platform spells it.
func (r VoiceMonthRow) ID() CardID { return cardID(r.ICCID, r.MSISDN) }

// ListVoiceMonth returns one page of the voice usage of all cards in a month. A page has at most 1000 cards; an empty one
// is no error.
//
// § 2.1.11 资产语音月用量日志, fc.function.voice.monthflow.list. It reads.
func (s *FlowService) ListVoiceMonth(ctx context.Context, params *MonthListParams) (*VoiceMonthList, error) {
	return fetch[VoiceMonthList](ctx, s.do, "fc.function.voice.monthflow.list", params)
}

// A VoiceDay is a card's voice usage on a day.
type VoiceDay struct {
	Date    Date    `json:"date" quec:"required"` // the day
	Minutes float64 `json:"flow" quec:"required"` // voice used, minutes
}

// VoiceDays returns a card's voice usage on the days of a month. Whether days without usage are among them the document
// does not say.
//
// § 2.1.12 资产语音用量日志, fc.function.voice.dayflow.list. It reads.
func (s *FlowService) VoiceDays(ctx context.Context, card CardID, month Month) ([]VoiceDay, error) {
	var answer struct {
		Flows []VoiceDay `json:"flows" quec:"required"`
	}
	err := s.do(ctx, "fc.function.voice.dayflow.list", cardMonthParams{card, month}, &answer)
	return onSuccess(answer.Flows, err)
}

// A FlowPackage is a data package in force on a card (生效的流量包).
type FlowPackage struct {
	Name  string    `json:"tfName" quec:"always"`                  // name of the package
	Size  float64   `json:"tfSize" quec:"required"`                // MB
	Type  FlowType  `json:"tfType" quec:"always"`                  // the traffic it is good for
	Start time.Time `json:"startTime,omitzero" quec:"always"`      // takes effect, China Standard Time
	End   time.Time `json:"endTime,omitzero" quec:"always future"` // expires, China Standard Time
}

// Packages returns the data packages in force on a card. Those that can be bought are in [OrdersService.FlowPackages].
//
// § 2.1.14 资产生效流量包列表, fc.function.card.flowpackages. It reads.
func (s *FlowService) Packages(ctx context.Context, card CardID) ([]FlowPackage, error) {
	var answer struct {
		Packages []FlowPackage `json:"flowpackages" quec:"required"`
	}
	err := s.do(ctx, "fc.function.card.flowpackages", cardParams{card}, &answer)
	return onSuccess(answer.Packages, err)
}

// YearPackages are the packages of a year (年包) in force on a card, and its usage. What TotalFlow and ResidueFlow count
// besides these packages the document does not say.
type YearPackages struct {
	MonthFlow   float64       `json:"flow" quec:"always"`            // data used this month, MB
	UsedFlow    float64       `json:"useFlow" quec:"required"`       // data used in the billing cycle, MB
	TotalFlow   float64       `json:"totalFlow" quec:"required"`     // data in all, MB
	ResidueFlow float64       `json:"residueFlow" quec:"always"`     // data left, MB
	AllotDate   Date          `json:"createTime" quec:"always"`      // the card left the warehouse (出库)
	Packages    []YearPackage `json:"packageGroups" quec:"required"` // the packages
}

// A YearPackage is a data package that lasts a year.
type YearPackage struct {
	OrderID   string  `json:"orderId" quec:"always type=sn"`   // the order that bought it
	Name      string  `json:"name" quec:"always"`              // name of the package
	UsedFlow  float64 `json:"useFlow" quec:"required type=sn"` // data used, MB
	TotalFlow float64 `json:"totalFlow" quec:"required"`       // data in the package, MB
	Begin     Date    `json:"beginTime" quec:"always"`         // takes effect
	End       Date    `json:"endTime" quec:"always future"`    // expires
	Created   Date    `json:"createTime" quec:"always"`        // was made
}

// YearPackages returns the packages of a year in force on a card. Only for cards on yearly plans.
//
// § 2.1.15 资产生效年包列表, fc.function.yearmonth.detail. It reads.
func (s *FlowService) YearPackages(ctx context.Context, card CardID) (*YearPackages, error) {
	var answer struct {
		Data YearPackages `json:"data" quec:"always inline"`
	}
	err := s.do(ctx, "fc.function.yearmonth.detail", cardParams{card}, &answer)
	return onSuccess(&answer.Data, err)
}

// An Alarm is how a card's data usage is watched: warnings by e-mail, and suspension. All its members are optional in the
// document: a card without settings has presumably none of them.
type Alarm struct {
	AlarmID        int64     `json:"alarmid"`                                     // of these settings
	MSISDN         string    `json:"msisdn" quec:"alias=msisdns"`                 // the card's number
	NotifyEmails   []string  `json:"notifyemails" quec:"sep=,;"`                  // who is warned
	Threshold1     float64   `json:"alarmthreshold1" quec:"type=s"`               // MB, for the first warning; 0 for none
	Threshold2     float64   `json:"alarmthreshold2" quec:"type=s"`               // MB, for the second warning; 0 for none
	Threshold3     float64   `json:"alarmthreshold3" quec:"type=s"`               // MB, for the third warning; 0 for none
	AlarmOn        bool      `json:"alarmstatus"`                                 // warnings are sent
	PauseThreshold float64   `json:"pauseflowthreshold" quec:"type=s"`            // MB at which the card is suspended; 0 for none
	PauseOn        bool      `json:"pausestatus"`                                 // the card is suspended at its threshold
	CreatedAt      time.Time `json:"createdatetime,omitzero" quec:"epoch type=n"` // when they were made, China Standard Time
	UpdatedAt      time.Time `json:"updatedatetime,omitzero" quec:"epoch type=n"` // when they were changed, China Standard Time
	Deleted        bool      `json:"isdelete"`                                    // the settings were deleted
}

// ID returns the card, by its MSISDN. It is the zero CardID where the card has no alarm. The number is as the platform
// spells it.
func (a Alarm) ID() CardID { return cardID("", a.MSISDN) }

// Alarm returns how a card's data usage is watched. Only for cards that belong to the company.
//
// § 2.1.13 单卡流量管理查询, fc.function.card.alarm.get. It reads.
func (s *FlowService) Alarm(ctx context.Context, card CardID) (*Alarm, error) {
	var answer struct {
		Alarm Alarm `json:"alarmInfo" quec:"required"`
	}
	err := s.do(ctx, "fc.function.card.alarm.get", cardParams{card}, &answer)
	return onSuccess(&answer.Alarm, err)
}

// AlarmSettings say how the data usage of cards is to be watched. AlarmOn and PauseOn are sent whatever they are, the
// others only if they are not zero. What becomes of an earlier threshold or address that is not sent the document does
// not say: [FlowService.Alarm] tells. It gives MB as the unit of PauseThreshold alone; we take it to be that of the others
// too. That a threshold is no less than 0, that AlarmOn and PauseOn need one, and what an e-mail address looks like are
// the SDK's own rules.
type AlarmSettings struct {
	NotifyEmails   []string // who is warned
	Threshold1     float64  // MB, for the first warning; 0 for none
	Threshold2     float64  // MB, for the second warning; 0 for none
	Threshold3     float64  // MB, for the third warning; 0 for none
	AlarmOn        bool     // send warnings; needs a threshold
	PauseThreshold float64  // MB at which a card is suspended; 0 for none
	PauseOn        bool     // suspend a card at its threshold; needs PauseThreshold
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
			return bad("%s %v is not a number of MB", t.name, t.mb)
		}
	}
	for _, email := range s.NotifyEmails {
		if !strings.Contains(email, "@") || strings.ContainsAny(email, ",; \t\r\n") {
			return bad("NotifyEmails: %q is not one e-mail address", email)
		}
	}
	switch {
	case s.AlarmOn && s.Threshold1 == 0 && s.Threshold2 == 0 && s.Threshold3 == 0:
		return bad("AlarmOn needs a threshold, by the SDK's own rule")
	case s.PauseOn && s.PauseThreshold == 0:
		return bad("PauseOn needs a PauseThreshold, by the SDK's own rule: at 0 MB a card might be suspended at once")
	}
	return nil
}

// EncodeValues writes the settings as the JSON text that the parameter alarmParam is.
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
	Succeeded   []string `json:"success" quec:"receipt"` // the cards that were set, as the platform lists them
	Failed      CardIDs  `json:"failed,omitzero"`        // the cards that were not set
	Unaccounted CardIDs  `json:"unaccounted,omitzero"`   // the cards of which the platform says nothing: they may have been set
}

// SetAlarm sets how the data usage of 1 to 1000 cards is watched: they are warned of at thresholds, and suspended at
// another. [FlowService.SetAlarmAll] takes any number of cards. The document also speaks of the cards of one billing group,
// but has no parameter for a group.
//
// Success is a response that lists every card as set, or none at all, as in the document: then the result lists all cards
// as they were given. When it could set only some of the cards, the platform refuses the call with resultCode 1 and lists
// them: SetAlarm then returns both a result and an error, which is an [*APIError] and [ErrPartial]; the other cards are in
// Failed. Any other response that lists some of the cards gives a result and [ErrPartial] too. The cards that it does not
// account for are in Unaccounted, and the error is [ErrOutcomeUnknown] as well.
//
// § 2.3.7 流量管理设置, fc.function.card.alarm. It changes the cards, and may cause their suspension.
func (s *FlowService) SetAlarm(ctx context.Context, cards CardIDs, settings *AlarmSettings) (*SetAlarmResult, error) {
	result, _, err := s.setAlarm(ctx, cards, settings)
	return result, err
}

func (s *FlowService) setAlarm(ctx context.Context, cards CardIDs, settings *AlarmSettings) (*SetAlarmResult, *batchTally, error) {
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
		if refusal, ok := errors.AsType[*APIError](err); ok && refusal.Code == 1 && tally.Strays == 0 && !errors.Is(err, ErrOutcomeUnknown) {
			tally.FailRest()
		}
		return tally.callError(err)
	}
	err := s.do(ctx, method, setAlarmParams{alarmIDs(cards), settings}, &response, check)
	if err == nil {
		err = check(nil) // also where an interceptor has answered
	}
	if tally == nil {
		return nil, nil, err
	}
	return &SetAlarmResult{response.Succeeded, tally.failed(), tally.unaccounted()}, tally, err
}

// SetAlarmAll sets how the data usage of any number of cards is watched, and returns an iterator over them and what became
// of each, nil for set, in the order of the cards. It works as [SMSService.SendAll] does, in batches of at most 1000 cards,
// one after another. The option is [Progress].
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
	return func(yield func(CardID, error) bool) {
		set := func(ctx context.Context, batch CardIDs) (*batchTally, error) {
			_, tally, err := s.setAlarm(ctx, batch, settings)
			return tally, err
		}
		inBatches(ctx, "fc.function.card.alarm", cards, opts, set, func(card CardID, _ int, err error) bool { return yield(card, err) })
	}
}

// AlarmStatusParams switch a card's warnings and its suspension at a threshold. At least one must be switched.
type AlarmStatusParams struct {
	Alarm Switch // warnings by e-mail
	Pause Switch // suspension at the threshold
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

// SetAlarmStatus switches a card's warnings and its suspension at a threshold on or off, and leaves the thresholds as
// they are. Only for cards that belong to the company.
//
// § 2.3.8 单卡流量管理状态, fc.function.card.alarm.status. It changes the card.
func (s *FlowService) SetAlarmStatus(ctx context.Context, card CardID, params *AlarmStatusParams) error {
	if params == nil {
		params = &AlarmStatusParams{}
	}
	return s.do(ctx, "fc.function.card.alarm.status", alarmStatusParams{card, params.Alarm, params.Pause}, nil)
}
