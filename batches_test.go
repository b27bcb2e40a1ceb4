package quecloud_test

import (
	"context"
	"errors"
	"iter"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/quecloud/quecloud-go"
	"github.com/quecloud/quecloud-go/internal/selftest"
	"github.com/quecloud/quecloud-go/quecloudtest"
)

// infoResponse is the response to cards.info or cards.monthflow: the cards that known knows, in reverse order, each
// once.
func infoResponse(form url.Values, known func(number string) bool) selftest.Object {
	rows := []selftest.Object{}
	numbers := strings.Split(form.Get("iccids")+form.Get("msisdns"), ",")
	slices.Reverse(numbers)
	for _, number := range slices.Compact(numbers) {
		if known(number) {
			rows = append(rows, selftest.Object{"iccid": number, "msisdn": number, "number": number, "monthflow": 1})
		}
	}
	if strings.HasSuffix(form.Get("method"), "cards.info") {
		return selftest.Object{"resultCode": 0, "List": rows}
	}
	return selftest.Object{"resultCode": 0, "data": rows}
}

func everyCard(string) bool { return true }

// infoPlatform responds to cards.info and cards.monthflow for the cards that known knows.
func infoPlatform(known func(number string) bool) *selftest.Platform {
	return selftest.FuncPlatform(func(ctx context.Context, form url.Values) any {
		if err := selftest.Pause(ctx, time.Millisecond); err != nil {
			return err
		}
		return infoResponse(form, known)
	})
}

func TestBatchSweepKeepsTheOrderOfTheCards(t *testing.T) {
	t.Parallel()
	want := selftest.ICCIDs(0, 2500)
	synctest.Test(t, func(t *testing.T) {
		platform := infoPlatform(everyCard)
		client := platform.Client(t, selftest.NoRetry)
		given := slices.Clone(want)
		infos := client.Cards.AllInfo(t.Context(), quecloud.ICCIDs(given...))
		month := quecloud.Month{Year: 2026, Month: time.May}
		flows := client.Flow.AllMonthBatch(t.Context(), quecloud.ICCIDs(given...), month)
		assert.Zero(t, platform.Attempts(), "nothing is sent before the loop")
		clear(given)
		for range 2 {
			var got []string
			for info, err := range infos {
				require.NoError(t, err)
				got = append(got, info.ICCID)
			}
			assert.Equal(t, want, got)
			got = nil
			for flow, err := range flows {
				require.NoError(t, err)
				got = append(got, flow.Number)
			}
			assert.Equal(t, want, got)
		}
		assert.Equal(t, 12, platform.Attempts(), "1000 cards a call")
		assert.Contains(t, platform.Values("month"), "202605")
	})
}

func TestBatchSweepOfMSISDNs(t *testing.T) {
	t.Parallel()
	srv := quecloudtest.NewUnstartedServer(quecloudtest.WithFleet(30))
	defer srv.Close()
	var numbers []string
	for card, err := range srv.Client().Cards.All(t.Context(), nil) {
		require.NoError(t, err)
		numbers = append(numbers, card.MSISDN)
	}
	slices.Reverse(numbers)
	at := 0
	for info, err := range srv.Client().Cards.AllInfo(t.Context(), quecloud.MSISDNs(numbers...)) {
		require.NoError(t, err)
		assert.Equal(t, numbers[at], info.MSISDN)
		at++
	}
	assert.Equal(t, 30, at)
}

func TestBatchSweepReportsUnknownCardsAndGoesOn(t *testing.T) {
	t.Parallel()
	missing := []string{selftest.ICCID(1), selftest.ICCID(1500)}
	client := infoPlatform(func(number string) bool { return !slices.Contains(missing, number) }).Client(t)
	results, unknown := 0, []string{}
	for info, err := range client.Cards.AllInfo(t.Context(), quecloud.ICCIDs(selftest.ICCIDs(0, 1600)...)) {
		if errors.Is(err, quecloud.ErrUnknownCard) {
			failed, ok := errors.AsType[*quecloud.BatchError](err)
			require.True(t, ok)
			assert.Equal(t, results, failed.First)
			assert.ErrorContains(t, err, failed.Cards.String())
			unknown = append(unknown, failed.Cards.String())
		} else {
			require.NoError(t, err)
			assert.Equal(t, selftest.ICCID(results), info.ICCID)
		}
		results++
	}
	assert.Equal(t, 1600, results, "one for each card")
	assert.Equal(t, missing, unknown)
}

