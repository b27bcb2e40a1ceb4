package selftest_test

import (
	"context"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/quecloud/quecloud-go"
	"github.com/quecloud/quecloud-go/internal/selftest"
)

// invalidCards has the ways to identify a card wrongly, and the parameter that the error names.
var invalidCards = map[string]struct {
	card  quecloud.CardID
	param string
}{
	"zero":                      {quecloud.CardID{}, "msisdn"},
	"empty MSISDN":              {quecloud.MSISDN(""), "msisdn"},
	"ICCID as MSISDN":           {quecloud.MSISDN(selftest.ICCID1), "msisdn"},
	"MSISDN of 14":              {quecloud.MSISDN("10649913000012"), "msisdn"},
	"MSISDN with a plus":        {quecloud.MSISDN("+861064991300"), "msisdn"},
	"MSISDN with a space":       {quecloud.MSISDN("1064991 30000"), "msisdn"},
	"MSISDN with a line break":  {quecloud.MSISDN("106499\n130000"), "msisdn"},
	"two MSISDNs":               {quecloud.MSISDN("10649,10650"), "msisdn"},
	"digits of other scripts":   {quecloud.MSISDN("１２"), "msisdn"},
	"empty ICCID":               {quecloud.ICCID(""), "iccid"},
	"MSISDN as ICCID":           {quecloud.ICCID(selftest.MSISDN1), "iccid"},
	"ICCID of 18":               {quecloud.ICCID("898603174920386000"), "iccid"},
	"ICCID of 21":               {quecloud.ICCID("898604120918801300031"), "iccid"},
	"ICCID with a letter O":     {quecloud.ICCID("898603174920386O001"), "iccid"},
	"ICCID with filled-up 18":   {quecloud.ICCID("898603174920386000FF"), "iccid"},
	"ICCID with swapped digits": {quecloud.ICCID("984474560000788875F6"), "iccid"},
	"platform's two numbers":    {quecloud.Card{ICCID: "8986031749203860001,8986031749203860002"}.ID(), "iccid"},
	"ICCID with a comma":        {quecloud.ICCID("8986031749203860001,"), "iccid"},
	"ICCID with a space":        {quecloud.ICCID("89860317492 03860001"), "iccid"},
}

// oneCardMethods has all methods that take one card.
func oneCardMethods(ctx context.Context, c *quecloud.Client, card quecloud.CardID) map[string]func() (any, error) {
	return map[string]func() (any, error){
		"card.info":                func() (any, error) { return c.Cards.Info(ctx, card) },
		"dayflow.list":             func() (any, error) { return c.Flow.Days(ctx, card, selftest.October2020) },
		"card.monthflow":           func() (any, error) { return c.Flow.Month(ctx, card, selftest.October2020) },
		"voice.dayflow.list":       func() (any, error) { return c.Flow.VoiceDays(ctx, card, selftest.October2020) },
		"card.alarm.get":           func() (any, error) { return c.Flow.Alarm(ctx, card) },
		"card.flowpackages":        func() (any, error) { return c.Flow.Packages(ctx, card) },
		"yearmonth.detail":         func() (any, error) { return c.Flow.YearPackages(ctx, card) },
		"card.realNameStatusQuery": func() (any, error) { return c.Cards.RealNameStatus(ctx, card) },
		"card.realtimestatus":      func() (any, error) { return c.Cards.RealtimeStatus(ctx, card) },
		"card.location":            func() (any, error) { return c.Cards.Location(ctx, card) },
		"card.alarm.status": func() (any, error) {
			return nil, c.Flow.SetAlarmStatus(ctx, card, &quecloud.AlarmStatusParams{Alarm: quecloud.On})
		},
		"card.realName":           func() (any, error) { return c.Cards.RegisterRealName(ctx, card) },
		"card.overtest":           func() (any, error) { return nil, c.Cards.EndTest(ctx, card) },
		"card.silenceactive":      func() (any, error) { return nil, c.Cards.Activate(ctx, card) },
		"card.pause":              func() (any, error) { return nil, c.Cards.Pause(ctx, card) },
		"card.resume":             func() (any, error) { return nil, c.Cards.Resume(ctx, card) },
		"card.imeiUnbind":         func() (any, error) { return nil, c.Cards.UnbindIMEI(ctx, card) },
		"card.gprs.close":         func() (any, error) { return nil, c.Cards.CloseGPRS(ctx, card) },
		"card.gprs.open":          func() (any, error) { return nil, c.Cards.OpenGPRS(ctx, card) },
		"card.reset":              func() (any, error) { return nil, c.Cards.Reset(ctx, card) },
		"card.voice.close":        func() (any, error) { return nil, c.Cards.CloseVoice(ctx, card) },
		"card.voice.open":         func() (any, error) { return nil, c.Cards.OpenVoice(ctx, card) },
		"card.voice.addwhitelist": func() (any, error) { return nil, c.Cards.AddVoiceWhitelist(ctx, card, "1") },
		"card.voice.delwhitelist": func() (any, error) { return nil, c.Cards.DeleteVoiceWhitelist(ctx, card, "1") },
		"card.setmeal.product":    func() (any, error) { return c.Orders.RenewalProduct(ctx, card) },
	}
}

