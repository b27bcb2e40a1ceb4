package quecloud

import (
	"context"
	"fmt"
	"strconv"
	"strings"
	"time"
)

// CardsService has the methods about cards themselves: looking them up, and changing their state and services.
//
// Of eleven methods, here and in [FlowService], the document says that they are only for cards that belong to the company
// (只能处理隶属于该企业下的卡). It does not say whether those of its sub-accounts do: see [BillingService.Account].
type CardsService service

// cardParams are the parameters of the many methods that take one card and nothing else.
type cardParams struct {
	Card CardID `url:"card"`
}

// CardListParams choose and page the cards of [CardsService.List]. Every parameter is optional, and zero fields are not
// sent: a range of dates may be open at either end. Whether it includes its last day the document does not say. That it
// must not end before it starts, and that no ID is negative, are the SDK's own rules.
type CardListParams struct {
	PageNo     int   `url:"pageNo,omitempty"`          // page to return, the first is 1; the platform's default is 1
	PageSize   int   `url:"pageSize,omitempty"`        // cards per page, 1 to 1000; the platform's default is 100
	BillingID  int64 `url:"billingid,omitempty"`       // only cards of this billing group
	AllotFrom  Date  `url:"allotDateStart,omitempty"`  // only cards that left the warehouse (出库) from this day on
	AllotTo    Date  `url:"allotDateEnd,omitempty"`    // … until this one
	ActiveFrom Date  `url:"activeDateStart,omitempty"` // only cards that were activated from this day on
	ActiveTo   Date  `url:"activeDateEnd,omitempty"`   // … until this one
	ExpireFrom Date  `url:"expireDateStart,omitempty"` // only cards that expire from this day on
	ExpireTo   Date  `url:"expireDateEnd,omitempty"`   // … until this one
}

func (p *CardListParams) validate() error {
	if p.BillingID < 0 {
		return needPositive("billingid", p.BillingID)
	}
	for _, r := range [...]struct {
		name     string
		from, to Date
	}{
		{"allotDateEnd", p.AllotFrom, p.AllotTo},
		{"activeDateEnd", p.ActiveFrom, p.ActiveTo},
		{"expireDateEnd", p.ExpireFrom, p.ExpireTo},
	} {
		if !r.from.IsZero() && !r.to.IsZero() && r.to.Compare(r.from) < 0 {
			return &ParamError{Param: r.name, Reason: fmt.Sprintf("%s is before the start of the range, %s, and the SDK sends no such range", r.to, r.from)}
		}
	}
	return checkPaging(p.PageNo, p.PageSize)
}

// A Page says which part of a listing an answer holds.
type Page struct {
	Number     int   `json:"page" quec:"always"`       // of this page; the first is 1
	Size       int   `json:"pageSize" quec:"always"`   // rows per page
	TotalCount int64 `json:"totalCount" quec:"always"` // rows in all pages
	TotalPages int   `json:"totalPage" quec:"always"`  // pages in all
}

// A CardList is a page of cards.
type CardList struct {
	Page  Page   `json:"page" quec:"always inline"` // which page it is
	Cards []Card `json:"cards" quec:"required"`     // the cards on it
}

