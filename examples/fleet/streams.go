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

// settings must be the same in all processes.
type settings struct {
	space    string        // prefix of the names of streams and subjects
	rate     int           // calls to the platform per window, of all processes together
	window   time.Duration // a second
	ackWait  time.Duration // time of silence after which a worker counts as dead
	replicas int           // number of servers that store each message
}

const (
	// remembered is how long streams recognize duplicates. It should cover the time in which the platform may retry a
	// callback.
	remembered = 24 * time.Hour
	// kept is how long streams keep events and results, and so how long workers may be down.
	kept = 30 * 24 * time.Hour
	// patience is how long NATS may take to respond.
	patience = 4 * time.Second
)

// streams hold all lasting state:
//
//	<space>-callbacks  events of the platform        <space>.callbacks.sms, .order
//	<space>-work       open items of sweeps          <space>.work.<sweep>.start, .page, .tail
//	<space>-done       results of both               <space>.done.sweep.<sweep>, .done.callbacks
//	<space>-permits    the calls of the last second  <space>.permits
type streams struct {
	settings
	js        jetstream.JetStream
	callbacks jetstream.Stream
	work      jetstream.Stream
	done      jetstream.Stream
}

// connect connects to NATS, and reconnects whenever the connection is lost. Until then sending fails at once: nothing
// is buffered, so a message that was sent is at the server.
func connect(natsURL string) (*nats.Conn, error) {
	nc, err := nats.Connect(natsURL, nats.Name("quecloud fleet"), nats.MaxReconnects(-1),
		nats.ReconnectWait(250*time.Millisecond), nats.ReconnectBufSize(-1))
	if errors.As(err, new(*url.Error)) {
		return nil, errors.New("NATS_URL is not a URL") // the error itself shows the URL with its password
	}
	return nc, err
}

// open creates the streams, or updates them if their settings differ.
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
		// Events stay after they have been handled, so that their duplicates are recognized after a restart.
		{&streams.callbacks, jetstream.StreamConfig{
			Name: s.space + "-callbacks", Subjects: []string{s.space + ".callbacks.>"},
			MaxAge: kept, Duplicates: remembered,
		}},
		{&streams.work, jetstream.StreamConfig{
			Name: s.space + "-work", Subjects: []string{s.space + ".work.>"},
			Retention: jetstream.WorkQueuePolicy, // acknowledged items are removed
		}},
		{&streams.done, jetstream.StreamConfig{
			Name: s.space + "-done", Subjects: []string{s.space + ".done.>"}, Compression: jetstream.S2Compression,
			MaxAge: kept, Duplicates: remembered,
		}},
		{new(jetstream.Stream), s.permits()},
	} {
		stream.config.Storage, stream.config.Replicas = jetstream.FileStorage, s.replicas
		stream.config.Discard = jetstream.DiscardNew // a full stream rejects new messages and keeps its own
		// Not CreateOrUpdateStream: it also updates a stream that has these settings. NATS server 2.15.2 does not protect
		// an update from other processes that create consumers meanwhile.
		opened, err := js.CreateStream(ctx, stream.config)
		if errors.Is(err, jetstream.ErrStreamNameAlreadyInUse) {
			opened, err = js.UpdateStream(ctx, stream.config)
		}
		if err != nil {
			return nil, err
		}
		*stream.opened = opened
	}
	return streams, nil
}

// remove deletes the streams with all that is in them.
func (s *streams) remove(ctx context.Context) (err error) {
	for _, name := range []string{"callbacks", "work", "done", "permits"} {
		err = errors.Join(err, s.js.DeleteStream(ctx, s.space+"-"+name))
	}
	return err
}

// put returns nil once a message is stored in its stream. A message with the ID of a stored one is dropped.
func (s *streams) put(ctx context.Context, subject, id string, content any) error {
	data, err := json.Marshal(content)
	if err != nil {
		return err
	}
	return s.publish(ctx, subject, data, jetstream.WithMsgID(id))
}

func (s *streams) publish(ctx context.Context, subject string, data []byte, opts ...jetstream.PublishOpt) error {
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	_, err := s.js.Publish(ctx, s.space+"."+subject, data, opts...)
	if errors.Is(err, nats.ErrReconnectBufExceeded) {
		return errors.New("NATS is not connected") // the error does not say so; see connect
	}
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
