package selftest_test

import (
	"context"
	"crypto/sha1"
	"encoding/hex"
	stdjson "encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"sort"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"

	"github.com/quecloud/quecloud-go"
	"github.com/quecloud/quecloud-go/internal/selftest"
)

var typicalParams = url.Values{
	"appKey": {selftest.Key}, "method": {"fc.function.dayflow.list"}, "t": {"1732605510"},
	"msisdn": {"1064868950247"}, "month": {"202411"}, "pageNo": {"1"},
}

func manyParams() url.Values {
	iccids := make([]string, 1000)
	for i := range iccids {
		iccids[i] = fmt.Sprintf("8986062343202%07d", i)
	}
	return url.Values{
		"appKey": {selftest.Key}, "method": {"fc.function.cards.info"}, "t": {"1732605510"},
		"iccids": {strings.Join(iccids, ",")},
	}
}

func signedText(secret string, params url.Values) []byte {
	names := make([]string, 0, len(params))
	for name := range params {
		names = append(names, name)
	}
	sort.Strings(names)
	var text strings.Builder
	text.WriteString(secret)
	for _, name := range names {
		text.WriteString(name + params.Get(name))
	}
	return []byte(text.String() + secret)
}

func BenchmarkSign(b *testing.B) {
	for name, params := range map[string]url.Values{"6Params": typicalParams, "1000ICCIDs": manyParams()} {
		text := signedText(selftest.Secret, params)
		b.Run(name, func(b *testing.B) {
			selftest.Compare(b, 20,
				selftest.Job{"quecloud", func() { quecloud.Sign(selftest.Secret, params) }},
				selftest.Job{"sha1-and-hex", func() {
					sum := sha1.Sum(text)
					_ = hex.EncodeToString(sum[:])
				}})
		})
	}
}

// A handCard is the struct that a user would declare for card.info.
type handCard struct {
	ResultCode     int     `json:"resultCode"`
	ErrorMessage   string  `json:"errorMessage"`
	MSISDN         string  `json:"msisdn"`
	ICCID          string  `json:"iccid"`
	IMSI           string  `json:"imsi"`
	IMEI           string  `json:"imei"`
	CompanyID      int64   `json:"companyid"`
	BillingID      int64   `json:"billingid"`
	BillingCode    string  `json:"billingCode"`
	ProductCode    string  `json:"productCode"`
	Supplier       string  `json:"supplier"`
	SPCode         string  `json:"spcode"`
	CardType       string  `json:"cardType"`
	NetworkType    string  `json:"networkType"`
	SetMeal        string  `json:"setMeal"`
	FlowRate       int64   `json:"flowratenumber"`
	SetMealMonths  int     `json:"setmealmonths"`
	ServiceCycle   int     `json:"servicecycle"`
	Active         string  `json:"active"`
	OpenDate       string  `json:"openDate"`
	AllotDate      string  `json:"allotDate"`
	ActivateTime   string  `json:"activateTime"`
	ExpiryDate     string  `json:"expiryDate"`
	CycleStart     string  `json:"cycleStartDate"`
	CycleEnd       string  `json:"cycleEndDate"`
	Status         string  `json:"status"`
	GPRSStatus     string  `json:"gprsstatus"`
	IsLock         string  `json:"islock"`
	PauseReason    string  `json:"pausereason"`
	MonthFlow      float64 `json:"monthflow"`
	Flow           float64 `json:"flow"`
	ResidueFlow    float64 `json:"residueFlow"`
	RealName       int     `json:"realnamestatus"`
	CallStatus     int     `json:"callstatus"`
	MonthVoice     int     `json:"monthvoiceflow"`
	VoiceFlow      int     `json:"voiceflow"`
	VoiceWhitelist string  `json:"voicewhitelist"`
}

func handInfo(ctx context.Context, client *http.Client, baseURL, appKey, secret, msisdn string) (*handCard, error) {
	var card handCard
	err := handCall(ctx, client, baseURL, secret, map[string]string{
		"appKey": appKey, "method": "fc.function.card.info", "t": strconv.FormatInt(time.Now().Unix(), 10), "msisdn": msisdn,
	}, &card)
	if err != nil {
		return nil, err
	}
	if card.ResultCode != 0 {
		return nil, fmt.Errorf("resultCode %d", card.ResultCode)
	}
	return &card, nil
}

