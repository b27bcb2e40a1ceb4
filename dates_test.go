package quecloud_test

import (
	stdjson "encoding/json"
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/go-json-experiment/json"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/quecloud/quecloud-go"
	"github.com/quecloud/quecloud-go/internal/selftest"
)

var day, october2020 = selftest.Day, selftest.October2020

func TestDateParseAcceptsEveryLayoutOfThePlatform(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]quecloud.Date{
		"20201027": day(2020, 10, 27), "2020-10-27": day(2020, 10, 27), "2020-10-27 23:59:59": day(2020, 10, 27),
		"20201027235959": day(2020, 10, 27), "2024-02-29": day(2024, 2, 29),
		"2020-10-27T23:30:00+08:00": day(2020, 10, 27), "2020-10-27T16:30:00Z": day(2020, 10, 28),
		"2020/10/27": day(2020, 10, 27), " 2020-10-27 ": day(2020, 10, 27), "2021-09-30 00:00:00.0": day(2021, 9, 30),
		"1632931200000": day(2021, 9, 30), "0987-06-05": day(987, 6, 5),
	} {
		got, err := quecloud.ParseDate(text)
		require.NoError(t, err, text)
		assert.Equal(t, want, got, text)
	}
	for _, text := range []string{
		"", "2020", "202010", "2020-13-01", "20230229", "2023-02-29", "27.10.2020", "0000-00-00", "null", "x0201027",
	} {
		got, err := quecloud.ParseDate(text)
		assert.Error(t, err, text)
		assert.Zero(t, got)
	}
}

func TestDateParseMonthAcceptsBothLayouts(t *testing.T) {
	t.Parallel()
	for _, text := range []string{"202010", "2020-10"} {
		got, err := quecloud.ParseMonth(text)
		require.NoError(t, err)
		assert.Equal(t, october2020, got)
	}
	for _, text := range []string{"", "2020", "202013", "2020-00", "20201", "2020-1", "2020/10", "2020-10-01"} {
		got, err := quecloud.ParseMonth(text)
		assert.Error(t, err, text)
		assert.Zero(t, got)
	}
}

// The platform's day begins at 16:00 UTC.
func TestDateOfATimeIsTheDateInChina(t *testing.T) {
	t.Parallel()
	before := time.Date(2024, 2, 29, 15, 59, 59, 0, time.UTC)
	assert.Equal(t, day(2024, 2, 29), quecloud.DateOf(before))
	assert.Equal(t, day(2024, 3, 1), quecloud.DateOf(before.Add(time.Second)))
	assert.Equal(t, quecloud.Month{Year: 2024, Month: 2}, quecloud.MonthOf(before))
	assert.Equal(t, quecloud.Month{Year: 2024, Month: 3}, quecloud.MonthOf(before.Add(time.Second)))

	_, offset := time.Now().In(quecloud.ChinaStandardTime).Zone()
	assert.Equal(t, 8*60*60, offset)
	assert.True(t, before.Add(time.Second).Equal(day(2024, 3, 1).Time()))
	assert.True(t, quecloud.Date{}.Time().IsZero())
}

func TestDateAddsDaysAndMonths(t *testing.T) {
	t.Parallel()
	assert.Equal(t, day(2024, 3, 1), day(2024, 2, 28).AddDays(2))
	assert.Equal(t, day(2023, 12, 31), day(2024, 1, 1).AddDays(-1))
	assert.Equal(t, day(2024, 12, 31), day(2024, 12, 31).AddDays(0))
	assert.Equal(t, quecloud.Month{Year: 2025, Month: 1}, quecloud.Month{Year: 2024, Month: 12}.AddMonths(1))
	assert.Equal(t, quecloud.Month{Year: 2023, Month: 11}, quecloud.Month{Year: 2024, Month: 1}.AddMonths(-2))
	assert.Equal(t, day(2020, 10, 31), october2020.Day(31))
}

func TestDateCompares(t *testing.T) {
	t.Parallel()
	dates := []quecloud.Date{{}, day(2023, 12, 31), day(2024, 1, 1), day(2024, 1, 2), day(2024, 2, 1)}
	for i, a := range dates {
		for j, b := range dates {
			want := 0
			if i < j {
				want = -1
			} else if i > j {
				want = 1
			}
			assert.Equal(t, want, a.Compare(b), "%v %v", a, b)
		}
	}
	assert.Equal(t, -1, october2020.Compare(quecloud.Month{Year: 2021, Month: 1}))
	assert.Equal(t, 0, october2020.Compare(october2020))
	assert.Equal(t, 1, october2020.Compare(quecloud.Month{Year: 2020, Month: 9}))
}

