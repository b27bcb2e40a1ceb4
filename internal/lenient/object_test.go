package lenient_test

import (
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"reflect"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/quecloud/quecloud-go/internal/lenient"
)

// The decoder expects the members of an object in the order of the one before. It must not rely on that, nor on its
// memory of their names, which is limited.
func TestDecodeReadsMembersInAnyOrder(t *testing.T) {
	t.Parallel()
	type card struct {
		ICCID  string `quec:"alias=icc"`
		IMSI   string
		Plan   string
		Months int
		Parts  []struct{ Number, Plan string }
	}
	random := rand.New(rand.NewPCG(1, 2))
	for range 20 {
		var want []card
		var rows []string
		for i := range 100 {
			c := card{
				ICCID: fmt.Sprint(898600000 + i), IMSI: strings.Repeat("1", i), Plan: fmt.Sprint("plan", i%7), Months: i,
				Parts: []struct{ Number, Plan string }{{fmt.Sprint(i), "a"}, {Plan: "b"}},
			}
			id := []string{"iccid", "ICCID", "icc", `i\u0063c`}[random.IntN(4)]
			members := []string{
				fmt.Sprintf(`"%s":"%s"`, id, c.ICCID), fmt.Sprintf(`"imsi" : %q`, c.IMSI), fmt.Sprintf(`"plan":%q`, c.Plan),
				fmt.Sprintf(`"months":%d`, c.Months), fmt.Sprintf(`"parts":[{"number":%d,"plan":"a"},{"plan":"b"}]`, i),
				fmt.Sprintf(`"new%d":1`, random.IntN(500)), fmt.Sprintf(`"%s":"x"`, strings.Repeat("long", 20)),
			}
			if random.IntN(2) == 0 {
				c.Plan, members[2] = "", `"plan":null`
			}
			random.Shuffle(len(members), func(i, j int) { members[i], members[j] = members[j], members[i] })
			want = append(want, c)
			rows = append(rows, "{"+strings.Join(members, ",")+"}")
		}
		text := `{"resultCode":0,"cards":[` + strings.Join(rows, ",") + `]}`
		require.True(t, json.Valid([]byte(text)), text)
		var got struct{ Cards []card }
		require.NoError(t, read(text, &got))
		assert.Equal(t, want, got.Cards)
	}
}

// An explosive text panics while it is read.
type explosive string

func (e *explosive) UnmarshalText(text []byte) error {
	if string(text) == "boom" {
		panic("boom")
	}
	*e = explosive(text)
	return nil
}

func TestDecodeKeepsNothingFromAPanic(t *testing.T) {
	t.Parallel()
	var got struct {
		List []struct {
			ICCID, Remark string
			Explosive     explosive
		}
	}
	for range 20 {
		assert.Panics(t, func() {
			_ = read(`{"resultCode":0,"list":[{"iccid":"1","remark":"secret","explosive":"boom"}]}`, &got)
		})
		require.NoError(t, read(`{"resultCode":0,"list":[{"explosive":"no"}]}`, &got))
		require.Len(t, got.List, 1)
		assert.Empty(t, got.List[0].ICCID+got.List[0].Remark)
	}
}

// Texts of a row share memory, which is guessed from the row before.
func TestDecodeReadsTextsOfEveryLength(t *testing.T) {
	t.Parallel()
	type sms struct{ Number, SMSID, MSID string }
	var want []sms
	var b strings.Builder
	for i, length := range []int{0, 1, 20, 300, 3, 5000, 2, 0, 40, 41, 600, 1} {
		row := sms{strings.Repeat("1", length), strings.Repeat("2", i), strings.Repeat("3", length/2)}
		want = append(want, row)
		fmt.Fprintf(&b, `,{"number":%q,"smsid":%q,"msid":%q}`, row.Number, row.SMSID, row.MSID)
	}
	var got struct{ List []sms }
	_, err := lenient.Decode([]byte(`{"list":[`+b.String()[1:]+`]}`), &got, lenient.Options{Strict: true})
	require.NoError(t, err)
	assert.Equal(t, want, got.List)
}

func TestDecodeReadsStructsOfManyFields(t *testing.T) {
	t.Parallel()
	const fields = 100
	var members []string
	var of []reflect.StructField
	for i := range fields {
		of = append(of, reflect.StructField{Name: fmt.Sprint("F", i), Type: reflect.TypeFor[int]()})
		members = append(members, fmt.Sprintf(`"f%d":"%d"`, i, i))
	}
	got := reflect.New(reflect.StructOf(of))
	require.NoError(t, read("{"+strings.Join(members, ",")+"}", got.Interface()))
	for i := range fields {
		assert.Equal(t, i, got.Elem().Field(i).Interface())
	}
}

func TestDecodeRejectsTwoResultCodes(t *testing.T) {
	t.Parallel()
	response, err := lenient.Decode([]byte(`{"resultCode":0,"resultcode":"0","RESULTCODE":1}`), nil, lenient.Options{})
	require.NoError(t, err)
	assert.Equal(t, "member resultCode: comes a second time, with another value: 1", response.CodeProblem.Error())
}
