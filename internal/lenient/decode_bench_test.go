package lenient_test

import (
	"bytes"
	stdjson "encoding/json"
	"fmt"
	"runtime"
	"strconv"
	"strings"
	"testing"

	"github.com/go-json-experiment/json/jsontext"
	"github.com/stretchr/testify/assert"

	"github.com/quecloud/quecloud-go"
	"github.com/quecloud/quecloud-go/internal/lenient"
	"github.com/quecloud/quecloud-go/internal/selftest"
)

// A handListCard is what a user would declare for the rows of card.list.
type handListCard struct {
	MSISDN         string  `json:"msisdn"`
	ICCID          string  `json:"iccid"`
	IMSI           string  `json:"imsi"`
	IMEI           string  `json:"imei"`
	ServiceCycle   int     `json:"servicecycle"`
	BillingID      int64   `json:"billingid"`
	Carrier        string  `json:"carrier"`
	SetMeal        string  `json:"setMeal"`
	Status         string  `json:"status"`
	PauseReason    string  `json:"pausereason"`
	CardType       string  `json:"cardType"`
	AllotDate      string  `json:"allotDate"`
	Active         string  `json:"active"`
	OpenDate       string  `json:"openDate"`
	ActiveDate     string  `json:"activeDate"`
	ExpiryDate     string  `json:"expiryDate"`
	CycleStart     string  `json:"cycleStartDate"`
	CycleEnd       string  `json:"cycleEndDate"`
	MonthFlow      float64 `json:"monthflow"`
	Flow           float64 `json:"flow"`
	IsLock         string  `json:"islock"`
	GPRSStatus     string  `json:"gprsstatus"`
	RealName       int     `json:"realnamestatus"`
	CallStatus     int     `json:"callstatus"`
	VoiceWhitelist string  `json:"voicewhitelist"`
	VoiceFlow      int     `json:"voiceflow"`
	MonthVoice     int     `json:"monthvoiceflow"`
	SPCode         string  `json:"spcode"`
	CompanyID      int64   `json:"companyid"`
}

// pageJSON returns a response of card.list.
func pageJSON(rows int) []byte {
	var b bytes.Buffer
	b.WriteString(`{"resultCode":0,"errorMessage":null,`)
	fmt.Fprintf(&b, `"page":{"page":1,"pageSize":%d,"totalCount":%d,"totalPage":1},"cards":[`, rows, rows)
	for i := range rows {
		if i > 0 {
			b.WriteByte(',')
		}
		fmt.Fprintf(&b, `{"expiryDate":"2021-09-30","iccid":"8986031749203%07d","imsi":"46004702%07d","imei":"86061804%07d",`+
			`"servicecycle":12,"billingid":860,"carrier":"中国电信","setMeal":"NB-1 年期","activeDate":"2020-10-27",`+
			`"allotDate":"2020-10-27","cycleStartDate":"2020-10-27","cycleEndDate":"2021-09-30","active":"激活",`+
			`"msisdn":"106499%07d","monthflow":%d.25,"flow":%d.5,"status":"正常","pausereason":"","islock":"0",`+
			`"gprsstatus":"1","realnamestatus":0,"callstatus":-2,"voicewhitelist":"","voiceflow":300,`+
			`"monthvoiceflow":80,"spcode":"1064899100001","companyid":123}`,
			i, i, i, i, i, i)
	}
	b.WriteString(`]}`)
	return b.Bytes()
}

// quotedInt and quotedFloat read numbers in quotes.
type (
	quotedInt   int64
	quotedFloat float64
)

func (q *quotedInt) UnmarshalJSON(text []byte) error {
	n, err := strconv.ParseInt(strings.Trim(string(text), `"`), 10, 64)
	*q = quotedInt(n)
	return err
}

func (q *quotedFloat) UnmarshalJSON(text []byte) error {
	f, err := strconv.ParseFloat(strings.Trim(string(text), `"`), 64)
	*q = quotedFloat(f)
	return err
}

