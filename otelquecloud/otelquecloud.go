// Package otelquecloud gives every call of a quecloud client an OpenTelemetry span and a measurement, and every HTTP
// request another, after the semantic conventions for HTTP clients.
//
//	interceptor, err := otelquecloud.New()
//	…
//	client, err := quecloud.NewClient(appKey, secret, quecloud.WithInterceptor(interceptor))
//
// # What is written
//
// [New] writes one span of kind client for each call, with all its requests and whatever it waited for: the limiter,
// the delay before a repetition. It is named after the HTTP method and the platform's: "POST fc.function.card.info".
// The histogram quecloud.client.call.duration gets the same time, in seconds, also of calls that ended before anything
// was sent. It is what callers wait for.
//
// [NewTransport] measures each HTTP request as http.client.request.duration, the repeated ones too, without any
// waiting. It is how fast the platform answers, and how often it fails:
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
//	http.request.resend_count s      how often the call was repeated, where it was
//	http.response.status_code s c r  where an answer came; for calls, of the last
//	error.type                s c r  why the call or the request failed, where it did; see below
//	quecloud.method           s c r  fc.function.…
//	quecloud.kind             s c r  read, set, spend or once
//	quecloud.result_code      s c    resultCode of the last answer, where the platform has answered; 0 for success
//
// On requests quecloud.method and quecloud.kind come from the interceptor, and are missing without it. A resultCode is
// in the body of an answer, which a request does not look into: calls that the platform refuses are requests that
// succeed.
//
// Parameters, answers and the texts of errors are never written: they hold card numbers, phone numbers and messages.
//
// # Errors
//
// The error.type of a call is the first of these that is true of its error:
//
//	panic                       the call did not return
//	outcome_unknown             quecloud.ErrOutcomeUnknown: it may have taken effect. Worth an alarm
//	partial                     quecloud.ErrPartial: done for a part of the cards
//	query_failed                quecloud.ErrQueryFailed: the response says that the query failed
//	result_code_70031           the platform refused it, with this resultCode
//	canceled, deadline_exceeded the caller's context ended
//	timeout                     no answer in time for one attempt, or from the network
//	server_certificate_invalid  the server's certificate was not trusted
//	503                         an answer with this HTTP status, not from the platform
//	bad_answer                  an answer with HTTP status 200 that is not the platform's protocol
//	not_sent                    refused before the first attempt, by a limiter or an interceptor
//	connection                  no connection, or it broke
//	_OTHER                      anything else
//
// That of a request is canceled, timeout, server_certificate_invalid or connection where no answer came, and the HTTP
// status of an answer from 400 on. A request cannot tell whose time was up: it is a timeout.
//
// # Order of interceptors
//
// The first interceptor given is the outermost. Give this one first to measure what callers wait for; give it after one
// that answers calls from a cache, to measure only those that reach the platform.
//
// For a span per request, wrap the transport with otelhttp; its spans become children of these. It measures
// http.client.request.duration itself: take that off, or leave NewTransport out, or every request is counted twice. It
// must not put the trace context into the requests, unless the platform is to know it.
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

// The attributes that the semantic conventions do not have.
const (
	MethodKey     = attribute.Key("quecloud.method")      // string: fc.function.…
	KindKey       = attribute.Key("quecloud.kind")        // string: read, set, spend or once
	ResultCodeKey = attribute.Key("quecloud.result_code") // int: 0 for success
)

// An Option changes what [New] returns.
type Option func(*config) error

type config struct {
	tracers trace.TracerProvider
	meters  metric.MeterProvider
}

// WithTracerProvider sets where spans go, instead of the global provider.
func WithTracerProvider(provider trace.TracerProvider) Option {
	return func(c *config) error {
		if provider == nil {
			return errors.New("otelquecloud: WithTracerProvider: the provider is nil")
		}
		c.tracers = provider
		return nil
	}
}

// WithMeterProvider sets where measurements go, instead of the global provider.
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

// New returns an interceptor for [quecloud.WithInterceptor] that traces and measures every call. It may serve several
// clients.
func New(opts ...Option) (quecloud.Interceptor, error) {
	c, err := newConfig(opts)
	if err != nil {
		return nil, err
	}
	duration, err := c.meter().Float64Histogram(CallDurationName, metric.WithUnit("s"),
		metric.WithDescription("Duration of calls of the platform, with all their requests and the waiting between them."),
		metric.WithExplicitBucketBoundaries(callBounds...))
	if err != nil {
		return nil, err
	}
	return (&instruments{c.tracer(), duration}).intercept, nil
}

// callBounds are those that the conventions advise for requests, and further ones for calls that were repeated.
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
		answer := answerAttributes(ctx, info, err)
		span.SetAttributes(answer...)
		if info.Attempts > 1 {
			span.SetAttributes(semconv.HTTPRequestResendCount(info.Attempts - 1))
		}
		if err != nil {
			span.SetStatus(codes.Error, "") // error.type says which; the error's text may hold personal data
		}
		i.duration.Record(ctx, end.Sub(start).Seconds(),
			metric.WithAttributeSet(attribute.NewSet(slices.Concat(attrs, answer)...)))
		span.End(trace.WithTimestamp(end))
	}()
	return next(withCall(ctx, info))
}

// requestAttributes are known before the call, so that samplers can decide by them.
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

// answerAttributes are known after the call.
func answerAttributes(ctx context.Context, info *quecloud.CallInfo, err error) []attribute.KeyValue {
	var attrs []attribute.KeyValue
	if info.HTTPStatus != 0 {
		attrs = append(attrs, semconv.HTTPResponseStatusCode(info.HTTPStatus))
	}
	if info.Responded {
		attrs = append(attrs, ResultCodeKey.Int(info.ResultCode))
	}
	if err != nil {
		attrs = append(attrs, semconv.ErrorTypeKey.String(errorType(ctx, info, err)))
	}
	return attrs
}
