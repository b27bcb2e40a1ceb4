package quecloud

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"math"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/go-json-experiment/json"
)

// An Alarm is how a card's data usage is watched: warnings by e-mail, and suspension. All its members are optional in the
// document: a card without settings has presumably none of them.
type Alarm struct {
	AlarmID        int64     `json:"alarmid"`                                     // of these settings
	MSISDN         string    `json:"msisdn" quec:"alias=msisdns"`                 // the card's number
	NotifyEmails   []string  `json:"notifyemails" quec:"sep=,;"`                  // who is warned
	Threshold1     float64   `json:"alarmthreshold1" quec:"type=s"`               // MB, for the first warning; 0 for none
	Threshold2     float64   `json:"alarmthreshold2" quec:"type=s"`               // MB, for the second warning; 0 for none
	Threshold3     float64   `json:"alarmthreshold3" quec:"type=s"`               // MB, for the third warning; 0 for none
	AlarmOn        bool      `json:"alarmstatus"`                                 // warnings are sent
	PauseThreshold float64   `json:"pauseflowthreshold" quec:"type=s"`            // MB at which the card is suspended; 0 for none
	PauseOn        bool      `json:"pausestatus"`                                 // the card is suspended at its threshold
	CreatedAt      time.Time `json:"createdatetime,omitzero" quec:"epoch type=n"` // when they were made, China Standard Time
	UpdatedAt      time.Time `json:"updatedatetime,omitzero" quec:"epoch type=n"` // when they were changed, China Standard Time
	Deleted        bool      `json:"isdelete"`                                    // the settings were deleted
}

// ID returns the card, by its MSISDN. It is the zero CardID where the card has no alarm. The number is as the platform
// spells it.
func (a Alarm) ID() CardID { return cardID("", a.MSISDN) }

// Alarm returns how a card's data usage is watched. Only for cards that belong to the company.
//
// § 2.1.13 单卡流量管理查询, fc.function.card.alarm.get. It reads.
func (s *FlowService) Alarm(ctx context.Context, card CardID) (*Alarm, error) {
	var answer struct {
		Alarm Alarm `json:"alarmInfo" quec:"required"`
	}
	err := s.call(ctx, "fc.function.card.alarm.get", cardParams{card}, &answer)
	return onSuccess(&answer.Alarm, err)
}

// AlarmSettings say how the data usage of cards is to be watched. AlarmOn and PauseOn are sent whatever they are, the
// others only if they are not zero. What becomes of an earlier threshold or address that is not sent the document does
// not say: [FlowService.Alarm] tells. It gives MB as the unit of PauseThreshold alone; we take it to be that of the others
// too. That a threshold is no less than 0, that AlarmOn and PauseOn need one, and what an e-mail address looks like are
// the SDK's own rules.
type AlarmSettings struct {
	NotifyEmails   []string // who is warned
	Threshold1     float64  // MB, for the first warning; 0 for none
	Threshold2     float64  // MB, for the second warning; 0 for none
	Threshold3     float64  // MB, for the third warning; 0 for none
	AlarmOn        bool     // send warnings; needs a threshold
	PauseThreshold float64  // MB at which a card is suspended; 0 for none
	PauseOn        bool     // suspend a card at its threshold; needs PauseThreshold
}

func (s *AlarmSettings) validate() error {
	bad := func(format string, args ...any) error {
		return &ParamError{Param: "alarmParam", Reason: fmt.Sprintf(format, args...)}
	}
	for _, t := range [...]struct {
		name string
		mb   float64
	}{
		{"Threshold1", s.Threshold1}, {"Threshold2", s.Threshold2}, {"Threshold3", s.Threshold3},
		{"PauseThreshold", s.PauseThreshold},
	} {
		if t.mb < 0 || math.IsNaN(t.mb) || math.IsInf(t.mb, 0) {
			return bad("%s %v is not a number of MB", t.name, t.mb)
		}
	}
	for _, email := range s.NotifyEmails {
		if !strings.Contains(email, "@") || strings.ContainsAny(email, ",; \t\r\n") {
			return bad("NotifyEmails: %q is not one e-mail address", email)
		}
	}
	switch {
	case s.AlarmOn && s.Threshold1 == 0 && s.Threshold2 == 0 && s.Threshold3 == 0:
		return bad("AlarmOn needs a threshold, by the SDK's own rule")
	case s.PauseOn && s.PauseThreshold == 0:
		return bad("PauseOn needs a PauseThreshold, by the SDK's own rule: at 0 MB a card might be suspended at once")
	}
	return nil
}

// EncodeValues writes the settings as the JSON text that the parameter alarmParam is.
func (s AlarmSettings) EncodeValues(name string, form *url.Values) error {
	type wire struct {
		NotifyEmails   string  `json:"notifyemails,omitempty"`
		Threshold1     string  `json:"alarmthreshold1,omitempty"`
		Threshold2     string  `json:"alarmthreshold2,omitempty"`
		Threshold3     string  `json:"alarmthreshold3,omitempty"`
		AlarmStatus    int     `json:"alarmstatus"`
		PauseThreshold float64 `json:"pauseflowthreshold,omitzero"`
		PauseStatus    int     `json:"pausestatus"`
	}
	text, err := json.Marshal(wire{
		strings.Join(s.NotifyEmails, ","), megabytes(s.Threshold1), megabytes(s.Threshold2), megabytes(s.Threshold3),
		oneOrZero(s.AlarmOn), s.PauseThreshold, oneOrZero(s.PauseOn),
	})
	form.Set(name, string(text))
	return err
}

