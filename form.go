// This file encodes and checks the parameters of a call.

package quecloud

import (
	"errors"
	"fmt"
	"maps"
	"net/url"
	"reflect"
	"unicode/utf8"

	"github.com/google/go-querystring/query"
)

// A validator is a struct of parameters with rules beyond the types of its fields. Its error is a *ParamError; formOf
// adds the method.
type validator interface{ validate() error }

// formOf encodes the parameters of a call as a form. Its error is a *ParamError.
func formOf(method string, params any) (url.Values, error) {
	form, err := encode(params)
	if err == nil {
		err = checkForm(form)
	}
	if bad, ok := errors.AsType[*ParamError](err); ok {
		bad.Method = method
		return nil, bad
	}
	if err != nil {
		return nil, &ParamError{Method: method, Param: "params", Reason: err.Error()}
	}
	return form, nil
}

// encode encodes parameters of any supported type, after their own validation.
func encode(params any) (url.Values, error) {
	switch p := params.(type) {
	case nil:
		return url.Values{}, nil
	case url.Values:
		form := make(url.Values, len(p))
		maps.Copy(form, p)
		return form, nil
	case cardParams: // so are most calls; the general way takes five times as long
		form := url.Values{}
		err := p.Card.EncodeValues("", &form)
		return form, err
	case map[string]any:
		reason := "is a map[string]any: want a struct, a url.Values or a map[string]string"
		return nil, &ParamError{Param: "params", Reason: reason}
	case map[string]string:
		form := make(url.Values, len(p))
		for name, value := range p {
			form.Set(name, value)
		}
		return form, nil
	}
	value := reflect.ValueOf(params)
	isNilPointer := value.Kind() == reflect.Pointer && value.IsNil()
	if isNilPointer {
		params = reflect.New(value.Type().Elem()).Interface() // the defaults
	}
	if v, ok := params.(validator); ok {
		if err := v.validate(); err != nil && isNilPointer {
			return nil, &ParamError{Param: "params", Reason: "is nil, but some of its fields are required"}
		} else if err != nil {
			return nil, err
		}
	}
	return query.Values(params)
}

// checkForm removes blank parameters and rejects those that cannot be signed.
func checkForm(form url.Values) error {
	for name, values := range form {
		switch name {
		case "appKey", "method", "t", "sign":
			return &ParamError{Param: name, Reason: "is set by the SDK and must not be given"}
		case "":
			return &ParamError{Param: "params", Reason: "a parameter has no name"}
		}
		if len(values) > 1 {
			reason := fmt.Sprintf("has %d values, only one is allowed: join them first", len(values))
			return &ParamError{Param: name, Reason: reason}
		}
		if len(values) == 0 || values[0] == "" {
			delete(form, name)
		} else if !utf8.ValidString(name) || !utf8.ValidString(values[0]) {
			return &ParamError{Param: name, Reason: "is not valid UTF-8"}
		}
	}
	return nil
}

// needText checks that a required text is not empty.
func needText(param, value string) error {
	if value == "" {
		return &ParamError{Param: param, Reason: "is empty"}
	}
	return nil
}

// checkLength checks that a text has at most so many characters.
func checkLength(param, value string, most int) error {
	if n := utf8.RuneCountInString(value); n > most {
		return &ParamError{Param: param, Reason: fmt.Sprintf("has %d characters, at most %d are allowed", n, most)}
	}
	return nil
}

// needPositive checks that a required number, such as an ID, is positive.
func needPositive(param string, value int64) error {
	if value <= 0 {
		return &ParamError{Param: param, Reason: fmt.Sprintf("%d is not above 0, the SDK's own rule for every ID", value)}
	}
	return nil
}

// checkPaging checks the two parameters that every listing has; 0 stands for the platform's default.
func checkPaging(pageNo, pageSize int) error {
	if pageNo < 0 {
		return &ParamError{Param: "pageNo", Reason: fmt.Sprintf("%d is not a page: the first is 1; 0 stands for 1", pageNo)}
	}
	if pageSize < 0 || pageSize > maxPageSize {
		reason := fmt.Sprintf("%d is not from 1 to %d; 0 stands for the platform's default of 100", pageSize, maxPageSize)
		return &ParamError{Param: "pageSize", Reason: reason}
	}
	return nil
}

const maxPageSize = 1000

func isDigitOrCapital(r rune) bool { return '0' <= r && r <= '9' || 'A' <= r && r <= 'Z' }

// isNotVisibleASCII reports whether a character is blank, invisible or not ASCII.
func isNotVisibleASCII(r rune) bool { return r < '!' || r > '~' }
