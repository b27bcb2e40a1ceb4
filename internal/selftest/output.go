package selftest

import (
	"regexp"
	"strings"
	"sync"
	"testing"
	"time"
)

// An Output collects what a program writes. Tests wait for parts of it.
type Output struct {
	mu      sync.Mutex
	text    strings.Builder
	changed chan struct{} // closed by the next Write; nil: nobody waits
}

// Write implements [io.Writer].
func (o *Output) Write(p []byte) (int, error) {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.text.Write(p)
	if o.changed != nil {
		close(o.changed)
		o.changed = nil
	}
	return len(p), nil
}

// String returns all that was written so far.
func (o *Output) String() string {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.text.String()
}

// Wait waits until a regular expression matches, and returns the first match. The test fails after a minute.
func (o *Output) Wait(t testing.TB, pattern string) string {
	t.Helper()
	wanted := regexp.MustCompile(pattern)
	deadline := time.After(time.Minute)
	for {
		o.mu.Lock()
		if o.changed == nil {
			o.changed = make(chan struct{})
		}
		text, changed := o.text.String(), o.changed
		o.mu.Unlock()
		if match := wanted.FindString(text); match != "" {
			return match
		}
		select {
		case <-changed:
		case <-deadline:
			t.Fatalf("no %s in the output:\n%s", pattern, text)
		}
	}
}
