package quecloud

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"net/http"
	"strconv"
	"strings"
	"time"

	"github.com/shopspring/decimal"
)

// OrdersService buys data packages and renewals for cards, lists the products on sale, and follows orders.
//
// Use a new ExternalID for each purchase and store it before the call: [OrdersService.Find] identifies the order by it
// if the response is lost. See the section "Changes in doubt" of the package documentation, and for a service that
// keeps its purchases in a database https://github.com/quecloud/quecloud-go/blob/main/docs/buying.md
type OrdersService service

// A FlowPackageProduct is a data package on sale.
type FlowPackageProduct struct {
	ProductID   int64           `json:"productId" quec:"required type=ns"` // for RechargeParams
	ProductName string          `json:"productName" quec:"always"`         // for RechargeParams
	Carrier     Carrier         `json:"telecomOperatorName" quec:"always"` // carrier of the cards it is for
	Price       decimal.Decimal `json:"price" quec:"required type=ns"`     // price, CNY
	Flow        float64         `json:"flow" quec:"always"`                // data in the package, MB
	FlowType    FlowType        `json:"flowType" quec:"always"`            // type of traffic that it covers
}

// FlowPackages returns the data packages that [OrdersService.Recharge] can buy.
//
// § 2.5.1 企业流量包产品列表, fc.function.company.flowpackage. It reads.
func (s *OrdersService) FlowPackages(ctx context.Context) ([]FlowPackageProduct, error) {
	var response struct {
		Products []FlowPackageProduct `json:"products" quec:"required"`
	}
	err := s.do(ctx, "fc.function.company.flowpackage", nil, &response)
	return onSuccess(response.Products, err)
}

// A RenewalProduct is the plan for the renewal of a card.
type RenewalProduct struct {
	ProductID   int64           `json:"productId" quec:"required"`         // for RenewalParams
	ProductName string          `json:"productName" quec:"always"`         // for RenewalParams
	Carrier     Carrier         `json:"telecomOperatorName" quec:"always"` // network operator
	Price       decimal.Decimal `json:"price" quec:"required"`             // price of a year, CNY
	MonthPrice  decimal.Decimal `json:"monthPrice" quec:"always"`          // price of a month, CNY
	Flow        float64         `json:"flow" quec:"always"`                // data in the plan, MB
	Months      int             `json:"setmealMonths" quec:"always"`       // length of the plan in months
}

// RenewalProduct returns the plan that [OrdersService.Renew] buys for a card.
//
// § 2.5.2 资产续费套餐产品, fc.function.card.setmeal.product. It reads.
func (s *OrdersService) RenewalProduct(ctx context.Context, card CardID) (*RenewalProduct, error) {
	var response struct {
		Product RenewalProduct `json:"product" quec:"required"`
	}
	err := s.do(ctx, "fc.function.card.setmeal.product", cardParams{card}, &response)
	return onSuccess(&response.Product, err)
}

// An OrderReceipt is the platform's receipt for a purchase. Together with an error it shows an order number that a
// refusal or the response to a pre-verification has.
type OrderReceipt struct {
	OrderNo     string `json:"orderNo"`     // for OrdersService.Get; empty for a pre-verification
	ExternalID  string `json:"externalId"`  // ExternalID of the request
	Preverified bool   `json:"preverified"` // whether the request was a pre-verification
	Message     string `json:"message"`     // remark of the platform, for people
}

// RechargeParams are a top-up: a data package for a card. Use an ExternalID for one purchase of the account, for ever:
// see https://github.com/quecloud/quecloud-go/blob/main/docs/buying.md
type RechargeParams struct {
	Card        CardID `url:"iccid"`                   // card by its ICCID, required
	ProductID   int64  `url:"productId"`               // from FlowPackages, required
	ProductName string `url:"productName"`             // from FlowPackages, required
	Remark      string `url:"remark,omitempty"`        // stored with the order, at most 200 characters
	ExternalID  string `url:"externalId,omitempty"`    // your ID of this purchase only, at most 100 characters
	Preverify   bool   `url:"preverify,omitempty,int"` // verify but do not buy; use it without an ExternalID
}

func (p *RechargeParams) validate() error {
	return cmp.Or(
		checkPurchase(p.Card, p.Remark, p.ExternalID),
		needPositive("productId", p.ProductID), needText("productName", p.ProductName),
	)
}

// checkPurchase checks the parameters that top-ups and renewals have in common.
func checkPurchase(card CardID, remark, externalID string) error {
	if err := needICCID(card); err != nil {
		return err
	}
	if externalID != "" && strings.TrimSpace(externalID) == "" {
		return &ParamError{Param: "externalId", Reason: "is blank: an order cannot be found by it"}
	}
	return cmp.Or(checkLength("remark", remark, 200), checkLength("externalId", externalID, 100))
}

// needICCID checks the card of an order, for which the platform has a parameter iccid only.
func needICCID(card CardID) error {
	reason := card.check()
	if card.kind == kindMSISDN {
		reason = "want the card by its ICCID, not by its MSISDN"
	}
	if reason != "" {
		return &ParamError{Param: "iccid", Reason: reason}
	}
	return nil
}

