package quecloudtest

import (
	"fmt"
	"slices"
)

// The carriers, as the protocol writes them (§1.8).
const (
	ChinaMobile  = "中国移动"
	ChinaTelecom = "中国电信"
	ChinaUnicom  = "中国联通"
)

// A Group is a billing group with its plan.
type Group struct {
	ID          int64  `json:"id"`          // billingid of its cards
	Parent      int64  `json:"parent"`      // ID of the parent group, or 0
	Name        string `json:"name"`        // name of the group
	Code        string `json:"code"`        // code of the group
	Carrier     string `json:"carrier"`     // ChinaMobile, ChinaTelecom or ChinaUnicom
	ProductCode string `json:"productCode"` // code of the plan
	NetworkType string `json:"networkType"` // 4G or NB
	CardType    string `json:"cardType"`    // may be empty
	Shared      bool   `json:"shared"`      // the cards share their data (流量池); none is suspended for its own usage

	PlanName     string `json:"planName"`     // name of the plan
	PlanMB       int64  `json:"planMB"`       // data per card and cycle, MB; 0: no limit
	CycleMonths  int    `json:"cycleMonths"`  // length of a cycle: 1 or 12
	VoiceMinutes int    `json:"voiceMinutes"` // voice per card and month; 0: no voice

	ProductID  int64 `json:"productID"`  // productId of a renewal
	MonthPrice Money `json:"monthPrice"` // price of one month
}

// yearPrice returns the price of twelve months.
func (g *Group) yearPrice() Money { return 12 * g.MonthPrice }

// defaultGroups returns the groups of a new server: all carriers, a child, a pool, a yearly plan.
func defaultGroups() []*Group {
	return []*Group{
		{
			ID: 10, Name: "1G/月", Code: "1YY-939-2108-55", Carrier: ChinaMobile, ProductCode: "CN-QC-1-939-2108-55",
			NetworkType: "4G", CardType: "工业标准(MP2)", PlanName: "1G/月", PlanMB: 1024, CycleMonths: 1, VoiceMinutes: 300,
			ProductID: 151, MonthPrice: 8 * Yuan,
		},
		{
			ID: 860, Name: "NB-1年期", Code: "3YY-122-2067-36", Carrier: ChinaTelecom, ProductCode: "CN-QC-3-122-2067-36",
			NetworkType: "NB", CardType: "工业贴片 MS1 5mm*6mm", PlanName: "NB-1年期", PlanMB: 20000, CycleMonths: 12,
			ProductID: 152, MonthPrice: 50 * Fen,
		},
		{
			ID: 20, Name: "2G/月-共享", Code: "2YY-415-3301-07", Carrier: ChinaUnicom, ProductCode: "CN-QC-2-415-3301-07",
			NetworkType: "4G", CardType: "标准双切(STD+MICRO)", Shared: true, PlanName: "2G/月", PlanMB: 2048, CycleMonths: 1,
			ProductID: 153, MonthPrice: 12 * Yuan,
		},
		{
			ID: 11, Parent: 10, Name: "30M/月", Code: "1YY-939-2108-56", Carrier: ChinaMobile, ProductCode: "CN-QC-1-939-2108-56",
			NetworkType: "4G", CardType: "工业标准(MP2)", PlanName: "30M/月", PlanMB: 30, CycleMonths: 1,
			ProductID: 51, MonthPrice: 30 * Fen,
		},
	}
}

// AddGroup adds a billing group and returns it. The ID must be new; Parent must be 0 or the ID of a group. AddGroup
// fills in empty fields: ID, Name, Code, Carrier, ProductCode, NetworkType, PlanName, CycleMonths, ProductID. It
// panics when the group is invalid.
func (s *Server) AddGroup(g Group) Group {
	s.mu.Lock()
	defer s.mu.Unlock()
	if err := s.addGroup(&g); err != nil {
		panic("quecloudtest: AddGroup: " + err.text)
	}
	s.settingsUpdate()
	return g
}

// Groups returns the billing groups, in the order in which they were added.
func (s *Server) Groups() []Group {
	defer s.lock(true)()
	groups := make([]Group, len(s.groups))
	for i, g := range s.groups {
		groups[i] = *g
	}
	return groups
}

// fillGroup sets the empty fields of a group.
func (s *Server) fillGroup(g *Group) {
	if g.ID == 0 {
		g.ID = 1
		for _, other := range s.groups {
			g.ID = max(g.ID, other.ID+1)
		}
	}
	setDefault(&g.Carrier, ChinaMobile)
	setDefault(&g.Code, fmt.Sprintf("9YY-%d", g.ID))
	setDefault(&g.ProductCode, "CN-QC-"+g.Code)
	setDefault(&g.NetworkType, "4G")
	setDefault(&g.PlanName, fmt.Sprintf("%dM/月", g.PlanMB))
	setDefault(&g.Name, g.PlanName)
	setDefault(&g.CycleMonths, 1)
	setDefault(&g.ProductID, 1000+g.ID)
}

