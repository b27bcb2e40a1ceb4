package simulator

import (
	"net/http"

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

func (c *Control) files(*http.Request, nothing) ([]quecloudtest.FileTask, error) {
	return c.sim.FileTasks(), nil
}
