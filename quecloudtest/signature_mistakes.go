package quecloudtest

import (
	"cmp"
	"net/url"
	"slices"
	"strconv"
	"strings"

	"github.com/quecloud/quecloud-go/internal/gbk"
)

// mistakes returns the mistakes that make a difference for this request, the most common first. Those that change the
// order of the parameters come last, since others may add parameters.
func (g *guesser) mistakes(right draft) []mistake {
	all := slices.Concat(
		g.selections(right), g.absentParams(), g.secrets(), g.encodings(), g.spellings(), g.forms(), g.orders())
	same := string(right.append(nil))
	return slices.DeleteFunc(all, func(m mistake) bool {
		other := m.make(right)
		g.buf = other.append(g.buf[:0])
		return string(g.buf) == same
	})
}

// selections sign parameters that are not signed, or leave out others.
func (g *guesser) selections(right draft) []mistake {
	var all []mistake
	if g.method != nil {
		var unsigned []pair
		for name := range strings.FieldsSeq(g.method.unsigned) {
			if value, ok := g.params[name]; ok {
				unsigned = append(unsigned, pair{name, value})
			}
		}
		names := namesOf(unsigned)
		all = append(all, mistake{names + ": the platform does not sign it", names + "不应参与签名", with(unsigned...)})
		for _, p := range unsigned {
			all = append(all, mistake{p.name + ": the platform does not sign it", p.name + "不应参与签名", with(p)})
		}
	}
	blank := func(p pair) bool { return strings.TrimSpace(p.value) == "" }
	all = append(all, mistake{
		"blank parameters are left out of the signature; do not send them either", "空值参数未参与签名；空值参数也不应发送", without(blank),
	})
	for _, left := range right.pairs {
		all = append(all, mistake{
			left.name + " is not signed", "参数" + left.name + "未参与签名", without(func(p pair) bool { return p == left }),
		})
	}
	return all
}

// absentParams sign parameters that the request does not contain.
func (g *guesser) absentParams() []mistake {
	names := []string{"sign"}
	if g.method != nil {
		for name := range strings.FieldsSeq(g.method.required + " " + g.method.optional + " msisdn iccid msisdns iccids") {
			if _, sent := g.params[name]; !sent && g.method.takes(name) {
				names = append(names, name)
			}
		}
	}
	var all []mistake
	for _, value := range []string{"", "null", "None", "undefined", "0"} {
		described, describedZH := value, value
		if value == "" {
			described, describedZH = "blank", "空值"
		}
		var together []pair
		for _, name := range names {
			all = append(all, mistake{
				name + ", which the request does not contain, is signed as " + described,
				"未发送的参数" + name + "以" + describedZH + "参与了签名", with(pair{name, value}),
			})
			if name != "sign" {
				together = append(together, pair{name, value})
			}
		}
		all = append(all, mistake{
			namesOf(together) + ", which the request does not contain, are signed as " + described,
			"未发送的参数" + namesOf(together) + "以" + describedZH + "参与了签名", with(together...),
		})
	}
	return all
}

// secrets put the secret in other places, or another text in its place.
func (g *guesser) secrets() []mistake {
	ends := func(before, after string) func(draft) draft {
		return func(d draft) draft { d.before, d.after = before, after; return d }
	}
	both := func(text string) func(draft) draft { return ends(text, text) }
	secret := g.secret
	return []mistake{
		{"the secret is missing at the end", "末尾缺少secret", ends(secret, "")},
		{"the secret is missing at the start", "开头缺少secret", ends("", secret)},
		{"the secret is missing at both ends", "开头和末尾都缺少secret", both("")},
		{"a line end follows the string to sign (echo without -n?)", "待签名字符串末尾多了换行符", ends(secret, secret+"\n")},
		{"a line end follows the string to sign", "待签名字符串末尾多了换行符", ends(secret, secret+"\r\n")},
		{"a line end follows the secret", "secret后多了换行符", both(secret + "\n")},
		{"a line end follows the secret", "secret后多了换行符", both(secret + "\r\n")},
		{"a blank follows the secret", "secret后多了空格", both(secret + " ")},
		{"a blank precedes the secret", "secret前多了空格", both(" " + secret)},
		{"a byte order mark precedes the secret", "secret前多了BOM", both("\ufeff" + secret)},
		{"the secret is in quotes", "secret带有引号", both(`"` + secret + `"`)},
		{"the secret is in upper case", "secret被转为大写", both(strings.ToUpper(secret))},
		{"the secret is in lower case", "secret被转为小写", both(strings.ToLower(secret))},
		{"the appKey is in place of the secret", "用appKey代替了secret", both(g.params["appKey"])},
		{
			"the secret is " + DefaultSecret + ", the default of this server", "使用了默认的secret：" + DefaultSecret,
			both(DefaultSecret),
		},
	}
}

