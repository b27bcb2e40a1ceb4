package main

import (
	"cmp"
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/quecloud/quecloud-go"
	"github.com/quecloud/quecloud-go/quecloudtest"
)

// demonstrate shows a night and a top-up, with two accounts at stand-ins for the platform.
func demonstrate(ctx context.Context, out io.Writer) (err error) {
	dir, err := os.MkdirTemp("", "service-")
	if err != nil {
		return err
	}
	defer os.RemoveAll(dir)
	callbacks := http.NewServeMux()
	night := time.Date(2026, time.November, 28, 2, 30, 0, 0, quecloud.ChinaStandardTime)
	north := quecloudtest.NewUnstartedServer(quecloudtest.WithFleet(2500), quecloudtest.WithTime(night),
		quecloudtest.WithCallbackClient(&http.Client{Transport: quecloudtest.HandlerTransport(callbacks)}),
		quecloudtest.WithOrderCallback("https://app.invalid/quecloud/north/order?token=demo-token"),
		quecloudtest.WithOrderDelay(5*time.Minute))
	defer north.Close()
	south := quecloudtest.NewUnstartedServer(quecloudtest.WithFleet(300), quecloudtest.WithTime(night))
	defer south.Close()

	s := &service{
		settings: settings{start: 150 * time.Minute, above: 0.85, most: 100, doubt: time.Minute},
		metrics:  new(metrics), log: slog.New(slog.DiscardHandler), now: north.Now,
	}
	for name, platform := range map[string]*quecloudtest.Server{"north": north, "south": south} {
		config := accountConfig{
			Name: name, AppKey: platform.AppKey, Secret: platform.Secret, Rate: 1000, CallbackToken: "demo-token",
		}
		a, err := newAccount(config, s.metrics, platform.Options()...)
		if err != nil {
			return err
		}
		s.accounts = append(s.accounts, a)
	}
	if s.db, err = openDatabase(ctx, filepath.Join(dir, "service.db")); err != nil {
		return err
	}
	defer s.db.Close()
	callbacks.Handle("/", s.callbacks(newDedupStore(s.db)))
	if err := s.runOnce(ctx); err != nil {
		return err
	}
	return cmp.Or(s.showNight(ctx, out), s.showTopUp(ctx, out, north))
}

// showTopUp makes the same request three times. The response to the first call is lost.
func (s *service) showTopUp(ctx context.Context, out io.Writer, platform *quecloudtest.Server) error {
	platform.Inject(quecloudtest.CutAfter().On("card.recharge"))
	for range 3 {
		r, err := http.NewRequestWithContext(ctx, http.MethodPut, "http://app.invalid/topups/north/invoice-17",
			strings.NewReader(`{"iccid": "89860024310000000006", "productId": 50, "productName": "30M-当月"}`))
		if err != nil {
			return err
		}
		response, err := quecloudtest.HandlerTransport(s.api()).RoundTrip(r)
		if err != nil {
			return err
		}
		var p purchase
		err = errors.Join(json.NewDecoder(response.Body).Decode(&p), response.Body.Close())
		if err != nil {
			return err
		}
		fmt.Fprintf(out, "PUT /topups/north/invoice-17: %s, state %s, orders at the platform: %d\n",
			response.Status, p.State, len(platform.Orders()))
		platform.Advance(3 * time.Minute) // the second time, a callback comes
		for _, a := range s.accounts {
			if err := s.follow(ctx, a); err != nil {
				return err
			}
		}
	}
	const inDoubt = "north fc.function.card.recharge outcome_unknown"
	fmt.Fprintln(out, "purchases in doubt by the metrics:", s.metrics.Get(inDoubt))
	return nil
}

// showNight shows what a night has stored.
func (s *service) showNight(ctx context.Context, out io.Writer) error {
	today := quecloud.DateOf(s.now())
	_, err := query(ctx, s.db, func(row *sql.Rows, _ *struct{}) error {
		var (
			account          string
			month            quecloud.Month
			expires          quecloud.Date
			cards, suspended int
			mb               float64
		)
		err := row.Scan(&account, &month, &cards, &mb, &expires, &suspended)
		fmt.Fprintf(out, "%s: %d cards used %.0f MB in %s; the first expires in %d days; %d suspended\n",
			account, cards, mb, month, expires.DaysSince(today), suspended)
		return err
	}, `SELECT account, month, count(*), sum(mb), min(expires) FILTER (WHERE expires >= ?),
		(SELECT count(*) FROM suspensions WHERE suspensions.account = cards.account AND state = 'done')
		FROM cards JOIN usage USING (account, card) GROUP BY account, month ORDER BY account`, today)
	return err
}
