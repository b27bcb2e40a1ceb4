package quecloud

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"time"
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
