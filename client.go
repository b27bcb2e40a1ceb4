package quecloud

import (
	"context"
	"net/http"
	"reflect"
	"strings"
)

// A Client calls the platform for one account. Make one with [NewClient]. It is safe for concurrent use, and one client
// should serve a whole program: its calls share connections, the correction of the clock and the retry budget.
type Client struct {
	Cards   *CardsService   // look cards up, suspend and resume them, change their services
	Flow    *FlowService    // data and voice usage, thresholds and alarms, packages
	SMS     *SMSService     // send SMS, read their log
	Orders  *OrdersService  // products, top-ups, renewals and their state
	Billing *BillingService // billing groups, the account and its wallet
	Files   *FilesService   // exports of the whole fleet

	core *core
}

// A service is a group of methods. All are one struct under different names, so that none costs anything.
type service struct{ core *core }

// call makes a call, unless the service is the zero value, which has no client.
func (s *service) call(ctx context.Context, method string, params, result any, verdict ...verdict) error {
	if s == nil {
		return errNoClient(method)
	}
	return s.core.call(ctx, method, params, result, verdict...)
}

func errNoClient(method string) error {
	return &ParamError{Method: method, Param: "client", Reason: "the client or service is a zero value: make it with NewClient"}
}

func errNoContext(method string) error {
	return &ParamError{Method: method, Param: "ctx", Reason: "the context is nil: use context.Background() where there is none"}
}

func (s *CardsService) call(ctx context.Context, method string, params, result any, verdict ...verdict) error {
	return (*service)(s).call(ctx, method, params, result, verdict...)
}

func (s *FlowService) call(ctx context.Context, method string, params, result any, verdict ...verdict) error {
	return (*service)(s).call(ctx, method, params, result, verdict...)
}

func (s *SMSService) call(ctx context.Context, method string, params, result any, verdict ...verdict) error {
	return (*service)(s).call(ctx, method, params, result, verdict...)
}

func (s *OrdersService) call(ctx context.Context, method string, params, result any, verdict ...verdict) error {
	return (*service)(s).call(ctx, method, params, result, verdict...)
}

func (s *BillingService) call(ctx context.Context, method string, params, result any, verdict ...verdict) error {
	return (*service)(s).call(ctx, method, params, result, verdict...)
}

func (s *FilesService) call(ctx context.Context, method string, params, result any, verdict ...verdict) error {
	return (*service)(s).call(ctx, method, params, result, verdict...)
}

// NewClient returns a client for the account of that appKey. Both values are shown at the platform under API管理. The
// secret is kept where no printing, logging or marshaling of the client can reach it.
func NewClient(appKey, secret string, opts ...Option) (*Client, error) {
	if err := firstError(checkCredential("appKey", appKey), checkCredential("secret", secret)); err != nil {
		return nil, err
	}
	c := &core{
		appKey:   appKey,
		sign:     func(params []param, unsigned []string) string { return signSorted(secret, params, unsigned) },
		settings: defaultSettings(),
		shared:   newShared(),

		maxAnswer: maxAnswer,
		maxFile:   maxFile,
	}
	return c.client(opts)
}

// checkCredential refuses what a file or an environment variable adds to a credential by mistake. It does not show it.
func checkCredential(name, value string) error {
	switch {
	case value == "":
		return &ParamError{Param: name, Reason: "is empty"}
	case strings.TrimSpace(value) != value:
		return &ParamError{Param: name, Reason: "begins or ends with white space, perhaps a line end of the file it was read from"}
	}
	return nil
}

// With returns a client with other options on top of those that c has. It is cheap, and shares with c the connections,
// the clock correction and the retry budget. That is how a single call gets its own timeout or retry policy.
func (c *Client) With(opts ...Option) (*Client, error) {
	if c == nil || c.core == nil {
		return nil, errNoClient("")
	}
	copied := *c.core
	return copied.client(opts)
}

// client applies options to a core that nobody else uses yet, and makes a client of it.
func (c *core) client(opts []Option) (*Client, error) {
	if err := c.settings.apply(opts); err != nil {
		return nil, err
	}
	own := *c.http
	own.CheckRedirect = func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }
	c.http = &own
	s := &service{c}
	return &Client{
		Cards: (*CardsService)(s), Flow: (*FlowService)(s), SMS: (*SMSService)(s),
		Orders: (*OrdersService)(s), Billing: (*BillingService)(s), Files: (*FilesService)(s), core: c,
	}, nil
}

// Call calls any method of the platform by its full name, fc.function.…, through the same pipeline as the typed methods
// do. It is meant for methods that this version of the SDK does not know.
//
// params is nil, a url.Values, a map[string]string, or a struct, or pointer to one, with url tags as
// github.com/google/go-querystring reads them; [CardID], [CardIDs], [Date], [Month] and [Switch] encode themselves.
// Blank parameters are not sent. appKey, method, t and sign are added and must not be given.
//
// result is nil or a pointer to what the answer is read into, which should be a struct with json tags: its scalars are
// read as tolerantly as those of the typed methods. Numbers that end up in an any lose what they have beyond 15 digits.
// It is set to zero before. Where the platform refuses the call with an [*APIError], result holds what came besides the
// refusal.
//
// A method that the SDK knows keeps its [Kind]; of any other it is assumed that it must never be repeated.
func (c *Client) Call(ctx context.Context, method string, params, result any) error {
	if c == nil {
		return errNoClient(method)
	}
	if !strings.HasPrefix(method, "fc.") || !consistsOf(method, func(b byte) bool { return '!' <= b && b <= '~' }) {
		return &ParamError{Method: method, Param: "method", Reason: "want a name like fc.function.card.info"}
	}
	if v := reflect.ValueOf(result); v.IsValid() && (v.Kind() != reflect.Pointer || v.IsNil()) {
		return &ParamError{Method: method, Param: "result", Reason: "want nil or a pointer that is not nil"}
	}
	return c.core.call(ctx, method, params, result)
}
