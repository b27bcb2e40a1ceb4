package selftest

import (
	"context"

	"github.com/shopspring/decimal"

	"github.com/quecloud/quecloud-go"
)

var billingCases = []MethodCase{
	{
		Method: "billing_group.list",
		Call:   func(ctx context.Context, c *quecloud.Client) (any, error) { return result(c.Billing.Groups(ctx)) },
		Want: []quecloud.BillingGroup{
			{
				ID: 10, Name: "1G/月", Code: "1YY-939-2108-55", Carrier: quecloud.CarrierChinaMobile,
				ProductCode: "CN-QC-1-939-2108-55",
			},
			{
				ID: 860, Name: "NB-1 年期", Code: "3YY-122-2067-36", Carrier: quecloud.CarrierChinaTelecom,
				PlanName: "NB-1 年期", CardType: quecloud.CardTypeIndustrialMP2, ProductCode: "CN-QC-3-122-2067-36",
				SharesFlow: true,
			},
		},
		Nulls: []quecloud.BillingGroup{
			{ID: 10, Name: "1G/月", Code: "1YY-939-2108-55", Carrier: quecloud.CarrierChinaMobile},
			{
				ID: 860, Name: "NB-1 年期", Code: "3YY-122-2067-36", Carrier: quecloud.CarrierChinaTelecom,
				PlanName: "NB-1 年期", SharesFlow: true,
			},
		},
	},
	{
		Method: "billing_group.statistics",
		Call: func(ctx context.Context, c *quecloud.Client) (any, error) {
			return result(c.Billing.GroupStatistics(ctx, 860))
		},
		Form: map[string]string{"id": "860"},
		Want: &quecloud.GroupStatistics{
			Code: "1YY-939-2108-55", Name: "1G/月", UsedFlow: 438.424, TotalFlow: 1024, ResidueFlow: 585.576, CardCount: 2,
		},
	},
	{
		Method: "billing_groups.statistics",
		Call: func(ctx context.Context, c *quecloud.Client) (any, error) {
			return result(c.Billing.GroupTreeStatistics(ctx, 9223372036854775807))
		},
		Form: map[string]string{"id": "9223372036854775807"},
		Want: &quecloud.GroupTreeStatistics{
			GroupStatistics: quecloud.GroupStatistics{
				Code: "1YY-939-2108-55", Name: "1G/月", UsedFlow: 438.424, TotalFlow: 1024, ResidueFlow: 585.576, CardCount: 2,
			},
			Children: []quecloud.GroupStatistics{
				{Code: "1YY-939-2108-55", Name: "1G/月"},
				{
					Code: "1YY-939-2108-56", Name: "1G/月-南京", UsedFlow: 120.5, TotalFlow: 512, ResidueFlow: 391.5,
					CardCount: 1, SharesFlow: true,
				},
			},
		},
		Nulls: &quecloud.GroupTreeStatistics{GroupStatistics: quecloud.GroupStatistics{
			Code: "1YY-939-2108-55", Name: "1G/月", UsedFlow: 438.424, TotalFlow: 1024, ResidueFlow: 585.576, CardCount: 2,
		}},
	},
	{
		Method: "account.info",
		Call:   func(ctx context.Context, c *quecloud.Client) (any, error) { return result(c.Billing.Account(ctx)) },
		Want: &quecloud.Account{
			CompanyID: 123, CompanyName: "示例物联科技有限公司",
			Children: []quecloud.Account{
				{CompanyID: 321, CompanyName: "示例物联科技南京分公司"},
				{CompanyID: 322, CompanyName: "示例物联科技合肥分公司"},
			},
		},
		Nulls: &quecloud.Account{CompanyID: 123, CompanyName: "示例物联科技有限公司"},
	},
	{
		Method: "wallet.details",
		Call:   func(ctx context.Context, c *quecloud.Client) (any, error) { return result(c.Billing.Wallet(ctx)) },
		Want: &quecloud.Wallet{
			Balance: Yuan("237.00"),
			Entries: []quecloud.WalletEntry{
				{
					Amount: Yuan("-0.60"), Type: quecloud.WalletChangeRecharge, Time: CST(2020, 4, 17, 15, 38, 23),
					ICCID: "89860412091880130003", OrderNo: "1587109097874W73z", ProductName: "5M 当月-定向",
					ProductPrice: Yuan("1.5"),
				},
				{
					Amount: Yuan("-0.02"), Type: quecloud.WalletChangeRenewal, Time: CST(2020, 4, 17, 16, 16, 31),
					ICCID: "89860412091880130003", OrderNo: "15871113903485kS9", ProductName: "10M/月",
					ProductPrice: Yuan("0.01"), Years: 2,
				},
				{
					Amount: Yuan("500.00"), Type: quecloud.WalletChangeDeposit, Time: CST(2020, 4, 17, 15, 33, 49), Remark: "test",
				},
			},
		},
		Nulls: &quecloud.Wallet{
			Balance: Yuan("237.00"),
			Entries: []quecloud.WalletEntry{
				{
					Amount: Yuan("-0.60"), Type: quecloud.WalletChangeRecharge, Time: CST(2020, 4, 17, 15, 38, 23),
					ProductPrice: decimal.Decimal{},
				},
				{Amount: Yuan("-0.02"), Type: quecloud.WalletChangeRenewal, Time: CST(2020, 4, 17, 16, 16, 31)},
				{Amount: Yuan("500.00"), Type: quecloud.WalletChangeDeposit, Time: CST(2020, 4, 17, 15, 33, 49)},
			},
		},
	},
}
