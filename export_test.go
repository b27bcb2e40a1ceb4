package quecloud_test

import (
	"archive/zip"
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net/url"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/quecloud/quecloud-go"
	"github.com/quecloud/quecloud-go/internal/selftest"
	"github.com/quecloud/quecloud-go/quecloudtest"
)

// stages is an option that appends the stages of an export to a text.
func stages(text *string) quecloud.FleetOption {
	return quecloud.OnStage(func(stage quecloud.ExportStage, taskID int64) {
		*text += fmt.Sprintf("%s:%d ", stage, taskID)
	})
}

func TestExportStartsATaskAndDownloadsItsFile(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		srv := bubbleServer(t, quecloudtest.WithFleet(100), quecloudtest.WithFileDelay(9*time.Second))
		var file bytes.Buffer
		var reported string
		var done, total int64
		progress := quecloud.Progress(func(d, t int64) { done, total = d, t })
		n, err := srv.Client().Files.Export(t.Context(), &file, stages(&reported), progress)
		require.NoError(t, err)
		assert.EqualValues(t, file.Len(), n)
		assert.Equal(t, []int64{n, n}, []int64{done, total})
		assert.Equal(t, "started:1 waiting:1 waiting:1 prepared:1 downloading:1 done:1 ", reported)
		rows := 0
		for row, err := range quecloud.ReadCardList(bytes.NewReader(file.Bytes()), n) {
			require.NoError(t, err)
			assert.Len(t, row.Fields, 8)
			rows++
		}
		assert.Equal(t, 101, rows, "a heading and the cards")
	})
}

func TestExportJoinsTodaysRunningTask(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		srv := bubbleServer(t, quecloudtest.WithFileDelay(9*time.Second))
		client := srv.Client()
		task, err := client.Files.Start(t.Context())
		require.NoError(t, err)
		var reported string
		n, err := client.Files.Export(t.Context(), io.Discard, stages(&reported), quecloud.PollEvery(time.Minute))
		require.NoError(t, err)
		assert.Positive(t, n)
		want := strings.ReplaceAll("joined:N waiting:N prepared:N downloading:N done:N ", "N", fmt.Sprint(task))
		assert.Equal(t, want, reported)
		assert.Len(t, srv.RequestsOf("fc.function.file.card.get"), 1)
	})
}

func TestExportPrepareDoesNotJoinYesterdaysTask(t *testing.T) {
	t.Parallel()
	platform := selftest.FuncPlatform(func(_ context.Context, form url.Values) any {
		switch form.Get("method") {
		case "fc.function.file.list":
			return []selftest.Object{{"TaskId": 7, "AddTime": time.Now().Add(-24 * time.Hour).Unix(), "TaskStatus": "执行中"}}
		case "fc.function.file.card.get":
			return selftest.Object{"resultCode": 0, "taskId": 8}
		default:
			return selftest.Object{"resultCode": 0, "taskStatus": "2"}
		}
	})
	task, err := platform.Client(t, selftest.NoRetry).Files.Prepare(t.Context())
	require.NoError(t, err)
	assert.EqualValues(t, 8, task)
}

