package simulator

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"net/http"
	"net/url"
	"reflect"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/quecloud/quecloud-go/quecloudtest"
)

// A route is a request that the control accepts. The function routes returns all of them.
type route struct {
	pattern string // HTTP method and path, as for http.ServeMux
	en, zh  string // what it does
	operation
}

// An operation reads an input from a request and responds. It returns an error if it has not responded.
type operation struct {
	in, out reflect.Type // out is nil if the response is any JSON
	stream  bool         // the response is a stream of events, each of type out
	serve   func(*Control, http.ResponseWriter, *http.Request) error
}

// op makes an operation that responds with JSON. The fields of In have one of these tags:
//
//	path:"name"    a part of the path
//	query:"name"   a query parameter
//	body:"json"    the body; without such a field the body must be empty
//
// The tag doc describes a field of the path or the query. The tag enum lists the values that it allows, or names a list
// in enums.
func op[In, Out any](do func(*Control, *http.Request, In) (Out, error)) operation {
	return operation{
		in: reflect.TypeFor[In](), out: reflect.TypeFor[Out](),
		serve: func(c *Control, w http.ResponseWriter, r *http.Request) error {
			in, err := input[In](w, r)
			if err != nil {
				return err
			}
			out, err := withoutPanic(func() (Out, error) { return do(c, r, in) })
			if err == nil {
				c.respond(w, http.StatusOK, out)
			}
			return err
		},
	}
}

// raw makes an operation that writes its response itself.
func raw[In any](do func(*Control, http.ResponseWriter, *http.Request, In) error) operation {
	return operation{
		in: reflect.TypeFor[In](),
		serve: func(c *Control, w http.ResponseWriter, r *http.Request) error {
			in, err := input[In](w, r)
			if err != nil {
				return err
			}
			return do(c, w, r, in)
		},
	}
}

// stream makes an operation that streams events.
func stream[In, Event any](do func(*Control, http.ResponseWriter, *http.Request, In) error) operation {
	o := raw(do)
	o.out, o.stream = reflect.TypeFor[Event](), true
	return o
}

// A failure is an error with an HTTP status.
type failure struct {
	status int
	text   string
}

func (f *failure) Error() string { return f.text }

func failf(status int, format string, args ...any) error {
	return &failure{status, fmt.Sprintf(format, args...)}
}

// withoutPanic returns the stand-in's panics on invalid arguments as errors.
func withoutPanic[T any](do func() (T, error)) (result T, err error) {
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
	return do()
}

// respond writes a result as JSON, without the secret.
func (c *Control) respond(w http.ResponseWriter, status int, result any) {
	var body bytes.Buffer
	out := json.NewEncoder(&body)
	out.SetEscapeHTML(false)
	if err := out.Encode(result); err != nil {
		panic(err) // every result encodes
	}
	w.Header().Set("Content-Type", "application/json; charset=utf-8")
	w.WriteHeader(status)
	_, _ = io.WriteString(w, c.hide(body.String())) // fails when the client disconnected
}

// input reads the input of an operation. It refuses query parameters and members that In does not have.
func input[In any](w http.ResponseWriter, r *http.Request) (in In, err error) {
	query, err := url.ParseQuery(r.URL.RawQuery)
	if err != nil {
		return in, fmt.Errorf("the query: %w", err)
	}
	v := reflect.ValueOf(&in).Elem()
	limit, body := int64(maxControl), any(nil)
	for _, f := range reflect.VisibleFields(v.Type()) {
		field, tag := v.FieldByIndex(f.Index), f.Tag
		if name, ok := tag.Lookup("path"); ok {
			err = setParam(field, name, r.PathValue(name), tag.Get("enum"))
		}
		if name, ok := tag.Lookup("query"); ok {
			if values := query[name]; len(values) > 1 {
				err = fmt.Errorf("query parameter %s: want it once", name)
			} else if len(values) == 1 {
				err = setParam(field, name, values[0], tag.Get("enum"))
			}
			delete(query, name)
		}
		if err != nil {
			return in, err
		}
		if tag.Get("body") != "" {
			body = field.Addr().Interface()
		}
		if tag.Get("body") == "state" {
			limit = maxState
		}
	}
	for name := range query {
		return in, fmt.Errorf("unknown query parameter %q: want %s", name, wanted(queryNames(v.Type())))
	}
	return in, readBody(http.MaxBytesReader(w, r.Body, limit), body)
}

// queryNames returns the names of the query parameters of an input.
func queryNames(in reflect.Type) []string {
	names := []string{}
	for _, field := range reflect.VisibleFields(in) {
		if name, ok := field.Tag.Lookup("query"); ok {
			names = append(names, name)
		}
	}
	return names
}

// wanted lists names for an error.
func wanted(names []string) string {
	if len(names) == 0 {
		return "none"
	}
	if len(names) == 1 {
		return names[0]
	}
	return strings.Join(names[:len(names)-1], ", ") + " or " + names[len(names)-1]
}

