package main

import (
	"context"
	"errors"
	"iter"
	"slices"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"github.com/quecloud/quecloud-go"
)

func cardsGroup() group {
	return group{
		name: "cards", short: "Look cards up, suspend and resume them, change their services",
		specs: append([]spec{
			cardsList(),
			{
				use: "info CARD…", short: "Show the details of cards", methods: []string{"card.info", "cards.info"}, cards: true,
				columns: []string{"card", "carrier", "status", "planName", "monthFlow", "residueFlow", "expiryDate"},
				run:     run[quecloud.CardInfo](cardsInfo),
			},
			{
				use: "status CARD…", short: "Show whether devices are online", methods: []string{"card.realtimestatus"},
				cards:   true,
				columns: []string{"card", "power", "online", "ip", "apn", "usedText", "residueText"},
				run: perCard(func(c *call) func(context.Context, quecloud.CardID) (*quecloud.RealtimeStatus, error) {
					return c.client.Cards.RealtimeStatus
				}),
			},
			{
				use: "location CARD…", short: "Locate cards by their base stations", methods: []string{"card.location"},
				cards:   true,
				columns: []string{"card", "latitude", "longitude", "positionResult", "time"},
				run: perCard(func(c *call) func(context.Context, quecloud.CardID) (*quecloud.Location, error) {
					return c.client.Cards.Location
				}),
			},
			{
				use: "packages CARD…", short: "Show the data packages in effect on cards", methods: []string{"card.flowpackages"},
				cards: true,
				run: perCard(func(c *call) func(context.Context, quecloud.CardID) ([]quecloud.FlowPackage, error) {
					return c.client.Flow.Packages
				}),
			},
			{
				use: "year-packages CARD…", short: "Show the yearly packages in effect on cards",
				methods: []string{"yearmonth.detail"}, cards: true,
				columns: []string{"card", "monthFlow", "usedFlow", "totalFlow", "residueFlow", "allotDate"},
				run: perCard(func(c *call) func(context.Context, quecloud.CardID) (*quecloud.YearPackages, error) {
					return c.client.Flow.YearPackages
				}),
			},
		}, changes()...),
		groups: []group{
			{name: "gprs", short: "Open and close the data service of cards", specs: []spec{
				setCard("on", "Open the data service of cards", "card.gprs.open", "open the data service of %d cards",
					func(c *call) cardMethod { return c.client.Cards.OpenGPRS },
					func(i *quecloud.CardInfo) bool { return i.GPRSOn }),
				setCard("off", "Close the data service of cards", "card.gprs.close", "close the data service of %d cards",
					func(c *call) cardMethod { return c.client.Cards.CloseGPRS },
					func(i *quecloud.CardInfo) bool { return !i.GPRSOn }),
			}},
			{name: "voice", short: "Open and close the voice service of cards", specs: []spec{
				setCard("on", "Open the voice service of cards", "card.voice.open", "open the voice service of %d cards",
					func(c *call) cardMethod { return c.client.Cards.OpenVoice },
					func(i *quecloud.CardInfo) bool { return i.CallStatus == quecloud.CallStatusOpen }),
				setCard("off", "Close the voice service of cards", "card.voice.close", "close the voice service of %d cards",
					func(c *call) cardMethod { return c.client.Cards.CloseVoice },
					func(i *quecloud.CardInfo) bool { return i.CallStatus == quecloud.CallStatusClosed }),
			}},
			{name: "whitelist", short: "Change the voice whitelist of cards", specs: []spec{
				whitelist("add", "Add numbers to the voice whitelist of cards", "card.voice.addwhitelist",
					"add to the voice whitelist of %d cards",
					func(c *call) whitelistMethod { return c.client.Cards.AddVoiceWhitelist }),
				whitelist("remove", "Remove numbers from the voice whitelist of cards", "card.voice.delwhitelist",
					"remove from the voice whitelist of %d cards",
					func(c *call) whitelistMethod { return c.client.Cards.DeleteVoiceWhitelist }),
			}},
			{name: "realname", short: "Query and start the registration of an identity", specs: []spec{
				{
					use: "status CARD…", short: "Show whether an identity is registered for cards",
					methods: []string{"card.realNameStatusQuery"}, cards: true,
					run: perCard(func(c *call) func(context.Context, quecloud.CardID) (*quecloud.RealNameStatus, error) {
						return c.client.Cards.RealNameStatus
					}),
				},
				registerRealName(),
			}},
		},
	}
}

func cardsList() spec {
	var params quecloud.CardListParams
	return spec{
		use: "list", short: "List the cards of the account", methods: []string{"card.list"},
		columns: []string{"iccid", "msisdn", "carrier", "status", "planName", "monthFlow", "expiryDate"},
		flags: func(f *pflag.FlagSet, t texts) {
			f.Int64Var(&params.BillingID, "group", 0, t.get("only cards of this billing group"))
			dateVar(f, &params.AllotFrom, "allot-from", t.get("only cards that left the warehouse on or after this date"))
			dateVar(f, &params.AllotTo, "allot-to", t.get("only cards that left the warehouse until this date"))
			dateVar(f, &params.ActiveFrom, "active-from", t.get("only cards activated on or after this date"))
			dateVar(f, &params.ActiveTo, "active-to", t.get("only cards activated until this date"))
			dateVar(f, &params.ExpireFrom, "expire-from", t.get("only cards that expire on or after this date"))
			dateVar(f, &params.ExpireTo, "expire-to", t.get("only cards that expire until this date"))
		},
		run: list(func(c *call) iter.Seq2[quecloud.Card, error] { return c.client.Cards.All(c.ctx, &params) }),
	}
}

