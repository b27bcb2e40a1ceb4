package quecloudtest_test

import (
	"cmp"
	"crypto/hmac"
	"crypto/md5"
	"crypto/sha1"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"maps"
	"net/url"
	"slices"
	"strings"
	"testing"

	"github.com/quecloud/quecloud-go/quecloudtest"
)

// secret is that of the servers in these tests.
const secret = "Canary-7f3a"

// A signing holds what a client signs.
type signing struct {
	names  []string // in order
	params map[string]string
}

// right signs as the document says, with the names in the order of their bytes. The functions below spoil that.
func right(form url.Values) signing {
	s := signing{params: map[string]string{}}
	for name := range form {
		s.params[name] = form.Get(name)
		if name != "alarmParam" && name != "sign" {
			s.names = append(s.names, name)
		}
	}
	slices.Sort(s.names)
	return s
}

// join returns the names and values without the secret.
func (s signing) join(equals, and string) string {
	var fields []string
	for _, name := range s.names {
		fields = append(fields, name+equals+s.params[name])
	}
	return strings.Join(fields, and)
}

// each changes the values.
func (s signing) each(change func(string) string) signing {
	for name, value := range s.params {
		s.params[name] = change(value)
	}
	return s
}

// set adds or changes a parameter.
func (s signing) set(name, value string) signing {
	if !slices.Contains(s.names, name) {
		s.names = slices.Sorted(slices.Values(append(s.names, name)))
	}
	s.params[name] = value
	return s
}

// drop removes a parameter.
func (s signing) drop(name string) signing {
	s.names = slices.DeleteFunc(s.names, func(n string) bool { return n == name })
	return s
}

// order changes the order of the parameters.
func (s signing) order(names ...string) signing {
	s.names = names
	return s
}

// inSecret returns the signature of a text between the secret.
func inSecret(text string) string { return sha(secret + text + secret) }

func sha(text string) string { return fmt.Sprintf("%X", sha1.Sum([]byte(text))) }

