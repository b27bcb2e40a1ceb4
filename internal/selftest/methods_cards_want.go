package selftest

import "github.com/quecloud/quecloud-go"

// These functions return the meaning of the recorded responses about cards, written by hand. No test can change the
// values that another expects.

var onePage = quecloud.Page{Number: 1, Size: 100, TotalCount: 2, TotalPages: 1}

func listedCard1() quecloud.Card {
	return quecloud.Card{
		MSISDN: "1064991300001", ICCID: "8986031749203860001", IMSI: "460111174740001", IMEI: "860618040000018",
		ServiceMonths: 12, BillingID: 860, CompanyID: 123, Carrier: quecloud.CarrierChinaTelecom, PlanName: "NB-1 年期",
		Status: quecloud.CardStatusNormal, Active: quecloud.ActiveStateActive,
		AllotDate: Day(2020, 10, 27), ActiveDate: Day(2020, 10, 27), ExpiryDate: Day(2021, 9, 30),
		CycleStart: Day(2020, 10, 27), CycleEnd: Day(2021, 9, 30),
		GPRSOn: true, CallStatus: quecloud.CallStatusUnsubscribed,
		VoiceWhitelist: []string{"1064991300011", "1064991300012"}, VoiceTotal: 300, MonthVoice: 80,
		SMSCode: "1064899100001",
	}
}

func listedCard2() quecloud.Card {
	return quecloud.Card{
		MSISDN: "1064991300002", ICCID: "8986031749203860002", IMSI: "460111174740002", IMEI: "860618040000026",
		ServiceMonths: 12, BillingID: 860, CompanyID: 321, Carrier: quecloud.CarrierChinaTelecom, PlanName: "NB-1 年期",
		CardType: quecloud.CardTypeIndustrialMP2,
		Status:   quecloud.CardStatusSuspended, PauseReason: quecloud.PauseReasonByOwner, Active: quecloud.ActiveStateActive,
		AllotDate: Day(2020, 10, 28), OpenDate: Day(2020, 10, 20), ActiveDate: Day(2020, 11, 3),
		ExpiryDate: Day(2021, 10, 31),
		CycleStart: Day(2020, 11, 3), CycleEnd: Day(2021, 10, 31),
		MonthFlow: 12.345, CycleFlow: 345.678, IMEILocked: true, RealName: true, CallStatus: quecloud.CallStatusOpen,
		VoiceWhitelist: []string{"1064991300011"}, VoiceTotal: 500, MonthVoice: 12,
		SMSCode: "1064899100002",
	}
}

var (
	listedCard1Nulls = quecloud.Card{
		MSISDN: "1064991300001", ICCID: "8986031749203860001", IMSI: "460111174740001",
		ServiceMonths: 12, BillingID: 860, CompanyID: 123, Carrier: quecloud.CarrierChinaTelecom, PlanName: "NB-1 年期",
		Status: quecloud.CardStatusNormal, Active: quecloud.ActiveStateActive, AllotDate: Day(2020, 10, 27), GPRSOn: true,
	}
	listedCard2Nulls = quecloud.Card{
		MSISDN: "1064991300002", ICCID: "8986031749203860002", IMSI: "460111174740002",
		ServiceMonths: 12, BillingID: 860, CompanyID: 321, Carrier: quecloud.CarrierChinaTelecom, PlanName: "NB-1 年期",
		CardType: quecloud.CardTypeIndustrialMP2, Status: quecloud.CardStatusSuspended, Active: quecloud.ActiveStateActive,
		AllotDate: Day(2020, 10, 28), MonthFlow: 12.345, CycleFlow: 345.678, IMEILocked: true, RealName: true,
	}
)

