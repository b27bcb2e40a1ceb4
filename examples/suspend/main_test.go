package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/quecloud/quecloud-go"
	"github.com/quecloud/quecloud-go/quecloudtest"
)

const pauseMethod = "fc.function.card.pause"

// A stage has a stand-in and a job of everything over 100 MB.
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

func TestNothingIsChangedWithoutApply(t *testing.T) {
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
	if n := strings.Count(said, "would suspend 8986"); n != 20 || !strings.Contains(said, fmt.Sprintf("\n… and %d more\n", countTargets(t, job)-20)) {
		t.Errorf("it shows %d cards: %q", n, said)
	}
}

func TestMoreCardsThanAllowedAreLeftAlone(t *testing.T) {
	t.Parallel()
	srv, job, _ := newStage(t)
	if err := job.run(t.Context(), filepath.Join(t.TempDir(), "results.csv"), 1, true); err == nil {
		t.Error("no error")
	}
	if n := len(srv.RequestsOf(pauseMethod)); n != 0 {
		t.Errorf("%d cards were suspended", n)
	}
}

func TestAFailedRunIsResumedFromItsResults(t *testing.T) {
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
	if !strings.Contains(out.String(), "3 failed, 3 unknown, 0 not begun") {
		t.Errorf("it says %q", out.String())
	}
	before := len(srv.RequestsOf(pauseMethod))
	if err := job.run(t.Context(), path, n, true); err != nil {
		t.Fatal(err)
	}
	if again := len(srv.RequestsOf(pauseMethod)) - before; again != 4 {
		t.Errorf("%d cards were tried again, want those that are still in use: 4", again)
	}
	if countTargets(t, job) != 0 {
		t.Error("cards are left")
	}
	done, err := readResults(path)
	if err != nil || len(done) != n-2 {
		t.Errorf("%d cards are done, error %v", len(done), err)
	}
	out.Reset()
	if err := job.run(t.Context(), path, n, true); err != nil {
		t.Fatal(err)
	}
	if said := out.String(); !strings.HasPrefix(said, fmt.Sprintf("%d already done by %s\n", n-2, path)) || strings.Contains(said, "0 suspended") {
		t.Errorf("of a third run that finds nothing to do it says %q", said)
	}
}

func TestAStoppedRunKnowsWhatCameOfEveryCall(t *testing.T) {
	t.Parallel()
	srv, job, out := newStage(t)
	n := countTargets(t, job)
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	calls := 0
	client, err := job.client.With(quecloud.WithInterceptor(func(ctx context.Context, info *quecloud.CallInfo, next func(context.Context) error) error {
		if info.Method == pauseMethod {
			if calls++; calls == 5 {
				cancel()
			}
		}
		return next(ctx)
	}))
	if err != nil {
		t.Fatal(err)
	}
	job.client, job.atOnce = client, 1
	if err := job.run(ctx, filepath.Join(t.TempDir(), "results.csv"), n, true); err == nil {
		t.Error("no error")
	}
	if !strings.Contains(out.String(), "5 suspended, 0 failed, 0 unknown") || len(srv.RequestsOf(pauseMethod)) != 5 {
		t.Errorf("it says %q", out.String())
	}
}

func TestAFileOfSomethingElseIsNotTouched(t *testing.T) {
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

func TestTheVolumeMustBeGiven(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		args []string
		want string
	}{
		{nil, "say with -over"},
		{[]string{"-over", "-5"}, "0 or more"},
		{[]string{"-over", "NaN"}, "0 or more"},
		{[]string{"-over", "Inf"}, "0 or more"},
		{[]string{"-over", "much"}, "0 or more"},
		{[]string{"-over", "5", "bogus"}, `unexpected argument "bogus"`},
	} {
		if err := run(t.Context(), test.args, io.Discard, io.Discard); err == nil || !strings.Contains(err.Error(), test.want) {
			t.Errorf("%v: error %v, want %q", test.args, err, test.want)
		}
	}
	if got := resultOf(errors.Join(quecloud.ErrOutcomeUnknown)); got != unknown {
		t.Error(got)
	}
}

func TestHelpIsNoError(t *testing.T) {
	t.Parallel()
	var said strings.Builder
	if err := run(t.Context(), []string{"-h"}, io.Discard, &said); err != nil || !strings.Contains(said.String(), "-apply") {
		t.Errorf("error %v, it says %q", err, &said)
	}
}
