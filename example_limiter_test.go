package quecloud_test

import (
	"context"
	"errors"
	"fmt"
	"sync/atomic"

	"github.com/quecloud/quecloud-go"
	"github.com/quecloud/quecloud-go/quecloudtest"
)

// A quota lets a number of attempts through and no more.
type quota struct{ left atomic.Int64 }

func (q *quota) Wait(context.Context) error {
	if q.left.Add(-1) < 0 {
		return errQuota
	}
	return nil
}

var errQuota = errors.New("the quota is used up")

// A limiter is anything with the method Wait, which is asked before every attempt of every call. For a rate, take
// golang.org/x/time/rate: quecloud.WithLimiter(rate.NewLimiter(20, 5)) allows 20 attempts a second and bursts of 5, to
// all calls of a client and its copies. For one rate in several processes, see examples/limiter.
func ExampleWithLimiter() {
	srv := quecloudtest.NewServer() // the platform's stand-in
	defer srv.Close()

	limiter := &quota{}
	limiter.left.Store(2)
	client := srv.Client(quecloud.WithLimiter(limiter))

	for range 3 {
		_, err := client.Billing.Account(context.Background())
		fmt.Println(err, errors.Is(err, errQuota))
	}
	fmt.Println("calls that were sent:", len(srv.Requests()))
	// Output:
	// <nil> false
	// <nil> false
	// quecloud: account.info: not sent, because the limiter says so: the quota is used up true
	// calls that were sent: 2
}
