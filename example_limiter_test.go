package quecloud_test

import (
	"context"
	"errors"
	"fmt"
	"log"
	"net/http"
	"sync/atomic"
	"time"

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

// A client is for one account. A process with several accounts makes a client and a limiter for each and keeps the
// clients in a map. They share the transport of one http.Client, and with it the connections.
func Example_accounts() {
	north := quecloudtest.NewServer(quecloudtest.WithCredentials("000001", "north-secret"))
	defer north.Close()
	south := quecloudtest.NewServer(quecloudtest.WithCredentials("000002", "south-secret"))
	defer south.Close()
	accounts := map[string]struct {
		appKey, secret, baseURL string
		calls                   int64
	}{
		"north": {north.AppKey, north.Secret, north.URL, 1},
		"south": {south.AppKey, south.Secret, south.URL, 100},
	}

	// These are the settings of a client without WithHTTPClient.
	transport := http.DefaultTransport.(*http.Transport).Clone()
	transport.MaxConnsPerHost, transport.MaxIdleConnsPerHost, transport.MaxIdleConns = 64, 64, 64
	transport.IdleConnTimeout = 15 * time.Second
	transport.Protocols = new(http.Protocols)
	transport.Protocols.SetHTTP1(true)
	shared := &http.Client{Transport: transport}

	clients := map[string]*quecloud.Client{}
	for name, account := range accounts {
		limiter := &quota{}
		limiter.remaining.Store(account.calls)
		client, err := quecloud.NewClient(account.appKey, account.secret,
			quecloud.WithHTTPClient(shared), quecloud.WithLimiter(limiter), quecloud.WithBaseURL(account.baseURL))
		if err != nil {
			log.Fatal(err)
		}
		clients[name] = client
	}

	for _, name := range []string{"north", "north", "south", "south"} {
		_, err := clients[name].Billing.Account(context.Background())
		fmt.Println(name, err)
	}
	// Output:
	// north <nil>
	// north quecloud: account.info: not sent: the limiter returned an error: the quota is used up
	// south <nil>
	// south <nil>
}
