package quecloud

import (
	"cmp"
	"context"
	"io"
	"net/http"
	"reflect"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/quecloud/quecloud-go/internal/lenient"
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
func (s *service) do(ctx context.Context, method string, params, result any, checks ...outcomeCheck) error {
	if s == nil {
		return errNoClient(method)
	}
	return s.core.do(ctx, method, params, result, checks...)
}

func errNoClient(method string) error {
	return &ParamError{Method: method, Param: "client", Reason: "the client or service is a zero value: make it with NewClient"}
}

func errNoContext(method string) error {
	return &ParamError{Method: method, Param: "ctx", Reason: "the context is nil: use context.Background() where there is none"}
}

func (s *CardsService) do(ctx context.Context, method string, params, result any, checks ...outcomeCheck) error {
	return (*service)(s).do(ctx, method, params, result, checks...)
}

func (s *FlowService) do(ctx context.Context, method string, params, result any, checks ...outcomeCheck) error {
	return (*service)(s).do(ctx, method, params, result, checks...)
}

func (s *SMSService) do(ctx context.Context, method string, params, result any, checks ...outcomeCheck) error {
	return (*service)(s).do(ctx, method, params, result, checks...)
}

func (s *OrdersService) do(ctx context.Context, method string, params, result any, checks ...outcomeCheck) error {
	return (*service)(s).do(ctx, method, params, result, checks...)
}

func (s *BillingService) do(ctx context.Context, method string, params, result any, checks ...outcomeCheck) error {
	return (*service)(s).do(ctx, method, params, result, checks...)
}

func (s *FilesService) do(ctx context.Context, method string, params, result any) error {
	return (*service)(s).do(ctx, method, params, result)
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

		maxResponse: maxResponse,
		maxFile:     maxFile,
	}
	return c.client(opts)
}

// checkCredential refuses what a file or an environment variable adds to a credential by mistake. It does not show it.
func checkCredential(name, value string) error {
	first, _ := utf8.DecodeRuneInString(value)
	last, _ := utf8.DecodeLastRuneInString(value)
	quotes := []string{`""`, "''", "``", "“”", "‘’", "「」", "＂＂"}
	reason := ""
	switch {
	case value == "":
		reason = "is empty"
	case !utf8.ValidString(value):
		reason = "is not UTF-8: perhaps the file it was read from is written in another encoding"
	case first == '\ufeff':
		reason = "begins with a byte order mark, which some editors write at the beginning of a file"
	case strings.TrimSpace(value) != value:
		reason = "begins or ends with white space, perhaps a line end of the file it was read from"
	case len(value) > utf8.RuneLen(first) && slices.Contains(quotes, string([]rune{first, last})):
		reason = "is in quotes, which some programs keep that read environment variables from a file, such as docker run --env-file"
	case strings.ContainsFunc(value, unicode.IsControl):
		reason = "has a control character in it, such as a tab or a line end"
	case strings.ContainsFunc(value, func(r rune) bool { return unicode.Is(unicode.Cf, r) }):
		reason = "has an invisible character in it, such as a zero-width space, perhaps copied from a web page"
	case strings.ContainsFunc(value, unicode.IsSpace):
		reason = "has white space in it"
	}
	if reason == "" {
		return nil
	}
	return &ParamError{Param: name, Reason: reason}
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
	if c.transport == nil || c.http != nil && c.transport.source != c.http {
		c.transport = newOnceTransport(cmp.Or(c.http, &http.Client{Transport: newTransport()}), c.http == nil)
	}
	s := &service{c}
	return &Client{
		Cards: (*CardsService)(s), Flow: (*FlowService)(s), SMS: (*SMSService)(s),
		Orders: (*OrdersService)(s), Billing: (*BillingService)(s), Files: (*FilesService)(s), core: c,
	}, nil
}

// CloseIdleConnections closes connections to the platform that no call uses now, of this client and of its copies. It is
// for programs that have done with a client before they end.
func (c *Client) CloseIdleConnections() {
	if c != nil && c.core != nil {
		c.core.transport.client.CloseIdleConnections()
	}
}

// Call calls any method of the platform by its full name, fc.function.…, through the same pipeline as the typed methods
// do. It is meant for methods that this version of the SDK does not know.
//
// params is nil, a url.Values, a map[string]string, or a struct, or pointer to one, with url tags as
// github.com/google/go-querystring reads them; [CardID], [CardIDs], [Date], [Month] and [Switch] encode themselves.
// Blank parameters are not sent. appKey, method, t and sign are added and must not be given.
//
// result is nil or a pointer to what the response is read into, which should be a struct with json tags: its scalars are
// read as tolerantly as those of the typed methods. Numbers that end up in an any lose what they have beyond 15 digits.
// It is set to zero before. Where the platform refuses the call with an [*APIError], result holds what came besides the
// refusal. For a method that responds with a bare list, such as file.list, result is a pointer to a slice. For file.down and
// file.last.down, and for no other method, it is an [io.Writer]: the file is passed on as it comes, and is whole only if the
// error is nil.
//
// A method that the SDK knows keeps its [Kind]; any other is handled as one that changes something, and is not sent again
// after it may have arrived.
func (c *Client) Call(ctx context.Context, method string, params, result any) error {
	if c == nil {
		return errNoClient(method)
	}
	if !strings.HasPrefix(method, "fc.") || !consistsOf(method, func(b byte) bool { return '!' <= b && b <= '~' }) {
		return &ParamError{Method: method, Param: "method", Reason: "want a name like fc.function.card.info"}
	}
	v := reflect.ValueOf(result)
	if v.IsValid() && v.Kind() == reflect.Pointer && v.IsNil() {
		return &ParamError{Method: method, Param: "result", Reason: "is a nil pointer"}
	}
	w, isWriter := result.(io.Writer)
	switch success := lookup(method).success; {
	case success == zipFile:
		if result == nil {
			w, isWriter = io.Discard, true
		}
		if !isWriter {
			return &ParamError{Method: method, Param: "result", Reason: "want an io.Writer: the response is a file"}
		}
		return c.core.do(ctx, method, params, &download{to: w})
	case isWriter: // an os.File, set to zero as results are, panics when it is used
		return &ParamError{Method: method, Param: "result", Reason: "is an io.Writer: the response is no file, want a pointer to a struct"}
	case success == bareList && !v.IsValid():
		return c.callList(ctx, method, params, reflect.ValueOf(new([]any)))
	case v.IsValid() && v.Kind() != reflect.Pointer:
		return &ParamError{Method: method, Param: "result", Reason: "want nil or a pointer"}
	case v.IsValid() && v.Elem().Kind() == reflect.Slice && !lenient.ReadsItself(v.Elem().Type()):
		return c.callList(ctx, method, params, v)
	}
	return c.core.do(ctx, method, params, result)
}

// callList makes a call whose response is a bare list. It is read, as tolerantly as any other member, into the only field of a
// struct, and then into the slice that v points to.
func (c *Client) callList(ctx context.Context, method string, params any, v reflect.Value) error {
	wrapped := reflect.New(reflect.StructOf([]reflect.StructField{{
		Name: "List", Type: v.Elem().Type(), Tag: `json:"list" quec:"bare required"`,
	}}))
	err := c.core.do(ctx, method, params, wrapped.Interface())
	v.Elem().Set(wrapped.Elem().Field(0))
	return err
}
