package quecloudtest_test

import (
	"net/http"
	"strings"
	"testing"
)

func TestVerbsOtherThanPOSTAreUnauthorized(t *testing.T) {
	t.Parallel()
	for _, verb := range []string{
		http.MethodGet, http.MethodHead, http.MethodPut, http.MethodPatch, http.MethodDelete, http.MethodOptions, "post",
	} {
		srv, _ := start(t)
		form := newForeign(t, srv).form("card.pause", "msisdn", "1064800000000")
		req, err := http.NewRequest(verb, srv.URL+"?"+form.Encode(), nil)
		must(t, err)
		resp, err := http.DefaultClient.Do(req)
		a := read(t, resp, err)
		want := `{"resultCode":70031,"errorMessage":"unauthorized"}`
		if verb == http.MethodHead {
			want = ""
		}
		if a.status != http.StatusOK || a.body != want {
			t.Errorf("%s: got HTTP %d, %s", verb, a.status, a.body)
		}
		if r := srv.Requests()[0]; r.Accepted || r.Executed || r.ResultCode != 70031 || r.Verb != verb || r.Method != "fc.function.card.pause" {
			t.Errorf("%s: recorded as %+v", verb, r)
		}
	}
}

func TestFormsThatAreNone(t *testing.T) {
	t.Parallel()
	srv, _ := start(t)
	form := newForeign(t, srv).form("account.info").Encode()
	for name, c := range map[string]struct{ query, contentType, body string }{
		"JSON":                         {"", "application/json", `{"method":"fc.function.account.info"}`},
		"JSON beside a right query":    {form, "application/json", `{}`},
		"no content type":              {"", "", form},
		"no boundary":                  {"", "multipart/form-data", "--x\r\n"},
		"broken escape":                {"", "application/x-www-form-urlencoded", "appKey=%zz"},
		"broken query":                 {"a=1;b=2", "", ""},
		"parameter in query and body":  {form, "application/x-www-form-urlencoded", "t=1"},
		"parameter twice in the body":  {"", "application/x-www-form-urlencoded", form + "&t=1"},
		"nothing at all":               {"", "", ""},
		"more than anybody would send": {"", "application/x-www-form-urlencoded", "x=" + strings.Repeat("1", 9<<20)},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			resp, err := http.Post(srv.URL+"?"+c.query, c.contentType, strings.NewReader(c.body))
			if a := read(t, resp, err); a.status != http.StatusOK || a.code() != 1.0 {
				t.Errorf("got HTTP %d, %s", a.status, a.body)
			}
		})
	}
}