func TestBatchSweepYieldsACardGivenTwiceTwice(t *testing.T) {
	t.Parallel()
	cards := quecloud.ICCIDs(selftest.ICCID(1), selftest.ICCID(1), selftest.ICCID(1))
	infos, err := selftest.Collect(infoPlatform(everyCard).Client(t).Cards.AllInfo(t.Context(), cards))
	require.NoError(t, err)
	assert.Len(t, infos, 3)
}

// The platform refuses a call none of whose cards it knows, and does not say why.
func TestBatchSweepLeavesNoCardAloneInABatch(t *testing.T) {
	t.Parallel()
	platform := infoPlatform(func(number string) bool { return number != selftest.ICCID(1000) })
	cards := quecloud.ICCIDs(selftest.ICCIDs(0, 1001)...)
	infos, err := selftest.Collect(platform.Client(t).Cards.AllInfo(t.Context(), cards))
	assert.ErrorIs(t, err, quecloud.ErrUnknownCard)
	assert.Len(t, infos, 1000)
	var sizes []int
	for _, numbers := range platform.Values("iccids") {
		sizes = append(sizes, strings.Count(numbers, ",")+1)
	}
	assert.ElementsMatch(t, []int{501, 500}, sizes)
}

func TestBatchSweepOfNoCardsSendsNothing(t *testing.T) {
	t.Parallel()
	platform := infoPlatform(everyCard)
	infos, err := selftest.Collect(platform.Client(t, selftest.NoRetry).Cards.AllInfo(t.Context(), quecloud.ICCIDs()))
	require.NoError(t, err)
	assert.Empty(t, infos)
	assert.Zero(t, platform.Attempts())
}

func TestBatchSweepFailureNamesItsCards(t *testing.T) {
	t.Parallel()
	platform := selftest.FuncPlatform(func(_ context.Context, form url.Values) any {
		if strings.Contains(form.Get("iccids"), selftest.ICCID(2100)) {
			return selftest.Refusal("busy")
		}
		return infoResponse(form, everyCard)
	})
	var progress []int64
	report := quecloud.Progress(func(done, total int64) { progress = append(progress, done, total) })
	cards := quecloud.ICCIDs(selftest.ICCIDs(0, 5000)...)
	infos, err := selftest.Collect(platform.Client(t).Cards.AllInfo(t.Context(), cards, report))
	failed, ok := errors.AsType[*quecloud.BatchError](err)
	require.True(t, ok, "%v", err)
	assert.Equal(t, 2000, failed.First)
	assert.Equal(t, quecloud.ICCIDs(selftest.ICCIDs(2000, 3000)...), failed.Cards)
	assert.ErrorAs(t, err, new(*quecloud.APIError))
	assert.ErrorContains(t, err, "(cards 2001 to 3000 of 5000)")
	assert.Len(t, infos, 2000)
	assert.Equal(t, []int64{1000, 5000, 2000, 5000}, progress)
}

