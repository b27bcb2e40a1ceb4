package zipfile

import (
	"archive/zip"
	"bytes"
	"context"
	"encoding/binary"
	"fmt"
	"hash/crc32"
	"io"
	"io/fs"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// An entry is a file in a zip file, packed by deflate unless raw.
type entry struct {
	zip.FileHeader
	content string
	raw     []byte // instead of content: what is written, whatever the header says of it
}

func file(name, content string) entry {
	return entry{FileHeader: zip.FileHeader{Name: name, Method: zip.Deflate}, content: content}
}

// zipOf makes a zip file. The name folder| stands for folder/.
func zipOf(t testing.TB, entries ...entry) []byte {
	t.Helper()
	var out bytes.Buffer
	archive := zip.NewWriter(&out)
	for _, e := range entries {
		create := archive.CreateHeader
		if e.raw != nil {
			create = archive.CreateRaw
		}
		w, err := create(&e.FileHeader)
		require.NoError(t, err)
		_, err = w.Write(append(e.raw, e.content...))
		require.NoError(t, err)
	}
	require.NoError(t, archive.Close())
	// archive/zip does not write a folder with contents.
	return bytes.ReplaceAll(out.Bytes(), []byte("folder|"), []byte("folder/"))
}

// announcing returns a file whose entry announces so many bytes.
func announcing(name string, content uint64, raw []byte) entry {
	header := zip.FileHeader{
		Name: name, Method: zip.Store, CRC32: 1, UncompressedSize64: content, CompressedSize64: uint64(len(raw)),
	}
	return entry{FileHeader: header, raw: append([]byte{}, raw...)}
}

// repeated returns a zip file whose directory has the entry of its only file n times, and announces admitted of them.
func repeated(whole []byte, n, admitted int) []byte {
	end := whole[len(whole)-22:]
	start := binary.LittleEndian.Uint32(end[16:])
	one := whole[start : len(whole)-22]
	out := bytes.Clone(whole[:start])
	for range n {
		out = append(out, one...)
	}
	end = bytes.Clone(end)
	binary.LittleEndian.PutUint16(end[8:], uint16(admitted))
	binary.LittleEndian.PutUint16(end[10:], uint16(admitted))
	binary.LittleEndian.PutUint32(end[12:], uint32(admitted*len(one)))
	return append(out, end...)
}

func TestVerifyAcceptsLikelyFiles(t *testing.T) {
	t.Parallel()
	list := strings.Repeat("1064991300001,8986031749203860001\n", 1000)
	stored := entry{FileHeader: zip.FileHeader{Name: "card_list.txt", Method: zip.Store}, content: list}
	folder := entry{FileHeader: zip.FileHeader{Name: "export/"}}
	empty := zip.FileHeader{Name: "folder|", Method: zip.Deflate, CompressedSize64: 2}
	java := entry{FileHeader: empty, raw: []byte("\x03\x00")}
	for name, entries := range map[string][]entry{
		"one file":                      {file("card_list.txt", list)},
		"stored":                        {stored},
		"an empty file":                 {file("card_list.txt", "")},
		"in a folder":                   {folder, file("export/card_list.txt", list)},
		"in a folder as Java writes it": {java, file("export/card_list.txt", list)},
		"several":                       {file("a.txt", list), file("b.txt", ""), file("c.txt", ""), stored},
		"other paths": {
			file("/etc/passwd", "x"), file(`..\..\x`, "x"), file("../../x", "x"), file("", "x"),
		},
		"small, whatever the ratio": {file("card_list.txt", strings.Repeat("x", 1<<20))},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			whole := zipOf(t, entries...)
			assert.NoError(t, Verify(t.Context(), bytes.NewReader(whole), int64(len(whole))))
		})
	}
}

