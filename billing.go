package quecloud

import (
	"context"
	"time"

	"github.com/shopspring/decimal"
)

// BillingService has the methods about billing groups, the account and its wallet.
type BillingService service

// A BillingGroup is a group of cards under one plan (计费组). CardType and ProductCode are optional in the document.
type BillingGroup struct {
	ID          int64    `json:"id" quec:"required"`        // the billingid of its cards
	Name        string   `json:"name" quec:"always"`        // name of the group
	Code        string   `json:"code" quec:"always"`        // code of the group
	Carrier     Carrier  `json:"carrier" quec:"always"`     // network operator
	PlanName    string   `json:"setMeal" quec:"always"`     // name of the plan
	CardType    CardType `json:"cardType"`                  // form of the cards
	ProductCode string   `json:"productCode"`               // product code
	SharesFlow  bool     `json:"isflowshare" quec:"always"` // the cards share their data volume
}

// Groups returns all billing groups of the account.
//
// § 2.1.1 计费组列表, fc.function.billing_group.list. It reads.
func (s *BillingService) Groups(ctx context.Context) ([]BillingGroup, error) {
	var answer struct {
		Groups []BillingGroup `json:"billingGroups" quec:"required"`
	}
	err := s.do(ctx, "fc.function.billing_group.list", nil, &answer)
	return onSuccess(answer.Groups, err)
}

// GroupStatistics are the sums over the cards of a billing group. Of which period the data volumes are the document does
// not say.
type GroupStatistics struct {
	Code        string  `json:"billingCode" quec:"always"`    // code of the group
	Name        string  `json:"billingName" quec:"always"`    // name of the group
	UsedFlow    float64 `json:"useFlow" quec:"required"`      // data used, MB
	TotalFlow   float64 `json:"sumFlow" quec:"required"`      // data in all, MB
	ResidueFlow float64 `json:"residualFlow" quec:"required"` // data left, MB
	CardCount   int64   `json:"cardSum" quec:"required"`      // number of cards
	SharesFlow  bool    `json:"isflowshare" quec:"always"`    // the cards share their data volume
}

type groupParams struct {
	ID int64 `url:"id"`
}

func (p groupParams) validate() error { return needPositive("id", p.ID) }

// GroupStatistics returns the sums over the cards of one billing group, by its ID. That the ID is above 0 is the SDK's own
// rule.
//
// § 2.1.2 计费组统计信息, fc.function.billing_group.statistics. It reads.
func (s *BillingService) GroupStatistics(ctx context.Context, id int64) (*GroupStatistics, error) {
	var answer struct {
		Data GroupStatistics `json:"data" quec:"required"`
	}
	err := s.do(ctx, "fc.function.billing_group.statistics", groupParams{id}, &answer)
	return onSuccess(&answer.Data, err)
}

// GroupTreeStatistics are the sums over the cards of a billing group, and those of the groups below it. Whether the first
// include the others the document does not say.
type GroupTreeStatistics struct {
	GroupStatistics
	Children []GroupStatistics `json:"rows"` // the groups below it (子计费组); optional
}

// GroupTreeStatistics returns the sums over the cards of one billing group, by its ID, and of the groups below it.
//
// § 2.1.3 计费组统计信息(含子计费组), fc.function.billing_groups.statistics. It reads.
func (s *BillingService) GroupTreeStatistics(ctx context.Context, id int64) (*GroupTreeStatistics, error) {
	var answer struct {
		Data GroupTreeStatistics `json:"data" quec:"required"`
	}
	err := s.do(ctx, "fc.function.billing_groups.statistics", groupParams{id}, &answer)
	return onSuccess(&answer.Data, err)
}

// An Account is a company (企业), or a sub-account (子账户) of one, at the platform. Its members are in the document's example
// only.
type Account struct {
	CompanyID   int64     `json:"companyid" quec:"required"` // the companyid of its cards
	CompanyName string    `json:"companyname"`               // its name
	Children    []Account `json:"children"`                  // its sub-accounts
}

// Account returns the company and its sub-accounts.
//
// § 2.1.17 账户信息查询, fc.function.account.info. It reads.
func (s *BillingService) Account(ctx context.Context) (*Account, error) {
	var answer struct {
		Data Account `json:"data" quec:"required"`
	}
	err := s.do(ctx, "fc.function.account.info", nil, &answer)
	return onSuccess(&answer.Data, err)
}

// A Wallet is the account's money at the platform.
type Wallet struct {
	Balance decimal.Decimal `json:"money" quec:"required"`          // what is left, CNY
	Entries []WalletEntry   `json:"billingDetails" quec:"required"` // what changed it, in the platform's order
}

// A WalletEntry is a change of the balance. In the vendor's examples a renewal with a price of 0.01 and a cycle of 2 took
// 0.02, and a top-up with a price of 1.5 took 0.60: do not work out one from the other.
type WalletEntry struct {
	Amount       decimal.Decimal `json:"changeMoney" quec:"required"`       // CNY; below 0 for money spent, above for paid in
	Type         WalletChange    `json:"handleType" quec:"always"`          // why
	Time         time.Time       `json:"handleTime,omitzero" quec:"always"` // when, China Standard Time
	ICCID        string          `json:"iccid"`                             // the card it was spent on; empty for money paid in
	OrderNo      string          `json:"orderNo"`                           // see OrdersService.Get; empty for money paid in
	ProductName  string          `json:"productName"`                       // what was bought
	ProductPrice decimal.Decimal `json:"productPrice"`                      // a price of the product, CNY; Amount is what was paid
	Years        int             `json:"cycle"`                             // cycle of a renewal, as for RenewalParams.Years: 1 also by months
	Remark       string          `json:"remark"`                            // remark of the order, or on the payment
}

// ID returns the card, by its ICCID. It is the zero CardID for money paid in. The number is as the platform spells it.
func (e WalletEntry) ID() CardID { return cardID(e.ICCID, "") }

// Wallet returns the balance of the account and the changes that led to it. How far they go back is not documented, nor
// when an order gets its entry.
//
// § 2.5.7 企业余额及明细查询, fc.function.wallet.details. It reads.
func (s *BillingService) Wallet(ctx context.Context) (*Wallet, error) {
	return fetch[Wallet](ctx, s.do, "fc.function.wallet.details", nil)
}
