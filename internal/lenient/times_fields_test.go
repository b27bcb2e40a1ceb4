package lenient_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/quecloud/quecloud-go"
	"github.com/quecloud/quecloud-go/internal/lenient"
)

// decoded is the time of the clock in these tests. Later times lie in the future.
var decoded = inChina(2026, 11, 28, 12, 0, 0)

func inChina(year int, month time.Month, day, hour, minute, second int) time.Time {
	return time.Date(year, month, day, hour, minute, second, 0, quecloud.ChinaStandardTime)
}

// readAt decodes a response of a method that reads.
func readAt(now time.Time, body string, result any) error {
	_, err := lenient.Decode([]byte(body), result, lenient.Options{Strict: true, Now: func() time.Time { return now }})
	return err
}

// readObject decodes an object without an envelope.
func readObject(body string, result any) error {
	_, err := lenient.DecodeObject([]byte(body), result, lenient.Options{Strict: true})
	return err
}

// A text for no time leaves a field zero. A required member with it is missing.
func TestDecodeReadsNoTimeInEveryForm(t *testing.T) {
	t.Parallel()
	for _, text := range []string{
		``, ` `, `null`, `NULL`, `0`, `0000-00-00`, `0000-00-00 00:00:00`, `0000-00-00 00:00:00.0`, `0000/00/00`, `00000000`,
		`00000000000000`, `0000-00-00T00:00:00Z`,
	} {
		means(t, time.Time{}, `"`+text+`"`)
		means(t, quecloud.Date{}, `"`+text+`"`)
		date := quecloud.Date{Year: 2024, Month: time.June, Day: 11}
		require.NoError(t, date.UnmarshalText([]byte(text)), text)
		assert.Zero(t, date, text)
		_, err := quecloud.ParseDate(text)
		assert.Error(t, err, text)

		var day struct {
			Date quecloud.Date `json:"date" quec:"required"`
		}
		assert.EqualError(t, read(`{"date":"`+text+`"}`, &day), "member date: missing", text)
	}
	means(t, time.Time{}, `0`, `0.0`, `null`)

	// The word null is reported all the same.
	var result struct {
		Allot  quecloud.Date `json:"allotDate"`
		Open   quecloud.Date `json:"openDate"`
		Active quecloud.Date `json:"activeDate"`
	}
	var drifts []drift
	_, err := lenient.Decode([]byte(`{"allotDate":"null","openDate":"0000-00-00","activeDate":""}`), &result,
		lenient.Options{Strict: true, Drift: collect(&drifts)})
	require.NoError(t, err)
	assert.Equal(t, []drift{{lenient.WrongValue, "allotDate", `"null"`}}, drifts)
	means(t, quecloud.Date{}, `0`, `null`)
}

func TestDecodeReadsSecondsSince1970ByTag(t *testing.T) {
	t.Parallel()
	type response struct {
		Usual      time.Time     `json:"usual"`
		UsualDate  quecloud.Date `json:"usualDate"`
		Epoch      time.Time     `json:"epoch" quec:"epoch"`
		Future     time.Time     `json:"future" quec:"future"`
		FutureDate quecloud.Date `json:"futureDate" quec:"future"`
	}
	var got response
	err := readAt(decoded, `{"usual":2406112017,"usualDate":"1583822786000","epoch":2406112017,
		"future":1830268799,"futureDate":1830268799000}`, &got)
	require.NoError(t, err)
	assert.Equal(t, response{
		Usual:      inChina(2024, 6, 11, 20, 17, 0),
		UsualDate:  quecloud.Date{Year: 2020, Month: time.March, Day: 10},
		Epoch:      inChina(2046, 3, 31, 20, 26, 57),
		Future:     inChina(2027, 12, 31, 23, 59, 59),
		FutureDate: quecloud.Date{Year: 2027, Month: time.December, Day: 31},
	}, got)

	err = readAt(decoded, `{"usual":1830268799}`, &got)
	assert.EqualError(t, err, "member usual: want a time: 1830268799")
}

// The fields that are seconds since 1970 in the document, and those with the end of a service.
func TestDecodeReadsSecondsSince1970OfTheDocument(t *testing.T) {
	t.Parallel()
	var alarm quecloud.Alarm
	err := readAt(decoded, `{"createdatetime":1611201759,"updatedatetime":1612312359}`, &alarm)
	require.NoError(t, err)
	assert.Equal(t, []int{2021, 2021}, []int{alarm.CreatedAt.Year(), alarm.UpdatedAt.Year()})

	var task quecloud.FileTask
	err = readAt(decoded, `{"TaskId":1,"AddTime":1611201759,"EndTime":1612312359}`, &task)
	require.NoError(t, err)
	assert.Equal(t, []int{2021, 2021}, []int{task.CreatedAt.Year(), task.EndedAt.Year()})

	const cardBody = `{"iccid":"89860000000000000001","expiryDate":1830268799000,"cycleEndDate":1830268799000}`
	var card quecloud.Card
	err = readAt(decoded, cardBody, &card)
	require.NoError(t, err)
	assert.Equal(t, []int{2027, 2027}, []int{card.ExpiryDate.Year, card.CycleEnd.Year})

	var info quecloud.CardInfo
	err = readAt(decoded, cardBody, &info)
	require.NoError(t, err)
	assert.Equal(t, []int{2027, 2027}, []int{info.ExpiryDate.Year, info.CycleEnd.Year})

	var flow quecloud.FlowPackage
	err = readAt(decoded, `{"tfSize":1,"endTime":1830268799000}`, &flow)
	require.NoError(t, err)
	assert.Equal(t, 2027, flow.End.Year())

	var year quecloud.YearPackage
	err = readAt(decoded, `{"useFlow":1,"totalFlow":1,"endTime":1830268799000}`, &year)
	require.NoError(t, err)
	assert.Equal(t, 2027, year.End.Year)
}

func TestDecodeReadsEventsLikeResponses(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]time.Time{
		"2026-11-01T08:00:00": inChina(2026, 11, 1, 8, 0, 0), "2026/11/01 08:00:00": inChina(2026, 11, 1, 8, 0, 0),
		"261101080000": inChina(2026, 11, 1, 8, 0, 0), "null": {}, "0000-00-00 00:00:00": {},
	} {
		var sms quecloud.SMSEvent
		require.NoError(t, readObject(`{"type":"inbox ","msisdn":"1064800000000","recievetime":"`+text+`"}`, &sms), text)
		assert.True(t, want.Equal(sms.ReceivedAt), "%s: %v", text, sms.ReceivedAt)
		assert.Equal(t, quecloud.SMSEventInbox, sms.Type)

		var order quecloud.OrderEvent
		require.NoError(t, readObject(`{"orderNo":"1","orderType":" 充值订单","orderStatus":"1 ","iccid":"89860000000000000001",
			"productPrice":1,"createTime":"`+text+`","completeTime":"`+text+`"}`, &order), text)
		assert.True(t, want.Equal(order.CreatedAt) && want.Equal(order.CompletedAt), text)
		assert.Equal(t, quecloud.OrderTypeRecharge, order.Type)
		assert.Equal(t, quecloud.OrderStatusDone, order.Status)
	}
}
