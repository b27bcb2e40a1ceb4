package quecloud

import (
	"fmt"
	"iter"
	"net/url"
	"slices"
	"strings"

	"github.com/go-json-experiment/json"

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

// CardIDs names several cards, all by MSISDN or all by ICCID, for the methods that take many at once. Make one with
// [MSISDNs], [ICCIDs] or [CardIDsOf]. CardIDs do not change, and are safe for concurrent use.
//
// The zero value, and a list that was made of no numbers, name no card. Methods that make one call refuse them. For those
// that take any number of cards, such as [CardsService.AllInfo], an empty list is no work: their loop does not run. They still
// refuse the zero value, which was probably forgotten, but for [Each].
type CardIDs struct {
	kind  cardKind
	cards []CardID // each of this kind; never changed
}

// MSISDNs names cards by their numbers, each as for [MSISDN].
func MSISDNs(numbers ...string) CardIDs { return cardIDs(kindMSISDN, numbers, MSISDN) }

// ICCIDs names cards by the serial numbers of their chips, each as for [ICCID].
func ICCIDs(numbers ...string) CardIDs { return cardIDs(kindICCID, numbers, ICCID) }

func cardIDs(kind cardKind, numbers []string, named func(string) CardID) CardIDs {
	cards := make([]CardID, len(numbers))
	for i, number := range numbers {
		cards[i] = named(number)
	}
	return CardIDs{kind, cards}
}

// CardIDsOf names the cards of a slice, which must all be MSISDNs or all be ICCIDs, since the platform takes one kind in
// a call. Anything else is a [*ParamError]. An empty slice is as good as [ICCIDs] without numbers.
func CardIDsOf(cards []CardID) (CardIDs, error) {
	if len(cards) == 0 {
		return ICCIDs(), nil
	}
	kinds := [...]string{"no card", "an MSISDN", "an ICCID"}
	for i, card := range cards {
		if card.kind != cards[0].kind || card.kind == 0 {
			return CardIDs{}, &ParamError{Param: "cards", Reason: fmt.Sprintf(
				"card %d of %d is %s, and the first is %s: give only MSISDNs or only ICCIDs", i+1, len(cards), kinds[card.kind], kinds[cards[0].kind])}
		}
	}
	return CardIDs{cards[0].kind, slices.Clone(cards)}, nil
}

// Len returns how many cards c names.
func (c CardIDs) Len() int { return len(c.cards) }

// At returns the i-th card, counted from 0.
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

// MarshalJSON writes the numbers as a list of texts.
func (c CardIDs) MarshalJSON() ([]byte, error) { return json.Marshal(c.cards) }

// UnmarshalJSON reads a list of numbers, each as [ParseCardID] does and all of one kind; see [CardIDsOf]. null gives the
// zero value.
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

// part returns up to n cards from the i-th on.
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

// maxCards is how many cards the batch methods take in one call.
const maxCards = 1000

// EncodeValues puts the cards into a form, joined by commas, under the name that their kind has in the batch methods,
// msisdns or iccids. It lets CardIDs stand in a parameter struct of [Client.Call], whatever the field's name.
func (c CardIDs) EncodeValues(_ string, form *url.Values) error {
	return c.encode(c.kind.param()+"s", 0, form)
}

// encode is EncodeValues under another name, and with a limit where most is not 0.
func (c CardIDs) encode(param string, most int, form *url.Values) error {
	if c.kind == 0 {
		return &ParamError{Param: param, Reason: "no cards given: make them with MSISDNs or ICCIDs"}
	}
	if len(c.cards) == 0 {
		return &ParamError{Param: param, Reason: "the list is empty, and at least one card is needed"}
	}
	if most > 0 && len(c.cards) > most {
		return &ParamError{Param: param, Reason: fmt.Sprintf("%d cards in one call, at most %d are allowed", len(c.cards), most)}
	}
	for i, card := range c.cards {
		if reason := card.check(); reason != "" {
			return &ParamError{Param: param, Reason: fmt.Sprintf("card %d of %d: %s", i+1, len(c.cards), reason)}
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
