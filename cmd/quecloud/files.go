package main

import (
	"fmt"
	"strconv"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"github.com/quecloud/quecloud-go"
	"github.com/quecloud/quecloud-go/internal/zipfile"
)

func filesGroup() group {
	return group{
		name: "files", short: "Export the list of all cards",
		specs: []spec{
			filesExport(),
			{
				use: "list", short: "List the exports", methods: []string{"file.list"},
				run: slice(func(c *call) ([]quecloud.FileTask, error) { return c.client.Files.List(c.ctx) }),
			},
			filesDownload(),
		},
	}
}

// A savedFile is what the output says of a file.
type savedFile struct {
	TaskID int64
	Path   string
	Bytes  int64
}

func filesExport() spec {
	var path string
	return spec{
		use: "export", short: "Make an export of all cards and download it; the platform allows three a day",
		methods: []string{"file.card.get", "file.status", "file.down", "file.list"},
		asks:    true,
		flags: func(f *pflag.FlagSet, t texts) {
			f.StringVar(&path, "to", "cards.zip", t.get("file to write"))
		},
		run: run[savedFile](func(c *call) error {
			if err := c.confirm("start an export, one of three a day"); err != nil {
				return err
			}
			task, err := c.client.Files.Prepare(c.ctx)
			if err != nil || c.dryRun {
				return err
			}
			return c.download(task, path)
		}),
	}
}

func (c *call) download(task int64, path string) error {
	if c.dry("write %s", path) {
		return nil
	}
	n, err := c.client.Files.DownloadFile(c.ctx, task, path)
	if err != nil {
		return fmt.Errorf(c.texts.get("the export is task %d, download it with quecloud files download: %w"), task, err)
	}
	return c.output.one(recordOf(savedFile{task, path, n}))
}

func filesDownload() spec {
	var path string
	var latest bool
	return spec{
		use: "download [TASK]", short: "Download an export", args: cobra.MaximumNArgs(1),
		methods: []string{"file.down", "file.last.down"},
		flags: func(f *pflag.FlagSet, t texts) {
			f.StringVar(&path, "to", "cards.zip", t.get("file to write"))
			f.BoolVar(&latest, "latest", false, t.get("download the latest export"))
		},
		run: run[savedFile](func(c *call) error {
			switch {
			case latest && len(c.args) == 0:
				return c.downloadLatest(path)
			case latest || len(c.args) == 0:
				return usageError{c.texts.get("want the number of a task, or --latest")}
			}
			task, err := strconv.ParseInt(c.args[0], 10, 64)
			if err != nil {
				return usageError{c.texts.get("want the number of a task, or --latest")}
			}
			return c.download(task, path)
		}),
	}
}

// downloadLatest writes the latest export to a file, which gets its name when it is whole.
func (c *call) downloadLatest(path string) error {
	if c.dry("write %s", path) {
		return nil
	}
	pending, err := zipfile.CreatePending(path)
	if err != nil {
		return err
	}
	defer pending.Discard()
	n, err := c.client.Files.DownloadLatest(c.ctx, pending)
	if err != nil {
		return err
	}
	if err := zipfile.Verify(c.ctx, pending, n); err != nil {
		return err
	}
	if err := pending.Commit(); err != nil {
		return err
	}
	return c.output.one(recordOf(savedFile{Path: path, Bytes: n}))
}
