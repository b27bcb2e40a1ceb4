package quecloudtest

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"sync"
	"time"

	"github.com/quecloud/quecloud-go"
)

// What a server goes by unless options say otherwise.
const (
	DefaultAppKey  = "000001"
	DefaultSecret  = "quecloudtest-secret"
	DefaultFleet   = 12
	DefaultBalance = 1000 * Yuan
)

// A Server stands in for the platform. Make one with [NewServer]. All its methods may be called from several goroutines
// at once.
type Server struct {
	URL    string // of the running server, for the SDK's WithBaseURL; set by Start
	AppKey string // of the account
	Secret string // of the account

	options
	http   *httptest.Server
	ctx    context.Context // ends with the server
	cancel context.CancelFunc

	callsMu      sync.Mutex // guards what follows, apart from the state so that calls which read do not wait for each other
	faults       []*injected
	injections   uint64
	requests     recent[Request]
	requestBytes int // of what requests said, roughly

	mu                    sync.RWMutex // guards what follows; see lockFor
	clock                 clock
	events                events
	timer                 *time.Timer
	closed                bool
	fleet                 *fleet
	groups                []*Group
	products              []Product
	wallet                wallet
	orders                recent[*Order]
	orderNos, externalIDs map[string]*Order
	purchases             PurchaseRules
	failing               []string // reasons for which the next orders will fail
	messages              recent[*SMS]
	received              uint64 // SMS from cards, ever
	smsCounts             map[month]*smsCount
	files                 []*fileTask
	alarms                int64
	checked               day // thresholds were last checked
	outbox                outbox
}

// NewServer starts a server on a port of this machine. The caller should call [Server.Close] when finished, to shut it
// down.
func NewServer(opts ...Option) *Server {
	s := NewUnstartedServer(opts...)
	s.Start()
	return s
}

// NewUnstartedServer returns a server that listens on no port yet. It can be used as an [http.Handler] under a server of
// your own, through [Server.Transport] without any network, or be started with [Server.Start]. It panics when an option
// is impossible.
func NewUnstartedServer(opts ...Option) *Server {
	s := &Server{AppKey: DefaultAppKey, Secret: DefaultSecret, options: defaultOptions()}
	for _, opt := range opts {
		opt(s)
	}
	s.ctx, s.cancel = context.WithCancel(context.Background())
	if s.start.IsZero() {
		s.clock = clock{base: time.Now(), started: time.Now()}
	} else {
		s.clock = clock{base: s.start}
	}
	now := s.clock.now()
	s.orderNos, s.externalIDs = map[string]*Order{}, map[string]*Order{}
	s.smsCounts = map[month]*smsCount{}
	s.groups, s.products = defaultGroups(), defaultProducts()
	s.fleet = newFleet(s.seed, s.size, dayOf(now), s.groups)
	s.fleet.subAccounts = s.subCards
	s.checked = dayOf(now)
	if s.balance > 0 {
		s.wallet.deposit(now, s.balance, "")
	}
	return s
}

// Start starts a server made by [NewUnstartedServer] on a port of this machine, and sets URL.
func (s *Server) Start() {
	if s.http != nil {
		panic("quecloudtest: the server was started already")
	}
	s.http = httptest.NewServer(s)
	s.URL = s.http.URL + "/openapi/router"
}

// Close shuts the server down: it ends running callbacks and waits for running calls.
func (s *Server) Close() {
	s.mu.Lock()
	s.closed = true
	if s.timer != nil {
		s.timer.Stop()
	}
	s.mu.Unlock()
	s.cancel()
	if s.http != nil {
		s.http.Close()
	}
	s.WaitCallbacks()
}

// Seed returns what synthetic cards and the faults' probabilities follow from.
func (s *Server) Seed() uint64 { return s.seed }

// An Option sets something up for a new server.
type Option func(*Server)

