package simulator

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"net/netip"
	"net/url"
	"time"
)

const (
	pollInterval = 50 * time.Millisecond
	pollTimeout  = 2 * time.Second // of one request
)

// Ready waits until the control on an address responds. Without a port for requests to it, such as with the address
// 0.0.0.0:9090, it calls this machine.
func Ready(ctx context.Context, control string, wait time.Duration) error {
	host, port, err := net.SplitHostPort(control)
	if err != nil {
		return err
	}
	if address, err := netip.ParseAddr(host); host == "" || err == nil && address.IsUnspecified() {
		host = "127.0.0.1"
	}
	health := (&url.URL{Scheme: "http", Host: net.JoinHostPort(host, port), Path: "/healthz"}).String()
	ctx, cancel := context.WithTimeout(ctx, wait)
	defer cancel()
	client := &http.Client{Timeout: pollTimeout, Transport: &http.Transport{}} // without a proxy
	defer client.CloseIdleConnections()
	var last error // that is not the end of the wait
	for {
		err := checkHealth(ctx, client, health)
		if err == nil {
			return nil
		}
		if last == nil || ctx.Err() == nil {
			last = err
		}
		select {
		case <-ctx.Done():
			return fmt.Errorf("not ready: %w", last)
		case <-time.After(pollInterval):
		}
	}
}

func checkHealth(ctx context.Context, client *http.Client, health string) error {
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, health, nil)
	if err != nil {
		return err
	}
	resp, err := client.Do(req)
	if err != nil {
		return err
	}
	defer resp.Body.Close()
	if resp.StatusCode != http.StatusOK {
		return errors.New("GET " + health + ": " + resp.Status)
	}
	return nil
}
