package simulator

import (
	"encoding/json"
	"fmt"
	"maps"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/quecloud/quecloud-go/quecloudtest"
)

// A listedFault is a fault that still applies to calls.
type listedFault struct {
	ID        int64  `json:"id"`        // for DELETE /faults/{id}
	Fault     string `json:"fault"`     // as POST /faults takes it
	Applied   int    `json:"applied"`   // calls that it applied to
	Remaining int    `json:"remaining"` // calls that it still applies to; 0: no limit
}

func (c *Control) faults(*http.Request, nothing) ([]listedFault, error) {
	list := []listedFault{}
	for _, f := range c.sim.Faults() {
		list = append(list, listedFault{f.ID, faultText(f.Fault), f.Applied, f.Remaining})
	}
	return list, nil
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

// A faultForm is the JSON form of a fault.
type faultForm struct {
	Kind, Message, Dialect string
	Code, Status, Bytes    int
	Seconds                float64
	Date                   time.Time
	On                     []string
	Times                  int
	Probability            *float64
	AfterEffect            bool
	Header                 map[string]string
	Body                   json.RawMessage
}

// formOf returns the JSON form of a fault.
func formOf(fault quecloudtest.Fault) (f faultForm) {
	text, err := fault.MarshalJSON()
	if err == nil {
		err = json.Unmarshal(text, &f)
	}
	if err != nil {
		panic(err) // every fault encodes
	}
	return f
}

// argument returns what follows the kind of a fault in its text.
func (f *faultForm) argument() string {
	switch f.Kind {
	case "refuse":
		return "=" + strings.TrimSuffix(strconv.Itoa(f.Code)+":"+f.Message, ":")
	case "status", "html":
		return "=" + strconv.Itoa(f.Status)
	case "truncate", "cut-body":
		return "=" + strconv.Itoa(f.Bytes)
	case "latency":
		return "=" + time.Duration(f.Seconds*float64(time.Second)).String()
	case "dialect":
		return "=" + f.Dialect
	case "wrong-date":
		return "=" + f.Date.Format(time.RFC3339)
	}
	return ""
}

// faultText returns the text that [ParseFault] parses to a fault. It is for people where a message, a header or a body
// has a comma, which the text cannot have.
func faultText(fault quecloudtest.Fault) string {
	f := formOf(fault)
	text := f.Kind + f.argument()
	plain := faultForm{}
	if parsed, err := ParseFault(text); err == nil {
		plain = formOf(parsed)
	}
	if len(f.On) > 0 {
		text += ",on=" + strings.ReplaceAll(strings.Join(f.On, "+"), "fc.function.", "")
	}
	if f.Times > 0 {
		text += ",times=" + strconv.Itoa(f.Times)
	}
	if f.Probability != nil {
		text += ",p=" + strconv.FormatFloat(*f.Probability, 'g', 6, 64)
	}
	if f.AfterEffect && !plain.AfterEffect {
		text += ",after"
	}
	for _, name := range slices.Sorted(maps.Keys(f.Header)) {
		if value := f.Header[name]; value != plain.Header[name] {
			text += ",header=" + name + ":" + value
		}
	}
	var body string
	if string(f.Body) != string(plain.Body) && json.Unmarshal(f.Body, &body) == nil {
		text += ",body=" + body
	}
	return text
}
