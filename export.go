package quecloud

import (
	"context"
	"errors"
	"fmt"
	"io"
	"iter"
	"os"
	"slices"
	"time"

	"github.com/quecloud/quecloud-go/internal/cardlist"
	"github.com/quecloud/quecloud-go/internal/zipfile"
)

// An ExportStage is a stage of an export. See [OnStage].
type ExportStage string

// The stages of an export, in order.
const (
	ExportStarted     ExportStage = "started"     // a task was started
	ExportJoined      ExportStage = "joined"      // instead: a task was running already
	ExportWaiting     ExportStage = "waiting"     // the task is not done; reported after every poll
	ExportPrepared    ExportStage = "prepared"    // the task is done
	ExportDownloading ExportStage = "downloading" // the download of the file starts
	ExportDone        ExportStage = "done"        // the file has been verified and written
)

// Export writes a zip file of all cards of the account to w and returns the number of bytes written. It prepares the
// file as [FilesService.Prepare] does, downloads it to a temporary file in [os.TempDir] that only its owner can read,
// verifies it as [FilesService.DownloadFile] does, within the same limits, and then copies it to w. n is 0 after any
// error except one of w, or of ctx while the file is copied. The temporary file is always removed. To export to a
// file, use Prepare and [FilesService.DownloadFile].
//
// The options are [PollEvery], [OnStage] and [Progress]. If the text of an error names the task, its file can be
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
		return 0, callError(method, "creating a temporary file", err)
	}
	defer os.Remove(file.Name())
	defer file.Close()

	task, err := s.prepare(ctx, &settings)
	if err != nil {
		return 0, err
	}
	settings.onStage(ExportDownloading, task)
	if _, err = s.fetchZip(ctx, task, file, settings.progress); err == nil {
		n, err = copyTo(ctx, w, file)
	}
	if err != nil {
		return n, fmt.Errorf("%w (task %d is done: its file can be downloaded again)", err, task)
	}
	settings.progress(n, n)
	settings.onStage(ExportDone, task)
	return n, nil
}

// Prepare has the platform make a file of all cards, waits until it is done, and returns the task for
// [FilesService.Download] or [FilesService.DownloadFile]. It joins a task of today that still runs, since the platform
// runs one at a time, and otherwise starts one. If the platform refuses that and exactly one task of the last 24 hours
// still runs, perhaps since before midnight, Prepare joins it.
//
// The platform allows three tasks a day. If it refuses another, Prepare returns its [*APIError] and does not fall
// back to an older file: use [FilesService.List] to see the tasks, and [FilesService.DownloadLatest] to download the
// latest file. If the start had no response, or another program started a task first, Prepare joins the new task.
//
// Prepare ends with its context. It tolerates network failures as [OrdersService.Wait] does. The options are
// [PollEvery] and [OnStage].
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

// startOrJoin returns the running task of today, or a new one, or the one that keeps the platform from starting
// another.
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
			return t.TaskID, ExportJoined, nil // ours, or that of another program
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

// onlyRunning returns the only task of the last 24 hours that is not done, or 0. It may have started before midnight.
// Older tasks are stuck.
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

// platformTime returns the time by the platform's clock.
func (s *FilesService) platformTime() time.Time {
	return s.core.now().Add(s.core.shared.clock.offset())
}

func hasTask(tasks []FileTask, id int64) bool {
	return slices.ContainsFunc(tasks, func(t FileTask) bool { return t.TaskID == id })
}

// A progressWriter reports how much it has written.
type progressWriter struct {
	to       io.Writer
	n        int64
	progress func(done, total int64)
}

// Write writes, and reports how much was written so far.
func (w *progressWriter) Write(p []byte) (int, error) {
	n, err := w.to.Write(p)
	w.n += int64(n)
	w.progress(w.n, -1)
	return n, err
}

// DownloadFile downloads the zip file of a finished task to path and returns its size. It writes to a temporary file
// in the same directory, and verifies the structure of the zip file and the checksums of its contents. The file is
// synced to disk and renamed into place after verification, so path never has an incomplete file. A regular file at
// path is replaced. Anything else there, such as a directory, a symbolic link, a named pipe or a device, is an error.
// The list is personal data: only its owner can read the file; on Windows its directory decides.
//
// The SDK limits the disk, memory and time that a hostile file can use: 4 GiB for the zip file, 1 MiB for its
// directory, 32 GiB for its contents, and 200 times the size of the zip file if the contents exceed 64 MiB. No two
// entries may share bytes. A list of ten million cards stays far below these limits.
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
		return 0, callError(method, "creating the file", err)
	}
	defer file.Discard()

	n, err = s.fetchZip(ctx, taskID, file.File, settings.progress)
	if err != nil {
		return 0, err
	}
	if err := file.Commit(); err != nil {
		return 0, callError(method, "saving the file", err)
	}
	settings.progress(n, n)
	return n, nil
}

// fetchZip downloads the zip file of a task to file, verifies its contents, and returns its size.
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

// copyTo copies a file from its start to w. n is the number of bytes written, even if err is not nil.
func copyTo(ctx context.Context, w io.Writer, file *os.File) (n int64, err error) {
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

// A contextReader fails once its context has ended.
type contextReader struct {
	ctx context.Context
	io.Reader
}

// Read reads, unless the context has ended.
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
// Lines end with LF, CRLF or CR. Lines without text are skipped, and a byte order mark of UTF-8 is removed. Bytes are
// not converted: if [unicode/utf8.ValidString] reports false, use a decoder for GBK.
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
