package quecloud

import (
	"fmt"
	"net/url"
	"strings"

	"github.com/quecloud/quecloud-go/internal/cardno"
)

// A CardID names one SIM card, by its MSISDN or by its ICCID. Make one with [MSISDN], [ICCID] or [ParseCardID], or take
// it from a struct that stands for a card: [Card.ID]. The zero value names no card and is refused by every method.
//
// A CardID is comparable and may be a map key. MSISDN, ICCID and ParseCardID give the same number the same spelling. The
// platform may spell a number in another way, in lower case for example; an ID method keeps that, so that the platform
// gets back what it gave. [CardID.Normal] makes such values comparable with others.
type CardID struct {
	kind     cardKind
	verbatim bool // the number is the platform's, in a spelling that is not its normal form
	number   string
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

// normal is the normal form of a number of that kind, however the platform spells it.
func (k cardKind) normal(number string) string {
	if k == kindICCID {
		return cardno.ICCID(number)
	}
	return cardno.MSISDN(number)
}

// check says what is wrong with a number of that kind, or nothing.
func (k cardKind) check(number string) (reason string) {
	switch {
	case k == 0:
		return "no card given: make one with MSISDN, ICCID or ParseCardID"
	case k == kindMSISDN && cardno.IsMSISDN(number), k == kindICCID && cardno.IsICCID(number):
		return ""
	case k == kindMSISDN:
		reason = fmt.Sprintf("an MSISDN has 1 to 13 digits and nothing else, not %q", number)
		if cardno.IsICCID(cardno.ICCID(number)) {
			return reason + ": it looks like an ICCID"
		}
	default:
		reason = fmt.Sprintf("an ICCID has 19 or 20 characters, digits and letters but O and I, not %q", number)
		if cardno.IsMSISDN(number) {
			return reason + ": it looks like an MSISDN"
		}
	}
	return withHint(reason, number)
}

// withHint adds to what is wrong with a number what it looks like.
func withHint(reason, number string) string {
	if hint := cardno.LooksLike(number); hint != "" {
		return reason + ": " + hint
	}
	return reason
}

// MSISDN names a card by its number: 1 to 13 digits. White space around it is removed, and nothing else: a number with
// blanks or hyphens inside, in quotes, or with a country code is malformed.
//
// A malformed number is reported as a [*ParamError] by the call that is given it; use [ParseCardID] to learn of it at
// once. Its text says what the number looks like.
func MSISDN(number string) CardID {
	if trimmed := strings.TrimSpace(number); cardno.IsMSISDN(trimmed) {
		number = trimmed
	}
	return CardID{kind: kindMSISDN, number: number}
}

// ICCID names a card by the serial number of its chip: 19 or 20 characters, digits and letters other than O and I. Lower
// case becomes upper case; white space around it is removed, and so is the F that fills up 19 digits to 20 characters
// in the response to the command AT+QCCID. Nothing else is: a number with blanks or hyphens inside, as it may be printed
// on the card, or in quotes is malformed.
//
// A malformed ICCID is reported as a [*ParamError] by the call that is given it; use [ParseCardID] to learn of it at
// once. Its text says what the number looks like: an IMEI, an IMSI, an ICCID with swapped digits as the chip stores it,
// a number that a spreadsheet has rounded.
func ICCID(number string) CardID {
	if normal := cardno.ICCID(number); cardno.IsICCID(normal) {
		number = normal
	}
	return CardID{kind: kindICCID, number: number}
}

// ParseCardID tells by its form whether a number is an [MSISDN] or an [ICCID], and returns it in the same spelling as
// they do. Anything else is a [*ParamError] that says what it looks like.
func ParseCardID(number string) (CardID, error) {
	for _, card := range [...]CardID{MSISDN(number), ICCID(number)} {
		if card.check() == "" {
			return card, nil
		}
	}
	return CardID{}, &ParamError{Param: "card", Reason: withHint(fmt.Sprintf(
		"%q is neither an MSISDN (1 to 13 digits) nor an ICCID (19 or 20 characters, digits and letters but O and I)", number), number)}
}

// cardID is the card that the platform names by these numbers, which are as they came or empty: by its ICCID, or else by
// its MSISDN.
func cardID(iccid, msisdn string) CardID {
	if strings.TrimSpace(iccid) != "" {
		return platformID(kindICCID, iccid)
	}
	return platformID(kindMSISDN, msisdn)
}

// platformID is the card that the platform names by a number of a kind, which is kept as it came.
func platformID(kind cardKind, number string) CardID {
	trimmed := strings.TrimSpace(number)
	if trimmed == "" {
		return CardID{}
	}
	normal := kind.normal(number)
	if kind == kindMSISDN && normal != trimmed {
		number = normal // it came as a JSON number with an exponent, which is how JSON writes it and not how it is spelled
	}
	return CardID{kind: kind, verbatim: number != normal || kind.check(number) != "", number: number}
}

// check says what is wrong with a card, or nothing.
func (c CardID) check() (reason string) {
	if !c.verbatim {
		return c.kind.check(c.number)
	}
	if strings.Contains(c.number, ",") {
		return fmt.Sprintf("%q would be taken for several cards", c.number)
	}
	return ""
}

// Normal returns c with its number in the spelling that [MSISDN] and [ICCID] give it. Use it to compare a card that the
// platform has named with others, or as the key of a map:
//
//	wanted[card.ID().Normal()]
//
// An ICCID of 19 characters and one of 20 that it begins are different, in any spelling.
func (c CardID) Normal() CardID {
	if !c.verbatim {
		return c
	}
	return CardID{kind: c.kind, number: c.kind.normal(c.number)}
}

// String returns the number itself, as it is sent.
func (c CardID) String() string { return c.number }

// IsZero reports whether c names no card.
func (c CardID) IsZero() bool { return c == CardID{} }

// IsICCID reports whether c is an ICCID rather than an MSISDN.
func (c CardID) IsICCID() bool { return c.kind == kindICCID }

// MarshalText returns the number itself, so that a CardID stands in JSON as a plain string.
func (c CardID) MarshalText() ([]byte, error) { return []byte(c.number), nil }

// UnmarshalText reads a number as [ParseCardID] does, and returns its error. Empty text gives the zero value. A number
// in the platform's own spelling comes back in the normal one.
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
	if reason := c.check(); reason != "" {
		return &ParamError{Param: c.kind.param(), Reason: reason}
	}
	form.Set(c.kind.param(), c.number)
	return nil
}
