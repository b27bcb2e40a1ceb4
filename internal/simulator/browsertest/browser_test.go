//go:build browser

package browsertest

import (
	"context"
	"io"
	"log"
	"net/http/httptest"
	"os"
	"os/exec"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/chromedp/cdproto/emulation"
	"github.com/chromedp/chromedp"

	"github.com/quecloud/quecloud-go/internal/simulator"
	"github.com/quecloud/quecloud-go/quecloudtest"
)

// chromium is the Chromium of all tests.
var chromium context.Context

func TestMain(m *testing.M) { os.Exit(runTests(m)) }

func runTests(m *testing.M) int {
	path, err := exec.LookPath("chromium")
	if err != nil {
		path, err = exec.LookPath("google-chrome")
	}
	if err != nil {
		log.Print(err, "; test.sh installs it")
		return 1
	}
	profile, err := os.MkdirTemp("", "browsertest")
	if err != nil {
		log.Print(err)
		return 1
	}
	defer os.RemoveAll(profile)
	options := append(chromedp.DefaultExecAllocatorOptions[:], chromedp.ExecPath(path), chromedp.UserDataDir(profile),
		chromedp.NoSandbox, chromedp.DisableGPU, chromedp.Flag("disable-quic", true),
		chromedp.Flag("disable-component-update", true))
	allocator, stop := chromedp.NewExecAllocator(context.Background(), options...)
	defer stop()
	var quit context.CancelFunc
	chromium, quit = chromedp.NewContext(allocator)
	defer quit()
	if err := chromedp.Do(chromium); err != nil {
		log.Print(err)
		return 1
	}
	return m.Run()
}

// A tab shows the page of a simulator.
type tab struct {
	*testing.T
	ctx     context.Context
	sim     *quecloudtest.Server
	url     string // of the control
	control *httptest.Server

	expected string // part of a problem that the test expects
	mu       sync.Mutex
	problems []string // errors and warnings of the console
}

// noon is the time at which the simulators' clocks stand.
var noon = time.Date(2026, time.March, 10, 12, 0, 0, 0, time.FixedZone("", 8*60*60))

// newTab starts a simulator and a tab for its page, 1280 pixels wide and in English. At the end of the test it fails if
// the console of the browser had an error or a warning.
func newTab(t *testing.T, opts ...quecloudtest.Option) *tab {
	t.Helper()
	sim := quecloudtest.NewServer(append([]quecloudtest.Option{quecloudtest.WithTime(noon)}, opts...)...)
	t.Cleanup(sim.Close)
	control := httptest.NewServer(simulator.New(sim, log.New(io.Discard, "", 0)).Handler())
	t.Cleanup(control.Close)
	t.Cleanup(control.CloseClientConnections)

	ctx, closeTab := chromedp.NewContext(chromium, chromedp.WithNewBrowserContext())
	t.Cleanup(closeTab)
	if err := chromedp.Do(ctx); err != nil {
		t.Fatal(err)
	}
	p := &tab{T: t, ctx: ctx, sim: sim, url: control.URL, control: control}
	messages := chromedp.Console(ctx)
	go func() {
		for m, err := range messages {
			if err != nil {
				return
			}
			if m.IsException() || m.Type == "error" || m.Type == "warning" {
				p.mu.Lock()
				p.problems = append(p.problems, m.String()+" "+m.URL)
				p.mu.Unlock()
			}
		}
	}()
	t.Cleanup(func() {
		p.mu.Lock()
		defer p.mu.Unlock()
		for _, problem := range p.problems {
			if p.expected == "" || !strings.Contains(problem, p.expected) {
				t.Error("console: ", problem)
			}
		}
	})
	p.size(1280, 800)
	return p
}

// do runs actions.
func (p *tab) do(actions ...chromedp.Action[chromedp.Void]) {
	p.Helper()
	ctx, cancel := context.WithTimeout(p.ctx, 20*time.Second)
	defer cancel()
	if err := chromedp.Do(ctx, actions...); err != nil {
		p.Fatal(err)
	}
}

// open opens a section of the page.
func (p *tab) open(section string) {
	p.Helper()
	p.do(chromedp.Navigate(p.url + "/ui/" + section))
}

func (p *tab) size(width, height int64) {
	p.Helper()
	p.do(chromedp.EmulateViewport(width, height))
}

// dark asks for dark colors, or for light ones.
func (p *tab) dark(on bool) {
	p.Helper()
	scheme := map[bool]string{true: "dark", false: "light"}[on]
	p.call(chromedp.Call(p.ctx, emulation.SetEmulatedMedia, emulation.SetEmulatedMediaParams{
		Features: []*emulation.MediaFeature{{Name: "prefers-color-scheme", Value: scheme}},
	}))
}

func (p *tab) call(_ any, err error) {
	p.Helper()
	if err != nil {
		p.Fatal(err)
	}
}

// eval returns the value of a JavaScript expression.
func eval[T any](p *tab, expression string) T {
	p.Helper()
	ctx, cancel := context.WithTimeout(p.ctx, 20*time.Second)
	defer cancel()
	value, err := chromedp.Run(ctx, chromedp.Evaluate[T](expression, chromedp.EvalAwaitPromise))
	if err != nil {
		p.Fatalf("%s: %v", expression, err)
	}
	return value
}

// wait waits until a JavaScript expression is true. An exception, such as that of an element that is not there yet,
// counts as false.
func (p *tab) wait(expression string) {
	p.Helper()
	for range 400 {
		if eval[bool](p, "(() => { try { return !!("+expression+") } catch { return false } })()") {
			return
		}
		time.Sleep(25 * time.Millisecond)
	}
	p.Fatalf("%s is not true after 10 seconds; the page shows %q", expression, eval[string](p, "document.body.innerText"))
}
