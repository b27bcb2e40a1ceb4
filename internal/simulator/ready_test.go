package simulator

import (
	"context"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"testing"
	"time"
)

func TestReadyWaits(t *testing.T) {
	t.Parallel()
	var calls atomic.Int32
	control := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path != "/healthz" {
			t.Errorf("called %s", r.URL)
		}
		if calls.Add(1) < 3 {
			w.WriteHeader(http.StatusServiceUnavailable)
		}
	}))
	defer control.Close()
	address := strings.TrimPrefix(control.URL, "http://")
	if err := Ready(t.Context(), address, time.Minute); err != nil || calls.Load() != 3 {
		t.Errorf("after %d calls: %v", calls.Load(), err)
	}
	_, port, _ := strings.Cut(address, ":")
	for _, listening := range []string{":" + port, "0.0.0.0:" + port, "[::]:" + port} {
		if err := Ready(t.Context(), listening, time.Minute); err != nil {
			t.Errorf("%s: %v", listening, err)
		}
	}
}

func TestReadyGivesUp(t *testing.T) {
	t.Parallel()
	// It keeps its port: another test could serve on a port that is free again.
	silent := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) {
		panic(http.ErrAbortHandler)
	}))
	defer silent.Close()
	for address, want := range map[string]string{
		strings.TrimPrefix(silent.URL, "http://"): "not ready: ", "localhost": "missing port",
	} {
		if err := Ready(t.Context(), address, time.Millisecond); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: got %v, want %s", address, err, want)
		}
	}
}

// The error says what was wrong, not that the time was over.
func TestReadyReportsTheLastResponse(t *testing.T) {
	t.Parallel()
	ctx, cancel := context.WithCancel(t.Context())
	var calls atomic.Int32
	broken := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		if calls.Add(1) == 2 {
			cancel()
		}
		w.WriteHeader(http.StatusNotFound)
	}))
	defer broken.Close()
	err := Ready(ctx, strings.TrimPrefix(broken.URL, "http://"), time.Minute)
	if err == nil || !strings.HasSuffix(err.Error(), "/healthz: 404 Not Found") {
		t.Errorf("got %v", err)
	}
}
