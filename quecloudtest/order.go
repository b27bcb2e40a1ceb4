package quecloudtest

import (
	"fmt"
	"slices"
	"strconv"
	"time"
)

// An Order is a top-up or a renewal.
type Order struct {
	ID          int64     `json:"id"`          // 1 for the first of the server
	No          string    `json:"no"`          // number of the order (orderNo)
	Type        string    `json:"type"`        // OrderRecharge or OrderRenewal
	Status      string    `json:"status"`      // OrderPending, OrderDone or OrderFailed
	Result      string    `json:"result"`      // result in words
	ICCID       string    `json:"iccid"`       // card of the order
	ProductID   int64     `json:"productID"`   // product or plan
	ProductName string    `json:"productName"` // product or plan
	Price       Money     `json:"price"`       // paid from the wallet; refunded when the order fails
	MonthPrice  Money     `json:"monthPrice"`  // renewal: price of one month
	Cycle       int       `json:"cycle"`       // renewal: years
	Months      int       `json:"months"`      // renewal by months: months, else 0
	Remark      string    `json:"remark"`      // remark of the call
	ExternalID  string    `json:"externalID"`  // externalId of the call; empty: none
	Created     time.Time `json:"created"`     // time of the call
	Completed   time.Time `json:"completed"`   // zero: pending

	card    int
	product Product
}

// The types and states of orders.
const (
	OrderRecharge = "充值订单"
	OrderRenewal  = "续费订单"

	OrderPending = "订单待处理"
	OrderDone    = "订单完成"
	OrderFailed  = "订单失败"
)

// maxKept limits the orders, the entries of the wallet and the SMS that a server remembers. A new order may have the
// externalId of a forgotten one.
const maxKept = 100_000

// Orders returns the orders, oldest first. The server remembers the last 100,000.
func (s *Server) Orders() []Order {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.runDue()
	orders := make([]Order, s.orders.len())
	for i, o := range s.orders.all() {
		orders[i] = *o
	}
	return orders
}

const defaultFailure = "系统处理失败"

// FailOrders accepts the next n orders, then fails them for that reason, or for a default reason if it is empty, and
// refunds their money.
func (s *Server) FailOrders(n int, reason string) {
	setDefault(&reason, defaultFailure) // an empty reason means success
	s.mu.Lock()
	defer s.mu.Unlock()
	s.failing = append(s.failing, slices.Repeat([]string{reason}, max(0, n))...)
	s.settingsUpdate()
}

// findOrderCard sets the card of an order call. It refuses cards for which no order can be placed.
func (s *Server) findOrderCard(c *call) error {
	i, err := s.fleet.findBy(true, c.params["iccid"])
	if err != nil {
		return err
	}
	c.card = s.fleet.card(i)
	return s.requireStatus(c, StatusNormal, StatusSuspended)
}

func (c *call) preverify() bool { return c.integer("preverify") == 1 }

// §2.5.3
func (s *Server) recharge(c *call) error {
	if handled, err := s.duplicate(c); handled {
		return err
	}
	if err := s.findOrderCard(c); err != nil {
		return err
	}
	p := s.product(c.integer("productId"))
	if p == nil {
		return refuse("产品不存在：%s", c.params["productId"])
	}
	if p.Name != c.params["productName"] {
		return refuse("产品%d的名称不是%s", p.ID, c.params["productName"])
	}
	if p.Carrier != c.card.group.Carrier {
		return refuse("产品与卡的运营商不一致：%s、%s", p.Carrier, c.card.group.Carrier)
	}
	return s.placeOrder(c, Order{
		Type: OrderRecharge, ProductID: p.ID, ProductName: p.Name, Price: p.Price, product: *p,
	})
}

