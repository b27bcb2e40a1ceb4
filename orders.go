package quecloud

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"strconv"
	"strings"
	"time"

	"github.com/shopspring/decimal"
)

// OrdersService has the methods that spend money on cards, and those that tell what there is to buy and what became of
// an order.
//
// Set an ExternalID on everything you buy, one for each purchase, and store it before: it is how [OrdersService.Find] knows
// the order again when the response is lost. See the section "Changes in doubt" of the package documentation.
type OrdersService service

// A FlowPackageProduct is a data package that can be bought for a card.
type FlowPackageProduct struct {
	ProductID   int64           `json:"productId" quec:"required type=ns"` // for RechargeParams
	ProductName string          `json:"productName" quec:"always"`         // for RechargeParams
	Carrier     Carrier         `json:"telecomOperatorName" quec:"always"` // the cards it is for
	Price       decimal.Decimal `json:"price" quec:"required type=ns"`     // CNY
	Flow        float64         `json:"flow" quec:"always"`                // data in the package, MB
	FlowType    FlowType        `json:"flowType" quec:"always"`            // the traffic it is good for
}

// FlowPackages returns the data packages that the account can buy with [OrdersService.Recharge].
//
// § 2.5.1 企业流量包产品列表, fc.function.company.flowpackage. It reads.
func (s *OrdersService) FlowPackages(ctx context.Context) ([]FlowPackageProduct, error) {
	var answer struct {
		Products []FlowPackageProduct `json:"products" quec:"required"`
	}
	err := s.do(ctx, "fc.function.company.flowpackage", nil, &answer)
	return onSuccess(answer.Products, err)
}

// A RenewalProduct is the plan with which a card can be renewed.
type RenewalProduct struct {
	ProductID   int64           `json:"productId" quec:"required"`         // for RenewalParams
	ProductName string          `json:"productName" quec:"always"`         // for RenewalParams
	Carrier     Carrier         `json:"telecomOperatorName" quec:"always"` // network operator
	Price       decimal.Decimal `json:"price" quec:"required"`             // of a year, CNY
	MonthPrice  decimal.Decimal `json:"monthPrice" quec:"always"`          // of a month, CNY
	Flow        float64         `json:"flow" quec:"always"`                // data in the plan, MB
	Months      int             `json:"setmealMonths" quec:"always"`       // length of the plan in months
}

// RenewalProduct returns the plan with which a card can be renewed with [OrdersService.Renew].
//
// § 2.5.2 资产续费套餐产品, fc.function.card.setmeal.product. It reads.
func (s *OrdersService) RenewalProduct(ctx context.Context, card CardID) (*RenewalProduct, error) {
	var answer struct {
		Product RenewalProduct `json:"product" quec:"required"`
	}
	err := s.do(ctx, "fc.function.card.setmeal.product", cardParams{card}, &answer)
	return onSuccess(&answer.Product, err)
}

// An OrderReceipt is the platform's response to a purchase. It comes together with an error where a refusal tells an order
// number, and where something was ordered that was only to be verified.
type OrderReceipt struct {
	OrderNo     string `json:"orderNo"`     // for OrdersService.Get; empty of a purchase that was only verified
	ExternalID  string `json:"externalId"`  // the one that was sent
	Preverified bool   `json:"preverified"` // the purchase was only to be verified
	Message     string `json:"message"`     // the platform's remark, for people
}

// RechargeParams are a top-up: a data package for a card.
type RechargeParams struct {
	ICCID       string `url:"iccid"`                   // the card, required
	ProductID   int64  `url:"productId"`               // from FlowPackages, required
	ProductName string `url:"productName"`             // from FlowPackages, required
	Remark      string `url:"remark,omitempty"`        // kept with the order, at most 200 characters
	ExternalID  string `url:"externalId,omitempty"`    // your ID of this one purchase, at most 100 characters
	Preverify   bool   `url:"preverify,omitempty,int"` // only verify that the purchase would be accepted, without the ExternalID
}

