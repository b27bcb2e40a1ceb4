package quecloud_test

import (
	"context"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/quecloud/quecloud-go"
)

// The cards of testdata, see its README.
const (
	msisdn1, iccid1 = "1064991300001", "8986031749203860001"
	msisdn2, iccid2 = "1064991300002", "8986031749203860002"
	msisdn3, iccid3 = "1440133250003", "89860412091880130003"
)

var cardRows = []methodRow{
	{
		method: "card.list",
		call: func(ctx context.Context, c *quecloud.Client) (any, error) {
			return result(c.Cards.List(ctx, &quecloud.CardListParams{
				PageNo: 2, PageSize: 1000, BillingID: 860,
				AllotFrom: day(2020, 10, 1), AllotTo: day(2020, 10, 31),
				ActiveFrom: day(2020, 1, 2), ActiveTo: day(2020, 1, 2),
				ExpireFrom: day(2021, 9, 30), ExpireTo: day(2021, 12, 1),
			}))
		},
		form: map[string]string{
			"pageNo": "2", "pageSize": "1000", "billingid": "860", "allotDateStart": "20201001", "allotDateEnd": "20201031",
			"activeDateStart": "20200102", "activeDateEnd": "20200102", "expireDateStart": "20210930", "expireDateEnd": "20211201",
		},
		want:  &quecloud.CardList{Page: onePage, Cards: []quecloud.Card{listedCard1(), listedCard2()}},
		nulls: &quecloud.CardList{Page: onePage, Cards: []quecloud.Card{listedCard1Nulls, listedCard2Nulls}},
	},
	{
		method: "card.list", name: " without parameters",
		call:  func(ctx context.Context, c *quecloud.Client) (any, error) { return result(c.Cards.List(ctx, nil)) },
		want:  &quecloud.CardList{Page: onePage, Cards: []quecloud.Card{listedCard1(), listedCard2()}},
		nulls: &quecloud.CardList{Page: onePage, Cards: []quecloud.Card{listedCard1Nulls, listedCard2Nulls}},
	},
	{
		method: "card.list", name: " with one end of a range",
		call: func(ctx context.Context, c *quecloud.Client) (any, error) {
			return result(c.Cards.List(ctx, &quecloud.CardListParams{ExpireTo: day(2021, 9, 30)}))
		},
		form:  map[string]string{"expireDateEnd": "20210930"},
		want:  &quecloud.CardList{Page: onePage, Cards: []quecloud.Card{listedCard1(), listedCard2()}},
		nulls: &quecloud.CardList{Page: onePage, Cards: []quecloud.Card{listedCard1Nulls, listedCard2Nulls}},
	},
	{
		method: "card.info",
		call: func(ctx context.Context, c *quecloud.Client) (any, error) {
			return result(c.Cards.Info(ctx, quecloud.MSISDN(msisdn1)))
		},
		form: map[string]string{"msisdn": msisdn1},
		want: new(cardInfo1()), nulls: new(cardInfo1Nulls()),
	},
	{
		method: "card.info", name: " by ICCID",
		call: func(ctx context.Context, c *quecloud.Client) (any, error) {
			return result(c.Cards.Info(ctx, quecloud.ICCID("898600D6991330004146")))
		},
		form: map[string]string{"iccid": "898600D6991330004146"},
		want: new(cardInfo1()), nulls: new(cardInfo1Nulls()),
	},
	{
		method: "cards.info",
		call: func(ctx context.Context, c *quecloud.Client) (any, error) {
			return result(c.Cards.InfoBatch(ctx, quecloud.MSISDNs(msisdn1, msisdn2)))
		},
		form:  map[string]string{"msisdns": msisdn1 + "," + msisdn2},
		want:  []quecloud.CardInfo{cardInfo1(), cardInfo2()},
		nulls: []quecloud.CardInfo{cardInfo1Nulls(), cardInfo2Nulls()},
	},
	{
		method: "cards.info", name: " by ICCID",
		call: func(ctx context.Context, c *quecloud.Client) (any, error) {
			return result(c.Cards.InfoBatch(ctx, quecloud.ICCIDs(iccid3)))
		},
		form:  map[string]string{"iccids": iccid3},
		want:  []quecloud.CardInfo{cardInfo1(), cardInfo2()},
		nulls: []quecloud.CardInfo{cardInfo1Nulls(), cardInfo2Nulls()},
	},
	{
		method: "card.realNameStatusQuery",
		call:   realNameStatus,
		form:   map[string]string{"iccid": iccid1},
		want:   &quecloud.RealNameStatus{Registered: false},
	},
	{
		method: "card.realNameStatusQuery", name: " registered",
		answer: "card.realNameStatusQuery.registered.json",
		call:   realNameStatus,
		form:   map[string]string{"iccid": iccid1},
		want:   &quecloud.RealNameStatus{Registered: true},
	},
	{
		method: "card.realNameStatusQuery", name: " failed",
		answer: "card.realNameStatusQuery.failed.json",
		call:   realNameStatus,
		form:   map[string]string{"iccid": iccid1},
		want:   (*quecloud.RealNameStatus)(nil), err: quecloud.ErrQueryFailed,
	},
	{
		method: "card.realtimestatus",
		call:   realtimeStatus,
		form:   map[string]string{"msisdn": msisdn2},
		want: &quecloud.RealtimeStatus{
			Power: quecloud.PowerStateOff, Online: quecloud.OnlineStateOffline, IP: "10.52.162.50", APN: "CMIIOT",
			TotalFlow: 100, UsedFlow: 0, ResidueFlow: 100,
			TotalText: "100.000MB", UsedText: "0.000MB", ResidueText: "100.000MB",
		},
	},
	{
		method: "card.realtimestatus", name: " failed",
		answer: "card.realtimestatus.failed.json",
		call:   realtimeStatus,
		form:   map[string]string{"msisdn": msisdn2},
		want:   (*quecloud.RealtimeStatus)(nil), err: quecloud.ErrQueryFailed,
	},
	{
		method: "card.realName",
		call: func(ctx context.Context, c *quecloud.Client) (any, error) {
			return result(c.Cards.RegisterRealName(ctx, quecloud.ICCID(iccid2)))
		},
		form: map[string]string{"iccid": iccid2},
		want: &quecloud.RealNameRegistration{
			Serial: "2502023000144435185916",
			URL: "https://smz.cmcc-cs.cn:30026/edcreg/standardWeChat/signTheCheck" +
				"?requestSource=550&transactionID=2502023000144435185916&param=example&signature=0123456789abcdef",
		},
	},
}