func TestParamsWithAnInvalidCardAreNotSent(t *testing.T) {
	t.Parallel()
	for name, invalid := range invalidCards {
		for method := range oneCardMethods(t.Context(), selftest.NewPlatform().Client(t), invalid.card) {
			t.Run(method+", "+name, func(t *testing.T) {
				t.Parallel()
				selftest.CheckNotSent(t, func(ctx context.Context, c *quecloud.Client) (any, error) {
					return oneCardMethods(ctx, c, invalid.card)[method]()
				}, "fc.function."+method, invalid.param)
			})
		}
	}
}

func TestParamsWithAnInvalidListOfCardsAreNotSent(t *testing.T) {
	t.Parallel()
	methods := map[string]struct {
		call   func(context.Context, *quecloud.Client, quecloud.CardIDs) (any, error)
		plural string
	}{
		"cards.info": {func(ctx context.Context, c *quecloud.Client, cards quecloud.CardIDs) (any, error) {
			return c.Cards.InfoBatch(ctx, cards)
		}, "s"},
		"cards.monthflow": {func(ctx context.Context, c *quecloud.Client, cards quecloud.CardIDs) (any, error) {
			return c.Flow.MonthBatch(ctx, cards, selftest.October2020)
		}, "s"},
		"card.alarm": {func(ctx context.Context, c *quecloud.Client, cards quecloud.CardIDs) (any, error) {
			return c.Flow.SetAlarm(ctx, cards, &selftest.FullAlarm)
		}, ""},
		"sms.send": {func(ctx context.Context, c *quecloud.Client, cards quecloud.CardIDs) (any, error) {
			return c.SMS.Send(ctx, &quecloud.SMSSendParams{Cards: cards, Content: "a"})
		}, "s"},
	}
	lists := map[string]struct {
		cards quecloud.CardIDs
		param string
	}{
		"zero":            {quecloud.CardIDs{}, "msisdn"},
		"no MSISDN":       {quecloud.MSISDNs(), "msisdn"},
		"no ICCID":        {quecloud.ICCIDs([]string{}...), "iccid"},
		"one is empty":    {quecloud.MSISDNs(selftest.MSISDN1, "", selftest.MSISDN2), "msisdn"},
		"two in one":      {quecloud.MSISDNs("1,2"), "msisdn"},
		"with a space":    {quecloud.ICCIDs(selftest.ICCID1, "89860317 49203860001"), "iccid"},
		"ICCID as MSISDN": {quecloud.MSISDNs(selftest.MSISDN1, selftest.ICCID1), "msisdn"},
		"MSISDN as ICCID": {quecloud.ICCIDs(selftest.ICCID1, selftest.MSISDN1), "iccid"},
		"1001 MSISDNs":    {quecloud.MSISDNs(slices.Repeat([]string{selftest.MSISDN1}, 1001)...), "msisdn"},
		"1001 ICCIDs":     {quecloud.ICCIDs(slices.Repeat([]string{selftest.ICCID1}, 1001)...), "iccid"},
	}
	for method, m := range methods {
		for name, list := range lists {
			t.Run(method+", "+name, func(t *testing.T) {
				t.Parallel()
				selftest.CheckNotSent(t, func(ctx context.Context, c *quecloud.Client) (any, error) {
					return m.call(ctx, c, list.cards)
				}, "fc.function."+method, list.param+m.plural)
			})
		}
	}
}

func TestParamsErrorNamesTheInvalidCardOfAList(t *testing.T) {
	t.Parallel()
	_, err := selftest.NewPlatform().Client(t).Cards.InfoBatch(t.Context(), quecloud.MSISDNs("1", "2", "3 4"))
	assert.ErrorContains(t, err, "card 3 of 3")
	assert.ErrorContains(t, err, `"3 4"`)
}

