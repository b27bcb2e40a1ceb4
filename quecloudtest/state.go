package quecloudtest

import "time"

// A State is the state of a server, as [Server.Snapshot] returns it and [Server.Load] reads it. Its JSON form is also
// that of a scenario, which leaves members out; each comment says what a member is then. It holds no credentials of
// the account, but the URLs of the callbacks, which may contain a token. Requests, deliveries and the history of the
// cards are not part of it.
type State struct {
	Version int       `json:"version"` // StateVersion; left out: the same
	Time    time.Time `json:"time"`    // of the clock; left out: as the options say
	Running bool      `json:"running"` // the clock runs; left out: it stands if there is a time

	Fleet     FleetState       `json:"fleet"`     // the synthetic cards
	Delays    Delays           `json:"delays"`    // how long orders, files and SMS take
	Dialect   Dialect          `json:"dialect"`   // of all responses; left out: as the options say
	Purchases PurchaseRules    `json:"purchases"` // rules for purchases
	Groups    []Group          `json:"groups"`    // all billing groups; left out: those of a new server
	Products  []Product        `json:"products"`  // all data packages; left out: those of a new server
	Cards     []CardState      `json:"cards"`     // changed synthetic cards, and all others; left out: none
	Removed   []string         `json:"removed"`   // ICCIDs of removed synthetic cards
	Wallet    WalletState      `json:"wallet"`    // the money
	Orders    []Order          `json:"orders"`    // oldest first; fills in no, status, created and the product's name
	Failures  []string         `json:"failures"`  // reasons for the failures of the next orders; see FailOrders
	SMS       []SMS            `json:"sms"`       // to cards, oldest first; fills in id, msisdn, status and sent
	Received  []ReceivedSMS    `json:"received"`  // from cards, oldest first; fills in id, msisdn and time
	SMSCounts map[string]Count `json:"smsCounts"` // by month (yyyyMM); left out: those of sms and received
	Files     []FileState      `json:"files"`     // the last ten file tasks, oldest first
	Callbacks CallbackState    `json:"callbacks"` // where and how callbacks are delivered
	Jobs      []Job            `json:"jobs"`      // what is pending, in order; more are added, see Job
	Faults    []FaultState     `json:"faults"`    // that still apply to calls; left out: as the options say
	Counters  Counters         `json:"counters"`  // for the numbers to come; left out: those of the lists
}

// StateVersion is the version of the JSON form of [State]. It changes when older forms can no longer be read.
const StateVersion = 1

// A FleetState describes the synthetic cards. What it leaves out is as the options say.
type FleetState struct {
	Seed            uint64  `json:"seed"`            // of cards, usage and the faults' probabilities
	Size            int     `json:"size"`            // number of cards, of which a state lists only the changed ones
	SubAccountCards int     `json:"subAccountCards"` // the last ones that the sub-account owns
	Created         string  `json:"created"`         // base of their dates, yyyy-MM-dd; left out: the date of time
	Groups          []int64 `json:"groups"`          // IDs of the groups to which they belong in turn; left out: all
}

// Delays are how long things stay pending, in seconds. What they leave out is as the options say.
type Delays struct {
	Orders float64 `json:"orders"` // of pending orders
	Files  float64 `json:"files"`  // of running file tasks
	SMS    float64 `json:"sms"`    // of submitted SMS
}

// A CardState is a card. A card whose number is that of a synthetic card changes it, and what it leaves out stays as
// it is. Any other card is added, and what it leaves out is filled in as [Server.AddCard] does.
type CardState struct {
	Place  int    `json:"place"`  // in the fleet, from 0; left out: that of its number, or a new one
	ICCID  string `json:"iccid"`  // serial number
	MSISDN string `json:"msisdn"` // phone number
	IMSI   string `json:"imsi"`   // subscriber's number
	IMEI   string `json:"imei"`   // number of the last device

	CompanyID   int64  `json:"companyID"`   // CompanyID or SubAccountID
	BillingID   int64  `json:"billingID"`   // ID of the billing group
	Status      string `json:"status"`      // without suspensions that follow from usage or date
	PauseReason string `json:"pauseReason"` // likewise
	CardType    string `json:"cardType"`    // form factor
	AllotDate   string `json:"allotDate"`   // allotted to the company, yyyy-MM-dd
	OpenDate    string `json:"openDate"`    // opened by the carrier, yyyy-MM-dd
	ActiveDate  string `json:"activeDate"`  // activated, yyyy-MM-dd
	ExpiryDate  string `json:"expiryDate"`  // last day of the contract, yyyy-MM-dd

	GPRSClosed     bool     `json:"gprsClosed"`     // data service closed
	Locked         bool     `json:"locked"`         // locked because it was used in another device
	RealName       bool     `json:"realName"`       // real-name registration done
	Voice          Voice    `json:"voice"`          // voice service
	VoiceWhitelist []string `json:"voiceWhitelist"` // numbers that may be called

	Alarm    *AlarmState   `json:"alarm"`    // null: none
	Packages []FlowPackage `json:"packages"` // valid or not; fills in start (now) and end (of the month)

	Usage      map[string]float64 `json:"usage"`      // MB by date (yyyy-MM-dd), instead of the synthetic usage
	VoiceUsage map[string]int     `json:"voiceUsage"` // minutes by date
	LastUse    string             `json:"lastUse"`    // of a card out of use: the last date with usage; left out: today
	Idle       []DateRange        `json:"idle"`       // dates without synthetic usage

	ResetAt            *time.Time `json:"resetAt"`            // start of a reset that has not ended, or null
	UnboundAt          *time.Time `json:"unboundAt"`          // last imeiUnbind, or null
	RegisteredAt       *time.Time `json:"registeredAt"`       // last realName, or null
	WhitelistDeletedIn string     `json:"whitelistDeletedIn"` // month (yyyyMM) of the last deletion, or empty
}

