package quecloud

import (
	"bytes"
	"context"
	"encoding/json"
	"io"
	"log/slog"
	"net/http"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// newLogged returns a logger at a level, and what it has written: an object per record.
func newLogged(level slog.Level) (*slog.Logger, func(*testing.T) []map[string]any, *bytes.Buffer) {
	var out bytes.Buffer
	logger := slog.New(slog.NewJSONHandler(&out, &slog.HandlerOptions{Level: level}))
	return logger, func(t *testing.T) []map[string]any {
		t.Helper()
		var records []map[string]any
		for d := json.NewDecoder(bytes.NewReader(out.Bytes())); ; {
			var record map[string]any
			err := d.Decode(&record)
			if err == io.EOF {
				return records
			}
			require.NoError(t, err)
			delete(record, "time")
			delete(record, "duration")
			records = append(records, record)
		}
	}, &out
}

func TestARecordIsWrittenForEveryAttemptAndAWarningForEveryRepetition(t *testing.T) {
	t.Parallel()
	logger, records, _ := newLogged(slog.LevelDebug)
	client, _ := newScripted(t, []scriptStep{{status: 503, header: http.Header{}}, {body: fineAnswer}}, WithLogger(logger))
	require.NoError(t, readOnce(t.Context(), client))
	const method, failure = "fc.function.sms.monthcount", "quecloud: sms.monthcount: bad response with HTTP status 503: it has no resultCode: a server in front of the platform seems to have sent it"
	params := map[string]any{"dateStr": "202505"}
	assert.Equal(t, []map[string]any{
		{"level": "DEBUG", "msg": "quecloud: attempt", "method": method, "kind": "read", "attempt": 1.0, "http_status": 503.0, "error": failure, "params": params},
		{"level": "WARN", "msg": "quecloud: retrying", "method": method, "kind": "read", "attempt": 1.0, "delay": 0.0, "error": failure},
		{"level": "DEBUG", "msg": "quecloud: attempt", "method": method, "kind": "read", "attempt": 2.0, "http_status": 200.0, "result_code": 0.0, "params": params},
	}, records(t))
}

func TestOnlyWarningsAreWrittenAboveDebug(t *testing.T) {
	t.Parallel()
	logger, records, _ := newLogged(slog.LevelInfo)
	client, _ := newScripted(t, []scriptStep{{status: 503}, {unsent: io.EOF}, {body: fineAnswer}}, WithLogger(logger))
	require.NoError(t, readOnce(t.Context(), client))
	require.Len(t, records(t), 2)
	for _, record := range records(t) {
		assert.Equal(t, "WARN", record["level"])
	}
}

func TestACorrectionOfTheClockIsAWarning(t *testing.T) {
	t.Parallel()
	logger, records, _ := newLogged(slog.LevelWarn)
	p := &timedPlatform{ahead: 10 * time.Minute, date: honestDate}
	require.NoError(t, readOnce(t.Context(), p.client(t, WithLogger(logger))))
	require.Len(t, records(t), 1)
	assert.Contains(t, records(t)[0]["error"], "resultCode 40")
}

func TestLogsHoldNoPersonalData(t *testing.T) {
	t.Parallel()
	const second, mail = "1064991300002", "somebody@example.com"
	calls := []func(context.Context, *Client) error{
		func(ctx context.Context, c *Client) error { return c.Cards.Pause(ctx, MSISDN(phone)) },
		func(ctx context.Context, c *Client) error { return c.Cards.Pause(ctx, ICCID(testICCID)) },
		func(ctx context.Context, c *Client) error {
			return c.Cards.AddVoiceWhitelist(ctx, MSISDN(phone), second)
		},
		func(ctx context.Context, c *Client) error {
			_, err := c.SMS.Send(ctx, &SMSSendParams{Cards: MSISDNs(phone, second), Content: testContent})
			return err
		},
		func(ctx context.Context, c *Client) error {
			_, err := c.Flow.SetAlarm(ctx, ICCIDs(testICCID), &AlarmSettings{NotifyEmails: []string{mail}})
			return err
		},
		func(ctx context.Context, c *Client) error {
			_, err := c.Orders.Recharge(ctx, &RechargeParams{ICCID: testICCID, ProductID: 1, ProductName: "x", Remark: mail})
			return err
		},
		func(ctx context.Context, c *Client) error {
			_, err := c.Cards.Info(ctx, MSISDN(phone))
			return err
		},
	}
	echo := phone + " " + testICCID + " " + second + " " + testContent + " " + mail
	for _, step := range []scriptStep{
		{body: fineAnswer},
		{body: `{"resultCode":1,"errorMessage":"` + echo + `"}`},
		{body: `{"resultCode":0,"orderNo":{"x":"` + echo + `"},"successList":["` + echo + `"],"iccid":["` + echo + `"]}`},
		{status: 429, body: echo},
		{status: 500, body: `{"resultCode":1,"errorMessage":"` + echo + `"}`},
		{body: echo},
		{unsent: io.EOF},
	} {
		for _, call := range calls {
			logger, _, out := newLogged(slog.LevelDebug)
			client, s := newScripted(t, []scriptStep{step, {body: fineAnswer}}, WithLogger(logger))
			_ = call(t.Context(), client)
			require.NotZero(t, out.Len())
			for _, secret := range []string{phone, testICCID, second, testContent, mail, testSecret} {
				if secret == testContent && len(s.forms) > 0 && s.forms[0].Get("content") == "" || secret == mail && len(s.forms) > 0 && s.forms[0].Get("remark") == "" {
					continue // a text that was not sent cannot be told from an explanation
				}
				assert.NotContains(t, out.String(), secret)
			}
			for _, form := range s.forms {
				assert.NotContains(t, out.String(), form.Get("sign"))
			}
		}
	}
}
