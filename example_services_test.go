package quecloud_test

import (
	"context"
	"database/sql/driver"
	"errors"
	"fmt"
	"log"
	"os"
	"time"

	"github.com/quecloud/quecloud-go"
	"github.com/quecloud/quecloud-go/quecloudtest"
)

// Look up, suspend and resume a card by its ICCID or MSISDN.
func ExampleCardsService() {
	srv := quecloudtest.NewServer()
	defer srv.Close()
	client, ctx := srv.Client(), context.Background()

	card, err := quecloud.ParseCardID("89860024310000000006") // an ICCID; an MSISDN would do as well
	if err != nil {
		log.Fatal(err)
	}
	info, err := client.Cards.Info(ctx, card)
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(info.MSISDN, info.Carrier, info.Status, info.PlanFlow, "MB")

	if err := client.Cards.Pause(ctx, card); err != nil { // cuts off its device
		log.Fatal(err)
	}
	if err := client.Cards.Resume(ctx, card); err != nil {
		log.Fatal(err)
	}
	// Output: 1064800000000 中国移动 正常 1024 MB
}

// Look up several cards in one call. The result should omit a card that the platform does not know.
func ExampleCardsService_InfoBatch() {
	srv := quecloudtest.NewServer()
	defer srv.Close()
	client, ctx := srv.Client(), context.Background()

	infos, err := client.Cards.InfoBatch(ctx, quecloud.MSISDNs("1064800000000", "1064812345678"))
	if err != nil {
		log.Fatal(err)
	}
	for _, info := range infos {
		fmt.Println(info.MSISDN, info.Status)
	}
	// Output: 1064800000000 正常
}

// Query whether a device is online. The query of the carrier may fail for a while, although the platform responds.
func ExampleCardsService_RealtimeStatus() {
	srv := quecloudtest.NewServer()
	defer srv.Close()
	client, ctx := srv.Client(), context.Background()
	card := srv.AddCard(quecloudtest.Card{Status: quecloudtest.StatusUnknown})

	status, err := client.Cards.RealtimeStatus(ctx, card.ID())
	switch {
	case errors.Is(err, quecloud.ErrQueryFailed):
		fmt.Println("ask again later")
	case err != nil:
		log.Fatal(err)
	default:
		fmt.Println(status.Power, status.Online, status.IP)
	}
	// Output: ask again later
}

// Read the daily data usage of a card, in MB.
func ExampleFlowService() {
	srv := quecloudtest.NewServer(quecloudtest.WithTime(time.Date(2026, 11, 2, 9, 0, 0, 0, quecloud.ChinaStandardTime)))
	defer srv.Close()
	client, ctx := srv.Client(), context.Background()
	srv.SetUsage("1064800000000", "2026-11-01", 2.5)
	srv.SetUsage("1064800000000", "2026-11-02", 0.25)

	days, err := client.Flow.Days(ctx, quecloud.MSISDN("1064800000000"), quecloud.Month{Year: 2026, Month: time.November})
	if err != nil {
		log.Fatal(err)
	}
	for _, day := range days {
		fmt.Println(day.Date, day.Flow, "MB")
	}
	// Output:
	// 2026-11-01 2.5 MB
	// 2026-11-02 0.25 MB
}

// Read the previous month, and show each of its days: the platform may leave out days without usage.
func ExampleMonth_Days() {
	srv := quecloudtest.NewServer(quecloudtest.WithTime(time.Date(2026, 3, 2, 9, 0, 0, 0, quecloud.ChinaStandardTime)))
	defer srv.Close()
	client, ctx := srv.Client(), context.Background()
	card := srv.AddCard(quecloudtest.Card{})
	srv.SetUsage(card.ICCID, "2026-02-27", 2.5)

	month := quecloud.MonthOf(srv.Now()).AddMonths(-1)
	days, err := client.Flow.Days(ctx, card.ID(), month)
	if err != nil {
		log.Fatal(err)
	}
	used := map[quecloud.Date]float64{}
	for _, day := range days {
		used[day.Date] = day.Flow
	}
	for day := range month.Days() {
		if day.DaysSince(month.Day(1)) >= 25 {
			fmt.Println(day, used[day], "MB")
		}
	}
	fmt.Println(month.LastDay().Day, "days")
	// Output:
	// 2026-02-26 0 MB
	// 2026-02-27 2.5 MB
	// 2026-02-28 0 MB
	// 28 days
}

