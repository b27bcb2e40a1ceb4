package simulator

import (
	"cmp"
	"io/fs"
	"net/http"
	"net/http/httptest"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/quecloud/quecloud-go/quecloudtest"
)

// getPage requests a path of the page.
func getPage(path string, header http.Header) *httptest.ResponseRecorder {
	r := httptest.NewRequest(http.MethodGet, path, nil)
	r.Header = header
	w := httptest.NewRecorder()
	pageHandler().ServeHTTP(w, r)
	return w
}

func TestPageLanguage(t *testing.T) {
	for _, tt := range []struct{ accept, cookie, want string }{
		{accept: "", want: "en"},
		{accept: "de-DE,de;q=0.9", want: "en"},
		{accept: "zh-CN,zh;q=0.9,en;q=0.8", want: "zh"},
		{accept: "en-US,en;q=0.9,zh;q=0.8", want: "en"},
		{accept: "fr, zh-Hans;q=0.5, en;q=0.4", want: "zh"},
		{accept: "en;q=x, ZH;q=0.1", want: "zh"},
		{accept: "zh", cookie: "en", want: "en"},
		{accept: "en", cookie: "zh", want: "zh"},
		{accept: "zh", cookie: "fr", want: "zh"},
	} {
		header := http.Header{"Accept-Language": {tt.accept}}
		if tt.cookie != "" {
			header.Set("Cookie", "lang="+tt.cookie)
		}
		body := getPage("/ui/calls", header).Body.String()
		want := map[string]string{"en": `<html lang="en">`, "zh": `<html lang="zh-CN">`}[tt.want]
		if !strings.Contains(body, want) {
			t.Errorf("Accept-Language %q, cookie %q: the page lacks %s", tt.accept, tt.cookie, want)
		}
	}
}

func TestPageSwitchesLanguage(t *testing.T) {
	w := getPage("/ui/cards?lang=zh&status=%E6%AD%A3%E5%B8%B8", nil)
	if got, want := w.Header().Get("Location"), "/ui/cards?status=%E6%AD%A3%E5%B8%B8"; got != want {
		t.Errorf("redirected to %q, want %q", got, want)
	}
	cookie, err := http.ParseSetCookie(w.Header().Get("Set-Cookie"))
	if err != nil || cookie.Name != "lang" || cookie.Value != "zh" || cookie.SameSite != http.SameSiteStrictMode {
		t.Errorf("the cookie is %v, want lang=zh for this site only", cookie)
	}
}

func TestPageServesEverySection(t *testing.T) {
	for _, path := range append(slices.Clone(sections), "cards/89860024310000000006") {
		for _, lang := range languages {
			w := getPage(pageRoot+path, http.Header{"Accept-Language": {lang}})
			body := w.Body.String()
			if w.Code != http.StatusOK || !strings.Contains(body, "</html>") {
				t.Errorf("%s in %s: HTTP %d, %d bytes", path, lang, w.Code, len(body))
			}
			if strings.Contains(body, "ZgotmplZ") {
				t.Errorf("%s in %s: html/template refused a value", path, lang)
			}
		}
	}
	if got := getPage("/ui/", nil).Header().Get("Location"); got != "/ui/calls" {
		t.Errorf("/ui/ leads to %q, want the calls", got)
	}
}

func TestPageIsWhereBrowsersArrive(t *testing.T) {
	_, h := newControl(t)
	for _, tt := range []struct{ accept, want string }{
		{accept: "text/html,application/xhtml+xml,*/*;q=0.8", want: "/ui/"},
		{accept: "*/*", want: ""},
		{accept: "application/json", want: ""},
	} {
		r := httptest.NewRequest(http.MethodGet, "http://127.0.0.1/", nil)
		r.Header.Set("Accept", tt.accept)
		w := httptest.NewRecorder()
		h.ServeHTTP(w, r)
		if got := w.Header().Get("Location"); got != tt.want {
			t.Errorf("Accept %q: redirected to %q, want %q", tt.accept, got, tt.want)
		}
	}
	r := httptest.NewRequest(http.MethodGet, "http://127.0.0.1/ui/calls", nil)
	w := httptest.NewRecorder()
	h.ServeHTTP(w, r)
	if got := w.Header().Get("Content-Security-Policy"); w.Code != http.StatusOK || got != pagePolicy {
		t.Errorf("the page: HTTP %d, policy %q", w.Code, got)
	}
}

