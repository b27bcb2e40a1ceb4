package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"time"

	"github.com/quecloud/quecloud-go"
)

// The kinds of callbacks, which are the last part of their subjects.
const (
	kindSMS   = "sms"
	kindOrder = "order"
)

// runCallbacks serves callbacks until ctx ends. Several of these processes can run behind a load balancer.
func runCallbacks(ctx context.Context, c config, out io.Writer) error {
	token := os.Getenv("QUECLOUD_CALLBACK_TOKEN")
	if token == "" {
		return errors.New("set QUECLOUD_CALLBACK_TOKEN to a long random text, so that only the platform can send events")
	}
	nc, err := connect(natsURL())
	if err != nil {
		return err
	}
	defer nc.Close()
	s, err := open(ctx, nc, c.settings)
	if err != nil {
		return err
	}
	var verify []quecloud.HandlerOption
	if os.Getenv("QUECLOUD_APP_KEY") != "" {
		client, err := newClient(quecloud.WithLimiter(sharedLimiter{s}))
		if err != nil {
			return err
		}
		verify = append(verify, quecloud.VerifyWith(client))
	}
	listener, err := net.Listen("tcp", c.addr)
	if err != nil {
		return err
	}
	fmt.Fprintf(out, "serving at %s\n", listener.Addr())
	return serve(ctx, listener, s.receiver(token, verify...))
}

// receiver returns a handler for the platform's callbacks. It stores each event in the stream and then responds with
// success. If the event cannot be stored, it responds with 500, and the callback has failed. Workers do everything
// else.
//
// The event's key is the ID of the message. The stream drops messages with the same ID, whichever process sends them.
func (s *streams) receiver(token string, verify ...quecloud.HandlerOption) http.Handler {
	options := []quecloud.HandlerOption{quecloud.WithCallbackToken(token), quecloud.WithCallbackTimeout(patience)}
	mux := http.NewServeMux()
	mux.Handle("/quecloud/sms", quecloud.NewSMSHandler(func(ctx context.Context, e *quecloud.SMSEvent) error {
		return s.put(ctx, "callbacks."+kindSMS, e.Key(), e)
	}, options...))
	mux.Handle("/quecloud/order", quecloud.NewOrderHandler(func(ctx context.Context, e *quecloud.OrderEvent) error {
		return s.put(ctx, "callbacks."+kindOrder, e.Key(), e)
	}, append(options, verify...)...))
	return mux
}

// serve serves until ctx ends, and then finishes the requests under way.
func serve(ctx context.Context, listener net.Listener, handler http.Handler) error {
	srv := &http.Server{
		Handler: handler, ReadTimeout: 10 * time.Second, WriteTimeout: time.Minute, IdleTimeout: 2 * time.Minute,
	}
	failed := make(chan error, 1)
	go func() { failed <- srv.Serve(listener) }()
	select {
	case err := <-failed:
		return err
	case <-ctx.Done():
	}
	finish, cancel := context.WithTimeout(context.WithoutCancel(ctx), 30*time.Second)
	defer cancel()
	return srv.Shutdown(finish)
}
