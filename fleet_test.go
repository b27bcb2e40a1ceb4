package quecloud_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"iter"
	"net/url"
	"runtime"
	"slices"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/quecloud/quecloud-go"
	"github.com/quecloud/quecloud-go/quecloudtest"
)

// ids are n cards, by MSISDN.
func ids(n int) (cards []quecloud.CardID) {
	for i := range n {
		cards = append(cards, quecloud.MSISDN(strconv.Itoa(i)))
	}
	return cards
}

func place(card quecloud.CardID) int {
	n, _ := strconv.Atoi(card.String())
	return n
}

func TestEachGivesEveryCardsOutcomeInOrder(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		var mu sync.Mutex
		running, most := 0, 0
		odd := errors.New("odd")
		fn := func(ctx context.Context, card quecloud.CardID) error {
			mu.Lock()
			running++
			most = max(most, running)
			mu.Unlock()
			if err := pause(ctx, time.Duration(1+place(card)*7%5)*time.Second); err != nil {
				return err
			}
			mu.Lock()
			running--
			mu.Unlock()
			if place(card)%2 == 1 {
				return odd
			}
			return nil
		}
		var progress []int64
		i := 0
		for card, err := range quecloud.Each(t.Context(), ids(100), fn, quecloud.Concurrency(8),
			quecloud.Progress(func(done, total int64) { progress = append(progress, done, total) })) {
			assert.Equal(t, i, place(card))
			if i%2 == 1 {
				assert.Equal(t, odd, err)
			} else {
				assert.NoError(t, err)
			}
			i++
			assert.Equal(t, []int64{int64(i), 100}, progress[len(progress)-2:])
		}
		assert.Equal(t, 100, i)
		assert.Equal(t, 8, most)
	})
}

func TestEachTakesCardsInAnyForm(t *testing.T) {
	t.Parallel()
	type batch []quecloud.CardID
	type source func(func(quecloud.CardID) bool)
	none := func(context.Context, quecloud.CardID) error { return nil }
	want := ids(3)
	seq := slices.Values(want)
	got := func(outcomes iter.Seq2[quecloud.CardID, error]) (cards []quecloud.CardID) {
		for range 2 {
			cards = nil
			for card, err := range outcomes {
				require.NoError(t, err)
				cards = append(cards, card)
			}
		}
		return cards
	}
	ctx := t.Context()
	assert.Equal(t, want, got(quecloud.Each(ctx, want, none)))
	assert.Equal(t, want, got(quecloud.Each(ctx, batch(want), none)))
	assert.Equal(t, want, got(quecloud.Each(ctx, seq, none)))
	assert.Equal(t, want, got(quecloud.Each(ctx, source(seq), none)))
	assert.Equal(t, want, got(quecloud.Each(ctx, quecloud.MSISDNs("0", "1", "2"), none)))
	assert.Empty(t, got(quecloud.Each(ctx, []quecloud.CardID(nil), none)))
	total := int64(0)
	got(quecloud.Each(ctx, seq, none, quecloud.Progress(func(_, n int64) { total = n })))
	assert.EqualValues(t, 3, total, "what was done is the least that there is to do")
}

// A method of the client is all that Each needs, and the platform's refusals are outcomes.
func TestEachSuspendsCards(t *testing.T) {
	t.Parallel()
	srv := quecloudtest.NewUnstartedServer(quecloudtest.WithFleet(200))
	defer srv.Close()
	client := srv.Client()
	normal := map[string]bool{}
	cards := func(yield func(quecloud.CardID) bool) {
		for card, err := range client.Cards.All(t.Context(), &quecloud.CardListParams{PageSize: 50}) {
			require.NoError(t, err)
			normal[card.ICCID] = card.Status == quecloud.CardStatusNormal
			if !yield(card.ID()) {
				return
			}
		}
	}
	paused, refused := 0, 0
	for card, err := range quecloud.Each(t.Context(), cards, client.Cards.Pause) {
		if normal[card.String()] {
			require.NoError(t, err)
			paused++
		} else {
			require.ErrorAs(t, err, new(*quecloud.APIError))
			refused++
		}
	}
	assert.Equal(t, 200, paused+refused)
	assert.Positive(t, refused)
	for number := range normal {
		card, _ := srv.Card(number)
		assert.NotEqual(t, quecloudtest.StatusNormal, card.Status)
	}
}