func megabytes(mb float64) string {
	if mb == 0 {
		return ""
	}
	return strconv.FormatFloat(mb, 'f', -1, 64)
}

func oneOrZero(on bool) int {
	if on {
		return 1
	}
	return 0
}

type setAlarmParams struct {
	Cards    alarmIDs       `url:"cards"`
	Settings *AlarmSettings `url:"alarmParam"`
}

func (p setAlarmParams) validate() error {
	if p.Settings == nil {
		return &ParamError{Param: "alarmParam", Reason: "no settings given"}
	}
	return p.Settings.validate()
}

// A SetAlarmResult says for which cards an alarm was set.
type SetAlarmResult struct {
	Succeeded   []string `json:"success" quec:"receipt"` // the cards that were set, as the platform lists them
	Failed      CardIDs  `json:"failed,omitzero"`        // the cards that were not set
	Unaccounted CardIDs  `json:"unaccounted,omitzero"`   // the cards of which the platform says nothing: they may have been set
}

// SetAlarm sets how the data usage of 1 to 1000 cards is watched: they are warned of at thresholds, and suspended at
// another. [FlowService.SetAlarmAll] takes any number of cards. The document also speaks of the cards of one billing group,
// but has no parameter for a group.
//
// Success is a response that lists every card as set, or none at all, as in the document: then the result lists all cards
// as they were given. When it could set only some of the cards, the platform refuses the call with resultCode 1 and lists
// them: SetAlarm then returns both a result and an error, which is an [*APIError] and [ErrPartial]; the other cards are in
// Failed. Any other response that lists some of the cards gives a result and [ErrPartial] too. The cards that it does not
// account for are in Unaccounted, and the error is [ErrOutcomeUnknown] as well.
//
// § 2.3.7 流量管理设置, fc.function.card.alarm. It changes the cards, and may cause their suspension.
func (s *FlowService) SetAlarm(ctx context.Context, cards CardIDs, settings *AlarmSettings) (*SetAlarmResult, error) {
	result, _, err := s.setAlarm(ctx, cards, settings)
	return result, err
}

func (s *FlowService) setAlarm(ctx context.Context, cards CardIDs, settings *AlarmSettings) (*SetAlarmResult, *account, error) {
	const method = "fc.function.card.alarm"
	var response struct {
		Succeeded cardTexts `json:"success" quec:"receipt"`
	}
	var account *account
	check := func(err error) error {
		account = nil
		if err != nil && len(response.Succeeded) == 0 {
			return err
		}
		if response.Succeeded == nil {
			response.Succeeded = strings.Split(cards.String(), ",")
		}
		account = newAccount(method, cards, response.Succeeded.named(), nil)
		if refusal, ok := errors.AsType[*APIError](err); ok && refusal.Code == 1 && account.strays == 0 && !errors.Is(err, ErrOutcomeUnknown) {
			account.restFailed()
		}
		return account.verdict(err)
	}
	err := s.call(ctx, method, setAlarmParams{alarmIDs(cards), settings}, &response, check)
	if err == nil {
		err = check(nil) // also where an interceptor has answered
	}
	if account == nil {
		return nil, nil, err
	}
	return &SetAlarmResult{response.Succeeded, account.failed, account.unaccounted}, account, err
}

// SetAlarmAll sets how the data usage of any number of cards is watched, and returns an iterator over them and what became
// of each, nil for set, in the order of the cards. It works as [SMSService.SendAll] does, in batches of at most 1000 cards,
// one after another. The option is [Progress].
//
// It uses § 2.3.7 流量管理设置, fc.function.card.alarm.
func (s *FlowService) SetAlarmAll(
	ctx context.Context, cards CardIDs, settings *AlarmSettings, opts ...FleetOption,
) iter.Seq2[CardID, error] {
	if settings != nil {
		own := *settings
		own.NotifyEmails = slices.Clone(own.NotifyEmails)
		settings = &own
	}
	return func(yield func(CardID, error) bool) {
		set := func(ctx context.Context, batch CardIDs) (*account, error) {
			_, account, err := s.setAlarm(ctx, batch, settings)
			return account, err
		}
		inBatches(ctx, "fc.function.card.alarm", cards, opts, set, func(card CardID, _ int, err error) bool { return yield(card, err) })
	}
}

// AlarmStatusParams switch a card's warnings and its suspension at a threshold. At least one must be switched.
type AlarmStatusParams struct {
	Alarm Switch // warnings by e-mail
	Pause Switch // suspension at the threshold
}

type alarmStatusParams struct {
	Card  CardID `url:"card"`
	Alarm Switch `url:"alarmStatus"`
	Pause Switch `url:"pauseStatus"`
}

func (p alarmStatusParams) validate() error {
	if p.Alarm == Unchanged && p.Pause == Unchanged {
		return &ParamError{Param: "alarmStatus", Reason: "neither Alarm nor Pause is On or Off"}
	}
	return nil
}

// SetAlarmStatus switches a card's warnings and its suspension at a threshold on or off, and leaves the thresholds as
// they are. Only for cards that belong to the company.
//
// § 2.3.8 单卡流量管理状态, fc.function.card.alarm.status. It changes the card.
func (s *FlowService) SetAlarmStatus(ctx context.Context, card CardID, params *AlarmStatusParams) error {
	if params == nil {
		params = &AlarmStatusParams{}
	}
	return s.call(ctx, "fc.function.card.alarm.status", alarmStatusParams{card, params.Alarm, params.Pause}, nil)
}