// The platform runs one task at a time. When it refuses another, the running task may be of yesterday.
func TestExportPrepareJoinsTheOnlyRunningTaskWhenAnotherIsRefused(t *testing.T) {
	t.Parallel()
	now := time.Date(2000, 1, 2, 0, 1, 0, 0, quecloud.ChinaStandardTime) // in the bubbles
	running := func(id int, since time.Duration) selftest.Object {
		return selftest.Object{"TaskId": id, "AddTime": now.Add(-since).Unix(), "TaskStatus": "执行中"}
	}
	done := func(id int, since time.Duration) selftest.Object {
		return selftest.Object{"TaskId": id, "AddTime": now.Add(-since).Unix(), "TaskStatus": "文件生成成功"}
	}
	type tasks = []selftest.Object
	refused := selftest.Refusal("the last task is not done")
	tests := map[string]struct {
		tasks tasks
		start any   // response to the start of another task
		want  int64 // 0: the error of the start
	}{
		"since before midnight":      {tasks{done(6, 8*time.Hour), running(7, 6*time.Minute)}, refused, 7},
		"nothing runs":               {tasks{done(6, 8*time.Hour), done(7, 6*time.Minute)}, refused, 0},
		"two run":                    {tasks{running(6, 8*time.Minute), running(7, 6*time.Minute)}, refused, 0},
		"one is stuck for days":      {tasks{running(7, 49*time.Hour)}, refused, 0},
		"one is stuck, another runs": {tasks{running(6, 49*time.Hour), running(7, 6*time.Minute)}, refused, 7},
		"no response":                {tasks{running(7, 6*time.Minute)}, io.ErrUnexpectedEOF, 0},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				time.Sleep(time.Until(now))
				platform := selftest.FuncPlatform(func(_ context.Context, form url.Values) any {
					switch form.Get("method") {
					case "fc.function.file.list":
						return test.tasks
					case "fc.function.file.card.get":
						return test.start
					}
					return selftest.Object{"resultCode": 0, "taskStatus": "2"}
				})
				task, err := platform.Client(t, selftest.NoRetry).Files.Prepare(t.Context())
				assert.Equal(t, test.want, task)
				if test.want == 0 {
					assert.Error(t, err)
					return
				}
				require.NoError(t, err)
			})
		})
	}
}

func TestExportPrepareJoinsATaskThatAnotherProgramStarted(t *testing.T) {
	t.Parallel()
	for _, status := range []string{"执行中", "文件生成成功"} {
		tasks := []selftest.Object{{"TaskId": 6, "AddTime": time.Now().Unix(), "TaskStatus": "文件生成成功"}}
		platform := selftest.FuncPlatform(func(_ context.Context, form url.Values) any {
			switch form.Get("method") {
			case "fc.function.file.list":
				return tasks
			case "fc.function.file.card.get":
				tasks = append(tasks, selftest.Object{"TaskId": 7, "AddTime": time.Now().Unix(), "TaskStatus": status})
				return selftest.Refusal("the last task is not done")
			default:
				return selftest.Object{"resultCode": 0, "taskStatus": "2"}
			}
		})
		var reported string
		task, err := platform.Client(t, selftest.NoRetry).Files.Prepare(t.Context(), stages(&reported))
		require.NoError(t, err)
		assert.EqualValues(t, 7, task)
		assert.Equal(t, "joined:7 prepared:7 ", reported)
	}
}

func TestExportPrepareReportsAFailedListing(t *testing.T) {
	t.Parallel()
	for _, failing := range []int{1, 2} { // the listing before the start, or the one after it
		listings := 0
		platform := selftest.FuncPlatform(func(_ context.Context, form url.Values) any {
			if form.Get("method") == "fc.function.file.card.get" {
				return selftest.Refusal("three a day")
			}
			if listings++; listings == failing {
				return selftest.Refusal("no list")
			}
			return []selftest.Object{}
		})
		_, err := platform.Client(t, selftest.NoRetry).Files.Prepare(t.Context())
		assert.ErrorContains(t, err, "no list")
		assert.Equal(t, failing == 2, strings.Contains(err.Error(), "three a day"), "the refusal of the start, too")
	}
}

func TestExportIsRefusedTheFourthTimeADay(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		srv := bubbleServer(t, quecloudtest.WithFileDelay(time.Second))
		client := srv.Client()
		for range 3 {
			_, err := client.Files.Prepare(t.Context())
			require.NoError(t, err)
		}
		var file bytes.Buffer
		_, err := client.Files.Export(t.Context(), &file)
		assert.ErrorAs(t, err, new(*quecloud.APIError))
		assert.Zero(t, file.Len(), "nothing older in its place")
		_, err = client.Files.DownloadLatest(t.Context(), &file)
		require.NoError(t, err)
	})
}

func TestExportPrepareFindsTheTaskWhoseStartHadNoResponse(t *testing.T) {
	t.Parallel()
	for name, delay := range map[string]time.Duration{"it runs": time.Minute, "it is done": 0} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				srv := bubbleServer(t, quecloudtest.WithFileDelay(delay))
				_, err := srv.Client().Files.Prepare(t.Context())
				require.NoError(t, err)
				srv.Inject(quecloudtest.CutAfter().On("file.card.get").Times(1))
				task, err := srv.Client().Files.Prepare(t.Context())
				require.NoError(t, err)
				assert.EqualValues(t, 2, task)
				assert.Len(t, srv.RequestsOf("fc.function.file.card.get"), 2)
			})
		})
	}
}

