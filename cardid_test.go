package quecloud_test

import (
	stdjson "encoding/json"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/quecloud/quecloud-go"
	"github.com/quecloud/quecloud-go/internal/selftest"
)

// The cards of testdata, see its README.
const (
	msisdn1, iccid1 = selftest.MSISDN1, selftest.ICCID1
	msisdn2, iccid2 = selftest.MSISDN2, selftest.ICCID2
	iccid3          = selftest.ICCID3
)

func TestCardIDParseTellsTheKindsApart(t *testing.T) {
	t.Parallel()
	for number, want := range map[string]quecloud.CardID{
		"1": quecloud.MSISDN("1"), msisdn1: quecloud.MSISDN(msisdn1),
		iccid1: quecloud.ICCID(iccid1), iccid3: quecloud.ICCID(iccid3),
		"898600D6991330004146": quecloud.ICCID("898600D6991330004146"),
	} {
		got, err := quecloud.ParseCardID(number)
		require.NoError(t, err, number)
		assert.Equal(t, want, got)
		assert.Equal(t, number, got.String())
		assert.Equal(t, len(number) > 13, got.IsICCID())
		assert.False(t, got.IsZero())
	}
	for _, number := range []string{
		"", "12345678901234", "123456789012345678", "1a", strings.Repeat("1", 21), "1 1", "1,2",
	} {
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

func TestCardIDIsAStringInJSON(t *testing.T) {
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

// AT+QCCID and lists of cards have other spellings of the number on the card.
func TestCardIDIsEqualInAnySpelling(t *testing.T) {
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

func TestCardIDErrorSaysWhatTheNumberLooksLike(t *testing.T) {
	t.Parallel()
	client := selftest.NewPlatform().Client(t)
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
		{
			text: "\"8986 0024 3100 0000 0006\";",
			want: "it ends with a comma or semicolon and is in quotes and has blanks inside: want 89860024310000000006",
		},
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
			func() error { return client.Cards.Pause(t.Context(), quecloud.ICCID(tt.text)) },
			func() error { return client.Cards.Pause(t.Context(), quecloud.MSISDN(tt.text)) },
		} {
			err := check()
			require.ErrorAs(t, err, new(*quecloud.ParamError), tt.text)
			assert.ErrorContains(t, err, tt.want)
			assert.ErrorContains(t, err, strconv.Quote(tt.text))
		}
	}
	assert.ErrorContains(t, client.Cards.Pause(t.Context(), quecloud.MSISDN(iccid1)), "looks like an ICCID")
	assert.ErrorContains(t, client.Cards.Pause(t.Context(), quecloud.ICCID(msisdn1)), "looks like an MSISDN")
}

// The platform may know a card only by its own spelling of the number.
func TestCardIDOfAResponseKeepsThePlatformsSpelling(t *testing.T) {
	t.Parallel()
	const lower, padded, blank = "898600b5012345678901", "8944476500008878576F", iccid1 + " "
	for _, number := range []string{lower, padded, blank, "98447456", "HELLOWORLDHELLOWORLD", iccid1} {
		platform := selftest.TextPlatform(`{"resultCode":0}`)
		client := platform.Client(t)
		card := quecloud.Card{ICCID: number, MSISDN: msisdn1}.ID()
		require.NoError(t, client.Cards.Pause(t.Context(), card), number)
		assert.Equal(t, number, platform.Request(t, 0).Form.Get("iccid"))
		assert.Equal(t, card, quecloud.CardInfo{ICCID: number}.ID(), "a key of a map")

		two, err := quecloud.CardIDsOf([]quecloud.CardID{card, quecloud.ICCID(iccid2)})
		require.NoError(t, err)
		require.NoError(t, client.Call(t.Context(), "fc.function.new", struct{ Cards quecloud.CardIDs }{two}, nil))
		assert.Equal(t, number+","+iccid2, platform.Request(t, 1).Form.Get("iccids"))
	}
	for _, number := range []string{lower, padded, blank, iccid1} {
		assert.Equal(t, quecloud.ICCID(number), quecloud.Card{ICCID: number}.ID().Normal(), number)
	}
	assert.Equal(t, quecloud.ICCID(iccid1), quecloud.Card{ICCID: iccid1}.ID(), "the usual spelling is normal")
	assert.Equal(t, quecloud.MSISDN("1064868950247"), quecloud.Alarm{MSISDN: "1.064868950247E12"}.ID(), "a JSON number")
}

func TestCardIDOfEveryStructOfACard(t *testing.T) {
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

func TestCardIDsHaveTheirCards(t *testing.T) {
	t.Parallel()
	list := quecloud.ICCIDs(iccid1, iccid2)
	assert.Equal(t, 2, list.Len())
	assert.Equal(t, quecloud.ICCID(iccid2), list.At(1))
	assert.Equal(t, quecloud.MSISDN("5"), quecloud.MSISDNs("5").At(0))
	assert.Equal(t, iccid1+","+iccid2, list.String())
	assert.Zero(t, quecloud.CardIDs{}.Len())
	want := []quecloud.CardID{quecloud.ICCID(iccid1), quecloud.ICCID(iccid2)}
	assert.Equal(t, want, slices.Collect(list.All()))
}

func TestCardIDsAreImmutable(t *testing.T) {
	t.Parallel()
	numbers := []string{iccid1, iccid2}
	list := quecloud.ICCIDs(numbers...)
	cards := slices.Collect(list.All())
	copied, err := quecloud.CardIDsOf(cards)
	require.NoError(t, err)
	numbers[0], cards[0] = iccid3, quecloud.ICCID(iccid3)
	assert.Equal(t, iccid1+","+iccid2, list.String())
	assert.Equal(t, iccid1+","+iccid2, copied.String())
}

func TestCardIDsAreOfOneKind(t *testing.T) {
	t.Parallel()
	for _, cards := range [][]quecloud.CardID{
		{quecloud.ICCID(iccid1), quecloud.ICCID(iccid2), quecloud.MSISDN(msisdn1)},
		{quecloud.ICCID(iccid1), quecloud.ICCID(iccid2), {}},
		{{}, {}, {}},
	} {
		list, err := quecloud.CardIDsOf(cards)
		require.ErrorAs(t, err, new(*quecloud.ParamError))
		assert.Zero(t, list.Len())
	}
	_, err := quecloud.CardIDsOf([]quecloud.CardID{quecloud.ICCID(iccid1), quecloud.MSISDN(msisdn1)})
	assert.ErrorContains(t, err, "card 2 of 2 is an MSISDN, and the first is an ICCID")
	none, err := quecloud.CardIDsOf(nil)
	require.NoError(t, err)
	assert.Equal(t, quecloud.ICCIDs(), none)
}

// A fleet may have no cards. The zero value is probably a mistake.
func TestCardIDsMayBeEmptyForALoopButNotForACall(t *testing.T) {
	t.Parallel()
	platform := selftest.NewPlatform()
	client := platform.Client(t)
	for want, list := range map[string]quecloud.CardIDs{
		"parameter iccids: the list is empty, and at least one card is needed":           quecloud.ICCIDs(),
		"parameter msisdns: the list is empty, and at least one card is needed":          quecloud.MSISDNs(),
		"parameter msisdns: no cards given: make them with MSISDNs, ICCIDs or CardIDsOf": {},
	} {
		_, err := client.Cards.InfoBatch(t.Context(), list)
		require.ErrorAs(t, err, new(*quecloud.ParamError))
		require.ErrorContains(t, err, want)
		turns := 0
		for _, err := range client.Cards.AllInfo(t.Context(), list) {
			turns++
			require.ErrorContains(t, err, want)
		}
		assert.Equal(t, strings.Contains(want, "no cards given"), turns == 1, want)
		for card, err := range quecloud.Each(t.Context(), list, client.Cards.Pause) {
			t.Errorf("card %s: %v", card, err)
		}
		for info, err := range quecloud.Map(t.Context(), list, client.Cards.Info) {
			t.Errorf("card %s: %v", info.Item, err)
		}
	}
}

func TestCardIDsAreAnArrayInJSON(t *testing.T) {
	t.Parallel()
	type job struct{ Cards quecloud.CardIDs }
	for text, want := range map[string]quecloud.CardIDs{
		`{"Cards":["8986031749203860001","8986031749203860002"]}`: quecloud.ICCIDs(iccid1, iccid2),
		`{"Cards":["1064991300001"]}`:                             quecloud.MSISDNs(msisdn1),
		`{"Cards":[]}`:                                            quecloud.ICCIDs(),
	} {
		written, err := stdjson.Marshal(job{want})
		require.NoError(t, err)
		assert.JSONEq(t, text, string(written))
		var read job
		require.NoError(t, stdjson.Unmarshal(written, &read))
		assert.Equal(t, want, read.Cards)
	}
	zero, err := stdjson.Marshal(quecloud.CardIDs{})
	require.NoError(t, err)
	assert.Equal(t, `[]`, string(zero))

	read := job{quecloud.ICCIDs(iccid1)}
	require.NoError(t, stdjson.Unmarshal([]byte(`{"Cards":null}`), &read))
	assert.Equal(t, quecloud.CardIDs{}, read.Cards)
	for _, bad := range []string{`["1","8986031749203860001"]`, `["x"]`, `[""]`, `"1"`, `[1]`, `{}`} {
		read := job{quecloud.ICCIDs(iccid1)}
		assert.Error(t, stdjson.Unmarshal([]byte(`{"Cards":`+bad+`}`), &read), bad)
		assert.Zero(t, read.Cards.Len(), bad)
	}
}

func TestCardIDAndOtherValuesEncodeThemselvesInACallByName(t *testing.T) {
	t.Parallel()
	platform := selftest.TextPlatform(`{"resultCode":0}`)
	params := struct {
		Card  quecloud.CardID  `url:"whatever"`
		Cards quecloud.CardIDs `url:"whatever"`
		Date  quecloud.Date    `url:"date"`
		Month quecloud.Month   `url:"month"`
		On    quecloud.Switch  `url:"on"`
		Off   quecloud.Switch  `url:"off"`
		Same  quecloud.Switch  `url:"same"`
	}{
		quecloud.MSISDN("1"), quecloud.ICCIDs(iccid1, iccid2), selftest.Day(987, 6, 5), quecloud.Month{Year: 987, Month: 6},
		quecloud.On, quecloud.Off, 0,
	}
	require.NoError(t, platform.Client(t).Call(t.Context(), "fc.function.new", params, nil))
	form := platform.Request(t, 0).Form
	for _, name := range []string{"appKey", "method", "t", "sign"} {
		form.Del(name)
	}
	assert.Equal(t, url.Values{
		"msisdn": {"1"}, "iccids": {iccid1 + "," + iccid2}, "date": {"09870605"}, "month": {"098706"},
		"on": {"1"}, "off": {"0"},
	}, form)
}
