package quecloud

import (
	"bytes"
	"fmt"
	"net/url"

	"github.com/quecloud/quecloud-go/internal/lenient"
)

// The enumerations are open: decoding keeps an unknown value without surrounding blanks, and returns no error. Most
// values are Chinese, as the platform writes them, § 1.8 (3) of the vendor's document.

// A Carrier is a network operator (运营商).
type Carrier string

// The carriers.
const (
	CarrierChinaMobile  Carrier = "中国移动"
	CarrierChinaTelecom Carrier = "中国电信"
	CarrierChinaUnicom  Carrier = "中国联通"
)

// A CardStatus is the state of a card in its life cycle (物联卡状态).
type CardStatus string

// The states of a card.
const (
	CardStatusSuspended     CardStatus = "停机"    // suspended by the owner, the platform or the carrier, see PauseReason
	CardStatusPreCancelled  CardStatus = "预销号"   // about to be cancelled
	CardStatusCancelled     CardStatus = "销号"    // cancelled for good
	CardStatusInactive      CardStatus = "待激活"   // in its silent period, not yet billed
	CardStatusUnknown       CardStatus = "未知"    // unknown to the platform
	CardStatusNormal        CardStatus = "正常"    // in service
	CardStatusTestNormal    CardStatus = "测试期正常" // in its test period and in service
	CardStatusTestSuspended CardStatus = "测试期停机" // in its test period and suspended
	CardStatusReserved      CardStatus = "停机保号"  // suspended; the number stays reserved
)

// InService reports whether the state is [CardStatusNormal] or [CardStatusTestNormal]. It is false for a state without
// a constant. The data service of a card in service may be closed, see GPRSOn of [Card].
func (s CardStatus) InService() bool { return s == CardStatusNormal || s == CardStatusTestNormal }

// A PauseReason is the reason for a card's suspension (停机原因). It is empty for a card that is not suspended.
type PauseReason string

// The reasons for a suspension.
const (
	PauseReasonIMEISplit     PauseReason = "机卡分离停机"   // the card is in another device than the one it is bound to
	PauseReasonCarrierLimit  PauseReason = "运营商限额停机"  // a limit of the carrier
	PauseReasonThreshold     PauseReason = "超出阈值停机"   // the threshold set with Flow.SetAlarm
	PauseReasonPlanExpired   PauseReason = "套餐到期停机"   // the plan has expired
	PauseReasonCardExhausted PauseReason = "单卡流量用尽停机" // the data volume of the card is used up
	PauseReasonPoolExhausted PauseReason = "流量池用尽停机"  // the data volume shared in the billing group is used up
	PauseReasonByOwner       PauseReason = "主动停机"     // Cards.Pause or the portal
	PauseReasonDataClosed    PauseReason = "数据服务关闭"   // Cards.CloseGPRS or the portal
)

// A CardType is the form factor of a card (卡类型).
type CardType string

// The form factors.
const (
	CardTypeIndustrialMP2       CardType = "工业标准(MP2)"
	CardTypeStandardDualCut     CardType = "标准双切(STD+MICRO)"
	CardTypeStandardTripleCut   CardType = "标准三切(STD+MICRO+NANO)"
	CardTypePlainMS0            CardType = "普通贴片 MS0 5mm*6mm"
	CardTypeIndustrialMS1       CardType = "工业贴片 MS1 5mm*6mm"
	CardTypePlainMS0Small       CardType = "普通贴片 MS0 2mm*2mm"
	CardTypeIndustrialMS1Small  CardType = "工业贴片 MS1 2mm*2mm"
	CardTypeIndustrialSingleCut CardType = "工业单切卡"
	CardTypeIndustrialDualCut   CardType = "工业双切卡"
	CardTypeIndustrialTripleCut CardType = "工业三切卡"
)

// An ActiveState says whether a card has ever been activated (激活状态).
type ActiveState string

// The activation states.
const (
	ActiveStateActive   ActiveState = "激活"
	ActiveStateInactive ActiveState = "未激活"
)

// A NetworkType is the type of network that a card uses (网络类型).
type NetworkType string

// The network types.
const (
	NetworkType4G    NetworkType = "4G"
	NetworkTypeNBIoT NetworkType = "NB"
)

// A CallStatus is the state of a card's voice service (语音状态). It is empty if the response omits it.
type CallStatus string

// The states of the voice service.
const (
	CallStatusOpen         CallStatus = "1"
	CallStatusClosed       CallStatus = "0"
	CallStatusUnsubscribed CallStatus = "-2" // 未开通: the card has no voice service
)

// UnmarshalText accepts true and false for 1 and 0.
func (s *CallStatus) UnmarshalText(text []byte) error {
	kept, code := lenient.EnumText(text)
	switch {
	case code == 1 || bytes.EqualFold(kept, []byte("true")):
		*s = CallStatusOpen
	case code == 0 || bytes.EqualFold(kept, []byte("false")):
		*s = CallStatusClosed
	case code == -2:
		*s = CallStatusUnsubscribed
	default:
		*s = CallStatus(kept)
	}
	return nil
}

