package voice

import (
	"context"
	"errors"
	"net/url"

	"github.com/kaden-project/kaden/call"
	"github.com/kaden-project/kaden/problem"
	"github.com/kaden-project/kaden/sid"
	"github.com/kaden-project/kaden/twiml"
)

// Text is a short message that a document sends.
type Text struct {
	Account        sid.Account
	Call           sid.Call
	From, To       string // as written, or the two sides of the call
	Body           string
	StatusCallback string // absolute; "" is none
}

// Texted is what became of it.
type Texted struct {
	SID    sid.Message
	Status string // in Twilio's words
}

// Texter sends short messages. Text returns when the message is kept; it leaves after that. An error is why not.
type Texter interface {
	Text(ctx context.Context, t Text) (Texted, error)
}

// errNoTexter is why nothing is sent where there is no Texter.
var errNoTexter = errors.New("nothing here sends short messages")

// sms sends a text, as Twilio's page on Sms says, and does not answer the call for it: without an action the next
// verb follows, else the action is asked at once, with SmsSid and SmsStatus. What cannot be sent is a notice, and
// SmsStatus=failed.
func (t *run) sms(ctx context.Context, v *twiml.Sms) (next, error) {
	rec := t.call.Record()
	params := t.call.Params()
	text := Text{Account: rec.Account, Call: rec.SID, From: v.From, To: v.To, Body: v.Body}
	if text.To == "" { // the caller, and the number that was called
		text.To = params.Get("From")
		if rec.Direction != call.Inbound {
			text.To = params.Get("To")
		}
	}
	if text.From == "" {
		text.From = params.Get("To")
		if rec.Direction != call.Inbound {
			text.From = params.Get("From")
		}
	}
	if v.StatusCallback != "" {
		where, err := t.resolve(v.StatusCallback)
		if err != nil {
			t.trouble(v, problem.Error, 14105, err.Error(), "write the whole URL")
		}
		text.StatusCallback = where
	}
	sent, err := Texted{}, errNoTexter
	if t.cfg.Texter != nil {
		sent, err = t.cfg.Texter.Text(ctx, text)
	}
	if ctx.Err() != nil {
		return over, context.Cause(ctx)
	}
	if err != nil {
		t.trouble(v, problem.Error, 14100, "the message was not sent: "+err.Error(), "")
		sent.Status = "failed"
	}
	if v.Action == "" {
		return next{}, nil
	}
	action, bad := t.resolve(v.Action)
	if bad != nil {
		return next{jump: &request{url: v.Action, bad: bad}}, nil
	}
	extra := url.Values{"SmsStatus": {sent.Status}, "MessageStatus": {sent.Status}}
	if sent.SID != "" {
		extra.Set("SmsSid", string(sent.SID))
		extra.Set("MessageSid", string(sent.SID))
	}
	return next{jump: &request{method: post(v.Method), url: action, extra: extra}}, nil
}
