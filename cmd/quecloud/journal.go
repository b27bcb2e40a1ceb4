package main

import (
	"bufio"
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"time"
)

// A journal is a file of JSON lines to which a command appends what it does before and after it does it. A run that
// died can be resumed from it.
type journal[T any] struct {
	path string
	sync bool // wait until each entry is on the disk
	mu   sync.Mutex
	f    *os.File
	end  int64 // of the last whole line
}

// openJournal opens or creates a journal, locks it and returns the entries in it. A last line that was cut off by a
// crash is removed.
func openJournal[T any](path string, sync bool) (*journal[T], []T, error) {
	if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
		return nil, nil, err
	}
	if info, err := os.Stat(path); err == nil && !info.Mode().IsRegular() {
		return nil, nil, fmt.Errorf("journal %s: it is no file", path)
	}
	f, err := os.OpenFile(path, os.O_RDWR|os.O_CREATE, 0o600)
	if err != nil {
		return nil, nil, err
	}
	j := &journal[T]{path: path, f: f, sync: sync}
	entries, err := j.read()
	if err != nil {
		return nil, nil, errors.Join(fmt.Errorf("journal %s: %w", path, err), f.Close())
	}
	return j, entries, nil
}

// readJournal returns the entries of a journal, which it neither creates nor changes.
func readJournal[T any](path string) ([]T, error) {
	f, err := os.Open(path)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	defer f.Close()
	entries, _, err := entriesOf[T](f)
	if err != nil {
		return nil, fmt.Errorf("journal %s: %w", path, err)
	}
	return entries, nil
}

// entriesOf reads entries, and returns where the last whole line ends. Of a line without an end nothing was done.
func entriesOf[T any](r io.Reader) (entries []T, end int64, err error) {
	lines := bufio.NewReader(r)
	for n := 1; ; n++ {
		line, err := lines.ReadBytes('\n')
		if errors.Is(err, io.EOF) {
			return entries, end, nil
		}
		if err != nil {
			return nil, 0, err
		}
		end += int64(len(line))
		if len(bytes.TrimSpace(line)) == 0 {
			continue
		}
		var entry T
		in := json.NewDecoder(bytes.NewReader(line))
		in.DisallowUnknownFields()
		if err := in.Decode(&entry); err != nil {
			return nil, 0, fmt.Errorf("line %d is no entry of such a journal: %w", n, err)
		}
		entries = append(entries, entry)
	}
}

func (j *journal[T]) read() (entries []T, err error) {
	if err := lock(j.f); err != nil {
		return nil, err
	}
	if entries, j.end, err = entriesOf[T](j.f); err != nil {
		return nil, err
	}
	return entries, j.cut()
}

// cut removes what stands after the last whole line.
func (j *journal[T]) cut() error {
	if err := j.f.Truncate(j.end); err != nil {
		return err
	}
	_, err := j.f.Seek(j.end, io.SeekStart)
	return err
}

// add appends entries. After a failure none of them is in the journal, as far as the disk allows.
func (j *journal[T]) add(entries ...T) error {
	var lines []byte
	for _, entry := range entries {
		line, err := marshal(entry)
		if err != nil {
			return err
		}
		lines = append(append(lines, line...), '\n')
	}
	j.mu.Lock()
	defer j.mu.Unlock()
	_, err := j.f.Write(lines)
	if err == nil && j.sync {
		err = j.f.Sync()
	}
	if err != nil {
		return errors.Join(fmt.Errorf("journal: %w", err), j.cut())
	}
	j.end += int64(len(lines))
	return nil
}

func (j *journal[T]) Close() error { return j.f.Close() }

// stateFile returns the path of a file for what must survive a run.
func (a *app) stateFile(name string) (string, error) {
	dir := a.getenv("QUECLOUD_STATE")
	if dir == "" {
		home, err := os.UserConfigDir()
		if err != nil {
			return "", err
		}
		dir = filepath.Join(home, "quecloud", "state")
	}
	return filepath.Join(dir, name), nil
}

// newJournalPath returns the path of a new journal for a command.
func (a *app) newJournalPath(command string, now time.Time) (string, error) {
	name := strings.ReplaceAll(command, " ", "-") + "-" + now.Format("20060102-150405")
	for i := 1; ; i++ {
		path, err := a.stateFile(fmt.Sprintf("%s-%d.jsonl", name, i))
		if err != nil {
			return "", err
		}
		if _, err := os.Stat(path); errors.Is(err, fs.ErrNotExist) {
			return path, nil
		}
	}
}