func (p *RechargeParams) validate() error {
	return firstError(
		checkOrder(p.ICCID, p.Remark, p.ExternalID),
		needPositive("productId", p.ProductID), needText("productName", p.ProductName),
	)
}

// checkOrder checks what both purchases have.
func checkOrder(iccid, remark, externalID string) error {
	if reason := ICCID(iccid).check(); reason != "" {
		return &ParamError{Param: "iccid", Reason: reason}
	}
	if externalID != "" && strings.TrimSpace(externalID) == "" {
		return &ParamError{Param: "externalId", Reason: "is blank: it would not be sent, and the order could not be found by it"}
	}
	return firstError(checkLength("remark", remark, 200), checkLength("externalId", externalID, 100))
}

func firstError(errs ...error) error {
	for _, err := range errs {
		if err != nil {
			return err
		}
	}
	return nil
}

// Recharge buys a data package for a card. It is good for the present month, and several add up. The order is then
// carried out in the background: see [OrdersService.Wait].
//
// After [ErrOutcomeUnknown], and after a refusal where the ExternalID may have been sent before, look with
// [OrdersService.Find] before buying again. A receipt beside an error tells an order that exists.
//
// § 2.5.3 资产流量包充值, fc.function.card.recharge. It spends money. With Preverify the document has it only verify the
// purchase; an order number in the response to that is an error, which shows it.
func (s *OrdersService) Recharge(ctx context.Context, params *RechargeParams) (*OrderReceipt, error) {
	if params == nil {
		return s.buy(ctx, "fc.function.card.recharge", params, "", false)
	}
	own := *params
	own.ICCID = ICCID(own.ICCID).String()
	return s.buy(ctx, "fc.function.card.recharge", &own, own.ExternalID, own.Preverify)
}

// RenewalParams are a renewal: more time on a card's plan.
type RenewalParams struct {
	ICCID       string `url:"iccid"`                   // the card, required
	ProductID   int64  `url:"productId,omitempty"`     // from RenewalProduct; may be left out
	ProductName string `url:"productName,omitempty"`   // from RenewalProduct; may be left out
	Years       int    `url:"cycle"`                   // years of 12 months, at least 1; 0 or 1 where Months is set, and means nothing then
	Months      int    `url:"months,omitempty"`        // months instead of a year, 1 to 12; for some companies only
	Remark      string `url:"remark,omitempty"`        // kept with the order, at most 200 characters
	ExternalID  string `url:"externalId,omitempty"`    // your ID of this one purchase, at most 100 characters
	Preverify   bool   `url:"preverify,omitempty,int"` // only verify that the purchase would be accepted, without the ExternalID
}

func (p *RenewalParams) validate() error {
	switch {
	case p.ProductID < 0:
		return needPositive("productId", p.ProductID)
	case p.Years < 1:
		return &ParamError{Param: "cycle", Reason: fmt.Sprintf("Years is %d, want at least 1, or Months instead", p.Years)}
	case p.Months < 0 || p.Months > 12:
		return &ParamError{Param: "months", Reason: fmt.Sprintf("%d months, want 1 to 12, or 0 for whole years", p.Months)}
	case p.Months > 0 && p.Years != 1:
		return &ParamError{Param: "months", Reason: fmt.Sprintf("is instead of Years, which is %d", p.Years)}
	}
	return checkOrder(p.ICCID, p.Remark, p.ExternalID)
}

// Renew buys more time on a card's plan. The order is then carried out in the background: see [OrdersService.Wait]. Errors
// and Preverify are as for [OrdersService.Recharge].
//
// § 2.5.4 资产套餐续费, fc.function.card.renewal. It spends money.
func (s *OrdersService) Renew(ctx context.Context, params *RenewalParams) (*OrderReceipt, error) {
	if params == nil {
		return s.buy(ctx, "fc.function.card.renewal", params, "", false)
	}
	own := *params
	own.ICCID = ICCID(own.ICCID).String()
	if own.Months > 0 && own.Years == 0 {
		own.Years = 1 // without which the platform ignores the months
	}
	return s.buy(ctx, "fc.function.card.renewal", &own, own.ExternalID, own.Preverify)
}