// TestSignatureGuess signs wrong in each way that has a description, and reads the description.
func TestSignatureGuess(t *testing.T) {
	t.Parallel()
	card := []string{"msisdn", "1064800000000"}
	month := slices.Concat(card, []string{"month", "202603"})
	text := []string{"msisdns", "1064800000000,1064800000001", "content", "重启 a+b*~/(1)"}
	ofText := func(change func(string) string) func(signing) string {
		return func(s signing) string { return inSecret(s.each(change).join("", "")) }
	}
	ends := func(before, after string) func(signing) string {
		return func(s signing) string { return sha(before + s.join("", "") + after) }
	}
	for name, c := range map[string]struct {
		method string
		pairs  []string
		sign   func(signing) string
		want   string // part of the guess
	}{
		"alarmParam": {
			"card.alarm", slices.Concat(card, []string{"alarmParam", "{}"}),
			func(s signing) string { return inSecret(s.set("alarmParam", "{}").join("", "")) },
			"alarmParam: the platform does not sign it",
		},
		"both settings": {
			"card.alarm.status", slices.Concat(card, []string{"alarmStatus", "1", "pauseStatus", "0"}),
			func(s signing) string { return inSecret(s.join("", "")) }, "alarmStatus, pauseStatus: the platform",
		},
		"one of the settings": {
			"card.alarm.status", slices.Concat(card, []string{"alarmStatus", "1", "pauseStatus", "0"}),
			func(s signing) string { return inSecret(s.drop("alarmStatus").join("", "")) }, "pauseStatus: the platform",
		},
		"blanks": {
			"card.list", []string{"pageNo", "", "pageSize", " "},
			func(s signing) string { return inSecret(s.drop("pageNo").drop("pageSize").join("", "")) },
			"blank parameters are left out",
		},
		"a parameter left out": {
			"dayflow.list", month, func(s signing) string { return inSecret(s.drop("month").join("", "")) },
			"month is not signed",
		},
		"an absent parameter, blank": {
			"card.list", []string{"pageNo", "1"},
			func(s signing) string { return inSecret(s.set("pageSize", "").join("", "")) },
			"pageSize, which the request does not contain, is signed as blank",
		},
		"an absent parameter, null": {
			"card.info", card, func(s signing) string { return inSecret(s.set("iccid", "null").join("", "")) },
			"iccid, which the request does not contain, is signed as null",
		},
		"an absent parameter, None": {
			"card.info", card, func(s signing) string { return inSecret(s.set("iccid", "None").join("", "")) },
			"signed as None",
		},
		"an absent parameter, undefined": {
			"card.info", card, func(s signing) string { return inSecret(s.set("iccid", "undefined").join("", "")) },
			"signed as undefined",
		},
		"an absent parameter, 0": {
			"card.list", nil, func(s signing) string { return inSecret(s.set("pageNo", "0").join("", "")) }, "signed as 0",
		},
		"all absent parameters": {
			"card.recharge", []string{"iccid", "1", "productId", "50", "productName", "30M-当月"},
			func(s signing) string {
				return inSecret(s.set("remark", "null").set("externalId", "null").set("preverify", "null").join("", ""))
			},
			"remark, externalId, preverify, which the request does not contain, are signed as null",
		},
		"sign": {
			"card.info", card, func(s signing) string { return inSecret(s.set("sign", "").join("", "")) },
			"sign, which the request does not contain, is signed as blank",
		},
		"no secret at the end":    {"card.info", card, ends(secret, ""), "the secret is missing at the end"},
		"no secret at the start":  {"card.info", card, ends("", secret), "the secret is missing at the start"},
		"no secret":               {"card.info", card, ends("", ""), "the secret is missing at both ends"},
		"echo":                    {"card.info", card, ends(secret, secret+"\n"), "echo without -n"},
		"echo of Windows":         {"card.info", card, ends(secret, secret+"\r\n"), "a line end follows the string"},
		"secret of a file":        {"card.info", card, ends(secret+"\n", secret+"\n"), "a line end follows the secret"},
		"secret of a CRLF file":   {"card.info", card, ends(secret+"\r\n", secret+"\r\n"), "a line end follows the secret"},
		"secret and blank":        {"card.info", card, ends(secret+" ", secret+" "), "a blank follows the secret"},
		"blank and secret":        {"card.info", card, ends(" "+secret, " "+secret), "a blank precedes the secret"},
		"byte order mark":         {"card.info", card, ends("\ufeff"+secret, "\ufeff"+secret), "byte order mark"},
		"quotes":                  {"card.info", card, ends(`"`+secret+`"`, `"`+secret+`"`), "in quotes"},
		"upper case of secret":    {"card.info", card, ends("CANARY-7F3A", "CANARY-7F3A"), "secret is in upper case"},
		"lower case of secret":    {"card.info", card, ends("canary-7f3a", "canary-7f3a"), "secret is in lower case"},
		"appKey":                  {"card.info", card, ends("000001", "000001"), "the appKey is in place of the secret"},
		"default of the stand-in": {"card.info", card, ends("quecloudtest-secret", "quecloudtest-secret"), "the default"},
		"the secret itself":       {"card.info", card, func(signing) string { return secret }, "has the secret itself"},
		"as in the form": {
			"sms.send", text, ofText(url.QueryEscape),
			"as they are escaped in the form",
		},
		"escaped, RFC 3986": {
			"sms.send", text, ofText(func(v string) string { return strings.ReplaceAll(url.QueryEscape(v), "+", "%20") }),
			"signed URL-encoded",
		},
		"escaped, Java": {
			"sms.send", text,
			ofText(strings.NewReplacer("重", "%E9%87%8D", "启", "%E5%90%AF", " ", "+", "+", "%2B", "~", "%7E", "/", "%2F",
				"(", "%28", ")", "%29", ",", "%2C").Replace), "signed URL-encoded",
		},
		"escaped, JavaScript": {
			"sms.send", text,
			ofText(strings.NewReplacer("重", "%E9%87%8D", "启", "%E5%90%AF", " ", "%20", "+", "%2B", "/", "%2F",
				",", "%2C").Replace), "signed URL-encoded",
		},
		"escaped, Python": {
			"sms.send", text,
			ofText(strings.NewReplacer("重", "%E9%87%8D", "启", "%E5%90%AF", " ", "%20", "+", "%2B", "*", "%2A",
				"(", "%28", ")", "%29", ",", "%2C").Replace), "signed URL-encoded",
		},
		"escaped, .NET Framework": {
			"sms.send", text,
			ofText(strings.NewReplacer("重", "%e9%87%8d", "启", "%e5%90%af", " ", "+", "+", "%2b", "~", "%7e", "/", "%2f",
				",", "%2c").Replace), "signed URL-encoded",
		},
		"escaped, .NET": {
			"sms.send", text,
			ofText(strings.NewReplacer("重", "%E9%87%8D", "启", "%E5%90%AF", " ", "+", "+", "%2B", "~", "%7E", "/", "%2F",
				",", "%2C").Replace), "signed URL-encoded",
		},
		"escaped twice": {
			"sms.send", []string{"msisdns", "1064800000000", "content", "%E9%87%8D+1"},
			ofText(strings.NewReplacer("%E9%87%8D+1", "重 1").Replace), "escaped twice",
		},
		"GBK": {
			"sms.send", text, ofText(strings.NewReplacer("重启", "\xd6\xd8\xc6\xf4").Replace), "in GBK, not UTF-8",
		},
		"ASCII":            {"sms.send", text, ofText(strings.NewReplacer("重启", "??").Replace), "ASCII or Latin-1"},
		"blanks around":    {"sms.send", []string{"content", " x\n"}, ofText(strings.TrimSpace), "without the blanks around"},
		"names lower-case": {"card.info", card, lowerNames, "the names are in lower case"},
		"names left out": {
			"card.info", card, func(s signing) string {
				var values strings.Builder
				for _, name := range s.names {
					values.WriteString(s.params[name])
				}
				return inSecret(values.String())
			}, "the names are left out",
		},
		"all in lower case": {
			"card.info", card, func(s signing) string { return sha(strings.ToLower(secret + s.join("", "") + secret)) },
			"string to sign is in lower case",
		},
		"all in upper case": {
			"card.info", card, func(s signing) string { return sha(strings.ToUpper(secret + s.join("", "") + secret)) },
			"string to sign is in upper case",
		},
		"short method": {
			"card.info", card, func(s signing) string { return inSecret(s.set("method", "card.info").join("", "")) },
			"without fc.function.",
		},
		"t of the second before": {
			"card.info", card, func(s signing) string { return inSecret(s.set("t", "1773115199").join("", "")) },
			"t is read twice",
		},
		"t of the second after": {
			"card.info", card, func(s signing) string { return inSecret(s.set("t", "1773115201").join("", "")) },
			"t is read twice",
		},
		"t of two seconds before": {
			"card.info", card, func(s signing) string { return inSecret(s.set("t", "1773115198").join("", "")) },
			"t is read twice",
		},
		"t of two seconds after": {
			"card.info", card, func(s signing) string { return inSecret(s.set("t", "1773115202").join("", "")) },
			"t is read twice",
		},
		"= and &": {"card.info", card, func(s signing) string { return inSecret(s.join("=", "&")) }, "= and & join"},
		"=":       {"card.info", card, func(s signing) string { return inSecret(s.join("=", "")) }, "= joins"},
		"&":       {"card.info", card, func(s signing) string { return inSecret(s.join("", "&")) }, "& joins"},
		"&key=": {
			"card.info", card, func(s signing) string { return sha(s.join("=", "&") + "&key=" + secret) }, "&key=secret",
		},
		"month before method": {
			"dayflow.list", month,
			func(s signing) string {
				return inSecret(s.order("appKey", "month", "method", "msisdn", "t").join("", ""))
			},
			"another order: appKey, month, method, msisdn, t; want appKey, method, month, msisdn, t",
		},
		"order of the request": {
			"dayflow.list", month,
			func(s signing) string {
				return inSecret(s.order("msisdn", "month", "method", "appKey", "t").join("", ""))
			},
			"that of the request",
		},
		"system parameters last": {
			"dayflow.list", month,
			func(s signing) string {
				return inSecret(s.order("month", "msisdn", "appKey", "method", "t").join("", ""))
			},
			"the system parameters come last",
		},
		"system parameters first": {
			"dayflow.list", month,
			func(s signing) string {
				return inSecret(s.order("appKey", "method", "t", "month", "msisdn").join("", ""))
			},
			"the system parameters come first",
		},
		"reverse": {
			"dayflow.list", slices.Concat(month, []string{"a", "1"}),
			func(s signing) string {
				return inSecret(s.order("t", "msisdn", "month", "method", "appKey", "a").join("", ""))
			},
			"the reverse",
		},
		"order without regard to case": {
			"card.info", []string{"Msisdn", "1064800000000", "X", "1"},
			func(s signing) string {
				slices.SortFunc(s.names, func(a, b string) int { return cmp.Compare(strings.ToLower(a), strings.ToLower(b)) })
				return inSecret(s.join("", ""))
			}, "without regard to case",
		},
		"MD5": {
			"card.info", card,
			func(s signing) string { return fmt.Sprintf("%x", md5.Sum([]byte(secret+s.join("", "")+secret))) },
			"made with MD5; want SHA-1",
		},
		"SHA-256": {
			"card.info", card,
			func(s signing) string { return fmt.Sprintf("%X", sha256.Sum256([]byte(secret+s.join("", "")+secret))) },
			"made with SHA-256; want SHA-1",
		},
		"Base64": {
			"card.info", card, func(s signing) string {
				sum := sha1.Sum([]byte(secret + s.join("", "") + secret))
				return base64.StdEncoding.EncodeToString(sum[:])
			}, "Base64",
		},
		"HMAC": {
			"card.info", card, func(s signing) string {
				h := hmac.New(sha1.New, []byte(secret))
				h.Write([]byte(secret + s.join("", "") + secret))
				return hex.EncodeToString(h.Sum(nil))
			}, "an HMAC with the secret as the key",
		},
		"two mistakes: HMAC without the secret in the text": {
			"card.info", card, func(s signing) string {
				h := hmac.New(sha256.New, []byte(secret))
				h.Write([]byte(s.join("", "")))
				return hex.EncodeToString(h.Sum(nil))
			}, "as the key; want a plain SHA-1; and the secret is missing at both ends",
		},
		"two mistakes: escaped, in the order of the request": {
			"sms.send", text, func(s signing) string {
				s = s.order("msisdns", "method", "content", "appKey", "t").each(url.QueryEscape)
				return inSecret(s.join("", ""))
			},
			"as they are escaped in the form; and the parameters are in another order than that of their names: " +
				"that of the request",
		},
		"two mistakes: separators, no secret at the start": {
			"card.info", card, func(s signing) string { return sha(s.join("=", "&") + secret) },
			"the secret is missing at the start; and = and & join",
		},
		"another secret":    {"card.info", card, ends("another", "another"), ""},
		"no signature":      {"card.info", card, func(signing) string { return "" }, ""},
		"not a signature":   {"card.info", card, func(signing) string { return "not one" }, ""},
		"of another length": {"card.info", card, func(signing) string { return "0123456789abcdef" }, ""},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			srv, _ := start(t, quecloudtest.WithCredentials("000001", secret))
			form := newForeign(t, srv).form(c.method, c.pairs...)
			form.Set("sign", c.sign(right(form)))
			r := sendDisordered(t, srv, form)
			if r.SignatureOK || r.Accepted || r.Mismatch == nil {
				t.Fatalf("recorded as %+v", r)
			}
			got := r.Mismatch
			if !strings.Contains(got.Guess, c.want) || (c.want == "") != (got.Guess == "") ||
				(got.Guess == "") != (got.GuessZH == "") {
				t.Errorf("guessed %q, %q, want %q", got.Guess, got.GuessZH, c.want)
			}
			want := right(form)
			if name == "both settings" || name == "one of the settings" {
				want = want.drop("alarmStatus").drop("pauseStatus")
			}
			if got.Expected != inSecret(want.join("", "")) || got.Text != "(secret)"+want.join("", "")+"(secret)" {
				t.Errorf("expected %s of %q, want %s of %q", got.Expected, got.Text, inSecret(want.join("", "")), want.join("", ""))
			}
			wantNoSecret(t, r)
		})
	}
}

