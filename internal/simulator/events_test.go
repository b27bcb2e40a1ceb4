package simulator

import (
	"bufio"
	"encoding/json"
	"io"
	"log"
	"net/http"
	"net/http/httptest"
	"regexp"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/quecloud/quecloud-go"
	"github.com/quecloud/quecloud-go/quecloudtest"
)

// streamOf returns what GET /events streams while happens runs and the stand-in lives, and the number of writes.
func streamOf(
	t *testing.T, query string, header http.Header, happens func(*testing.T, *quecloudtest.Server),
) (text string, writes int) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		sim := quecloudtest.NewUnstartedServer(quecloudtest.WithTime(time.Date(2026, 3, 10, 12, 0, 0, 0, time.UTC)))
		_, err := sim.Client().Billing.Account(t.Context()) // update 1
		if err != nil {
			t.Error(err)
		}
		w := &countingRecorder{ResponseRecorder: httptest.NewRecorder()}
		r := httptest.NewRequest(http.MethodGet, "/events"+query, nil)
		r.Host = "localhost"
		control := New(sim, log.New(io.Discard, "", 0))
		for name, values := range header {
			r.Header.Set(name, strings.ReplaceAll(values[0], "THIS", control.epoch))
		}
		done := make(chan struct{})
		go func() {
			defer close(done)
			control.Handler().ServeHTTP(w, r)
		}()
		synctest.Wait()
		happens(t, sim)
		time.Sleep(time.Second)
		sim.Close()
		<-done
		if got := w.Header().Get("Content-Type"); !strings.HasPrefix(got, "text/event-stream") {
			t.Errorf("the content type is %s", got)
		}
		text, writes = w.Body.String(), w.writes
	})
	return text, writes
}

type countingRecorder struct {
	*httptest.ResponseRecorder
	writes int
}

func (w *countingRecorder) WriteString(s string) (int, error) {
	w.writes++
	return w.ResponseRecorder.WriteString(s)
}

func (w *countingRecorder) Unwrap() http.ResponseWriter { return w.ResponseRecorder }

// eventLines returns the IDs and names of the events in a stream.
func eventLines(stream string) string {
	var all []string
	event := regexp.MustCompile(`(?m)^id: \w+-(\d+)\nevent: (\w+)\ndata: \{.*\}\n\n`)
	for _, m := range event.FindAllStringSubmatch(stream, -1) {
		all = append(all, m[1]+" "+m[2])
	}
	return strings.Join(all, ", ")
}

func TestEventsStream(t *testing.T) {
	t.Parallel()
	happens := func(t *testing.T, sim *quecloudtest.Server) {
		_ = sim.Client().Cards.Pause(t.Context(), quecloud.MSISDN(aCard))
		sim.Deposit(1, "")
		sim.Advance(time.Minute)
	}
	for _, test := range []struct {
		name, query string
		header      http.Header
		want        string
	}{
		{name: "new ones", want: "2 card, 3 request, 4 wallet, 5 clock"},
		{name: "all", query: "?since=0", want: "1 request, 2 card, 3 request, 4 wallet, 5 clock"},
		{name: "of a kind", query: "?since=0&kind=request", want: "1 request, 3 request"},
		{
			name: "after a reconnect", query: "?since=0", header: http.Header{"Last-Event-Id": {"THIS-1"}},
			want: "2 card, 3 request, 4 wallet, 5 clock",
		},
		{
			name: "after a restart of the simulator", header: http.Header{"Last-Event-Id": {"other-1"}},
			want: "1 gap, 2 card, 3 request, 4 wallet, 5 clock",
		},
		{
			name: "of a kind after a restart", query: "?kind=clock", header: http.Header{"Last-Event-Id": {"other-1"}},
			want: "1 gap, 5 clock",
		},
	} {
		stream, _ := streamOf(t, test.query, test.header, happens)
		if got := eventLines(stream); got != test.want || !strings.HasPrefix(stream, "retry: 1000\n\n") {
			t.Errorf("%s: got %s, want %s\n%s", test.name, got, test.want, stream)
		}
	}
}

func TestEventsAreDocumented(t *testing.T) {
	t.Parallel()
	var doc object
	if err := json.Unmarshal(openAPI, &doc); err != nil {
		t.Fatal(err)
	}
	c := checker{schemas: doc["components"].(object)["schemas"].(object)}
	sim, h := newBusyControl(t)
	sim.ReceiveSMS(aCard, "x")
	w := httptest.NewRecorder()
	r := httptest.NewRequest(http.MethodGet, "/events?since=0", nil)
	r.Host = "localhost"
	sim.Close() // the stream ends after what is known
	h.ServeHTTP(w, r)
	kinds := map[string]bool{}
	for _, m := range regexp.MustCompile(`(?m)^event: (\w+)\ndata: (.*)$`).FindAllStringSubmatch(w.Body.String(), -1) {
		kinds[m[1]] = true
		var value any
		if err := json.Unmarshal([]byte(m[2]), &value); err != nil {
			t.Fatal(err)
		}
		for _, problem := range c.check(object{"$ref": "#/components/schemas/Update"}, value, m[1]) {
			t.Error(problem)
		}
	}
	for _, kind := range []string{"request", "delivery", "order", "sms", "received", "card"} {
		if !kinds[kind] {
			t.Errorf("no event %s", kind)
		}
	}
}

// TestEventsShareWrites counts the writes for many updates, a millisecond apart and without a pause.
func TestEventsShareWrites(t *testing.T) {
	t.Parallel()
	stream, writes := streamOf(t, "", nil, func(_ *testing.T, sim *quecloudtest.Server) {
		for range 1000 {
			sim.Deposit(1, "")
			time.Sleep(time.Millisecond)
		}
		for range 1000 {
			sim.Deposit(1, "")
		}
	})
	if n := strings.Count(stream, "event: wallet"); n != 2000 || writes < 10 || writes > 40 {
		t.Errorf("%d events in %d writes", n, writes)
	}
}

func TestEventsHaveAHeartbeat(t *testing.T) {
	t.Parallel()
	stream, _ := streamOf(t, "", nil, func(*testing.T, *quecloudtest.Server) { time.Sleep(time.Minute) })
	if n := strings.Count(stream, "\n: still here\n"); n != 4 {
		t.Errorf("%d heartbeats in a minute: %s", n, stream)
	}
}

// TestEventsEndWithTheServer reads events from a real server until it is shut down.
func TestEventsEndWithTheServer(t *testing.T) {
	t.Parallel()
	sim := quecloudtest.NewUnstartedServer()
	server := httptest.NewServer(controlOf(sim))
	defer server.Close() // waits for open streams
	defer sim.Close()
	resp, err := http.Get(server.URL + "/events?since=0")
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	sim.Deposit(1, "")
	lines := bufio.NewScanner(resp.Body)
	for lines.Scan() {
		if lines.Text() == "event: wallet" {
			sim.Close()
		}
	}
	if err := lines.Err(); err != nil {
		t.Errorf("the stream ended with %v", err)
	}
}

func TestEventsRefuseAnInvalidID(t *testing.T) {
	t.Parallel()
	_, h := newControl(t)
	r := httptest.NewRequest(http.MethodGet, "/events", nil)
	r.Host = "localhost"
	r.Header.Set("Last-Event-ID", "x")
	w := httptest.NewRecorder()
	if h.ServeHTTP(w, r); w.Code != http.StatusBadRequest || !strings.Contains(w.Body.String(), "Last-Event-ID") {
		t.Errorf("got %d %s", w.Code, w.Body)
	}
}
