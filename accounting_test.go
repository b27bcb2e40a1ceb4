package quecloud_test

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/quecloud/quecloud-go"
)

// An outcome is what a call for many cards may end with.
type outcome struct {
	result  bool // comes with the error
	partial bool
	unknown bool // whether it happened
	refused bool
}

func outcomeOf(result any, err error) outcome {
	return outcome{
		result: result != nil, partial: errors.Is(err, quecloud.ErrPartial), unknown: errors.Is(err, quecloud.ErrOutcomeUnknown),
		refused: errors.As(err, new(*quecloud.APIError)),
	}
}

var (
	allDone  = outcome{result: true}
	partly   = outcome{result: true, partial: true}
	inDoubt  = outcome{result: true, partial: true, unknown: true}
	aRefusal = outcome{refused: true}
)

func sentAs(iccid, msisdn string) string {
	return fmt.Sprintf(`{"iccid":%q,"msisdn":%q,"sms_id":"1"}`, iccid, msisdn)
}

func TestEveryCardOfAnSMSIsAccountedFor(t *testing.T) {
	t.Parallel()
	byMSISDN, byICCID := quecloud.MSISDNs(msisdn1, msisdn2), quecloud.ICCIDs(iccid1, iccid2)
	sent1, sent2 := sentAs(iccid1, msisdn1), sentAs(iccid2, msisdn2)
	both := `"successList":[` + sent1 + `,` + sent2 + `]`
	for _, tt := range []struct {
		name        string
		cards       quecloud.CardIDs
		response    string
		want        outcome
		failed      []string
		unaccounted quecloud.CardIDs
	}{
		{name: "all sent", cards: byMSISDN, response: both, want: allDone},
		{name: "all sent by ICCID", cards: byICCID, response: both + `,"errorList":[]`, want: allDone},
		{name: "all sent, an empty text for no failures", cards: byICCID, response: both + `,"errorList":""`, want: allDone},
		{name: "all sent, an empty entry for no failures", cards: byICCID, response: both + `,"errorList":["",null]`, want: allDone},
		{name: "one card twice", cards: quecloud.MSISDNs(msisdn1, msisdn1), response: `"successList":[` + sent1 + `]`, want: allDone},
		{name: "a response pads", cards: quecloud.ICCIDs(iccid1), response: `"successList":[{"iccid":"` + iccid1 + `f"}]`, want: allDone},
		{name: "one failed", cards: byMSISDN, response: `"successList":[` + sent1 + `],"errorList":["` + msisdn2 + `"]`, want: partly, failed: []string{msisdn2}},
		{name: "one failed, as a text", cards: byMSISDN, response: `"successList":[` + sent1 + `],"errorList":"` + msisdn2 + `"`, want: partly, failed: []string{msisdn2}},
		{name: "one failed, as a number", cards: byMSISDN, response: `"successList":[` + sent1 + `],"errorList":[` + msisdn2 + `]`, want: partly, failed: []string{msisdn2}},
		{
			name: "one failed, as an object", cards: byMSISDN, response: `"successList":[` + sent1 + `],"errorList":[{"msisdn":"` + msisdn2 + `"}]`,
			want: partly, failed: []string{`{"msisdn":"` + msisdn2 + `"}`},
		},
		{
			name: "one failed, as an object with other names", cards: byICCID,
			response: `"successList":[` + sent1 + `],"errorList":[{"number":"` + iccid2 + `","why":"x"}]`,
			want:     partly, failed: []string{`{"number":"` + iccid2 + `","why":"x"}`},
		},
		{name: "one failed by its other number", cards: byICCID, response: `"successList":[` + sent1 + `],"errorList":["` + msisdn2 + `"]`, want: partly, failed: []string{msisdn2}},
		{name: "all failed", cards: byMSISDN, response: `"errorList":["` + msisdn1 + `","` + msisdn2 + `"]`, want: partly, failed: []string{msisdn1, msisdn2}},
		{name: "all failed, in one text", cards: byMSISDN, response: `"errorList":"` + msisdn1 + `,` + msisdn2 + `"`, want: partly, failed: []string{msisdn1, msisdn2}},
		{name: "all failed by their other numbers", cards: byICCID, response: `"errorList":["` + msisdn1 + `","` + msisdn2 + `"]`, want: partly, failed: []string{msisdn1, msisdn2}},
		{name: "empty lists", cards: byMSISDN, response: `"successList":[],"errorList":[]`, want: inDoubt, unaccounted: byMSISDN},
		{name: "no lists", cards: byMSISDN, response: `"x":1`, want: inDoubt, unaccounted: byMSISDN},
		{name: "one sent, no failures", cards: byMSISDN, response: `"successList":[` + sent1 + `]`, want: inDoubt, unaccounted: quecloud.MSISDNs(msisdn2)},
		{
			name: "one failed, nothing sent", cards: byMSISDN, response: `"errorList":["` + msisdn1 + `"]`,
			want: inDoubt, failed: []string{msisdn1}, unaccounted: quecloud.MSISDNs(msisdn2),
		},
		{
			name: "failures in words", cards: byMSISDN, response: `"successList":[` + sent1 + `],"errorList":"部分失败, 请检查"`,
			want: inDoubt, failed: []string{"部分失败, 请检查"}, unaccounted: quecloud.MSISDNs(msisdn2),
		},
		{
			name: "failures as one object", cards: byMSISDN, response: `"successList":[` + sent1 + `],"errorList":{"x":1}`,
			want: inDoubt, failed: []string{`{"x":1}`}, unaccounted: quecloud.MSISDNs(msisdn2),
		},
		{name: "all sent, and failures in words", cards: byMSISDN, response: both + `,"errorList":["x"]`, want: partly, failed: []string{"x"}},
		{
			name: "one both sent and failed", cards: byMSISDN, response: both + `,"errorList":["` + msisdn2 + `"]`,
			want: inDoubt, failed: []string{msisdn2}, unaccounted: quecloud.MSISDNs(msisdn2),
		},
		{name: "another card sent", cards: byMSISDN, response: `"successList":[` + sent1 + `,` + sentAs(iccid3, msisdn3) + `]`, want: inDoubt, unaccounted: quecloud.MSISDNs(msisdn2)},
		{name: "one more card sent", cards: byMSISDN, response: `"successList":[` + sent1 + `,` + sent2 + `,` + sentAs(iccid3, msisdn3) + `]`, want: partly},
		{name: "all sent by their other numbers", cards: byICCID, response: `"successList":[` + sentAs("", msisdn1) + `,` + sentAs("", msisdn2) + `]`, want: allDone},
		{
			name: "one sent and one failed by their other numbers", cards: byICCID,
			response: `"successList":[` + sentAs("", msisdn1) + `],"errorList":["` + msisdn2 + `"]`, want: partly, failed: []string{msisdn2},
		},
		{name: "one sent by its other number", cards: byICCID, response: `"successList":[` + sentAs("", msisdn1) + `]`, want: inDoubt, unaccounted: byICCID},
		{name: "refused", cards: byMSISDN, response: `"resultCode":1`, want: aRefusal},
		{name: "refused, with empty lists", cards: byMSISDN, response: `"resultCode":1,"successList":[],"errorList":[]`, want: aRefusal},
		{
			name: "refused, one sent", cards: byMSISDN, response: `"resultCode":1,"successList":[` + sent1 + `]`,
			want: outcome{result: true, partial: true, unknown: true, refused: true}, unaccounted: quecloud.MSISDNs(msisdn2),
		},
		{
			name: "refused, one sent and one failed", cards: byMSISDN, response: `"resultCode":1,"successList":[` + sent1 + `],"errorList":["` + msisdn2 + `"]`,
			want: outcome{result: true, partial: true, refused: true}, failed: []string{msisdn2},
		},
		{name: "refused, all sent", cards: byMSISDN, response: `"resultCode":1,` + both, want: outcome{result: true, partial: true, refused: true}},
		{
			name: "refused, all failed", cards: byMSISDN, response: `"resultCode":1,"errorList":["` + msisdn1 + `","` + msisdn2 + `"]`,
			want: outcome{result: true, partial: true, refused: true}, failed: []string{msisdn1, msisdn2},
		},
		{
			name: "one sent, the other cannot be read", cards: byMSISDN, response: `"successList":[` + sent1 + `,7]`,
			want: inDoubt, unaccounted: quecloud.MSISDNs(msisdn2),
		},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			response := tt.response
			if !strings.Contains(response, "resultCode") {
				response = `"resultCode":0,` + response
			}
			client := newPlatform(answerText("{" + response + "}")).client(t)
			got, err := client.SMS.Send(t.Context(), &quecloud.SMSSendParams{Cards: tt.cards, Content: "a"})
			if got == nil {
				require.Equal(t, tt.want, outcomeOf(nil, err), "%v", err)
				return
			}
			require.Equal(t, tt.want, outcomeOf(got, err), "%v", err)
			assert.Equal(t, tt.want == allDone, err == nil)
			assert.ElementsMatch(t, tt.failed, got.Failed)
			assert.Equal(t, tt.unaccounted, got.Unaccounted)
			assert.NotContains(t, got.Sent, quecloud.SentSMS{})
			for card := range tt.unaccounted.All() {
				assert.ErrorContains(t, err, card.String())
			}
		})
	}
}

