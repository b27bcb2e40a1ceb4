// This file has the table of the platform's methods. A new method starts as a row in it.

package quecloud

import (
	"slices"
	"strings"
)

// A Kind says what a call changes at the platform, which decides whether the SDK may retry it.
// See the section "Retries" of the package documentation.
type Kind uint8

const (
	// KindOnce calls take effect each time they arrive, and cost nothing: they send a message or start a task. It is the
	// zero value because the SDK handles unknown methods with the same care.
	KindOnce Kind = iota
	// KindRead calls change nothing.
	KindRead
	// KindSet calls set a state: a card is suspended, a threshold is changed.
	KindSet
	// KindSpend calls spend money.
	KindSpend
)

// String returns "once", "read", "set" or "spend".
func (k Kind) String() string {
	return [...]string{"once", "read", "set", "spend"}[k&3]
}

// An endpoint is one method of the platform.
type endpoint struct {
	section  string // of the vendor's document
	method   string
	title    string // in the vendor's document
	kind     Kind
	logged   string   // parameters that the log shows unmasked, separated by spaces; "-" for none. Never personal data
	unsigned []string // parameters that are sent and not signed
	success  successShape
}

// A successShape is the shape of the body of a success. The body of a refusal is always an object.
type successShape uint8

const (
	object successShape = iota
	bareList
	zipFile
)

const methodPrefix = "fc.function."

