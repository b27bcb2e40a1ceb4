package otelquecloud_test

import (
	"context"
	"fmt"
	"log"
	"net/http"

	"go.opentelemetry.io/otel/sdk/metric"
	"go.opentelemetry.io/otel/sdk/metric/metricdata"
	"go.opentelemetry.io/otel/sdk/trace"
	"go.opentelemetry.io/otel/sdk/trace/tracetest"

	"github.com/quecloud/quecloud-go"
	"github.com/quecloud/quecloud-go/otelquecloud"
	"github.com/quecloud/quecloud-go/quecloudtest"
)

// A program that sets the global providers at its start needs no options.
func ExampleNew() {
	ctx := context.Background()
	exporter, reader := tracetest.NewInMemoryExporter(), metric.NewManualReader()
	interceptor, err := otelquecloud.New(
		otelquecloud.WithTracerProvider(trace.NewTracerProvider(trace.WithSyncer(exporter))),
		otelquecloud.WithMeterProvider(metric.NewMeterProvider(metric.WithReader(reader))),
	)
	if err != nil {
		log.Fatal(err)
	}

	srv := quecloudtest.NewServer() // a stand-in for the platform
	defer srv.Close()
	srv.Inject(quecloudtest.Refuse(70031, "unauthorized"))
	client := srv.Client(quecloud.WithInterceptor(interceptor))
	_ = client.Cards.Pause(ctx, quecloud.MSISDN("1064900000001"))

	for _, span := range exporter.GetSpans() {
		fmt.Println(span.Name, span.SpanKind, span.Status.Code)
		for _, a := range span.Attributes {
			switch a.Key {
			case "error.type", "http.response.status_code", otelquecloud.KindKey, otelquecloud.ResultCodeKey:
				fmt.Println(" ", a.Key, a.Value.String())
			}
		}
	}
	var measured metricdata.ResourceMetrics
	if err := reader.Collect(ctx, &measured); err != nil {
		log.Fatal(err)
	}
	for _, m := range measured.ScopeMetrics[0].Metrics {
		for _, point := range m.Data.(metricdata.Histogram[float64]).DataPoints {
			fmt.Println(m.Name, "count", point.Count)
		}
	}
	// Output:
	// POST fc.function.card.pause client Error
	//   quecloud.kind set
	//   http.response.status_code 200
	//   quecloud.result_code 70031
	//   error.type unauthorized
	// quecloud.client.call.duration count 1
}

// Each request is measured, so an outage shows although the calls succeed in the end.
func ExampleNewTransport() {
	ctx := context.Background()
	reader := metric.NewManualReader()
	meters := otelquecloud.WithMeterProvider(metric.NewMeterProvider(metric.WithReader(reader)))
	base := http.DefaultTransport.(*http.Transport).Clone()
	base.MaxConnsPerHost, base.MaxIdleConnsPerHost = 64, 64
	transport, err := otelquecloud.NewTransport(base, meters)
	if err != nil {
		log.Fatal(err)
	}
	interceptor, err := otelquecloud.New(meters)
	if err != nil {
		log.Fatal(err)
	}

	srv := quecloudtest.NewServer() // a stand-in for the platform
	defer srv.Close()
	srv.Inject(quecloudtest.HTTPStatus(http.StatusServiceUnavailable).Times(1))
	client := srv.Client(quecloud.WithInterceptor(interceptor),
		quecloud.WithHTTPClient(&http.Client{Transport: transport}),
		quecloud.WithRetry(quecloud.RetryPolicy{MaxAttempts: 2}))
	if _, err := client.Billing.Wallet(ctx); err != nil {
		log.Fatal(err)
	}

	var measured metricdata.ResourceMetrics
	if err := reader.Collect(ctx, &measured); err != nil {
		log.Fatal(err)
	}
	for _, m := range measured.ScopeMetrics[0].Metrics {
		for _, point := range m.Data.(metricdata.Histogram[float64]).DataPoints {
			status, _ := point.Attributes.Value("http.response.status_code")
			fmt.Println(m.Name, status.String(), "count", point.Count)
		}
	}
	// Unordered output:
	// http.client.request.duration 503 count 1
	// http.client.request.duration 200 count 1
	// quecloud.client.call.duration 200 count 1
}
