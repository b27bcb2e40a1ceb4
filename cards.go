package quecloud

import (
	"cmp"
	"context"
	"fmt"
	"strconv"
	"strings"
	"time"
)

// CardsService looks up cards and changes their state and services.
//
// The document restricts eleven methods, of CardsService and [FlowService], to cards that belong to the company
// (只能处理隶属于该企业下的卡). It does not say whether this includes the cards of its sub-accounts, see
// [BillingService.Account].
type CardsService service

// cardParams are the parameters of methods that take one card and nothing else.
type cardParams struct {
	Card CardID `url:"card"`
}

// CardListParams select and page the cards of [CardsService.List]. All parameters are optional; zero fields are not
// sent. A range of dates may be open at either end. The document does not say whether a range includes its last day. It
// is the SDK's own rule that no range ends before it starts and no ID is negative.
type CardListParams struct {
	PageNo     int   `url:"pageNo,omitempty"`          // page number; the first page is 1, the platform's default is 1
	PageSize   int   `url:"pageSize,omitempty"`        // cards per page, 1 to 1000; the platform's default is 100
	BillingID  int64 `url:"billingid,omitempty"`       // only cards of this billing group
	AllotFrom  Date  `url:"allotDateStart,omitempty"`  // only cards that left the warehouse (出库) on or after this date
	AllotTo    Date  `url:"allotDateEnd,omitempty"`    // only cards that left the warehouse until this date
	ActiveFrom Date  `url:"activeDateStart,omitempty"` // only cards activated on or after this date
	ActiveTo   Date  `url:"activeDateEnd,omitempty"`   // only cards activated until this date
	ExpireFrom Date  `url:"expireDateStart,omitempty"` // only cards that expire on or after this date
	ExpireTo   Date  `url:"expireDateEnd,omitempty"`   // only cards that expire until this date
}

func (p *CardListParams) validate() error {
	if p.BillingID < 0 {
		return needPositive("billingid", p.BillingID)
	}
	return cmp.Or(
		checkRange("allotDateEnd", p.AllotFrom, p.AllotTo), checkRange("activeDateEnd", p.ActiveFrom, p.ActiveTo),
		checkRange("expireDateEnd", p.ExpireFrom, p.ExpireTo), checkPaging(p.PageNo, p.PageSize),
	)
}

// A Page is the position of a page in a listing.
type Page struct {
	Number     int   `json:"page" quec:"always"`       // number of this page; the first page is 1
	Size       int   `json:"pageSize" quec:"always"`   // rows per page
	TotalCount int64 `json:"totalCount" quec:"always"` // rows on all pages
	TotalPages int   `json:"totalPage" quec:"always"`  // number of pages
}

// A CardList is a page of cards.
type CardList struct {
	Page  Page   `json:"page" quec:"always inline"` // position of the page
	Cards []Card `json:"cards" quec:"required"`     // cards on the page
}

// A Card is a row of the card listing. [CardInfo] has more details, and says more about VoiceTotal.
//
// These fields are optional in the document and zero if the platform omits them: IMEI, PauseReason, OpenDate,
// ActiveDate, ExpiryDate, CycleStart, CycleEnd, CallStatus, VoiceWhitelist, VoiceTotal, MonthVoice and SMSCode.
type Card struct {
	MSISDN        string      `json:"msisdn" quec:"always alias=msisdns"`   // the card's MSISDN
	ICCID         string      `json:"iccid" quec:"required"`                // serial number of the chip
	IMSI          string      `json:"imsi" quec:"always"`                   // identity in the network
	IMEI          string      `json:"imei"`                                 // IMEI of a device; may be empty
	ServiceMonths int         `json:"servicecycle" quec:"always"`           // service period in months
	BillingID     int64       `json:"billingid" quec:"always"`              // billing group, see BillingService.Groups
	CompanyID     int64       `json:"companyid" quec:"always"`              // company, see BillingService.Account
	Carrier       Carrier     `json:"carrier" quec:"always alias=supplier"` // network operator (运营商)
	PlanName      string      `json:"setMeal" quec:"always"`                // name of the plan
	CardType      CardType    `json:"cardType" quec:"always"`               // form factor
	Status        CardStatus  `json:"status" quec:"always"`                 // state in the life cycle
	PauseReason   PauseReason `json:"pausereason"`                          // reason for a suspension, or empty
	Active        ActiveState `json:"active" quec:"always"`                 // whether the card has ever been activated
	AllotDate     Date        `json:"allotDate" quec:"always"`              // date it left the warehouse (出库)
	OpenDate      Date        `json:"openDate"`                             // date of opening (开卡)
	ActiveDate    Date        `json:"activeDate" quec:"alias=activatetime"` // date of activation
	ExpiryDate    Date        `json:"expiryDate" quec:"future"`             // end of service
	CycleStart    Date        `json:"cycleStartDate"`                       // first day of the current billing cycle
	CycleEnd      Date        `json:"cycleEndDate" quec:"future"`           // last day of the current billing cycle
	MonthFlow     float64     `json:"monthflow" quec:"always"`              // data used this month, MB
	// Data used in the current billing cycle, MB; equal to MonthFlow for monthly plans.
	CycleFlow      float64    `json:"flow" quec:"always"`
	IMEILocked     bool       `json:"islock" quec:"always type=s"`                       // locked after separation (机卡分离)
	GPRSOn         bool       `json:"gprsstatus" quec:"always type=s"`                   // the data service is open
	RealName       bool       `json:"realnamestatus" quec:"always"`                      // an identity is registered (实名)
	CallStatus     CallStatus `json:"callstatus" quec:"type=n"`                          // state of the voice service
	VoiceWhitelist []string   `json:"voicewhitelist" quec:"alias=voicewitelist sep=_,;"` // MSISDNs on the voice whitelist
	VoiceTotal     float64    `json:"voiceflow"`                                         // voice in the plan, minutes
	MonthVoice     float64    `json:"monthvoiceflow"`                                    // voice used this month, minutes
	SMSCode        string     `json:"spcode" quec:"alias=scode,socode"`                  // number for SMS from the device
}

