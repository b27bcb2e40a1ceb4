package quecloudtest

import (
	"fmt"
	"time"
)

// reachable reports whether the carrier knows the card. Otherwise queries in real time fail.
func (c *card) reachable() bool { return c.status != StatusUnknown && c.status != StatusCancelled }

// online reports whether the card has a data connection, as seven of eight cards in use have.
func (s *Server) online(c *card, now instant) bool {
	status, _ := s.state(c, now)
	inUse := status == StatusNormal || status == StatusTestNormal
	return inUse && !c.gprsClosed && mix(s.seed, uint64(c.place), saltOnline)%8 != 0
}

// apns are the access points of the carriers.
var apns = map[string]string{ChinaMobile: "CMIOT", ChinaTelecom: "CTNB", ChinaUnicom: "UNIM2M"}

// §2.3.1
func (s *Server) realtimeStatus(c *call) error {
	card := &c.card
	used := s.fleet.cycleUsed(card, c.now.day)
	total := card.allowance(c.now)
	remaining := max(0, total-used)
	power, connection := "关机", "离线"
	if s.online(card, c.now) {
		power, connection = "开机工作中", "在线"
	}
	c.out.object("realTimeStatus", func() {
		c.out.bool("issuccess", card.reachable())
		c.out.text("onlinestatus", power)
		c.out.text("usedFlow", used.String()+"MB")
		c.out.text("surpFlow", remaining.String()+"MB")
		c.out.text("totalFlow", total.String()+"MB")
		c.out.text("gprsstatus", connection)
		c.out.text("ip", fmt.Sprintf("10.%d.%d.%d", card.place>>16&0xff, card.place>>8&0xff, card.place&0xff))
		c.out.volume("usedFlowb", used)
		c.out.volume("surpFlowb", remaining)
		c.out.volume("totalFlowb", total)
		c.out.text("apn", apns[card.group.Carrier])
	})
	return nil
}

// §2.3.2. The result is a code for cards of China Telecom, and an address for cards of China Mobile.
func (s *Server) location(c *call) error {
	card := &c.card
	online := s.online(card, c.now)
	h := mix(s.seed, uint64(card.place), saltOnline)
	latitude := appendFixed(nil, 31_000_000+int64(h>>8%2_000_000), 6)
	longitude := appendFixed(nil, 118_000_000+int64(h>>32%3_000_000), 6)
	if !online {
		if card.group.Carrier != ChinaTelecom {
			return refuse("定位失败")
		}
		latitude, longitude = nil, nil
	}
	c.nest(func() {
		c.out.text("MSISDN", card.msisdn)
		c.out.text("ICCID", card.iccid)
		c.out.text("LATITUDE", string(latitude))
		c.out.text("LONGITUDE", string(longitude))
		switch card.group.Carrier {
		case ChinaMobile:
			c.out.text("POSITIONRESULT", fmt.Sprintf("南京市测试街%d号", card.place+1))
		case ChinaTelecom:
			c.out.text("POSITIONRESULT", s.positionCode(card, c.now, online))
			c.out.text("MSID_TYPE", "0")
			c.out.text("MSID", card.msisdn)
			c.out.text("LOCALTIME", c.now.time.Format(layoutCompact))
		}
	})
	return nil
}

// positionCode returns China Telecom's code for the result of a search.
func (s *Server) positionCode(c *card, now instant, online bool) string {
	status, _ := s.state(c, now)
	switch {
	case online:
		return "2"
	case status == StatusNormal || status == StatusTestNormal:
		return "226" // switched off
	default:
		return "225" // suspended
	}
}

// §2.1.16. The description is a boolean, as in the example. In the field table it is text.
func (s *Server) realNameStatus(c *call) error {
	c.out.object("data", func() {
		if !c.card.reachable() {
			c.out.text("rpscode", "0001")
			c.out.bool("rspdesc", false)
			return
		}
		c.out.text("rpscode", "0000")
		c.out.bool("rspdesc", c.card.realName)
	})
	return nil
}

const registrationInterval = time.Minute

// §2.3.9. The test completes the registration with UpdateCard.
func (s *Server) realNameRegister(c *call) error {
	if c.card.group.Carrier != ChinaMobile {
		return refuse("仅支持移动卡实名认证")
	}
	if !c.card.reachable() {
		return refuse("卡状态为%s，不能办理该业务", c.card.status)
	}
	card := s.edit(c)
	if last := card.history.registeredAt; !last.IsZero() && c.now.time.Sub(last) < registrationInterval {
		return refuse("同一卡号一分钟内仅可调用一次")
	}
	card.history.registeredAt = c.now.time
	serial := c.now.time.Format(layoutCompact) + fmt.Sprintf("%08d", card.place)
	c.out.object("data", func() {
		c.out.text("busiSeq", serial)
		signature := token(s.seed, 16, saltID, uint64(card.place))
		c.out.text("url", "https://realname.invalid/signTheCheck?transactionID="+serial+"&signature="+signature)
	})
	return nil
}