func TestDateIsValidOnlyInTheCalendar(t *testing.T) {
	t.Parallel()
	for _, d := range []quecloud.Date{day(1, 1, 1), day(2024, 2, 29), day(9999, 12, 31)} {
		assert.True(t, d.IsValid(), d)
	}
	for _, d := range []quecloud.Date{
		{}, day(0, 1, 1), day(-1, 1, 1), day(10000, 1, 1), day(2023, 2, 29), day(2023, 4, 31), day(2023, 13, 1),
		day(2023, 0, 1), day(2023, 1, 0), day(2023, 1, -1),
	} {
		assert.False(t, d.IsValid(), d)
	}
	for _, m := range []quecloud.Month{{Year: 1, Month: 1}, {Year: 9999, Month: 12}} {
		assert.True(t, m.IsValid(), m)
	}
	for _, m := range []quecloud.Month{
		{}, {Year: 2024}, {Year: 2024, Month: 13}, {Year: 0, Month: 1}, {Year: 10000, Month: 1}, {Year: 2024, Month: -1},
	} {
		assert.False(t, m.IsValid(), m)
	}
}

func TestDateIsAStringInJSON(t *testing.T) {
	t.Parallel()
	type row struct {
		Day   quecloud.Date
		Month quecloud.Month
	}
	for text, want := range map[string]row{
		`{"Day":"0987-06-05","Month":"0987-06"}`: {day(987, 6, 5), quecloud.Month{Year: 987, Month: 6}},
		`{"Day":"","Month":""}`:                  {},
	} {
		got, err := stdjson.Marshal(want)
		require.NoError(t, err)
		assert.JSONEq(t, text, string(got))
		back := row{day(1, 1, 1), october2020}
		require.NoError(t, stdjson.Unmarshal(got, &back))
		assert.Equal(t, want, back)
	}
	var back row
	assert.Error(t, stdjson.Unmarshal([]byte(`{"Day":"soon"}`), &back))
	assert.Error(t, stdjson.Unmarshal([]byte(`{"Month":"20201"}`), &back))
	assert.Zero(t, back)
	assert.Empty(t, quecloud.Date{}.String())
	assert.Empty(t, quecloud.Month{}.String())
	assert.True(t, quecloud.Date{}.IsZero())
	assert.True(t, quecloud.Month{}.IsZero())
	assert.False(t, day(2024, 1, 1).IsZero())
	assert.False(t, october2020.IsZero())
}

func TestDateIsValidAsTheCalendarHasIt(t *testing.T) {
	t.Parallel()
	for year := -1; year <= 2401; year++ {
		for month := time.Month(-1); month <= 13; month++ {
			for day := -1; day <= 32; day++ {
				at := time.Date(year, month, day, 0, 0, 0, 0, time.UTC)
				want := 1 <= year && at.Year() == year && at.Month() == month && at.Day() == day
				if d := (quecloud.Date{Year: year, Month: month, Day: day}); d.IsValid() != want {
					t.Fatalf("%v: IsValid is %t", d, d.IsValid())
				}
			}
		}
	}
}

func TestDateNewIsOfTheCalendar(t *testing.T) {
	t.Parallel()
	for _, want := range []quecloud.Date{day(1, 1, 1), day(2024, 2, 29), day(9999, 12, 31)} {
		got, err := quecloud.NewDate(want.Year, want.Month, want.Day)
		require.NoError(t, err)
		assert.Equal(t, want, got)
		month, err := quecloud.NewMonth(want.Year, want.Month)
		require.NoError(t, err)
		assert.Equal(t, want.YearMonth(), month)
	}
	got, err := quecloud.NewDate(2023, 2, 29)
	assert.EqualError(t, err, "new date: 2023-02-29 is not a date of the calendar")
	assert.Zero(t, got)
	for _, bad := range []quecloud.Month{{}, {Year: 2024}, {Year: 2024, Month: 13}, {Month: 1}, {Year: 10000, Month: 1}} {
		got, err := quecloud.NewMonth(bad.Year, bad.Month)
		assert.Error(t, err, bad)
		assert.Zero(t, got)
	}
}

