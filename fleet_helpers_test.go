package quecloud_test

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strconv"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/quecloud/quecloud-go"
)

// A stub answers calls by a function, without a network, and knows what was asked and how much at once.
type stub struct {
	answer func(ctx context.Context, form url.Values) any // a JSON value, bytes, or an error for no answer

	mu      sync.Mutex
	asked   []url.Values
	running int
	most    int
}

func (s *stub) RoundTrip(r *http.Request) (*http.Response, error) {
	body, err := io.ReadAll(r.Body)
	if err != nil {
		return nil, err
	}
	form, err := url.ParseQuery(string(body))
	if err != nil {
		return nil, err
	}
	s.mu.Lock()
	s.asked = append(s.asked, form)
	s.running++
	s.most = max(s.most, s.running)
	s.mu.Unlock()
	defer func() {
		s.mu.Lock()
		s.running--
		s.mu.Unlock()
	}()
	switch answer := s.answer(r.Context(), form).(type) {
	case error:
		return nil, answer
	case []byte:
		return response(r.Context(), answer), nil
	default:
		text, err := json.Marshal(answer)
		return response(r.Context(), text), err
	}
}

func response(ctx context.Context, text []byte) *http.Response {
	body := &cancelableBody{ctx, bytes.NewReader(text)}
	return &http.Response{StatusCode: http.StatusOK, Header: http.Header{}, Body: io.NopCloser(body)}
}

// A cancelableBody breaks off with its request's context, as a body from the network does.
type cancelableBody struct {
	ctx context.Context
	*bytes.Reader
}

func (b *cancelableBody) Read(p []byte) (int, error) {
	if err := b.ctx.Err(); err != nil && b.Len() > 0 {
		return 0, err
	}
	return b.Reader.Read(p)
}

func (s *stub) client(t testing.TB) *quecloud.Client {
	client, err := quecloud.NewClient("key", "secret", quecloud.WithBaseURL("https://platform.invalid/"),
		quecloud.WithHTTPClient(&http.Client{Transport: s}), quecloud.WithRetry(quecloud.RetryPolicy{MaxAttempts: 1}))
	require.NoError(t, err)
	return client
}

// values returns what was sent under a name, by call.
func (s *stub) values(name string) (values []string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, form := range s.asked {
		values = append(values, form.Get(name))
	}
	return values
}

func (s *stub) calls() int { return len(s.values("method")) }

// pause waits as a slow platform does, and reports what ended it before its time.
func pause(ctx context.Context, d time.Duration) error {
	select {
	case <-ctx.Done():
		return ctx.Err()
	case <-time.After(d):
		return nil
	}
}

type object = map[string]any

func refusal(text string) object { return object{"resultCode": 1, "errorMessage": text} }

// iccid is the ICCID of the i-th card of a stub's fleet, from 0.
func iccid(i int) string { return fmt.Sprintf("898604310000%08d", i) }

func msisdn(i int) string { return fmt.Sprintf("10648%08d", i) }

func iccids(from, to int) (list []string) {
	for i := from; i < to; i++ {
		list = append(list, iccid(i))
	}
	return list
}

// A view is a page as a stub's listing shows it.
type view struct {
	from, to     int // the cards on it
	number, size int // what it says of itself; 0 is left out
	total, pages int
}

// page is the page of a platform that makes no mistakes.
func page(fleet, number, size int) view {
	return view{
		from: min((number-1)*size, fleet), to: min(number*size, fleet),
		number: number, size: size, total: fleet, pages: (fleet + size - 1) / size,
	}
}

func (v view) answer() object {
	cards := []object{}
	for i := v.from; i < v.to; i++ {
		cards = append(cards, object{"iccid": iccid(i), "msisdn": msisdn(i)})
	}
	about := object{}
	for name, n := range map[string]int{"page": v.number, "pageSize": v.size, "totalCount": v.total, "totalPage": v.pages} {
		if n != 0 {
			about[name] = n
		}
	}
	return object{"resultCode": 0, "page": about, "cards": cards}
}

// listing is a stub that shows cards page by page.
func listing(show func(number, size int) view) *stub {
	return &stub{answer: func(_ context.Context, form url.Values) any {
		return show(paging(form)).answer()
	}}
}

func paging(form url.Values) (number, size int) {
	number, _ = strconv.Atoi(form.Get("pageNo"))
	size, _ = strconv.Atoi(form.Get("pageSize"))
	return number, size
}

// collect ranges to the end, and returns the values before the first error, and that.
func collect[T any](seq func(func(T, error) bool)) (values []T, err error) {
	for value, e := range seq {
		if e != nil {
			err = e
			continue
		}
		if err != nil {
			panic("the sweep went on after an error")
		}
		values = append(values, value)
	}
	return values, err
}

// swept collects the ICCIDs of a sweep over cards.
func swept(seq func(func(quecloud.Card, error) bool)) (list []string, err error) {
	cards, err := collect(seq)
	for _, card := range cards {
		list = append(list, card.ICCID)
	}
	return list, err
}

// is says whether an error is, or wraps, an E.
func is[E error](err error) bool {
	_, ok := errors.AsType[E](err)
	return ok
}
