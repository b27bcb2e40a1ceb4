package simulator

import (
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/quecloud/quecloud-go"
	"github.com/quecloud/quecloud-go/quecloudtest"
)

// TestControlReturnsNoSecrets puts the secret and the token of a callback wherever a client or a receiver may put them
// by mistake, and reads everything.
func TestControlReturnsNoSecrets(t *testing.T) {
	t.Parallel()
	const secret, token = `Canary-"8d1f\secret`, "canary-8d1f-token"
	receiver := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		http.Error(w, "no handler of "+r.URL.String(), http.StatusNotFound)
	}))
	defer receiver.Close()
	address := strings.Replace(receiver.URL, "http://", "http://user:canary-8d1f-pass@", 1) + "/hook?token=" + token
	sim, h := newControl(t, quecloudtest.WithCredentials("000001", secret),
		quecloudtest.WithSMSCallback(address), quecloudtest.WithOrderCallback(address))
	client := sim.Client()
	_, err := client.Orders.Recharge(t.Context(), &quecloud.RechargeParams{
		Card: quecloud.ICCID("89860024310000000006"), ProductID: 50, ProductName: "30M-当月",
		Remark: secret, ExternalID: secret,
	})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := client.SMS.Send(t.Context(), &quecloud.SMSSendParams{
		Cards: quecloud.MSISDNs(aCard), Content: "it is " + secret,
	}); err != nil {
		t.Fatal(err)
	}
	sim.WaitCallbacks()
	sim.HoldCallbacks()
	sim.Deposit(1, secret)
	sim.ReceiveSMS(aCard, secret)
	r := httptest.NewRequest(http.MethodPost, "/canary-8d1f?appSecret=canary-8d1f-other&sign=canary-8d1f", nil)
	r.Header.Set("Authorization", "canary-8d1f")
	r.Header.Set("X-Note", secret)
	sim.ServeHTTP(httptest.NewRecorder(), r)
	sim.Inject(quecloudtest.Refuse(7, secret))
	sign := sim.Requests()[0].Sign

	paths := []string{"/events?since=0", "/cards/1" + secret[7:8], "/requests?method=card.recharge"}
	for _, route := range routes() {
		if path, ok := strings.CutPrefix(route.pattern, "GET "); ok && !strings.Contains(path, "{") {
			paths = append(paths, path)
		}
	}
	go sim.Close() // ends the stream
	for _, path := range paths {
		_, response := ask(h, "GET "+path, "")
		lower := strings.ToLower(response)
		for _, hidden := range []string{
			`canary-\"8d1f`, `canary-"8d1f`, `u00228d1f`, token, "canary-8d1f-", `"canary-8d1f"`, strings.ToLower(sign),
		} {
			if strings.Contains(lower, hidden) {
				t.Errorf("GET %s returns %s: %.2000s", path, hidden, response)
			}
		}
	}
}