// handCall makes a call with all parameters but sign.
func handCall(
	ctx context.Context, client *http.Client, baseURL, secret string, params map[string]string, result any,
) error {
	names := make([]string, 0, len(params))
	for name := range params {
		names = append(names, name)
	}
	sort.Strings(names)
	var text strings.Builder
	text.WriteString(secret)
	form := url.Values{}
	for _, name := range names {
		text.WriteString(name)
		text.WriteString(params[name])
		form.Set(name, params[name])
	}
	text.WriteString(secret)
	sum := sha1.Sum([]byte(text.String()))
	form.Set("sign", strings.ToUpper(hex.EncodeToString(sum[:])))
	ctx, cancel := context.WithTimeout(ctx, 30*time.Second)
	defer cancel()
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, baseURL, strings.NewReader(form.Encode()))
	if err != nil {
		return err
	}
	req.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	resp, err := client.Do(req)
	if err != nil {
		return err
	}
	defer resp.Body.Close()
	if resp.StatusCode != http.StatusOK {
		return fmt.Errorf("status %s", resp.Status)
	}
	body, err := io.ReadAll(resp.Body)
	if err != nil {
		return err
	}
	return stdjson.Unmarshal(body, result)
}

const cardJSON = `{"resultCode":0,"errorMessage":null,"islock":"0","gprsstatus":"1",` +
	`"realnamestatus":0,"setmealmonths":12,` +
	`"flowratenumber":20000,"setMeal":"NB-1 年期","residueFlow":20000.0,"cardType":null,"active":"激活",` +
	`"activateTime":"2020-10-27","imsi":"460111174740001","imei":"860618040000018","servicecycle":12,"billingid":860,` +
	`"billingCode":"3YY-122-2067-36","allotDate":"2020-10-27","expiryDate":"2021-09-30",` +
	`"iccid":"8986031749203860001","productCode":"CN-QC-3-122-2067-36","supplier":"中国电信","msisdn":"1064991300001",` +
	`"networkType":"NB","monthflow":0.0,"flow":0.0,"status":"正常","pausereason":"","cycleStartDate":"2020-10-27",` +
	`"cycleEndDate":"2021-09-30","callstatus":-2,"voicewhitelist":"1064991300011_1064991300012","voiceflow":300,` +
	`"monthvoiceflow":80,"spcode":"1064899100001","companyid":123}`

// inMemory returns an http.Client with the same response to each request, without a network.
func inMemory(response string) *http.Client {
	return &http.Client{Transport: selftest.TransportFunc(func(r *http.Request) (*http.Response, error) {
		_, _ = io.Copy(io.Discard, r.Body)
		r.Body.Close()
		return jsonResponse(r, response), nil
	})}
}

func jsonResponse(r *http.Request, text string) *http.Response {
	return &http.Response{
		StatusCode: http.StatusOK, Header: http.Header{"Content-Type": {"application/json"}}, Request: r,
		ContentLength: int64(len(text)), Body: io.NopCloser(strings.NewReader(text)),
	}
}

// cardInfoJobs returns jobs that make one call without a network.
func cardInfoJobs() []selftest.Job {
	transport := inMemory(cardJSON)
	client, err := quecloud.NewClient(selftest.Key, selftest.Secret, quecloud.WithHTTPClient(transport))
	selftest.Must(true, err)
	return []selftest.Job{
		{"quecloud", func() {
			card, err := client.Cards.Info(context.Background(), quecloud.MSISDN("1064868950247"))
			selftest.Must(card.PlanMonths == 12, err)
		}},
		{"by-hand", func() {
			card, err := handInfo(context.Background(), transport, quecloud.DefaultBaseURL,
				selftest.Key, selftest.Secret, "1064868950247")
			selftest.Must(card.SetMealMonths == 12, err)
		}},
	}
}

func BenchmarkCardInfo(b *testing.B) { selftest.Compare(b, 10, cardInfoJobs()...) }

func BenchmarkNewClient(b *testing.B) {
	b.ReportAllocs()
	for b.Loop() {
		_, err := quecloud.NewClient(selftest.Key, selftest.Secret)
		selftest.Must(true, err)
	}
}

// Not parallel: allocations are counted for the whole process.
func TestCallAllocatesNoMoreThanByHand(t *testing.T) {
	jobs := cardInfoJobs()
	ours := selftest.Allocations(jobs[0].Do)
	assert.LessOrEqual(t, ours, selftest.Allocations(jobs[1].Do))
	assert.LessOrEqual(t, ours, 42.0, "it makes 39 without the race detector")
}
