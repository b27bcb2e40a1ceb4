package quecloud

import (
	"bytes"
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"slices"
	"time"
)

// FilesService has the methods to export all cards of the account as a zip file, made in the background by a task. In it
// is card_list.txt, whose format is not documented.
type FilesService service

// Start starts a task that makes an export, and returns the task's ID. The platform allows three a day, each only after
// that day's one before it is done.
//
// § 2.2.1 开始生成卡列表文件, fc.function.file.card.get. It starts something; the SDK sends it again only if it was
// not sent, or after HTTP status 429.
func (s *FilesService) Start(ctx context.Context) (taskID int64, err error) {
	var answer struct {
		TaskID int64 `json:"taskId" quec:"receipt required"`
	}
	err = s.do(ctx, "fc.function.file.card.get", nil, &answer)
	return onSuccess(answer.TaskID, err)
}

type taskParams struct {
	TaskID int64 `url:"taskId"`
}

func (p taskParams) validate() error { return needPositive("taskId", p.TaskID) }

// Status returns how far a task has got. That its ID is above 0 is the SDK's own rule.
//
// § 2.2.2 卡列表文件任务状态, fc.function.file.status. It reads.
func (s *FilesService) Status(ctx context.Context, taskID int64) (FileTaskStatus, error) {
	var answer struct {
		Status FileTaskStatus `json:"taskStatus" quec:"required"`
	}
	err := s.do(ctx, "fc.function.file.status", taskParams{taskID}, &answer)
	return onSuccess(answer.Status, err)
}

// Download writes the zip file that a finished task has made to w, and returns how many bytes it wrote. They are a
// whole file only if err is nil: a file that breaks off gives [io.ErrUnexpectedEOF]. Until the first byte has been
// written a failed download is repeated like any other call that reads, and not after it. A timeout set with
// [WithTimeout] limits the time without progress, not the whole download. The file may have 4 GiB, the limit of the SDK.
// What is in it is not verified; [FilesService.DownloadFile] and [FilesService.Export] do that.
//
// § 2.2.3 卡列表文件下载, fc.function.file.down. It reads.
func (s *FilesService) Download(ctx context.Context, taskID int64, w io.Writer) (n int64, err error) {
	return s.download(ctx, "fc.function.file.down", taskParams{taskID}, w)
}

// DownloadLatest writes the zip file that was made last to w, as Download does.
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

// A FileTask is a task that makes, or has made, an export.
type FileTask struct {
	TaskID    int64          `json:"TaskId" quec:"required"`                      // for Status and Download
	CreatedAt time.Time      `json:"AddTime,omitzero" quec:"always epoch type=n"` // when it was started
	EndedAt   time.Time      `json:"EndTime,omitzero" quec:"always epoch type=n"` // when it was done; presumably zero while it runs
	Status    FileTaskStatus `json:"TaskStatus" quec:"always"`                    // how far it has got
}

// List returns the last 10 tasks. In which order the document does not say.
//
// § 2.2.5 卡列表文件任务列表, fc.function.file.list. It reads.
func (s *FilesService) List(ctx context.Context) ([]FileTask, error) {
	var answer struct {
		Tasks []FileTask `json:"tasks" quec:"bare required"`
	}
	err := s.do(ctx, "fc.function.file.list", nil, &answer)
	return onSuccess(answer.Tasks, err)
}

// A download is the result of a call whose answer is a zip file.
type download struct {
	to io.Writer
	n  int64 // bytes written
}

// maxFile is how large a zip file may be: a list of ten million cards has less than 1 GiB.
const maxFile = 4 << 30