// A Card is a card as the listing shows it. [CardInfo] has more.
//
// Optional in the document, and zero where the platform leaves them out, are IMEI, PauseReason, OpenDate, ActiveDate,
// ExpiryDate, CycleStart, CycleEnd, CallStatus, VoiceWhitelist, VoiceTotal, MonthVoice and SMSCode.
type Card struct {
	MSISDN        string      `json:"msisdn" quec:"always alias=msisdns"`   // the card's number
	ICCID         string      `json:"iccid" quec:"required"`                // serial number of its chip
	IMSI          string      `json:"imsi" quec:"always"`                   // its identity in the network
	IMEI          string      `json:"imei"`                                 // of a device; may be empty
	ServiceMonths int         `json:"servicecycle" quec:"always"`           // service period in months
	BillingID     int64       `json:"billingid" quec:"always"`              // billing group, see BillingService.Groups
	CompanyID     int64       `json:"companyid" quec:"always"`              // see BillingService.Account
	Carrier       Carrier     `json:"carrier" quec:"always alias=supplier"` // network operator (运营商)
	PlanName      string      `json:"setMeal" quec:"always"`                // name of the plan
	CardType      CardType    `json:"cardType" quec:"always"`               // form of the card
	Status        CardStatus  `json:"status" quec:"always"`                 // state in the card's life
	PauseReason   PauseReason `json:"pausereason"`                          // why the card is suspended; empty if it is not
	Active        ActiveState `json:"active" quec:"always"`                 // whether it was ever activated
	AllotDate     Date        `json:"allotDate" quec:"always"`              // left the warehouse (出库)
	OpenDate      Date        `json:"openDate"`                             // opened (开卡)
	ActiveDate    Date        `json:"activeDate" quec:"alias=activatetime"` // activated
	ExpiryDate    Date        `json:"expiryDate" quec:"future"`             // service ends
	CycleStart    Date        `json:"cycleStartDate"`                       // first day of the present billing cycle
	CycleEnd      Date        `json:"cycleEndDate" quec:"future"`           // last day of the present billing cycle
	MonthFlow     float64     `json:"monthflow" quec:"always"`              // data used this month, MB
	// Data used in this billing cycle, MB; equal to MonthFlow for monthly plans.
	CycleFlow      float64    `json:"flow" quec:"always"`
	IMEILocked     bool       `json:"islock" quec:"always type=s"`                       // locked for separation (机卡分离)
	GPRSOn         bool       `json:"gprsstatus" quec:"always type=s"`                   // the data service is open
	RealName       bool       `json:"realnamestatus" quec:"always"`                      // an identity is registered (实名)
	CallStatus     CallStatus `json:"callstatus" quec:"type=n"`                          // the voice service
	VoiceWhitelist []string   `json:"voicewhitelist" quec:"alias=voicewitelist sep=_,;"` // MSISDNs on the voice whitelist
	VoiceTotal     float64    `json:"voiceflow"`                                         // voice in the plan, minutes; see CardInfo
	MonthVoice     float64    `json:"monthvoiceflow"`                                    // voice used this month, minutes
	SMSCode        string     `json:"spcode" quec:"alias=scode,socode"`                  // number to which the device sends SMS
}

// ID returns the card, by its ICCID if that is there, else by its MSISDN. The number is as the platform spells it.
func (c Card) ID() CardID { return cardID(c.ICCID, c.MSISDN) }

// List returns one page of the account's cards. params may be nil, and choose all. A page has at most 1000 cards; an
// empty one is no error.
//
// § 2.1.4 资产列表, fc.function.card.list. It reads.
func (s *CardsService) List(ctx context.Context, params *CardListParams) (*CardList, error) {
	return fetch[CardList](ctx, s.do, "fc.function.card.list", params)
}