func TestDateDaysSinceCountsDays(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		date, since quecloud.Date
		want        int
	}{
		{date: day(2024, 3, 1), since: day(2024, 3, 1), want: 0},
		{date: day(2024, 3, 1), since: day(2024, 2, 28), want: 2},
		{date: day(2023, 3, 1), since: day(2023, 2, 28), want: 1},
		{date: day(2023, 12, 31), since: day(2024, 1, 1), want: -1},
		{date: day(2021, 9, 30), since: day(2020, 10, 27), want: 338},
		{date: day(9999, 12, 31), since: day(1, 1, 1), want: 3652058},
	} {
		assert.Equal(t, tt.want, tt.date.DaysSince(tt.since), "%v since %v", tt.date, tt.since)
		assert.Equal(t, tt.date, tt.since.AddDays(tt.want))
	}
}

func TestDateOfAMonth(t *testing.T) {
	t.Parallel()
	assert.Equal(t, october2020, day(2020, 10, 27).YearMonth())
	assert.Zero(t, quecloud.Date{}.YearMonth())
	for _, last := range []quecloud.Date{
		day(2024, 2, 29), day(2023, 2, 28), day(1900, 2, 28), day(2024, 4, 30), day(2023, 12, 31), day(9999, 12, 31),
	} {
		month := last.YearMonth()
		assert.Equal(t, last, month.LastDay())
		days := slices.Collect(month.Days())
		require.Len(t, days, last.Day)
		for i, d := range days {
			assert.Equal(t, month.Day(i+1), d)
		}
	}
	for d := range october2020.Days() {
		if d.Day == 2 {
			break
		}
	}
	for _, none := range []quecloud.Month{{}, {Year: 2024, Month: 13}} {
		assert.Zero(t, none.LastDay())
		assert.Empty(t, slices.Collect(none.Days()))
	}
}

type enumerations struct {
	Call   quecloud.CallStatus     `json:"call"`
	Flow   quecloud.FlowType       `json:"flow"`
	Task   quecloud.FileTaskStatus `json:"task"`
	Card   quecloud.CardStatus     `json:"card"`
	SMS    quecloud.SMSStatus      `json:"sms"`
	Wallet quecloud.WalletChange   `json:"wallet"`
}

// Every JSON library accepts each spelling of a state.
func TestEnumsAcceptEverySpellingAndKeepUnknownValues(t *testing.T) {
	t.Parallel()
	readers := map[string]func([]byte, any) error{
		"encoding/json":      stdjson.Unmarshal,
		"go-json-experiment": func(text []byte, into any) error { return json.Unmarshal(text, into) },
		"Client.Call":        func(text []byte, into any) error { return selftest.ReadMember(t, text, into) },
	}
	const (
		open, closed, none = quecloud.CallStatusOpen, quecloud.CallStatusClosed, quecloud.CallStatusUnsubscribed
		public, directed   = quecloud.FlowTypePublic, quecloud.FlowTypeDirected
		running, finished  = quecloud.FileTaskRunning, quecloud.FileTaskDone
	)
	for text, want := range map[string]enumerations{
		`{"call":"1","flow":"0","task":"1"}`:                {Call: open, Flow: public, Task: running},
		`{"call":"0","flow":"1","task":"2"}`:                {Call: closed, Flow: directed, Task: finished},
		`{"call":"-2","flow":"公网","task":"执行中"}`:            {Call: none, Flow: public, Task: running},
		`{"call":"true","flow":"定向","task":"文件生成成功"}`:       {Call: open, Flow: directed, Task: finished},
		`{"call":"false","flow":"2","task":"3"}`:            {Call: closed, Flow: "2", Task: "3"},
		`{"call":"新","card":"新状态","wallet":"退款","sms":999}`: {Call: "新", Card: "新状态", Wallet: "退款", SMS: 999},
		`{"call":" 1 ","flow":"0\n","task":" 2"}`:           {Call: open, Flow: public, Task: finished},
		`{"call":"-2.0","flow":"定向 ","task":"执行中\t"}`:       {Call: none, Flow: directed, Task: running},
		`{"call":" 新 ","flow":" 7","task":"失败 "}`:           {Call: "新", Flow: "7", Task: "失败"},
	} {
		for reader, read := range readers {
			var got enumerations
			require.NoError(t, read([]byte(text), &got), "%s: %s", reader, text)
			assert.Equal(t, want, got, "%s: %s", reader, text)
		}
	}
	for text, want := range map[string]enumerations{
		`{"call":1,"flow":0,"task":1}`:                    {Call: open, Flow: public, Task: running},
		`{"call":-2,"flow":1,"task":2,"sms":"200"}`:       {Call: none, Flow: directed, Task: finished, SMS: 200},
		`{"call":true,"flow":null,"task":"","card":null}`: {Call: open},
		`{"call":false}`:                                  {Call: closed},
	} {
		var got enumerations
		require.NoError(t, selftest.ReadMember(t, []byte(text), &got), text)
		assert.Equal(t, want, got, text)
	}
}

