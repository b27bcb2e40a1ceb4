package main

import (
	"bytes"
	"context"
	"crypto/rand"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"net/url"
	"os"
	"regexp"
	"strings"
	"sync"
	"time"

	"github.com/spf13/cobra"

	"github.com/quecloud/quecloud-go"
)

// callbacksCommand returns the commands that receive and resend callbacks.
func (a *app) callbacksCommand() *cobra.Command {
	cmd := a.group(group{name: "callbacks", short: "Receive callbacks, print, forward, save and resend them"})
	cmd.AddCommand(a.listenCommand(), a.resendCommand())
	return cmd
}

// Kinds of callbacks.
const (
	kindSMS   = "sms"
	kindOrder = "order"
)

// A listener receives callbacks.
type listener struct {
	*app
	addr, public, token, save string
	forward                   map[string]*string // URLs by kind
	client                    *http.Client
	mu                        sync.Mutex // guards output and file
	file                      *os.File
	cut                       bool // the last line of the file has no end
}

// A savedCallback is a line of the file of --save.
type savedCallback struct {
	Kind        string    `json:"kind"`
	ReceivedAt  time.Time `json:"received_at"`
	ContentType string    `json:"content_type"`
	Body        []byte    `json:"body"` // as it came, base64
}

// forwardTimeout is how long a receiver may take.
const forwardTimeout = 10 * time.Second

// newForwardClient returns a client that follows no redirect, which would lose the body of the callback.
func newForwardClient() *http.Client {
	return &http.Client{Timeout: forwardTimeout, CheckRedirect: func(*http.Request, []*http.Request) error {
		return http.ErrUseLastResponse
	}}
}

// parseReceiver returns the URL of a receiver.
func parseReceiver(target string) (u *url.URL, ok bool) {
	u, err := url.Parse(target)
	return u, err == nil && u.Host != "" && (u.Scheme == "http" || u.Scheme == "https")
}

func (a *app) listenCommand() *cobra.Command {
	t := a.texts.get
	l := &listener{
		app: a, forward: map[string]*string{kindSMS: new(string), kindOrder: new(string)}, client: newForwardClient(),
	}
	cmd := &cobra.Command{
		Use: "listen", Short: t("Receive callbacks, and respond as the platform expects"), Args: a.checkArgs(spec{}),
		RunE: func(cmd *cobra.Command, _ []string) error { return l.listen(cmd.Context()) },
	}
	f := cmd.Flags()
	f.StringVar(&l.addr, "addr", "127.0.0.1:8081", t("address to listen at"))
	f.StringVar(&l.public, "public", "",
		t("address under which the platform reaches it, such as https://example.com/hooks"))
	f.StringVar(&l.token, "token", "",
		t("token of the callbacks, a new one by default; QUECLOUD_CALLBACK_TOKEN keeps it off the command line"))
	f.StringVar(l.forward[kindSMS], "forward-sms", "",
		t("URL that gets the original SMS callbacks; its failure is the response"))
	f.StringVar(l.forward[kindOrder], "forward-order", "",
		t("URL that gets the original order callbacks; its failure is the response"))
	f.StringVar(&l.save, "save", "", t("file to which callbacks are appended, for quecloud callbacks resend"))
	return cmd
}

// tokens are the tokens that no proxy changes in a URL.
var tokens = regexp.MustCompile(`^[A-Za-z0-9._~-]+$`)

func (l *listener) listen(ctx context.Context) error {
	if l.token == "" {
		l.token = l.getenv("QUECLOUD_CALLBACK_TOKEN")
	}
	if l.token == "" {
		l.token = rand.Text()
	}
	if !tokens.MatchString(l.token) {
		return usageError{l.texts.get("the token may have the characters A-Z, a-z, 0-9 and -._~ only")}
	}
	for kind, target := range l.forward {
		if _, ok := parseReceiver(*target); *target != "" && !ok {
			return usageError{fmt.Sprintf(l.texts.get("--forward-%s: want a URL"), kind)}
		}
	}
	if l.dry("listen at %s", l.addr) {
		return nil
	}
	if l.save != "" {
		f, err := os.OpenFile(l.save, os.O_CREATE|os.O_APPEND|os.O_RDWR, 0o600)
		if err != nil {
			return err
		}
		defer f.Close()
		l.file = f
		if l.cut, err = endsInLine(f); err != nil {
			return err
		}
	}
	at, err := net.Listen("tcp", l.addr)
	if err != nil {
		return err
	}
	public := strings.TrimSuffix(l.public, "/")
	if public == "" {
		public = "http://" + at.Addr().String()
	}
	fmt.Fprintln(l.errOut, l.texts.get("register at the platform, under API管理 → 通知配置:"))
	fmt.Fprintf(l.errOut, "  %s  %s/quecloud/sms?token=%s\n", l.texts.get("SMS"), public, url.QueryEscape(l.token))
	fmt.Fprintf(l.errOut, "  %s  %s/quecloud/order?token=%s\n", l.texts.get("orders"), public, url.QueryEscape(l.token))
	return serve(ctx, at, l.handler())
}

// endsInLine reports whether the last line of a file has no end, because its writer was killed.
func endsInLine(f *os.File) (bool, error) {
	info, err := f.Stat()
	if err != nil || info.Size() == 0 {
		return false, err
	}
	var last [1]byte
	_, err = f.ReadAt(last[:], info.Size()-1)
	return last[0] != '\n', err
}

