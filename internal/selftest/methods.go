package selftest

import (
	"context"
	"path/filepath"
	"slices"
	"strings"

	"github.com/quecloud/quecloud-go"
)

// A MethodCase says how a method is called, what it must send, and what its recorded response means.
type MethodCase struct {
	Method string // without fc.function.
	Name   string // tells cases of the same method apart
	Call   func(context.Context, *quecloud.Client) (any, error)
	Form   map[string]string // the parameters of the method
	File   string            // the response in testdata, if it is not Method.json
	Want   any               // the result of the response and of its variants, written by hand
	Nulls  any               // the result of the variant nulls, if it is less
	Err    error             // the error beside or instead of the result
}

// String returns the method and the name.
func (c MethodCase) String() string { return strings.TrimSpace(c.Method + " " + c.Name) }

// Response returns the name of the response in testdata.
func (c MethodCase) Response() string {
	if c.File != "" {
		return c.File
	}
	return c.Method + ".json"
}

// Base returns the name of the response without its extension. The names of its variants begin with it.
func (c MethodCase) Base() string {
	return strings.TrimSuffix(c.Response(), filepath.Ext(c.Response()))
}

// Methods returns the cases of all methods. Each method has one or more.
func Methods() []MethodCase {
	return slices.Concat(
		cardCases, stateCases, locationCases, billingCases, flowCases, alarmCases, smsCases, orderCases, fileCases,
	)
}

// The cards of testdata, see its README.
const (
	MSISDN1 = "1064991300001"
	MSISDN2 = "1064991300002"
	MSISDN3 = "1440133250003"
	ICCID1  = "8986031749203860001"
	ICCID2  = "8986031749203860002"
	ICCID3  = "89860412091880130003"
)

// October2020 is the month of most cases.
var October2020 = quecloud.Month{Year: 2020, Month: 10}

// FullAlarm sets everything that an alarm has.
var FullAlarm = quecloud.AlarmSettings{
	NotifyEmails: []string{"123@example.com", "234@example.com"},
	Threshold1:   1024, Threshold2: 10240.5, Threshold3: 20480, AlarmOn: true, PauseThreshold: 20480, PauseOn: true,
}

// Recharge and Renewal have every parameter of an order.
var (
	Recharge = quecloud.RechargeParams{
		Card: quecloud.ICCID(ICCID3), ProductID: 52, ProductName: "1G-定向", Remark: "备注 A&B", ExternalID: "topup-1",
	}
	Renewal = quecloud.RenewalParams{
		Card: quecloud.ICCID(ICCID3), ProductID: 51, ProductName: "30M/月", Years: 1, Months: 2, Remark: "一月续费",
		ExternalID: "renewal-1",
	}
)

// An Export is what a downloaded zip file holds.
type Export struct {
	Bytes int64
	Text  string
}

// result makes one value of any type out of a method's result.
func result[T any](value T, err error) (any, error) { return value, err }

// noResult stands for the result of a method that returns only an error.
func noResult(err error) (any, error) { return nil, err }
