package selftest

import (
	"archive/zip"
	"bytes"
	"context"
	"errors"
	"net/http"
	"reflect"
	"testing"
	"time"

	"github.com/shopspring/decimal"
	"github.com/stretchr/testify/require"

	"github.com/quecloud/quecloud-go"
)

// A TransportFunc is a function as an http.RoundTripper.
type TransportFunc func(*http.Request) (*http.Response, error)

// RoundTrip implements http.RoundTripper.
func (f TransportFunc) RoundTrip(r *http.Request) (*http.Response, error) { return f(r) }

// A LimiterFunc is a function as a quecloud.Limiter.
type LimiterFunc func(context.Context) error

// Wait implements quecloud.Limiter.
func (f LimiterFunc) Wait(ctx context.Context) error { return f(ctx) }

// Tracer returns an interceptor that appends its name to seen before the call, and the name after "-" when it has
// ended.
func Tracer(seen *[]string, name string) quecloud.Interceptor {
	return func(ctx context.Context, _ *quecloud.CallInfo, next func(context.Context) error) error {
		*seen = append(*seen, name)
		defer func() { *seen = append(*seen, "-"+name) }()
		return next(ctx)
	}
}

// RetryAfter returns headers with Retry-After, and more as pairs of a name and a value.
func RetryAfter(value string, more ...string) http.Header {
	header := http.Header{"Retry-After": {value}}
	for i := 0; i < len(more); i += 2 {
		header.Set(more[i], more[i+1])
	}
	return header
}

// SpendRetries spends the retry budget of a client, and returns how many retries were left in it.
func SpendRetries(t testing.TB, client *quecloud.Client) (retries int) {
	t.Helper()
	platform := NewPlatform(Step{Status: http.StatusServiceUnavailable})
	spender, err := client.With(quecloud.WithRetry(quecloud.RetryPolicy{MaxAttempts: 1000}),
		quecloud.WithHTTPClient(&http.Client{Transport: platform}))
	require.NoError(t, err)
	require.Error(t, Read(context.Background(), spender))
	return platform.Attempts() - 1
}

// A StuckBody is a body that gives nothing before its context ends.
type StuckBody struct{ Context context.Context }

// Read implements io.Reader.
func (b StuckBody) Read([]byte) (int, error) {
	<-b.Context.Done()
	return 0, b.Context.Err()
}

// Endless is a body without an end. N is how much of it was read.
type Endless struct{ N int }

// Read implements io.Reader.
func (e *Endless) Read(p []byte) (int, error) {
	e.N += len(p)
	for i := range p {
		p[i] = ' '
	}
	return len(p), nil
}

// Pause waits, and returns the context's error if that ends first.
func Pause(ctx context.Context, d time.Duration) error {
	select {
	case <-ctx.Done():
		return ctx.Err()
	case <-time.After(d):
		return nil
	}
}

// An Object is a JSON object.
type Object = map[string]any

// Refusal returns a response with result code 1.
func Refusal(text string) Object { return Object{"resultCode": 1, "errorMessage": text} }

// Is reports whether an error is, or wraps, an E.
func Is[E error](err error) bool {
	_, ok := errors.AsType[E](err)
	return ok
}

// Collect ranges over a sequence to its end, and returns the values before the first error, and that error.
func Collect[T any](seq func(func(T, error) bool)) (values []T, err error) {
	for value, e := range seq {
		switch {
		case err != nil:
			panic("the sequence went on after an error")
		case e != nil:
			err = e
		default:
			values = append(values, value)
		}
	}
	return values, err
}

// CollectICCIDs collects the ICCIDs of a sequence of cards.
func CollectICCIDs(seq func(func(quecloud.Card, error) bool)) (list []string, err error) {
	cards, err := Collect(seq)
	for _, card := range cards {
		list = append(list, card.ICCID)
	}
	return list, err
}

// DelaysBetween returns the time between each two of the times that follow each other.
func DelaysBetween(times []time.Time) (delays []time.Duration) {
	for i := 1; i < len(times); i++ {
		delays = append(delays, times[i].Sub(times[i-1]))
	}
	return delays
}

// CST returns a time in China Standard Time.
func CST(year int, month time.Month, day, hour, minute, second int) time.Time {
	return time.Date(year, month, day, hour, minute, second, 0, quecloud.ChinaStandardTime)
}

// Day returns a date.
func Day(year int, month time.Month, day int) quecloud.Date {
	return quecloud.Date{Year: year, Month: month, Day: day}
}

// Yuan returns an amount of money.
func Yuan(amount string) decimal.Decimal { return decimal.RequireFromString(amount) }

// Zip returns a zip file with one entry, card_list.txt.
func Zip(t testing.TB, contents []byte, comment string, method uint16) []byte {
	t.Helper()
	var file bytes.Buffer
	w := zip.NewWriter(&file)
	entry, err := w.CreateHeader(&zip.FileHeader{Name: "card_list.txt", Method: method})
	require.NoError(t, err)
	_, err = entry.Write(contents)
	require.NoError(t, err)
	require.NoError(t, w.SetComment(comment))
	require.NoError(t, w.Close())
	return file.Bytes()
}

// OwnTransport returns the transport of a client without WithHTTPClient.
func OwnTransport(t testing.TB) *http.Transport {
	t.Helper()
	client, err := quecloud.NewClient(Key, Secret)
	require.NoError(t, err)
	return TransportOf(t, client)
}

// TransportOf returns the transport of a client, which nothing exported leads to.
func TransportOf(t testing.TB, client *quecloud.Client) *http.Transport {
	t.Helper()
	var find func(v reflect.Value) *http.Client
	find = func(v reflect.Value) *http.Client {
		switch {
		case v.Type() == reflect.TypeFor[*http.Client]():
			return (*http.Client)(v.UnsafePointer())
		case v.Kind() == reflect.Pointer && !v.IsNil():
			return find(v.Elem())
		case v.Kind() == reflect.Struct:
			for _, field := range v.Fields() {
				if found := find(field); found != nil {
					return found
				}
			}
		}
		return nil
	}
	found := find(reflect.ValueOf(client))
	require.NotNil(t, found)
	return found.Transport.(*http.Transport)
}

// ReadMember reads a JSON value as a member of a response, as strictly as for a method that reads.
func ReadMember(t testing.TB, text []byte, into any) error {
	response := reflect.New(reflect.StructOf([]reflect.StructField{
		{Name: "Value", Type: reflect.TypeOf(into).Elem(), Tag: `json:"value" quec:"required"`},
	}))
	client := TextPlatform(`{"resultCode":0,"value":` + string(text) + `}`).Client(t)
	err := client.Call(t.Context(), "fc.function.account.info", nil, response.Interface())
	reflect.ValueOf(into).Elem().Set(response.Elem().Field(0))
	return err
}
