package quecloudtest_test

import (
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/quecloud/quecloud-go"
	"github.com/quecloud/quecloud-go/quecloudtest"
)

func TestCardHistory(t *testing.T) {
	t.Parallel()
	srv, client := start(t, quecloudtest.WithOrderDelay(time.Minute))
	card := srv.AddCard(quecloudtest.Card{BillingID: 11, ExpiryDate: "2026-03-12"})
	id := quecloud.ICCID(card.ICCID)
	ctx := t.Context()
	require.NoError(t, client.Cards.Pause(ctx, id))
	wantRefused(t, client.Cards.Pause(ctx, id), "a second pause")
	require.NoError(t, client.Cards.Resume(ctx, id))
	_, err := client.Flow.SetAlarm(ctx, quecloud.ICCIDs(card.ICCID),
		&quecloud.AlarmSettings{PauseThreshold: 20, PauseOn: true})
	require.NoError(t, err)
	srv.SetUsage(card.ICCID, "2026-03-10", 25)
	require.NoError(t, client.Cards.Resume(ctx, id))
	_, err = client.Orders.Recharge(ctx, topUp(card.ICCID))
	require.NoError(t, err)
	srv.Advance(time.Minute)
	require.NoError(t, client.Cards.Reset(ctx, id))
	srv.Advance(10 * time.Minute)
	srv.UpdateCard(card.MSISDN, func(c *quecloudtest.Card) { c.Locked, c.RealName = true, true })
	srv.Advance(3 * 24 * time.Hour)

	var got []string
	for _, c := range srv.History(card.MSISDN) {
		line := []string{c.Cause}
		for _, f := range c.Fields {
			line = append(line, f.Field+" "+f.From+" > "+f.To)
		}
		got = append(got, strings.Join(line, " | "))
		assert.Equal(t, card.ICCID, c.ICCID)
		assert.Equal(t, card.MSISDN, c.MSISDN)
	}
	const pause = " | status 正常 > 停机 | pauseReason  > "
	assert.Equal(t, []string{
		"AddCard",
		"fc.function.card.pause" + pause + "主动停机",
		"fc.function.card.resume | status 停机 > 正常 | pauseReason 主动停机 > ",
		`fc.function.card.alarm | alarm  > {"emails":[],"thresholds":[0,0,0],"enabled":false,"pauseThreshold":20,` +
			`"pauseEnabled":true}`,
		"SetUsage 2026-03-10 | mb 0.000 > 25.000",
		"SetUsage 2026-03-10" + pause + "超出阈值停机",
		"fc.function.card.resume | status 停机 > 正常 | pauseReason 超出阈值停机 > ",
		"order " + srv.Orders()[0].No + " | packages  > 30M-当月",
		"fc.function.card.reset" + pause + "主动停机",
		"end of the reset | status 停机 > 正常 | pauseReason 主动停机 > ",
		"UpdateCard | locked false > true | realName false > true",
		"date" + pause + "套餐到期停机",
	}, got)
	assert.Equal(t, noon.AddDate(0, 0, 3).Add(11*time.Minute), srv.History(card.ICCID)[11].Time)
	assert.Empty(t, srv.History("1064800000000"), "an unchanged card")
	assert.Panics(t, func() { srv.History("1") })
}
