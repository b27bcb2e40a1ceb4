package selftest

import (
	"context"

	"github.com/quecloud/quecloud-go"
)

var cardCases = []MethodCase{
	{
		Method: "card.list",
		Call: func(ctx context.Context, c *quecloud.Client) (any, error) {
			return result(c.Cards.List(ctx, &quecloud.CardListParams{
				PageNo: 2, PageSize: 1000, BillingID: 860,
				AllotFrom: Day(2020, 10, 1), AllotTo: Day(2020, 10, 31),
				ActiveFrom: Day(2020, 1, 2), ActiveTo: Day(2020, 1, 2),
				ExpireFrom: Day(2021, 9, 30), ExpireTo: Day(2021, 12, 1),
			}))
		},
		Form: map[string]string{
			"pageNo": "2", "pageSize": "1000", "billingid": "860", "allotDateStart": "20201001", "allotDateEnd": "20201031",
			"activeDateStart": "20200102", "activeDateEnd": "20200102",
			"expireDateStart": "20210930", "expireDateEnd": "20211201",
		},
		Want:  &quecloud.CardList{Page: onePage, Cards: []quecloud.Card{listedCard1(), listedCard2()}},
		Nulls: &quecloud.CardList{Page: onePage, Cards: []quecloud.Card{listedCard1Nulls, listedCard2Nulls}},
	},
	{
		Method: "card.list", Name: "without parameters",
		Call:  func(ctx context.Context, c *quecloud.Client) (any, error) { return result(c.Cards.List(ctx, nil)) },
		Want:  &quecloud.CardList{Page: onePage, Cards: []quecloud.Card{listedCard1(), listedCard2()}},
		Nulls: &quecloud.CardList{Page: onePage, Cards: []quecloud.Card{listedCard1Nulls, listedCard2Nulls}},
	},
	{
		Method: "card.list", Name: "with one end of a range",
		Call: func(ctx context.Context, c *quecloud.Client) (any, error) {
			return result(c.Cards.List(ctx, &quecloud.CardListParams{ExpireTo: Day(2021, 9, 30)}))
		},
		Form:  map[string]string{"expireDateEnd": "20210930"},
		Want:  &quecloud.CardList{Page: onePage, Cards: []quecloud.Card{listedCard1(), listedCard2()}},
		Nulls: &quecloud.CardList{Page: onePage, Cards: []quecloud.Card{listedCard1Nulls, listedCard2Nulls}},
	},
	{
		Method: "card.info",
		Call: func(ctx context.Context, c *quecloud.Client) (any, error) {
			return result(c.Cards.Info(ctx, quecloud.MSISDN(MSISDN1)))
		},
		Form: map[string]string{"msisdn": MSISDN1},
		Want: new(cardInfo1()), Nulls: new(cardInfo1Nulls()),
	},
	{
		Method: "card.info", Name: "by ICCID",
		Call: func(ctx context.Context, c *quecloud.Client) (any, error) {
			return result(c.Cards.Info(ctx, quecloud.ICCID("898600D6991330004146")))
		},
		Form: map[string]string{"iccid": "898600D6991330004146"},
		Want: new(cardInfo1()), Nulls: new(cardInfo1Nulls()),
	},
	{
		Method: "cards.info",
		Call: func(ctx context.Context, c *quecloud.Client) (any, error) {
			return result(c.Cards.InfoBatch(ctx, quecloud.MSISDNs(MSISDN1, MSISDN2)))
		},
		Form:  map[string]string{"msisdns": MSISDN1 + "," + MSISDN2},
		Want:  []quecloud.CardInfo{cardInfo1(), cardInfo2()},
		Nulls: []quecloud.CardInfo{cardInfo1Nulls(), cardInfo2Nulls()},
	},
	{
		Method: "cards.info", Name: "by ICCID",
		Call: func(ctx context.Context, c *quecloud.Client) (any, error) {
			return result(c.Cards.InfoBatch(ctx, quecloud.ICCIDs(ICCID3)))
		},
		Form:  map[string]string{"iccids": ICCID3},
		Want:  []quecloud.CardInfo{cardInfo1(), cardInfo2()},
		Nulls: []quecloud.CardInfo{cardInfo1Nulls(), cardInfo2Nulls()},
	},
	{
		Method: "card.realNameStatusQuery",
		Call:   realNameStatus,
		Form:   map[string]string{"iccid": ICCID1},
		Want:   &quecloud.RealNameStatus{Registered: false},
	},
	{
		Method: "card.realNameStatusQuery", Name: "registered",
		File: "card.realNameStatusQuery.registered.json",
		Call: realNameStatus,
		Form: map[string]string{"iccid": ICCID1},
		Want: &quecloud.RealNameStatus{Registered: true},
	},
	{
		Method: "card.realNameStatusQuery", Name: "failed",
		File: "card.realNameStatusQuery.failed.json",
		Call: realNameStatus,
		Form: map[string]string{"iccid": ICCID1},
		Want: (*quecloud.RealNameStatus)(nil), Err: quecloud.ErrQueryFailed,
	},
	{
		Method: "card.realtimestatus",
		Call:   realtimeStatus,
		Form:   map[string]string{"msisdn": MSISDN2},
		Want: &quecloud.RealtimeStatus{
			Power: quecloud.PowerStateOff, Online: quecloud.OnlineStateOffline, IP: "10.52.162.50", APN: "CMIIOT",
			TotalFlow: 100, UsedFlow: 0, ResidueFlow: 100,
			TotalText: "100.000MB", UsedText: "0.000MB", ResidueText: "100.000MB",
		},
	},
	{
		Method: "card.realtimestatus", Name: "failed",
		File: "card.realtimestatus.failed.json",
		Call: realtimeStatus,
		Form: map[string]string{"msisdn": MSISDN2},
		Want: (*quecloud.RealtimeStatus)(nil), Err: quecloud.ErrQueryFailed,
	},
	{
		Method: "card.realName",
		Call: func(ctx context.Context, c *quecloud.Client) (any, error) {
			return result(c.Cards.RegisterRealName(ctx, quecloud.ICCID(ICCID2)))
		},
		Form: map[string]string{"iccid": ICCID2},
		Want: &quecloud.RealNameRegistration{
			Serial: "2502023000144435185916",
			URL: "https://smz.cmcc-cs.cn:30026/edcreg/standardWeChat/signTheCheck" +
				"?requestSource=550&transactionID=2502023000144435185916&param=example&signature=0123456789abcdef",
		},
	},
}

