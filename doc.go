// Package quecloud is a client for Quectel's platform for the connectivity of IoT SIM cards
// (移远物联网连接服务接口, version 3.15). It looks cards up, reads their usage, suspends and resumes them, sends SMS,
// sets alarms, buys top-ups and renewals, and exports whole fleets.
//
//	client, err := quecloud.NewClient(appKey, secret)
//	if err != nil { … }
//	card, err := client.Cards.Info(ctx, quecloud.ICCID("8986062343202380834"))
//
// Each of the platform's 48 methods is a Go method with structs of its own, in one of the services of [Client]; its
// documentation names its chapter in the vendor's document and its name there, fc.function.…. Methods that this version
// does not know can be called with [Client.Call].
//
// # Values
//
// A card is a [CardID], made by [MSISDN], [ICCID] or [ParseCardID], which accept white space around the number and, in an
// ICCID, lower case and the F that fills up 19 digits to 20; or by the method ID of a struct that stands for a card, such as
// [Card.ID]. Methods for many cards take [CardIDs]. Days and months are [Date] and [Month], without a time zone; instants
// are [time.Time] in [ChinaStandardTime]. Data volumes are float64 in MB, voice is in minutes, and money is
// [decimal.Decimal] in CNY. Enumerations such as [CardStatus] are open: a value without a constant is kept as it came.
//
// The platform's JSON is not exact about types and names. It is read leniently: any scalar may come as text, number or
// boolean, a name in any case. A value that cannot mean what its place says is an error that names the place, or is
// reported to the handler of [WithDriftHandler] where there is one. So is a member that a response leaves out although the
// document promises it: its field is zero, and that is no error unless nothing could be told without it. Structs
// marshal to JSON with the platform's names, and can be read back. Their tags quec are for the SDK's own decoder.
//
// Texts are kept byte for byte, also where they are not UTF-8, which the document promises and [unicode/utf8.ValidString] tells:
// an SMS in GBK can still be decoded. [encoding/json] writes U+FFFD for what is not UTF-8, and encoding/json/v2 refuses
// to write it, so store such a text as a []byte.
//
// # Errors
//
// Every call that fails returns an error that says what was being done. What kind it is, [errors.Is] and [errors.As]
// tell:
//
//   - [*ParamError]: bad input, found before anything was sent.
//   - [*APIError]: the platform refused. [ErrUnauthorized] is one.
//   - [*ResponseError]: what came is not the platform's protocol, such as the error page of a proxy. A [*FieldError] in
//     it names a single bad value.
//   - [ErrOutcomeUnknown]: a call that changes something may have taken effect, and nothing says for certain. See below.
//   - [ErrQueryFailed]: the response has resultCode 0 and says that the query failed.
//   - [ErrPartial]: what was asked was not done for all of the cards. The method returns a result as well. If the response
//     does not account for some of them, the error is [ErrOutcomeUnknown] too.
//   - [ErrAttemptTimeout], [context.DeadlineExceeded], [context.Canceled] and what package net reports: no response came.
//
// Error texts name the card or order, and quote what the platform said. Only the log of [WithLogger] masks them.
//
// # Retries
//
// What is retried depends on whether the call reads or changes something, which its [Kind] says:
//
//	what went wrong                                reads    everything else
//	not sent: no connection, nothing written       retried  retried
//	HTTP status 429, nothing done                  retried  retried
//	no response, or it breaks off, or HTTP 5xx     retried  not retried, ErrOutcomeUnknown
//	a code that the user has marked (NotDoneCodes) retried  retried if it sets a state
//	any other refusal                              not retried
//	any other response that is not the platform's  not retried, ErrOutcomeUnknown for a change
//
// So a call that changes something is sent at most once, except after 429. "Not sent" takes evidence: the transport tells, by
// [net/http/httptrace], that it had no connection or wrote nothing to it. Purchases under an ExternalID can be retried, too,
// with RetryPurchasesAfter of [RetryPolicy]. That a status says whether the platform acted on a call is our assumption: a
// change is not in doubt after a response without a resultCode if its status is 401, 405, 407, 411, 413 to 415, 417, 421,
// 426, 428, 429 or 431. It is after 403 and 404: a server in front can also answer so when the platform has the call already.
//
// A resultCode of 0 under an HTTP status other than 2xx counts as success only if the response also has what the method is
// about, such as an order number. A resultCode other than 0 is an [*APIError] under any status.
//
// Delays are random and grow; a Retry-After is obeyed; the context always wins. A budget shared by the whole client keeps
// retries from multiplying the load of an outage. [WithRetry] tunes all this but the budget.
//
// The platform refuses a call whose time is off by more than five minutes. When the Date of a refusal shows that this
// machine's clock is, the client corrects it for further calls, and sends a refused read once more. Other calls return the
// refusal: the Date may be wrong, and the reason another one.
//
// # Changes in doubt
//
// After [ErrOutcomeUnknown] a change may have been made or not, and one whose attempt has timed out may still be made.
// Wait a minute, find out, and only then repeat it. The vendor's document says this much. It does not say how soon a new
// state shows, nor what a method does to a card that is in the wanted state already.
//
//	of Cards                look at                        a repeat of what happened
//	Pause, Resume           Info: Status, PauseReason      wants the same state; undoes what others did since
//	CloseGPRS, OpenGPRS     Info: GPRSOn                   wants the same state; undoes what others did since
//	CloseVoice, OpenVoice   Info: CallStatus               wants the same state; undoes what others did since
//	EndTest                 Info: Status                   is for cards in their test period only
//	Activate                Info: Status, ActiveDate       not safe: billing starts, for good
//	Reset                   Info: Status, for 10 minutes   not safe: cuts the card off for 10 more minutes
//	UnbindIMEI              nothing tells for certain      not safe: refused for 30 minutes, then unbinds anew
//	AddVoiceWhitelist       Info: VoiceWhitelist           add only what is missing, 5 numbers in all
//	DeleteVoiceWhitelist    Info: VoiceWhitelist           not safe: allowed once in a calendar month
//	RegisterRealName        RealNameStatus, when it is done not safe: makes another page; allowed once a minute
//
//	of others
//	Flow.SetAlarm           Flow.Alarm of each card        sets the same; undoes what others did since
//	Flow.SetAlarmStatus     Flow.Alarm                     sets the same; undoes what others did since
//	SMS.Send                SMS.ListLog                    not safe: sends the text again
//	Files.Start             Files.List                     is another of three tasks a day; Files.Prepare looks first
//	Orders.Recharge, Renew  Orders.Find                    not safe: may buy again
//
// Store what you buy, an ExternalID of its own and the time before the call is made. The document says that the platform
// tells by the ExternalID whether an order was submitted repeatedly. It does not say what a repeat gets, the order or a
// refusal with or without its number, nor what becomes of two that arrive at once. So do not repeat a purchase, with its
// ExternalID, without it or under another one, before [OrdersService.Find] has looked:
//
//	found, err := client.Orders.Find(ctx, &quecloud.FindParams{ICCID: iccid, ExternalID: stored.ID, Since: stored.SentAt})
//	switch {
//	case err == nil: // ordered, more than once if there are several
//		for _, order := range found.Matches {
//			switch order.Status {
//			case quecloud.OrderStatusDone: // bought
//			case quecloud.OrderStatusFailed: // not bought: the wallet tells what became of the money
//			default: // pending: follow it with Wait
//			}
//		}
//	case errors.Is(err, quecloud.ErrNotFound): // no proof of the contrary: look again, show found.Candidates to a person
//	default: // the wallet or an order could not be read: look again later
//	}
//
// Do the same where a purchase is refused whose ExternalID may have been sent before. Verify a purchase (Preverify)
// without the ExternalID: whether the platform records it then is not documented.
//
// # Fleets
//
// Iterators such as [CardsService.All] walk every page of a listing, and [CardsService.AllInfo] asks for any number of
// cards, a thousand at a time. They prefetch a few pages concurrently, keep only those in memory, and yield them in the
// platform's order. A sweep does not trust what the platform announces: it ends where the rows end, and fails where rows
// must be missing. [Pages] yields whole pages with their numbers, for a transaction and a checkpoint each:
//
//	for list, err := range quecloud.Pages(ctx, client.Cards.List, &quecloud.CardListParams{PageNo: stored + 1}) {
//		if err != nil { … }
//		err = store(list.Cards, list.Page.Number)
//	}
//
// [Each] does something to each of many cards:
//
//	for card, err := range quecloud.Each(ctx, cards, client.Cards.Pause) {
//		if err != nil { … } // this card's; the others go on
//	}
//
// The error of a sweep that failed says where to resume: a [*PageError] or a [*BatchError]. [FilesService.Export] has
// the platform write the whole fleet into a file, and [OrdersService.Wait] waits until an order has been carried out.
//
// # Notifications
//
// [NewSMSHandler] and [NewOrderHandler] make an [http.Handler] for what the platform reports: delivery reports, inbound
// SMS, finished orders. They answer success only after a function of yours has returned nil. Anything else counts as
// failed; whether the platform delivers again then is not documented. An event is not lost for a member that cannot be
// read, see [WithCallbackDriftHandler]. Nothing in the protocol tells who an event is from: see [HandlerOption] for what
// does.
//
// # Testing
//
// Package quecloudtest has a stand-in for the platform that runs inside a test, with a client that is ready to use. It
// has cards with a life, money, a clock that the test moves, and faults that it lets happen:
//
//	srv := quecloudtest.NewServer()
//	defer srv.Close()
//	client := srv.Client()
package quecloud
