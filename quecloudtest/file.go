package quecloudtest

import (
	"archive/zip"
	"bufio"
	"bytes"
	"fmt"
	"slices"
	"strings"
	"time"
)

const (
	filesPerDay = 3
	filesKept   = 10
	fileName    = "card_list.txt"
	zipType     = "application/x-zip-compressed"
)

// A fileTask writes all cards to a file.
type fileTask struct {
	id         int64
	start, end time.Time // end is zero while the task runs
	zip        []byte
}

// A FileTask is a task that writes a file of all cards (§2.2.1).
type FileTask struct {
	ID    int64     `json:"id"`    // taskId
	Start time.Time `json:"start"` // time of the call
	End   time.Time `json:"end"`   // zero: running
	Size  int       `json:"size"`  // length of the zip file
}

// FileTasks returns the last ten file tasks, oldest first.
func (s *Server) FileTasks() []FileTask {
	defer s.lock(true)()
	tasks := make([]FileTask, len(s.files))
	for i, t := range s.files {
		tasks[i] = FileTask{t.id, t.start, t.end, len(t.zip)}
	}
	return tasks
}

func (t *fileTask) running() bool { return t.end.IsZero() }

// §2.2.1
func (s *Server) fileStart(c *call) error {
	today := 0
	for _, t := range s.files {
		if dayOf(t.start) != c.now.day {
			continue
		}
		if t.running() {
			return refuse("当天的上一次任务尚未执行完成")
		}
		today++
	}
	if today >= filesPerDay {
		return refuse("每天最多生成%d次", filesPerDay)
	}
	t := &fileTask{id: 1, start: c.now.time}
	if n := len(s.files); n > 0 {
		t.id = s.files[n-1].id + 1
	}
	s.files = append(s.files, t)
	s.files = s.files[max(0, len(s.files)-filesKept):]
	s.updates.add(Update{Time: c.now.time, Kind: UpdateFile})
	s.schedule(t.start.Add(s.fileDelay), &finishFile{t})
	c.out.int("taskId", t.id)
	return nil
}

// finishFile is the task that writes the file of a file task.
type finishFile struct{ file *fileTask }

func (t *finishFile) cause() string { return "" } // changes no card

func (t *finishFile) run(s *Server, now time.Time) {
	t.file.end = now
	t.file.zip = s.export(instantOf(now))
	s.updates.add(Update{Time: now, Kind: UpdateFile})
}

// export writes all cards to a zip file: a heading and one line per card, with columns separated by tabs.
func (s *Server) export(now instant) []byte {
	var file bytes.Buffer
	archive := zip.NewWriter(&file)
	// Writes to a buffer do not fail.
	entry, _ := archive.CreateHeader(&zip.FileHeader{Name: fileName, Method: zip.Deflate, Modified: now.time})
	w := bufio.NewWriterSize(entry, 1<<16)
	fmt.Fprintln(w, "msisdn\ticcid\timsi\tcarrier\tsetMeal\tstatus\tactiveDate\texpiryDate")
	for i := range s.fleet.len() {
		if !s.fleet.has(i) {
			continue
		}
		card := s.fleet.card(i)
		status, _ := s.state(&card, now)
		columns := [...]string{
			card.msisdn, card.iccid, card.imsi, card.group.Carrier, card.group.PlanName, status,
			card.activated.format(layoutDay), card.expires.format(layoutDay),
		}
		fmt.Fprintln(w, strings.Join(columns[:], "\t"))
	}
	_ = w.Flush()
	_ = archive.Close()
	return file.Bytes()
}

func (s *Server) fileTask(id int64) *fileTask {
	i := slices.IndexFunc(s.files, func(t *fileTask) bool { return t.id == id })
	if i < 0 {
		return nil
	}
	return s.files[i]
}

// §2.2.2
func (s *Server) fileStatus(c *call) error {
	t := s.fileTask(c.integer("taskId"))
	switch {
	case t == nil:
		return refuse("任务不存在：%s", c.params["taskId"])
	case t.running():
		c.out.text("taskStatus", "1")
	default:
		c.out.text("taskStatus", "2")
	}
	return nil
}

// §2.2.3
func (s *Server) fileDown(c *call) error {
	t := s.fileTask(c.integer("taskId"))
	if t == nil {
		return refuse("任务不存在：%s", c.params["taskId"])
	}
	if t.running() {
		return refuse("任务执行中：%s", c.params["taskId"])
	}
	c.raw, c.contentType = t.zip, zipType
	return nil
}

// §2.2.4
func (s *Server) fileLastDown(c *call) error {
	for _, t := range slices.Backward(s.files) {
		if !t.running() {
			c.raw, c.contentType = t.zip, zipType
			return nil
		}
	}
	return refuse("没有可下载的文件")
}

// §2.2.5. The response is a bare list, latest first.
func (s *Server) fileList(c *call) error {
	c.out.list("", func() {
		for _, t := range slices.Backward(s.files) {
			c.out.object("", func() {
				c.out.int("TaskId", t.id)
				if t.running() {
					c.out.null("EndTime")
				} else {
					c.out.int("EndTime", t.end.Unix())
				}
				c.out.int("AddTime", t.start.Unix())
				c.out.text("TaskStatus", map[bool]string{true: "执行中", false: "文件生成成功"}[t.running()])
			})
		}
	})
	c.raw, c.contentType = c.out.buf, "application/json;charset=UTF-8"
	return nil
}
