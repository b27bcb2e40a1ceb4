package main

import (
	"bytes"
	"context"
	"encoding/json"
	"expvar"
	"fmt"
	"log/slog"
	"net/http"
	"os"
	"slices"

	"golang.org/x/time/rate"

	"github.com/quecloud/quecloud-go"
)

// An accountConfig is an entry of the file of accounts, which is a JSON array.
type accountConfig struct {
	Name          string  `json:"name"`    // in URLs and in the database
	AppKey        string  `json:"appKey"`  // may be replaced while the service runs
	Secret        string  `json:"secret"`  // may be replaced while the service runs
	Rate          float64 `json:"rate"`    // requests per second that the platform allows the account
	BaseURL       string  `json:"baseURL"` // optional: of a stand-in
	CallbackToken string  `json:"callbackToken"`
}

func readAccounts(path string) (accounts []accountConfig, err error) {
	text, err := os.ReadFile(path)
	if err != nil {
		return nil, err
	}
	decoder := json.NewDecoder(bytes.NewReader(text))
	decoder.DisallowUnknownFields()
	if err := decoder.Decode(&accounts); err != nil {
		return nil, fmt.Errorf("%s: %w", path, err)
	}
	for i, a := range accounts {
		if a.Name == "" || a.Rate <= 0 {
			return nil, fmt.Errorf("%s: account %d needs a name and a rate above 0", path, i+1)
		}
	}
	return accounts, nil
}

// currentKey returns a function for WithCredentials that reads the key of an account from the file for every call. To
// replace a key, rename a new file into its place.
func currentKey(path, name string) func(context.Context) (appKey, secret string, err error) {
	return func(context.Context) (string, string, error) {
		accounts, err := readAccounts(path)
		if err != nil {
			return "", "", err
		}
		i := slices.IndexFunc(accounts, func(a accountConfig) bool { return a.Name == name })
		if i < 0 {
			return "", "", fmt.Errorf("%s has no account %s", path, name)
		}
		return accounts[i].AppKey, accounts[i].Secret, nil
	}
}

// An account is an account at the platform.
type account struct {
	*quecloud.Client
	name  string
	token string // of its callbacks
}

// openAccounts makes a client for each account, with a limiter of its own. They share their connections.
func openAccounts(path string, m *metrics, log *slog.Logger) ([]*account, error) {
	configs, err := readAccounts(path)
	if err != nil {
		return nil, err
	}
	shared := &http.Client{Transport: quecloud.NewTransport()}
	var accounts []*account
	for _, c := range configs {
		a, err := newAccount(c, m,
			quecloud.WithHTTPClient(shared), quecloud.WithCredentials(currentKey(path, c.Name)), quecloud.WithLogger(log))
		if err != nil {
			return nil, err
		}
		accounts = append(accounts, a)
	}
	return accounts, nil
}

func newAccount(c accountConfig, m *metrics, options ...quecloud.Option) (*account, error) {
	options = append(options,
		quecloud.WithUserAgent("quecloud-service"),
		quecloud.WithLimiter(rate.NewLimiter(rate.Limit(c.Rate), max(1, int(c.Rate)))),
		quecloud.WithInterceptor(m.interceptor(c.Name)))
	if c.BaseURL != "" {
		options = append(options, quecloud.WithBaseURL(c.BaseURL))
	}
	client, err := quecloud.NewClient(c.AppKey, c.Secret, options...)
	if err != nil {
		return nil, fmt.Errorf("account %s: %w", c.Name, err)
	}
	return &account{client, c.Name, c.CallbackToken}, nil
}

// metrics count calls by account, method and kind of error, and their seconds. ServeHTTP shows them as JSON.
type metrics struct{ expvar.Map }

func (m *metrics) interceptor(account string) quecloud.Interceptor {
	return func(ctx context.Context, info *quecloud.CallInfo, next func(context.Context) error) error {
		err := next(ctx)
		m.count(account, info.Method, err)
		m.AddFloat(account+" "+info.Method+" seconds", info.Duration.Seconds())
		return err
	}
}

// count counts a call. Call it for errors that an interceptor does not see.
func (m *metrics) count(account, method string, err error) {
	result := "ok"
	if err != nil {
		result = quecloud.ErrorType(err)
	}
	m.Add(account+" "+method+" "+result, 1)
}

// ServeHTTP shows the numbers as JSON.
func (m *metrics) ServeHTTP(w http.ResponseWriter, _ *http.Request) {
	w.Header().Set("Content-Type", "application/json")
	fmt.Fprintln(w, m.String())
}