func TestPageRunsNoInlineScript(t *testing.T) {
	body := getPage("/ui/calls", nil).Body.String()
	for _, tag := range regexp.MustCompile(`(?s)<(?:script|style|link)\b[^>]*>`).FindAllString(body, -1) {
		if !strings.Contains(tag, `"/ui/static/`) && !strings.Contains(tag, `type="application/json"`) {
			t.Errorf("%s is not a file of the page", tag)
		}
	}
	if inline := regexp.MustCompile(`\s(?:on\w+|style)=`).FindString(body); inline != "" {
		t.Errorf("the page has an inline handler or style: %s", inline)
	}
}

func TestPageCachesFiles(t *testing.T) {
	first := getPage("/ui/static/page.js", nil)
	if first.Code != http.StatusOK || !strings.Contains(first.Header().Get("Content-Type"), "javascript") {
		t.Fatalf("page.js: HTTP %d, %s", first.Code, first.Header().Get("Content-Type"))
	}
	second := getPage("/ui/static/page.js", http.Header{"If-None-Match": {first.Header().Get("ETag")}})
	if second.Code != http.StatusNotModified {
		t.Errorf("the same file again: HTTP %d, want 304", second.Code)
	}
	for _, name := range []string{"layout.html", "none.js"} {
		if got := getPage("/ui/static/"+name, nil).Code; got != http.StatusNotFound {
			t.Errorf("%s: HTTP %d, want 404", name, got)
		}
	}
}

func TestPageTextsHaveBothLanguages(t *testing.T) {
	han := regexp.MustCompile(`\p{Han}`)
	for _, table := range []map[string]pageText{texts, methodTitles} {
		for key, text := range table {
			if text.en == "" || text.zh == "" {
				t.Errorf("%s has one language only: %q, %q", key, text.en, text.zh)
			}
			if han.MatchString(text.en) && key != "language.other" {
				t.Errorf("%s: the English text %q is Chinese", key, text.en)
			}
			for _, name := range regexp.MustCompile(`\{\w+\}`).FindAllString(text.en, -1) {
				if !strings.Contains(text.zh, name) {
					t.Errorf("%s: the Chinese text %q lacks %s", key, text.zh, name)
				}
			}
		}
	}
}

func TestPageUsesDocumentedRequests(t *testing.T) {
	mux := http.NewServeMux()
	for _, route := range routes() {
		mux.Handle(route.pattern, http.NotFoundHandler())
	}
	call := regexp.MustCompile("\\b(?:act\\(\"([A-Z]+)\", |get\\()(?:\"(/[^\"]*)\"|`([$/][^`]*)`|(path)\\b)")
	hole := regexp.MustCompile(`\$\{[^}]*\}`)
	found := 0
	for _, content := range scripts(t) {
		for _, match := range call.FindAllStringSubmatch(content, -1) {
			path := strings.Replace(match[2]+match[3]+match[4], "${path}", "path", 1)
			path = hole.ReplaceAllString(strings.Replace(path, "path", "/cards/1", 1), "1") // card.js has the variable
			method := cmp.Or(match[1], http.MethodGet)
			r := httptest.NewRequest(method, path, nil)
			if _, pattern := mux.Handler(r); pattern == "" {
				t.Errorf("the page calls %s %s, which is no request of the control", method, path)
			}
			found++
		}
	}
	if found < 25 {
		t.Errorf("found %d calls in the scripts, want at least 25", found)
	}
}

