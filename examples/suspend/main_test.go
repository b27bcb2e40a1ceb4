package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/quecloud/quecloud-go"
	"github.com/quecloud/quecloud-go/quecloudtest"
)

const pauseMethod = "fc.function.card.pause"

// newStage returns a stand-in, a job for all cards over 100 MB, and its output.
func newStage(t *testing.T) (*quecloudtest.Server, *job, *strings.Builder) {
	srv := quecloudtest.NewUnstartedServer(quecloudtest.WithFleet(300))
	t.Cleanup(srv.Close)
	out := &strings.Builder{}
	return srv, &job{client: srv.Client(), over: 100, atOnce: 4, out: out, bars: io.Discard}, out
}

func countTargets(t *testing.T, j *job) int {
	targets, err := j.targets(t.Context(), nil)
	if err != nil {
		t.Fatal(err)
	}
	return len(targets)
}

func TestSuspendChangesNothingWithoutApply(t *testing.T) {
	t.Parallel()
	srv, job, out := newStage(t)
	path := filepath.Join(t.TempDir(), "results.csv")
	if err := job.run(t.Context(), path, 1, false); err != nil {
		t.Fatal(err)
	}
	if n := len(srv.RequestsOf(pauseMethod)); n != 0 {
		t.Errorf("%d cards were suspended", n)
	}
	if _, err := os.Stat(path); err == nil {
		t.Error("there is a file of results")
	}
	said := out.String()
	more := fmt.Sprintf("\n… and %d more\n", countTargets(t, job)-20)
	if n := strings.Count(said, "would suspend 8986"); n != 20 || !strings.Contains(said, more) {
		t.Errorf("it shows %d cards: %q", n, said)
	}
}

func TestSuspendChangesNothingAboveTheLimit(t *testing.T) {
	t.Parallel()
	srv, job, _ := newStage(t)
	if err := job.run(t.Context(), filepath.Join(t.TempDir(), "results.csv"), 1, true); err == nil {
		t.Error("no error")
	}
	if n := len(srv.RequestsOf(pauseMethod)); n != 0 {
		t.Errorf("%d cards were suspended", n)
	}
}

func TestSuspendContinuesAFailedRun(t *testing.T) {
	t.Parallel()
	srv, job, out := newStage(t)
	n := countTargets(t, job)
	path := filepath.Join(t.TempDir(), "results.csv")
	srv.Inject(
		quecloudtest.Refuse(1, "busy").On(pauseMethod).Times(3),
		quecloudtest.CutAfter().On(pauseMethod).Times(2),
		quecloudtest.CutBefore().On(pauseMethod).Times(1),
	)
	if err := job.run(t.Context(), path, n, true); err == nil {
		t.Error("no error")
	}
	if !strings.Contains(out.String(), "3 failed, 3 unknown, 0 not started") {
		t.Errorf("the output is %q", out.String())
	}
	before := len(srv.RequestsOf(pauseMethod))
	if err := job.run(t.Context(), path, n, true); err != nil {
		t.Fatal(err)
	}
	if retried := len(srv.RequestsOf(pauseMethod)) - before; retried != 4 {
		t.Errorf("%d cards were tried again, want the 4 that are still in use", retried)
	}
	if countTargets(t, job) != 0 {
		t.Error("there are cards left to suspend")
	}
	done, err := readResults(path)
	if err != nil || len(done) != n-2 {
		t.Errorf("%d cards are done, error %v", len(done), err)
	}
	out.Reset()
	if err := job.run(t.Context(), path, n, true); err != nil {
		t.Fatal(err)
	}
	said, first := out.String(), fmt.Sprintf("%d already done by %s\n", n-2, path)
	if !strings.HasPrefix(said, first) || strings.Contains(said, "0 suspended") {
		t.Errorf("the output of a third run is %q", said)
	}
}

func TestSuspendFinishesItsCallsWhenStopped(t *testing.T) {
	t.Parallel()
	srv, job, out := newStage(t)
	n := countTargets(t, job)
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	calls := 0
	stop := func(ctx context.Context, info *quecloud.CallInfo, next func(context.Context) error) error {
		if info.Method == pauseMethod {
			if calls++; calls == 5 {
				cancel()
			}
		}
		return next(ctx)
	}
	client, err := job.client.With(quecloud.WithInterceptor(stop))
	if err != nil {
		t.Fatal(err)
	}
	job.client, job.atOnce = client, 1
	if err := job.run(ctx, filepath.Join(t.TempDir(), "results.csv"), n, true); err == nil {
		t.Error("no error")
	}
	if !strings.Contains(out.String(), "5 suspended, 0 failed, 0 unknown") || len(srv.RequestsOf(pauseMethod)) != 5 {
		t.Errorf("the output is %q", out.String())
	}
}

