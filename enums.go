package quecloud

import (
	"bytes"
	"fmt"
	"math"
	"net/url"
	"reflect"
	"unicode/utf8"
)

// The platform's enumerations are open: a value that is not among the constants is kept as it came, without blanks around
// it, and is no error. Their values are Chinese, as the platform writes them, § 1.8 (3) of the vendor's document.

// isEnumeration reports whether a type is one of the package's enumerations that are texts.
func isEnumeration(t reflect.Type) bool {
	return t.Kind() == reflect.String && t.PkgPath() == reflect.TypeFor[CardStatus]().PkgPath()
}

func isBlank(text []byte) bool { return len(trimSpace(text)) == 0 }

// maySayNothing reports whether a text that begins so may be blank, or stand for no time. Nearly all begin with 1 to 9, or
// in Chinese.
func maySayNothing(first byte) bool { return first < '1' || '9' < first && first < chinese }

// chinese is from where on bytes begin most of its characters, of three bytes, and no blank.
const chinese = 0xe4

// trimSpace is bytes.TrimSpace, and faster for text that begins and ends with ASCII or Chinese and has no blanks there.
func trimSpace(text []byte) []byte {
	n := len(text)
	first := n > 0 && (text[0] >= chinese || ' ' < text[0] && text[0] < utf8.RuneSelf)
	last := n > 0 && ' ' < text[n-1] && text[n-1] < utf8.RuneSelf ||
		n > 2 && text[n-3] >= chinese && !utf8.RuneStart(text[n-2]) && !utf8.RuneStart(text[n-1])
	if first && last {
		return text
	}
	return bytes.TrimSpace(text)
}

// enumText returns an enumeration's text without the blanks around it, and its code where it is a whole number, such as
// 1.0. The code of any other text is noCode.
func enumText(text []byte) (kept []byte, code int) {
	text = trimSpace(text)
	if n, ok := wholeNumber(text); ok && -1000 < n && n < 1000 {
		return text, int(n)
	}
	return text, noCode
}

const noCode = math.MinInt

// A Carrier is a network operator (运营商).
type Carrier string

// The carriers.
const (
	CarrierChinaMobile  Carrier = "中国移动"
	CarrierChinaTelecom Carrier = "中国电信"
	CarrierChinaUnicom  Carrier = "中国联通"
)

// A CardStatus is the state in a card's life (物联卡状态).
type CardStatus string

// The states of a card.
const (
	CardStatusSuspended     CardStatus = "停机"    // suspended: by the owner, the platform or the carrier, see PauseReason
	CardStatusPreCancelled  CardStatus = "预销号"   // about to be cancelled
	CardStatusCancelled     CardStatus = "销号"    // cancelled for good
	CardStatusInactive      CardStatus = "待激活"   // in its silent period, not yet billed
	CardStatusUnknown       CardStatus = "未知"    // the platform does not know
	CardStatusNormal        CardStatus = "正常"    // in service
	CardStatusTestNormal    CardStatus = "测试期正常" // in its test period and in service
	CardStatusTestSuspended CardStatus = "测试期停机" // in its test period and suspended
	CardStatusReserved      CardStatus = "停机保号"  // suspended, the number is kept
)

// A PauseReason is why a card is suspended (停机原因). It is empty for a card that is not.
type PauseReason string

// The reasons for a suspension.
const (
	PauseReasonIMEISplit     PauseReason = "机卡分离停机"   // the card was put into another device than the one it is bound to
	PauseReasonCarrierLimit  PauseReason = "运营商限额停机"  // a limit of the carrier
	PauseReasonThreshold     PauseReason = "超出阈值停机"   // the threshold set with Flow.SetAlarm
	PauseReasonPlanExpired   PauseReason = "套餐到期停机"   // the plan has ended
	PauseReasonCardExhausted PauseReason = "单卡流量用尽停机" // the card's own data volume is used up
	PauseReasonPoolExhausted PauseReason = "流量池用尽停机"  // the data volume shared in the billing group is used up
	PauseReasonByOwner       PauseReason = "主动停机"     // Cards.Pause, or the same at the portal
	PauseReasonDataClosed    PauseReason = "数据服务关闭"   // Cards.CloseGPRS, or the same at the portal
)