// §2.5.4
func (s *Server) renew(c *call) error {
	if handled, err := s.duplicate(c); handled {
		return err
	}
	if err := s.findOrderCard(c); err != nil {
		return err
	}
	g := c.card.group
	if id := c.integer("productId"); id != 0 && id != g.ProductID {
		return refuse("产品不是该卡的套餐：%d", id)
	}
	if name := c.params["productName"]; name != "" && name != g.PlanName {
		return refuse("产品不是该卡的套餐：%s", name)
	}
	cycle, months := int(c.integer("cycle")), int(c.integer("months"))
	if months != 0 && s.purchases.YearsOnly {
		return refuse("该企业不支持按月续费")
	}
	if months != 0 && cycle != 1 {
		return refuse("months仅当cycle=1时有效")
	}
	o := Order{
		Type: OrderRenewal, ProductID: g.ProductID, ProductName: g.PlanName, MonthPrice: g.MonthPrice,
		Cycle: cycle, Months: months, Price: Money(cycle) * g.yearPrice(),
	}
	if months != 0 {
		o.Price = Money(months) * g.MonthPrice
	}
	return s.placeOrder(c, o)
}

// placeOrder places an order and takes its money. A pre-verification (预校验) stops before that.
func (s *Server) placeOrder(c *call, o Order) error {
	o.ExternalID, o.Remark = c.params["externalId"], c.params["remark"]
	if s.wallet.balance < o.Price {
		return refuse("余额不足：余额%v元，需要%v元", s.wallet.balance, o.Price)
	}
	if c.preverify() {
		c.message = "预校验通过"
		return nil
	}
	o.No = s.newOrderNo(c.now.time)
	o.card, o.ICCID = c.card.place, c.card.iccid
	o.Status, o.Created = OrderPending, c.now.time
	s.charge(o.entry(-o.Price, o.Created))
	failure := ""
	if len(s.failing) > 0 {
		failure, s.failing = s.failing[0], s.failing[1:]
	}
	s.addOrder(&o)
	s.orderUpdate(&o)
	s.schedule(o.Created.Add(s.orderDelay), &finishOrder{&o, failure})
	c.out.text("orderNo", o.No)
	return nil
}

// entry returns the entry of the wallet for an order or its refund.
func (o *Order) entry(change Money, now time.Time) WalletEntry {
	e := WalletEntry{
		Change: change, Time: now, Kind: kindRecharge, OrderNo: o.No, ICCID: o.ICCID, Remark: o.Remark,
		ProductName: o.ProductName, ProductPrice: o.Price,
	}
	if o.Type == OrderRenewal {
		e.Kind, e.ProductPrice, e.Cycle = kindRenewal, o.Price/Money(o.Cycle), o.Cycle
	}
	return e
}

func (s *Server) orderUpdate(o *Order) {
	present := *o
	s.updates.add(Update{Time: s.clock.now(), Kind: UpdateOrder, Order: &present})
}

// addOrder remembers an order.
func (s *Server) addOrder(o *Order) {
	o.ID = int64(s.orders.added) + 1
	s.orders.add(o)
	s.orderNos[o.No] = o
	if o.ExternalID != "" && s.externalIDs[o.ExternalID] == nil {
		s.externalIDs[o.ExternalID] = o
	}
	if s.orders.len() > maxKept {
		oldest := s.orders.forget()
		delete(s.orderNos, oldest.No)
		if s.externalIDs[oldest.ExternalID] == oldest {
			delete(s.externalIDs, oldest.ExternalID)
		}
	}
}

// newOrderNo returns a new number in the form of the vendor's example: the time in milliseconds and four characters.
func (s *Server) newOrderNo(now time.Time) string {
	for n := uint64(s.orders.added); ; n += 1 << 32 {
		no := strconv.FormatInt(now.UnixMilli(), 10) + token(s.seed, 4, saltID, n)
		if s.orderNos[no] == nil {
			return no
		}
	}
}

// finishOrder is the task that completes or fails an order.
type finishOrder struct {
	order   *Order
	failure string // empty: the order succeeds
}

func (t *finishOrder) cause() string { return "order " + t.order.No }

