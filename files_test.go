package quecloud_test

import (
	"archive/zip"
	"bytes"
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"net"
	"net/http"
	"strings"
	"testing"
	"testing/iotest"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/quecloud/quecloud-go"
	"github.com/quecloud/quecloud-go/internal/selftest"
)

// A downloader is one of the two methods that write a file.
type downloader func(context.Context, *quecloud.Client, io.Writer) (int64, error)

func download(ctx context.Context, c *quecloud.Client, w io.Writer) (int64, error) {
	return c.Files.Download(ctx, 1312, w)
}

func downloadLatest(ctx context.Context, c *quecloud.Client, w io.Writer) (int64, error) {
	return c.Files.DownloadLatest(ctx, w)
}

// zipped returns a zip file of contents that cannot be compressed.
func zipped(t *testing.T, size int) []byte {
	t.Helper()
	contents := make([]byte, size)
	_, _ = rand.NewChaCha8([32]byte{1}).Read(contents)
	return selftest.Zip(t, contents, "", zip.Deflate)
}

func TestDownloadCopiesTheFileByteForByte(t *testing.T) {
	t.Parallel()
	for name, file := range map[string][]byte{
		"file.down.zip":      selftest.Fixture(t, "file.down.zip"),
		"file.last.down.zip": selftest.Fixture(t, "file.last.down.zip"),
		"large":              zipped(t, 1<<20),
		"without files":      []byte("PK\x05\x06" + strings.Repeat("\x00", 18)),
	} {
		for method, get := range map[string]downloader{"file.down": download, "file.last.down": downloadLatest} {
			for _, contentType := range []string{"application/zip", "application/json;charset=UTF-8", ""} {
				client, platform := selftest.Scripted(t, []selftest.Step{{
					Header: http.Header{"Content-Type": {contentType}},
					Stream: func(context.Context) io.Reader { return iotest.HalfReader(bytes.NewReader(file)) },
				}})
				var got bytes.Buffer
				n, err := get(t.Context(), client, &got)
				require.NoError(t, err, name)
				assert.EqualValues(t, len(file), n, name)
				assert.True(t, bytes.Equal(file, got.Bytes()), name)
				assert.Equal(t, "fc.function."+method, platform.Request(t, 0).Form.Get("method"))
			}
		}
	}
	client, _ := selftest.Scripted(t, []selftest.Step{{
		Stream: func(context.Context) io.Reader { return iotest.OneByteReader(bytes.NewReader(zipped(t, 1000))) },
	}})
	n, err := download(t.Context(), client, io.Discard)
	require.NoError(t, err)
	assert.EqualValues(t, len(zipped(t, 1000)), n)
}

func TestDownloadRefusedIsAnAPIErrorAndWritesNothing(t *testing.T) {
	t.Parallel()
	const down, last = "fc.function.file.down", "fc.function.file.last.down"
	for _, test := range []struct {
		body string
		get  downloader
		want quecloud.APIError
	}{
		{
			string(selftest.Fixture(t, "file.down.failed.json")), download,
			quecloud.APIError{Method: down, Subject: "1312", Code: 1, Message: "任务不存在", HTTPStatus: 200},
		},
		{
			string(selftest.Fixture(t, "file.last.down.failed.json")), downloadLatest,
			quecloud.APIError{Method: last, Code: 1, Message: "没有可下载的文件", HTTPStatus: 200},
		},
		{` { "resultCode" : "1" }`, downloadLatest, quecloud.APIError{Method: last, Code: 1, HTTPStatus: 200}},
	} {
		for _, contentType := range []string{"application/json", "application/zip"} {
			header := http.Header{"Content-Type": {contentType}}
			client, platform := selftest.Scripted(t, []selftest.Step{{Header: header, Body: test.body}})
			var got bytes.Buffer
			n, err := test.get(t.Context(), client, &got)
			var refused *quecloud.APIError
			require.ErrorAs(t, err, &refused)
			assert.Equal(t, test.want, *refused)
			assert.Zero(t, n)
			assert.Zero(t, got.Len())
			assert.Equal(t, 1, platform.Attempts())
		}
	}
}

func TestDownloadWithoutAFileIsAResponseErrorAndWritesNothing(t *testing.T) {
	t.Parallel()
	for name, step := range map[string]selftest.Step{
		"a web page":                 {Body: selftest.HTMLPage},
		"nothing":                    {},
		"a letter":                   {Body: "P"},
		"an empty object":            {Body: "{}"},
		"a success without a file":   {Body: `{"resultCode":0}`},
		"a file with status 500":     {Status: 500, Body: "PK\x03\x04"},
		"a page with status 404":     {Status: 404, Body: selftest.HTMLPage},
		"a redirect":                 {Status: 302, Header: http.Header{"Location": {"https://elsewhere.example"}}},
		"a list":                     {Body: `[]`},
		"a text that starts with PK": {Body: "PKIX path building failed"},
		"the first bytes of a zip":   {Body: "PK"},
	} {
		client, _ := selftest.Scripted(t, []selftest.Step{step})
		var got bytes.Buffer
		n, err := download(t.Context(), client, &got)
		require.ErrorAs(t, err, new(*quecloud.ResponseError), name)
		assert.NotErrorAs(t, err, new(*quecloud.APIError), name)
		assert.Zero(t, n, name)
		assert.Zero(t, got.Len(), name)
	}
}

