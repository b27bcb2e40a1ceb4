package quecloudtest

import (
	"fmt"
	"slices"
	"strconv"
	"time"
)

// An Order is a top-up or a renewal.
type Order struct {
	No          string    // number of the order, the orderNo
	Type        string    // OrderRecharge or OrderRenewal
	Status      string    // OrderPending, OrderDone or OrderFailed
	Result      string    // what became of it, in words
	ICCID       string    // the card it is for
	ProductID   int64     // what was bought
	ProductName string    // what was bought
	Price       Money     // of the whole order; it was taken from the wallet, and is given back when the order fails
	MonthPrice  Money     // of a renewal
	Cycle       int       // years of a renewal
	Months      int       // of a renewal by the month, or 0
	Remark      string    // that came with the order
	ExternalID  string    // the caller's own; empty: none was given
	Created     time.Time // when it was placed
	Completed   time.Time // zero: pending

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

// mostKept is how many orders, entries of the wallet and SMS each way a server remembers: the last ones. A new order can
// have the externalId of one that was forgotten.
const mostKept = 100_000

// Orders returns all orders, oldest first; of more than 100,000 the last.
func (s *Server) Orders() []Order {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.settle()
	orders := make([]Order, s.orders.len())
	for i, o := range s.orders.all() {
		orders[i] = *o
	}
	return orders
}

// FailOrders lets the next n orders be taken and then fail for that reason, or for one of the server's own if it is empty.
// Their money comes back.
func (s *Server) FailOrders(n int, reason string) {
	setDefault(&reason, "系统处理失败") // an empty one would mean success
	s.mu.Lock()
	defer s.mu.Unlock()
	s.failing = append(s.failing, slices.Repeat([]string{reason}, max(0, n))...)
}

// orderable refuses orders for cards that none can be placed for.
func (s *Server) orderable(c *call) error {
	i, err := s.fleet.findBy(true, c.params["iccid"])
	if err != nil {
		return err
	}
	c.card = s.fleet.card(i)
	return s.expect(c, StatusNormal, StatusSuspended)
}

func (c *call) preverify() bool { return c.integer("preverify") == 1 }

// §2.5.3
func (s *Server) recharge(c *call) error {
	if done, err := s.repeated(c); done {
		return err
	}
	if err := s.orderable(c); err != nil {
		return err
	}
	p := s.product(c.integer("productId"))
	if p == nil || p.Name != c.params["productName"] {
		return refuse("产品不存在")
	}
	if p.Carrier != c.card.group.Carrier {
		return refuse("产品与卡的运营商不一致")
	}
	return s.place(c, Order{
		Type: OrderRecharge, ProductID: p.ID, ProductName: p.Name, Price: p.Price, product: *p,
	}, WalletEntry{Kind: kindRecharge, ProductPrice: p.Price})
}

// §2.5.4
func (s *Server) renew(c *call) error {
	if done, err := s.repeated(c); done {
		return err
	}
	if err := s.orderable(c); err != nil {
		return err
	}
	g := c.card.group
	if id := c.integer("productId"); id != 0 && id != g.ProductID {
		return refuse("产品不存在")
	}
	if name := c.params["productName"]; name != "" && name != g.PlanName {
		return refuse("产品不存在")
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
	return s.place(c, o, WalletEntry{Kind: kindRenewal, ProductPrice: o.Price / Money(cycle), Cycle: cycle})
}

// place takes an order and its money, or says that it would.
func (s *Server) place(c *call, o Order, entry WalletEntry) error {
	o.ExternalID, o.Remark = c.params["externalId"], c.params["remark"]
	if s.wallet.balance < o.Price {
		return refuse("余额不足")
	}
	if c.preverify() {
		c.message = "预校验通过"
		return nil
	}
	o.No = s.newOrderNo(c.now.time)
	o.card, o.ICCID = c.card.index, c.card.iccid
	o.Status, o.Created = OrderPending, c.now.time
	entry.Change, entry.Time, entry.OrderNo, entry.ICCID = -o.Price, o.Created, o.No, o.ICCID
	entry.ProductName, entry.Remark = o.ProductName, o.Remark
	s.charge(entry)
	failure := ""
	if len(s.failing) > 0 {
		failure, s.failing = s.failing[0], s.failing[1:]
	}
	s.remember(&o)
	s.at(o.Created.Add(s.orderDelay), func(now time.Time) { s.finish(&o, entry, failure, now) })
	c.out.text("orderNo", o.No)
	return nil
}

func (s *Server) remember(o *Order) {
	s.orders.add(o)
	s.orderNos[o.No] = o
	if o.ExternalID != "" && s.externalIDs[o.ExternalID] == nil {
		s.externalIDs[o.ExternalID] = o
	}
	if s.orders.len() > mostKept {
		oldest := s.orders.forget()
		delete(s.orderNos, oldest.No)
		if s.externalIDs[oldest.ExternalID] == oldest {
			delete(s.externalIDs, oldest.ExternalID)
		}
	}
}

// newOrderNo makes a number like the document's: the time in milliseconds, and four characters more.
func (s *Server) newOrderNo(now time.Time) string {
	for n := uint64(s.orders.seen); ; n += 1 << 32 {
		no := strconv.FormatInt(now.UnixMilli(), 10) + token(s.seed, 4, saltID, n)
		if s.orderNos[no] == nil {
			return no
		}
	}
}

// finish brings an order to its end.
func (s *Server) finish(o *Order, entry WalletEntry, failure string, now time.Time) {
	o.Completed = now
	c := s.fleet.edit(o.card)
	if status := c.status; failure == "" && status != StatusNormal && status != StatusSuspended {
		failure = "卡状态为" + status
	}
	what := fmt.Sprintf("%s于%s充值流量包%s，金额%v元", o.ICCID, formatTime(o.Created), o.ProductName, o.Price)
	if o.Type == OrderRenewal {
		what = fmt.Sprintf("%s于%s进行续费，周期%d，套餐%s，金额%v元", o.ICCID, formatTime(o.Created), o.Cycle, o.ProductName, o.Price)
	}
	o.Status, o.Result = OrderDone, what
	switch {
	case failure != "":
		o.Status, o.Result = OrderFailed, what+"，失败原因："+failure
		entry.Change, entry.Time = o.Price, now
		s.charge(entry)
	case o.Type == OrderRecharge:
		c.topUp(o.product, now)
	default:
		c.renew(o, dayOf(now))
	}
	s.notify(s.orderURL, o.notification(), orderSuccess)
}

// topUp gives the card a package until the end of the month.
func (c *card) topUp(p Product, now time.Time) {
	end := dayOf(now).month().last().end()
	c.history.packages = append(c.history.packages, FlowPackage{Name: p.Name, MB: p.MB, Directed: p.Directed, Start: now, End: end})
	if c.reason == ReasonCardExhausted {
		c.setState(StatusNormal, "", dayOf(now))
	}
}

// renew moves the card's expiry, counted from today where it had expired.
func (c *card) renew(o *Order, today day) {
	months := o.Months
	setDefault(&months, 12*o.Cycle)
	if c.expires != 0 { // a card without an end keeps none
		c.extend((max(c.expires, today-1)+1).addMonths(months)-1, today)
	}
	if c.reason == ReasonPlanExpired {
		c.setState(StatusNormal, "", today)
	}
}

// extend moves the card's expiry. It had no usage since the last one, if that is past.
func (c *card) extend(expires, today day) {
	if c.expires != 0 && c.expires < today {
		c.history.rest(span{c.expires + 1, today - 1})
	}
	c.expires = expires
}

func (o *Order) notification() OrderEvent {
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
		return refuse("订单不存在")
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
