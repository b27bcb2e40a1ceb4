package quecloud

import (
	"database/sql/driver"
	"fmt"
	"iter"
	"net/url"
	"slices"
	"strconv"
	"strings"

	"github.com/go-json-experiment/json"

	"github.com/quecloud/quecloud-go/internal/cardno"
)

// A CardID identifies one SIM card by its MSISDN or its ICCID. Make one with [MSISDN], [ICCID] or [ParseCardID], or use
// the ID method of a struct that stands for a card, such as [Card.ID]. The zero value identifies no card; every method
// rejects it.
//
// A CardID is comparable and may be a map key. MSISDN, ICCID and ParseCardID normalize the spelling of a number. The ID
// methods keep the platform's spelling, such as lower case, so that requests use the platform's own. [CardID.Normal]
// makes these values comparable with the others.
type CardID struct {
	kind     cardKind
	verbatim bool // the number is in a spelling of the platform that is not its normal form
	number   string
}

type cardKind uint8

const (
	kindMSISDN cardKind = 1 + iota
	kindICCID
)

// param returns the name of the parameter for a card of this kind.
func (k cardKind) param() string {
	return [...]string{"msisdn", "msisdn", "iccid"}[k]
}

// normal returns the normal form of a number of this kind.
func (k cardKind) normal(number string) string {
	if k == kindICCID {
		return cardno.ICCID(number)
	}
	return cardno.MSISDN(number)
}

// check returns the error in a number of this kind, or "" for a number in normal form.
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
		reason = fmt.Sprintf("an ICCID has 19 or 20 characters, digits and letters other than O and I, not %q", number)
		if cardno.IsMSISDN(number) {
			return reason + ": it looks like an MSISDN"
		}
	}
	return withHint(reason, number)
}

// withHint appends a guess about the number to a reason.
func withHint(reason, number string) string {
	if hint := cardno.LooksLike(number); hint != "" {
		return reason + ": " + hint
	}
	return reason
}

// MSISDN identifies a card by its MSISDN of 1 to 13 digits. It removes surrounding white space only: a number with
// blanks or hyphens inside, in quotes, or with a country code is malformed.
//
// The call that uses a malformed number returns a [*ParamError] that says what the number looks like. Use [ParseCardID]
// to detect it earlier.
func MSISDN(number string) CardID {
	if trimmed := strings.TrimSpace(number); cardno.IsMSISDN(trimmed) {
		number = trimmed
	}
	return CardID{kind: kindMSISDN, number: number}
}

// ICCID identifies a card by the serial number of its chip: 19 or 20 characters, digits and letters other than O and I.
// It converts lower case to upper case and removes surrounding white space, and the F with which the response to the
// command AT+QCCID pads 19 digits to 20 characters. It removes nothing else: a number with blanks or hyphens inside, as
// printed on some cards, or in quotes is malformed.
//
// The call that uses a malformed ICCID returns a [*ParamError] that says what the number looks like: an IMEI, an IMSI,
// an ICCID with swapped digits as the chip stores it, a number rounded by a spreadsheet. Use [ParseCardID] to detect it
// earlier.
func ICCID(number string) CardID {
	if normal := cardno.ICCID(number); cardno.IsICCID(normal) {
		number = normal
	}
	return CardID{kind: kindICCID, number: number}
}

// ParseCardID returns the CardID of a number, whose form tells whether it is an MSISDN or an ICCID. It normalizes the
// number as [MSISDN] and [ICCID] do. For anything else it returns a [*ParamError] that says what the text looks like.
func ParseCardID(number string) (CardID, error) {
	for _, card := range [...]CardID{MSISDN(number), ICCID(number)} {
		if card.check() == "" {
			return card, nil
		}
	}
	reason := fmt.Sprintf("%q is neither an MSISDN (1 to 13 digits) nor an ICCID (19 or 20 characters, digits and "+
		"letters other than O and I)", number)
	return CardID{}, &ParamError{Param: "card", Reason: withHint(reason, number)}
}

// cardID returns the card with these numbers of a response, either of which may be empty. It prefers the ICCID.
func cardID(iccid, msisdn string) CardID {
	if strings.TrimSpace(iccid) != "" {
		return platformID(kindICCID, iccid)
	}
	return platformID(kindMSISDN, msisdn)
}