// ID returns the card by its ICCID, or by its MSISDN if the ICCID is empty, in the platform's spelling.
func (c Card) ID() CardID { return cardID(c.ICCID, c.MSISDN) }

// DaysLeft returns the number of days from today to ExpiryDate: 0 on that day, negative after it. It returns false if
// today or ExpiryDate is the zero Date. The document does not say whether the card works on the day of expiry.
func (c Card) DaysLeft(today Date) (days int, ok bool) { return daysLeft(today, c.ExpiryDate) }

func daysLeft(today, expiry Date) (days int, ok bool) {
	if today.IsZero() || expiry.IsZero() {
		return 0, false
	}
	return expiry.DaysSince(today), true
}

// List returns one page of the account's cards. Nil params select all cards. A page has at most 1000 cards; an empty
// page is no error.
//
// § 2.1.4 资产列表, fc.function.card.list. It reads.
func (s *CardsService) List(ctx context.Context, params *CardListParams) (*CardList, error) {
	return fetch[CardList](ctx, s.do, "fc.function.card.list", params)
}

// CardInfo has the details of one card.
//
// These fields are optional in the document and zero if the platform omits them: IMEI, SMSCode, OpenDate, ActiveDate,
// ExpiryDate, CycleStart, CycleEnd, PauseReason, CallStatus, MonthVoice, VoiceTotal and VoiceWhitelist.
//
// The document only names PlanFlow (套餐总量), ResidueFlow (剩余流量) and VoiceTotal (语音套餐总量). It does not say whether the
// volume of a plan is per billing cycle or for all PlanMonths, whether 0 means an unlimited plan or a shared pool, or
// whether ResidueFlow includes data packages. Do not compute one from another. [CardInfo.PlanUsed] states its
// assumptions.
type CardInfo struct {
	MSISDN      string      `json:"msisdn" quec:"always alias=msisdns"`   // the card's MSISDN
	ICCID       string      `json:"iccid" quec:"required"`                // serial number of the chip
	IMSI        string      `json:"imsi" quec:"always"`                   // identity in the network
	IMEI        string      `json:"imei"`                                 // IMEI of a device; may be empty
	CompanyID   int64       `json:"companyid" quec:"always type=ns"`      // company, see BillingService.Account
	BillingID   int64       `json:"billingid" quec:"always type=ns"`      // billing group
	BillingCode string      `json:"billingCode" quec:"always"`            // code of the billing group
	ProductCode string      `json:"productCode" quec:"always"`            // product code of the billing group
	Carrier     Carrier     `json:"supplier" quec:"always alias=carrier"` // network operator (运营商)
	SMSCode     string      `json:"spcode" quec:"alias=scode,socode"`     // number for SMS from the device
	CardType    CardType    `json:"cardType" quec:"always"`               // form factor
	NetworkType NetworkType `json:"networkType" quec:"always"`            // 4G or NB-IoT
	PlanName    string      `json:"setMeal" quec:"always"`                // name of the plan
	// Data in the plan, MB; see above.
	PlanFlow float64 `json:"flowratenumber" quec:"always alias=flowratenum type=ns"`
	// Length of the plan in months; only in the document's examples.
	PlanMonths    int         `json:"setmealmonths" quec:"type=ns"`
	ServiceMonths int         `json:"servicecycle" quec:"always type=ns"`   // service period in months
	Active        ActiveState `json:"active" quec:"always"`                 // whether the card has ever been activated
	OpenDate      Date        `json:"openDate"`                             // date of opening (开卡)
	AllotDate     Date        `json:"allotDate" quec:"always"`              // date it left the warehouse (出库)
	ActiveDate    Date        `json:"activateTime" quec:"alias=activedate"` // date of activation
	ExpiryDate    Date        `json:"expiryDate" quec:"future"`             // end of service
	CycleStart    Date        `json:"cycleStartDate"`                       // first day of the current billing cycle
	CycleEnd      Date        `json:"cycleEndDate" quec:"future"`           // last day of the current billing cycle
	Status        CardStatus  `json:"status" quec:"always"`                 // state in the life cycle
	GPRSOn        bool        `json:"gprsstatus" quec:"always type=s"`      // the data service is open
	IMEILocked    bool        `json:"islock" quec:"always type=s"`          // locked after separation (机卡分离)
	PauseReason   PauseReason `json:"pausereason"`                          // reason for a suspension, or empty
	MonthFlow     float64     `json:"monthflow" quec:"always type=ns"`      // data used this month, MB
	// Data used in the current billing cycle, MB; equal to MonthFlow for monthly plans.
	CycleFlow      float64    `json:"flow" quec:"always type=ns"`
	ResidueFlow    float64    `json:"residueFlow" quec:"always type=ns"`                 // data left, MB; see above
	RealName       bool       `json:"realnamestatus" quec:"always type=ns"`              // an identity is registered (实名)
	CallStatus     CallStatus `json:"callstatus" quec:"type=ns"`                         // state of the voice service
	MonthVoice     float64    `json:"monthvoiceflow" quec:"type=ns"`                     // voice used this month, minutes
	VoiceTotal     float64    `json:"voiceflow" quec:"type=ns"`                          // voice in the plan, minutes
	VoiceWhitelist []string   `json:"voicewhitelist" quec:"alias=voicewitelist sep=_,;"` // MSISDNs on the voice whitelist
}

