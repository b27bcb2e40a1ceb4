package simulator

import (
	"bytes"
	"crypto/tls"
	"crypto/x509"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/quecloud/quecloud-go"
)

func TestTLSServesTheCertificatesOfItsCA(t *testing.T) {
	t.Parallel()
	file := filepath.Join(t.TempDir(), "ca.pem")
	s := startRun(t, Config{TLS: true, TLSCA: file, TLSHosts: []string{"sim.test", "192.0.2.7"}})
	text, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	if strings.Contains(string(text), "PRIVATE") {
		t.Error("the file has a private key")
	}
	roots := x509.NewCertPool()
	if !roots.AppendCertsFromPEM(text) {
		t.Fatalf("no certificate in %s", text)
	}
	client := &http.Client{Transport: &http.Transport{
		TLSClientConfig: &tls.Config{RootCAs: roots}, ForceAttemptHTTP2: true,
	}}
	defer client.CloseIdleConnections()
	account, err := s.client(t, quecloud.WithHTTPClient(client)).Billing.Account(t.Context())
	if err != nil || account == nil {
		t.Errorf("got %v, %v", account, err)
	}
	address, err := url.Parse(s.url)
	if err != nil || address.Scheme != "https" {
		t.Fatal(address, err)
	}
	for name, ok := range map[string]bool{
		"localhost": true, "127.0.0.1": true, "::1": true, "sim.test": true, "192.0.2.7": true,
		"other.test": false, "192.0.2.8": false,
	} {
		conn, err := tls.Dial("tcp", address.Host, &tls.Config{
			RootCAs: roots, ServerName: name, NextProtos: []string{"h2", "http/1.1"},
		})
		if (err == nil) != ok {
			t.Errorf("%s: got %v", name, err)
		}
		if err == nil {
			state := conn.ConnectionState()
			if state.NegotiatedProtocol != "http/1.1" {
				t.Errorf("%s: negotiated %s", name, state.NegotiatedProtocol)
			}
			// Python refuses a certificate without it from version 3.13 on.
			if served := state.PeerCertificates; len(served[0].AuthorityKeyId) == 0 ||
				!bytes.Equal(served[0].AuthorityKeyId, served[1].SubjectKeyId) {
				t.Errorf("%s: the certificate does not name the key of the CA", name)
			}
			_ = conn.Close()
		}
	}
	if _, err := s.client(t).Billing.Account(t.Context()); err == nil {
		t.Error("a client without the CA trusts the certificate")
	}
}
