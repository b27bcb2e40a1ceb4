package quecloud

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"math/rand/v2"
	"os"
	"path/filepath"

	"github.com/quecloud/quecloud-go/internal/zipfile"
)

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
	target, err := openTarget(path)
	if err != nil {
		if bad, ok := errors.AsType[*targetError](err); ok {
			return 0, &ParamError{method, "path", bad.Error()}
		}
		return 0, callError(method, "making the file", err)
	}
	defer target.abandon()

	n, err = s.fetchZip(ctx, taskID, target.file, settings.progress)
	if err != nil {
		return 0, err
	}
	if err := target.keep(); err != nil {
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

// A target is a file that gets its name when it is whole. Everything happens in one open directory, whatever becomes of
// the path to it meanwhile.
type target struct {
	folder *os.Root
	name   string   // that it gets
	file   *os.File // that it is until then
}

// openTarget makes the file that is to become path.
func openTarget(path string) (*target, error) {
	folder, name := filepath.Split(path)
	if name == "" || name == "." || name == ".." {
		return nil, &targetError{path, "a directory"}
	}
	root, err := os.OpenRoot(cmp.Or(folder, "."))
	if err != nil {
		return nil, err
	}
	t := &target{folder: root, name: name}
	if err = t.check(); err == nil {
		t.file, err = root.OpenFile(fmt.Sprintf(".quecloud-%016x.part", rand.Uint64()), os.O_RDWR|os.O_CREATE|os.O_EXCL, 0o600)
	}
	if err != nil {
		_ = root.Close()
		return nil, err
	}
	return t, nil
}

// check reports a targetError unless the name is free or that of a regular file.
func (t *target) check() error {
	info, err := t.folder.Lstat(t.name)
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err != nil || info.Mode().IsRegular() {
		return err
	}
	kind := "no regular file"
	switch info.Mode().Type() &^ fs.ModeCharDevice {
	case fs.ModeDir:
		kind = "a directory"
	case fs.ModeSymlink:
		kind = "a symbolic link"
	case fs.ModeNamedPipe:
		kind = "a named pipe"
	case fs.ModeDevice:
		kind = "a device"
	}
	return &targetError{t.name, kind}
}

// keep gives the file its name, so that not even a loss of power leaves half of it under that name. Renaming replaces
// what has the name, and does not follow it, should it have come there since the check.
func (t *target) keep() error {
	if err := t.file.Sync(); err != nil {
		return err
	}
	if err := t.file.Close(); err != nil {
		return err
	}
	if err := t.check(); err != nil {
		return err
	}
	return t.folder.Rename(filepath.Base(t.file.Name()), t.name)
}

// abandon removes the file, unless it has its name.
func (t *target) abandon() {
	_ = t.file.Close()
	_ = t.folder.Remove(filepath.Base(t.file.Name()))
	_ = t.folder.Close()
}

// A targetError is something that a download must not replace.
type targetError struct{ name, kind string }

func (e *targetError) Error() string {
	return fmt.Sprintf("%q is %s, which a download does not replace", e.name, e.kind)
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
