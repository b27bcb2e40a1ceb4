package quecloud_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/quecloud/quecloud-go"
	"github.com/quecloud/quecloud-go/internal/selftest"
)

// The document spells some members in several ways, which differ between the methods.
func TestCardsAcceptEverySpellingOfAMember(t *testing.T) {
	t.Parallel()
	for _, member := range []string{
		`"spcode":"7"`, `"scode":"7"`, `"socode":7`, `"SOCODE":"7"`, `"voicewhitelist":"7"`, `"voicewitelist":"7"`,
		`"msisdn":"7"`, `"msisdns":7`, `"supplier":"7"`, `"carrier":"7"`,
		`"activeDate":"20200102"`, `"activatetime":"2020-01-02"`, `"activedate":"20200102"`,
	} {
		object := `{"iccid":"1",` + member + `}`
		response := `{"resultCode":0,"iccid":"1",` + member + `,"cards":[` + object + `],"list":[` + object + `]}`
		client := selftest.TextPlatform(response).Client(t)
		list, err := client.Cards.List(t.Context(), nil)
		require.NoError(t, err)
		info, err := client.Cards.Info(t.Context(), quecloud.ICCID(selftest.ICCID1))
		require.NoError(t, err)
		batch, err := client.Cards.InfoBatch(t.Context(), quecloud.ICCIDs(selftest.ICCID1))
		require.NoError(t, err)
		assert.NotEqual(t, quecloud.Card{ICCID: "1"}, list.Cards[0], member)
		assert.NotEqual(t, quecloud.CardInfo{ICCID: "1"}, *info, member)
		assert.NotEqual(t, quecloud.CardInfo{ICCID: "1"}, batch[0], member)
	}
}

// A cardQuery queries a card's state, to which the platform responds with a text.
type cardQuery func(t *testing.T, response string) (any, error)

func realNameStatus(t *testing.T, response string) (any, error) {
	client := selftest.TextPlatform(response).Client(t)
	return client.Cards.RealNameStatus(t.Context(), quecloud.ICCID(selftest.ICCID1))
}

func realtimeStatus(t *testing.T, response string) (any, error) {
	client := selftest.TextPlatform(response).Client(t)
	return client.Cards.RealtimeStatus(t.Context(), quecloud.MSISDN(selftest.MSISDN2))
}

func TestCardsQueryResultMayHaveBlanks(t *testing.T) {
	t.Parallel()
	_, err := realNameStatus(t, `{"resultCode":0,"data":{"rpscode":" 0000 ","rspdesc":"true "}}`)
	assert.NoError(t, err)
	_, err = realtimeStatus(t, `{"resultCode":0,"realTimeStatus":{"issuccess":"true "}}`)
	assert.NoError(t, err)
	_, err = realNameStatus(t, `{"resultCode":0,"data":{"rpscode":" 0001 "}}`)
	assert.ErrorIs(t, err, quecloud.ErrQueryFailed)
}

// The other members of a failed query mean nothing and may be malformed.
func TestCardsQueryFailureIgnoresTheOtherMembers(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		name, response string
		query          cardQuery
	}{
		{"real name, malformed", `"data":{"rpscode":"9999","rspdesc":"系统异常"}`, realNameStatus},
		{"real name, absent", `"data":{"rpscode":1}`, realNameStatus},
		{
			"realtime, malformed", `"realTimeStatus":{"issuccess":false,"usedFlowb":"--","surpFlowb":[],"gprsstatus":{}}`,
			realtimeStatus,
		},
		{"realtime, malformed first", `"realTimeStatus":{"totalFlowb":"--","issuccess":"0"}`, realtimeStatus},
		{
			"realtime, plausible", `"realTimeStatus":{"issuccess":"False","onlinestatus":"开机工作中","gprsstatus":"在线"}`,
			realtimeStatus,
		},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			got, err := tt.query(t, `{"resultCode":0,`+tt.response+`}`)
			require.ErrorIs(t, err, quecloud.ErrQueryFailed)
			assert.Nil(t, got)
		})
	}
}

func TestCardsQuerySuccessWithMalformedMembersIsAResponseError(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		name, response, path string
		query                cardQuery
	}{
		{"real name, malformed", `"data":{"rpscode":"0000","rspdesc":"系统异常"}`, "data.rspdesc", realNameStatus},
		{"real name, no code", `"data":{"rspdesc":true}`, "data.rpscode", realNameStatus},
		{"real name, null", `"data":{"rpscode":"0000","rspdesc":null}`, "data.rspdesc", realNameStatus},
		{
			"realtime, malformed", `"realTimeStatus":{"issuccess":"1","usedFlowb":"--"}`, "realTimeStatus.usedFlowb",
			realtimeStatus,
		},
		{"realtime, no code", `"realTimeStatus":{"onlinestatus":"关机"}`, "realTimeStatus.issuccess", realtimeStatus},
		{"realtime, nothing", `"x":1`, "realTimeStatus", realtimeStatus},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			got, err := tt.query(t, `{"resultCode":0,`+tt.response+`}`)
			assert.Nil(t, got)
			var field *quecloud.FieldError
			require.ErrorAs(t, err, &field)
			assert.Equal(t, tt.path, field.Path)
			assert.NotErrorIs(t, err, quecloud.ErrQueryFailed)
		})
	}
}

func TestCardsQueryRefusalIsAnAPIError(t *testing.T) {
	t.Parallel()
	got, err := realNameStatus(t, `{"resultCode":7,"data":{"rpscode":"9999"}}`)
	assert.Nil(t, got)
	var refused *quecloud.APIError
	require.ErrorAs(t, err, &refused)
	assert.Equal(t, 7, refused.Code)
	assert.NotErrorIs(t, err, quecloud.ErrQueryFailed)
}

