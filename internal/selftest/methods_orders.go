package selftest

import (
	"context"

	"github.com/quecloud/quecloud-go"
)

var orderCases = []MethodCase{
	{
		Method: "company.flowpackage",
		Call:   func(ctx context.Context, c *quecloud.Client) (any, error) { return result(c.Orders.FlowPackages(ctx)) },
		Want: []quecloud.FlowPackageProduct{
			{
				ProductID: 50, ProductName: "30M-当月", Carrier: quecloud.CarrierChinaMobile, Price: Yuan("1.5"), Flow: 30,
				FlowType: quecloud.FlowTypePublic,
			},
			{
				ProductID: 52, ProductName: "1G-定向", Carrier: quecloud.CarrierChinaTelecom, Price: Yuan("11.0"), Flow: 1024,
				FlowType: quecloud.FlowTypeDirected,
			},
		},
	},
	{
		Method: "card.setmeal.product",
		Call: func(ctx context.Context, c *quecloud.Client) (any, error) {
			return result(c.Orders.RenewalProduct(ctx, quecloud.MSISDN(MSISDN3)))
		},
		Form: map[string]string{"msisdn": MSISDN3},
		Want: &quecloud.RenewalProduct{
			ProductID: 51, ProductName: "30M/月", Carrier: quecloud.CarrierChinaMobile, Price: Yuan("3.60"),
			MonthPrice: Yuan("0.30"), Flow: 30, Months: 12,
		},
	},
	{
		Method: "card.recharge",
		Call:   RechargeWith(Recharge),
		Form: map[string]string{
			"iccid": ICCID3, "productId": "52", "productName": "1G-定向", "remark": "备注 A&B", "externalId": "topup-1",
		},
		Want: &quecloud.OrderReceipt{OrderNo: "158710745072904g8", ExternalID: "topup-1"},
	},
	{
		Method: "card.recharge", Name: "with the least",
		Call: RechargeWith(quecloud.RechargeParams{Card: quecloud.ICCID(ICCID1), ProductID: 50, ProductName: "30M-当月"}),
		Form: map[string]string{"iccid": ICCID1, "productId": "50", "productName": "30M-当月"},
		Want: &quecloud.OrderReceipt{OrderNo: "158710745072904g8"},
	},
	{
		Method: "card.recharge", Name: "preverified",
		File: "card.recharge.preverify.json",
		Call: RechargeWith(quecloud.RechargeParams{
			Card: quecloud.ICCID(ICCID3), ProductID: 52, ProductName: "1G-定向", ExternalID: "topup-1", Preverify: true,
		}),
		Form: map[string]string{
			"iccid": ICCID3, "productId": "52", "productName": "1G-定向", "externalId": "topup-1", "preverify": "1",
		},
		Want: &quecloud.OrderReceipt{ExternalID: "topup-1", Preverified: true, Message: "预校验通过"},
	},
	{
		Method: "card.renewal",
		Call:   RenewWith(Renewal),
		Form: map[string]string{
			"iccid": ICCID3, "productId": "51", "productName": "30M/月", "cycle": "1", "months": "2", "remark": "一月续费",
			"externalId": "renewal-1",
		},
		Want: &quecloud.OrderReceipt{OrderNo: "158710745072904g8", ExternalID: "renewal-1"},
	},
	{
		Method: "card.renewal", Name: "with the least",
		Call: RenewWith(quecloud.RenewalParams{Card: quecloud.ICCID(ICCID1), Years: 3}),
		Form: map[string]string{"iccid": ICCID1, "cycle": "3"},
		Want: &quecloud.OrderReceipt{OrderNo: "158710745072904g8"},
	},
	{
		Method: "card.renewal", Name: "preverified",
		File: "card.renewal.preverify.json",
		Call: RenewWith(quecloud.RenewalParams{Card: quecloud.ICCID(ICCID3), Years: 1, Preverify: true}),
		Form: map[string]string{"iccid": ICCID3, "cycle": "1", "preverify": "1"},
		Want: &quecloud.OrderReceipt{Preverified: true, Message: "预校验通过"},
	},
	{
		Method: "order.details",
		Call:   getOrder,
		Form:   map[string]string{"orderNo": "158710745072904g8"},
		Want: &quecloud.Order{
			OrderNo: "158710745072904g8", Type: quecloud.OrderTypeRecharge, Status: quecloud.OrderStatusDone,
			Result: "89860412091880130003 于 2020-01-16 11:43:23 充值流量包 1G-定向, 金额 11.0 元",
			ICCID:  "89860412091880130003", ProductName: "1G-定向", ProductPrice: Yuan("11.0"),
			CreatedAt: CST(2020, 1, 16, 11, 43, 23), CompletedAt: CST(2020, 1, 16, 11, 47, 57),
		},
	},
	{
		Method: "order.details", Name: "of a renewal",
		File: "order.details.renewal.json",
		Call: getOrder,
		Form: map[string]string{"orderNo": "158710745072904g8"},
		Want: &quecloud.Order{
			OrderNo: "158710745072904g8", Type: quecloud.OrderTypeRenewal, Status: quecloud.OrderStatusDone,
			Result: "89860412091880130003 于 2020-01-16 11:43:23 进行续费, 周期 2, 套餐 30M/月, 金额 2.0 元",
			ICCID:  "89860412091880130003", ProductName: "30M/月", ProductPrice: Yuan("2.0"),
			CreatedAt: CST(2020, 1, 16, 11, 43, 23), CompletedAt: CST(2020, 1, 16, 11, 47, 57), Years: 2,
		},
	},
	{
		Method: "order.details", Name: "of a renewal by months",
		File: "order.details.renewal.months.json",
		Call: getOrder,
		Form: map[string]string{"orderNo": "158710745072904g8"},
		Want: &quecloud.Order{
			OrderNo: "158710745072904g8", Type: quecloud.OrderTypeRenewal, Status: quecloud.OrderStatusDone,
			Result: "89860412091880130003 于 2022-01-16 11:43:23 进行续费, 月数 2, 套餐 30M/月, 金额 0.6 元",
			ICCID:  "89860412091880130003", ProductName: "30M/月", ProductPrice: Yuan("0.60"),
			CreatedAt: CST(2022, 1, 16, 11, 43, 23), CompletedAt: CST(2022, 1, 16, 11, 47, 57), Remark: "一月续费",
			Years: 1, Months: 2, MonthPrice: Yuan("0.30"), ExternalID: "renewal-2022-0001",
		},
	},
}

// RechargeWith returns a call of Orders.Recharge.
func RechargeWith(params quecloud.RechargeParams) func(context.Context, *quecloud.Client) (any, error) {
	return func(ctx context.Context, c *quecloud.Client) (any, error) {
		return result(c.Orders.Recharge(ctx, &params))
	}
}

// RenewWith returns a call of Orders.Renew.
func RenewWith(params quecloud.RenewalParams) func(context.Context, *quecloud.Client) (any, error) {
	return func(ctx context.Context, c *quecloud.Client) (any, error) {
		return result(c.Orders.Renew(ctx, &params))
	}
}

func getOrder(ctx context.Context, c *quecloud.Client) (any, error) {
	return result(c.Orders.Get(ctx, "158710745072904g8"))
}
