package redact_test

import (
	"testing"

	"github.com/quecloud/quecloud-go/internal/redact"
)

func TestRedactSecrets(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		secrets    []string
		text, want string
	}{
		{nil, "text", "text"},
		{[]string{""}, "text", "text"},
		{[]string{"canary"}, "", ""},
		{[]string{"canary"}, "canary", "(hidden)"},
		{[]string{"canary"}, "a canary, b=canarycanary!", "a (hidden), b=(hidden)(hidden)!"},
		{[]string{"Canary"}, "CANARY of canAry", "(hidden) of (hidden)"},
		{[]string{"can+ary/机"}, "x=can%2Bary%2F%E6%9C%BA&y=can%2bary%2f%e6%9c%ba", "x=(hidden)&y=(hidden)"},
		{[]string{"can\"ary"}, `"can\"ary"`, `"(hidden)"`},
		{[]string{"can ary"}, "can%20ary can+ary can ary", "(hidden) (hidden) (hidden)"},
		{[]string{"canary", "canary-pass"}, "canary-pass, canary", "(hidden), (hidden)"},
		{[]string{"abc"}, "abcabc", "abcabc"},
		{[]string{"abc"}, "ABC", "(hidden)"},
		{[]string{"canary"}, "İcanaryÄ\xffcanary", "İ(hidden)Ä\xff(hidden)"},
	} {
		if got := redact.Secrets(test.secrets...)(test.text); got != test.want {
			t.Errorf("%q without %q: got %q, want %q", test.text, test.secrets, got, test.want)
		}
	}
}

func TestRedactNamesOfSecrets(t *testing.T) {
	t.Parallel()
	for name, want := range map[string]bool{
		"secret": true, "appSecret": true, "SECRET": true, "sign": true, "Signature": true, "password": true,
		"accessToken": true, "key": true, "apiKey": true,
		"appKey": false, "msisdn": false, "design": false, "method": false, "": false,
	} {
		if got := redact.IsSecret(name); got != want {
			t.Errorf("%s: got %t", name, got)
		}
	}
}

func TestRedactVisible(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]string{
		"门 open, 1é️":      "门 open, 1é️",
		"a\nb\tc\x1b[31md": "a b c [31md",
		"a\u202eb\u2066c\u200fd\u200be\u2028f\ufeffg\u0085h": "a b c d e f g h",
		"a\xffb": "a\ufffdb",
	} {
		if got := redact.Visible(text); got != want {
			t.Errorf("%q: got %q, want %q", text, got, want)
		}
	}
}