func lowerNames(s signing) string {
	var text strings.Builder
	for _, name := range s.names {
		text.WriteString(strings.ToLower(name) + s.params[name])
	}
	return inSecret(text.String())
}

// sendDisordered sends a form with the names in reverse order, but t last, and returns the record of the request.
func sendDisordered(t *testing.T, srv *quecloudtest.Server, form url.Values) quecloudtest.Request {
	t.Helper()
	var fields []string
	names := slices.SortedFunc(maps.Keys(form), func(a, b string) int { return cmp.Compare(b, a) })
	for _, name := range append(slices.DeleteFunc(names, func(n string) bool { return n == "t" }), "t") {
		fields = append(fields, url.QueryEscape(name)+"="+url.QueryEscape(form.Get(name)))
	}
	resp, err := roundTripBody(srv, strings.Join(fields, "&"))
	must(t, err)
	must(t, resp.Body.Close())
	requests := srv.Requests()
	return requests[len(requests)-1]
}

// wantNoSecret checks that the explanation of a signature and the reason of the refusal do not contain the secret.
func wantNoSecret(t *testing.T, r quecloudtest.Request) {
	t.Helper()
	text, err := json.Marshal(r.Mismatch)
	must(t, err)
	for _, text := range []string{string(text), fmt.Sprintf("%+v", r.Mismatch), r.Reason} {
		if strings.Contains(strings.ToLower(text), "canary") {
			t.Errorf("the secret is in %s", text)
		}
	}
}