// buy makes a purchase, or has it verified. A receipt comes with every response that tells an order, whatever else it
// says.
func (s *OrdersService) buy(ctx context.Context, method string, params any, externalID string, preverify bool) (*OrderReceipt, error) {
	type verified struct {
		OrderNo string `json:"orderNo" quec:"receipt"`
		Message string `json:"errorMessage"`
	}
	type ordered struct {
		OrderNo string `json:"orderNo" quec:"receipt required"`
		Message string `json:"errorMessage"`
	}
	var response verified
	var err error
	if preverify {
		err = s.do(ctx, method, params, &response, func(err error) error { return orderedAnyway(method, response.OrderNo, err) })
	} else {
		err = s.do(ctx, method, params, (*ordered)(&response))
	}
	switch {
	case err == nil:
	case response.OrderNo == "":
		return nil, err
	case errors.As(err, new(*APIError)):
		err = fmt.Errorf("%w; it names order %s: ask Orders.Get what became of that", err, response.OrderNo)
	}
	return &OrderReceipt{response.OrderNo, externalID, preverify, response.Message}, err
}

// orderedAnyway is the error of a pre-verification, whose response must not tell an order.
func orderedAnyway(method, orderNo string, err error) error {
	if orderNo == "" {
		return err
	}
	ordered := &FieldError{"orderNo", strconv.Quote(orderNo), "came although the purchase was only to be verified: it may have been made"}
	if err != nil {
		return fmt.Errorf("%w; %w", err, ordered)
	}
	return &ResponseError{Method: method, HTTPStatus: http.StatusOK, Err: ordered}
}

// An Order is a purchase and what became of it.
type Order struct {
	OrderNo      string          `json:"orderNo"`                             // the one that was asked for
	Type         OrderType       `json:"orderType" quec:"always"`             // what it buys
	Status       OrderStatus     `json:"orderStatus" quec:"required"`         // how far it has got
	Result       string          `json:"result" quec:"always"`                // what happened, for people
	ICCID        string          `json:"iccid" quec:"always"`                 // the card
	ProductName  string          `json:"productname" quec:"always"`           // what was bought
	ProductPrice decimal.Decimal `json:"productprice" quec:"required"`        // CNY; whether of the whole order is not documented
	CreatedAt    time.Time       `json:"createTime,omitzero" quec:"always"`   // China Standard Time
	CompletedAt  time.Time       `json:"completeTime,omitzero" quec:"always"` // China Standard Time; zero while it is pending
	Remark       string          `json:"remark" quec:"always"`                // the one that was sent
	Years        int             `json:"cycle"`                               // of a renewal, also where Months counts instead
	Months       int             `json:"months"`                              // of a renewal whose Years are 1, whether by months or not
	MonthPrice   decimal.Decimal `json:"monthPrice"`                          // CNY; of a renewal whose Years are 1
	ExternalID   string          `json:"externalId"`                          // the one that was sent; empty where the platform tells none
}

// ID returns the card, by its ICCID. The number is as the platform spells it.
func (o Order) ID() CardID { return cardID(o.ICCID, "") }

// Get returns an order by the number that its receipt has. Upper and lower case count, and a number with anything but
// visible ASCII characters in it is refused by the SDK's own rule: one with a blank or an invisible character looks like
// another order's.
//
// § 2.5.5 资产充值续费订单, fc.function.order.details. It reads.
func (s *OrdersService) Get(ctx context.Context, orderNo string) (*Order, error) {
	var answer struct {
		Details Order `json:"details" quec:"required"`
	}
	err := s.do(ctx, "fc.function.order.details", orderParams{orderNo}, &answer)
	answer.Details.OrderNo = orderNo
	return onSuccess(&answer.Details, err)
}