// enums are lists of values for the tag enum.
var enums = map[string][]string{
	"@updates": {
		quecloudtest.UpdateRequest, quecloudtest.UpdateDelivery, quecloudtest.UpdateOrder, quecloudtest.UpdateSMS,
		quecloudtest.UpdateReceived, quecloudtest.UpdateCard, quecloudtest.UpdateWallet, quecloudtest.UpdateFile,
		quecloudtest.UpdateClock, quecloudtest.UpdateFaults, quecloudtest.UpdateSettings, quecloudtest.UpdateReset,
	},
	"@statuses": {
		quecloudtest.StatusNormal, quecloudtest.StatusSuspended, quecloudtest.StatusTestNormal,
		quecloudtest.StatusTestSuspended, quecloudtest.StatusInactive, quecloudtest.StatusReserved,
		quecloudtest.StatusPreCancelled, quecloudtest.StatusCancelled, quecloudtest.StatusUnknown,
	},
	"@carriers": {quecloudtest.ChinaMobile, quecloudtest.ChinaTelecom, quecloudtest.ChinaUnicom},
}

// enumOf returns the values of a tag enum.
func enumOf(tag string) []string {
	if list, ok := enums[tag]; ok {
		return list
	}
	return strings.Fields(tag)
}

// setParam sets a field to the value of a parameter.
func setParam(field reflect.Value, name, value, enum string) error {
	if enum != "" && !slices.Contains(enumOf(enum), value) {
		return fmt.Errorf("%s: %q: want %s", name, value, wanted(enumOf(enum)))
	}
	switch to := field.Addr().Interface().(type) {
	case *string:
		*to = value
		return nil
	case *time.Duration:
		d, err := time.ParseDuration(value)
		if err != nil || d < 0 {
			return fmt.Errorf("%s: %q: want a duration such as 5s", name, value)
		}
		*to = d
		return nil
	case *int64:
		n, err := strconv.ParseInt(value, 10, 64)
		if err != nil || n < 0 {
			return fmt.Errorf("%s: %q: want a number", name, value)
		}
		*to = n
		return nil
	case **int64:
		n, err := strconv.ParseInt(value, 10, 64)
		if err != nil || n < 0 {
			return fmt.Errorf("%s: %q: want a number", name, value)
		}
		*to = &n
		return nil
	case **int:
		n, err := strconv.ParseInt(value, 10, 32)
		if err != nil {
			return fmt.Errorf("%s: %q: want a number", name, value)
		}
		*to = new(int(n))
		return nil
	}
	panic(fmt.Sprintf("simulator: the parameter %s has the type %v", name, field.Type()))
}

// readBody decodes the JSON in a body into a pointer. Without a pointer it wants no body.
func readBody(in io.Reader, body any) error {
	text, err := io.ReadAll(in)
	if large, ok := errors.AsType[*http.MaxBytesError](err); ok {
		return failf(http.StatusRequestEntityTooLarge, "the body is too large: want at most %d bytes", large.Limit)
	}
	if err != nil {
		return fmt.Errorf("the body: %w", err)
	}
	text = bytes.TrimSpace(text)
	if body == nil {
		if len(text) > 0 && string(text) != "{}" {
			return errors.New("the body: want none")
		}
		return nil
	}
	if len(text) == 0 {
		return errors.New("the body is empty, want a JSON object")
	}
	return decodeStrictly(text, body)
}

// decodeStrictly decodes a JSON value. It refuses members that the type does not have. Its errors name the member.
func decodeStrictly(text []byte, to any) error {
	in := json.NewDecoder(bytes.NewReader(text))
	in.DisallowUnknownFields()
	err := in.Decode(to)
	if _, ok := errors.AsType[*failure](err); ok { // of the same function, called by members
		return err
	}
	if wrong, ok := errors.AsType[*json.UnmarshalTypeError](err); ok && wrong.Field != "" {
		return failf(http.StatusBadRequest, "%s: unexpected JSON %s", wrong.Field, wrong.Value)
	}
	if err != nil {
		message := strings.TrimPrefix(err.Error(), "json: ")
		if date, ok := errors.AsType[*time.ParseError](err); ok {
			message = fmt.Sprintf("%q: want a time such as 2026-03-10T12:00:00+08:00", strings.Trim(date.Value, `"`))
		}
		return failf(http.StatusBadRequest, "%s: %s", invalidMember(text, reflect.TypeOf(to).Elem()), message)
	}
	if _, err := in.Token(); !errors.Is(err, io.EOF) {
		return failf(http.StatusBadRequest, "the body: unexpected data after the JSON object")
	}
	return nil
}

// invalidMember returns the name of the first member that does not decode by itself.
func invalidMember(text []byte, to reflect.Type) string {
	var members map[string]json.RawMessage
	if json.Unmarshal(text, &members) != nil {
		return "the body"
	}
	for _, name := range slices.Sorted(maps.Keys(members)) {
		alone, err := json.Marshal(map[string]json.RawMessage{name: members[name]})
		if err != nil || json.Unmarshal(alone, reflect.New(to).Interface()) != nil {
			return name
		}
	}
	return "the body" // has an unknown member
}
