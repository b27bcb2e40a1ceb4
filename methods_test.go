package quecloud_test

import (
	"context"
	"crypto/sha1"
	"errors"
	"fmt"
	"io"
	"maps"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/jarcoal/httpmock"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/quecloud/quecloud-go"
)

// A methodRow says how a method is called, what it must send and what its recorded answer means.
type methodRow struct {
	method string // without fc.function.
	name   string // tells rows of the same method apart
	call   func(context.Context, *quecloud.Client) (any, error)
	form   map[string]string // the business parameters
	answer string            // file in testdata, if it is not method.json
	want   any               // what the answer and its variants mean, written by hand
	nulls  any               // what the variant nulls means, if that is less
	err    error             // what comes with or instead of the result
}

// methodRows are the rows of all services, from the files that are named after them.
func methodRows() []methodRow {
	return slices.Concat(cardRows, stateRows, billingRows, flowRows, alarmRows, locationRows, smsRows, orderRows, fileRows)
}

// sameMeaning are the variants of an answer that say what the answer says, see testdata/README.md.
var sameMeaning = []string{"strings", "numbers", "case", "aliases", "table"}

func TestEveryMethodSendsItsFormAndReadsItsAnswer(t *testing.T) {
	t.Parallel()
	for _, row := range methodRows() {
		t.Run(row.method+row.name, func(t *testing.T) {
			t.Parallel()
			base := strings.TrimSuffix(row.file(), filepath.Ext(row.file()))
			row.check(t, row.file(), row.want)
			for _, variant := range sameMeaning {
				if file := base + "." + variant + ".json"; recorded(file) {
					row.check(t, file, row.want)
				}
			}
			if file := base + ".nulls.json"; recorded(file) {
				want := row.want
				if row.nulls != nil {
					want = row.nulls
				}
				row.check(t, file, want)
			}
		})
	}
}

func (r methodRow) file() string {
	if r.answer != "" {
		return r.answer
	}
	return r.method + ".json"
}

// check makes the row's call, answers it with a file, and compares what was sent and what came back.
func (r methodRow) check(t *testing.T, file string, want any) {
	platform := newPlatform(answerFile(t, file))
	got, err := r.call(t.Context(), platform.client(t))
	require.ErrorIs(t, err, r.err, file)
	require.Equal(t, want, got, file)
	require.Len(t, platform.requests, 1, file)
	checkRequest(t, platform.requests[0], "fc.function."+r.method, r.form)
}

const (
	testKey    = "000001"
	testSecret = "abcdef"
	testURL    = "https://platform.example/openapi/router"
)

var testNow = time.Date(2024, 11, 26, 15, 18, 30, 0, quecloud.ChinaStandardTime) // 1732605510

// unsignedParams are sent and not part of the signature, § 2.3.7 and § 2.3.8.
var unsignedParams = map[string][]string{
	"fc.function.card.alarm":        {"alarmParam"},
	"fc.function.card.alarm.status": {"alarmStatus", "pauseStatus"},
}

// checkRequest checks a request apart from the client's own code: with parameters and a signature made here.
func checkRequest(t *testing.T, got sentRequest, method string, business map[string]string) {
	t.Helper()
	require.Equal(t, http.MethodPost, got.verb)
	require.Equal(t, testURL, got.url, "the URL has no query")
	require.Equal(t, "application/x-www-form-urlencoded", got.header.Get("Content-Type"))

	want := map[string]string{"appKey": testKey, "method": method, "t": "1732605510"}
	maps.Copy(want, business)
	want["sign"] = plainSign(testSecret, want, unsignedParams[method]...)
	form, err := url.ParseQuery(got.body)
	require.NoError(t, err)
	sent := map[string]string{}
	for name, values := range form {
		require.Len(t, values, 1, name)
		require.NotEmpty(t, values[0], "%s is blank", name)
		sent[name] = values[0]
	}
	require.Equal(t, want, sent)
}

// plainSign signs as § 1.6 says, in the plainest way.
func plainSign(secret string, params map[string]string, unsigned ...string) string {
	var text strings.Builder
	text.WriteString(secret)
	for _, name := range slices.Sorted(maps.Keys(params)) {
		if name != "sign" && params[name] != "" && !slices.Contains(unsigned, name) {
			text.WriteString(name + params[name])
		}
	}
	return fmt.Sprintf("%X", sha1.Sum([]byte(text.String()+secret)))
}

// A platform answers every request of its client in the same way, and keeps what was sent.
type platform struct {
	answer   httpmock.Responder
	mu       sync.Mutex
	requests []sentRequest
}

type sentRequest struct {
	verb, url, body string
	header          http.Header
}

func newPlatform(answer httpmock.Responder) *platform { return &platform{answer: answer} }