func TestBatchSweepStopsAtOnce(t *testing.T) {
	t.Parallel()
	for _, cancelled := range []bool{false, true} {
		synctest.Test(t, func(t *testing.T) {
			platform := selftest.FuncPlatform(func(ctx context.Context, form url.Values) any {
				if !strings.Contains(form.Get("iccids"), selftest.ICCID(0)) {
					if err := selftest.Pause(ctx, 20*time.Second); err != nil {
						return err
					}
				}
				return infoResponse(form, everyCard)
			})
			ctx, cancel := context.WithCancel(t.Context())
			defer cancel()
			start, results := time.Now(), 0
			cards := quecloud.ICCIDs(selftest.ICCIDs(0, 5000)...)
			for _, err := range platform.Client(t, selftest.NoRetry).Cards.AllInfo(ctx, cards) {
				if results++; results == 6 && cancelled {
					failed, ok := errors.AsType[*quecloud.BatchError](err)
					require.True(t, ok)
					assert.ErrorIs(t, err, context.Canceled)
					assert.Equal(t, 5, failed.First)
					assert.Equal(t, quecloud.ICCIDs(selftest.ICCIDs(5, 1000)...), failed.Cards)
					continue
				}
				require.NoError(t, err)
				if results == 5 && cancelled {
					cancel()
				} else if results == 5 {
					break
				}
			}
			assert.Less(t, time.Since(start), time.Second)
			assert.LessOrEqual(t, results, 6)
			assert.Zero(t, platform.Running())
		})
	}
}

// neighbours share the first 19 of their 20 characters.
func neighbours() (cards []string) {
	for last := range 10 {
		cards = append(cards, "8986062343202380834"+strconv.Itoa(last))
	}
	return cards
}

// collectRows returns what a sweep yields: a card, "no" and a missing card, or "unmatched" and a row that matches no
// card.
func collectRows[T interface{ ID() quecloud.CardID }](t *testing.T, sweep iter.Seq2[T, error]) (results []string) {
	t.Helper()
	for row, err := range sweep {
		bad, isUnmatched := errors.AsType[*quecloud.ResponseError](err)
		switch {
		case err == nil:
			results = append(results, row.ID().String())
		case errors.Is(err, quecloud.ErrUnknownCard):
			failed, ok := errors.AsType[*quecloud.BatchError](err)
			require.True(t, ok)
			assert.Equal(t, len(results), failed.First)
			results = append(results, "no "+failed.Cards.String())
		case isUnmatched:
			assert.Contains(t, string(bad.Body), row.ID().String(), "the row is in the error")
			assert.Contains(t, err.Error(), strconv.Quote(row.ID().String()))
			results = append(results, "unmatched "+row.ID().String())
		default:
			require.NoError(t, err)
		}
	}
	return results
}

