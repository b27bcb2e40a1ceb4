package quecloud

import (
	"fmt"
	"iter"
	"net/url"
	"slices"
	"strings"

	"github.com/go-json-experiment/json"
)

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