func TestEveryCardOfAnAlarmIsAccountedFor(t *testing.T) {
	t.Parallel()
	two := quecloud.MSISDNs(msisdn1, msisdn2)
	for _, tt := range []struct {
		name                string
		cards               quecloud.CardIDs
		response            string
		want                outcome
		succeeded           []string
		failed, unaccounted quecloud.CardIDs
	}{
		{name: "no list, as documented", cards: two, response: `{"resultCode":0}`, want: allDone, succeeded: []string{msisdn1, msisdn2}},
		{name: "null", cards: two, response: `{"resultCode":0,"success":null}`, want: allDone, succeeded: []string{msisdn1, msisdn2}},
		{name: "all listed", cards: two, response: `{"resultCode":0,"success":["` + msisdn2 + `",` + msisdn1 + `]}`, want: allDone, succeeded: []string{msisdn2, msisdn1}},
		{name: "all listed in a text", cards: two, response: `{"resultCode":0,"success":"` + msisdn2 + `,` + msisdn1 + `"}`, want: allDone, succeeded: []string{msisdn2, msisdn1}},
		{name: "one of two", cards: two, response: `{"resultCode":0,"success":["` + msisdn1 + `"]}`, want: inDoubt, succeeded: []string{msisdn1}, unaccounted: quecloud.MSISDNs(msisdn2)},
		{name: "none of two", cards: two, response: `{"resultCode":0,"success":[]}`, want: inDoubt, succeeded: []string{}, unaccounted: two},
		{
			name: "one of two, refused as documented", cards: two, response: `{"resultCode":1,"success":["` + msisdn1 + `"]}`,
			want: outcome{result: true, partial: true, refused: true}, succeeded: []string{msisdn1}, failed: quecloud.MSISDNs(msisdn2),
		},
		{
			name: "one of two as an object", cards: two, response: `{"resultCode":1,"success":[{"msisdn":"` + msisdn1 + `"}]}`,
			want: outcome{result: true, partial: true, refused: true}, succeeded: []string{`{"msisdn":"` + msisdn1 + `"}`}, failed: quecloud.MSISDNs(msisdn2),
		},
		{
			name: "one of two by its other number", cards: quecloud.ICCIDs(iccid1, iccid2), response: `{"resultCode":1,"success":["` + msisdn1 + `"]}`,
			want: outcome{result: true, partial: true, refused: true, unknown: true}, succeeded: []string{msisdn1}, unaccounted: quecloud.ICCIDs(iccid1, iccid2),
		},
		{
			name: "one of two, refused in another way", cards: two, response: `{"resultCode":7,"success":["` + msisdn1 + `"]}`,
			want: outcome{result: true, partial: true, refused: true, unknown: true}, succeeded: []string{msisdn1}, unaccounted: quecloud.MSISDNs(msisdn2),
		},
		{
			name: "all of two, refused", cards: two, response: `{"resultCode":1,"success":["` + msisdn1 + `","` + msisdn2 + `"]}`,
			want: outcome{result: true, partial: true, refused: true}, succeeded: []string{msisdn1, msisdn2},
		},
		{name: "refused", cards: two, response: `{"resultCode":1,"success":[]}`, want: aRefusal},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			got, err := newPlatform(answerText(tt.response)).client(t).Flow.SetAlarm(t.Context(), tt.cards, &fullAlarm)
			if got == nil {
				require.Equal(t, tt.want, outcomeOf(nil, err), "%v", err)
				return
			}
			require.Equal(t, tt.want, outcomeOf(got, err), "%v", err)
			assert.Equal(t, tt.want == allDone, err == nil)
			assert.Equal(t, &quecloud.SetAlarmResult{Succeeded: tt.succeeded, Failed: tt.failed, Unaccounted: tt.unaccounted}, got)
		})
	}
}