// cardsInfo shows one card, or lists many, a thousand by a call.
func cardsInfo(c *call) error {
	cards, err := c.readCards()
	if err != nil {
		return err
	}
	if len(cards) == 1 {
		info, err := c.client.Cards.Info(c.ctx, cards[0])
		if err != nil {
			return err
		}
		return c.output.one(recordOf(info).with(info.ID()))
	}
	return c.batches(cards, func(part quecloud.CardIDs) iter.Seq2[record, error] {
		return func(yield func(record, error) bool) {
			for info, err := range c.client.Cards.AllInfo(c.ctx, part, c.cards.fleet()...) {
				if !yield(recordOf(info).with(info.ID()), err) {
					return
				}
			}
		}
	})
}

// batches prints what batched reads tell of cards.
func (c *call) batches(cards []quecloud.CardID, read func(quecloud.CardIDs) iter.Seq2[record, error]) error {
	printed := false
	err := c.output.rows(func(yield func(record, error) bool) {
		for _, part := range byKind(cards) {
			for row, err := range read(part) {
				printed = printed || err == nil
				if !yield(row, err) {
					return
				}
			}
		}
	}, c.columns)
	if err != nil && printed {
		return partError{err}
	}
	return err
}

// byKind returns cards as lists of one kind, as calls want them: those with ICCIDs and those with MSISDNs.
func byKind(cards []quecloud.CardID) (lists []quecloud.CardIDs) {
	for _, iccid := range []bool{true, false} {
		part := slices.DeleteFunc(slices.Clone(cards), func(card quecloud.CardID) bool { return card.IsICCID() != iccid })
		if list, err := quecloud.CardIDsOf(part); err == nil && list.Len() > 0 {
			lists = append(lists, list)
		}
	}
	return lists
}

// A cardMethod changes a card.
type cardMethod = func(context.Context, quecloud.CardID) error

func changes() []spec {
	return []spec{
		setCard("pause", "Suspend cards", "card.pause", "suspend %d cards",
			func(c *call) cardMethod { return c.client.Cards.Pause },
			isSuspended),
		setCard("resume", "Resume suspended cards", "card.resume", "resume %d cards",
			func(c *call) cardMethod { return c.client.Cards.Resume },
			func(i *quecloud.CardInfo) bool { return i.Status.InService() }),
		setCard("activate", "Activate cards", "card.silenceactive", "activate %d cards",
			func(c *call) cardMethod { return c.client.Cards.Activate },
			func(i *quecloud.CardInfo) bool { return i.Status.InService() }),
		setCard("end-test", "End the test period of cards", "card.overtest", "end the test period of %d cards",
			func(c *call) cardMethod { return c.client.Cards.EndTest },
			func(i *quecloud.CardInfo) bool {
				return i.Status != "" && i.Status != quecloud.CardStatusTestNormal && i.Status != quecloud.CardStatusTestSuspended
			}),
		setCard("reset", "Reset cards in the network", "card.reset", "reset %d cards",
			func(c *call) cardMethod { return c.client.Cards.Reset }, nil),
		setCard("unbind", "Unbind cards from their devices", "card.imeiUnbind", "unbind %d cards from their devices",
			func(c *call) cardMethod { return c.client.Cards.UnbindIMEI }, nil),
	}
}

func isSuspended(i *quecloud.CardInfo) bool {
	return i.Status == quecloud.CardStatusSuspended || i.Status == quecloud.CardStatusTestSuspended
}

// setCard returns the spec of a change that may be made again. isDone reports whether a card's details show it.
func setCard(
	name, short, method, verb string, change func(*call) cardMethod, isDone func(*quecloud.CardInfo) bool,
) spec {
	return spec{
		use: name + " CARD…", short: short, methods: []string{method}, cards: true, bulk: true,
		run: runChange(func(c *call) (bulk, error) {
			return bulk{verb: verb, repeats: true, change: change(c), isDone: isDone}, nil
		}),
	}
}

type whitelistMethod = func(context.Context, quecloud.CardID, ...string) error

func whitelist(name, short, method, verb string, change func(*call) whitelistMethod) spec {
	var numbers []string
	return spec{
		use: name + " CARD… --number MSISDN", short: short, methods: []string{method}, cards: true, bulk: true,
		flags: func(f *pflag.FlagSet, t texts) {
			f.StringSliceVar(&numbers, "number", nil, t.get("numbers of the whitelist, separated by commas"))
		},
		run: runChange(func(c *call) (bulk, error) {
			if len(numbers) == 0 {
				return bulk{}, usageError{c.texts.get("want --number")}
			}
			return bulk{verb: verb, repeats: true, change: func(ctx context.Context, card quecloud.CardID) error {
				return change(c)(ctx, card, numbers...)
			}}, nil
		}),
	}
}

// registerRealName returns the spec of the registration of an identity, whose response has the address for it.
func registerRealName() spec {
	return spec{
		use: "register CARD", short: "Start the registration of an identity for a card, and print the page for it",
		methods: []string{"card.realName"}, args: cobra.ExactArgs(1), asks: true,
		run: run[quecloud.RealNameRegistration](func(c *call) error {
			card, err := quecloud.ParseCardID(c.args[0])
			if err != nil {
				return usageError{err.Error()}
			}
			if err := c.confirm("start the registration of an identity for 1 card"); err != nil {
				return err
			}
			registration, err := c.client.Cards.RegisterRealName(c.ctx, card)
			if registration != nil && !c.dryRun {
				err = errors.Join(c.output.one(recordOf(registration)), err)
			}
			return err
		}),
	}
}