// Recharge buys a data package for a card. A package is valid for the current month; several packages add up. The
// platform processes the order in the background: see [OrdersService.Wait].
//
// After [ErrOutcomeUnknown], and after a refusal if the ExternalID may have been sent before, use [OrdersService.Find]
// before you buy again. A receipt returned with an error names an existing order.
//
// § 2.5.3 资产流量包充值, fc.function.card.recharge. It spends money. With Preverify, the document says, it only verifies the
// purchase; if the response to a pre-verification has an order number, Recharge returns an error that shows it.
func (s *OrdersService) Recharge(ctx context.Context, params *RechargeParams) (*OrderReceipt, error) {
	if params == nil {
		return s.buy(ctx, "fc.function.card.recharge", params, "", false)
	}
	return s.buy(ctx, "fc.function.card.recharge", params, params.ExternalID, params.Preverify)
}

// RenewalParams are a renewal: more time on a card's plan. For the ExternalID see [RechargeParams] and
// https://github.com/quecloud/quecloud-go/blob/main/docs/buying.md
type RenewalParams struct {
	Card        CardID `url:"iccid"`                   // card by its ICCID, required
	ProductID   int64  `url:"productId,omitempty"`     // from RenewalProduct; optional
	ProductName string `url:"productName,omitempty"`   // from RenewalProduct; optional
	Years       int    `url:"cycle"`                   // years of 12 months, at least 1; 0 or 1, unused, if Months is set
	Months      int    `url:"months,omitempty"`        // months instead of a year, 1 to 12; for some companies only
	Remark      string `url:"remark,omitempty"`        // stored with the order, at most 200 characters
	ExternalID  string `url:"externalId,omitempty"`    // your ID of this purchase only, at most 100 characters
	Preverify   bool   `url:"preverify,omitempty,int"` // verify but do not buy; use it without an ExternalID
}

func (p *RenewalParams) validate() error {
	switch {
	case p.ProductID < 0:
		return needPositive("productId", p.ProductID)
	case p.Years < 1:
		return &ParamError{Param: "cycle", Reason: fmt.Sprintf("Years is %d, want at least 1, or Months", p.Years)}
	case p.Months < 0 || p.Months > 12:
		return &ParamError{Param: "months", Reason: fmt.Sprintf("%d months, want 1 to 12, or 0 for whole years", p.Months)}
	case p.Months > 0 && p.Years != 1:
		return &ParamError{Param: "months", Reason: fmt.Sprintf("cannot be combined with Years, which is %d", p.Years)}
	}
	return checkPurchase(p.Card, p.Remark, p.ExternalID)
}

// Renew buys more time on a card's plan. The platform processes the order in the background: see [OrdersService.Wait].
// Errors and Preverify are the same as for [OrdersService.Recharge].
//
// § 2.5.4 资产套餐续费, fc.function.card.renewal. It spends money.
func (s *OrdersService) Renew(ctx context.Context, params *RenewalParams) (*OrderReceipt, error) {
	if params == nil {
		return s.buy(ctx, "fc.function.card.renewal", params, "", false)
	}
	own := *params
	if own.Months > 0 && own.Years == 0 {
		own.Years = 1 // without which the platform ignores the months
	}
	return s.buy(ctx, "fc.function.card.renewal", &own, own.ExternalID, own.Preverify)
}

// buy makes or pre-verifies a purchase. It returns a receipt for every response that has an order number, even with an
// error.
func (s *OrdersService) buy(
	ctx context.Context, method string, params any, externalID string, preverify bool,
) (*OrderReceipt, error) {
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
		err = s.do(ctx, method, params, &response, func(err error) error {
			return orderedAnyway(method, response.OrderNo, err)
		})
	} else {
		err = s.do(ctx, method, params, (*ordered)(&response))
	}
	switch {
	case err == nil:
	case response.OrderNo == "":
		return nil, err
	case errors.As(err, new(*APIError)):
		err = fmt.Errorf("%w; it names order %s: check it with Orders.Get", err, response.OrderNo)
	}
	return &OrderReceipt{response.OrderNo, externalID, preverify, response.Message}, err
}

// orderedAnyway returns the error of a pre-verification, whose response must not have an order number.
func orderedAnyway(method, orderNo string, err error) error {
	if orderNo == "" {
		return err
	}
	const reason = "is unexpected in a pre-verification: the purchase may have been made"
	ordered := &FieldError{"orderNo", strconv.Quote(orderNo), reason}
	if err != nil {
		return fmt.Errorf("%w; %w", err, ordered)
	}
	return &ResponseError{Method: method, HTTPStatus: http.StatusOK, Err: ordered}
}