// platformID returns the card with a number of a response, in the platform's spelling.
func platformID(kind cardKind, number string) CardID {
	trimmed := strings.TrimSpace(number)
	if trimmed == "" {
		return CardID{}
	}
	normal := kind.normal(number)
	if kind == kindMSISDN && normal != trimmed {
		number = normal // a JSON number with an exponent, which is a notation and not a spelling
	}
	return CardID{kind: kind, verbatim: number != normal || kind.check(number) != "", number: number}
}

// check returns the error in a card, or "" for a valid one.
func (c CardID) check() (reason string) {
	if !c.verbatim {
		return c.kind.check(c.number)
	}
	if strings.Contains(c.number, ",") {
		return fmt.Sprintf("%q has a comma: the platform would read several cards", c.number)
	}
	return ""
}

// Normal returns c with its number in the spelling that [MSISDN] and [ICCID] return. Use it to compare a card of a
// response with others, or as a map key:
//
//	wanted[card.ID().Normal()]
//
// An ICCID of 19 characters and one of 20 characters that starts with it remain different.
func (c CardID) Normal() CardID {
	if !c.verbatim {
		return c
	}
	return CardID{kind: c.kind, number: c.kind.normal(c.number)}
}

// String returns the number as it is sent.
func (c CardID) String() string { return c.number }

// IsZero reports whether c identifies no card.
func (c CardID) IsZero() bool { return c == CardID{} }

// IsICCID reports whether c is an ICCID rather than an MSISDN.
func (c CardID) IsICCID() bool { return c.kind == kindICCID }

// MarshalText returns the number, so that JSON has a CardID as a plain string.
func (c CardID) MarshalText() ([]byte, error) { return []byte(c.number), nil }

// UnmarshalText parses a number as [ParseCardID] does, and normalizes its spelling. Empty text is the zero value.
func (c *CardID) UnmarshalText(text []byte) (err error) {
	*c = CardID{}
	if len(text) > 0 {
		*c, err = ParseCardID(string(text))
	}
	return err
}

// Value returns the number as text for a database, or NULL for the zero value. It returns a [*ParamError] for a
// malformed number.
//
// The text has the spelling of c. Store [CardID.Normal] in a column that is a key or is compared.
func (c CardID) Value() (driver.Value, error) {
	if c.IsZero() {
		return nil, nil
	}
	if reason := c.check(); reason != "" {
		return nil, &ParamError{Param: c.kind.param(), Reason: reason}
	}
	return c.number, nil
}

// Scan reads a column of a database. It parses text, and a whole number, as [ParseCardID] does, and normalizes its
// spelling. NULL and blank text are the zero value. Declare the column as text: a floating-point number, which Scan
// rejects, has lost digits of an ICCID.
func (c *CardID) Scan(column any) error {
	*c = CardID{}
	if number, ok := column.(int64); ok {
		column = strconv.FormatInt(number, 10)
	}
	text, err := columnText(c, column)
	if err != nil {
		return err
	}
	return c.UnmarshalText([]byte(text))
}

// EncodeValues adds the card to a form, as the parameter msisdn or iccid. A parameter struct of [Client.Call] may have
// a CardID in a field of any name.
func (c CardID) EncodeValues(_ string, form *url.Values) error {
	if reason := c.check(); reason != "" {
		return &ParamError{Param: c.kind.param(), Reason: reason}
	}
	form.Set(c.kind.param(), c.number)
	return nil
}

// CardIDs identifies several cards, all by MSISDN or all by ICCID, for the methods that take many cards. Make one with
// [MSISDNs], [ICCIDs] or [CardIDsOf]. CardIDs are immutable and safe for concurrent use.
//
// The zero value and an empty list identify no card. Methods that make a single call reject both. Methods that take any
// number of cards, such as [CardsService.AllInfo], accept an empty list, for which their loop does not run. Of these,
// only [Each] and [Map] accept the zero value.
type CardIDs struct {
	kind  cardKind
	cards []CardID // all of this kind; never modified
}

// MSISDNs identifies cards by their MSISDNs. It treats each number as [MSISDN] does.
func MSISDNs(numbers ...string) CardIDs { return cardIDs(kindMSISDN, numbers, MSISDN) }

// ICCIDs identifies cards by their ICCIDs. It treats each number as [ICCID] does.
func ICCIDs(numbers ...string) CardIDs { return cardIDs(kindICCID, numbers, ICCID) }

func cardIDs(kind cardKind, numbers []string, idOf func(string) CardID) CardIDs {
	cards := make([]CardID, len(numbers))
	for i, number := range numbers {
		cards[i] = idOf(number)
	}
	return CardIDs{kind, cards}
}

