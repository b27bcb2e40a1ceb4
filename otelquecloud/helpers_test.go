package otelquecloud_test

import (
	"errors"
	"io"
	"net/http"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/sdk/metric"
	"go.opentelemetry.io/otel/sdk/metric/metricdata"
	"go.opentelemetry.io/otel/sdk/trace"
	"go.opentelemetry.io/otel/sdk/trace/tracetest"

	"github.com/quecloud/quecloud-go"
	"github.com/quecloud/quecloud-go/otelquecloud"
)

// A recorder records spans and measurements.
type recorder struct {
	exporter *tracetest.InMemoryExporter
	tracers  *trace.TracerProvider
	reader   *metric.ManualReader
	meters   *metric.MeterProvider
}

func newRecorder() *recorder {
	r := &recorder{exporter: tracetest.NewInMemoryExporter(), reader: metric.NewManualReader()}
	r.tracers = trace.NewTracerProvider(trace.WithSyncer(r.exporter))
	r.meters = metric.NewMeterProvider(metric.WithReader(r.reader))
	return r
}

// interceptor returns an interceptor that records to r.
func (r *recorder) interceptor(t testing.TB) quecloud.Interceptor {
	t.Helper()
	interceptor, err := otelquecloud.New(
		otelquecloud.WithTracerProvider(r.tracers), otelquecloud.WithMeterProvider(r.meters))
	require.NoError(t, err)
	return interceptor
}

// client returns a client of the platform whose calls r records.
func (r *recorder) client(t testing.TB, p platform, opts ...quecloud.Option) *quecloud.Client {
	t.Helper()
	client, err := quecloud.NewClient("key", "secret", append([]quecloud.Option{
		quecloud.WithHTTPClient(&http.Client{Transport: p}),
		quecloud.WithInterceptor(r.interceptor(t)),
	}, opts...)...)
	require.NoError(t, err)
	return client
}

// span returns the only span.
func (r *recorder) span(t *testing.T) tracetest.SpanStub {
	t.Helper()
	spans := r.exporter.GetSpans()
	require.Len(t, spans, 1)
	return spans[0]
}

// scope returns the measurements of the only scope.
func (r *recorder) scope(t *testing.T) metricdata.ScopeMetrics {
	t.Helper()
	var all metricdata.ResourceMetrics
	require.NoError(t, r.reader.Collect(t.Context(), &all))
	require.Len(t, all.ScopeMetrics, 1)
	return all.ScopeMetrics[0]
}

// points returns the measurements of the only instrument.
func (r *recorder) points(t *testing.T) []metricdata.HistogramDataPoint[float64] {
	t.Helper()
	metrics := r.scope(t).Metrics
	require.Len(t, metrics, 1)
	histogram, ok := metrics[0].Data.(metricdata.Histogram[float64])
	require.True(t, ok)
	return histogram.DataPoints
}

// values returns attributes as plain Go values.
func values(attrs []attribute.KeyValue) map[string]any {
	m := make(map[string]any, len(attrs))
	for _, a := range attrs {
		m[string(a.Key)] = a.Value.AsInterface()
	}
	return m
}

// A platform is a transport that responds in memory.
type platform func(*http.Request) (*http.Response, error)

func (f platform) RoundTrip(req *http.Request) (*http.Response, error) {
	if _, err := io.Copy(io.Discard, req.Body); err != nil {
		return nil, err
	}
	return f(req)
}

// responding returns a platform with one response to all requests.
func responding(status int, body string) platform {
	return func(*http.Request) (*http.Response, error) {
		return &http.Response{StatusCode: status, Header: http.Header{}, Body: io.NopCloser(strings.NewReader(body))}, nil
	}
}

// sequence returns a platform that serves each request with the next of the platforms.
func sequence(platforms ...platform) platform {
	return func(req *http.Request) (*http.Response, error) {
		if len(platforms) == 0 {
			return nil, errors.New("there are more requests than expected")
		}
		next := platforms[0]
		platforms = platforms[1:]
		return next(req)
	}
}

// failing returns a platform that breaks the connection after the request was sent.
func failing(err error) platform {
	return func(*http.Request) (*http.Response, error) { return nil, err }
}
