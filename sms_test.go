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
	"github.com/quecloud/quecloud-go/internal/selftest"
)

// sendToThree sends an SMS to the three cards of testdata, to which the platform responds.
func sendToThree(t *testing.T, platform *selftest.Platform) (*quecloud.SMSSendResult, error) {
	return platform.Client(t).SMS.Send(t.Context(), &quecloud.SMSSendParams{
		Cards:   quecloud.MSISDNs(selftest.MSISDN1, selftest.MSISDN2, selftest.MSISDN3),
		Content: "重启 & 上报=1+1%", SMSID: "sms-1",
	})
}

func TestSMSToSomeCardsReturnsAResultAndErrPartial(t *testing.T) {
	t.Parallel()
	got, err := sendToThree(t, selftest.FilePlatform(t, "sms.send.json"))
	require.ErrorIs(t, err, quecloud.ErrPartial)
	assert.NotErrorIs(t, err, quecloud.ErrOutcomeUnknown)
	assert.ErrorContains(t, err, "1 of 3 cards")
	assert.Equal(t, []string{selftest.MSISDN3}, got.Failed)
	assert.Len(t, got.Sent, 2)
}

func TestSMSWithoutReceiptIsInDoubt(t *testing.T) {
	t.Parallel()
	got, err := sendToThree(t, selftest.TextPlatform(`{"resultCode":0}`))
	all := quecloud.MSISDNs(selftest.MSISDN1, selftest.MSISDN2, selftest.MSISDN3)
	assert.Equal(t, &quecloud.SMSSendResult{Unaccounted: all}, got)
	assert.ErrorIs(t, err, quecloud.ErrPartial)
	assert.ErrorIs(t, err, quecloud.ErrOutcomeUnknown)
}

func TestSMSRefusedWasNotSent(t *testing.T) {
	t.Parallel()
	got, err := sendToThree(t, selftest.FilePlatform(t, "error.json"))
	assert.Nil(t, got)
	assert.ErrorAs(t, err, new(*quecloud.APIError))
	assert.NotErrorIs(t, err, quecloud.ErrOutcomeUnknown)
	assert.NotErrorIs(t, err, quecloud.ErrPartial)
}

// A batchOutcome is the kind of result and error that a call for many cards returns.
type batchOutcome struct {
	result  bool // with the error
	partial bool
	unknown bool // ErrOutcomeUnknown
	refused bool
}

func outcomeOf(hasResult bool, err error) batchOutcome {
	return batchOutcome{
		result: hasResult, partial: errors.Is(err, quecloud.ErrPartial), unknown: errors.Is(err, quecloud.ErrOutcomeUnknown),
		refused: errors.As(err, new(*quecloud.APIError)),
	}
}

var (
	allDone         = batchOutcome{result: true}
	someFailed      = batchOutcome{result: true, partial: true}
	someUnknown     = batchOutcome{result: true, partial: true, unknown: true}
	noResult        = batchOutcome{refused: true}
	refusedKnown    = batchOutcome{result: true, partial: true, refused: true}
	refusedSomeLeft = batchOutcome{result: true, partial: true, refused: true, unknown: true}
)

// cardTokens replaces tokens in the responses of tests: M1 to M3 and I1 to I3 by the numbers of the cards of testdata,
// S1 to S3 by their entries in a list of sent SMS, and SM1 and SM2 by such entries without an ICCID.
var cardTokens = func() *strings.Replacer {
	sent := func(iccid, msisdn string) string {
		return fmt.Sprintf(`{"iccid":%q,"msisdn":%q,"sms_id":"1"}`, iccid, msisdn)
	}
	return strings.NewReplacer(
		"SM1", sent("", selftest.MSISDN1), "SM2", sent("", selftest.MSISDN2), "S1", sent(selftest.ICCID1, selftest.MSISDN1),
		"S2", sent(selftest.ICCID2, selftest.MSISDN2), "S3", sent(selftest.ICCID3, selftest.MSISDN3),
		"M1", selftest.MSISDN1, "M2", selftest.MSISDN2, "I1", selftest.ICCID1, "I2", selftest.ICCID2,
	)
}()

