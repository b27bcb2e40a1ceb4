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

// A recorder keeps all that an interceptor writes.
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

// interceptor returns an interceptor that writes to r.
func (r *recorder) interceptor(t testing.TB) quecloud.Interceptor {
	t.Helper()
	interceptor, err := otelquecloud.New(
		otelquecloud.WithTracerProvider(r.tracers), otelquecloud.WithMeterProvider(r.meters))
	require.NoError(t, err)
	return interceptor
}

// client returns a client that r observes, and whose requests go to answer.
func (r *recorder) client(t testing.TB, answer answerer, opts ...quecloud.Option) *quecloud.Client {
	t.Helper()
	client, err := quecloud.NewClient("key", "secret", append([]quecloud.Option{
		quecloud.WithHTTPClient(&http.Client{Transport: answer}),
		quecloud.WithInterceptor(r.interceptor(t)),
	}, opts...)...)
	require.NoError(t, err)
	return client
}

// span returns the only span that was written.
func (r *recorder) span(t *testing.T) tracetest.SpanStub {
	t.Helper()
	spans := r.exporter.GetSpans()
	require.Len(t, spans, 1)
	return spans[0]
}

// scope returns the only scope of what was measured.
func (r *recorder) scope(t *testing.T) metricdata.ScopeMetrics {
	t.Helper()
	var all metricdata.ResourceMetrics
	require.NoError(t, r.reader.Collect(t.Context(), &all))
	require.Len(t, all.ScopeMetrics, 1)
	return all.ScopeMetrics[0]
}

// points returns what the only instrument has measured.
func (r *recorder) points(t *testing.T) []metricdata.HistogramDataPoint[float64] {
	t.Helper()
	metrics := r.scope(t).Metrics
	require.Len(t, metrics, 1)
	histogram, ok := metrics[0].Data.(metricdata.Histogram[float64])
	require.True(t, ok)
	return histogram.DataPoints
}

// values makes attributes comparable with plain Go values.
func values(attrs []attribute.KeyValue) map[string]any {
	m := make(map[string]any, len(attrs))
	for _, a := range attrs {
		m[string(a.Key)] = a.Value.AsInterface()
	}
	return m
}

// An answerer is the platform, or what stands between it and the client.
type answerer func(*http.Request) (*http.Response, error)

func (f answerer) RoundTrip(req *http.Request) (*http.Response, error) {
	if _, err := io.Copy(io.Discard, req.Body); err != nil {
		return nil, err
	}
	return f(req)
}

// with answers every request alike.
func with(status int, body string) answerer {
	return func(*http.Request) (*http.Response, error) {
		return &http.Response{StatusCode: status, Header: http.Header{}, Body: io.NopCloser(strings.NewReader(body))}, nil
	}
}

// in answers requests in turn.
func in(turns ...answerer) answerer {
	return func(req *http.Request) (*http.Response, error) {
		if len(turns) == 0 {
			return nil, errors.New("there should be no further request")
		}
		turn := turns[0]
		turns = turns[1:]
		return turn(req)
	}
}

// failing breaks the connection after the request was sent.
func failing(err error) answerer {
	return func(*http.Request) (*http.Response, error) { return nil, err }
}
