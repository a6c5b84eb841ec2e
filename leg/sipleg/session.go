package sipleg

import (
	"cmp"
	"errors"
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/emiago/sipgo/sip"

	"github.com/kaden-project/kaden/leg"
)

// usualSession is how long a session lasts without a sign of life, where a line says nothing else: RFC 4028 section 4
// recommends it, and it is what carriers use.
const usualSession = 30 * time.Minute

// session is the session timer of a call (RFC 4028): both sides know that the other is still there, or the call ends,
// so that no carrier counts minutes of a call whose far end is gone. The zero session is none.
type session struct {
	every time.Duration // as agreed; 0 is no timer
	ours  bool          // we give the sign of life
	least time.Duration // Min-SE that was asked of us with 422
	alarm *time.Timer
}

// wanted is the timer that we ask for, 0 for none.
func (l *Leg) wanted() time.Duration {
	switch want := l.line.Session; {
	case want < 0:
		return 0
	case want == 0:
		return max(usualSession, l.session.least)
	default:
		return max(want, l.session.least)
	}
}

// sessionHeaders are those of an INVITE of ours.
func (l *Leg) sessionHeaders() []header {
	want := l.wanted()
	if want == 0 {
		return nil
	}
	h := []header{{"Session-Expires", inSeconds(want)}}
	if l.session.least > 0 {
		h = append(h, header{"Min-SE", inSeconds(l.session.least)})
	}
	return h
}

// extensions is what we support in a call.
func (l *Leg) extensions() header {
	var all []string
	if !l.line.NoPRACK {
		all = append(all, "100rel")
	}
	if l.line.Session >= 0 {
		all = append(all, "timer")
	}
	return header{"Supported", strings.Join(all, ", ")}
}

// readSession is what a message says of the timer; every is 0 where it says nothing.
func readSession(m message) (every time.Duration, refresher string) {
	lines := values(m, "Session-Expires", "x")
	if len(lines) == 0 {
		return 0, ""
	}
	text, params, _ := strings.Cut(lines[0], ";")
	for p := range strings.SplitSeq(params, ";") {
		if name, value, _ := strings.Cut(strings.TrimSpace(p), "="); strings.EqualFold(name, "refresher") {
			refresher = strings.ToLower(strings.TrimSpace(value))
		}
	}
	return seconds([]string{text}), refresher
}

// tooShort tells whether an offered timer is to be refused with 422 (section 9): only whoever knows timers can mend it.
func (s *Server) tooShort(r *request) bool {
	every, _ := readSession(r)
	return every > 0 && every < s.t.Session && contains(tokens(r, "Supported", "k"), "timer")
}

// agree takes what the far end asks in an INVITE or UPDATE and gives the headers of our 200 (section 9).
func (l *Leg) agree(r *request) []header {
	every, refresher := readSession(r)
	knows := contains(tokens(r, "Supported", "k"), "timer")
	if every == 0 || l.line.Session < 0 {
		if l.session.every > 0 { // a request without the timer switches it off (section 9)
			l.stopSession()
		}
		return nil
	}
	every = max(every, l.srv.t.Session)
	switch {
	case !knows:
		refresher = "uas" // it has said how long, and a proxy watches; we are the one who can
	case refresher != "uas":
		refresher = "uac"
	}
	l.session.every, l.session.ours = every, refresher == "uas"
	l.watchSession()
	h := []header{{"Session-Expires", inSeconds(every) + ";refresher=" + refresher}}
	if refresher == "uac" {
		h = append(h, header{"Require", "timer"})
	}
	return h
}

// agreed takes what the far end has answered to a request of ours.
func (l *Leg) agreed(r *response) {
	every, refresher := readSession(r)
	if every == 0 || l.line.Session < 0 {
		l.stopSession() // nobody over there knows timers
		return
	}
	l.session.every, l.session.ours = max(every, time.Second), refresher != "uas"
	l.watchSession()
}

func (l *Leg) stopSession() {
	l.session.every = 0
	if l.session.alarm != nil {
		l.session.alarm.Stop()
	}
}