// Find the cards that are in service and expire within 30 days.
func ExampleCard_DaysLeft() {
	srv := quecloudtest.NewServer(quecloudtest.WithTime(time.Date(2026, 11, 2, 9, 0, 0, 0, quecloud.ChinaStandardTime)))
	defer srv.Close()
	client, ctx := srv.Client(), context.Background()
	srv.AddCard(quecloudtest.Card{MSISDN: "1064800000001", ExpiryDate: "2026-11-30"})
	srv.AddCard(quecloudtest.Card{MSISDN: "1064800000002", ExpiryDate: "2027-06-30"})

	today := quecloud.DateOf(srv.Now())
	for card, err := range client.Cards.All(ctx, nil) {
		if err != nil {
			log.Fatal(err)
		}
		if days, ok := card.DaysLeft(today); ok && days <= 30 && card.Status.InService() {
			fmt.Println(card.MSISDN, "expires in", days, "days")
		}
	}
	// Output: 1064800000001 expires in 28 days
}

// Compare a card's usage with its plan. The method's comment says what the share does not tell.
func ExampleCardInfo_PlanUsed() {
	srv := quecloudtest.NewServer(quecloudtest.WithTime(time.Date(2026, 11, 2, 9, 0, 0, 0, quecloud.ChinaStandardTime)))
	defer srv.Close()
	client, ctx := srv.Client(), context.Background()
	card := srv.AddCard(quecloudtest.Card{})
	srv.SetUsage(card.ICCID, "2026-11-01", 896)

	info, err := client.Cards.Info(ctx, card.ID())
	if err != nil {
		log.Fatal(err)
	}
	if share, ok := info.PlanUsed(); ok {
		fmt.Printf("%.1f %% of %s\n", 100*share, info.PlanName)
	}
	// Output: 87.5 % of 1G/月
}

// Send warnings by e-mail at 20 MB and suspend the cards at 30 MB.
func ExampleFlowService_SetAlarm() {
	srv := quecloudtest.NewServer()
	defer srv.Close()
	client, ctx := srv.Client(), context.Background()

	result, err := client.Flow.SetAlarm(ctx, quecloud.MSISDNs("1064800000000", "1064812345678"), &quecloud.AlarmSettings{
		AlarmOn: true, Threshold1: 20, NotifyEmails: []string{"ops@example.com"},
		PauseOn: true, PauseThreshold: 30,
	})
	if errors.Is(err, quecloud.ErrPartial) {
		fmt.Println("only set for", result.Succeeded)
	} else if err != nil {
		log.Fatal(err)
	}
	// Output: only set for [1064800000000]
}

// Change one threshold and keep the other settings, all of which SetAlarm replaces.
func ExampleAlarm_Settings() {
	srv := quecloudtest.NewServer()
	defer srv.Close()
	client, ctx := srv.Client(), context.Background()
	cards := quecloud.MSISDNs("1064800000000")
	set := func(settings quecloud.AlarmSettings) {
		if _, err := client.Flow.SetAlarm(ctx, cards, &settings); err != nil {
			log.Fatal(err)
		}
	}
	set(quecloud.AlarmSettings{
		AlarmOn: true, Threshold1: 20, NotifyEmails: []string{"ops@example.com"}, PauseOn: true, PauseThreshold: 30,
	})

	alarm, err := client.Flow.Alarm(ctx, cards.At(0))
	if err != nil {
		log.Fatal(err)
	}
	settings := alarm.Settings()
	settings.PauseThreshold = 50
	set(settings)

	alarm, err = client.Flow.Alarm(ctx, cards.At(0))
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(alarm.Threshold1, alarm.PauseThreshold, alarm.PauseOn, alarm.NotifyEmails)
	// Output: 20 50 true [ops@example.com]
}

// Send an SMS to two cards, one of which does not belong to the account: Send returns a result and an error.
func ExampleSMSService_Send() {
	srv := quecloudtest.NewServer()
	defer srv.Close()
	client, ctx := srv.Client(), context.Background()

	result, err := client.SMS.Send(ctx, &quecloud.SMSSendParams{
		Cards: quecloud.MSISDNs("1064800000000", "1064812345678"), Content: "report now",
	})
	if err != nil && !errors.Is(err, quecloud.ErrPartial) {
		log.Fatal(err)
	}
	for _, sms := range result.Sent {
		fmt.Println("sent to", sms.MSISDN)
	}
	fmt.Println("not sent to", result.Failed)
	// Output:
	// sent to 1064800000000
	// not sent to [1064812345678]
}

