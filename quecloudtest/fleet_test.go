package quecloudtest_test

import (
	"runtime"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/quecloud/quecloud-go"
	"github.com/quecloud/quecloud-go/quecloudtest"
)

func TestDefaultFleetHasEveryStatusAndCarrier(t *testing.T) {
	t.Parallel()
	_, client := start(t)
	list, err := client.Cards.List(t.Context(), nil)
	must(t, err)
	seen := map[string]int{}
	for _, c := range list.Cards {
		seen[string(c.Status)]++
		seen[string(c.Carrier)]++
	}
	for _, what := range []string{
		"停机", "预销号", "销号", "待激活", "未知", "正常", "测试期正常", "测试期停机", "停机保号", "中国移动", "中国电信", "中国联通",
	} {
		if seen[what] == 0 {
			t.Errorf("no card is %s", what)
		}
	}
	if len(list.Cards) != quecloudtest.DefaultFleet {
		t.Errorf("%d cards, want %d", len(list.Cards), quecloudtest.DefaultFleet)
	}
}

func TestFleetsOfOneSeedAreTheSame(t *testing.T) {
	t.Parallel()
	page := func(opts ...quecloudtest.Option) string {
		srv, _ := start(t, opts...)
		return newForeign(t, srv).call("card.list", "pageSize", "1000").body
	}
	first := page(quecloudtest.WithFleet(1000), quecloudtest.WithSeed(7))
	if first != page(quecloudtest.WithFleet(1000), quecloudtest.WithSeed(7)) {
		t.Error("the same seed gives another fleet")
	}
	if first == page(quecloudtest.WithFleet(1000), quecloudtest.WithSeed(8)) {
		t.Error("another seed gives the same fleet")
	}
}

func TestNumbersAreWellFormedAndUnique(t *testing.T) {
	t.Parallel()
	srv, client := start(t, quecloudtest.WithFleet(3000))
	seen, forms := map[string]bool{}, map[string]int{}
	for page := 1; page <= 3; page++ {
		list, err := client.Cards.List(t.Context(), &quecloud.CardListParams{PageNo: page, PageSize: 1000})
		must(t, err)
		for _, c := range list.Cards {
			if len(c.MSISDN) != 13 || len(c.IMSI) != 15 {
				t.Fatalf("malformed numbers: %+v", c)
			}
			switch letter := strings.ContainsAny(c.ICCID, "ABCDEF"); {
			case c.Carrier == quecloud.CarrierChinaTelecom:
				forms["19 digits"]++
				if len(c.ICCID) != 19 || letter {
					t.Fatalf("ICCID of a Telecom card: %s", c.ICCID)
				}
			case letter:
				forms["with a letter"]++
				if len(c.ICCID) != 20 || c.Carrier != quecloud.CarrierChinaMobile || c.ICCID[6] != 'D' {
					t.Fatalf("ICCID with a letter: %s of %s", c.ICCID, c.Carrier)
				}
			case len(c.ICCID) != 20 || luhn(c.ICCID) != 0:
				t.Fatalf("malformed ICCID: %s", c.ICCID)
			}
			if c.IMEI != "" && (len(c.IMEI) != 15 || luhn(c.IMEI) != 0) {
				t.Fatalf("malformed IMEI: %s", c.IMEI)
			}
			for _, number := range []string{c.ICCID, c.MSISDN, c.IMSI} {
				if seen[number] {
					t.Fatalf("the number %s occurs twice", number)
				}
				seen[number] = true
			}
			for _, number := range []string{c.ICCID, c.MSISDN} {
				if found, ok := srv.Card(number); !ok || found.ICCID != c.ICCID {
					t.Fatalf("%s does not find its card", number)
				}
			}
		}
	}
	if forms["19 digits"] != 750 || forms["with a letter"] < 100 {
		t.Errorf("forms of ICCIDs: %v", forms)
	}
	if c := card(t, srv, "1064800000008"); c.ICCID[6] != 'D' {
		t.Errorf("no card of the default fleet has a letter in its ICCID: %s", c.ICCID)
	}
}

func TestNineteenOfTwentyCharactersFindOneCardOnly(t *testing.T) {
	t.Parallel()
	srv, client := start(t)
	for _, iccid := range []string{
		"89860412091880130010", "89860412091880130011", // neighbours
		"89860317492038600120", "8986031749203860012", // one is the beginning of the other
		"89860412091880130030",
		"89860024310000000004", // neighbour of a synthetic card, 89860024310000000006
	} {
		srv.AddCard(quecloudtest.Card{ICCID: iccid})
	}
	synthetic := card(t, srv, "1064800000004").ICCID
	for number, want := range map[string]string{
		"8986041209188013001":  "",
		"8986031749203860012":  "8986031749203860012",
		"8986041209188013003":  "89860412091880130030",
		"8986002431000000000":  "",
		synthetic[:19]:         synthetic,
		"8986032431000000001":  "8986032431000000001",
		"89860324310000000011": "", // the Telecom card is listed with 19
		"8986032431000000000":  "", // a Mobile card's place, after a Telecom card's beginning
	} {
		info, err := client.Cards.Info(t.Context(), quecloud.ICCID(number))
		switch {
		case want == "":
			wantRefused(t, err, number)
		case want != "" && (err != nil || info.ICCID != want):
			t.Errorf("%s: got %+v, %v, want %s", number, info, err, want)
		}
	}
	a := newForeign(t, srv).call("sms.send", "content", "x", "iccids",
		"8986041209188013001,8986041209188013003,89860412091880130030,8986031749203860012")
	var sent []string
	for _, s := range srv.SMS() {
		sent = append(sent, s.ICCID)
	}
	if !slices.Equal(sent, []string{"89860412091880130030", "8986031749203860012"}) || !strings.Contains(a.body, `"errorList":["8986041209188013001"]`) {
		t.Errorf("in a list: sent to %v, and %s", sent, a.body)
	}
}

