package quecloud

import (
	"fmt"
	"net/url"
)

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