func TestVerifyRejectsBombsAndDamage(t *testing.T) {
	t.Parallel()
	packed := zipOf(t, file("card_list.txt", strings.Repeat("1064991300001\n", 1000)))
	header := zip.FileHeader{Name: "card_list.txt", Flags: 1, UncompressedSize64: 1, CompressedSize64: 1}
	encrypted := entry{FileHeader: header, raw: []byte("x")}
	unknown := announcing("card_list.txt", 4, []byte("data"))
	unknown.Method, unknown.CRC32 = 99, crc32.ChecksumIEEE(unknown.raw)
	unchecked := announcing("card_list.txt", 4, []byte("data"))
	unchecked.CRC32 = 0
	full := announcing("folder|", 4, []byte("data"))
	more := announcing("card_list.txt", 3, []byte("data"))
	less := announcing("card_list.txt", 5, []byte("data"))
	beyond := zipOf(t, announcing("card_list.txt", 4, []byte("data")))
	binary.LittleEndian.PutUint32(beyond[bytes.Index(beyond, []byte("PK\x01\x02"))+20:], 1<<20)
	for name, tt := range map[string]struct {
		file []byte
		text string
	}{
		"one file many times": {
			repeated(packed, 1000, 1000), `the files "card_list.txt" and "card_list.txt" overlap at byte 43`,
		},
		"a quine of two":    {repeated(packed, 2, 2), "overlap"},
		"endless directory": {repeated(packed, 1<<16+1, 1), "its directory is longer than the limit of 1048576 bytes"},
		"too large": {
			zipOf(t, announcing("a.txt", 32<<30+1, nil)),
			`"a.txt" would bring the contents to 34359738369 bytes; the limit is 34359738368`,
		},
		"too large together": {
			zipOf(t, announcing("a", 1<<34, nil), announcing("b", 1<<34, nil), announcing("c", 1, nil)), `"c" would bring`,
		},
		"more than 64 bits": {zipOf(t, announcing("a", 1<<63, nil), announcing("b", 1<<63, nil)), `"a" would bring`},
		"packed too well": {
			zipOf(t, announcing("a", 64<<20+1, make([]byte, 1000))), " times the size of the zip file; the limit is 200 times",
		},
		"encrypted":              {zipOf(t, encrypted), `"card_list.txt" is encrypted`},
		"packed by another way":  {zipOf(t, unknown), "unsupported compression algorithm"},
		"no checksum":            {zipOf(t, unchecked), `"card_list.txt" has no checksum`},
		"a wrong checksum":       {zipOf(t, announcing("a.txt", 4, []byte("data"))), `"a.txt": zip: checksum error`},
		"a folder with contents": {zipOf(t, full), `"folder/": zip: not a valid zip file`},
		"more than announced":    {zipOf(t, more), "not a valid zip file"},
		"less than announced":    {zipOf(t, less), "unexpected EOF"},
		"beyond the end":         {beyond, "unexpected EOF: it ends after the end of the zip file"},
		"nothing":                {zipOf(t), "it has no files"},
		"nothing but a folder": {
			zipOf(t, entry{FileHeader: zip.FileHeader{Name: "card_list.txt/"}}), "it has no files",
		},
		"no zip file": {[]byte("PK\x03\x04"), "not a valid zip file"},
		"a name like a log line": {
			zipOf(t, announcing("a\n\x1b[2J"+strings.Repeat("x", 1000), 4, []byte("data"))), `"a\n\x1b[2Jxxx`,
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			err := Verify(t.Context(), bytes.NewReader(tt.file), int64(len(tt.file)))
			require.ErrorContains(t, err, tt.text)
			assert.Less(t, len(err.Error()), 250)
			_, err = Open(bytes.NewReader(tt.file), int64(len(tt.file)), "none.txt")
			assert.Error(t, err)
		})
	}
}

// countingReader counts the bytes that are read.
type countingReader struct {
	io.ReaderAt
	n int64
}

func (r *countingReader) ReadAt(p []byte, at int64) (int, error) {
	n, err := r.ReaderAt.ReadAt(p, at)
	r.n += int64(n)
	return n, err
}

