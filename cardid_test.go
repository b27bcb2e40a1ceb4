package quecloud_test

import (
	stdjson "encoding/json"
	"strconv"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/quecloud/quecloud-go"
)

func TestParseCardIDTellsTheKindsApart(t *testing.T) {
	t.Parallel()
	for number, want := range map[string]quecloud.CardID{
		"1": quecloud.MSISDN("1"), msisdn1: quecloud.MSISDN(msisdn1), iccid1: quecloud.ICCID(iccid1), iccid3: quecloud.ICCID(iccid3),
		"898600D6991330004146": quecloud.ICCID("898600D6991330004146"),
	} {
		got, err := quecloud.ParseCardID(number)
		require.NoError(t, err, number)
		assert.Equal(t, want, got)
		assert.Equal(t, number, got.String())
		assert.Equal(t, len(number) > 13, got.IsICCID())
		assert.False(t, got.IsZero())
	}
	for _, number := range []string{"", "12345678901234", "123456789012345678", "1a", strings.Repeat("1", 21), "1 1", "1,2"} {
		got, err := quecloud.ParseCardID(number)
		assert.Zero(t, got)
		var bad *quecloud.ParamError
		require.ErrorAs(t, err, &bad, number)
		assert.Equal(t, "card", bad.Param)
		assert.Empty(t, bad.Method)
		assert.ErrorContains(t, err, strconv.Quote(number))
	}
	assert.True(t, quecloud.CardID{}.IsZero())
	assert.NotEqual(t, quecloud.MSISDN("1"), quecloud.ICCID("1"))
}

func TestACardIDStandsInJSONAsItsNumber(t *testing.T) {
	t.Parallel()
	type row struct {
		Card quecloud.CardID
		By   map[quecloud.CardID]int
	}
	want := row{quecloud.ICCID(iccid1), map[quecloud.CardID]int{quecloud.MSISDN(msisdn1): 1}}
	text, err := stdjson.Marshal(want)
	require.NoError(t, err)
	assert.JSONEq(t, `{"Card":"8986031749203860001","By":{"1064991300001":1}}`, string(text))
	var got row
	require.NoError(t, stdjson.Unmarshal(text, &got))
	assert.Equal(t, want, got)

	require.NoError(t, stdjson.Unmarshal([]byte(`{"Card":""}`), &got))
	assert.True(t, got.Card.IsZero(), "empty text replaces what was there")
	assert.Error(t, stdjson.Unmarshal([]byte(`{"Card":"x"}`), &got))
}

// What AT+QCCID prints, and what lists of cards have, are spellings of the number on the card.
func TestCardIDsOfOneNumberAreEqualInAnySpelling(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		text   string
		want   quecloud.CardID
		number string
	}{
		{text: "898600b5012345678901", want: quecloud.ICCID("898600B5012345678901"), number: "898600B5012345678901"},
		{text: "8944476500008878576F", want: quecloud.ICCID("8944476500008878576"), number: "8944476500008878576"},
		{text: "8944476500008878576f\r\n", want: quecloud.ICCID("8944476500008878576"), number: "8944476500008878576"},
		{text: "\t8986031749203860001 ", want: quecloud.ICCID(iccid1), number: iccid1},
		{text: "898600D699133000414F", want: quecloud.ICCID("898600D699133000414F"), number: "898600D699133000414F"},
		{text: "8986012345678901234Z", want: quecloud.ICCID("8986012345678901234Z"), number: "8986012345678901234Z"},
		{text: " 1064991300001\n", want: quecloud.MSISDN(msisdn1), number: msisdn1},
	} {
		got, err := quecloud.ParseCardID(tt.text)
		require.NoError(t, err, tt.text)
		assert.Equal(t, tt.want, got, tt.text)
		assert.Equal(t, tt.number, got.String())
		assert.Equal(t, got, got.Normal())
		named := quecloud.MSISDN
		list := quecloud.MSISDNs(tt.text)
		if got.IsICCID() {
			named, list = quecloud.ICCID, quecloud.ICCIDs(tt.text)
		}
		assert.Equal(t, got, named(tt.text), tt.text)
		assert.Equal(t, got, list.At(0), tt.text)
		var read quecloud.CardID
		require.NoError(t, read.UnmarshalText([]byte(tt.text)))
		assert.Equal(t, got, read)
	}
	assert.NotEqual(t, quecloud.ICCID("8986062343202380834"), quecloud.ICCID("89860623432023808341"), "different numbers")
}