func TestSMSAccountsForEveryCard(t *testing.T) {
	t.Parallel()
	byMSISDN := quecloud.MSISDNs(selftest.MSISDN1, selftest.MSISDN2)
	byICCID := quecloud.ICCIDs(selftest.ICCID1, selftest.ICCID2)
	card2 := quecloud.MSISDNs(selftest.MSISDN2)
	none := quecloud.CardIDs{}
	for _, tt := range []struct {
		name        string
		cards       quecloud.CardIDs
		response    string
		want        batchOutcome
		failed      string // separated by |
		unaccounted quecloud.CardIDs
	}{
		{"all sent", byMSISDN, `"successList":[S1,S2]`, allDone, "", none},
		{"all sent by ICCID", byICCID, `"successList":[S1,S2],"errorList":[]`, allDone, "", none},
		{"all sent, an empty text for no failures", byICCID, `"successList":[S1,S2],"errorList":""`, allDone, "", none},
		{
			"all sent, empty entries for no failures", byICCID, `"successList":[S1,S2],"errorList":["",null]`, allDone, "", none,
		},
		{
			"one card twice", quecloud.MSISDNs(selftest.MSISDN1, selftest.MSISDN1), `"successList":[S1]`,
			allDone, "", none,
		},
		{"a padded ICCID", quecloud.ICCIDs(selftest.ICCID1), `"successList":[{"iccid":"I1f"}]`, allDone, "", none},
		{"one failed", byMSISDN, `"successList":[S1],"errorList":["M2"]`, someFailed, "M2", none},
		{"one failed, as a text", byMSISDN, `"successList":[S1],"errorList":"M2"`, someFailed, "M2", none},
		{"one failed, as a number", byMSISDN, `"successList":[S1],"errorList":[M2]`, someFailed, "M2", none},
		{
			"one failed, as an object", byMSISDN, `"successList":[S1],"errorList":[{"msisdn":"M2"}]`,
			someFailed, `{"msisdn":"M2"}`, none,
		},
		{
			"one failed, as an object with other names", byICCID,
			`"successList":[S1],"errorList":[{"number":"I2","why":"x"}]`, someFailed, `{"number":"I2","why":"x"}`, none,
		},
		{"one failed by its other number", byICCID, `"successList":[S1],"errorList":["M2"]`, someFailed, "M2", none},
		{"all failed", byMSISDN, `"errorList":["M1","M2"]`, someFailed, "M1|M2", none},
		{"all failed, in one text", byMSISDN, `"errorList":"M1,M2"`, someFailed, "M1|M2", none},
		{"all failed by their other numbers", byICCID, `"errorList":["M1","M2"]`, someFailed, "M1|M2", none},
		{"empty lists", byMSISDN, `"successList":[],"errorList":[]`, someUnknown, "", byMSISDN},
		{"no lists", byMSISDN, `"x":1`, someUnknown, "", byMSISDN},
		{"one sent, no failures", byMSISDN, `"successList":[S1]`, someUnknown, "", card2},
		{"one failed, nothing sent", byMSISDN, `"errorList":["M1"]`, someUnknown, "M1", card2},
		{
			"failures in words", byMSISDN, `"successList":[S1],"errorList":"部分失败, 请检查"`,
			someUnknown, "部分失败, 请检查", card2,
		},
		{"failures as one object", byMSISDN, `"successList":[S1],"errorList":{"x":1}`, someUnknown, `{"x":1}`, card2},
		{"all sent, and failures in words", byMSISDN, `"successList":[S1,S2],"errorList":["x"]`, someFailed, "x", none},
		{"one both sent and failed", byMSISDN, `"successList":[S1,S2],"errorList":["M2"]`, someUnknown, "M2", card2},
		{"another card sent", byMSISDN, `"successList":[S1,S3]`, someUnknown, "", card2},
		{"one more card sent", byMSISDN, `"successList":[S1,S2,S3]`, someFailed, "", none},
		{"all sent by their other numbers", byICCID, `"successList":[SM1,SM2]`, allDone, "", none},
		{
			"one sent and one failed by their other numbers", byICCID, `"successList":[SM1],"errorList":["M2"]`,
			someFailed, "M2", none,
		},
		{"one sent by its other number", byICCID, `"successList":[SM1]`, someUnknown, "", byICCID},
		{"refused", byMSISDN, `"resultCode":1`, noResult, "", none},
		{"refused, with empty lists", byMSISDN, `"resultCode":1,"successList":[],"errorList":[]`, noResult, "", none},
		{"refused, one sent", byMSISDN, `"resultCode":1,"successList":[S1]`, refusedSomeLeft, "", card2},
		{
			"refused, one sent and one failed", byMSISDN, `"resultCode":1,"successList":[S1],"errorList":["M2"]`,
			refusedKnown, "M2", none,
		},
		{"refused, all sent", byMSISDN, `"resultCode":1,"successList":[S1,S2]`, refusedKnown, "", none},
		{"refused, all failed", byMSISDN, `"resultCode":1,"errorList":["M1","M2"]`, refusedKnown, "M1|M2", none},
		{"one sent, the other entry is malformed", byMSISDN, `"successList":[S1,7]`, someUnknown, "", card2},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			response := cardTokens.Replace(tt.response)
			if !strings.Contains(response, "resultCode") {
				response = `"resultCode":0,` + response
			}
			client := selftest.TextPlatform("{" + response + "}").Client(t)
			got, err := client.SMS.Send(t.Context(), &quecloud.SMSSendParams{Cards: tt.cards, Content: "a"})
			require.Equal(t, tt.want, outcomeOf(got != nil, err), "%v", err)
			assert.Equal(t, tt.want == allDone, err == nil)
			if got == nil {
				return
			}
			var failed []string
			if tt.failed != "" {
				failed = strings.Split(cardTokens.Replace(tt.failed), "|")
			}
			assert.ElementsMatch(t, failed, got.Failed)
			assert.Equal(t, tt.unaccounted, got.Unaccounted)
			assert.NotContains(t, got.Sent, quecloud.SentSMS{})
			for card := range tt.unaccounted.All() {
				assert.ErrorContains(t, err, card.String())
			}
		})
	}
}

