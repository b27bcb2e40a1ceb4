package zipfile

import (
	"bytes"
	"errors"
	"io"
	"slices"
	"strings"
	"testing"
	"testing/iotest"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func TestCopyWritesTheWholeFile(t *testing.T) {
	t.Parallel()
	comment := strings.Repeat("x", 1<<16-1)
	for name, whole := range map[string][]byte{
		"small":                  zipOf(t, file("card_list.txt", "1")),
		"with a comment":         withComment(zipOf(t, file("card_list.txt", "1")), "made today"),
		"with the longest":       withComment(zipOf(t, file("card_list.txt", "1")), comment),
		"with a zip in its end":  withComment(zipOf(t, file("a", "1")), string(zipOf(t, file("b", "2")))),
		"where the buffer wraps": withComment(zipOf(t, stored(400<<10)), comment),
		"of one piece":           zipOf(t, stored(64<<10)),
		"without files":          zipOf(t),
	} {
		require.True(t, IsStart(whole[:4]), name)
		for _, reader := range []func(io.Reader) io.Reader{
			func(r io.Reader) io.Reader { return r }, iotest.HalfReader, iotest.DataErrReader,
		} {
			var got bytes.Buffer
			n, err := Copy(&got, reader(bytes.NewReader(whole)), int64(len(whole)))
			require.NoError(t, err, name)
			assert.EqualValues(t, len(whole), n, name)
			assert.True(t, bytes.Equal(whole, got.Bytes()), name)
		}
	}
}

// stored returns a file of n bytes that is not compressed.
func stored(n int) entry {
	e := file("card_list.txt", strings.Repeat("x", n))
	e.Method = 0
	return e
}

// withComment returns a zip file with a comment, which is at its end.
func withComment(whole []byte, comment string) []byte {
	whole = bytes.Clone(whole)
	whole[len(whole)-2], whole[len(whole)-1] = byte(len(comment)), byte(len(comment)>>8)
	return append(whole, comment...)
}

func TestCopyFindsAMissingEnd(t *testing.T) {
	t.Parallel()
	whole := zipOf(t, stored(1000))
	nested := zipOf(t, entry{FileHeader: stored(0).FileHeader, content: string(whole)})
	for name, part := range map[string][]byte{
		"a part":               whole[:500],
		"all but a byte":       whole[:len(whole)-1],
		"trailing bytes":       append(bytes.Clone(whole), "trailing"...),
		"the end of the inner": nested[:bytes.Index(nested, whole)+len(whole)],
	} {
		var got bytes.Buffer
		n, err := Copy(&got, bytes.NewReader(part), 1<<20)
		require.ErrorIs(t, err, io.ErrUnexpectedEOF, name)
		require.ErrorContains(t, err, "the end of a zip file is missing", name)
		assert.EqualValues(t, len(part), n, name)
		assert.Equal(t, part, got.Bytes(), name)
	}
}

// Large zip files have a record with larger numbers before the end, and a locator of that record.
func TestCopyFindsTheEndOfALargeFile(t *testing.T) {
	t.Parallel()
	whole := zipOf(t, file("card_list.txt", "1"))
	start, end := whole[:len(whole)-endSize], whole[len(whole)-endSize:]
	record := append([]byte("PK\x06\x06"), make([]byte, 52)...)
	located := append([]byte(locator), make([]byte, locatorSize-4)...)
	_, err := Copy(io.Discard, bytes.NewReader(slices.Concat(start, record, located, end)), 1<<20)
	require.NoError(t, err)
	_, err = Copy(io.Discard, bytes.NewReader(slices.Concat(start, record, make([]byte, locatorSize), end)), 1<<20)
	require.ErrorIs(t, err, io.ErrUnexpectedEOF)
	for _, at := range []int{12, 16} { // the size of the directory and its offset
		large := bytes.Clone(end)
		copy(large[at:], "\xff\xff\xff\xff")
		_, err = Copy(io.Discard, bytes.NewReader(slices.Concat(start, make([]byte, 1000), large)), 1<<20)
		require.NoError(t, err)
	}
}

func TestCopyStopsAtTheLimit(t *testing.T) {
	t.Parallel()
	whole := zipOf(t, stored(1<<20))
	var got bytes.Buffer
	n, err := Copy(&got, bytes.NewReader(whole), int64(len(whole))-1)
	require.ErrorIs(t, err, ErrTooLong)
	assert.EqualValues(t, got.Len(), n)
	assert.Less(t, got.Len(), len(whole))
}

// A faultyWriter takes room bytes, says that it took count more, and fails with err.
type faultyWriter struct {
	room, count int
	err         error
}

func (w *faultyWriter) Write(p []byte) (int, error) {
	n := min(len(p), w.room)
	w.room -= n
	if n < len(p) {
		return n + w.count, w.err
	}
	return n, nil
}

func TestCopyReturnsTheErrorOfItsWriter(t *testing.T) {
	t.Parallel()
	whole := zipOf(t, stored(100<<10))
	full := errors.New("disk full")
	for _, test := range []struct {
		w    faultyWriter
		want error
		n    int64
	}{
		{faultyWriter{0, 0, full}, full, 0},
		{faultyWriter{100, 0, full}, full, 100},
		{faultyWriter{100, 0, nil}, io.ErrShortWrite, 100},
		{faultyWriter{0, -1, nil}, io.ErrShortWrite, 0},
		{faultyWriter{0, 1 << 20, nil}, io.ErrShortWrite, 64 << 10},
	} {
		n, err := Copy(&test.w, bytes.NewReader(whole), 1<<20)
		require.ErrorIs(t, err, test.want)
		require.ErrorAs(t, err, new(*WriteError))
		assert.Equal(t, test.want.Error(), err.Error())
		assert.Equal(t, test.n, n)
	}
}

func TestCopyReturnsTheErrorOfItsReader(t *testing.T) {
	t.Parallel()
	whole := zipOf(t, file("card_list.txt", "1"))
	broken := errors.New("broken")
	n, err := Copy(io.Discard, io.MultiReader(bytes.NewReader(whole), iotest.ErrReader(broken)), 1<<20)
	require.ErrorIs(t, err, broken)
	assert.NotErrorAs(t, err, new(*WriteError))
	assert.EqualValues(t, len(whole), n)
}

func TestCopyIsStart(t *testing.T) {
	t.Parallel()
	for start, want := range map[string]bool{
		"PK\x03\x04": true, "PK\x05\x06": true, "PK\x07\x08": true, "PKIX": false, "PK": false, "": false, "{\"re": false,
	} {
		assert.Equal(t, want, IsStart([]byte(start)), "%q", start)
	}
}
