// Package otelquecloud instruments a quecloud client with OpenTelemetry, after the semantic conventions for HTTP
// clients. Every call gets a span and a measurement, and every HTTP request a measurement.
//
//	interceptor, err := otelquecloud.New()
//	…
//	client, err := quecloud.NewClient(appKey, secret, quecloud.WithInterceptor(interceptor))
//
// # Telemetry
//
// [New] records one span of kind client for each call. It includes all requests, the limiter and the delays before
// retries. Its name has the HTTP method and the platform's method: "POST fc.function.card.info". The histogram
// quecloud.client.call.duration records the same time in seconds, also for calls that ended before anything was sent.
// It shows how long callers wait.
//
// [NewTransport] records each HTTP request, retries included, as http.client.request.duration, without any waiting. It
// shows how fast the platform responds and how often it fails:
//
//	base := http.DefaultTransport.(*http.Transport).Clone()
//	base.MaxConnsPerHost, base.MaxIdleConnsPerHost = 64, 64
//	transport, err := otelquecloud.NewTransport(base)
//	…
//	quecloud.WithHTTPClient(&http.Client{Transport: transport})
//
// These attributes are on spans (s), on measurements of calls (c) and of requests (r):
//
//	http.request.method       s c r  POST
//	server.address            s c r  the host of the base URL
//	server.port               s c r  its port
//	url.full                  s      the base URL
//	http.request.resend_count s      the number of retries, if there were any
//	http.response.status_code s c r  the status of the response, if one came; for calls, of the last
//	error.type                s c r  why the call or the request failed; see below
//	quecloud.method           s c r  fc.function.…
//	quecloud.kind             s c r  read, set, spend or once
//	quecloud.result_code      s c    resultCode of the last response, if the platform responded; 0 for success
//
// The interceptor passes quecloud.method and quecloud.kind on to requests, which lack them without it. A resultCode is
// in the body of a response, which the transport does not read: a call that the platform refuses is a successful
// request.
//
// Parameters, responses and the texts of errors are not recorded: they hold card numbers, phone numbers and messages.
//
// # Errors
//
// The error.type of a call is the word of [quecloud.ErrorType], which lists them all, or panic if the call did not
// return. outcome_unknown is worth an alarm: the call may have taken effect. The resultCode of a refusal and the HTTP
// status of a response have attributes of their own.
//
// Methods return some errors that no interceptor sees, so that they are not recorded here: see [quecloud.Interceptor].
//
// The error.type of a request without a response is canceled, timeout, certificate or network, and that of a response
// with an HTTP status of 400 or more is the status. A request cannot tell the timeout of an attempt from the caller's
// deadline: both are timeout.
//
// # Order of interceptors
//
// The first interceptor is the outermost. Put this one first to measure what callers wait for. Put it after an
// interceptor that serves calls from a cache to measure only calls that reach the platform.
//
// For a span per request, wrap the transport with otelhttp; its spans become children of these. It records
// http.client.request.duration itself: turn that off or leave out NewTransport, or every request is counted twice. It
// must not send the trace context in the requests, unless the platform may know it.
package otelquecloud

import (
	"context"
	"errors"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"time"

	"github.com/quecloud/quecloud-go"
	"go.opentelemetry.io/otel"
	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/codes"
	"go.opentelemetry.io/otel/metric"
	semconv "go.opentelemetry.io/otel/semconv/v1.43.0"
	"go.opentelemetry.io/otel/trace"
)

// ScopeName is the name of the instrumentation scope of all spans and measurements.
const ScopeName = "github.com/quecloud/quecloud-go/otelquecloud"

// CallDurationName is the name of the histogram of the duration of whole calls, in seconds.
const CallDurationName = "quecloud.client.call.duration"

// Attributes that the semantic conventions do not define.
const (
	MethodKey     = attribute.Key("quecloud.method")      // string: fc.function.…
	KindKey       = attribute.Key("quecloud.kind")        // string: read, set, spend or once
	ResultCodeKey = attribute.Key("quecloud.result_code") // int: 0 for success
)

// An Option configures [New] and [NewTransport].
type Option func(*config) error

type config struct {
	tracers trace.TracerProvider
	meters  metric.MeterProvider
}

// WithTracerProvider sets the provider of tracers, instead of the global one.
func WithTracerProvider(provider trace.TracerProvider) Option {
	return func(c *config) error {
		if provider == nil {
			return errors.New("otelquecloud: WithTracerProvider: the provider is nil")
		}
		c.tracers = provider
		return nil
	}
}

