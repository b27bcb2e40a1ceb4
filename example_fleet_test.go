package quecloud_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"os/signal"
	"time"

	"github.com/quecloud/quecloud-go"
	"github.com/quecloud/quecloud-go/quecloudtest"
)

// A sweep yields all cards, however many pages they fill.
func ExampleCardsService_All() {
	srv := quecloudtest.NewServer(quecloudtest.WithFleet(2500))
	defer srv.Close()
	client, ctx := srv.Client(), context.Background()

	normal := 0
	for card, err := range client.Cards.All(ctx, nil) {
		if failed, ok := errors.AsType[*quecloud.PageError](err); ok {
			fmt.Println("resume with PageNo", failed.Page)
		}
		if err != nil {
			fmt.Println(err)
			return
		}
		if card.Status == quecloud.CardStatusNormal {
			normal++
		}
	}
	fmt.Println(normal > 2000)
	// Output: true
}

// The program stores each page and its number in one transaction. After a restart it continues with the next page.
func ExamplePages() {
	srv := quecloudtest.NewServer(quecloudtest.WithFleet(2500))
	defer srv.Close()
	client, ctx := srv.Client(), context.Background()

	var db struct{ page, cards int } // a database
	sweep := func(powerFailsOn int) error {
		params := &quecloud.CardListParams{PageNo: db.page + 1, PageSize: 1000}
		for list, err := range quecloud.Pages(ctx, client.Cards.List, params) {
			if err != nil {
				return err
			}
			if list.Page.Number == powerFailsOn {
				return errors.New("power failure")
			}
			db.page, db.cards = list.Page.Number, db.cards+len(list.Cards) // in one transaction
			fmt.Printf("page %d, %d cards in all\n", db.page, db.cards)
		}
		return nil
	}
	fmt.Println(sweep(2))
	fmt.Println(sweep(0))
	// Output:
	// page 1, 1000 cards in all
	// power failure
	// page 2, 2000 cards in all
	// page 3, 2500 cards in all
	// <nil>
}

// Unknown cards are reported and do not end the loop.
func ExampleCardsService_AllInfo() {
	srv := quecloudtest.NewServer()
	defer srv.Close()
	client, ctx := srv.Client(), context.Background()

	cards := quecloud.MSISDNs("1064800000000", "1064812345678", "1064900000001")
	for info, err := range client.Cards.AllInfo(ctx, cards) {
		if errors.Is(err, quecloud.ErrUnknownCard) {
			fmt.Println(err)
			continue
		}
		if err != nil {
			fmt.Println(err)
			return
		}
		fmt.Println(info.MSISDN, info.Status)
	}
	// Output:
	// 1064800000000 正常
	// quecloud: cards.info: missing from the response: the platform does not know this card (card 1064812345678, 2 of 3)
	// 1064900000001 正常
}

// Each processes the output of a sweep without holding the fleet in memory.
func ExampleEach() {
	srv := quecloudtest.NewServer()
	defer srv.Close()
	client, ctx := srv.Client(), context.Background()

	var sweepErr error
	normal := func(yield func(quecloud.CardID) bool) {
		for card, err := range client.Cards.All(ctx, nil) {
			if err != nil {
				sweepErr = err
				return
			}
			if card.Status == quecloud.CardStatusNormal && !yield(card.ID()) {
				return
			}
		}
	}
	for card, err := range quecloud.Each(ctx, normal, client.Cards.Pause, quecloud.Concurrency(8)) {
		fmt.Println(card, err)
	}
	fmt.Println(sweepErr)
	// Output:
	// 89860024310000000006 <nil>
	// 8986032431000000001 <nil>
	// 89860624310000000026 <nil>
	// <nil>
}

// Items may be rows of your own. An outcome has the row and the result.
func ExampleMap() {
	srv := quecloudtest.NewServer()
	defer srv.Close()
	client, ctx := srv.Client(), context.Background()

	type device struct {
		name string
		card quecloud.CardID
	}
	devices := []device{ // from a database
		{"pump", quecloud.MSISDN("1064800000000")},
		{"gate", quecloud.MSISDN("1064812345678")},
		{"lamp", quecloud.MSISDN("1064900000001")},
	}
	status := func(ctx context.Context, d device) (*quecloud.RealtimeStatus, error) {
		return client.Cards.RealtimeStatus(ctx, d.card)
	}
	for o, err := range quecloud.Map(ctx, devices, status) {
		if err != nil {
			fmt.Printf("%s: %v\n", o.Item.name, err)
			continue
		}
		fmt.Printf("%s: %s, %.1f MB\n", o.Item.name, o.Result.Online, o.Result.UsedFlow)
	}
	// Output:
	// pump: 在线, 155.4 MB
	// gate: quecloud: card.realtimestatus 1064812345678: refused with resultCode 1: 卡号不存在：1064812345678
	// lamp: 离线, 3854.4 MB
}