// A database with columns of a fixed width pads texts with blanks.
func TestEnumsIgnoreSurroundingBlanks(t *testing.T) {
	t.Parallel()
	var got struct {
		Carrier  quecloud.Carrier        `json:"carrier"`
		Status   quecloud.CardStatus     `json:"status"`
		Reason   quecloud.PauseReason    `json:"reason"`
		CardType quecloud.CardType       `json:"cardType"`
		Active   quecloud.ActiveState    `json:"active"`
		Network  quecloud.NetworkType    `json:"network"`
		Call     quecloud.CallStatus     `json:"call"`
		Power    quecloud.PowerState     `json:"power"`
		Online   quecloud.OnlineState    `json:"online"`
		Flow     quecloud.FlowType       `json:"flow"`
		Task     quecloud.FileTaskStatus `json:"task"`
		SMS      quecloud.SMSStatus      `json:"sms"`
		Type     quecloud.OrderType      `json:"type"`
		Order    quecloud.OrderStatus    `json:"order"`
		Failed   quecloud.OrderStatus    `json:"failed"`
		Wallet   quecloud.WalletChange   `json:"wallet"`
		Event    quecloud.SMSEventType   `json:"event"`
		Blank    quecloud.CardStatus     `json:"blank"`
		Text     string                  `json:"text"`
	}
	want := got
	want.Carrier, want.Status = quecloud.CarrierChinaMobile, quecloud.CardStatusNormal
	want.Reason, want.CardType = quecloud.PauseReasonByOwner, quecloud.CardTypePlainMS0
	want.Active, want.Network = quecloud.ActiveStateActive, quecloud.NetworkTypeNBIoT
	want.Call, want.Power = quecloud.CallStatusUnsubscribed, quecloud.PowerStateOn
	want.Online = quecloud.OnlineStateOffline
	want.Flow, want.Task, want.SMS = quecloud.FlowTypePublic, quecloud.FileTaskDone, quecloud.SMSStatusDelivered
	want.Type, want.Order, want.Failed = quecloud.OrderTypeRecharge, quecloud.OrderStatusDone, quecloud.OrderStatusFailed
	want.Wallet, want.Event, want.Text = quecloud.WalletChangeDeposit, quecloud.SMSEventReport, " kept "
	const text = `{"carrier":" 中国移动","status":"正常  ","reason":"主动停机\r\n","cardType":"普通贴片 MS0 5mm*6mm ",
		"active":"激活\u3000","network":"NB ","call":"-2 ","power":" 开机工作中 ","online":"离线 ","flow":"公网 ",
		"task":"文件生成成功 ","sms":" 200 ","type":"充值订单 ","order":"订单完成 ","failed":" -1","wallet":"预充值 ",
		"event":"report ","blank":"  ","text":" kept "}`
	require.NoError(t, selftest.ReadMember(t, []byte(text), &got))
	assert.Equal(t, want, got)
	assert.True(t, got.Order.IsFinal())
	assert.True(t, got.Failed.IsFinal())

	var required struct {
		Status quecloud.CardStatus `json:"status" quec:"required"`
	}
	assert.ErrorContains(t, selftest.ReadMember(t, []byte(`{"status":" "}`), &required), "value.status: missing")
}

func TestEnumsCardStatusIsInService(t *testing.T) {
	t.Parallel()
	for status, want := range map[quecloud.CardStatus]bool{
		quecloud.CardStatusNormal: true, quecloud.CardStatusTestNormal: true,
		quecloud.CardStatusSuspended: false, quecloud.CardStatusPreCancelled: false, quecloud.CardStatusCancelled: false,
		quecloud.CardStatusInactive: false, quecloud.CardStatusUnknown: false, quecloud.CardStatusTestSuspended: false,
		quecloud.CardStatusReserved: false, "": false, "正常使用": false,
	} {
		assert.Equal(t, want, status.InService(), status)
	}
}

func TestEnumsOrderStatusIsFinalIfDoneOrFailed(t *testing.T) {
	t.Parallel()
	for status, want := range map[quecloud.OrderStatus]bool{
		quecloud.OrderStatusPending: false, quecloud.OrderStatusDone: true, quecloud.OrderStatusFailed: true,
		"": false, "订单暂停": false,
	} {
		assert.Equal(t, want, status.IsFinal(), status)
	}
}

