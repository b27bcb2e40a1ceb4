package quecloud

import (
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// newDrifting returns a client with a drift handler, and what it was given, but for members that are missing: the bodies of
// these tests have only what they are about. See members_test.go.
func newDrifting(t *testing.T, body string) (*Client, *[]Drift) {
	t.Helper()
	drifts := new([]Drift)
	client, _ := newScripted(t, []scriptStep{{body: body}}, WithDriftHandler(func(d Drift) {
		if d.Kind != DriftMissing {
			*drifts = append(*drifts, d)
		}
	}))
	return client, drifts
}

func TestDriftIsReportedAndDoesNotStopASweep(t *testing.T) {
	t.Parallel()
	client, drifts := newDrifting(t, `{"resultCode":0,"page":{"page":1,"colour":{"a":1}},"cards":[
		{"iccid":"1","monthflow":"abc","imei":"7"},
		{"iccid":"2","monthflow":2,"newMember":"x","openDate":"soon","carrier":{"a":1}}],"extra":[1]}`)
	list, err := client.Cards.List(t.Context(), nil)
	require.NoError(t, err)
	assert.Equal(t, []Card{{ICCID: "1", IMEI: "7"}, {ICCID: "2", MonthFlow: 2}}, list.Cards)
	const method = "fc.function.card.list"
	assert.Equal(t, []Drift{
		{method, DriftUnknownMember, "page.colour", `{"a":1}`},
		{method, DriftWrongValue, "cards[0].monthflow", `"abc"`},
		{method, DriftUnknownMember, "cards[1].newMember", `"x"`},
		{method, DriftWrongValue, "cards[1].openDate", `"soon"`},
		{method, DriftWrongValue, "cards[1].carrier", `{"a":1}`},
		{method, DriftUnknownMember, "extra", `[1]`},
	}, *drifts)
}

func TestEveryWrongValueIsToleratedWithADriftHandler(t *testing.T) {
	t.Parallel()
	for _, tt := range fieldErrors {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			client, drifts := newDrifting(t, tt.body)
			err := tt.call(t.Context(), client)
			if tt.want.Value == "" {
				require.ErrorContains(t, err, tt.want.Error(), "what is missing has no value to report")
				assert.Empty(t, *drifts)
				return
			}
			if tt.name == "an object for a list" {
				require.ErrorContains(t, err, "member cards: missing", "without its list it is no answer")
			} else {
				require.NoError(t, err)
			}
			require.NotEmpty(t, *drifts)
			assert.Equal(t, DriftWrongValue, (*drifts)[0].Kind)
			assert.Equal(t, tt.want.Path, (*drifts)[0].Path)
			assert.Equal(t, tt.want.Value, (*drifts)[0].Value)
		})
	}
}

func TestAScalarOfAnotherTypeIsReportedAndRead(t *testing.T) {
	t.Parallel()
	client, drifts := newDrifting(t, `{"resultCode":0,"cards":[{"iccid":1,"islock":"1","flow":"1.5","openDate":"2025-01-01"}]}`)
	list, err := client.Cards.List(t.Context(), nil)
	require.NoError(t, err)
	assert.Equal(t, []Card{{ICCID: "1", IMEILocked: true, CycleFlow: 1.5, OpenDate: Date{2025, time.January, 1}}}, list.Cards)
	const method = "fc.function.card.list"
	assert.Equal(t, []Drift{
		{method, DriftWrongType, "cards[0].iccid", "1"},
		{method, DriftWrongType, "cards[0].flow", `"1.5"`},
	}, *drifts)
}

func TestAReceiptFailsEvenWithADriftHandler(t *testing.T) {
	t.Parallel()
	client, drifts := newDrifting(t, `{"resultCode":0,"orderNo":{},"price":1}`)
	err := kindCalls[2].call(t.Context(), client)
	require.ErrorContains(t, err, "member orderNo: want a text")
	require.ErrorIs(t, err, ErrOutcomeUnknown)
	assert.Equal(t, []Drift{{"fc.function.card.recharge", DriftUnknownMember, "price", "1"}}, *drifts)
}

func TestWhatIsKnownIsNoDrift(t *testing.T) {
	t.Parallel()
	client, drifts := newDrifting(t, `{"RESULTCODE":"0","errormessage":null,"MT":1,"mo":2.0}`)
	count, err := client.SMS.MonthCount(t.Context(), Month{2025, time.May})
	require.NoError(t, err)
	assert.Equal(t, &SMSMonthCount{MT: 1, MO: 2}, count)
	assert.Empty(t, *drifts)
}

func TestADriftShowsAtMost64Bytes(t *testing.T) {
	t.Parallel()
	client, drifts := newDrifting(t, `{"resultCode":0,"mt":1,"mo":2,"x":"`+strings.Repeat("卡", 100)+`"}`)
	require.NoError(t, readOnce(t.Context(), client))
	require.Len(t, *drifts, 1)
	assert.Equal(t, `"`+strings.Repeat("卡", 21), (*drifts)[0].Value)
}
