package quecloud

import (
	"archive/zip"
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"runtime"
	"strings"
	"testing"
	"testing/iotest"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// zipped returns a zip file with random contents, which do not become smaller, and a comment.
func zipped(t *testing.T, size int, comment string) []byte {
	t.Helper()
	contents := make([]byte, size)
	random := rand.NewChaCha8([32]byte{1})
	_, _ = random.Read(contents)
	return zipOf(t, contents, comment, zip.Deflate)
}

func zipOf(t *testing.T, contents []byte, comment string, method uint16) []byte {
	t.Helper()
	var file bytes.Buffer
	w := zip.NewWriter(&file)
	entry, err := w.CreateHeader(&zip.FileHeader{Name: "card_list.txt", Method: method})
	require.NoError(t, err)
	_, err = entry.Write(contents)
	require.NoError(t, err)
	require.NoError(t, w.SetComment(comment))
	require.NoError(t, w.Close())
	return file.Bytes()
}

func TestADownloadIsPassedOnAsItIs(t *testing.T) {
	t.Parallel()
	recorded, err := os.ReadFile("testdata/file.down.zip")
	require.NoError(t, err)
	for name, file := range map[string][]byte{
		"recorded":              recorded,
		"large":                 zipped(t, 1<<20, ""),
		"with a comment":        zipped(t, 100, "made today"),
		"with the longest":      zipped(t, 1<<17, strings.Repeat("x", 1<<16-1)),
		"with a zip in its end": zipped(t, 100, string(zipped(t, 10, ""))),
		"without files":         []byte("PK\x05\x06" + strings.Repeat("\x00", 18)),
		"with a zip in it":      zipOf(t, zipped(t, 1000, ""), "", zip.Store),
		"as large as a piece":   zipped(t, 64<<10, ""),
		"with a comment where the buffer is full": zipped(t, 400<<10, strings.Repeat("x", 1<<16-1)),
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			for _, small := range []bool{false, len(file) < 1<<19} {
				client, s := newScripted(t, []scriptStep{{stream: func(context.Context) io.Reader {
					if small {
						return iotest.OneByteReader(bytes.NewReader(file))
					}
					return bytes.NewReader(file)
				}}})
				var got bytes.Buffer
				n, err := client.Files.Download(t.Context(), 7, &got)
				require.NoError(t, err)
				assert.EqualValues(t, len(file), n)
				assert.True(t, bytes.Equal(file, got.Bytes()))
				assert.Equal(t, "7", s.forms[0].Get("taskId"))
			}
		})
	}
}

func TestADownloadThatBreaksOffIsNoSuccess(t *testing.T) {
	t.Parallel()
	file := zipped(t, 1<<20, "")
	for _, length := range []string{"Content-Length", "chunked", "none"} {
		for _, at := range []int{4, 22, 1000, len(file) / 2, len(file) - 23, len(file) - 1} {
			t.Run(fmt.Sprint(length, at), func(t *testing.T) {
				t.Parallel()
				var calls int
				server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
					calls++
					_, _ = io.Copy(io.Discard, r.Body)
					conn, buf, err := http.NewResponseController(w).Hijack()
					if !assert.NoError(t, err) {
						return
					}
					defer conn.Close()
					fmt.Fprint(buf, "HTTP/1.1 200 OK\r\nConnection: close\r\n")
					switch length {
					case "Content-Length":
						fmt.Fprintf(buf, "Content-Length: %d\r\n\r\n%s", len(file), file[:at])
					case "chunked":
						fmt.Fprintf(buf, "Transfer-Encoding: chunked\r\n\r\n%x\r\n%s", len(file), file[:at])
					default:
						fmt.Fprintf(buf, "\r\n%s", file[:at])
					}
					_ = buf.Flush()
				}))
				t.Cleanup(server.Close)
				client, err := NewClient("000001", testSecret, WithBaseURL(server.URL))
				require.NoError(t, err)
				var got bytes.Buffer
				n, err := client.Files.DownloadLatest(t.Context(), &got)
				require.ErrorIs(t, err, io.ErrUnexpectedEOF)
				var bad *ResponseError
				require.ErrorAs(t, err, &bad)
				assert.EqualValues(t, at, n)
				assert.Equal(t, at, got.Len())
				assert.Equal(t, 1, calls, "it must not be repeated when the writer has a part")
			})
		}
	}
}

func TestAFileCutBehindAnEarlierEndRecordIsNoSuccess(t *testing.T) {
	t.Parallel()
	inner := zipped(t, 1000, "")
	outer := zipOf(t, inner, "", zip.Store)
	end := bytes.Index(outer, inner) + len(inner)
	client, _ := newScripted(t, []scriptStep{{body: string(outer[:end])}})
	_, err := client.Files.Download(t.Context(), 7, io.Discard)
	require.ErrorIs(t, err, io.ErrUnexpectedEOF)
	require.ErrorContains(t, err, "the end of a zip file is missing")

	longer := string(outer) + "trailing bytes"
	client, _ = newScripted(t, []scriptStep{{body: longer}})
	_, err = client.Files.Download(t.Context(), 7, io.Discard)
	require.ErrorIs(t, err, io.ErrUnexpectedEOF)
}

