package simulator

import "fmt"

// languages are the languages of the page, the default first.
var languages = []string{"en", "zh"}

// A pageText is a text of the page in both languages.
type pageText struct{ en, zh string }

func (t pageText) in(lang string) string {
	if lang == "zh" {
		return t.zh
	}
	return t.en
}

// mustText returns a text by its key.
func mustText(lang, key string) string {
	text, ok := texts[key]
	if !ok {
		panic(fmt.Sprintf("simulator: the page has no text %q", key))
	}
	return text.in(lang)
}

// textsIn returns all texts in a language, for the scripts.
func textsIn(lang string) map[string]string {
	all := make(map[string]string, len(texts)+len(methodTitles))
	for key, text := range texts {
		all[key] = text.in(lang)
	}
	for method, title := range methodTitles {
		all["method."+method] = title.zh
		if lang == "en" {
			all["method."+method] = title.en + " · " + title.zh
		}
	}
	return all
}

// texts has all texts of the page. A key such as status.正常 ends with a value of the protocol.
var texts = map[string]pageText{
	"lang":           {"en", "zh-CN"},
	"language.other": {"中文", "English"},
	"skip":           {"Skip to the content", "跳到正文"},
	"nav":            {"Sections", "栏目"},
	"offline":        {"No connection to the simulator", "与模拟平台的连接已断开"},

	"nav.calls":      {"Calls", "调用"},
	"nav.cards":      {"Cards", "物联卡"},
	"nav.orders":     {"Orders", "订单"},
	"nav.sms":        {"SMS", "短信"},
	"nav.deliveries": {"Callbacks", "回调"},
	"nav.files":      {"Files", "文件"},

	"title.calls":      {"Calls", "调用"},
	"title.cards":      {"Cards", "物联卡"},
	"title.card":       {"Card", "物联卡"},
	"title.orders":     {"Orders and wallet", "订单与钱包"},
	"title.sms":        {"SMS", "短信"},
	"title.deliveries": {"Callback deliveries", "回调投递"},
	"title.files":      {"Files", "文件"},

	"clock":           {"Simulator's clock", "模拟平台的时钟"},
	"clock.10min":     {"+10 min", "+10 分钟"},
	"clock.day":       {"+1 day", "+1 天"},
	"clock.month":     {"Next month", "下个月"},
	"clock.now":       {"Now", "恢复实时"},
	"clock.now.title": {"Let the clock run with the real one", "让时钟与真实时间同步运行"},
	"clock.runs":      {"The simulator's clock runs", "模拟平台的时钟在运行"},
	"clock.stands":    {"The simulator's clock stands; buttons move it", "模拟平台的时钟已停住，可用按钮调整"},

	"faults":         {"Faults", "故障"},
	"faults.hint":    {"A fault makes calls go wrong.", "故障使调用出错。"},
	"faults.preset":  {"What goes wrong", "故障类型"},
	"faults.method":  {"Which calls", "哪些调用"},
	"faults.any":     {"All calls", "全部调用"},
	"faults.times":   {"How often", "次数"},
	"faults.once":    {"The next call", "下一次调用"},
	"faults.five":    {"The next 5 calls", "接下来 5 次调用"},
	"faults.always":  {"Until removed", "直到移除"},
	"faults.text":    {"The fault", "故障表达式"},
	"faults.add":     {"Add fault", "添加故障"},
	"faults.clear":   {"Remove all", "全部移除"},
	"faults.applied": {"{n} calls", "{n} 次"},
	"faults.none":    {"No fault.", "没有故障。"},

	"preset.503":        {"HTTP 503", "HTTP 503"},
	"preset.429":        {"HTTP 429, retry after 1 s", "HTTP 429，1 秒后重试"},
	"preset.refuse":     {"Refusal with result code 500", "以结果码 500 拒绝"},
	"preset.latency":    {"Response takes 3 s", "响应延迟 3 秒"},
	"preset.cut-before": {"Connection cut before the effect", "生效前断开连接"},
	"preset.cut-after":  {"Connection cut after the effect", "生效后断开连接"},
	"preset.truncate":   {"Response cut after 20 bytes", "响应截断为 20 字节"},
	"preset.html":       {"HTML page with HTTP 502", "HTTP 502 的 HTML 页面"},
	"preset.empty":      {"Empty response", "空响应"},

	"state":          {"State", "状态数据"},
	"state.hint":     {"Keep the whole state in a file, or start again.", "将全部状态保存为文件，或重新开始。"},
	"state.download": {"Download snapshot", "下载快照"},
	"state.upload":   {"Restore snapshot …", "恢复快照…"},
	"state.scenario": {"Apply scenario …", "应用场景文件…"},
	"state.reset":    {"Reset", "重置"},
	"state.sure":     {"Discard everything?", "确定丢弃全部状态？"},

	"strip":      {"Last action as a command", "最近操作的命令"},
	"strip.sent": {"…", "…"},
	"copy":       {"Copy", "复制"},
	"copied":     {"Copied", "已复制"},
	"close":      {"Close", "关闭"},
	"copyCurl":   {"Copy as curl", "复制为 curl"},

	"time":       {"Time", "时间"},
	"time.sim":   {"Simulator's clock", "模拟平台时钟"},
	"time.real":  {"Real clock", "真实时钟"},
	"method":     {"Method", "方法"},
	"card":       {"Card", "物联卡"},
	"result":     {"Result", "结果"},
	"duration":   {"Duration", "耗时"},
	"status":     {"State", "状态"},
	"reason":     {"Reason", "原因"},
	"carrier":    {"Carrier", "运营商"},
	"group":      {"Group", "计费组"},
	"plan":       {"Plan", "套餐"},
	"cycleUsage": {"Usage", "用量"},
	"expiry":     {"Expires", "到期"},
	"until":      {"Until", "有效期至"},
	"previous":   {"Previous", "上一页"},
	"next":       {"Next", "下一页"},
	"text":       {"Text", "内容"},
	"send":       {"Send", "发送"},
	"date":       {"Date", "日期"},
	"change":     {"Change", "更改"},
	"name":       {"Name", "名称"},
	"yuan":       {"CNY", "元"},
	"yes":        {"Yes", "是"},
	"no":         {"No", "否"},
	"none":       {"None", "无"},
	"more":       {"The newest 100 are shown. The filter looks through the last 2,000.", "仅显示最新 100 条；筛选范围为最近 2,000 条。"},
	"remove":     {"Remove", "移除"},

	"calls.filter":    {"Method, card, reason …", "方法、卡号、原因…"},
	"calls.outcome":   {"Outcome", "结果"},
	"calls.all":       {"All calls", "全部调用"},
	"calls.succeeded": {"Succeeded", "成功"},
	"calls.refused":   {"Refused", "被拒绝"},
	"calls.fault":     {"With a fault", "有故障"},
	"calls.pause":     {"Pause", "暂停"},
	"calls.resume":    {"Continue", "继续"},
	"calls.waiting":   {"{n} waiting", "{n} 条等待显示"},
	"calls.summary":   {"{calls} calls, {refused} without success", "{calls} 次调用，{refused} 次未成功"},
	"calls.new":       {"{n} new calls", "{n} 次新调用"},
	"calls.none":      {"No calls yet", "暂无调用"},
	"calls.none.hint": {
		"Calls of your program appear here at once.", "您的程序的调用会立即显示在这里。",
	},
	"calls.noMatch":  {"No call matches", "没有匹配的调用"},
	"calls.noMethod": {"(no method)", "（无方法）"},
	"calls.cut":      {"Cut", "断开"},
	"calls.detail":   {"Details of the call", "调用详情"},
	"calls.params":   {"Parameters", "参数"},
	"calls.response": {"Response", "响应"},
	"calls.headers":  {"Request", "请求"},
	"calls.times":    {"Times and effect", "时间与效果"},
	"calls.effect":   {"Took effect", "已生效"},

	"sign":          {"Why the signature is wrong", "签名错误的原因"},
	"sign.expected": {"Expected", "期望"},
	"sign.received": {"Received", "收到"},
	"sign.text":     {"String to sign", "待签名字符串"},
	"sign.noGuess": {
		"No common mistake fits. Does the client have another secret?", "不符合任何常见错误。客户端的 secret 是否不同？",
	},
	"sign.hint": {
		"The SHA-1 of this text, in upper case. (secret) stands for the account's secret.",
		"对该文本取 SHA-1，大写。(secret) 代表账户的 secret。",
	},

	"cards.search":  {"Number …", "号码…"},
	"cards.status":  {"All states", "全部状态"},
	"cards.carrier": {"All carriers", "全部运营商"},
	"cards.group":   {"All groups", "全部计费组"},
	"cards.total":   {"{n} cards", "共 {n} 张卡"},
	"cards.some":    {"{n} cards on this page, more follow", "本页 {n} 张卡，后面还有"},
	"cards.last":    {"{n} cards on this page, the last one", "本页 {n} 张卡，已是最后一页"},
	"cards.page":    {"Page {n}", "第 {n} 页"},
	"cards.none":    {"No card matches", "没有匹配的物联卡"},

	"card.missing":         {"There is no such card", "没有这张物联卡"},
	"card.number":          {"MSISDN or ICCID", "MSISDN 或 ICCID"},
	"card.usage":           {"Data usage by day", "每日流量"},
	"card.month":           {"{mb} this month", "本月 {mb}"},
	"card.chart":           {"Data usage of {days} days, {mb} in total", "{days} 天的流量，共 {mb}"},
	"card.asTable":         {"As a table", "以表格显示"},
	"card.history":         {"History", "历史"},
	"card.cause":           {"Cause", "原因"},
	"card.changes":         {"Changes", "变化"},
	"card.packages":        {"Data packages", "流量包"},
	"card.orders":          {"Orders", "订单"},
	"card.sms":             {"SMS", "短信"},
	"card.facts":           {"Card", "卡信息"},
	"card.alarm":           {"Thresholds", "预警"},
	"card.noAlarm":         {"None set", "未设置"},
	"card.sendSMS":         {"SMS from the card", "从物联卡发送短信"},
	"card.addUsage":        {"Add data usage", "增加流量用量"},
	"card.addUsage.button": {"Add", "增加"},
	"card.changeState":     {"Change the state", "更改状态"},
	"card.gprsClosed":      {"Data closed", "数据服务已关闭"},
	"card.locked":          {"Locked to a device", "机卡已锁定"},
	"card.type":            {"Form", "卡类型"},
	"card.allotted":        {"Allotted", "分配"},
	"card.opened":          {"Opened", "开户"},
	"card.activated":       {"Activated", "激活"},
	"card.voice":           {"Voice", "语音"},
	"card.whitelist":       {"Whitelist", "语音白名单"},
	"card.realName":        {"Real name", "实名"},

	"voice.unsubscribed": {"Not subscribed", "未订购"},
	"voice.open":         {"Open", "开启"},
	"voice.closed":       {"Closed", "关闭"},

	"alarm.warn":         {"Warn at", "预警值"},
	"alarm.enabled":      {"Warnings on", "预警开启"},
	"alarm.pause":        {"Suspend at", "停机阈值"},
	"alarm.pauseEnabled": {"Suspension on", "停机开启"},
	"alarm.emails":       {"Email", "邮箱"},

	"orders":             {"Orders", "订单"},
	"orders.none":        {"No orders yet", "暂无订单"},
	"orders.fail":        {"Fail the next orders", "使接下来的订单失败"},
	"orders.fail.n":      {"How many", "数量"},
	"orders.fail.button": {"Fail", "设为失败"},
	"order.no":           {"Order", "订单号"},
	"order.product":      {"Product", "产品"},
	"order.created":      {"Created", "创建"},
	"order.completed":    {"Completed", "完成"},
	"wallet":             {"Wallet", "钱包"},
	"wallet.deposit":     {"Deposit", "存入"},
	"wallet.entries":     {"Changes of the balance", "余额变动"},
	"wallet.kind":        {"Kind", "类型"},

	"sms.toCards":   {"To cards", "发往物联卡"},
	"sms.fromCards": {"From cards", "来自物联卡"},
	"sms.to":        {"to", "下行"},
	"sms.from":      {"from", "上行"},
	"sms.none":      {"No SMS yet", "暂无短信"},

	"delivery":            {"Delivery", "投递"},
	"delivery.event":      {"Event", "事件"},
	"delivery.attempt":    {"Attempt", "第几次"},
	"delivery.attempts":   {"Attempts", "各次投递"},
	"delivery.order":      {"Order", "订单"},
	"delivery.report":     {"SMS report", "短信状态报告"},
	"delivery.inbox":      {"SMS from a card", "上行短信"},
	"delivery.noResponse": {"No response", "无响应"},
	"delivery.redeliver":  {"Redeliver", "重新投递"},
	"delivery.body":       {"Body", "请求体"},
	"delivery.wantSMS": {
		"The receiver must respond with HTTP 2xx and exactly the body success.", "接收方须返回 HTTP 2xx，响应体恰为 success。",
	},
	"delivery.wantOrder": {
		`The receiver must respond with HTTP 2xx and the body {"code":200,"msg":""}.`,
		`接收方须返回 HTTP 2xx，响应体为 {"code":200,"msg":""}。`,
	},
	"deliveries.none":      {"No deliveries yet", "暂无投递"},
	"deliveries.none.hint": {"Set a receiver to get SMS and order events.", "设置接收地址后即可收到短信与订单事件。"},
	"receivers":            {"Receivers", "接收地址"},
	"receivers.hint":       {"Events go to these URLs. An empty URL stops them.", "事件将发送到这些 URL；留空则停止。"},
	"receivers.sms":        {"SMS events", "短信事件"},
	"receivers.order":      {"Order events", "订单事件"},
	"receivers.set":        {"Set", "设置"},

	"files.hint":    {"Lists of all cards, made by fc.function.file.card.get.", "由 fc.function.file.card.get 生成的卡列表文件。"},
	"files.task":    {"Task", "任务"},
	"files.start":   {"Started", "开始"},
	"files.end":     {"Finished", "完成"},
	"files.running": {"Running", "执行中"},
	"files.done":    {"Finished", "文件生成成功"},
	"files.size":    {"Bytes", "字节"},
	"files.none":    {"No files yet", "暂无文件"},

	"status.正常":    {"Normal", "正常"},
	"status.停机":    {"Suspended", "停机"},
	"status.测试期正常": {"Test period", "测试期正常"},
	"status.测试期停机": {"Test, suspended", "测试期停机"},
	"status.待激活":   {"Inactive", "待激活"},
	"status.停机保号":  {"Reserved", "停机保号"},
	"status.预销号":   {"Pre-cancelled", "预销号"},
	"status.销号":    {"Cancelled", "销号"},
	"status.未知":    {"Unknown", "未知"},

	"reason.主动停机":     {"By the company", "主动停机"},
	"reason.机卡分离停机":   {"Removed from its device", "机卡分离停机"},
	"reason.运营商限额停机":  {"Carrier's limit", "运营商限额停机"},
	"reason.超出阈值停机":   {"Threshold", "超出阈值停机"},
	"reason.套餐到期停机":   {"Plan expired", "套餐到期停机"},
	"reason.单卡流量用尽停机": {"Data used up", "单卡流量用尽停机"},
	"reason.流量池用尽停机":  {"Pool used up", "流量池用尽停机"},
	"reason.数据服务关闭":   {"Data service closed", "数据服务关闭"},

	"carrier.中国移动": {"China Mobile", "中国移动"},
	"carrier.中国电信": {"China Telecom", "中国电信"},
	"carrier.中国联通": {"China Unicom", "中国联通"},

	"order.订单待处理":    {"Pending", "待处理"},
	"order.订单完成":     {"Done", "完成"},
	"order.订单失败":     {"Failed", "失败"},
	"ordertype.充值订单": {"Top-up", "充值订单"},
	"ordertype.续费订单": {"Renewal", "续费订单"},
	"wallet.预充值":     {"Deposit", "预充值"},
	"wallet.流量包充值":   {"Top-up", "流量包充值"},
	"wallet.套餐续费":    {"Renewal", "套餐续费"},

	"sms.100": {"Submitted", "已提交"},
	"sms.200": {"Delivered", "已送达"},
	"sms.400": {"Failed", "失败"},
}