// encodings sign other bytes than the UTF-8 of the values.
func (g *guesser) encodings() []mistake {
	const escaped, escapedZH = "the values are signed URL-encoded", "参与签名的值经过了URL编码"
	var all []mistake
	raw := g.sent(nil)
	all = append(all, mistake{
		"the values are signed as they are escaped in the form", "参与签名的值与表单中转义后的值相同，应为转义前的值",
		eachPair(func(p *pair) {
			if i := slices.IndexFunc(raw, func(r pair) bool { return r.name == p.name }); i >= 0 {
				p.value = raw[i].value
			}
		}),
	})
	for _, e := range []escaping{
		{safe: "-_.~", plus: true}, {safe: "-_.~"}, // as in Go and Python; PHP
		{safe: "-_.*", plus: true},                                                // Java, browsers
		{safe: "-_.!~*'()"},                                                       // encodeURIComponent of JavaScript
		{safe: "-_.~/"},                                                           // quote of Python
		{safe: "-_.!*()", lower: true, plus: true}, {safe: "-_.!*()", plus: true}, // .NET
	} {
		all = append(all, mistake{escaped, escapedZH, eachValue(e.escape)})
	}
	all = append(all,
		mistake{"the values are escaped twice in the form", "表单中的值被转义了两次", eachValue(func(v string) string {
			if once, err := url.QueryUnescape(v); err == nil {
				return once
			}
			return v
		})},
		mistake{
			"the string to sign has its text in GBK, not UTF-8", "待签名字符串使用了GBK编码，应为UTF-8",
			eachValue(func(v string) string {
				if encoded, ok := gbk.Encode(v); ok {
					return encoded
				}
				return v
			}),
		},
		mistake{
			"the string to sign has ? in place of Chinese characters: its bytes are ASCII or Latin-1, not UTF-8",
			"待签名字符串中的汉字变成了?：编码为ASCII或Latin-1，应为UTF-8",
			eachValue(func(v string) string {
				return strings.Map(func(r rune) rune {
					if r >= 0x80 {
						return '?'
					}
					return r
				}, v)
			}),
		})
	return all
}

// spellings sign other names or values.
func (g *guesser) spellings() []mistake {
	change := func(f func(string) string) func(draft) draft {
		return func(d draft) draft { d.change = f; return d }
	}
	set := func(name string, value func(string) string) func(draft) draft {
		return eachPair(func(p *pair) {
			if p.name == name {
				p.value = value(p.value)
			}
		})
	}
	all := []mistake{
		{"the names are in lower case", "参数名被转为小写", eachPair(func(p *pair) { p.name = strings.ToLower(p.name) })},
		{"the names are left out", "缺少参数名", eachPair(func(p *pair) { p.name = "" })},
		{"the string to sign is in lower case", "待签名字符串被转为小写", change(strings.ToLower)},
		{"the string to sign is in upper case", "待签名字符串被转为大写", change(strings.ToUpper)},
		{"the values are signed without the blanks around them", "参与签名的值去掉了首尾空格", eachValue(strings.TrimSpace)},
		{"method is signed without " + methodPrefix, "参与签名的method缺少" + methodPrefix, set("method", func(v string) string {
			return strings.TrimPrefix(v, methodPrefix)
		})},
	}
	for _, seconds := range []int64{-1, 1, -2, 2} {
		all = append(all, mistake{
			"t is read twice: the signed one and the sent one differ", "t取了两次：参与签名的与发送的不同", set("t", func(v string) string {
				t, err := strconv.ParseInt(v, 10, 64)
				if err != nil {
					return v
				}
				return strconv.FormatInt(t+seconds, 10)
			}),
		})
	}
	return all
}