func TestADownloadThatIsNoFileWritesNothing(t *testing.T) {
	t.Parallel()
	t.Run("a refusal", func(t *testing.T) {
		t.Parallel()
		for _, body := range []string{`{"resultCode":1,"errorMessage":"文件不存在"}`, ` { "resultCode" : "1" }`} {
			client, s := newScripted(t, []scriptStep{{body: body, header: http.Header{"Content-Type": {"application/zip"}}}})
			var got bytes.Buffer
			n, err := client.Files.Download(t.Context(), 7, &got)
			var refused *APIError
			require.ErrorAs(t, err, &refused)
			assert.Equal(t, 1, refused.Code)
			assert.Zero(t, n)
			assert.Zero(t, got.Len())
			assert.Equal(t, 1, s.tries)
		}
	})
	for name, step := range map[string]scriptStep{
		"a page":                        {body: htmlPage},
		"nothing":                       {},
		"a letter":                      {body: "P"},
		"a success without a file":      {body: `{"resultCode":0}`},
		"a file with status 500":        {status: 500, body: "PK\x03\x04"},
		"a page with status 404":        {status: 404, body: htmlPage},
		"a redirect":                    {status: 302, header: http.Header{"Location": {"https://elsewhere.example"}}},
		"a list":                        {body: `[]`},
		"a text that begins like a zip": {body: "PKIX path building failed"},
		"the beginning of a zip":        {body: "PK"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			client, _ := newScripted(t, []scriptStep{step})
			var got bytes.Buffer
			_, err := client.Files.Download(t.Context(), 7, &got)
			require.ErrorAs(t, err, new(*ResponseError))
			assert.NotErrorAs(t, err, new(*APIError))
			assert.Zero(t, got.Len())
		})
	}
}

func TestADownloadIsRepeatedBeforeItsFirstByteOnly(t *testing.T) {
	t.Parallel()
	file := string(zipped(t, 1000, ""))
	broken := func(part string) scriptStep {
		return scriptStep{stream: func(context.Context) io.Reader {
			return io.MultiReader(strings.NewReader(part), iotest.ErrReader(net.ErrClosed))
		}}
	}
	t.Run("before", func(t *testing.T) {
		t.Parallel()
		client, s := newScripted(t, []scriptStep{{status: 503}, {err: net.ErrClosed}, broken(""), {body: file}})
		var got bytes.Buffer
		n, err := client.Files.Download(t.Context(), 7, &got)
		require.NoError(t, err)
		assert.EqualValues(t, len(file), n)
		assert.Equal(t, file, got.String())
		assert.Equal(t, 4, s.tries)
	})
	t.Run("after", func(t *testing.T) {
		t.Parallel()
		client, s := newScripted(t, []scriptStep{broken(file[:100]), {body: file}})
		var got bytes.Buffer
		n, err := client.Files.Download(t.Context(), 7, &got)
		require.ErrorIs(t, err, net.ErrClosed)
		require.ErrorIs(t, err, io.ErrUnexpectedEOF)
		require.ErrorContains(t, err, "broke off after 100 bytes")
		assert.EqualValues(t, 100, n)
		assert.Equal(t, file[:100], got.String())
		assert.Equal(t, 1, s.tries)
	})
}

// limited is a writer that takes so many bytes and then fails, or with a nil error writes less than it was given.
type limited struct {
	room int
	err  error
}

func (w *limited) Write(p []byte) (int, error) {
	n := min(len(p), w.room)
	w.room -= n
	if n < len(p) {
		return n, w.err
	}
	return n, nil
}

// miscounting is a writer that tells wrong numbers.
type miscounting int

func (n miscounting) Write([]byte) (int, error) { return int(n), nil }

func TestAFailingWriterEndsADownloadWithItsOwnError(t *testing.T) {
	t.Parallel()
	file := string(zipped(t, 1000, ""))
	full := errors.New("disk full")
	for _, room := range []int{0, 100} {
		for _, want := range []error{full, io.ErrShortWrite} {
			w := &limited{room: room}
			if errors.Is(want, full) {
				w.err = full
			}
			client, s := newScripted(t, []scriptStep{{body: file}})
			n, err := client.Files.Download(t.Context(), 7, w)
			require.ErrorIs(t, err, want)
			assert.NotErrorAs(t, err, new(*ResponseError), "the answer was fine")
			assert.EqualValues(t, room, n)
			assert.Equal(t, 1, s.tries)
		}
	}
	for _, wrong := range []int{-1, 1 << 20} {
		client, _ := newScripted(t, []scriptStep{{body: file}})
		_, err := client.Files.Download(t.Context(), 7, miscounting(wrong))
		require.ErrorIs(t, err, io.ErrShortWrite)
	}
	client, s := newScripted(t, []scriptStep{{body: file}})
	_, err := client.Files.Download(t.Context(), 7, nil)
	require.ErrorAs(t, err, new(*ParamError))
	assert.Zero(t, s.tries)
}

