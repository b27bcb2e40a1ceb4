package quecloudtest

// An appetite says how much of its plan a synthetic card would use in a month, or in a month's share of a yearly one.
type appetite uint8

const (
	moderate  appetite = iota // 5 to 80 %
	large                     // 80 to 100 %
	excessive                 // once to four times: what it uses ends where the plan does, unless that is shared
)

// appetiteOf gives 89 % of the cards a moderate appetite, 7 % a large and 4 % an excessive one.
func appetiteOf(percentile uint64) appetite {
	switch {
	case percentile < 4:
		return excessive
	case percentile < 11:
		return large
	}
	return moderate
}

// of is how much of the whole a card uses in a month, in thousandths, at random.
func (a appetite) of(h uint64) uint64 {
	switch a {
	case excessive:
		return 1000 + h%3000
	case large:
		return 800 + h%200
	}
	return 50 + h%750
}
