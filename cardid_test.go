package quecloud_test

import (
	"context"
	stdjson "encoding/json"
	"net/url"
	"slices"
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

func TestCardIDsKnowTheirCards(t *testing.T) {
	t.Parallel()
	list := quecloud.ICCIDs(iccid1, iccid2)
	assert.Equal(t, 2, list.Len())
	assert.Equal(t, quecloud.ICCID(iccid2), list.At(1))
	assert.Equal(t, quecloud.MSISDN("5"), quecloud.MSISDNs("5").At(0))
	assert.Equal(t, iccid1+","+iccid2, list.String())
	assert.Zero(t, quecloud.CardIDs{}.Len())
	assert.Equal(t, []quecloud.CardID{quecloud.ICCID(iccid1), quecloud.ICCID(iccid2)}, slices.Collect(list.All()))
}

func TestCardIDsDoNotChange(t *testing.T) {
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

// A list that was made of no numbers may be right for a fleet that has no cards; the zero value is a list that was forgotten.
func TestAnEmptyListIsRefusedByACallAndIsNoWorkForALoop(t *testing.T) {
	t.Parallel()
	platform := newPlatform(nil)
	client := platform.client(t)
	for want, list := range map[string]quecloud.CardIDs{
		"parameter iccids: the list is empty, and at least one card is needed":  quecloud.ICCIDs(),
		"parameter msisdns: the list is empty, and at least one card is needed": quecloud.MSISDNs(),
		"parameter msisdns: no cards given: make them with MSISDNs or ICCIDs":   {},
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
	}
}

func TestCardIDsStandInJSONAsAList(t *testing.T) {
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

// badCards are the ways to name one card wrongly, and the parameter that the error names.
var badCards = map[string]struct {
	card  quecloud.CardID
	param string
}{
	"zero":                      {quecloud.CardID{}, "msisdn"},
	"empty MSISDN":              {quecloud.MSISDN(""), "msisdn"},
	"ICCID as MSISDN":           {quecloud.MSISDN(iccid1), "msisdn"},
	"MSISDN of 14":              {quecloud.MSISDN("10649913000012"), "msisdn"},
	"MSISDN with a plus":        {quecloud.MSISDN("+861064991300"), "msisdn"},
	"MSISDN with a space":       {quecloud.MSISDN("1064991 30000"), "msisdn"},
	"MSISDN with a line break":  {quecloud.MSISDN("106499\n130000"), "msisdn"},
	"two MSISDNs":               {quecloud.MSISDN("10649,10650"), "msisdn"},
	"digits of other scripts":   {quecloud.MSISDN("１２"), "msisdn"},
	"empty ICCID":               {quecloud.ICCID(""), "iccid"},
	"MSISDN as ICCID":           {quecloud.ICCID(msisdn1), "iccid"},
	"ICCID of 18":               {quecloud.ICCID("898603174920386000"), "iccid"},
	"ICCID of 21":               {quecloud.ICCID("898604120918801300031"), "iccid"},
	"ICCID with a letter O":     {quecloud.ICCID("898603174920386O001"), "iccid"},
	"ICCID with filled-up 18":   {quecloud.ICCID("898603174920386000FF"), "iccid"},
	"ICCID with swapped digits": {quecloud.ICCID("984474560000788875F6"), "iccid"},
	"platform's two numbers":    {quecloud.Card{ICCID: "8986031749203860001,8986031749203860002"}.ID(), "iccid"},
	"ICCID with a comma":        {quecloud.ICCID("8986031749203860001,"), "iccid"},
	"ICCID with a space":        {quecloud.ICCID("89860317492 03860001"), "iccid"},
}

// oneCardMethods are all methods that take one card.
func oneCardMethods(ctx context.Context, c *quecloud.Client, card quecloud.CardID) map[string]func() (any, error) {
	return map[string]func() (any, error){
		"card.info":                func() (any, error) { return result(c.Cards.Info(ctx, card)) },
		"dayflow.list":             func() (any, error) { return result(c.Flow.Days(ctx, card, october2020)) },
		"card.monthflow":           func() (any, error) { return result(c.Flow.Month(ctx, card, october2020)) },
		"voice.dayflow.list":       func() (any, error) { return result(c.Flow.VoiceDays(ctx, card, october2020)) },
		"card.alarm.get":           func() (any, error) { return result(c.Flow.Alarm(ctx, card)) },
		"card.flowpackages":        func() (any, error) { return result(c.Flow.Packages(ctx, card)) },
		"yearmonth.detail":         func() (any, error) { return result(c.Flow.YearPackages(ctx, card)) },
		"card.realNameStatusQuery": func() (any, error) { return result(c.Cards.RealNameStatus(ctx, card)) },
		"card.realtimestatus":      func() (any, error) { return result(c.Cards.RealtimeStatus(ctx, card)) },
		"card.location":            func() (any, error) { return result(c.Cards.Location(ctx, card)) },
		"card.alarm.status": func() (any, error) {
			return done(c.Flow.SetAlarmStatus(ctx, card, &quecloud.AlarmStatusParams{Alarm: quecloud.On}))
		},
		"card.realName":           func() (any, error) { return result(c.Cards.RegisterRealName(ctx, card)) },
		"card.overtest":           func() (any, error) { return done(c.Cards.EndTest(ctx, card)) },
		"card.silenceactive":      func() (any, error) { return done(c.Cards.Activate(ctx, card)) },
		"card.pause":              func() (any, error) { return done(c.Cards.Pause(ctx, card)) },
		"card.resume":             func() (any, error) { return done(c.Cards.Resume(ctx, card)) },
		"card.imeiUnbind":         func() (any, error) { return done(c.Cards.UnbindIMEI(ctx, card)) },
		"card.gprs.close":         func() (any, error) { return done(c.Cards.CloseGPRS(ctx, card)) },
		"card.gprs.open":          func() (any, error) { return done(c.Cards.OpenGPRS(ctx, card)) },
		"card.reset":              func() (any, error) { return done(c.Cards.Reset(ctx, card)) },
		"card.voice.close":        func() (any, error) { return done(c.Cards.CloseVoice(ctx, card)) },
		"card.voice.open":         func() (any, error) { return done(c.Cards.OpenVoice(ctx, card)) },
		"card.voice.addwhitelist": func() (any, error) { return done(c.Cards.AddVoiceWhitelist(ctx, card, "1")) },
		"card.voice.delwhitelist": func() (any, error) { return done(c.Cards.DeleteVoiceWhitelist(ctx, card, "1")) },
		"card.setmeal.product":    func() (any, error) { return result(c.Orders.RenewalProduct(ctx, card)) },
	}
}

func TestNoMethodSendsABadCard(t *testing.T) {
	t.Parallel()
	for name, bad := range badCards {
		for method := range oneCardMethods(t.Context(), newPlatform(nil).client(t), bad.card) {
			t.Run(method+", "+name, func(t *testing.T) {
				t.Parallel()
				checkRefused(t, func(ctx context.Context, c *quecloud.Client) (any, error) {
					return oneCardMethods(ctx, c, bad.card)[method]()
				}, "fc.function."+method, bad.param)
			})
		}
	}
}

func TestNoMethodSendsABadListOfCards(t *testing.T) {
	t.Parallel()
	methods := map[string]struct {
		call   func(context.Context, *quecloud.Client, quecloud.CardIDs) (any, error)
		plural string
	}{
		"cards.info": {func(ctx context.Context, c *quecloud.Client, cards quecloud.CardIDs) (any, error) {
			return result(c.Cards.InfoBatch(ctx, cards))
		}, "s"},
		"cards.monthflow": {func(ctx context.Context, c *quecloud.Client, cards quecloud.CardIDs) (any, error) {
			return result(c.Flow.MonthBatch(ctx, cards, october2020))
		}, "s"},
		"card.alarm": {func(ctx context.Context, c *quecloud.Client, cards quecloud.CardIDs) (any, error) {
			return result(c.Flow.SetAlarm(ctx, cards, &fullAlarm))
		}, ""},
		"sms.send": {func(ctx context.Context, c *quecloud.Client, cards quecloud.CardIDs) (any, error) {
			return result(c.SMS.Send(ctx, &quecloud.SMSSendParams{Cards: cards, Content: "a"}))
		}, "s"},
	}
	lists := map[string]struct {
		cards quecloud.CardIDs
		param string
	}{
		"zero":            {quecloud.CardIDs{}, "msisdn"},
		"no MSISDN":       {quecloud.MSISDNs(), "msisdn"},
		"no ICCID":        {quecloud.ICCIDs([]string{}...), "iccid"},
		"one is empty":    {quecloud.MSISDNs(msisdn1, "", msisdn2), "msisdn"},
		"two in one":      {quecloud.MSISDNs("1,2"), "msisdn"},
		"with a space":    {quecloud.ICCIDs(iccid1, "89860317 49203860001"), "iccid"},
		"ICCID as MSISDN": {quecloud.MSISDNs(msisdn1, iccid1), "msisdn"},
		"MSISDN as ICCID": {quecloud.ICCIDs(iccid1, msisdn1), "iccid"},
		"1001 MSISDNs":    {quecloud.MSISDNs(slices.Repeat([]string{msisdn1}, 1001)...), "msisdn"},
		"1001 ICCIDs":     {quecloud.ICCIDs(slices.Repeat([]string{iccid1}, 1001)...), "iccid"},
	}
	for method, m := range methods {
		for name, list := range lists {
			t.Run(method+", "+name, func(t *testing.T) {
				t.Parallel()
				checkRefused(t, func(ctx context.Context, c *quecloud.Client) (any, error) { return m.call(ctx, c, list.cards) },
					"fc.function."+method, list.param+m.plural)
			})
		}
	}
}

func TestABadCardInAListIsNamed(t *testing.T) {
	t.Parallel()
	_, err := newPlatform(nil).client(t).Cards.InfoBatch(t.Context(), quecloud.MSISDNs("1", "2", "3 4"))
	assert.ErrorContains(t, err, "card 3 of 3")
	assert.ErrorContains(t, err, `"3 4"`)
}

// What is just allowed must be sent: lengths count characters, not bytes.
func TestWhatIsJustAllowedIsSent(t *testing.T) {
	t.Parallel()
	thousand := slices.Repeat([]string{msisdn1}, 1000)
	for name, tt := range map[string]struct {
		call func(context.Context, *quecloud.Client) (any, error)
		form map[string]string
	}{
		"1000 cards": {
			func(ctx context.Context, c *quecloud.Client) (any, error) {
				return result(c.Cards.InfoBatch(ctx, quecloud.MSISDNs(thousand...)))
			},
			map[string]string{"msisdns": strings.Join(thousand, ",")},
		},
		"an MSISDN of 1":  {sendTo(quecloud.MSISDNs("7")), map[string]string{"msisdns": "7", "content": "a"}},
		"an MSISDN of 13": {sendTo(quecloud.MSISDNs("1064991300001")), map[string]string{"msisdns": "1064991300001", "content": "a"}},
		"an ICCID of 20":  {sendTo(quecloud.ICCIDs("898600D6991330004146")), map[string]string{"iccids": "898600D6991330004146", "content": "a"}},
		"1000 cards of an SMS": {
			sendTo(quecloud.MSISDNs(slices.Repeat([]string{"1"}, 1000)...)),
			map[string]string{"msisdns": strings.Repeat("1,", 999) + "1", "content": "a"},
		},
		"smsId of 50": {
			func(ctx context.Context, c *quecloud.Client) (any, error) {
				return result(c.SMS.Send(ctx, &quecloud.SMSSendParams{Cards: cards, Content: "a", SMSID: strings.Repeat("号", 50)}))
			},
			map[string]string{"iccids": iccid1, "content": "a", "smsId": strings.Repeat("号", 50)},
		},
		"remark of 200, externalId of 100": {
			buy(quecloud.RechargeParams{
				ICCID: iccid1, ProductID: 1, ProductName: "a",
				Remark: strings.Repeat("注", 200), ExternalID: strings.Repeat("号", 100),
			}),
			map[string]string{
				"iccid": iccid1, "productId": "1", "productName": "a",
				"remark": strings.Repeat("注", 200), "externalId": strings.Repeat("号", 100),
			},
		},
		"12 months": {renew(quecloud.RenewalParams{ICCID: iccid1, Years: 1, Months: 12}), map[string]string{"iccid": iccid1, "cycle": "1", "months": "12"}},
		"1 month":   {renew(quecloud.RenewalParams{ICCID: iccid1, Years: 1, Months: 1}), map[string]string{"iccid": iccid1, "cycle": "1", "months": "1"}},
		"1 whitelist number": {
			func(ctx context.Context, c *quecloud.Client) (any, error) {
				return done(c.Cards.AddVoiceWhitelist(ctx, card, "1"))
			},
			map[string]string{"iccid": iccid1, "voiceWhiteList": "1"},
		},
		"a leap day, and the last day there is": {
			func(ctx context.Context, c *quecloud.Client) (any, error) {
				return result(c.Cards.List(ctx, &quecloud.CardListParams{AllotFrom: day(2024, 2, 29), AllotTo: day(9999, 12, 31)}))
			},
			map[string]string{"allotDateStart": "20240229", "allotDateEnd": "99991231"},
		},
		"a small threshold": {
			func(ctx context.Context, c *quecloud.Client) (any, error) {
				return result(c.Flow.SetAlarm(ctx, cards, &quecloud.AlarmSettings{Threshold3: 0.5, AlarmOn: true}))
			},
			map[string]string{"iccid": iccid1, "alarmParam": `{"alarmthreshold3":"0.5","alarmstatus":1,"pausestatus":0}`},
		},
		"a large threshold": {
			func(ctx context.Context, c *quecloud.Client) (any, error) {
				return result(c.Flow.SetAlarm(ctx, cards, &quecloud.AlarmSettings{Threshold2: 1e21, AlarmOn: true, PauseThreshold: 0.25, PauseOn: true}))
			},
			map[string]string{
				"iccid":      iccid1,
				"alarmParam": `{"alarmthreshold2":"1000000000000000000000","alarmstatus":1,"pauseflowthreshold":0.25,"pausestatus":1}`,
			},
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			platform := newPlatform(answerText(`{"resultCode":1}`))
			_, err := tt.call(t.Context(), platform.client(t))
			require.ErrorAs(t, err, new(*quecloud.APIError))
			form := platform.params(t, 0)
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
		return result(c.SMS.Send(ctx, &quecloud.SMSSendParams{Cards: cards, Content: "a"}))
	}
}

func TestValuesEncodeThemselvesInACallByName(t *testing.T) {
	t.Parallel()
	platform := newPlatform(answerText(`{"resultCode":0}`))
	require.NoError(t, platform.client(t).Call(t.Context(), "fc.function.new", struct {
		Card  quecloud.CardID  `url:"whatever"`
		Cards quecloud.CardIDs `url:"whatever"`
		Date  quecloud.Date    `url:"date"`
		Month quecloud.Month   `url:"month"`
		On    quecloud.Switch  `url:"on"`
		Off   quecloud.Switch  `url:"off"`
		Same  quecloud.Switch  `url:"same"`
	}{quecloud.MSISDN("1"), quecloud.ICCIDs(iccid1, iccid2), day(987, 6, 5), quecloud.Month{Year: 987, Month: 6}, quecloud.On, quecloud.Off, 0}, nil))
	form := platform.params(t, 0)
	for _, name := range []string{"appKey", "method", "t", "sign"} {
		form.Del(name)
	}
	assert.Equal(t, url.Values{
		"msisdn": {"1"}, "iccids": {iccid1 + "," + iccid2}, "date": {"09870605"}, "month": {"098706"}, "on": {"1"}, "off": {"0"},
	}, form)
}

func TestSwitchesHaveNames(t *testing.T) {
	t.Parallel()
	for s, want := range map[quecloud.Switch]string{0: "unchanged", quecloud.On: "on", quecloud.Off: "off", 3: "Switch(3)"} {
		assert.Equal(t, want, s.String())
	}
}
