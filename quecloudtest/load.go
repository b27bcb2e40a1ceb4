package quecloudtest

import (
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"
)

// Reset returns the server to the state that its options gave it: cards, orders, money, clock, faults and all else. It
// forgets requests, deliveries and the history of the cards; their numbers go on. Calls that arrive meanwhile act
// before or after it. A server with a running clock continues with the real time.
func (s *Server) Reset() {
	fresh := NewUnstartedServer(s.initial...)
	fresh.cancel()
	s.replace(fresh)
}

// Load replaces the state of the server by a snapshot or a scenario: a [State] in JSON. A scenario is a snapshot that
// leaves members out:
//
//	{
//	  "time": "2026-03-31T23:00:00+08:00",
//	  "cards": [
//	    {"msisdn": "1064800000000", "status": "停机", "pauseReason": "主动停机"},
//	    {"billingID": 11, "usage": {"2026-03-30": 29.5}, "voice": "open"}
//	  ],
//	  "wallet": {"balance": "20.00"},
//	  "faults": [{"fault": {"kind": "status", "status": 503, "on": ["card.info"], "times": 2}}]
//	}
//
// Load starts from the state of [Server.Reset], so that the result depends on nothing that happened before. It is
// strict: an unknown member or an invalid value is an error that names the member, such as
//
//	cards[1].status: invalid Status "x"
//
// and changes nothing. Due callbacks go out after Load returns; see [Server.WaitCallbacks].
func (s *Server) Load(state []byte) error {
	fresh := NewUnstartedServer(s.initial...)
	fresh.cancel()
	if err := fresh.load(state); err != nil {
		return fmt.Errorf("quecloudtest: Load: %w", err)
	}
	s.replace(fresh)
	return nil
}

// replace takes the state of a server that nothing else uses.
func (s *Server) replace(fresh *Server) {
	s.mu.Lock()
	s.callsMu.Lock()
	s.world, s.faults, s.injections = fresh.world, fresh.faults, fresh.injections
	s.fleet.watch = s.watchCard
	s.requests.clear()
	s.requestBytes = 0
	s.callsMu.Unlock()
	s.delivered.clear()
	s.era++
	if s.timer != nil {
		s.timer.Stop()
	}
	s.updates.add(Update{Time: s.clock.now(), Kind: UpdateReset})
	s.runDue()
	s.mu.Unlock()
	s.startDelivering()
}

const (
	maxYear  = 8999    // of the clock: it may move on, and JSON has times up to the year 9999
	maxGiven = 1 << 52 // of a number: those to come are greater
)

// A loadedState is a State of which some members may be absent.
type loadedState struct {
	State
	Time    *time.Time       `json:"time"`
	Running *bool            `json:"running"`
	Cards   []jsontext.Value `json:"cards"` // decoded over the cards that they change
}

// load changes the state of a new server.
func (s *Server) load(state []byte) error {
	st := loadedState{State: State{
		Version: StateVersion, Dialect: s.dialect,
		Fleet:  FleetState{Seed: s.seed, Size: s.fleet.n, SubAccountCards: s.fleet.subAccounts},
		Delays: Delays{s.orderDelay.Seconds(), s.fileDelay.Seconds(), s.smsDelay.Seconds()},
		Callbacks: CallbackState{
			SMS: s.smsURL, Orders: s.orderURL, Retries: s.retries, RetrySeconds: s.interval.Seconds(),
		},
		Purchases: s.purchases,
	}}
	if err := decodeStrictly(state, &st); err != nil {
		return err
	}
	if st.Version != StateVersion {
		return fmt.Errorf("version: %d, want %d", st.Version, StateVersion)
	}
	if st.Time != nil {
		if y := st.Time.In(cst).Year(); y < 1 || y > maxYear {
			return fmt.Errorf("time: want a time of the years 1 to %d", maxYear)
		}
		s.clock = clock{base: *st.Time}
	}
	if st.Running != nil {
		s.clock = clock{base: s.clock.now()}
		if *st.Running {
			s.clock.started = time.Now()
		}
	}
	l := loader{s, instantOf(s.clock.now())}
	s.checked = l.now.day
	for _, step := range []func(*loadedState) error{
		l.settings, l.groups, l.products, l.fleet, l.cards, l.removed, l.wallet, l.orders, l.messages, l.files,
		l.callbacks, l.faults, l.jobs, l.missingJobs, l.counters,
	} {
		if err := step(&st); err != nil {
			return err
		}
	}
	s.changes, s.fleet.touched = recent[CardChange]{}, nil
	return nil
}

// A loader changes the state of a new server step by step. Its errors begin with the path of a member.
type loader struct {
	*Server
	now instant
}

// at returns an error of a member of a list, or nil.
func at(list string, i int, err *memberError) error {
	if err == nil {
		return nil
	}
	return fmt.Errorf("%s[%d].%s: %s", list, i, err.member, err.text)
}

// decodeStrictly decodes JSON over v. It refuses unknown and duplicate members and anything after the JSON text. The
// error begins with the path of the member.
func decodeStrictly(text []byte, v any) error {
	err := json.Unmarshal(text, v, json.RejectUnknownMembers(true))
	if wrong, ok := errors.AsType[*json.SemanticError](err); ok {
		reason := "unexpected JSON " + kindNames[wrong.JSONKind]
		date, isTime := errors.AsType[*time.ParseError](wrong.Err)
		switch {
		case errors.Is(wrong.Err, json.ErrUnknownName):
			reason = "unknown member"
		case isTime:
			reason = fmt.Sprintf("%q: want a time such as 2026-03-10T12:00:00+08:00", strings.Trim(date.Value, `"`))
		case wrong.Err != nil:
			reason = strings.TrimPrefix(wrong.Err.Error(), "json: ")
		}
		return pathError(wrong.JSONPointer, reason)
	}
	if wrong, ok := errors.AsType[*jsontext.SyntacticError](err); ok {
		reason := wrong.Err.Error()
		return pathError(wrong.JSONPointer, fmt.Sprintf("%s at byte %d", reason, wrong.ByteOffset))
	}
	return err
}

var kindNames = map[jsontext.Kind]string{
	jsontext.KindNull: "null", jsontext.KindFalse: "boolean", jsontext.KindTrue: "boolean",
	jsontext.KindString: "string", jsontext.KindNumber: "number",
	jsontext.KindBeginObject: "object", jsontext.KindBeginArray: "array",
}

// pathError returns an error that begins with the path of a member, such as cards[3].status.
func pathError(pointer jsontext.Pointer, reason string) error {
	var path strings.Builder
	for token := range pointer.Tokens() {
		switch {
		case strings.Trim(token, "0123456789") == "" && path.Len() > 0:
			path.WriteString("[" + token + "]")
		case path.Len() > 0:
			path.WriteString("." + token)
		default:
			path.WriteString(token)
		}
	}
	if path.Len() == 0 {
		return errors.New(reason)
	}
	return fmt.Errorf("%s: %s", &path, reason)
}