// stateCases are the methods that change a card and respond only whether it was done.
var stateCases = []MethodCase{
	{
		Method: "card.overtest",
		Call: func(ctx context.Context, c *quecloud.Client) (any, error) {
			return noResult(c.Cards.EndTest(ctx, quecloud.ICCID(ICCID1)))
		},
		Form: map[string]string{"iccid": ICCID1},
	},
	{
		Method: "card.silenceactive",
		Call: func(ctx context.Context, c *quecloud.Client) (any, error) {
			return noResult(c.Cards.Activate(ctx, quecloud.ICCID(ICCID1)))
		},
		Form: map[string]string{"iccid": ICCID1},
	},
	{
		Method: "card.pause",
		Call: func(ctx context.Context, c *quecloud.Client) (any, error) {
			return noResult(c.Cards.Pause(ctx, quecloud.ICCID(ICCID1)))
		},
		Form: map[string]string{"iccid": ICCID1},
	},
	{
		Method: "card.pause", Name: "by MSISDN",
		Call: func(ctx context.Context, c *quecloud.Client) (any, error) {
			return noResult(c.Cards.Pause(ctx, quecloud.MSISDN(MSISDN1)))
		},
		Form: map[string]string{"msisdn": MSISDN1},
	},
	{
		Method: "card.resume",
		Call: func(ctx context.Context, c *quecloud.Client) (any, error) {
			return noResult(c.Cards.Resume(ctx, quecloud.ICCID(ICCID1)))
		},
		Form: map[string]string{"iccid": ICCID1},
	},
	{
		Method: "card.imeiUnbind",
		Call: func(ctx context.Context, c *quecloud.Client) (any, error) {
			return noResult(c.Cards.UnbindIMEI(ctx, quecloud.ICCID(ICCID1)))
		},
		Form: map[string]string{"iccid": ICCID1},
	},
	{
		Method: "card.gprs.close",
		Call: func(ctx context.Context, c *quecloud.Client) (any, error) {
			return noResult(c.Cards.CloseGPRS(ctx, quecloud.ICCID(ICCID1)))
		},
		Form: map[string]string{"iccid": ICCID1},
	},
	{
		Method: "card.gprs.open",
		Call: func(ctx context.Context, c *quecloud.Client) (any, error) {
			return noResult(c.Cards.OpenGPRS(ctx, quecloud.ICCID(ICCID1)))
		},
		Form: map[string]string{"iccid": ICCID1},
	},
	{
		Method: "card.reset",
		Call: func(ctx context.Context, c *quecloud.Client) (any, error) {
			return noResult(c.Cards.Reset(ctx, quecloud.ICCID(ICCID1)))
		},
		Form: map[string]string{"iccid": ICCID1},
	},
	{
		Method: "card.voice.close",
		Call: func(ctx context.Context, c *quecloud.Client) (any, error) {
			return noResult(c.Cards.CloseVoice(ctx, quecloud.ICCID(ICCID1)))
		},
		Form: map[string]string{"iccid": ICCID1},
	},
	{
		Method: "card.voice.open",
		Call: func(ctx context.Context, c *quecloud.Client) (any, error) {
			return noResult(c.Cards.OpenVoice(ctx, quecloud.ICCID(ICCID1)))
		},
		Form: map[string]string{"iccid": ICCID1},
	},
	{
		Method: "card.voice.addwhitelist",
		Call: func(ctx context.Context, c *quecloud.Client) (any, error) {
			card, numbers := quecloud.MSISDN(MSISDN1), []string{"1064991300011", "1064991300012", "13", "14", "15"}
			return noResult(c.Cards.AddVoiceWhitelist(ctx, card, numbers...))
		},
		Form: map[string]string{"msisdn": MSISDN1, "voiceWhiteList": "1064991300011_1064991300012_13_14_15"},
	},
	{
		Method: "card.voice.delwhitelist",
		Call: func(ctx context.Context, c *quecloud.Client) (any, error) {
			return noResult(c.Cards.DeleteVoiceWhitelist(ctx, quecloud.MSISDN(MSISDN1), "1064991300011", "1064991300012"))
		},
		Form: map[string]string{"msisdn": MSISDN1, "voiceWhiteList": "1064991300011_1064991300012"},
	},
}

