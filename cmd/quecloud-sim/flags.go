package main

import (
	"errors"
	"flag"
	"fmt"
	"io"
	"net/url"
	"strings"
	"time"

	"github.com/quecloud/quecloud-go"
	"github.com/quecloud/quecloud-go/internal/simulator"
	"github.com/quecloud/quecloud-go/quecloudtest"
)

// errUsage is the error of invalid arguments, which parseFlags reported.
var errUsage = errors.New("invalid arguments")

// A config holds the flags.
type config struct {
	simulator.Config
	version bool

	cards      int
	subAccount int // number of cards of the sub-account
	yearsOnly  bool
	seed       uint64
	balance    int64
	start      time.Time // zero: the clock runs with the real one
	timeCheck  quecloudtest.TimeCheck

	orderDelay, fileDelay, smsDelay, latency time.Duration
	smsCallback, orderCallback               string
	retries                                  int
	interval                                 time.Duration

	faults  []quecloudtest.Fault
	dialect quecloudtest.Dialect
}

// parse parses the arguments and the environment, and writes errors and help to usage.
func parse(args []string, lookup environment, usage io.Writer) (*config, error) {
	c := &config{timeCheck: quecloudtest.ServerOrRealTime}
	f := flag.NewFlagSet("quecloud-sim", flag.ContinueOnError)
	c.defineAddresses(f)
	c.defineState(f)
	c.defineTimes(f)
	c.defineCallbacks(f)
	f.Func("fault", "fault of calls; may be given several times, in the variable on several lines:\n"+
		simulator.FaultHelp, func(v string) error {
		for line := range strings.Lines(v) {
			fault, err := simulator.ParseFault(strings.TrimRight(line, "\r\n"))
			if err != nil {
				return err
			}
			c.faults = append(c.faults, fault)
		}
		return nil
	})
	f.Func("dialect", "form of all responses, joined by +: "+simulator.DialectNames(), func(v string) (err error) {
		c.dialect, err = simulator.ParseDialect(v)
		return err
	})
	f.BoolVar(&c.version, "version", false, "print the version")
	return c, parseFlags(f, args, lookup, usage, c.check)
}

func (c *config) defineAddresses(f *flag.FlagSet) {
	f.StringVar(&c.Addr, "addr", "127.0.0.1:8080", "address to serve on; port 0 takes a free one")
	f.StringVar(&c.Control, "control", "", "address of the control and its page, such as 127.0.0.1:9090; "+
		"it has no authentication, so use loopback")
	f.Func("control-host", "names, separated by commas, by which requests may call the control, beside localhost and "+
		"addresses", list(&c.ControlHosts))
	f.BoolVar(&c.TLS, "tls", false, "serve by HTTPS, with a certificate of a CA that is new at each start")
	f.StringVar(&c.TLSCA, "tls-ca", "", "file to write the certificate of the CA of -tls to, for clients to trust")
	f.Func("tls-host", "names and addresses, separated by commas, in the certificate of -tls, beside localhost, "+
		"127.0.0.1 and ::1", list(&c.TLSHosts))
	f.StringVar(&c.AppKey, "app-key", quecloudtest.DefaultAppKey, "application key")
	f.StringVar(&c.Secret, "secret", "", "secret; prefer the variable, since every process can read the arguments"+
		" (default \""+quecloudtest.DefaultSecret+"\")")
}

func (c *config) defineState(f *flag.FlagSet) {
	f.IntVar(&c.cards, "cards", quecloudtest.DefaultFleet, "number of cards")
	f.IntVar(&c.subAccount, "sub-account-cards", 0, "number of cards of the sub-account, the last ones (default 0)")
	f.BoolVar(&c.yearsOnly, "years-only", false, "refuse renewals by months, as the platform does for some companies")
	f.Uint64Var(&c.seed, "seed", 1, "seed of cards, usage and the probabilities of faults")
	f.Int64Var(&c.balance, "balance", int64(quecloudtest.DefaultBalance/quecloudtest.Yuan),
		"money in the wallet, in yuan")
	f.StringVar(&c.Scenario, "scenario", "", "file with the state at the start, as POST /scenario of the control takes it")
	f.StringVar(&c.State, "state", "", "file to load the state from at the start, if it exists, and to save it to at the "+
		"end")
}

