package quecloud_test

import (
	"context"

	"github.com/shopspring/decimal"

	"github.com/quecloud/quecloud-go"
)

var billingRows = []methodRow{
	{
		method: "billing_group.list",
		call:   func(ctx context.Context, c *quecloud.Client) (any, error) { return result(c.Billing.Groups(ctx)) },
		want: []quecloud.BillingGroup{
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
		nulls: []quecloud.BillingGroup{
			{ID: 10, Name: "1G/月", Code: "1YY-939-2108-55", Carrier: quecloud.CarrierChinaMobile},
			{
				ID: 860, Name: "NB-1 年期", Code: "3YY-122-2067-36", Carrier: quecloud.CarrierChinaTelecom,
				PlanName: "NB-1 年期", SharesFlow: true,
			},
		},
	},
	{
		method: "billing_group.statistics",
		call: func(ctx context.Context, c *quecloud.Client) (any, error) {
			return result(c.Billing.GroupStatistics(ctx, 860))
		},
		form: map[string]string{"id": "860"},
		want: &quecloud.GroupStatistics{
			Code: "1YY-939-2108-55", Name: "1G/月", UsedFlow: 438.424, TotalFlow: 1024, ResidueFlow: 585.576, CardCount: 2,
		},
	},
	{
		method: "billing_groups.statistics",
		call: func(ctx context.Context, c *quecloud.Client) (any, error) {
			return result(c.Billing.GroupTreeStatistics(ctx, 9223372036854775807))
		},
		form: map[string]string{"id": "9223372036854775807"},
		want: &quecloud.GroupTreeStatistics{
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
		nulls: &quecloud.GroupTreeStatistics{GroupStatistics: quecloud.GroupStatistics{
			Code: "1YY-939-2108-55", Name: "1G/月", UsedFlow: 438.424, TotalFlow: 1024, ResidueFlow: 585.576, CardCount: 2,
		}},
	},
	{
		method: "account.info",
		call:   func(ctx context.Context, c *quecloud.Client) (any, error) { return result(c.Billing.Account(ctx)) },
		want: &quecloud.Account{
			CompanyID: 123, CompanyName: "示例物联科技有限公司",
			Children: []quecloud.Account{
				{CompanyID: 321, CompanyName: "示例物联科技南京分公司"},
				{CompanyID: 322, CompanyName: "示例物联科技合肥分公司"},
			},
		},
		nulls: &quecloud.Account{CompanyID: 123, CompanyName: "示例物联科技有限公司"},
	},
	{
		method: "wallet.details",
		call:   func(ctx context.Context, c *quecloud.Client) (any, error) { return result(c.Billing.Wallet(ctx)) },
		want: &quecloud.Wallet{
			Balance: yuan("237.00"),
			Entries: []quecloud.WalletEntry{
				{
					Amount: yuan("-0.60"), Type: quecloud.WalletChangeRecharge, Time: cst(2020, 4, 17, 15, 38, 23),
					ICCID: "89860412091880130003", OrderNo: "1587109097874W73z", ProductName: "5M 当月-定向",
					ProductPrice: yuan("1.5"),
				},
				{
					Amount: yuan("-0.02"), Type: quecloud.WalletChangeRenewal, Time: cst(2020, 4, 17, 16, 16, 31),
					ICCID: "89860412091880130003", OrderNo: "15871113903485kS9", ProductName: "10M/月",
					ProductPrice: yuan("0.01"), Years: 2,
				},
				{
					Amount: yuan("500.00"), Type: quecloud.WalletChangeDeposit, Time: cst(2020, 4, 17, 15, 33, 49), Remark: "test",
				},
			},
		},
		nulls: &quecloud.Wallet{
			Balance: yuan("237.00"),
			Entries: []quecloud.WalletEntry{
				{
					Amount: yuan("-0.60"), Type: quecloud.WalletChangeRecharge, Time: cst(2020, 4, 17, 15, 38, 23),
					ProductPrice: decimal.Decimal{},
				},
				{Amount: yuan("-0.02"), Type: quecloud.WalletChangeRenewal, Time: cst(2020, 4, 17, 16, 16, 31)},
				{Amount: yuan("500.00"), Type: quecloud.WalletChangeDeposit, Time: cst(2020, 4, 17, 15, 33, 49)},
			},
		},
	},
}

// yuan is an amount, with the digits as the answer writes them: require.Equal tells 237.00 from 237.
func yuan(amount string) decimal.Decimal { return decimal.RequireFromString(amount) }
