package selftest_test

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/quecloud/quecloud-go"
	"github.com/quecloud/quecloud-go/internal/selftest"
)

// The platform's message may contain personal numbers in any notation.
func TestLogMasksNumbersInThePlatformsMessage(t *testing.T) {
	t.Parallel()
	for _, words := range []string{
		"138-0013-8000", "+86 138 0013 8000", "１３８００１３８０００", "a@b.com", "8986abcd24b1c0d2e3f4", "12",
	} {
		logger, records, out := newLogged(slog.LevelDebug)
		client, _ := selftest.Scripted(t,
			[]selftest.Step{{Status: 429, Body: `{"resultCode":7,"errorMessage":"卡号 ` + words + ` 不存在"}`}},
			quecloud.WithLogger(logger))
		_ = client.Cards.Pause(t.Context(), quecloud.MSISDN(selftest.MSISDN1))
		assert.NotContains(t, out.String(), "卡号 "+words)
		assert.Regexp(t, "resultCode 7: 卡号 .*…", records(t)[0]["error"])
		assert.Contains(t, records(t)[0]["error"], " 不存在")
	}
}

func TestLogMasksAFormInATransportsError(t *testing.T) {
	t.Parallel()
	logger, _, out := newLogged(slog.LevelDebug)
	client := selftest.NewClient(t, selftest.TransportFunc(func(r *http.Request) (*http.Response, error) {
		text, err := io.ReadAll(r.Body)
		return nil, errors.Join(fmt.Errorf("not sent: %s", text), err)
	}), quecloud.WithLogger(logger))
	const short = "noon" // shorter texts may be part of an explanation
	for _, content := range []string{selftest.SMSContent, short} {
		_, err := client.SMS.Send(context.Background(),
			&quecloud.SMSSendParams{Cards: quecloud.MSISDNs(selftest.MSISDN1), Content: content})
		require.Error(t, err)
	}
	assert.NotContains(t, out.String(), url.QueryEscape(selftest.SMSContent))
	assert.NotContains(t, out.String(), short)
	assert.NotContains(t, out.String(), selftest.MSISDN1)
}

// newLogged returns a logger at a level, a function that returns its records, and its output.
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

func TestLogRecordsAttemptsAndRetries(t *testing.T) {
	t.Parallel()
	logger, records, _ := newLogged(slog.LevelDebug)
	client, _ := selftest.Scripted(t, []selftest.Step{{Status: 503, Header: http.Header{}}, {Body: selftest.Success}},
		quecloud.WithLogger(logger))
	require.NoError(t, selftest.Read(t.Context(), client))
	const method, failure = "fc.function.sms.monthcount", "quecloud: sms.monthcount: bad response with HTTP status 503: " +
		"it has no resultCode: a server in front of the platform seems to have sent it"
	params := map[string]any{"dateStr": "202505"}
	assert.Equal(t, []map[string]any{
		{
			"level": "DEBUG", "msg": "quecloud: attempt", "method": method, "kind": "read", "attempt": 1.0, "http_status": 503.0,
			"error_type": "response", "error": failure, "params": params,
		},
		{
			"level": "WARN", "msg": "quecloud: retrying", "method": method, "kind": "read", "attempt": 1.0, "delay": 0.0,
			"error_type": "response", "error": failure,
		},
		{
			"level": "DEBUG", "msg": "quecloud: attempt", "method": method, "kind": "read", "attempt": 2.0, "http_status": 200.0,
			"result_code": 0.0, "params": params,
		},
	}, records(t))
}

// A column of the endpoint table says for every method which parameters the log shows. It masks all others, and all of
// an unknown method.
func TestLogShowsWhatTheEndpointTableAllows(t *testing.T) {
	t.Parallel()
	public := strings.Fields("pageNo pageSize month dateStr id billingid taskId productId cycle months preverify " +
		"alarmStatus pauseStatus orderNo externalId")
	personal := strings.Fields("iccid msisdn iccids msisdns content smsId remark productName voiceWhiteList alarmParam " +
		"activeDateStart unheardOf")
	form := map[string]string{}
	for i, name := range slices.Concat(public, personal) {
		form[name] = fmt.Sprint(10000000 + i)
	}
	unknown := selftest.Endpoint{Method: "fc.function.new", Logged: "-"}
	for _, e := range append(selftest.Endpoints(), unknown) {
		require.NotEmpty(t, e.Logged, `%s: decide in endpoints.go what the log shows: parameters, or "-" for none`, e.Method)
		shown := strings.Fields(strings.TrimPrefix(e.Logged, "-"))
		assert.Subset(t, public, shown, e.Method)

		logger, records, _ := newLogged(slog.LevelDebug)
		client, _ := selftest.Scripted(t, []selftest.Step{{Body: `{"resultCode":1}`}}, quecloud.WithLogger(logger))
		require.Error(t, client.Call(t.Context(), e.Method, form, nil))
		params := records(t)[0]["params"].(map[string]any)
		assert.Len(t, params, len(form))
		for name, value := range form {
			assert.Equal(t, slices.Contains(shown, name), params[name] == value, "%s: %s", e.Method, name)
		}
	}
}

func TestLogHasOnlyWarningsAboveDebug(t *testing.T) {
	t.Parallel()
	logger, records, _ := newLogged(slog.LevelInfo)
	client, _ := selftest.Scripted(t, []selftest.Step{{Status: 503}, {Unsent: io.EOF}, {Body: selftest.Success}},
		quecloud.WithLogger(logger))
	require.NoError(t, selftest.Read(t.Context(), client))
	require.Len(t, records(t), 2)
	for _, record := range records(t) {
		assert.Equal(t, "WARN", record["level"])
	}
}