// ID returns the card by its ICCID, or by its MSISDN if the ICCID is empty, in the platform's spelling.
func (c CardInfo) ID() CardID { return cardID(c.ICCID, c.MSISDN) }

// DaysLeft is the same as [Card.DaysLeft].
func (c CardInfo) DaysLeft(today Date) (days int, ok bool) { return daysLeft(today, c.ExpiryDate) }

// PlanUsed returns the share of the plan that the card has used in the current billing cycle, CycleFlow / PlanFlow. It
// returns false if PlanFlow is 0, which may mean an unlimited plan or a shared pool.
//
// It assumes that PlanFlow is the volume of one billing cycle; the document does not say. The volume of top-ups does
// not count as part of the plan, but data used from them presumably counts as used: the share may exceed 1 while the
// card still has data, see [FlowService.Packages]. If the cards of the billing group share their data volume
// (SharesFlow of [BillingGroup]), the share does not show how much is left: [BillingService.GroupStatistics] has the
// totals of the pool.
func (c CardInfo) PlanUsed() (share float64, ok bool) {
	if c.PlanFlow <= 0 {
		return 0, false
	}
	return c.CycleFlow / c.PlanFlow, true
}

// Info returns the details of one card.
//
// § 2.1.5 资产详细信息, fc.function.card.info. It reads.
func (s *CardsService) Info(ctx context.Context, card CardID) (*CardInfo, error) {
	return fetch[CardInfo](ctx, s.do, "fc.function.card.info", cardParams{card})
}

// InfoBatch returns the details of 1 to 1000 cards, in the platform's order. The document does not say what happens to
// unknown cards; we assume that the result omits them.
//
// § 2.1.6 资产详细信息(批量), fc.function.cards.info. It reads.
func (s *CardsService) InfoBatch(ctx context.Context, cards CardIDs) ([]CardInfo, error) {
	var response struct {
		List []CardInfo `json:"list" quec:"required"`
	}
	err := s.do(ctx, "fc.function.cards.info", struct {
		Cards batchIDs `url:"cards"`
	}{batchIDs(cards)}, &response)
	return onSuccess(response.List, err)
}

// RealNameStatus is the state of a card's identity registration (实名状态).
type RealNameStatus struct {
	Registered bool `json:"rspdesc" quec:"required type=sb"` // whether an identity is registered
}