// WithMeterProvider sets the provider of meters, instead of the global one.
func WithMeterProvider(provider metric.MeterProvider) Option {
	return func(c *config) error {
		if provider == nil {
			return errors.New("otelquecloud: WithMeterProvider: the provider is nil")
		}
		c.meters = provider
		return nil
	}
}

func newConfig(opts []Option) (*config, error) {
	c := &config{tracers: otel.GetTracerProvider(), meters: otel.GetMeterProvider()}
	for _, opt := range opts {
		if opt == nil {
			return nil, errors.New("otelquecloud: an option is nil")
		}
		if err := opt(c); err != nil {
			return nil, err
		}
	}
	return c, nil
}

func (c *config) tracer() trace.Tracer {
	return c.tracers.Tracer(ScopeName,
		trace.WithInstrumentationVersion(quecloud.Version), trace.WithSchemaURL(semconv.SchemaURL))
}

func (c *config) meter() metric.Meter {
	return c.meters.Meter(ScopeName,
		metric.WithInstrumentationVersion(quecloud.Version), metric.WithSchemaURL(semconv.SchemaURL))
}

// New returns an interceptor for [quecloud.WithInterceptor] that traces and measures every call. Several clients can
// share it.
func New(opts ...Option) (quecloud.Interceptor, error) {
	c, err := newConfig(opts)
	if err != nil {
		return nil, err
	}
	duration, err := c.meter().Float64Histogram(CallDurationName, metric.WithUnit("s"),
		metric.WithDescription("Duration of calls to the platform, with all their requests and the waiting between them."),
		metric.WithExplicitBucketBoundaries(callBounds...))
	if err != nil {
		return nil, err
	}
	return (&instruments{c.tracer(), duration}).intercept, nil
}

// callBounds has the bounds that the conventions advise for requests, and more for calls with retries.
var callBounds = []float64{0.005, 0.01, 0.025, 0.05, 0.075, 0.1, 0.25, 0.5, 0.75, 1, 2.5, 5, 7.5, 10, 25, 50, 100}

type instruments struct {
	tracer   trace.Tracer
	duration metric.Float64Histogram
}

// errUnfinished stands for the error of a call that panicked.
var errUnfinished = errors.New("the call did not return")

func (i *instruments) intercept(
	ctx context.Context, info *quecloud.CallInfo, next func(context.Context) error,
) (err error) {
	attrs := requestAttributes(info)
	start := time.Now()
	ctx, span := i.tracer.Start(ctx, http.MethodPost+" "+info.Method,
		trace.WithSpanKind(trace.SpanKindClient), trace.WithTimestamp(start),
		trace.WithAttributes(attrs...), trace.WithAttributes(semconv.URLFull(info.URL)))
	err = errUnfinished
	defer func() {
		end := time.Now()
		outcome := outcomeAttributes(info, err)
		span.SetAttributes(outcome...)
		if info.Attempts > 1 {
			span.SetAttributes(semconv.HTTPRequestResendCount(info.Attempts - 1))
		}
		if err != nil {
			span.SetStatus(codes.Error, "") // without the error's text, which may hold personal data
		}
		i.duration.Record(ctx, end.Sub(start).Seconds(),
			metric.WithAttributeSet(attribute.NewSet(slices.Concat(attrs, outcome)...)))
		span.End(trace.WithTimestamp(end))
	}()
	return next(withCall(ctx, info))
}

// requestAttributes returns the attributes known before the call, for samplers.
func requestAttributes(info *quecloud.CallInfo) []attribute.KeyValue {
	attrs := []attribute.KeyValue{
		semconv.HTTPRequestMethodPost,
		MethodKey.String(info.Method),
		KindKey.String(info.Kind.String()),
	}
	if u, err := url.Parse(info.URL); err == nil {
		attrs = append(attrs, serverAttributes(u)...)
	}
	return attrs
}

func serverAttributes(u *url.URL) []attribute.KeyValue {
	return []attribute.KeyValue{semconv.ServerAddress(u.Hostname()), semconv.ServerPort(port(u))}
}

func port(u *url.URL) int {
	if n, err := strconv.Atoi(u.Port()); err == nil {
		return n
	}
	if u.Scheme == "http" {
		return 80
	}
	return 443
}

// outcomeAttributes returns the attributes known after the call.
func outcomeAttributes(info *quecloud.CallInfo, err error) []attribute.KeyValue {
	var attrs []attribute.KeyValue
	if info.HTTPStatus != 0 {
		attrs = append(attrs, semconv.HTTPResponseStatusCode(info.HTTPStatus))
	}
	if info.Responded {
		attrs = append(attrs, ResultCodeKey.Int(info.ResultCode))
	}
	if err != nil {
		attrs = append(attrs, semconv.ErrorTypeKey.String(errorType(err)))
	}
	return attrs
}
