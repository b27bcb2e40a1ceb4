package simulator

import (
	"encoding/json"
	"fmt"
	"maps"
	"net/http"
	"net/http/httptest"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/quecloud/quecloud-go"
	"github.com/quecloud/quecloud-go/quecloudtest"
)

// A routeCase is a valid request of a route.
type routeCase struct {
	path string // with values in place of its parameters; empty: as in the pattern
	body string
}

// routeCases are valid requests by the patterns of their routes. They run in the order of the routes.
var routeCases = map[string]routeCase{
	"GET /{$}":                    {path: "/"},
	"POST /clock":                 {body: `{"time":"2026-03-10T13:00:00+08:00"}`},
	"POST /advance":               {body: `{"seconds":60}`},
	"POST /snapshot":              {body: `{"cards":[],"callbacks":{"held":true}}`},
	"POST /scenario":              {body: `{"time":"2026-03-10T12:00:00+08:00"}`},
	"GET /cards":                  {path: "/cards?limit=1000&status=正常&carrier=中国移动&group=10&start=0&text=8986"},
	"POST /cards":                 {body: `{"iccid":"89860000000000000001","voice":"open","alarm":{"enabled":true}}`},
	"GET /cards/{number}":         {path: "/cards/" + aCard},
	"PATCH /cards/{number}":       {path: "/cards/" + aCard, body: `{"imei":"861234567890123"}`},
	"DELETE /cards/{number}":      {path: "/cards/89860000000000000001"},
	"GET /cards/{number}/usage":   {path: "/cards/" + aCard + "/usage?first=2026-03-01&last=2026-03-10"},
	"GET /cards/{number}/history": {path: "/cards/" + aCard + "/history"},
	"POST /usage":                 {body: `{"card":"` + aCard + `","date":"2026-03-10","mb":1.5}`},
	"POST /voice-usage":           {body: `{"card":"` + aCard + `","date":"2026-03-10","minutes":2}`},
	"POST /groups":                {body: `{"planMB":100,"monthPrice":"1.50"}`},
	"POST /products":              {body: `{"mb":100,"price":2.5}`},
	"GET /orders":                 {path: "/orders?status=done&since=0&limit=5&wait=1s&card=" + aCard},
	"POST /fail-orders":           {body: `{"n":1,"reason":"x"}`},
	"POST /purchases":             {body: `{"duplicates":"refused","recordSeconds":1}`},
	"POST /deposit":               {body: `{"yuan":"1.00","remark":"x"}`},
	"GET /sms":                    {path: "/sms?status=delivered&since=0&limit=5&wait=1s&card=" + aCard},
	"POST /sms":                   {body: `{"card":"` + aCard + `","content":"x"}`},
	"GET /received":               {path: "/received?limit=5&wait=1s&card=" + aCard},
	"POST /callbacks":             {body: `{"orders":""}`},
	"GET /deliveries":             {path: "/deliveries?kind=sms&status=ok&since=0&limit=5&wait=1s&card=" + aCard},
	"POST /redeliver":             {body: `{"callbacks":[1,1]}`},
	"GET /requests":               {path: "/requests?method=card.info&status=ok&since=0&limit=5&wait=1s&card=" + aCard},
	"GET /events":                 {path: "/events?kind=request&since=0"},
	"POST /faults":                {body: `{"fault":"status=503,on=card.info,times=2,p=0.5"}`},
	"DELETE /faults/{id}":         {path: "/faults/1"},
}

// newBusyControl returns a stand-in in which something of every kind has happened, and its control. The requests are
// card.info, card.pause, card.resume, sms.send, card.recharge, file.card.get, card.info with a wrong signature, and
// sms.send.
func newBusyControl(t *testing.T) (*quecloudtest.Server, http.Handler) {
	t.Helper()
	receiver := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		_, _ = w.Write([]byte(map[string]string{"/sms": "success", "/orders": `{"code":200}`}[r.URL.Path]))
	}))
	t.Cleanup(receiver.Close)
	sim, h := newControl(t, quecloudtest.WithSMSCallback(receiver.URL+"/sms?token=canary"),
		quecloudtest.WithOrderCallback(receiver.URL+"/orders?token=canary"))
	client := sim.Client(quecloud.WithRetry(quecloud.RetryPolicy{MaxAttempts: 1}))
	do := func(_ any, err error) {
		if err != nil {
			t.Fatal(err)
		}
	}
	do(client.Cards.Info(t.Context(), quecloud.MSISDN(aCard)))
	do(nil, client.Cards.Pause(t.Context(), quecloud.MSISDN(aCard)))
	do(nil, client.Cards.Resume(t.Context(), quecloud.MSISDN(aCard)))
	do(client.SMS.Send(t.Context(), &quecloud.SMSSendParams{Cards: quecloud.MSISDNs(aCard), Content: "x"}))
	do(client.Orders.Recharge(t.Context(), &quecloud.RechargeParams{
		Card: quecloud.ICCID("89860024310000000006"), ProductID: 50, ProductName: "30M-当月",
	}))
	do(client.Files.Start(t.Context()))
	sim.ServeHTTP(httptest.NewRecorder(), httptest.NewRequest(http.MethodPost,
		"/?appKey=1&method=fc.function.card.info&msisdn=1&t=1&sign="+strings.Repeat("AB", 20), nil))
	sim.WaitCallbacks()
	sim.HoldCallbacks()
	do(client.SMS.Send(t.Context(), &quecloud.SMSSendParams{Cards: quecloud.MSISDNs(aCard), Content: "held"}))
	sim.Inject(quecloudtest.Latency(0))
	return sim, h
}