func realNameStatus(ctx context.Context, c *quecloud.Client) (any, error) {
	return result(c.Cards.RealNameStatus(ctx, quecloud.ICCID(iccid1)))
}

func realtimeStatus(ctx context.Context, c *quecloud.Client) (any, error) {
	return result(c.Cards.RealtimeStatus(ctx, quecloud.MSISDN(msisdn2)))
}

// stateRows are the methods that change a card and answer only whether it was done.
var stateRows = []methodRow{
	{
		method: "card.overtest",
		call: func(ctx context.Context, c *quecloud.Client) (any, error) {
			return done(c.Cards.EndTest(ctx, quecloud.ICCID(iccid1)))
		},
		form: map[string]string{"iccid": iccid1},
	},
	{
		method: "card.silenceactive",
		call: func(ctx context.Context, c *quecloud.Client) (any, error) {
			return done(c.Cards.Activate(ctx, quecloud.ICCID(iccid1)))
		},
		form: map[string]string{"iccid": iccid1},
	},
	{
		method: "card.pause",
		call: func(ctx context.Context, c *quecloud.Client) (any, error) {
			return done(c.Cards.Pause(ctx, quecloud.ICCID(iccid1)))
		},
		form: map[string]string{"iccid": iccid1},
	},
	{
		method: "card.pause", name: " by MSISDN",
		call: func(ctx context.Context, c *quecloud.Client) (any, error) {
			return done(c.Cards.Pause(ctx, quecloud.MSISDN(msisdn1)))
		},
		form: map[string]string{"msisdn": msisdn1},
	},
	{
		method: "card.resume",
		call: func(ctx context.Context, c *quecloud.Client) (any, error) {
			return done(c.Cards.Resume(ctx, quecloud.ICCID(iccid1)))
		},
		form: map[string]string{"iccid": iccid1},
	},
	{
		method: "card.imeiUnbind",
		call: func(ctx context.Context, c *quecloud.Client) (any, error) {
			return done(c.Cards.UnbindIMEI(ctx, quecloud.ICCID(iccid1)))
		},
		form: map[string]string{"iccid": iccid1},
	},
	{
		method: "card.gprs.close",
		call: func(ctx context.Context, c *quecloud.Client) (any, error) {
			return done(c.Cards.CloseGPRS(ctx, quecloud.ICCID(iccid1)))
		},
		form: map[string]string{"iccid": iccid1},
	},
	{
		method: "card.gprs.open",
		call: func(ctx context.Context, c *quecloud.Client) (any, error) {
			return done(c.Cards.OpenGPRS(ctx, quecloud.ICCID(iccid1)))
		},
		form: map[string]string{"iccid": iccid1},
	},
	{
		method: "card.reset",
		call: func(ctx context.Context, c *quecloud.Client) (any, error) {
			return done(c.Cards.Reset(ctx, quecloud.ICCID(iccid1)))
		},
		form: map[string]string{"iccid": iccid1},
	},
	{
		method: "card.voice.close",
		call: func(ctx context.Context, c *quecloud.Client) (any, error) {
			return done(c.Cards.CloseVoice(ctx, quecloud.ICCID(iccid1)))
		},
		form: map[string]string{"iccid": iccid1},
	},
	{
		method: "card.voice.open",
		call: func(ctx context.Context, c *quecloud.Client) (any, error) {
			return done(c.Cards.OpenVoice(ctx, quecloud.ICCID(iccid1)))
		},
		form: map[string]string{"iccid": iccid1},
	},
	{
		method: "card.voice.addwhitelist",
		call: func(ctx context.Context, c *quecloud.Client) (any, error) {
			return done(c.Cards.AddVoiceWhitelist(ctx, quecloud.MSISDN(msisdn1), "1064991300011", "1064991300012", "13", "14", "15"))
		},
		form: map[string]string{"msisdn": msisdn1, "voiceWhiteList": "1064991300011_1064991300012_13_14_15"},
	},
	{
		method: "card.voice.delwhitelist",
		call: func(ctx context.Context, c *quecloud.Client) (any, error) {
			return done(c.Cards.DeleteVoiceWhitelist(ctx, quecloud.MSISDN(msisdn1), "1064991300011", "1064991300012"))
		},
		form: map[string]string{"msisdn": msisdn1, "voiceWhiteList": "1064991300011_1064991300012"},
	},
}

