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
	"testing/synctest"
	"time"

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

func TestCallbacksSavedAfterACutLineAreWhole(t *testing.T) {
	srv := quecloudtest.NewServer(quecloudtest.WithCallbackRetries(0))
	defer srv.Close()
	to := newReceiver(t)
	saved := filepath.Join(t.TempDir(), "saved.jsonl")
	sms, _, stop := startListener(t, srv, "--save", saved)
	srv.SetSMSCallback(sms)
	srv.ReceiveSMS("1064800000000", "door open")
	stop()
	info, err := os.Stat(saved)
	require.NoError(t, err)
	assert.Equal(t, os.FileMode(0o600), info.Mode(), "the events are personal")
	line, err := os.ReadFile(saved)
	require.NoError(t, err)
	cut := append(append(line, "{\"no\":\"callback\"}\n"...), line[:len(line)/2]...)
	require.NoError(t, os.WriteFile(saved, cut, 0o600))
	sms, _, stop = startListener(t, srv, "--save", saved)
	srv.SetSMSCallback(sms)
	srv.ReceiveSMS("1064800000000", "door shut")
	stop()

	code, out, errOut := invoke(t, srv, "callbacks", "resend", saved, "--to", to.URL)
	assert.Equal(t, exitPartly, code, errOut)
	assert.Equal(t, 2, strings.Count(out, `"outcome":"no saved callback"`), out)
	require.Len(t, to.received(), 2, "those before and after the lines that are no callbacks")
	assert.Contains(t, to.received()[1], "door shut")
	code, _, errOut = invoke(t, srv, "callbacks", "resend", saved, "--to", to.URL, "-n", "4")
	assert.Equal(t, exitDone, code, errOut)
}

func TestCallbacksListenAnswersProbesAndRefusesHugeBodies(t *testing.T) {
	srv := quecloudtest.NewServer()
	defer srv.Close()
	saved := filepath.Join(t.TempDir(), "saved.jsonl")
	sms, _, stop := startListener(t, srv, "--save", saved)
	resp, err := http.Get(sms)
	require.NoError(t, err)
	require.NoError(t, resp.Body.Close())
	assert.Equal(t, http.StatusOK, resp.StatusCode)
	huge := struct{ io.Reader }{strings.NewReader(strings.Repeat(" ", quecloud.DefaultBodyLimit+1))} // of unknown length
	resp, err = http.Post(sms, "application/json", huge)
	require.NoError(t, err)
	require.NoError(t, resp.Body.Close())
	assert.Equal(t, http.StatusRequestEntityTooLarge, resp.StatusCode)
	assert.Empty(t, stop())
	content, err := os.ReadFile(saved)
	require.NoError(t, err)
	assert.Empty(t, content)
}

// A client that follows a redirect turns the POST into a GET without the callback.
func TestCallbacksAreNotForwardedElsewhere(t *testing.T) {
	srv := quecloudtest.NewServer(quecloudtest.WithCallbackRetries(0))
	defer srv.Close()
	to := newReceiver(t)
	moved := httptest.NewServer(http.RedirectHandler(to.URL, http.StatusFound))
	defer moved.Close()
	saved := filepath.Join(t.TempDir(), "saved.jsonl")
	sms, _, stop := startListener(t, srv, "--save", saved, "--forward-sms", moved.URL)
	srv.SetSMSCallback(sms)
	srv.ReceiveSMS("1064800000000", "door open")
	assert.Error(t, srv.Deliveries()[0].Err)
	stop()
	code, out, _ := invoke(t, srv, "callbacks", "resend", saved, "--to", moved.URL)
	assert.Equal(t, exitFailed, code)
	assert.Contains(t, out, "got 302")
	assert.Empty(t, to.received())
}

func TestCallbacksShowNoTokenOfAReceiver(t *testing.T) {
	srv := quecloudtest.NewServer(quecloudtest.WithCallbackRetries(0))
	defer srv.Close()
	saved := filepath.Join(t.TempDir(), "saved.jsonl")
	sms, _, stop := startListener(t, srv, "--save", saved)
	srv.SetSMSCallback(sms)
	srv.ReceiveSMS("1064800000000", "door open")
	stop()
	for _, test := range []struct{ to, flag string }{
		{to: "http://user:hush@127.0.0.1:1/hush?token=hush"},
		{to: "http://user:hush@127.0.0.1:1/hush?token=hush", flag: "--dry-run"},
		{to: "gopher://user:hush@127.0.0.1:1/hush?token=hush"},
		{to: "http://127.0.0.1:1/%zz?token=hush"},
	} {
		args := []string{"callbacks", "resend", saved, "--to", test.to}
		if test.flag != "" {
			args = append(args, test.flag)
		}
		code, out, errOut := invoke(t, srv, args...)
		assert.NotContains(t, out+errOut, "hush", test.to)
		assert.Equal(t, test.flag == "", code != exitDone, "%s: %s", test.to, errOut)
		code, out, errOut = invoke(t, srv, "callbacks", "listen", "--addr", "127.0.0.1:bad", "--forward-sms", test.to)
		assert.NotZero(t, code)
		assert.NotContains(t, out+errOut, "hush", test.to)
	}
	code, _, errOut := invoke(t, srv, "callbacks", "listen", "--addr", "127.0.0.1:bad", "--forward-order", "gopher://a")
	assert.Equal(t, exitUsage, code, errOut)
}

// The sender of a callback waits no longer than a receiver may take.
func TestCallbacksDoNotWaitForASlowReceiver(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		client := newForwardClient()
		client.Transport = transport(func(r *http.Request) (*http.Response, error) {
			<-r.Context().Done()
			return nil, r.Context().Err()
		})
		began := time.Now()
		err := forward(t.Context(), client, "http://127.0.0.1/?token=hush", savedCallback{Kind: kindSMS})
		require.ErrorContains(t, err, "forward: ")
		assert.NotContains(t, err.Error(), "hush")
		assert.Equal(t, forwardTimeout, time.Since(began))
	})
}

// A transport is a function.
type transport func(*http.Request) (*http.Response, error)

func (f transport) RoundTrip(r *http.Request) (*http.Response, error) { return f(r) }