// TestRoutesRespondAsDocumented compares real responses with the schemas of openapi.json.
func TestRoutesRespondAsDocumented(t *testing.T) {
	t.Parallel()
	_, h := newBusyControl(t)
	var doc object
	if err := json.Unmarshal(openAPI, &doc); err != nil {
		t.Fatal(err)
	}
	c := checker{schemas: doc["components"].(object)["schemas"].(object)}
	for _, route := range routes() {
		method, path, _ := strings.Cut(route.pattern, " ")
		test := routeCases[route.pattern]
		if test.path == "" {
			test.path = path
		}
		if route.stream {
			continue // the tests of events check it
		}
		status, response := ask(h, method+" "+test.path, test.body)
		var value any
		if err := json.Unmarshal([]byte(response), &value); status != http.StatusOK || err != nil {
			t.Errorf("%s: got %d %s", route.pattern, status, response)
			continue
		}
		operation := doc["paths"].(object)[strings.TrimSuffix(path, "{$}")].(object)[strings.ToLower(method)].(object)
		content := operation["responses"].(object)["200"].(object)["content"].(object)
		schema, ok := content["application/json"].(object)["schema"].(object)
		if !ok {
			continue // any JSON
		}
		for _, problem := range c.check(schema, value, "response") {
			t.Errorf("%s: %s", route.pattern, problem)
		}
		if list, ok := value.([]any); ok && len(list) == 0 {
			t.Errorf("%s: the list is empty, so that nothing was checked", route.pattern)
		}
	}
}

// TestRoutesRefuseWhatTheyDoNotKnow sends each route what it has no name for, and what has the wrong type.
func TestRoutesRefuseWhatTheyDoNotKnow(t *testing.T) {
	t.Parallel()
	sim, h := newBusyControl(t)
	for _, route := range routes() {
		method, path, _ := strings.Cut(route.pattern, " ")
		test := routeCases[route.pattern]
		if test.path == "" {
			test.path = path
		}
		plain, _, _ := strings.Cut(test.path, "?")
		refuses := func(name, path, body, reason string) {
			status, response := ask(h, method+" "+path, body)
			if status != http.StatusBadRequest || !strings.Contains(response, reason) {
				t.Errorf("%s with %s: got %d %s, want a refusal that names %s", route.pattern, name, status, response, reason)
			}
		}
		refuses("an unknown parameter", plain+"?nosuch=1", test.body, `unknown query parameter \"nosuch\"`)
		refuses("an invalid query", plain+"?a=%zz", test.body, "the query")
		for _, name := range queryNames(route.in) {
			refuses("a parameter twice", plain+"?"+name+"=1&"+name+"=1", test.body, name)
		}
		for name, value := range map[string]string{"since": "x", "limit": "0", "wait": "soon", "start": "-1", "kind": "x"} {
			if slices.Contains(queryNames(route.in), name) {
				refuses("an invalid "+name, plain+"?"+name+"="+value, test.body, name)
			}
		}
		if test.body == "" {
			refuses("a body", plain, `{"nosuch":1}`, "want none")
			continue
		}
		refuses("an unknown member", plain, `{"nosuch":1}`, "nosuch")
		refuses("a list", plain, `[]`, "body")
		refuses("two objects", plain, test.body+`{}`, "the body")
		refuses("no body", plain, ``, "empty")
		for name, value := range bodyMembers(t, test.body) {
			wrong, _ := json.Marshal(object{name: object{}})
			if _, ok := value.(object); ok {
				wrong, _ = json.Marshal(object{name: 1})
			}
			refuses("a wrong "+name, plain, string(wrong), name)
		}
	}
	if len(sim.Faults()) != 1 || sim.Now().Format(time.TimeOnly) != "12:00:00" {
		t.Error("a refused request changed the stand-in")
	}
}

