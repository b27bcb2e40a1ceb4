package quecloudtest

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"math"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"
)

// In JSON, money is text in yuan, a duration is a number of seconds, and a time that is not set is null.

// encodeJSON encodes v without the escapes that HTML needs.
func encodeJSON(v any) ([]byte, error) {
	var buf bytes.Buffer
	out := json.NewEncoder(&buf)
	out.SetEscapeHTML(false)
	err := out.Encode(v)
	return bytes.TrimSuffix(buf.Bytes(), []byte("\n")), err
}

// orNull returns nil for the zero time.
func orNull(t time.Time) *time.Time {
	if t.IsZero() {
		return nil
	}
	return &t
}

func seconds(s float64) time.Duration { return time.Duration(math.Round(s * float64(time.Second))) }

type plainOrder Order

// MarshalJSON implements [json.Marshaler].
func (o Order) MarshalJSON() ([]byte, error) {
	return encodeJSON(struct {
		plainOrder
		Completed *time.Time `json:"completed"`
	}{plainOrder(o), orNull(o.Completed)})
}

type plainFileTask FileTask

// MarshalJSON implements [json.Marshaler].
func (t FileTask) MarshalJSON() ([]byte, error) {
	return encodeJSON(struct {
		plainFileTask
		End *time.Time `json:"end"`
	}{plainFileTask(t), orNull(t.End)})
}

type plainRequest Request

type requestJSON struct {
	*plainRequest
	Duration float64 `json:"duration"`
}

// MarshalJSON implements [json.Marshaler]. The duration is a number of seconds.
func (r Request) MarshalJSON() ([]byte, error) {
	plain := plainRequest(r)
	return encodeJSON(requestJSON{&plain, r.Duration.Seconds()})
}

// UnmarshalJSON implements [json.Unmarshaler].
func (r *Request) UnmarshalJSON(b []byte) error {
	v := requestJSON{plainRequest: (*plainRequest)(r)}
	err := json.Unmarshal(b, &v)
	r.Duration = seconds(v.Duration)
	return err
}

type plainDelivery Delivery

type deliveryJSON struct {
	*plainDelivery
	Time *time.Time `json:"time"`
	Err  *string    `json:"err"`
}

// MarshalJSON implements [json.Marshaler]. The error is its text, or null.
func (d Delivery) MarshalJSON() ([]byte, error) {
	plain := plainDelivery(d)
	v := deliveryJSON{plainDelivery: &plain, Time: orNull(d.Time)}
	if d.Err != nil {
		text := d.Err.Error()
		v.Err = &text
	}
	return encodeJSON(v)
}

// UnmarshalJSON implements [json.Unmarshaler].
func (d *Delivery) UnmarshalJSON(b []byte) error {
	v := deliveryJSON{plainDelivery: (*plainDelivery)(d)}
	err := json.Unmarshal(b, &v)
	d.Time, d.Err = orZero(v.Time), nil
	if v.Err != nil {
		d.Err = errors.New(*v.Err)
	}
	return err
}

// MarshalText returns the amount in yuan with two decimals; see [Money.String].
func (m Money) MarshalText() ([]byte, error) { return []byte(m.String()), nil }

var moneyText = regexp.MustCompile(`^(-?)([0-9]{1,16})(?:\.([0-9]{1,2}))?$`)

// UnmarshalText reads an amount in yuan with at most two decimals, such as "12.5".
func (m *Money) UnmarshalText(text []byte) error {
	parts := moneyText.FindSubmatch(text)
	if parts == nil {
		return fmt.Errorf("%q: want an amount in yuan such as 12.50", text)
	}
	whole, _ := strconv.ParseInt(string(parts[2]), 10, 64)
	fen, _ := strconv.ParseInt((string(parts[3]) + "00")[:2], 10, 64)
	amount := Money(whole)*Yuan + Money(fen)*Fen
	if len(parts[1]) > 0 {
		amount = -amount
	}
	*m = amount
	return nil
}

// UnmarshalJSON reads an amount in yuan, as text or as a number.
func (m *Money) UnmarshalJSON(b []byte) error {
	if string(b) == "null" {
		return nil
	}
	return m.UnmarshalText(bytes.Trim(b, `"`))
}

// A rawText is text that may not be UTF-8. Such text is an object with its bytes in Base64.
type rawText string

// MarshalJSON implements [json.Marshaler].
func (t rawText) MarshalJSON() ([]byte, error) {
	if utf8.ValidString(string(t)) {
		return encodeJSON(string(t))
	}
	return encodeJSON(rawTextJSON{[]byte(t)})
}

type rawTextJSON struct {
	Base64 []byte `json:"base64"`
}

