package main

import (
	"errors"
	"fmt"
	"strings"

	"github.com/quecloud/quecloud-go"
)

// Exit codes.
const (
	exitDone        = 0
	exitFailed      = 1
	exitUsage       = 2
	exitRefused     = 3 // by the platform
	exitUnknown     = 4 // a change that may or may not have happened
	exitPartly      = 5 // done for some of the cards
	exitInterrupted = 130
)

// A usageError says what is wrong with the arguments.
type usageError struct{ message string }

func (e usageError) Error() string { return e.message }

// A partError is the error of a command that did its work for some of the cards only.
type partError struct{ error }

func (e partError) Unwrap() error { return e.error }

// An outcomeError is the error of a command that printed what happened to each card.
type outcomeError struct {
	message string
	code    int
}

func (e outcomeError) Error() string { return e.message }

func exitCode(err error) int {
	_, usage := errors.AsType[usageError](err)
	_, param := errors.AsType[*quecloud.ParamError](err)
	outcome, counted := errors.AsType[outcomeError](err)
	_, part := errors.AsType[partError](err)
	_, refused := errors.AsType[*quecloud.APIError](err)
	switch {
	case err == nil, errors.Is(err, errDryRun):
		return exitDone
	case counted:
		return outcome.code
	case errors.Is(err, quecloud.ErrOutcomeUnknown):
		return exitUnknown
	case part, errors.Is(err, quecloud.ErrPartial):
		return exitPartly
	case usage, param:
		return exitUsage
	case refused:
		return exitRefused
	}
	return exitFailed
}

// kinds are what goes wrong, by the word of quecloud.ErrorType, for people who do not read the English text after it.
var kinds = map[string]string{
	"outcome_unknown": "the outcome is unknown", "partial": "done for some of the cards only",
	"query_failed": "the query failed at the platform", "order_failed": "the order has failed",
	"not_found": "no such order was found", "unknown_card": "the platform does not know the card",
	"not_started": "not started", "param": "invalid argument", "not_sent": "not sent", "unauthorized": "not allowed",
	"refused": "refused by the platform", "canceled": "interrupted", "deadline_exceeded": "out of time",
	"timeout":     "no response in time",
	"certificate": "the certificate is not trusted", "response": "a response that cannot be read",
	"network": "no connection",
}

// message returns the text of an error. The SDK's errors are English: where that is not the language, a word of it says
// what they are about.
func (a *app) message(err error) string {
	text := strings.ReplaceAll(err.Error(), "\nquecloud: ", "\n")
	text = strings.TrimPrefix(text, "quecloud: ")
	if errors.Is(err, errDeclined) {
		return a.texts.get(errDeclined.Error())
	}
	kind, ok := kinds[quecloud.ErrorType(err)]
	if word := a.texts.get(kind); ok && word != kind {
		return fmt.Sprintf(a.texts.get("%s: %s"), word, text)
	}
	return text
}

// maxErrors is how many errors of single cards are printed.
const maxErrors = 20

// each returns the errors that are joined in one by errors.Join, which has a line for each.
func each(err error) (all []error) {
	joined, ok := err.(interface{ Unwrap() []error })
	if !ok || !strings.Contains(err.Error(), "\n") {
		return []error{err}
	}
	for _, inner := range joined.Unwrap() {
		all = append(all, each(inner)...)
	}
	return all
}

// report returns an error as the command prints it: lines, or an object where the output is JSON. If a person sees the
// errors, and the form of the output was not asked for, they are lines.
func (a *app) report(err error, code int) string {
	if part, ok := errors.AsType[partError](err); ok {
		err = part.error
	}
	_, person := terminal(a.errOut)
	if a.output.form != formJSON && (a.output.form != formJSONL || person) {
		var lines []string
		all := each(err)
		for _, err := range all[:min(len(all), maxErrors)] {
			lines = append(lines, "quecloud: "+printable(a.message(err)))
		}
		if more := len(all) - maxErrors; more > 0 {
			lines = append(lines, "quecloud: "+fmt.Sprintf(a.texts.get("%d more errors"), more))
		}
		return strings.Join(lines, "\n")
	}
	kind := quecloud.ErrorType(err)
	if _, usage := errors.AsType[usageError](err); usage {
		kind = "param"
	}
	object := map[string]any{"error": a.message(err), "type": kind, "exit": code}
	if api, ok := errors.AsType[*quecloud.APIError](err); ok {
		object["resultCode"] = api.Code
	}
	line, _ := marshal(object) // of texts and numbers
	return string(printableJSON(line))
}