// Lengths are in characters, not in bytes.
func TestParamsAtTheirLimitsAreSent(t *testing.T) {
	t.Parallel()
	thousand := slices.Repeat([]string{selftest.MSISDN1}, 1000)
	card, cards := quecloud.ICCID(selftest.ICCID1), quecloud.ICCIDs(selftest.ICCID1)
	for name, tt := range map[string]struct {
		call func(context.Context, *quecloud.Client) (any, error)
		form map[string]string
	}{
		"1000 cards": {
			func(ctx context.Context, c *quecloud.Client) (any, error) {
				return c.Cards.InfoBatch(ctx, quecloud.MSISDNs(thousand...))
			},
			map[string]string{"msisdns": strings.Join(thousand, ",")},
		},
		"an MSISDN of 1": {sendTo(quecloud.MSISDNs("7")), map[string]string{"msisdns": "7", "content": "a"}},
		"an MSISDN of 13": {
			sendTo(quecloud.MSISDNs("1064991300001")), map[string]string{"msisdns": "1064991300001", "content": "a"},
		},
		"an ICCID of 20": {
			sendTo(quecloud.ICCIDs("898600D6991330004146")),
			map[string]string{"iccids": "898600D6991330004146", "content": "a"},
		},
		"1000 cards of an SMS": {
			sendTo(quecloud.MSISDNs(slices.Repeat([]string{"1"}, 1000)...)),
			map[string]string{"msisdns": strings.Repeat("1,", 999) + "1", "content": "a"},
		},
		"smsId of 50": {
			func(ctx context.Context, c *quecloud.Client) (any, error) {
				return c.SMS.Send(ctx, &quecloud.SMSSendParams{Cards: cards, Content: "a", SMSID: strings.Repeat("号", 50)})
			},
			map[string]string{"iccids": selftest.ICCID1, "content": "a", "smsId": strings.Repeat("号", 50)},
		},
		"remark of 200, externalId of 100": {
			selftest.RechargeWith(quecloud.RechargeParams{
				Card: quecloud.ICCID(selftest.ICCID1), ProductID: 1, ProductName: "a",
				Remark: strings.Repeat("注", 200), ExternalID: strings.Repeat("号", 100),
			}),
			map[string]string{
				"iccid": selftest.ICCID1, "productId": "1", "productName": "a",
				"remark": strings.Repeat("注", 200), "externalId": strings.Repeat("号", 100),
			},
		},
		"12 months": {
			selftest.RenewWith(quecloud.RenewalParams{Card: quecloud.ICCID(selftest.ICCID1), Years: 1, Months: 12}),
			map[string]string{"iccid": selftest.ICCID1, "cycle": "1", "months": "12"},
		},
		"1 month": {
			selftest.RenewWith(quecloud.RenewalParams{Card: quecloud.ICCID(selftest.ICCID1), Years: 1, Months: 1}),
			map[string]string{"iccid": selftest.ICCID1, "cycle": "1", "months": "1"},
		},
		"1 whitelist number": {
			func(ctx context.Context, c *quecloud.Client) (any, error) {
				return nil, c.Cards.AddVoiceWhitelist(ctx, card, "1")
			},
			map[string]string{"iccid": selftest.ICCID1, "voiceWhiteList": "1"},
		},
		"a leap day, and the last date": {
			func(ctx context.Context, c *quecloud.Client) (any, error) {
				return c.Cards.List(ctx, &quecloud.CardListParams{
					AllotFrom: selftest.Day(2024, 2, 29), AllotTo: selftest.Day(9999, 12, 31),
				})
			},
			map[string]string{"allotDateStart": "20240229", "allotDateEnd": "99991231"},
		},
		"a small threshold": {
			func(ctx context.Context, c *quecloud.Client) (any, error) {
				return c.Flow.SetAlarm(ctx, cards, &quecloud.AlarmSettings{Threshold3: 0.5, AlarmOn: true})
			},
			map[string]string{
				"iccid": selftest.ICCID1, "alarmParam": `{"alarmthreshold3":"0.5","alarmstatus":1,"pausestatus":0}`,
			},
		},
		"a large threshold": {
			func(ctx context.Context, c *quecloud.Client) (any, error) {
				return c.Flow.SetAlarm(ctx, cards, &quecloud.AlarmSettings{
					Threshold2: 1e21, AlarmOn: true, PauseThreshold: 0.25, PauseOn: true,
				})
			},
			map[string]string{
				"iccid": selftest.ICCID1,
				"alarmParam": `{"alarmthreshold2":"1000000000000000000000","alarmstatus":1,` +
					`"pauseflowthreshold":0.25,"pausestatus":1}`,
			},
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			platform := selftest.TextPlatform(`{"resultCode":1}`)
			_, err := tt.call(t.Context(), platform.Client(t))
			require.ErrorAs(t, err, new(*quecloud.APIError))
			form := platform.Request(t, 0).Form
			for _, name := range []string{"appKey", "method", "t", "sign"} {
				form.Del(name)
			}
			for name, value := range tt.form {
				assert.Equal(t, value, form.Get(name))
			}
			assert.Len(t, form, len(tt.form))
		})
	}
}

func sendTo(cards quecloud.CardIDs) func(context.Context, *quecloud.Client) (any, error) {
	return func(ctx context.Context, c *quecloud.Client) (any, error) {
		return c.SMS.Send(ctx, &quecloud.SMSSendParams{Cards: cards, Content: "a"})
	}
}
