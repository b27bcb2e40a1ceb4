package quecloud

import (
	"context"
	"strconv"
	"strings"
	"time"
)

// A Location is a card's rough position, by the base station (基站粗定位). Which coordinate system it is in, WGS-84 or
// GCJ-02, the document does not say. PositionResult, MSIDType, MSID and Time are optional in it.
type Location struct {
	MSISDN         string    `json:"MSISDN" quec:"always alias=msisdns"` // the card's number
	ICCID          string    `json:"ICCID" quec:"always"`                // serial number of its chip
	Latitude       float64   `json:"LATITUDE" quec:"always type=s"`      // degrees north; meaningful only if Located
	Longitude      float64   `json:"LONGITUDE" quec:"always type=s"`     // degrees east; meaningful only if Located
	PositionResult string    `json:"POSITIONRESULT"`                     // as it came: a code for China Telecom, an address for China Mobile
	MSIDType       string    `json:"MSID_TYPE"`                          // as it came, see Located. China Telecom only
	MSID           string    `json:"MSID"`                               // the number that was located. China Telecom only
	Time           time.Time `json:"LOCALTIME,omitzero"`                 // when it was located, China Standard Time. China Telecom only
}

// ID returns the card, by its ICCID if that is there, else by its MSISDN. The number is as the platform spells it.
func (l Location) ID() CardID { return cardID(l.ICCID, l.MSISDN) }

// A LocationCode is how the location of a China Telecom card went. Codes that are not among the constants mean that it
// failed.
type LocationCode int

// The codes of a location.
const (
	LocationFound         LocationCode = 2
	LocationNoCell        LocationCode = 104 // no cell could be found, or an NB-IoT card is asleep
	LocationSuspended     LocationCode = 225 // the card is suspended
	LocationPoweredOff    LocationCode = 226 // the device is off
	LocationOutOfCoverage LocationCode = 227 // the device is out of coverage
	LocationNoAccount     LocationCode = 245 // the card has no account at the location platform
)

// Code returns how the location of a China Telecom card went, and false for cards of others, which have no code.
func (l *Location) Code() (LocationCode, bool) {
	code, err := strconv.Atoi(strings.TrimSpace(l.PositionResult))
	return LocationCode(code), err == nil
}

// Address returns the place in words, as China Mobile cards have it. It is empty for cards of others, and may be empty
// for theirs.
func (l *Location) Address() string {
	if _, isCode := l.Code(); isCode {
		return ""
	}
	return l.PositionResult
}

// Located reports whether the card was found, so that Latitude and Longitude mean something. For China Telecom cards the
// document has POSITIONRESULT decide, whatever MSID_TYPE is: 2 is success. Cards of others have neither, and are taken
// to be found if they have coordinates.
func (l *Location) Located() bool {
	code, isCode := l.Code()
	isTelecom := isCode || strings.TrimSpace(l.PositionResult) == "" && strings.TrimSpace(l.MSIDType) != ""
	return (code == LocationFound || !isTelecom) && (l.Latitude != 0 || l.Longitude != 0)
}

// Location returns a card's rough position. That the card could not be found is no error: see [Location.Located].
//
// § 2.3.2 基站粗定位, fc.function.card.location. It reads. The document states no price and no limit.
func (s *CardsService) Location(ctx context.Context, card CardID) (*Location, error) {
	var answer struct {
		Data Location `json:"data" quec:"inline required"`
	}
	err := s.call(ctx, "fc.function.card.location", cardParams{card}, &answer)
	return onSuccess(&answer.Data, err)
}
