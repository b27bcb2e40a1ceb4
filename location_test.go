package quecloud_test

import (
	"context"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/quecloud/quecloud-go"
)

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
