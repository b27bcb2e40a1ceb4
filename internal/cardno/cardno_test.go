package cardno

import (
	"slices"
	"strings"
	"testing"
)

func TestCardNumberNormalForms(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		of         func(string) string
		text, want string
	}{
		{ICCID, "8986062343202380834", "8986062343202380834"},
		{ICCID, "898600b5012345678901", "898600B5012345678901"},
		{ICCID, " 8986062343202380834\t\r\n", "8986062343202380834"},
		{ICCID, "8944476500008878576F", "8944476500008878576"},
		{ICCID, "8944476500008878576f\n", "8944476500008878576"},
		{ICCID, "898600D699133000414F", "898600D699133000414F"}, // 20 characters with a letter are not padded
		{ICCID, "898606234320238083FF", "898606234320238083FF"},
		{ICCID, "898606234320238083ſ", "898606234320238083ſ"}, // capital S in Unicode
		{ICCID, "", ""},
		{MSISDN, "1064868950247", "1064868950247"},
		{MSISDN, " 1064868950247\n", "1064868950247"},
		{MSISDN, "1.064868950247E12", "1064868950247"},
		{MSISDN, "1.064868950247e+12", "1064868950247"},
		{MSISDN, "1064868950247.0", "1064868950247"},
		{MSISDN, "1.0648E12", "1064800000000"},
		{MSISDN, "1.5", "1.5"},
		{MSISDN, "1E13", "1E13"},
		{MSISDN, "-1E3", "-1E3"},
		{MSISDN, "0E0", "0E0"},
		{MSISDN, "1E", "1E"},
	} {
		if got := tt.of(tt.text); got != tt.want {
			t.Errorf("the normal form of %q is %q, want %q", tt.text, got, tt.want)
		}
	}
}

func TestCardNumberForms(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		text          string
		msisdn, iccid bool
		looksLike     string
	}{
		{text: "1", msisdn: true},
		{text: "1064868950247", msisdn: true},
		{text: "8986062343202380834", iccid: true},
		{text: "89860623432023808341", iccid: true},
		{text: "898600D6991330004146", iccid: true},
		{text: "8986012345678901234Z", iccid: true},
		{text: ""},
		{text: "10648689502471"},
		{text: "106486895024x"},
		{text: "１２", looksLike: "full-width characters"},
		{text: "8986-0623-4320-2380"},
		{text: "8986-0623-4320-2380-834", looksLike: "hyphens inside: want 8986062343202380834"},
		{text: "8986-0623-4320-2380-834F", looksLike: "want 8986062343202380834"},
		{text: "861064868950247", looksLike: "the country code of China: want 1064868950247"},
		{text: "+8613800138000", looksLike: "the country code of China: want 13800138000"},
		{text: "+8986062343202380834", looksLike: "begins with a +: want 8986062343202380834"},
		{text: "1,2"},
		{text: "''"},
		{text: "- -"},
		{text: "898606234320238083", looksLike: "an ICCID of 18 digits"},
		{text: "898606234320238083F", looksLike: "an ICCID of 18 digits"},
		{text: "898606234320238083FF", looksLike: "an ICCID of 18 digits"},
		{text: "898606234320238083412", looksLike: "an ICCID of 21 characters"},
		{text: "8986O62343202380834", looksLike: "the letter O or I"},
		{text: "89860623432O238O834I", looksLike: "the letter O or I"},
		{text: "HELLOWORLDHELLOWORLD", looksLike: "the letter O or I"},
		{text: "984474560000788875F6", looksLike: "swapped back it is 8944476500008788576"},
		{text: "98684045230308381244", looksLike: "swapped back it is 89860454323080832144"},
		{text: "9868404523030838124", looksLike: "an ICCID starts with 89"},
		{text: "860618040000018", looksLike: "an IMEI"},
		{text: "860618040000019"},
		{text: "460111174740001", looksLike: "an IMSI"},
		{text: "8.9E+19", looksLike: "a spreadsheet"},
		{text: "8,98606E+19", looksLike: "a spreadsheet"},
		{text: "1.064868950247e12", looksLike: "a spreadsheet"},
		{text: "1064868950247.0", looksLike: "a spreadsheet"},
		{text: "\ufeff8986062343202380834", looksLike: "an invisible character"},
		// These have other spellings that are numbers.
		{text: "898600d6991330004146"},
		{text: " 8986062343202380834"},
		{text: "8944476500008878576F"},
	} {
		if got := IsMSISDN(tt.text); got != tt.msisdn {
			t.Errorf("%q is an MSISDN: %v, want %v", tt.text, got, tt.msisdn)
		}
		if got := IsICCID(tt.text); got != tt.iccid {
			t.Errorf("%q is an ICCID: %v, want %v", tt.text, got, tt.iccid)
		}
		if got := LooksLike(tt.text); tt.looksLike == "" && got != "" || !strings.Contains(got, tt.looksLike) {
			t.Errorf("LooksLike(%q) is %q, want %q in it", tt.text, got, tt.looksLike)
		}
	}
}

