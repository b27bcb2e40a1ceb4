package quecloudtest

import (
	"slices"
	"strings"
)

// A cardChoice is how a call names its cards.
type cardChoice uint8

const (
	noCard    cardChoice = iota
	oneCard              // msisdn or iccid, one number
	manyCards            // msisdns or iccids, numbers separated by commas
	listCards            // msisdn or iccid, numbers separated by commas
)

// A method describes a method of the platform: its parameters besides cards and system parameters, and its
// implementation.
type method struct {
	name               string // without the prefix fc.function.
	reads              bool   // changes nothing but indexes, so that it may run beside other readers
	cards              cardChoice
	ownOnly            bool   // refuses cards of the sub-account: 只能处理隶属于该企业下的卡
	required, optional string // parameters, separated by spaces
	unsigned           string // parameters without signature, separated by spaces
	run                func(*Server, *call) error
}

const methodPrefix = "fc.function."

// methods lists the methods of the server.
var methods = []method{
	{name: "billing_group.list", reads: true, run: (*Server).groupList},
	{name: "billing_group.statistics", reads: true, required: "id", run: (*Server).groupStatistics},
	{name: "billing_groups.statistics", reads: true, required: "id", run: (*Server).groupTreeStatistics},
	{name: "card.list", reads: true, optional: "pageNo pageSize billingid " +
		"allotDateStart allotDateEnd activeDateStart activeDateEnd expireDateStart expireDateEnd", run: (*Server).cardList},
	{name: "card.info", reads: true, cards: oneCard, run: (*Server).cardInfo},
	{name: "cards.info", reads: true, cards: manyCards, run: (*Server).cardsInfo},
	{name: "monthflow.list", reads: true, required: "month", optional: "pageNo pageSize", run: (*Server).monthFlowList},
	{name: "dayflow.list", reads: true, cards: oneCard, required: "month", run: (*Server).dayFlowList},
	{name: "card.monthflow", reads: true, cards: oneCard, required: "month", run: (*Server).cardMonthFlow},
	{name: "cards.monthflow", reads: true, cards: manyCards, required: "month", run: (*Server).cardsMonthFlow},
	{name: "voice.monthflow.list", reads: true, required: "month", optional: "pageNo pageSize",
		run: (*Server).voiceMonthList},
	{name: "voice.dayflow.list", reads: true, cards: oneCard, required: "month", run: (*Server).voiceDayList},
	{name: "card.alarm.get", reads: true, cards: oneCard, ownOnly: true, run: (*Server).alarmGet},
	{name: "card.flowpackages", reads: true, cards: oneCard, run: (*Server).cardPackages},
	{name: "yearmonth.detail", reads: true, cards: oneCard, run: (*Server).yearPackages},
	{name: "card.realNameStatusQuery", reads: true, cards: oneCard, run: (*Server).realNameStatus},
	{name: "account.info", reads: true, run: (*Server).accountInfo},

	{name: "file.card.get", run: (*Server).fileStart},
	{name: "file.status", reads: true, required: "taskId", run: (*Server).fileStatus},
	{name: "file.down", reads: true, required: "taskId", run: (*Server).fileDown},
	{name: "file.last.down", reads: true, run: (*Server).fileLastDown},
	{name: "file.list", reads: true, run: (*Server).fileList},

	{name: "card.realtimestatus", reads: true, cards: oneCard, run: (*Server).realtimeStatus},
	{name: "card.location", reads: true, cards: oneCard, run: (*Server).location},
	{name: "sms.send", cards: manyCards, required: "content", optional: "smsId", run: (*Server).smsSend},
	{name: "sms.sendlog", reads: true, required: "dateStr", optional: "pageNo pageSize", run: (*Server).smsLog},
	{name: "sms.monthcount", reads: true, required: "dateStr", run: (*Server).smsMonthCount},
	{name: "card.alarm", cards: listCards, required: "alarmParam", unsigned: "alarmParam", run: (*Server).alarmSet},
	{name: "card.alarm.status", cards: oneCard, ownOnly: true, optional: "alarmStatus pauseStatus",
		unsigned: "alarmStatus pauseStatus", run: (*Server).alarmStatus},
	{name: "card.realName", cards: oneCard, run: (*Server).realNameRegister},

	{name: "card.overtest", cards: oneCard, run: (*Server).endTest},
	{name: "card.silenceactive", cards: oneCard, run: (*Server).activate},
	{name: "card.pause", cards: oneCard, ownOnly: true, run: (*Server).pause},
	{name: "card.resume", cards: oneCard, ownOnly: true, run: (*Server).resume},
	{name: "card.imeiUnbind", cards: oneCard, run: (*Server).unbind},
	{name: "card.gprs.close", cards: oneCard, ownOnly: true, run: (*Server).closeGPRS},
	{name: "card.gprs.open", cards: oneCard, ownOnly: true, run: (*Server).openGPRS},
	{name: "card.reset", cards: oneCard, ownOnly: true, run: (*Server).reset},
	{name: "card.voice.close", cards: oneCard, ownOnly: true, run: (*Server).closeVoice},
	{name: "card.voice.open", cards: oneCard, ownOnly: true, run: (*Server).openVoice},
	{name: "card.voice.addwhitelist", cards: oneCard, ownOnly: true, required: "voiceWhiteList",
		run: (*Server).addWhitelist},
	{name: "card.voice.delwhitelist", cards: oneCard, ownOnly: true, required: "voiceWhiteList",
		run: (*Server).deleteWhitelist},

	{name: "company.flowpackage", reads: true, run: (*Server).flowPackages},
	{name: "card.setmeal.product", reads: true, cards: oneCard, run: (*Server).renewalProduct},
	{name: "card.recharge", required: "iccid productId productName", optional: "remark externalId preverify",
		run: (*Server).recharge},
	{name: "card.renewal", required: "iccid cycle", optional: "productId productName months remark externalId preverify",
		run: (*Server).renew},
	{name: "order.details", reads: true, required: "orderNo", run: (*Server).orderDetails},
	{name: "wallet.details", reads: true, run: (*Server).walletDetails},
}

// Methods returns the full names (fc.function.…) of the methods of a server, sorted.
func Methods() []string {
	names := make([]string, len(methods))
	for i, m := range methods {
		names[i] = methodPrefix + m.name
	}
	slices.Sort(names)
	return names
}

// findMethod returns the method with that full name, or nil.
func findMethod(name string) *method {
	short, ok := strings.CutPrefix(name, methodPrefix)
	if !ok {
		return nil
	}
	for i := range methods {
		if methods[i].name == short {
			return &methods[i]
		}
	}
	return nil
}

// takes reports whether the method has a parameter of that name.
func (m *method) takes(name string) bool {
	switch m.cards {
	case noCard:
	case oneCard, listCards:
		if name == "msisdn" || name == "iccid" {
			return true
		}
	case manyCards:
		if name == "msisdns" || name == "iccids" {
			return true
		}
	}
	return contains("appKey method t sign", name) || contains(m.required, name) || contains(m.optional, name)
}

func contains(names, name string) bool { return slices.Contains(strings.Fields(names), name) }