// addGroup adds a group unless it is invalid.
func (s *Server) addGroup(g *Group) *memberError {
	s.fillGroup(g)
	switch {
	case s.group(g.ID) != nil:
		return invalid("id", "the group %d exists", g.ID)
	case g.Parent != 0 && s.group(g.Parent) == nil:
		return invalid("parent", "no parent group %d", g.Parent)
	case !slices.Contains([]string{ChinaMobile, ChinaTelecom, ChinaUnicom}, g.Carrier):
		return invalid("carrier", "invalid carrier %s", g.Carrier)
	case g.CycleMonths != 1 && g.CycleMonths != 12:
		return invalid("cycleMonths", "a cycle of %d months, want 1 or 12", g.CycleMonths)
	case g.PlanMB < 0 || g.PlanMB > maxMB:
		return invalid("planMB", "a plan of %d MB, want 0 to %d", g.PlanMB, maxMB)
	case g.VoiceMinutes < 0 || g.VoiceMinutes > maxMB:
		return invalid("voiceMinutes", "%d minutes, want 0 to %d", g.VoiceMinutes, maxMB)
	case g.MonthPrice < 0 || g.MonthPrice > maxMoney:
		return invalid("monthPrice", "%v yuan, want 0 to %v", g.MonthPrice, maxMoney)
	}
	s.groups = append(s.groups, g)
	return nil
}

// A memberError is an invalid value, and the member that has it in JSON.
type memberError struct{ member, text string }

func (e *memberError) Error() string { return e.text }

func invalid(member, format string, args ...any) *memberError {
	return &memberError{member, fmt.Sprintf(format, args...)}
}

// setDefault sets a zero value.
func setDefault[T comparable](v *T, to T) {
	var zero T
	if *v == zero {
		*v = to
	}
}

func (s *Server) group(id int64) *Group {
	for _, g := range s.groups {
		if g.ID == id {
			return g
		}
	}
	return nil
}

// §2.1.1
func (s *Server) groupList(c *call) error {
	c.out.list("billingGroups", func() {
		for _, g := range s.groups {
			c.out.object("", func() {
				c.out.int("id", g.ID)
				c.out.text("name", g.Name)
				c.out.text("code", g.Code)
				c.out.text("carrier", g.Carrier)
				c.out.text("setMeal", g.PlanName)
				c.out.optional("cardType", g.CardType)
				c.out.text("productCode", g.ProductCode)
				c.out.flag("isflowshare", g.Shared)
			})
		}
	})
	return nil
}

// §2.1.2
func (s *Server) groupStatistics(c *call) error {
	g := s.group(c.integer("id"))
	if g == nil {
		return refuse("计费组不存在：%s", c.params["id"])
	}
	c.out.object("data", func() { s.encodeSum(c, g) })
	return nil
}

// §2.1.3
func (s *Server) groupTreeStatistics(c *call) error {
	g := s.group(c.integer("id"))
	if g == nil {
		return refuse("计费组不存在：%s", c.params["id"])
	}
	c.out.object("data", func() {
		s.encodeSum(c, g)
		c.out.list("rows", func() {
			for _, child := range s.groups {
				if child.Parent == g.ID {
					c.out.object("", func() { s.encodeSum(c, child) })
				}
			}
		})
	})
	return nil
}

// encodeSum writes the sums of the cards of a group without its children.
func (s *Server) encodeSum(c *call, g *Group) {
	places := s.fleet.places(ofGroup(g))
	var used, total volume
	for _, i := range places {
		card := s.fleet.cardWithoutNumbers(int(i))
		used += s.fleet.cycleUsed(&card, c.now.day)
		total += card.allowance(c.now)
	}
	c.out.text("billingCode", g.Code)
	c.out.text("billingName", g.Name)
	c.out.volume("useFlow", used)
	c.out.volume("sumFlow", total)
	c.out.volume("residualFlow", max(0, total-used))
	c.out.int("cardSum", int64(len(places)))
	c.out.flag("isflowshare", g.Shared)
}

// The company of the account, and its sub-account (§2.1.17).
const (
	CompanyID    int64 = 123
	SubAccountID int64 = 321
)

// §2.1.17
func (s *Server) accountInfo(c *call) error {
	c.out.object("data", func() {
		c.out.int("companyid", CompanyID)
		c.out.text("companyname", "测试企业")
		c.out.list("children", func() {
			c.out.object("", func() {
				c.out.int("companyid", SubAccountID)
				c.out.text("companyname", "测试子企业")
			})
		})
	})
	return nil
}