func bodyMembers(t *testing.T, body string) (members object) {
	t.Helper()
	if err := json.Unmarshal([]byte(body), &members); err != nil {
		t.Fatal(err)
	}
	return members
}

// TestRoutesAreListed compares the list with the routes.
func TestRoutesAreListed(t *testing.T) {
	t.Parallel()
	_, h := newControl(t)
	_, response := ask(h, "GET /", "")
	var list listing
	if err := json.Unmarshal([]byte(response), &list); err != nil || len(list.Routes) != len(routes()) {
		t.Fatalf("%d of %d routes, %v", len(list.Routes), len(routes()), err)
	}
	for pattern := range routeCases {
		if !slices.ContainsFunc(routes(), func(r route) bool { return r.pattern == pattern }) {
			t.Errorf("a case of an unknown route %s", pattern)
		}
	}
	if i := slices.IndexFunc(list.Routes, func(r listedRoute) bool { return r.Request == "GET /orders" }); i < 0 ||
		!slices.Equal(list.Routes[i].Query, []string{"card", "status", "since", "limit", "wait"}) {
		t.Errorf("listed %+v", list.Routes)
	}
}

// A checker compares JSON values with the schemas of an OpenAPI document, in as far as openapi.json uses them.
type checker struct{ schemas object }

// check returns what is wrong with a value.
func (c *checker) check(schema object, value any, path string) (problems []string) {
	if ref, ok := schema["$ref"].(string); ok {
		return c.check(c.schemas[strings.TrimPrefix(ref, "#/components/schemas/")].(object), value, path)
	}
	if options, ok := schema["anyOf"].([]any); ok {
		for _, option := range options {
			if len(c.check(option.(object), value, path)) == 0 {
				return nil
			}
		}
		return []string{fmt.Sprintf("%s: no form fits %v", path, value)}
	}
	if kind := kindOf(value); !allows(schema["type"], kind) {
		return []string{fmt.Sprintf("%s: got %s %v, want %v", path, kind, value, schema["type"])}
	}
	switch v := value.(type) {
	case string:
		problems = checkText(schema, v, path)
	case []any:
		items, _ := schema["items"].(object)
		for i, element := range v {
			problems = append(problems, c.check(items, element, fmt.Sprintf("%s[%d]", path, i))...)
		}
	case object:
		problems = c.checkObject(schema, v, path)
	}
	return problems
}

func checkText(schema object, v, path string) []string {
	if pattern, ok := schema["pattern"].(string); ok && !regexp.MustCompile(pattern).MatchString(v) {
		return []string{fmt.Sprintf("%s: %q does not match %s", path, v, pattern)}
	}
	if enum, ok := schema["enum"].([]any); ok && !slices.Contains(enum, any(v)) {
		return []string{fmt.Sprintf("%s: %q is not one of %v", path, v, enum)}
	}
	if _, err := time.Parse(time.RFC3339, v); schema["format"] == "date-time" && err != nil {
		return []string{fmt.Sprintf("%s: %v", path, err)}
	}
	return nil
}

func (c *checker) checkObject(schema object, v object, path string) (problems []string) {
	properties, _ := schema["properties"].(object)
	additional, _ := schema["additionalProperties"].(object)
	for _, name := range slices.Sorted(maps.Keys(v)) {
		member, ok := properties[name].(object)
		if !ok {
			member = additional
		}
		if member == nil {
			problems = append(problems, fmt.Sprintf("%s: the member %s is not documented", path, name))
			continue
		}
		problems = append(problems, c.check(member, v[name], path+"."+name)...)
	}
	required, _ := schema["required"].([]any)
	for _, name := range required {
		if _, ok := v[name.(string)]; !ok {
			problems = append(problems, fmt.Sprintf("%s: no member %v", path, name))
		}
	}
	return problems
}

func kindOf(value any) string {
	switch v := value.(type) {
	case nil:
		return "null"
	case bool:
		return "boolean"
	case string:
		return "string"
	case float64:
		if v == float64(int64(v)) {
			return "integer"
		}
		return "number"
	case []any:
		return "array"
	}
	return "object"
}

func allows(want any, kind string) bool {
	switch want := want.(type) {
	case string:
		return want == kind || want == "number" && kind == "integer"
	case []any:
		return slices.ContainsFunc(want, func(w any) bool { return allows(w, kind) })
	}
	return false
}