// scripts returns the scripts of the page by their names.
func scripts(t *testing.T) map[string]string {
	t.Helper()
	names, err := fs.Glob(staticFiles, "static/*.js")
	if err != nil || len(names) == 0 {
		t.Fatalf("scripts %v: %v", names, err)
	}
	contents := map[string]string{}
	for _, name := range names {
		content, err := staticFiles.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		contents[name] = string(content)
	}
	return contents
}

// prefixes are the beginnings of keys whose ends come from the state.
var prefixes = []string{
	"status.", "reason.", "carrier.", "order.", "ordertype.", "wallet.", "sms.", "voice.", "title.", "nav.", "preset.",
}

func TestPageUsesEveryText(t *testing.T) {
	var all strings.Builder
	asked := map[string]string{} // keys by the name of a file
	call := regexp.MustCompile(`\bt(?:\(| )"([^"]+)"`)
	err := fs.WalkDir(staticFiles, "static", func(path string, entry fs.DirEntry, err error) error {
		if err != nil || entry.IsDir() {
			return err
		}
		content, err := staticFiles.ReadFile(path)
		all.Write(content)
		for _, match := range call.FindAllStringSubmatch(string(content), -1) {
			asked[match[1]] = path
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	for key, path := range asked {
		if _, ok := texts[key]; !ok && !slices.Contains(prefixes, key) {
			t.Errorf("%s: there is no text %q", path, key)
		}
	}
	for key := range texts {
		dynamic := slices.ContainsFunc(prefixes, func(prefix string) bool { return strings.HasPrefix(key, prefix) })
		if !dynamic && !strings.Contains(all.String(), `"`+key+`"`) {
			t.Errorf("nothing uses the text %q", key)
		}
	}
	for _, section := range sections {
		if texts["nav."+section] == (pageText{}) || texts["title."+section] == (pageText{}) {
			t.Errorf("the section %s has no title", section)
		}
	}
}

func TestPageKnowsEveryValue(t *testing.T) {
	for _, method := range quecloudtest.Methods() {
		if _, ok := methodTitles[strings.TrimPrefix(method, "fc.function.")]; !ok {
			t.Errorf("%s has no title", method)
		}
	}
	if got, want := len(methodTitles), len(quecloudtest.Methods()); got != want {
		t.Errorf("%d titles for %d methods", got, want)
	}
	for kind, values := range map[string][]string{
		"status": {
			quecloudtest.StatusNormal, quecloudtest.StatusSuspended, quecloudtest.StatusTestNormal,
			quecloudtest.StatusTestSuspended, quecloudtest.StatusInactive, quecloudtest.StatusReserved,
			quecloudtest.StatusPreCancelled, quecloudtest.StatusCancelled, quecloudtest.StatusUnknown,
		},
		"reason": {
			quecloudtest.ReasonByOwner, quecloudtest.ReasonIMEISplit, quecloudtest.ReasonCarrierLimit,
			quecloudtest.ReasonThreshold, quecloudtest.ReasonPlanExpired, quecloudtest.ReasonCardExhausted,
			quecloudtest.ReasonPoolExhausted, quecloudtest.ReasonDataClosed,
		},
		"carrier":   {quecloudtest.ChinaMobile, quecloudtest.ChinaTelecom, quecloudtest.ChinaUnicom},
		"order":     {quecloudtest.OrderPending, quecloudtest.OrderDone, quecloudtest.OrderFailed},
		"ordertype": {quecloudtest.OrderRecharge, quecloudtest.OrderRenewal},
		"sms":       {"100", "200", "400"},
	} {
		for _, value := range values {
			if _, ok := texts[kind+"."+value]; !ok {
				t.Errorf("%s.%s has no text", kind, value)
			}
		}
	}
}

func TestPagePresetsAreFaults(t *testing.T) {
	for _, preset := range faultPresets {
		if _, err := ParseFault(preset.Fault + ",on=card.info,times=1"); err != nil {
			t.Errorf("%s: %v", preset.Fault, err)
		}
	}
}
