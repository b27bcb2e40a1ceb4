package quecloudtest

import (
	"errors"
	"fmt"
	"io"
	"mime"
	"mime/multipart"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"
)

const (
	codeRefused      = 1     // every other refusal; the only refusal in the vendor's examples
	codeUnauthorized = 70031 // a verb other than POST
	maxSkew          = 300 * time.Second
	maxBody          = 8 << 20
)

// A refusal is a response with a resultCode other than 0.
type refusal struct {
	code    int
	message string
	orderNo string // number of an earlier order, or empty
}

func (r *refusal) Error() string { return r.message }

// refuse returns a refusal with resultCode 1. Of long texts it quotes the start.
func refuse(format string, args ...any) error {
	const limit = 60 // characters
	for i, arg := range args {
		if text, ok := arg.(string); ok && utf8.RuneCountInString(text) > limit {
			args[i] = string([]rune(text)[:limit]) + "…"
		}
	}
	return &refusal{code: codeRefused, message: fmt.Sprintf(format, args...)}
}

// A call is an accepted request and its response.
type call struct {
	method *method
	params map[string]string
	now    instant

	card    card     // of a call for one card
	cards   []int    // places of the cards of a list
	unknown []string // numbers of a list that no card has, or several
	byICCID bool     // the list has ICCIDs

	out         encoder // members of the response
	code        int
	message     string // the errorMessage; empty means null
	raw         []byte // body of a response that is not an object
	contentType string // of raw
}

// integer returns a parameter that is an integer by its rule, or 0 without the parameter.
func (c *call) integer(name string) int64 {
	n, _ := strconv.ParseInt(c.params[name], 10, 64)
	return n
}

// readForm reads the parameters of the query and the body, both of which the platform reads. With an error it returns
// the parameters found so far.
func readForm(r *http.Request) (*form, error) {
	f := &form{params: map[string]string{}, query: r.URL.RawQuery}
	query, queryErr := url.ParseQuery(f.query)
	body, err := f.readBody(r)
	switch {
	case r.Method != http.MethodPost:
		err = &refusal{code: codeUnauthorized, message: "unauthorized"}
	case queryErr != nil:
		err = refuse("请求参数无法解析")
	}
	for _, values := range []url.Values{query, body} {
		for name, list := range values {
			switch _, duplicate := f.params[name]; {
			case err != nil:
			case !utf8.ValidString(name):
				err = refuse("参数名不是UTF-8编码")
			case duplicate || len(list) > 1:
				err = refuse("参数重复：%s", name)
			case !utf8.ValidString(list[0]):
				err = refuse("参数不是UTF-8编码：%s", name)
			}
			f.params[name] = list[0]
		}
	}
	return f, err
}

// readBody reads the parameters of the body.
func (f *form) readBody(r *http.Request) (url.Values, error) {
	body, err := io.ReadAll(io.LimitReader(r.Body, maxBody+1))
	switch {
	case err != nil:
		return nil, refuse("请求体不完整")
	case len(body) > maxBody:
		return nil, refuse("请求体过大")
	case len(body) == 0:
		return nil, nil
	}
	mediaType, options, _ := mime.ParseMediaType(r.Header.Get("Content-Type"))
	switch mediaType {
	case "application/x-www-form-urlencoded":
		f.body = string(body)
		values, err := url.ParseQuery(f.body)
		if err != nil {
			return nil, refuse("请求参数无法解析")
		}
		return values, nil
	case "multipart/form-data":
		return readMultipart(multipart.NewReader(strings.NewReader(string(body)), options["boundary"]))
	}
	return nil, refuse("不支持的参数格式，请使用form-data或x-www-form-urlencoded")
}

func readMultipart(parts *multipart.Reader) (url.Values, error) {
	form := url.Values{}
	for {
		part, err := parts.NextPart()
		if errors.Is(err, io.EOF) {
			return form, nil
		}
		if err != nil {
			return nil, refuse("请求参数无法解析")
		}
		value, err := io.ReadAll(part)
		if err != nil {
			return nil, refuse("请求参数无法解析")
		}
		form.Add(part.FormName(), string(value))
	}
}

// A TimeCheck decides which values of the parameter t a server accepts.
type TimeCheck int

// The checks of the parameter t. A client that uses the real clock needs another than the first once the server's clock
// is ahead or behind.
const (
	ServerTime       TimeCheck = iota // t is within 300 seconds of the server's clock, as at the platform
	ServerOrRealTime                  // t is within 300 seconds of the server's clock or of the real one
	AnyTime                           // t is any number
)

// WithTimeCheck sets the check of the parameter t. The default is [ServerTime].
func WithTimeCheck(check TimeCheck) Option { return func(s *Server) { s.timeCheck = check } }

// checkTime checks the parameter t. The refusal names the server's time.
func (s *Server) checkTime(t string, now time.Time) error {
	seconds, err := strconv.ParseInt(t, 10, 64)
	if err != nil {
		return refuse("参数格式错误：t（应为以秒为单位的时间戳，服务器当前为%d）", now.Unix())
	}
	sent := time.Unix(seconds, 0)
	near := func(clock time.Time) bool {
		skew := clock.Sub(sent)
		return skew <= maxSkew+time.Second-1 && skew >= -maxSkew
	}
	if s.timeCheck == AnyTime || near(now) || s.timeCheck == ServerOrRealTime && near(time.Now()) {
		return nil
	}
	return refuse("请求已过期，请检查时间戳t（服务器时间为%s，即%d）", formatTime(now), now.Unix())
}