// The explanation hides the secret where the client sent it by mistake, and what may be the secret of another account.
func TestSignatureExplanationHidesSecrets(t *testing.T) {
	t.Parallel()
	srv, _ := start(t, quecloudtest.WithCredentials("000001", secret))
	wrong := strings.Repeat("A", 40)
	for _, pairs := range [][]string{
		{"msisdn", secret, "sign", wrong},
		{"msisdn", "a" + secret + "b", "sign", wrong},
		{"msisdn", strings.ToUpper(secret), "sign", wrong},
		{secret, "1", "sign", wrong},
		{"aCanary", "-7f3a", "sign", wrong},
		{"method", secret, "sign", wrong},
		{"appKey", secret, "sign", wrong},
		{"t", secret, "sign", wrong},
		{"sign", secret},
		{"sign", secret + secret},
		{"secret", "another-canary", "sign", wrong},
		{"appSecret", "another-canary", "sign", wrong},
		{"password", "another-canary", "sign", wrong},
		{"Sign", "another-canary"},
		{"sign", "another-canary"},
		{"sign", hex.EncodeToString([]byte("canary"))},
		{secret, "", "sign", sha(secret + "appKey000001methodfc.function.card.infot1773115200" + secret)},
	} {
		form := newForeign(t, srv).form("card.info", pairs...)
		if !slices.Contains(pairs, "sign") {
			form.Del("sign")
		}
		for i := 0; i < len(pairs); i += 2 {
			form.Set(pairs[i], pairs[i+1])
		}
		r := sendDisordered(t, srv, form)
		if r.Mismatch == nil {
			t.Fatalf("%q: recorded as %+v", pairs, r)
		}
		wantNoSecret(t, r)
		if strings.Contains(r.Mismatch.Received, "63616e617279") {
			t.Errorf("received %s", r.Mismatch.Received)
		}
	}
}

