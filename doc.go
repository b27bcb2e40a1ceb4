// Package quecloud is a client for Quectel's platform for IoT SIM cards (移远物联网连接服务接口, version 3.15). It looks up
// cards, reads their usage, suspends and resumes them, sends SMS, sets alarms, buys top-ups and renewals, and exports
// whole fleets.
//
//	client, err := quecloud.NewClient(appKey, secret)
//	if err != nil { … }
//	card, err := client.Cards.Info(ctx, quecloud.ICCID("8986062343202380834"))
//
// Each method of the platform is a Go method with its own structs, in one of the services of [Client]. Its
// documentation names the chapter of the vendor's document and the platform's method, fc.function.…. Call a method that
// this version does not know with [Client.Call].
//
// A client is for one account. [WithCredentials] replaces its key while it runs. For several accounts, make a client
// with a limiter for each ([WithLimiter]), over one [net/http.Client] ([WithHTTPClient], [NewTransport]): see the
// example Accounts.
//
// # Values
//
// A [CardID] identifies a card. [MSISDN], [ICCID] and [ParseCardID] make one. They accept white space around the number
// and, in an ICCID, lower case and the F that pads 19 digits to 20. Every struct that stands for a card has a method
// ID, such as [Card.ID]. Methods for many cards take [CardIDs]. [Date] and [Month] have no time zone; instants are
// [time.Time] in [ChinaStandardTime]. Data volumes are float64 in MB, voice is in minutes, and money is
// [decimal.Decimal] in CNY. Enumerations such as [CardStatus] are open: a value without a constant is kept as it came.
//
// CardID, Date and Month are text in JSON and in a database ([database/sql]), where their zero value is NULL. Store
// [CardID.Normal] in a column that is a key. The methods of these types and of the structs answer common questions:
// [Month.Days], [Card.DaysLeft], [CardInfo.PlanUsed], [CardStatus.InService], [Order.RenewedMonths],
// [Wallet.EntriesOf]. [Alarm.Settings] is the start for a change of one threshold.
//
// The platform's JSON is inexact about types and names, and the SDK reads it leniently: a scalar may come as text,
// number or boolean, and a name in any case. A value that cannot be read as its field returns an error that names its
// place or, if [WithDriftHandler] is set, is reported there. A member that the document promises and a response leaves
// out is reported there too. Its field is zero, which is an error only if the response means nothing without it.
// Structs marshal to JSON with the platform's names and can be read back. Their tags quec are for the SDK's own
// decoder.
//
// The document promises UTF-8. Text that is not UTF-8, as [unicode/utf8.ValidString] tells, is kept byte for byte, so
// that an SMS in GBK can still be decoded. Store such a text as a []byte: [encoding/json] writes U+FFFD for its bytes,
// and encoding/json/v2 refuses to write it.
//
// # Errors
//
// A call that fails returns an error that names the method and the step that failed. Use [errors.Is] and [errors.As] to
// tell errors apart:
//
//   - [*ParamError]: the input is invalid. Nothing was sent.
//   - [*APIError]: the platform refused the call. [ErrUnauthorized] is one.
//   - [*ResponseError]: the response is not the platform's protocol, such as the error page of a proxy. If a single
//     value is bad, a [*FieldError] in it names its place.
//   - [ErrOutcomeUnknown]: a call that changes something may have taken effect. See Changes in doubt.
//   - [ErrQueryFailed]: the response has resultCode 0 and says that the query failed.
//   - [ErrPartial]: the call did not succeed for all cards. The method returns a result as well. If the response does
//     not account for every card, the error is [ErrOutcomeUnknown] too.
//   - [ErrAttemptTimeout], [context.DeadlineExceeded], [context.Canceled] and the errors of package net: no response
//     came.
//
// [ErrorType] returns one stable word for the kind of an error, for metrics and logs.
//
// Error texts name the card or order and quote the platform. Only the log of [WithLogger] masks them.
//
// # Retries
//
// Whether a call is retried depends on what it does, see [Kind]:
//
//	failure                                        reads    everything else
//	not sent: no connection, nothing written       retried  retried
//	HTTP status 429, nothing done                  retried  retried
//	no response, a broken one, or HTTP 5xx         retried  not retried, ErrOutcomeUnknown
//	a code that the user has marked (NotDoneCodes) retried  retried if it sets a state
//	any other refusal                              not retried
//	any other response that is not the platform's  not retried, ErrOutcomeUnknown for a change
//
// A call that changes something is therefore sent at most once, except after 429. "Not sent" needs evidence: the
// transport reports by [net/http/httptrace] that it got no connection or wrote nothing to it. RetryPurchasesAfter of
// [RetryPolicy] also allows retries of purchases with an ExternalID. After a response without a resultCode a change is
// in doubt, unless the status is 401, 405, 407, 411, 413 to 415, 417, 421, 426, 428, 429 or 431. That the platform did
// not act on a call with such a status is our assumption. 403 and 404 leave the change in doubt: a server in front of
// the platform can send them after it has passed the call on.
//
// A resultCode of 0 under an HTTP status other than 2xx counts as success only if the response has the result of the
// method, such as an order number. A resultCode other than 0 is an [*APIError] under any status.
//
// Delays are random and grow. Retry-After is obeyed, and the context always wins. A budget shared by the whole client
// keeps retries from multiplying the load of an outage. [WithRetry] tunes all of this except the budget.
//
// The platform refuses a call whose time is off by more than five minutes. If the Date of the refusal shows that this
// machine's clock is that far off, the client corrects its clock for later calls and retries a read once. Other calls
// return the refusal: the Date may be wrong, or the call may have been refused for another reason.
//
// # Changes in doubt
//
// After [ErrOutcomeUnknown] a change may have been made, and may still be made if the attempt has timed out. Wait a
// minute, find out, and only then make the call again. The table follows the vendor's document, which does not say how
// soon a new state shows, or how a method treats a card that is already in that state.
//
//	of Cards                look at                        a second call
//	Pause, Resume           Info: Status, PauseReason      wants the same state; undoes what others did since
//	CloseGPRS, OpenGPRS     Info: GPRSOn                   wants the same state; undoes what others did since
//	CloseVoice, OpenVoice   Info: CallStatus               wants the same state; undoes what others did since
//	EndTest                 Info: Status                   is for cards in their test period only
//	Activate                Info: Status, ActiveDate       not safe: billing starts, for good
//	Reset                   Info: Status, for 10 minutes   not safe: cuts the card off for 10 more minutes
//	UnbindIMEI              nothing shows it for certain   not safe: refused for 30 minutes, then unbinds anew
//	AddVoiceWhitelist       Info: VoiceWhitelist           add only missing numbers; 5 in all
//	DeleteVoiceWhitelist    Info: VoiceWhitelist           not safe: allowed once in a calendar month
//	RegisterRealName        RealNameStatus, when it is done not safe: makes another page; allowed once a minute
//
//	of others
//	Flow.SetAlarm           Flow.Alarm of each card        sets the same; undoes what others did since
//	Flow.SetAlarmStatus     Flow.Alarm                     sets the same; undoes what others did since
//	SMS.Send                SMS.ListLog                    not safe: sends the text again
//	Files.Start             Files.List                     uses another of three tasks a day; Files.Prepare looks first
//	Orders.Recharge, Renew  Orders.Find                    not safe: may buy again
//
// Before each purchase, store the product, a new ExternalID and the time. The document says that the platform detects
// by the ExternalID whether an order was submitted more than once. It does not say how it responds then (with the
// order, or a refusal with or without its number), nor what happens to two calls that arrive at once. Before you make a
// purchase again, with its ExternalID, without it or with another, look with [OrdersService.Find], whose example shows
// how. Each match is an order: bought, not bought (the wallet shows whether the money came back), or pending: follow it
// with [OrdersService.Wait]. [ErrNotFound] is no proof that nothing was bought: look again, and show the candidates to
// a person. After any other error, the wallet or an order could not be read: look again later.
//
// Do the same if a purchase is refused and its ExternalID may have been sent before. Verify a purchase (Preverify)
// without the ExternalID: the document does not say whether the platform records it then.
//
// https://github.com/quecloud/quecloud-go/blob/main/docs/buying.md has the rules for the ExternalID, the meaning of
// every response, the table in which a service keeps its purchases, and what shows that a change took effect. The
// module examples/service is such a service.
//
// # Sweeps
//
// Iterators such as [CardsService.All] sweep all pages of a listing. [CardsService.AllInfo] looks up any number of
// cards, a thousand per call. Iterators prefetch a few pages concurrently, keep only those in memory, and yield items
// in the platform's order. A sweep does not trust the totals that the platform announces: it ends where the rows end,
// and fails if rows are evidently missing. [Pages] yields whole pages with their numbers, for a transaction and a
// checkpoint each:
//
//	for list, err := range quecloud.Pages(ctx, client.Cards.List, &quecloud.CardListParams{PageNo: stored + 1}) {
//		if err != nil { … }
//		err = store(list.Cards, list.Page.Number)
//	}
//
// [Each] runs a function over many cards concurrently and yields one result per card:
//
//	for card, err := range quecloud.Each(ctx, cards, client.Cards.Pause) {
//		if err != nil { … } // of this card; the others go on
//	}
//
// [Map] is its general form, for functions with a result and for items of any type: cards, rows of yours, or a sweep,
// whose error it passes on. [Drain] gives calls that have started time to finish after ctx has ended, so that a
// shutdown need not leave changes in doubt:
//
//	for o, err := range quecloud.Map(ctx, client.Cards.All(ctx, nil), check, quecloud.Drain(time.Minute)) {
//		if err != nil { … } // of o.Item, or of the sweep
//		report(o.Item, o.Result)
//	}
//
// The error of a failed sweep says where to resume: see [*PageError] and [*BatchError]. [FilesService.Export] has the
// platform write the whole fleet to a file, and [OrdersService.Wait] waits until an order has been carried out.
//
// # Callbacks
//
// The platform sends events to an address of yours: delivery reports, inbound SMS, finished orders. [NewSMSHandler] and
// [NewOrderHandler] make an [http.Handler] for them. A handler responds with success only after your function has
// returned nil. Any other response means that the callback failed; the document does not say whether the platform
// retries it then. An event is not lost if a member cannot be read, see [WithCallbackDriftHandler]. The protocol does
// not authenticate the sender of an event: [HandlerOption] lists the checks that do.
//
// # Testing
//
// Package quecloudtest has a stand-in for the platform that runs inside a test, with a client that is ready to use. It
// has cards with a life cycle, money, a clock that the test moves, and faults that the test injects:
//
//	srv := quecloudtest.NewServer()
//	defer srv.Close()
//	client := srv.Client()
//
// Code that makes its own client takes the options from srv.Options. HandlerTransport delivers callbacks to your
// handler without a network, and TestDedupStore tests a [DedupStore] of yours.
package quecloud
