package quecloud

import (
	"crypto/sha1"
	"encoding/hex"
	"net/url"
	"slices"
	"strings"
)

// A param is one parameter of a request.
type param struct{ name, value string }

// Sign computes the signature of a request, the parameter sign of the vendor's document, § 1.6: the upper-case hex
// SHA-1 of secret + name1 + value1 + name2 + value2 … + secret, names in byte order, values as they are before URL
// encoding.
//
// The parameter sign itself, blank parameters (the SDK does not send them) and those that the method named in params
// takes unsigned (alarmParam of card.alarm; alarmStatus and pauseStatus of card.alarm.status) are left out. Of a
// parameter with several values the first counts.
//
// Methods of [Client] sign by themselves. Sign is for those who make requests by hand.
func Sign(secret string, params url.Values) string {
	var few [16]param // most calls have fewer: they need no allocation
	sorted := few[:0]
	for name, values := range params {
		if name != "sign" && len(values) > 0 && values[0] != "" {
			sorted = append(sorted, param{name, values[0]})
		}
	}
	sortParams(sorted)
	return signSorted(secret, sorted, lookup(params.Get("method")).unsigned)
}

func sortParams(params []param) {
	slices.SortFunc(params, func(a, b param) int { return strings.Compare(a.name, b.name) })
}

// signSorted signs parameters that are in order already, without those named in unsigned.
func signSorted(secret string, params []param, unsigned []string) string {
	var short [512]byte
	text := append(short[:0], secret...)
	for _, p := range params {
		if !slices.Contains(unsigned, p.name) {
			text = append(append(text, p.name...), p.value...)
		}
	}
	text = append(text, secret...)
	sum := sha1.Sum(text)
	var digits [2 * sha1.Size]byte
	hex.Encode(digits[:], sum[:])
	for i, c := range digits {
		if 'a' <= c {
			digits[i] = c - ('a' - 'A')
		}
	}
	return string(digits[:])
}