// CardIDsOf returns the cards of a slice as CardIDs. The slice must have only MSISDNs or only ICCIDs, because the
// platform accepts one kind in a request; otherwise CardIDsOf returns a [*ParamError]. For an empty slice it returns an
// empty list.
func CardIDsOf(cards []CardID) (CardIDs, error) {
	if len(cards) == 0 {
		return ICCIDs(), nil
	}
	kinds := [...]string{"no card", "an MSISDN", "an ICCID"}
	for i, card := range cards {
		if card.kind != cards[0].kind || card.kind == 0 {
			return CardIDs{}, &ParamError{Param: "cards", Reason: fmt.Sprintf(
				"card %d of %d is %s, and the first is %s: give only MSISDNs or only ICCIDs",
				i+1, len(cards), kinds[card.kind], kinds[cards[0].kind])}
		}
	}
	return CardIDs{cards[0].kind, slices.Clone(cards)}, nil
}

// Len returns the number of cards.
func (c CardIDs) Len() int { return len(c.cards) }

// At returns the card at index i.
func (c CardIDs) At(i int) CardID { return c.cards[i] }

// All returns an iterator over the cards in their order.
func (c CardIDs) All() iter.Seq[CardID] { return slices.Values(c.cards) }

// String returns the numbers, joined by commas.
func (c CardIDs) String() string {
	numbers := make([]string, len(c.cards))
	for i, card := range c.cards {
		numbers[i] = card.number
	}
	return strings.Join(numbers, ",")
}

// MarshalJSON encodes the numbers as an array of strings.
func (c CardIDs) MarshalJSON() ([]byte, error) { return json.Marshal(c.cards) }

// UnmarshalJSON decodes an array of numbers. It parses each as [ParseCardID] does; all must be of one kind, as for
// [CardIDsOf]. null is the zero value.
func (c *CardIDs) UnmarshalJSON(text []byte) error {
	var cards []CardID
	*c = CardIDs{}
	err := json.Unmarshal(text, &cards)
	if err != nil || cards == nil {
		return err
	}
	*c, err = CardIDsOf(cards)
	return err
}

// part returns up to n cards, starting at index i.
func (c CardIDs) part(i, n int) CardIDs {
	return CardIDs{c.kind, c.cards[i:min(i+n, len(c.cards)):min(i+n, len(c.cards))]}
}

// normals returns the numbers in normal form.
func (c CardIDs) normals() []string {
	numbers := make([]string, len(c.cards))
	for i, card := range c.cards {
		numbers[i] = card.Normal().number
	}
	return numbers
}

// maxCards is the number of cards that a batch method accepts in one call.
const maxCards = 1000

// EncodeValues adds the cards to a form, joined by commas, as the parameter msisdns or iccids. A parameter struct of
// [Client.Call] may have CardIDs in a field of any name.
func (c CardIDs) EncodeValues(_ string, form *url.Values) error {
	return c.encode(c.kind.param()+"s", 0, form)
}

// encode adds the cards to a form as the parameter param. It allows at most that many cards, unless most is 0.
func (c CardIDs) encode(param string, most int, form *url.Values) error {
	if c.kind == 0 {
		return &ParamError{Param: param, Reason: "no cards given: make them with MSISDNs, ICCIDs or CardIDsOf"}
	}
	if len(c.cards) == 0 {
		return &ParamError{Param: param, Reason: "the list is empty, and at least one card is needed"}
	}
	if most > 0 && len(c.cards) > most {
		reason := fmt.Sprintf("%d cards in one call, at most %d are allowed", len(c.cards), most)
		return &ParamError{Param: param, Reason: reason}
	}
	for i, card := range c.cards {
		if reason := card.check(); reason != "" {
			return &ParamError{Param: param, Reason: fmt.Sprintf("card %d of %d: %s", i+1, len(c.cards), reason)}
		}
	}
	form.Set(param, c.String())
	return nil
}

// batchIDs are the cards of a method that accepts at most 1000, in the parameters msisdns or iccids.
type batchIDs CardIDs

// EncodeValues adds the cards to a form.
func (c batchIDs) EncodeValues(_ string, form *url.Values) error {
	return CardIDs(c).encode(c.kind.param()+"s", maxCards, form)
}

// alarmIDs are the cards of card.alarm, which accepts up to 1000 in the parameters msisdn or iccid.
type alarmIDs CardIDs

// EncodeValues adds the cards to a form.
func (c alarmIDs) EncodeValues(_ string, form *url.Values) error {
	return CardIDs(c).encode(c.kind.param(), maxCards, form)
}
