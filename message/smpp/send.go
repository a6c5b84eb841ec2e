package smpp

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"strings"
	"time"

	"github.com/kaden-project/kaden/message"
	"github.com/kaden-project/kaden/sid"
)

// How long a message waits for a link that is down: as long as it is young, and a moment in any case, so that one that a
// restart finds old is not given up before the link had time to be bound.
const (
	young  = 10 * time.Minute
	moment = 30 * time.Second
)

// gone is the answer where a document has been taken away.
func gone(name string) error {
	return &message.Refusal{Code: codeUnknown, Text: fmt.Sprintf("there is no smsc: %s any more", name)}
}

// Turn waits until the message may leave: until its SMSC is bound, the window has a place, and the rate allows it.
func (c *Client) Turn(ctx context.Context, r message.Record) (done func(), err error) {
	for {
		l := c.find(r.Carrier)
		if l == nil {
			return nil, gone(r.Carrier)
		}
		done, err := l.turn(ctx, r)
		if err != nil || done != nil {
			return done, err
		}
	}
}

// turn is Turn on this link. Without a done and an error the link is not what it was.
func (l *link) turn(ctx context.Context, r message.Record) (done func(), err error) {
	s, window, err := l.bound(ctx, r.Created)
	if s == nil {
		return nil, err
	}
	select {
	case l.gate <- struct{}{}:
		defer func() { <-l.gate }()
	case <-ctx.Done():
		return nil, context.Cause(ctx)
	}
	select {
	case window <- struct{}{}:
	case <-s.done:
		return nil, nil
	case <-ctx.Done():
		return nil, context.Cause(ctx)
	}
	if !l.pace(ctx, s) {
		<-window
		return nil, context.Cause(ctx)
	}
	return func() {
		l.forget(r.SID)
		<-window
	}, nil
}

// bound waits for a session.
func (l *link) bound(ctx context.Context, since time.Time) (*session, chan struct{}, error) {
	t := time.NewTimer(max(time.Until(since.Add(young)), moment))
	defer t.Stop()
	for {
		l.mu.Lock()
		s, window, up, at := l.session, l.window, l.up, l.stand
		l.mu.Unlock()
		if s != nil {
			return s, window, nil
		}
		select {
		case <-up:
		case <-l.told.Done():
			return nil, nil, nil
		case <-ctx.Done():
			return nil, nil, context.Cause(ctx)
		case <-t.C:
			return nil, nil, &message.Refusal{Code: codeQueue, Text: fmt.Sprintf("smsc %s is not bound: %s", l.doc.Name, at.Why), Busy: true}
		}
	}
}

// pace waits for the rate; false is that the session or ctx is over.
func (l *link) pace(ctx context.Context, s *session) bool {
	for {
		l.mu.Lock()
		now := time.Now()
		wait := l.next.Sub(now)
		open := l.session == s
		if open && wait <= 0 && l.doc.Rate > 0 {
			l.next = now.Add(time.Second / time.Duration(l.doc.Rate))
		}
		l.mu.Unlock()
		if !open || wait <= 0 {
			return open
		}
		t := time.NewTimer(wait)
		select {
		case <-t.C:
		case <-s.done:
			t.Stop()
			return false
		case <-ctx.Done():
			t.Stop()
			return false
		}
	}
}

// Send is one submit_sm. After [Client.Turn]; an answer that is under way when ctx ends is waited for a little.
func (c *Client) Send(ctx context.Context, r message.Record) (message.Word, error) {
	l := c.find(r.Carrier)
	if l == nil {
		return message.Word{}, gone(r.Carrier)
	}
	l.mu.Lock()
	s := l.session
	l.mu.Unlock()
	down := &message.Refusal{Code: codeQueue, Text: "smsc " + l.doc.Name + " is not bound any more", Busy: true}
	if s == nil {
		return message.Word{}, down
	}
	body, err := l.submit(r)
	if err != nil {
		return message.Word{}, err
	}
	ask, stop := context.WithCancel(context.WithoutCancel(ctx))
	defer stop()
	defer context.AfterFunc(ctx, func() { time.AfterFunc(lastWord, stop) })()
	p, err := s.ask(ask, submitSM, body, submitTime, func(p pdu) { l.named(p, r.SID) })
	switch {
	case errors.Is(err, errGone):
		return message.Word{}, down
	case err != nil:
		return message.Word{}, fmt.Errorf("submit_sm: %w", err)
	case p.Status != statusOK:
		no := p.Status.refusal()
		if no.Busy {
			l.slow(no.After)
		}
		return message.Word{}, no
	case p.Command != submitSM|answers:
		return message.Word{}, fmt.Errorf("submit_sm: answered with 0x%08x", uint32(p.Command))
	}
	name, ok := readName(p.Body)
	if !ok {
		name = string(r.SID) // it is taken; what becomes of it nobody will say
	}
	return message.Word{There: name, Status: message.Sent}, nil
}

// submit is a message as the SMSC takes it.
func (l *link) submit(r message.Record) ([]byte, error) {
	m := short{From: l.sender(r.From), To: typed(r.To), Registered: wantReceipt}
	if len(m.From.Text) > longestAddress || len(m.To.Text) > longestAddress {
		return nil, &message.Refusal{Code: 21212, Text: fmt.Sprintf("a number has at most %d characters in SMPP", longestAddress)}
	}
	m.Coding, m.Text = encode(r.Body)
	if message.Segments(r.Body) > 1 {
		m.More = map[tag][]byte{tagPayload: m.Text}
		m.Text = nil
	}
	return m.bytes(), nil
}

// typed is an address as what it is: +81… is international, letters are a word, short digits are the network's own.
func typed(s string) address {
	digits, plus := strings.CutPrefix(s, "+")
	switch {
	case plus:
		return address{tonInternational, npiISDN, digits}
	case strings.Trim(s, "0123456789") != "":
		return address{tonWord, 0, s}
	}
	return address{tonNetwork, 0, s}
}

// sender is who writes, marked as the document says.
func (l *link) sender(s string) address {
	a := typed(s)
	if t := l.doc.Source; t != nil && a.TON != tonWord {
		a.TON, a.NPI = byte(t.TON), byte(t.NPI)
	}
	return a
}

// named remembers a message by the SMSC's name for it until that is kept: a receipt may come first.
func (l *link) named(p pdu, id sid.Message) {
	if name, ok := readName(p.Body); ok && p.Status == statusOK {
		l.mu.Lock()
		defer l.mu.Unlock()
		l.names[name] = id
	}
}

func (l *link) forget(id sid.Message) {
	l.mu.Lock()
	defer l.mu.Unlock()
	maps.DeleteFunc(l.names, func(_ string, is sid.Message) bool { return is == id })
}

// slow lets nothing leave for a while.
func (l *link) slow(d time.Duration) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if at := time.Now().Add(d); at.After(l.next) {
		l.next = at
	}
}

// Find is the honest answer to whether a message has arrived whose answer was lost: SMPP 3.4 asks for messages by the name
// that the lost answer held (query_sm, 4.8).
func (c *Client) Find(context.Context, message.Record) ([]message.Word, error) {
	return nil, &message.Refusal{Code: codeUnknown, Text: "the SMSC did not answer, and over SMPP it cannot be asked for a message whose name it has not told"}
}

// Look says nothing: an SMSC tells by receipts, and keeps those until they are taken.
func (c *Client) Look(context.Context, message.Record) (message.Word, error) {
	return message.Word{}, nil
}
