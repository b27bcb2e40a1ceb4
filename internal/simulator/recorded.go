package simulator

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/quecloud/quecloud-go/quecloudtest"
)

// maxWait limits how long a request may wait for an effect.
const maxWait = 10 * time.Minute

// A query selects elements of a list in the order of their IDs.
type query[T any] struct {
	list    func() []T
	update  func(*quecloudtest.Update) *T
	matches func(*T) bool
	id      func(*T) int64
	window
}

// A window is the part of an input that every list of what happened has.
type window struct {
	Since *int64        `query:"since" doc:"only those with a greater id; of SMS, a greater logID"`
	Limit *int          `query:"limit" doc:"at most so many: the first ones after since, or else the last ones"`
	Wait  time.Duration `query:"wait" doc:"how long to wait for the first one if there is none, such as 5s"`
}

// find returns the elements that match. If there are none, it waits for the first one.
func (q *query[T]) find(sim *quecloudtest.Server, r *http.Request) ([]T, error) {
	switch {
	case q.Wait > maxWait:
		return nil, fmt.Errorf("wait: want at most %v", maxWait)
	case q.Limit != nil && *q.Limit < 1:
		return nil, fmt.Errorf("limit: want at least 1")
	}
	last := sim.LastUpdate()
	found := q.choose()
	if len(found) > 0 || q.Wait == 0 {
		return found, nil
	}
	ctx, cancel := context.WithTimeout(r.Context(), q.Wait)
	defer cancel()
	for u := range sim.Watch(ctx, last) {
		lost := u.Kind == quecloudtest.UpdateGap || u.Kind == quecloudtest.UpdateReset
		if v := q.update(&u); !lost && (v == nil || !q.selects(v)) {
			continue
		}
		if found = q.choose(); len(found) > 0 {
			break
		}
	}
	return found, nil
}

func (q *query[T]) selects(v *T) bool { return (q.Since == nil || q.id(v) > *q.Since) && q.matches(v) }

// choose returns the elements of the list that match: the first ones after since, or else the last ones.
func (q *query[T]) choose() []T {
	all, chosen := q.list(), []T{}
	full := func() bool { return q.Limit != nil && len(chosen) == *q.Limit }
	if q.Since != nil {
		for i := 0; i < len(all) && !full(); i++ {
			if q.selects(&all[i]) {
				chosen = append(chosen, all[i])
			}
		}
		return chosen
	}
	for i := len(all) - 1; i >= 0 && !full(); i-- {
		if q.selects(&all[i]) {
			chosen = append(chosen, all[i])
		}
	}
	slices.Reverse(chosen)
	return chosen
}

type requestsInput struct {
	Method string `query:"method" doc:"method, with or without fc.function."`
	Card   string `query:"card" doc:"ICCID or MSISDN of a card that the parameters name"`
	Status string `query:"status" doc:"HTTP status, or ok, refused (resultCode is not 0) or cut"`
	window
}

func (c *Control) requests(r *http.Request, in requestsInput) ([]quecloudtest.Request, error) {
	status, err := requestStatus(in.Status)
	if err != nil {
		return nil, err
	}
	numbers := c.numbers(in.Card)
	q := query[quecloudtest.Request]{
		list: c.sim.Requests, update: func(u *quecloudtest.Update) *quecloudtest.Request { return u.Request },
		matches: func(v *quecloudtest.Request) bool {
			return (in.Method == "" || shortMethod(v.Method) == shortMethod(in.Method)) && status(v) &&
				(in.Card == "" || namesCard(v, numbers))
		},
		id: func(v *quecloudtest.Request) int64 { return v.ID }, window: in.window,
	}
	found, err := q.find(c.sim, r)
	for i := range found {
		found[i] = withoutSecrets(found[i], c.sim.Secret)
	}
	return found, err
}

func shortMethod(method string) string { return strings.TrimPrefix(method, "fc.function.") }

// numbers returns the spellings of a card: its ICCID and its MSISDN.
func (c *Control) numbers(number string) []string {
	if card, ok := c.sim.Card(number); ok && number != "" {
		return []string{card.ICCID, card.MSISDN}
	}
	return []string{number}
}

// namesCard reports whether the parameters of a request name a card.
func namesCard(r *quecloudtest.Request, numbers []string) bool {
	for _, name := range []string{"iccid", "msisdn", "iccids", "msisdns"} {
		for _, number := range separators.Split(r.Params[name], -1) {
			if slices.Contains(numbers, number) && number != "" {
				return true
			}
		}
	}
	return false
}

// separators stand between the cards of a parameter.
var separators = regexp.MustCompile(`[^0-9A-Za-z]+`)

func requestStatus(status string) (func(*quecloudtest.Request) bool, error) {
	switch status {
	case "":
		return func(*quecloudtest.Request) bool { return true }, nil
	case "ok":
		return func(r *quecloudtest.Request) bool {
			return r.Executed && r.ResultCode == 0 && r.HTTPStatus == http.StatusOK
		}, nil
	case "refused":
		return func(r *quecloudtest.Request) bool { return r.ResultCode != 0 }, nil
	case "cut":
		return func(r *quecloudtest.Request) bool { return r.HTTPStatus == 0 }, nil
	}
	n, err := strconv.Atoi(status)
	if err != nil {
		return nil, fmt.Errorf("status: %q: want an HTTP status, ok, refused or cut", status)
	}
	return func(r *quecloudtest.Request) bool { return r.HTTPStatus == n }, nil
}

