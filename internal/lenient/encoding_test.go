package lenient_test

import (
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/quecloud/quecloud-go"
	"github.com/quecloud/quecloud-go/internal/lenient"
)

const gbk = "\xd2\xc6\xd4\xb6" // 移远

func TestDecodeKeepsTextThatIsNotUTF8InEvents(t *testing.T) {
	t.Parallel()
	var event quecloud.SMSEvent
	var drifts []drift
	body := `{"type":"inbox","msisdn":"1","iccid":"2","sms_id":"3","content":"` + gbk + `"}`
	_, err := lenient.DecodeObject([]byte(body), &event, lenient.Options{Drift: collect(&drifts)})
	require.NoError(t, err)
	assert.Equal(t, quecloud.SMSEvent{
		Type: quecloud.SMSEventInbox, MSISDN: "1", ICCID: "2", SMSID: "3", Content: gbk,
	}, event)
	assert.Equal(t, []drift{{lenient.NotUTF8, "content", `"` + gbk + `"`}}, drifts)
}
