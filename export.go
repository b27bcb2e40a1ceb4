package quecloud

import (
	"context"
	"errors"
	"fmt"
	"io"
	"iter"
	"os"
	"time"

	"github.com/quecloud/quecloud-go/internal/cardlist"
	"github.com/quecloud/quecloud-go/internal/zipfile"
)

// An ExportStage is what an export is about to do. See [OnStage].
type ExportStage string

// The stages of an export, in their order.
const (
	ExportStarted     ExportStage = "started"     // a task has been started
	ExportJoined      ExportStage = "joined"      // instead: a task was running, and is used
	ExportWaiting     ExportStage = "waiting"     // the task is not done yet; comes with every question
	ExportPrepared    ExportStage = "prepared"    // the task is done
	ExportDownloading ExportStage = "downloading" // its file is being downloaded
	ExportDone        ExportStage = "done"        // the whole file has been verified and written
)

// Export writes a zip file of all cards of the account to w, and returns how many bytes it wrote: it does what
// [FilesService.Prepare] does, downloads the file, and verifies it as [FilesService.DownloadFile] does, within its limits.
// Only then w gets the first byte, so that n is 0 after any error but one of w's, or of ctx meanwhile. Until then the
// file is in the folder for temporary files ([os.TempDir]), where only its owner may read it; it is removed in any
// case. To have the same in a file, use Prepare and [FilesService.DownloadFile].
//
// The options are [PollEvery], [OnStage] and [Progress]. After an error whose text names the task, its file can be
// downloaded again without another task; the platform allows three a day.
//
// It uses § 2.2.5 file.list, § 2.2.1 file.card.get, § 2.2.2 file.status and § 2.2.3 file.down.
func (s *FilesService) Export(ctx context.Context, w io.Writer, opts ...FleetOption) (n int64, err error) {
	const method = "fc.function.file.down"
	settings, err := fleetOptions(ctx, method, exportOptions, opts)
	if err != nil {
		return 0, err
	}
	if isNil(w) {
		return 0, &ParamError{Method: method, Param: "w", Reason: "the writer is nil"}
	}
	file, err := os.CreateTemp("", "quecloud-*.zip.part")
	if err != nil {
		return 0, callError(method, "making a file to verify before it is passed on", err)
	}
	defer os.Remove(file.Name())
	defer file.Close()

	task, err := s.prepare(ctx, &settings)
	if err != nil {
		return 0, err
	}
	settings.onStage(ExportDownloading, task)
	if _, err = s.fetchZip(ctx, task, file, settings.progress); err == nil {
		n, err = passOn(ctx, w, file)
	}
	if err != nil {
		return n, fmt.Errorf("%w (task %d is done: its file can be downloaded again)", err, task)
	}
	settings.progress(n, n)
	settings.onStage(ExportDone, task)
	return n, nil
}

// Prepare has the platform make a file of all cards, waits until it is done, and returns the task, for
// [FilesService.Download] or [FilesService.DownloadFile]. It joins a task of today that is still running, as the
// platform does one at a time, and starts one otherwise. If the platform refuses that, and one task of the last
// 24 hours still runs, begun before midnight as it may be, Prepare joins that one.
//
// The platform allows three tasks a day. When it refuses another, Prepare returns its [*APIError] and does not fall
// back to a file that is older than the caller may think: [FilesService.List] tells what there is, and
// [FilesService.DownloadLatest] downloads the newest. When no answer came to the start, or somebody else was faster,
// Prepare goes on with the task that was not there before.
//
// Prepare ends with its context at the latest. It tolerates failures of the network as [OrdersService.Wait] does. The
// options are [PollEvery] and [OnStage].
//
// It uses § 2.2.5 file.list, § 2.2.1 file.card.get and § 2.2.2 file.status.
func (s *FilesService) Prepare(ctx context.Context, opts ...FleetOption) (taskID int64, err error) {
	settings, err := fleetOptions(ctx, "fc.function.file.card.get", prepareOptions, opts)
	if err != nil {
		return 0, err
	}
	return s.prepare(ctx, &settings)
}

