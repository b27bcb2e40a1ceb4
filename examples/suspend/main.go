// Suspend suspends every card in use that has used more than a given volume this month.
//
//	go run ./examples/suspend -over 800            # shows the cards
//	go run ./examples/suspend -over 800 -apply     # suspends them
//
// You can stop it at any time: it finishes the calls under way. Run it again to continue with the cards that are still
// in use, which also settles the calls whose outcome is unknown.
//
// It needs no account: it starts a stand-in for the platform. With QUECLOUD_APP_KEY and QUECLOUD_APP_SECRET set, it
// uses the platform instead, and -apply takes real devices off the network.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"os/signal"
	"time"

	"github.com/quecloud/quecloud-go"
	"github.com/quecloud/quecloud-go/quecloudtest"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	over := flag.Float64("over", 800, "suspend cards that used more than these `MB` this month")
	apply := flag.Bool("apply", false, "suspend the cards, instead of showing them")
	flag.Parse()
	if err := run(ctx, *over, *apply, os.Stdout); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

func run(ctx context.Context, over float64, apply bool, out io.Writer) error {
	if appKey := os.Getenv("QUECLOUD_APP_KEY"); appKey != "" {
		client, err := quecloud.NewClient(appKey, os.Getenv("QUECLOUD_APP_SECRET"))
		if err != nil {
			return err
		}
		return suspend(ctx, client, over, apply, out)
	}
	srv := quecloudtest.NewServer(quecloudtest.WithFleet(300))
	defer srv.Close()
	return suspend(ctx, srv.Client(), over, apply, out)
}

// suspend shows the cards that are over a volume or suspends them. It changes nothing before it has read all cards.
func suspend(ctx context.Context, client *quecloud.Client, over float64, apply bool, out io.Writer) error {
	cards, err := cardsOver(ctx, client, over)
	if err != nil {
		return err
	}
	if !apply {
		for _, card := range cards {
			fmt.Fprintf(out, "would suspend %s, which has used %.3f MB\n", card.ICCID, card.MonthFlow)
		}
		fmt.Fprintf(out, "%d cards would be suspended. Nothing was changed: use -apply to suspend them.\n", len(cards))
		return nil
	}
	pause := func(ctx context.Context, card quecloud.Card) (struct{}, error) {
		return struct{}{}, client.Cards.Pause(ctx, card.ID())
	}
	suspended, failed, unknown := 0, 0, 0
	// When ctx ends, no more calls start and those under way go on: a call that is cut off may or may not have suspended
	// its card.
	drain := quecloud.Drain(quecloud.DefaultTimeout + 5*time.Second) // longer than a request may take
	for o, err := range quecloud.Map(ctx, cards, pause, drain) {
		switch {
		case errors.Is(err, quecloud.ErrNotStarted): // this card and all after it
		case errors.Is(err, quecloud.ErrOutcomeUnknown): // no response came: the card may be suspended
			unknown++
			fmt.Fprintf(out, "%s: unknown: %v\n", o.Item.ICCID, err)
		case err != nil: // the platform refused, or the call was not sent
			failed++
			fmt.Fprintf(out, "%s: failed: %v\n", o.Item.ICCID, err)
		default:
			suspended++
		}
	}
	fmt.Fprintf(out, "%d suspended, %d failed, %d unknown, %d not started\n",
		suspended, failed, unknown, len(cards)-suspended-failed-unknown)
	if suspended < len(cards) {
		return errors.New("not all cards are suspended: run again to continue")
	}
	return nil
}

// cardsOver returns the cards in use that are over a volume. It returns each once: a sweep can yield a card twice if
// others enter or leave the account meanwhile.
func cardsOver(ctx context.Context, client *quecloud.Client, over float64) (cards []quecloud.Card, err error) {
	seen := map[string]bool{}
	for card, err := range client.Cards.All(ctx, nil) {
		if err != nil {
			return nil, err
		}
		if card.Status == quecloud.CardStatusNormal && card.MonthFlow > over && !seen[card.ICCID] {
			seen[card.ICCID] = true
			cards = append(cards, card)
		}
	}
	return cards, nil
}