func TestExportPrepareReportsAStartInDoubt(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		srv := bubbleServer(t, quecloudtest.WithFileDelay(0))
		_, err := srv.Client().Files.Prepare(t.Context())
		require.NoError(t, err)
		srv.Inject(quecloudtest.CutBefore().On("file.card.get"))
		_, err = srv.Client().Files.Prepare(t.Context())
		assert.ErrorIs(t, err, quecloud.ErrOutcomeUnknown)
	})
}

func TestExportPrepareEndsWithItsContextAndNamesTheTask(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		srv := bubbleServer(t, quecloudtest.WithFileDelay(time.Hour))
		ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
		defer cancel()
		_, err := srv.Client().Files.Prepare(ctx)
		assert.ErrorIs(t, err, context.DeadlineExceeded)
		assert.ErrorContains(t, err, "task 1 goes on")
	})
}

func TestExportThatBreaksOffNamesTheTask(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		faults := quecloudtest.WithFaults(quecloudtest.CutBody(100).On("file.down"))
		srv := bubbleServer(t, quecloudtest.WithFileDelay(0), faults)
		_, err := srv.Client().Files.Export(t.Context(), io.Discard)
		assert.ErrorIs(t, err, io.ErrUnexpectedEOF)
		assert.ErrorContains(t, err, "task 1 is done")
	})
}

// The folder for temporary files is the process's, so that these do not run in parallel.
func TestExportWritesTheWholeFileOrNothing(t *testing.T) {
	whole := zipOf(t, zip.Store, "card_list.txt", strings.Repeat("1064991300001,8986031749203860001\n", 10000))
	tests := map[string]struct {
		response any
		is       func(error) bool // reports whether the error is right; nil for none
		text     string
	}{
		"whole":         {response: whole},
		"a wrong byte":  {damagedZip(t), selftest.Is[*quecloud.ResponseError], "checksum"},
		"cut off":       {whole[:len(whole)-30], selftest.Is[*quecloud.ResponseError], "end of a zip file is missing"},
		"nothing in it": {zipOf(t, zip.Store), selftest.Is[*quecloud.ResponseError], "it has no files"},
		"refused":       {selftest.Refusal("busy"), selftest.Is[*quecloud.APIError], "busy"},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			dir := useTempDir(t)
			var file bytes.Buffer
			var reported string
			n, err := exporting(test.response).Client(t, selftest.NoRetry).Files.Export(t.Context(), &file, stages(&reported))
			assert.Empty(t, filesIn(t, dir), "files left behind")
			if test.is == nil {
				require.NoError(t, err)
				assert.Equal(t, whole, file.Bytes())
				assert.EqualValues(t, len(whole), n)
				assert.Equal(t, "started:7 prepared:7 downloading:7 done:7 ", reported)
				return
			}
			assert.True(t, test.is(err), "%v", err)
			assert.ErrorContains(t, err, test.text)
			assert.ErrorContains(t, err, "task 7 is done")
			assert.Zero(t, n)
			assert.Zero(t, file.Len())
			assert.Equal(t, "started:7 prepared:7 downloading:7 ", reported)
		})
	}
}

func TestExportThatCannotWriteSaysHowFarItGot(t *testing.T) {
	dir := useTempDir(t)
	platform := exporting(zipOf(t, zip.Store, "card_list.txt", strings.Repeat("x", 1<<20)))
	full := errors.New("the disk is full")
	files := platform.Client(t, selftest.NoRetry).Files
	n, err := files.Export(t.Context(), writerFunc(func([]byte) (int, error) { return 1000, full }))
	assert.ErrorIs(t, err, full)
	assert.ErrorContains(t, err, "writing after 1000 bytes")
	assert.EqualValues(t, 1000, n)
	assert.Empty(t, filesIn(t, dir))

	cause := errors.New("enough")
	ctx, cancel := context.WithCancelCause(t.Context())
	written := 0
	n, err = files.Export(ctx, writerFunc(func(p []byte) (int, error) {
		written += len(p)
		cancel(cause)
		return len(p), nil
	}))
	assert.ErrorIs(t, err, cause)
	assert.EqualValues(t, written, n)
	assert.Less(t, written, 1<<20, "it ends with its context")
	assert.Empty(t, filesIn(t, dir))
}