// The error must not name a failed card as one in doubt.
func TestSMSErrorTellsFailedCardsFromUnaccountedOnes(t *testing.T) {
	t.Parallel()
	client := selftest.TextPlatform(`{"resultCode":0,"errorList":["1","2","3","4","5"]}`).Client(t)
	_, err := client.SMS.Send(t.Context(), &quecloud.SMSSendParams{
		Cards: quecloud.MSISDNs("1", "2", "3", "4", "5", "6"), Content: "a",
	})
	assert.ErrorContains(t, err, "5 of 6 cards failed: 1,2,3 and 2 more")
	assert.ErrorContains(t, err, "does not account for 1 of 6 cards: 6")
}

// An interceptor may respond itself, and its response counts like one of the platform.
func TestSMSResponseOfAnInterceptorIsAccountedFor(t *testing.T) {
	t.Parallel()
	silent := func(context.Context, *quecloud.CallInfo, func(context.Context) error) error { return nil }
	client := selftest.NewPlatform().Client(t, quecloud.WithInterceptor(silent))
	sent, err := client.SMS.Send(t.Context(), &quecloud.SMSSendParams{Cards: quecloud.MSISDNs("1"), Content: "a"})
	assert.Equal(t, someUnknown, outcomeOf(sent != nil, err))
}
