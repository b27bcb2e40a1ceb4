//go:build browser

package browsertest

import (
	"crypto/sha1"
	"flag"
	"fmt"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/chromedp/chromedp"

	"github.com/quecloud/quecloud-go"
	"github.com/quecloud/quecloud-go/quecloudtest"
)

var screenshots = flag.String("screenshots", "", "folder that gets the screenshots of the documentation")

// maxScreenshot is the largest size of a screenshot in bytes.
const maxScreenshot = 200_000

// TestScreenshots makes the screenshots of the documentation from a scenario that is always the same.
func TestScreenshots(t *testing.T) {
	folder := *screenshots
	if folder == "" {
		folder = t.TempDir()
	}
	p := newTab(t, quecloudtest.WithFleet(1000), quecloudtest.WithOrderDelay(5*time.Minute))
	busy(p)
	playDay(p)
	last := p.sim.Requests()
	wrong := last[len(last)-3].ID
	for _, shot := range []struct {
		name, section, lang string
		dark                bool
	}{
		{name: "simulator-calls.png", section: "calls", lang: "en"},
		{name: "simulator-calls-dark.png", section: "calls", lang: "en", dark: true},
		{name: "simulator-calls.zh-CN.png", section: "calls", lang: "zh"},
		{name: "simulator-card.png", section: "cards/" + mobileCard, lang: "en"},
	} {
		p.dark(shot.dark)
		p.open(shot.section + "?lang=" + shot.lang)
		p.wait(loaded)
		if shot.section == "calls" {
			eval[any](p, fmt.Sprintf(`document.querySelector('#rows tr[data-id="%d"] a.main').click()`, wrong))
			p.wait(`document.querySelector("#detail").checkVisibility()`)
		} else {
			p.wait(`document.querySelector("#chart rect")`)
		}
		png, err := chromedp.Run(p.ctx, chromedp.CaptureScreenshot())
		if err != nil {
			t.Fatal(err)
		}
		if len(png) > maxScreenshot {
			t.Errorf("%s has %d bytes, want at most %d", shot.name, len(png), maxScreenshot)
		}
		if err := os.WriteFile(filepath.Join(folder, shot.name), png, 0o644); err != nil {
			t.Fatal(err)
		}
	}
}

// playDay makes the calls of a small program.
func playDay(p *tab) {
	p.Helper()
	client, ctx := p.sim.Client(), p.Context()
	p.sim.ClearFaults()
	p.sim.Advance(3 * time.Minute)
	_, _ = client.Cards.List(ctx, nil)
	_, _ = client.Flow.Days(ctx, mobileID, quecloud.MonthOf(noon))
	p.sim.Advance(40 * time.Second)
	p.sim.Inject(quecloudtest.HTTPStatus(503).On("wallet.details").Times(1))
	_, _ = client.Billing.Wallet(ctx)
	p.sim.Advance(8 * time.Second)
	_, _ = client.Cards.RealtimeStatus(ctx, quecloud.MSISDN("1064900000001"))
	p.sim.Advance(21 * time.Second)
	callInWrongOrder(p)
	p.sim.Advance(5 * time.Second)
	_, _ = client.Cards.Info(ctx, mobileID)
	_, _ = client.Orders.FlowPackages(ctx)
	p.sim.Inject(quecloudtest.Latency(3 * time.Second).On("card.location"))
}

// callInWrongOrder makes a call that signs month before method.
func callInWrongOrder(p *tab) {
	p.Helper()
	form := url.Values{
		"appKey": {p.sim.AppKey}, "method": {"fc.function.dayflow.list"}, "month": {"202603"}, "msisdn": {mobileCard},
		"t": {strconv.FormatInt(p.sim.Now().Unix(), 10)},
	}
	var text strings.Builder
	text.WriteString(p.sim.Secret)
	for _, name := range []string{"appKey", "month", "method", "msisdn", "t"} {
		text.WriteString(name + form.Get(name))
	}
	form.Set("sign", fmt.Sprintf("%X", sha1.Sum([]byte(text.String()+p.sim.Secret))))
	resp, err := http.PostForm(p.sim.URL, form)
	if err != nil {
		p.Fatal(err)
	}
	resp.Body.Close()
}