func TestEachTakesNoMoreCardsThanItWorksOn(t *testing.T) {
	t.Parallel()
	taken, stopped := 0, false
	endless := func(yield func(quecloud.CardID) bool) {
		defer func() { stopped = true }()
		for i := 0; yield(quecloud.MSISDN(strconv.Itoa(i))); i++ {
			taken++
		}
	}
	done := 0
	for _, err := range quecloud.Each(t.Context(), endless, func(context.Context, quecloud.CardID) error { return nil }, quecloud.Concurrency(5)) {
		require.NoError(t, err)
		if done++; done == 1000 {
			break
		}
		assert.LessOrEqual(t, taken, done+2*5)
	}
	assert.True(t, stopped)
}

func TestEachOneAtATimeBeginsNoCardBeforeTheLoopHasSeenTheOneBefore(t *testing.T) {
	t.Parallel()
	begun := 0
	fn := func(context.Context, quecloud.CardID) error { begun++; return nil }
	for card, err := range quecloud.Each(t.Context(), ids(10), fn, quecloud.Concurrency(1)) {
		require.NoError(t, err)
		assert.Equal(t, place(card)+1, begun)
		if place(card) == 4 {
			break
		}
	}
	assert.Equal(t, 5, begun)
}

// A call that was begun may have cut a device off: its outcome must not get lost when the context ends.
func TestEachLosesNoOutcomeWhenItsContextEnds(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		cause := errors.New("enough")
		ctx, cancel := context.WithCancelCause(t.Context())
		endless := func(yield func(quecloud.CardID) bool) {
			i := 0
			for yield(quecloud.MSISDN(strconv.Itoa(i))) {
				i++
			}
		}
		inCall := errors.New("canceled within the call")
		var begun atomic.Int64
		fn := func(ctx context.Context, card quecloud.CardID) error {
			begun.Add(1)
			if place(card) < 6 {
				return nil
			}
			<-ctx.Done()
			return inCall
		}
		time.AfterFunc(time.Second, func() { cancel(cause) })
		var outcomes []error
		for card, err := range quecloud.Each(ctx, endless, fn) {
			assert.Equal(t, len(outcomes), place(card))
			outcomes = append(outcomes, err)
		}
		require.Len(t, outcomes, 11)
		assert.Equal(t, []error{nil, nil, nil, nil, nil, nil, inCall, inCall, inCall, inCall}, outcomes[:10])
		assert.ErrorIs(t, outcomes[10], quecloud.ErrNotStarted)
		assert.ErrorIs(t, outcomes[10], cause)
		assert.ErrorIs(t, outcomes[10], context.Canceled)
		assert.ErrorContains(t, outcomes[10], "card 10: not begun")
		assert.EqualValues(t, 10, begun.Load())
	})
}

func TestEachBeginsNothingUnderAnEndedContext(t *testing.T) {
	t.Parallel()
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	turns := 0
	for card, err := range quecloud.Each(ctx, ids(10), func(context.Context, quecloud.CardID) error { panic("begun") }) {
		assert.Zero(t, place(card))
		assert.ErrorIs(t, err, context.Canceled)
		turns++
	}
	assert.Equal(t, 1, turns)
}

func TestLeavingEachStopsAllAtOnce(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		platform := &stub{answer: func(ctx context.Context, form url.Values) any {
			if form.Get("msisdn") != "0" {
				if err := pause(ctx, 20*time.Second); err != nil {
					return err
				}
			}
			return object{"resultCode": 0}
		}}
		start := time.Now()
		for _, err := range quecloud.Each(t.Context(), ids(100), platform.client(t).Cards.Pause) {
			require.NoError(t, err)
			break
		}
		assert.Zero(t, time.Since(start))
		assert.Zero(t, platform.running)
	})
}

