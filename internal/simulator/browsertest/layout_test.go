//go:build browser

package browsertest

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/chromedp/chromedp"
	"github.com/chromedp/chromedp/kb"

	"github.com/quecloud/quecloud-go"
	"github.com/quecloud/quecloud-go/quecloudtest"
)

var sections = []string{"calls", "cards", "cards/" + mobileCard, "orders", "sms", "deliveries", "files"}

// loaded is true when a section has read the state.
const loaded = `document.readyState === "complete" && document.querySelector("#clock").innerText.startsWith("20") &&
	(document.querySelector("#rows tr, .plain, .none") || document.querySelector("#empty")?.checkVisibility())`

// busy fills a simulator with a bit of everything.
func busy(p *tab) {
	p.Helper()
	client, ctx := p.sim.Client(), p.Context()
	card, _ := p.sim.Card(mobileCard)
	for _, err := range []error{
		client.Cards.Pause(ctx, mobileID), client.Cards.Resume(ctx, mobileID),
		second(client.SMS.Send(ctx, &quecloud.SMSSendParams{Cards: quecloud.MSISDNs(mobileCard), Content: "reboot"})),
		second(client.Files.Start(ctx)),
		second(client.Orders.Recharge(ctx, &quecloud.RechargeParams{
			Card: quecloud.ICCID(card.ICCID), ProductID: 53, ProductName: "1G-当月", ExternalID: "purchase-2026-0001",
		})),
	} {
		if err != nil {
			p.Fatal(err)
		}
	}
	_ = client.Cards.EndTest(ctx, mobileID) // refused
	p.sim.Inject(quecloudtest.CutAfter().On("card.gprs.close").Times(1))
	_ = client.Cards.CloseGPRS(ctx, mobileID)
	p.sim.Inject(quecloudtest.Latency(3 * time.Second).On("card.location"))
	p.sim.ReceiveSMS(mobileCard, "temperature 41")
}

func second[T any](_ T, err error) error { return err }

// tooSmall lists texts whose contrast is below that of WCAG 2.2 AA, 4.5, with the contrast.
const tooSmall = `(() => {
	const luminance = c => {
		const [r, g, b] = c.map(v => (v /= 255) <= .04045 ? v / 12.92 : ((v + .055) / 1.055) ** 2.4);
		return .2126 * r + .7152 * g + .0722 * b;
	};
	const parse = c => (c.match(/[\d.]+/g) ?? []).map(Number);
	const ground = e => {
		for (; e; e = e.parentElement) {
			const c = parse(getComputedStyle(e).backgroundColor);
			if (c.length === 3 || c[3] === 1) return c.slice(0, 3);
		}
		return matchMedia("(prefers-color-scheme: dark)").matches ? [0, 0, 0] : [255, 255, 255];
	};
	const bad = [], walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
	for (let node; node = walker.nextNode();) {
		const e = node.parentElement;
		if (!node.data.trim() || !e.checkVisibility() || e.closest("option, :disabled, svg, script")) continue;
		const [a, b] = [luminance(parse(getComputedStyle(e).color)), luminance(ground(e))];
		const contrast = (Math.max(a, b) + .05) / (Math.min(a, b) + .05);
		if (contrast < 4.5) bad.push(node.data.trim() + " " + contrast.toFixed(2));
	}
	return [...new Set(bad)];
})()`

func TestPageFitsEveryWidthAndColor(t *testing.T) {
	p := newTab(t)
	busy(p)
	for _, section := range append(sections, "calls#3") {
		for _, width := range []int64{1280, 800, 400} {
			for _, dark := range []bool{false, true} {
				for _, lang := range []string{"en", "zh"} {
					p.size(width, 800)
					p.dark(dark)
					path, hash, _ := strings.Cut(section, "#")
					p.open(path + "?lang=" + lang + "#" + hash)
					p.wait(loaded)
					what := fmt.Sprintf("%s, %d pixels, dark %v, %s", section, width, dark, lang)
					if wide := eval[int](p, "document.documentElement.scrollWidth"); wide > int(width) {
						t.Errorf("%s: the page is %d pixels wide: %v", what, wide, eval[[]string](p, widest))
					}
					if bad := eval[[]string](p, tooSmall); len(bad) > 0 {
						t.Errorf("%s: the contrast is too low: %q", what, bad)
					}
					background := eval[string](p, "getComputedStyle(document.documentElement).backgroundColor")
					if isDark := background == "rgb(15, 19, 24)"; isDark != dark {
						t.Errorf("%s: the background is %s", what, background)
					}
				}
			}
		}
	}
}

