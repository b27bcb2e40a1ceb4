package pageplan

import (
	"testing"

	"github.com/stretchr/testify/assert"
)

// However long a platform goes on with new rows, or with none, a sweep requests no more pages than the comment of
// CardsService.All says.
func TestSweepRequestsABoundedNumberOfPages(t *testing.T) {
	t.Parallel()
	tests := map[string]struct {
		respond func(number int64) (Announced, int64) // 1000 rows, or what else
		want    int
	}{
		"rows go on, and nothing is announced": {
			respond: func(int64) (Announced, int64) { return Announced{}, 1000 }, want: 1_000_001,
		},
		"rows go on, and ever more are announced": {
			respond: func(n int64) (Announced, int64) { return Announced{Rows: 2000 * n}, 1000 }, want: 1_000_001,
		},
		"rows go on behind 20 pages": {
			respond: func(int64) (Announced, int64) { return Announced{Rows: 20_000}, 1000 }, want: 141,
		},
		"rows go on behind 20 pages that are not numbered by rows": {
			respond: func(int64) (Announced, int64) { return Announced{Pages: 20}, 1000 }, want: 141,
		},
		"rows come one by one": {
			respond: func(int64) (Announced, int64) { return Announced{Rows: 500}, 1 }, want: 1101,
		},
		"empty pages go on": {
			respond: func(int64) (Announced, int64) { return Announced{Rows: 1e9}, 0 }, want: 100,
		},
		"empty pages go on behind others": {
			respond: func(n int64) (Announced, int64) {
				if n > 10 {
					return Announced{Rows: 1e9}, 0
				}
				return Announced{Rows: 1e9}, 1000
			}, want: 110,
		},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			plan := New(1, 1000)
			requests, decision := 0, Decision{More: true}
			for decision.More {
				number, ok := plan.Next()
				if !assert.True(t, ok, "page %d of %d", number, plan.lastAllowed) {
					return
				}
				requests++
				announced, rows := test.respond(int64(number))
				decision = plan.Accept(Response{int64(number), announced, rows, uint64(number)})
			}
			assert.NotNil(t, decision.Fault)
			assert.Equal(t, test.want, requests)
		})
	}
}