// UnmarshalJSON implements [json.Unmarshaler].
func (t *rawText) UnmarshalJSON(b []byte) error {
	if len(b) > 0 && b[0] == '{' {
		var v rawTextJSON
		err := json.Unmarshal(b, &v)
		*t = rawText(v.Base64)
		return err
	}
	return json.Unmarshal(b, (*string)(t))
}

// named returns the place of a name in a list of names.
func named(what string, names []string, text []byte) (int, error) {
	if i := slices.Index(names, string(text)); i >= 0 {
		return i, nil
	}
	return 0, fmt.Errorf("%s %q: want one of %s", what, text, strings.Join(names, ", "))
}

var voiceNames = []string{"unsubscribed", "open", "closed"}

// String returns the state in words.
func (v Voice) String() string {
	if v < VoiceUnsubscribed || v > VoiceClosed {
		return fmt.Sprintf("Voice(%d)", int(v))
	}
	return voiceNames[v]
}

// MarshalText returns unsubscribed, open or closed.
func (v Voice) MarshalText() ([]byte, error) { return []byte(v.String()), nil }

// UnmarshalText reads unsubscribed, open or closed.
func (v *Voice) UnmarshalText(text []byte) error {
	i, err := named("voice service", voiceNames, text)
	*v = Voice(i)
	return err
}

var duplicatesNames = []string{"succeed", "refused", "refused-with-order"}

// String returns the response in words.
func (d Duplicates) String() string {
	if d > DuplicatesRefusedWithOrder {
		return fmt.Sprintf("Duplicates(%d)", uint8(d))
	}
	return duplicatesNames[d]
}

// MarshalText returns succeed, refused or refused-with-order.
func (d Duplicates) MarshalText() ([]byte, error) { return []byte(d.String()), nil }

// UnmarshalText reads succeed, refused or refused-with-order.
func (d *Duplicates) UnmarshalText(text []byte) error {
	i, err := named("duplicates", duplicatesNames, text)
	*d = Duplicates(i)
	return err
}

type purchaseRulesJSON struct {
	Duplicates    Duplicates `json:"duplicates"`
	RecordSeconds float64    `json:"recordSeconds"`
	WalletSeconds float64    `json:"walletSeconds"`
	YearsOnly     bool       `json:"yearsOnly"`
}

// MarshalJSON implements [json.Marshaler].
func (r PurchaseRules) MarshalJSON() ([]byte, error) {
	return encodeJSON(purchaseRulesJSON{r.Duplicates, r.RecordDelay.Seconds(), r.WalletDelay.Seconds(), r.YearsOnly})
}

// UnmarshalJSON implements [json.Unmarshaler]. It refuses unknown members and keeps the rules that b leaves out.
func (r *PurchaseRules) UnmarshalJSON(b []byte) error {
	v := purchaseRulesJSON{r.Duplicates, r.RecordDelay.Seconds(), r.WalletDelay.Seconds(), r.YearsOnly}
	in := json.NewDecoder(bytes.NewReader(b))
	in.DisallowUnknownFields()
	err := in.Decode(&v)
	for member, s := range map[string]float64{"recordSeconds": v.RecordSeconds, "walletSeconds": v.WalletSeconds} {
		if err == nil && !(s >= 0 && s <= maxSeconds) {
			err = fmt.Errorf("%s: %v, want 0 to %d", member, s, maxSeconds)
		}
	}
	if err == nil {
		*r = PurchaseRules{v.Duplicates, seconds(v.RecordSeconds), seconds(v.WalletSeconds), v.YearsOnly}
	}
	return err
}

// dialectNames are the names of the dialects, the first one of 1.
var dialectNames = []string{
	"numbers-as-text", "digits-as-numbers", "booleans-as-text", "as-documented", "absent-members", "other-nesting",
	"other-case",
}

// String returns the names of the dialects, joined by +.
func (d Dialect) String() string {
	var names []string
	for i, name := range dialectNames {
		if d.has(1 << i) {
			names = append(names, name)
		}
	}
	return strings.Join(names, "+")
}

// MarshalText returns the names of the dialects, joined by +, such as numbers-as-text+other-case.
func (d Dialect) MarshalText() ([]byte, error) { return []byte(d.String()), nil }

// UnmarshalText reads the names of dialects, joined by +.
func (d *Dialect) UnmarshalText(text []byte) error {
	var all Dialect
	if len(text) > 0 {
		for name := range bytes.SplitSeq(text, []byte("+")) {
			i, err := named("dialect", dialectNames, name)
			if err != nil {
				return err
			}
			all |= 1 << i
		}
	}
	*d = all
	return nil
}
