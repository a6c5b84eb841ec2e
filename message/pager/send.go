package pager

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/kaden-project/kaden/leg"
	"github.com/kaden-project/kaden/leg/sipleg"
	"github.com/kaden-project/kaden/message"
	"github.com/kaden-project/kaden/trunk"
)

// plain is what our words are.
const plain = "text/plain;charset=UTF-8"

// lastWord is how long an answer that is under way at the end is waited for.
const lastWord = 5 * time.Second

// Route says whether a SIP address can be written to. The error is a *message.Refusal.
func (c *Client) Route(to string) error {
	if strings.ContainsAny(to, " <>\"") || !strings.Contains(to, "@") {
		return &message.Refusal{Code: codeNoAddress, Text: fmt.Sprintf("%q is no address: write sip:user@host", to)}
	}
	return nil
}

// Send is one MESSAGE. After [Client.Turn]; an answer that is under way when ctx ends is waited for a little.
func (c *Client) Send(ctx context.Context, r message.Record) (message.Word, error) {
	ask, stop := context.WithCancel(context.WithoutCancel(ctx))
	defer stop()
	defer context.AfterFunc(ctx, func() { time.AfterFunc(lastWord, stop) })()
	if r.Carrier == Direct {
		return c.direct(ask, r)
	}
	l, _ := c.find(r.Carrier)
	if l == nil {
		return message.Word{}, gone(r.Carrier)
	}
	to, m := l.letter(r)
	got, err := c.cfg.SIP.Write(ask, to, m)
	if err != nil {
		return message.Word{}, unanswered(err)
	}
	if got.Status/100 == 2 {
		return message.Word{There: string(r.SID), Status: message.Sent}, nil
	}
	no := refusal(got)
	if u := new(message.Refusal); errors.As(no, &u) && u.Busy {
		l.rests(u.After)
	}
	return message.Word{}, no
}

// direct writes to a SIP address: to every phone of a user of ours, or to whoever it is.
func (c *Client) direct(ctx context.Context, r message.Record) (message.Word, error) {
	from := sender(r.From)
	if status, ours := c.cfg.Phones.Deliver(ctx, from, r.To, plain, []byte(r.Body)); ours {
		w := message.Word{There: string(r.SID), Status: message.Delivered}
		switch {
		case status == 200:
		case status/100 == 2:
			w.Status = message.Sent // it passes the words on
		default:
			w.Status, w.Code, w.Text = message.Undelivered, code(status), words[status]
			if w.Text == "" {
				w.Text = fmt.Sprintf("the phone says %d", status)
			}
		}
		return w, nil
	}
	got, err := c.cfg.SIP.Write(ctx, leg.Target{URI: r.To, From: from.From, FromHost: from.FromHost, DisplayName: from.DisplayName}, sipleg.Letter{ID: string(r.SID), Kind: plain, Body: r.Body})
	switch {
	case err != nil:
		return message.Word{}, unanswered(err)
	case got.Status/100 != 2:
		return message.Word{}, refusal(got)
	}
	return message.Word{There: string(r.SID), Status: message.Sent}, nil
}

// letter is a message as a trunk takes it, from whom and to whom as of calls there. A sender that is a word is shown as the
// name beside the trunk's own number.
func (l *line) letter(r message.Record) (leg.Target, sipleg.Letter) {
	t := l.doc
	uri, host := t.Address(t.Writes(r.To))
	to := leg.Target{URI: uri, From: t.Shows(r.From), FromHost: host, Username: t.Account(), Password: t.Password, Line: t.Name}
	if !isNumber(r.From) {
		to.From, to.DisplayName = t.Shows(t.From), r.From
		if to.From == "" {
			to.From = t.User
		}
	}
	m := sipleg.Letter{ID: string(r.SID), Kind: plain, Body: r.Body}
	if t.Messages.As == trunk.AsCPIM {
		m.Kind, m.Body = kindCPIM, envelope(r, "sip:"+to.From+"@"+host, uri)
	}
	return to, m
}

// sender is who writes to a SIP address: one of ours, a number, or a word.
func sender(from string) leg.Target {
	if user, host, is := strings.Cut(strings.TrimPrefix(from, "sip:"), "@"); is {
		return leg.Target{From: user, FromHost: host}
	}
	if isNumber(from) {
		return leg.Target{From: from}
	}
	return leg.Target{DisplayName: from}
}

func isNumber(s string) bool {
	digits := strings.TrimPrefix(s, "+")
	return digits != "" && strings.Trim(digits, "0123456789") == ""
}

// Find is the honest answer to whether a message has arrived whose answer was lost: SIP has no question for that. Sent again,
// even with the names it had, it would be read twice by whoever has forgotten the first.
func (c *Client) Find(context.Context, message.Record) ([]message.Word, error) {
	return nil, &message.Refusal{Code: codeUnknown, Text: "nothing answered, and over SIP nobody can be asked whether a message has come"}
}

// Look says nothing: reports come by themselves, or not at all.
func (c *Client) Look(context.Context, message.Record) (message.Word, error) {
	return message.Word{}, nil
}
