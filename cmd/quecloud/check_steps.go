package main

import (
	"fmt"
	"io"
	"net/url"
	"strconv"

	"github.com/quecloud/quecloud-go"
)

// steps are the calls of check in their order: each may use what those before it found. Their errors are in the report.
func (c *checker) steps() []func() {
	return []func(){
		c.checkBilling, c.checkList, c.checkPages, c.checkCards, c.checkUsage, c.checkFiles, c.checkSMS, c.checkOrders,
	}
}

func (c *checker) checkBilling() {
	_, _ = c.client.Billing.Account(c.ctx)
	groups, _ := c.client.Billing.Groups(c.ctx)
	if len(groups) > 0 {
		_, _ = c.client.Billing.GroupStatistics(c.ctx, groups[0].ID)
		_, _ = c.client.Billing.GroupTreeStatistics(c.ctx, groups[0].ID)
	}
}

// maxChecked is the maximum number of cards for the calls about a card. There are three carriers.
const maxChecked = 4

// checkList reads a page of cards, and chooses one of each carrier for the calls about cards.
func (c *checker) checkList() {
	list, err := c.client.Cards.List(c.ctx, &quecloud.CardListParams{PageSize: 100})
	if err != nil {
		return
	}
	carriers := map[quecloud.Carrier]bool{}
	for _, card := range list.Cards {
		if _, err := quecloud.ParseCardID(card.ICCID); err != nil {
			c.find("card.list", "an ICCID that the SDK would refuse", "", c.masker.text(card.ICCID))
		}
		if !carriers[card.Carrier] && len(c.cards) < maxChecked {
			carriers[card.Carrier] = true
			c.cards = append(c.cards, card.ID())
			c.msisdn = quecloud.MSISDN(card.MSISDN)
		}
	}
}

// checkPages finds out what the platform does with pages that the SDK does not ask for.
func (c *checker) checkPages() {
	first, err := c.client.Cards.List(c.ctx, &quecloud.CardListParams{PageSize: 1000})
	if err != nil {
		return
	}
	if len(first.Cards) > 1000 || first.Page.Size != 1000 {
		c.find("card.list", "a page of 1000 cards is one of another size", "pageSize", strconv.Itoa(first.Page.Size))
	}
	if int64(len(first.Cards)) < min(first.Page.TotalCount, 1000) {
		c.find("card.list", "the page has fewer cards than announced", "totalCount",
			fmt.Sprintf("%d of %d", len(first.Cards), first.Page.TotalCount))
	}
	after, err := c.client.Cards.List(c.ctx, &quecloud.CardListParams{PageNo: first.Page.TotalPages + 1, PageSize: 1000})
	if err == nil && len(after.Cards) > 0 {
		c.find("card.list", "the page after the last one has cards", "", strconv.Itoa(len(after.Cards)))
	}
	c.probing = true
	defer func() { c.probing = false }()
	var larger quecloud.CardList
	err = c.client.Call(c.ctx, "fc.function.card.list", url.Values{"pageNo": {"1"}, "pageSize": {"1001"}}, &larger)
	if err == nil {
		c.find("card.list", "a page of 1001 cards is not refused", "pageSize", strconv.Itoa(larger.Page.Size))
	}
}

func (c *checker) checkCards() {
	for _, card := range c.cards {
		_, _ = c.client.Cards.Info(c.ctx, card)
		_, _ = c.client.Cards.RealtimeStatus(c.ctx, card)
		_, _ = c.client.Cards.Location(c.ctx, card)
		_, _ = c.client.Cards.RealNameStatus(c.ctx, card)
		_, _ = c.client.Flow.Alarm(c.ctx, card)
		_, _ = c.client.Flow.Packages(c.ctx, card)
		_, _ = c.client.Flow.YearPackages(c.ctx, card)
		_, _ = c.client.Orders.RenewalProduct(c.ctx, card)
	}
	if !c.msisdn.IsZero() {
		_, _ = c.client.Cards.Info(c.ctx, c.msisdn)
	}
	for _, cards := range byKind(c.cards) {
		infos, err := c.client.Cards.InfoBatch(c.ctx, cards)
		if err == nil && len(infos) != cards.Len() {
			c.find("cards.info", "another number of cards than asked for", "", fmt.Sprintf("%d of %d", len(infos), cards.Len()))
		}
	}
}

func (c *checker) checkUsage() {
	params := &quecloud.MonthListParams{Month: c.month, PageSize: 100}
	_, _ = c.client.Flow.ListMonth(c.ctx, params)
	_, _ = c.client.Flow.ListVoiceMonth(c.ctx, params)
	for _, card := range c.cards {
		_, _ = c.client.Flow.Month(c.ctx, card, c.month.AddMonths(-1))
		_, _ = c.client.Flow.Days(c.ctx, card, c.month)
		_, _ = c.client.Flow.VoiceDays(c.ctx, card, c.month)
	}
	for _, cards := range byKind(c.cards) {
		_, _ = c.client.Flow.MonthBatch(c.ctx, cards, c.month)
	}
}

func (c *checker) checkFiles() {
	tasks, err := c.client.Files.List(c.ctx)
	if err != nil {
		return
	}
	for _, task := range tasks {
		status, err := c.client.Files.Status(c.ctx, task.TaskID)
		if err == nil && status == quecloud.FileTaskDone {
			_, _ = c.client.Files.Download(c.ctx, task.TaskID, io.Discard)
			_, _ = c.client.Files.DownloadLatest(c.ctx, io.Discard)
			return
		}
	}
}

func (c *checker) checkSMS() {
	_, _ = c.client.SMS.ListLog(c.ctx, &quecloud.SMSLogParams{Month: c.month, PageSize: 100})
	_, _ = c.client.SMS.MonthCount(c.ctx, c.month)
}

func (c *checker) checkOrders() {
	_, _ = c.client.Orders.FlowPackages(c.ctx)
	wallet, err := c.client.Billing.Wallet(c.ctx)
	if err != nil {
		return
	}
	for _, entry := range wallet.Entries {
		if entry.OrderNo != "" {
			_, _ = c.client.Orders.Get(c.ctx, entry.OrderNo)
			return
		}
	}
}
