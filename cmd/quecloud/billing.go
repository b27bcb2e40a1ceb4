package main

import (
	"strconv"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"github.com/quecloud/quecloud-go"
)

func billingGroup() group {
	return group{
		name: "billing", short: "Read billing groups, the account and its wallet",
		specs: []spec{
			{
				use: "groups", short: "List the billing groups", methods: []string{"billing_group.list"},
				columns: []string{"id", "name", "code", "carrier", "planName", "sharesFlow"},
				run:     slice(func(c *call) ([]quecloud.BillingGroup, error) { return c.client.Billing.Groups(c.ctx) }),
			},
			billingStats(),
			{
				use: "account", short: "Show the account and its sub-accounts", methods: []string{"account.info"},
				run: show(func(c *call) (*quecloud.Account, error) { return c.client.Billing.Account(c.ctx) }),
			},
			{
				use: "wallet", short: "Show the balance and its changes; as CSV the changes only",
				methods: []string{"wallet.details"},
				run:     run[quecloud.Wallet](showWallet),
			},
		},
	}
}

// showWallet shows the wallet, or as CSV its changes.
func showWallet(c *call) error {
	wallet, err := c.client.Billing.Wallet(c.ctx)
	switch {
	case err != nil:
		return err
	case c.output.form == formCSV:
		return slice(func(*call) ([]quecloud.WalletEntry, error) { return wallet.Entries, nil }).do(c)
	}
	return c.output.one(recordOf(wallet))
}

func billingStats() spec {
	var tree bool
	return spec{
		use: "stats GROUP", short: "Show totals over the cards of a billing group", args: cobra.ExactArgs(1),
		methods: []string{"billing_group.statistics", "billing_groups.statistics"},
		flags: func(f *pflag.FlagSet, t texts) {
			f.BoolVar(&tree, "tree", false, t.get("include the groups below"))
		},
		run: run[quecloud.GroupStatistics](func(c *call) error {
			id, err := strconv.ParseInt(c.args[0], 10, 64)
			if err != nil {
				return usageError{c.texts.get("want the number of a billing group, as quecloud billing groups shows it")}
			}
			if tree {
				return show(func(c *call) (*quecloud.GroupTreeStatistics, error) {
					return c.client.Billing.GroupTreeStatistics(c.ctx, id)
				}).do(c)
			}
			return show(func(c *call) (*quecloud.GroupStatistics, error) {
				return c.client.Billing.GroupStatistics(c.ctx, id)
			}).do(c)
		}),
	}
}
