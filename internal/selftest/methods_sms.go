package selftest

import (
	"context"

	"github.com/quecloud/quecloud-go"
)

var smsCases = []MethodCase{
	{
		Method: "sms.send",
		Call:   sendSMS,
		Form: map[string]string{
			"msisdns": MSISDN1 + "," + MSISDN2 + "," + MSISDN3, "content": "重启 & 上报=1+1%", "smsId": "sms-1",
		},
		Want:  &quecloud.SMSSendResult{Sent: sentSMS, Failed: []string{"1440133250003"}},
		Nulls: &quecloud.SMSSendResult{Failed: []string{"1440133250003"}, Unaccounted: quecloud.MSISDNs(MSISDN1, MSISDN2)},
		Err:   quecloud.ErrPartial,
	},
	{
		Method: "sms.send", Name: "to all",
		File: "sms.send.all.json",
		Call: func(ctx context.Context, c *quecloud.Client) (any, error) {
			return result(c.SMS.Send(ctx, &quecloud.SMSSendParams{Cards: quecloud.ICCIDs(ICCID1, ICCID2), Content: "reboot"}))
		},
		Form: map[string]string{"iccids": ICCID1 + "," + ICCID2, "content": "reboot"},
		Want: &quecloud.SMSSendResult{Sent: sentSMS},
	},
	{
		Method: "sms.sendlog",
		Call: func(ctx context.Context, c *quecloud.Client) (any, error) {
			return result(c.SMS.ListLog(ctx, &quecloud.SMSLogParams{
				Month: quecloud.Month{Year: 2021, Month: 3}, PageNo: 1, PageSize: 1,
			}))
		},
		Form: map[string]string{"dateStr": "202103", "pageNo": "1", "pageSize": "1"},
		Want: &quecloud.SMSLogList{Page: onePage, Entries: []quecloud.SMSEntry{
			{
				MSISDN: "1064991300001", Content: "远程重启", SentAt: CST(2021, 3, 19, 16, 38, 54), SMSID: "3213",
				Status: quecloud.SMSStatusDelivered,
			},
			{
				MSISDN: "1064991300002", Content: "123456", SentAt: CST(2021, 3, 19, 16, 40, 2), SMSID: "3214",
				Status: quecloud.SMSStatusFailed,
			},
		}},
	},
	{
		Method: "sms.monthcount",
		Call: func(ctx context.Context, c *quecloud.Client) (any, error) {
			return result(c.SMS.MonthCount(ctx, quecloud.Month{Year: 2024, Month: 12}))
		},
		Form: map[string]string{"dateStr": "202412"},
		Want: &quecloud.SMSMonthCount{MT: 0, MO: 2},
	},
}

func sendSMS(ctx context.Context, c *quecloud.Client) (any, error) {
	return result(c.SMS.Send(ctx, &quecloud.SMSSendParams{
		Cards: quecloud.MSISDNs(MSISDN1, MSISDN2, MSISDN3), Content: "重启 & 上报=1+1%", SMSID: "sms-1",
	}))
}

var sentSMS = []quecloud.SentSMS{
	{MSISDN: "1064991300001", ICCID: "8986031749203860001", SMSID: "YkSzqc66fIE0umbCVD6w"},
	{MSISDN: "1064991300002", ICCID: "8986031749203860002", SMSID: "20241227191636000002"},
}
