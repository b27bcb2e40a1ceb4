package quecloud_test

import (
	"context"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/quecloud/quecloud-go"
)

var sentSMS = []quecloud.SentSMS{
	{MSISDN: "1064991300001", ICCID: "8986031749203860001", SMSID: "YkSzqc66fIE0umbCVD6w"},
	{MSISDN: "1064991300002", ICCID: "8986031749203860002", SMSID: "20241227191636000002"},
}

func sendSMS(ctx context.Context, c *quecloud.Client) (any, error) {
	return result(c.SMS.Send(ctx, &quecloud.SMSSendParams{
		Cards: quecloud.MSISDNs(msisdn1, msisdn2, msisdn3), Content: "重启 & 上报=1+1%", SMSID: "sms-1",
	}))
}

func TestAnSMSToSomeOfTheCardsGivesBothTheResultAndErrPartial(t *testing.T) {
	t.Parallel()
	got, err := sendSMS(t.Context(), newPlatform(answerFile(t, "sms.send.json")).client(t))
	require.ErrorIs(t, err, quecloud.ErrPartial)
	assert.NotErrorIs(t, err, quecloud.ErrOutcomeUnknown)
	assert.ErrorContains(t, err, "1 of 3 cards")
	sent := got.(*quecloud.SMSSendResult)
	assert.Equal(t, []string{msisdn3}, sent.Failed)
	assert.Len(t, sent.Sent, 2)
}

func TestAnSMSWithoutAReceiptMayHaveBeenSent(t *testing.T) {
	t.Parallel()
	got, err := sendSMS(t.Context(), newPlatform(answerText(`{"resultCode":0}`)).client(t))
	assert.Equal(t, &quecloud.SMSSendResult{Unaccounted: quecloud.MSISDNs(msisdn1, msisdn2, msisdn3)}, got)
	assert.ErrorIs(t, err, quecloud.ErrPartial)
	assert.ErrorIs(t, err, quecloud.ErrOutcomeUnknown)
}

func TestARefusedSMSWasNotSent(t *testing.T) {
	t.Parallel()
	got, err := sendSMS(t.Context(), newPlatform(answerFile(t, "error.json")).client(t))
	assert.Nil(t, got)
	assert.ErrorAs(t, err, new(*quecloud.APIError))
	assert.NotErrorIs(t, err, quecloud.ErrOutcomeUnknown)
	assert.NotErrorIs(t, err, quecloud.ErrPartial)
}
