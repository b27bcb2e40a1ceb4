package quecloud

import (
	"fmt"
	"net/url"
	"strings"
)

// A CardID names one SIM card, by its MSISDN or by its ICCID. Make one with [MSISDN], [ICCID] or [ParseCardID].
// It is comparable and may be a map key. The zero value names no card and is refused by every method.
type CardID struct {
	kind   cardKind
	number string
}

type cardKind uint8

const (
	kindMSISDN cardKind = 1 + iota
	kindICCID
)

// param is the name under which a card of that kind is sent.
func (k cardKind) param() string {
	return [...]string{"msisdn", "msisdn", "iccid"}[k]
}

// check says what is wrong with a number of that kind, or nothing.
func (k cardKind) check(number string) (reason string) {
	switch k {
	case kindMSISDN:
		if len(number) < 1 || len(number) > 13 || !consistsOf(number, isDigit) {
			return fmt.Sprintf("an MSISDN has 1 to 13 digits and nothing else, not %q", number)
		}
	case kindICCID:
		if len(number) < 19 || len(number) > 20 || !consistsOf(number, isDigitOrCapital) {
			return fmt.Sprintf("an ICCID has 19 or 20 characters of 0-9 and A-Z, not %q", number)
		}
	default:
		return "no card given: make one with MSISDN, ICCID or ParseCardID"
	}
	return ""
}

func isDigit(c byte) bool          { return '0' <= c && c <= '9' }
func isDigitOrCapital(c byte) bool { return isDigit(c) || 'A' <= c && c <= 'Z' }

func consistsOf[S string | []byte](s S, ok func(byte) bool) bool {
	for i := range len(s) {
		if !ok(s[i]) {
			return false
		}
	}
	return true
}

// MSISDN names a card by its number: 1 to 13 digits. A malformed number is reported as a [*ParamError] by the call
// that is given it; use [ParseCardID] to learn of it at once.
func MSISDN(number string) CardID { return CardID{kindMSISDN, number} }

// ICCID names a card by the serial number of its chip: 19 or 20 characters of 0-9 and A-Z. A malformed one is
// reported as a [*ParamError] by the call that is given it; use [ParseCardID] to learn of it at once.
func ICCID(number string) CardID { return CardID{kindICCID, number} }

// ParseCardID tells by its form whether a number is an MSISDN (1 to 13 digits) or an ICCID (19 or 20 characters of
// 0-9 and A-Z). Anything else is a [*ParamError].
func ParseCardID(number string) (CardID, error) {
	for _, kind := range [...]cardKind{kindMSISDN, kindICCID} {
		if kind.check(number) == "" {
			return CardID{kind, number}, nil
		}
	}
	return CardID{}, &ParamError{Param: "card", Reason: fmt.Sprintf(
		"%q is neither an MSISDN (1 to 13 digits) nor an ICCID (19 or 20 characters of 0-9 and A-Z)", number)}
}

// String returns the number itself.
func (c CardID) String() string { return c.number }

// IsZero reports whether c names no card.
func (c CardID) IsZero() bool { return c == CardID{} }

// IsICCID reports whether c was given as an ICCID rather than an MSISDN.
func (c CardID) IsICCID() bool { return c.kind == kindICCID }

// MarshalText returns the number itself, so that a CardID stands in JSON as a plain string.
func (c CardID) MarshalText() ([]byte, error) { return []byte(c.number), nil }

// UnmarshalText reads a number as [ParseCardID] does. Empty text gives the zero value.
func (c *CardID) UnmarshalText(text []byte) (err error) {
	*c = CardID{}
	if len(text) > 0 {
		*c, err = ParseCardID(string(text))
	}
	return err
}

// EncodeValues puts the card into a form under the name that its kind has at the platform, msisdn or iccid. It lets a
// CardID stand in a parameter struct of [Client.Call], whatever the field's name.
func (c CardID) EncodeValues(_ string, form *url.Values) error {
	if reason := c.kind.check(c.number); reason != "" {
		return &ParamError{Param: c.kind.param(), Reason: reason}
	}
	form.Set(c.kind.param(), c.number)
	return nil
}