// The 4.8 MB of this zip file would unpack to 5 TB.
func TestVerifyRejectsABombBeforeReadingIt(t *testing.T) {
	t.Parallel()
	var zeros bytes.Buffer
	archive := zip.NewWriter(&zeros)
	w, err := archive.Create("x")
	require.NoError(t, err)
	_, err = io.CopyN(w, new(endless), 256<<20)
	require.NoError(t, err)
	require.NoError(t, archive.Close())
	bomb := repeated(zeros.Bytes(), 20_000, 20_000)
	r := &countingReader{ReaderAt: bytes.NewReader(bomb)}
	require.Error(t, Verify(t.Context(), r, int64(len(bomb))))
	assert.Less(t, r.n, int64(len(bomb))*2)
}

// endless returns zeros without an end.
type endless struct{}

func (*endless) Read(p []byte) (int, error) { clear(p); return len(p), nil }

func TestVerifyEndsWithItsContext(t *testing.T) {
	t.Parallel()
	whole := zipOf(t, file("card_list.txt", "1"))
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	assert.ErrorIs(t, Verify(ctx, bytes.NewReader(whole), int64(len(whole))), context.Canceled)
}

func TestOpenFindsTheOneFileOfThatName(t *testing.T) {
	t.Parallel()
	link := file("card_list.txt", "/etc/passwd")
	link.SetMode(fs.ModeSymlink | 0o777)
	for name, tt := range map[string]struct {
		entries []entry
		text    string // of the error, or none
	}{
		"alone":           {[]entry{file("card_list.txt", "1")}, ""},
		"in other case":   {[]entry{file("Card_List.TXT", "1")}, ""},
		"in a folder":     {[]entry{file("export/card_list.txt", "1"), file("card_list.txt.bak", "2")}, ""},
		"with backslash":  {[]entry{file(`export\2024\card_list.txt`, "1"), file("readme.txt", "2")}, ""},
		"in a GBK folder": {[]entry{file("\xb5\xbc\xb3\xf6\\card_list.txt", "1")}, ""},
		"beside a folder": {
			[]entry{{FileHeader: zip.FileHeader{Name: "card_list.txt/"}}, file("card_list.txt/card_list.txt", "1")}, "",
		},
		"a folder only": {
			[]entry{{FileHeader: zip.FileHeader{Name: "card_list.txt/"}}},
			`there is no card_list.txt among its 1 files: "card_list.txt/"`,
		},
		"twice": {
			[]entry{file("a/card_list.txt", "1"), file(`b\card_list.txt`, "1")},
			`there are two files card_list.txt in it, "a/card_list.txt" and "b\\card_list.txt"`,
		},
		"another": {
			[]entry{file("a", "1"), file("b", "1"), file("c", "1"), file("d", "1")},
			`there is no card_list.txt among its 4 files: "a", "b", "c"`,
		},
		"a symbolic link": {[]entry{link}, `"card_list.txt" is not a regular file: L`},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			whole := zipOf(t, tt.entries...)
			content, err := Open(bytes.NewReader(whole), int64(len(whole)), "card_list.txt")
			if tt.text != "" {
				require.ErrorContains(t, err, tt.text)
				return
			}
			require.NoError(t, err)
			defer content.Close()
			text, err := io.ReadAll(content)
			require.NoError(t, err)
			assert.Equal(t, "1", string(text))
		})
	}
}

func TestVerifyAcceptsAnyNamesWhateverGODEBUGSays(t *testing.T) {
	t.Setenv("GODEBUG", "zipinsecurepath=0")
	whole := zipOf(t, file(`export\card_list.txt`, "1"))
	assert.NoError(t, Verify(t.Context(), bytes.NewReader(whole), int64(len(whole))))
	_, err := Open(bytes.NewReader(whole), int64(len(whole)), "card_list.txt")
	assert.NoError(t, err)
}

func BenchmarkVerify(b *testing.B) {
	var text strings.Builder
	for i := range 100_000 {
		fmt.Fprintf(&text, "10649%08d,898604310000%08d,460047%09d,中国移动,1G/月,正常\n", i, i, i)
	}
	whole := zipOf(b, file("card_list.txt", text.String()))
	b.SetBytes(int64(text.Len()))
	for b.Loop() {
		if err := Verify(b.Context(), bytes.NewReader(whole), int64(len(whole))); err != nil {
			b.Fatal(err)
		}
	}
	b.ReportMetric(float64(text.Len())/float64(len(whole)), "ratio")
}
