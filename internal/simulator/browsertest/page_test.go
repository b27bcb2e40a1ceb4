//go:build browser

package browsertest

import (
	"fmt"
	"io"
	"log"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/chromedp/cdproto/browser"
	"github.com/chromedp/chromedp"

	"github.com/quecloud/quecloud-go"
	"github.com/quecloud/quecloud-go/internal/simulator"
	"github.com/quecloud/quecloud-go/quecloudtest"
)

// mobileCard is a card of every fleet.
const mobileCard = "1064800000000"

var mobileID = quecloud.MSISDN(mobileCard)

// rows is the text of the rows of a live list, newest first.
const rows = `[...document.querySelectorAll("#rows tr")].map(tr => tr.innerText)`

func click(selector string) chromedp.Action[chromedp.Void] {
	return chromedp.Click(chromedp.CSS(selector))
}

// set sets the value of a field as a user does.
func set(selector, value string) chromedp.Action[chromedp.Void] {
	return chromedp.Evaluate[chromedp.Void](fmt.Sprintf(`{
		const field = document.querySelector(%q);
		field.value = %q;
		field.dispatchEvent(new Event("input", {bubbles: true}));
		field.dispatchEvent(new Event("change", {bubbles: true}));
	}`, selector, value))
}

// clickRow clicks on the newest row, in one step: the list may change at any time.
var clickRow = chromedp.Evaluate[chromedp.Void](`document.querySelector("#rows a.main").click()`)

func TestPageShowsCallsAsTheyArrive(t *testing.T) {
	p := newTab(t)
	client := p.sim.Client()
	p.open("calls")
	p.wait(`document.querySelector("#empty").checkVisibility()`)
	for i, call := range []func() error{
		func() error { _, err := client.Cards.Info(t.Context(), mobileID); return err },
		func() error { return client.Cards.Pause(t.Context(), mobileID) },
		func() error { _, err := client.Billing.Wallet(t.Context()); return err },
	} {
		if err := call(); err != nil {
			t.Fatal(err)
		}
		p.wait(fmt.Sprintf("%s.length === %d", rows, i+1))
	}
	list := eval[[]string](p, rows)
	for i, want := range []string{"wallet.details", "card.pause", "card.info"} {
		if !strings.Contains(list[i], want) {
			t.Errorf("row %d is %q, want %s", i, list[i], want)
		}
	}
	if !strings.Contains(list[1], "单卡停机") || !strings.Contains(list[1], mobileCard) {
		t.Errorf("the row %q lacks the Chinese title or the card", list[1])
	}
}

func TestPageShowsWhyACallWasRefused(t *testing.T) {
	p := newTab(t)
	client := p.sim.Client()
	p.open("calls")
	_ = client.Cards.Pause(t.Context(), mobileID)
	_ = client.Cards.Pause(t.Context(), mobileID) // a suspended card
	refused := p.sim.Requests()[1]
	p.wait(rows + `[0]?.includes("` + refused.Reason + `")`)
	p.do(clickRow)
	p.wait(`document.querySelector("#detail").innerText.includes("` + refused.Reason + `")`)
	detail := eval[string](p, `document.querySelector("#detail").innerText`)
	for _, want := range []string{
		"fc.function.card.pause", "resultCode 1", mobileCard, `"errorMessage"`, "2026-03-10 12:00:00",
	} {
		if !strings.Contains(detail, want) {
			t.Errorf("the details lack %s:\n%s", want, detail)
		}
	}
}

func TestPageExplainsASignature(t *testing.T) {
	const otherSecret = "another-secret-0123456789"
	p := newTab(t)
	client, err := quecloud.NewClient(p.sim.AppKey, otherSecret, p.sim.Options()...)
	if err != nil {
		t.Fatal(err)
	}
	p.open("calls")
	_, _ = client.Cards.Info(t.Context(), mobileID)
	p.wait(rows + ".length === 1")
	p.do(clickRow)
	p.wait(`document.querySelector("#detail").checkVisibility()`)
	detail := eval[string](p, `document.querySelector("#detail").innerText`)
	for _, want := range []string{
		"Why the signature is wrong", "Does the client have another secret?",
		"(secret)appKey000001methodfc.function.card.infomsisdn" + mobileCard,
		p.sim.Requests()[0].Sign,
	} {
		if !strings.Contains(detail, want) {
			t.Errorf("the details lack %s:\n%s", want, detail)
		}
	}
	html := eval[string](p, "document.documentElement.outerHTML")
	if strings.Contains(html, p.sim.Secret) || strings.Contains(html, otherSecret) {
		t.Error("a secret is on the page")
	}
}

