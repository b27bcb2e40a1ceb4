// Package simulator serves the methods of quecloudtest.Server by HTTP and writes its log, for programs that hold the
// stand-in.
package simulator

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log"
	"net/http"
	"reflect"
	"regexp"
	"strconv"
	"strings"
	"time"
	"unicode"

	"github.com/quecloud/quecloud-go/quecloudtest"
)

// A Control serves the methods of the stand-in by HTTP, for tests in other languages. Make one with [New].
type Control struct {
	sim *quecloudtest.Server
	log *log.Logger
}

// New returns the control of a stand-in. It logs every request.
func New(sim *quecloudtest.Server, logger *log.Logger) *Control {
	return &Control{sim: sim, log: logger}
}

// errNotFound gets HTTP status 404, all other errors 400.
var errNotFound = errors.New("not found")

const (
	maxControl = 1 << 20
	maxAdvance = 10 * 366 * 24 * 60 * 60 // seconds
	maxFailing = 1_000_000
)

// Handler returns the handler of all requests. Each returns a result for view, or an error.
func (c *Control) Handler() http.Handler {
	mux := http.NewServeMux()
	for pattern, do := range map[string]func(*http.Request) (any, error){
		"POST /advance":       c.advance,
		"POST /sms":           c.receiveSMS,
		"POST /usage":         c.setUsage,
		"POST /deposit":       c.deposit,
		"POST /fail-orders":   c.failOrders,
		"POST /purchases":     c.setPurchaseRules,
		"POST /faults":        c.inject,
		"DELETE /faults":      func(*http.Request) (any, error) { c.sim.ClearFaults(); return struct{}{}, nil },
		"GET /cards/{number}": c.card,
		"GET /orders":         func(*http.Request) (any, error) { return c.sim.Orders(), nil },
		"GET /wallet":         func(*http.Request) (any, error) { return c.sim.Wallet(), nil },
		"GET /sms":            func(*http.Request) (any, error) { return c.sim.SMS(), nil },
		"GET /requests":       c.requests,
		"GET /deliveries":     c.deliveries,
		"GET /clock":          func(*http.Request) (any, error) { return c.clock(), nil },
		"/": func(r *http.Request) (any, error) {
			return nil, fmt.Errorf("%w: %s %s; see the documentation of quecloud-sim", errNotFound, r.Method, r.URL.Path)
		},
	} {
		mux.HandleFunc(pattern, func(w http.ResponseWriter, r *http.Request) { c.serve(w, r, do) })
	}
	return mux
}

func (c *Control) serve(w http.ResponseWriter, r *http.Request, do func(*http.Request) (any, error)) {
	r.Body = http.MaxBytesReader(w, r.Body, maxControl)
	result, err := withoutPanic(r, do)
	status, reason := http.StatusOK, ""
	if err != nil {
		status, reason = http.StatusBadRequest, " — "+clip(err.Error())
		if errors.Is(err, errNotFound) {
			status = http.StatusNotFound
		}
		result = map[string]string{"error": err.Error()}
	}
	c.log.Printf("control: %s %s %d%s", r.Method, clip(r.URL.Path), status, reason)
	w.Header().Set("Content-Type", "application/json; charset=utf-8")
	w.WriteHeader(status)
	out := json.NewEncoder(w)
	out.SetEscapeHTML(false)
	_ = out.Encode(view(result)) // fails when the client disconnected
}

// withoutPanic returns the stand-in's panics on invalid arguments as errors.
func withoutPanic(r *http.Request, do func(*http.Request) (any, error)) (result any, err error) {
	defer func() {
		switch cause := recover().(type) {
		case nil:
		case string:
			message, ok := strings.CutPrefix(cause, "quecloudtest: ")
			if !ok {
				panic(cause)
			}
			err = errors.New(message)
		default:
			panic(cause)
		}
	}()
	return do(r)
}

