package main

import (
	"context"
	"errors"
	"fmt"
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
	for {
		err := l.take(ctx)
		if err == nil {
			return nil
		}
		if !isFull(err) {
			return fmt.Errorf("asking JetStream for a turn: %w", err)
		}
		// Not all at the same time, and not too often: many may be waiting.
		if err := sleep(ctx, 50*time.Millisecond+rand.N(100*time.Millisecond)); err != nil {
			return err
		}
	}
}

func (l sharedLimiter) take(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	_, err := l.js.Publish(ctx, l.space+".turns", nil)
	return err
}

// isFull reports whether the stream has taken as many messages as it may. The code alone does not tell: it is that of
// every message that could not be stored.
func isFull(err error) bool {
	refused, ok := errors.AsType[*jetstream.APIError](err)
	return ok && refused.ErrorCode == jetstream.ErrorCode(server.JSStreamStoreFailedF) &&
		refused.Description == server.ErrMaxMsgs.Error()
}