// RealNameStatus queries whether an identity is registered for a card. If rpscode reports a failure, the error is
// [ErrQueryFailed].
//
// § 2.1.16 实名状态查询, fc.function.card.realNameStatusQuery. It reads.
func (s *CardsService) RealNameStatus(ctx context.Context, card CardID) (*RealNameStatus, error) {
	const method = "fc.function.card.realNameStatusQuery"
	var response struct {
		Data struct {
			Code string `json:"rpscode" quec:"required type=sn"` // 0000 for success
			RealNameStatus
		} `json:"data" quec:"required"`
	}
	err := s.do(ctx, method, cardParams{card}, &response, func(err error) error {
		code := response.Data.Code
		return queryResult(method, "rpscode", code, strings.Trim(code, " 0") == "", err)
	})
	return onSuccess(&response.Data.RealNameStatus, err)
}

// RealtimeStatus is the current state of a card and its device.
type RealtimeStatus struct {
	Power       PowerState  `json:"onlinestatus" quec:"always"` // whether the device is on
	Online      OnlineState `json:"gprsstatus" quec:"always"`   // whether the device is online
	IP          string      `json:"ip" quec:"always"`           // IP address
	APN         string      `json:"apn" quec:"always"`          // access point name
	TotalFlow   float64     `json:"totalFlowb" quec:"always"`   // total data, MB
	UsedFlow    float64     `json:"usedFlowb" quec:"always"`    // data used, MB
	ResidueFlow float64     `json:"surpFlowb" quec:"always"`    // data left, MB
	TotalText   string      `json:"totalFlow" quec:"always"`    // TotalFlow as text, with its unit
	UsedText    string      `json:"usedFlow" quec:"always"`     // UsedFlow as text, with its unit
	ResidueText string      `json:"surpFlow" quec:"always"`     // ResidueFlow as text, with its unit
}

// RealtimeStatus queries the current state of a card: whether its device is on and online. If issuccess reports a
// failure, the error is [ErrQueryFailed].
//
// § 2.3.1 在线状态, fc.function.card.realtimestatus. It reads.
func (s *CardsService) RealtimeStatus(ctx context.Context, card CardID) (*RealtimeStatus, error) {
	const method = "fc.function.card.realtimestatus"
	var response struct {
		Data struct {
			Success string `json:"issuccess" quec:"required type=b"` // true or false
			RealtimeStatus
		} `json:"realTimeStatus" quec:"required"`
	}
	err := s.do(ctx, method, cardParams{card}, &response, func(err error) error {
		success := strings.TrimSpace(response.Data.Success)
		return queryResult(method, "issuccess", success, success == "1" || strings.EqualFold(success, "true"), err)
	})
	return onSuccess(&response.Data.RealtimeStatus, err)
}

// RealNameRegistration is a started registration of an identity.
type RealNameRegistration struct {
	Serial string `json:"busiSeq" quec:"always receipt"` // serial number of the registration
	URL    string `json:"url" quec:"required receipt"`   // page on which the card's user registers
}

// RegisterRealName starts the registration of an identity for a card and returns the page on which the card's user
// enters it. Only for 移动 CT 卡 of verified companies (实名认证企业), and once a minute per card.
//
// § 2.3.9 实名认证登记, fc.function.card.realName. It starts a registration; the SDK retries it only if it was not sent, or
// after HTTP status 429.
func (s *CardsService) RegisterRealName(ctx context.Context, card CardID) (*RealNameRegistration, error) {
	var response struct {
		Data RealNameRegistration `json:"data" quec:"required receipt"`
	}
	err := s.do(ctx, "fc.function.card.realName", cardParams{card}, &response)
	return onSuccess(&response.Data, err)
}

// set makes a call that takes a card and returns no data.
func (s *CardsService) set(ctx context.Context, method string, card CardID) error {
	return s.do(ctx, method, cardParams{card}, nil)
}

// EndTest ends a card's test period and starts the next period of its life cycle. Only for cards in their test period.
//
// § 2.4.1 结束测试期, fc.function.card.overtest. It changes the card.
func (s *CardsService) EndTest(ctx context.Context, card CardID) error {
	return s.set(ctx, "fc.function.card.overtest", card)
}

// Activate ends a card's silent period ([CardStatusInactive]), or its test period and any silent period after it. The
// card is activated and its billing starts. Only for cards in one of these periods.
//
// § 2.4.2 单卡激活, fc.function.card.silenceactive. It changes the card.
func (s *CardsService) Activate(ctx context.Context, card CardID) error {
	return s.set(ctx, "fc.function.card.silenceactive", card)
}