// Send an SMS to any number of cards, and get an outcome for each.
func ExampleSMSService_SendAll() {
	srv := quecloudtest.NewServer()
	defer srv.Close()
	client, ctx := srv.Client(), context.Background()

	var notSent []quecloud.CardID
	for sms, err := range client.SMS.SendAll(ctx, &quecloud.SMSSendParams{
		Cards: quecloud.MSISDNs("1064800000000", "1064812345678"), Content: "report now",
	}) {
		switch {
		case err == nil:
			fmt.Println("sent to", sms.Card)
		case errors.Is(err, quecloud.ErrOutcomeUnknown):
			fmt.Println("perhaps sent:", err)
		default:
			notSent = append(notSent, sms.Card)
			fmt.Println(err)
		}
	}
	fmt.Println("not sent to", notSent)
	// Output:
	// sent to 1064800000000
	// quecloud: sms.send: the platform lists the card as failed: the call did not succeed for every card (card 1064812345678, 2 of 2)
	// not sent to [1064812345678]
}

// Buy a data package. Store the product, the ExternalID and the time before the call.
func ExampleOrdersService_Recharge() {
	srv := quecloudtest.NewServer(quecloudtest.WithOrderDelay(0))
	defer srv.Close()
	client, ctx := srv.Client(), context.Background()

	params := &quecloud.RechargeParams{
		Card:        quecloud.ICCID("89860024310000000006"),
		ProductID:   50, // from client.Orders.FlowPackages
		ProductName: "30M-当月",
		ExternalID:  "topup-2026-11-0001", // your ID of this purchase only; store it with the time before the call
	}
	receipt, err := client.Orders.Recharge(ctx, params)
	if err != nil {
		log.Fatal(err) // after ErrOutcomeUnknown, use Orders.Find before you buy again
	}
	order, err := client.Orders.Wait(ctx, receipt.OrderNo) // the platform processes it in the background
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(order.Status, order.ProductPrice, "CNY")
	// Output: 订单完成 1.5 CNY
}

// Handle a purchase whose response is lost: store, buy, restart, find, decide. This platform refuses a duplicate, and
// adds an order to the wallet after some minutes.
func ExampleOrdersService_Find() {
	srv := quecloudtest.NewServer(quecloudtest.WithTime(time.Date(2026, 11, 2, 9, 0, 0, 0, quecloud.ChinaStandardTime)))
	defer srv.Close()
	srv.SetPurchaseRules(quecloudtest.PurchaseRules{
		Duplicates: quecloudtest.DuplicatesRefused, WalletDelay: 3 * time.Minute,
	})
	srv.Inject(quecloudtest.CutAfter().On("card.recharge"))
	ctx := context.Background()

	// The first run of the program.
	client := srv.Client()
	params := &quecloud.RechargeParams{
		Card: quecloud.ICCID("89860024310000000006"), ProductID: 50, ProductName: "30M-当月", ExternalID: "topup-2026-11-0002",
	}
	stored := quecloud.FindParams{Card: params.Card, ExternalID: params.ExternalID, Since: srv.Now()} // before the call
	_, err := client.Orders.Recharge(ctx, params)
	fmt.Println("in doubt:", errors.Is(err, quecloud.ErrOutcomeUnknown))

	// After a restart the program decides what to do about the purchase.
	client = srv.Client()
	decide := func() (done bool) {
		found, err := client.Orders.Find(ctx, &stored)
		switch {
		case err == nil: // ordered, more than once if there are several matches
			for _, order := range found.Matches {
				switch order.Status {
				case quecloud.OrderStatusDone:
					fmt.Println("bought:", order.ProductName)
				case quecloud.OrderStatusFailed: // the wallet shows whether the money came back
					fmt.Println("not bought:", order.Result)
				default: // pending
					fmt.Println("ordered, follow it with Orders.Wait:", order.OrderNo)
				}
			}
			return true
		case errors.Is(err, quecloud.ErrNotFound): // does not prove that nothing was bought
			fmt.Println("not found, candidates for a person to check:", len(found.Candidates))
		default: // the wallet, or one of its orders, could not be read
			fmt.Println("try again later:", err)
		}
		return false
	}
	for !decide() {
		srv.Advance(2 * time.Minute) // wait; after a day, let a person decide
	}
	fmt.Println("orders at the platform:", len(srv.Orders()))
	// Output:
	// in doubt: true
	// not found, candidates for a person to check: 0
	// not found, candidates for a person to check: 0
	// bought: 30M-当月
	// orders at the platform: 1
}