// CardInfo is what the platform knows of one card.
//
// Optional in the document, and zero where the platform leaves them out, are IMEI, SMSCode, OpenDate, ActiveDate,
// ExpiryDate, CycleStart, CycleEnd, PauseReason, CallStatus, MonthVoice, VoiceTotal and VoiceWhitelist.
//
// Of PlanFlow (套餐总量), ResidueFlow (剩余流量) and VoiceTotal (语音套餐总量) the document has no more than these names. It does
// not say whether a plan's volume is that of a billing cycle or of PlanMonths, what 0 stands for, such as a plan without a
// limit or one that shares a pool, nor whether ResidueFlow counts data packages bought on top. Do not work out one from
// the other.
type CardInfo struct {
	MSISDN      string      `json:"msisdn" quec:"always alias=msisdns"`                     // the card's number
	ICCID       string      `json:"iccid" quec:"required"`                                  // serial number of its chip
	IMSI        string      `json:"imsi" quec:"always"`                                     // its identity in the network
	IMEI        string      `json:"imei"`                                                   // of a device; may be empty
	CompanyID   int64       `json:"companyid" quec:"always type=ns"`                        // see BillingService.Account
	BillingID   int64       `json:"billingid" quec:"always type=ns"`                        // billing group
	BillingCode string      `json:"billingCode" quec:"always"`                              // code of the billing group
	ProductCode string      `json:"productCode" quec:"always"`                              // product code of the billing group
	Carrier     Carrier     `json:"supplier" quec:"always alias=carrier"`                   // network operator (运营商)
	SMSCode     string      `json:"spcode" quec:"alias=scode,socode"`                       // number to which the device sends SMS
	CardType    CardType    `json:"cardType" quec:"always"`                                 // form of the card
	NetworkType NetworkType `json:"networkType" quec:"always"`                              // 4G or NB-IoT
	PlanName    string      `json:"setMeal" quec:"always"`                                  // name of the plan
	PlanFlow    float64     `json:"flowratenumber" quec:"always alias=flowratenum type=ns"` // data in the plan, MB; see above
	// Length of the plan in months; undocumented, in examples only.
	PlanMonths    int         `json:"setmealmonths" quec:"type=ns"`
	ServiceMonths int         `json:"servicecycle" quec:"always type=ns"`   // service period in months
	Active        ActiveState `json:"active" quec:"always"`                 // whether it was ever activated
	OpenDate      Date        `json:"openDate"`                             // opened (开卡)
	AllotDate     Date        `json:"allotDate" quec:"always"`              // left the warehouse (出库)
	ActiveDate    Date        `json:"activateTime" quec:"alias=activedate"` // activated
	ExpiryDate    Date        `json:"expiryDate" quec:"future"`             // service ends
	CycleStart    Date        `json:"cycleStartDate"`                       // first day of the present billing cycle
	CycleEnd      Date        `json:"cycleEndDate" quec:"future"`           // last day of the present billing cycle
	Status        CardStatus  `json:"status" quec:"always"`                 // state in the card's life
	GPRSOn        bool        `json:"gprsstatus" quec:"always type=s"`      // the data service is open
	IMEILocked    bool        `json:"islock" quec:"always type=s"`          // locked for separation (机卡分离)
	PauseReason   PauseReason `json:"pausereason"`                          // why the card is suspended; empty if it is not
	MonthFlow     float64     `json:"monthflow" quec:"always type=ns"`      // data used this month, MB
	// Data used in this billing cycle, MB; equal to MonthFlow for monthly plans.
	CycleFlow      float64    `json:"flow" quec:"always type=ns"`
	ResidueFlow    float64    `json:"residueFlow" quec:"always type=ns"`                 // data left, MB; see above
	RealName       bool       `json:"realnamestatus" quec:"always type=ns"`              // an identity is registered (实名)
	CallStatus     CallStatus `json:"callstatus" quec:"type=ns"`                         // the voice service
	MonthVoice     float64    `json:"monthvoiceflow" quec:"type=ns"`                     // voice used this month, minutes
	VoiceTotal     float64    `json:"voiceflow" quec:"type=ns"`                          // voice in the plan, minutes; see above
	VoiceWhitelist []string   `json:"voicewhitelist" quec:"alias=voicewitelist sep=_,;"` // MSISDNs on the voice whitelist
}

// ID returns the card, by its ICCID if that is there, else by its MSISDN. The number is as the platform spells it.
func (c CardInfo) ID() CardID { return cardID(c.ICCID, c.MSISDN) }

// Info returns what the platform knows of one card.
//
// § 2.1.5 资产详细信息, fc.function.card.info. It reads.
func (s *CardsService) Info(ctx context.Context, card CardID) (*CardInfo, error) {
	return fetch[CardInfo](ctx, s.do, "fc.function.card.info", cardParams{card})
}

// InfoBatch returns what the platform knows of 1 to 1000 cards, in the platform's order. What becomes of a card that it
// does not know the document does not say; we take it that such a card is missing from the result.
//
// § 2.1.6 资产详细信息(批量), fc.function.cards.info. It reads.
func (s *CardsService) InfoBatch(ctx context.Context, cards CardIDs) ([]CardInfo, error) {
	var answer struct {
		List []CardInfo `json:"list" quec:"required"`
	}
	err := s.do(ctx, "fc.function.cards.info", struct {
		Cards batchIDs `url:"cards"`
	}{batchIDs(cards)}, &answer)
	return onSuccess(answer.List, err)
}

// RealNameStatus tells whether an identity is registered for a card (实名状态).
type RealNameStatus struct {
	Registered bool `json:"rspdesc" quec:"required type=sb"` // an identity is registered
}