func TestPageFiltersCalls(t *testing.T) {
	p := newTab(t)
	client := p.sim.Client()
	for range 3 {
		_, _ = client.Cards.Info(t.Context(), mobileID)
		_ = client.Cards.Pause(t.Context(), mobileID)
	}
	p.open("calls")
	p.wait(rows + ".length === 6")
	p.do(set("#filter", "停机 PAUSE"))
	p.wait(rows + ".length === 3")
	p.do(set("#outcome", "refused"))
	p.wait(rows + ".length === 2")
	p.do(chromedp.Reload())
	p.wait(rows + ".length === 2")
	p.do(set("#filter", "no such call"))
	p.wait(`document.querySelector("#empty").checkVisibility()`)
	p.do(set("#filter", ""), set("#outcome", ""))
	p.wait(rows + ".length === 6")
}

func TestPagePausesTheList(t *testing.T) {
	p := newTab(t)
	client := p.sim.Client()
	p.open("calls")
	p.do(click("#pause"))
	for range 3 {
		_, _ = client.Billing.Wallet(t.Context())
	}
	p.wait(`document.querySelector("#summary").innerText.includes("3 waiting")`)
	if n := eval[int](p, rows+".length"); n != 0 {
		t.Errorf("%d rows in a paused list, want none", n)
	}
	p.do(click("#pause"))
	p.wait(rows + ".length === 3")
}

func TestPageSendsAnSMSToAReceiver(t *testing.T) {
	bodies := make(chan string, 10)
	receiver := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		bodies <- string(body)
		_, _ = io.WriteString(w, "success")
	}))
	t.Cleanup(receiver.Close)
	p := newTab(t, quecloudtest.WithSMSCallback(receiver.URL+"/sms?token=do-not-show-0123"))
	p.open("cards/" + mobileCard)
	p.wait(`document.querySelector("#card").checkVisibility()`)
	p.do(set("#sms-content", "temperature 41"), click("#sms-form button"))
	select {
	case body := <-bodies:
		if !strings.Contains(body, "temperature 41") || !strings.Contains(body, `"inbox"`) {
			t.Errorf("the receiver got %s", body)
		}
	case <-time.After(10 * time.Second):
		t.Fatal("no event arrived")
	}
	p.wait(`document.querySelector("#sms").innerText.includes("temperature 41")`)
	p.wait(`document.querySelector("#strip-curl").innerText.includes("/sms")`)

	p.open("deliveries")
	p.wait(rows + `[0]?.includes("temperature 41")`)
	p.do(clickRow)
	p.wait(`document.querySelector("#detail").innerText.includes("HTTP 200")`)
	p.do(chromedp.Click(chromedp.CSS("#detail .chips button")))
	select {
	case <-bodies:
	case <-time.After(10 * time.Second):
		t.Fatal("no event arrived after a click on Redeliver")
	}
	p.wait(rows + ".length === 2")
	if html := eval[string](p, "document.documentElement.outerHTML"); strings.Contains(html, "do-not-show") {
		t.Error("the token of the receiver is on the page")
	}
}

func TestPageClockFinishesAnOrder(t *testing.T) {
	p := newTab(t, quecloudtest.WithOrderDelay(5*time.Minute))
	card, _ := p.sim.Card(mobileCard)
	_, err := p.sim.Client().Orders.Recharge(t.Context(), &quecloud.RechargeParams{
		Card: quecloud.ICCID(card.ICCID), ProductID: 53, ProductName: "1G-当月",
	})
	if err != nil {
		t.Fatal(err)
	}
	p.open("orders")
	p.wait(`document.querySelector("#orders").innerText.includes("Pending")`)
	p.do(click(`[data-advance="600"]`))
	p.wait(`document.querySelector("#orders").innerText.includes("Done")`)
	p.wait(`document.querySelector("#clock").innerText === "2026-03-10 12:10:00"`)
	p.do(click(`[data-advance="month"]`))
	p.wait(`document.querySelector("#clock").innerText === "2026-04-01 00:00:00"`)
}

func TestPageFaultHitsTheNextCall(t *testing.T) {
	p := newTab(t)
	client := p.sim.Client(quecloud.WithRetry(quecloud.RetryPolicy{MaxAttempts: 1}))
	p.open("cards")
	p.do(click("#faults-button"), set("#fault-preset", "status=503"), set("#fault-method", "wallet.details"),
		click("#fault-form button"))
	p.wait(`document.querySelector("#faults-count").innerText === "1"`)
	if _, err := client.Billing.Account(t.Context()); err != nil {
		t.Errorf("another method: %v", err)
	}
	if _, err := client.Billing.Wallet(t.Context()); err == nil || !strings.Contains(err.Error(), "503") {
		t.Errorf("the error is %v, want HTTP 503", err)
	}
	p.wait(`!document.querySelector("#faults-count").checkVisibility()`) // used up
	p.do(set("#fault-times", ""), click("#fault-form button"))
	p.wait(`document.querySelector("#faults-count").innerText === "1"`)
	p.do(click("#faults button"))
	p.wait(`!document.querySelector("#faults-count").checkVisibility()`)
	if _, err := client.Billing.Wallet(t.Context()); err != nil {
		t.Errorf("after the fault was removed: %v", err)
	}
}

