package simulator

import (
	"errors"
	"net/http"
	"reflect"
	"slices"
	"strings"

	"github.com/quecloud/quecloud-go/quecloudtest"
)

func (c *Control) reset(r *http.Request, _ nothing) (clockState, error) {
	if c.Scenario == nil {
		c.sim.Reset()
	} else if err := c.sim.Load(c.Scenario); err != nil {
		return clockState{}, err
	}
	return c.clock(r, nothing{})
}

// snapshot returns the state. The URLs of callbacks lack what authenticates callbacks.
func (c *Control) snapshot(*http.Request, nothing) (quecloudtest.State, error) {
	state := c.sim.Snapshot()
	state.Callbacks.SMS = publicURL(state.Callbacks.SMS)
	state.Callbacks.Orders = publicURL(state.Callbacks.Orders)
	for i := range state.Callbacks.Waiting {
		state.Callbacks.Waiting[i].URL = publicURL(state.Callbacks.Waiting[i].URL)
	}
	for i := range state.Jobs {
		if waiting := state.Jobs[i].Callback; waiting != nil {
			public := *waiting
			public.URL = publicURL(public.URL)
			state.Jobs[i].Callback = &public
		}
	}
	return state, nil
}

// A stateBody is a snapshot or a scenario in JSON.
type stateBody struct{ text []byte }

// UnmarshalJSON implements [json.Unmarshaler].
func (b *stateBody) UnmarshalJSON(text []byte) error {
	if len(text) == 0 || text[0] != '{' {
		return errors.New("want a JSON object")
	}
	b.text = slices.Clone(text)
	return nil
}

func (stateBody) target() reflect.Type { return reflect.TypeFor[quecloudtest.State]() }

type stateInput struct {
	Body stateBody `body:"state"`
}

// load replaces the state. A URL that snapshot shows for a present one stands for it, with what authenticates
// callbacks.
func (c *Control) load(r *http.Request, in stateInput) (clockState, error) {
	text := string(in.Body.text)
	for _, address := range []string{c.sim.SMSCallback(), c.sim.OrderCallback()} {
		if public := publicURL(address); public != address {
			text = strings.ReplaceAll(text, `"`+inJSON(public)+`"`, `"`+inJSON(address)+`"`)
		}
	}
	if err := loadState(c.sim, []byte(text)); err != nil {
		return clockState{}, err
	}
	c.sim.WaitCallbacks()
	return c.clock(r, nothing{})
}
