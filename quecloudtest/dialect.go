package quecloudtest

// A Dialect is a way in which the platform's answers may differ from its document's examples without meaning anything
// else. Several are combined with |. The zero Dialect is that of the examples.
type Dialect uint8

// The dialects. [WithDialect] sets them for a whole server, and [Speak] for some calls.
const (
	// NumbersAsText puts every number in quotes, resultCode too.
	NumbersAsText Dialect = 1 << iota
	// DigitsAsNumbers takes the quotes off every text that is a number: MSISDN, ICCID of digits only, flags.
	DigitsAsNumbers
	// OtherListName says list where the example of fc.function.cards.info says List.
	OtherListName
	// OtherNesting puts the members of fc.function.yearmonth.detail and fc.function.card.location under data, as the
	// field table of the first has it and as the second has been seen.
	OtherNesting
	// OtherCase writes member names in upper case, and those that are in upper case in lower case.
	OtherCase
)

// has says whether d includes other.
func (d Dialect) has(other Dialect) bool { return d&other != 0 }