// A PowerState says whether a device is on (开关机状态).
type PowerState string

// The power states.
const (
	PowerStateOff PowerState = "关机"
	PowerStateOn  PowerState = "开机工作中"
)

// An OnlineState says whether a device is online (在线状态).
type OnlineState string

// The online states.
const (
	OnlineStateOnline  OnlineState = "在线"
	OnlineStateOffline OnlineState = "离线"
)

// A LocationCode is the result of locating a China Telecom card. Codes other than these constants mean failure.
type LocationCode int

// The codes of a location.
const (
	LocationFound         LocationCode = 2
	LocationNoCell        LocationCode = 104 // no cell was found, or an NB-IoT card is asleep
	LocationSuspended     LocationCode = 225 // the card is suspended
	LocationPoweredOff    LocationCode = 226 // the device is off
	LocationOutOfCoverage LocationCode = 227 // the device is out of coverage
	LocationNoAccount     LocationCode = 245 // the card has no account at the location platform
)

// A FlowType is the type of traffic that a data package covers (流量包类型).
type FlowType string

// The types of traffic.
const (
	FlowTypePublic   FlowType = "公网" // the whole internet
	FlowTypeDirected FlowType = "定向" // agreed addresses only
)

// UnmarshalText accepts both spellings of the platform: 公网 and 定向 for the packages of a card, 0 and 1 for products.
func (t *FlowType) UnmarshalText(text []byte) error {
	kept, code := lenient.EnumText(text)
	switch code {
	case 0:
		*t = FlowTypePublic
	case 1:
		*t = FlowTypeDirected
	default:
		*t = FlowType(kept)
	}
	return nil
}

// A FileTaskStatus is the state of an export task (任务状态).
type FileTaskStatus string

// The states of an export task.
const (
	FileTaskRunning FileTaskStatus = "执行中"
	FileTaskDone    FileTaskStatus = "文件生成成功"
)

// UnmarshalText accepts both spellings of the platform: Chinese in file.list, 1 and 2 in file.status.
func (s *FileTaskStatus) UnmarshalText(text []byte) error {
	kept, code := lenient.EnumText(text)
	switch code {
	case 1:
		*s = FileTaskRunning
	case 2:
		*s = FileTaskDone
	default:
		*s = FileTaskStatus(kept)
	}
	return nil
}

// An SMSStatus is the state of an SMS to a card (发送状态).
type SMSStatus int

// The states of an SMS.
const (
	SMSStatusSubmitted SMSStatus = 100
	SMSStatusDelivered SMSStatus = 200
	SMSStatusFailed    SMSStatus = 400
)

// An OrderType says what an order buys (订单类型).
type OrderType string

// The types of orders.
const (
	OrderTypeRecharge OrderType = "充值订单" // a data package, see Orders.Recharge
	OrderTypeRenewal  OrderType = "续费订单" // more time on the plan, see Orders.Renew
)

// An OrderStatus is the state of an order (订单状态).
type OrderStatus string

// The states of an order.
const (
	OrderStatusPending OrderStatus = "订单待处理"
	OrderStatusDone    OrderStatus = "订单完成"
	OrderStatusFailed  OrderStatus = "订单失败"
)

// UnmarshalText accepts 1 and -1, the spelling of callbacks, for [OrderStatusDone] and [OrderStatusFailed].
func (s *OrderStatus) UnmarshalText(text []byte) error {
	kept, code := lenient.EnumText(text)
	switch code {
	case 1:
		*s = OrderStatusDone
	case -1:
		*s = OrderStatusFailed
	default:
		*s = OrderStatus(kept)
	}
	return nil
}

// IsFinal reports whether the order has ended: it is done or has failed.
func (s OrderStatus) IsFinal() bool { return s == OrderStatusDone || s == OrderStatusFailed }

// A WalletChange is the type of a change of the balance (变更类型).
type WalletChange string

// The types of changes.
const (
	WalletChangeRecharge WalletChange = "流量包充值" // payment for a top-up
	WalletChangeRenewal  WalletChange = "套餐续费"  // payment for a renewal
	WalletChangeDeposit  WalletChange = "预充值"   // money paid in
)

// A Switch is an on/off setting that a call may also leave unchanged.
type Switch uint8

const (
	// Unchanged does not change the setting. It is the zero value.
	Unchanged Switch = iota
	// On enables the setting.
	On
	// Off disables the setting.
	Off
)

// String returns "unchanged", "on" or "off".
func (s Switch) String() string {
	if s > Off {
		return fmt.Sprintf("Switch(%d)", uint8(s))
	}
	return [...]string{"unchanged", "on", "off"}[s]
}

// EncodeValues adds 1 for on or 0 for off to a form, and nothing for unchanged.
func (s Switch) EncodeValues(name string, form *url.Values) error {
	switch s {
	case Unchanged:
	case On:
		form.Set(name, "1")
	case Off:
		form.Set(name, "0")
	default:
		return &ParamError{Param: name, Reason: fmt.Sprintf("%v is not Unchanged, On or Off", s)}
	}
	return nil
}