func TestAPanicOfEachsFunctionReachesTheLoop(t *testing.T) {
	t.Parallel()
	tests := map[string]struct {
		fn   func()
		want string
	}{
		"panic":  {func() { panic("broken") }, "broken"},
		"Goexit": {runtime.Goexit, "runtime.Goexit"},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			defer func() { assert.Contains(t, recover(), test.want) }()
			for _, err := range quecloud.Each(t.Context(), ids(10), func(context.Context, quecloud.CardID) error { test.fn(); return nil }) {
				assert.NoError(t, err)
			}
		})
	}
}

// bulkStub lists all cards of a call as done, unless the function has another response for the n-th call, from 0.
func bulkStub(other func(n int, numbers []string) any) *stub {
	n := -1
	return &stub{answer: func(_ context.Context, form url.Values) any {
		n++
		numbers := strings.Split(form.Get("msisdns")+form.Get("msisdn"), ",")
		if response := other(n, numbers); response != nil {
			return response
		}
		sent := []object{}
		for _, number := range numbers {
			sent = append(sent, object{"msisdns": number, "iccid": iccid1, "sms_id": "id-" + number})
		}
		return object{"resultCode": 0, "successList": sent, "success": numbers}
	}}
}

func msisdns(n int) (numbers []string) {
	for i := range n {
		numbers = append(numbers, strconv.FormatInt(1064800000000+int64(i), 10))
	}
	return numbers
}

// turnsOf ranges over what became of many cards, and returns the number and the kind of outcome of each.
func turnsOf[T any](t *testing.T, all iter.Seq2[T, error], card func(T) quecloud.CardID) (numbers []string, outcomes []string) {
	t.Helper()
	for turn, err := range all {
		what := "failed"
		failed, ok := errors.AsType[*quecloud.BatchError](err)
		switch {
		case err == nil:
			what = "done"
		case errors.Is(err, quecloud.ErrNotStarted):
			what = "not begun"
			require.NotErrorIs(t, err, quecloud.ErrOutcomeUnknown)
		case errors.Is(err, quecloud.ErrOutcomeUnknown):
			what = "unknown"
		}
		if err != nil {
			require.True(t, ok, "%v", err)
			assert.Equal(t, len(numbers), failed.First)
			assert.Equal(t, []quecloud.CardID{card(turn)}, slices.Collect(failed.Cards.All()))
		}
		numbers, outcomes = append(numbers, card(turn).String()), append(outcomes, what)
	}
	return numbers, outcomes
}

func cardOfSMS(o quecloud.SMSOutcome) quecloud.CardID { return o.Card }

// bulks are the methods that do something to any number of cards.
func bulks(client *quecloud.Client, numbers []string) map[string]func(*testing.T, context.Context) (numbers, outcomes []string) {
	cards := quecloud.MSISDNs(numbers...)
	return map[string]func(*testing.T, context.Context) ([]string, []string){
		"SendAll": func(t *testing.T, ctx context.Context) ([]string, []string) {
			return turnsOf(t, client.SMS.SendAll(ctx, &quecloud.SMSSendParams{Cards: cards, Content: "a"}), cardOfSMS)
		},
		"SetAlarmAll": func(t *testing.T, ctx context.Context) ([]string, []string) {
			return turnsOf(t, client.Flow.SetAlarmAll(ctx, cards, &fullAlarm), func(c quecloud.CardID) quecloud.CardID { return c })
		},
	}
}

