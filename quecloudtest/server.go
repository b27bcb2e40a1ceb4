package quecloudtest

import (
	"context"
	"fmt"
	"net/http"
	"net/http/httptest"
	"sync"
	"time"

	"github.com/quecloud/quecloud-go"
)

// The settings of a server without options.
const (
	DefaultAppKey  = "000001"
	DefaultSecret  = "quecloudtest-secret"
	DefaultFleet   = 12
	DefaultBalance = 1000 * Yuan
)

// A Server stands in for the platform. Make one with [NewServer]. Its methods are safe for concurrent use.
type Server struct {
	URL    string // of the running server, for the SDK's WithBaseURL; set by Start
	AppKey string // application key of the account
	Secret string // secret of the account

	options
	initial []Option
	http    *httptest.Server
	ctx     context.Context // ends with the server
	cancel  context.CancelFunc

	callsMu      sync.Mutex // guards the fields below up to updates, so that calls that read do not wait for each other
	faults       []*injectedFault
	injections   uint64
	requests     recent[Request]
	requestBytes int // approximate size of requests

	updates updates

	mu sync.RWMutex // taken before callsMu; guards the fields below, see lockFor
	world
	timer      *time.Timer
	closed     bool
	era        int           // number of Reset and Load so far
	delivering chan struct{} // closed when no delivery is due; nil: none is
	urgent     []urgentDelivery
	delivered  recent[Delivery]
}

// NewServer starts a server on a port of this machine. The caller should call [Server.Close] when finished, to shut it
// down.
func NewServer(opts ...Option) *Server {
	s := NewUnstartedServer(opts...)
	s.Start()
	return s
}

// NewUnstartedServer returns a server that does not listen on a port. Start it with [Server.Start], mount it in your
// own server as an [http.Handler], or call it without a network through [Server.Transport]. NewUnstartedServer panics
// when an option is invalid.
func NewUnstartedServer(opts ...Option) *Server {
	s := &Server{AppKey: DefaultAppKey, Secret: DefaultSecret, options: defaultOptions(), initial: opts}
	s.seed = 1
	for _, opt := range opts {
		opt(s)
	}
	s.ctx, s.cancel = context.WithCancel(context.Background())
	c := clock{base: s.start}
	if s.start.IsZero() {
		c = clock{base: time.Now(), started: time.Now()}
	}
	purchases, failing := s.purchases, s.failing // of an option that calls the server's methods
	s.world = newWorld(&s.options, s.settings, c)
	s.purchases, s.failing = purchases, failing
	s.fleet.watch = s.watchCard
	s.updates.recent = recent[Update]{} // of the options
	return s
}

// Start starts a server made by [NewUnstartedServer] on a port of this machine, and sets URL.
func (s *Server) Start() {
	if s.http != nil {
		panic("quecloudtest: Start: the server was started already")
	}
	s.http = httptest.NewServer(s)
	s.URL = s.http.URL + "/openapi/router"
}

// Close cancels running callbacks, waits for running calls and shuts the server down.
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

// Seed returns the seed of the synthetic cards and of the faults' probabilities.
func (s *Server) Seed() uint64 {
	s.mu.RLock()
	defer s.mu.RUnlock()
	return s.seed
}

// Client returns a client of the SDK with the [Server.Options] of this server, to which opts are added. Client panics
// when an option is invalid.
func (s *Server) Client(opts ...quecloud.Option) *quecloud.Client {
	client, err := quecloud.NewClient(s.AppKey, s.Secret, append(s.Options(), opts...)...)
	if err != nil {
		panic("quecloudtest: Client: " + err.Error())
	}
	return client
}

// Options returns the options with which a client calls this server and uses its clock, for code that makes its own
// client with the server's AppKey and Secret. For a server that was not started, the client calls through
// [Server.Transport].
func (s *Server) Options() []quecloud.Option {
	if s.URL != "" {
		return []quecloud.Option{quecloud.WithBaseURL(s.URL), quecloud.WithClock(s.Now)}
	}
	return []quecloud.Option{
		quecloud.WithBaseURL("https://quecloudtest.invalid/openapi/router"), quecloud.WithClock(s.Now),
		quecloud.WithHTTPClient(&http.Client{Transport: s.Transport()}),
	}
}

// An Option configures a new server. [Server.Reset] and [Server.Load] apply the options anew.
type Option func(*Server)

// options are the options of a server that are not part of its state.
type options struct {
	start        time.Time // zero: the clock runs with the real one
	size         int
	subCards     int // number of cards of the sub-account, the last ones of size
	balance      Money
	requestLimit int
	timeCheck    TimeCheck

	callbackClient  *http.Client
	observe         func(Request)
	observeDelivery func(Delivery)
}

func defaultOptions() options {
	return options{
		size: DefaultFleet, balance: DefaultBalance, requestLimit: 10000,
		callbackClient: &http.Client{Timeout: 5 * time.Second},
		observe:        func(Request) {}, observeDelivery: func(Delivery) {},
	}
}

