package main

import (
	"testing"

	"github.com/nats-io/nats.go/jetstream"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/quecloud/quecloud-go/quecloudtest"
)

func sms(id string) quecloudtest.SMSEvent {
	return quecloudtest.SMSEvent{
		Type: quecloudtest.SMSInbox, MSISDN: "1064991300001", ICCID: "89860391749203860001", ID: id, Content: "21.5 °C",
		ReceivedAt: "2026-11-03 09:15:00",
	}
}

// deliver sends a callback with an SMS, and returns the status of the response.
func deliver(t *testing.T, url, id string) (ok bool, status int) {
	d, err := quecloudtest.DeliverSMS(t.Context(), url, sms(id))
	require.NoError(t, err)
	return d.OK, d.HTTPStatus
}

func TestCallbackSucceedsOnlyIfItsEventIsStored(t *testing.T) {
	t.Parallel()
	nats := newNATS(t)
	s := nats.open(quick())
	url := receive(t, s)

	nats.stop()
	ok, status := deliver(t, url, "1")
	require.False(t, ok, "the server is down")
	require.Equal(t, 500, status)

	nats.start()
	eventually(t, func() bool { ok, _ := deliver(t, url, "1"); return ok }, "the retried callback succeeds")
	require.Equal(t, 1, counted(t, s, "callbacks.sms"))

	config := s.callbacks.CachedInfo().Config
	config.MaxMsgs = 1
	_, err := s.js.UpdateStream(t.Context(), config)
	require.NoError(t, err)
	ok, status = deliver(t, url, "2")
	require.False(t, ok, "the stream is full")
	require.Equal(t, 500, status)
	require.Equal(t, 1, counted(t, s, "callbacks.sms"), "the stream keeps the first event")

	require.NoError(t, s.js.DeleteStream(t.Context(), "test-callbacks"))
	ok, status = deliver(t, url, "3")
	require.False(t, ok, "the stream is gone")
	require.Equal(t, 500, status)
}

func TestCallbackDuplicatesAreDropped(t *testing.T) {
	t.Parallel()
	nats := newNATS(t)
	s, other := nats.open(quick()), nats.open(quick())
	one, two := receive(t, s), receive(t, other)
	for _, url := range []string{one, one, two} {
		ok, _ := deliver(t, url, "1")
		require.True(t, ok)
	}
	platform := quecloudtest.NewUnstartedServer()
	t.Cleanup(platform.Close)
	goWork(t, newWorker(nats.open(quick()), platform, "worker"))
	eventually(t, func() bool { return counted(t, s, "done.callbacks") == 1 }, "the event is handled")

	nats.stop()
	nats.start()
	eventually(t, func() bool { ok, _ := deliver(t, two, "1"); return ok }, "the stream knows it after a restart")
	eventually(t, func() bool { ok, _ := deliver(t, one, "2"); return ok }, "another event is stored")
	eventually(t, func() bool { return counted(t, s, "done.callbacks") == 2 }, "and handled")
	require.Equal(t, 2, counted(t, s, "callbacks.>"))
	workers, err := s.callbacks.Consumer(t.Context(), "workers")
	require.NoError(t, err)
	eventually(t, func() bool {
		info, err := workers.Info(t.Context())
		return err == nil && info.AckFloor.Stream == 2 && info.Delivered.Consumer == 2
	}, "each event went to a worker once")
}

func TestCallbackStoresOrders(t *testing.T) {
	t.Parallel()
	nats := newNATS(t)
	s := nats.open(quick())
	platform := quecloudtest.NewServer(quecloudtest.WithOrderCallback(""))
	t.Cleanup(platform.Close)
	goWork(t, newWorker(nats.open(quick()), platform, "worker"))
	sms := receive(t, s)
	order := sms[:len(sms)-len("sms?token=token")] + "order?token=token"
	event := quecloudtest.OrderEvent{
		OrderNo: "CZ20261103000017", OrderType: "充值订单", StatusDesc: "订单完成", Status: 1, ICCID: "89860412091880130001",
		ProductName: "30M-当月", ProductPrice: 3.5, CreateTime: "2026-11-03 09:15:00", CompleteTime: "2026-11-03 09:16:00",
	}
	for range 2 {
		d, err := quecloudtest.DeliverOrder(t.Context(), order, event)
		require.NoError(t, err)
		require.True(t, d.OK)
	}
	eventually(t, func() bool { return counted(t, s, "done.callbacks") == 1 }, "the event is handled")
	assert.Equal(t, 1, counted(t, s, "callbacks.order"))

	d, err := quecloudtest.DeliverOrder(t.Context(), order[:len(order)-1], event)
	require.NoError(t, err)
	assert.Equal(t, 401, d.HTTPStatus)
}

func TestStreamsKeepTheirMessages(t *testing.T) {
	t.Parallel()
	nats := newNATS(t)
	assert.True(t, nats.srv.JetStreamConfig().SyncAlways, "acknowledged messages are on the disk")
	s := nats.open(quick())
	for _, stream := range []jetstream.Stream{s.callbacks, s.work, s.done} {
		config := stream.CachedInfo().Config
		assert.Equal(t, jetstream.FileStorage, config.Storage, config.Name)
		assert.Equal(t, jetstream.DiscardNew, config.Discard, config.Name)
	}
}
