package selftest

import (
	"archive/zip"
	"bytes"
	"context"
	"errors"
	"io"
	"net/http"
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

// Unzip returns the contents of the one entry of a zip file.
func Unzip(t testing.TB, file []byte) []byte {
	t.Helper()
	r, err := zip.NewReader(bytes.NewReader(file), int64(len(file)))
	require.NoError(t, err)
	require.Len(t, r.File, 1)
	entry, err := r.File[0].Open()
	require.NoError(t, err)
	contents, err := io.ReadAll(entry)
	require.NoError(t, err)
	return contents
}