// Pause suspends a card until [CardsService.Resume]. Only for cards in service ([CardStatusNormal]) that belong to the
// company.
//
// § 2.4.3 单卡停机, fc.function.card.pause. It changes the card.
func (s *CardsService) Pause(ctx context.Context, card CardID) error {
	return s.set(ctx, "fc.function.card.pause", card)
}

// Resume puts a suspended card back into service. Only for suspended cards ([CardStatusSuspended]) that belong to the
// company.
//
// § 2.4.4 单卡复机, fc.function.card.resume. It changes the card.
func (s *CardsService) Resume(ctx context.Context, card CardID) error {
	return s.set(ctx, "fc.function.card.resume", card)
}

// UnbindIMEI unbinds a card from its device, and resumes it if it was suspended because of a separation from the device
// ([PauseReasonIMEISplit]). Currently only for China Telecom cards, and once in 30 minutes per card.
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

// AddVoiceWhitelist adds 1 to 5 MSISDNs to a card's voice whitelist, with immediate effect. A whitelist holds at most 5
// numbers; the number of additions is not limited. Only for cards that have a voice service and belong to the company.
//
// § 2.4.11 新增语音白名单, fc.function.card.voice.addwhitelist. It changes the card.
func (s *CardsService) AddVoiceWhitelist(ctx context.Context, card CardID, numbers ...string) error {
	return s.whitelist(ctx, "fc.function.card.voice.addwhitelist", card, numbers, 5)
}

// DeleteVoiceWhitelist deletes 1 or 2 MSISDNs from a card's voice whitelist, with immediate effect; they no longer
// count towards its 5. The platform allows one such call per calendar month. Only for cards that have a voice service
// and belong to the company.
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

// A Location is the approximate position of a card, from its base station (基站粗定位). The document does not say whether
// the coordinates are WGS-84 or GCJ-02. PositionResult, MSIDType, MSID and Time are optional in the document, and the
// last three are for China Telecom cards only.
type Location struct {
	MSISDN         string    `json:"MSISDN" quec:"always alias=msisdns"` // the card's MSISDN
	ICCID          string    `json:"ICCID" quec:"always"`                // serial number of the chip
	Latitude       float64   `json:"LATITUDE" quec:"always type=s"`      // degrees north; valid only if Located
	Longitude      float64   `json:"LONGITUDE" quec:"always type=s"`     // degrees east; valid only if Located
	PositionResult string    `json:"POSITIONRESULT"`                     // a code (China Telecom) or an address (Mobile)
	MSIDType       string    `json:"MSID_TYPE"`                          // raw value, see Located
	MSID           string    `json:"MSID"`                               // number that was located
	Time           time.Time `json:"LOCALTIME,omitzero"`                 // time of the position, China Standard Time
}

// ID returns the card by its ICCID, or by its MSISDN if the ICCID is empty, in the platform's spelling.
func (l Location) ID() CardID { return cardID(l.ICCID, l.MSISDN) }

// Code returns the result of locating a China Telecom card. It returns false for cards of other carriers, which have no
// code.
func (l *Location) Code() (LocationCode, bool) {
	code, err := strconv.Atoi(strings.TrimSpace(l.PositionResult))
	return LocationCode(code), err == nil
}

// Address returns the address of a China Mobile card, which may be empty. It is empty for cards of other carriers.
func (l *Location) Address() string {
	if _, isCode := l.Code(); isCode {
		return ""
	}
	return l.PositionResult
}

// Located reports whether the card was found, which makes Latitude and Longitude valid. For China Telecom cards the
// document defines a POSITIONRESULT of 2 as success, for any MSID_TYPE. Cards of other carriers have no such code; we
// take them as found if they have coordinates.
func (l *Location) Located() bool {
	code, isCode := l.Code()
	isTelecom := isCode || strings.TrimSpace(l.PositionResult) == "" && strings.TrimSpace(l.MSIDType) != ""
	return (code == LocationFound || !isTelecom) && (l.Latitude != 0 || l.Longitude != 0)
}

// Location returns the approximate position of a card. If the card was not found, that is no error: see
// [Location.Located].
//
// § 2.3.2 基站粗定位, fc.function.card.location. It reads. The document states no price and no limit.
func (s *CardsService) Location(ctx context.Context, card CardID) (*Location, error) {
	var response struct {
		Data Location `json:"data" quec:"inline required"`
	}
	err := s.do(ctx, "fc.function.card.location", cardParams{card}, &response)
	return onSuccess(&response.Data, err)
}
