package selftest_test

import (
	"encoding/json"
	"errors"
	"net/http"
	"net/http/httptest"
	"sync"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/quecloud/quecloud-go"
	"github.com/quecloud/quecloud-go/internal/selftest"
)

func TestSweepEndsItsRequestsAtTheServer(t *testing.T) {
	t.Parallel()
	var running sync.WaitGroup
	srv := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		running.Add(1)
		defer running.Done()
		if !assert.NoError(t, r.ParseForm()) {
			return
		}
		number, size := selftest.Paging(r.PostForm)
		if number > 1 {
			<-r.Context().Done() // the client has closed the connection
			return
		}
		assert.NoError(t, json.NewEncoder(w).Encode(selftest.PageOf(2000, number, size).Response()))
	}))
	defer srv.Close()
	client, err := quecloud.NewClient("key", "secret", quecloud.WithBaseURL(srv.URL))
	require.NoError(t, err)
	seen := 0
	for _, err := range client.Cards.All(t.Context(), &quecloud.CardListParams{PageSize: 50}, quecloud.Concurrency(8)) {
		require.NoError(t, err)
		if seen++; seen == 50 {
			break
		}
	}
	running.Wait()
}

// A program that is stopped at any page stores every card once.
func TestSweepPagesResumeAtTheCheckpoint(t *testing.T) {
	t.Parallel()
	errStopped := errors.New("stopped")
	for stop := 1; stop <= 10; stop++ {
		platform := selftest.ListingPlatform(func(n, s int) selftest.Page { return selftest.PageOf(1000, n, s) })
		client := platform.Client(t)
		var stored []string
		checkpoint, visits := 0, 0
		run := func() error {
			params := &quecloud.CardListParams{PageSize: 100, PageNo: checkpoint + 1}
			for list, err := range quecloud.Pages(t.Context(), client.Cards.List, params) {
				if err != nil {
					return err
				}
				if visits++; visits == stop {
					return errStopped // before the page and its number are stored
				}
				for _, card := range list.Cards {
					stored = append(stored, card.ICCID)
				}
				checkpoint = list.Page.Number
			}
			return nil
		}
		require.ErrorIs(t, run(), errStopped)
		require.NoError(t, run())
		require.NoError(t, run(), "nothing is left")
		assert.Equal(t, selftest.ICCIDs(0, 1000), stored)
		assert.Equal(t, 10, checkpoint)
	}
}

func TestSweepPagesAreNumberedAsRequested(t *testing.T) {
	t.Parallel()
	for _, number := range []int{0, 1} {
		platform := selftest.ListingPlatform(func(n, s int) selftest.Page {
			p := selftest.PageOf(450, n, s)
			p.Number = number
			return p
		})
		params := &quecloud.CardListParams{PageSize: 100, PageNo: 2}
		lists, err := selftest.Collect(quecloud.Pages(t.Context(), platform.Client(t).Cards.List, params))
		require.NoError(t, err)
		require.Len(t, lists, 4)
		for i, list := range lists {
			assert.Equal(t, i+2, list.Page.Number)
			assert.Len(t, list.Cards, []int{100, 100, 100, 50}[i])
		}
	}
}
