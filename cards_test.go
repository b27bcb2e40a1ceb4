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

func realNameStatus(ctx context.Context, c *quecloud.Client) (any, error) {
	return result(c.Cards.RealNameStatus(ctx, quecloud.ICCID(iccid1)))
}

func realtimeStatus(ctx context.Context, c *quecloud.Client) (any, error) {
	return result(c.Cards.RealtimeStatus(ctx, quecloud.MSISDN(msisdn2)))
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