// The values are copied once more from § 1.8 (3) and the field tables, to find typing errors.
func TestEnumsHaveTheValuesOfTheDocument(t *testing.T) {
	t.Parallel()
	for got, want := range map[any]string{
		quecloud.CarrierChinaMobile:          "中国移动",
		quecloud.CarrierChinaTelecom:         "中国电信",
		quecloud.CarrierChinaUnicom:          "中国联通",
		quecloud.CardStatusSuspended:         "停机",
		quecloud.CardStatusPreCancelled:      "预销号",
		quecloud.CardStatusCancelled:         "销号",
		quecloud.CardStatusInactive:          "待激活",
		quecloud.CardStatusUnknown:           "未知",
		quecloud.CardStatusNormal:            "正常",
		quecloud.CardStatusTestNormal:        "测试期正常",
		quecloud.CardStatusTestSuspended:     "测试期停机",
		quecloud.CardStatusReserved:          "停机保号",
		quecloud.PauseReasonIMEISplit:        "机卡分离停机",
		quecloud.PauseReasonCarrierLimit:     "运营商限额停机",
		quecloud.PauseReasonThreshold:        "超出阈值停机",
		quecloud.PauseReasonPlanExpired:      "套餐到期停机",
		quecloud.PauseReasonCardExhausted:    "单卡流量用尽停机",
		quecloud.PauseReasonPoolExhausted:    "流量池用尽停机",
		quecloud.PauseReasonByOwner:          "主动停机",
		quecloud.PauseReasonDataClosed:       "数据服务关闭",
		quecloud.CardTypeIndustrialMP2:       "工业标准(MP2)",
		quecloud.CardTypeStandardDualCut:     "标准双切(STD+MICRO)",
		quecloud.CardTypeStandardTripleCut:   "标准三切(STD+MICRO+NANO)",
		quecloud.CardTypePlainMS0:            "普通贴片 MS0 5mm*6mm",
		quecloud.CardTypeIndustrialMS1:       "工业贴片 MS1 5mm*6mm",
		quecloud.CardTypePlainMS0Small:       "普通贴片 MS0 2mm*2mm",
		quecloud.CardTypeIndustrialMS1Small:  "工业贴片 MS1 2mm*2mm",
		quecloud.CardTypeIndustrialSingleCut: "工业单切卡",
		quecloud.CardTypeIndustrialDualCut:   "工业双切卡",
		quecloud.CardTypeIndustrialTripleCut: "工业三切卡",
		quecloud.ActiveStateActive:           "激活",
		quecloud.ActiveStateInactive:         "未激活",
		quecloud.NetworkType4G:               "4G",
		quecloud.NetworkTypeNBIoT:            "NB",
		quecloud.CallStatusOpen:              "1",
		quecloud.CallStatusClosed:            "0",
		quecloud.CallStatusUnsubscribed:      "-2",
		quecloud.PowerStateOff:               "关机",
		quecloud.PowerStateOn:                "开机工作中",
		quecloud.OnlineStateOnline:           "在线",
		quecloud.OnlineStateOffline:          "离线",
		quecloud.FlowTypePublic:              "公网",
		quecloud.FlowTypeDirected:            "定向",
		quecloud.FileTaskRunning:             "执行中",
		quecloud.FileTaskDone:                "文件生成成功",
		quecloud.OrderTypeRecharge:           "充值订单",
		quecloud.OrderTypeRenewal:            "续费订单",
		quecloud.OrderStatusPending:          "订单待处理",
		quecloud.OrderStatusDone:             "订单完成",
		quecloud.OrderStatusFailed:           "订单失败",
		quecloud.WalletChangeRecharge:        "流量包充值",
		quecloud.WalletChangeRenewal:         "套餐续费",
		quecloud.WalletChangeDeposit:         "预充值",
		quecloud.SMSStatusSubmitted:          "100",
		quecloud.SMSStatusDelivered:          "200",
		quecloud.SMSStatusFailed:             "400",
		quecloud.LocationFound:               "2",
		quecloud.LocationNoCell:              "104",
		quecloud.LocationSuspended:           "225",
		quecloud.LocationPoweredOff:          "226",
		quecloud.LocationOutOfCoverage:       "227",
		quecloud.LocationNoAccount:           "245",
	} {
		assert.Equal(t, want, fmt.Sprint(got))
	}
}
