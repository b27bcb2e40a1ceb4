package main

import (
	"context"
	"fmt"
	"io"
	"net"
	"os"
	"strconv"
	"time"

	"github.com/nats-io/nats-server/v2/server"
)

// runServer runs a NATS server, for those who have none. If its disk is lost, all messages are lost. A cluster of three
// (NATS_URL and -replicas 3) survives that.
func runServer(ctx context.Context, c config, out io.Writer) error {
	srv, err := startServer(c.addr, c.store)
	if err != nil {
		return err
	}
	fmt.Fprintf(out, "serving at %s\n", srv.ClientURL())
	<-ctx.Done()
	srv.Shutdown()
	srv.WaitForShutdown()
	return nil
}

// startServer starts a NATS server that stores its messages in a folder. With port 0 it uses a free port.
func startServer(addr, store string) (*server.Server, error) {
	host, text, err := net.SplitHostPort(addr)
	if err != nil {
		return nil, err
	}
	port, err := strconv.Atoi(text)
	if err != nil {
		return nil, err
	}
	if port == 0 {
		port = server.RANDOM_PORT
	}
	srv, err := server.NewServer(&server.Options{
		Host: host, Port: port, NoSigs: true, JetStream: true, StoreDir: store,
		SyncAlways: true, // acknowledged messages are on the disk and survive a power failure
	})
	if err != nil {
		return nil, err
	}
	srv.Start()
	if !srv.ReadyForConnections(20 * time.Second) {
		srv.Shutdown()
		return nil, fmt.Errorf("the NATS server does not start at %s", addr)
	}
	return srv, nil
}

// natsURL returns the address of NATS from the environment, or that of this machine.
func natsURL() string {
	if url := os.Getenv("NATS_URL"); url != "" {
		return url
	}
	return "nats://127.0.0.1:4222"
}