// forms join the string to sign as other platforms do.
func (g *guesser) forms() []mistake {
	join := func(equals, and string) func(draft) draft {
		return func(d draft) draft { d.equals, d.and = equals, and; return d }
	}
	return []mistake{
		{"= and & join the names and values; want nothing between them", "参数名和值之间用了=和&连接，应直接拼接", join("=", "&")},
		{"= joins the names and values; want nothing between them", "参数名和值之间用了=连接，应直接拼接", join("=", "")},
		{"& joins the parameters; want nothing between them", "参数之间用了&连接，应直接拼接", join("", "&")},
		{
			"the string to sign is a=1&b=2&key=secret; want the secret at both ends and nothing between",
			"待签名字符串为a=1&b=2&key=secret的形式，应为首尾加secret并直接拼接",
			func(d draft) draft {
				d.equals, d.and, d.before, d.after = "=", "&", "", "&key="+g.secret
				return d
			},
		},
	}
}

// orders put the parameters into another order.
func (g *guesser) orders() []mistake {
	const en, zh = "the parameters are in another order than that of their names: ", "参数未按名称排序："
	sorted := func(compare func(a, b pair) int) func(draft) draft {
		return func(d draft) draft {
			d.pairs = slices.Clone(d.pairs)
			slices.SortStableFunc(d.pairs, compare)
			return d
		}
	}
	sent := g.sent(url.QueryUnescape)
	placeSent := func(p pair) int {
		return slices.IndexFunc(sent, func(s pair) bool { return strings.EqualFold(s.name, p.name) })
	}
	last := func(p pair) int { return slices.Index([]string{"appKey", "method", "t"}, p.name) }
	first := func(p pair) int { return -slices.Index([]string{"t", "method", "appKey"}, p.name) }
	by := func(place func(pair) int) func(a, b pair) int {
		return func(a, b pair) int { return cmp.Compare(place(a), place(b)) }
	}
	return []mistake{
		{en + "that of the request", zh + "使用了请求中的顺序", sorted(by(placeSent))},
		{en + "the system parameters come last", zh + "系统级参数在最后", sorted(by(last))},
		{en + "the system parameters come first", zh + "系统级参数在最前", sorted(by(first))},
		{en + "the reverse", zh + "顺序相反", sorted(func(a, b pair) int { return cmp.Compare(b.name, a.name) })},
		{en + "without regard to case", zh + "排序时忽略了大小写", sorted(func(a, b pair) int {
			return cmp.Compare(strings.ToLower(a.name), strings.ToLower(b.name))
		})},
	}
}

// without removes parameters.
func without(remove func(pair) bool) func(draft) draft {
	return func(d draft) draft {
		d.pairs = slices.DeleteFunc(slices.Clone(d.pairs), remove)
		return d
	}
}

// with adds parameters, in the order of their names.
func with(added ...pair) func(draft) draft {
	return func(d draft) draft {
		d.pairs = slices.Concat(d.pairs, added)
		slices.SortStableFunc(d.pairs, func(a, b pair) int { return cmp.Compare(a.name, b.name) })
		return d
	}
}

// eachPair changes all parameters.
func eachPair(change func(*pair)) func(draft) draft {
	return func(d draft) draft {
		d.pairs = slices.Clone(d.pairs)
		for i := range d.pairs {
			change(&d.pairs[i])
		}
		return d
	}
}

// eachValue changes all values.
func eachValue(change func(string) string) func(draft) draft {
	return eachPair(func(p *pair) { p.value = change(p.value) })
}

// An escaping is a kind of URL encoding.
type escaping struct {
	safe  string // characters that stay, beside letters and digits
	plus  bool   // a blank becomes +
	lower bool   // hexadecimal digits are in lower case
}

func (e escaping) escape(v string) string {
	digits := "0123456789ABCDEF"
	if e.lower {
		digits = "0123456789abcdef"
	}
	var out strings.Builder
	for i := range len(v) {
		switch c := v[i]; {
		case '0' <= c && c <= '9', 'a' <= c|0x20 && c|0x20 <= 'z', strings.IndexByte(e.safe, c) >= 0:
			out.WriteByte(c)
		case c == ' ' && e.plus:
			out.WriteByte('+')
		default:
			out.Write([]byte{'%', digits[c>>4], digits[c&15]})
		}
	}
	return out.String()
}