func cardInfo1() quecloud.CardInfo {
	return quecloud.CardInfo{
		MSISDN: "1064991300001", ICCID: "8986031749203860001", IMSI: "460111174740001", IMEI: "860618040000018",
		CompanyID: 123, BillingID: 860, BillingCode: "3YY-122-2067-36", ProductCode: "CN-QC-3-122-2067-36",
		Carrier: quecloud.CarrierChinaTelecom, SMSCode: "1064899100001", NetworkType: quecloud.NetworkTypeNBIoT,
		PlanName: "NB-1 年期", PlanFlow: 20000, PlanMonths: 12, ServiceMonths: 12, Active: quecloud.ActiveStateActive,
		AllotDate: Day(2020, 10, 27), ActiveDate: Day(2020, 10, 27), ExpiryDate: Day(2021, 9, 30),
		CycleStart: Day(2020, 10, 27), CycleEnd: Day(2021, 9, 30),
		Status: quecloud.CardStatusNormal, GPRSOn: true, ResidueFlow: 20000,
		CallStatus: quecloud.CallStatusUnsubscribed, MonthVoice: 80, VoiceTotal: 300,
		VoiceWhitelist: []string{"1064991300011", "1064991300012"},
	}
}

func cardInfo2() quecloud.CardInfo {
	return quecloud.CardInfo{
		MSISDN: "1064991300002", ICCID: "8986031749203860002", IMSI: "460111174740002", IMEI: "860618040000026",
		CompanyID: 321, BillingID: 860, BillingCode: "3YY-122-2067-36", ProductCode: "CN-QC-3-122-2067-36",
		Carrier: quecloud.CarrierChinaTelecom, SMSCode: "1064899100002", CardType: quecloud.CardTypeIndustrialMP2,
		NetworkType: quecloud.NetworkTypeNBIoT, PlanName: "NB-1 年期", PlanFlow: 20000, PlanMonths: 12, ServiceMonths: 12,
		Active: quecloud.ActiveStateActive, OpenDate: Day(2020, 10, 20), AllotDate: Day(2020, 10, 28),
		ActiveDate: Day(2020, 11, 3), ExpiryDate: Day(2021, 10, 31),
		CycleStart: Day(2020, 11, 3), CycleEnd: Day(2021, 10, 31),
		Status: quecloud.CardStatusSuspended, IMEILocked: true, PauseReason: quecloud.PauseReasonByOwner,
		MonthFlow: 12.345, CycleFlow: 345.678, ResidueFlow: 19654.322, RealName: true,
		CallStatus: quecloud.CallStatusOpen, MonthVoice: 12, VoiceTotal: 500, VoiceWhitelist: []string{"1064991300011"},
	}
}

func cardInfo1Nulls() quecloud.CardInfo {
	return quecloud.CardInfo{
		MSISDN: "1064991300001", ICCID: "8986031749203860001", IMSI: "460111174740001",
		CompanyID: 123, BillingID: 860, BillingCode: "3YY-122-2067-36", ProductCode: "CN-QC-3-122-2067-36",
		Carrier: quecloud.CarrierChinaTelecom, NetworkType: quecloud.NetworkTypeNBIoT,
		PlanName: "NB-1 年期", PlanFlow: 20000, ServiceMonths: 12, Active: quecloud.ActiveStateActive,
		AllotDate: Day(2020, 10, 27), Status: quecloud.CardStatusNormal, GPRSOn: true, ResidueFlow: 20000,
	}
}

func cardInfo2Nulls() quecloud.CardInfo {
	return quecloud.CardInfo{
		MSISDN: "1064991300002", ICCID: "8986031749203860002", IMSI: "460111174740002",
		CompanyID: 321, BillingID: 860, BillingCode: "3YY-122-2067-36", ProductCode: "CN-QC-3-122-2067-36",
		Carrier: quecloud.CarrierChinaTelecom, CardType: quecloud.CardTypeIndustrialMP2,
		NetworkType: quecloud.NetworkTypeNBIoT, PlanName: "NB-1 年期", PlanFlow: 20000, ServiceMonths: 12,
		Active: quecloud.ActiveStateActive, AllotDate: Day(2020, 10, 28), Status: quecloud.CardStatusSuspended,
		IMEILocked: true,
		MonthFlow:  12.345, CycleFlow: 345.678, ResidueFlow: 19654.322, RealName: true,
	}
}