// A card that failed must not look as if it were in doubt because another one is.
func TestAnErrorNamesTheCardsItIsAbout(t *testing.T) {
	t.Parallel()
	client := newPlatform(answerText(`{"resultCode":0,"errorList":["1","2","3","4","5"]}`)).client(t)
	_, err := client.SMS.Send(t.Context(), &quecloud.SMSSendParams{Cards: quecloud.MSISDNs("1", "2", "3", "4", "5", "6"), Content: "a"})
	assert.ErrorContains(t, err, "5 of 6 cards failed: 1,2,3 and 2 more")
	assert.ErrorContains(t, err, "does not account for 1 of 6 cards: 6")
}

// An interceptor may answer by itself, and the answer counts as one of the platform's.
func TestAnInterceptorsAnswerIsAccountedForToo(t *testing.T) {
	t.Parallel()
	silent := func(context.Context, *quecloud.CallInfo, func(context.Context) error) error { return nil }
	client := newPlatform(nil).client(t, quecloud.WithInterceptor(silent))
	sent, err := client.SMS.Send(t.Context(), &quecloud.SMSSendParams{Cards: quecloud.MSISDNs("1"), Content: "a"})
	assert.Equal(t, inDoubt, outcomeOf(sent, err))
	set, err := client.Flow.SetAlarm(t.Context(), quecloud.MSISDNs("1"), &fullAlarm)
	require.NoError(t, err)
	assert.Equal(t, []string{"1"}, set.Succeeded)
}
