package quecloud_test

import (
	stdjson "encoding/json"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/quecloud/quecloud-go"
)

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