func TestLogWarnsOfAClockCorrection(t *testing.T) {
	t.Parallel()
	logger, records, _ := newLogged(slog.LevelWarn)
	p := &selftest.TimedPlatform{Ahead: 10 * time.Minute, Date: selftest.HTTPDate}
	require.NoError(t, selftest.Read(t.Context(), p.Client(t, quecloud.WithLogger(logger))))
	require.Len(t, records(t), 1)
	assert.Contains(t, records(t)[0]["error"], "resultCode 40")
}

// Errors quote a bad response, the log does not: the response may be about a person.
func TestLogQuotesNoBadResponse(t *testing.T) {
	t.Parallel()
	const private = "meet me at noon"
	for _, body := range []string{
		"<html>" + private,
		`{"resultCode":0,"mt":1,"mo":"` + private + `"}`,
		`{"resultCode":0,"mt":1,"mo":1,"note":"` + private,
	} {
		for masked, option := range map[bool]quecloud.Option{true: nil, false: quecloud.WithUnmaskedLog()} {
			logger, _, out := newLogged(slog.LevelDebug)
			options := []quecloud.Option{quecloud.WithLogger(logger), selftest.NoRetry}
			if option != nil {
				options = append(options, option)
			}
			client, _ := selftest.Scripted(t, []selftest.Step{{Body: body}}, options...)
			require.ErrorContains(t, selftest.Read(t.Context(), client), private)
			assert.Contains(t, out.String(), "bad response")
			assert.Equal(t, !masked, strings.Contains(out.String(), private), "%s: %s", body, out)
		}
	}
}

func TestLogHoldsNoPersonalData(t *testing.T) {
	t.Parallel()
	const second, mail = "1064991300002", "name@example.com"
	calls := []func(context.Context, *quecloud.Client) error{
		func(ctx context.Context, c *quecloud.Client) error {
			return c.Cards.Pause(ctx, quecloud.MSISDN(selftest.MSISDN1))
		},
		func(ctx context.Context, c *quecloud.Client) error {
			return c.Cards.Pause(ctx, quecloud.ICCID(selftest.ICCID1))
		},
		func(ctx context.Context, c *quecloud.Client) error {
			return c.Cards.AddVoiceWhitelist(ctx, quecloud.MSISDN(selftest.MSISDN1), second)
		},
		func(ctx context.Context, c *quecloud.Client) error {
			_, err := c.SMS.Send(ctx,
				&quecloud.SMSSendParams{Cards: quecloud.MSISDNs(selftest.MSISDN1, second), Content: selftest.SMSContent})
			return err
		},
		func(ctx context.Context, c *quecloud.Client) error {
			_, err := c.Flow.SetAlarm(ctx, quecloud.ICCIDs(selftest.ICCID1),
				&quecloud.AlarmSettings{NotifyEmails: []string{mail}})
			return err
		},
		func(ctx context.Context, c *quecloud.Client) error {
			_, err := c.Orders.Recharge(ctx,
				&quecloud.RechargeParams{Card: quecloud.ICCID(selftest.ICCID1), ProductID: 1, ProductName: "x", Remark: mail})
			return err
		},
		func(ctx context.Context, c *quecloud.Client) error {
			_, err := c.Cards.Info(ctx, quecloud.MSISDN(selftest.MSISDN1))
			return err
		},
	}
	echo := selftest.MSISDN1 + " " + selftest.ICCID1 + " " + second + " " + selftest.SMSContent + " " + mail
	for _, step := range []selftest.Step{
		{Body: selftest.Success},
		{Body: `{"resultCode":1,"errorMessage":"` + echo + `"}`},
		{Body: `{"resultCode":0,"orderNo":{"x":"` + echo + `"},"successList":["` + echo + `"],"iccid":["` + echo + `"]}`},
		{Status: 429, Body: echo},
		{Status: 500, Body: `{"resultCode":1,"errorMessage":"` + echo + `"}`},
		{Body: echo},
		{Unsent: io.EOF},
	} {
		for _, call := range calls {
			logger, _, out := newLogged(slog.LevelDebug)
			client, s := selftest.Scripted(t, []selftest.Step{step, {Body: selftest.Success}}, quecloud.WithLogger(logger))
			_ = call(t.Context(), client)
			require.NotZero(t, out.Len())
			for _, secret := range []string{
				selftest.MSISDN1, selftest.ICCID1, second, selftest.SMSContent, mail, selftest.Secret,
			} {
				param, isText := map[string]string{selftest.SMSContent: "content", mail: "remark"}[secret]
				if isText && len(s.Forms()) > 0 && s.Forms()[0].Get(param) == "" {
					continue // a text that was not sent may be part of an explanation
				}
				assert.NotContains(t, out.String(), secret)
			}
			for _, form := range s.Forms() {
				assert.NotContains(t, out.String(), form.Get("sign"))
			}
		}
	}
}

func TestLogShowsTheClockOffset(t *testing.T) {
	t.Parallel()
	p := &selftest.TimedPlatform{Ahead: 10 * time.Minute, Date: selftest.HTTPDate}
	var log bytes.Buffer
	require.NoError(t,
		selftest.Read(t.Context(), p.Client(t, quecloud.WithLogger(slog.New(slog.NewTextHandler(&log, nil))))))
	assert.Regexp(t, `msg="quecloud: clock corrected, retrying the read".* offset=(10m0|9m59)[.0-9]*s `, log.String())
}
