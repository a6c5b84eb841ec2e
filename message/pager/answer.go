package pager

import (
	"errors"
	"fmt"
	"time"

	"github.com/kaden-project/kaden/leg/sipleg"
	"github.com/kaden-project/kaden/message"
)

// Twilio's codes for what becomes of a message (Error and Warning Dictionary).
const (
	codeNoAddress = 21211
	codeQueue     = 30001
	codeAbsent    = 30003 // the telephone was not there
	codeBlocked   = 30004
	codeNobody    = 30005 // nobody has the number
	codeCarrier   = 30006 // whoever has it gets no messages
	codeFiltered  = 30007
	codeUnknown   = 30008
	codeTooLarge  = 30019
)

// rest is how long a line rests that cannot take a message now and does not say for how long.
const rest = time.Second

// code is Twilio's for a final answer that is a no.
func code(status int) int {
	switch status {
	case 404, 410, 484, 604:
		return codeNobody
	case 408, 480, 486, 600:
		return codeAbsent
	case 603:
		return codeBlocked
	case 403, 607, 608: // RFC 8197, RFC 8688
		return codeFiltered
	case 405, 415, 488, 501, 606:
		return codeCarrier
	case 413, 513:
		return codeTooLarge
	}
	return codeUnknown
}

// words are what the answers mean that say little by themselves.
var words = map[int]string{
	404: "nobody here has that name",
	405: "it takes no messages (MESSAGE): where it is a trunk's, take messages: out of its document",
	415: "it takes no such words; a trunk may want messages: sip in place of messages: cpim",
	480: "no phone of that user is registered, or none answers",
	501: "it does not know messages (MESSAGE): where it is a trunk's, take messages: out of its document",
}

// refusal is a final answer that is a no. After 408 and 504 nobody knows: whoever answers has passed the message on, and
// has not heard what came of it.
func refusal(got sipleg.Reply) error {
	text := fmt.Sprintf("it was answered with %d %s", got.Status, got.Reason)
	if w := words[got.Status]; w != "" {
		text += ": " + w
	}
	switch got.Status {
	case 408, 504:
		return errors.New(text)
	case 429, 491, 500, 502, 503:
		return &message.Refusal{Code: codeQueue, Text: text, Busy: true, After: max(got.RetryAfter, rest)}
	}
	return &message.Refusal{Code: code(got.Status), Text: text}
}

// unanswered is a message without a final answer. What has certainly not left is given again, unless that would end alike.
func unanswered(err error) error {
	var no *sipleg.Unsent
	switch {
	case !errors.As(err, &no):
		return fmt.Errorf("MESSAGE: %w", err)
	case errors.As(err, new(*sipleg.TooLarge)):
		return &message.Refusal{Code: codeTooLarge, Text: err.Error()}
	case no.Ever:
		return &message.Refusal{Code: codeNoAddress, Text: err.Error()}
	}
	return &message.Refusal{Code: codeQueue, Text: err.Error(), Busy: true, After: rest}
}
