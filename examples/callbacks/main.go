// Callbacks is a server for the platform's callbacks. It prints their events: delivery reports, inbound SMS and
// finished orders.
//
//	go run ./examples/callbacks
//
// It needs no account: a stand-in for the platform sends one event of each kind, and the program ends. With an address
// and a token it serves the platform itself, until it is interrupted:
//
//	QUECLOUD_CALLBACK_TOKEN=… go run ./examples/callbacks -addr :8080
//
// Then set https://<your host>/quecloud/sms?token=… at the platform's portal, under API管理 → 通知配置, and
// …/quecloud/order?token=… as the address for 充值续费. The vendor's document does not say where. With QUECLOUD_APP_KEY and
// QUECLOUD_APP_SECRET set too, the handler verifies every order at the platform.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"os/signal"
	"sync"
	"time"

	"github.com/quecloud/quecloud-go"
	"github.com/quecloud/quecloud-go/quecloudtest"
)

func main() {
	addr := flag.String("addr", "", "address to serve at, such as :8080; if empty, use a stand-in for the platform")
	flag.Parse()
	if flag.NArg() > 0 {
		fmt.Fprintf(os.Stderr, "unexpected argument %q: see -h\n", flag.Arg(0))
		os.Exit(2)
	}
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	var err error
	if *addr == "" {
		err = demonstrate(ctx, os.Stdout)
	} else {
		err = serve(ctx, os.Stdout, *addr)
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

// serve serves the platform's callbacks.
func serve(ctx context.Context, out io.Writer, addr string) error {
	token := os.Getenv("QUECLOUD_CALLBACK_TOKEN")
	if token == "" {
		return errors.New("set QUECLOUD_CALLBACK_TOKEN to a long random text, so that only the platform can send events")
	}
	var verify []quecloud.HandlerOption
	if appKey, secret := os.Getenv("QUECLOUD_APP_KEY"), os.Getenv("QUECLOUD_APP_SECRET"); appKey != "" || secret != "" {
		client, err := quecloud.NewClient(appKey, secret, quecloud.WithUserAgent("quecloud-callbacks"))
		if err != nil {
			return err
		}
		verify = append(verify, quecloud.VerifyWith(client))
	}
	listener, err := net.Listen("tcp", addr)
	if err != nil {
		return err
	}
	fmt.Fprintf(out, "serving at %s\n", listener.Addr())
	return receive(ctx, listener, handlers(out, token, verify...))
}

// receive serves until the context ends, and then finishes the requests under way.
func receive(ctx context.Context, listener net.Listener, handler http.Handler) error {
	srv := &http.Server{
		Handler: handler, ReadTimeout: 10 * time.Second, WriteTimeout: time.Minute, IdleTimeout: 2 * time.Minute,
	}
	failed := make(chan error, 1)
	go func() { failed <- srv.Serve(listener) }()
	select {
	case err := <-failed:
		return err
	case <-ctx.Done():
	}
	finish, cancel := context.WithTimeout(context.WithoutCancel(ctx), 30*time.Second)
	defer cancel()
	return srv.Shutdown(finish)
}

// handlers returns handlers that print the events of all callbacks with the token in their URL. A real program would
// store the events instead, and return nil once they are stored.
func handlers(out io.Writer, token string, verify ...quecloud.HandlerOption) http.Handler {
	p := &printer{out: out}
	options := func() []quecloud.HandlerOption {
		return []quecloud.HandlerOption{
			quecloud.WithCallbackToken(token),
			quecloud.WithCallbackTimeout(20 * time.Second),
			quecloud.WithDeduplication(quecloud.NewMemoryDedup(10_000, 24*time.Hour)),
			quecloud.WithCallbackDriftHandler(p.drift),
		}
	}
	mux := http.NewServeMux()
	mux.Handle("/quecloud/sms", quecloud.NewSMSHandler(p.sms, options()...))
	mux.Handle("/quecloud/order", quecloud.NewOrderHandler(p.order, append(options(), verify...)...))
	return mux
}

// A printer prints one event at a time.
type printer struct {
	mu  sync.Mutex
	out io.Writer
}

func (p *printer) sms(_ context.Context, e *quecloud.SMSEvent) (err error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	switch e.Type {
	case quecloud.SMSEventReport:
		_, err = fmt.Fprintf(p.out, "SMS report    %s to card %s: status %d %s\n", e.SMSID, e.MSISDN, e.Status, e.Message)
	case quecloud.SMSEventInbox:
		_, err = fmt.Fprintf(p.out, "inbound SMS   from card %s at %s: %s\n", e.MSISDN, at(e.ReceivedAt), e.Content)
	default:
		_, err = fmt.Fprintf(p.out, "SMS event     of an unknown type: %s\n", e.Type)
	}
	return err
}

func (p *printer) order(_ context.Context, e *quecloud.OrderEvent) error {
	p.mu.Lock()
	defer p.mu.Unlock()
	_, err := fmt.Fprintf(p.out, "order         %s (%s) %s: %s, %s CNY for card %s\n",
		e.OrderNo, e.ExternalID, e.Status, e.ProductName, e.ProductPrice.StringFixed(2), e.ICCID)
	return err
}

// at formats a time. It is zero if the platform's could not be read.
func at(t time.Time) string {
	if t.IsZero() {
		return "an unknown time"
	}
	return t.Format(time.DateTime)
}

// drift prints a member that is not as the platform's document says. Its event is handled all the same.
func (p *printer) drift(d quecloud.Drift) {
	p.mu.Lock()
	defer p.mu.Unlock()
	fmt.Fprintf(p.out, "%s event     with a member %s that is not as documented: %s, %s\n",
		d.Method, d.Path, d.Kind, d.Value)
}

// demonstrate makes a stand-in for the platform send an event of each kind.
func demonstrate(ctx context.Context, out io.Writer) error {
	const token = "demo-token"
	platform := quecloudtest.NewServer()
	defer platform.Close()
	client := platform.Client()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return err
	}
	serving, stop := context.WithCancel(ctx)
	stopped := make(chan error, 1)
	go func() { stopped <- receive(serving, listener, handlers(out, token, quecloud.VerifyWith(client))) }()
	url := "http://" + listener.Addr().String() + "/quecloud/"
	platform.SetSMSCallback(url + "sms?token=" + token)
	platform.SetOrderCallback(url + "order?token=" + token)

	fmt.Fprintln(out, "No address is set: a stand-in for the platform sends the events of its cards.")
	err = makeEvents(ctx, platform, client)
	platform.WaitCallbacks()
	_, driftErr := quecloudtest.DeliverSMS(ctx, url+"sms?token="+token, quecloudtest.SMSEvent{
		Type: quecloudtest.SMSInbox, ICCID: "89860024310000000006", MSISDN: "1064800000000", ID: "1",
		Content: "battery low", ReceivedAt: "just now",
	})
	stop()
	if err := errors.Join(err, driftErr, <-stopped); err != nil {
		return err
	}
	succeeded := 0
	for _, d := range platform.Deliveries() {
		if d.OK {
			succeeded++
		}
	}
	fmt.Fprintf(out, "%d of %d callbacks succeeded\n", succeeded, len(platform.Deliveries()))
	if succeeded != 3 {
		return errors.New("want 3 callbacks that succeed")
	}
	return nil
}

// makeEvents sends an SMS to a card, lets the card send one, and buys a package for it.
func makeEvents(ctx context.Context, platform *quecloudtest.Server, client *quecloud.Client) error {
	list, err := client.Cards.List(ctx, &quecloud.CardListParams{PageSize: 100})
	if err != nil {
		return err
	}
	products, err := client.Orders.FlowPackages(ctx)
	if err != nil {
		return err
	}
	for _, card := range list.Cards {
		for _, product := range products {
			if card.Status != quecloud.CardStatusNormal || card.Carrier != product.Carrier {
				continue
			}
			sms := quecloud.SMSSendParams{Cards: quecloud.ICCIDs(card.ICCID), Content: "report your state"}
			if _, err := client.SMS.Send(ctx, &sms); err != nil {
				return err
			}
			platform.ReceiveSMS(card.ICCID, "door open, 21.5 °C")
			_, err := client.Orders.Recharge(ctx, &quecloud.RechargeParams{
				Card: card.ID(), ProductID: product.ProductID, ProductName: product.ProductName, ExternalID: "topup-0001",
			})
			return err
		}
	}
	return errors.New("no product fits any card")
}
