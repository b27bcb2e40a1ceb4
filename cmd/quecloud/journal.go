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
	mu   sync.Mutex
	f    *os.File
	sync bool // wait until each entry is on the disk
}

// openJournal opens or creates a journal, locks it and returns the entries in it. A last line that was cut off by a
// crash is removed.
func openJournal[T any](path string, sync bool) (*journal[T], []T, error) {
	if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
		return nil, nil, err
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

func (j *journal[T]) read() ([]T, error) {
	if err := lock(j.f); err != nil {
		return nil, err
	}
	var entries []T
	var end int64 // of the last whole line
	lines := bufio.NewReader(j.f)
	for {
		line, err := lines.ReadBytes('\n')
		if errors.Is(err, io.EOF) {
			break // of a line without an end nothing was done
		}
		if err != nil {
			return nil, err
		}
		end += int64(len(line))
		if len(bytes.TrimSpace(line)) == 0 {
			continue
		}
		var entry T
		in := json.NewDecoder(bytes.NewReader(line))
		in.DisallowUnknownFields()
		if err := in.Decode(&entry); err != nil {
			return nil, fmt.Errorf("line %d is no entry of such a journal: %w", len(entries)+1, err)
		}
		entries = append(entries, entry)
	}
	if err := j.f.Truncate(end); err != nil {
		return nil, err
	}
	_, err := j.f.Seek(end, io.SeekStart)
	return entries, err
}

// add appends entries.
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
	if _, err := j.f.Write(lines); err != nil {
		return fmt.Errorf("journal: %w", err)
	}
	if j.sync {
		return j.f.Sync()
	}
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
