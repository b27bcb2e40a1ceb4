package otelquecloud_test

import (
	"context"
	"net/http"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/otel"
	"go.opentelemetry.io/otel/codes"
	"go.opentelemetry.io/otel/sdk/instrumentation"
	sdktrace "go.opentelemetry.io/otel/sdk/trace"
	semconv "go.opentelemetry.io/otel/semconv/v1.43.0"
	"go.opentelemetry.io/otel/trace"

	"github.com/quecloud/quecloud-go"
	"github.com/quecloud/quecloud-go/otelquecloud"
)

// conventionalBounds are the bounds that the conventions advise for http.client.request.duration.
var conventionalBounds = []float64{0.005, 0.01, 0.025, 0.05, 0.075, 0.1, 0.25, 0.5, 0.75, 1, 2.5, 5, 7.5, 10}

const wallet = `{"resultCode":0,"money":"12.50","billingDetails":[]}`

var scope = instrumentation.Scope{
	Name: otelquecloud.ScopeName, Version: quecloud.Version, SchemaURL: semconv.SchemaURL,
}

func TestSpanFollowsTheConventionsForHTTPClients(t *testing.T) {
	t.Parallel()
	r := newRecorder()
	_, err := r.client(t, responding(200, wallet)).Billing.Wallet(t.Context())
	require.NoError(t, err)

	span := r.span(t)
	assert.Equal(t, "POST fc.function.wallet.details", span.Name)
	assert.Equal(t, trace.SpanKindClient, span.SpanKind)
	assert.Equal(t, codes.Unset, span.Status.Code)
	assert.Equal(t, scope, span.InstrumentationScope)
	assert.Equal(t, map[string]any{
		"http.request.method":       "POST",
		"http.response.status_code": int64(200),
		"server.address":            "api.quectel.com",
		"server.port":               int64(443),
		"url.full":                  quecloud.DefaultBaseURL,
		"quecloud.method":           "fc.function.wallet.details",
		"quecloud.kind":             "read",
		"quecloud.result_code":      int64(0),
	}, values(span.Attributes))
}

func TestCallDurationFollowsTheConventions(t *testing.T) {
	t.Parallel()
	r := newRecorder()
	client := r.client(t, responding(200, wallet))
	for range 3 {
		_, err := client.Billing.Wallet(t.Context())
		require.NoError(t, err)
	}

	measured := r.scope(t)
	assert.Equal(t, scope, measured.Scope)
	require.Len(t, measured.Metrics, 1)
	assert.Equal(t, "quecloud.client.call.duration", measured.Metrics[0].Name)
	assert.Equal(t, "s", measured.Metrics[0].Unit)
	points := r.points(t)
	require.Len(t, points, 1, "calls that are alike share a point")
	assert.EqualValues(t, 3, points[0].Count)
	assert.Subset(t, points[0].Bounds, conventionalBounds, "comparable with those of requests")
	assert.Contains(t, points[0].Bounds, 100.0, "calls may be retried")
	assert.Equal(t, map[string]any{
		"http.request.method":       "POST",
		"http.response.status_code": int64(200),
		"server.address":            "api.quectel.com",
		"server.port":               int64(443),
		"quecloud.method":           "fc.function.wallet.details",
		"quecloud.kind":             "read",
		"quecloud.result_code":      int64(0),
	}, values(points[0].Attributes.ToSlice()))
}

func TestSpanOfARefusalIsAnErrorUnderStatus200(t *testing.T) {
	t.Parallel()
	r := newRecorder()
	err := r.client(t, responding(200, `{"resultCode":70031}`)).Cards.Pause(t.Context(), quecloud.MSISDN("1064900000001"))
	require.ErrorIs(t, err, quecloud.ErrUnauthorized)

	span := r.span(t)
	assert.Equal(t, codes.Error, span.Status.Code)
	points := r.points(t)
	require.Len(t, points, 1)
	for _, attrs := range []map[string]any{values(span.Attributes), values(points[0].Attributes.ToSlice())} {
		assert.Equal(t, "unauthorized", attrs["error.type"])
		assert.Equal(t, int64(70031), attrs["quecloud.result_code"])
		assert.Equal(t, int64(200), attrs["http.response.status_code"])
		assert.Equal(t, "set", attrs["quecloud.kind"])
	}
}

func TestSpanOfARetriedCallIsOnlyOne(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		slowly := func(next platform) platform {
			return func(req *http.Request) (*http.Response, error) {
				time.Sleep(time.Second)
				return next(req)
			}
		}
		r := newRecorder()
		p := sequence(slowly(responding(503, "busy")), slowly(responding(502, "busy")), slowly(responding(200, wallet)))
		client := r.client(t, p, quecloud.WithRetry(quecloud.RetryPolicy{MaxAttempts: 3}))
		_, err := client.Billing.Wallet(t.Context())
		require.NoError(t, err)

		span := r.span(t)
		assert.Equal(t, 3*time.Second, span.EndTime.Sub(span.StartTime))
		attrs := values(span.Attributes)
		assert.Equal(t, int64(2), attrs["http.request.resend_count"])
		assert.Equal(t, int64(200), attrs["http.response.status_code"], "of the last response")
		assert.NotContains(t, attrs, "error.type")
		points := r.points(t)
		require.Len(t, points, 1)
		assert.EqualValues(t, 1, points[0].Count)
		assert.InDelta(t, 3, points[0].Sum, 1e-9)
		assert.NotContains(t, values(points[0].Attributes.ToSlice()), "http.request.resend_count")
	})
}

