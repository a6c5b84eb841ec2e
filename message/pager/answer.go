package pager

import (
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/kaden-project/kaden/leg/sipleg"
	"github.com/kaden-project/kaden/message"
	"github.com/kaden-project/kaden/number"
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
	text := fmt.Sprintf("it was answered with %d %s", got.Status, masked(got.Reason))
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
	switch text := masked(err.Error()); {
	case !errors.As(err, &no):
		return errors.New("MESSAGE: " + text)
	case errors.As(err, new(*sipleg.TooLarge)):
		return &message.Refusal{Code: codeTooLarge, Text: text}
	case no.Ever:
		return &message.Refusal{Code: codeNoAddress, Text: text}
	default:
		return &message.Refusal{Code: codeQueue, Text: text, Busy: true, After: rest}
	}
}

// masked is what others say, without whole telephone numbers, and no longer than a log bears.
func masked(s string) string {
	const most = 200
	s = number.Mask(strings.ToValidUTF8(s, "\ufffd"))
	if r := []rune(s); len(r) > most {
		return string(r[:most]) + "…"
	}
	return s
}
