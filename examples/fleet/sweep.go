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

// A sweep is cut into items of work, by the workers themselves. It begins with a single item, start. Whoever gets it
// asks how large the fleet is, and adds an item for each whole page, and one, tail, for all that comes behind them: the
// listing may grow while it is read, and does so on its last page first. The tail waits until all else is done, and
// ends where the rows end. Then nothing of the sweep is left on the queue, by which everybody knows that it is
// complete.
const (
	kindStart = "start"
	kindPage  = "page"
	kindTail  = "tail"
)

// An item is a piece of work.
type item struct {
	Sweep string `json:"sweep"`
	Kind  string `json:"kind"`
	Page  int    `json:"page"` // of a page: which; of the tail: the first
	Size  int    `json:"size"` // cards per page
}

// add puts an item on the queue. The same one again is ignored, at least for some minutes; later it would only be done
// twice.
func (s *streams) add(ctx context.Context, it item) error {
	return s.put(ctx, "work."+it.Sweep+"."+it.Kind, fmt.Sprintf("%s/%s/%d", it.Sweep, it.Kind, it.Page), it)
}

// left counts the items of a sweep that are not done, of a kind, or of all for *.
func (s *streams) left(ctx context.Context, sweep, kind string) (uint64, error) {
	return s.count(ctx, s.work, "work."+sweep+"."+kind)
}

// workOn does an item.
func (w *worker) workOn(ctx context.Context, msg jetstream.Msg) error {
	var it item
	if err := json.Unmarshal(msg.Data(), &it); err != nil {
		return err
	}
	switch it.Kind {
	case kindStart:
		return w.cut(ctx, it)
	case kindPage:
		return w.readPage(ctx, it)
	case kindTail:
		return w.readTail(ctx, it)
	}
	return fmt.Errorf("an item of an unknown kind: %s", it.Kind)
}

// cut adds the items of a sweep. If it is done twice, by two workers, nothing is lost, whatever each of them finds.
func (w *worker) cut(ctx context.Context, it item) error {
	list, err := w.client.Cards.List(ctx, &quecloud.CardListParams{PageNo: 1, PageSize: it.Size})
	if err != nil {
		return err
	}
	whole := wholePages(list.Page, it.Size)
	for page := 1; page <= whole; page++ {
		if err := w.add(ctx, item{it.Sweep, kindPage, page, it.Size}); err != nil {
			return err
		}
	}
	return w.add(ctx, item{it.Sweep, kindTail, whole + 1, it.Size})
}

// wholePages is how many pages are full by what the platform announces, which may be wrong: what is missing is left to
// the tail. So is a last page that is not full, because the cards that are added next come onto it.
func wholePages(p quecloud.Page, size int) int {
	if p.Size > 0 && p.Size < size {
		size = p.Size // the platform allows fewer than were asked for
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

// readTail reads from a page to the end. It does so when nothing else is left: a card that moved on to a later page
// before its own was read is found on that one, and so is one that was added while the others were read.
func (w *worker) readTail(ctx context.Context, it item) error {
	for _, kind := range []string{kindPage, kindStart} {
		left, err := w.left(ctx, it.Sweep, kind)
		if err != nil {
			return err
		}
		if left > 0 {
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

// runSweep starts a sweep and watches it. It can be stopped: the sweep goes on, and the same name watches it again.
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

// sweep starts a sweep, unless it is there already, and tells what came of it. One that has ended is not done again
// under its name: what is found would be taken for a repetition, or be mixed with what is there.
func (s *streams) sweep(ctx context.Context, start item, out io.Writer) error {
	name := start.Sweep
	left, err := s.left(ctx, name, "*")
	if err != nil {
		return err
	}
	results, err := s.count(ctx, s.done, "done.sweep."+name)
	if err != nil {
		return err
	}
	ended := left == 0 && results > 0
	if left == 0 && !ended {
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
		fmt.Fprintf(out, "sweep %s had ended before, and nothing was read now: take another -name for a new one\n", name)
	}
	fmt.Fprintf(out, "sweep %s: %d cards on %d pages\n", name, cards, pages)
	return nil
}

// watch says every so often what is left of a sweep, and returns when that is nothing.
func (s *streams) watch(ctx context.Context, sweep string, out io.Writer, every time.Duration) error {
	for {
		left, err := s.left(ctx, sweep, "*")
		switch {
		case err != nil:
			fmt.Fprintf(out, "sweep %s: NATS does not answer: %v\n", sweep, err)
		case left == 0:
			return nil
		default:
			fmt.Fprintf(out, "sweep %s: %d items left\n", sweep, left)
		}
		if err := sleep(ctx, every); err != nil {
			return err
		}
	}
}

// total counts what a sweep has visited. Of a page that was read more than once the last reading counts.
func (s *streams) total(ctx context.Context, sweep string) (pages, cards int, err error) {
	on := map[int]int{}
	for r, err := range s.results(ctx, sweep) {
		if err != nil {
			return 0, 0, err
		}
		cards += len(r.Cards) - on[r.Page]
		on[r.Page] = len(r.Cards)
	}
	return len(on), cards, nil
}

// results is an iterator over the pages of a sweep. A page comes again when other cards were found on it later.
func (s *streams) results(ctx context.Context, sweep string) iter.Seq2[pageResult, error] {
	return func(yield func(pageResult, error) bool) {
		n, err := s.count(ctx, s.done, "done.sweep."+sweep)
		if err != nil {
			yield(pageResult{}, err)
			return
		}
		reader, err := s.done.OrderedConsumer(ctx, jetstream.OrderedConsumerConfig{FilterSubjects: []string{s.space + ".done.sweep." + sweep}})
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