// A DateRange is the dates from First to Last.
type DateRange struct {
	First string `json:"first"` // yyyy-MM-dd
	Last  string `json:"last"`  // yyyy-MM-dd
}

// An AlarmState is the alarm of a card. What it leaves out is filled in. Its threshold is checked from the next change
// of usage or date on.
type AlarmState struct {
	Alarm
	ID       int64     `json:"id"`       // number of the alarm
	Created  time.Time `json:"created"`  // time of the first setting
	Updated  time.Time `json:"updated"`  // time of the last setting
	PausedIn string    `json:"pausedIn"` // month (yyyyMM) in which it last suspended the card, or empty
}

// A WalletState is the money. Without entries it has one deposit of the balance. Without a balance, the entries add up
// to it, and without both it is as the options say.
type WalletState struct {
	Balance *Money        `json:"balance"` // in yuan
	PaidIn  *Money        `json:"paidIn"`  // sum of all deposits; left out: of those among the entries
	Entries []WalletEntry `json:"entries"` // oldest first; fills in kind (预充值) and time
}

// A Count counts the SMS of a month.
type Count struct {
	Sent     int64 `json:"sent"`     // to cards
	Received int64 `json:"received"` // from cards
}

// A FileState is a file task.
type FileState struct {
	ID    int64      `json:"id"`            // taskId
	Start time.Time  `json:"start"`         // time of the call
	End   *time.Time `json:"end"`           // null: running
	Zip   []byte     `json:"zip,omitempty"` // in Base64; left out, also when it is large: written from the state
}

// maxStateFile limits the files in a State.
const maxStateFile = 64 << 10

// A CallbackState describes where and how callbacks are delivered. What it leaves out is as the options say.
type CallbackState struct {
	SMS          string     `json:"sms"`          // URL that receives SMS events; empty: none
	Orders       string     `json:"orders"`       // URL that receives order events; empty: none
	Retries      int        `json:"retries"`      // of a callback without success
	RetrySeconds float64    `json:"retrySeconds"` // before a retry
	Held         bool       `json:"held"`         // see HoldCallbacks
	Waiting      []Callback `json:"waiting"`      // due deliveries, in order, without one that is under way
}

// A Callback is a delivery to come.
type Callback struct {
	ID      int64  `json:"id"`               // number of the callback
	Kind    string `json:"kind"`             // CallbackSMS or CallbackOrder
	URL     string `json:"url"`              // address of the receiver
	Body    string `json:"body"`             // body of the request
	Base64  []byte `json:"base64,omitempty"` // bytes of a body that is not UTF-8, in Base64; body is empty then
	Attempt int    `json:"attempt"`          // 1 for the first
}

// A Job is something that the server does at a time. It has one of the members below due. A pending order, a submitted
// SMS, a running file task and a card in a reset without a job get one: their time plus their delay.
type Job struct {
	Due      time.Time    `json:"due"`                // by the server's clock
	Order    string       `json:"order,omitempty"`    // number of an order that finishes
	Failure  string       `json:"failure,omitempty"`  // reason for the failure of that order; empty: it succeeds
	SMS      int64        `json:"sms,omitempty"`      // logID of an SMS that arrives or fails
	File     int64        `json:"file,omitempty"`     // ID of a file task that finishes
	Card     string       `json:"card,omitempty"`     // ICCID of a card that resumes after a reset
	Entry    *WalletEntry `json:"entry,omitempty"`    // that the wallet gets; see PurchaseRules.WalletDelay
	Callback *Callback    `json:"callback,omitempty"` // retry of a callback
}

// A FaultState is a fault, what is left of it, and how often its probability decided.
type FaultState struct {
	ID        int64  `json:"id"`        // decides together with the seed which calls a probability chooses
	Fault     Fault  `json:"fault"`     // as injected
	Applied   int    `json:"applied"`   // calls that it applied to
	Remaining int    `json:"remaining"` // left out or 0: as often as the fault says
	Tried     uint64 `json:"tried"`     // calls for which its probability decided
}

// Counters count what there was so far, also what the server has forgotten.
type Counters struct {
	Cards     int   `json:"cards"`     // places, also of removed cards
	Orders    int   `json:"orders"`    // orders
	SMS       int   `json:"sms"`       // SMS to cards
	Received  int   `json:"received"`  // SMS from cards
	Alarms    int64 `json:"alarms"`    // alarms of cards
	Callbacks int64 `json:"callbacks"` // callbacks
	Faults    int64 `json:"faults"`    // injected faults
}
