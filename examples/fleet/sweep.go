package main

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"iter"
	"time"

	"github.com/nats-io/nats.go/jetstream"

	"github.com/quecloud/quecloud-go"
)

// The workers split a sweep into items. It begins with one item, start. The worker that gets it asks for the size of
// the fleet. It adds an item for each full page, and one item, tail, for all pages after them: the listing may grow
// during the sweep, first on its last page. The tail waits for all other items and ends where the rows end. The sweep
// is complete when the queue has no item of it.
const (
	kindStart = "start"
	kindPage  = "page"
	kindTail  = "tail"
)

// An item is a part of a sweep.
type item struct {
	Sweep string `json:"sweep"`
	Kind  string `json:"kind"`
	Page  int    `json:"page"` // of a tail: the first page
	Size  int    `json:"size"` // cards per page
}

// add adds an item to the queue. The queue drops the same item for some minutes. Later the item would be done twice,
// which is harmless.
func (s *streams) add(ctx context.Context, it item) error {
	return s.put(ctx, "work."+it.Sweep+"."+it.Kind, fmt.Sprintf("%s/%s/%d", it.Sweep, it.Kind, it.Page), it)
}

// openItems counts the open items of a sweep of one kind, or of all kinds for *.
func (s *streams) openItems(ctx context.Context, sweep, kind string) (uint64, error) {
	return s.count(ctx, s.work, "work."+sweep+"."+kind)
}

// handleItem handles an item.
func (w *worker) handleItem(ctx context.Context, msg jetstream.Msg) error {
	var it item
	if err := json.Unmarshal(msg.Data(), &it); err != nil {
		return err
	}
	switch it.Kind {
	case kindStart:
		return w.split(ctx, it)
	case kindPage:
		return w.readPage(ctx, it)
	case kindTail:
		return w.readTail(ctx, it)
	}
	return fmt.Errorf("unknown kind of item: %s", it.Kind)
}

// split adds the items of a sweep. Two workers may both split it, and may find different sizes: nothing is lost.
func (w *worker) split(ctx context.Context, it item) error {
	list, err := w.client.Cards.List(ctx, &quecloud.CardListParams{PageNo: 1, PageSize: it.Size})
	if err != nil {
		return err
	}
	full := fullPages(list.Page, it.Size)
	for page := 1; page <= full; page++ {
		if err := w.add(ctx, item{it.Sweep, kindPage, page, it.Size}); err != nil {
			return err
		}
	}
	return w.add(ctx, item{it.Sweep, kindTail, full + 1, it.Size})
}

// fullPages returns the number of full pages by the totals that the platform announces. They may be wrong: the tail
// reads the pages that they miss. The tail also reads a last page that is not full, since new cards come there first.
func fullPages(p quecloud.Page, size int) int {
	if p.Size > 0 && p.Size < size {
		size = p.Size // the platform allows smaller pages only
	}
	if p.TotalCount > 0 {
		return int(p.TotalCount / int64(size))
	}
	return max(p.TotalPages-1, 0)
}

func (w *worker) readPage(ctx context.Context, it item) error {
	list, err := w.client.Cards.List(ctx, &quecloud.CardListParams{PageNo: it.Page, PageSize: it.Size})
	if err != nil {
		return err
	}
	return w.visit(ctx, it.Sweep, it.Page, list.Cards)
}

// readTail reads from a page to the end, after all other items of the sweep. So it finds cards that moved to a later
// page before their own was read, and cards that were added during the sweep.
func (w *worker) readTail(ctx context.Context, it item) error {
	for _, kind := range []string{kindPage, kindStart} {
		open, err := w.openItems(ctx, it.Sweep, kind)
		if err != nil {
			return err
		}
		if open > 0 {
			return errNotYet
		}
	}
	params := &quecloud.CardListParams{PageNo: it.Page, PageSize: it.Size}
	for list, err := range quecloud.Pages(ctx, w.client.Cards.List, params, quecloud.Concurrency(1)) {
		if err != nil {
			return err
		}
		if err := w.visit(ctx, it.Sweep, list.Page.Number, list.Cards); err != nil {
			return err
		}
	}
	return nil
}

