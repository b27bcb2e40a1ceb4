package selftest_test

import (
	"context"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"slices"
	"strconv"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/quecloud/quecloud-go"
	"github.com/quecloud/quecloud-go/internal/selftest"
	"github.com/quecloud/quecloud-go/quecloudtest"
)

// callsPerSecond is the load of BenchmarkLoad: of 10 calls, 8 are card.info, one lists 100 cards and one suspends one.
const callsPerSecond = 1000

// BenchmarkLoad makes 1000 calls a second with the SDK, and then as many by hand. An iteration takes 2 seconds, so the
// usual minute of each is -benchtime 60x. It reports the client's share of the time of a call: without that of the
// transport, which takes 5 ms. A busy machine shows in the 99th percentiles of both.
func BenchmarkLoad(b *testing.B) {
	httpClient := &http.Client{Transport: newLoadTransport(b)}
	client, err := quecloud.NewClient(selftest.Key, selftest.Secret, quecloud.WithHTTPClient(httpClient))
	selftest.Must(true, err)
	shares := [2][]time.Duration{}
	for b.Loop() {
		shares[0] = append(shares[0], oneSecond(func(ctx context.Context, n int) error { return sdkCall(ctx, client, n) })...)
		shares[1] = append(shares[1], oneSecond(func(ctx context.Context, n int) error {
			return handMixed(ctx, httpClient, n)
		})...)
	}
	for i, name := range []string{"quecloud", "by-hand"} {
		slices.Sort(shares[i])
		for _, percent := range []int{50, 99} {
			share := shares[i][(len(shares[i])-1)*percent/100]
			b.ReportMetric(float64(share.Nanoseconds())/1000, name+"-p"+strconv.Itoa(percent)+"-µs")
		}
	}
}

// oneSecond starts callsPerSecond calls at equal intervals and returns the client's share of the time of each.
func oneSecond(call func(ctx context.Context, n int) error) []time.Duration {
	var calls sync.WaitGroup
	shares := make([]time.Duration, callsPerSecond)
	start := time.Now()
	for n := range shares {
		time.Sleep(time.Until(start.Add(time.Duration(n) * time.Second / callsPerSecond)))
		calls.Go(func() {
			var inTransport atomic.Int64
			began := time.Now()
			err := call(context.WithValue(context.Background(), inTransportKey{}, &inTransport), n)
			shares[n] = time.Since(began) - time.Duration(inTransport.Load())
			selftest.Must(true, err)
		})
	}
	calls.Wait()
	return shares
}

func sdkCall(ctx context.Context, client *quecloud.Client, n int) (err error) {
	switch n % 10 {
	case 0:
		_, err = client.Cards.List(ctx, &quecloud.CardListParams{PageNo: 1, PageSize: 100})
	case 1:
		err = client.Cards.Pause(ctx, quecloud.MSISDN(selftest.MSISDN1))
	default:
		_, err = client.Cards.Info(ctx, quecloud.MSISDN(selftest.MSISDN1))
	}
	return err
}

func handMixed(ctx context.Context, client *http.Client, n int) error {
	params := map[string]string{"appKey": selftest.Key, "t": strconv.FormatInt(time.Now().Unix(), 10)}
	var result any
	switch n % 10 {
	case 0:
		params["method"], params["pageNo"], params["pageSize"] = "fc.function.card.list", "1", "100"
		result = new(struct {
			ResultCode int        `json:"resultCode"`
			Cards      []handCard `json:"cards"`
		})
	case 1:
		params["method"], params["msisdn"] = "fc.function.card.pause", selftest.MSISDN1
		result = new(struct {
			ResultCode int `json:"resultCode"`
		})
	default:
		params["method"], params["msisdn"] = "fc.function.card.info", selftest.MSISDN1
		result = new(handCard)
	}
	return handCall(ctx, client, quecloud.DefaultBaseURL, selftest.Secret, params, result)
}

// A loadTransport takes 5 ms and responds from memory. It adds its time to the *atomic.Int64 in the context.
type loadTransport struct{ responses map[string]string } // by method

type inTransportKey struct{}

func newLoadTransport(b *testing.B) loadTransport {
	srv := quecloudtest.NewUnstartedServer(quecloudtest.WithFleet(100))
	defer srv.Close()
	page := httptest.NewRecorder()
	_, err := srv.Client(quecloud.WithHTTPClient(&http.Client{
		Transport: selftest.TransportFunc(func(r *http.Request) (*http.Response, error) {
			srv.ServeHTTP(page, r)
			return page.Result(), nil
		}),
	})).Cards.List(b.Context(), nil)
	selftest.Must(true, err)
	return loadTransport{map[string]string{
		"fc.function.card.list": page.Body.String(), "fc.function.card.info": cardJSON,
		"fc.function.card.pause": selftest.Success,
	}}
}

func (t loadTransport) RoundTrip(r *http.Request) (*http.Response, error) {
	began := time.Now()
	form, err := io.ReadAll(r.Body)
	if err != nil {
		return nil, err
	}
	r.Body.Close()
	params, err := url.ParseQuery(string(form))
	if err != nil {
		return nil, err
	}
	time.Sleep(5 * time.Millisecond)
	resp := jsonResponse(r, t.responses[params.Get("method")])
	r.Context().Value(inTransportKey{}).(*atomic.Int64).Add(int64(time.Since(began)))
	return resp, nil
}
