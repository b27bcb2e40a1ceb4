package quecloud

import (
	"archive/zip"
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"iter"
	"os"
	"path"
	"path/filepath"
	"strings"
)

// DownloadFile downloads the zip file that a finished task has made into a file. The file is there only if err is nil,
// and then it is whole: it is downloaded under another name beside path, its directory and the checksums of all that is
// in it are verified, and it is written to the disk before it gets its name. A file that was there before is replaced
// then, and left alone otherwise. As it is personal data, only its owner may read it. n is its size.
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
	if info, err := os.Stat(path); path == "" || err == nil && info.IsDir() {
		return 0, &ParamError{method, "path", fmt.Sprintf("%q cannot be the name of the file", path)}
	}
	file, err := os.CreateTemp(filepath.Dir(path), "."+filepath.Base(path)+".*.part")
	if err != nil {
		return 0, callError(method, "making the file", err)
	}
	defer os.Remove(file.Name()) // fails once it has got its name
	defer file.Close()

	n, err = s.fetchZip(ctx, taskID, file, settings.progress)
	if err != nil {
		return 0, err
	}
	if err := keepAs(path, file); err != nil {
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
	if err := checkZip(ctx, file, n); err != nil {
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

// keepAs gives a file that is written its name, so that not even a loss of power leaves half of it under that name.
func keepAs(path string, file *os.File) error {
	if err := file.Sync(); err != nil {
		return err
	}
	if err := file.Close(); err != nil {
		return err
	}
	return os.Rename(file.Name(), path)
}

// checkZip reads a whole zip file, as archive/zip verifies a checksum when it comes to the end of what is checked by
// it.
func checkZip(ctx context.Context, r io.ReaderAt, size int64) error {
	archive, err := zip.NewReader(r, size)
	if err != nil {
		return err
	}
	if len(archive.File) == 0 {
		return errors.New("there is nothing in it")
	}
	for _, entry := range archive.File {
		content, err := entry.Open()
		if err == nil {
			_, err = io.Copy(io.Discard, &contextReader{ctx, content})
			content.Close()
		}
		if err != nil {
			return fmt.Errorf("%s: %w", entry.Name, err)
		}
	}
	return nil
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

// A CardListRow is a line of card_list.txt, the list of all cards in the zip file of an export. The vendor does not
// document what its columns are.
type CardListRow struct {
	Line   int      // its number, from 1
	Text   string   // the line as it is, in the encoding that the platform uses
	Fields []string // Text, split
}

// ReadCardList returns an iterator over the lines of card_list.txt in the zip file of an export:
//
//	for row, err := range quecloud.ReadCardList(file, size) { … row.Fields … }
//
// Empty lines are left out, line ends may be LF or CRLF, and a byte order mark of UTF-8 is removed. Fields are split at
// tabs if the first line has any, or else at its commas or semicolons, and trimmed of blanks; quotation marks mean
// nothing. Bytes are not converted: use [unicode/utf8.ValidString], and a decoder for GBK where it says no.
//
// The first error ends the loop. A damaged file can give one after all lines, when the checksum turns out wrong.
func ReadCardList(r io.ReaderAt, size int64) iter.Seq2[CardListRow, error] {
	return func(yield func(CardListRow, error) bool) {
		content, err := openCardList(r, size)
		if err != nil {
			yield(CardListRow{}, fmt.Errorf("quecloud: reading the zip file: %w", err))
			return
		}
		defer content.Close()
		lines := bufio.NewScanner(content)
		lines.Buffer(nil, 1<<20)
		separator := ""
		row := CardListRow{}
		for lines.Scan() {
			row.Line++
			row.Text = lines.Text()
			if row.Line == 1 {
				row.Text = strings.TrimPrefix(row.Text, "\ufeff")
			}
			if strings.TrimSpace(row.Text) == "" {
				continue
			}
			if separator == "" {
				separator = separatorOf(row.Text)
			}
			row.Fields = strings.Split(row.Text, separator)
			for i := range row.Fields {
				row.Fields[i] = strings.Trim(row.Fields[i], " ")
			}
			if !yield(row, nil) {
				return
			}
		}
		if err := lines.Err(); err != nil {
			yield(CardListRow{}, fmt.Errorf("quecloud: reading %s after line %d: %w", cardListName, row.Line, err))
		}
	}
}

const cardListName = "card_list.txt"

// openCardList opens the list in a zip file, in whatever folder it is.
func openCardList(r io.ReaderAt, size int64) (io.ReadCloser, error) {
	archive, err := zip.NewReader(r, size)
	if err != nil {
		return nil, err
	}
	for _, entry := range archive.File {
		if strings.EqualFold(path.Base(entry.Name), cardListName) {
			return entry.Open()
		}
	}
	return nil, fmt.Errorf("there is no %s among its %d files", cardListName, len(archive.File))
}

// separatorOf is what separates the fields of a line. None of these bytes is ever a part of a character of GBK.
func separatorOf(line string) string {
	for _, separator := range []string{"\t", ",", ";"} {
		if strings.Contains(line, separator) {
			return separator
		}
	}
	return "\t"
}