// Ten neighbouring cards share the first 19 of their 20 characters.
var neighbours = []string{
	"89860623432023808340", "89860623432023808341", "89860623432023808342", "89860623432023808343", "89860623432023808344",
	"89860623432023808345", "89860623432023808346", "89860623432023808347", "89860623432023808348", "89860623432023808349",
}

const shared = "8986062343202380834"

func TestCardNumberMatch(t *testing.T) {
	t.Parallel()
	none := slices.Repeat([]int{-1}, 10)
	for name, tt := range map[string]struct {
		requested, found []string
		want             []int
	}{
		"equal":                            {neighbours[:2], []string{neighbours[1], neighbours[0]}, []int{1, 0}},
		"requested twice":                  {[]string{"1", "2", "1"}, []string{"1"}, []int{0}},
		"found twice":                      {[]string{"1", "2"}, []string{"2", "2"}, []int{1, 1}},
		"not requested":                    {[]string{"1", "2"}, []string{"3"}, []int{-1}},
		"19 requested, 20 found":           {[]string{"1", shared}, neighbours[4:5], []int{1}},
		"19 requested, 20 found twice":     {[]string{shared}, []string{neighbours[4], neighbours[4]}, []int{0, 0}},
		"20 requested, 19 found":           {neighbours[4:5], []string{shared}, []int{0}},
		"19 requested, ten found":          {[]string{shared}, neighbours, none},
		"ten requested, 19 found":          {neighbours, []string{shared}, []int{-1}},
		"another 20 requested and found":   {neighbours[4:5], neighbours[5:6], []int{-1}},
		"19 and 20 requested, 20 found":    {[]string{shared, neighbours[4]}, neighbours[4:5], []int{1}},
		"19 and 20 requested, other found": {[]string{shared, neighbours[4]}, neighbours[5:6], []int{-1}},
		"19 requested, 19 and 20 found":    {[]string{shared}, []string{neighbours[4], shared}, []int{-1, 0}},
		"short numbers begin no others":    {[]string{"106486895024"}, []string{"1064868950247"}, []int{-1}},
		"nothing requested":                {nil, []string{"1"}, []int{-1}},
	} {
		if got := Match(tt.requested, tt.found); !slices.Equal(got, tt.want) {
			t.Errorf("%s: %v, want %v", name, got, tt.want)
		}
	}
}

func TestCardNumberSame(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		a, b string
		want bool
	}{
		{shared, neighbours[3], true},
		{neighbours[3], shared, true},
		{shared + "F", neighbours[3] + " ", true},
		{"898600b5012345678901", "898600B5012345678901", true},
		{neighbours[3], neighbours[4], false},
		{shared, "8986062343202380835", false},
		{shared, "", false},
	} {
		if got := Same(tt.a, tt.b); got != tt.want {
			t.Errorf("%q and %q are the same: %v, want %v", tt.a, tt.b, got, tt.want)
		}
	}
}

func TestCheckDigit(t *testing.T) {
	t.Parallel()
	for _, number := range []string{"79927398713", "490154203237518", "89014103211118510720", "860618040000018"} {
		last := len(number) - 1
		if got := string(CheckDigit(number[:last])); got != number[last:] {
			t.Errorf("%s: got the check digit %s", number, got)
		}
	}
}
