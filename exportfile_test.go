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
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/quecloud/quecloud-go"
	"github.com/quecloud/quecloud-go/quecloudtest"
)

// stages is an option that writes the stages of an export into a text.
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
		var told string
		var done, total int64
		n, err := srv.Client().Files.Export(t.Context(), &file, stages(&told), quecloud.Progress(func(d, t int64) { done, total = d, t }))
		require.NoError(t, err)
		assert.EqualValues(t, file.Len(), n)
		assert.Equal(t, []int64{n, n}, []int64{done, total})
		assert.Equal(t, "started:1 waiting:1 waiting:1 prepared:1 downloading:1 done:1 ", told)
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
		var told string
		n, err := client.Files.Export(t.Context(), io.Discard, stages(&told), quecloud.PollEvery(time.Minute))
		require.NoError(t, err)
		assert.Positive(t, n)
		assert.Equal(t, strings.ReplaceAll("joined:N waiting:N prepared:N downloading:N done:N ", "N", fmt.Sprint(task)), told)
		assert.Len(t, srv.RequestsOf("fc.function.file.card.get"), 1)
	})
}

func TestPrepareDoesNotJoinYesterdaysTask(t *testing.T) {
	t.Parallel()
	platform := &stub{answer: func(_ context.Context, form url.Values) any {
		switch form.Get("method") {
		case "fc.function.file.list":
			return []object{{"TaskId": 7, "AddTime": time.Now().Add(-24 * time.Hour).Unix(), "TaskStatus": "执行中"}}
		case "fc.function.file.card.get":
			return object{"resultCode": 0, "taskId": 8}
		default:
			return object{"resultCode": 0, "taskStatus": "2"}
		}
	}}
	task, err := platform.client(t).Files.Prepare(t.Context())
	require.NoError(t, err)
	assert.EqualValues(t, 8, task)
}

func TestPrepareTakesTheTaskOfSomebodyWhoWasFaster(t *testing.T) {
	t.Parallel()
	for _, status := range []string{"执行中", "文件生成成功"} {
		tasks := []object{{"TaskId": 6, "AddTime": time.Now().Unix(), "TaskStatus": "文件生成成功"}}
		platform := &stub{answer: func(_ context.Context, form url.Values) any {
			switch form.Get("method") {
			case "fc.function.file.list":
				return tasks
			case "fc.function.file.card.get":
				tasks = append(tasks, object{"TaskId": 7, "AddTime": time.Now().Unix(), "TaskStatus": status})
				return refusal("the last task is not done")
			default:
				return object{"resultCode": 0, "taskStatus": "2"}
			}
		}}
		var told string
		task, err := platform.client(t).Files.Prepare(t.Context(), stages(&told))
		require.NoError(t, err)
		assert.EqualValues(t, 7, task)
		assert.Equal(t, "joined:7 prepared:7 ", told)
	}
}

func TestTheFourthExportOfADayIsRefused(t *testing.T) {
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

func TestPrepareFindsTheTaskWhoseStartWasNotAnswered(t *testing.T) {
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

func TestPrepareReportsAStartWhoseOutcomeNobodyKnows(t *testing.T) {
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

func TestPrepareEndsWithItsContextAndNamesTheTask(t *testing.T) {
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

func TestAnExportThatBreaksOffNamesTheTask(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		srv := bubbleServer(t, quecloudtest.WithFileDelay(0), quecloudtest.WithFaults(quecloudtest.CutBody(100).On("file.down")))
		_, err := srv.Client().Files.Export(t.Context(), io.Discard)
		assert.ErrorIs(t, err, io.ErrUnexpectedEOF)
		assert.ErrorContains(t, err, "task 1 is done")
	})
}

func TestADownloadedFileIsWholeOrNotThere(t *testing.T) {
	t.Parallel()
	whole := zipOf(t, zip.Store, "card_list.txt", strings.Repeat("1064991300001,8986031749203860001\n", 10000))
	damaged := bytes.Clone(whole)
	damaged[len(damaged)/2] ^= 1
	lost := bytes.Clone(whole)
	copy(lost[bytes.LastIndex(lost, []byte("PK\x01\x02")):], "PKxx")
	tests := map[string]struct {
		answer []byte
		is     func(error) bool // what the error has to be
		text   string
	}{
		"whole":                 {answer: whole},
		"cut off":               {whole[:len(whole)-30], is[*quecloud.ResponseError], "end of a zip file is missing"},
		"a byte is wrong":       {damaged, is[*quecloud.ResponseError], "checksum"},
		"without its directory": {lost, is[*quecloud.ResponseError], "damaged"},
		"empty":                 {zipOf(t, zip.Store), is[*quecloud.ResponseError], "nothing in it"},
		"refused":               {[]byte(`{"resultCode":1,"errorMessage":"任务不存在"}`), is[*quecloud.APIError], "任务不存在"},
	}
	for name, test := range tests {
		for _, before := range []string{"", "an older file"} {
			t.Run(name+", "+before, func(t *testing.T) {
				t.Parallel()
				path := filepath.Join(t.TempDir(), "cards.zip")
				if before != "" {
					require.NoError(t, os.WriteFile(path, []byte(before), 0o600))
				}
				platform := &stub{answer: func(context.Context, url.Values) any { return test.answer }}
				var told int64
				n, err := platform.client(t).Files.DownloadFile(t.Context(), 7, path, quecloud.Progress(func(done, _ int64) { told = done }))
				got, readErr := os.ReadFile(path)
				others, _ := filepath.Glob(filepath.Join(filepath.Dir(path), ".*"))
				assert.Empty(t, others, "files left behind")
				if test.is == nil {
					require.NoError(t, err)
					assert.EqualValues(t, len(whole), n)
					assert.Equal(t, n, told)
					assert.Equal(t, whole, got)
					return
				}
				assert.True(t, test.is(err), "%v", err)
				assert.ErrorContains(t, err, test.text)
				assert.Zero(t, n)
				assert.Equal(t, before, string(got))
				assert.Equal(t, before == "", errors.Is(readErr, os.ErrNotExist))
			})
		}
	}
}

func TestADownloadThatIsCanceledLeavesNoFile(t *testing.T) {
	t.Parallel()
	whole := zipOf(t, zip.Store, "card_list.txt", strings.Repeat("x", 1<<20))
	for name, part := range map[string]int{"on the way": 1, "when it is verified": len(whole)} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			platform := &stub{answer: func(context.Context, url.Values) any { return whole }}
			ctx, cancel := context.WithCancel(t.Context())
			defer cancel()
			dir := t.TempDir()
			_, err := platform.client(t).Files.DownloadFile(ctx, 7, filepath.Join(dir, "cards.zip"), quecloud.Progress(func(done, _ int64) {
				if done >= int64(part) {
					cancel()
				}
			}))
			require.ErrorIs(t, err, context.Canceled)
			assert.NotContains(t, err.Error(), "damaged")
			files, err := os.ReadDir(dir)
			require.NoError(t, err)
			assert.Empty(t, files)
		})
	}
}

