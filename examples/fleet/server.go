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

// runServer is a NATS server by itself, for those who have none yet. It is one server: when its disk is lost, so is all
// that was on it. A cluster of three (NATS_URL and -replicas 3) has no such spot.
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

// startServer starts a NATS server whose messages are in a folder. With port 0 it takes one that is free.
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
		SyncAlways: true, // what it acknowledges is on the disk, and outlasts a power failure
	})
	if err != nil {
		return nil, err
	}
	srv.Start()
	if !srv.ReadyForConnections(20 * time.Second) {
		srv.Shutdown()
		return nil, fmt.Errorf("the NATS server does not come up at %s", addr)
	}
	return srv, nil
}

// natsURL is where NATS is: as the environment says, or this machine.
func natsURL() string {
	if url := os.Getenv("NATS_URL"); url != "" {
		return url
	}
	return "nats://127.0.0.1:4222"
}