func (s *FilesService) prepare(ctx context.Context, settings *fleetSettings) (int64, error) {
	task, stage, err := s.startOrJoin(ctx)
	if err != nil {
		return 0, err
	}
	settings.onStage(stage, task)
	doing := fmt.Sprintf("waiting for task %d", task)
	err = poll(ctx, settings.pollEvery, "fc.function.file.status", &doing, func() (bool, error) {
		status, err := s.Status(ctx, task)
		if err != nil || status == FileTaskDone {
			return err == nil, err
		}
		settings.onStage(ExportWaiting, task)
		return false, nil
	})
	if err != nil {
		return 0, fmt.Errorf("%w (task %d goes on at the platform: Prepare joins it while it runs)", err, task)
	}
	settings.onStage(ExportPrepared, task)
	return task, nil
}

// startOrJoin returns the task of today that runs, or a new one, or the one that keeps the platform from starting it.
func (s *FilesService) startOrJoin(ctx context.Context) (task int64, stage ExportStage, err error) {
	before, err := s.List(ctx)
	if err != nil {
		return 0, "", err
	}
	if task := s.running(before); task != 0 {
		return task, ExportJoined, nil
	}
	task, err = s.Start(ctx)
	if err == nil {
		return task, ExportStarted, nil
	}
	if !errors.Is(err, ErrOutcomeUnknown) && !errors.As(err, new(*APIError)) {
		return 0, "", err
	}
	after, listErr := s.List(ctx)
	if listErr != nil {
		return 0, "", errors.Join(err, listErr)
	}
	for _, t := range after {
		if !hasTask(before, t.TaskID) {
			return t.TaskID, ExportJoined, nil // ours, or that of somebody who was faster
		}
	}
	if !errors.Is(err, ErrOutcomeUnknown) {
		if task := s.onlyRunning(after); task != 0 {
			return task, ExportJoined, nil
		}
	}
	return 0, "", err
}

// running returns the newest task of today that is not done, or 0.
func (s *FilesService) running(tasks []FileTask) (id int64) {
	today := DateOf(s.platformTime())
	for _, t := range tasks {
		if t.Status == FileTaskRunning && DateOf(t.CreatedAt) == today {
			id = max(id, t.TaskID)
		}
	}
	return id
}

// onlyRunning returns the only task of the last 24 hours that is not done, or 0. Before midnight it was of today. Older
// ones are stuck.
func (s *FilesService) onlyRunning(tasks []FileTask) (id int64) {
	since := s.platformTime().Add(-24 * time.Hour)
	for _, t := range tasks {
		if t.Status != FileTaskRunning || t.CreatedAt.Before(since) {
			continue
		}
		if id != 0 {
			return 0
		}
		id = t.TaskID
	}
	return id
}

// platformTime is the time by the platform's clock.
func (s *FilesService) platformTime() time.Time {
	return s.core.now().Add(s.core.shared.clock.offset())
}

func hasTask(tasks []FileTask, id int64) bool {
	for _, t := range tasks {
		if t.TaskID == id {
			return true
		}
	}
	return false
}

// A progressWriter tells how much has been written.
type progressWriter struct {
	to       io.Writer
	n        int64
	progress func(done, total int64)
}

func (w *progressWriter) Write(p []byte) (int, error) {
	n, err := w.to.Write(p)
	w.n += int64(n)
	w.progress(w.n, -1)
	return n, err
}

// DownloadFile downloads the zip file that a finished task has made into a file. The file is there only if err is nil,
// and then it is whole: it is downloaded under another name in the same directory, its structure and the checksums of
// all that is in it are verified, and it is written to the disk before it gets its name. A regular file that was there
// before is replaced then, and left alone otherwise. Anything else at path, such as a directory, a symbolic link, a named
// pipe or a device, is refused, and never written to. As it is personal data, only its owner may read the file; on
// Windows that is up to its directory. n is its size.
//
// Limits of the SDK keep a hostile file from filling disk, memory or time: 4 GiB for the zip file, 32 GiB for what it
// unpacks to, of which more than 64 MiB may be no more than 200 times as much as the zip file, 1 MiB for the directory in
// it, and no byte that belongs to two files. A list of ten million cards stays far below them.
//
// The option is [Progress].
//
// It uses § 2.2.3 卡列表文件下载, fc.function.file.down.
func (s *FilesService) DownloadFile(
	ctx context.Context, taskID int64, path string, opts ...FleetOption,
) (n int64, err error) {
	const method = "fc.function.file.down"
	settings, err := fleetOptions(ctx, method, downloadOptions, opts)
	if err != nil {
		return 0, err
	}
	file, err := zipfile.CreatePending(path)
	if err != nil {
		if bad, ok := errors.AsType[*zipfile.TargetError](err); ok {
			return 0, &ParamError{method, "path", bad.Error()}
		}
		return 0, callError(method, "making the file", err)
	}
	defer file.Discard()

	n, err = s.fetchZip(ctx, taskID, file.File, settings.progress)
	if err != nil {
		return 0, err
	}
	if err := file.Commit(); err != nil {
		return 0, callError(method, "keeping the file", err)
	}
	settings.progress(n, n)
	return n, nil
}

