package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/quecloud/quecloud-go"
)

// A checker compares the platform with what the SDK expects of it. It makes only calls that read.
type checker struct {
	*app
	ctx    context.Context
	client *quecloud.Client
	masker masker
	save   string

	calls    []checkedCall
	findings []finding
	bodies   map[string][]byte // first response of each method
	offset   time.Duration     // of the platform's clock
	dated    bool

	probing   bool // the next calls are made to be refused
	wrongSign bool // they are signed wrongly

	// What earlier responses tell.
	cards  []quecloud.CardID // of different carriers, by ICCID
	msisdn quecloud.CardID
	month  quecloud.Month
}

// A checkedCall is a row of the report: the calls of a method.
type checkedCall struct {
	Method  string
	Calls   int
	Failed  int
	Slowest time.Duration
	Result  string // ok, or the last error
}

// A finding is a row of the report: something that the SDK does not expect.
type finding struct {
	Method string
	What   string
	Path   string // where in the response
	Count  int
	Value  string // masked
}

func (a *app) checkCommand() *cobra.Command {
	c := &checker{app: a, masker: newMasker(), bodies: map[string][]byte{}}
	var probe bool
	cmd := &cobra.Command{
		Use: "check", Short: a.texts.get("See whether the platform does what the SDK expects; makes only calls that read"),
		Args: a.checkArgs(spec{}),
		RunE: func(cmd *cobra.Command, _ []string) error { return c.run(cmd.Context(), probe) },
	}
	cmd.Flags().StringVar(&c.save, "save", "", a.texts.get("folder for the masked responses"))
	cmd.Flags().BoolVar(&probe, "probe-errors", false,
		a.texts.get("also make calls with a wrong signature and an unknown card; the platform may lock the account"))
	return cmd
}

func (c *checker) run(ctx context.Context, probe bool) (err error) {
	c.ctx, c.month = ctx, quecloud.MonthOf(time.Now())
	c.wrap = func(next http.RoundTripper) http.RoundTripper { return capture{c, next} }
	c.client, err = c.app.client(ctx, quecloud.WithDriftHandler(c.drift), quecloud.WithInterceptor(c.time))
	if err != nil {
		return err
	}
	for _, step := range c.steps() {
		if err := ctx.Err(); err != nil {
			return err
		}
		step()
		if len(c.bodies) == 0 {
			break // no response came: further calls would tell nothing more
		}
	}
	if probe {
		c.probe()
	}
	if err := c.write(); err != nil {
		return err
	}
	if err := c.report(); err != nil {
		return err
	}
	if !slices.ContainsFunc(c.calls, func(call checkedCall) bool { return call.Failed < call.Calls }) {
		return outcomeError{c.texts.get("no call succeeded"), exitFailed}
	}
	return nil
}

// capture keeps the responses of a transport.
type capture struct {
	c    *checker
	next http.RoundTripper
}

// methodKey is the key of the method in the context of a request.
type methodKey struct{}

// maxKept is how much of a response is kept.
const maxKept = 4 << 20

// RoundTrip makes a request, and keeps the response.
func (t capture) RoundTrip(req *http.Request) (*http.Response, error) {
	if t.c.wrongSign {
		var err error
		if req, err = withWrongSign(req); err != nil {
			return nil, err
		}
	}
	begin := time.Now()
	resp, err := t.next.RoundTrip(req)
	if err != nil {
		return resp, err
	}
	if at, err := http.ParseTime(resp.Header.Get("Date")); err == nil && !t.c.dated {
		t.c.offset, t.c.dated = at.Sub(begin.Add(time.Since(begin)/2)).Round(time.Second), true
	}
	method, _ := req.Context().Value(methodKey{}).(string)
	if _, ok := t.c.bodies[method]; !ok && method != "" && !strings.HasSuffix(method, ".down") {
		body, err := io.ReadAll(io.LimitReader(resp.Body, maxKept))
		if err != nil {
			return nil, errors.Join(err, resp.Body.Close())
		}
		t.c.bodies[method] = body
		resp.Body = struct {
			io.Reader
			io.Closer
		}{io.MultiReader(bytes.NewReader(body), resp.Body), resp.Body}
	}
	return resp, nil
}

// withWrongSign returns a request whose signature is wrong.
func withWrongSign(req *http.Request) (*http.Request, error) {
	body, err := io.ReadAll(req.Body)
	if err != nil {
		return nil, err
	}
	form, err := url.ParseQuery(string(body))
	if err != nil {
		return nil, err
	}
	form.Set("sign", strings.Repeat("0", 40))
	other := req.Clone(req.Context())
	other.Body = io.NopCloser(strings.NewReader(form.Encode()))
	other.ContentLength = int64(len(form.Encode()))
	return other, nil
}

