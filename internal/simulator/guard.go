package simulator

import (
	"net"
	"net/http"
	"net/netip"
	"strings"
)

// guard protects the control from web pages that are open in a developer's browser. The control has no authentication,
// so such a page could otherwise change the simulator, or read it under a host name that it controls.
//
// It refuses requests for foreign hosts, and requests that another site causes, except links to the page. Without CORS
// headers a browser lets no other site read a response.
func guard(next http.Handler, hosts []string, refuse func(http.ResponseWriter, *http.Request, error)) http.Handler {
	var crossOrigin http.CrossOriginProtection
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		header := w.Header()
		header.Set("X-Content-Type-Options", "nosniff")
		header.Set("Content-Security-Policy", "default-src 'none'; frame-ancestors 'none'")
		header.Set("Cross-Origin-Resource-Policy", "same-origin")
		header.Set("Cross-Origin-Opener-Policy", "same-origin")
		header.Set("Referrer-Policy", "no-referrer")
		header.Set("Cache-Control", "no-store")
		switch err := crossOrigin.Check(r); {
		case !allowsHost(r.Host, hosts):
			refuse(w, r, failf(http.StatusMisdirectedRequest,
				"the header Host is %s: want localhost, a loopback address, the address of the control or a name of "+
					"quecloud-sim -control-host", clip(r.Host)))
		case err != nil, isForeign(r) && !isNavigation(r):
			refuse(w, r, failf(http.StatusForbidden, "another site caused this request"))
		default:
			next.ServeHTTP(w, r)
		}
	})
}

// isForeign reports whether a browser says that another site caused a request.
func isForeign(r *http.Request) bool {
	switch r.Header.Get("Sec-Fetch-Site") {
	case "", "none", "same-origin":
		return false
	}
	return true
}

// isNavigation reports whether a browser opens the page, such as by a link in a chat.
func isNavigation(r *http.Request) bool {
	isPage := r.URL.Path == "/" || strings.HasPrefix(r.URL.Path, pageRoot)
	return isPage && r.Method == http.MethodGet && r.Header.Get("Sec-Fetch-Mode") == "navigate" &&
		r.Header.Get("Sec-Fetch-Dest") == "document"
}

// allowsHost reports whether requests may have a header Host: localhost, a loopback address, or one of hosts. An
// unspecified address among hosts, such as 0.0.0.0, allows every address, since a web page cannot make a browser send
// an address as the name of its own site.
func allowsHost(host string, hosts []string) bool {
	name := hostName(host)
	if name == "localhost" || strings.HasSuffix(name, ".localhost") {
		return true
	}
	address, err := netip.ParseAddr(name)
	if err == nil && address.Unmap().IsLoopback() {
		return true
	}
	for _, allowed := range hosts {
		allowed = hostName(allowed)
		if name != "" && name == allowed {
			return true
		}
		unspecified, parseErr := netip.ParseAddr(allowed)
		if err == nil && (allowed == "" || parseErr == nil && unspecified.IsUnspecified()) {
			return true
		}
	}
	return false
}

// hostName returns the name or address in a host, without port and brackets, in lower case.
func hostName(host string) string {
	if name, _, err := net.SplitHostPort(host); err == nil {
		host = name
	}
	return strings.ToLower(strings.TrimSuffix(strings.Trim(host, "[]"), "."))
}
