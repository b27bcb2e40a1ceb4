// Package zipfile copies, verifies and opens zip files from an untrusted source. It never extracts files, so it only
// compares and quotes the names in a zip file.
//
// It checks the whole structure against limits before it reads any contents. The limits are generous for a list of ten
// million cards. Contents cannot be longer than their entry announces: archive/zip ensures that.
package zipfile

import (
	"archive/zip"
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"math"
	"slices"
	"strings"
)

// The limits of a zip file.
const (
	maxDirectory = 1 << 20  // bytes of the directory, about 10,000 entries
	maxContent   = 32 << 30 // bytes of all contents: 3 KiB for each of ten million cards
	maxRatio     = 200      // of contents to zip file; lists of cards have 5 to 30
	smallContent = 64 << 20 // bytes of contents without maxRatio: reading them takes a second at most
)

// Verify reads all contents of a zip file of size bytes and verifies their checksums. It ends with ctx.
func Verify(ctx context.Context, r io.ReaderAt, size int64) error {
	entries, err := open(r, size)
	if err != nil {
		return err
	}
	buf := make([]byte, 64<<10)
	files := 0
	for _, e := range entries {
		if err := readAll(ctx, e, buf); err != nil {
			return fmt.Errorf("%s: %w", quoted(e), err)
		}
		if !e.Mode().IsDir() {
			files++
		}
	}
	if files == 0 {
		return errors.New("it has no files")
	}
	return nil
}

// readAll reads a file to its end, where archive/zip verifies the checksum.
func readAll(ctx context.Context, e *zip.File, buf []byte) error {
	content, err := e.Open()
	if err != nil {
		return err
	}
	defer content.Close()
	for {
		if err := ctx.Err(); err != nil {
			return err
		}
		if _, err := content.Read(buf); err == io.EOF {
			return nil
		} else if err != nil {
			return err
		}
	}
}

// Open opens the only file with a name in a zip file of size bytes. Case and folder do not matter.
func Open(r io.ReaderAt, size int64, name string) (io.ReadCloser, error) {
	entries, err := open(r, size)
	if err != nil {
		return nil, err
	}
	var found *zip.File
	for _, e := range entries {
		folders := strings.LastIndexAny(e.Name, `/\`) // some programs for Windows write backslashes
		if e.Mode().IsDir() || !strings.EqualFold(e.Name[folders+1:], name) {
			continue
		}
		if found != nil {
			return nil, fmt.Errorf("there are two files %s in it, %s and %s", name, quoted(found), quoted(e))
		}
		found = e
	}
	switch {
	case found == nil:
		return nil, fmt.Errorf("there is no %s among its %d files%s", name, len(entries), examples(entries))
	case !found.Mode().IsRegular():
		return nil, fmt.Errorf("%s is not a regular file: %s", quoted(found), found.Mode().Type())
	}
	return found.Open()
}

// examples quotes the first entries for an error text.
func examples(entries []*zip.File) string {
	if len(entries) == 0 {
		return ""
	}
	var names []string
	for _, e := range entries[:min(len(entries), 3)] {
		names = append(names, quoted(e))
	}
	return ": " + strings.Join(names, ", ")
}

// open reads and checks the directory of a zip file.
func open(r io.ReaderAt, size int64) ([]*zip.File, error) {
	limited := &directoryReader{ReaderAt: r, remaining: maxDirectory + searchSize}
	archive, err := zip.NewReader(limited, size)
	if err != nil && !errors.Is(err, zip.ErrInsecurePath) { // names are no paths here
		return nil, err
	}
	limited.remaining = math.MaxInt64
	if err := checkContent(archive.File, size); err != nil {
		return nil, err
	}
	return archive.File, checkPlaces(archive.File, size)
}

// checkContent checks the announced contents of the entries.
func checkContent(entries []*zip.File, size int64) error {
	content := uint64(0)
	for _, e := range entries {
		switch {
		case e.Flags&1 != 0:
			return fmt.Errorf("%s is encrypted", quoted(e))
		case e.CRC32 == 0 && e.UncompressedSize64 > 0 && !e.Mode().IsDir(): // archive/zip would verify nothing
			return fmt.Errorf("%s has no checksum", quoted(e))
		}
		if content += e.UncompressedSize64; e.UncompressedSize64 > maxContent || content > maxContent {
			return fmt.Errorf("%s would bring the contents to %d bytes; the limit is %d", quoted(e), content, int64(maxContent))
		}
	}
	if content > smallContent && content > maxRatio*uint64(size) {
		return fmt.Errorf("the contents have %d bytes, %d times the size of the zip file; the limit is %d times",
			content, content/uint64(size), maxRatio)
	}
	return nil
}

// checkPlaces checks that no two entries share bytes of the zip file, so that nothing is read twice.
func checkPlaces(entries []*zip.File, size int64) error {
	type place struct {
		from, to int64
		entry    *zip.File
	}
	var places []place
	for _, e := range entries {
		from, err := e.DataOffset()
		if err != nil {
			return fmt.Errorf("%s: %w", quoted(e), err)
		}
		if e.CompressedSize64 > uint64(size) || from > size-int64(e.CompressedSize64) {
			return fmt.Errorf("%s: %w: it ends after the end of the zip file", quoted(e), io.ErrUnexpectedEOF)
		}
		if e.CompressedSize64 > 0 {
			places = append(places, place{from, from + int64(e.CompressedSize64), e})
		}
	}
	slices.SortFunc(places, func(a, b place) int { return cmp.Compare(a.from, b.from) })
	for i := 1; i < len(places); i++ {
		if a, b := places[i-1], places[i]; a.to > b.from {
			return fmt.Errorf("the files %s and %s overlap at byte %d", quoted(a.entry), quoted(b.entry), b.from)
		}
	}
	return nil
}

// quoted returns the name of an entry for an error text. Names may have 64 KiB and any bytes.
func quoted(e *zip.File) string {
	if len(e.Name) > 100 {
		return fmt.Sprintf("%.100q…", e.Name)
	}
	return fmt.Sprintf("%q", e.Name)
}

// searchSize limits the bytes that archive/zip reads to find the directory.
const searchSize = 128 << 10

// A directoryReader limits how much archive/zip reads of a directory and holds in memory. The announced length and
// number of entries do not: archive/zip reads on while entries follow.
type directoryReader struct {
	io.ReaderAt
	remaining int64
}

// ReadAt reads, and fails when more than the limit is read.
func (r *directoryReader) ReadAt(p []byte, at int64) (int, error) {
	if r.remaining < math.MaxInt64 {
		if r.remaining -= int64(len(p)); r.remaining < 0 {
			return 0, fmt.Errorf("its directory is longer than the limit of %d bytes", maxDirectory)
		}
	}
	return r.ReaderAt.ReadAt(p, at)
}