func TestSpanAttributesOfTheRequestAreThereForSamplers(t *testing.T) {
	t.Parallel()
	sampler := &sampler{}
	r := newRecorder()
	r.tracers = sdktrace.NewTracerProvider(sdktrace.WithSampler(sampler))
	_, err := r.client(t, responding(200, wallet)).Billing.Wallet(t.Context())
	require.NoError(t, err)

	assert.Equal(t, trace.SpanKindClient, sampler.asked.Kind)
	assert.Equal(t, map[string]any{
		"http.request.method": "POST",
		"server.address":      "api.quectel.com",
		"server.port":         int64(443),
		"url.full":            quecloud.DefaultBaseURL,
		"quecloud.method":     "fc.function.wallet.details",
		"quecloud.kind":       "read",
	}, values(sampler.asked.Attributes))
	assert.Len(t, r.points(t), 1, "calls are measured even if they are not traced")
}

// A sampler keeps what it was asked, and samples nothing.
type sampler struct{ asked sdktrace.SamplingParameters }

func (s *sampler) ShouldSample(p sdktrace.SamplingParameters) sdktrace.SamplingResult {
	s.asked = p
	return sdktrace.SamplingResult{Decision: sdktrace.Drop}
}

func (*sampler) Description() string { return "test" }

func TestServerIsTheOneOfTheBaseURL(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		baseURL, address string
		port             int64
	}{
		{"https://proxy.example/openapi/router", "proxy.example", 443},
		{"https://proxy.example:8443/router", "proxy.example", 8443},
		{"http://localhost/router", "localhost", 80},
		{"http://[::1]:9000/router", "::1", 9000},
	} {
		t.Run(test.baseURL, func(t *testing.T) {
			t.Parallel()
			r := newRecorder()
			client := r.client(t, responding(200, wallet), quecloud.WithBaseURL(test.baseURL))
			_, err := client.Billing.Wallet(t.Context())
			require.NoError(t, err)
			attrs := values(r.span(t).Attributes)
			assert.Equal(t, test.address, attrs["server.address"])
			assert.Equal(t, test.port, attrs["server.port"])
			assert.Equal(t, test.baseURL, attrs["url.full"])
		})
	}
}

func TestSpanIsChildOfTheCallersAndParentOfTheTransports(t *testing.T) {
	t.Parallel()
	r := newRecorder()
	tracer := r.tracers.Tracer("test")
	client := r.client(t, func(req *http.Request) (*http.Response, error) {
		_, span := tracer.Start(req.Context(), "attempt")
		defer span.End()
		return responding(200, wallet)(req)
	})
	ctx, caller := tracer.Start(t.Context(), "caller")
	_, err := client.Billing.Wallet(ctx)
	require.NoError(t, err)
	caller.End()

	spans := r.exporter.GetSpans()
	require.Len(t, spans, 3)
	attempt, call, outer := spans[0], spans[1], spans[2]
	assert.Equal(t, call.SpanContext.SpanID(), attempt.Parent.SpanID())
	assert.Equal(t, outer.SpanContext.SpanID(), call.Parent.SpanID())
}

func TestCallServedByAnotherInterceptorHasNoResponse(t *testing.T) {
	t.Parallel()
	r := newRecorder()
	cache := func(context.Context, *quecloud.CallInfo, func(context.Context) error) error { return nil }
	client := r.client(t, sequence(), quecloud.WithInterceptor(cache))
	_, err := client.Billing.Wallet(t.Context())
	require.NoError(t, err)

	attrs := values(r.span(t).Attributes)
	assert.NotContains(t, attrs, "http.response.status_code")
	assert.NotContains(t, attrs, "quecloud.result_code")
	assert.NotContains(t, attrs, "http.request.resend_count")
	assert.NotContains(t, attrs, "error.type")
}

func TestSpanEndsWhenACallPanics(t *testing.T) {
	t.Parallel()
	r := newRecorder()
	client := r.client(t, func(*http.Request) (*http.Response, error) { panic("broken transport") })
	assert.PanicsWithValue(t, "broken transport", func() { _, _ = client.Billing.Wallet(t.Context()) })
	span := r.span(t)
	assert.Equal(t, codes.Error, span.Status.Code)
	assert.Equal(t, "panic", values(span.Attributes)["error.type"])
	assert.Len(t, r.points(t), 1)
}

// Not parallel: it changes the global providers.
func TestOptionDefaultsAreTheGlobalProviders(t *testing.T) {
	r := newRecorder()
	otel.SetTracerProvider(r.tracers)
	otel.SetMeterProvider(r.meters)
	interceptor, err := otelquecloud.New()
	require.NoError(t, err)
	client, err := quecloud.NewClient("key", "secret", quecloud.WithInterceptor(interceptor),
		quecloud.WithHTTPClient(&http.Client{Transport: responding(200, wallet)}))
	require.NoError(t, err)
	_, err = client.Billing.Wallet(t.Context())
	require.NoError(t, err)
	r.span(t)
	assert.Len(t, r.points(t), 1)
}

func TestOptionThatIsBadIsAnErrorOfNew(t *testing.T) {
	t.Parallel()
	for name, opt := range map[string]otelquecloud.Option{
		"no option":          nil,
		"no tracer provider": otelquecloud.WithTracerProvider(nil),
		"no meter provider":  otelquecloud.WithMeterProvider(nil),
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			interceptor, err := otelquecloud.New(opt)
			require.ErrorContains(t, err, "nil")
			assert.Nil(t, interceptor)
			transport, err := otelquecloud.NewTransport(responding(200, wallet), opt)
			require.ErrorContains(t, err, "nil")
			assert.Nil(t, transport)
		})
	}
	transport, err := otelquecloud.NewTransport(nil)
	require.ErrorContains(t, err, "nil")
	assert.Nil(t, transport)
}
