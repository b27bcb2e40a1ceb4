package selftest_test

import (
	"testing"

	"github.com/stretchr/testify/assert"

	"github.com/quecloud/quecloud-go/internal/selftest"
)

func TestDiffNamesTheFirstDifference(t *testing.T) {
	t.Parallel()
	type card struct {
		ICCID string
		Flow  []float64
	}
	for want, values := range map[string][2]any{
		"":                                {&card{"1", nil}, &card{"1", nil}},
		`ICCID: want "1", got "2"`:        {card{"1", nil}, card{"2", []float64{1}}},
		"Flow[1]: want 2, got 3":          {&card{"1", []float64{1, 2}}, &card{"1", []float64{1, 3}}},
		"Flow: want 2 of them, got 0":     {&card{"1", []float64{1, 2}}, &card{"1", nil}},
		`[b]: want "2", got nothing`:      {map[string]string{"a": "1", "b": "2"}, map[string]string{"a": "1"}},
		"value: want 1, got nothing":      {1, nil},
		`value: want 1, got "1"`:          {1, "1"},
		"[0].ICCID: want \"1\", got \"\"": {[]*card{{"1", nil}}, []*card{{"", nil}}},
	} {
		assert.Equal(t, want, selftest.Diff(values[0], values[1]))
	}
}
