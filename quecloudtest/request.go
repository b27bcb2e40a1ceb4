package quecloudtest

import (
	"maps"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"time"
	"unicode/utf8"
)

// A Request records one request that the server received, and its outcome.
type Request struct {
	ID          int64             `json:"id"`          // 1 for the first that the server recorded
	Time        time.Time         `json:"time"`        // by the server's clock
	Arrived     time.Time         `json:"arrived"`     // by the real clock
	Verb        string            `json:"verb"`        // HTTP method
	Origin      string            `json:"origin"`      // scheme and host of the URL, such as http://127.0.0.1:8080
	Path        string            `json:"path"`        // of the URL
	Header      http.Header       `json:"header"`      // values of headers that may hold secrets are hidden
	InQuery     []string          `json:"inQuery"`     // names of the parameters in the query; the body has the others
	Method      string            `json:"method"`      // fc.function.…, as sent, known or not
	Params      map[string]string `json:"params"`      // all parameters but sign
	Sign        string            `json:"sign"`        // signature, as sent
	SignatureOK bool              `json:"signatureOK"` // the signature is right, even if the rest is wrong

	Mismatch *SignatureMismatch `json:"mismatch"` // why the signature is wrong; nil when it is right

	Accepted bool   `json:"accepted"` // verb, form, signature, parameters and cards are right
	Executed bool   `json:"executed"` // the call took effect, even if a fault then cut the response
	Reason   string `json:"reason"`   // errorMessage of a refusal by the protocol, the method or a fault

	Faults     []string      `json:"faults"`     // faults that applied
	ResultCode int           `json:"resultCode"` // of the response, before a fault changed it
	HTTPStatus int           `json:"httpStatus"` // of the response; 0: the connection was cut
	Duration   time.Duration `json:"duration"`   // from the arrival to the response

	Response     string `json:"response"`     // first 4 KiB of the response's body; empty for a file
	ResponseSize int    `json:"responseSize"` // length of the response's body as it was sent
}

// Requests returns the requests received so far, oldest first; see [WithRequestLimit].
func (s *Server) Requests() []Request {
	s.callsMu.Lock()
	defer s.callsMu.Unlock()
	return append([]Request{}, s.requests.all()...)
}

// RequestsOf returns the requests received so far for one method, oldest first. The prefix fc.function. is optional.
func (s *Server) RequestsOf(method string) []Request {
	all := s.Requests()
	return slices.DeleteFunc(all, func(r Request) bool {
		return strings.TrimPrefix(r.Method, methodPrefix) != strings.TrimPrefix(method, methodPrefix)
	})
}

const (
	maxRequestBytes   = 32 << 20 // of the requests that the server remembers
	maxRecordedHeader = 4 << 10  // bytes of the headers of a request
	maxRecordedBody   = 4 << 10  // bytes of a response
)

// hidden replaces a value that may be a secret.
const hidden = "(hidden)"

// secretHeader reports whether a header may hold a secret.
func secretHeader(name string) bool {
	name = strings.ToLower(name)
	return slices.ContainsFunc([]string{"auth", "cookie", "secret", "token", "key", "passw", "sign", "session"},
		func(word string) bool { return strings.Contains(name, word) })
}

// recordedHeader returns the headers to remember, with hidden secrets. It leaves out headers that exceed the limit.
func recordedHeader(all http.Header) http.Header {
	kept, size := make(http.Header, len(all)), 0
	for _, name := range slices.Sorted(maps.Keys(all)) {
		values := all[name]
		if secretHeader(name) {
			values = []string{hidden}
		}
		more := 0
		for _, value := range values {
			more += len(name) + len(value)
		}
		if size+more <= maxRecordedHeader {
			kept[name] = slices.Clone(values)
			size += more
		}
	}
	return kept
}

// queryNames returns the names of the parameters in a query, sorted.
func queryNames(u *url.URL) []string {
	names := []string{}
	for name := range u.Query() {
		names = append(names, name)
	}
	slices.Sort(names)
	return names
}

// excerpt returns the first bytes of the body and the length of the body as it is sent. A body that is not text has no
// excerpt.
func (resp response) excerpt() (text string, size int) {
	if resp.status == 0 {
		return "", 0
	}
	if size = resp.length; resp.cutAt >= 0 {
		size = min(size, resp.cutAt)
	}
	var body []byte
	for _, part := range resp.parts {
		body = append(body, part[:min(len(part), maxRecordedBody-len(body))]...)
	}
	body = body[:min(len(body), size)]
	for n := 0; n < utf8.UTFMax && len(body) > 0 && !utf8.Valid(body) && len(body) < size; n++ {
		body = body[:len(body)-1] // a character that the limit cut
	}
	if !utf8.Valid(body) {
		return "", size
	}
	return string(body), size
}

// size returns the approximate memory of the request.
func (r *Request) size() int {
	size := len(r.Origin) + len(r.Path) + len(r.Response)
	if r.Mismatch != nil {
		size += len(r.Mismatch.Text)
	}
	for name, value := range r.Params {
		size += len(name) + len(value)
	}
	for name, values := range r.Header {
		size += len(name)
		for _, value := range values {
			size += len(value)
		}
	}
	return size
}

// record remembers a request and calls the observer.
func (s *Server) record(req Request) {
	if req.Faults == nil {
		req.Faults = []string{}
	}
	s.callsMu.Lock()
	req.ID = int64(s.requests.added) + 1
	s.requests.add(req)
	s.updates.add(Update{Time: req.Time, Kind: UpdateRequest, Request: &req})
	s.requestBytes += req.size()
	for s.requests.len() > s.requestLimit || s.requestBytes > maxRequestBytes && s.requests.len() > 1 {
		oldest := s.requests.forget()
		s.requestBytes -= oldest.size()
	}
	s.callsMu.Unlock()
	s.observe(req)
}
