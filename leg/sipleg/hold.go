package sipleg

import (
	"time"

	"github.com/kaden-project/kaden/leg"
)

var _ leg.Holder = (*Leg)(nil)

// hold is what we have said, and want to say, of listening to the far end; the leg's mu guards it.
type hold struct {
	want  bool // as it was asked for last
	moved bool // we are somewhere else than the far end was told (see follow)
	busy  bool // a re-INVITE is under way, or waits because the far end has one under way
	tries int  // in a row that were refused with 491
	alarm *time.Timer
}

// mostGlares is how often both may begin at once before we give up.
const mostGlares = 5

// Hold tells the far end whether it is heard: a re-INVITE with sendonly, or sendrecv (RFC 3264 section 8.4; music and
// silence go on). It does not wait. Where the far end does not want it, all stays as it was.
func (l *Leg) Hold(on bool) error {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.phase != up || l.theirs == nil {
		return errEnded
	}
	l.hold.want = on
	l.sayHold()
	return nil
}

// sayHold says what is wanted and where we are, if that is not what was said; l.mu is held.
func (l *Leg) sayHold() {
	h := &l.hold
	if l.phase != up || h.busy || h.want == l.ours.hold && !h.moved {
		return
	}
	h.busy = true
	if l.reinvite != nil || l.inviting || l.ack != nil { // theirs is not over yet, or a sign of life, or the first one
		l.holdLater(50 * time.Millisecond)
		return
	}
	was, moved := l.ours, h.moved
	l.ours.hold, h.moved = h.want, false
	body := l.ours.offerAgain(l.theirs)
	l.dialog.seq++
	l.reoffer(body, func(r *response, err error) {
		l.mu.Lock()
		defer l.mu.Unlock()
		h.busy = false
		if err == nil && r.CSeq() != nil {
			l.dialog.seq = max(l.dialog.seq, r.CSeq().SeqNo)
		}
		switch {
		case l.phase != up:
		case lostDialog(r, err) != "":
			l.leave(leg.MediaLost, lostDialog(r, err))
		case err == nil && r.StatusCode < 300:
			h.tries, l.said = 0, body
			if l.session.every > 0 {
				l.agreed(r)
			}
			l.sayHold() // it may have been asked for otherwise meanwhile
		case err == nil && r.StatusCode == 491 && h.tries < mostGlares:
			h.tries++
			l.ours.hold, h.moved = was.hold, h.moved || moved
			h.busy = true
			l.holdLater(glare(l.info.Inbound))
		case r == nil && moved: // it has not left: the way there is not open yet
			l.ours.hold, h.moved, h.busy = was.hold, true, true
			l.holdLater(time.Second)
		default:
			h.tries = 0
			l.ours.hold, h.want = was.hold, was.hold
			l.log.Debug("the far end is not to be put on hold", "err", err)
			if l.session.every > 0 && l.session.ours {
				l.refresh() // what was put off meanwhile
			}
		}
	}, l.holdHeaders()...)
}

// holdHeaders are those of its re-INVITE. The session's timer goes on: without it the far end would switch it off (RFC
// 4028 section 7.4).
func (l *Leg) holdHeaders() []header {
	h := []header{{"Contact", l.contact}, {"Allow", allowed}}
	if e := l.extensions(); e.value != "" {
		h = append(h, e)
	}
	if s := &l.session; s.every > 0 {
		refresher := "uas"
		if s.ours {
			refresher = "uac"
		}
		h = append(h, header{"Session-Expires", inSeconds(s.every) + ";refresher=" + refresher})
		if s.least > 0 {
			h = append(h, header{"Min-SE", inSeconds(s.least)})
		}
	}
	return h
}

func (l *Leg) holdLater(d time.Duration) {
	l.hold.alarm = time.AfterFunc(d, func() {
		l.mu.Lock()
		defer l.mu.Unlock()
		l.hold.busy = false
		l.sayHold()
	})
}

// stopHold is the end of it with the leg's; l.mu is held.
func (l *Leg) stopHold() {
	if l.hold.alarm != nil {
		l.hold.alarm.Stop()
	}
}