type options struct {
	start      time.Time // zero: the clock runs with the real one
	seed       uint64
	size       int
	subCards   int // of size, the last
	balance    Money
	orderDelay time.Duration
	fileDelay  time.Duration
	smsDelay   time.Duration
	dialect    Dialect
	kept       int // requests

	smsURL, orderURL string // guarded by mu
	retries          int
	interval         time.Duration
	caller           *http.Client
	observe          func(Request)
	observeDelivery  func(Delivery)
}

func defaultOptions() options {
	return options{
		seed: 1, size: DefaultFleet, balance: DefaultBalance, kept: 10000,
		caller: &http.Client{Timeout: 5 * time.Second}, observe: func(Request) {}, observeDelivery: func(Delivery) {},
	}
}

// WithCredentials sets the application key and the secret that the server knows. The defaults are [DefaultAppKey] and
// [DefaultSecret].
func WithCredentials(appKey, secret string) Option {
	return func(s *Server) { s.AppKey, s.Secret = appKey, secret }
}

// WithTime sets the server's time, where it stands until [Server.Advance] or [Server.SetTime] moves it. Without it the
// server's time is the real one, and runs.
func WithTime(t time.Time) Option { return func(s *Server) { s.start = t } }

// WithSeed sets what synthetic cards, their usage and the faults' probabilities follow from. The default is 1.
func WithSeed(seed uint64) Option { return func(s *Server) { s.seed = seed } }

// WithFleet sets the number of synthetic cards. Every fleet begins with the same states: all nine occur among the first
// twelve cards, which are the default; the others are mostly in use. WithFleet(0) leaves all cards to [Server.AddCard].
func WithFleet(n int) Option {
	if n < 0 || n > 100_000_000 {
		panic("quecloudtest: WithFleet: want 0 to 100000000 cards")
	}
	return func(s *Server) { s.size = n }
}

// WithSubAccountCards lets the last n synthetic cards belong to the company's sub-account, or all where there are fewer. By
// default all belong to the company itself. Methods that handle only cards of the company itself refuse them; see
// [Card.CompanyID].
func WithSubAccountCards(n int) Option { return func(s *Server) { s.subCards = max(0, n) } }

// WithBalance sets the money in the wallet at the start. The default is [DefaultBalance].
func WithBalance(m Money) Option {
	if m < 0 || m > mostMoney {
		panic(fmt.Sprintf("quecloudtest: WithBalance: %v yuan", m))
	}
	return func(s *Server) { s.balance = m }
}

// WithOrderDelay sets how long orders stay pending. By default they finish at once.
func WithOrderDelay(d time.Duration) Option { return func(s *Server) { s.orderDelay = max(0, d) } }

// WithFileDelay sets how long file tasks run. By default they finish at once.
func WithFileDelay(d time.Duration) Option { return func(s *Server) { s.fileDelay = max(0, d) } }

// WithSMSDelay sets how long SMS are under way. By default they arrive, or fail, at once.
func WithSMSDelay(d time.Duration) Option { return func(s *Server) { s.smsDelay = max(0, d) } }

// WithDialect sets the dialect of all responses. By default they have the form that live ones are known to have, and that
// of the vendor's examples elsewhere.
func WithDialect(d Dialect) Option { return func(s *Server) { s.dialect = d } }

// WithFaults injects faults from the start; see [Server.Inject].
func WithFaults(faults ...Fault) Option { return func(s *Server) { s.Inject(faults...) } }

// WithRequestLimit sets how many requests the server remembers for [Server.Requests], and how many attempts to deliver a
// callback for [Server.Deliveries]: the last n of each. The default is 10,000. Of requests that say very much, such as
// those for a thousand cards, it remembers fewer: 16 MiB of parameters in all.
func WithRequestLimit(n int) Option { return func(s *Server) { s.kept = max(0, n) } }

// WithObserver calls a function for every request, before it is answered. It may be called from several goroutines.
// The answer waits for it.
func WithObserver(observe func(Request)) Option { return func(s *Server) { s.observe = observe } }

