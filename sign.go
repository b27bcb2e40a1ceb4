// This file signs requests.

package quecloud

import (
	"crypto/sha1"
	"net/url"
	"slices"
	"sync"
)

// A param is one parameter of a request.
type param struct{ name, value string }

// Sign returns the signature of a request, the parameter sign of the vendor's document, § 1.6: the upper-case hex SHA-1
// of secret + name1 + value1 + name2 + value2 … + secret, with the names in byte order and the values as they are
// before URL encoding.
//
// Sign leaves out the parameter sign itself, blank parameters (the SDK does not send them) and those that the platform
// does not sign for the method in params (alarmParam of card.alarm; alarmStatus and pauseStatus of card.alarm.status).
// Of a parameter with several values it uses the first.
//
// The methods of [Client] sign by themselves. Sign is for requests made by hand.
func Sign(secret string, params url.Values) string {
	var few [10]param // enough for most requests, without an allocation
	sorted, method := few[:0], ""
	for name, values := range params {
		if name == "sign" || len(values) == 0 || values[0] == "" {
			continue
		}
		if name == "method" {
			method = values[0]
		}
		sorted = insert(sorted, param{name, values[0]})
	}
	return signSorted(secret, sorted, lookup(method).unsigned)
}

// An account has the credentials of a call. Its secret is in a closure, where nothing can print it.
type account struct {
	appKey string
	sign   func(params []param, unsigned []string) string
}

func newAccount(appKey, secret string) account {
	return account{appKey, func(params []param, unsigned []string) string {
		return signSorted(secret, params, unsigned)
	}}
}

// insert adds a parameter to a list that is sorted by name. For so few, insertion is the fastest way to sort.
func insert(sorted []param, p param) []param {
	sorted = append(sorted, p)
	i := len(sorted) - 1
	for ; i > 0 && sorted[i-1].name > p.name; i-- {
		sorted[i] = sorted[i-1]
	}
	sorted[i] = p
	return sorted
}

// signSorted signs parameters that are sorted by name, without those in unsigned.
func signSorted(secret string, params []param, unsigned []string) string {
	size := 2 * len(secret)
	for _, p := range params {
		size += len(p.name) + len(p.value)
	}
	var short [256]byte
	text := short[:0]
	if size > len(short) {
		long := longTexts.Get().(*[]byte)
		defer longTexts.Put(long)
		*long = slices.Grow((*long)[:0], size)
		text = *long
	}
	text = append(text, secret...)
	for _, p := range params {
		if !slices.Contains(unsigned, p.name) {
			text = append(append(text, p.name...), p.value...)
		}
	}
	return upperHex(sha1.Sum(append(text, secret...)))
}

// longTexts holds buffers for the signed text of calls with many cards.
var longTexts = sync.Pool{New: func() any { return new([]byte) }}

func upperHex(sum [sha1.Size]byte) string {
	const digits = "0123456789ABCDEF"
	var text [2 * sha1.Size]byte
	for i, b := range sum {
		text[2*i], text[2*i+1] = digits[b>>4], digits[b&15]
	}
	return string(text[:])
}