// read decodes the JSON object in the body. It refuses members that T does not have.
func read[T any](r *http.Request) (body T, err error) {
	in := json.NewDecoder(r.Body)
	in.DisallowUnknownFields()
	err = in.Decode(&body)
	if wrong, ok := errors.AsType[*json.UnmarshalTypeError](err); ok && wrong.Field != "" {
		return body, fmt.Errorf("%s: unexpected JSON %s", wrong.Field, wrong.Value)
	}
	if errors.Is(err, io.EOF) {
		return body, errors.New("the body is empty, want a JSON object")
	}
	if err != nil {
		return body, fmt.Errorf("the body: %s", strings.TrimPrefix(err.Error(), "json: "))
	}
	if _, err := in.Token(); !errors.Is(err, io.EOF) {
		return body, errors.New("the body: unexpected data after the JSON object")
	}
	return body, nil
}

func (c *Control) advance(r *http.Request) (any, error) {
	body, err := read[struct {
		Seconds float64 `json:"seconds"`
	}](r)
	if err != nil {
		return nil, err
	}
	if !(body.Seconds > 0 && body.Seconds <= maxAdvance) {
		return nil, fmt.Errorf("seconds: want more than 0, and at most %d", maxAdvance)
	}
	c.sim.Advance(time.Duration(body.Seconds * float64(time.Second)))
	return c.clock(), nil
}

// clock returns the stand-in's time, also as the parameter t.
func (c *Control) clock() any {
	now := c.sim.Now()
	return map[string]any{"time": now, "t": now.Unix()}
}

func (c *Control) receiveSMS(r *http.Request) (any, error) {
	body, err := read[struct {
		Card    string `json:"card"`
		Content string `json:"content"`
	}](r)
	switch {
	case err != nil:
		return nil, err
	case body.Card == "" || body.Content == "":
		return nil, errors.New("want card and content")
	}
	return c.sim.ReceiveSMS(body.Card, body.Content), nil
}

func (c *Control) setUsage(r *http.Request) (any, error) {
	body, err := read[struct {
		Card string   `json:"card"`
		Date string   `json:"date"`
		MB   *float64 `json:"mb"`
	}](r)
	switch {
	case err != nil:
		return nil, err
	case body.Card == "" || body.Date == "" || body.MB == nil:
		return nil, errors.New("want card, date and mb")
	}
	c.sim.SetUsage(body.Card, body.Date, *body.MB)
	card, _ := c.sim.Card(body.Card)
	return card, nil
}

// yuan matches amounts that are small enough for sums.
var yuan = regexp.MustCompile(`^([0-9]{1,12})(?:\.([0-9]{1,2}))?$`)

func (c *Control) deposit(r *http.Request) (any, error) {
	body, err := read[struct {
		Yuan json.Number `json:"yuan"` // text, or a number as it is written
	}](r)
	if err != nil {
		return nil, err
	}
	parts := yuan.FindStringSubmatch(body.Yuan.String())
	if parts == nil {
		return nil, fmt.Errorf("yuan: want an amount such as 12.50")
	}
	whole, _ := strconv.ParseInt(parts[1], 10, 64)
	fen, _ := strconv.ParseInt((parts[2] + "00")[:2], 10, 64)
	c.sim.Deposit(quecloudtest.Money(whole)*quecloudtest.Yuan+quecloudtest.Money(fen)*quecloudtest.Fen, "")
	return c.sim.Wallet(), nil
}

func (c *Control) failOrders(r *http.Request) (any, error) {
	body, err := read[struct {
		N      int    `json:"n"`
		Reason string `json:"reason"`
	}](r)
	if err != nil {
		return nil, err
	}
	if body.N < 1 || body.N > maxFailing {
		return nil, fmt.Errorf("n: want 1 to %d", maxFailing)
	}
	c.sim.FailOrders(body.N, body.Reason)
	return struct{}{}, nil
}

