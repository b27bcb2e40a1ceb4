package otelquecloud

import (
	"context"
	"errors"
	"net/http"
	"strconv"
	"time"

	"github.com/quecloud/quecloud-go"
	"go.opentelemetry.io/otel/attribute"
	semconv "go.opentelemetry.io/otel/semconv/v1.43.0"
	"go.opentelemetry.io/otel/semconv/v1.43.0/httpconv"
)

// NewTransport returns a transport for [quecloud.WithHTTPClient] that sends requests with base and records the duration
// of each as http.client.request.duration. The duration ends with the header of the response, and does not include what
// a call waits for before and between requests. The package documentation lists the attributes.
func NewTransport(base http.RoundTripper, opts ...Option) (http.RoundTripper, error) {
	if base == nil {
		return nil, errors.New("otelquecloud: NewTransport: the transport is nil")
	}
	c, err := newConfig(opts)
	if err != nil {
		return nil, err
	}
	duration, err := httpconv.NewClientRequestDuration(c.meter())
	if err != nil {
		return nil, err
	}
	return &transport{base, duration}, nil
}

type transport struct {
	base     http.RoundTripper
	duration httpconv.ClientRequestDuration
}

// RoundTrip makes a request, and records how long it took.
func (t *transport) RoundTrip(req *http.Request) (*http.Response, error) {
	start := time.Now()
	resp, err := t.base.RoundTrip(req)
	took := time.Since(start)

	ctx := req.Context()
	attrs := append(serverAttributes(req.URL), semconv.HTTPRequestMethodKey.String(req.Method))
	attrs = append(attrs, callAttributes(ctx)...)
	switch {
	case err != nil:
		attrs = append(attrs, semconv.ErrorTypeKey.String(requestErrorType(ctx, err)))
	case resp.StatusCode >= http.StatusBadRequest:
		attrs = append(attrs, semconv.ErrorTypeKey.String(strconv.Itoa(resp.StatusCode)))
	}
	if err == nil {
		attrs = append(attrs, semconv.HTTPResponseStatusCode(resp.StatusCode))
	}
	t.duration.RecordSet(ctx, took.Seconds(), attribute.NewSet(attrs...))
	return resp, err
}

// callKey is the context key of the attributes that an interceptor passes on to a transport.
type callKey struct{}

func withCall(ctx context.Context, info *quecloud.CallInfo) context.Context {
	return context.WithValue(ctx, callKey{}, []attribute.KeyValue{
		MethodKey.String(info.Method), KindKey.String(info.Kind.String()),
	})
}

func callAttributes(ctx context.Context) []attribute.KeyValue {
	attrs, _ := ctx.Value(callKey{}).([]attribute.KeyValue)
	return attrs
}
