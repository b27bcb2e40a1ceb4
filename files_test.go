package quecloud_test

import (
	"bytes"
	"context"
	"io"
	"net/http"
	"testing"

	"github.com/jarcoal/httpmock"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/quecloud/quecloud-go"
)

// A downloader is one of the two methods that write a file.
type downloader func(context.Context, *quecloud.Client, io.Writer) (int64, error)

func download(ctx context.Context, c *quecloud.Client, w io.Writer) (int64, error) {
	return c.Files.Download(ctx, 1312, w)
}

func downloadLatest(ctx context.Context, c *quecloud.Client, w io.Writer) (int64, error) {
	return c.Files.DownloadLatest(ctx, w)
}

// An export is what a downloaded zip file holds.
type export struct {
	bytes int64
	text  string
}

func TestADownloadIsTheFileByteForByte(t *testing.T) {
	t.Parallel()
	for file, get := range map[string]downloader{"file.down.zip": download, "file.last.down.zip": downloadLatest} {
		for _, contentType := range []string{"application/zip", "application/json;charset=UTF-8", ""} {
			content := readFile(t, file)
			answer := httpmock.NewBytesResponder(http.StatusOK, content).HeaderSet(http.Header{"Content-Type": {contentType}})
			var got bytes.Buffer
			n, err := get(t.Context(), newPlatform(answer).client(t), &got)
			require.NoError(t, err)
			assert.EqualValues(t, len(content), n)
			assert.Equal(t, content, got.Bytes())
		}
	}
}

func TestAFailedDownloadIsAnAPIErrorAndWritesNothing(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		file, method, subject, message string
		get                            downloader
	}{
		{"file.down.failed.json", "fc.function.file.down", "1312", "任务不存在", download},
		{"file.last.down.failed.json", "fc.function.file.last.down", "", "没有可下载的文件", downloadLatest},
	} {
		for _, contentType := range []string{"application/json", "application/zip"} {
			answer := answerFile(t, tt.file).HeaderSet(http.Header{"Content-Type": {contentType}})
			var got bytes.Buffer
			n, err := tt.get(t.Context(), newPlatform(answer).client(t), &got)
			var refused *quecloud.APIError
			require.ErrorAs(t, err, &refused)
			assert.Equal(t, &quecloud.APIError{Method: tt.method, Subject: tt.subject, Code: 1, Message: tt.message, HTTPStatus: 200}, refused)
			assert.Zero(t, n)
			assert.Zero(t, got.Len())
		}
	}
}

func TestADownloadThatIsNoFileIsABadAnswer(t *testing.T) {
	t.Parallel()
	for name, answer := range map[string]string{
		"empty": "", "a letter": "P", "an empty object": "{}", "a page": "<html>busy</html>", "a success without a file": `{"resultCode":0}`,
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			var got bytes.Buffer
			n, err := download(t.Context(), newPlatform(answerText(answer)).client(t), &got)
			assert.ErrorAs(t, err, new(*quecloud.ResponseError))
			assert.Zero(t, n)
			assert.Zero(t, got.Len())
		})
	}
}

func TestAListOfTasksThatIsRefusedIsAnAPIError(t *testing.T) {
	t.Parallel()
	tasks, err := newPlatform(answerFile(t, "file.list.failed.json")).client(t).Files.List(t.Context())
	assert.Nil(t, tasks)
	var refused *quecloud.APIError
	require.ErrorAs(t, err, &refused)
	assert.Equal(t, "签名错误", refused.Message)
}

func TestAListOfTasksMayBeEmptyAndMayNotBeMissing(t *testing.T) {
	t.Parallel()
	tasks, err := newPlatform(answerText("[]")).client(t).Files.List(t.Context())
	require.NoError(t, err)
	assert.Empty(t, tasks)

	_, err = newPlatform(answerText(`{"resultCode":0}`)).client(t).Files.List(t.Context())
	assert.ErrorAs(t, err, new(*quecloud.ResponseError))
}

func TestATaskWithoutAnIDMayHaveBeenStarted(t *testing.T) {
	t.Parallel()
	id, err := newPlatform(answerText(`{"resultCode":0}`)).client(t).Files.Start(t.Context())
	assert.Zero(t, id)
	assert.ErrorAs(t, err, new(*quecloud.ResponseError))
	assert.ErrorIs(t, err, quecloud.ErrOutcomeUnknown)
}