// time records a call.
func (c *checker) time(ctx context.Context, info *quecloud.CallInfo, next func(context.Context) error) error {
	name := strings.TrimPrefix(info.Method, "fc.function.")
	if info.Kind != quecloud.KindRead {
		return fmt.Errorf("check: %s does not read", name) // it never sends anything else
	}
	err := next(context.WithValue(ctx, methodKey{}, name))
	at := slices.IndexFunc(c.calls, func(call checkedCall) bool { return call.Method == name })
	if at < 0 {
		at = len(c.calls)
		c.calls = append(c.calls, checkedCall{Method: name, Result: "ok"})
	}
	call := &c.calls[at]
	call.Calls++
	call.Slowest = max(call.Slowest, info.Duration.Round(time.Millisecond))
	if err != nil && !c.probing {
		call.Failed++
		call.Result = c.errorText(err)
	}
	return err
}

// errorText returns the masked text of an error. That of a bad response has parts of it.
func (c *checker) errorText(err error) string {
	bad, ok := errors.AsType[*quecloud.ResponseError](err)
	if !ok {
		return c.masker.message(err.Error())
	}
	text := fmt.Sprintf("bad response with HTTP status %d: ", bad.HTTPStatus)
	if member, ok := errors.AsType[*quecloud.FieldError](err); ok {
		return text + c.masker.message(member.Path+": "+member.Reason)
	}
	return text + c.masker.message(bad.Err.Error())
}

var index = regexp.MustCompile(`\[[0-9]+\]`)

func (c *checker) drift(d quecloud.Drift) {
	path := c.masker.message(index.ReplaceAllString(d.Path, "[]"))
	c.find(strings.TrimPrefix(d.Method, "fc.function."), string(d.Kind), path, c.masker.value(d.Value))
}

func (c *checker) find(method, what, path, value string) {
	for i := range c.findings {
		if f := &c.findings[i]; f.Method == method && f.What == what && f.Path == path {
			f.Count++
			return
		}
	}
	c.findings = append(c.findings, finding{method, what, path, 1, value})
}

// write writes the masked responses.
func (c *checker) write() error {
	if c.save == "" || c.dry("write %s", c.save) {
		return nil
	}
	for method, body := range c.bodies {
		var masked bytes.Buffer
		if err := c.masker.json(&masked, bytes.NewReader(body)); err != nil {
			c.find(method, "no JSON", "", c.masker.text(string(body[:min(len(body), 64)])))
			continue
		}
		masked.WriteByte('\n')
		if err := replaceFile(filepath.Join(c.save, method+".json"), masked.Bytes()); err != nil {
			return err
		}
	}
	return nil
}

// report prints what was found.
func (c *checker) report() error {
	failed := 0
	for _, call := range c.calls {
		failed += call.Failed
	}
	if c.output.form != formTable {
		type result struct {
			ClockOffset time.Duration
			Calls       []checkedCall
			Findings    []finding
		}
		return c.output.one(recordOf(result{c.offset, c.calls, c.findings}))
	}
	fmt.Fprintf(c.out, c.texts.get("quecloud %s, the platform's clock is off by %v\n\n"), quecloud.Version, c.offset)
	if err := c.output.rows(records(c.calls), nil); err != nil {
		return err
	}
	if len(c.findings) > 0 {
		fmt.Fprintln(c.out)
		if err := c.output.rows(records(c.findings), nil); err != nil {
			return err
		}
	}
	fmt.Fprintf(c.out, c.texts.get("\n%d methods read, %d calls failed, %d findings\n"), len(c.calls), failed,
		len(c.findings))
	return nil
}

func records[T any](rows []T) func(func(record, error) bool) {
	return func(yield func(record, error) bool) {
		for _, row := range rows {
			if !yield(recordOf(row), nil) {
				return
			}
		}
	}
}

// probe makes calls that are refused, to learn the codes.
func (c *checker) probe() {
	c.probing = true
	defer func() { c.probing = false }()
	_, err := c.client.Cards.Info(c.ctx, quecloud.ICCID("89860000000000000000"))
	c.findCode("card.info", "code of an unknown card", err)
	c.wrongSign = true
	_, err = c.client.Billing.Account(c.ctx)
	c.wrongSign = false
	c.findCode("account.info", "code of a wrong signature", err)
}

func (c *checker) findCode(method, what string, err error) {
	api, refused := errors.AsType[*quecloud.APIError](err)
	switch {
	case refused:
		c.find(method, what, "resultCode", fmt.Sprintf("%d %s", api.Code, c.masker.message(api.Message)))
	case err != nil:
		c.find(method, what, "", c.errorText(err))
	default:
		c.find(method, what, "", "none, it is not refused")
	}
}
