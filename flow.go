package quecloud

import (
	"context"
	"time"
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
	return fetch[MonthFlowList](ctx, s.call, "fc.function.monthflow.list", params)
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
	err := s.call(ctx, "fc.function.dayflow.list", cardMonthParams{card, month}, &answer)
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
	return fetch[MonthFlow](ctx, s.call, "fc.function.card.monthflow", cardMonthParams{card, month})
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
	err := s.call(ctx, "fc.function.cards.monthflow", struct {
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
	return fetch[VoiceMonthList](ctx, s.call, "fc.function.voice.monthflow.list", params)
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
	err := s.call(ctx, "fc.function.voice.dayflow.list", cardMonthParams{card, month}, &answer)
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
	err := s.call(ctx, "fc.function.card.flowpackages", cardParams{card}, &answer)
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
	err := s.call(ctx, "fc.function.yearmonth.detail", cardParams{card}, &answer)
	return onSuccess(&answer.Data, err)
}
