package selftest_test

import (
	"errors"
	"fmt"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/quecloud/quecloud-go"
	"github.com/quecloud/quecloud-go/internal/selftest"
)

// productionPages say the same in two languages.
var productionPages = []string{"docs/production.md", "docs/production.zh-CN.md"}

// The tables of the page, in their order.
const (
	tableLimits      = 0
	tableConnections = 1
	tableLog         = 2
	tableAlerts      = 3
)

// The limits of the page pass the checks of the SDK, and one more does not.
func TestProductionPageListsTheLimits(t *testing.T) {
	t.Parallel()
	client, _ := selftest.Scripted(t, []selftest.Step{{Body: selftest.Success}})
	ctx, month := t.Context(), quecloud.Month{Year: 2026, Month: time.November}
	msisdns := func(n int) quecloud.CardIDs {
		numbers := make([]string, n)
		for i := range numbers {
			numbers[i] = strconv.FormatInt(1064800000000+int64(i), 10)
		}
		return quecloud.MSISDNs(numbers...)
	}
	phones := func(n int) (numbers []string) {
		for i := range n {
			numbers = append(numbers, strconv.FormatInt(13800000000+int64(i), 10))
		}
		return numbers
	}
	card := quecloud.MSISDN(selftest.MSISDN1)
	recharge := func(remark, externalID int) error {
		params := selftest.Recharge
		params.Remark, params.ExternalID = strings.Repeat("备", remark), strings.Repeat("x", externalID)
		_, err := client.Orders.Recharge(ctx, &params)
		return err
	}
	rows := [][]func(n int) error{ // for each row of the table, what each number of the row limits
		{func(n int) error {
			_, err := client.Cards.InfoBatch(ctx, msisdns(n))
			_, err2 := client.Flow.MonthBatch(ctx, msisdns(n), month)
			return errors.Join(err, err2)
		}},
		{func(n int) error {
			settings := &quecloud.AlarmSettings{AlarmOn: true, Threshold1: 20, NotifyEmails: []string{"ops@example.com"}}
			_, err := client.Flow.SetAlarm(ctx, msisdns(n), settings)
			return err
		}},
		{func(n int) error {
			_, err := client.SMS.Send(ctx, &quecloud.SMSSendParams{Cards: msisdns(n), Content: "x"})
			return err
		}},
		{func(n int) error {
			_, err := client.Cards.List(ctx, &quecloud.CardListParams{PageSize: n})
			return err
		}},
		{
			func(n int) error { return client.Cards.AddVoiceWhitelist(ctx, card, phones(n)...) },
			func(n int) error { return client.Cards.DeleteVoiceWhitelist(ctx, card, phones(n)...) },
		},
		{func(n int) error {
			params := &quecloud.SMSSendParams{Cards: msisdns(1), Content: "x", SMSID: strings.Repeat("编", n)}
			_, err := client.SMS.Send(ctx, params)
			return err
		}},
		{func(n int) error { return recharge(n, 1) }},
		{func(n int) error { return recharge(1, n) }},
	}
	table := tableOf(t, productionPages[0], tableLimits)
	require.Len(t, table, len(rows))
	for i, cells := range table {
		limits := strings.Split(cells[1], ", ")
		require.Len(t, limits, len(rows[i]), cells[0])
		for k, limit := range limits {
			n, err := strconv.Atoi(limit)
			require.NoError(t, err, cells[0])
			refused := new(*quecloud.ParamError)
			assert.NotErrorAs(t, rows[i][k](n), refused, "%s: %d", cells[0], n)
			assert.ErrorAs(t, rows[i][k](n+1), refused, "%s: %d", cells[0], n+1)
		}
	}
}

func TestProductionPageHasTheSettingsOfConnections(t *testing.T) {
	t.Parallel()
	transport, seconds := quecloud.NewTransport(), func(d time.Duration) string { return fmt.Sprintf("%v s", d.Seconds()) }
	table := tableOf(t, productionPages[0], tableConnections)
	assert.Equal(t, seconds(quecloud.DefaultTimeout), table[0][1])
	assert.Equal(t, fmt.Sprintf("at most %d", transport.MaxConnsPerHost), table[2][1])
	assert.Equal(t, "after "+seconds(transport.IdleConnTimeout), table[3][1])
	assert.True(t, transport.Protocols.HTTP1() && !transport.Protocols.HTTP2(), table[4][1])
	assert.NotNil(t, transport.Proxy, table[5][1])
}

// The messages of the page are in the source, and its record is the checked output of an example.
func TestProductionPageQuotesTheLog(t *testing.T) {
	t.Parallel()
	source := sources(t, "*.go")
	for _, page := range productionPages {
		for _, cells := range tableOf(t, page, tableLog) {
			if message := strings.Trim(cells[0], "`"); !strings.Contains(source, strconv.Quote(message)) {
				t.Errorf("%s: no message %q in the source", page, message)
			}
		}
		records := 0
		for _, block := range fenced.FindAllStringSubmatch(readText(t, page), -1) {
			if block[1] == "text" {
				records++
				assert.Contains(t, readText(t, "example_client_test.go"), "// Output: "+block[2], page)
			}
		}
		assert.Equal(t, 1, records, page)
	}
}

// The alerts use words of ErrorType.
func TestProductionPageUsesTheWordsOfErrors(t *testing.T) {
	t.Parallel()
	known := []string{"sent", "WithDriftHandler", "Billing.Wallet"}
	for _, cells := range tableOf(t, errorPages[0], tableWords) {
		known = append(known, strings.Trim(cells[0], "`"))
	}
	for _, cells := range tableOf(t, productionPages[0], tableAlerts) {
		for _, word := range spans(cells[0]) {
			assert.Contains(t, known, word, cells[0])
		}
	}
}
