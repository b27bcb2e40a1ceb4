package main

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"math/rand/v2"
	"time"

	"github.com/nats-io/nats-server/v2/server"
	"github.com/nats-io/nats.go/jetstream"
)

// turns is a stream that holds the calls of the last second, and takes no more than the rate. Whoever gets a message in
// may make a call. The server alone decides, by its own clock; when it restarts, the stream is still there.
func (s settings) turns() jetstream.StreamConfig {
	return jetstream.StreamConfig{
		Name: s.space + "-turns", Subjects: []string{s.space + ".turns"},
		MaxMsgs: int64(s.rate), MaxAge: s.window, Duplicates: s.window,
	}
}

// A sharedLimiter is a quecloud.Limiter whose state is in JetStream, so that all processes share one limit.
type sharedLimiter struct{ *streams }

// Wait returns when a call may be made. While NATS cannot be asked no call is made: the platform would count those too.
func (l sharedLimiter) Wait(ctx context.Context) error {
	for attempt := 0; ; attempt++ {
		err := l.publish(ctx, "turns", nil)
		if err == nil {
			return nil
		}
		if !isRefused(err) {
			return fmt.Errorf("asking JetStream for a turn: %w", err)
		}
		if attempt == 0 && !isFull(err) {
			slog.WarnContext(ctx, "fleet: no turn is to be had, nor does it look as if others had them", slog.Any("error", err))
		}
		// Not all at the same time, and not too often: many may be waiting.
		if err := sleep(ctx, 50*time.Millisecond+rand.N(100*time.Millisecond)); err != nil {
			return err
		}
	}
}

// isRefused reports whether the stream does not take the message, which it does later.
func isRefused(err error) bool {
	refused, ok := errors.AsType[*jetstream.APIError](err)
	return ok && refused.ErrorCode == jetstream.ErrorCode(server.JSStreamStoreFailedF)
}

// isFull reports whether that is for the number of messages it has. There is no code for it, only a text, which another
// version of the server may word otherwise: nothing may depend on it but what is logged.
func isFull(err error) bool {
	refused, ok := errors.AsType[*jetstream.APIError](err)
	return ok && refused.Description == server.ErrMaxMsgs.Error()
}