func TestBatchSweepMatchesRowsInAnySpelling(t *testing.T) {
	t.Parallel()
	const short = "8986062343202380834"
	unmatched := func(rows []string) (results []string) {
		for _, row := range rows {
			results = append(results, "unmatched "+row)
		}
		return results
	}
	for name, tt := range map[string]struct {
		cards quecloud.CardIDs
		rows  []string // the numbers in the response
		want  []string
	}{
		"19 of 20 characters": {quecloud.ICCIDs(short), neighbours()[1:2], neighbours()[1:2]},
		"20 of 19 characters": {quecloud.ICCIDs(neighbours()[1]), []string{short}, []string{short}},
		"ten neighbours": {
			quecloud.ICCIDs(short), neighbours(), append([]string{"no " + short}, unmatched(neighbours())...),
		},
		"two neighbours, both requested": {quecloud.ICCIDs(neighbours()[4:6]...), neighbours()[4:6], neighbours()[4:6]},
		"another neighbour": {
			quecloud.ICCIDs(neighbours()[4]), neighbours()[5:6],
			append([]string{"no " + neighbours()[4]}, unmatched(neighbours()[5:6])...),
		},
		"a row of another requested card": {
			quecloud.ICCIDs(short, neighbours()[4]), neighbours()[4:5], []string{"no " + short, neighbours()[4]},
		},
		"lower case": {
			quecloud.ICCIDs("898600B5012345678901"), []string{"898600b5012345678901"}, []string{"898600b5012345678901"},
		},
		"trailing blank": {quecloud.ICCIDs(iccid1), []string{iccid1 + " "}, []string{iccid1 + " "}},
		"trailing F":     {quecloud.ICCIDs(short), []string{short + "F"}, []string{short + "F"}},
		"F requested":    {quecloud.ICCIDs(short + "F"), []string{short}, []string{short}},
		"a JSON number":  {quecloud.MSISDNs("1064868950247"), []string{"1.064868950247E12"}, []string{"1064868950247"}},
		"a blank MSISDN": {quecloud.MSISDNs(msisdn1), []string{" " + msisdn1}, []string{" " + msisdn1}},
		"a row for none": {quecloud.ICCIDs(iccid1), []string{iccid2, iccid1}, []string{iccid1, "unmatched " + iccid2}},
		"a row twice":    {quecloud.ICCIDs(iccid1), []string{iccid1, iccid1}, []string{iccid1, "unmatched " + iccid1}},
		"a card requested twice, two rows": {
			quecloud.ICCIDs(iccid1, iccid2, iccid1), []string{iccid2, iccid1, iccid1}, []string{iccid1, iccid2, iccid1},
		},
		"no rows": {quecloud.ICCIDs(iccid1, iccid2), nil, []string{"no " + iccid1, "no " + iccid2}},
	} {
		platform := selftest.FuncPlatform(func(_ context.Context, form url.Values) any {
			rows := []selftest.Object{}
			for _, number := range tt.rows {
				row := selftest.Object{"number": number, "monthflow": 1, "iccid": number}
				if form.Get("msisdns") != "" {
					row["iccid"], row["msisdn"] = " ", number
				}
				rows = append(rows, row)
			}
			return selftest.Object{"resultCode": 0, "list": rows, "data": rows}
		})
		client := platform.Client(t, selftest.NoRetry)
		assert.Equal(t, tt.want, collectRows(t, client.Cards.AllInfo(t.Context(), tt.cards)), name)
		month := quecloud.Month{Year: 2026, Month: time.May}
		assert.Equal(t, tt.want, collectRows(t, client.Flow.AllMonthBatch(t.Context(), tt.cards, month)), name)
	}
}

func TestBatchSweepYieldsUnmatchedRowsAfterTheirBatch(t *testing.T) {
	t.Parallel()
	platform := selftest.FuncPlatform(func(_ context.Context, form url.Values) any {
		response := infoResponse(form, everyCard)
		if strings.Contains(form.Get("iccids"), selftest.ICCID(0)) {
			response["List"] = append(response["List"].([]selftest.Object), selftest.Object{"iccid": selftest.ICCID(7777)})
		}
		return response
	})
	var at []int
	results := 0
	cards := quecloud.ICCIDs(selftest.ICCIDs(0, 2000)...)
	for info, err := range platform.Client(t).Cards.AllInfo(t.Context(), cards) {
		if err != nil {
			require.ErrorAs(t, err, new(*quecloud.ResponseError))
			require.NotErrorIs(t, err, quecloud.ErrUnknownCard)
			assert.Equal(t, selftest.ICCID(7777), info.ICCID)
			at = append(at, results)
		}
		results++
	}
	assert.Equal(t, 2001, results)
	assert.Equal(t, []int{1000}, at)
}

func TestBatchSweepCanBeLeftAtAnError(t *testing.T) {
	t.Parallel()
	rows := `{"iccid":"` + iccid1 + `"},{"iccid":"` + iccid2 + `"},{"iccid":"` + iccid3 + `"}`
	client := selftest.TextPlatform(`{"resultCode":0,"list":[` + rows + `]}`).Client(t)
	for name, cards := range map[string]quecloud.CardIDs{
		"unmatched row": quecloud.ICCIDs(iccid1),
		"unknown card":  quecloud.ICCIDs(iccid1, selftest.ICCID(1), iccid2),
	} {
		results := 0
		for _, err := range client.Cards.AllInfo(t.Context(), cards) {
			if results++; err != nil {
				break
			}
		}
		assert.Equal(t, 2, results, name)
	}
}