// A CardType is the form of a card (卡类型).
type CardType string

// The forms of cards.
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

// An ActiveState says whether a card was ever activated (激活状态).
type ActiveState string

// The activation states.
const (
	ActiveStateActive   ActiveState = "激活"
	ActiveStateInactive ActiveState = "未激活"
)

// A NetworkType is the kind of network a card is for (网络类型).
type NetworkType string

// The network types.
const (
	NetworkType4G    NetworkType = "4G"
	NetworkTypeNBIoT NetworkType = "NB"
)

// A CallStatus is the state of a card's voice service (语音状态). It is empty where an answer does not tell.
type CallStatus string

// The states of the voice service.
const (
	CallStatusOpen         CallStatus = "1"
	CallStatusClosed       CallStatus = "0"
	CallStatusUnsubscribed CallStatus = "-2" // 未开通: the card has no voice service
)

// UnmarshalText reads true and false as 1 and 0.
func (s *CallStatus) UnmarshalText(text []byte) error {
	kept, code := enumText(text)
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

// A FlowType is the kind of traffic that a data package is good for (流量包类型).
type FlowType string

// The kinds of traffic. The platform writes them 公网 and 定向 for a card's packages, and 0 and 1 for products; both are
// read as these.
const (
	FlowTypePublic   FlowType = "公网" // all of the internet
	FlowTypeDirected FlowType = "定向" // agreed addresses only
)

// UnmarshalText reads both of the platform's spellings.
func (t *FlowType) UnmarshalText(text []byte) error {
	kept, code := enumText(text)
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

// The states of an export task. The platform writes them 1 and 2 in file.status, and in Chinese in file.list; both are
// read as these.
const (
	FileTaskRunning FileTaskStatus = "执行中"
	FileTaskDone    FileTaskStatus = "文件生成成功"
)

// UnmarshalText reads both of the platform's spellings.
func (s *FileTaskStatus) UnmarshalText(text []byte) error {
	kept, code := enumText(text)
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

// An SMSStatus is how far an SMS to a card has got (发送状态).
type SMSStatus int

// The states of an SMS.
const (
	SMSStatusSubmitted SMSStatus = 100
	SMSStatusDelivered SMSStatus = 200
	SMSStatusFailed    SMSStatus = 400
)

// An OrderType is what an order buys (订单类型).
type OrderType string

// The types of orders.
const (
	OrderTypeRecharge OrderType = "充值订单" // a data package, see Orders.Recharge
	OrderTypeRenewal  OrderType = "续费订单" // more time on the plan, see Orders.Renew
)

// An OrderStatus is how far an order has got (订单状态).
type OrderStatus string

// The states of an order.
const (
	OrderStatusPending OrderStatus = "订单待处理"
	OrderStatusDone    OrderStatus = "订单完成"
	OrderStatusFailed  OrderStatus = "订单失败"
)

// UnmarshalText reads 1 and -1, as the platform's notifications have it, as [OrderStatusDone] and [OrderStatusFailed].
func (s *OrderStatus) UnmarshalText(text []byte) error {
	kept, code := enumText(text)
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

// IsFinal reports whether the order will stay in this state: it is done or has failed.
func (s OrderStatus) IsFinal() bool { return s == OrderStatusDone || s == OrderStatusFailed }

// A WalletChange is why the balance of a wallet changed (变更类型).
type WalletChange string

// The kinds of changes.
const (
	WalletChangeRecharge WalletChange = "流量包充值" // paid for a data package
	WalletChangeRenewal  WalletChange = "套餐续费"  // paid for a renewal
	WalletChangeDeposit  WalletChange = "预充值"   // money paid in
)

// A Switch is an on/off setting that a call may also leave as it is.
type Switch uint8

const (
	// Unchanged leaves the setting as it is. It is the zero value.
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

// EncodeValues writes 1 for on and 0 for off, and nothing for unchanged.
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

func isDigit(c byte) bool          { return '0' <= c && c <= '9' }
func isDigitOrCapital(c byte) bool { return isDigit(c) || 'A' <= c && c <= 'Z' }

func consistsOf[S string | []byte](s S, ok func(byte) bool) bool {
	for i := range len(s) {
		if !ok(s[i]) {
			return false
		}
	}
	return true
}
