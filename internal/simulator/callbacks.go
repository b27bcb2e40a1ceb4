package simulator

import (
	"errors"
	"fmt"
	"net/http"
	"net/url"

	"github.com/quecloud/quecloud-go/internal/redact"
	"github.com/quecloud/quecloud-go/quecloudtest"
)

// callbackURLs are the URLs that receive events. Empty text stops the events.
type callbackURLs struct {
	SMS    string `json:"sms"`    // URL that receives SMS events
	Orders string `json:"orders"` // URL that receives order events
}

// callbacks returns the URLs without what authenticates callbacks.
func (c *Control) callbacks(*http.Request, nothing) (callbackURLs, error) {
	return callbackURLs{publicURL(c.sim.SMSCallback()), publicURL(c.sim.OrderCallback())}, nil
}

type callbacksInput struct {
	Body struct {
		SMS    *string `json:"sms,omitempty"`    // URL that receives SMS events; empty: none
		Orders *string `json:"orders,omitempty"` // URL that receives order events; empty: none
	} `body:"json"`
}

func (c *Control) setCallbacks(r *http.Request, in callbacksInput) (callbackURLs, error) {
	for name, address := range map[string]*string{"sms": in.Body.SMS, "orders": in.Body.Orders} {
		if address == nil || *address == "" {
			continue
		}
		u, err := url.Parse(*address)
		if err != nil || u.Hostname() == "" || u.Scheme != "http" && u.Scheme != "https" {
			return callbackURLs{}, fmt.Errorf("%s: want an absolute http or https URL", name)
		}
	}
	if in.Body.SMS == nil && in.Body.Orders == nil {
		return callbackURLs{}, errors.New("want sms or orders")
	}
	if in.Body.SMS != nil {
		c.sim.SetSMSCallback(*in.Body.SMS)
	}
	if in.Body.Orders != nil {
		c.sim.SetOrderCallback(*in.Body.Orders)
	}
	return c.callbacks(r, nothing{})
}

// publicURL returns a URL without user, password, query and fragment.
func publicURL(address string) string {
	u, err := url.Parse(address)
	if err != nil {
		return redact.Hidden
	}
	u.User, u.RawQuery, u.ForceQuery, u.Fragment, u.RawFragment = nil, "", false, "", ""
	return u.String()
}

type redeliverInput struct {
	Body struct {
		Callbacks []int64 `json:"callbacks"` // callbackID of each; an ID given twice is delivered twice
	} `body:"json"`
}

func (c *Control) redeliver(_ *http.Request, in redeliverInput) ([]quecloudtest.Delivery, error) {
	if n := len(in.Body.Callbacks); n < 1 || n > maxRedeliver {
		return nil, fmt.Errorf("callbacks: want 1 to %d IDs", maxRedeliver)
	}
	return publicDeliveries(c.sim.Redeliver(in.Body.Callbacks...)), nil
}

const maxRedeliver = 1000

func (c *Control) holdCallbacks(*http.Request, nothing) (nothing, error) {
	c.sim.HoldCallbacks()
	return nothing{}, nil
}

func (c *Control) heldCallbacks(*http.Request, nothing) ([]quecloudtest.Delivery, error) {
	return publicDeliveries(c.sim.HeldCallbacks()), nil
}

func (c *Control) releaseCallbacks(*http.Request, nothing) (nothing, error) {
	c.sim.ReleaseCallbacks()
	return nothing{}, nil
}
