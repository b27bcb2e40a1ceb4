package selftest_test

import (
	"archive/zip"
	"bytes"
	"context"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"runtime"
	"testing"
	"testing/iotest"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/quecloud/quecloud-go"
	"github.com/quecloud/quecloud-go/internal/selftest"
)

func TestDownloadThatBreaksOffFails(t *testing.T) {
	t.Parallel()
	file := selftest.Zip(t, make([]byte, 1<<20), "", zip.Store)
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
				client, err := quecloud.NewClient("000001", selftest.Secret, quecloud.WithBaseURL(server.URL))
				require.NoError(t, err)
				var got bytes.Buffer
				n, err := client.Files.DownloadLatest(t.Context(), &got)
				require.ErrorIs(t, err, io.ErrUnexpectedEOF)
				var bad *quecloud.ResponseError
				require.ErrorAs(t, err, &bad)
				assert.EqualValues(t, at, n)
				assert.Equal(t, at, got.Len())
				assert.Equal(t, 1, calls, "it must not be retried when the writer has a part")
			})
		}
	}
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

func TestDownloadTimeoutLimitsTheTimeWithoutProgress(t *testing.T) {
	t.Parallel()
	file := selftest.Zip(t, make([]byte, 100), "", zip.Store)
	download := func(t *testing.T, wait time.Duration, w io.Writer) (time.Duration, error) {
		client, _ := selftest.Scripted(t, []selftest.Step{{Stream: func(ctx context.Context) io.Reader {
			return &slowReader{iotest.OneByteReader(bytes.NewReader(file)), ctx, wait}
		}}}, quecloud.WithTimeout(10*time.Second), quecloud.WithRetry(quecloud.RetryPolicy{MaxAttempts: 1}))
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
			require.ErrorIs(t, err, quecloud.ErrAttemptTimeout)
			assert.Equal(t, 10*time.Second, took)
		})
	})
	t.Run("stalling in the middle", func(t *testing.T) {
		t.Parallel()
		synctest.Test(t, func(t *testing.T) {
			stream := func(ctx context.Context) io.Reader {
				return io.MultiReader(bytes.NewReader(file[:50]), selftest.StuckBody{Context: ctx})
			}
			step := selftest.Step{Wait: 6 * time.Second, Stream: stream}
			client, _ := selftest.Scripted(t, []selftest.Step{step}, quecloud.WithTimeout(10*time.Second))
			start := time.Now()
			n, err := client.Files.Download(t.Context(), 7, io.Discard)
			require.ErrorIs(t, err, quecloud.ErrAttemptTimeout)
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

func TestDownloadNeedsLittleMemory(t *testing.T) { // not parallel: it measures
	file := selftest.Zip(t, make([]byte, 16<<20), "", zip.Store)
	stream := func(context.Context) io.Reader { return bytes.NewReader(file) }
	client, _ := selftest.Scripted(t, []selftest.Step{{Stream: stream}})
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	_, err := client.Files.Download(t.Context(), 7, io.Discard)
	runtime.ReadMemStats(&after)
	require.NoError(t, err)
	assert.Less(t, after.TotalAlloc-before.TotalAlloc, uint64(2<<20))
}
