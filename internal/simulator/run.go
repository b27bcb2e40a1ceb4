package simulator

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"log"
	"net"
	"net/http"
	"net/netip"
	"os"
	"time"

	"github.com/quecloud/quecloud-go/internal/redact"
	"github.com/quecloud/quecloud-go/quecloudtest"
)

// A Config says how to run a simulator.
type Config struct {
	Addr           string                // address of the platform
	AppKey, Secret string                // credentials of the account
	Options        []quecloudtest.Option // of the stand-in

	Control      string   // address of the control; empty: none
	ControlHosts []string // names of this machine that requests to the control may use; see New

	TLS      bool     // serve the platform by HTTPS
	TLSCA    string   // file for the certificate of the CA; empty: none
	TLSHosts []string // names and addresses of this machine in its certificate

	Scenario string // file to start from, and to which the control resets; empty: none
	State    string // file to start from if it exists, and to save the state to; empty: none
}

const shutdownTime = 5 * time.Second

// Run serves a simulator until ctx ends, and writes its addresses and log to out. It returns nil after it was asked to
// end.
func Run(ctx context.Context, cfg *Config, out io.Writer) (err error) {
	logger := log.New(out, "", log.Ltime)
	opts := append([]quecloudtest.Option{quecloudtest.WithCredentials(cfg.AppKey, cfg.Secret)}, cfg.Options...)
	opts = append(opts, Log(logger, cfg.Secret)...)
	if cfg.Control == "" {
		opts = append(opts, quecloudtest.WithRequestLimit(0)) // only the control returns them
	}
	sim := quecloudtest.NewUnstartedServer(opts...)
	defer sim.Close()
	var scenario []byte
	if cfg.Scenario != "" {
		if scenario, err = os.ReadFile(cfg.Scenario); err != nil {
			return err
		}
	}
	ports, err := cfg.listen(sim, scenario, logger)
	if err != nil {
		return err
	}
	defer func() {
		for _, p := range ports {
			_ = p.listener.Close() // serve has closed it, unless it was not called
		}
	}()
	if err := cfg.load(sim, scenario); err != nil {
		return err
	}
	cfg.announce(out, sim, ports)
	err = serve(ctx, ports, logger, func() {
		fmt.Fprintln(out, "quecloud-sim stops")
		sim.Close() // cancels delayed calls
	})
	return errors.Join(err, cfg.save(sim))
}

// A port is a handler on a listener.
type port struct {
	listener net.Listener
	handler  http.Handler
}

// listen listens on the addresses of the platform and the control.
func (c *Config) listen(sim *quecloudtest.Server, scenario []byte, logger *log.Logger) (ports []port, err error) {
	listener, err := net.Listen("tcp", c.Addr)
	if err != nil {
		return nil, err
	}
	if c.TLS {
		config, err := c.certificates()
		if err != nil {
			return nil, errors.Join(err, listener.Close())
		}
		listener = tls.NewListener(listener, config)
	}
	ports = []port{{listener, sim}}
	if c.Control == "" {
		return ports, nil
	}
	if listener, err = net.Listen("tcp", c.Control); err != nil {
		return nil, errors.Join(err, ports[0].listener.Close())
	}
	control := New(sim, logger, append([]string{c.Control}, c.ControlHosts...)...)
	control.Scenario = scenario
	return append(ports, port{listener, control.Handler()}), nil
}

// announce writes where the simulator serves, and how to call it.
func (c *Config) announce(out io.Writer, sim *quecloudtest.Server, ports []port) {
	scheme := "http"
	if c.TLS {
		scheme = "https"
	}
	secret := redact.Hidden
	if c.Secret == quecloudtest.DefaultSecret {
		secret = c.Secret
	}
	fmt.Fprintf(out, "quecloud-sim serves %d cards on %s://%s/openapi/router\n",
		sim.CardPage(quecloudtest.CardFilter{}, 0, 1).Total, scheme, ports[0].listener.Addr())
	fmt.Fprintf(out, "appKey %s, secret %s\n", redact.Visible(c.AppKey), secret)
	if len(ports) == 1 {
		return
	}
	address := ports[1].listener.Addr().String()
	fmt.Fprintf(out, "control and page on http://%s/\n%s", address, warning(address))
}

// warning returns a line about a control that others than this machine reach, or nothing.
func warning(address string) string {
	if parsed, err := netip.ParseAddrPort(address); err == nil && parsed.Addr().IsLoopback() {
		return ""
	}
	return "warning: everybody who reaches " + address + " can read and change the simulator: " +
		"the control has no authentication\n"
}

// serve serves ports until ctx ends or one of them fails. It calls stopping before it waits for running calls.
func serve(ctx context.Context, ports []port, logger *log.Logger, stopping func()) (err error) {
	served := make(chan error, len(ports))
	servers := make([]*http.Server, len(ports))
	for i, p := range ports {
		servers[i] = &http.Server{Handler: p.handler, ReadHeaderTimeout: 10 * time.Second, ErrorLog: logger}
		go func() { served <- servers[i].Serve(p.listener) }()
	}
	select {
	case err = <-served:
	case <-ctx.Done():
	}
	stopping()
	last, cancel := context.WithTimeout(context.Background(), shutdownTime)
	defer cancel()
	for _, server := range servers {
		err = errors.Join(err, server.Shutdown(last))
	}
	return err
}
