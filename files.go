package quecloud

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"time"

	"github.com/quecloud/quecloud-go/internal/zipfile"
)

// FilesService exports all cards of the account as a zip file with the list card_list.txt. A task makes the file in the
// background. The vendor does not document the format of the list.
type FilesService service

// Start starts an export and returns the ID of its task. The platform allows three tasks a day, each only after
// the previous one of that day is done.
//
// § 2.2.1 开始生成卡列表文件, fc.function.file.card.get. It starts a task; the SDK retries it only if it was not sent, or
// after HTTP status 429.
func (s *FilesService) Start(ctx context.Context) (taskID int64, err error) {
	var response struct {
		TaskID int64 `json:"taskId" quec:"receipt required"`
	}
	err = s.do(ctx, "fc.function.file.card.get", nil, &response)
	return onSuccess(response.TaskID, err)
}

type taskParams struct {
	TaskID int64 `url:"taskId"`
}

func (p taskParams) validate() error { return needPositive("taskId", p.TaskID) }

// Status returns the status of a task. taskID must be above 0; that is the SDK's own rule.
//
// § 2.2.2 卡列表文件任务状态, fc.function.file.status. It reads.
func (s *FilesService) Status(ctx context.Context, taskID int64) (FileTaskStatus, error) {
	var response struct {
		Status FileTaskStatus `json:"taskStatus" quec:"required"`
	}
	err := s.do(ctx, "fc.function.file.status", taskParams{taskID}, &response)
	return onSuccess(response.Status, err)
}

// Download writes the zip file of a finished task to w and returns the number of bytes written. The file is complete
// only if err is nil: a file that breaks off gives [io.ErrUnexpectedEOF]. The SDK retries a download, like any other
// read, until the first byte is written. A timeout set with [WithTimeout] limits the time without progress, not the
// whole download. The SDK limits the file to 4 GiB. Download does not verify the contents;
// [FilesService.DownloadFile] and [FilesService.Export] do.
//
// § 2.2.3 卡列表文件下载, fc.function.file.down. It reads.
func (s *FilesService) Download(ctx context.Context, taskID int64, w io.Writer) (n int64, err error) {
	return s.download(ctx, "fc.function.file.down", taskParams{taskID}, w)
}

// DownloadLatest writes the zip file of the latest finished task to w, like [FilesService.Download].
//
// § 2.2.4 最近卡列表文件下载, fc.function.file.last.down. It reads.
func (s *FilesService) DownloadLatest(ctx context.Context, w io.Writer) (n int64, err error) {
	return s.download(ctx, "fc.function.file.last.down", nil, w)
}

func (s *FilesService) download(ctx context.Context, method string, params any, w io.Writer) (int64, error) {
	if isNil(w) {
		return 0, &ParamError{Method: method, Param: "w", Reason: "the writer is nil"}
	}
	file := &download{to: w}
	err := s.do(ctx, method, params, file)
	return file.n, err
}

// A FileTask is a task that makes an export.
type FileTask struct {
	TaskID    int64          `json:"TaskId" quec:"required"`                      // for Status and Download
	CreatedAt time.Time      `json:"AddTime,omitzero" quec:"always epoch type=n"` // start
	EndedAt   time.Time      `json:"EndTime,omitzero" quec:"always epoch type=n"` // end; presumably zero while it runs
	Status    FileTaskStatus `json:"TaskStatus" quec:"always"`                    // running or done
}

// List returns the last 10 tasks. The vendor does not document their order.
//
// § 2.2.5 卡列表文件任务列表, fc.function.file.list. It reads.
func (s *FilesService) List(ctx context.Context) ([]FileTask, error) {
	var response struct {
		Tasks []FileTask `json:"tasks" quec:"bare required"`
	}
	err := s.do(ctx, "fc.function.file.list", nil, &response)
	return onSuccess(response.Tasks, err)
}

// A download is the result of a call whose response is a zip file.
type download struct {
	to io.Writer
	n  int64 // bytes written
}

// maxFile limits the size of a zip file. A list of ten million cards has less than 1 GiB.
const maxFile = 4 << 30

// receiveFile copies the zip file of a response to its writer. A response that does not start like one is read as JSON.
func (c *core) receiveFile(call *callState, a *attempt, body *fileBody, d *download) {
	var start [4]byte
	n, err := io.ReadFull(body, start[:])
	if err != nil && err != io.EOF && err != io.ErrUnexpectedEOF { //nolint:errorlint // those of ReadFull itself
		a.interrupted = true
		a.err = call.badResponse(a, start[:n], fmt.Errorf("it broke off: %w", err))
		return
	}
	body.prepend(start[:n])
	if !zipfile.IsStart(start[:n]) {
		text := new(bytes.Buffer)
		_, err := text.ReadFrom(io.LimitReader(body, maxResponse+1))
		if c.receiveJSON(call, a, text, err, ""); a.err == nil {
			a.responded = false
			a.err = call.badResponse(a, start[:n], errors.New("it has resultCode 0 and no file"))
		}
		return
	}
	a.partlyWritten = true
	d.n, err = zipfile.Copy(d.to, body, maxFile)
	if err == nil {
		a.responded = true
		return
	}
	if writeErr, ok := errors.AsType[*zipfile.WriteError](err); ok {
		a.err = call.error(fmt.Sprintf("writing after %d bytes", d.n), writeErr.Err)
		return
	}
	if errors.Is(err, zipfile.ErrTooLong) {
		a.err = call.badResponse(a, start[:n], fmt.Errorf("the file is longer than the limit of %d bytes", int64(maxFile)))
		return
	}
	if !errors.Is(err, io.ErrUnexpectedEOF) {
		err = fmt.Errorf("%w: %w", io.ErrUnexpectedEOF, err)
	}
	a.interrupted = true
	a.err = call.badResponse(a, start[:n], fmt.Errorf("the file broke off after %d bytes: %w", d.n, err))
}