type writerFunc func([]byte) (int, error)

func (f writerFunc) Write(p []byte) (int, error) { return f(p) }

func TestExportWithoutATemporaryFileStartsNoTask(t *testing.T) {
	t.Setenv(tempVariable(), filepath.Join(t.TempDir(), "none"))
	platform := exporting(nil)
	_, err := platform.Client(t, selftest.NoRetry).Files.Export(t.Context(), io.Discard)
	assert.ErrorIs(t, err, os.ErrNotExist)
	assert.Zero(t, platform.Attempts())
}

// exporting is a stub whose task 7 is done at once and has made a file.
func exporting(file any) *selftest.Platform {
	return selftest.FuncPlatform(func(_ context.Context, form url.Values) any {
		switch form.Get("method") {
		case "fc.function.file.list":
			return []selftest.Object{}
		case "fc.function.file.card.get":
			return selftest.Object{"resultCode": 0, "taskId": 7}
		case "fc.function.file.status":
			return selftest.Object{"resultCode": 0, "taskStatus": "2"}
		}
		return file
	})
}

// useTempDir has temporary files made in a folder of the test's.
func useTempDir(t *testing.T) (dir string) {
	dir = t.TempDir()
	t.Setenv(tempVariable(), dir)
	return dir
}

func tempVariable() string {
	if runtime.GOOS == "windows" {
		return "TMP"
	}
	return "TMPDIR"
}

func filesIn(t *testing.T, dir string) (names []string) {
	entries, err := os.ReadDir(dir)
	require.NoError(t, err)
	for _, entry := range entries {
		names = append(names, entry.Name())
	}
	return names
}

func TestExportCardListReportsWhatItCannotRead(t *testing.T) {
	t.Parallel()
	damaged := zipOf(t, zip.Store, "card_list.txt", "1,a\n2,b\n")
	damaged[bytes.Index(damaged, []byte("2,b"))] = '3'
	tests := map[string]struct {
		file []byte
		rows int
		text string
	}{
		"no zip":    {[]byte("PK"), 0, "not a valid zip file"},
		"no list":   {zipOf(t, zip.Store, "a.txt", "1"), 0, "no card_list.txt among its 1 files"},
		"two lists": {zipOf(t, zip.Store, "a/card_list.txt", "1", "b/card_list.txt", "2"), 0, "two files card_list.txt"},
		"a bomb":    {zipOf(t, zip.Deflate, "card_list.txt", strings.Repeat("1,a\n", 20<<20)), 0, "the limit is 200 times"},
		"checksum":  {damaged, 2, "after line 2: zip: checksum error"},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			rows, err := selftest.Collect(quecloud.ReadCardList(bytes.NewReader(test.file), int64(len(test.file))))
			assert.ErrorContains(t, err, test.text)
			assert.Len(t, rows, test.rows)
		})
	}
}

func TestExportCardListIsFoundBehindBackslashes(t *testing.T) {
	t.Parallel()
	file := zipOf(t, zip.Deflate, `export\card_list.txt`, "1,a\n")
	rows, err := selftest.Collect(quecloud.ReadCardList(bytes.NewReader(file), int64(len(file))))
	require.NoError(t, err)
	assert.Len(t, rows, 1)
}

// damagedZip is a zip file with a wrong byte amid a list of cards.
func damagedZip(t *testing.T) []byte {
	file := zipOf(t, zip.Store, "card_list.txt", strings.Repeat("1064991300001,8986031749203860001\n", 10000))
	file[len(file)/2] ^= 1
	return file
}

// zipOf makes a zip file of names and contents.
func zipOf(t *testing.T, method uint16, entries ...string) []byte {
	var file bytes.Buffer
	archive := zip.NewWriter(&file)
	for i := 0; i < len(entries); i += 2 {
		w, err := archive.CreateHeader(&zip.FileHeader{Name: entries[i], Method: method})
		require.NoError(t, err)
		_, err = io.WriteString(w, entries[i+1])
		require.NoError(t, err)
	}
	require.NoError(t, archive.Close())
	return file.Bytes()
}
