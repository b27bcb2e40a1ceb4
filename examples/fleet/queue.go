package main

import (
	"context"
	"errors"
	"log/slog"
	"sync"
	"time"

	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"
)

// errNotYet says that it is too early for a message. It comes again, which is no failure.
var errNotYet = errors.New("not yet")

// consume takes messages of a consumer, which any number of processes share, and gives them to do, atOnce at a time,
// until ctx ends; what is under way then is finished.
//
// A message is acknowledged when do has returned nil, and not before. When do fails, the message comes again later;
// when this process dies, it comes to another one after ackWait. So do can be called for a message more than once.
func consume(ctx context.Context, consumer jetstream.Consumer, ackWait time.Duration, atOnce int, do func(context.Context, jetstream.Msg) error) {
	var takers sync.WaitGroup
	for range atOnce {
		takers.Go(func() {
			for ctx.Err() == nil {
				// One by one: what waits here cannot be done by anybody else.
				msg, err := consumer.Next(jetstream.FetchMaxWait(time.Second))
				switch {
				case err == nil:
					handle(context.WithoutCancel(ctx), msg, ackWait, do)
				case !errors.Is(err, nats.ErrTimeout):
					slog.WarnContext(ctx, "fleet: nothing can be taken from the queue", slog.Any("error", err))
					_ = sleep(ctx, time.Second) // the connection will come back
				}
			}
		})
	}
	takers.Wait()
}

// handle does what a message asks for, and then acknowledges it.
func handle(ctx context.Context, msg jetstream.Msg, ackWait time.Duration, do func(context.Context, jetstream.Msg) error) {
	stop := keepAlive(msg, ackWait/3)
	err := do(ctx, msg)
	stop()
	if err == nil {
		err = acknowledge(ctx, msg)
	} else if nak := msg.NakWithDelay(pause(msg, err)); nak != nil {
		err = errors.Join(err, nak)
	}
	if err != nil && !errors.Is(err, errNotYet) {
		slog.WarnContext(ctx, "fleet: it will be done again", slog.String("subject", msg.Subject()), slog.Any("error", err))
	}
}

func acknowledge(ctx context.Context, msg jetstream.Msg) error {
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	return msg.DoubleAck(ctx)
}

// keepAlive tells the server every so often that a message is being worked on, until stop is called.
func keepAlive(msg jetstream.Msg, every time.Duration) (stop func()) {
	ended := make(chan struct{})
	var beating sync.WaitGroup
	beating.Go(func() {
		ticker := time.NewTicker(every)
		defer ticker.Stop()
		for {
			select {
			case <-ticker.C:
				_ = msg.InProgress() // if it does not arrive, another worker does it too
			case <-ended:
				return
			}
		}
	})
	return func() {
		close(ended)
		beating.Wait()
	}
}

// pause is how long a message waits before it comes again: longer each time that it fails, up to a minute.
func pause(msg jetstream.Msg, err error) time.Duration {
	if errors.Is(err, errNotYet) {
		return 250 * time.Millisecond
	}
	delivered := uint64(1)
	if meta, err := msg.Metadata(); err == nil {
		delivered = meta.NumDelivered
	}
	return min(500*time.Millisecond<<min(delivered-1, 7), time.Minute)
}
