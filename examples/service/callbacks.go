package main

import (
	"context"
	"net/http"
	"time"

	"github.com/quecloud/quecloud-go"
)

// callbacks returns the handler of the platform's callbacks. The address of an account's callbacks is
// https://HOST/quecloud/ACCOUNT/order?token=…, and …/sms?token=….
//
// The store of events keeps order events from being handled twice. An SMS needs no store: the function only inserts a
// row, and the key of the event is unique in the table.
func (s *service) callbacks(store quecloud.DedupStore) http.Handler {
	mux := http.NewServeMux()
	for _, a := range s.accounts {
		options := []quecloud.HandlerOption{
			quecloud.WithCallbackToken(a.token),
			quecloud.WithCallbackTimeout(30 * time.Second), // shorter than the claims of the store
			quecloud.WithCallbackLogger(s.log),
		}
		mux.Handle("/quecloud/"+a.name+"/sms", quecloud.NewSMSHandler(s.onSMS(a), options...))
		options = append(options, quecloud.VerifyWith(a.Client), quecloud.WithDeduplication(store))
		mux.Handle("/quecloud/"+a.name+"/order", quecloud.NewOrderHandler(s.onOrder, options...))
	}
	return mux
}

func (s *service) onSMS(a *account) func(context.Context, *quecloud.SMSEvent) error {
	return func(ctx context.Context, e *quecloud.SMSEvent) error {
		_, err := s.db.ExecContext(ctx, `INSERT INTO sms (event, account, card, type, content) VALUES (?, ?, ?, ?, ?)
			ON CONFLICT DO NOTHING`, e.Key(), a.name, e.ID().Normal(), e.Type, []byte(e.Content))
		return err
	}
}
