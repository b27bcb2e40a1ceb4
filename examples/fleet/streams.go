package main

import (
	"context"
	"encoding/json"
	"errors"
	"net/url"
	"time"

	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"
)

// settings are what all processes must agree about.
type settings struct {
	space    string        // begins the names of streams and subjects
	rate     int           // calls to the platform per window, of all processes together
	window   time.Duration // a second
	ackWait  time.Duration // a worker that is silent for so long is taken for dead
	replicas int           // servers that hold each message
}

const (
	// remembered is how long repetitions are recognized. It should span the time in which the platform repeats a delivery.
	remembered = 24 * time.Hour
	// kept is how long notifications and results are kept, and so how long workers may be away.
	kept = 30 * 24 * time.Hour
	// patience is how long NATS may take to answer.
	patience = 4 * time.Second
)

// streams are what lasts:
//
//	<space>-callbacks  what the platform has notified of   <space>.callbacks.sms, .order
//	<space>-work       what is to be done in sweeps        <space>.work.<sweep>.start, .page, .tail
//	<space>-done       what came of both                   <space>.done.sweep.<sweep>, .done.callbacks
//	<space>-turns      the calls of the last second        <space>.turns
type streams struct {
	settings
	js        jetstream.JetStream
	callbacks jetstream.Stream
	work      jetstream.Stream
	done      jetstream.Stream
}

// connect connects to NATS, and goes on trying whenever the connection is lost. Nothing is buffered meanwhile: what
// cannot be sent is an error at once, so that nobody takes it for sent.
func connect(natsURL string) (*nats.Conn, error) {
	nc, err := nats.Connect(natsURL, nats.Name("quecloud fleet"), nats.MaxReconnects(-1), nats.ReconnectWait(250*time.Millisecond),
		nats.ReconnectBufSize(-1))
	if errors.As(err, new(*url.Error)) {
		return nil, errors.New("NATS_URL is not a URL") // the error would show it, with its password
	}
	return nc, err
}

// open makes the streams where they are not there yet.
func open(ctx context.Context, nc *nats.Conn, s settings) (*streams, error) {
	js, err := jetstream.New(nc, jetstream.WithDefaultTimeout(patience))
	if err != nil {
		return nil, err
	}
	streams := &streams{settings: s, js: js}
	for _, stream := range []struct {
		opened *jetstream.Stream
		config jetstream.StreamConfig
	}{
		// Notifications stay when they have been handled: repetitions are recognized by them, also after a restart.
		{&streams.callbacks, jetstream.StreamConfig{
			Name: s.space + "-callbacks", Subjects: []string{s.space + ".callbacks.>"},
			MaxAge: kept, Duplicates: remembered,
		}},
		{&streams.work, jetstream.StreamConfig{
			Name: s.space + "-work", Subjects: []string{s.space + ".work.>"},
			Retention: jetstream.WorkQueuePolicy, // what has been acknowledged is gone
		}},
		{&streams.done, jetstream.StreamConfig{
			Name: s.space + "-done", Subjects: []string{s.space + ".done.>"}, Compression: jetstream.S2Compression,
			MaxAge: kept, Duplicates: remembered,
		}},
		{new(jetstream.Stream), s.turns()},
	} {
		stream.config.Storage, stream.config.Replicas = jetstream.FileStorage, s.replicas
		stream.config.Discard = jetstream.DiscardNew // a stream that is full takes no more, rather than losing what it has
		if *stream.opened, err = js.CreateOrUpdateStream(ctx, stream.config); err != nil {
			return nil, err
		}
	}
	return streams, nil
}

// remove deletes the streams with all that is in them.
func (s *streams) remove(ctx context.Context) (err error) {
	for _, name := range []string{"callbacks", "work", "done", "turns"} {
		err = errors.Join(err, s.js.DeleteStream(ctx, s.space+"-"+name))
	}
	return err
}

// put returns nil when a message is in its stream to stay. One that is there already, by its ID, is not added again.
func (s *streams) put(ctx context.Context, subject, id string, content any) error {
	data, err := json.Marshal(content)
	if err != nil {
		return err
	}
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	_, err = s.js.Publish(ctx, s.space+"."+subject, data, jetstream.WithMsgID(id))
	return err
}

// count counts the messages whose subjects match.
func (s *streams) count(ctx context.Context, stream jetstream.Stream, subject string) (n uint64, err error) {
	info, err := stream.Info(ctx, jetstream.WithSubjectFilter(s.space+"."+subject))
	if err != nil {
		return 0, err
	}
	for _, messages := range info.State.Subjects {
		n += messages
	}
	return n, nil
}

// sleep sleeps, unless ctx ends.
func sleep(ctx context.Context, d time.Duration) error {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
		return nil
	case <-ctx.Done():
		return context.Cause(ctx)
	}
}
