package main

import (
	"errors"
	"flag"
	"fmt"
	"io"
	"net/url"
	"os"
	"time"

	"github.com/quecloud/quecloud-go/internal/simulator"
	"github.com/quecloud/quecloud-go/quecloudtest"
)

// errUsage is the error of invalid arguments, which parse reported.
var errUsage = errors.New("invalid arguments")

// secretVariable may hold the secret, since every process can read the arguments.
const secretVariable = "QUECLOUD_SIM_SECRET"

type config struct {
	addr, control  string
	appKey, secret string
	cards          int
	subAccount     int // number of cards of the sub-account
	yearsOnly      bool
	seed           uint64
	balance        int64

	orderDelay, fileDelay, smsDelay, latency time.Duration
	smsCallback, orderCallback               string
	retries                                  int
	interval                                 time.Duration

	faults  []quecloudtest.Fault
	dialect quecloudtest.Dialect
}

// parse parses the arguments, and writes errors and help to usage.
func parse(args []string, usage io.Writer) (*config, error) {
	c := &config{}
	f := flag.NewFlagSet("quecloud-sim", flag.ContinueOnError)
	f.SetOutput(io.Discard) // parse writes the error without a page of usage
	f.StringVar(&c.addr, "addr", "127.0.0.1:8080", "address to serve on; port 0 takes a free one")
	f.StringVar(&c.control, "control", "", "address of the control, such as 127.0.0.1:9090; "+
		"it has no authentication, so use loopback")
	f.StringVar(&c.appKey, "app-key", quecloudtest.DefaultAppKey, "application key")
	f.StringVar(&c.secret, "secret", "", "secret; prefer the environment variable "+secretVariable+
		" (default \""+quecloudtest.DefaultSecret+"\")")
	f.IntVar(&c.cards, "cards", quecloudtest.DefaultFleet, "number of cards")
	f.IntVar(&c.subAccount, "sub-account-cards", 0, "number of cards of the sub-account, the last ones (default 0)")
	f.BoolVar(&c.yearsOnly, "years-only", false, "refuse renewals by months, as the platform does for some companies")
	f.Uint64Var(&c.seed, "seed", 1, "seed of cards, usage and the probabilities of faults")
	f.Int64Var(&c.balance, "balance", int64(quecloudtest.DefaultBalance/quecloudtest.Yuan),
		"money in the wallet, in yuan")
	f.DurationVar(&c.orderDelay, "order-delay", 0, "how long orders stay pending (default 0s)")
	f.DurationVar(&c.fileDelay, "file-delay", 0, "how long file tasks run (default 0s)")
	f.DurationVar(&c.smsDelay, "sms-delay", 0, "how long SMS stay submitted (default 0s)")
	f.DurationVar(&c.latency, "latency", 0, "latency of every call (default 0s)")
	f.StringVar(&c.smsCallback, "sms-callback", "", "URL that receives SMS events")
	f.StringVar(&c.orderCallback, "order-callback", "", "URL that receives order events")
	f.IntVar(&c.retries, "callback-retries", 3, "retries of a callback without success")
	f.DurationVar(&c.interval, "callback-interval", 10*time.Second, "time before a retry of a callback")
	f.Func("fault", "fault of calls; may be given several times:\n"+simulator.FaultHelp, func(v string) error {
		fault, err := simulator.ParseFault(v)
		c.faults = append(c.faults, fault)
		return err
	})
	f.Func("dialect", "form of all responses, joined by +: "+simulator.DialectNames(), func(v string) (err error) {
		c.dialect, err = simulator.ParseDialect(v)
		return err
	})
	err := f.Parse(args)
	if err == nil {
		err = c.check(f.Args())
	}
	switch {
	case errors.Is(err, flag.ErrHelp):
		fmt.Fprintln(usage, "Usage of quecloud-sim:")
		f.SetOutput(usage)
		f.PrintDefaults()
		return nil, err
	case err != nil:
		fmt.Fprintf(usage, "quecloud-sim: %v\nquecloud-sim -h lists all flags\n", err)
		return nil, errUsage
	}
	return c, nil
}

// check fills in the secret and checks the flags.
func (c *config) check(rest []string) error {
	if c.secret == "" {
		c.secret = os.Getenv(secretVariable)
	}
	if c.secret == "" {
		c.secret = quecloudtest.DefaultSecret
	}
	switch {
	case len(rest) > 0:
		return errors.New("unexpected argument after the flags") // hidden, since it may be a secret after a stray space
	case c.appKey == "":
		return errors.New("the application key is empty")
	case c.cards < 0 || c.cards > 100_000_000:
		return fmt.Errorf("-cards %d: want 0 to 100000000", c.cards)
	case c.subAccount < 0 || c.subAccount > c.cards:
		return fmt.Errorf("-sub-account-cards %d: want 0 to %d, the number of cards", c.subAccount, c.cards)
	case c.balance < 0 || c.balance > 1e12:
		return fmt.Errorf("-balance %d: want 0 to 1000000000000", c.balance)
	}
	for name, d := range map[string]time.Duration{
		"order-delay": c.orderDelay, "file-delay": c.fileDelay, "sms-delay": c.smsDelay, "latency": c.latency,
		"callback-interval": c.interval,
	} {
		if d < 0 {
			return fmt.Errorf("-%s %v: want 0s or more", name, d)
		}
	}
	return c.checkCallbacks()
}

// checkCallbacks checks the flags of the callbacks.
func (c *config) checkCallbacks() error {
	if c.retries < 0 {
		return fmt.Errorf("-callback-retries %d: want 0 or more", c.retries)
	}
	for name, address := range map[string]string{"sms-callback": c.smsCallback, "order-callback": c.orderCallback} {
		u, err := url.Parse(address)
		if address != "" && (err != nil || u.Hostname() == "" || u.Scheme != "http" && u.Scheme != "https") {
			// The error omits the URL, which may contain a token.
			return fmt.Errorf("-%s: want an absolute http or https URL", name)
		}
	}
	return nil
}

// options returns the options of the stand-in.
func (c *config) options() []quecloudtest.Option {
	faults := c.faults
	if c.latency > 0 {
		faults = append([]quecloudtest.Fault{quecloudtest.Latency(c.latency)}, faults...)
	}
	return []quecloudtest.Option{
		quecloudtest.WithCredentials(c.appKey, c.secret),
		quecloudtest.WithFleet(c.cards),
		quecloudtest.WithSubAccountCards(c.subAccount),
		quecloudtest.WithSeed(c.seed),
		func(s *quecloudtest.Server) { s.SetPurchaseRules(quecloudtest.PurchaseRules{YearsOnly: c.yearsOnly}) },
		quecloudtest.WithBalance(quecloudtest.Money(c.balance) * quecloudtest.Yuan),
		quecloudtest.WithOrderDelay(c.orderDelay),
		quecloudtest.WithFileDelay(c.fileDelay),
		quecloudtest.WithSMSDelay(c.smsDelay),
		quecloudtest.WithSMSCallback(c.smsCallback),
		quecloudtest.WithOrderCallback(c.orderCallback),
		quecloudtest.WithCallbackRetries(c.retries),
		quecloudtest.WithCallbackInterval(c.interval),
		quecloudtest.WithDialect(c.dialect),
		quecloudtest.WithFaults(faults...),
	}
}