func TestSignatureReceived(t *testing.T) {
	t.Parallel()
	srv, _ := start(t)
	for sign, want := range map[string]string{
		"":                         "(none)",
		strings.Repeat("0a", 20):   strings.Repeat("0a", 20),
		strings.Repeat("0a", 16):   "(32 hexadecimal digits)",
		strings.Repeat("签", 3):     "(3 characters)",
		quecloudtest.DefaultSecret: "(the secret)",
	} {
		form := newForeign(t, srv).form("account.info")
		form.Set("sign", sign)
		if got := sendDisordered(t, srv, form).Mismatch.Received; got != want {
			t.Errorf("%q: got %s, want %s", sign, got, want)
		}
	}
	form := newForeign(t, srv).form("account.info")
	form.Set("Signature", form.Get("sign"))
	form.Del("sign")
	const want = "the signature is in the parameter Signature; its name is sign"
	if got := sendDisordered(t, srv, form).Mismatch; got.Guess != want {
		t.Errorf("of another name: got %+v", got)
	}
}

// A right signature, and a request that is no call, have no explanation.
func TestSignatureNotExplained(t *testing.T) {
	t.Parallel()
	srv, _ := start(t)
	form := newForeign(t, srv).form("account.info")
	if r := sendDisordered(t, srv, form); r.Mismatch != nil || !r.Accepted {
		t.Errorf("recorded as %+v", r)
	}
	form = newForeign(t, srv).form("card.info")
	if r := sendDisordered(t, srv, form); r.Mismatch != nil || !r.SignatureOK || r.Accepted {
		t.Errorf("refused for another reason: recorded as %+v", r)
	}
	if r := sendDisordered(t, srv, url.Values{"a": {"1"}}); r.Mismatch != nil {
		t.Errorf("no call: recorded as %+v", r)
	}
}

// A large request is explained, without a guess that takes long.
func TestSignatureOfALargeRequest(t *testing.T) {
	t.Parallel()
	srv, _ := start(t)
	for _, c := range []struct {
		cards int
		guess bool
	}{{1000, true}, {200_000, false}} {
		cards := strings.Repeat("1064800000000,", c.cards)
		form := newForeign(t, srv).form("cards.info", "msisdns", cards)
		form.Set("sign", sha(quecloudtest.DefaultSecret+right(form).join("", "")))
		got := sendDisordered(t, srv, form).Mismatch
		if !strings.Contains(got.Text, cards) || (got.Guess != "") != c.guess {
			t.Errorf("%d cards: guessed %q of %d bytes", c.cards, got.Guess, len(got.Text))
		}
	}
}
