package gbk_test

import (
	"crypto/sha256"
	"fmt"
	"testing"

	"github.com/quecloud/quecloud-go/internal/gbk"
)

func TestGBKEncode(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]string{
		"":          "",
		"reboot~":   "reboot~",
		"重启 1":      "\xd6\xd8\xc6\xf4 1",
		"　，“”￥—":    "\xa1\xa1\xa3\xac\xa1\xb0\xa1\xb1\xa3\xa4\xa1\xaa",
		"啊座亍齄":      "\xb0\xa1\xd7\xf9\xd8\xa1\xf7\xfe", // the first and last hanzi of both levels of GB 2312
		"丂狛猆獼":      "\x81\x40\xa0\xfe\xaa\x55\xab\x4a", // hanzi that only GBK has
		"囯鎔龥":       "\x87\xeb\xe6\x67\xfd\x9b",
		"А я ā ㄅ ─": "\xa7\xa1 \xa7\xf1 \xa8\xa1 \xa8\xc5 \xa9\xa4",
	} {
		if got, ok := gbk.Encode(text); !ok || got != want {
			t.Errorf("%s: got % x, %t, want % x", text, got, ok, want)
		}
	}
	for _, text := range []string{"重\U0001F600", "é́", "\xff", "_ő"} {
		if got, ok := gbk.Encode(text); ok {
			t.Errorf("%q: got % x, want none", text, got)
		}
	}
}

// TestGBKEncodesAllHanzi compares a digest of all hanzi with that of another implementation.
func TestGBKEncodesAllHanzi(t *testing.T) {
	t.Parallel()
	hash := sha256.New()
	for r := rune(0x4E00); r <= 0x9FA5; r++ {
		encoded, ok := gbk.Encode(string(r))
		if !ok {
			t.Fatalf("no code for %c", r)
		}
		hash.Write([]byte(encoded))
	}
	const want = "b2524647dbd26d1ba8d71cc01a1603ed1f74d8035d63d982e52d92d2b46b2a5d"
	if got := fmt.Sprintf("%x", hash.Sum(nil)); got != want {
		t.Errorf("the digest is %s, want %s", got, want)
	}
}
