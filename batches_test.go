package quecloud_test

import (
	"context"
	"errors"
	"net/url"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/quecloud/quecloud-go"
	"github.com/quecloud/quecloud-go/quecloudtest"
)

// infoStub answers cards.info and cards.monthflow for the cards that known says, in the opposite order, each once.
func infoStub(known func(number string) bool) *stub {
	return &stub{answer: func(ctx context.Context, form url.Values) any {
		if err := pause(ctx, time.Millisecond); err != nil {
			return err
		}
		rows := []object{}
		numbers := strings.Split(form.Get("iccids")+form.Get("msisdns"), ",")
		slices.Reverse(numbers)
		for _, number := range slices.Compact(numbers) {
			if known(number) {
				rows = append(rows, object{"iccid": number, "msisdn": number, "number": number, "monthflow": 1})
			}
		}
		if strings.HasSuffix(form.Get("method"), "cards.info") {
			return object{"resultCode": 0, "List": rows}
		}
		return object{"resultCode": 0, "data": rows}
	}}
}

func TestBatchesKeepTheOrderOfTheCardsWhateverThatOfTheAnswers(t *testing.T) {
	t.Parallel()
	want := iccids(0, 2500)
	synctest.Test(t, func(t *testing.T) {
		platform := infoStub(func(string) bool { return true })
		client := platform.client(t)
		given := slices.Clone(want)
		infos := client.Cards.AllInfo(t.Context(), quecloud.ICCIDs(given...))
		flows := client.Flow.AllMonthBatch(t.Context(), quecloud.ICCIDs(given...), quecloud.Month{Year: 2026, Month: time.May})
		assert.Zero(t, platform.calls(), "nothing is sent before the loop")
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
		assert.Equal(t, 12, platform.calls(), "1000 cards a call")
		assert.Contains(t, platform.values("month"), "202605")
	})
}

func TestBatchesOfMSISDNs(t *testing.T) {
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

func TestACardThatThePlatformDoesNotKnowIsToldAndDoesNotEndTheLoop(t *testing.T) {
	t.Parallel()
	platform := infoStub(func(number string) bool { return number != iccid(1) && number != iccid(1500) })
	turn, unknown := 0, []string{}
	for info, err := range platform.client(t).Cards.AllInfo(t.Context(), quecloud.ICCIDs(iccids(0, 1600)...)) {
		if errors.Is(err, quecloud.ErrUnknownCard) {
			failed, ok := errors.AsType[*quecloud.BatchError](err)
			require.True(t, ok)
			assert.Equal(t, turn, failed.First)
			assert.ErrorContains(t, err, failed.Cards.String())
			unknown = append(unknown, failed.Cards.String())
		} else {
			require.NoError(t, err)
			assert.Equal(t, iccid(turn), info.ICCID)
		}
		turn++
	}
	assert.Equal(t, 1600, turn, "every card has a turn")
	assert.Equal(t, []string{iccid(1), iccid(1500)}, unknown)
}

func TestACardGivenTwiceHasTwoTurns(t *testing.T) {
	t.Parallel()
	platform := infoStub(func(string) bool { return true })
	infos, err := collect(platform.client(t).Cards.AllInfo(t.Context(), quecloud.ICCIDs(iccid(1), iccid(1), iccid(1))))
	require.NoError(t, err)
	assert.Len(t, infos, 3)
}

// The platform refuses a call none of whose cards it knows, and does not say why.
func TestNoCardIsAloneInABatch(t *testing.T) {
	t.Parallel()
	platform := infoStub(func(number string) bool { return number != iccid(1000) })
	turns, err := collect(platform.client(t).Cards.AllInfo(t.Context(), quecloud.ICCIDs(iccids(0, 1001)...)))
	assert.ErrorIs(t, err, quecloud.ErrUnknownCard)
	assert.Len(t, turns, 1000)
	var sizes []int
	for _, numbers := range platform.values("iccids") {
		sizes = append(sizes, strings.Count(numbers, ",")+1)
	}
	assert.ElementsMatch(t, []int{501, 500}, sizes)
}

func TestNoCardsAtAllNeedNoCall(t *testing.T) {
	t.Parallel()
	platform := infoStub(func(string) bool { return true })
	infos, err := collect(platform.client(t).Cards.AllInfo(t.Context(), quecloud.ICCIDs()))
	require.NoError(t, err)
	assert.Empty(t, infos)
	assert.Zero(t, platform.calls())
}

func TestAFailedBatchSaysWhichCardsFailed(t *testing.T) {
	t.Parallel()
	platform := infoStub(func(string) bool { return true })
	good := platform.answer
	platform.answer = func(ctx context.Context, form url.Values) any {
		if strings.Contains(form.Get("iccids"), iccid(2100)) {
			return refusal("busy")
		}
		return good(ctx, form)
	}
	var progress []int64
	infos, err := collect(platform.client(t).Cards.AllInfo(t.Context(), quecloud.ICCIDs(iccids(0, 5000)...),
		quecloud.Progress(func(done, total int64) { progress = append(progress, done, total) })))
	failed, ok := errors.AsType[*quecloud.BatchError](err)
	require.True(t, ok, "%v", err)
	assert.Equal(t, 2000, failed.First)
	assert.Equal(t, quecloud.ICCIDs(iccids(2000, 3000)...), failed.Cards)
	assert.ErrorAs(t, err, new(*quecloud.APIError))
	assert.ErrorContains(t, err, "number 2001 to 3000")
	assert.Len(t, infos, 2000)
	assert.Equal(t, []int64{1000, 5000, 2000, 5000}, progress)
}

func TestLeavingBatchesStopsAllAtOnce(t *testing.T) {
	t.Parallel()
	for _, cancelled := range []bool{false, true} {
		synctest.Test(t, func(t *testing.T) {
			platform := infoStub(func(string) bool { return true })
			good := platform.answer
			platform.answer = func(ctx context.Context, form url.Values) any {
				if !strings.Contains(form.Get("iccids"), iccid(0)) {
					if err := pause(ctx, 20*time.Second); err != nil {
						return err
					}
				}
				return good(ctx, form)
			}
			ctx, cancel := context.WithCancel(t.Context())
			defer cancel()
			start, turns := time.Now(), 0
			for _, err := range platform.client(t).Cards.AllInfo(ctx, quecloud.ICCIDs(iccids(0, 5000)...)) {
				if turns++; turns == 6 && cancelled {
					failed, ok := errors.AsType[*quecloud.BatchError](err)
					require.True(t, ok)
					assert.ErrorIs(t, err, context.Canceled)
					assert.Equal(t, 5, failed.First)
					assert.Equal(t, quecloud.ICCIDs(iccids(5, 1000)...), failed.Cards)
					continue
				}
				require.NoError(t, err)
				if turns == 5 && cancelled {
					cancel()
				} else if turns == 5 {
					break
				}
			}
			assert.Less(t, time.Since(start), time.Second)
			assert.LessOrEqual(t, turns, 6)
			assert.Zero(t, platform.running)
		})
	}
}