// RealNameStatus asks whether an identity is registered for a card at this moment. Where rpscode says that the query
// failed, the error is [ErrQueryFailed].
//
// § 2.1.16 实名状态查询, fc.function.card.realNameStatusQuery. It reads.
func (s *CardsService) RealNameStatus(ctx context.Context, card CardID) (*RealNameStatus, error) {
	const method = "fc.function.card.realNameStatusQuery"
	var answer struct {
		Data struct {
			Code string `json:"rpscode" quec:"required type=sn"` // 0000 for success
			RealNameStatus
		} `json:"data" quec:"required"`
	}
	err := s.do(ctx, method, cardParams{card}, &answer, func(err error) error {
		code := answer.Data.Code
		return queryResult(method, "rpscode", code, strings.Trim(code, " 0") == "", err)
	})
	return onSuccess(&answer.Data.RealNameStatus, err)
}

// RealtimeStatus is the state of a card at this moment.
type RealtimeStatus struct {
	Power       PowerState  `json:"onlinestatus" quec:"always"` // whether the device is on
	Online      OnlineState `json:"gprsstatus" quec:"always"`   // whether it is online
	IP          string      `json:"ip" quec:"always"`           // IP address
	APN         string      `json:"apn" quec:"always"`          // access point name
	TotalFlow   float64     `json:"totalFlowb" quec:"always"`   // data in all, MB
	UsedFlow    float64     `json:"usedFlowb" quec:"always"`    // data used, MB
	ResidueFlow float64     `json:"surpFlowb" quec:"always"`    // data left, MB
	TotalText   string      `json:"totalFlow" quec:"always"`    // TotalFlow as a text with its unit
	UsedText    string      `json:"usedFlow" quec:"always"`     // UsedFlow as a text with its unit
	ResidueText string      `json:"surpFlow" quec:"always"`     // ResidueFlow as a text with its unit
}

// RealtimeStatus asks for a card's state at this moment: whether the device is on and online. Where issuccess says that
// the query failed, the error is [ErrQueryFailed].
//
// § 2.3.1 在线状态, fc.function.card.realtimestatus. It reads.
func (s *CardsService) RealtimeStatus(ctx context.Context, card CardID) (*RealtimeStatus, error) {
	const method = "fc.function.card.realtimestatus"
	var answer struct {
		Data struct {
			Success string `json:"issuccess" quec:"required type=b"` // true or false
			RealtimeStatus
		} `json:"realTimeStatus" quec:"required"`
	}
	err := s.do(ctx, method, cardParams{card}, &answer, func(err error) error {
		success := strings.TrimSpace(answer.Data.Success)
		return queryResult(method, "issuccess", success, success == "1" || strings.EqualFold(success, "true"), err)
	})
	return onSuccess(&answer.Data.RealtimeStatus, err)
}

// RealNameRegistration is where a card's user registers an identity.
type RealNameRegistration struct {
	Serial string `json:"busiSeq" quec:"always receipt"` // serial number of the registration
	URL    string `json:"url" quec:"required receipt"`   // page for the card's user to open
}

// RegisterRealName starts the registration of an identity for a card, and returns the page on which its user enters
// it. Only for 移动 CT 卡 of companies that are verified themselves (实名认证企业), and once a minute for each card.
//
// § 2.3.9 实名认证登记, fc.function.card.realName. It starts something; the SDK sends it again only if it was not sent, or
// after HTTP status 429.
func (s *CardsService) RegisterRealName(ctx context.Context, card CardID) (*RealNameRegistration, error) {
	var answer struct {
		Data RealNameRegistration `json:"data" quec:"required receipt"`
	}
	err := s.do(ctx, "fc.function.card.realName", cardParams{card}, &answer)
	return onSuccess(&answer.Data, err)
}

// set makes a call that takes a card and answers nothing but whether it was done.
func (s *CardsService) set(ctx context.Context, method string, card CardID) error {
	return s.do(ctx, method, cardParams{card}, nil)
}

// EndTest ends a card's test period, and the next period of its life begins. Only for cards in their test period.
//
// § 2.4.1 结束测试期, fc.function.card.overtest. It changes the card.
func (s *CardsService) EndTest(ctx context.Context, card CardID) error {
	return s.set(ctx, "fc.function.card.overtest", card)
}