func (t *finishOrder) run(s *Server, now time.Time) {
	o, failure := t.order, t.failure
	o.Completed = now
	c := &card{}
	if !s.fleet.has(o.card) {
		setDefault(&failure, "卡号不存在")
	} else if c = s.fleet.edit(o.card); c.status != StatusNormal && c.status != StatusSuspended {
		setDefault(&failure, "卡状态为"+c.status)
	}
	o.Status, o.Result = OrderDone, o.describe()
	switch {
	case failure != "":
		o.Status, o.Result = OrderFailed, o.Result+"，失败原因："+failure
		s.charge(o.entry(o.Price, now))
	case o.Type == OrderRecharge:
		c.topUp(o.product, now)
	default:
		c.renew(o, dayOf(now))
	}
	s.orderUpdate(o)
	s.sendEvent(s.orderURL, CallbackOrder, o.event())
}

// describe returns the order in words.
func (o *Order) describe() string {
	created := formatTime(o.Created)
	if o.Type == OrderRenewal {
		return fmt.Sprintf("%s于%s进行续费，周期%d，套餐%s，金额%v元", o.ICCID, created, o.Cycle, o.ProductName, o.Price)
	}
	return fmt.Sprintf("%s于%s充值流量包%s，金额%v元", o.ICCID, created, o.ProductName, o.Price)
}

// topUp adds a package that is valid until the end of the month.
func (c *card) topUp(p Product, now time.Time) {
	end := dayOf(now).month().last().end()
	c.history.packages = append(c.history.packages, FlowPackage{
		Name: p.Name, MB: p.MB, Directed: p.Directed, Start: now, End: end,
	})
	if c.reason == ReasonCardExhausted {
		c.setState(StatusNormal, "", dayOf(now))
	}
}

// renew extends the card's expiry. For an expired card it counts from today.
func (c *card) renew(o *Order, today day) {
	months := o.Months
	setDefault(&months, 12*o.Cycle)
	if c.expires != 0 { // a card without expiry keeps none
		c.extend((max(c.expires, today-1)+1).addMonths(months)-1, today)
	}
	if c.reason == ReasonPlanExpired {
		c.setState(StatusNormal, "", today)
	}
}

// extend sets the card's expiry. The days between a past expiry and today stay idle.
func (c *card) extend(expires, today day) {
	if c.expires != 0 && c.expires < today {
		c.history.addIdle(span{c.expires + 1, today - 1})
	}
	c.expires = expires
}

// event returns the event that reports the order.
func (o *Order) event() OrderEvent {
	status := 1
	if o.Status == OrderFailed {
		status = -1
	}
	return OrderEvent{
		OrderNo: o.No, OrderType: o.Type, StatusDesc: o.Status, Status: status, ICCID: o.ICCID,
		ProductName: o.ProductName, ProductPrice: float64(o.Price) / 100, Remark: o.Remark, Result: o.Result,
		CreateTime: formatTime(o.Created), CompleteTime: formatTime(o.Completed), ExternalID: o.ExternalID,
	}
}

// §2.5.5
func (s *Server) orderDetails(c *call) error {
	o := s.orderNos[c.params["orderNo"]]
	if o == nil {
		return refuse("订单不存在：%s", c.params["orderNo"])
	}
	c.out.object("details", func() {
		c.out.text("result", o.Result)
		c.out.text("orderType", o.Type)
		c.out.text("iccid", o.ICCID)
		c.out.text("createTime", formatTime(o.Created))
		c.out.text("productname", o.ProductName)
		c.out.text("orderStatus", o.Status)
		c.out.text("completeTime", formatTime(o.Completed))
		c.out.text("remark", o.Remark)
		c.out.money("productprice", o.Price)
		if o.Type == OrderRenewal {
			c.out.int("cycle", int64(o.Cycle))
		}
		if o.Type == OrderRenewal && o.Cycle == 1 {
			months := o.Months
			setDefault(&months, 12)
			c.out.int("months", int64(months))
			c.out.money("monthPrice", o.MonthPrice)
		}
		c.out.optional("externalId", o.ExternalID)
	})
	return nil
}
