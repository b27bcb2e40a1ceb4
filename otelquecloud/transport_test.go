package otelquecloud_test

import (
	"context"
	"crypto/tls"
	"errors"
	"net/http"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/otel/sdk/metric/metricdata"

	"github.com/quecloud/quecloud-go"
	"github.com/quecloud/quecloud-go/otelquecloud"
)

// measured returns a client whose requests r records. Its calls are recorded only if opts have an interceptor.
func (r *recorder) measured(t *testing.T, p platform, opts ...quecloud.Option) *quecloud.Client {
	t.Helper()
	transport, err := otelquecloud.NewTransport(p, otelquecloud.WithMeterProvider(r.meters))
	require.NoError(t, err)
	client, err := quecloud.NewClient("key", "secret",
		append([]quecloud.Option{quecloud.WithHTTPClient(&http.Client{Transport: transport})}, opts...)...)
	require.NoError(t, err)
	return client
}

// histograms returns all measurements by the names of their instruments.
func (r *recorder) histograms(t *testing.T) map[string][]metricdata.HistogramDataPoint[float64] {
	t.Helper()
	all := map[string][]metricdata.HistogramDataPoint[float64]{}
	for _, m := range r.scope(t).Metrics {
		assert.Equal(t, "s", m.Unit)
		histogram, ok := m.Data.(metricdata.Histogram[float64])
		require.True(t, ok)
		all[m.Name] = histogram.DataPoints
	}
	return all
}

func TestRequestDurationFollowsTheConventions(t *testing.T) {
	t.Parallel()
	r := newRecorder()
	client := r.measured(t, responding(200, wallet), quecloud.WithInterceptor(r.interceptor(t)))
	for range 3 {
		_, err := client.Billing.Wallet(t.Context())
		require.NoError(t, err)
	}
	assert.Equal(t, scope, r.scope(t).Scope)
	points := r.histograms(t)["http.client.request.duration"]
	require.Len(t, points, 1, "requests that are alike share a point")
	assert.EqualValues(t, 3, points[0].Count)
	assert.Equal(t, conventionalBounds, points[0].Bounds)
	assert.Equal(t, map[string]any{
		"http.request.method":       "POST",
		"http.response.status_code": int64(200),
		"server.address":            "api.quectel.com",
		"server.port":               int64(443),
		"quecloud.method":           "fc.function.wallet.details",
		"quecloud.kind":             "read",
	}, values(points[0].Attributes.ToSlice()))
}

// slowLimiter makes every attempt wait.
type slowLimiter struct{}

func (slowLimiter) Wait(context.Context) error {
	time.Sleep(time.Minute)
	return nil
}

func TestCallDurationIncludesWaitingAndRequestDurationDoesNot(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		slowly := func(next platform) platform {
			return func(req *http.Request) (*http.Response, error) {
				time.Sleep(time.Second)
				return next(req)
			}
		}
		r := newRecorder()
		p := sequence(slowly(responding(503, "busy")), slowly(responding(503, "busy")), slowly(responding(200, wallet)))
		client := r.measured(t, p, quecloud.WithInterceptor(r.interceptor(t)), quecloud.WithLimiter(slowLimiter{}),
			quecloud.WithRetry(quecloud.RetryPolicy{MaxAttempts: 3}))
		_, err := client.Billing.Wallet(t.Context())
		require.NoError(t, err)

		measured := r.histograms(t)
		calls := measured["quecloud.client.call.duration"]
		require.Len(t, calls, 1)
		assert.EqualValues(t, 1, calls[0].Count)
		assert.InDelta(t, 3*61, calls[0].Sum, 1e-9)

		requests := map[any]metricdata.HistogramDataPoint[float64]{}
		for _, point := range measured["http.client.request.duration"] {
			attrs := values(point.Attributes.ToSlice())
			requests[attrs["http.response.status_code"]] = point
			if attrs["http.response.status_code"] == int64(503) {
				assert.Equal(t, "503", attrs["error.type"])
			} else {
				assert.NotContains(t, attrs, "error.type")
			}
		}
		require.Len(t, requests, 2)
		assert.EqualValues(t, 2, requests[int64(503)].Count)
		assert.InDelta(t, 2, requests[int64(503)].Sum, 1e-9)
		assert.EqualValues(t, 1, requests[int64(200)].Count)
		assert.InDelta(t, 1, requests[int64(200)].Sum, 1e-9)
	})
}

func TestRequestDurationHasNoCallsThatWereNotSent(t *testing.T) {
	t.Parallel()
	r := newRecorder()
	client := r.measured(t, sequence(), quecloud.WithInterceptor(r.interceptor(t)), quecloud.WithLimiter(full{}))
	_, err := client.Billing.Wallet(t.Context())
	require.Error(t, err)
	measured := r.histograms(t)
	assert.Len(t, measured["quecloud.client.call.duration"], 1)
	assert.Empty(t, measured["http.client.request.duration"])
}

func TestRequestDurationNeedsNoInterceptor(t *testing.T) {
	t.Parallel()
	r := newRecorder()
	_, err := r.measured(t, responding(302, "")).Billing.Wallet(t.Context())
	require.Error(t, err)
	points := r.histograms(t)["http.client.request.duration"]
	require.Len(t, points, 1)
	assert.Equal(t, map[string]any{
		"http.request.method":       "POST",
		"http.response.status_code": int64(302),
		"server.address":            "api.quectel.com",
		"server.port":               int64(443),
	}, values(points[0].Attributes.ToSlice()))
}

func TestErrorTypeOfRequests(t *testing.T) {
	t.Parallel()
	hang := platform(func(req *http.Request) (*http.Response, error) {
		<-req.Context().Done()
		return nil, errors.New("closed")
	})
	for _, test := range []struct {
		name     string
		platform platform
		end      func(context.Context) (context.Context, context.CancelFunc)
		want     string
	}{
		{"attempt's timeout", hang, context.WithCancel, "timeout"},
		{"caller's deadline", hang, func(ctx context.Context) (context.Context, context.CancelFunc) {
			return context.WithTimeout(ctx, time.Millisecond)
		}, "timeout"},
		{"canceled", hang, func(ctx context.Context) (context.Context, context.CancelFunc) {
			ctx, cancel := context.WithCancel(ctx)
			time.AfterFunc(time.Millisecond, cancel)
			return ctx, cancel
		}, "canceled"},
		{"network's timeout", failing(slow{}), context.WithCancel, "timeout"},
		{"certificate", failing(&tls.CertificateVerificationError{Err: errors.New("expired")}), context.WithCancel,
			"certificate"},
		{"anything else", failing(errors.New("1064900000001")), context.WithCancel, "network"},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				r := newRecorder()
				ctx, cancel := test.end(t.Context())
				defer cancel()
				client := r.measured(t, test.platform, quecloud.WithTimeout(time.Second),
					quecloud.WithRetry(quecloud.RetryPolicy{MaxAttempts: 1}))
				_, err := client.Billing.Wallet(ctx)
				require.Error(t, err)
				points := r.histograms(t)["http.client.request.duration"]
				require.Len(t, points, 1)
				attrs := values(points[0].Attributes.ToSlice())
				assert.Equal(t, test.want, attrs["error.type"])
				assert.NotContains(t, attrs, "http.response.status_code")
			})
		})
	}
}