// The document spells the same member in several ways, and not in every method in the same.
func TestEverySpellingOfAMemberIsReadInEveryMethod(t *testing.T) {
	t.Parallel()
	for _, member := range []string{
		`"spcode":"7"`, `"scode":"7"`, `"socode":7`, `"SOCODE":"7"`, `"voicewhitelist":"7"`, `"voicewitelist":"7"`, `"msisdn":"7"`, `"msisdns":7`,
		`"supplier":"7"`, `"carrier":"7"`, `"activeDate":"20200102"`, `"activatetime":"2020-01-02"`, `"activedate":"20200102"`,
	} {
		object := `{"iccid":"1",` + member + `}`
		client := newPlatform(answerText(`{"resultCode":0,"iccid":"1",` + member + `,"cards":[` + object + `],"list":[` + object + `]}`)).client(t)
		list, err := client.Cards.List(t.Context(), nil)
		require.NoError(t, err)
		info, err := client.Cards.Info(t.Context(), card)
		require.NoError(t, err)
		batch, err := client.Cards.InfoBatch(t.Context(), cards)
		require.NoError(t, err)
		assert.NotEqual(t, quecloud.Card{ICCID: "1"}, list.Cards[0], member)
		assert.NotEqual(t, quecloud.CardInfo{ICCID: "1"}, *info, member)
		assert.NotEqual(t, quecloud.CardInfo{ICCID: "1"}, batch[0], member)
	}
}

func TestAVerdictIsReadWithBlanksAroundIt(t *testing.T) {
	t.Parallel()
	_, err := realNameStatus(t.Context(), newPlatform(answerText(`{"resultCode":0,"data":{"rpscode":" 0000 ","rspdesc":"true "}}`)).client(t))
	assert.NoError(t, err)
	_, err = realtimeStatus(t.Context(), newPlatform(answerText(`{"resultCode":0,"realTimeStatus":{"issuccess":"true "}}`)).client(t))
	assert.NoError(t, err)
	_, err = realNameStatus(t.Context(), newPlatform(answerText(`{"resultCode":0,"data":{"rpscode":" 0001 "}}`)).client(t))
	assert.ErrorIs(t, err, quecloud.ErrQueryFailed)
}