func TestSuspendLeavesOtherFilesAlone(t *testing.T) {
	t.Parallel()
	srv, job, _ := newStage(t)
	path := filepath.Join(t.TempDir(), "results.csv")
	if err := os.WriteFile(path, []byte("my,notes\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	if err := job.run(t.Context(), path, 1000, true); err == nil || len(srv.Requests()) != 0 {
		t.Errorf("error %v", err)
	}
}

// A card that moves to another page during the sweep comes twice.
func TestSuspendSuspendsACardOnceThatComesTwice(t *testing.T) {
	t.Parallel()
	const page = `{"resultCode":0,"page":{"page":%s,"totalPage":2},"cards":[
		{"iccid":"89860412091880130003","status":"正常","monthFlow":500},
		{"iccid":"8986041209188013001%[1]s","status":"正常","monthFlow":1}]}`
	paused := 0
	platform := responses(func(form url.Values) string {
		if form.Get("method") == pauseMethod {
			paused++
			return `{"resultCode":0}`
		}
		if number := form.Get("pageNo"); number != "1" && number != "2" {
			return `{"resultCode":0,"page":{"page":3,"totalPage":2},"cards":[]}`
		}
		return fmt.Sprintf(page, form.Get("pageNo"))
	})
	client, err := quecloud.NewClient("key", "secret", quecloud.WithHTTPClient(&http.Client{Transport: platform}))
	if err != nil {
		t.Fatal(err)
	}
	out := &strings.Builder{}
	job := job{client: client, over: 100, atOnce: 1, out: out, bars: io.Discard}
	if err := job.run(t.Context(), filepath.Join(t.TempDir(), "results.csv"), 1, true); err != nil || paused != 1 {
		t.Errorf("error %v, suspended %d times, the output is %q", err, paused, out)
	}
}

// responses is a platform that responds with texts.
type responses func(form url.Values) string

func (f responses) RoundTrip(r *http.Request) (*http.Response, error) {
	body, err := io.ReadAll(r.Body)
	if err != nil {
		return nil, err
	}
	form, err := url.ParseQuery(string(body))
	response := io.NopCloser(strings.NewReader(f(form)))
	return &http.Response{StatusCode: http.StatusOK, Header: http.Header{}, Body: response}, err
}

func TestSuspendResultsSurviveSpreadsheets(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "results.csv")
	const before = "time,iccid,used_mb,result,error\n2026-05-01T00:00:00Z,89860412091880130011,1.000,suspended,\n"
	if err := os.WriteFile(path, []byte(before), 0o600); err != nil {
		t.Fatal(err)
	}
	results, err := openResults(path)
	if err != nil {
		t.Fatal(err)
	}
	write := func(iccid, result string, err error) {
		if err := results.write(quecloud.ICCID(iccid), 1, result, err); err != nil {
			t.Fatal(err)
		}
	}
	write("89860412091880130003", suspended, nil)
	write("89860412091880130004", failed, errors.New("=1+1"))
	if err := results.close(); err != nil {
		t.Fatal(err)
	}
	text, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{
		`,"=""89860412091880130003""",1.000,suspended,`, `,"=""89860412091880130004""",1.000,failed,'=1+1`,
	} {
		if !strings.Contains(string(text), want+"\n") {
			t.Errorf("the results lack %s:\n%s", want, text)
		}
	}
	done, err := readResults(path)
	if err != nil || len(done) != 2 || !done["89860412091880130003"] || !done["89860412091880130011"] {
		t.Errorf("read back they are %v, error %v", done, err)
	}
}

func TestSuspendDemonstrationNeedsNoVolume(t *testing.T) {
	t.Setenv("QUECLOUD_APP_KEY", "")
	t.Setenv("QUECLOUD_APP_SECRET", "")
	path := filepath.Join(t.TempDir(), "results.csv")
	var out strings.Builder
	if err := run(t.Context(), []string{"-demo", "300", "-out", path}, &out, io.Discard); err != nil {
		t.Fatal(err)
	}
	said := out.String()
	if !strings.Contains(said, "would suspend 8986") || !strings.Contains(said, "Nothing was changed") {
		t.Errorf("the output is %q", said)
	}
	if _, err := os.Stat(path); err == nil {
		t.Error("there is a file of results")
	}
}

func TestSuspendNeedsAVolume(t *testing.T) {
	t.Setenv("QUECLOUD_APP_KEY", "key")
	t.Setenv("QUECLOUD_APP_SECRET", "secret")
	for _, test := range []struct {
		args []string
		want string
	}{
		{nil, "set -over"},
		{[]string{"-over", "-5"}, "0 or more"},
		{[]string{"-over", "NaN"}, "0 or more"},
		{[]string{"-over", "Inf"}, "0 or more"},
		{[]string{"-over", "much"}, "0 or more"},
		{[]string{"-over", "5", "bogus"}, `unexpected argument "bogus"`},
	} {
		err := run(t.Context(), test.args, io.Discard, io.Discard)
		if err == nil || !strings.Contains(err.Error(), test.want) {
			t.Errorf("%v: error %v, want %q", test.args, err, test.want)
		}
	}
	if got := resultOf(errors.Join(quecloud.ErrOutcomeUnknown)); got != unknown {
		t.Error(got)
	}
}

func TestSuspendHelpIsNoError(t *testing.T) {
	t.Parallel()
	var said strings.Builder
	err := run(t.Context(), []string{"-h"}, io.Discard, &said)
	if err != nil || !strings.Contains(said.String(), "-apply") {
		t.Errorf("error %v, the output is %q", err, &said)
	}
}
