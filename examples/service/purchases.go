package main

import (
	"context"
	"crypto/rand"
	"database/sql"
	"errors"
	"net/http"
	"strings"
	"time"

	"github.com/quecloud/quecloud-go"
)

// The table of purchases, its states and their transitions are those of docs/buying.md.
const createPurchases = `CREATE TABLE IF NOT EXISTS purchases (
	external_id  VARCHAR(100) PRIMARY KEY,     -- ExternalID, random, of this purchase only
	request_key  VARCHAR(100) NOT NULL UNIQUE, -- who wants it and why: a second click finds the first row
	account      VARCHAR(50)  NOT NULL,        -- name of the client that buys it
	iccid        VARCHAR(20)  NOT NULL,        -- CardID of the card
	product_id   BIGINT       NOT NULL,        -- 0: a renewal of the card's own plan
	product_name VARCHAR(200) NOT NULL,        -- "" for such a renewal
	years        INTEGER      NOT NULL,        -- of a renewal, 0 for a top-up
	months       INTEGER      NOT NULL,        -- of a renewal by months, otherwise 0
	state        VARCHAR(11)  NOT NULL
		CHECK (state IN ('new', 'sent', 'ordered', 'done', 'failed', 'not_ordered')),
	sent_at      BIGINT       NOT NULL,        -- Unix time in ms before the call, 0 in state new
	order_no     VARCHAR(64)  UNIQUE,          -- number of the order, NULL until it is known
	note         VARCHAR(1000) NOT NULL,       -- last error or result, for people
	CHECK (state <> 'sent' OR sent_at > 0),
	CHECK (state NOT IN ('ordered', 'done', 'failed') OR order_no IS NOT NULL)
);
CREATE INDEX IF NOT EXISTS purchases_state ON purchases (state);`

// A topUp is what somebody wants to buy.
type topUp struct {
	Card        quecloud.CardID `json:"iccid"`
	ProductID   int64           `json:"productId"`
	ProductName string          `json:"productName"`
}

// A purchase is a row of the table.
type purchase struct {
	topUp
	ExternalID string `json:"externalId"`
	State      string `json:"state"`
	OrderNo    string `json:"orderNo,omitempty"`
	Note       string `json:"note,omitempty"`
	sentAt     time.Time
}

const selectPurchases = `SELECT iccid, product_id, product_name, external_id, state, coalesce(order_no, ''), note,
	sent_at FROM purchases WHERE `

func scanPurchase(row *sql.Rows, p *purchase) error {
	var sentAt int64
	err := row.Scan(&p.Card, &p.ProductID, &p.ProductName, &p.ExternalID, &p.State, &p.OrderNo, &p.Note, &sentAt)
	p.sentAt = time.UnixMilli(sentAt)
	return err
}

// isOpen reports whether a purchase is not at its end.
func (p purchase) isOpen() bool { return p.State == "new" || p.State == "sent" || p.State == "ordered" }

// find returns the purchase with a key.
func (s *service) find(ctx context.Context, a *account, key string) (purchase, error) {
	found, err := query(ctx, s.db, scanPurchase, selectPurchases+`request_key = ?`, a.name+"/"+key)
	if err == nil && len(found) == 0 {
		err = &requestError{http.StatusNotFound, "there is no such top-up"}
	}
	if err != nil {
		return purchase{}, err
	}
	return found[0], nil
}

// buy buys a top-up, or returns the purchase that has been stored with the same key before.
func (s *service) buy(ctx context.Context, a *account, key string, want topUp) (purchase, error) {
	_, err := s.db.ExecContext(ctx, `INSERT INTO purchases (external_id, request_key, account, iccid, product_id,
		product_name, years, months, state, sent_at, note) VALUES (?, ?, ?, ?, ?, ?, 0, 0, 'new', 0, '')
		ON CONFLICT (request_key) DO NOTHING`,
		rand.Text(), a.name+"/"+key, a.name, want.Card.Normal(), want.ProductID, want.ProductName)
	if err != nil {
		return purchase{}, err
	}
	p, err := s.find(ctx, a, key)
	switch {
	case err != nil:
		return p, err
	case p.Card != want.Card.Normal() || p.ProductID != want.ProductID || p.ProductName != want.ProductName:
		return p, &requestError{http.StatusConflict, "the key is that of another top-up"}
	case p.State == "new":
		if err := s.send(ctx, a, p); err != nil {
			return p, err
		}
	}
	return s.find(ctx, a, key)
}

// sendTime limits a purchase. It is shorter than the time after which a purchase that is in doubt is looked for.
const sendTime = 45 * time.Second

