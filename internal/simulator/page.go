package simulator

import (
	"bytes"
	"crypto/sha256"
	"embed"
	"fmt"
	"html/template"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"
)

// pageRoot is where the page starts. All other paths belong to the control.
const pageRoot = "/ui/"

// staticFiles has the templates, scripts and styles of the page.
//
//go:embed static
var staticFiles embed.FS

// sections are the parts of the page in the order of its navigation. Each has a template and a script of its name.
var sections = []string{"calls", "cards", "orders", "sms", "deliveries", "files"}

// pageHandler returns the handler of the page, for the paths under pageRoot. The page has texts and no state: its
// scripts read the state from the control, and change it with the control's own requests.
func pageHandler() http.Handler {
	mux := http.NewServeMux()
	serve := func(pattern, section string) {
		mux.HandleFunc("GET "+pageRoot+pattern, func(w http.ResponseWriter, r *http.Request) { servePage(w, r, section) })
	}
	for _, section := range sections {
		serve(section, section)
	}
	serve("cards/{number}", "card")
	mux.Handle("GET "+pageRoot+"{$}", http.RedirectHandler(pageRoot+sections[0], http.StatusSeeOther))
	mux.HandleFunc("GET "+pageRoot+"static/{name}", serveStatic)
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Security-Policy", pagePolicy)
		mux.ServeHTTP(w, r)
	})
}

// withPage returns a handler that sends browsers from / to the page.
func withPage(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path == "/" && r.Method == http.MethodGet && strings.Contains(r.Header.Get("Accept"), "text/html") {
			http.Redirect(w, r, pageRoot, http.StatusSeeOther)
			return
		}
		next.ServeHTTP(w, r)
	})
}

// pagePolicy lets the page use its own files and the control, nothing else.
const pagePolicy = "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self'; " +
	"base-uri 'none'; form-action 'none'; frame-ancestors 'none'"

// pageData is the data of the templates.
type pageData struct {
	Section  string
	Sections []string
	Other    string            // the other language
	Texts    map[string]string // for the scripts
	Presets  []faultPreset
}

// A faultPreset is a fault that the page offers.
type faultPreset struct {
	Fault string // without methods and times, see faultHelp
	Text  string // key of its description
}

var faultPresets = []faultPreset{
	{"status=503", "preset.503"},
	{"status=429,header=Retry-After:1", "preset.429"},
	{"refuse=500:系统繁忙", "preset.refuse"},
	{"latency=3s", "preset.latency"},
	{"cut-before", "preset.cut-before"},
	{"cut-after", "preset.cut-after"},
	{"truncate=20", "preset.truncate"},
	{"html=502", "preset.html"},
	{"empty", "preset.empty"},
}

// servePage serves a section in the reader's language. With the parameter lang it sets the language instead.
func servePage(w http.ResponseWriter, r *http.Request, section string) {
	query := r.URL.Query()
	if chosen := query.Get("lang"); slices.Contains(languages, chosen) {
		query.Del("lang")
		http.SetCookie(w, &http.Cookie{
			Name: "lang", Value: chosen, Path: pageRoot, MaxAge: 365 * 24 * 60 * 60, SameSite: http.SameSiteStrictMode,
		})
		target := url.URL{Path: r.URL.Path, RawQuery: query.Encode()}
		http.Redirect(w, r, target.String(), http.StatusSeeOther)
		return
	}
	lang := languageOf(r)
	data := pageData{
		Section: section, Sections: sections, Other: languages[0], Texts: textsIn(lang), Presets: faultPresets,
	}
	if lang == data.Other {
		data.Other = languages[1]
	}
	var html bytes.Buffer
	if err := templates()[lang].ExecuteTemplate(&html, section+".html", data); err != nil {
		panic(err) // the templates are part of the program
	}
	w.Header().Set("Content-Type", "text/html; charset=utf-8")
	w.Header().Set("Cache-Control", "no-store")
	_, _ = html.WriteTo(w) // fails when the client disconnected
}

// templates returns the templates of each language, parsed once.
var templates = sync.OnceValue(func() map[string]*template.Template {
	parsed := map[string]*template.Template{}
	for _, lang := range languages {
		t := func(key string) string { return mustText(lang, key) }
		parsed[lang] = template.Must(template.New("").Funcs(template.FuncMap{"t": t}).
			ParseFS(staticFiles, "static/*.html"))
	}
	return parsed
})

// serveStatic serves a script, the style or the icon. Browsers ask again each time and get 304 for what they have.
func serveStatic(w http.ResponseWriter, r *http.Request) {
	name := r.PathValue("name")
	content, err := staticFiles.ReadFile("static/" + name)
	if err != nil || strings.HasSuffix(name, ".html") {
		http.NotFound(w, r)
		return
	}
	w.Header().Set("Cache-Control", "no-cache")
	w.Header().Set("ETag", fmt.Sprintf(`"%x"`, sha256.Sum256(content)))
	http.ServeContent(w, r, name, time.Time{}, bytes.NewReader(content))
}

// languageOf returns the language of the cookie, or the first of Accept-Language that the page has.
func languageOf(r *http.Request) string {
	if chosen, err := r.Cookie("lang"); err == nil && slices.Contains(languages, chosen.Value) {
		return chosen.Value
	}
	best, weight := languages[0], 0.0
	for part := range strings.SplitSeq(r.Header.Get("Accept-Language"), ",") {
		tag, parameter, _ := strings.Cut(strings.TrimSpace(part), ";")
		lang, _, _ := strings.Cut(strings.ToLower(tag), "-")
		q := 1.0
		if v, ok := strings.CutPrefix(strings.TrimSpace(parameter), "q="); ok {
			q, _ = strconv.ParseFloat(v, 64) // 0 when malformed
		}
		if slices.Contains(languages, lang) && q > weight {
			best, weight = lang, q
		}
	}
	return best
}
