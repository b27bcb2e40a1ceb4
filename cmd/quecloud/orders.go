package main

import (
	"context"
	"fmt"
	"time"

	"github.com/shopspring/decimal"
	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"github.com/quecloud/quecloud-go"
)

func ordersGroup() group {
	return group{
		name: "orders", short: "Buy top-ups and renewals, and follow orders",
		specs: []spec{
			{
				use: "packages", short: "List the data packages on sale", methods: []string{"company.flowpackage"},
				run: slice(func(c *call) ([]quecloud.FlowPackageProduct, error) { return c.client.Orders.FlowPackages(c.ctx) }),
			},
			{
				use: "renewal CARD…", short: "Show the plans and prices for the renewal of cards",
				methods: []string{"card.setmeal.product"}, cards: true,
				run: perCard(func(c *call) func(context.Context, quecloud.CardID) (*quecloud.RenewalProduct, error) {
					return c.client.Orders.RenewalProduct
				}),
			},
			topUp(),
			renew(),
			{
				use: "get ORDER", short: "Show an order", args: cobra.ExactArgs(1), methods: []string{"order.details"},
				run: show(func(c *call) (*quecloud.Order, error) { return c.client.Orders.Get(c.ctx, c.args[0]) }),
			},
			{
				use: "wait ORDER", short: "Wait until an order is done or has failed", args: cobra.ExactArgs(1),
				methods: []string{"order.details"},
				run: run[quecloud.Order](func(c *call) error {
					order, err := c.client.Orders.Wait(c.ctx, c.args[0])
					if order != nil {
						if err := c.output.one(recordOf(order)); err != nil {
							return err
						}
					}
					return err
				}),
			},
			ordersFind(),
		},
	}
}

func ordersFind() spec {
	var params quecloud.FindParams
	var since string
	return spec{
		use: "find CARD --since TIME", short: "Look for the order of a purchase whose response was lost",
		args:    cobra.ExactArgs(1),
		methods: []string{"wallet.details", "order.details"},
		columns: []string{"match", "orderNo", "type", "status", "productName", "createdAt", "remark", "externalID"},
		flags: func(f *pflag.FlagSet, t texts) {
			f.StringVar(&params.ExternalID, "external-id", "", t.get("external ID of the purchase"))
			f.StringVar(&since, "since", "",
				t.get("time before the purchase, such as 2026-11-29T08:00:00 (China Standard Time)"))
		},
		run: run[foundOrder](func(c *call) (err error) {
			if params.Card, err = quecloud.ParseCardID(c.args[0]); err != nil {
				return usageError{err.Error()}
			}
			if params.Since, err = parseTime(since); err != nil {
				return usageError{fmt.Sprintf(c.texts.get("--since %s: want a time such as 2026-11-29T08:00:00"), since)}
			}
			found, err := c.client.Orders.Find(c.ctx, &params)
			if found != nil {
				if err := c.output.rows(foundRows(found), c.columns); err != nil {
					return err
				}
			}
			return err
		}),
	}
}

// A foundOrder is an order that Orders.Find returns.
type foundOrder struct {
	Match string // yes, candidate or unread
	quecloud.Order
}

func foundRows(found *quecloud.FoundOrders) func(func(record, error) bool) {
	var rows []foundOrder
	for _, order := range found.Matches {
		rows = append(rows, foundOrder{"yes", order})
	}
	for _, order := range found.Candidates {
		rows = append(rows, foundOrder{"candidate", order})
	}
	for _, number := range found.Unread {
		rows = append(rows, foundOrder{"unread", quecloud.Order{OrderNo: number}})
	}
	return func(yield func(record, error) bool) {
		for _, row := range rows {
			if !yield(recordOf(row), nil) {
				return
			}
		}
	}
}

// parseTime parses a time with a zone, or one in China.
func parseTime(s string) (time.Time, error) {
	if t, err := time.Parse(time.RFC3339, s); err == nil {
		return t, nil
	}
	return time.ParseInLocation("2006-01-02T15:04:05", s, quecloud.ChinaStandardTime)
}

func topUp() spec {
	var product int64
	var p purchaseFlags
	return spec{
		use: "top-up CARD… --product ID", short: "Buy a data package for cards",
		methods: []string{"card.recharge", "company.flowpackage", "wallet.details", "order.details"}, cards: true, asks: true,
		columns: purchaseColumns,
		flags: func(f *pflag.FlagSet, t texts) {
			f.Int64Var(&product, "product", 0, t.get("number of the data package, as quecloud orders packages shows it"))
			p.flags(f, t)
		},
		run: run[purchaseRow](func(c *call) error {
			products, err := c.client.Orders.FlowPackages(c.ctx)
			if err != nil {
				return err
			}
			for _, offer := range products {
				if offer.ProductID == product {
					want := purchase{Kind: kindTopUp, ProductID: product, ProductName: offer.ProductName, Remark: p.remark}
					return c.buy(p, func(context.Context, quecloud.CardID) (priced, error) {
						return priced{want, offer.Price}, nil
					})
				}
			}
			return usageError{fmt.Sprintf(c.texts.get("there is no data package %d: quecloud orders packages lists them"),
				product)}
		}),
	}
}

func renew() spec {
	var years, months int
	var p purchaseFlags
	return spec{
		use: "renew CARD… --years N", short: "Buy more time on the plans of cards",
		methods: []string{"card.renewal", "card.setmeal.product", "wallet.details", "order.details"}, cards: true, asks: true,
		columns: purchaseColumns,
		flags: func(f *pflag.FlagSet, t texts) {
			f.IntVar(&years, "years", 0, t.get("years of 12 months"))
			f.IntVar(&months, "months", 0, t.get("months instead of years, 1 to 12; for some companies only"))
			p.flags(f, t)
		},
		run: run[purchaseRow](func(c *call) error {
			if (years > 0) == (months > 0) {
				return usageError{c.texts.get("want either --years or --months")}
			}
			return c.buy(p, func(ctx context.Context, card quecloud.CardID) (priced, error) {
				offer, err := c.client.Orders.RenewalProduct(ctx, card)
				if err != nil {
					return priced{}, err
				}
				price := offer.Price.Mul(decimal.NewFromInt(int64(years)))
				if months > 0 {
					price = offer.MonthPrice.Mul(decimal.NewFromInt(int64(months)))
				}
				return priced{purchase{
					Kind: kindRenewal, ProductID: offer.ProductID, ProductName: offer.ProductName,
					Years: years, Months: months, Remark: p.remark,
				}, price}, nil
			})
		}),
	}
}
