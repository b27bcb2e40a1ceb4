// Package simulator is the control of a stand-in: it serves what package quecloudtest can do by HTTP, with a page for
// people, and writes the stand-in's log. Commands hold it.
package simulator

import (
	"encoding/json"
	"errors"
	"log"
	"net/http"
	"strconv"
	"strings"
	"time"

	"github.com/quecloud/quecloud-go/internal/redact"
	"github.com/quecloud/quecloud-go/quecloudtest"
)

// The limits of the control.
const (
	maxControl = 1 << 20   // bytes of a body
	maxState   = 256 << 20 // bytes of a snapshot or scenario
	maxAdvance = 10 * 366 * 24 * 60 * 60
	maxYear    = 9000 // of the clock: JSON has times up to the year 9999
	maxFailing = 1_000_000
	minHidden  = 12 // characters of a secret that is hidden in whole responses: no member has its name
)

// A Control serves a stand-in by HTTP. Make one with [New].
type Control struct {
	Scenario []byte // the state that POST /reset loads; nil: the state that the options of the stand-in give

	sim   *quecloudtest.Server
	log   *log.Logger
	hosts []string
	hide  func(string) string // hides the secret in a response
	epoch string              // tells the events of this control from those of an earlier one
}

// New returns the control of a stand-in. It logs the requests that change something, and those that it refuses.
//
// The control has no authentication. It therefore accepts only requests whose header Host is localhost, a loopback
// address or one of hosts, with or without a port. An unspecified address among hosts, such as 0.0.0.0, stands for all
// addresses.
func New(sim *quecloudtest.Server, logger *log.Logger, hosts ...string) *Control {
	c := &Control{
		sim: sim, log: logger, hosts: hosts, epoch: strconv.FormatInt(time.Now().UnixNano(), 36),
		hide: func(text string) string { return text },
	}
	if len(sim.Secret) >= minHidden {
		once := inJSON(sim.Secret) // as a text in JSON, and as JSON in a text
		platform := strings.NewReplacer(`\`, `\u005c`, `"`, `\u0022`).Replace(sim.Secret)
		c.hide = redact.Secrets(sim.Secret, once, inJSON(once), inJSON(platform))
	}
	return c
}

// inJSON returns a text as it stands in JSON, without quotes.
func inJSON(text string) string {
	var out strings.Builder
	encoder := json.NewEncoder(&out)
	encoder.SetEscapeHTML(false)
	_ = encoder.Encode(text) // text always encodes
	return strings.TrimSuffix(strings.TrimPrefix(out.String(), `"`), "\"\n")
}

// Handler returns the handler of the control and its page.
func (c *Control) Handler() http.Handler {
	mux := http.NewServeMux()
	for _, route := range routes() {
		mux.HandleFunc(route.pattern, func(w http.ResponseWriter, r *http.Request) {
			if err := route.serve(c, w, r); err != nil {
				c.refuse(w, r, err)
			} else if r.Method != http.MethodGet && r.Method != http.MethodHead {
				c.log.Printf("control: %s %s", r.Method, clip(r.URL.Path))
			}
		})
	}
	mux.Handle(pageRoot, pageHandler())
	mux.HandleFunc("/", func(w http.ResponseWriter, r *http.Request) { c.noRoute(mux, w, r) })
	return guard(withPage(mux), c.hosts, c.refuse)
}

// noRoute refuses a request without a route.
func (c *Control) noRoute(mux *http.ServeMux, w http.ResponseWriter, r *http.Request) {
	var allowed []string
	for _, method := range []string{http.MethodGet, http.MethodPost, http.MethodPatch, http.MethodDelete} {
		other := r.Clone(r.Context())
		other.Method = method
		if _, pattern := mux.Handler(other); pattern != "/" {
			allowed = append(allowed, method)
		}
	}
	if len(allowed) == 0 {
		c.refuse(w, r, failf(http.StatusNotFound, "not found: %s %s; GET / lists all requests", r.Method, r.URL.Path))
		return
	}
	w.Header().Set("Allow", strings.Join(allowed, ", "))
	c.refuse(w, r, failf(http.StatusMethodNotAllowed, "%s %s: want %s", r.Method, r.URL.Path, wanted(allowed)))
}

// refuse responds with an error.
func (c *Control) refuse(w http.ResponseWriter, r *http.Request, err error) {
	status := http.StatusBadRequest
	if f, ok := errors.AsType[*failure](err); ok {
		status = f.status
	}
	c.log.Printf("control: %s %s %d — %s", r.Method, clip(c.hide(r.URL.Path)), status, clip(c.hide(err.Error())))
	c.respond(w, status, refusal{err.Error()})
}

// A refusal is the response to an invalid request.
type refusal struct {
	Error string `json:"error"` // what is wrong
}

// A listing is the response to GET /.
type listing struct {
	Routes []listedRoute `json:"routes"` // in the order of their subjects
}

// A listedRoute is a request that the control accepts.
type listedRoute struct {
	Request   string   `json:"request"`   // HTTP method and path
	Query     []string `json:"query"`     // query parameters
	Summary   string   `json:"summary"`   // what it does
	SummaryZH string   `json:"summaryZh"` // what it does, in Chinese
}

type nothing struct{}

// A healthState is the response to GET /healthz.
type healthState struct {
	Status string `json:"status"` // ok
}

func (c *Control) health(*http.Request, nothing) (healthState, error) { return healthState{"ok"}, nil }

// root lists the routes.
func (c *Control) root(*http.Request, nothing) (listing, error) {
	list := listing{Routes: []listedRoute{}}
	for _, route := range routes() {
		list.Routes = append(list.Routes, listedRoute{
			Request: strings.TrimSuffix(route.pattern, "{$}"), Query: queryNames(route.in),
			Summary: route.en, SummaryZH: route.zh,
		})
	}
	return list, nil
}
