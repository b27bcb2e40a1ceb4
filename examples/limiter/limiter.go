package main

import (
	"context"
	"fmt"
	"time"

	"github.com/go-redis/redis_rate/v10"
	"github.com/redis/go-redis/v9"
)

// A sharedLimiter is a quecloud.Limiter whose state is in Redis, so that all processes of an account share one limit.
// Time is Redis's, so that the clocks of their machines do not matter.
type sharedLimiter struct {
	limiter *redis_rate.Limiter
	key     string
	limit   redis_rate.Limit
	sleep   func(context.Context, time.Duration) error
}

func newSharedLimiter(rdb *redis.Client, appKey string, limit redis_rate.Limit) *sharedLimiter {
	return &sharedLimiter{redis_rate.NewLimiter(rdb), "quecloud:" + appKey, limit, sleep}
}

// Wait returns when a call may be made. While Redis cannot be asked no call is made: the platform would count those too.
func (l *sharedLimiter) Wait(ctx context.Context) error {
	for {
		result, err := l.limiter.Allow(ctx, l.key, l.limit)
		if err != nil {
			return fmt.Errorf("asking Redis for a turn: %w", err)
		}
		if result.Allowed > 0 {
			return nil
		}
		// Whoever comes first after this time gets the next turn, so it may be needed to wait again.
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
