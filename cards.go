package quecloud

import (
	"context"
	"fmt"
	"strings"
)

// CardsService has the methods about cards themselves: looking them up, and changing their state and services.
type CardsService service

// cardParams are the parameters of the many methods that take one card and nothing else.
type cardParams struct {
	Card CardID `url:"card"`
}

// CardListParams choose and page the cards of [CardsService.List]. Zero fields are not sent; date ranges may be open at
// either end and include both.
type CardListParams struct {
	PageNo     int   `url:"pageNo,omitempty"`          // page to return, the first is 1; the platform's default is 1
	PageSize   int   `url:"pageSize,omitempty"`        // cards per page, 1 to 1000; the platform's default is 100
	BillingID  int64 `url:"billingid,omitempty"`       // only cards of this billing group
	AllotFrom  Date  `url:"allotDateStart,omitempty"`  // only cards that left the warehouse (出库) on or after this day
	AllotTo    Date  `url:"allotDateEnd,omitempty"`    // … and on or before this one
	ActiveFrom Date  `url:"activeDateStart,omitempty"` // only cards that were activated on or after this day
	ActiveTo   Date  `url:"activeDateEnd,omitempty"`   // … and on or before this one
	ExpireFrom Date  `url:"expireDateStart,omitempty"` // only cards that expire on or after this day
	ExpireTo   Date  `url:"expireDateEnd,omitempty"`   // … and on or before this one
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
			return &ParamError{Param: r.name, Reason: fmt.Sprintf("%s is before the start of the range, %s", r.to, r.from)}
		}
	}
	return checkPaging(p.PageNo, p.PageSize)
}

// A Page says which part of a listing an answer holds.
type Page struct {
	Number     int   `json:"page"`       // of this page; the first is 1
	Size       int   `json:"pageSize"`   // rows per page
	TotalCount int64 `json:"totalCount"` // rows in all pages
	TotalPages int   `json:"totalPage"`  // pages in all
}

// A CardList is a page of cards.
type CardList struct {
	Page  Page   `json:"page" quec:"inline"`    // which page it is
	Cards []Card `json:"cards" quec:"required"` // the cards on it
}

// A Card is a card as the listing shows it. [CardInfo] has more.
type Card struct {
	MSISDN        string      `json:"msisdn" quec:"alias=msisdns"`          // the card's number
	ICCID         string      `json:"iccid" quec:"required"`                // serial number of its chip
	IMSI          string      `json:"imsi"`                                 // its identity in the network
	IMEI          string      `json:"imei"`                                 // of the device the card was last seen in; may be empty
	ServiceMonths int         `json:"servicecycle"`                         // service period in months
	BillingID     int64       `json:"billingid"`                            // billing group, see BillingService.Groups
	CompanyID     int64       `json:"companyid"`                            // the company or sub-account that owns the card
	Carrier       Carrier     `json:"carrier" quec:"alias=supplier"`        // network operator
	PlanName      string      `json:"setMeal"`                              // name of the plan
	CardType      CardType    `json:"cardType"`                             // form of the card
	Status        CardStatus  `json:"status"`                               // state in the card's life
	PauseReason   PauseReason `json:"pausereason"`                          // why the card is suspended; empty if it is not
	Active        ActiveState `json:"active"`                               // whether it was ever activated
	AllotDate     Date        `json:"allotDate"`                            // left the warehouse
	OpenDate      Date        `json:"openDate"`                             // opened at the carrier
	ActiveDate    Date        `json:"activeDate" quec:"alias=activatetime"` // activated
	ExpiryDate    Date        `json:"expiryDate" quec:"future"`             // service ends
	CycleStart    Date        `json:"cycleStartDate"`                       // first day of the present billing cycle
	CycleEnd      Date        `json:"cycleEndDate" quec:"future"`           // last day of the present billing cycle
	MonthFlow     float64     `json:"monthflow"`                            // data used this month, MB
	// Data used in this billing cycle, MB; equal to MonthFlow for monthly plans.
	CycleFlow      float64    `json:"flow"`
	IMEILocked     bool       `json:"islock" quec:"type=s"`                              // locked because the card was moved to another device
	GPRSOn         bool       `json:"gprsstatus" quec:"type=s"`                          // the data service is open
	RealName       bool       `json:"realnamestatus"`                                    // a person's identity is registered
	CallStatus     CallStatus `json:"callstatus" quec:"type=n"`                          // the voice service
	VoiceWhitelist []string   `json:"voicewhitelist" quec:"alias=voicewitelist sep=_,;"` // MSISDNs that may be called
	VoiceTotal     float64    `json:"voiceflow"`                                         // voice in the plan, minutes
	MonthVoice     float64    `json:"monthvoiceflow"`                                    // voice used this month, minutes
	SMSCode        string     `json:"spcode" quec:"alias=scode,socode"`                  // number to which the device sends its SMS
}