func TestPageChangesACard(t *testing.T) {
	p := newTab(t)
	before, _ := p.sim.Card(mobileCard)
	p.open("cards/" + mobileCard)
	p.wait(`document.querySelector("#usage-date").value === "2026-03-10"`)
	p.wait(`document.querySelectorAll("#chart rect").length === 30`)
	p.do(set("#usage-mb", "10"), click("#usage-form button"))
	p.wait(`document.querySelector("#strip-state").innerText.includes("200")`)
	if after, _ := p.sim.Card(mobileCard); after.MonthFlow < before.MonthFlow+9.9 {
		t.Errorf("the card used %v MB, want 10 more than %v", after.MonthFlow, before.MonthFlow)
	}
	february := func() float64 {
		return p.sim.Usage(mobileCard, "2026-02-20", "2026-02-20")[0].MB
	}
	used := february()
	p.do(set("#usage-date", "2026-02-20"), set("#usage-mb", "0.5"), click("#usage-form button"))
	p.wait(`document.querySelector("#strip-curl").innerText.includes("2026-02-20")`)
	p.wait(`document.querySelector("#strip-state").innerText.includes("200")`)
	if got := february(); got < used+0.49 || got > used+0.51 {
		t.Errorf("on 2026-02-20 the card used %v MB, want 0.5 more than %v", got, used)
	}
	p.do(set("#state-status", "停机"), set("#state-reason", "机卡分离停机"), click("#state-form button"))
	p.wait(`document.querySelector("#chips").innerText.includes("Removed from its device")`)
	if after, _ := p.sim.Card(mobileCard); after.PauseReason != quecloudtest.ReasonIMEISplit {
		t.Errorf("the card is suspended for the reason %q", after.PauseReason)
	}
	p.wait(`document.querySelector("#history").innerText.includes("Normal → Suspended")`)
}

func TestPageFindsCards(t *testing.T) {
	p := newTab(t, quecloudtest.WithFleet(300))
	p.open("cards")
	p.wait(rows + ".length === 50")
	p.do(click("#next"))
	p.wait(`document.querySelector("#page").innerText === "Page 2"`)
	p.do(set("#text", mobileCard))
	p.wait(rows + ".length === 1")
	p.do(set("#text", ""), set("#status", "销号"))
	p.wait(rows + `.every(row => row.includes("Cancelled")) && ` + rows + `.length > 0`)
	p.do(set("#status", ""), set("#group", "860"))
	p.wait(rows + `.every(row => row.includes("Group 860")) && ` + rows + `.length > 1`)
	p.do(clickRow)
	p.wait(`document.querySelector("#card")?.checkVisibility()`)
}

func TestPageSwitchesLanguage(t *testing.T) {
	p := newTab(t)
	p.open("orders")
	p.do(click(".menus a.button"))
	p.wait(`document.querySelector("h1").innerText === "订单与钱包"`)
	p.open("calls")
	p.wait(`document.documentElement.lang === "zh-CN"`)
	p.do(click(".menus a.button"))
	p.wait(`document.querySelector("h1").innerText === "Calls"`)
}

// shell runs a command that the page copied.
func (p *tab) shell(command string) string {
	p.Helper()
	cmd := exec.CommandContext(p.Context(), "bash", "-c", command)
	cmd.Env = append(os.Environ(), "QUECLOUD_SECRET="+p.sim.Secret)
	out, err := cmd.CombinedOutput()
	if err != nil {
		p.Fatalf("%s\n%v\n%s", command, err, out)
	}
	return string(out)
}

// copied is what the page copies after it ran catchCopy.
const catchCopy = `navigator.clipboard.writeText = async text => { window.copied = text; }`

