package selftest

import (
	"archive/zip"
	"bytes"
	"context"
	"io"

	"github.com/quecloud/quecloud-go"
)

var fileCases = []MethodCase{
	{
		Method: "file.card.get",
		Call:   func(ctx context.Context, c *quecloud.Client) (any, error) { return result(c.Files.Start(ctx)) },
		Want:   int64(1),
	},
	{
		Method: "file.status",
		Call:   fileStatus,
		Form:   map[string]string{"taskId": "1312"},
		Want:   quecloud.FileTaskDone,
	},
	{
		Method: "file.status", Name: "of a running task",
		File: "file.status.running.json",
		Call: fileStatus,
		Form: map[string]string{"taskId": "1312"},
		Want: quecloud.FileTaskRunning,
	},
	{
		Method: "file.down",
		File:   "file.down.zip",
		Call:   unzipped(download),
		Form:   map[string]string{"taskId": "1312"},
		Want:   Export{166, "1064991300001,8986031749203860001\r\n1064991300002,8986031749203860002\r\n"},
	},
	{
		Method: "file.last.down",
		File:   "file.last.down.zip",
		Call:   unzipped(downloadLatest),
		Want: Export{187, "1064991300001,8986031749203860001\r\n1064991300002,8986031749203860002\r\n" +
			"1440133250003,89860412091880130003\r\n"},
	},
	{
		Method: "file.list",
		Call:   func(ctx context.Context, c *quecloud.Client) (any, error) { return result(c.Files.List(ctx)) },
		Want: []quecloud.FileTask{
			{
				TaskID: 1312, CreatedAt: CST(2021, 9, 27, 18, 59, 2), EndedAt: CST(2021, 9, 27, 19, 0, 0),
				Status: quecloud.FileTaskDone,
			},
			{TaskID: 1313, CreatedAt: CST(2021, 9, 27, 20, 0, 0), Status: quecloud.FileTaskRunning},
		},
	},
}

func fileStatus(ctx context.Context, c *quecloud.Client) (any, error) {
	return result(c.Files.Status(ctx, 1312))
}

func download(ctx context.Context, c *quecloud.Client, w io.Writer) (int64, error) {
	return c.Files.Download(ctx, 1312, w)
}

func downloadLatest(ctx context.Context, c *quecloud.Client, w io.Writer) (int64, error) {
	return c.Files.DownloadLatest(ctx, w)
}

// A downloader calls one of the methods that write a file.
type downloader func(context.Context, *quecloud.Client, io.Writer) (int64, error)

// unzipped returns a call that downloads a file and returns what it holds.
func unzipped(get downloader) func(context.Context, *quecloud.Client) (any, error) {
	return func(ctx context.Context, c *quecloud.Client) (any, error) {
		var file bytes.Buffer
		n, err := get(ctx, c, &file)
		if err != nil {
			return nil, err
		}
		archive, err := zip.NewReader(bytes.NewReader(file.Bytes()), n)
		if err != nil {
			return nil, err
		}
		text, err := archive.Open("card_list.txt")
		if err != nil {
			return nil, err
		}
		content, err := io.ReadAll(text)
		return Export{n, string(content)}, err
	}
}
