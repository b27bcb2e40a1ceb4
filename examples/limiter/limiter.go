package main

import (
	"context"
	"fmt"
	"time"

	"github.com/go-redis/redis_rate/v10"
	"github.com/redis/go-redis/v9"
)

// A sharedLimiter is a quecloud.Limiter with its state in Redis, so that all processes of an account share one limit.
// It goes by the time of Redis, not by the clocks of the machines.
type sharedLimiter struct {
	limiter *redis_rate.Limiter
	key     string
	limit   redis_rate.Limit
	sleep   func(context.Context, time.Duration) error
}

func newSharedLimiter(rdb *redis.Client, appKey string, limit redis_rate.Limit) *sharedLimiter {
	return &sharedLimiter{redis_rate.NewLimiter(rdb), "quecloud:" + appKey, limit, sleep}
}

// Wait returns when an attempt may be made, or an error if Redis does not respond: no attempt is made without a permit.
func (l *sharedLimiter) Wait(ctx context.Context) error {
	for {
		result, err := l.limiter.Allow(ctx, l.key, l.limit)
		if err != nil {
			return fmt.Errorf("asking Redis for a permit: %w", err)
		}
		if result.Allowed > 0 {
			return nil
		}
		// Another process may take the next permit first. Then wait again.
		if err := l.sleep(ctx, result.RetryAfter); err != nil {
			return err
		}
	}
}

func sleep(ctx context.Context, d time.Duration) error {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
		return nil
	case <-ctx.Done():
		return context.Cause(ctx)
	}
}