// watchSession sets the alarm anew: for the sign of life that we give at half-time, or for the moment at which that of
// the far end is missing (section 10). l.mu is held.
func (l *Leg) watchSession() {
	s := &l.session
	if s.alarm != nil {
		s.alarm.Stop()
	}
	wait, then := s.every/2, l.refresh
	if !s.ours {
		wait, then = s.every-min(32*time.Second, s.every/3), l.expire
	}
	var t *time.Timer
	t = time.AfterFunc(wait, func() {
		l.mu.Lock()
		defer l.mu.Unlock()
		if s.alarm == t && l.phase == up {
			then()
		}
	})
	s.alarm = t
}

// expire ends a call whose far end has given no sign of life.
func (l *Leg) expire() { l.leave(leg.MediaLost, "the far end has not refreshed the session") }

// refresh gives a sign of life: an UPDATE where the far end takes it, else a re-INVITE that changes nothing.
func (l *Leg) refresh() {
	s := &l.session
	// If nothing comes of it, the call ends when its time is over, as it would on the far end's side.
	var t *time.Timer
	t = time.AfterFunc(s.every/2-min(32*time.Second, s.every/3)/2, func() {
		l.mu.Lock()
		defer l.mu.Unlock()
		if s.alarm == t && l.phase == up {
			l.leave(leg.MediaLost, "the far end has not confirmed that the call is still up")
		}
	})
	s.alarm = t
	extra := append([]header{{"Contact", l.contact}, l.extensions()},
		header{"Session-Expires", inSeconds(s.every) + ";refresher=uac"})
	if s.least > 0 {
		extra = append(extra, header{"Min-SE", inSeconds(s.least)})
	}
	if !l.updates && l.hold.busy {
		return // that re-INVITE is a sign of life, too
	}
	l.dialog.seq++
	d := l.dialog
	if l.updates {
		l.srv.askFor(&d, sip.UPDATE, d.seq, l.user.keys(), l.refreshed, extra...)
		return
	}
	l.reoffer(l.said, l.refreshed, extra...)
}

// lostDialog tells what the answer to a request of a call says of the far end that ends the call (RFC 3261 section
// 12.2.1.2): that it does not know it, or nothing. "" is a far end that is there.
func lostDialog(r *response, err error) string {
	switch {
	case r == nil && !errors.Is(err, errNoAnswer): // it could not be asked
	case r == nil:
		return "the far end does not answer: " + err.Error()
	case r.StatusCode == 408 || r.StatusCode == 481:
		return "the far end does not know the call any more"
	}
	return ""
}

// refreshed takes the answer to a sign of life.
func (l *Leg) refreshed(r *response, err error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.phase != up {
		return
	}
	if why := lostDialog(r, err); why != "" || err != nil {
		l.leave(leg.MediaLost, cmp.Or(why, fmt.Sprint(err)))
		return
	}
	// The request may have been sent again with a password, so that the number is another one.
	if c := r.CSeq(); c != nil {
		l.dialog.seq = max(l.dialog.seq, c.SeqNo)
	}
	switch {
	case r.StatusCode < 300:
		if c := contact(r); c != "" {
			l.dialog.target = c
			l.dialog.aim(r.from)
		}
		l.agreed(r)
	case r.StatusCode == 422 && seconds(values(r, "Min-SE")) > l.session.every: // else it would say the same again
		l.session.least = seconds(values(r, "Min-SE"))
		l.session.every = l.session.least
		l.refresh()
	case r.StatusCode == 491: // it is asking us something at the same time (RFC 3261 section 14.1)
		l.session.alarm.Stop()
		t := time.AfterFunc(glare(l.info.Inbound), func() {
			l.mu.Lock()
			defer l.mu.Unlock()
			if l.phase == up && l.session.every > 0 {
				l.refresh()
			}
		})
		l.session.alarm = t
	case l.updates && r.StatusCode != 422: // whatever it has against an UPDATE, it may take a re-INVITE
		l.updates = false
		l.refresh()
	default:
		l.log.Warn("the far end refuses a sign of life", "status", strconv.Itoa(r.StatusCode))
	}
}
