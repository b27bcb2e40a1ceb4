package zipfile

import (
	"cmp"
	"errors"
	"fmt"
	"io/fs"
	"math/rand/v2"
	"os"
	"path/filepath"
)

// A Pending file is written under a temporary name, in the directory of its final name. [Pending.Commit] renames it
// into place. The directory stays open, so that nothing changes when its path does.
type Pending struct {
	*os.File
	folder *os.Root
	name   string // final name
}

// CreatePending creates the file that Commit renames to path. It returns a [*TargetError] if path is anything but a
// regular file.
func CreatePending(path string) (*Pending, error) {
	folder, name := filepath.Split(path)
	if name == "" || name == "." || name == ".." {
		return nil, &TargetError{path, "a directory"}
	}
	root, err := os.OpenRoot(cmp.Or(folder, "."))
	if err != nil {
		return nil, err
	}
	p := &Pending{folder: root, name: name}
	if err = p.checkTarget(); err == nil {
		temporary := fmt.Sprintf(".quecloud-%016x.part", rand.Uint64())
		p.File, err = root.OpenFile(temporary, os.O_RDWR|os.O_CREATE|os.O_EXCL, 0o600)
	}
	if err != nil {
		_ = root.Close()
		return nil, err
	}
	return p, nil
}

// checkTarget returns a TargetError unless the final name is free or that of a regular file.
func (p *Pending) checkTarget() error {
	info, err := p.folder.Lstat(p.name)
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
	return &TargetError{p.name, kind}
}

// Commit syncs and closes the file and renames it to its final name, replacing a regular file there. Syncing first
// keeps a power failure from leaving an incomplete file. Renaming follows no symbolic link that was put there
// meanwhile.
func (p *Pending) Commit() error {
	if err := p.Sync(); err != nil {
		return err
	}
	if err := p.Close(); err != nil {
		return err
	}
	if err := p.checkTarget(); err != nil {
		return err
	}
	return p.folder.Rename(filepath.Base(p.Name()), p.name)
}

// Discard removes the file unless it is committed, and releases everything.
func (p *Pending) Discard() {
	_ = p.Close()
	_ = p.folder.Remove(filepath.Base(p.Name()))
	_ = p.folder.Close()
}

// A TargetError says that a path is something that a download must not replace.
type TargetError struct{ Name, Kind string }

// Error says what stands at the path.
func (e *TargetError) Error() string {
	return fmt.Sprintf("%q is %s, which a download does not replace", e.Name, e.Kind)
}