// A carrier that could not be asked sends members that mean nothing, and may send rubbish in them.
func TestAFailedQueryIsAFailureWhateverElseTheAnswerSays(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		name, answer string
		call         func(context.Context, *quecloud.Client) (any, error)
	}{
		{"real name, rubbish", `{"resultCode":0,"data":{"rpscode":"9999","rspdesc":"系统异常"}}`, realNameStatus},
		{"real name, absent", `{"resultCode":0,"data":{"rpscode":1}}`, realNameStatus},
		{"realtime, rubbish", `{"resultCode":0,"realTimeStatus":{"issuccess":false,"usedFlowb":"--","surpFlowb":[],"gprsstatus":{}}}`, realtimeStatus},
		{"realtime, rubbish first", `{"resultCode":0,"realTimeStatus":{"totalFlowb":"--","issuccess":"0"}}`, realtimeStatus},
		{"realtime, plausible", `{"resultCode":0,"realTimeStatus":{"issuccess":"False","onlinestatus":"开机工作中","gprsstatus":"在线"}}`, realtimeStatus},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			got, err := tt.call(t.Context(), newPlatform(answerText(tt.answer)).client(t))
			require.ErrorIs(t, err, quecloud.ErrQueryFailed)
			assert.Nil(t, got)
		})
	}
}

func TestASuccessfulQueryWithRubbishIsABadAnswer(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		name, answer, path string
		call               func(context.Context, *quecloud.Client) (any, error)
	}{
		{"real name, rubbish", `{"resultCode":0,"data":{"rpscode":"0000","rspdesc":"系统异常"}}`, "data.rspdesc", realNameStatus},
		{"real name, no verdict", `{"resultCode":0,"data":{"rspdesc":true}}`, "data.rpscode", realNameStatus},
		{"real name, no answer", `{"resultCode":0,"data":{"rpscode":"0000","rspdesc":null}}`, "data.rspdesc", realNameStatus},
		{"realtime, rubbish", `{"resultCode":0,"realTimeStatus":{"issuccess":"1","usedFlowb":"--"}}`, "realTimeStatus.usedFlowb", realtimeStatus},
		{"realtime, no verdict", `{"resultCode":0,"realTimeStatus":{"onlinestatus":"关机"}}`, "realTimeStatus.issuccess", realtimeStatus},
		{"realtime, nothing", `{"resultCode":0}`, "realTimeStatus", realtimeStatus},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			got, err := tt.call(t.Context(), newPlatform(answerText(tt.answer)).client(t))
			assert.Nil(t, got)
			var field *quecloud.FieldError
			require.ErrorAs(t, err, &field)
			assert.Equal(t, tt.path, field.Path)
			assert.NotErrorIs(t, err, quecloud.ErrQueryFailed)
		})
	}
}

// The APIError of a refused query must not become ErrQueryFailed.
func TestARefusedQueryIsAnAPIError(t *testing.T) {
	t.Parallel()
	got, err := realNameStatus(t.Context(), newPlatform(answerText(`{"resultCode":7,"data":{"rpscode":"9999"}}`)).client(t))
	assert.Nil(t, got)
	var refused *quecloud.APIError
	require.ErrorAs(t, err, &refused)
	assert.Equal(t, 7, refused.Code)
	assert.NotErrorIs(t, err, quecloud.ErrQueryFailed)
}

func TestAChangeThatThePlatformRefusesIsAnAPIError(t *testing.T) {
	t.Parallel()
	err := newPlatform(answerFile(t, "error.json")).client(t).Cards.Pause(t.Context(), quecloud.ICCID(iccid1))
	var refused *quecloud.APIError
	require.ErrorAs(t, err, &refused)
	assert.Equal(t, &quecloud.APIError{Method: "fc.function.card.pause", Subject: "8986031749203860001", Code: 1, Message: "卡号不存在", HTTPStatus: 200}, refused)
	assert.NotErrorIs(t, err, quecloud.ErrOutcomeUnknown)
	assert.NotErrorIs(t, err, quecloud.ErrUnauthorized)

	err = newPlatform(answerFile(t, "unauthorized.json")).client(t).Cards.Pause(t.Context(), quecloud.ICCID(iccid1))
	assert.ErrorIs(t, err, quecloud.ErrUnauthorized)
}