// A handQuotedCard is what a user would declare for the items of cards.info.
type handQuotedCard struct {
	MSISDN         string      `json:"msisdn"`
	ICCID          string      `json:"iccid"`
	IMSI           string      `json:"imsi"`
	IMEI           string      `json:"imei"`
	CompanyID      quotedInt   `json:"companyid"`
	BillingID      quotedInt   `json:"billingid"`
	BillingCode    string      `json:"billingCode"`
	ProductCode    string      `json:"productCode"`
	Supplier       string      `json:"supplier"`
	SOCode         string      `json:"socode"`
	CardType       string      `json:"cardType"`
	NetworkType    string      `json:"networkType"`
	SetMeal        string      `json:"setMeal"`
	FlowRate       quotedInt   `json:"flowratenumber"`
	SetMealMonths  quotedInt   `json:"setmealmonths"`
	ServiceCycle   quotedInt   `json:"servicecycle"`
	Active         string      `json:"active"`
	OpenDate       string      `json:"openDate"`
	AllotDate      string      `json:"allotDate"`
	ActivateTime   string      `json:"activateTime"`
	ExpiryDate     string      `json:"expiryDate"`
	CycleStart     string      `json:"cycleStartDate"`
	CycleEnd       string      `json:"cycleEndDate"`
	Status         string      `json:"status"`
	GPRSStatus     string      `json:"gprsstatus"`
	IsLock         string      `json:"islock"`
	PauseReason    string      `json:"pausereason"`
	MonthFlow      quotedFloat `json:"monthflow"`
	Flow           quotedFloat `json:"flow"`
	ResidueFlow    quotedFloat `json:"residueFlow"`
	RealName       quotedInt   `json:"realnamestatus"`
	CallStatus     quotedInt   `json:"callstatus"`
	MonthVoice     quotedInt   `json:"monthvoiceflow"`
	VoiceFlow      quotedInt   `json:"voiceflow"`
	VoiceWhitelist string      `json:"voicewitelist"`
}

// quotedJSON returns a response of cards.info, with numbers and names as in the vendor's example.
func quotedJSON(rows int) []byte {
	var b bytes.Buffer
	b.WriteString(`{"resultCode":0,"errorMessage":null,"List":[`)
	for i := range rows {
		if i > 0 {
			b.WriteByte(',')
		}
		fmt.Fprintf(&b, `{"islock":"0","gprsstatus":"1","realnamestatus":"0","setmealmonths":"12","flowratenumber":"20000",`+
			`"setMeal":"NB-1 年期","residueFlow":"%d.5","cardType":null,"active":"激活","activateTime":"2020-10-27",`+
			`"imsi":"46011117%07d","imei":"86061804%07d","servicecycle":"12","billingid":"860",`+
			`"billingCode":"3YY-122-2067-36","allotDate":"2020-10-27","expiryDate":"2021-09-30",`+
			`"cycleStartDate":"2020-10-27","cycleEndDate":"2021-09-30","iccid":"8986031749203%07d",`+
			`"productCode":"CN-QC-3-122-2067-36","supplier":"中国电信","msisdn":"106499%07d","networkType":"NB",`+
			`"monthflow":"%d.25","flow":"%d.5","status":"正常","pausereason":"","callstatus":"-2","voicewitelist":"",`+
			`"voiceflow":"300","monthvoiceflow":"80","socode":"1064899100001","companyid":"123"}`,
			i, i, i, i, i, i, i)
	}
	b.WriteString(`]}`)
	return b.Bytes()
}

// decodeWith returns a job for Decode.
func decodeWith[T any](text []byte, rows func(*T) int) selftest.Job {
	return selftest.Job{Name: "quecloud", Do: func() {
		var response T
		_, err := lenient.Decode(text, &response, lenient.Options{Strict: true})
		selftest.Must(rows(&response) == 1000, err)
	}}
}

// plainDecode returns a job for encoding/json.
func plainDecode[T any](text []byte, rows func(*T) int) selftest.Job {
	return selftest.Job{Name: "encoding-json", Do: func() {
		var response T
		err := stdjson.Unmarshal(text, &response)
		selftest.Must(rows(&response) == 1000, err)
	}}
}

// validation returns a job that only checks the syntax, as loosely as Decode does.
func validation(text []byte) selftest.Job {
	opts := []jsontext.Options{jsontext.AllowDuplicateNames(true), jsontext.AllowInvalidUTF8(true)}
	return selftest.Job{Name: "validation", Do: func() { selftest.Must(jsontext.Value(text).IsValid(opts...), nil) }}
}

