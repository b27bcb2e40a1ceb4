package selftest

import (
	"context"
	"time"

	"github.com/quecloud/quecloud-go"
)

// SMSContent is the text of the SMS in Calls, and Success a response that all of Calls accept. Their card is the first.
const (
	SMSContent = "阀门 7 号关闭"
	Success    = `{"resultCode":0,"errorMessage":"","mt":3,"mo":4,"orderNo":"R1","taskId":7,` +
		`"successList":[{"msisdn":"1064991300001","sms_id":"9"}]}`
)

// HTMLPage is the body of a response that a server in front of the platform sends.
const HTMLPage = "<!DOCTYPE html><html><body>Bad Gateway</body></html>"

// A Call is a call of one kind.
type Call struct {
	Name      string
	Method    string
	Retryable bool
	Do        func(context.Context, *quecloud.Client) error
}

// Calls has a call of each kind.
var Calls = []Call{
	{"read", "fc.function.sms.monthcount", true, Read},
	{"set", "fc.function.card.pause", false, func(ctx context.Context, c *quecloud.Client) error {
		return c.Cards.Pause(ctx, quecloud.MSISDN(MSISDN1))
	}},
	{"spend", "fc.function.card.recharge", false, func(ctx context.Context, c *quecloud.Client) error {
		_, err := c.Orders.Recharge(ctx, &quecloud.RechargeParams{
			Card: quecloud.ICCID(ICCID1), ProductID: 50, ProductName: "30M",
		})
		return err
	}},
	{"spend with ExternalID", "fc.function.card.recharge", false, func(ctx context.Context, c *quecloud.Client) error {
		_, err := c.Orders.Recharge(ctx, &quecloud.RechargeParams{
			Card: quecloud.ICCID(ICCID1), ProductID: 50, ProductName: "30M", ExternalID: "order-1",
		})
		return err
	}},
	{"once", "fc.function.file.card.get", false, func(ctx context.Context, c *quecloud.Client) error {
		_, err := c.Files.Start(ctx)
		return err
	}},
	{"send", "fc.function.sms.send", false, func(ctx context.Context, c *quecloud.Client) error {
		_, err := c.SMS.Send(ctx, &quecloud.SMSSendParams{Cards: quecloud.MSISDNs(MSISDN1), Content: SMSContent})
		return err
	}},
}

// Read makes the first of Calls, which reads.
func Read(ctx context.Context, c *quecloud.Client) error {
	_, err := c.SMS.MonthCount(ctx, quecloud.Month{Year: 2025, Month: time.May})
	return err
}