// duplicates are the responses to duplicate purchases by name.
var duplicates = map[string]quecloudtest.Duplicates{
	"":                   quecloudtest.DuplicatesSucceed,
	"succeed":            quecloudtest.DuplicatesSucceed,
	"refused":            quecloudtest.DuplicatesRefused,
	"refused-with-order": quecloudtest.DuplicatesRefusedWithOrder,
}

func (c *Control) setPurchaseRules(r *http.Request) (any, error) {
	body, err := read[struct {
		Duplicates    string  `json:"duplicates"`
		RecordSeconds float64 `json:"recordSeconds"`
		WalletSeconds float64 `json:"walletSeconds"`
	}](r)
	if err != nil {
		return nil, err
	}
	rule, ok := duplicates[body.Duplicates]
	if !ok {
		return nil, errors.New("duplicates: want succeed, refused or refused-with-order")
	}
	for name, seconds := range map[string]float64{
		"recordSeconds": body.RecordSeconds, "walletSeconds": body.WalletSeconds,
	} {
		if !(seconds >= 0 && seconds <= maxAdvance) {
			return nil, fmt.Errorf("%s: want 0 to %d", name, maxAdvance)
		}
	}
	c.sim.SetPurchaseRules(quecloudtest.PurchaseRules{
		Duplicates:  rule,
		RecordDelay: time.Duration(body.RecordSeconds * float64(time.Second)),
		WalletDelay: time.Duration(body.WalletSeconds * float64(time.Second)),
	})
	return struct{}{}, nil
}

func (c *Control) inject(r *http.Request) (any, error) {
	body, err := read[struct {
		Fault string `json:"fault"`
	}](r)
	if err != nil {
		return nil, err
	}
	fault, err := ParseFault(body.Fault)
	if err != nil {
		return nil, fmt.Errorf("fault: %w", err)
	}
	c.sim.Inject(fault)
	return struct{}{}, nil
}

func (c *Control) card(r *http.Request) (any, error) {
	number := r.PathValue("number")
	card, ok := c.sim.Card(number)
	if !ok {
		return nil, fmt.Errorf("%w: card %s", errNotFound, number)
	}
	return card, nil
}

func (c *Control) requests(*http.Request) (any, error) {
	requests := c.sim.Requests()
	for i := range requests {
		requests[i] = withoutSecrets(requests[i], c.sim.Secret)
	}
	return requests, nil
}

func (c *Control) deliveries(*http.Request) (any, error) {
	deliveries := c.sim.Deliveries()
	for i := range deliveries {
		deliveries[i] = hideSecrets(deliveries[i])
	}
	return deliveries, nil
}

// view converts the stand-in's state for encoding/json: structs become objects whose members have the names of the
// fields, with small letters first. Money becomes text in yuan, a duration seconds, an error its text, and a zero
// time null.
func view(state any) any {
	switch v := state.(type) {
	case nil:
		return nil
	case quecloudtest.Money:
		return v.String()
	case time.Duration:
		return v.Seconds()
	case time.Time:
		if v.IsZero() {
			return nil
		}
		return v
	case error:
		return v.Error()
	}
	switch v := reflect.ValueOf(state); v.Kind() {
	case reflect.Pointer:
		if v.IsNil() {
			return nil
		}
		return view(v.Elem().Interface())
	case reflect.Slice, reflect.Array:
		list := make([]any, v.Len())
		for i := range list {
			list[i] = view(v.Index(i).Interface())
		}
		return list
	case reflect.Struct:
		object := map[string]any{}
		for i := range v.NumField() {
			if field := v.Type().Field(i); field.IsExported() {
				object[memberName(field.Name)] = view(v.Field(i).Interface())
			}
		}
		return object
	}
	return state
}

// memberName returns the JSON name of a field: ICCID becomes iccid, HTTPStatus httpStatus.
func memberName(field string) string {
	name := []rune(field)
	for i := range name {
		if i > 0 && i+1 < len(name) && unicode.IsLower(name[i+1]) || unicode.IsLower(name[i]) {
			break
		}
		name[i] = unicode.ToLower(name[i])
	}
	return string(name)
}
