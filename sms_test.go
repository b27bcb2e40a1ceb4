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

var smsRows = []methodRow{
	{
		method: "sms.send",
		call:   sendSMS,
		form: map[string]string{
			"msisdns": msisdn1 + "," + msisdn2 + "," + msisdn3, "content": "重启 & 上报=1+1%", "smsId": "sms-1",
		},
		want:  &quecloud.SMSSendResult{Sent: sentSMS, Failed: []string{"1440133250003"}},
		nulls: &quecloud.SMSSendResult{Failed: []string{"1440133250003"}, Unaccounted: quecloud.MSISDNs(msisdn1, msisdn2)},
		err:   quecloud.ErrPartial,
	},
	{
		method: "sms.send", name: " to all",
		answer: "sms.send.all.json",
		call: func(ctx context.Context, c *quecloud.Client) (any, error) {
			return result(c.SMS.Send(ctx, &quecloud.SMSSendParams{Cards: quecloud.ICCIDs(iccid1, iccid2), Content: "reboot"}))
		},
		form: map[string]string{"iccids": iccid1 + "," + iccid2, "content": "reboot"},
		want: &quecloud.SMSSendResult{Sent: sentSMS},
	},
	{
		method: "sms.sendlog",
		call: func(ctx context.Context, c *quecloud.Client) (any, error) {
			return result(c.SMS.ListLog(ctx, &quecloud.SMSLogParams{
				Month: quecloud.Month{Year: 2021, Month: 3}, PageNo: 1, PageSize: 1,
			}))
		},
		form: map[string]string{"dateStr": "202103", "pageNo": "1", "pageSize": "1"},
		want: &quecloud.SMSLogList{Page: onePage, Entries: []quecloud.SMSEntry{
			{
				MSISDN: "1064991300001", Content: "远程重启", SentAt: cst(2021, 3, 19, 16, 38, 54), SMSID: "3213",
				Status: quecloud.SMSStatusDelivered,
			},
			{
				MSISDN: "1064991300002", Content: "123456", SentAt: cst(2021, 3, 19, 16, 40, 2), SMSID: "3214",
				Status: quecloud.SMSStatusFailed,
			},
		}},
	},
	{
		method: "sms.monthcount",
		call: func(ctx context.Context, c *quecloud.Client) (any, error) {
			return result(c.SMS.MonthCount(ctx, quecloud.Month{Year: 2024, Month: 12}))
		},
		form: map[string]string{"dateStr": "202412"},
		want: &quecloud.SMSMonthCount{MT: 0, MO: 2},
	},
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
