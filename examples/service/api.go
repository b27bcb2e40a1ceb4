package main

import (
	"encoding/json"
	"errors"
	"net/http"
	"slices"
)

// api returns the handler for programs of yours. Whoever can reach it can spend money.
//
//	PUT /topups/ACCOUNT/KEY   {"iccid": "…", "productId": 50, "productName": "…"}
//	GET /topups/ACCOUNT/KEY
//	GET /metrics
//
// Choose a KEY for each top-up, such as the number of an invoice. The same PUT once more buys nothing: it responds with
// the state of the first one.
func (s *service) api() http.Handler {
	mux := http.NewServeMux()
	mux.Handle("GET /metrics", s.metrics)
	mux.HandleFunc("GET /topups/{account}/{key}", s.respond(func(r *http.Request, a *account) (purchase, error) {
		return s.find(r.Context(), a, r.PathValue("key"))
	}))
	mux.HandleFunc("PUT /topups/{account}/{key}", s.respond(func(r *http.Request, a *account) (purchase, error) {
		var want topUp
		decoder := json.NewDecoder(http.MaxBytesReader(nil, r.Body, 1<<16))
		decoder.DisallowUnknownFields()
		if err := decoder.Decode(&want); err != nil {
			return purchase{}, &requestError{http.StatusBadRequest, err.Error()}
		}
		if want.Card.IsZero() || want.ProductID == 0 || want.ProductName == "" {
			return purchase{}, &requestError{http.StatusBadRequest, "iccid, productId and productName are required"}
		}
		return s.buy(r.Context(), a, r.PathValue("key"), want)
	}))
	return mux
}

// A requestError is an error of the caller of the API.
type requestError struct {
	status int
	text   string
}

func (e *requestError) Error() string { return e.text }

// respond responds with a purchase, with status 200 at its end and 202 before.
func (s *service) respond(do func(*http.Request, *account) (purchase, error)) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		i := slices.IndexFunc(s.accounts, func(a *account) bool { return a.name == r.PathValue("account") })
		if i < 0 {
			http.Error(w, "there is no such account", http.StatusNotFound)
			return
		}
		p, err := do(r, s.accounts[i])
		if bad, ok := errors.AsType[*requestError](err); ok {
			http.Error(w, bad.text, bad.status)
			return
		}
		if err != nil {
			s.log.Error("a request failed", "path", r.URL.Path, "error", err)
			http.Error(w, "see the log", http.StatusInternalServerError)
			return
		}
		w.Header().Set("Content-Type", "application/json")
		if p.isOpen() {
			w.WriteHeader(http.StatusAccepted)
		}
		_ = json.NewEncoder(w).Encode(p)
	}
}