// An Order is a purchase and its state. The document does not say whether ProductPrice is the price of the whole order.
// Months is set for a renewal with Years 1 even if it was not by months. The platform may omit ExternalID.
type Order struct {
	OrderNo      string          `json:"orderNo"`                             // number of the request
	Type         OrderType       `json:"orderType" quec:"always"`             // top-up or renewal
	Status       OrderStatus     `json:"orderStatus" quec:"required"`         // state of the order
	Result       string          `json:"result" quec:"always"`                // result, for people
	ICCID        string          `json:"iccid" quec:"always"`                 // card
	ProductName  string          `json:"productname" quec:"always"`           // product that was bought
	ProductPrice decimal.Decimal `json:"productprice" quec:"required"`        // CNY; perhaps not of the whole order
	CreatedAt    time.Time       `json:"createTime,omitzero" quec:"always"`   // China Standard Time
	CompletedAt  time.Time       `json:"completeTime,omitzero" quec:"always"` // China Standard Time; zero while pending
	Remark       string          `json:"remark" quec:"always"`                // Remark of the purchase
	Years        int             `json:"cycle"`                               // for a renewal, even one by months
	Months       int             `json:"months"`                              // for a renewal with Years 1
	MonthPrice   decimal.Decimal `json:"monthPrice"`                          // CNY; for a renewal with Years 1
	ExternalID   string          `json:"externalId"`                          // ExternalID of the purchase
}

// ID returns the card by its ICCID, in the platform's spelling.
func (o Order) ID() CardID { return cardID(o.ICCID, "") }

// RenewedMonths returns the number of months that a renewal buys, regardless of its Status: Months if Years is at most
// 1 and Months is set, otherwise 12 for each of the Years. It returns 0 for a top-up, and if the platform tells
// neither.
func (o Order) RenewedMonths() int {
	switch {
	case o.Type != OrderTypeRenewal:
		return 0
	case o.Years <= 1 && o.Months > 0:
		return o.Months
	}
	return 12 * max(0, o.Years)
}

// Get returns the order with the number of a receipt. Numbers are case-sensitive. By the SDK's own rule, Get rejects a
// number with characters other than visible ASCII: with a blank or an invisible character it looks like the number of
// another order.
//
// § 2.5.5 资产充值续费订单, fc.function.order.details. It reads.
func (s *OrdersService) Get(ctx context.Context, orderNo string) (*Order, error) {
	var response struct {
		Details Order `json:"details" quec:"required"`
	}
	err := s.do(ctx, "fc.function.order.details", orderParams{orderNo}, &response)
	response.Details.OrderNo = orderNo
	return onSuccess(&response.Details, err)
}

type orderParams struct {
	OrderNo string `url:"orderNo"`
}

func (p orderParams) validate() error {
	if reason := checkOrderNo(p.OrderNo); reason != "" {
		return &ParamError{Param: "orderNo", Reason: reason}
	}
	return nil
}

// checkOrderNo says why a text cannot be an order number. It returns "" for a valid one. Only visible ASCII characters
// are valid, as in all numbers of the vendor's document, so that one order cannot have several numbers that look alike.
func checkOrderNo(no string) (reason string) {
	switch {
	case no == "":
		return "is empty"
	case strings.ContainsFunc(no, isNotVisibleASCII):
		return fmt.Sprintf("%+q has a blank, or a character that is invisible or not ASCII", excerpt(no, 64))
	}
	return ""
}

// ErrOrderFailed means that an order has failed. [OrdersService.Wait] returns it together with the order. The document
// does not say whether and when the platform returns the money: check [BillingService.Wallet].
var ErrOrderFailed = errors.New("the order has failed")

// Wait polls an order ([PollEvery]) until it is done or has failed, and returns it. If the order has failed, Wait
// returns both the order, whose Result says why, and an error that is [ErrOrderFailed]. Wait treats unknown states as
// pending.
//
// Wait ends with ctx at the latest; in the vendor's examples orders take minutes. The third consecutive failure of a
// request ends the wait, because fewer say nothing about the order. A refusal ends it immediately, unless its code is
// one of the NotDoneCodes of [RetryPolicy]. The error has the last state of the order.
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

// maxPollFailures is the number of consecutive failures that a wait tolerates.
const maxPollFailures = 2

// poll calls ask, with a delay between the calls, until it reports that it is done. A refusal ends it, unless its code
// is one of the NotDoneCodes. doing describes the wait for error texts and may change with every call.
func poll(
	ctx context.Context, delay time.Duration, method string, doing *string, ask func() (done bool, err error),
) error {
	start := time.Now()
	for failures := 0; ; {
		done, err := ask()
		switch {
		case err == nil && done:
			return nil
		case err == nil:
			failures = 0
		case ctx.Err() != nil:
			return err
		case meaningOf(err) == meansNotDone:
		case errors.As(err, new(*APIError)), errors.As(err, new(*ParamError)), failures == maxPollFailures:
			return err
		default:
			failures++
		}
		if err := sleep(ctx, delay); err != nil {
			return callError(method, *doing, fmt.Errorf("%w (waited %v)", err, time.Since(start).Round(time.Millisecond)))
		}
	}
}