// A sweep is the source of Map, and its error is not lost.
func ExampleMap_sweep() {
	srv := quecloudtest.NewServer()
	defer srv.Close()
	client, ctx := srv.Client(), context.Background()

	alarm := func(ctx context.Context, card quecloud.Card) (*quecloud.Alarm, error) {
		return client.Flow.Alarm(ctx, card.ID())
	}
	without := 0
	for o, err := range quecloud.Map(ctx, client.Cards.All(ctx, nil), alarm) {
		if failed, ok := errors.AsType[*quecloud.PageError](err); ok { // of the sweep
			fmt.Println("resume with PageNo", failed.Page)
			return
		}
		if err != nil {
			fmt.Println(o.Item.ICCID, err)
			continue
		}
		if !o.Result.AlarmOn {
			without++
		}
	}
	fmt.Println(without, "cards without an alarm")
	// Output: 12 cards without an alarm
}

// After a signal, the running pauses finish. None is in doubt, and no other starts.
func ExampleDrain() {
	srv := quecloudtest.NewServer(quecloudtest.WithFleet(100))
	defer srv.Close()
	client := srv.Client()
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()

	var cards []quecloud.CardID
	for card, err := range client.Cards.All(ctx, nil) {
		if err != nil {
			fmt.Println(err)
			return
		}
		if card.Status == quecloud.CardStatusNormal {
			cards = append(cards, card.ID())
		}
	}
	srv.Inject(quecloudtest.Latency(10 * time.Millisecond))
	inDoubt := 0
	for card, err := range quecloud.Each(ctx, cards, client.Cards.Pause, quecloud.Drain(time.Minute)) {
		switch {
		case errors.Is(err, quecloud.ErrNotStarted):
			fmt.Println("this card and those after it are not paused")
		case errors.Is(err, quecloud.ErrOutcomeUnknown):
			inDoubt++
		case err != nil:
			fmt.Println(card, err)
		}
		stop() // ends ctx, as Ctrl+C does
	}
	fmt.Println(inDoubt, "in doubt")
	// Output:
	// this card and those after it are not paused
	// 0 in doubt
}

// The platform carries out an order in the background, where it may fail.
func ExampleOrdersService_Wait() {
	srv := quecloudtest.NewServer(quecloudtest.WithOrderDelay(0))
	defer srv.Close()
	client, ctx := srv.Client(), context.Background()

	srv.FailOrders(1, "the card was given up")
	renewal := &quecloud.RenewalParams{Card: quecloud.ICCID("89860024310000000006"), Years: 1, ExternalID: "renewal-1"}
	receipt, err := client.Orders.Renew(ctx, renewal)
	if err != nil {
		fmt.Println(err)
		return
	}
	order, err := client.Orders.Wait(ctx, receipt.OrderNo)
	fmt.Println(errors.Is(err, quecloud.ErrOrderFailed), order.Status)
	// Output: true 订单失败
}

// An export lists all cards of the account as lines of text. OnStage reports its progress.
func ExampleFilesService_Export() {
	srv := quecloudtest.NewServer(quecloudtest.WithFileDelay(0))
	defer srv.Close()
	client, ctx := srv.Client(), context.Background()

	var file bytes.Buffer
	onStage := quecloud.OnStage(func(stage quecloud.ExportStage, _ int64) { fmt.Println(stage) })
	size, err := client.Files.Export(ctx, &file, onStage)
	if err != nil {
		fmt.Println(err)
		return
	}
	for row, err := range quecloud.ReadCardList(bytes.NewReader(file.Bytes()), size) {
		if err != nil {
			fmt.Println(err)
			return
		}
		if row.Line <= 2 {
			fmt.Println(row.Fields[:3])
		}
	}
	// Output:
	// started
	// prepared
	// downloading
	// done
	// [msisdn iccid imsi]
	// [1064800000000 89860024310000000006 460047000000000]
}