func TestARefusedCardIDSaysWhatItLooksLike(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct{ text, want string }{
		{text: "HELLOWORLDHELLOWORLD", want: "the letter O or I"},
		{text: "8986O31749203860001", want: "the letter O or I"},
		{text: "984474560000788875F6", want: "swapped back it is 8944476500008788576"},
		{text: "860618040000018", want: "an IMEI"},
		{text: "460111174740001", want: "an IMSI"},
		{text: "8.9E+19", want: "a spreadsheet"},
		{text: "898603174920386000", want: "an ICCID of 18 digits"},
		{text: "898604120918801300031", want: "an ICCID of 21 characters"},
		{text: "8986 0024 3100 0000 0006", want: "it has blanks inside: want 89860024310000000006"},
		{text: "8986\u00a00024\u00a03100\u00a00000\u00a0006f", want: "it has blanks inside: want 8986002431000000006"},
		{text: "8986-0024-3100-0000-0006", want: "it has hyphens inside: want 89860024310000000006"},
		{text: "106 4800-000000", want: "it has blanks inside and has hyphens inside: want 1064800000000"},
		{text: `"89860024310000000006"`, want: "it is in quotes: want 89860024310000000006"},
		{text: `="1064800000000"`, want: "it is in quotes: want 1064800000000"},
		{text: "“1064800000000”", want: "it is in quotes: want 1064800000000"},
		{text: "'89860024310000000006", want: "it begins with an apostrophe: want 89860024310000000006"},
		{text: "89860024310000000006,", want: "it ends with a comma or semicolon: want 89860024310000000006"},
		{text: "\"8986 0024 3100 0000 0006\";", want: "it ends with a comma or semicolon and is in quotes and has blanks inside: want 89860024310000000006"},
		{text: "+861064800000000", want: "it has the country code of China: want 1064800000000"},
		{text: "+86 10648 0000 0000", want: "has the country code of China: want 1064800000000"},
		{text: "00861064800000000", want: "it has the country code of China: want 1064800000000"},
		{text: "861064800000001", want: "it has the country code of China: want 1064800000001"},
		{text: "+1 555 0100", want: "it has blanks inside and begins with a +"},
		{text: "１０６４８００００００００", want: "it has full-width characters: want 1064800000000"},
	} {
		for _, check := range []func() error{
			func() error { _, err := quecloud.ParseCardID(tt.text); return err },
			func() error { return new(quecloud.CardID).UnmarshalText([]byte(tt.text)) },
			func() error { return newPlatform(nil).client(t).Cards.Pause(t.Context(), quecloud.ICCID(tt.text)) },
			func() error { return newPlatform(nil).client(t).Cards.Pause(t.Context(), quecloud.MSISDN(tt.text)) },
		} {
			err := check()
			require.ErrorAs(t, err, new(*quecloud.ParamError), tt.text)
			assert.ErrorContains(t, err, tt.want)
			assert.ErrorContains(t, err, strconv.Quote(tt.text))
		}
	}
	client := newPlatform(nil).client(t)
	assert.ErrorContains(t, client.Cards.Pause(t.Context(), quecloud.MSISDN(iccid1)), "looks like an ICCID")
	assert.ErrorContains(t, client.Cards.Pause(t.Context(), quecloud.ICCID(msisdn1)), "looks like an MSISDN")
}

