package simulator

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"math"
	"net/http"
	"strconv"
	"strings"
	"time"

	"github.com/quecloud/quecloud-go/quecloudtest"
)

const (
	eventPause     = 50 * time.Millisecond // between two writes, so that many updates share one
	eventBatch     = 500                   // updates in a write
	eventHeartbeat = 15 * time.Second
	eventTimeout   = 30 * time.Second // for a write
)

type eventsInput struct {
	Kind  string `query:"kind" enum:"@updates" doc:"kind of the events; default all; gap and reset come always"`
	Since *int64 `query:"since" doc:"ID of the event before the first one; 0 for all that are known; default the last"`
}

// events streams the updates of the stand-in as server-sent events, each with its kind as the name and its ID. A
// client that reconnects sends the header Last-Event-ID and misses nothing, or gets a gap. The stream ends with the
// stand-in.
func (c *Control) events(w http.ResponseWriter, r *http.Request, in eventsInput) error {
	after := c.sim.LastUpdate()
	if in.Since != nil {
		after = *in.Since
	}
	if last := r.Header.Get("Last-Event-ID"); last != "" {
		epoch, id, _ := strings.Cut(last, "-")
		n, err := strconv.ParseInt(id, 10, 64)
		if err != nil || n < 0 {
			return fmt.Errorf("Last-Event-ID: %q: want the ID of an event", last)
		}
		if after = n; epoch != c.epoch {
			after = math.MaxInt64 - 1 // Watch tells of a gap
		}
	}
	ctx, cancel := context.WithCancel(r.Context())
	defer cancel()
	updates := make(chan quecloudtest.Update, eventBatch)
	go func() {
		defer close(updates)
		for u := range c.sim.Watch(ctx, after) {
			if in.Kind != "" && u.Kind != in.Kind && u.Kind != quecloudtest.UpdateGap && u.Kind != quecloudtest.UpdateReset {
				continue
			}
			select {
			case updates <- u:
			case <-ctx.Done():
				return
			}
		}
	}()
	w.Header().Set("Content-Type", "text/event-stream; charset=utf-8")
	stream := eventStream{w: w, writer: http.NewResponseController(w), control: c}
	stream.buf.WriteString("retry: 1000\n\n")
	stream.run(updates)
	return nil
}

// An eventStream writes updates as server-sent events.
type eventStream struct {
	w       http.ResponseWriter
	writer  *http.ResponseController
	control *Control
	buf     bytes.Buffer
}

// run writes updates until their channel is closed or the client is gone.
func (s *eventStream) run(updates <-chan quecloudtest.Update) {
	heartbeat := time.NewTicker(eventHeartbeat)
	defer heartbeat.Stop()
	for s.flush() {
		select {
		case u, ok := <-updates:
			if !ok {
				return
			}
			s.add(&u)
			if !s.collect(updates) {
				s.flush()
				return
			}
		case <-heartbeat.C:
			s.buf.WriteString(": still here\n\n")
		}
	}
}

// collect adds the updates of a short time. It reports whether more may follow.
func (s *eventStream) collect(updates <-chan quecloudtest.Update) bool {
	pause := time.NewTimer(eventPause)
	defer pause.Stop()
	for range eventBatch {
		select {
		case u, ok := <-updates:
			if !ok {
				return false
			}
			s.add(&u)
		case <-pause.C:
			return true
		}
	}
	return true
}

// add appends an event without secrets.
func (s *eventStream) add(u *quecloudtest.Update) {
	if u.Request != nil {
		request := withoutSecrets(*u.Request, s.control.sim.Secret)
		u.Request = &request
	}
	if u.Delivery != nil {
		delivery := hideSecrets(*u.Delivery)
		u.Delivery = &delivery
	}
	fmt.Fprintf(&s.buf, "id: %s-%d\nevent: %s\ndata: ", s.control.epoch, u.ID, u.Kind)
	out := json.NewEncoder(&s.buf) // ends with a line end
	out.SetEscapeHTML(false)
	if err := out.Encode(u); err != nil {
		panic(err) // every update encodes
	}
	s.buf.WriteByte('\n')
}

// flush writes what was added. It reports whether the client is still there.
func (s *eventStream) flush() bool {
	_ = s.writer.SetWriteDeadline(time.Now().Add(eventTimeout)) // a recorder in a test has none
	_, err := io.WriteString(s.w, s.control.hide(s.buf.String()))
	s.buf.Reset()
	return err == nil && s.writer.Flush() == nil
}
