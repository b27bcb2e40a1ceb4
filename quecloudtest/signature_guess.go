package quecloudtest

import (
	"bytes"
	"crypto/hmac"
	"crypto/md5"
	"crypto/sha1"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"hash"
	"slices"
	"strings"
)

// A draft is a string to sign.
type draft struct {
	pairs         []pair
	equals, and   string // between name and value, and between pairs
	before, after string // the secret at both ends
	change        func(string) string
}

// append appends the string to b.
func (d *draft) append(b []byte) []byte {
	start := len(b)
	b = append(b, d.before...)
	for i, p := range d.pairs {
		if i > 0 {
			b = append(b, d.and...)
		}
		b = append(append(append(b, p.name...), d.equals...), p.value...)
	}
	b = append(b, d.after...)
	if d.change != nil {
		b = append(b[:start], d.change(string(b[start:]))...)
	}
	return b
}

// A mistake is a common way to sign wrong, described in English and Chinese.
type mistake struct {
	en, zh string
	make   func(draft) draft
}

// A digest is a way to make a signature of a string to sign.
type digest struct {
	en, zh string                 // empty: the right way
	fits   func(text []byte) bool // reports whether it makes the signature that is explained
	usual  bool                   // worth to try with two mistakes
}

// A guesser finds out how a client signs, by trial.
type guesser struct {
	*form
	method *method
	secret string

	hashed int    // bytes so far
	buf    []byte // for the strings to sign
}

const (
	maxGuessed  = 64 << 10 // bytes of a string to sign that is worth guesses; 1000 cards have 21 KiB
	maxHashed   = 2 << 20  // bytes to hash for a guess; they take a few milliseconds
	maxPermuted = 7        // parameters whose orders are all tried: 5040
)

// guess returns what the client does wrong, or nothing.
func (g *guesser) guess() (en, zh string) {
	sign := g.params["sign"]
	if sign == "" {
		for _, name := range sortedNames(g.params) {
			if name != "sign" && strings.EqualFold(name, "sign") || strings.EqualFold(name, "signature") {
				return "the signature is in the parameter " + name + "; its name is sign", "签名放在了参数" + name + "中，参数名应为sign"
			}
		}
		return "", ""
	}
	if strings.EqualFold(sign, g.secret) {
		return "the parameter sign has the secret itself", "参数sign的值是secret本身"
	}
	right := draft{pairs: signedPairs(g.params, g.method), before: g.secret, after: g.secret}
	if len(right.append(nil)) > maxGuessed {
		return "", ""
	}
	mistakes := g.mistakes(right)
	for _, d := range g.digests(sign) {
		if en, zh = g.try(d, right, mistakes); en != "" {
			return en, zh
		}
	}
	return "", ""
}

// digests returns the ways to make a signature of that length.
func (g *guesser) digests(sign string) []digest {
	want, err := hex.DecodeString(sign)
	inBase64 := err != nil
	if inBase64 {
		want, err = base64.StdEncoding.DecodeString(sign)
	}
	if err != nil {
		return nil
	}
	fits := func(h hash.Hash) func([]byte) bool {
		var sum []byte
		return func(text []byte) bool {
			h.Reset()
			h.Write(text)
			sum = h.Sum(sum[:0])
			return bytes.Equal(sum, want)
		}
	}
	hmacOf := func(algorithm func() hash.Hash) digest {
		return digest{
			en: "the signature is an HMAC with the secret as the key; want a plain SHA-1",
			zh: "签名为以secret为密钥的HMAC，应为普通SHA-1", fits: fits(hmac.New(algorithm, []byte(g.secret))),
		}
	}
	other := func(name string, algorithm func() hash.Hash) []digest {
		return []digest{{
			en: "the signature is made with " + name + "; want SHA-1", zh: "签名算法为" + name + "，应为SHA-1",
			fits: fits(algorithm()), usual: true,
		}, hmacOf(algorithm)}
	}
	switch len(want) {
	case sha1.Size:
		plain := digest{fits: fits(sha1.New()), usual: true}
		if inBase64 {
			plain.en, plain.zh = "the signature is in Base64; want hexadecimal digits", "签名以Base64编码，应为十六进制"
		}
		return []digest{plain, hmacOf(sha1.New)}
	case md5.Size:
		return other("MD5", md5.New)
	case sha256.Size:
		return other("SHA-256", sha256.New)
	}
	return nil
}

// try tries a digest alone, with one mistake and, if it is usual, with two and with other orders of the parameters.
func (g *guesser) try(d digest, right draft, mistakes []mistake) (en, zh string) {
	fits := func(candidate draft) bool {
		g.buf = candidate.append(g.buf[:0])
		g.hashed += len(g.buf)
		return d.fits(g.buf)
	}
	if d.en != "" && fits(right) {
		return d.en, d.zh
	}
	for _, m := range mistakes {
		if fits(m.make(right)) {
			return describe(d, m)
		}
	}
	if !d.usual {
		return "", ""
	}
	for i, first := range mistakes {
		once := first.make(right)
		for _, second := range mistakes[i+1:] {
			if g.hashed > maxHashed {
				return "", ""
			}
			if fits(second.make(once)) {
				return describe(d, first, second)
			}
		}
	}
	if len(right.pairs) > maxPermuted {
		return "", ""
	}
	other := right
	other.pairs = slices.Clone(right.pairs)
	if permute(other.pairs, len(other.pairs), func() bool { return fits(other) }) {
		return describe(d, mistake{
			en: "the parameters are in another order: " + namesOf(other.pairs) + "; want " + namesOf(right.pairs),
			zh: "参数顺序错误：" + namesOf(other.pairs) + "；应为" + namesOf(right.pairs),
		})
	}
	return "", ""
}

// describe joins descriptions.
func describe(d digest, made ...mistake) (en, zh string) {
	var english, chinese []string
	for _, m := range append([]mistake{{en: d.en, zh: d.zh}}, made...) {
		if m.en != "" {
			english, chinese = append(english, m.en), append(chinese, m.zh)
		}
	}
	return strings.Join(english, "; and "), strings.Join(chinese, "；")
}

// permute puts the first n pairs into all orders until one is found, by Heap's algorithm.
func permute(pairs []pair, n int, found func() bool) bool {
	if n <= 1 {
		return found()
	}
	for i := range n {
		if permute(pairs, n-1, found) {
			return true
		}
		if n%2 == 0 {
			pairs[i], pairs[n-1] = pairs[n-1], pairs[i]
		} else {
			pairs[0], pairs[n-1] = pairs[n-1], pairs[0]
		}
	}
	return false
}

// namesOf returns the names of parameters, for a description.
func namesOf(pairs []pair) string {
	names := make([]string, len(pairs))
	for i, p := range pairs {
		names[i] = p.name
	}
	return strings.Join(names, ", ")
}
