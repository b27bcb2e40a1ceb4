package quecloud_test

import (
	"context"
	"errors"
	"fmt"
	"log"
	"log/slog"
	"net/http"
	"net/url"
	"os"
	"slices"
	"sync/atomic"
	"time"

	"github.com/shopspring/decimal"

	"github.com/quecloud/quecloud-go"
	"github.com/quecloud/quecloud-go/quecloudtest"
)

// Make one client for the whole program.
func ExampleNewClient() {
	client, err := quecloud.NewClient(os.Getenv("QUECLOUD_APP_KEY"), os.Getenv("QUECLOUD_APP_SECRET"),
		quecloud.WithTimeout(10*time.Second), // of one attempt; the context bounds the whole call
		quecloud.WithLogger(slog.Default()),
	)
	if err != nil {
		fmt.Println(err) // a bad option or credential is found here, not at the first call
	}
	_ = client
	// Output: quecloud: appKey: is empty
}

// The type of an error says what to do.
func Example_errors() {
	srv := quecloudtest.NewServer()
	defer srv.Close()
	client, ctx := srv.Client(), context.Background()

	try := func(card quecloud.CardID) {
		err := client.Cards.Resume(ctx, card)
		if paramErr, ok := errors.AsType[*quecloud.ParamError](err); ok {
			fmt.Println("nothing was sent:", paramErr.Param, paramErr.Reason)
		} else if errors.Is(err, quecloud.ErrOutcomeUnknown) { // whatever else it is
			fmt.Println("look at the card before you try again")
		} else if errors.Is(err, quecloud.ErrUnauthorized) {
			fmt.Println("check the credentials")
		} else if apiErr, ok := errors.AsType[*quecloud.APIError](err); ok {
			fmt.Println("refused, resultCode", apiErr.Code)
		} else if err != nil {
			fmt.Println("not done:", err)
		}
	}
	try(quecloud.ICCID("8986 0622"))
	try(quecloud.ICCID("89860024310000000006")) // already in service
	srv.Inject(quecloudtest.CutAfter().Times(1))
	try(quecloud.ICCID("89860024310000000030")) // suspended
	// Output:
	// nothing was sent: iccid an ICCID has 19 or 20 characters, digits and letters other than O and I, not "8986 0622": it has blanks inside
	// refused, resultCode 1
	// look at the card before you try again
}

// Suspend a card although responses get lost. The first request does not arrive; of the second, only the response is
// lost. The state of the card tells whether a call took effect.
func Example_changeInDoubt() {
	srv := quecloudtest.NewServer(quecloudtest.WithTime(time.Date(2026, 11, 2, 9, 0, 0, 0, quecloud.ChinaStandardTime)))
	defer srv.Close()
	client, ctx := srv.Client(), context.Background()
	card := quecloud.ICCID("89860024310000000006")
	wait := srv.Advance
	srv.Inject(quecloudtest.CutBefore().On("card.pause").Times(1), quecloudtest.CutAfter().On("card.pause").Times(1))

	err := client.Cards.Pause(ctx, card)
	for errors.Is(err, quecloud.ErrOutcomeUnknown) && ctx.Err() == nil {
		wait(time.Minute) // it may still take effect
		info, failed := client.Cards.Info(ctx, card)
		if failed == nil && info.Status == quecloud.CardStatusSuspended {
			err = nil // it took effect
		} else if failed == nil {
			err = client.Cards.Pause(ctx, card)
		}
	}
	fmt.Println(err, len(srv.RequestsOf("card.pause")), "requests")
	// Output: <nil> 2 requests
}

// WithCredentials lets a running client follow the rotation of a key. Here a goroutine of the program would store each
// new key as it becomes valid.
func ExampleWithCredentials() {
	srv := quecloudtest.NewServer(quecloudtest.WithCredentials("000001", "old-secret"))
	defer srv.Close()
	ctx := context.Background()

	type key struct{ appKey, secret string }
	var current atomic.Pointer[key]
	client, err := quecloud.NewClient("", "", quecloud.WithBaseURL(srv.URL),
		quecloud.WithCredentials(func(context.Context) (appKey, secret string, err error) {
			k := current.Load()
			if k == nil {
				return "", "", errors.New("no key has been read yet")
			}
			return k.appKey, k.secret, nil
		}))
	if err != nil {
		log.Fatal(err)
	}

	_, err = client.Billing.Account(ctx)
	fmt.Println(err)
	current.Store(&key{"000001", "old-secret"})
	_, err = client.Billing.Account(ctx)
	fmt.Println(err)

	srv.AppKey, srv.Secret = "000002", "new-secret" // the platform replaces the key
	_, err = client.Billing.Account(ctx)
	fmt.Println(err)
	current.Store(&key{"000002", "new-secret"})
	_, err = client.Billing.Account(ctx)
	fmt.Println(err)
	// Output:
	// quecloud: account.info: not sent: WithCredentials returned an error: no key has been read yet
	// <nil>
	// quecloud: account.info: refused with resultCode 1: appKey不存在：000001
	// <nil>
}

// A client is for one account. A process with several accounts makes a client and a limiter for each and keeps the
// clients in a map. They share the transport of one http.Client, and with it the connections. quota is the limiter of the
// example of WithLimiter.
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

	shared := &http.Client{Transport: quecloud.NewTransport()}
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

// ErrorType is a label for metrics that count failures.
func ExampleErrorType() {
	srv := quecloudtest.NewServer()
	defer srv.Close()
	client, ctx := srv.Client(), context.Background()

	failures := map[string]int{}
	for _, number := range []string{"8986", "89860024310000000006", "89860024310000000030"} {
		if number == "89860024310000000030" {
			srv.Inject(quecloudtest.CutAfter().Times(1)) // no response to the last call
		}
		if err := client.Cards.Resume(ctx, quecloud.ICCID(number)); err != nil {
			failures[quecloud.ErrorType(err)]++
		}
	}
	fmt.Println(failures)
	// Output: map[outcome_unknown:1 param:1 refused:1]
}

