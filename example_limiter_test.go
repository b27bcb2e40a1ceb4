package quecloud_test

import (
	"context"
	"errors"
	"fmt"
	"sync/atomic"

	"github.com/quecloud/quecloud-go"
	"github.com/quecloud/quecloud-go/quecloudtest"
)

// A quota allows a number of attempts.
type quota struct{ remaining atomic.Int64 }

func (q *quota) Wait(context.Context) error {
	if q.remaining.Add(-1) < 0 {
		return errQuota
	}
	return nil
}

var errQuota = errors.New("the quota is used up")

// A limiter is any type with a method Wait. The client calls it before every attempt of every call. For a rate, use
// golang.org/x/time/rate: quecloud.WithLimiter(rate.NewLimiter(20, 5)) allows 20 attempts a second and bursts of 5, for
// all calls of a client and its copies together. To share a rate between processes, see examples/limiter.
func ExampleWithLimiter() {
	srv := quecloudtest.NewServer() // a stand-in for the platform
	defer srv.Close()

	limiter := &quota{}
	limiter.remaining.Store(2)
	client := srv.Client(quecloud.WithLimiter(limiter))

	for range 3 {
		_, err := client.Billing.Account(context.Background())
		fmt.Println(err, errors.Is(err, errQuota))
	}
	fmt.Println("requests:", len(srv.Requests()))
	// Output:
	// <nil> false
	// <nil> false
	// quecloud: account.info: not sent: the limiter returned an error: the quota is used up true
	// requests: 2
}