// ID returns the card, by its ICCID if that is there, else by its MSISDN. The number is as the platform spells it.
func (c Card) ID() CardID { return cardID(c.ICCID, c.MSISDN) }

// List returns one page of the account's cards.
//
// § 2.1.4 资产列表, fc.function.card.list. It reads. params may be nil. A page has at most 1000 cards; an empty one is no
// error.
func (s *CardsService) List(ctx context.Context, params *CardListParams) (*CardList, error) {
	return fetch[CardList](ctx, s.call, "fc.function.card.list", params)
}

// CardInfo is what the platform knows of one card.
type CardInfo struct {
	MSISDN      string      `json:"msisdn" quec:"alias=msisdns"`                     // the card's number
	ICCID       string      `json:"iccid" quec:"required"`                           // serial number of its chip
	IMSI        string      `json:"imsi"`                                            // its identity in the network
	IMEI        string      `json:"imei"`                                            // of the device the card was last seen in; may be empty
	CompanyID   int64       `json:"companyid" quec:"type=ns"`                        // the company or sub-account that owns the card
	BillingID   int64       `json:"billingid" quec:"type=ns"`                        // billing group
	BillingCode string      `json:"billingCode"`                                     // code of the billing group
	ProductCode string      `json:"productCode"`                                     // product code of the billing group
	Carrier     Carrier     `json:"supplier" quec:"alias=carrier"`                   // network operator
	SMSCode     string      `json:"spcode" quec:"alias=scode,socode"`                // number to which the device sends its SMS
	CardType    CardType    `json:"cardType"`                                        // form of the card
	NetworkType NetworkType `json:"networkType"`                                     // 4G or NB-IoT
	PlanName    string      `json:"setMeal"`                                         // name of the plan
	PlanFlow    float64     `json:"flowratenumber" quec:"alias=flowratenum type=ns"` // data in the plan, MB
	// Length of the plan in months; undocumented, in examples only.
	PlanMonths    int         `json:"setmealmonths" quec:"type=ns"`
	ServiceMonths int         `json:"servicecycle" quec:"type=ns"`          // service period in months
	Active        ActiveState `json:"active"`                               // whether it was ever activated
	OpenDate      Date        `json:"openDate"`                             // opened at the carrier
	AllotDate     Date        `json:"allotDate"`                            // left the warehouse
	ActiveDate    Date        `json:"activateTime" quec:"alias=activedate"` // activated
	ExpiryDate    Date        `json:"expiryDate" quec:"future"`             // service ends
	CycleStart    Date        `json:"cycleStartDate"`                       // first day of the present billing cycle
	CycleEnd      Date        `json:"cycleEndDate" quec:"future"`           // last day of the present billing cycle
	Status        CardStatus  `json:"status"`                               // state in the card's life
	GPRSOn        bool        `json:"gprsstatus" quec:"type=s"`             // the data service is open
	IMEILocked    bool        `json:"islock" quec:"type=s"`                 // locked because the card was moved to another device
	PauseReason   PauseReason `json:"pausereason"`                          // why the card is suspended; empty if it is not
	MonthFlow     float64     `json:"monthflow" quec:"type=ns"`             // data used this month, MB
	// Data used in this billing cycle, MB; equal to MonthFlow for monthly plans.
	CycleFlow      float64    `json:"flow" quec:"type=ns"`
	ResidueFlow    float64    `json:"residueFlow" quec:"type=ns"`                        // data left, MB
	RealName       bool       `json:"realnamestatus" quec:"type=ns"`                     // a person's identity is registered
	CallStatus     CallStatus `json:"callstatus" quec:"type=ns"`                         // the voice service
	MonthVoice     float64    `json:"monthvoiceflow" quec:"type=ns"`                     // voice used this month, minutes
	VoiceTotal     float64    `json:"voiceflow" quec:"type=ns"`                          // voice in the plan, minutes
	VoiceWhitelist []string   `json:"voicewhitelist" quec:"alias=voicewitelist sep=_,;"` // MSISDNs that may be called
}