// Activate ends a card's silent period ([CardStatusInactive]), or its test period and any silent one after it: the card
// is activated and its billing begins. Only for cards in one of these periods.
//
// § 2.4.2 单卡激活, fc.function.card.silenceactive. It changes the card.
func (s *CardsService) Activate(ctx context.Context, card CardID) error {
	return s.set(ctx, "fc.function.card.silenceactive", card)
}

// Pause suspends a card until [CardsService.Resume]. Only for cards that are in service ([CardStatusNormal]) and belong
// to the company.
//
// § 2.4.3 单卡停机, fc.function.card.pause. It changes the card.
func (s *CardsService) Pause(ctx context.Context, card CardID) error {
	return s.set(ctx, "fc.function.card.pause", card)
}

// Resume puts a suspended card back into service. Only for cards that are suspended ([CardStatusSuspended]) and belong to
// the company.
//
// § 2.4.4 单卡复机, fc.function.card.resume. It changes the card.
func (s *CardsService) Resume(ctx context.Context, card CardID) error {
	return s.set(ctx, "fc.function.card.resume", card)
}

// UnbindIMEI frees a card from the device it is bound to, and resumes it if it was suspended for being separated from it
// ([PauseReasonIMEISplit]). At present only for China Telecom cards, and not again within 30 minutes for the same card.
//
// § 2.4.5 机卡解绑, fc.function.card.imeiUnbind. It changes the card.
func (s *CardsService) UnbindIMEI(ctx context.Context, card CardID) error {
	return s.set(ctx, "fc.function.card.imeiUnbind", card)
}

// CloseGPRS closes a card's data service. Only for cards that belong to the company.
//
// § 2.4.6 单卡 GPRS 关闭, fc.function.card.gprs.close. It changes the card.
func (s *CardsService) CloseGPRS(ctx context.Context, card CardID) error {
	return s.set(ctx, "fc.function.card.gprs.close", card)
}

// OpenGPRS opens a card's data service. Only for cards that belong to the company.
//
// § 2.4.7 单卡 GPRS 开启, fc.function.card.gprs.open. It changes the card.
func (s *CardsService) OpenGPRS(ctx context.Context, card CardID) error {
	return s.set(ctx, "fc.function.card.gprs.open", card)
}

// Reset suspends a card and resumes it 10 minutes later. Only for cards that have lost the network and belong to the
// company.
//
// § 2.4.8 单卡重置, fc.function.card.reset. It changes the card.
func (s *CardsService) Reset(ctx context.Context, card CardID) error {
	return s.set(ctx, "fc.function.card.reset", card)
}

// CloseVoice closes a card's voice service. Only for cards that have one and belong to the company.
//
// § 2.4.9 单卡语音关闭, fc.function.card.voice.close. It changes the card.
func (s *CardsService) CloseVoice(ctx context.Context, card CardID) error {
	return s.set(ctx, "fc.function.card.voice.close", card)
}

// OpenVoice opens a card's voice service. Only for cards that have one and belong to the company.
//
// § 2.4.10 单卡语音开启, fc.function.card.voice.open. It changes the card.
func (s *CardsService) OpenVoice(ctx context.Context, card CardID) error {
	return s.set(ctx, "fc.function.card.voice.open", card)
}

// AddVoiceWhitelist adds 1 to 5 MSISDNs to a card's voice whitelist, at once. A card can have 5 in all; how often numbers
// are added is not limited. Only for cards that have a voice service and belong to the company.
//
// § 2.4.11 新增语音白名单, fc.function.card.voice.addwhitelist. It changes the card.
func (s *CardsService) AddVoiceWhitelist(ctx context.Context, card CardID, numbers ...string) error {
	return s.whitelist(ctx, "fc.function.card.voice.addwhitelist", card, numbers, 5)
}

// DeleteVoiceWhitelist takes 1 or 2 MSISDNs off a card's voice whitelist, at once; they no longer count among its 5. The
// platform allows one such call in a calendar month. Only for cards that have a voice service and belong to the company.
//
// § 2.4.12 删除语音白名单, fc.function.card.voice.delwhitelist. It changes the card.
func (s *CardsService) DeleteVoiceWhitelist(ctx context.Context, card CardID, numbers ...string) error {
	return s.whitelist(ctx, "fc.function.card.voice.delwhitelist", card, numbers, 2)
}

