package quecloud

import (
	"bytes"
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
)

// Each benchmark stands beside a baseline that does the same job the way a competent user would write it by hand, so
// that only their ratio matters.

var typicalParams = url.Values{
	"appKey": {"000001"}, "method": {"fc.function.dayflow.list"}, "t": {"1732605510"},
	"msisdn": {"1064868950247"}, "month": {"202411"}, "pageNo": {"1"},
}

func manyParams() url.Values {
	iccids := make([]string, 1000)
	for i := range iccids {
		iccids[i] = fmt.Sprintf("8986062343202%07d", i)
	}
	return url.Values{"appKey": {"000001"}, "method": {"fc.function.cards.info"}, "t": {"1732605510"}, "iccids": {strings.Join(iccids, ",")}}
}

func signedText(secret string, params url.Values) []byte {
	names := make([]string, 0, len(params))
	for name := range params {
		names = append(names, name)
	}
	sort.Strings(names)
	text := secret
	for _, name := range names {
		text += name + params.Get(name)
	}
	return []byte(text + secret)
}

func BenchmarkSign(b *testing.B) {
	for name, params := range map[string]url.Values{"6Params": typicalParams, "1000ICCIDs": manyParams()} {
		b.Run(name+"/quecloud", func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				Sign("abcdef", params)
			}
		})
		b.Run(name+"/sha1AndHex", func(b *testing.B) {
			text := signedText("abcdef", params)
			b.ReportAllocs()
			for b.Loop() {
				sum := sha1.Sum(text)
				_ = hex.EncodeToString(sum[:])
			}
		})
	}
}

// A cannedTransport answers every request with the same body.
type cannedTransport struct{ body []byte }

func (c cannedTransport) RoundTrip(req *http.Request) (*http.Response, error) {
	if _, err := io.Copy(io.Discard, req.Body); err != nil {
		return nil, err
	}
	req.Body.Close()
	return &http.Response{
		StatusCode: http.StatusOK, Header: http.Header{"Content-Type": {"application/json"}}, Request: req,
		ContentLength: int64(len(c.body)), Body: io.NopCloser(bytes.NewReader(c.body)),
	}, nil
}

// A handCard is what a user would declare for card.info.
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

func handInfo(ctx context.Context, client *http.Client, appKey, secret, msisdn string) (*handCard, error) {
	params := map[string]string{
		"appKey": appKey, "method": "fc.function.card.info", "t": strconv.FormatInt(time.Now().Unix(), 10), "msisdn": msisdn,
	}
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
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, DefaultBaseURL, strings.NewReader(form.Encode()))
	if err != nil {
		return nil, err
	}
	req.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	resp, err := client.Do(req)
	if err != nil {
		return nil, err
	}
	defer resp.Body.Close()
	if resp.StatusCode != http.StatusOK {
		return nil, fmt.Errorf("status %s", resp.Status)
	}
	body, err := io.ReadAll(resp.Body)
	if err != nil {
		return nil, err
	}
	var card handCard
	if err := stdjson.Unmarshal(body, &card); err != nil {
		return nil, err
	}
	if card.ResultCode != 0 {
		return nil, fmt.Errorf("resultCode %d", card.ResultCode)
	}
	return &card, nil
}

const cardJSON = `{"resultCode":0,"errorMessage":null,"islock":"0","gprsstatus":"1","realnamestatus":0,"setmealmonths":12,"flowratenumber":20000,"setMeal":"NB-1 年期","residueFlow":20000.0,"cardType":null,"active":"激活","activateTime":"2020-10-27","imsi":"460111174740001","imei":"860618040000018","servicecycle":12,"billingid":860,"billingCode":"3YY-122-2067-36","allotDate":"2020-10-27","expiryDate":"2021-09-30","iccid":"8986031749203860001","productCode":"CN-QC-3-122-2067-36","supplier":"中国电信","msisdn":"1064991300001","networkType":"NB","monthflow":0.0,"flow":0.0,"status":"正常","pausereason":"","cycleStartDate":"2020-10-27","cycleEndDate":"2021-09-30","callstatus":-2,"voicewhitelist":"1064991300011_1064991300012","voiceflow":300,"monthvoiceflow":80,"spcode":"1064899100001","companyid":123}`

func BenchmarkCardInfo(b *testing.B) {
	transport := &http.Client{Transport: cannedTransport{[]byte(cardJSON)}}
	b.Run("quecloud", func(b *testing.B) {
		client, err := NewClient("000001", "abcdef", WithHTTPClient(transport))
		if err != nil {
			b.Fatal(err)
		}
		b.ReportAllocs()
		for b.Loop() {
			if _, err := client.Cards.Info(b.Context(), MSISDN("1064868950247")); err != nil {
				b.Fatal(err)
			}
		}
	})
	b.Run("byHand", func(b *testing.B) {
		b.ReportAllocs()
		for b.Loop() {
			if _, err := handInfo(b.Context(), transport, "000001", "abcdef", "1064868950247"); err != nil {
				b.Fatal(err)
			}
		}
	})
}

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

func pageJSON(rows int) []byte {
	var b bytes.Buffer
	fmt.Fprintf(&b, `{"resultCode":0,"errorMessage":null,"page":{"page":1,"pageSize":%d,"totalCount":%d,"totalPage":1},"cards":[`, rows, rows)
	for i := range rows {
		if i > 0 {
			b.WriteByte(',')
		}
		fmt.Fprintf(&b, `{"expiryDate":"2021-09-30","iccid":"8986031749203%07d","imsi":"46004702%07d","imei":"86061804%07d","servicecycle":12,"billingid":860,"carrier":"中国电信","setMeal":"NB-1 年期","activeDate":"2020-10-27","allotDate":"2020-10-27","cycleStartDate":"2020-10-27","cycleEndDate":"2021-09-30","active":"激活","msisdn":"106499%07d","monthflow":%d.25,"flow":%d.5,"status":"正常","pausereason":"","islock":"0","gprsstatus":"1","realnamestatus":0,"callstatus":-2,"voicewhitelist":"","voiceflow":300,"monthvoiceflow":80,"spcode":"1064899100001","companyid":123}`, i, i, i, i, i, i)
	}
	b.WriteString(`]}`)
	return b.Bytes()
}

func BenchmarkDecodePage(b *testing.B) {
	text := pageJSON(1000)
	b.Run("quecloud", func(b *testing.B) {
		b.ReportAllocs()
		b.SetBytes(int64(len(text)))
		for b.Loop() {
			d := decoders.Get().(*decoder)
			d.strict = true
			var list CardList
			if _, err := d.decode(text, &list); err != nil || len(list.Cards) != 1000 {
				b.Fatal(err)
			}
			decoders.Put(d)
		}
	})
	b.Run("encodingJSON", func(b *testing.B) {
		b.ReportAllocs()
		b.SetBytes(int64(len(text)))
		for b.Loop() {
			var list struct {
				ResultCode int `json:"resultCode"`
				Page       struct {
					Page, PageSize, TotalCount, TotalPage int
				} `json:"page"`
				Cards []handListCard `json:"cards"`
			}
			if err := stdjson.Unmarshal(text, &list); err != nil || len(list.Cards) != 1000 {
				b.Fatal(err)
			}
		}
	})
}
