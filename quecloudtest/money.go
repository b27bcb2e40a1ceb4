package quecloudtest

import "strconv"

// Money is an amount in fen, the hundredth of a yuan: sums of it are exact. Write amounts as
// 3*quecloudtest.Yuan + 60*quecloudtest.Fen.
type Money int64

// The units of Money.
const (
	Fen  Money = 1
	Yuan       = 100 * Fen
)

// The most that prices, payments, plans and packages may be. Nothing that is added up of them overflows: a renewal for a
// hundred years is 1200 times a price, and the wallet has a limit of its own.
const (
	mostMoney  = 1_000_000_000_000 * Yuan
	mostWallet = 10_000 * mostMoney // ever paid in
	mostMB     = 1_000_000_000
)

// String is the amount in yuan with two decimals, such as "-3.60".
func (m Money) String() string { return string(appendHundredths(nil, int64(m))) }

func appendHundredths(b []byte, n int64) []byte { return appendFixed(b, n, 2) }

// appendFixed writes n / 10^decimals with that many decimals. It is how amounts and volumes are printed without ever
// having been floating-point numbers.
func appendFixed(b []byte, n int64, decimals int) []byte {
	if n < 0 {
		b = append(b, '-')
		n = -n
	}
	digits := strconv.AppendInt(make([]byte, 0, 24), n, 10)
	for len(digits) <= decimals {
		digits = append([]byte{'0'}, digits...)
	}
	point := len(digits) - decimals
	b = append(b, digits[:point]...)
	b = append(b, '.')
	return append(b, digits[point:]...)
}

// A volume is an amount of data in thousandths of an MB, the finest that the platform prints.
type volume int64

const megabyte volume = 1000

func volumeOf(mb float64) volume {
	if mb < 0 {
		return volume(mb*1000 - 0.5)
	}
	return volume(mb*1000 + 0.5)
}

func (v volume) mb() float64 { return float64(v) / 1000 }

func (v volume) String() string { return string(appendFixed(nil, int64(v), 3)) }
