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

// A handler handles a message.
type handler func(context.Context, jetstream.Msg) error

// errNotYet postpones a message. It is not logged as a failure.
var errNotYet = errors.New("not yet")

// consume handles the messages of a consumer, which any number of processes share, atOnce at a time. When ctx ends, it
// finishes the messages under way.
//
// It acknowledges a message only after handle has returned nil. If handle fails, the message comes again later. If this
// process dies, another process gets the message after ackWait. So handle can be called for a message more than once.
func consume(ctx context.Context, consumer jetstream.Consumer, ackWait time.Duration, atOnce int, handle handler) {
	var workers sync.WaitGroup
	for range atOnce {
		workers.Go(func() {
			for ctx.Err() == nil {
				// One at a time: other processes cannot handle messages that wait here.
				msg, err := consumer.Next(jetstream.FetchMaxWait(time.Second))
				switch {
				case err == nil:
					handleMessage(context.WithoutCancel(ctx), msg, ackWait, handle)
				case !errors.Is(err, nats.ErrTimeout):
					slog.WarnContext(ctx, "fleet: cannot read from the queue", slog.Any("error", err))
					_ = sleep(ctx, time.Second) // the connection may come back
				}
			}
		})
	}
	workers.Wait()
}

// handleMessage handles a message and acknowledges it.
func handleMessage(ctx context.Context, msg jetstream.Msg, ackWait time.Duration, handle handler) {
	stop := keepAlive(msg, ackWait/3)
	err := handle(ctx, msg)
	stop()
	if err == nil {
		err = acknowledge(ctx, msg)
	} else if nak := msg.NakWithDelay(retryDelay(msg, err)); nak != nil {
		err = errors.Join(err, nak)
	}
	if err != nil && !errors.Is(err, errNotYet) {
		slog.WarnContext(ctx, "fleet: a message failed and will come again",
			slog.String("subject", msg.Subject()), slog.Any("error", err))
	}
}

func acknowledge(ctx context.Context, msg jetstream.Msg) error {
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	return msg.DoubleAck(ctx)
}

// keepAlive tells the server at intervals that a message is being handled, until stop is called.
func keepAlive(msg jetstream.Msg, every time.Duration) (stop func()) {
	ended := make(chan struct{})
	var running sync.WaitGroup
	running.Go(func() {
		ticker := time.NewTicker(every)
		defer ticker.Stop()
		for {
			select {
			case <-ticker.C:
				_ = msg.InProgress() // if it fails, another worker may handle the message too
			case <-ended:
				return
			}
		}
	})
	return func() {
		close(ended)
		running.Wait()
	}
}

// retryDelay returns the time before a message comes again. It grows with each failure, up to a minute.
func retryDelay(msg jetstream.Msg, err error) time.Duration {
	if errors.Is(err, errNotYet) {
		return 250 * time.Millisecond
	}
	delivered := uint64(1)
	if meta, err := msg.Metadata(); err == nil {
		delivered = meta.NumDelivered
	}
	return min(500*time.Millisecond<<min(delivered-1, 7), time.Minute)
}
