package simulator

import (
	"net/http"
	"strings"
	"testing"

	"github.com/quecloud/quecloud-go/quecloudtest"
)

func TestControlChangesCards(t *testing.T) {
	t.Parallel()
	const added = "89860000000000000001"
	for _, test := range []struct {
		call, body string
		status     int
		response   string // part of the response
	}{
		{"POST /cards", `{"iccid":"` + added + `","status":"停机","billingID":860}`, 200, `"pauseReason":"主动停机"`},
		{"POST /cards", `{}`, 200, `"iccid":"8986`},
		{"POST /cards", `{"status":"gone"}`, 400, "gone"},
		{"POST /cards", `{"voice":"loud"}`, 400, `voice: voice service \"loud\": want one of unsubscribed, open, closed`},
		{"POST /cards", `{"monthFlow":5}`, 400, "monthFlow: follows from"},
		{"POST /cards", `{"carrier":"中国移动"}`, 400, "carrier: follows from"},
		{"POST /cards", `{"iccid":"89860024310000000006"}`, 400, "the card 89860024310000000006 exists"},
		{"PATCH /cards/" + aCard, `{"status":"停机","pauseReason":"机卡分离停机","locked":true}`, 200, `"pauseReason":"机卡分离停机"`},
		{
			"PATCH /cards/" + aCard, `{"alarm":{"pauseThreshold":5,"pauseEnabled":true}}`, 200,
			`"alarm":{"emails":[],"thresholds":[0,0,0],"enabled":false,"pauseThreshold":5,"pauseEnabled":true}`,
		},
		{"PATCH /cards/" + aCard, `{"alarm":null}`, 200, `"alarm":null`},
		{"PATCH /cards/" + aCard, `{"voiceWhitelist":["13800000000"]}`, 200, `"voiceWhitelist":["13800000000"]`},
		{"PATCH /cards/" + aCard, `{"monthFlow":5}`, 400, "monthFlow: follows from"},
		{"PATCH /cards/" + aCard, `{"iccid":"89860000000000000002"}`, 400, "numbers of a card do not change"},
		{"PATCH /cards/" + aCard, `{"activeDate":"today"}`, 400, "ActiveDate"},
		{"PATCH /cards/1", `{}`, 404, "card 1"},
		{"DELETE /cards/1", ``, 404, "card 1"},
		{"GET /cards/1/usage", ``, 404, "card 1"},
		{"GET /cards/1/history", ``, 404, "card 1"},
		{"DELETE /cards/" + aCard, ``, 200, `{}`},
		{"GET /cards?limit=2&start=2", ``, 200, `"next":4,"total":12`},
		{"GET /cards?text=" + aCard, ``, 200, `"iccid":"89860024310000000006"`},
		{"GET /cards?status=%E9%94%80%E5%8F%B7&group=999", ``, 200, `"cards":[]`},
		{"GET /cards?status=nosuch", ``, 400, `status: \"nosuch\": want 正常, 停机, `},
		{"GET /cards?carrier=nosuch", ``, 400, `carrier: \"nosuch\": want 中国移动, `},
		{"GET /cards?limit=20000", ``, 400, "limit"},
		{"GET /cards/" + aCard + "/usage?first=2026-03-10&last=2026-03-10", ``, 200, `[{"date":"2026-03-10","mb":`},
		{"GET /cards/" + aCard + "/usage?first=yesterday", ``, 400, "yesterday"},
	} {
		_, h := newControl(t)
		status, response := ask(h, test.call, test.body)
		if status != test.status || !strings.Contains(response, test.response) {
			t.Errorf("%s %s: got %d %s, want %d and %s", test.call, test.body, status, response, test.status, test.response)
		}
	}
}

// TestControlKeepsWhatABodyLeavesOut changes one member of a card, and takes a card as it was returned.
func TestControlKeepsWhatABodyLeavesOut(t *testing.T) {
	t.Parallel()
	sim, h := newControl(t)
	number := sim.AddCard(quecloudtest.Card{
		Alarm: &quecloudtest.Alarm{Emails: []string{"a@example.com"}, Thresholds: [3]float64{1, 2, 3}, Enabled: true},
	}).ICCID
	ask(h, "POST /usage", `{"card":"`+number+`","date":"2026-03-10","mb":5}`)
	_, before := ask(h, "GET /cards/"+number, "")
	if status, after := ask(h, "PATCH /cards/"+number, before); status != http.StatusOK || after != before {
		t.Errorf("the card became %s, and was %s", after, before)
	}
	if _, response := ask(h, "PATCH /cards/"+number, `{"alarm":{"enabled":false}}`); !strings.Contains(response,
		`"alarm":{"emails":["a@example.com"],"thresholds":[1,2,3],"enabled":false`) {
		t.Errorf("the alarm is in %s", response)
	}
}
