package selftest

import (
	"context"
	"fmt"
	"net/url"
	"strconv"
)

// ICCID returns the ICCID of the i-th card of a fleet, from 0.
func ICCID(i int) string { return fmt.Sprintf("898604310000%08d", i) }

// MSISDN returns the MSISDN of the i-th card of a fleet, from 0.
func MSISDN(i int) string { return fmt.Sprintf("10648%08d", i) }

// ICCIDs returns the ICCIDs of the cards from one to before another.
func ICCIDs(from, to int) (list []string) {
	for i := from; i < to; i++ {
		list = append(list, ICCID(i))
	}
	return list
}

// A Page is a page of a listing of cards, as a platform shows it.
type Page struct {
	From, To     int // the cards on it
	Number, Size int // as the response says; 0 is left out
	Total, Pages int // likewise
}

// PageOf returns a page of a fleet, without mistakes.
func PageOf(fleet, number, size int) Page {
	return Page{
		From: min((number-1)*size, fleet), To: min(number*size, fleet),
		Number: number, Size: size, Total: fleet, Pages: (fleet + size - 1) / size,
	}
}

// Response returns the response that shows the page.
func (p Page) Response() Object {
	cards := []Object{}
	for i := p.From; i < p.To; i++ {
		cards = append(cards, Object{"iccid": ICCID(i), "msisdn": MSISDN(i)})
	}
	about := Object{}
	for name, n := range map[string]int{
		"page": p.Number, "pageSize": p.Size, "totalCount": p.Total, "totalPage": p.Pages,
	} {
		if n != 0 {
			about[name] = n
		}
	}
	return Object{"resultCode": 0, "page": about, "cards": cards}
}

// ListingPlatform returns a platform that shows cards page by page.
func ListingPlatform(show func(number, size int) Page) *Platform {
	return FuncPlatform(func(_ context.Context, form url.Values) any { return show(Paging(form)).Response() })
}

// Paging returns the page that a request asks for.
func Paging(form url.Values) (number, size int) {
	number, _ = strconv.Atoi(form.Get("pageNo"))
	size, _ = strconv.Atoi(form.Get("pageSize"))
	return number, size
}