var locationCases = []MethodCase{
	{
		Method: "card.location",
		Call:   locate,
		Form:   map[string]string{"iccid": ICCID1},
		Want:   &quecloud.Location{MSISDN: "1064991300001", ICCID: "8986031749203860001", Latitude: 32.34, Longitude: 118.83},
	},
	{
		Method: "card.location", Name: "of China Telecom",
		File: "card.location.telecom.json",
		Call: locate,
		Form: map[string]string{"iccid": ICCID1},
		Want: &quecloud.Location{
			MSISDN: "1064991300001", ICCID: "8986031749203860001", Latitude: 32.343864, Longitude: 118.836639,
			PositionResult: "2", MSIDType: "0", MSID: "1064991300001", Time: CST(2014, 12, 27, 19, 16, 36),
		},
	},
	{
		Method: "card.location", Name: "of China Telecom, device off",
		File: "card.location.telecom.off.json",
		Call: locate,
		Form: map[string]string{"iccid": ICCID1},
		Want: &quecloud.Location{
			MSISDN: "1064991300001", ICCID: "8986031749203860001",
			PositionResult: "226", MSIDType: "0", MSID: "1064991300001", Time: CST(2014, 12, 27, 19, 16, 36),
		},
	},
	{
		Method: "card.location", Name: "of China Mobile",
		File: "card.location.mobile.json",
		Call: locate,
		Form: map[string]string{"iccid": ICCID1},
		Want: &quecloud.Location{
			MSISDN: "1440133250003", ICCID: "89860412091880130003", Latitude: 32.043256, Longitude: 118.784112,
			PositionResult: "南京市中山路 18 号",
		},
	},
}

func realNameStatus(ctx context.Context, c *quecloud.Client) (any, error) {
	return result(c.Cards.RealNameStatus(ctx, quecloud.ICCID(ICCID1)))
}

func realtimeStatus(ctx context.Context, c *quecloud.Client) (any, error) {
	return result(c.Cards.RealtimeStatus(ctx, quecloud.MSISDN(MSISDN2)))
}

func locate(ctx context.Context, c *quecloud.Client) (any, error) {
	return result(c.Cards.Location(ctx, quecloud.ICCID(ICCID1)))
}
