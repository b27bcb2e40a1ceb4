package quecloud

import (
	"context"
	"time"

	"github.com/shopspring/decimal"
)

// BillingService reads billing groups, the account and its wallet.
type BillingService service

// A BillingGroup is a group of cards on one plan (计费组). CardType and ProductCode are optional in the document.
type BillingGroup struct {
	ID          int64    `json:"id" quec:"required"`        // BillingID of its cards
	Name        string   `json:"name" quec:"always"`        // name of the group
	Code        string   `json:"code" quec:"always"`        // code of the group
	Carrier     Carrier  `json:"carrier" quec:"always"`     // network operator
	PlanName    string   `json:"setMeal" quec:"always"`     // name of the plan
	CardType    CardType `json:"cardType"`                  // form factor of the cards
	ProductCode string   `json:"productCode"`               // product code
	SharesFlow  bool     `json:"isflowshare" quec:"always"` // whether the cards share their data volume
}

// Groups returns all billing groups of the account.
//
// § 2.1.1 计费组列表, fc.function.billing_group.list. It reads.
func (s *BillingService) Groups(ctx context.Context) ([]BillingGroup, error) {
	var response struct {
		Groups []BillingGroup `json:"billingGroups" quec:"required"`
	}
	err := s.do(ctx, "fc.function.billing_group.list", nil, &response)
	return onSuccess(response.Groups, err)
}

// GroupStatistics has totals over the cards of a billing group. The document does not say which period the data volumes
// cover.
type GroupStatistics struct {
	Code        string  `json:"billingCode" quec:"always"`    // code of the group
	Name        string  `json:"billingName" quec:"always"`    // name of the group
	UsedFlow    float64 `json:"useFlow" quec:"required"`      // data used, MB
	TotalFlow   float64 `json:"sumFlow" quec:"required"`      // total data, MB
	ResidueFlow float64 `json:"residualFlow" quec:"required"` // data left, MB
	CardCount   int64   `json:"cardSum" quec:"required"`      // number of cards
	SharesFlow  bool    `json:"isflowshare" quec:"always"`    // whether the cards share their data volume
}

type groupParams struct {
	ID int64 `url:"id"`
}

func (p groupParams) validate() error { return needPositive("id", p.ID) }

// GroupStatistics returns totals over the cards of the billing group with the given ID. It is the SDK's own rule that
// IDs are positive.
//
// § 2.1.2 计费组统计信息, fc.function.billing_group.statistics. It reads.
func (s *BillingService) GroupStatistics(ctx context.Context, id int64) (*GroupStatistics, error) {
	var response struct {
		Data GroupStatistics `json:"data" quec:"required"`
	}
	err := s.do(ctx, "fc.function.billing_group.statistics", groupParams{id}, &response)
	return onSuccess(&response.Data, err)
}

// GroupTreeStatistics has the totals of a billing group and of its subgroups. The document does not say whether the
// totals of the group include those of its subgroups.
type GroupTreeStatistics struct {
	GroupStatistics
	Children []GroupStatistics `json:"rows"` // subgroups (子计费组); optional
}

// GroupTreeStatistics returns the totals of the billing group with the given ID and of its subgroups.
//
// § 2.1.3 计费组统计信息(含子计费组), fc.function.billing_groups.statistics. It reads.
func (s *BillingService) GroupTreeStatistics(ctx context.Context, id int64) (*GroupTreeStatistics, error) {
	var response struct {
		Data GroupTreeStatistics `json:"data" quec:"required"`
	}
	err := s.do(ctx, "fc.function.billing_groups.statistics", groupParams{id}, &response)
	return onSuccess(&response.Data, err)
}

// An Account is a company (企业) on the platform or one of its sub-accounts (子账户). The document has its fields only in an
// example.
type Account struct {
	CompanyID   int64     `json:"companyid" quec:"required"` // CompanyID of its cards
	CompanyName string    `json:"companyname"`               // name of the company
	Children    []Account `json:"children"`                  // sub-accounts
}

// Account returns the company and its sub-accounts.
//
// § 2.1.17 账户信息查询, fc.function.account.info. It reads.
func (s *BillingService) Account(ctx context.Context) (*Account, error) {
	var response struct {
		Data Account `json:"data" quec:"required"`
	}
	err := s.do(ctx, "fc.function.account.info", nil, &response)
	return onSuccess(&response.Data, err)
}

// A Wallet is the balance of an account with its changes.
type Wallet struct {
	Balance decimal.Decimal `json:"money" quec:"required"`          // balance, CNY
	Entries []WalletEntry   `json:"billingDetails" quec:"required"` // changes of the balance, in the platform's order
}

// EntriesOf returns the entries of an order, in the platform's order. Numbers are case-sensitive. An order that has
// failed may have an entry for the payment and one for its return; the document does not say.
func (w *Wallet) EntriesOf(orderNo string) []WalletEntry {
	var entries []WalletEntry
	for _, e := range w.Entries {
		if e.OrderNo == orderNo && orderNo != "" {
			entries = append(entries, e)
		}
	}
	return entries
}

// A WalletEntry is a change of the balance. Do not compute Amount from ProductPrice: in the vendor's examples a renewal
// with a price of 0.01 and a cycle of 2 cost 0.02, and a top-up with a price of 1.5 cost 0.60.
type WalletEntry struct {
	Amount       decimal.Decimal `json:"changeMoney" quec:"required"`       // CNY; negative for purchases
	Type         WalletChange    `json:"handleType" quec:"always"`          // type of the change
	Time         time.Time       `json:"handleTime,omitzero" quec:"always"` // time of the change, China Standard Time
	ICCID        string          `json:"iccid"`                             // card of the order; empty for deposits
	OrderNo      string          `json:"orderNo"`                           // for OrdersService.Get; empty for deposits
	ProductName  string          `json:"productName"`                       // product that was bought
	ProductPrice decimal.Decimal `json:"productPrice"`                      // a price of the product, CNY
	Years        int             `json:"cycle"`                             // for a renewal; 1 for one by months
	Remark       string          `json:"remark"`                            // remark of the order or the deposit
}

// ID returns the card by its ICCID, in the platform's spelling. It returns the zero CardID for deposits.
func (e WalletEntry) ID() CardID { return cardID(e.ICCID, "") }

// Wallet returns the balance of the account and its changes. The document does not say how far back the changes go, nor
// when an order gets an entry.
//
// § 2.5.7 企业余额及明细查询, fc.function.wallet.details. It reads.
func (s *BillingService) Wallet(ctx context.Context) (*Wallet, error) {
	return fetch[Wallet](ctx, s.do, "fc.function.wallet.details", nil)
}
