package quecloudtest

// A Dialect is a way in which responses may differ from the server's usual ones without meaning anything else. Combine
// several with |. The zero Dialect writes what public clients read from the live platform where these show it, and what
// the vendor's examples show elsewhere.
type Dialect uint8

// The dialects. [WithDialect] sets them for a whole server, and [Speak] for some calls.
const (
	// NumbersAsText puts every number in quotes, resultCode too.
	NumbersAsText Dialect = 1 << iota
	// DigitsAsNumbers takes the quotes off every text that is a number: MSISDN, ICCID of digits only, flags.
	DigitsAsNumbers
	// BooleansAsText puts true and false in quotes.
	BooleansAsText
	// AsDocumented keeps to the vendor's document where live responses differ from it: the example of
	// fc.function.cards.info says List, not list, and null stands for a date that is not there, not empty text.
	AsDocumented
	// AbsentMembers leaves out every member that is null or empty text.
	AbsentMembers
	// OtherNesting puts the members of fc.function.yearmonth.detail and fc.function.card.location under data, as the
	// field table of the first has it and as the second has been seen.
	OtherNesting
	// OtherCase writes member names in upper case, and those that are in upper case in lower case.
	OtherCase
)

// has reports whether d includes other.
func (d Dialect) has(other Dialect) bool { return d&other != 0 }
