package main

import (
	"errors"
	"os"

	"golang.org/x/sys/windows"
)

// lock keeps other processes from using a journal at the same time. The lock ends with the process. It covers a byte
// far behind the content, since locks on Windows are mandatory.
func lock(f *os.File) error {
	at := &windows.Overlapped{OffsetHigh: 1 << 30}
	err := windows.LockFileEx(windows.Handle(f.Fd()), windows.LOCKFILE_EXCLUSIVE_LOCK|windows.LOCKFILE_FAIL_IMMEDIATELY,
		0, 1, 0, at)
	if errors.Is(err, windows.ERROR_LOCK_VIOLATION) {
		return errors.New("another process is using it")
	}
	return err
}
