package webleg

import (
	"fmt"
	"strings"
	"time"

	"github.com/kaden-project/kaden/leg"
	"github.com/kaden-project/kaden/media"
)

// What the browser does, as the signalling brings it.

// Rang tells that the browser rings: somebody can hear it.
func (l *Leg) Rang() {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.phase == setup && !l.info.Inbound {
		l.rang = true
		l.bell.Ring(leg.Event{Kind: leg.Ringing, Status: 180})
	}
}

// Accept takes the browser's answer to Offer: somebody has picked up, and Answered comes. What is played is
// heard from its beginning as soon as there is a connection; if there is none in 15 s the leg ends as
// [leg.MediaLost]. An answer that cannot be used ends the leg as [leg.Failed].
func (l *Leg) Accept(answer string) error {
	d, usable, err := read(answer)
	l.mu.Lock()
	defer l.mu.Unlock()
	switch {
	case l.info.Inbound:
		return errInbound
	case l.phase >= leaving:
		return errEnded
	case l.phase == up:
		return errTwice
	}
	l.trace.received(answer)
	if err == nil {
		l.join()
		err = l.conn.accept(d, usable)
	}
	if err != nil {
		err = fmt.Errorf("the browser's answer: %w", err)
		l.end(leg.Failed, err.Error())
		return err
	}
	l.answered()
	return nil
}

// Restart takes an offer for a call that is under way and gives the answer. New ICE credentials are an ICE
// restart, another certificate is another page that takes the call over. An offer that says nothing new is
// answered as before: the browser has only lost its signalling. A mistake leaves the call as it is.
func (l *Leg) Restart(offer string) (answer string, err error) {
	d, usable, err := read(offer)
	if err != nil {
		return "", err
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	switch {
	case l.phase >= leaving:
		return "", errEnded
	case l.conn == nil || l.conn.them == description{}:
		return "", errNoMedia
	case d == l.conn.them:
		return l.conn.said, nil
	}
	l.trace.received(offer)
	if d.fingerprint == l.conn.them.fingerprint {
		answer, err = l.conn.answer(d, usable)
	} else {
		answer, err = l.takeOver(d, usable)
	}
	if err == nil {
		l.trace.sent(answer)
	}
	return answer, err
}

// takeOver connects another page in the place of the one that has the call. l.mu is held.
func (l *Leg) takeOver(d description, offer string) (string, error) {
	c, err := l.connect()
	if err != nil {
		return "", err
	}
	answer, err := c.answer(d, offer)
	if err != nil {
		l.e.spawn(func() { c.close() })
		return "", err
	}
	old := l.conn
	l.conn = c
	l.join()
	l.sound.connect(nil)
	if l.phase == up {
		l.expect()
	}
	l.e.spawn(func() { old.close() })
	return answer, nil
}

// Press takes keys from the signalling (the dtmf frame): 0-9 * # A-D, one after the other. A w in between is a
// pause, which nobody here waits for. What is none of these is left out.
func (l *Leg) Press(digits string) {
	l.trace.received("(dtmf)") // the keys themselves may be a PIN
	l.mu.Lock()
	ok := l.phase == up
	l.mu.Unlock()
	if !ok {
		return
	}
	for _, key := range strings.ToUpper(digits) {
		if strings.ContainsRune(media.Digits, key) {
			l.pressed(string(key), bySignal)
		}
	}
}

// Left tells that the browser ended the call, and how: leg.Rejected, leg.Busy, leg.HungUp, leg.Unreachable …
// Before the answer a browser that called has left whatever c says.
func (l *Leg) Left(c leg.Cause) {
	l.mu.Lock()
	defer l.mu.Unlock()
	e := leg.Event{Kind: leg.Ended, Cause: c, Reason: "the browser ended the call"}
	switch {
	case l.phase >= leaving:
		return
	case l.phase == up:
		if c == "" || c == leg.CallerLeft || c == leg.Rejected {
			e.Cause = leg.HungUp
		}
		// Sound comes by another road than the signalling. Keys that were pressed before count.
		l.phase = leaving
		time.AfterFunc(l.e.cfg.timers.Linger, func() {
			l.mu.Lock()
			defer l.mu.Unlock()
			l.finish(e)
		})
		return
	case l.info.Inbound:
		e.Cause = leg.CallerLeft
	case c == "" || c == leg.HungUp:
		e.Cause = leg.Rejected
	case c == leg.NoAnswer && !l.rang: // it is there for nobody, or off
		e.Cause = leg.Unreachable
	}
	e.Retry, e.Status = !l.info.Inbound && !l.rang, l.status(c)
	l.finish(e)
}