func TestEveryCardOfABulkHasOneOutcome(t *testing.T) {
	t.Parallel()
	times := func(n int, what string) []string { return slices.Repeat([]string{what}, n) }
	for name, tt := range map[string]struct {
		cards    int
		other    func(n int, numbers []string) any
		outcomes []string
		sizes    []int
	}{
		"all done": {2500, func(int, []string) any { return nil }, times(2500, "done"), []int{834, 834, 832}},
		"none":     {0, func(int, []string) any { return nil }, nil, nil},
		"one left out": {1500, func(_ int, numbers []string) any {
			return object{"resultCode": 0, "successList": rowsOf(numbers[1:]), "success": numbers[1:]}
		}, slices.Concat(times(1, "unknown"), times(749, "done"), times(1, "unknown"), times(749, "done")), []int{750, 750}},
		"second refused": {2500, func(n int, _ []string) any {
			if n == 1 {
				return refusal("busy")
			}
			return nil
		}, slices.Concat(times(834, "done"), times(834, "failed"), times(832, "not begun")), []int{834, 834}},
		"second in doubt": {2500, func(n int, _ []string) any {
			if n == 1 {
				return io.ErrUnexpectedEOF
			}
			return nil
		}, slices.Concat(times(834, "done"), times(834, "unknown"), times(832, "not begun")), []int{834, 834}},
		"last refused": {1001, func(n int, _ []string) any {
			if n == 1 {
				return refusal("busy")
			}
			return nil
		}, slices.Concat(times(501, "done"), times(500, "failed")), []int{501, 500}},
	} {
		for method := range bulks(nil, nil) {
			t.Run(name+", "+method, func(t *testing.T) {
				t.Parallel()
				platform := bulkStub(tt.other)
				want := msisdns(tt.cards)
				numbers, outcomes := bulks(platform.client(t), want)[method](t, t.Context())
				assert.Equal(t, tt.outcomes, outcomes)
				assert.Equal(t, want, numbers)
				var sizes []int
				for _, form := range platform.asked {
					sizes = append(sizes, strings.Count(form.Get("msisdns")+form.Get("msisdn"), ",")+1)
				}
				assert.Equal(t, tt.sizes, sizes, "cards of each call")
			})
		}
	}
}

func rowsOf(numbers []string) (rows []object) {
	for _, number := range numbers {
		rows = append(rows, object{"msisdns": number})
	}
	return rows
}

func TestSendAllTellsFailuresAndReceipts(t *testing.T) {
	t.Parallel()
	platform := bulkStub(func(_ int, numbers []string) any {
		return object{"resultCode": 0, "errorList": numbers[:1], "successList": []object{
			{"msisdns": numbers[2], "sms_id": "c"}, {"msisdns": numbers[1], "sms_id": "b"},
		}}
	})
	params := &quecloud.SMSSendParams{Cards: quecloud.MSISDNs(msisdns(3)...), Content: "a", SMSID: "mine"}
	all := platform.client(t).SMS.SendAll(t.Context(), params)
	assert.Zero(t, platform.calls(), "nothing is sent before the loop")
	*params = quecloud.SMSSendParams{}
	var ids []string
	for sms, err := range all {
		ids = append(ids, sms.Sent.SMSID)
		if sms.Sent.SMSID == "" {
			require.ErrorIs(t, err, quecloud.ErrPartial)
			require.NotErrorIs(t, err, quecloud.ErrOutcomeUnknown)
			assert.ErrorContains(t, err, sms.Card.String())
		}
	}
	assert.Equal(t, []string{"", "b", "c"}, ids)
	assert.Equal(t, []string{"mine"}, platform.values("smsId"))
}

func TestABulkEndsWithItsContextAndTellsWhatWasNotSent(t *testing.T) {
	t.Parallel()
	platform := bulkStub(func(int, []string) any { return nil })
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	done := 0
	var notSent []quecloud.CardID
	for sms, err := range platform.client(t).SMS.SendAll(ctx, &quecloud.SMSSendParams{Cards: quecloud.MSISDNs(msisdns(2000)...), Content: "a"}) {
		if err != nil {
			require.ErrorIs(t, err, quecloud.ErrNotStarted)
			require.ErrorIs(t, err, context.Canceled)
			require.ErrorContains(t, err, fmt.Sprintf("(card %s, %d of 2000)", sms.Card, done+len(notSent)+1))
			notSent = append(notSent, sms.Card)
			continue
		}
		if done++; done == 5 {
			cancel()
		}
	}
	assert.Equal(t, 1000, done, "the SMS has been sent to all of the batch")
	rest, err := quecloud.CardIDsOf(notSent)
	require.NoError(t, err)
	assert.Equal(t, quecloud.MSISDNs(msisdns(2000)[1000:]...), rest)
	assert.Equal(t, 1, platform.calls())
}