type orderParams struct {
	OrderNo string `url:"orderNo"`
}

func (p orderParams) validate() error {
	if reason := oddOrderNo(p.OrderNo); reason != "" {
		return &ParamError{Param: "orderNo", Reason: reason}
	}
	return nil
}

// oddOrderNo says why a text cannot be the number of an order, or nothing. Numbers that look alike must not make several
// orders of one, so only visible ASCII characters may be in them, as in all that the vendor's document shows.
func oddOrderNo(no string) (reason string) {
	switch {
	case no == "":
		return "is empty"
	case strings.ContainsFunc(no, isNotVisibleASCII):
		return fmt.Sprintf("%+q has a blank in it, or a character that is invisible or not ASCII", excerpt(no, 64))
	}
	return ""
}

// ErrOrderFailed says that an order has ended without success. It comes from [OrdersService.Wait], together with the
// order. Whether and when its money comes back is not documented: [BillingService.Wallet] tells.
var ErrOrderFailed = errors.New("the order has failed")

// Wait asks for an order again and again ([PollEvery]) until it is done or has failed, and returns it. If the order has
// failed, Wait returns both the order, whose Result says why, and an error that is [ErrOrderFailed]. A state that the SDK
// does not know is taken for one that passes.
//
// Wait ends with its context at the latest; in the vendor's examples orders take minutes. That the platform cannot be
// asked for a while says nothing about the order: only the third failure in a row ends the wait. A refusal ends it at
// once, unless its code is one of the NotDoneCodes of [RetryPolicy]. The error names the state that was seen last.
//
// It reads § 2.5.5 资产充值续费订单, fc.function.order.details.
func (s *OrdersService) Wait(ctx context.Context, orderNo string, opts ...FleetOption) (*Order, error) {
	const method = "fc.function.order.details"
	settings, err := fleetOptions(ctx, method, waitOptions, opts)
	if err != nil {
		return nil, err
	}
	var order *Order
	doing := "waiting for order " + orderNo
	err = poll(ctx, settings.pollEvery, method, &doing, func() (done bool, err error) {
		seen, err := s.Get(ctx, orderNo)
		switch {
		case err == nil:
			order = seen
			doing = fmt.Sprintf("waiting for order %s, last seen as %s", orderNo, seen.Status)
			return seen.Status.IsFinal(), nil
		case order != nil:
			err = fmt.Errorf("%w (%s)", err, doing)
		}
		return false, err
	})
	if err != nil {
		return nil, err
	}
	if order.Status == OrderStatusFailed {
		return order, callError(method, fmt.Sprintf("order %s: %s", orderNo, order.Result), ErrOrderFailed)
	}
	return order, nil
}

// maxPollFailures is how many questions in a row may fail for a wait to go on.
const maxPollFailures = 2

// poll asks, with delays between, until ask reports that it is done or that there is no use in asking on. What it is doing
// may change with every response. A refusal ends it, unless the user has learnt that its code passes.
func poll(ctx context.Context, delay time.Duration, method string, doing *string, ask func() (done bool, err error)) error {
	began := time.Now()
	for failures := 0; ; {
		done, err := ask()
		switch {
		case err == nil && done:
			return nil
		case err == nil:
			failures = 0
		case ctx.Err() == nil && meaningOf(err) == meansNotDone:
		case ctx.Err() != nil || errors.As(err, new(*APIError)) || errors.As(err, new(*ParamError)) || failures == maxPollFailures:
			return err
		default:
			failures++
		}
		if err := sleep(ctx, delay); err != nil {
			return callError(method, *doing, fmt.Errorf("%w (waited %v)", err, time.Since(began).Round(time.Millisecond)))
		}
	}
}