type deliveriesInput struct {
	Kind   string `query:"kind" enum:"sms order" doc:"kind of the callback"`
	Card   string `query:"card" doc:"ICCID or MSISDN of the card"`
	Status string `query:"status" enum:"ok failed" doc:"whether the receiver accepted the callback"`
	window
}

func (c *Control) deliveries(r *http.Request, in deliveriesInput) ([]quecloudtest.Delivery, error) {
	numbers := c.numbers(in.Card)
	q := query[quecloudtest.Delivery]{
		list: c.sim.Deliveries, update: func(u *quecloudtest.Update) *quecloudtest.Delivery { return u.Delivery },
		matches: func(v *quecloudtest.Delivery) bool {
			return (in.Kind == "" || v.Kind == in.Kind) && (in.Status == "" || v.OK == (in.Status == "ok")) &&
				(in.Card == "" || carriesCard(v, numbers))
		},
		id: func(v *quecloudtest.Delivery) int64 { return v.ID }, window: in.window,
	}
	found, err := q.find(c.sim, r)
	return publicDeliveries(found), err
}

// publicDeliveries hides the secrets of deliveries.
func publicDeliveries(all []quecloudtest.Delivery) []quecloudtest.Delivery {
	for i := range all {
		all[i] = hideSecrets(all[i])
	}
	return all
}

// carriesCard reports whether a callback is about a card.
func carriesCard(d *quecloudtest.Delivery, numbers []string) bool {
	var event struct{ ICCID, MSISDN string }
	_ = json.Unmarshal([]byte(d.Body), &event) // the server's own JSON
	return slices.Contains(numbers, event.ICCID) || slices.Contains(numbers, event.MSISDN)
}

type ordersInput struct {
	Card   string `query:"card" doc:"ICCID or MSISDN of the card"`
	Status string `query:"status" enum:"pending done failed 订单待处理 订单完成 订单失败" doc:"state of the order"`
	window
}

// orderStates are the states of orders by their names in English.
var orderStates = map[string]string{
	"pending": quecloudtest.OrderPending, "done": quecloudtest.OrderDone, "failed": quecloudtest.OrderFailed,
}

func (c *Control) orders(r *http.Request, in ordersInput) ([]quecloudtest.Order, error) {
	numbers, status := c.numbers(in.Card), in.Status
	if state, ok := orderStates[status]; ok {
		status = state
	}
	q := query[quecloudtest.Order]{
		list: c.sim.Orders, update: func(u *quecloudtest.Update) *quecloudtest.Order { return u.Order },
		matches: func(v *quecloudtest.Order) bool {
			return (status == "" || v.Status == status) && (in.Card == "" || slices.Contains(numbers, v.ICCID))
		},
		id: func(v *quecloudtest.Order) int64 { return v.ID }, window: in.window,
	}
	return q.find(c.sim, r)
}

type smsInput struct {
	Card   string `query:"card" doc:"ICCID or MSISDN of the card"`
	Status string `query:"status" enum:"submitted delivered failed 100 200 400" doc:"state of the SMS"`
	window
}

// smsStates are the states of SMS by their names in English.
var smsStates = map[string]int{
	"submitted": quecloudtest.SMSSubmitted, "delivered": quecloudtest.SMSDelivered, "failed": quecloudtest.SMSFailed,
}

func (c *Control) sms(r *http.Request, in smsInput) ([]quecloudtest.SMS, error) {
	numbers := c.numbers(in.Card)
	status, ok := smsStates[in.Status]
	if !ok {
		status, _ = strconv.Atoi(in.Status) // 0 if empty
	}
	q := query[quecloudtest.SMS]{
		list: c.sim.SMS, update: func(u *quecloudtest.Update) *quecloudtest.SMS { return u.SMS },
		matches: func(v *quecloudtest.SMS) bool {
			return (status == 0 || v.Status == status) && (in.Card == "" || slices.Contains(numbers, v.ICCID))
		},
		id: func(v *quecloudtest.SMS) int64 { return v.LogID }, window: in.window,
	}
	return q.find(c.sim, r)
}

type receivedInput struct {
	Card  string        `query:"card" doc:"ICCID or MSISDN of the card"`
	Limit *int          `query:"limit" doc:"the last ones, at most so many"`
	Wait  time.Duration `query:"wait" doc:"how long to wait for the first one if there is none, such as 5s"`
}

func (c *Control) received(r *http.Request, in receivedInput) ([]quecloudtest.ReceivedSMS, error) {
	numbers := c.numbers(in.Card)
	q := query[quecloudtest.ReceivedSMS]{
		list: c.sim.Received, update: func(u *quecloudtest.Update) *quecloudtest.ReceivedSMS { return u.Received },
		matches: func(v *quecloudtest.ReceivedSMS) bool {
			return in.Card == "" || slices.Contains(numbers, v.ICCID)
		},
		id: func(*quecloudtest.ReceivedSMS) int64 { return 1 }, window: window{Limit: in.Limit, Wait: in.Wait},
	}
	return q.find(c.sim, r)
}
