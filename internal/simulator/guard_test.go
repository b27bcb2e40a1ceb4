package simulator

import (
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
)

// TestGuardRefusesOtherSites sends what browsers send for a web page on another site, or under a name that an attacker
// points at this machine.
func TestGuardRefusesOtherSites(t *testing.T) {
	t.Parallel()
	const deposit = `{"yuan":"1"}`
	for _, test := range []struct {
		name    string
		call    string
		host    string // default 127.0.0.1:9090
		header  []string
		allowed bool
	}{
		{name: "a program", call: "POST /deposit", allowed: true},
		{name: "a program by name", call: "POST /deposit", host: "localhost:9090", allowed: true},
		{name: "a program over IPv6", call: "POST /deposit", host: "[::1]:9090", allowed: true},
		{name: "a program by the address given", call: "POST /deposit", host: "sim.test:9090", allowed: true},
		{name: "a program by the address given, in capitals", call: "POST /deposit", host: "SIM.test.", allowed: true},
		{
			name: "the page", call: "POST /deposit", allowed: true,
			header: []string{"Sec-Fetch-Site: same-origin", "Origin: http://127.0.0.1:9090"},
		},
		{
			name: "the page in an old browser", call: "POST /deposit", allowed: true,
			header: []string{"Origin: http://127.0.0.1:9090"},
		},
		{name: "the address typed in a browser", call: "GET /", header: []string{"Sec-Fetch-Site: none"}, allowed: true},
		{
			name: "a link to the page", call: "GET /", allowed: true,
			header: []string{"Sec-Fetch-Site: cross-site", "Sec-Fetch-Mode: navigate", "Sec-Fetch-Dest: document"},
		},
		{
			name: "a form of another site", call: "POST /deposit",
			header: []string{
				"Sec-Fetch-Site: cross-site", "Origin: https://evil.example", "Content-Type: text/plain",
				"Sec-Fetch-Mode: navigate", "Sec-Fetch-Dest: document",
			},
		},
		{
			name: "a form of another site in an old browser", call: "POST /deposit",
			header: []string{"Origin: https://evil.example", "Content-Type: text/plain"},
		},
		{name: "a form of a file", call: "POST /deposit", header: []string{"Origin: null"}},
		{
			name: "a script of another port", call: "POST /deposit",
			header: []string{"Sec-Fetch-Site: same-site", "Origin: http://127.0.0.1:3000"},
		},
		{
			name: "a script that reads", call: "GET /wallet",
			header: []string{"Sec-Fetch-Site: cross-site", "Sec-Fetch-Mode: no-cors", "Sec-Fetch-Dest: script"},
		},
		{
			name: "a link to a stream", call: "GET /events",
			header: []string{"Sec-Fetch-Site: cross-site", "Sec-Fetch-Mode: navigate", "Sec-Fetch-Dest: document"},
		},
		{
			name: "a frame", call: "GET /",
			header: []string{"Sec-Fetch-Site: cross-site", "Sec-Fetch-Mode: navigate", "Sec-Fetch-Dest: iframe"},
		},
		{
			name: "a preflight", call: "OPTIONS /deposit",
			header: []string{
				"Sec-Fetch-Site: cross-site", "Origin: https://evil.example", "Access-Control-Request-Method: POST",
				"Access-Control-Request-Headers: content-type", "Access-Control-Request-Private-Network: true",
			},
		},
		{name: "a name bound to this machine", call: "GET /wallet", host: "evil.example:9090"},
		{
			name: "a script under a name bound to this machine", call: "POST /deposit", host: "evil.example:9090",
			header: []string{"Sec-Fetch-Site: same-origin", "Origin: http://evil.example:9090"},
		},
		{name: "a name that looks like an address", call: "GET /wallet", host: "127.0.0.1.evil.example"},
		{name: "a name that ends like the given one", call: "GET /wallet", host: "evilsim.test"},
		{name: "another address", call: "GET /wallet", host: "192.0.2.1:9090"},
		{name: "no host", call: "GET /wallet", host: " "},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			sim, h := newControl(t)
			verb, path, _ := strings.Cut(test.call, " ")
			r := httptest.NewRequest(verb, path, strings.NewReader(deposit))
			if verb == "GET" {
				r.Body = http.NoBody
			}
			r.Host = "127.0.0.1:9090"
			if test.host != "" {
				r.Host = strings.TrimSpace(test.host)
			}
			for _, line := range test.header {
				name, value, _ := strings.Cut(line, ": ")
				r.Header.Set(name, value)
			}
			before := sim.Wallet().Balance
			w := httptest.NewRecorder()
			h.ServeHTTP(w, r)
			if allowed := w.Code < 400; allowed != test.allowed {
				t.Errorf("got HTTP %d %s", w.Code, w.Body)
			}
			if w.Code == http.StatusMisdirectedRequest && !strings.Contains(w.Body.String(), "-control-host") {
				t.Errorf("the refusal of a host does not say what allows it: %s", w.Body)
			}
			if changed := sim.Wallet().Balance != before; changed != (test.allowed && verb == "POST") {
				t.Errorf("the balance changed: %v", changed)
			}
			for name := range w.Header() {
				if strings.HasPrefix(name, "Access-Control-") {
					t.Errorf("the response has the header %s", name)
				}
			}
		})
	}
}

func TestGuardAllowsAddressesOfAnUnspecifiedHost(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		host    string
		hosts   []string
		allowed bool
	}{
		{host: "192.0.2.1:9090", hosts: []string{"0.0.0.0:9090"}, allowed: true},
		{host: "[2001:db8::1]:9090", hosts: []string{"[::]:9090"}, allowed: true},
		{host: "192.0.2.1", hosts: []string{":9090"}, allowed: true},
		{host: "192.0.2.1", hosts: []string{"192.0.2.1:9090"}, allowed: true},
		{host: "192.0.2.2", hosts: []string{"192.0.2.1:9090"}},
		{host: "evil.example", hosts: []string{"0.0.0.0:9090"}},
		{host: "evil.example", hosts: []string{":9090"}},
		{host: "", hosts: []string{":9090"}},
		{host: "127.0.0.2", allowed: true},
		{host: "[::ffff:127.0.0.1]:80", allowed: true},
		{host: "localhost.evil.example"},
		{host: "app.localhost:80", allowed: true},
	} {
		if got := allowsHost(test.host, test.hosts); got != test.allowed {
			t.Errorf("the host %q with %q: got %v, want %v", test.host, test.hosts, got, test.allowed)
		}
	}
}

func TestGuardSetsSecurityHeaders(t *testing.T) {
	t.Parallel()
	_, h := newControl(t)
	for _, path := range []string{"/clock", "/nosuch", "/ui/calls"} {
		w := httptest.NewRecorder()
		r := httptest.NewRequest(http.MethodGet, path, nil)
		r.Host = "localhost"
		h.ServeHTTP(w, r)
		policy := w.Header().Get("Content-Security-Policy")
		if w.Header().Get("X-Content-Type-Options") != "nosniff" ||
			!strings.Contains(policy, "default-src 'none'") || !strings.Contains(policy, "frame-ancestors 'none'") ||
			strings.Contains(policy, "unsafe") {
			t.Errorf("%s: got the headers %v", path, w.Header())
		}
	}
}
