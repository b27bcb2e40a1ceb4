package simulator

import (
	"errors"
	"fmt"
	"net/http"
	"net/url"

	"github.com/quecloud/quecloud-go/quecloudtest"
)

func (c *Control) groups(*http.Request, nothing) ([]quecloudtest.Group, error) {
	return c.sim.Groups(), nil
}

type addGroupInput struct {
	Body members[quecloudtest.Group] `body:"json"`
}

func (c *Control) addGroup(_ *http.Request, in addGroupInput) (quecloudtest.Group, error) {
	group, err := in.Body.value()
	if err != nil {
		return group, err
	}
	return c.sim.AddGroup(group), nil
}

func (c *Control) products(*http.Request, nothing) ([]quecloudtest.Product, error) {
	return c.sim.Products(), nil
}

type addProductInput struct {
	Body members[quecloudtest.Product] `body:"json"`
}

func (c *Control) addProduct(_ *http.Request, in addProductInput) (quecloudtest.Product, error) {
	product, err := in.Body.value()
	if err != nil {
		return product, err
	}
	return c.sim.AddProduct(product), nil
}

// callbackURLs are the URLs that receive events. Empty text stops the events.
type callbackURLs struct {
	SMS   string `json:"sms"`   // URL that receives SMS events
	Order string `json:"order"` // URL that receives order events
}

// callbacks returns the URLs without what authenticates callbacks.
func (c *Control) callbacks(*http.Request, nothing) (callbackURLs, error) {
	return callbackURLs{publicURL(c.sim.SMSCallback()), publicURL(c.sim.OrderCallback())}, nil
}

type callbacksInput struct {
	Body struct {
		SMS   *string `json:"sms,omitempty"`   // URL that receives SMS events; empty: none
		Order *string `json:"order,omitempty"` // URL that receives order events; empty: none
	} `body:"json"`
}

func (c *Control) setCallbacks(r *http.Request, in callbacksInput) (callbackURLs, error) {
	for name, address := range map[string]*string{"sms": in.Body.SMS, "order": in.Body.Order} {
		if address == nil || *address == "" {
			continue
		}
		u, err := url.Parse(*address)
		if err != nil || u.Hostname() == "" || u.Scheme != "http" && u.Scheme != "https" {
			return callbackURLs{}, fmt.Errorf("%s: want an absolute http or https URL", name)
		}
	}
	if in.Body.SMS == nil && in.Body.Order == nil {
		return callbackURLs{}, errors.New("want sms or order")
	}
	if in.Body.SMS != nil {
		c.sim.SetSMSCallback(*in.Body.SMS)
	}
	if in.Body.Order != nil {
		c.sim.SetOrderCallback(*in.Body.Order)
	}
	return c.callbacks(r, nothing{})
}

// publicURL returns a URL without user, password, query and fragment.
func publicURL(address string) string {
	u, err := url.Parse(address)
	if err != nil {
		return hidden
	}
	u.User, u.RawQuery, u.ForceQuery, u.Fragment, u.RawFragment = nil, "", false, "", ""
	return u.String()
}

func (c *Control) faults(*http.Request, nothing) ([]quecloudtest.InjectedFault, error) {
	return c.sim.Faults(), nil
}

type faultInput struct {
	Body struct {
		Fault string `json:"fault"` // such as status=503,on=card.info,times=2; quecloud-sim -h lists all
	} `body:"json"`
}

// An injection is the response to POST /faults.
type injection struct {
	ID int64 `json:"id"` // for DELETE /faults/{id}
}

func (c *Control) inject(_ *http.Request, in faultInput) (injection, error) {
	fault, err := ParseFault(in.Body.Fault)
	if err != nil {
		return injection{}, fmt.Errorf("fault: %w", err)
	}
	return injection{c.sim.Inject(fault)[0]}, nil
}

func (c *Control) clearFaults(*http.Request, nothing) (nothing, error) {
	c.sim.ClearFaults()
	return nothing{}, nil
}

type removeFaultInput struct {
	ID int64 `path:"id" doc:"ID of the fault"`
}

func (c *Control) removeFault(_ *http.Request, in removeFaultInput) (nothing, error) {
	if !c.sim.RemoveFault(in.ID) {
		return nothing{}, failf(http.StatusNotFound, "not found: fault %d", in.ID)
	}
	return nothing{}, nil
}

func (c *Control) files(*http.Request, nothing) ([]quecloudtest.FileTask, error) {
	return c.sim.FileTasks(), nil
}