func TestADownloadThatHasNowhereToGoAsksForNothing(t *testing.T) {
	t.Parallel()
	platform := &stub{answer: func(context.Context, url.Values) any { return refusal("asked") }}
	_, err := platform.client(t).Files.DownloadFile(t.Context(), 7, filepath.Join(t.TempDir(), "none", "cards.zip"))
	assert.ErrorIs(t, err, os.ErrNotExist)
	assert.Zero(t, platform.calls())
}

func TestReadCardListGivesLinesAndFields(t *testing.T) {
	t.Parallel()
	type row = quecloud.CardListRow
	tests := map[string]struct {
		content string
		want    []row
	}{
		"commas":         {"1,a\n2,b\n", []row{{1, "1,a", []string{"1", "a"}}, {2, "2,b", []string{"2", "b"}}}},
		"tabs first":     {"1,5\ta\n2;b", []row{{1, "1,5\ta", []string{"1,5", "a"}}, {2, "2;b", []string{"2;b"}}}},
		"semicolons":     {"1;a", []row{{1, "1;a", []string{"1", "a"}}}},
		"one column":     {"1\n2", []row{{1, "1", []string{"1"}}, {2, "2", []string{"2"}}}},
		"CRLF and BOM":   {"\ufeff1,a\r\n2,b\r\n", []row{{1, "1,a", []string{"1", "a"}}, {2, "2,b", []string{"2", "b"}}}},
		"empty lines":    {"\n1,a\n \n\n2, b ,\n\n", []row{{2, "1,a", []string{"1", "a"}}, {5, "2, b ,", []string{"2", "b", ""}}}},
		"GBK is left so": {"1,\xd2\xc6\xb6\xaf", []row{{1, "1,\xd2\xc6\xb6\xaf", []string{"1", "\xd2\xc6\xb6\xaf"}}}},
		"nothing":        {"", nil},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			file := zipOf(t, zip.Deflate, "readme.txt", "x", "export/Card_List.txt", test.content)
			for range 2 {
				rows, err := collect(quecloud.ReadCardList(bytes.NewReader(file), int64(len(file))))
				require.NoError(t, err)
				assert.Equal(t, test.want, rows)
			}
			for _, err := range quecloud.ReadCardList(bytes.NewReader(file), int64(len(file))) {
				require.NoError(t, err)
				break
			}
		})
	}
}

func TestReadCardListReportsWhatItCannotRead(t *testing.T) {
	t.Parallel()
	damaged := zipOf(t, zip.Store, "card_list.txt", "1,a\n2,b\n")
	damaged[bytes.Index(damaged, []byte("2,b"))] = '3'
	tests := map[string]struct {
		file []byte
		rows int
		text string
	}{
		"no zip":       {[]byte("PK"), 0, "not a valid zip file"},
		"no list":      {zipOf(t, zip.Store, "a.txt", "1"), 0, "no card_list.txt among its 1 files"},
		"checksum":     {damaged, 2, "after line 2: zip: checksum error"},
		"endless line": {zipOf(t, zip.Deflate, "card_list.txt", "1\n"+strings.Repeat("x", 2<<20)), 1, "after line 1: bufio.Scanner: token too long"},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			rows, err := collect(quecloud.ReadCardList(bytes.NewReader(test.file), int64(len(test.file))))
			assert.ErrorContains(t, err, test.text)
			assert.Len(t, rows, test.rows)
		})
	}
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