// WithCredentials sets the application key and the secret. The defaults are [DefaultAppKey] and [DefaultSecret].
func WithCredentials(appKey, secret string) Option {
	return func(s *Server) { s.AppKey, s.Secret = appKey, secret }
}

// WithTime stops the server's clock at t. [Server.Advance] and [Server.SetTime] move it. Without WithTime the clock
// runs with the real one.
func WithTime(t time.Time) Option { return func(s *Server) { s.start = t } }

// WithSeed sets the seed of the synthetic cards, of their usage and of the faults' probabilities. The default is 1.
func WithSeed(seed uint64) Option { return func(s *Server) { s.seed = seed } }

// WithFleet sets the number of synthetic cards. The default is [DefaultFleet]. The first twelve cards of every fleet
// have all nine states among them; most others are in use. WithFleet(0) leaves all cards to [Server.AddCard].
func WithFleet(n int) Option {
	if n < 0 || n > maxFleet {
		panic(fmt.Sprintf("quecloudtest: WithFleet(%d): want 0 to %d cards", n, maxFleet))
	}
	return func(s *Server) { s.size = n }
}

// WithSubAccountCards assigns the last n synthetic cards, or all if there are fewer, to the company's sub-account. By
// default the company itself owns all cards. Some methods handle only its own cards; see [Card.CompanyID].
func WithSubAccountCards(n int) Option { return func(s *Server) { s.subCards = max(0, n) } }

// WithBalance sets the money in the wallet at the start. The default is [DefaultBalance].
func WithBalance(m Money) Option {
	if m < 0 || m > maxMoney {
		panic(fmt.Sprintf("quecloudtest: WithBalance: %v yuan, want 0 to %v", m, maxMoney))
	}
	return func(s *Server) { s.balance = m }
}

// WithOrderDelay sets how long orders stay pending. By default they finish at once.
func WithOrderDelay(d time.Duration) Option { return func(s *Server) { s.orderDelay = max(0, d) } }

// WithFileDelay sets how long file tasks run. By default they finish at once.
func WithFileDelay(d time.Duration) Option { return func(s *Server) { s.fileDelay = max(0, d) } }

// WithSMSDelay sets how long SMS stay submitted. By default they arrive or fail at once.
func WithSMSDelay(d time.Duration) Option { return func(s *Server) { s.smsDelay = max(0, d) } }

// WithDialect sets the dialect of all responses. The default is the form of the live platform as far as it is known,
// and that of the vendor's examples elsewhere.
func WithDialect(d Dialect) Option { return func(s *Server) { s.dialect = d } }

// WithFaults injects faults from the start; see [Server.Inject].
func WithFaults(faults ...Fault) Option { return func(s *Server) { s.Inject(faults...) } }

// WithRequestLimit sets how many requests the server remembers for [Server.Requests], and how many deliveries for
// [Server.Deliveries]: the last n of each. The default is 10,000. The remembered requests and the excerpts of their
// responses take at most 32 MiB, so that large ones, such as those for a thousand cards, lower their number.
func WithRequestLimit(n int) Option { return func(s *Server) { s.requestLimit = max(0, n) } }

// WithObserver sets a function that the server calls for every request before it responds. The function must be safe
// for concurrent use. The response waits for it.
func WithObserver(observe func(Request)) Option { return func(s *Server) { s.observe = observe } }

// WithDeliveryObserver sets a function that the server calls after every delivery of a callback. The next delivery
// waits for it, so it must not call methods that wait for deliveries: [Server.WaitCallbacks], [Server.Advance],
// [Server.SetTime], [Server.ReceiveSMS] and [Server.Close].
func WithDeliveryObserver(observe func(Delivery)) Option {
	return func(s *Server) { s.observeDelivery = observe }
}

// WithSMSCallback sets the URL that receives SMS events (§2.3.6); see [Server.SetSMSCallback].
func WithSMSCallback(url string) Option {
	checkCallbackURL("WithSMSCallback", url)
	return func(s *Server) { s.smsURL = url }
}

// WithOrderCallback sets the URL that receives order events (§2.5.6); see [Server.SetOrderCallback].
func WithOrderCallback(url string) Option {
	checkCallbackURL("WithOrderCallback", url)
	return func(s *Server) { s.orderURL = url }
}

// WithCallbackRetries sets how often the server retries a callback without success. The default is 0.
func WithCallbackRetries(n int) Option { return func(s *Server) { s.retries = max(0, n) } }

// WithCallbackInterval sets how long the server waits before it retries a callback, by its own clock. By default it
// retries at once.
func WithCallbackInterval(d time.Duration) Option { return func(s *Server) { s.interval = max(0, d) } }

// WithCallbackClient sets the HTTP client of the callbacks. The default client has a timeout of 5 seconds. With
// [HandlerTransport] the callbacks need no network.
func WithCallbackClient(client *http.Client) Option {
	return func(s *Server) { s.callbackClient = client }
}
