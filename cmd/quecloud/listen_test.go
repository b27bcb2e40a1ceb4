//go:build unix

package main

import (
	"bufio"
	"bytes"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"sync"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/quecloud/quecloud-go"
	"github.com/quecloud/quecloud-go/quecloudtest"
)

// A receiver receives forwarded callbacks.
type receiver struct {
	*httptest.Server
	mu       sync.Mutex
	bodies   []string
	response string
}

func newReceiver(t *testing.T) *receiver {
	r := &receiver{response: "success"}
	r.Server = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, req *http.Request) {
		body, err := io.ReadAll(req.Body)
		r.mu.Lock()
		defer r.mu.Unlock()
		if err == nil {
			r.bodies = append(r.bodies, req.Header.Get("Content-Type")+" "+string(body))
		}
		_, _ = io.WriteString(w, r.response) // fails when the client has gone
	}))
	t.Cleanup(r.Close)
	return r
}

func (r *receiver) answer(response string) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.response = response
}

func (r *receiver) received() []string {
	r.mu.Lock()
	defer r.mu.Unlock()
	return append([]string(nil), r.bodies...)
}

// startListener starts the listener as another process, and returns the addresses that it prints.
func startListener(t *testing.T, srv *quecloudtest.Server, args ...string) (sms, order string, stop func() string) {
	cmd := command(t, srv, t.TempDir(), append([]string{"callbacks", "listen", "--addr", "127.0.0.1:0"}, args...)...)
	var stdout bytes.Buffer
	cmd.Stdout = &stdout
	stderr, err := cmd.StderrPipe()
	require.NoError(t, err)
	require.NoError(t, cmd.Start())
	lines := bufio.NewScanner(stderr)
	address := regexp.MustCompile(`http://\S+`)
	for order == "" && lines.Scan() {
		switch found := address.FindString(lines.Text()); {
		case strings.Contains(found, "/sms?"):
			sms = found
		case strings.Contains(found, "/order?"):
			order = found
		}
	}
	require.NotEmpty(t, order)
	drained := make(chan struct{})
	go func() { defer close(drained); _, _ = io.Copy(io.Discard, stderr) }()
	return sms, order, func() string {
		require.NoError(t, cmd.Process.Signal(os.Interrupt))
		<-drained
		require.NoError(t, cmd.Wait(), "it ends in peace")
		return stdout.String()
	}
}

func TestCallbacksAreForwardedSavedAndResent(t *testing.T) {
	srv := quecloudtest.NewServer(quecloudtest.WithCallbackRetries(0))
	defer srv.Close()
	to := newReceiver(t)
	saved := filepath.Join(t.TempDir(), "saved.jsonl")
	sms, _, stop := startListener(t, srv, "--save", saved, "--forward-sms", to.URL)
	srv.SetSMSCallback(sms)
	srv.ReceiveSMS("1064800000000", "door open")
	require.Len(t, srv.Deliveries(), 1)
	assert.Equal(t, "success", srv.Deliveries()[0].Response)
	to.answer("success\n<html>")
	srv.ReceiveSMS("1064800000000", "door shut")
	assert.Error(t, srv.Deliveries()[1].Err, "what the receiver refuses is refused")
	out := stop()
	assert.Contains(t, out, `"kind":"sms"`)
	assert.Contains(t, out, `"content":"door open"`)
	require.Len(t, to.received(), 2)
	assert.Contains(t, to.received()[0], "door open")

	code, out, errOut := invoke(t, srv, "callbacks", "resend", saved, "--to", to.URL)
	assert.Equal(t, exitFailed, code, errOut)
	assert.Contains(t, out, "want a 2xx status and the body success")
	to.answer("success")
	code, out, errOut = invoke(t, srv, "callbacks", "resend", saved, "--to", to.URL, "-n", "2")
	assert.Equal(t, exitDone, code, errOut)
	assert.Contains(t, out, `"line":2,"kind":"sms"`)
	all := to.received()
	assert.Equal(t, all[1], all[len(all)-1], "the original body and its type")
	code, _, errOut = invoke(t, srv, "callbacks", "resend", saved, "--to", to.URL, "-n", "7")
	assert.Equal(t, exitUsage, code)
	assert.Contains(t, errOut, "no such callback")
}

func TestCallbacksNeedTheToken(t *testing.T) {
	srv := quecloudtest.NewServer()
	defer srv.Close()
	sms, order, stop := startListener(t, srv)
	for _, address := range []string{sms, order} {
		resp, err := http.Post(strings.Split(address, "?")[0]+"?token=guess", "application/json", strings.NewReader("{}"))
		require.NoError(t, err)
		require.NoError(t, resp.Body.Close())
		assert.Equal(t, http.StatusUnauthorized, resp.StatusCode)
	}
	assert.Empty(t, stop())
}

func TestCallbacksRefuseBadFlags(t *testing.T) {
	srv := quecloudtest.NewServer()
	defer srv.Close()
	for _, args := range [][]string{
		{"callbacks", "listen", "--forward-sms", "nowhere"},
		{"callbacks", "listen", "--token", "has blank"},
		{"callbacks", "resend", "x"},
	} {
		code, _, errOut := invoke(t, srv, args...)
		assert.Equal(t, exitUsage, code, "%v: %s", args, errOut)
	}
}

func TestCallbacksOfOrdersAreForwarded(t *testing.T) {
	srv := quecloudtest.NewServer(quecloudtest.WithCallbackRetries(0))
	defer srv.Close()
	to := newReceiver(t)
	_, order, stop := startListener(t, srv, "--forward-order", to.URL)
	srv.SetOrderCallback(order)
	for i, test := range []struct {
		response string
		accepted bool
	}{{`{"code":200,"msg":""}`, true}, {`success`, false}, {`{"code":500}`, false}} {
		to.answer(test.response)
		_, err := srv.Client().Orders.Recharge(t.Context(), &quecloud.RechargeParams{
			Card: quecloud.ICCID(mobile), ProductID: 50, ProductName: "30M-当月",
		})
		require.NoError(t, err)
		srv.WaitCallbacks()
		require.Len(t, srv.Deliveries(), i+1)
		assert.Equal(t, test.accepted, srv.Deliveries()[i].Err == nil, test.response)
	}
	assert.Contains(t, stop(), `"kind":"order"`)
	assert.Contains(t, to.received()[0], mobile)
}
