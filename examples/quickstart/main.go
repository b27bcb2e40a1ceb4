// Quickstart shows a fleet: its cards, the details, usage and state of one card, and the wallet. It also verifies a
// top-up without buying it.
//
//	go run ./examples/quickstart
//
// It needs no account: it starts a stand-in for the platform. With QUECLOUD_APP_KEY and QUECLOUD_APP_SECRET set, it
// uses the platform instead, and only reads.
package main

import (
	"cmp"
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"os/signal"
	"text/tabwriter"
	"time"

	"github.com/quecloud/quecloud-go"
	"github.com/quecloud/quecloud-go/quecloudtest"
)

func main() {
	flag.Usage = func() {
		fmt.Fprintln(flag.CommandLine.Output(),
			"quickstart takes no arguments. It reads QUECLOUD_APP_KEY and QUECLOUD_APP_SECRET from the environment.")
	}
	flag.Parse()
	if flag.NArg() > 0 {
		fmt.Fprintf(os.Stderr, "unexpected argument %q\n", flag.Arg(0))
		flag.Usage()
		os.Exit(2)
	}
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	if err := run(ctx, os.Stdout, os.Getenv("QUECLOUD_APP_KEY"), os.Getenv("QUECLOUD_APP_SECRET")); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

// run shows the account of the credentials, or a stand-in if there are none.
func run(ctx context.Context, out io.Writer, appKey, secret string) error {
	if (appKey == "") != (secret == "") {
		return errors.New("set both QUECLOUD_APP_KEY and QUECLOUD_APP_SECRET, or neither")
	}
	tour := tour{out: out, now: time.Now()}
	if appKey == "" {
		srv := quecloudtest.NewServer()
		defer srv.Close()
		tour.client, tour.now, tour.mayOrder = srv.Client(), srv.Now(), true
		fmt.Fprintln(out, "No account is set: this is the fleet of a stand-in.")
	} else {
		client, err := quecloud.NewClient(appKey, secret, quecloud.WithUserAgent("quecloud-quickstart"))
		if err != nil {
			return err
		}
		tour.client = client
	}
	return tour.run(ctx)
}

// A tour shows an account, step by step.
type tour struct {
	client   *quecloud.Client
	out      io.Writer
	now      time.Time
	mayOrder bool // only on the stand-in, although nothing is bought
}

func (t *tour) run(ctx context.Context) error {
	list, err := t.client.Cards.List(ctx, &quecloud.CardListParams{PageSize: 10})
	if err != nil {
		return err
	}
	t.cards(list)
	if len(list.Cards) > 0 {
		card := list.Cards[0].ID()
		for _, step := range []func(context.Context, quecloud.CardID) error{t.details, t.usage, t.state} {
			if err := step(ctx, card); err != nil {
				return err
			}
		}
	}
	if err := t.wallet(ctx); err != nil {
		return err
	}
	if t.mayOrder {
		return t.verify(ctx, list)
	}
	return nil
}

func (t *tour) cards(list *quecloud.CardList) {
	t.heading("The first %d of %d cards", len(list.Cards), list.Page.TotalCount)
	t.table(func(w io.Writer) {
		fmt.Fprintln(w, "MSISDN\tICCID\tMB this month\texpires\tcarrier and status")
		for _, c := range list.Cards {
			fmt.Fprintf(w, "%s\t%s\t%.3f\t%s\t%s %s\n", c.MSISDN, c.ICCID, c.MonthFlow, c.ExpiryDate, c.Carrier, c.Status)
		}
	})
}

func (t *tour) details(ctx context.Context, id quecloud.CardID) error {
	card, err := t.client.Cards.Info(ctx, id)
	if err != nil {
		return err
	}
	t.heading("Card %s", id)
	t.table(func(w io.Writer) {
		fmt.Fprintf(w, "IMSI\t%s\n", card.IMSI)
		fmt.Fprintf(w, "plan\t%s, %v MB, %s\n", card.PlanName, card.PlanFlow, months(card.ServiceMonths))
		fmt.Fprintf(w, "status\t%s %s\n", card.Status, card.PauseReason)
		fmt.Fprintf(w, "used\t%.3f MB this month, %.3f MB this cycle, %.3f MB left\n",
			card.MonthFlow, card.CycleFlow, card.ResidueFlow)
		fmt.Fprintf(w, "cycle\t%s to %s\n", card.CycleStart, card.CycleEnd)
	})
	return nil
}

func (t *tour) usage(ctx context.Context, id quecloud.CardID) error {
	month := quecloud.MonthOf(t.now)
	days, err := t.client.Flow.Days(ctx, id, month)
	if err != nil {
		return err
	}
	t.heading("Its usage in %s", month)
	t.table(func(w io.Writer) {
		for _, day := range days {
			fmt.Fprintf(w, "%s\t%8.3f MB\n", day.Date, day.Flow)
		}
		if len(days) == 0 {
			fmt.Fprintln(w, "none")
		}
	})
	return nil
}

func (t *tour) state(ctx context.Context, id quecloud.CardID) error {
	t.heading("Its state now")
	status, err := t.client.Cards.RealtimeStatus(ctx, id)
	if errors.Is(err, quecloud.ErrQueryFailed) {
		fmt.Fprintln(t.out, "the platform could not find out")
		return nil
	}
	if err != nil {
		return err
	}
	t.table(func(w io.Writer) {
		fmt.Fprintf(w, "device\t%s\nsession\t%s\nIP\t%s\nAPN\t%s\n", status.Power, status.Online,
			cmp.Or(status.IP, "none"), cmp.Or(status.APN, "none"))
	})
	return nil
}

func (t *tour) wallet(ctx context.Context) error {
	wallet, err := t.client.Billing.Wallet(ctx)
	if err != nil {
		return err
	}
	t.heading("The wallet")
	t.table(func(w io.Writer) {
		fmt.Fprintf(w, "balance\t%s CNY\nchanges\t%d\n", wallet.Balance.StringFixed(2), len(wallet.Entries))
	})
	return nil
}

// verify checks whether the platform would accept a top-up, without buying it.
func (t *tour) verify(ctx context.Context, list *quecloud.CardList) error {
	products, err := t.client.Orders.FlowPackages(ctx)
	if err != nil {
		return err
	}
	t.heading("A top-up, verified only")
	for _, card := range list.Cards {
		for _, product := range products {
			if card.Carrier != product.Carrier || card.Status != quecloud.CardStatusNormal {
				continue
			}
			receipt, err := t.client.Orders.Recharge(ctx, &quecloud.RechargeParams{
				Card: card.ID(), ProductID: product.ProductID, ProductName: product.ProductName, Preverify: true,
			})
			if err != nil {
				return err
			}
			t.table(func(w io.Writer) {
				fmt.Fprintf(w, "card\t%s\nproduct\t%s\nprice\t%s CNY\nresult\t%s\n", card.ICCID, product.ProductName,
					product.Price.StringFixed(2), receipt.Message)
			})
			return nil
		}
	}
	fmt.Fprintln(t.out, "no product fits any card")
	return nil
}

func months(n int) string {
	if n == 1 {
		return "1 month"
	}
	return fmt.Sprintf("%d months", n)
}

func (t *tour) heading(format string, args ...any) {
	fmt.Fprintf(t.out, "\n"+format+"\n", args...)
}

// table aligns cells. It counts one column per character, but Chinese characters take two: put them last.
func (t *tour) table(rows func(io.Writer)) {
	w := tabwriter.NewWriter(t.out, 0, 0, 2, ' ', 0)
	rows(w)
	_ = w.Flush() // to a terminal or a test
}
