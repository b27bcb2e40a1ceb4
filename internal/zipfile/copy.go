package zipfile

import (
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"slices"
)

// ErrTooLong is the error of a zip file that exceeds the limit of [Copy].
var ErrTooLong = errors.New("the zip file is too long")

// A WriteError is an error of the writer that [Copy] writes to.
type WriteError struct{ Err error }

// Error returns the text of the writer's error.
func (e *WriteError) Error() string { return e.Err.Error() }

// Unwrap returns the writer's error.
func (e *WriteError) Unwrap() error { return e.Err }

// IsStart reports whether the first four bytes of a file are those of a zip file: of its first entry, of its end if it
// has no entries, or of one part of several. Texts can start with PK too, such as the PKIX errors of Java.
func IsStart(b []byte) bool {
	return slices.Contains([]string{"PK\x03\x04", endMagic, "PK\x07\x08"}, string(b))
}

// Copy copies a zip file of at most limit bytes and checks that it ends like one. n is the number of bytes written,
// even if err is not nil.
func Copy(to io.Writer, from io.Reader, limit int64) (n int64, err error) {
	const piece = 64 << 10
	buf := make([]byte, 8*piece)
	at := 0
	for {
		if at+piece > len(buf) {
			at = copy(buf, buf[at-tailSize:at])
		}
		got, err := from.Read(buf[at : at+piece])
		if n+int64(got) > limit {
			return n, ErrTooLong
		}
		written, writeErr := writePiece(to, buf[at:at+got])
		if n += written; writeErr != nil {
			return n, writeErr
		}
		at += got
		if err == io.EOF {
			return n, checkEnd(buf[:at], n)
		}
		if err != nil {
			return n, err
		}
	}
}

// writePiece writes a piece and corrects impossible counts of the writer.
func writePiece(to io.Writer, piece []byte) (int64, error) {
	if len(piece) == 0 {
		return 0, nil
	}
	written, err := to.Write(piece)
	if err == nil && written != len(piece) {
		err = io.ErrShortWrite
	}
	if err != nil {
		err = &WriteError{err}
	}
	return int64(min(max(written, 0), len(piece))), err
}

// The record at the end of a zip file tells where its directory is and how large. A file that breaks off lacks it.
// Large zip files have a record with larger numbers before it, and a locator of that record.
const (
	endSize     = 22                  // of the last record, without its comment
	tailSize    = endSize + 1<<16 - 1 // with the longest comment
	zip64Size   = 1<<32 - 1           // stands for a size or offset that the record of large files has
	endMagic    = "PK\x05\x06"
	locatorSize = 20
	locator     = "PK\x06\x07"
)

// checkEnd returns io.ErrUnexpectedEOF unless a file of n bytes ends like a zip file.
func checkEnd(tail []byte, n int64) error {
	for at := len(tail) - endSize; at >= max(0, len(tail)-tailSize); at-- {
		record := tail[at:]
		if string(record[:4]) != endMagic || int(binary.LittleEndian.Uint16(record[20:])) != len(record)-endSize {
			continue
		}
		size, offset := int64(binary.LittleEndian.Uint32(record[12:])), int64(binary.LittleEndian.Uint32(record[16:]))
		isLarge := at >= locatorSize && string(tail[at-locatorSize:][:4]) == locator
		if isLarge || size == zip64Size || offset == zip64Size || offset+size == n-int64(len(record)) {
			return nil
		}
	}
	return fmt.Errorf("%w: the end of a zip file is missing", io.ErrUnexpectedEOF)
}