// The platform must get back what it gave: it may know the card by no other spelling.
func TestThePlatformGetsItsOwnSpellingBack(t *testing.T) {
	t.Parallel()
	for _, number := range []string{"898600b5012345678901", "8944476500008878576F", iccid1 + " ", "98447456", "HELLOWORLDHELLOWORLD", iccid1} {
		platform := newPlatform(answerText(`{"resultCode":0}`))
		client := platform.client(t)
		card := quecloud.Card{ICCID: number, MSISDN: msisdn1}.ID()
		require.NoError(t, client.Cards.Pause(t.Context(), card), number)
		assert.Equal(t, number, platform.params(t, 0).Get("iccid"))
		assert.Equal(t, card, quecloud.CardInfo{ICCID: number}.ID(), "a key of a map")

		two, err := quecloud.CardIDsOf([]quecloud.CardID{card, quecloud.ICCID(iccid2)})
		require.NoError(t, err)
		require.NoError(t, client.Call(t.Context(), "fc.function.new", struct{ Cards quecloud.CardIDs }{two}, nil))
		assert.Equal(t, number+","+iccid2, platform.params(t, 1).Get("iccids"))
	}
	for _, number := range []string{"898600b5012345678901", "8944476500008878576F", iccid1 + " ", iccid1} {
		assert.Equal(t, quecloud.ICCID(number), quecloud.Card{ICCID: number}.ID().Normal(), number)
	}
	assert.Equal(t, quecloud.ICCID(iccid1), quecloud.Card{ICCID: iccid1}.ID(), "the usual spelling is the normal one")
	assert.Equal(t, quecloud.MSISDN("1064868950247"), quecloud.Alarm{MSISDN: "1.064868950247E12"}.ID(), "a JSON number")
}

func TestEveryStructOfACardNamesIt(t *testing.T) {
	t.Parallel()
	byICCID, byMSISDN := quecloud.ICCID(iccid1), quecloud.MSISDN(msisdn1)
	for name, tt := range map[string]struct{ got, want quecloud.CardID }{
		"Card":                       {quecloud.Card{ICCID: iccid1, MSISDN: msisdn1}.ID(), byICCID},
		"Card without ICCID":         {quecloud.Card{MSISDN: msisdn1}.ID(), byMSISDN},
		"Card with a blank ICCID":    {quecloud.Card{ICCID: " ", MSISDN: msisdn1}.ID(), byMSISDN},
		"no Card":                    {quecloud.Card{}.ID(), quecloud.CardID{}},
		"blank Card":                 {quecloud.Card{MSISDN: " "}.ID(), quecloud.CardID{}},
		"CardInfo":                   {quecloud.CardInfo{ICCID: iccid1, MSISDN: msisdn1}.ID(), byICCID},
		"MonthFlowRow":               {quecloud.MonthFlowRow{ICCID: iccid1, MSISDN: msisdn1}.ID(), byICCID},
		"VoiceMonthRow":              {quecloud.VoiceMonthRow{ICCID: iccid1, MSISDN: msisdn1}.ID(), byICCID},
		"CardMonthFlow by ICCID":     {quecloud.CardMonthFlow{Number: iccid1}.ID(), byICCID},
		"CardMonthFlow by MSISDN":    {quecloud.CardMonthFlow{Number: msisdn1}.ID(), byMSISDN},
		"CardMonthFlow as JSON":      {quecloud.CardMonthFlow{Number: "1.064991300001E12"}.ID(), byMSISDN},
		"Location":                   {quecloud.Location{ICCID: iccid1, MSISDN: msisdn1}.ID(), byICCID},
		"SentSMS":                    {quecloud.SentSMS{ICCID: iccid1, MSISDN: msisdn1}.ID(), byICCID},
		"SMSEntry":                   {quecloud.SMSEntry{MSISDN: msisdn1}.ID(), byMSISDN},
		"Alarm":                      {quecloud.Alarm{MSISDN: msisdn1}.ID(), byMSISDN},
		"no Alarm":                   {quecloud.Alarm{}.ID(), quecloud.CardID{}},
		"Order":                      {quecloud.Order{ICCID: iccid1}.ID(), byICCID},
		"WalletEntry":                {quecloud.WalletEntry{ICCID: iccid1}.ID(), byICCID},
		"WalletEntry of money paid":  {quecloud.WalletEntry{}.ID(), quecloud.CardID{}},
		"SMSEvent":                   {quecloud.SMSEvent{ICCID: iccid1, MSISDN: msisdn1}.ID(), byICCID},
		"SMSEvent with MSISDN alone": {quecloud.SMSEvent{MSISDN: msisdn1}.ID(), byMSISDN},
		"OrderEvent":                 {quecloud.OrderEvent{ICCID: iccid1}.ID(), byICCID},
	} {
		assert.Equal(t, tt.want, tt.got, name)
	}
}