// Check whether the platform would accept a purchase. Use Preverify without an ExternalID, which the platform might
// record.
func ExampleOrdersService_Renew() {
	srv := quecloudtest.NewServer()
	defer srv.Close()
	client, ctx := srv.Client(), context.Background()

	receipt, err := client.Orders.Renew(ctx, &quecloud.RenewalParams{
		Card: quecloud.ICCID("89860024310000000006"), Years: 1, Preverify: true,
	})
	if err != nil {
		log.Fatal(err)
	}
	fmt.Printf("%q %d orders\n", receipt.OrderNo, len(srv.Orders()))
	// Output: "" 0 orders
}

// Tell how many months a renewal bought, and what it cost.
func ExampleWallet_EntriesOf() {
	srv := quecloudtest.NewServer(quecloudtest.WithOrderDelay(0))
	defer srv.Close()
	client, ctx := srv.Client(), context.Background()
	receipt, err := client.Orders.Renew(ctx, &quecloud.RenewalParams{
		Card: quecloud.ICCID("89860024310000000006"), Years: 2,
	})
	if err != nil {
		log.Fatal(err)
	}

	order, err := client.Orders.Wait(ctx, receipt.OrderNo)
	if err != nil {
		log.Fatal(err)
	}
	wallet, err := client.Billing.Wallet(ctx)
	if err != nil {
		log.Fatal(err)
	}
	for _, entry := range wallet.EntriesOf(order.OrderNo) {
		fmt.Println(order.RenewedMonths(), "months for", entry.Amount.Neg(), "CNY")
	}
	// Output: 24 months for 192 CNY
}

// Read the balance. Amounts of money are decimal.Decimal, in CNY.
func ExampleBillingService_Wallet() {
	srv := quecloudtest.NewServer(quecloudtest.WithBalance(1234*quecloudtest.Yuan + 50*quecloudtest.Fen))
	defer srv.Close()
	client, ctx := srv.Client(), context.Background()

	wallet, err := client.Billing.Wallet(ctx)
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(wallet.Balance.StringFixed(2), "CNY")
	// Output: 1234.50 CNY
}

// Download the card list. The file is renamed into place after verification.
func ExampleFilesService_DownloadFile() {
	srv := quecloudtest.NewServer(quecloudtest.WithFileDelay(0))
	defer srv.Close()
	client, ctx := srv.Client(), context.Background()
	defer os.Remove("cards.zip")

	task, err := client.Files.Prepare(ctx) // starts or joins today's task and waits for it
	if err != nil {
		log.Fatal(err)
	}
	if _, err := client.Files.DownloadFile(ctx, task, "cards.zip"); err != nil {
		log.Fatal(err)
	}
	_, err = os.Stat("cards.zip")
	fmt.Println(err)
	// Output: <nil>
}

// CardID, Date and Month are text in a database, and NULL for the zero value. Package database/sql calls Value for an
// argument of a statement, and Scan for a column of a row.
func ExampleCardID_Scan() {
	var card quecloud.CardID
	var expires quecloud.Date
	columns := []any{"8944476500008878576F", time.Date(2026, 11, 30, 0, 0, 0, 0, time.UTC)} // as a driver returns them
	if err := errors.Join(card.Scan(columns[0]), expires.Scan(columns[1])); err != nil {
		log.Fatal(err)
	}
	for _, value := range []driver.Valuer{card, expires, expires.YearMonth(), quecloud.Date{}} {
		stored, err := value.Value()
		fmt.Println(stored, err)
	}
	// Output:
	// 8944476500008878576 <nil>
	// 2026-11-30 <nil>
	// 2026-11 <nil>
	// <nil> <nil>
}

// Check a date that a person entered.
func ExampleNewDate() {
	_, err := quecloud.NewDate(2026, time.February, 29)
	fmt.Println(err)
	month, err := quecloud.NewMonth(2026, time.February)
	fmt.Println(month.LastDay(), err)
	// Output:
	// new date: 2026-02-29 is not a date of the calendar
	// 2026-02-28 <nil>
}