// readTimeout is how long a callback may take to arrive.
const readTimeout = 30 * time.Second

// serve serves until ctx ends.
func serve(ctx context.Context, at net.Listener, handler http.Handler) error {
	srv := &http.Server{Handler: handler, ReadHeaderTimeout: 10 * time.Second, ReadTimeout: readTimeout}
	served := make(chan error, 1)
	go func() { served <- srv.Serve(at) }()
	select {
	case err := <-served:
		return err
	case <-ctx.Done():
	}
	last, cancel := context.WithTimeout(context.WithoutCancel(ctx), forwardTimeout)
	defer cancel()
	return srv.Shutdown(last)
}

// bodyKey is the key of the original body in the context of a callback.
type bodyKey struct{}

func (l *listener) handler() http.Handler {
	options := []quecloud.HandlerOption{
		quecloud.WithCallbackToken(l.token), quecloud.WithProbes(),
		quecloud.WithCallbackLogger(slog.New(slog.NewTextHandler(l.errOut, nil))),
	}
	mux := http.NewServeMux()
	mux.Handle("/quecloud/sms", keepBody(quecloud.NewSMSHandler(func(ctx context.Context, e *quecloud.SMSEvent) error {
		return l.receive(ctx, kindSMS, recordOf(e))
	}, options...)))
	mux.Handle("/quecloud/order", keepBody(quecloud.NewOrderHandler(func(ctx context.Context,
		e *quecloud.OrderEvent) error {
		return l.receive(ctx, kindOrder, recordOf(e))
	}, options...)))
	return mux
}

// keepBody keeps the original body of a request, up to a limit that the handler has too.
func keepBody(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		var body bytes.Buffer
		r.Body = struct {
			io.Reader
			io.Closer
		}{io.TeeReader(r.Body, &body), r.Body}
		kept := &savedCallback{ContentType: r.Header.Get("Content-Type"), ReceivedAt: time.Now()}
		r = r.WithContext(context.WithValue(r.Context(), bodyKey{}, func() savedCallback {
			kept.Body = body.Bytes()
			return *kept
		}))
		next.ServeHTTP(w, r)
	})
}

// receive prints, saves and forwards an event. Its error has the platform told that the callback failed.
func (l *listener) receive(ctx context.Context, kind string, event record) error {
	original, _ := ctx.Value(bodyKey{}).(func() savedCallback)
	callback := original()
	callback.Kind = kind
	if err := l.keep(callback, event); err != nil {
		return err
	}
	if target := *l.forward[kind]; target != "" {
		return forward(ctx, l.client, target, callback)
	}
	return nil
}

// keep prints and saves an event.
func (l *listener) keep(callback savedCallback, event record) error {
	l.mu.Lock()
	defer l.mu.Unlock()
	event.fields = append([]field{{"kind", callback.Kind}}, event.fields...)
	if l.file != nil {
		line, err := marshal(callback)
		if err != nil {
			return err
		}
		line = append(line, '\n')
		if l.cut {
			line = append([]byte("\n"), line...)
		}
		_, err = l.file.Write(line)
		l.cut = err != nil
		if err != nil {
			return err
		}
	}
	if l.output.form == formTable {
		return l.printLine(event)
	}
	return l.output.rows(func(yield func(record, error) bool) { yield(event, nil) }, nil)
}

// printLine prints an event on a line of the terminal.
func (l *listener) printLine(event record) error {
	parts := []string{time.Now().Format(time.TimeOnly)}
	for _, f := range event.fields {
		if value := text(f.value); value != "" {
			parts = append(parts, f.column+"="+printable(value))
		}
	}
	_, err := fmt.Fprintln(l.out, strings.Join(parts, "  "))
	return err
}

// forward sends a callback to a receiver, which must respond with the body success.
func forward(ctx context.Context, client *http.Client, target string, callback savedCallback) error {
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, target, bytes.NewReader(callback.Body))
	if err != nil {
		return err
	}
	req.Header.Set("Content-Type", callback.ContentType)
	resp, err := client.Do(req)
	if sending, ok := errors.AsType[*url.Error](err); ok {
		return fmt.Errorf("forward: %w", sending.Err) // omits the URL, which may hold a token
	}
	if err != nil {
		return err
	}
	defer resp.Body.Close()
	body, err := io.ReadAll(io.LimitReader(resp.Body, 1024))
	if err != nil {
		return fmt.Errorf("forward: %w", err)
	}
	if want := expected(callback.Kind); resp.StatusCode/100 != 2 || !want.met(body) {
		return fmt.Errorf("forward: want a 2xx status and %s, got %d and %.100q", want.text, resp.StatusCode, body)
	}
	return nil
}

// An expectation is what a receiver must answer to a callback.
type expectation struct {
	text string
	met  func(body []byte) bool
}

// expected returns what the platform expects in response to a kind of callback.
func expected(kind string) expectation {
	if kind == kindOrder {
		return expectation{`a JSON object with the code 200`, func(body []byte) bool {
			var response struct{ Code int }
			return json.Unmarshal(body, &response) == nil && response.Code == 200
		}}
	}
	return expectation{"the body success", func(body []byte) bool { return string(body) == "success" }}
}