// With makes a copy of the client with other options, for calls that need them.
func ExampleClient_With() {
	srv := quecloudtest.NewServer()
	defer srv.Close()
	client, ctx := srv.Client(), context.Background()

	once := quecloud.RetryPolicy{MaxAttempts: 1}
	patient, err := client.With(quecloud.WithTimeout(2*time.Minute), quecloud.WithRetry(once))
	if err != nil {
		log.Fatal(err)
	}
	account, err := patient.Billing.Account(ctx)
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(account.CompanyID > 0)
	// Output: true
}

// Call makes a call by the name of its method. A method that this version of the SDK does not know counts as a change:
// the call is not retried after it may have arrived.
func ExampleClient_Call() {
	srv := quecloudtest.NewServer()
	defer srv.Close()
	client, ctx := srv.Client(), context.Background()

	var wallet struct {
		Balance decimal.Decimal `json:"money"`
	}
	if err := client.Call(ctx, "fc.function.wallet.details", nil, &wallet); err != nil {
		log.Fatal(err)
	}
	fmt.Println(wallet.Balance.IsPositive())
	// Output: true
}

// An interceptor sees every call. This one prints metrics.
func ExampleWithInterceptor() {
	srv := quecloudtest.NewServer()
	defer srv.Close()
	ctx := context.Background()

	measure := func(ctx context.Context, info *quecloud.CallInfo, next func(context.Context) error) error {
		err := next(ctx)
		fmt.Println(info.Method, info.Kind, "attempts:", info.Attempts, "resultCode:", info.ResultCode)
		return err
	}
	client := srv.Client(quecloud.WithInterceptor(measure))
	if err := client.Cards.Pause(ctx, quecloud.MSISDN("1064800000000")); err != nil {
		log.Fatal(err)
	}
	// Output: fc.function.card.pause set attempts: 1 resultCode: 0
}

// The log has a line for every attempt, with numbers and texts masked.
func ExampleWithLogger() {
	srv := quecloudtest.NewServer()
	defer srv.Close()
	ctx := context.Background()

	options := &slog.HandlerOptions{Level: slog.LevelDebug, ReplaceAttr: without("time", "duration")}
	client := srv.Client(quecloud.WithLogger(slog.New(slog.NewTextHandler(os.Stdout, options))))
	if _, err := client.Cards.Info(ctx, quecloud.MSISDN("1064800000000")); err != nil {
		log.Fatal(err)
	}
	// Output: level=DEBUG msg="quecloud: attempt" method=fc.function.card.info kind=read attempt=1 http_status=200 result_code=0 params.msisdn="…0000(13 characters)"
}

func without(keys ...string) func([]string, slog.Attr) slog.Attr {
	return func(_ []string, a slog.Attr) slog.Attr {
		if slices.Contains(keys, a.Key) {
			return slog.Attr{}
		}
		return a
	}
}

// Use WithDriftHandler to detect API changes early.
func ExampleWithDriftHandler() {
	srv := quecloudtest.NewServer(quecloudtest.WithDialect(quecloudtest.NumbersAsText))
	defer srv.Close()
	ctx := context.Background()

	client := srv.Client(quecloud.WithDriftHandler(func(d quecloud.Drift) {
		fmt.Println(d.Method, d.Kind, d.Path)
	}))
	count, err := client.SMS.MonthCount(ctx, quecloud.Month{Year: 2026, Month: time.November})
	fmt.Println(count != nil, err)
	// Output:
	// fc.function.sms.monthcount wrong type mt
	// fc.function.sms.monthcount wrong type mo
	// true <nil>
}

// This policy makes fewer attempts, with shorter delays.
func ExampleWithRetry() {
	srv := quecloudtest.NewServer()
	defer srv.Close()
	ctx := context.Background()

	policy := quecloud.DefaultRetryPolicy()
	policy.MaxAttempts = 2
	policy.BaseDelay = 50 * time.Millisecond
	client := srv.Client(quecloud.WithRetry(policy))
	srv.Inject(quecloudtest.HTTPStatus(http.StatusBadGateway).Times(2))
	_, err := client.Billing.Wallet(ctx)
	fmt.Println(err)
	fmt.Println("requests:", len(srv.Requests()))
	// Output:
	// quecloud: wallet.details: bad response with HTTP status 502: it has no resultCode: a server in front of the platform seems to have sent it; it begins "Bad Gateway" (after 2 attempts)
	// requests: 2
}

// Use Sign for requests made by hand.
func ExampleSign() {
	params := url.Values{
		"appKey": {"1000001"}, "method": {"fc.function.card.info"}, "t": {"1763996400"}, "msisdn": {"1064800000000"},
	}
	params.Set("sign", quecloud.Sign("secret", params))
	fmt.Println(params.Get("sign"))
	// Output: 6E76D9FAB041605F71A67A31B35C2050241A853E
}

// ParseCardID tells MSISDNs and ICCIDs apart by their form.
func ExampleParseCardID() {
	for _, number := range []string{"1064800000000", "89860024310000000006", "106 480"} {
		card, err := quecloud.ParseCardID(number)
		fmt.Println(card.IsICCID(), err)
	}
	// Output:
	// false <nil>
	// true <nil>
	// false quecloud: card: "106 480" is neither an MSISDN (1 to 13 digits) nor an ICCID (19 or 20 characters, digits and letters other than O and I): it has blanks inside
}