func TestCardsChangeRefusalIsAnAPIError(t *testing.T) {
	t.Parallel()
	err := selftest.FilePlatform(t, "error.json").Client(t).Cards.Pause(t.Context(), quecloud.ICCID(selftest.ICCID1))
	var refused *quecloud.APIError
	require.ErrorAs(t, err, &refused)
	assert.Equal(t, &quecloud.APIError{
		Method: "fc.function.card.pause", Subject: "8986031749203860001", Code: 1, Message: "卡号不存在", HTTPStatus: 200,
	}, refused)
	assert.NotErrorIs(t, err, quecloud.ErrOutcomeUnknown)
	assert.NotErrorIs(t, err, quecloud.ErrUnauthorized)

	err = selftest.FilePlatform(t, "unauthorized.json").Client(t).Cards.Pause(t.Context(), quecloud.ICCID(selftest.ICCID1))
	assert.ErrorIs(t, err, quecloud.ErrUnauthorized)
}

func TestCardsLocationHasAPositionAndACode(t *testing.T) {
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
		{file: "card.location.telecom.off.json", located: false, code: quecloud.LocationPoweredOff, hasCode: true},
		{file: "card.location.mobile.json", located: true, address: "南京市中山路 18 号"},
	} {
		t.Run(tt.file, func(t *testing.T) {
			t.Parallel()
			client := selftest.FilePlatform(t, tt.file).Client(t)
			location, err := client.Cards.Location(t.Context(), quecloud.ICCID(selftest.ICCID1))
			require.NoError(t, err)
			assert.Equal(t, tt.located, location.Located())
			assert.Equal(t, tt.address, location.Address())
			code, hasCode := location.Code()
			assert.Equal(t, tt.code, code)
			assert.Equal(t, tt.hasCode, hasCode)
		})
	}
}

func TestCardsLocationTimeMayLackItsSeconds(t *testing.T) {
	t.Parallel()
	response := `{"resultCode":0,"MSISDN":"1064991300001","POSITIONRESULT":"2","LOCALTIME":"201412271916"}`
	location, err := selftest.TextPlatform(response).Client(t).Cards.Location(t.Context(), quecloud.ICCID(selftest.ICCID1))
	require.NoError(t, err)
	assert.Equal(t, selftest.CST(2014, time.December, 27, 19, 16, 0), location.Time)
}

func TestCardsLocationIsLocatedUnlessAMemberSaysOtherwise(t *testing.T) {
	t.Parallel()
	at := func(result, msidType string) quecloud.Location {
		return quecloud.Location{Latitude: 32, Longitude: 118, PositionResult: result, MSIDType: msidType}
	}
	for _, tt := range []struct {
		name     string
		location quecloud.Location
		want     bool
	}{
		{"zero", quecloud.Location{}, false},
		{"on the equator", quecloud.Location{Longitude: 101.5}, true},
		{"on the meridian", quecloud.Location{Latitude: 51.5}, true},
		{"code of failure", at("227", ""), false},
		{"unknown code", at("999", ""), false},
		{"found, without coordinates", quecloud.Location{PositionResult: "2"}, false},
		{"another type, found", at("2", "1"), true},
		{"another type, not found", at("104", "1"), false},
		{"type of a success, not found", at("227", "0"), false},
		{"type without a code", at("", "0"), false},
		{"found, with blanks", at("2 ", "0 "), true},
		{"address", at("南京市", ""), true},
		{"address without coordinates", quecloud.Location{PositionResult: "南京市"}, false},
	} {
		assert.Equal(t, tt.want, tt.location.Located(), tt.name)
	}
}

func TestCardsDaysLeftUntilExpiry(t *testing.T) {
	t.Parallel()
	expiry := selftest.Day(2021, 9, 30)
	for _, tt := range []struct {
		today, expiry quecloud.Date
		want          int
		ok            bool
	}{
		{today: selftest.Day(2021, 8, 31), expiry: expiry, want: 30, ok: true},
		{today: expiry, expiry: expiry, want: 0, ok: true},
		{today: selftest.Day(2021, 10, 1), expiry: expiry, want: -1, ok: true},
		{today: expiry},
		{expiry: expiry},
	} {
		days, ok := quecloud.Card{ExpiryDate: tt.expiry}.DaysLeft(tt.today)
		assert.Equal(t, tt.want, days, "%v until %v", tt.today, tt.expiry)
		assert.Equal(t, tt.ok, ok, "%v until %v", tt.today, tt.expiry)
		days, ok = quecloud.CardInfo{ExpiryDate: tt.expiry}.DaysLeft(tt.today)
		assert.Equal(t, tt.want, days, "%v until %v", tt.today, tt.expiry)
		assert.Equal(t, tt.ok, ok, "%v until %v", tt.today, tt.expiry)
	}
}

// The month's usage and the rest that the platform announces do not count.
func TestCardsPlanUsedIsTheShareOfACycle(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		name string
		info quecloud.CardInfo
		want float64
		ok   bool
	}{
		{
			name: "part", info: quecloud.CardInfo{PlanFlow: 20000, CycleFlow: 5000, MonthFlow: 7, ResidueFlow: 1},
			want: 0.25, ok: true,
		},
		{
			name: "with top-ups", info: quecloud.CardInfo{PlanFlow: 1000, CycleFlow: 1500, ResidueFlow: 500},
			want: 1.5, ok: true,
		},
		{name: "nothing used", info: quecloud.CardInfo{PlanFlow: 1000}, want: 0, ok: true},
		{name: "no plan or a pool", info: quecloud.CardInfo{CycleFlow: 5}},
	} {
		got, ok := tt.info.PlanUsed()
		assert.InDelta(t, tt.want, got, 0, tt.name)
		assert.Equal(t, tt.ok, ok, tt.name)
	}
}
