package simulator

import "github.com/quecloud/quecloud-go/quecloudtest"

// routes returns all requests that the control accepts, in the order of its list.
func routes() []route {
	return []route{
		{"GET /{$}", "Lists all requests. A browser gets the page.", "列出全部请求。浏览器得到页面。", op((*Control).root)},
		{"GET /healthz", "Reports that the control responds.", "报告控制接口可用。", op((*Control).health)},
		{"GET /openapi.json", "Describes all requests in OpenAPI 3.1.", "以OpenAPI 3.1描述全部请求。", raw((*Control).openAPI)},

		{"GET /clock", "Returns the time.", "返回时间。", op((*Control).clock)},
		{"POST /clock", "Stops the clock at a time.", "将时钟停在指定时间。", op((*Control).setClock)},
		{
			"POST /advance", "Moves the clock forward, and runs everything that becomes due.", "将时钟前移，并执行到期的任务。",
			op((*Control).advance),
		},

		{"GET /cards", "Returns a page of the cards that match.", "返回一页符合条件的物联卡。", op((*Control).cards)},
		{"POST /cards", "Adds a card.", "添加一张物联卡。", op((*Control).addCard)},
		{"GET /cards/{number}", "Returns a card.", "返回一张物联卡。", op((*Control).card)},
		{"PATCH /cards/{number}", "Changes the members of a card in the body.", "修改物联卡的部分字段。", op((*Control).updateCard)},
		{"DELETE /cards/{number}", "Removes a card.", "移除一张物联卡。", op((*Control).removeCard)},
		{"GET /cards/{number}/usage", "Returns what a card used each day.", "返回物联卡每日用量。", op((*Control).cardUsage)},
		{
			"GET /cards/{number}/history", "Returns the changes of a card, oldest first.", "返回物联卡的变更，最早的在前。",
			op((*Control).cardHistory),
		},
		{"POST /usage", "Sets the data that a card used on a date.", "设置物联卡某日的流量用量。", op((*Control).setUsage)},
		{
			"POST /voice-usage", "Sets the voice that a card used on a date.", "设置物联卡某日的语音用量。",
			op((*Control).setVoiceUsage),
		},
		{"GET /groups", "Returns the billing groups.", "返回计费组。", op((*Control).groups)},
		{"POST /groups", "Adds a billing group.", "添加一个计费组。", op((*Control).addGroup)},
		{"GET /products", "Returns the data packages on offer.", "返回可购流量包。", op((*Control).products)},
		{"POST /products", "Adds a data package.", "添加一个流量包产品。", op((*Control).addProduct)},

		{"GET /orders", "Returns the orders, oldest first.", "返回订单，最早的在前。", op((*Control).orders)},
		{"POST /fail-orders", "Fails the next orders.", "使接下来的订单失败。", op((*Control).failOrders)},
		{"GET /purchases", "Returns the rules for purchases.", "返回订购规则。", op((*Control).purchases)},
		{"POST /purchases", "Sets the rules for purchases.", "设置订购规则。", op((*Control).setPurchaseRules)},
		{"GET /wallet", "Returns the balance and its changes, latest first.", "返回余额及其变动，最新的在前。", op((*Control).wallet)},
		{"POST /deposit", "Adds money to the wallet.", "向钱包充值。", op((*Control).deposit)},

		{"GET /sms", "Returns the SMS to cards, oldest first.", "返回发往物联卡的短信，最早的在前。", op((*Control).sms)},
		{"POST /sms", "Receives an SMS from a card.", "从物联卡接收一条短信。", op((*Control).receiveSMS)},
		{"GET /received", "Returns the SMS from cards, oldest first.", "返回来自物联卡的短信，最早的在前。", op((*Control).received)},
		{"GET /files", "Returns the file tasks, oldest first.", "返回文件任务，最早的在前。", op((*Control).files)},

		{
			"GET /callbacks", "Returns the URLs that receive events, without tokens.", "返回接收事件的地址（不含令牌）。",
			op((*Control).callbacks),
		},
		{"POST /callbacks", "Sets the URLs that receive events.", "设置接收事件的地址。", op((*Control).setCallbacks)},
		{
			"GET /deliveries", "Returns the deliveries of callbacks, oldest first.", "返回回调投递记录，最早的在前。",
			op((*Control).deliveries),
		},

		{
			"POST /redeliver", "Delivers callbacks again, in the order of the list.", "按列表顺序重新投递回调。",
			op((*Control).redeliver),
		},
		{
			"POST /hold-callbacks", "Keeps callbacks instead of delivering them.", "暂存回调而不投递。",
			op((*Control).holdCallbacks),
		},
		{"GET /held-callbacks", "Returns the callbacks that are kept.", "返回暂存的回调。", op((*Control).heldCallbacks)},
		{"POST /release-callbacks", "Delivers callbacks again as they come.", "恢复投递回调。", op((*Control).releaseCallbacks)},

		{
			"GET /requests", "Returns the requests to the platform, oldest first.", "返回平台收到的请求，最早的在前。",
			op((*Control).requests),
		},
		{
			"GET /events", "Streams what happens as server-sent events.", "以SSE推送发生的事件。",
			stream[eventsInput, quecloudtest.Update]((*Control).events),
		},
		{"GET /faults", "Returns the faults that still apply.", "返回仍然生效的故障。", op((*Control).faults)},
		{"POST /faults", "Injects a fault.", "注入一个故障。", op((*Control).inject)},
		{"DELETE /faults/{id}", "Removes a fault.", "移除一个故障。", op((*Control).removeFault)},
		{"DELETE /faults", "Removes all faults.", "移除全部故障。", op((*Control).clearFaults)},

		{"POST /reset", "Returns to the state of the start.", "恢复到启动时的状态。", op((*Control).reset)},
		{"GET /snapshot", "Returns the whole state.", "返回全部状态。", op((*Control).snapshot)},
		{"POST /snapshot", "Replaces the whole state by a snapshot.", "以快照替换全部状态。", op((*Control).load)},
		{
			"POST /scenario", "Replaces the whole state by a scenario: a snapshot that leaves members out.",
			"以场景替换全部状态：场景是省略部分字段的快照。", op((*Control).load),
		},
	}
}
