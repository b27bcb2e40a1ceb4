package quecloud

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
)

// A download is the result of a call whose answer is a zip file.
type download struct {
	to io.Writer
	n  int64 // bytes written
}

// receiveFile passes the zip file of an answer on to its writer. An answer that begins like no zip is read as JSON, and
// nothing of it is passed on.
func (c *core) receiveFile(call *call, a *attempt, body *answerBody, d *download) {
	var start [4]byte
	n, err := io.ReadFull(body, start[:])
	if err != nil && err != io.EOF && err != io.ErrUnexpectedEOF {
		a.cut = true
		a.err = call.badAnswer(a, start[:n], fmt.Errorf("it broke off: %w", err))
		return
	}
	rest := io.MultiReader(bytes.NewReader(start[:n]), body)
	if !bytes.HasPrefix(start[:n], []byte("PK")) {
		if c.receiveJSON(call, a, rest, -1, ""); a.err == nil {
			a.answered = false
			a.err = call.badAnswer(a, start[:n], errors.New("it says success and has no file"))
		}
		return
	}
	a.delivered = true
	tail := zipTail{}
	body.timePerRead()
	d.n, err = copyFile(d.to, rest, &tail)
	if err == nil {
		err = tail.check(d.n)
	}
	if err == nil {
		a.answered = true
		return
	}
	var own *writeError
	if errors.As(err, &own) {
		a.err = callError(call.info.Method, fmt.Sprintf("writing after %d bytes", d.n), own.err)
		return
	}
	if !errors.Is(err, io.ErrUnexpectedEOF) {
		err = fmt.Errorf("%w: %w", io.ErrUnexpectedEOF, err)
	}
	a.cut = true
	a.err = call.badAnswer(a, start[:n], fmt.Errorf("the file broke off after %d bytes: %w", d.n, err))
}

// A writeError is an error of the caller's writer.
type writeError struct{ err error }

func (e *writeError) Error() string { return e.err.Error() }

// copyFile copies a file, and shows every piece to tail.
func copyFile(to io.Writer, from io.Reader, tail *zipTail) (n int64, err error) {
	buf := make([]byte, 64<<10)
	for {
		got, err := from.Read(buf)
		if got > 0 {
			tail.add(buf[:got])
			written, err := to.Write(buf[:got])
			n += int64(written)
			if err == nil && written < got {
				err = io.ErrShortWrite
			}
			if err != nil {
				return n, &writeError{err}
			}
		}
		if err == io.EOF {
			return n, nil
		}
		if err != nil {
			return n, err
		}
	}
}

// A zipTail keeps the end of a zip file, where its directory's place and size are written: what is cut off lacks them.
// It fills two pieces of memory in turn, so that every byte is copied once.
type zipTail struct{ before, end []byte }

const (
	zipEndSize    = 22                     // of the record that ends a zip file, without its comment
	zipTailLength = zipEndSize + 1<<16 - 1 // with the longest comment
	zip64Size     = 1<<32 - 1              // stands for a size or place in a record of larger files
	zipEndMagic   = "PK\x05\x06"
)

func (z *zipTail) add(piece []byte) {
	if len(z.end) >= zipTailLength {
		z.before, z.end = z.end, z.before[:0]
	}
	z.end = append(z.end, piece...)
}

// check reports io.ErrUnexpectedEOF unless a file of n bytes has the end that a zip file has.
func (z *zipTail) check(n int64) error {
	end := append(z.before, z.end...)
	for at := len(end) - zipEndSize; at >= max(0, len(end)-zipTailLength); at-- {
		record := end[at:]
		if string(record[:4]) != zipEndMagic || int(binary.LittleEndian.Uint16(record[20:])) != len(record)-zipEndSize {
			continue
		}
		size, place := int64(binary.LittleEndian.Uint32(record[12:])), int64(binary.LittleEndian.Uint32(record[16:]))
		if size == zip64Size || place == zip64Size || place+size == n-int64(len(record)) {
			return nil
		}
	}
	return fmt.Errorf("%w: the end of a zip file is missing", io.ErrUnexpectedEOF)
}