// widest lists the elements that are wider than the window.
const widest = `[...document.querySelectorAll("body *")].filter(e => e.getBoundingClientRect().right > innerWidth + 1)
	.map(e => e.tagName + "#" + e.id + "." + e.className).slice(0, 5)`

// focused describes the element with the focus, and whether it is seen to have it.
const focused = `(() => {
	const e = document.activeElement, style = getComputedStyle(e, e.matches("a.main") ? "::after" : null);
	const label = e.matches("input[type=file]") ? getComputedStyle(e.parentElement) : style;
	if (e === document.body) return {name: "", seen: true};
	return {name: e.id || e.innerText?.trim().split("\n")[0] || e.tagName,
		seen: style.outlineStyle !== "none" || label.outlineStyle !== "none"};
})()`

type focus struct {
	Name string `json:"name"`
	Seen bool   `json:"seen"`
}

func TestPageWorksByKeyboard(t *testing.T) {
	p := newTab(t)
	busy(p)
	p.open("calls")
	p.wait(rows + ".length > 5")
	key := func(keys string) {
		t.Helper()
		p.do(chromedp.KeyEvent(keys))
	}

	// Tab reaches everything, and every focus is seen.
	reached := map[string]bool{}
	for range 40 {
		key(kb.Tab)
		f := eval[focus](p, focused)
		if !f.Seen {
			t.Errorf("the focus on %s cannot be seen", f.Name)
		}
		reached[f.Name] = true
	}
	for _, want := range []string{
		"Skip to the content", "+10 min", "+1 day", "Next month", "clock-now", "faults-button", "State", "中文",
		"Calls", "Files", "filter", "outcome", "pause",
	} {
		if !reached[want] {
			t.Errorf("Tab does not reach %s: %v", want, reached)
		}
	}

	// The rows take one stop; arrows move between them, Enter opens, Escape closes and gives the focus back.
	p.do(chromedp.Focus(chromedp.CSS("#pause")))
	key(kb.Tab)
	key(kb.ArrowDown)
	key(kb.ArrowDown)
	row := eval[int](p, `[...document.querySelectorAll("#rows tr")].indexOf(document.activeElement.closest("tr"))`)
	if row != 2 {
		t.Errorf("after two arrows the focus is in row %d, want 2", row)
	}
	key(kb.Enter)
	p.wait(`document.querySelector("#detail").checkVisibility() && document.activeElement.id === "detail"`)
	key(kb.Escape)
	p.wait(`!document.querySelector("#detail").checkVisibility()`)
	p.wait(`[...document.querySelectorAll("#rows tr")].indexOf(document.activeElement.closest("tr")) === 2`)

	// A menu opens and closes, and its form is sent by Enter.
	p.do(chromedp.Focus(chromedp.CSS("#faults-button")))
	key(kb.Enter)
	p.wait(`document.querySelector("#faults-menu").matches(":popover-open")`)
	p.do(chromedp.Focus(chromedp.CSS("#fault-text")))
	key(kb.Enter)
	p.wait(`document.querySelector("#faults-count").innerText === "2"`)
	key(kb.Escape)
	p.wait(`!document.querySelector("#faults-menu").matches(":popover-open")`)
	p.wait(`document.activeElement.id === "faults-button"`)

	// The skip link leads to the content.
	p.open("cards")
	p.wait(loaded)
	key(kb.Tab)
	key(kb.Enter)
	p.wait(`location.hash === "#main" && document.activeElement.id === "main"`)
}

func TestPageTellsScreenReaders(t *testing.T) {
	p := newTab(t)
	p.open("calls")
	p.wait(loaded)
	for range 3 {
		_, _ = p.sim.Client().Billing.Wallet(t.Context())
	}
	p.wait(`document.querySelector("#live[aria-live=polite]").innerText.includes("3 new calls")`)
	unnamed := eval[[]string](p, `[...document.querySelectorAll("button, a, input, select, textarea")]
		.filter(e => !(e.ariaLabel || e.innerText?.trim() || e.labels?.length || e.title)).map(e => e.outerHTML)`)
	if len(unnamed) > 0 {
		t.Errorf("controls without a name: %q", unnamed)
	}
}