// client returns a client that talks to the platform at testNow. Options come on top.
func (p *platform) client(t *testing.T, opts ...quecloud.Option) *quecloud.Client {
	t.Helper()
	mock := httpmock.NewMockTransport()
	mock.RegisterNoResponder(func(r *http.Request) (*http.Response, error) {
		body, err := io.ReadAll(r.Body)
		if err != nil {
			return nil, err
		}
		p.mu.Lock()
		defer p.mu.Unlock()
		p.requests = append(p.requests, sentRequest{r.Method, r.URL.String(), string(body), r.Header})
		return p.answer(r)
	})
	client, err := quecloud.NewClient(testKey, testSecret, append([]quecloud.Option{
		quecloud.WithBaseURL(testURL),
		quecloud.WithHTTPClient(&http.Client{Transport: mock}),
		quecloud.WithClock(func() time.Time { return testNow }),
		quecloud.WithRetry(quecloud.RetryPolicy{MaxAttempts: 4}),
	}, opts...)...)
	require.NoError(t, err)
	return client
}

// params are the parameters of the n-th request.
func (p *platform) params(t *testing.T, n int) url.Values {
	t.Helper()
	require.Greater(t, len(p.requests), n, "requests that were sent")
	form, err := url.ParseQuery(p.requests[n].body)
	require.NoError(t, err)
	return form
}

// answerText answers with HTTP status 200 and a text.
func answerText(text string) httpmock.Responder {
	return httpmock.NewStringResponder(http.StatusOK, text)
}

// answerFile answers with a file of testdata.
func answerFile(t *testing.T, file string) httpmock.Responder {
	t.Helper()
	return httpmock.NewBytesResponder(http.StatusOK, readFile(t, file))
}

func readFile(t *testing.T, file string) []byte {
	t.Helper()
	content, err := os.ReadFile(filepath.Join("testdata", file))
	require.NoError(t, err)
	return content
}

func recorded(file string) bool {
	_, err := os.Stat(filepath.Join("testdata", file))
	return err == nil
}

// result makes a pair out of what a method returns.
func result[T any](value T, err error) (any, error) { return value, err }

// done is the result of a method that returns only an error.
func done(err error) (any, error) { return nil, err }

// cst is a time in China Standard Time.
func cst(year int, month time.Month, day, hour, minute, second int) time.Time {
	return time.Date(year, month, day, hour, minute, second, 0, quecloud.ChinaStandardTime)
}

func day(year int, month time.Month, day int) quecloud.Date {
	return quecloud.Date{Year: year, Month: month, Day: day}
}

func TestTheTestPlatformSeesWhatIsSent(t *testing.T) {
	t.Parallel()
	platform := newPlatform(answerText(`{"resultCode":0}`))
	require.NoError(t, platform.client(t).Call(t.Context(), "fc.function.x", map[string]string{"a": "1"}, nil))
	assert.Equal(t, "1", platform.params(t, 0).Get("a"))
}

// missingInExamples are the members that the tables of the vendor's document promise and its own examples leave out.
var missingInExamples = map[string]string{"card.list.json": "cards[0].cardType", "billing_group.list.json": "billingGroups[0].setMeal"}

// What the platform is known to answer must not be reported as news.
func TestNoRecordedAnswerDrifts(t *testing.T) {
	t.Parallel()
	for _, row := range methodRows() {
		if row.answer == "file.status.running.json" {
			continue // made up, with a number where the document has text
		}
		t.Run(row.method+row.name, func(t *testing.T) {
			t.Parallel()
			client := newPlatform(answerFile(t, row.file())).client(t, quecloud.WithDriftHandler(func(d quecloud.Drift) {
				if d.Kind != quecloud.DriftMissing || d.Path != missingInExamples[row.file()] {
					t.Errorf("%s: %s at %s: %s", row.file(), d.Kind, d.Path, d.Value)
				}
			}))
			_, err := row.call(t.Context(), client)
			require.ErrorIs(t, err, row.err)
		})
	}
}

// needNothing are the methods whose success has no members that the document promises.
func needNothing(row methodRow) bool {
	return row.method == "card.alarm" || row.err == nil && row.want == nil || strings.Contains(row.answer, ".preverify.")
}

func TestABareSuccessIsNoSuccessWhereMembersAreNeeded(t *testing.T) {
	t.Parallel()
	for _, row := range methodRows() {
		for _, opts := range [][]quecloud.Option{nil, {quecloud.WithDriftHandler(func(quecloud.Drift) {})}} {
			got, err := row.call(t.Context(), newPlatform(answerText(`{"resultCode":0}`)).client(t, opts...))
			if needNothing(row) {
				assert.NoError(t, err, row.method+row.name)
				continue
			}
			require.Error(t, err, "%s%s: %v", row.method, row.name, got)
			assert.True(t, is[*quecloud.ResponseError](err) || errors.Is(err, quecloud.ErrPartial), "%s: %v", row.method, err)
			assert.Equal(t, kinds()[row.method] != quecloud.KindRead, errors.Is(err, quecloud.ErrOutcomeUnknown), "%s: %v", row.method, err)
		}
	}
}

// kinds are those of the methods, by their short names.
func kinds() map[string]quecloud.Kind {
	all := map[string]quecloud.Kind{}
	for _, d := range documented {
		all[d.method] = d.kind
	}
	return all
}