// receiveFile passes the zip file of an answer on to its writer. An answer that begins like no zip is read as JSON, and
// nothing of it is passed on.
func (c *core) receiveFile(call *callState, a *attempt, body *fileBody, d *download) {
	var start [4]byte
	n, err := io.ReadFull(body, start[:])
	if err != nil && err != io.EOF && err != io.ErrUnexpectedEOF { //nolint:errorlint // those of ReadFull itself
		a.interrupted = true
		a.err = call.badResponse(a, start[:n], fmt.Errorf("it broke off: %w", err))
		return
	}
	body.unread(start[:n])
	if !isZip(start[:n]) {
		text := new(bytes.Buffer)
		_, err := text.ReadFrom(io.LimitReader(body, c.maxResponse+1))
		if c.receiveJSON(call, a, text, err, ""); a.err == nil {
			a.responded = false
			a.err = call.badResponse(a, start[:n], errors.New("it says success and has no file"))
		}
		return
	}
	a.partlyWritten = true
	var end []byte
	if d.n, end, err = copyFile(d.to, body, c.maxFile); err == nil {
		err = checkZipEnd(end, d.n)
	}
	if err == nil {
		a.responded = true
		return
	}
	if own, ok := errors.AsType[*writeError](err); ok {
		a.err = call.error(fmt.Sprintf("writing after %d bytes", d.n), own.err)
		return
	}
	if errors.Is(err, errTooLong) {
		a.err = call.badResponse(a, start[:n], fmt.Errorf("the file is longer than the limit of %d bytes", c.maxFile))
		return
	}
	if !errors.Is(err, io.ErrUnexpectedEOF) {
		err = fmt.Errorf("%w: %w", io.ErrUnexpectedEOF, err)
	}
	a.interrupted = true
	a.err = call.badResponse(a, start[:n], fmt.Errorf("the file broke off after %d bytes: %w", d.n, err))
}

// isZip reports whether a zip file begins so: with a file, with its end where it has none, or as one of several parts.
// There are texts that begin with PK, such as the PKIX errors of Java.
func isZip(start []byte) bool {
	return slices.Contains([]string{"PK\x03\x04", zipEndMagic, "PK\x07\x08"}, string(start))
}

var errTooLong = errors.New("too long")

// A writeError is an error of the caller's writer.
type writeError struct{ err error }

func (e *writeError) Error() string { return e.err.Error() }

// copyFile copies a file of at most so many bytes. It returns the end of it as well, of which it keeps at least
// zipTailLength bytes.
func copyFile(to io.Writer, from io.Reader, most int64) (n int64, end []byte, err error) {
	const piece = 64 << 10
	buf := make([]byte, 8*piece)
	at := 0
	for {
		if at+piece > len(buf) {
			at = copy(buf, buf[at-zipTailLength:at])
		}
		got, err := from.Read(buf[at : at+piece])
		if n+int64(got) > most {
			return n, nil, errTooLong
		}
		if got > 0 {
			written, err := to.Write(buf[at : at+got])
			n += int64(min(max(written, 0), got))
			if err == nil && written != got {
				err = io.ErrShortWrite
			}
			if err != nil {
				return n, nil, &writeError{err}
			}
		}
		at += got
		if err == io.EOF {
			return n, buf[:at], nil
		}
		if err != nil {
			return n, nil, err
		}
	}
}

// The end of a zip file says where its directory is and how large: what is cut off lacks it. Between directory and end,
// zip files in the format for larger ones have a record with larger numbers, and a locator of it.
const (
	zipEndSize    = 22                     // of the record that ends a zip file, without its comment
	zipTailLength = zipEndSize + 1<<16 - 1 // with the longest comment
	zip64Size     = 1<<32 - 1              // stands for a size or place in a record of larger files
	zipEndMagic   = "PK\x05\x06"
	locatorSize   = 20
	locatorMagic  = "PK\x06\x07"
)

// checkZipEnd reports io.ErrUnexpectedEOF unless a file of n bytes has the end that a zip file has.
func checkZipEnd(end []byte, n int64) error {
	for at := len(end) - zipEndSize; at >= max(0, len(end)-zipTailLength); at-- {
		record := end[at:]
		if string(record[:4]) != zipEndMagic || int(binary.LittleEndian.Uint16(record[20:])) != len(record)-zipEndSize {
			continue
		}
		size, place := int64(binary.LittleEndian.Uint32(record[12:])), int64(binary.LittleEndian.Uint32(record[16:]))
		isLarge := at >= locatorSize && string(end[at-locatorSize:][:4]) == locatorMagic
		if isLarge || size == zip64Size || place == zip64Size || place+size == n-int64(len(record)) {
			return nil
		}
	}
	return fmt.Errorf("%w: the end of a zip file is missing", io.ErrUnexpectedEOF)
}
