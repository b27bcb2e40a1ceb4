package quecloudtest_test

import (
	"encoding/json"
	"net/url"
	"strings"
	"testing"

	"github.com/quecloud/quecloud-go"
	"github.com/quecloud/quecloud-go/internal/selftest"
	"github.com/quecloud/quecloud-go/quecloudtest"
)

// TestSignatureVectors checks the examples of signatures, which another program made, with the SDK and the server.
func TestSignatureVectors(t *testing.T) {
	t.Parallel()
	var vectors []struct {
		Name, NameZh, Secret, Text, Sign string
		Params                           map[string]string
	}
	must(t, json.Unmarshal([]byte(selftest.ReadFile(t, "docs/signatures.json")), &vectors))
	if len(vectors) < 10 {
		t.Fatalf("only %d examples", len(vectors))
	}
	for _, v := range vectors {
		form := url.Values{}
		for name, value := range v.Params {
			form.Set(name, value)
		}
		if v.Name == "" || v.NameZh == "" {
			t.Errorf("%s: no name in both languages", v.Text)
		}
		if got := quecloud.Sign(v.Secret, form); got != v.Sign || sha(v.Text) != v.Sign {
			t.Errorf("%s: the SDK signs %s, the text has %s, want %s", v.Name, got, sha(v.Text), v.Sign)
		}
		srv, _ := start(t, quecloudtest.WithCredentials(v.Params["appKey"], v.Secret),
			quecloudtest.WithTimeCheck(quecloudtest.AnyTime))
		form.Set("sign", v.Sign)
		if r := sendDisordered(t, srv, form); !r.SignatureOK || r.Mismatch != nil {
			t.Errorf("%s: recorded as %+v", v.Name, r)
		}
		form.Set("sign", strings.Repeat("0", 40))
		middle := strings.TrimSuffix(strings.TrimPrefix(v.Text, v.Secret), v.Secret)
		if m := sendDisordered(t, srv, form).Mismatch; m.Expected != v.Sign || m.Text != "(secret)"+middle+"(secret)" {
			t.Errorf("%s: explained as %+v", v.Name, m)
		}
	}
}