// fetchZip downloads the zip file of a task into a file of ours, and verifies all that is in it. n is its size.
func (s *FilesService) fetchZip(
	ctx context.Context, taskID int64, file *os.File, progress func(done, total int64),
) (n int64, err error) {
	const method = "fc.function.file.down"
	n, err = s.Download(ctx, taskID, &progressWriter{file, 0, progress})
	if err != nil {
		return 0, err
	}
	if err := zipfile.Verify(ctx, file, n); err != nil {
		if ctx.Err() != nil {
			return 0, callError(method, "verifying the file", context.Cause(ctx))
		}
		return 0, &ResponseError{Method: method, HTTPStatus: 200, Err: fmt.Errorf("the zip file is damaged: %w", err)}
	}
	return n, nil
}

// passOn writes a file to w, from its beginning. n is how many bytes it wrote, whatever err is.
func passOn(ctx context.Context, w io.Writer, file *os.File) (n int64, err error) {
	if _, err = file.Seek(0, io.SeekStart); err == nil {
		n, err = io.Copy(w, &contextReader{ctx, file})
	}
	if err == nil {
		return n, nil
	}
	if ctx.Err() != nil {
		err = context.Cause(ctx)
	}
	return n, callError("fc.function.file.down", fmt.Sprintf("writing after %d bytes", n), err)
}

// A contextReader fails when its context has ended.
type contextReader struct {
	ctx context.Context
	io.Reader
}

func (r *contextReader) Read(p []byte) (int, error) {
	if err := r.ctx.Err(); err != nil {
		return 0, err
	}
	return r.Reader.Read(p)
}

// A CardListRow is a line of card_list.txt, the list of cards in an export. The vendor does not document its columns.
type CardListRow struct {
	Line   int      // number of the line, from 1
	Text   string   // the line, in the platform's encoding
	Fields []string // Text, split
}

// ReadCardList returns an iterator over the lines of card_list.txt in the zip file of an export:
//
//	for row, err := range quecloud.ReadCardList(file, size) { … row.Fields … }
//
// Lines end with LF, CRLF or CR. Lines without text are skipped, and a byte order mark of UTF-8 is removed. Bytes are not
// converted: if [unicode/utf8.ValidString] reports false, use a decoder for GBK.
//
// Tabs, commas or semicolons separate the fields. The first line with any of these decides which, and how many fields a
// line has; titles of one field may precede it. Tabs beside a comma or semicolon are padding for spreadsheets and are
// removed with the blanks around a field. Quotation marks around a whole field are removed, also in the form ="8986…".
//
// A line that cannot be split without guessing gives an error that names the line: fewer fields than in the first line,
// or more fields with text; commas and semicolons in the line that decides; a quotation mark that is not closed; bytes
// that no text has, as in UTF-16. Its row has the line and the text, but no fields, and the loop may go on. An error
// without a row ends the loop. A damaged file can give one after all lines, when its checksum turns out wrong.
//
// The limits of [FilesService.DownloadFile] apply to the zip file. A line may have up to 1 MiB.
func ReadCardList(r io.ReaderAt, size int64) iter.Seq2[CardListRow, error] {
	return func(yield func(CardListRow, error) bool) {
		content, err := zipfile.Open(r, size, cardlist.FileName)
		if err != nil {
			yield(CardListRow{}, fmt.Errorf("quecloud: reading the zip file: %w", err))
			return
		}
		defer content.Close()
		for row, err := range cardlist.Rows(content) {
			if err != nil {
				err = fmt.Errorf("quecloud: %w", err)
			}
			if !yield(CardListRow(row), err) {
				return
			}
		}
	}
}