// endpoints lists the methods of the platform. Nothing else in the package says what kind a method is, which of its
// parameters are not signed and which of them may be logged. The columns are the fields of endpoint.
var endpoints = [...]endpoint{
	{"2.1.1", "fc.function.billing_group.list", "计费组列表", KindRead, "-", nil, object},
	{"2.1.2", "fc.function.billing_group.statistics", "计费组统计信息", KindRead, "id", nil, object},
	{"2.1.3", "fc.function.billing_groups.statistics", "计费组统计信息(含子计费组)", KindRead, "id", nil, object},
	{"2.1.4", "fc.function.card.list", "资产列表", KindRead, "pageNo pageSize billingid", nil, object},
	{"2.1.5", "fc.function.card.info", "资产详细信息", KindRead, "-", nil, object},
	{"2.1.6", "fc.function.cards.info", "资产详细信息(批量)", KindRead, "-", nil, object},
	{"2.1.7", "fc.function.monthflow.list", "资产月流量日志", KindRead, "month pageNo pageSize", nil, object},
	{"2.1.8", "fc.function.dayflow.list", "资产用量日志", KindRead, "month", nil, object},
	{"2.1.9", "fc.function.card.monthflow", "月流量查询", KindRead, "month", nil, object},
	{"2.1.10", "fc.function.cards.monthflow", "月流量查询(批量)", KindRead, "month", nil, object},
	{"2.1.11", "fc.function.voice.monthflow.list", "资产语音月用量日志", KindRead, "month pageNo pageSize", nil, object},
	{"2.1.12", "fc.function.voice.dayflow.list", "资产语音用量日志", KindRead, "month", nil, object},
	{"2.1.13", "fc.function.card.alarm.get", "单卡流量管理查询", KindRead, "-", nil, object},
	{"2.1.14", "fc.function.card.flowpackages", "资产生效流量包列表", KindRead, "-", nil, object},
	{"2.1.15", "fc.function.yearmonth.detail", "资产生效年包列表", KindRead, "-", nil, object},
	{"2.1.16", "fc.function.card.realNameStatusQuery", "实名状态查询", KindRead, "-", nil, object},
	{"2.1.17", "fc.function.account.info", "账户信息查询", KindRead, "-", nil, object},
	{"2.2.1", "fc.function.file.card.get", "开始生成卡列表文件", KindOnce, "-", nil, object},
	{"2.2.2", "fc.function.file.status", "卡列表文件任务状态", KindRead, "taskId", nil, object},
	{"2.2.3", "fc.function.file.down", "卡列表文件下载", KindRead, "taskId", nil, zipFile},
	{"2.2.4", "fc.function.file.last.down", "最近卡列表文件下载", KindRead, "-", nil, zipFile},
	{"2.2.5", "fc.function.file.list", "卡列表文件任务列表", KindRead, "-", nil, bareList},
	{"2.3.1", "fc.function.card.realtimestatus", "在线状态", KindRead, "-", nil, object},
	{"2.3.2", "fc.function.card.location", "基站粗定位", KindRead, "-", nil, object},
	{"2.3.3", "fc.function.sms.send", "批量短信发送", KindOnce, "-", nil, object},
	{"2.3.4", "fc.function.sms.sendlog", "短信发送日志", KindRead, "dateStr pageNo pageSize", nil, object},
	{"2.3.5", "fc.function.sms.monthcount", "短信月用量", KindRead, "dateStr", nil, object},
	{"2.3.7", "fc.function.card.alarm", "流量管理设置", KindSet, "-", []string{"alarmParam"}, object},
	{
		"2.3.8", "fc.function.card.alarm.status", "单卡流量管理状态", KindSet, "alarmStatus pauseStatus",
		[]string{"alarmStatus", "pauseStatus"}, object,
	},
	{"2.3.9", "fc.function.card.realName", "实名认证登记", KindOnce, "-", nil, object},
	{"2.4.1", "fc.function.card.overtest", "结束测试期", KindSet, "-", nil, object},
	{"2.4.2", "fc.function.card.silenceactive", "单卡激活", KindSet, "-", nil, object},
	{"2.4.3", "fc.function.card.pause", "单卡停机", KindSet, "-", nil, object},
	{"2.4.4", "fc.function.card.resume", "单卡复机", KindSet, "-", nil, object},
	{"2.4.5", "fc.function.card.imeiUnbind", "机卡解绑", KindSet, "-", nil, object},
	{"2.4.6", "fc.function.card.gprs.close", "单卡 GPRS 关闭", KindSet, "-", nil, object},
	{"2.4.7", "fc.function.card.gprs.open", "单卡 GPRS 开启", KindSet, "-", nil, object},
	{"2.4.8", "fc.function.card.reset", "单卡重置", KindSet, "-", nil, object},
	{"2.4.9", "fc.function.card.voice.close", "单卡语音关闭", KindSet, "-", nil, object},
	{"2.4.10", "fc.function.card.voice.open", "单卡语音开启", KindSet, "-", nil, object},
	{"2.4.11", "fc.function.card.voice.addwhitelist", "新增语音白名单", KindSet, "-", nil, object},
	{"2.4.12", "fc.function.card.voice.delwhitelist", "删除语音白名单", KindSet, "-", nil, object},
	{"2.5.1", "fc.function.company.flowpackage", "企业流量包产品列表", KindRead, "-", nil, object},
	{"2.5.2", "fc.function.card.setmeal.product", "资产续费套餐产品", KindRead, "-", nil, object},
	{"2.5.3", "fc.function.card.recharge", "资产流量包充值", KindSpend, "productId externalId preverify", nil, object},
	{"2.5.4", "fc.function.card.renewal", "资产套餐续费", KindSpend, "productId cycle months externalId preverify", nil, object},
	{"2.5.5", "fc.function.order.details", "资产充值续费订单", KindRead, "orderNo", nil, object},
	{"2.5.7", "fc.function.wallet.details", "企业余额及明细查询", KindRead, "-", nil, object},
}

// lookup returns the endpoint of a method. For a method that is not in the table it returns one of the zero Kind, all
// of whose parameters are signed and masked in the log.
func lookup(method string) *endpoint {
	for i := range endpoints {
		if endpoints[i].method == method {
			return &endpoints[i]
		}
	}
	return &endpoint{method: method}
}

// masks reports whether the log masks a parameter.
func (e *endpoint) masks(param string) bool {
	return !slices.Contains(strings.Fields(e.logged), param)
}

// whereToLook returns the SDK method that shows whether a change took effect, or "" if none is known.
func (e *endpoint) whereToLook() string {
	switch e.method {
	case "fc.function.sms.send":
		return "SMS.ListLog"
	case "fc.function.file.card.get":
		return "Files.List"
	case "fc.function.card.realName":
		return "Cards.RealNameStatus"
	case "fc.function.card.alarm", "fc.function.card.alarm.status":
		return "Flow.Alarm"
	}
	switch e.kind {
	case KindSpend:
		return "Orders.Find"
	case KindSet:
		return "Cards.Info"
	default:
		return ""
	}
}