var locationRows = []methodRow{
	{
		method: "card.location",
		call:   locate,
		form:   map[string]string{"iccid": iccid1},
		want:   &quecloud.Location{MSISDN: "1064991300001", ICCID: "8986031749203860001", Latitude: 32.34, Longitude: 118.83},
	},
	{
		method: "card.location", name: " of China Telecom",
		answer: "card.location.telecom.json",
		call:   locate,
		form:   map[string]string{"iccid": iccid1},
		want: &quecloud.Location{
			MSISDN: "1064991300001", ICCID: "8986031749203860001", Latitude: 32.343864, Longitude: 118.836639,
			PositionResult: "2", MSIDType: "0", MSID: "1064991300001", Time: cst(2014, 12, 27, 19, 16, 36),
		},
	},
	{
		method: "card.location", name: " of China Telecom, device off",
		answer: "card.location.telecom.off.json",
		call:   locate,
		form:   map[string]string{"iccid": iccid1},
		want: &quecloud.Location{
			MSISDN: "1064991300001", ICCID: "8986031749203860001",
			PositionResult: "226", MSIDType: "0", MSID: "1064991300001", Time: cst(2014, 12, 27, 19, 16, 36),
		},
	},
	{
		method: "card.location", name: " of China Mobile",
		answer: "card.location.mobile.json",
		call:   locate,
		form:   map[string]string{"iccid": iccid1},
		want: &quecloud.Location{
			MSISDN: "1440133250003", ICCID: "89860412091880130003", Latitude: 32.043256, Longitude: 118.784112,
			PositionResult: "南京市中山路 18 号",
		},
	},
}

func locate(ctx context.Context, c *quecloud.Client) (any, error) {
	return result(c.Cards.Location(ctx, quecloud.ICCID(iccid1)))
}

func TestALocationTellsWhetherTheCardWasFoundAndHow(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		file    string
		located bool
		address string
		code    quecloud.LocationCode
		hasCode bool
	}{
		{file: "card.location.json", located: true},
		{file: "card.location.nulls.json", located: true},
		{file: "card.location.telecom.json", located: true, code: quecloud.LocationFound, hasCode: true},
		{file: "card.location.telecom.numbers.json", located: true, code: quecloud.LocationFound, hasCode: true},
		{file: "card.location.telecom.off.json", located: false, code: quecloud.LocationPoweredOff, hasCode: true},
		{file: "card.location.mobile.json", located: true, address: "南京市中山路 18 号"},
	} {
		t.Run(tt.file, func(t *testing.T) {
			t.Parallel()
			client := newPlatform(answerFile(t, tt.file)).client(t)
			location, err := client.Cards.Location(t.Context(), quecloud.ICCID(iccid1))
			require.NoError(t, err)
			assert.Equal(t, tt.located, location.Located())
			assert.Equal(t, tt.address, location.Address())
			code, hasCode := location.Code()
			assert.Equal(t, tt.code, code)
			assert.Equal(t, tt.hasCode, hasCode)
		})
	}
}

func TestALocationsTimeMayLackItsSeconds(t *testing.T) {
	t.Parallel()
	client := newPlatform(answerText(`{"resultCode":0,"MSISDN":"1064991300001","POSITIONRESULT":"2","LOCALTIME":"201412271916"}`)).client(t)
	location, err := client.Cards.Location(t.Context(), quecloud.ICCID(iccid1))
	require.NoError(t, err)
	assert.Equal(t, cst(2014, 12, 27, 19, 16, 0), location.Time)
}

func TestACardIsLocatedOnlyIfNothingSpeaksAgainstIt(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		name     string
		location quecloud.Location
		want     bool
	}{
		{"nothing known", quecloud.Location{}, false},
		{"on the equator", quecloud.Location{Longitude: 101.5}, true},
		{"on the meridian", quecloud.Location{Latitude: 51.5}, true},
		{"a code of failure", quecloud.Location{Latitude: 32, Longitude: 118, PositionResult: "227"}, false},
		{"a code that is not known", quecloud.Location{Latitude: 32, Longitude: 118, PositionResult: "999"}, false},
		{"found, without a place", quecloud.Location{PositionResult: "2"}, false},
		{"another type, but found", quecloud.Location{Latitude: 32, Longitude: 118, PositionResult: "2", MSIDType: "1"}, true},
		{"another type, not found", quecloud.Location{Latitude: 32, Longitude: 118, PositionResult: "104", MSIDType: "1"}, false},
		{"the type of a success, not found", quecloud.Location{Latitude: 32, Longitude: 118, PositionResult: "227", MSIDType: "0"}, false},
		{"a type without a result", quecloud.Location{Latitude: 32, Longitude: 118, MSIDType: "0"}, false},
		{"found, with blanks", quecloud.Location{Latitude: 32, Longitude: 118, PositionResult: "2 ", MSIDType: "0 "}, true},
		{"an address", quecloud.Location{Latitude: 32, Longitude: 118, PositionResult: "南京市"}, true},
		{"an address without a place", quecloud.Location{PositionResult: "南京市"}, false},
	} {
		assert.Equal(t, tt.want, tt.location.Located(), tt.name)
	}
}