func TestADownloadHasALimit(t *testing.T) {
	t.Parallel()
	client, err := NewClient("000001", testSecret)
	require.NoError(t, err)
	assert.Equal(t, int64(4<<30), client.core.maxFile)

	file := string(zipped(t, 1<<20, ""))
	client, s := newScripted(t, []scriptStep{{body: file}, {body: file}})
	client.core.maxFile = int64(len(file))
	_, err = client.Files.Download(t.Context(), 7, io.Discard)
	require.NoError(t, err)

	client.core.maxFile--
	var got bytes.Buffer
	n, err := client.Files.Download(t.Context(), 7, &got)
	require.ErrorAs(t, err, new(*ResponseError))
	require.ErrorContains(t, err, fmt.Sprintf("the file is longer than the limit of %d bytes", len(file)-1))
	require.NotErrorIs(t, err, io.ErrUnexpectedEOF)
	assert.EqualValues(t, got.Len(), n)
	assert.Less(t, got.Len(), len(file))
	assert.Equal(t, 2, s.tries, "it would be as long again")
}

// slowReader sleeps before every read, unless the attempt ends.
type slowReader struct {
	io.Reader
	ctx  context.Context
	wait time.Duration
}

func (r *slowReader) Read(p []byte) (int, error) {
	select {
	case <-time.After(r.wait):
		return r.Reader.Read(p)
	case <-r.ctx.Done():
		return 0, r.ctx.Err()
	}
}

type slowWriter struct{ wait time.Duration }

func (w slowWriter) Write(p []byte) (int, error) {
	time.Sleep(w.wait)
	return len(p), nil
}

func TestTheTimeoutOfADownloadIsThatOfItsProgress(t *testing.T) {
	t.Parallel()
	file := zipped(t, 100, "")
	download := func(t *testing.T, wait time.Duration, w io.Writer) (time.Duration, error) {
		client, _ := newScripted(t, []scriptStep{{stream: func(ctx context.Context) io.Reader {
			return &slowReader{iotest.OneByteReader(bytes.NewReader(file)), ctx, wait}
		}}}, WithTimeout(10*time.Second), WithRetry(RetryPolicy{MaxAttempts: 1}))
		start := time.Now()
		_, err := client.Files.Download(t.Context(), 7, w)
		return time.Since(start), err
	}
	t.Run("long, with progress", func(t *testing.T) {
		t.Parallel()
		synctest.Test(t, func(t *testing.T) {
			took, err := download(t, 2*time.Second, io.Discard)
			require.NoError(t, err)
			assert.Greater(t, took, 2*time.Minute)
		})
	})
	t.Run("without progress", func(t *testing.T) {
		t.Parallel()
		synctest.Test(t, func(t *testing.T) {
			took, err := download(t, 11*time.Second, io.Discard)
			require.ErrorIs(t, err, ErrAttemptTimeout)
			assert.Equal(t, 10*time.Second, took)
		})
	})
	t.Run("stalling in the middle", func(t *testing.T) {
		t.Parallel()
		synctest.Test(t, func(t *testing.T) {
			client, _ := newScripted(t, []scriptStep{{wait: 6 * time.Second, stream: func(ctx context.Context) io.Reader {
				return io.MultiReader(bytes.NewReader(file[:50]), stuck{ctx})
			}}}, WithTimeout(10*time.Second))
			start := time.Now()
			n, err := client.Files.Download(t.Context(), 7, io.Discard)
			require.ErrorIs(t, err, ErrAttemptTimeout)
			assert.EqualValues(t, 50, n)
			assert.Equal(t, 16*time.Second, time.Since(start))
		})
	})
	t.Run("a writer that is slow", func(t *testing.T) {
		t.Parallel()
		synctest.Test(t, func(t *testing.T) {
			_, err := download(t, time.Second, slowWriter{time.Minute})
			require.NoError(t, err, "the time is the platform's, not the caller's")
		})
	})
}

func TestADownloadNeedsLittleMemory(t *testing.T) { // not parallel: it measures
	file := zipOf(t, make([]byte, 16<<20), "", zip.Store)
	client, _ := newScripted(t, []scriptStep{{stream: func(context.Context) io.Reader { return bytes.NewReader(file) }}})
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	_, err := client.Files.Download(t.Context(), 7, io.Discard)
	runtime.ReadMemStats(&after)
	require.NoError(t, err)
	assert.Less(t, after.TotalAlloc-before.TotalAlloc, uint64(2<<20))
}