// WithDeliveryObserver calls a function after every attempt to deliver a callback. The next delivery waits for it: it must
// not call what waits for deliveries, which are [Server.WaitCallbacks], [Server.Advance], [Server.SetTime],
// [Server.ReceiveSMS] and [Server.Close].
func WithDeliveryObserver(observe func(Delivery)) Option {
	return func(s *Server) { s.observeDelivery = observe }
}

// WithSMSCallback sets the URL that delivery reports and inbound SMS are sent to (§2.3.6); see [Server.SetSMSCallback].
func WithSMSCallback(url string) Option {
	checkCallback("WithSMSCallback", url)
	return func(s *Server) { s.smsURL = url }
}

// WithOrderCallback sets the URL that finished orders are sent to (§2.5.6); see [Server.SetOrderCallback].
func WithOrderCallback(url string) Option {
	checkCallback("WithOrderCallback", url)
	return func(s *Server) { s.orderURL = url }
}

// WithCallbackRetries sets how often a callback is repeated that its receiver did not answer with success. The default is
// 0.
func WithCallbackRetries(n int) Option { return func(s *Server) { s.retries = max(0, n) } }

// WithCallbackInterval sets how long the server waits, by its own clock, before it repeats a callback. By default it
// repeats it at once.
func WithCallbackInterval(d time.Duration) Option { return func(s *Server) { s.interval = max(0, d) } }

// WithCallbackClient sets the HTTP client that callbacks are sent with. The default one waits 5 seconds for an answer.
func WithCallbackClient(client *http.Client) Option { return func(s *Server) { s.caller = client } }

// Client returns a client of the SDK that calls this server and goes by its clock. The options come after those that see
// to that. For a server that was not started the client calls through [Server.Transport]. Client panics when an option is
// wrong.
func (s *Server) Client(opts ...quecloud.Option) *quecloud.Client {
	base := []quecloud.Option{quecloud.WithBaseURL(s.URL), quecloud.WithClock(s.Now)}
	if s.URL == "" {
		base[0] = quecloud.WithBaseURL("https://quecloudtest.invalid/openapi/router")
		base = append(base, quecloud.WithHTTPClient(&http.Client{Transport: s.Transport()}))
	}
	client, err := quecloud.NewClient(s.AppKey, s.Secret, append(base, opts...)...)
	if err != nil {
		panic("quecloudtest: Client: " + err.Error())
	}
	return client
}

// Transport returns a transport that takes calls to the server without any network, whatever their URL. With it, and a
// server that was not started, a test can run in a bubble of testing/synctest.
func (s *Server) Transport() http.RoundTripper { return transport{s} }

type transport struct{ s *Server }

// RoundTrip serves a request in the goroutine that asks.
func (t transport) RoundTrip(r *http.Request) (resp *http.Response, err error) {
	if err := r.Context().Err(); err != nil {
		return nil, err
	}
	in := r.Clone(r.Context())
	if in.Body == nil {
		in.Body = http.NoBody
	}
	defer in.Body.Close()
	rec := httptest.NewRecorder()
	defer func() {
		switch cause := recover(); {
		case cause == nil:
		case cause != http.ErrAbortHandler: //nolint:errorlint // net/http compares a panic in the same way
			panic(cause)
		case r.Context().Err() != nil:
			resp, err = nil, r.Context().Err()
		case resp == nil && !rec.Flushed:
			err = io.EOF // as from a connection that closed before the answer
		default:
			resp = rec.Result()
			resp.Body = struct {
				io.Reader
				io.Closer
			}{io.MultiReader(resp.Body, brokenReader{}), resp.Body}
		}
	}()
	t.s.ServeHTTP(rec, in)
	resp = rec.Result()
	resp.Request = r
	return resp, nil
}

type brokenReader struct{}

func (brokenReader) Read([]byte) (int, error) { return 0, io.ErrUnexpectedEOF }