// ID returns the card, by its ICCID if that is there, else by its MSISDN. The number is as the platform spells it.
func (c CardInfo) ID() CardID { return cardID(c.ICCID, c.MSISDN) }

// Info returns what the platform knows of one card.
//
// § 2.1.5 资产详细信息, fc.function.card.info. It reads.
func (s *CardsService) Info(ctx context.Context, card CardID) (*CardInfo, error) {
	return fetch[CardInfo](ctx, s.call, "fc.function.card.info", cardParams{card})
}

// InfoBatch returns what the platform knows of 1 to 1000 cards, in the platform's order. A card that it does not know
// is missing from the result.
//
// § 2.1.6 资产详细信息(批量), fc.function.cards.info. It reads.
func (s *CardsService) InfoBatch(ctx context.Context, cards CardIDs) ([]CardInfo, error) {
	var answer struct {
		List []CardInfo `json:"list" quec:"required"`
	}
	err := s.call(ctx, "fc.function.cards.info", struct {
		Cards batchIDs `url:"cards"`
	}{batchIDs(cards)}, &answer)
	return onSuccess(answer.List, err)
}

// RealNameStatus tells whether a card's user has registered an identity.
type RealNameStatus struct {
	Registered bool `json:"rspdesc" quec:"required type=sb"` // an identity is registered
}

// RealNameStatus asks the carrier whether a card's user has registered an identity. Where the carrier could not be
// asked, the error is [ErrQueryFailed].
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
	err := s.call(ctx, method, cardParams{card}, &answer, func(err error) error {
		code := answer.Data.Code
		return queryResult(method, "rpscode", code, strings.Trim(code, " 0") == "", err)
	})
	return onSuccess(&answer.Data.RealNameStatus, err)
}

// RealtimeStatus is what the carrier says of a card at this moment.
type RealtimeStatus struct {
	Power       PowerState  `json:"onlinestatus"` // whether the device is on
	Online      OnlineState `json:"gprsstatus"`   // whether it has a data session
	IP          string      `json:"ip"`           // address of the data session
	APN         string      `json:"apn"`          // access point name of the data session
	TotalFlow   float64     `json:"totalFlowb"`   // data in the plan, MB
	UsedFlow    float64     `json:"usedFlowb"`    // data used, MB
	ResidueFlow float64     `json:"surpFlowb"`    // data left, MB
	TotalText   string      `json:"totalFlow"`    // TotalFlow as the carrier writes it, with its unit
	UsedText    string      `json:"usedFlow"`     // UsedFlow as the carrier writes it, with its unit
	ResidueText string      `json:"surpFlow"`     // ResidueFlow as the carrier writes it, with its unit
}

// RealtimeStatus asks the carrier for a card's state at this moment: whether the device is on and online. Where the
// carrier could not be asked, the error is [ErrQueryFailed].
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
	err := s.call(ctx, method, cardParams{card}, &answer, func(err error) error {
		success := strings.TrimSpace(answer.Data.Success)
		return queryResult(method, "issuccess", success, success == "1" || strings.EqualFold(success, "true"), err)
	})
	return onSuccess(&answer.Data.RealtimeStatus, err)
}

// RealNameRegistration is where a person registers an identity for a card.
type RealNameRegistration struct {
	Serial string `json:"busiSeq" quec:"receipt"`      // serial number of the registration
	URL    string `json:"url" quec:"required receipt"` // page for the card's user to open
}

// RegisterRealName starts the registration of an identity for a card, and returns the page on which its user enters
// it. It is for China Mobile cards of companies that take part, and once a minute for each card.
//
// § 2.3.9 实名认证登记, fc.function.card.realName. It starts something and is never repeated by the SDK.
func (s *CardsService) RegisterRealName(ctx context.Context, card CardID) (*RealNameRegistration, error) {
	var answer struct {
		Data RealNameRegistration `json:"data" quec:"required receipt"`
	}
	err := s.call(ctx, "fc.function.card.realName", cardParams{card}, &answer)
	return onSuccess(&answer.Data, err)
}

// set makes a call that takes a card and answers nothing but whether it was done.
func (s *CardsService) set(ctx context.Context, method string, card CardID) error {
	return s.call(ctx, method, cardParams{card}, nil)
}

