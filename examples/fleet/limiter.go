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

// permits configures a stream that holds the calls of the last second and accepts no more than the rate. A process may
// make a call once the stream has accepted its message. Only the clock of the server counts, and the stream survives a
// restart.
func (s settings) permits() jetstream.StreamConfig {
	return jetstream.StreamConfig{
		Name: s.space + "-permits", Subjects: []string{s.space + ".permits"},
		MaxMsgs: int64(s.rate), MaxAge: s.window, Duplicates: s.window,
	}
}

// A sharedLimiter is a quecloud.Limiter with its state in JetStream, so that all processes share one limit.
type sharedLimiter struct{ *streams }

// Wait returns when an attempt may be made, or an error if NATS does not respond: no attempt is made without a permit.
func (l sharedLimiter) Wait(ctx context.Context) error {
	for attempt := 0; ; attempt++ {
		err := l.publish(ctx, "permits", nil)
		if err == nil {
			return nil
		}
		if !isRejected(err) {
			return fmt.Errorf("asking JetStream for a permit: %w", err)
		}
		if attempt == 0 && !isFull(err) {
			slog.WarnContext(ctx, "fleet: the stream of permits rejects messages although it is not full",
				slog.Any("error", err))
		}
		// Many processes may wait: spread their requests.
		if err := sleep(ctx, 50*time.Millisecond+rand.N(100*time.Millisecond)); err != nil {
			return err
		}
	}
}

// isRejected reports whether the stream does not accept the message now.
func isRejected(err error) bool {
	apiErr, ok := errors.AsType[*jetstream.APIError](err)
	return ok && apiErr.ErrorCode == jetstream.ErrorCode(server.JSStreamStoreFailedF)
}

// isFull reports whether the stream has its maximum number of messages. NATS has no code for it, only a text that
// another version of the server may change. So only logging may depend on it.
func isFull(err error) bool {
	apiErr, ok := errors.AsType[*jetstream.APIError](err)
	return ok && apiErr.Description == server.ErrMaxMsgs.Error()
}