func (s *CardsService) whitelist(ctx context.Context, method string, card CardID, numbers []string, most int) error {
	return s.do(ctx, method, &whitelistParams{card, numbers, most}, nil)
}

type whitelistParams struct {
	Card    CardID   `url:"card"`
	Numbers []string `url:"voiceWhiteList" del:"_"`
	most    int
}

func (p *whitelistParams) validate() error {
	const param = "voiceWhiteList"
	if n := len(p.Numbers); n < 1 || n > p.most {
		return &ParamError{Param: param, Reason: fmt.Sprintf("%d numbers, want 1 to %d", n, p.most)}
	}
	for _, number := range p.Numbers {
		if reason := kindMSISDN.check(number); reason != "" {
			return &ParamError{Param: param, Reason: reason}
		}
	}
	return nil
}

// A Location is a card's rough position, by the base station (基站粗定位). Which coordinate system it is in, WGS-84 or
// GCJ-02, the document does not say. PositionResult, MSIDType, MSID and Time are optional in it.
type Location struct {
	MSISDN         string    `json:"MSISDN" quec:"always alias=msisdns"` // the card's number
	ICCID          string    `json:"ICCID" quec:"always"`                // serial number of its chip
	Latitude       float64   `json:"LATITUDE" quec:"always type=s"`      // degrees north; meaningful only if Located
	Longitude      float64   `json:"LONGITUDE" quec:"always type=s"`     // degrees east; meaningful only if Located
	PositionResult string    `json:"POSITIONRESULT"`                     // as it came: a code for China Telecom, an address for China Mobile
	MSIDType       string    `json:"MSID_TYPE"`                          // as it came, see Located. China Telecom only
	MSID           string    `json:"MSID"`                               // the number that was located. China Telecom only
	Time           time.Time `json:"LOCALTIME,omitzero"`                 // when it was located, China Standard Time. China Telecom only
}

// ID returns the card, by its ICCID if that is there, else by its MSISDN. The number is as the platform spells it.
func (l Location) ID() CardID { return cardID(l.ICCID, l.MSISDN) }

// A LocationCode is how the location of a China Telecom card went. Codes that are not among the constants mean that it
// failed.
type LocationCode int

// The codes of a location.
const (
	LocationFound         LocationCode = 2
	LocationNoCell        LocationCode = 104 // no cell could be found, or an NB-IoT card is asleep
	LocationSuspended     LocationCode = 225 // the card is suspended
	LocationPoweredOff    LocationCode = 226 // the device is off
	LocationOutOfCoverage LocationCode = 227 // the device is out of coverage
	LocationNoAccount     LocationCode = 245 // the card has no account at the location platform
)

// Code returns how the location of a China Telecom card went, and false for cards of others, which have no code.
func (l *Location) Code() (LocationCode, bool) {
	code, err := strconv.Atoi(strings.TrimSpace(l.PositionResult))
	return LocationCode(code), err == nil
}

// Address returns the place in words, as China Mobile cards have it. It is empty for cards of others, and may be empty
// for theirs.
func (l *Location) Address() string {
	if _, isCode := l.Code(); isCode {
		return ""
	}
	return l.PositionResult
}

// Located reports whether the card was found, so that Latitude and Longitude mean something. For China Telecom cards the
// document has POSITIONRESULT decide, whatever MSID_TYPE is: 2 is success. Cards of others have neither, and are taken
// to be found if they have coordinates.
func (l *Location) Located() bool {
	code, isCode := l.Code()
	isTelecom := isCode || strings.TrimSpace(l.PositionResult) == "" && strings.TrimSpace(l.MSIDType) != ""
	return (code == LocationFound || !isTelecom) && (l.Latitude != 0 || l.Longitude != 0)
}

// Location returns a card's rough position. That the card could not be found is no error: see [Location.Located].
//
// § 2.3.2 基站粗定位, fc.function.card.location. It reads. The document states no price and no limit.
func (s *CardsService) Location(ctx context.Context, card CardID) (*Location, error) {
	var answer struct {
		Data Location `json:"data" quec:"inline required"`
	}
	err := s.do(ctx, "fc.function.card.location", cardParams{card}, &answer)
	return onSuccess(&answer.Data, err)
}