// CardIDs names several cards, all by MSISDN or all by ICCID, for the methods that take many at once. Make one with
// [MSISDNs] or [ICCIDs]. The zero value names none and is refused by every method.
type CardIDs struct {
	kind    cardKind
	numbers []string
}

// MSISDNs names cards by their numbers, each as for [MSISDN].
func MSISDNs(numbers ...string) CardIDs { return CardIDs{kindMSISDN, numbers} }

// ICCIDs names cards by the serial numbers of their chips, each as for [ICCID].
func ICCIDs(numbers ...string) CardIDs { return CardIDs{kindICCID, numbers} }

// Len returns how many cards c names.
func (c CardIDs) Len() int { return len(c.numbers) }

// At returns the i-th card, counted from 0.
func (c CardIDs) At(i int) CardID { return CardID{c.kind, c.numbers[i]} }

// String returns the numbers, joined by commas.
func (c CardIDs) String() string { return strings.Join(c.numbers, ",") }

// maxCards is how many cards the batch methods take in one call.
const maxCards = 1000

// EncodeValues puts the cards into a form, joined by commas, under the name that their kind has in the batch methods,
// msisdns or iccids. It lets CardIDs stand in a parameter struct of [Client.Call], whatever the field's name.
func (c CardIDs) EncodeValues(_ string, form *url.Values) error {
	return c.encode(c.kind.param()+"s", 0, form)
}

// encode is EncodeValues under another name, and with a limit where most is not 0.
func (c CardIDs) encode(param string, most int, form *url.Values) error {
	if c.kind == 0 || len(c.numbers) == 0 {
		return &ParamError{Param: param, Reason: "no cards given: at least one is needed, made with MSISDNs or ICCIDs"}
	}
	if most > 0 && len(c.numbers) > most {
		return &ParamError{Param: param, Reason: fmt.Sprintf("%d cards in one call, at most %d are allowed", len(c.numbers), most)}
	}
	for i, number := range c.numbers {
		if reason := c.kind.check(number); reason != "" {
			return &ParamError{Param: param, Reason: fmt.Sprintf("card %d of %d: %s", i+1, len(c.numbers), reason)}
		}
	}
	form.Set(param, c.String())
	return nil
}

// batchIDs are the cards of a method that takes at most 1000, in the parameters msisdns or iccids.
type batchIDs CardIDs

func (c batchIDs) EncodeValues(_ string, form *url.Values) error {
	return CardIDs(c).encode(c.kind.param()+"s", maxCards, form)
}

// alarmIDs are the cards of card.alarm, which takes up to 1000 in parameters that are named as if for one.
type alarmIDs CardIDs

func (c alarmIDs) EncodeValues(_ string, form *url.Values) error {
	return CardIDs(c).encode(c.kind.param(), maxCards, form)
}

// A Switch is an on/off setting that a call may also leave as it is.
type Switch uint8

const (
	// Unchanged leaves the setting as it is. It is the zero value.
	Unchanged Switch = iota
	// On enables the setting.
	On
	// Off disables the setting.
	Off
)

// String returns "unchanged", "on" or "off".
func (s Switch) String() string {
	if s > Off {
		return fmt.Sprintf("Switch(%d)", uint8(s))
	}
	return [...]string{"unchanged", "on", "off"}[s]
}

// EncodeValues writes 1 for on and 0 for off, and nothing for unchanged.
func (s Switch) EncodeValues(name string, form *url.Values) error {
	switch s {
	case Unchanged:
	case On:
		form.Set(name, "1")
	case Off:
		form.Set(name, "0")
	default:
		return &ParamError{Param: name, Reason: fmt.Sprintf("%v is not Unchanged, On or Off", s)}
	}
	return nil
}