// accept checks a request against the protocol and finds its cards.
func (s *Server) accept(params map[string]string, signed bool, now instant) (*call, error) {
	for _, name := range []string{"appKey", "method", "t", "sign"} {
		if params[name] == "" {
			return nil, refuse("缺少系统级参数：%s", name)
		}
	}
	if params["appKey"] != s.AppKey {
		return nil, refuse("appKey不存在：%s", params["appKey"])
	}
	m := findMethod(params["method"])
	if m == nil {
		return nil, refuse("服务方法不存在：%s", params["method"])
	}
	if err := s.checkTime(params["t"], now.time); err != nil {
		return nil, err
	}
	for _, name := range sortedNames(params) { // before the signature, since clients often do not sign blank parameters
		if strings.TrimSpace(params[name]) == "" {
			return nil, refuse("参数为空：%s", name)
		}
	}
	if !signed {
		return nil, refuse("签名错误")
	}
	if err := m.checkParams(params); err != nil {
		return nil, err
	}
	c := &call{method: m, params: params, now: now}
	return c, s.findCards(c)
}

// checkParams checks the parameters against the method's row and the rules of their values.
func (m *method) checkParams(params map[string]string) error {
	for _, name := range sortedNames(params) {
		if !m.takes(name) {
			return refuse("未知参数：%s", name)
		}
		if rule := paramRules[name]; rule != nil && !rule(params[name]) {
			return refuse("参数格式错误：%s=%s", name, params[name])
		}
	}
	for name := range strings.FieldsSeq(m.required) {
		if params[name] == "" {
			return refuse("缺少参数：%s", name)
		}
	}
	return nil
}

func sortedNames(params map[string]string) []string {
	names := make([]string, 0, len(params))
	for name := range params {
		names = append(names, name)
	}
	slices.Sort(names)
	return names
}

// paramRules check the values of parameters. A name means the same in every method.
var paramRules = map[string]func(string) bool{
	"id":              between64(1, 1<<62),
	"billingid":       between64(1, 1<<62),
	"taskId":          between64(1, 1<<62),
	"productId":       between64(1, 1<<62),
	"pageNo":          between64(1, 1<<31),
	"pageSize":        between64(1, 1000),
	"cycle":           between64(1, 100),
	"months":          between64(1, 12),
	"preverify":       between64(0, 1),
	"alarmStatus":     between64(0, 1),
	"pauseStatus":     between64(0, 1),
	"month":           isDate(layoutMonth),
	"dateStr":         isDate(layoutMonth),
	"allotDateStart":  isDate(layoutShortDay),
	"allotDateEnd":    isDate(layoutShortDay),
	"activeDateStart": isDate(layoutShortDay),
	"activeDateEnd":   isDate(layoutShortDay),
	"expireDateStart": isDate(layoutShortDay),
	"expireDateEnd":   isDate(layoutShortDay),
	"smsId":           atMost(50),
	"externalId":      atMost(100),
	"remark":          atMost(200),
}

func between64(low, high int64) func(string) bool {
	return func(v string) bool {
		n, err := strconv.ParseInt(v, 10, 64)
		return err == nil && low <= n && n <= high
	}
}

func isDate(layout string) func(string) bool {
	return func(v string) bool {
		_, ok := parseDay(layout, v)
		return ok
	}
}

func atMost(characters int) func(string) bool {
	return func(v string) bool { return len([]rune(v)) <= characters }
}

const maxCards = 1000 // in a list

// noCards refuses a list of cards none of which exists.
func (c *call) noCards() error { return refuse("卡号不存在：%s", strings.Join(c.unknown, ",")) }

// findCards finds the cards of a call.
func (s *Server) findCards(c *call) error {
	switch c.method.cards {
	case noCard:
	case oneCard:
		return s.findCard(c, c.params["msisdn"], c.params["iccid"])
	case manyCards:
		return s.findList(c, c.params["msisdns"], c.params["iccids"])
	case listCards:
		return s.findList(c, c.params["msisdn"], c.params["iccid"])
	}
	return nil
}

// findList finds the cards of a list of MSISDNs or of ICCIDs, each card once.
func (s *Server) findList(c *call, msisdns, iccids string) error {
	if (msisdns == "") == (iccids == "") {
		return refuse("msisdn、iccid须任选一项作为参数")
	}
	c.byICCID = iccids != ""
	numbers := strings.Split(msisdns+iccids, ",")
	if len(numbers) > maxCards {
		return refuse("最多支持%d张卡，实际为%d张", maxCards, len(numbers))
	}
	unknown, known := map[string]bool{}, map[int]bool{}
	for _, number := range numbers {
		if number == "" {
			return refuse("卡号为空")
		}
		switch i, err := s.fleet.findBy(c.byICCID, number); {
		case err == nil && !known[i]:
			known[i] = true
			c.cards = append(c.cards, i)
		case err != nil && !unknown[number]:
			unknown[number] = true
			c.unknown = append(c.unknown, number)
		}
	}
	return nil
}

// findCard finds the card of a call for one card. It accepts both numbers of the same card (§1.6.2).
func (s *Server) findCard(c *call, msisdn, iccid string) error {
	if msisdn == "" && iccid == "" {
		return refuse("msisdn、iccid须任选一项作为参数")
	}
	found := -1
	for _, by := range []struct {
		iccid  bool
		number string
	}{{false, msisdn}, {true, iccid}} {
		if by.number == "" {
			continue
		}
		i, err := s.fleet.findBy(by.iccid, by.number)
		if err != nil {
			return err
		}
		if found >= 0 && found != i {
			return refuse("msisdn与iccid不是同一张卡：%s、%s", msisdn, iccid)
		}
		found = i
	}
	c.card = s.fleet.card(found)
	if c.method.ownOnly && c.card.subAccount {
		return refuse("只能处理隶属于该企业下的卡：%s", c.card.iccid)
	}
	return nil
}
