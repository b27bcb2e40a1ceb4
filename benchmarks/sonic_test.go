package benchmarks

import (
	"bytes"
	"context"
	"encoding/json"
	"io"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/bytedance/sonic"

	"github.com/quecloud/quecloud-go"
	"github.com/quecloud/quecloud-go/quecloudtest"
)

// A handCard has the members of card.list with the types that the platform's document gives them, and no others.
type handCard struct {
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

type handPage struct {
	ResultCode int `json:"resultCode"`
	Page       struct {
		Page, PageSize, TotalCount, TotalPage int
	} `json:"page"`
	Cards []handCard `json:"cards"`
}

// A recorder records the first response and repeats it for every request.
type recorder struct {
	from     http.RoundTripper
	response []byte
}

func (r *recorder) RoundTrip(req *http.Request) (*http.Response, error) {
	if r.response == nil {
		resp, err := r.from.RoundTrip(req)
		if err == nil {
			r.response, err = io.ReadAll(resp.Body)
		}
		if err != nil {
			return nil, err
		}
	}
	return &http.Response{
		StatusCode: http.StatusOK, Header: http.Header{}, Request: req,
		ContentLength: int64(len(r.response)), Body: io.NopCloser(bytes.NewReader(r.response)),
	}, nil
}

// BenchmarkPage reads a page of 1000 cards: the SDK with the whole call, the others with the decoding of the response
// alone. sonic-std is sonic as strict as encoding/json; sonic-default does not check strings, which keep a copy of the
// whole response in memory.
func BenchmarkPage(b *testing.B) {
	srv := quecloudtest.NewUnstartedServer(quecloudtest.WithFleet(1000))
	defer srv.Close()
	transport := &recorder{from: srv.Transport()}
	client := srv.Client(quecloud.WithHTTPClient(&http.Client{Transport: transport}))
	params := &quecloud.CardListParams{PageSize: 1000}
	ours := func() {
		list, err := client.Cards.List(context.Background(), params)
		if err != nil || len(list.Cards) != 1000 {
			b.Fatal(err)
		}
	}
	ours()
	with := func(unmarshal func([]byte, any) error) func() {
		return func() {
			var page handPage
			if err := unmarshal(transport.response, &page); err != nil || len(page.Cards) != 1000 {
				b.Fatal(err)
			}
		}
	}
	jobs := []struct {
		name string
		do   func()
	}{
		{"quecloud", ours},
		{"sonic-std", with(sonic.ConfigStd.Unmarshal)},
		{"sonic-default", with(sonic.ConfigDefault.Unmarshal)},
		{"encoding-json", with(json.Unmarshal)},
	}
	for _, job := range jobs {
		b.Run(job.name, func(b *testing.B) {
			b.ReportAllocs()
			b.SetBytes(int64(len(transport.response)))
			for b.Loop() {
				job.do()
			}
		})
	}
	b.Run("in-turns", func(b *testing.B) {
		took := make([][]time.Duration, len(jobs))
		for b.Loop() {
			for i, job := range jobs {
				start := time.Now()
				job.do()
				took[i] = append(took[i], time.Since(start))
			}
		}
		for i := range jobs {
			slices.Sort(took[i])
		}
		for i, job := range jobs[1:] {
			half := len(took[0]) / 2
			b.ReportMetric(float64(took[0][half])/float64(took[i+1][half]), "ours/"+job.name)
		}
	})
}

// Where sonic does not know the version of Go it hands its work to encoding/json, and the comparison means nothing. The
// test says which of the two is measured.
func TestSonicIsItselfOrEncodingJSON(t *testing.T) {
	err := sonic.UnmarshalString(`{"a":`, new(any))
	switch {
	case err != nil && strings.Contains(err.Error(), "Syntax error at index"):
	case err != nil && strings.Contains(err.Error(), "unexpected end of JSON input"):
		t.Log("sonic does not know this version of Go: the benchmarks measure encoding/json instead")
	default:
		t.Errorf("neither sonic's error nor that of encoding/json: %v", err)
	}
}