// EndTest ends a card's test period; its next period begins. Only for cards in their test period.
//
// § 2.4.1 结束测试期, fc.function.card.overtest. It changes the card.
func (s *CardsService) EndTest(ctx context.Context, card CardID) error {
	return s.set(ctx, "fc.function.card.overtest", card)
}

// Activate ends a card's silent period, or its test period and any silent one after it: billing begins. Only for cards
// in one of these periods.
//
// § 2.4.2 单卡激活, fc.function.card.silenceactive. It changes the card.
func (s *CardsService) Activate(ctx context.Context, card CardID) error {
	return s.set(ctx, "fc.function.card.silenceactive", card)
}

// Pause suspends a card: its device is cut off until [CardsService.Resume]. Only for cards in service.
//
// § 2.4.3 单卡停机, fc.function.card.pause. It changes the card.
func (s *CardsService) Pause(ctx context.Context, card CardID) error {
	return s.set(ctx, "fc.function.card.pause", card)
}

// Resume puts a suspended card back into service.
//
// § 2.4.4 单卡复机, fc.function.card.resume. It changes the card.
func (s *CardsService) Resume(ctx context.Context, card CardID) error {
	return s.set(ctx, "fc.function.card.resume", card)
}

// UnbindIMEI frees a card from the device it is bound to, and resumes it if it was suspended for being moved. Only for
// China Telecom cards, and once in 30 minutes for each.
//
// § 2.4.5 机卡解绑, fc.function.card.imeiUnbind. It changes the card.
func (s *CardsService) UnbindIMEI(ctx context.Context, card CardID) error {
	return s.set(ctx, "fc.function.card.imeiUnbind", card)
}

// CloseGPRS closes a card's data service.
//
// § 2.4.6 单卡 GPRS 关闭, fc.function.card.gprs.close. It changes the card.
func (s *CardsService) CloseGPRS(ctx context.Context, card CardID) error {
	return s.set(ctx, "fc.function.card.gprs.close", card)
}

// OpenGPRS opens a card's data service.
//
// § 2.4.7 单卡 GPRS 开启, fc.function.card.gprs.open. It changes the card.
func (s *CardsService) OpenGPRS(ctx context.Context, card CardID) error {
	return s.set(ctx, "fc.function.card.gprs.open", card)
}

// Reset suspends a card and resumes it 10 minutes later, for devices that have lost the network.
//
// § 2.4.8 单卡重置, fc.function.card.reset. It changes the card.
func (s *CardsService) Reset(ctx context.Context, card CardID) error {
	return s.set(ctx, "fc.function.card.reset", card)
}

// CloseVoice closes a card's voice service. Only for cards that have one.
//
// § 2.4.9 单卡语音关闭, fc.function.card.voice.close. It changes the card.
func (s *CardsService) CloseVoice(ctx context.Context, card CardID) error {
	return s.set(ctx, "fc.function.card.voice.close", card)
}

// OpenVoice opens a card's voice service. Only for cards that have one.
//
// § 2.4.10 单卡语音开启, fc.function.card.voice.open. It changes the card.
func (s *CardsService) OpenVoice(ctx context.Context, card CardID) error {
	return s.set(ctx, "fc.function.card.voice.open", card)
}

// AddVoiceWhitelist allows a card to make calls with 1 to 5 more numbers, at once. A card can have 5 in all. Only for
// cards with a voice service.
//
// § 2.4.11 新增语音白名单, fc.function.card.voice.addwhitelist. It changes the card.
func (s *CardsService) AddVoiceWhitelist(ctx context.Context, card CardID, numbers ...string) error {
	return s.whitelist(ctx, "fc.function.card.voice.addwhitelist", card, numbers, 5)
}

// DeleteVoiceWhitelist takes 1 or 2 numbers off a card's list, at once. The platform allows one such call in a calendar
// month for each card. Only for cards with a voice service.
//
// § 2.4.12 删除语音白名单, fc.function.card.voice.delwhitelist. It changes the card.
func (s *CardsService) DeleteVoiceWhitelist(ctx context.Context, card CardID, numbers ...string) error {
	return s.whitelist(ctx, "fc.function.card.voice.delwhitelist", card, numbers, 2)
}

func (s *CardsService) whitelist(ctx context.Context, method string, card CardID, numbers []string, most int) error {
	return s.call(ctx, method, &whitelistParams{card, numbers, most}, nil)
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