func TestPageCopiesCommandsThatWork(t *testing.T) {
	p := newTab(t)
	p.sim.SetTime(time.Now()) // the command takes the time of this machine
	_ = p.sim.Client().Cards.Pause(t.Context(), mobileID)
	p.open("calls")
	p.wait(rows + ".length === 1")
	eval[any](p, catchCopy)
	p.do(clickRow, chromedp.Click(chromedp.CSS("#detail .chips button")))
	p.wait("window.copied")
	response := p.shell(eval[string](p, "window.copied"))
	again := p.sim.Requests()[1]
	if !again.SignatureOK || again.Method != "fc.function.card.pause" || !strings.Contains(response, "errorMessage") {
		t.Errorf("the copied call: %+v\n%s", again, response)
	}

	p.open("sms")
	p.do(set("#sms-content", `it's "5" o'clock`), click("#sms-form button"))
	p.wait(`document.querySelector("#strip-state").innerText.includes("200")`)
	eval[any](p, catchCopy)
	p.do(click("#strip-copy"))
	p.shell(eval[string](p, "window.copied"))
	received := p.sim.Received()
	if len(received) != 2 || received[1].Content != `it's "5" o'clock` {
		t.Errorf("after the copied command the messages are %+v", received)
	}
}

func TestPageShowsWhatTheControlRefuses(t *testing.T) {
	p := newTab(t)
	p.expected = "400 (Bad Request)" // the browser itself logs the response
	p.open("sms")
	p.do(set("#sms-card", "1069999999999"), click("#sms-form button"))
	p.wait(`document.querySelector("#strip-state").innerText.includes("1069999999999")`)
}

func TestPageComesBackAfterARestart(t *testing.T) {
	p := newTab(t)
	p.expected = "net::ERR_" // the browser itself logs requests without a connection
	p.open("calls")
	p.wait(loaded)
	p.control.CloseClientConnections()
	p.control.Close()
	p.wait(`document.querySelector("#offline").checkVisibility()`)

	listener, err := net.Listen("tcp", p.control.Listener.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	sim := quecloudtest.NewServer(quecloudtest.WithTime(noon))
	t.Cleanup(sim.Close)
	_, _ = sim.Client().Billing.Wallet(t.Context())
	restarted := &http.Server{Handler: simulator.New(sim, log.New(io.Discard, "", 0)).Handler()}
	go func() { _ = restarted.Serve(listener) }()
	t.Cleanup(func() { _ = restarted.Close() })
	p.wait(rows + ".length === 1")
	p.wait(`!document.querySelector("#offline").checkVisibility()`)
	_ = sim.Client().Cards.Pause(t.Context(), mobileID)
	p.wait(rows + ".length === 2")
}

func TestPageKeepsAndRestoresTheState(t *testing.T) {
	p := newTab(t)
	folder := t.TempDir()
	p.call(chromedp.CallBrowser(p.ctx, browser.SetDownloadBehavior, browser.SetDownloadBehaviorParams{
		Behavior: "allow", DownloadPath: folder, BrowserContextID: chromedp.FromContext(p.ctx).BrowserContextID,
	}))
	p.sim.ReceiveSMS(mobileCard, "temperature 41")
	p.open("sms")
	p.wait(loaded)
	p.do(click("[popovertarget=state-menu]"), click("#snapshot-download"))
	p.wait(`document.querySelector("#strip-state").innerText.includes("200")`)
	snapshot := p.file(folder)

	p.do(click("#reset"))
	if len(p.sim.Received()) != 1 {
		t.Error("one click on Reset is enough to discard everything")
	}
	p.do(click("#reset"))
	p.wait(`!document.querySelector("#from").innerText.includes("temperature")`)
	if got := p.sim.Received(); len(got) != 0 {
		t.Errorf("after a reset there is %+v", got)
	}

	p.do(chromedp.SetUploadFiles(chromedp.CSS("#snapshot-upload"), []string{snapshot}))
	p.wait(`document.querySelector("#from").innerText.includes("temperature 41")`)

	scenario := filepath.Join(folder, "scenario.json")
	if err := os.WriteFile(scenario, []byte(`{"wallet": {"balance": "7.50"}}`), 0o600); err != nil {
		t.Fatal(err)
	}
	p.do(chromedp.SetUploadFiles(chromedp.CSS("#scenario-upload"), []string{scenario}))
	p.wait(`!document.querySelector("#from").innerText.includes("temperature")`)
	if got := p.sim.Wallet().Balance.String(); got != "7.50" {
		t.Errorf("the wallet of the scenario has %s, want 7.50", got)
	}
}

// file waits for a download and returns its name.
func (p *tab) file(folder string) string {
	p.Helper()
	for range 400 {
		names, _ := filepath.Glob(filepath.Join(folder, "quecloud-sim-*.json"))
		if len(names) == 1 {
			return names[0]
		}
		time.Sleep(25 * time.Millisecond)
	}
	p.Fatal("no file arrived")
	return ""
}
