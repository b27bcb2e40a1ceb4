package quecloudtest_test

import (
	"archive/zip"
	"bytes"
	"io"
	"strings"
	"testing"
	"time"

	"github.com/quecloud/quecloud-go"
	"github.com/quecloud/quecloud-go/quecloudtest"
)

func TestFileTasksThreeADayOneAtATime(t *testing.T) {
	t.Parallel()
	srv, client := start(t, quecloudtest.WithFileDelay(time.Minute))
	for range 3 {
		id, err := client.Files.Start(t.Context())
		must(t, err)
		_, err = client.Files.Start(t.Context())
		wantRefused(t, err, "a second task at the same time")
		status, err := client.Files.Status(t.Context(), id)
		must(t, err)
		if status != quecloud.FileTaskRunning {
			t.Errorf("the task is %s, want it running", status)
		}
		_, err = client.Files.Download(t.Context(), id, io.Discard)
		wantRefused(t, err, "the file of a running task")
		srv.Advance(time.Minute)
		status, err = client.Files.Status(t.Context(), id)
		must(t, err)
		if status != quecloud.FileTaskDone {
			t.Errorf("the task is %s, want it done", status)
		}
	}
	_, err := client.Files.Start(t.Context())
	wantRefused(t, err, "a fourth task on a day")
	srv.SetTime(noon.Add(12 * time.Hour))
	_, err = client.Files.Start(t.Context())
	must(t, err)
}

func TestFileTaskOfYesterdayDoesNotBlock(t *testing.T) {
	t.Parallel()
	srv, client := start(t, quecloudtest.WithFileDelay(13*time.Hour))
	yesterdays, err := client.Files.Start(t.Context())
	must(t, err)
	srv.SetTime(noon.Add(12*time.Hour - time.Second))
	_, err = client.Files.Start(t.Context())
	wantRefused(t, err, "a second task in the last second of the day")
	srv.Advance(time.Second)
	_, err = client.Files.Start(t.Context())
	must(t, err)
	status, err := client.Files.Status(t.Context(), yesterdays)
	must(t, err)
	if status != quecloud.FileTaskRunning {
		t.Errorf("yesterday's task is %s", status)
	}
}

func TestFileIsZipOfAllCards(t *testing.T) {
	t.Parallel()
	srv, client := start(t, quecloudtest.WithFleet(30))
	_, err := client.Files.DownloadLatest(t.Context(), io.Discard)
	wantRefused(t, err, "a file that does not exist")
	id, err := client.Files.Start(t.Context())
	must(t, err)
	for name, download := range map[string]func(io.Writer) (int64, error){
		"by ID": func(w io.Writer) (int64, error) { return client.Files.Download(t.Context(), id, w) },
		"last":  func(w io.Writer) (int64, error) { return client.Files.DownloadLatest(t.Context(), w) },
	} {
		var file bytes.Buffer
		_, err := download(&file)
		must(t, err)
		archive, err := zip.NewReader(bytes.NewReader(file.Bytes()), int64(file.Len()))
		must(t, err)
		entry, err := archive.Open("card_list.txt")
		must(t, err)
		text, err := io.ReadAll(entry)
		must(t, err)
		lines := strings.Split(strings.TrimSpace(string(text)), "\n")
		c := card(t, srv, "1064800000003")
		columns := []string{c.MSISDN, c.ICCID, c.IMSI, c.Carrier, c.PlanName, c.Status, c.ActiveDate, c.ExpiryDate}
		want := strings.Join(columns, "\t")
		if len(lines) != 31 || lines[4] != want {
			t.Errorf("%s: %d lines, and for the fourth card %q, want %q", name, len(lines), lines[4], want)
		}
	}
	_, err = client.Files.Status(t.Context(), 99)
	wantRefused(t, err, "a task that does not exist")
}

func TestFileListsLastTenTasks(t *testing.T) {
	t.Parallel()
	srv, client := start(t)
	if body := newForeign(t, srv).call("file.list").body; body != "[]" {
		t.Errorf("without tasks the list is %s", body)
	}
	for range 12 {
		_, err := client.Files.Start(t.Context())
		must(t, err)
		srv.Advance(24 * time.Hour)
	}
	tasks, err := client.Files.List(t.Context())
	must(t, err)
	if len(tasks) != 10 || tasks[0].TaskID != 12 || tasks[9].TaskID != 3 {
		t.Fatalf("got %d tasks: %+v", len(tasks), tasks)
	}
	if first := tasks[0]; first.Status != quecloud.FileTaskDone || !first.CreatedAt.Equal(noon.Add(11*24*time.Hour)) ||
		!first.EndedAt.Equal(first.CreatedAt) {
		t.Errorf("the last task is %+v", first)
	}
}

func TestFileRunningTaskHasNoEndTime(t *testing.T) {
	t.Parallel()
	srv, client := start(t, quecloudtest.WithFileDelay(time.Minute))
	_, err := client.Files.Start(t.Context())
	must(t, err)
	if res := newForeign(t, srv).call("file.list"); !strings.Contains(res.body, `"EndTime":null`) ||
		!strings.Contains(res.body, "执行中") {
		t.Errorf("got %s", res.body)
	}
}
