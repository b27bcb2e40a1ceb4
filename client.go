// This file has the client, its services and Client.Call, which calls methods that have no Go method.

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

// A Client calls the platform for one account. Make one with [NewClient]. It is safe for concurrent use. One client
// should serve a whole program: its calls share connections, the clock correction and the retry budget.
type Client struct {
	Cards   *CardsService   // look cards up, suspend and resume them, change their services
	Flow    *FlowService    // data and voice usage, thresholds and alarms, packages
	SMS     *SMSService     // send SMS, read their log
	Orders  *OrdersService  // products, top-ups, renewals and their orders
	Billing *BillingService // billing groups, the account and its wallet
	Files   *FilesService   // exports of the whole fleet

	core *core
}

// A service is a group of methods. All services are this struct under different names, and share one value.
type service struct{ core *core }

// do makes a call. It returns an error if the service is a zero value, which has no client.
func (s *service) do(ctx context.Context, method string, params, result any, checks ...outcomeCheck) error {
	if s == nil {
		return errNoClient(method)
	}
	return s.core.do(ctx, method, params, result, checks...)
}

func errNoClient(method string) error {
	return &ParamError{
		Method: method, Param: "client", Reason: "the client or service is a zero value: make it with NewClient",
	}
}

func errNoContext(method string) error {
	return &ParamError{Method: method, Param: "ctx", Reason: "the context is nil: pass context.Background() instead"}
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

// NewClient returns a client for the account of an appKey. The platform shows the appKey and the secret under API管理.
// With [WithCredentials], they may be empty. Printing, logging or marshaling the client does not reveal the secret.
func NewClient(appKey, secret string, opts ...Option) (*Client, error) {
	c := &core{account: newAccount(appKey, secret), settings: defaultSettings(), shared: newShared()}
	if err := c.settings.apply(opts); err != nil {
		return nil, err
	}
	if bad := checkCredentials(appKey, secret); bad != nil && c.credentials == nil {
		return nil, bad
	}
	return c.newClient(), nil
}

func checkCredentials(appKey, secret string) *ParamError {
	return cmp.Or(checkCredential("appKey", appKey), checkCredential("secret", secret))
}

// checkCredential rejects characters that a file or an environment variable may add to a credential. Its error does not
// show the value.
func checkCredential(name, value string) *ParamError {
	first, _ := utf8.DecodeRuneInString(value)
	last, _ := utf8.DecodeLastRuneInString(value)
	quotes := []string{`""`, "''", "``", "“”", "‘’", "「」", "＂＂"}
	reason := ""
	switch {
	case value == "":
		reason = "is empty"
	case !utf8.ValidString(value):
		reason = "is not UTF-8: perhaps its file has another encoding"
	case first == '\ufeff':
		reason = "begins with a byte order mark, which some editors write at the start of a file"
	case strings.TrimSpace(value) != value:
		reason = "begins or ends with white space, perhaps the line end of a file"
	case len(value) > utf8.RuneLen(first) && slices.Contains(quotes, string([]rune{first, last})):
		reason = "is in quotes, perhaps from a file of environment variables: docker run --env-file keeps them"
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

// With returns a copy of c with further options. It is cheap. The copy shares the connections, the clock correction and
// the retry budget with c. Use it to give a single call a timeout or retry policy of its own.
func (c *Client) With(opts ...Option) (*Client, error) {
	if c == nil || c.core == nil {
		return nil, errNoClient("")
	}
	copied := *c.core
	if err := copied.settings.apply(opts); err != nil {
		return nil, err
	}
	if copied.baseURL != c.core.baseURL || copied.userAgent != c.core.userAgent {
		copied.request = nil
	}
	return copied.newClient(), nil
}

// newClient returns the client of c, which must not be in use.
func (c *core) newClient() *Client {
	if c.transport == nil || c.http != nil && c.transport.source != c.http {
		c.transport = newOnceTransport(cmp.Or(c.http, &http.Client{Transport: NewTransport()}), c.http == nil)
	}
	if c.request == nil {
		c.request, _ = http.NewRequest(http.MethodPost, c.baseURL, http.NoBody) // apply has checked the URL
		c.request.Header.Set("Content-Type", "application/x-www-form-urlencoded")
		c.request.Header.Set("User-Agent", c.userAgent)
	}
	s := &service{c}
	return &Client{
		Cards: (*CardsService)(s), Flow: (*FlowService)(s), SMS: (*SMSService)(s),
		Orders: (*OrdersService)(s), Billing: (*BillingService)(s), Files: (*FilesService)(s), core: c,
	}
}

// CloseIdleConnections closes the connections of this client and its copies that no call is using. A program may call
// it when it no longer needs the client.
func (c *Client) CloseIdleConnections() {
	if c != nil && c.core != nil {
		c.core.transport.client.CloseIdleConnections()
	}
}

// Call calls any method of the platform by its full name, fc.function.…, through the same pipeline as the typed
// methods. Use it for methods that this version of the SDK does not know.
//
// params is nil, a url.Values, a map[string]string, or a struct, or pointer to one, with url tags as
// github.com/google/go-querystring reads them. [CardID], [CardIDs], [Date], [Month] and [Switch] encode themselves.
// Blank parameters are not sent. The SDK adds appKey, method, t and sign; they must not be in params.
//
// result is nil or a pointer, usually to a struct with json tags. Call sets it to zero and reads the response into it,
// as tolerantly as the typed methods do. Numbers that end up in an any lose digits beyond the 15th. If the platform
// refuses the call with an [*APIError], result holds the rest of the response. For a method that responds with a bare
// list, such as file.list, result is a pointer to a slice. For file.down and file.last.down, and for no other method,
// it is an [io.Writer]. It gets the file as it arrives; the file is whole only if the error is nil.
//
// Call gives a method that the SDK knows its own [Kind]. It handles any other as one that changes something, and does
// not retry it after it may have arrived.
func (c *Client) Call(ctx context.Context, method string, params, result any) error {
	if c == nil {
		return errNoClient(method)
	}
	if !strings.HasPrefix(method, "fc.") || strings.ContainsFunc(method, isNotVisibleASCII) {
		return &ParamError{Method: method, Param: "method", Reason: "want a name like fc.function.card.info"}
	}
	v := reflect.ValueOf(result)
	if v.Kind() == reflect.Pointer && v.IsNil() {
		return &ParamError{Method: method, Param: "result", Reason: "is a nil pointer"}
	}
	_, isWriter := result.(io.Writer)
	switch success := lookup(method).success; {
	case success == zipFile:
		return c.callFile(ctx, method, params, result)
	case isWriter: // setting an os.File to zero would make it panic
		reason := "is an io.Writer: the response is no file, want a pointer to a struct"
		return &ParamError{Method: method, Param: "result", Reason: reason}
	case success == bareList && !v.IsValid():
		return c.callList(ctx, method, params, reflect.ValueOf(new([]any)))
	case v.IsValid() && v.Kind() != reflect.Pointer:
		return &ParamError{Method: method, Param: "result", Reason: "want nil or a pointer"}
	case v.IsValid() && v.Elem().Kind() == reflect.Slice && !lenient.ReadsItself(v.Elem().Type()):
		return c.callList(ctx, method, params, v)
	}
	return c.core.do(ctx, method, params, result)
}

// callFile makes a call whose response is a file. result is an io.Writer, or nil to discard the file.
func (c *Client) callFile(ctx context.Context, method string, params, result any) error {
	if result == nil {
		result = io.Discard
	}
	w, ok := result.(io.Writer)
	if !ok {
		return &ParamError{Method: method, Param: "result", Reason: "want an io.Writer: the response is a file"}
	}
	return c.core.do(ctx, method, params, &download{to: w})
}

// callList makes a call whose response is a bare list. The decoder reads it into the field of a struct, from which
// callList copies it to the slice that v points to.
func (c *Client) callList(ctx context.Context, method string, params any, v reflect.Value) error {
	wrapped := reflect.New(reflect.StructOf([]reflect.StructField{{
		Name: "List", Type: v.Elem().Type(), Tag: `json:"list" quec:"bare required"`,
	}}))
	err := c.core.do(ctx, method, params, wrapped.Interface())
	v.Elem().Set(wrapped.Elem().Field(0))
	return err
}
