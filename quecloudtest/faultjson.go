package quecloudtest

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"math"
	"slices"
	"strings"
	"time"
)

// faultJSON is the JSON form of a Fault.
type faultJSON struct {
	Kind    string     `json:"kind"`              // see faultKinds
	Code    int        `json:"code,omitempty"`    // of refuse
	Message string     `json:"message,omitempty"` // of refuse
	Status  int        `json:"status,omitempty"`  // of status and html
	Bytes   int        `json:"bytes,omitempty"`   // of truncate and cut-body
	Seconds float64    `json:"seconds,omitempty"` // of latency
	Dialect Dialect    `json:"dialect,omitempty"` // of dialect
	Date    *time.Time `json:"date,omitempty"`    // of wrong-date

	On          []string          `json:"on,omitempty"`
	Times       int               `json:"times,omitempty"`
	Probability *float64          `json:"probability,omitempty"`
	AfterEffect bool              `json:"afterEffect,omitempty"`
	Header      map[string]string `json:"header,omitempty"`
	Body        *rawText          `json:"body,omitempty"`
}

// faultKinds make faults by the names of their constructors in JSON.
var faultKinds = map[string]func(*faultJSON) Fault{
	"refuse":     func(j *faultJSON) Fault { return Refuse(j.Code, j.Message) },
	"status":     func(j *faultJSON) Fault { return HTTPStatus(j.Status) },
	"html":       func(j *faultJSON) Fault { return HTMLPage(j.Status) },
	"garbage":    func(*faultJSON) Fault { return Garbage() },
	"empty":      func(*faultJSON) Fault { return EmptyBody() },
	"cut-before": func(*faultJSON) Fault { return CutBefore() },
	"cut-after":  func(*faultJSON) Fault { return CutAfter() },
	"truncate":   func(j *faultJSON) Fault { return Truncate(j.Bytes) },
	"cut-body":   func(j *faultJSON) Fault { return CutBody(j.Bytes) },
	"latency":    func(j *faultJSON) Fault { return Latency(seconds(j.Seconds)) },
	"dialect":    func(j *faultJSON) Fault { return Speak(j.Dialect) },
	"no-date":    func(*faultJSON) Fault { return NoDate() },
	"wrong-date": func(j *faultJSON) Fault { return WrongDate(*j.Date) },
}

// fault returns the fault, or an error that says which member is wrong.
func (j *faultJSON) fault() (Fault, error) {
	kind := faultKinds[j.Kind]
	switch {
	case kind == nil:
		return Fault{}, fmt.Errorf("kind %q: want one of %s",
			j.Kind, strings.Join(slices.Sorted(maps.Keys(faultKinds)), ", "))
	case j.Kind == "refuse" && j.Code == 0:
		return Fault{}, errors.New("code: result code 0 means success, want another")
	case j.Kind == "wrong-date" && j.Date == nil:
		return Fault{}, errors.New("date: want a time such as 2026-03-01T12:00:00+08:00")
	case !(j.Seconds >= 0 && j.Seconds <= maxSeconds):
		return Fault{}, fmt.Errorf("seconds: want 0 to %d", maxSeconds)
	case j.Bytes < 0 || j.Times < 0:
		return Fault{}, errors.New("bytes and times: want 0 or more")
	}
	f := kind(j)
	if len(j.On) > 0 {
		f = f.On(j.On...)
	}
	f.times = j.Times
	if j.Probability != nil {
		f = f.Probability(*j.Probability)
	}
	f.afterEffect = f.afterEffect || j.AfterEffect
	for name, value := range j.Header {
		f = f.Header(name, value)
	}
	if j.Body != nil {
		f = f.Body(string(*j.Body))
	}
	return f, f.check()
}

// maxSeconds limits durations.
const maxSeconds = 10 * 366 * 24 * 60 * 60

// form returns the JSON form of the fault.
func (f *Fault) form() faultJSON {
	j := faultJSON{
		Kind: f.kind, Code: f.code, Status: f.status, Bytes: f.n, Seconds: f.latency.Seconds(), Dialect: f.dialect,
		On: f.methods, Times: f.times, AfterEffect: f.afterEffect,
	}
	if f.miss > 0 {
		p := math.Round((1-f.miss)*1e15) / 1e15 // 1-0.95 is not 0.05
		j.Probability = &p
	}
	if f.kind == "wrong-date" {
		j.Date = &f.wrongDate
	}
	switch f.action {
	case actionRefuse:
		j.Message = f.body
	case actionReplace:
		if f.kind == "garbage" || f.kind == "empty" {
			j.Status = 0
		}
		body := rawText(f.body)
		j.Body, j.Header = &body, map[string]string{}
		for name := range f.header {
			j.Header[name] = f.header.Get(name)
		}
	case actionNone, actionCut, actionTruncate, actionCutBody:
	}
	return j
}

// MarshalJSON returns an object with the kind of the fault, the arguments of its constructor and how it is narrowed,
// such as {"kind":"status","status":503,"on":["fc.function.card.info"],"times":2}. The kinds are refuse (code,
// message), status and html (status), garbage, empty, cut-before, cut-after, truncate and cut-body (bytes), latency
// (seconds), dialect (dialect), no-date and wrong-date (date). The members on, times, probability, afterEffect, header
// and body stand for the methods of Fault.
func (f Fault) MarshalJSON() ([]byte, error) { return encodeJSON(f.form()) }

// UnmarshalJSON reads the form of [Fault.MarshalJSON]. It refuses unknown members and invalid values.
func (f *Fault) UnmarshalJSON(b []byte) error {
	var j faultJSON
	in := json.NewDecoder(bytes.NewReader(b))
	in.DisallowUnknownFields()
	if err := in.Decode(&j); err != nil {
		return err
	}
	made, err := j.fault()
	if err == nil {
		*f = made
	}
	return err
}
