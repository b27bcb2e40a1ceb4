// Package otelquecloud gives every call of a quecloud client an OpenTelemetry span and a measurement, after the
// semantic conventions for HTTP clients.
//
//	interceptor, err := otelquecloud.New()
//	…
//	client, err := quecloud.NewClient(appKey, secret, quecloud.WithInterceptor(interceptor))
//
// # What is written
//
// One span of kind client for each call, with all its attempts and whatever it waited for between them, is named after
// the HTTP method and the platform's: "POST fc.function.card.info". The histogram http.client.request.duration gets the
// same time, in seconds. Both have these attributes; those marked * are on the span only:
//
//	http.request.method        POST
//	server.address             the host of the base URL
//	server.port                its port
//	url.full *                 the base URL
//	http.request.resend_count* how often the call was repeated, where it was
//	http.response.status_code  of the last answer, where one came
//	error.type                 why the call failed, where it did; see below
//	quecloud.method            fc.function.…
//	quecloud.kind              read, set, spend or once
//	quecloud.result_code       resultCode of the last answer, where the platform has answered; 0 for success
//
// Parameters, answers and the texts of errors are never written: they hold card numbers, phone numbers and messages.
//
// # Errors
//
// error.type is the first of these that is true of the error:
//
//	panic                       the call did not return
//	outcome_unknown             quecloud.ErrOutcomeUnknown: it may have taken effect. Worth an alarm
//	partial                     quecloud.ErrPartial: done for a part of the cards
//	query_failed                quecloud.ErrQueryFailed: the platform could not find out what was asked
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
// # Order of interceptors
//
// The first interceptor given is the outermost. Give this one first to measure what callers wait for; give it after one
// that answers calls from a cache, to measure only those that reach the platform.
//
// For a span per attempt, wrap the transport of [quecloud.WithHTTPClient] with otelhttp; its spans become children of
// these. Take its own http.client.request.duration off then, or every request is counted twice. It must not put the
// trace context into the requests, unless the platform is to know it.
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
	"go.opentelemetry.io/otel/semconv/v1.43.0/httpconv"
	"go.opentelemetry.io/otel/trace"
)

// ScopeName is the name of the instrumentation scope of all spans and measurements.
const ScopeName = "github.com/quecloud/quecloud-go/otelquecloud"

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

// New returns an interceptor for [quecloud.WithInterceptor] that traces and measures every call. It may serve several
// clients.
func New(opts ...Option) (quecloud.Interceptor, error) {
	c := config{tracers: otel.GetTracerProvider(), meters: otel.GetMeterProvider()}
	for _, opt := range opts {
		if opt == nil {
			return nil, errors.New("otelquecloud: an option is nil")
		}
		if err := opt(&c); err != nil {
			return nil, err
		}
	}
	meter := c.meters.Meter(ScopeName,
		metric.WithInstrumentationVersion(quecloud.Version), metric.WithSchemaURL(semconv.SchemaURL))
	duration, err := httpconv.NewClientRequestDuration(meter)
	if err != nil {
		return nil, err
	}
	tracer := c.tracers.Tracer(ScopeName,
		trace.WithInstrumentationVersion(quecloud.Version), trace.WithSchemaURL(semconv.SchemaURL))
	return (&instruments{tracer, duration}).intercept, nil
}

type instruments struct {
	tracer   trace.Tracer
	duration httpconv.ClientRequestDuration
}

// errUnfinished stands for the error of a call that panicked.
var errUnfinished = errors.New("the call did not return")

func (i *instruments) intercept(ctx context.Context, info *quecloud.CallInfo, next func(context.Context) error) (err error) {
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
		i.duration.RecordSet(ctx, end.Sub(start).Seconds(), attribute.NewSet(slices.Concat(attrs, answer)...))
		span.End(trace.WithTimestamp(end))
	}()
	return next(ctx)
}

// requestAttributes are known before the call, so that samplers can decide by them.
func requestAttributes(info *quecloud.CallInfo) []attribute.KeyValue {
	attrs := []attribute.KeyValue{
		semconv.HTTPRequestMethodPost,
		MethodKey.String(info.Method),
		KindKey.String(info.Kind.String()),
	}
	if u, err := url.Parse(info.URL); err == nil {
		attrs = append(attrs, semconv.ServerAddress(u.Hostname()), semconv.ServerPort(port(u)))
	}
	return attrs
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
	if info.Answered {
		attrs = append(attrs, ResultCodeKey.Int(info.ResultCode))
	}
	if err != nil {
		attrs = append(attrs, semconv.ErrorTypeKey.String(errorType(ctx, info, err)))
	}
	return attrs
}