func TestDownloadIsRetriedBeforeItsFirstByteOnly(t *testing.T) {
	t.Parallel()
	file := string(zipped(t, 1000))
	broken := func(part string) selftest.Step {
		return selftest.Step{Stream: func(context.Context) io.Reader {
			return io.MultiReader(strings.NewReader(part), iotest.ErrReader(net.ErrClosed))
		}}
	}
	t.Run("before", func(t *testing.T) {
		t.Parallel()
		steps := []selftest.Step{{Status: 503}, {Err: net.ErrClosed}, broken(""), {Body: file}}
		client, platform := selftest.Scripted(t, steps)
		var got bytes.Buffer
		n, err := client.Files.Download(t.Context(), 7, &got)
		require.NoError(t, err)
		assert.EqualValues(t, len(file), n)
		assert.Equal(t, file, got.String())
		assert.Equal(t, 4, platform.Attempts())
	})
	t.Run("after", func(t *testing.T) {
		t.Parallel()
		client, platform := selftest.Scripted(t, []selftest.Step{broken(file[:100]), {Body: file}})
		var got bytes.Buffer
		n, err := client.Files.Download(t.Context(), 7, &got)
		require.ErrorIs(t, err, net.ErrClosed)
		require.ErrorIs(t, err, io.ErrUnexpectedEOF)
		require.ErrorContains(t, err, "broke off after 100 bytes")
		assert.EqualValues(t, 100, n)
		assert.Equal(t, file[:100], got.String())
		assert.Equal(t, 1, platform.Attempts())
	})
}

// A limitedWriter writes room bytes and then fails. If err is nil, it writes less without an error.
type limitedWriter struct {
	room int
	err  error
}

func (w *limitedWriter) Write(p []byte) (int, error) {
	n := min(len(p), w.room)
	w.room -= n
	if n < len(p) {
		return n, w.err
	}
	return n, nil
}

func TestDownloadReturnsTheErrorOfItsWriter(t *testing.T) {
	t.Parallel()
	file := string(zipped(t, 1000))
	full := errors.New("disk full")
	for _, room := range []int{0, 100} {
		for _, writeErr := range []error{full, nil} {
			client, platform := selftest.Scripted(t, []selftest.Step{{Body: file}})
			n, err := download(t.Context(), client, &limitedWriter{room, writeErr})
			require.ErrorIs(t, err, cmp.Or(writeErr, io.ErrShortWrite))
			assert.NotErrorAs(t, err, new(*quecloud.ResponseError), "the response was good")
			assert.ErrorContains(t, err, fmt.Sprintf("writing after %d bytes", room))
			assert.EqualValues(t, room, n)
			assert.Equal(t, 1, platform.Attempts())
		}
	}
	client, platform := selftest.Scripted(t, []selftest.Step{{Body: file}})
	_, err := download(t.Context(), client, nil)
	require.ErrorAs(t, err, new(*quecloud.ParamError))
	assert.Zero(t, platform.Attempts())
}

// zeros returns n bytes that start like a zip file.
func zeros(n int64) io.Reader {
	endless := readerFunc(func(p []byte) (int, error) { return len(p), nil })
	return io.MultiReader(strings.NewReader("PK\x03\x04"), io.LimitReader(endless, n-4))
}

type readerFunc func([]byte) (int, error)

func (f readerFunc) Read(p []byte) (int, error) { return f(p) }

// internal/zipfile tests that a file of exactly the limit is accepted.
func TestDownloadHasALimit(t *testing.T) {
	t.Parallel()
	const limit = int64(4 << 30)
	stream := func(context.Context) io.Reader { return zeros(limit + 1) }
	client, platform := selftest.Scripted(t, []selftest.Step{{Stream: stream}})
	n, err := download(t.Context(), client, io.Discard)
	require.ErrorAs(t, err, new(*quecloud.ResponseError))
	require.ErrorContains(t, err, "the file is longer than the limit of 4294967296 bytes")
	require.NotErrorIs(t, err, io.ErrUnexpectedEOF)
	assert.LessOrEqual(t, n, limit)
	assert.Greater(t, n, limit-1<<20)
	assert.Equal(t, 1, platform.Attempts(), "the file would be as long again")
}

func TestFileListRefusedIsAnAPIError(t *testing.T) {
	t.Parallel()
	tasks, err := selftest.FilePlatform(t, "file.list.failed.json").Client(t).Files.List(t.Context())
	assert.Nil(t, tasks)
	var refused *quecloud.APIError
	require.ErrorAs(t, err, &refused)
	assert.Equal(t, "签名错误", refused.Message)
}

func TestFileListMayBeEmptyButNotMissing(t *testing.T) {
	t.Parallel()
	tasks, err := selftest.TextPlatform("[]").Client(t).Files.List(t.Context())
	require.NoError(t, err)
	assert.Empty(t, tasks)

	_, err = selftest.TextPlatform(`{"resultCode":0}`).Client(t).Files.List(t.Context())
	assert.ErrorAs(t, err, new(*quecloud.ResponseError))
}

func TestFileStartWithoutATaskIDIsInDoubt(t *testing.T) {
	t.Parallel()
	id, err := selftest.TextPlatform(`{"resultCode":0}`).Client(t).Files.Start(t.Context())
	assert.Zero(t, id)
	assert.ErrorAs(t, err, new(*quecloud.ResponseError))
	assert.ErrorIs(t, err, quecloud.ErrOutcomeUnknown)
}