func TestABulkCanBeLeftAmongTheCardsThatWereNotBegun(t *testing.T) {
	t.Parallel()
	platform := bulkStub(func(int, []string) any { return refusal("busy") })
	turns := 0
	for _, err := range platform.client(t).Flow.SetAlarmAll(t.Context(), quecloud.MSISDNs(msisdns(2000)...), &fullAlarm) {
		turns++
		if errors.Is(err, quecloud.ErrNotStarted) {
			break
		}
	}
	assert.Equal(t, 1001, turns)
}

// An interceptor may return a ParamError for a later call too: that is no bad input of the whole job.
func TestABulkThatIsRefusedHalfwayAccountsForEveryCard(t *testing.T) {
	t.Parallel()
	calls := 0
	refuse := func(ctx context.Context, _ *quecloud.CallInfo, next func(context.Context) error) error {
		if calls++; calls == 2 {
			return &quecloud.ParamError{Param: "quota", Reason: "is used up"}
		}
		return next(ctx)
	}
	client, err := bulkStub(func(int, []string) any { return nil }).client(t).With(quecloud.WithInterceptor(refuse))
	require.NoError(t, err)
	numbers, outcomes := bulks(client, msisdns(3000))["SendAll"](t, t.Context())
	assert.Equal(t, msisdns(3000), numbers)
	assert.Equal(t, slices.Concat(slices.Repeat([]string{"done"}, 1000), slices.Repeat([]string{"failed"}, 1000), slices.Repeat([]string{"not begun"}, 1000)), outcomes)
}

func TestLeavingABulkSendsNothingMore(t *testing.T) {
	t.Parallel()
	platform := bulkStub(func(int, []string) any { return nil })
	for card, err := range platform.client(t).Flow.SetAlarmAll(t.Context(), quecloud.MSISDNs(msisdns(3000)...), &fullAlarm) {
		require.NoError(t, err)
		assert.Equal(t, quecloud.MSISDN(msisdns(1)[0]), card)
		break
	}
	assert.Equal(t, 1, platform.calls())
}

func TestABulkRefusesBadInputBeforeAnythingIsSent(t *testing.T) {
	t.Parallel()
	platform := bulkStub(func(int, []string) any { return nil })
	client := platform.client(t)
	bad := quecloud.MSISDNs(append(msisdns(1500), "x")...)
	good := quecloud.MSISDNs(msisdns(1500)...)
	for name, all := range map[string]iter.Seq2[quecloud.SMSOutcome, error]{
		"bad card":    client.SMS.SendAll(t.Context(), &quecloud.SMSSendParams{Cards: bad, Content: "a"}),
		"zero cards":  client.SMS.SendAll(t.Context(), &quecloud.SMSSendParams{Content: "a"}),
		"no text":     client.SMS.SendAll(t.Context(), &quecloud.SMSSendParams{Cards: good}),
		"no params":   client.SMS.SendAll(t.Context(), nil),
		"bad option":  client.SMS.SendAll(t.Context(), &quecloud.SMSSendParams{Cards: good, Content: "a"}, quecloud.Concurrency(2)),
		"nil context": client.SMS.SendAll(nil, &quecloud.SMSSendParams{Cards: good, Content: "a"}), //nolint:staticcheck // on purpose
	} {
		turns := 0
		for _, err := range all {
			turns++
			assert.ErrorAs(t, err, new(*quecloud.ParamError), name)
		}
		assert.Equal(t, 1, turns, name)
	}
	for _, err := range client.Flow.SetAlarmAll(t.Context(), good, nil) {
		assert.ErrorAs(t, err, new(*quecloud.ParamError))
	}
	assert.Zero(t, platform.calls())
}

func TestABulkTellsItsProgress(t *testing.T) {
	t.Parallel()
	var progress []int64
	note := quecloud.Progress(func(done, total int64) { progress = append(progress, done, total) })
	cards := quecloud.MSISDNs(msisdns(1500)...)
	for _, err := range bulkStub(func(int, []string) any { return nil }).client(t).Flow.SetAlarmAll(t.Context(), cards, &fullAlarm, note) {
		require.NoError(t, err)
	}
	assert.Equal(t, []int64{750, 1500, 1500, 1500}, progress)
}