// decodeJobs has the largest responses that the document allows, decoded by Decode and by encoding/json, and validated.
func decodeJobs() map[string][]selftest.Job {
	type handPage struct {
		ResultCode int `json:"resultCode"`
		Page       struct {
			Page, PageSize, TotalCount, TotalPage int
		} `json:"page"`
		Cards []handListCard `json:"cards"`
	}
	type handBatch struct {
		ResultCode int              `json:"resultCode"`
		List       []handQuotedCard `json:"list"`
	}
	type batch struct {
		List []quecloud.CardInfo `json:"list" quec:"required"`
	}
	page, quoted := pageJSON(1000), quotedJSON(1000)
	return map[string][]selftest.Job{
		"page": {
			decodeWith(page, func(l *quecloud.CardList) int { return len(l.Cards) }),
			plainDecode(page, func(l *handPage) int { return len(l.Cards) }),
			validation(page),
		},
		"quoted": {
			decodeWith(quoted, func(l *batch) int { return len(l.List) }),
			plainDecode(quoted, func(l *handBatch) int { return len(l.List) }),
			validation(quoted),
		},
	}
}

func BenchmarkDecode(b *testing.B) {
	for name, jobs := range decodeJobs() {
		b.Run(name, func(b *testing.B) { selftest.Compare(b, 1, jobs...) })
	}
}

// Not parallel: testing.AllocsPerRun counts the allocations of the whole process.
func TestDecodeAllocatesOnceForARow(t *testing.T) {
	const rows, others = 1000, 100
	const runs = 30 // under the race detector, every fourth on average with a new decoder, which takes 150 more
	for name, jobs := range decodeJobs() {
		assert.LessOrEqual(t, testing.AllocsPerRun(runs, jobs[0].Do), float64(rows+others), name)
	}
}

// keptCards decodes pages and keeps the card of each that decode returns. bytes is the memory that this takes beside
// the cards themselves.
func keptCards[Card any](pages int, decode func([]byte) Card) (cards []Card, bytes int) {
	const rows = 30
	text := pageJSON(rows)
	cards = make([]Card, 0, pages)
	decode(text) // what the first call makes is not the card's
	before := heap()
	for range pages {
		cards = append(cards, decode(text))
	}
	bytes = int(heap()) - int(before)
	runtime.KeepAlive(text)
	return cards, bytes
}

// heap returns the number of bytes in live objects.
func heap() uint64 {
	var stats runtime.MemStats
	runtime.GC()
	runtime.GC() // the first moves what a sync.Pool holds aside, the second frees it
	runtime.ReadMemStats(&stats)
	return stats.HeapAlloc
}

// aCard decodes a page and returns a card in the middle.
func aCard(text []byte) quecloud.Card {
	var list quecloud.CardList
	_, err := lenient.Decode(text, &list, lenient.Options{Strict: true})
	selftest.Must(err == nil, err)
	return list.Cards[len(list.Cards)/2]
}

// A card that is kept keeps its own texts in memory, 63 bytes, and not the 1,900 of its page. Not parallel: the test
// measures the heap of the whole process.
func TestDecodeKeepsOnlyTheTextsOfKeptRows(t *testing.T) {
	const pages = 1000
	cards, bytes := keptCards(pages, aCard)
	assert.Less(t, bytes/pages, 200, "bytes kept for a card") // 64, and more under the race detector
	runtime.KeepAlive(cards)
}

// BenchmarkDecodeKept measures how much memory a card keeps alive beside itself.
func BenchmarkDecodeKept(b *testing.B) {
	b.Run("quecloud", func(b *testing.B) { measureKept(b, aCard) })
	b.Run("encoding-json", func(b *testing.B) {
		measureKept(b, func(text []byte) handListCard {
			var page struct{ Cards []handListCard }
			err := stdjson.Unmarshal(text, &page)
			selftest.Must(err == nil, err)
			return page.Cards[len(page.Cards)/2]
		})
	})
}

func measureKept[Card any](b *testing.B, decode func([]byte) Card) {
	b.Helper()
	const pages = 1000
	for b.Loop() {
		cards, bytes := keptCards(pages, decode)
		b.ReportMetric(float64(bytes)/pages, "B/card")
		runtime.KeepAlive(cards)
	}
}