// send buys a purchase in state new. The change to sent decides who makes the call, if several want to. From then on,
// the end of ctx does not cut off the call, which would put the purchase in doubt: the service waits for it when it is
// told to stop.
func (s *service) send(ctx context.Context, a *account, p purchase) error {
	result, err := s.db.ExecContext(ctx, `UPDATE purchases SET state = 'sent', sent_at = ?
		WHERE external_id = ? AND state = 'new'`, s.now().UnixMilli(), p.ExternalID)
	if err != nil {
		return err
	}
	if n, err := result.RowsAffected(); err != nil || n == 0 {
		return err
	}
	ctx = context.WithoutCancel(ctx)
	call, cancel := context.WithTimeout(ctx, sendTime)
	defer cancel()
	receipt, err := a.Orders.Recharge(call, &quecloud.RechargeParams{
		Card: p.Card, ProductID: p.ProductID, ProductName: p.ProductName, ExternalID: p.ExternalID,
	})
	if err == nil {
		return s.change(ctx, p, "sent", "ordered", receipt.OrderNo, "")
	}
	s.log.Warn("no receipt", "account", a.name, "purchase", p.ExternalID, "error", err)
	_, isInvalid := errors.AsType[*quecloud.ParamError](err)
	_, isRefused := errors.AsType[*quecloud.APIError](err)
	_, isRejected := errors.AsType[*quecloud.ResponseError](err)
	if isInvalid {
		s.metrics.count(a.name, "fc.function.card.recharge", err) // which its interceptor does not see
	}
	switch {
	case errors.Is(err, quecloud.ErrOutcomeUnknown): // whatever else it is
		return s.change(ctx, p, "sent", "sent", "", err.Error())
	case isInvalid, isRefused, isRejected:
		return s.change(ctx, p, "sent", "not_ordered", "", err.Error())
	}
	return s.change(ctx, p, "sent", "new", "", err.Error()) // nothing was sent
}

// change moves a purchase from one state to another. If another process was faster, or the order is not that of the
// purchase, it changes nothing.
func (s *service) change(ctx context.Context, p purchase, from, to, orderNo, note string) error {
	_, err := s.db.ExecContext(ctx, `UPDATE purchases SET state = ?1, order_no = coalesce(order_no, nullif(?2, '')),
		note = ?3, sent_at = iif(?1 = 'new', 0, sent_at)
		WHERE external_id = ?4 AND state = ?5 AND coalesce(order_no, ?2) = ?2`,
		to, orderNo, note, p.ExternalID, from)
	return err
}

// followPurchases follows the purchases of an account that are not at their end, every minute until ctx ends. It starts
// with those that the last process left.
func (s *service) followPurchases(ctx context.Context, a *account) {
	for ctx.Err() == nil {
		if err := s.follow(ctx, a); err != nil {
			s.log.Error("purchases are not followed", "account", a.name, "error", err)
		}
		sleep(ctx, time.Minute)
	}
}

// follow makes a step with each purchase that is not at its end. A call that is in doubt is looked for when it can no
// longer be under way, for a day. After that, a person decides: see the note.
func (s *service) follow(ctx context.Context, a *account) error {
	open, err := query(ctx, s.db, scanPurchase, selectPurchases+`account = ?1 AND (state IN ('new', 'ordered')
		OR state = 'sent' AND sent_at BETWEEN ?2 AND ?3)`,
		a.name, s.now().Add(-24*time.Hour).UnixMilli(), s.now().Add(-s.doubt).UnixMilli())
	for _, p := range open {
		switch p.State {
		case "new":
			err = errors.Join(err, s.send(ctx, a, p))
		case "sent":
			err = errors.Join(err, s.look(ctx, a, p))
		case "ordered":
			order, failed := a.Orders.Get(ctx, p.OrderNo)
			if failed == nil {
				failed = s.end(ctx, p, order.Status, order.Result)
			}
			err = errors.Join(err, failed)
		}
	}
	return err
}

// look looks for the order of a purchase that is in doubt.
func (s *service) look(ctx context.Context, a *account, p purchase) error {
	found, err := a.Orders.Find(ctx, &quecloud.FindParams{Card: p.Card, ExternalID: p.ExternalID, Since: p.sentAt})
	if err != nil {
		note := err.Error()
		if found != nil && len(found.Candidates) > 0 {
			note += "; candidates: " + orderNumbers(found.Candidates)
		}
		return s.change(ctx, p, "sent", "sent", "", note)
	}
	order := found.Matches[0]
	p.OrderNo, p.Note = order.OrderNo, ""
	if len(found.Matches) > 1 {
		p.Note = "bought several times: " + orderNumbers(found.Matches)
		s.log.Error(p.Note, "account", a.name, "purchase", p.ExternalID)
	}
	if err := s.change(ctx, p, "sent", "ordered", order.OrderNo, p.Note); err != nil {
		return err
	}
	return s.end(ctx, p, order.Status, order.Result)
}

func orderNumbers(orders []quecloud.Order) string {
	var numbers []string
	for _, order := range orders {
		numbers = append(numbers, order.OrderNo)
	}
	return strings.Join(numbers, ", ")
}

// end stores that an order is done or has failed. It does nothing for an order in another state.
func (s *service) end(ctx context.Context, p purchase, status quecloud.OrderStatus, result string) error {
	switch status {
	case quecloud.OrderStatusDone:
		return s.change(ctx, p, "ordered", "done", p.OrderNo, p.Note)
	case quecloud.OrderStatusFailed:
		return s.change(ctx, p, "ordered", "failed", p.OrderNo, result)
	default:
		return nil
	}
}

// onOrder stores what an order event says. Orders that this service did not make change no row.
func (s *service) onOrder(ctx context.Context, e *quecloud.OrderEvent) error {
	p := purchase{ExternalID: e.ExternalID, OrderNo: e.OrderNo}
	if err := s.change(ctx, p, "sent", "ordered", e.OrderNo, ""); err != nil {
		return err
	}
	return s.end(ctx, p, e.Status, e.Result)
}
