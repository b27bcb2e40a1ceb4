package simulator

import (
	"net/http"

	"github.com/quecloud/quecloud-go/quecloudtest"
)

func (c *Control) orders(*http.Request, nothing) ([]quecloudtest.Order, error) {
	return c.sim.Orders(), nil
}

func (c *Control) sms(*http.Request, nothing) ([]quecloudtest.SMS, error) { return c.sim.SMS(), nil }

func (c *Control) requests(*http.Request, nothing) ([]quecloudtest.Request, error) {
	requests := c.sim.Requests()
	for i := range requests {
		requests[i] = withoutSecrets(requests[i], c.sim.Secret)
	}
	return requests, nil
}

func (c *Control) deliveries(*http.Request, nothing) ([]quecloudtest.Delivery, error) {
	deliveries := c.sim.Deliveries()
	for i := range deliveries {
		deliveries[i] = hideSecrets(deliveries[i])
	}
	return deliveries, nil
}