func TestNumbersThatNoCardHas(t *testing.T) {
	t.Parallel()
	srv, _ := start(t)
	for _, number := range []string{"", "1", "1064900000000", "1064800000012", "89860024310000000007", "8986002431000000000X", "-064800000000"} {
		if c, ok := srv.Card(number); ok {
			t.Errorf("%q finds %+v", number, c)
		}
	}
}

func luhn(number string) (sum int) {
	for i := range len(number) {
		d := int(number[len(number)-1-i] - '0')
		if i%2 == 1 {
			d *= 2
		}
		sum += d/10 + d%10
	}
	return sum % 10
}

func TestDatesOfSyntheticCardsMakeSense(t *testing.T) {
	t.Parallel()
	for _, now := range []time.Time{noon, march.Day(31).Time()} { // on the last day of a month none expires either
		wantSensibleDates(t, now)
	}
}

func wantSensibleDates(t *testing.T, now time.Time) {
	t.Helper()
	_, client := start(t, quecloudtest.WithFleet(1000), quecloudtest.WithTime(now))
	list, err := client.Cards.List(t.Context(), &quecloud.CardListParams{PageSize: 1000})
	must(t, err)
	today := quecloud.DateOf(now)
	for _, c := range list.Cards {
		if c.OpenDate.Compare(c.AllotDate) > 0 || c.AllotDate.Compare(today) > 0 {
			t.Errorf("opened %v, allotted %v", c.OpenDate, c.AllotDate)
		}
		if c.Active == quecloud.ActiveStateInactive {
			if !c.ActiveDate.IsZero() || !c.ExpiryDate.IsZero() || c.CycleFlow != 0 {
				t.Errorf("not activated: %+v", c)
			}
			continue
		}
		if c.ActiveDate.Compare(c.AllotDate) < 0 || c.ActiveDate.Compare(today) > 0 || c.ExpiryDate.Compare(today) <= 0 {
			t.Errorf("allotted %v, activated %v, expires %v", c.AllotDate, c.ActiveDate, c.ExpiryDate)
		}
		if c.CycleStart.Compare(today) > 0 || c.CycleEnd.Compare(today) < 0 {
			t.Errorf("the cycle is %v to %v", c.CycleStart, c.CycleEnd)
		}
	}
}

// TestAHundredThousandCardsTakeNoMemory is not parallel, because it measures what the whole process holds.
func TestAHundredThousandCardsTakeNoMemory(t *testing.T) {
	before := heap()
	srv := quecloudtest.NewUnstartedServer(quecloudtest.WithFleet(100_000))
	defer srv.Close()
	client := newForeign(t, srv)
	for page := 1; page <= 100; page++ {
		if n := post(t, srv, client.form("card.list", "pageSize", "1000", "pageNo", strconv.Itoa(page))); n < 500_000 {
			t.Fatalf("page %d has %d bytes", page, n)
		}
	}
	if held := heap() - before; held > 100 {
		t.Errorf("the server holds %.1f MB", held)
	}
	runtime.KeepAlive(srv)
}

func TestAMillionCardsAreServed(t *testing.T) {
	t.Parallel()
	_, client := start(t, quecloudtest.WithFleet(1_000_000))
	list, err := client.Cards.List(t.Context(), &quecloud.CardListParams{PageNo: 1000, PageSize: 1000})
	must(t, err)
	last := list.Cards[999]
	if list.Page.TotalCount != 1_000_000 || last.MSISDN != "1064800999999" {
		t.Errorf("%d cards, the last is %s", list.Page.TotalCount, last.MSISDN)
	}
	must(t, client.Cards.CloseGPRS(t.Context(), quecloud.MSISDN("1064800000000")))
}

func TestClockRunsWithTheRealOneUnlessItIsSet(t *testing.T) {
	t.Parallel()
	srv := quecloudtest.NewUnstartedServer()
	defer srv.Close()
	if off := time.Since(srv.Now()).Abs(); off > time.Minute {
		t.Errorf("the clock is %v off", off)
	}
	before := srv.Now()
	srv.Advance(time.Hour)
	if moved := srv.Now().Sub(before); moved < time.Hour || moved > time.Hour+time.Minute {
		t.Errorf("advanced by an hour it moved %v", moved)
	}
	srv.SetTime(noon)
	if now := srv.Now(); !now.Equal(noon) || now.Format(time.RFC3339) != "2026-03-10T12:00:00+08:00" {
		t.Errorf("set to noon it shows %v", now)
	}
}