func (c *config) defineTimes(f *flag.FlagSet) {
	f.Func("time", "time at which the clock stands, such as 2026-03-10T12:00:00+08:00, or 2026-03-10 for noon of "+
		"that day in China (default: the clock runs with the real one)", func(v string) (err error) {
		c.start, err = parseTime(v)
		return err
	})
	f.Func("t-check", "accept the parameter t within 300 s of the simulator's clock (sim), also of the real one (both), "+
		"or any (off) (default both)", func(v string) error {
		check, ok := map[string]quecloudtest.TimeCheck{
			"sim": quecloudtest.ServerTime, "both": quecloudtest.ServerOrRealTime, "off": quecloudtest.AnyTime,
		}[v]
		if !ok {
			return errors.New("want both, sim or off")
		}
		c.timeCheck = check
		return nil
	})
	f.DurationVar(&c.orderDelay, "order-delay", 0, "how long orders stay pending (default 0s)")
	f.DurationVar(&c.fileDelay, "file-delay", 0, "how long file tasks run (default 0s)")
	f.DurationVar(&c.smsDelay, "sms-delay", 0, "how long SMS stay submitted (default 0s)")
	f.DurationVar(&c.latency, "latency", 0, "latency of every call (default 0s)")
}

func (c *config) defineCallbacks(f *flag.FlagSet) {
	f.StringVar(&c.smsCallback, "sms-callback", "", "URL that receives SMS events; the response must have a 2xx status "+
		"and exactly the body success, without quotes and without a line end")
	f.StringVar(&c.orderCallback, "order-callback", "", "URL that receives order events; the response must have a 2xx "+
		"status and a JSON object with the code 200, such as {\"code\":200,\"msg\":\"\"}")
	f.IntVar(&c.retries, "callback-retries", 3, "retries of a callback without success")
	f.DurationVar(&c.interval, "callback-interval", 10*time.Second, "time before a retry of a callback")
}

// list returns a flag's function for texts that are separated by commas.
func list(texts *[]string) func(string) error {
	return func(v string) error {
		*texts = nil
		for text := range strings.SplitSeq(v, ",") {
			if text = strings.TrimSpace(text); text == "" {
				return errors.New("want names, separated by commas")
			}
			*texts = append(*texts, text)
		}
		return nil
	}
}

// parseTime parses a time or a date.
func parseTime(v string) (time.Time, error) {
	if date, err := time.ParseInLocation(time.DateOnly, v, quecloud.ChinaStandardTime); err == nil {
		return date.Add(12 * time.Hour), nil
	}
	t, err := time.Parse(time.RFC3339, v)
	if err != nil || t.Unix() <= 0 {
		return time.Time{}, errors.New("want a time such as 2026-03-10T12:00:00+08:00, or a date")
	}
	return t, nil
}

// check fills in the secret and checks the flags.
func (c *config) check() error {
	if c.Secret == "" {
		c.Secret = quecloudtest.DefaultSecret
	}
	switch {
	case c.AppKey == "":
		return errors.New("the application key is empty")
	case c.cards < 0 || c.cards > 100_000_000:
		return fmt.Errorf("-cards %d: want 0 to 100000000", c.cards)
	case c.subAccount < 0 || c.subAccount > c.cards:
		return fmt.Errorf("-sub-account-cards %d: want 0 to %d, the number of cards", c.subAccount, c.cards)
	case c.balance < 0 || c.balance > 1e12:
		return fmt.Errorf("-balance %d: want 0 to 1000000000000", c.balance)
	case (c.TLSCA != "" || c.TLSHosts != nil) && !c.TLS:
		return errors.New("-tls-ca and -tls-host need -tls")
	case c.ControlHosts != nil && c.Control == "":
		return errors.New("-control-host needs -control")
	case c.retries < 0:
		return fmt.Errorf("-callback-retries %d: want 0 or more", c.retries)
	}
	for name, d := range map[string]time.Duration{
		"order-delay": c.orderDelay, "file-delay": c.fileDelay, "sms-delay": c.smsDelay, "latency": c.latency,
		"callback-interval": c.interval,
	} {
		if d < 0 {
			return fmt.Errorf("-%s %v: want 0s or more", name, d)
		}
	}
	for name, address := range map[string]string{"sms-callback": c.smsCallback, "order-callback": c.orderCallback} {
		u, err := url.Parse(address)
		if address != "" && (err != nil || u.Hostname() == "" || u.Scheme != "http" && u.Scheme != "https") {
			// The error omits the URL, which may contain a token.
			return fmt.Errorf("-%s: want an absolute http or https URL", name)
		}
	}
	c.Options = c.options()
	return nil
}

// options returns the options of the stand-in.
func (c *config) options() []quecloudtest.Option {
	faults := c.faults
	if c.latency > 0 {
		faults = append([]quecloudtest.Fault{quecloudtest.Latency(c.latency)}, faults...)
	}
	return []quecloudtest.Option{
		quecloudtest.WithFleet(c.cards),
		quecloudtest.WithSubAccountCards(c.subAccount),
		quecloudtest.WithSeed(c.seed),
		func(s *quecloudtest.Server) { s.SetPurchaseRules(quecloudtest.PurchaseRules{YearsOnly: c.yearsOnly}) },
		quecloudtest.WithBalance(quecloudtest.Money(c.balance) * quecloudtest.Yuan),
		quecloudtest.WithTime(c.start),
		quecloudtest.WithTimeCheck(c.timeCheck),
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