// runSweep starts a sweep and watches it. If it is stopped, the sweep goes on. With the same name it watches the sweep
// again.
func runSweep(ctx context.Context, c config, out io.Writer) error {
	nc, err := connect(natsURL())
	if err != nil {
		return err
	}
	defer nc.Close()
	s, err := open(ctx, nc, c.settings)
	if err != nil {
		return err
	}
	return s.sweep(ctx, item{Sweep: c.name, Kind: kindStart, Size: c.size}, out)
}

// sweep starts a sweep unless it exists, waits for its end and prints its totals. A sweep that has ended does not run
// again under its name: its results would be dropped as duplicates, or be mixed with the old ones.
func (s *streams) sweep(ctx context.Context, start item, out io.Writer) error {
	name := start.Sweep
	open, err := s.openItems(ctx, name, "*")
	if err != nil {
		return err
	}
	results, err := s.count(ctx, s.done, "done.sweep."+name)
	if err != nil {
		return err
	}
	ended := open == 0 && results > 0
	if open == 0 && !ended {
		if err := s.add(ctx, start); err != nil {
			return err
		}
	}
	if err := s.watch(ctx, name, out, 2*time.Second); err != nil {
		return err
	}
	pages, cards, err := s.total(ctx, name)
	if err != nil {
		return err
	}
	if ended {
		fmt.Fprintf(out, "sweep %s had ended before and was not run again: use another -name for a new sweep\n", name)
	}
	fmt.Fprintf(out, "sweep %s: %d cards on %d pages\n", name, cards, pages)
	return nil
}

// watch prints the number of open items at intervals, and returns when there are none.
func (s *streams) watch(ctx context.Context, sweep string, out io.Writer, every time.Duration) error {
	for {
		open, err := s.openItems(ctx, sweep, "*")
		switch {
		case err != nil:
			fmt.Fprintf(out, "sweep %s: NATS does not respond: %v\n", sweep, err)
		case open == 0:
			return nil
		default:
			fmt.Fprintf(out, "sweep %s: %d items left\n", sweep, open)
		}
		if err := sleep(ctx, every); err != nil {
			return err
		}
	}
}

// total counts the pages and cards of a sweep. If a page was read more than once, the last time counts.
func (s *streams) total(ctx context.Context, sweep string) (pages, cards int, err error) {
	perPage := map[int]int{}
	for r, err := range s.results(ctx, sweep) {
		if err != nil {
			return 0, 0, err
		}
		cards += len(r.Cards) - perPage[r.Page]
		perPage[r.Page] = len(r.Cards)
	}
	return len(perPage), cards, nil
}

// results iterates over the pages of a sweep. A page comes more than once if later readings found other cards on it.
func (s *streams) results(ctx context.Context, sweep string) iter.Seq2[pageResult, error] {
	return func(yield func(pageResult, error) bool) {
		n, err := s.count(ctx, s.done, "done.sweep."+sweep)
		if err != nil {
			yield(pageResult{}, err)
			return
		}
		filter := []string{s.space + ".done.sweep." + sweep}
		reader, err := s.done.OrderedConsumer(ctx, jetstream.OrderedConsumerConfig{FilterSubjects: filter})
		if err != nil {
			yield(pageResult{}, err)
			return
		}
		messages, err := reader.Messages()
		if err != nil {
			yield(pageResult{}, err)
			return
		}
		defer messages.Stop()
		for range n {
			var result pageResult
			msg, err := messages.Next(jetstream.NextMaxWait(patience))
			if err == nil {
				err = json.Unmarshal(msg.Data(), &result)
			}
			if !yield(result, err) || err != nil {
				return
			}
		}
	}
}
