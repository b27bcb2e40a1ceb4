package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"hash/fnv"
	"io"
	"os"
	"strings"
	"sync"

	"github.com/nats-io/nats.go/jetstream"

	"github.com/quecloud/quecloud-go"
)

// A worker handles the items of sweeps and the events of callbacks. There can be any number of workers.
type worker struct {
	*streams
	client *quecloud.Client
	name   string
	atOnce int
}

// runWorker runs a worker until ctx ends.
func runWorker(ctx context.Context, c config, _ io.Writer) error {
	nc, err := connect(natsURL())
	if err != nil {
		return err
	}
	defer nc.Close()
	s, err := open(ctx, nc, c.settings)
	if err != nil {
		return err
	}
	client, err := newClient(quecloud.WithLimiter(sharedLimiter{s}))
	if err != nil {
		return err
	}
	w := &worker{s, client, c.name, c.atOnce}
	return w.run(ctx)
}

// workerName returns a name for this process.
func workerName() string {
	host, err := os.Hostname()
	if err != nil {
		host = "worker"
	}
	return fmt.Sprintf("%s-%d", host, os.Getpid())
}

// newClient returns a client of the account in the environment.
func newClient(opts ...quecloud.Option) (*quecloud.Client, error) {
	appKey, secret := os.Getenv("QUECLOUD_APP_KEY"), os.Getenv("QUECLOUD_APP_SECRET")
	if appKey == "" || secret == "" {
		return nil, errors.New("set QUECLOUD_APP_KEY and QUECLOUD_APP_SECRET")
	}
	if url := os.Getenv("QUECLOUD_BASE_URL"); url != "" { // of a stand-in
		opts = append(opts, quecloud.WithBaseURL(url))
	}
	return quecloud.NewClient(appKey, secret, append(opts, quecloud.WithUserAgent("quecloud-fleet"))...)
}

// run works until ctx ends.
func (w *worker) run(ctx context.Context) error {
	items, err := w.consumer(ctx, w.work)
	if err != nil {
		return err
	}
	events, err := w.consumer(ctx, w.callbacks)
	if err != nil {
		return err
	}
	var consuming sync.WaitGroup
	consuming.Go(func() { consume(ctx, items, w.ackWait, w.atOnce, w.handleItem) })
	consuming.Go(func() { consume(ctx, events, w.ackWait, w.atOnce, w.handleEvent) })
	consuming.Wait()
	return nil
}

// consumer returns the durable consumer of a stream that all workers share. It knows the acknowledged messages.
func (s *streams) consumer(ctx context.Context, stream jetstream.Stream) (jetstream.Consumer, error) {
	return stream.CreateOrUpdateConsumer(ctx, jetstream.ConsumerConfig{
		Durable: "workers", AckPolicy: jetstream.AckExplicitPolicy, AckWait: s.ackWait, MaxDeliver: -1,
	})
}

// A pageResult is the result of a page.
type pageResult struct {
	Page   int        `json:"page"`
	Worker string     `json:"worker"`
	Cards  []cardUsed `json:"cards"`
}

type cardUsed struct {
	ICCID string  `json:"iccid"`
	MB    float64 `json:"mb"` // this month
}

// visit handles the cards of a page: here it stores their usage in a stream. Put your own code in its place. It may be
// called twice for a page, so it must detect duplicates, as the stream does by the ID, or be idempotent. The number
// alone does not identify a page: the second time it may have other cards.
func (w *worker) visit(ctx context.Context, sweep string, page int, cards []quecloud.Card) error {
	if len(cards) == 0 {
		return nil
	}
	result, digest := pageResult{Page: page, Worker: w.name}, fnv.New64a()
	for _, card := range cards {
		result.Cards = append(result.Cards, cardUsed{card.ICCID, card.MonthFlow})
		fmt.Fprintln(digest, card.ICCID)
	}
	return w.put(ctx, "done.sweep."+sweep, fmt.Sprintf("%s/%d/%x", sweep, page, digest.Sum64()), result)
}

// An eventResult is the result of an event.
type eventResult struct {
	Key    string `json:"key"`
	About  string `json:"about"`
	Worker string `json:"worker"`
}

// handleEvent handles the event of a message.
func (w *worker) handleEvent(ctx context.Context, msg jetstream.Msg) error {
	switch kind := msg.Subject()[strings.LastIndexByte(msg.Subject(), '.')+1:]; kind {
	case kindSMS:
		return readEvent(ctx, msg.Data(), w.onSMS)
	case kindOrder:
		return readEvent(ctx, msg.Data(), w.onOrder)
	default:
		return fmt.Errorf("unknown kind of event: %s", kind)
	}
}

func readEvent[E any](ctx context.Context, data []byte, handle func(context.Context, *E) error) error {
	event := new(E)
	if err := json.Unmarshal(data, event); err != nil {
		return err
	}
	return handle(ctx, event)
}

// onSMS and onOrder handle events. Put your own code in their place. Like visit, they may be called twice for an event
// if a worker dies.
func (w *worker) onSMS(ctx context.Context, e *quecloud.SMSEvent) error {
	return w.put(ctx, "done.callbacks", e.Key(), eventResult{e.Key(), "SMS " + string(e.Type), w.name})
}

func (w *worker) onOrder(ctx context.Context, e *quecloud.OrderEvent) error {
	return w.put(ctx, "done.callbacks", e.Key(), eventResult{e.Key(), "order " + string(e.Status), w.name})
}
