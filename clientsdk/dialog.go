package clientsdk

import (
	"log/slog"
	"strings"

	"github.com/kaden-project/kaden/leg"
	"github.com/kaden-project/kaden/number"
)

// dialog is one call with one page: one that it has made, or the ringing of one tab. It is what the line wants
// said to the page.
type dialog struct {
	s         *Server
	who       who
	call      string // CA…
	temporary string // TJS…, of a call that the page has made
	rings     *Leg   // of which this is one tab; nil for a call that the page has made
	line      Line   // set before the page can say anything about it

	// Guarded by Server.mu.
	sock     *socket // nil: the page is not connected at the moment
	token    string  // by which the page takes the call up again
	local    string  // our last SDP
	remote   string  // the page's
	answered bool
	ended    bool // by us: the page has been told, or is being told
	over     bool
}

var _ Signaller = (*dialog)(nil)

func (d *dialog) log() *slog.Logger {
	return d.s.log.With("call", d.call, "identity", number.Mask(d.who.identity))
}

// tell says something to the page, if it is connected.
func (d *dialog) tell(kind string, p payload) {
	d.s.mu.Lock()
	k := d.sock
	d.s.mu.Unlock()
	p.CallSID = d.call
	if k != nil {
		k.send(p.frame(kind))
	}
}

// Ringing tells a page that the call it makes rings; it learns the call's name by that.
func (d *dialog) Ringing(sdp string) {
	d.s.mu.Lock()
	if sdp != "" {
		d.local = sdp
	}
	d.s.mu.Unlock()
	d.tell("ringing", payload{SDP: sdp})
}

// Answer tells a page that the call it makes is answered. A reconnect token always goes with it: without one the
// page's call would be left half dead when its socket is cut.
func (d *dialog) Answer(sdp string) {
	d.s.mu.Lock()
	d.answered = true
	if sdp != "" {
		d.local = sdp
	}
	token := d.s.renew(d)
	d.s.mu.Unlock()
	d.tell("answer", payload{SDP: sdp, Reconnect: token})
}

// End tells a page that we have ended the call. A tab that only rings knows cancel and nothing else, one that has
// answered hangup and nothing else.
func (d *dialog) End(answered bool, c leg.Cause) {
	d.s.mu.Lock()
	answered = answered || d.answered
	known := d.over || d.ended
	d.ended = true // an answer that comes now is too late, and is told so: a cancel means nothing to it
	d.s.mu.Unlock()
	switch {
	case known:
	case d.rings != nil && !answered:
		d.tell("cancel", payload{})
	default:
		d.tell("hangup", payload{Error: why(c, answered)})
	}
	d.s.forget(d)
}

// answer is the page's: somebody has accepted in this tab.
func (d *dialog) answer(k *socket, sdp string) {
	if d.rings == nil {
		return
	}
	d.s.mu.Lock()
	late, twice := d.ended || d.over, d.answered
	d.answered, d.remote = true, sdp
	d.s.mu.Unlock()
	switch {
	case late && !twice:
		k.send(payload{CallSID: d.call}.frame("hangup"))
	case !twice:
		d.rings.post(func() { d.rings.taken(d, k, sdp) })
	}
}

// left is the page's hangup or reject. It may come twice, or cross with ours.
func (d *dialog) left(c leg.Cause, message string) {
	d.s.mu.Lock()
	answered := d.answered
	d.s.mu.Unlock()
	d.s.forget(d)
	switch {
	case d.rings != nil:
		d.rings.post(func() { d.rings.refused(d, c, message) })
	case answered:
		d.line.Left(leg.HungUp)
	default:
		d.line.Left(leg.CallerLeft)
	}
}

// cut is the end of the socket. A call that is answered goes on: the page comes back for it. One that is
// not is over for the page, which has forgotten it.
func (d *dialog) cut(k *socket) {
	d.s.mu.Lock()
	if d.sock != k || d.over {
		d.s.mu.Unlock()
		return
	}
	d.sock = nil
	answered := d.answered
	d.s.mu.Unlock()
	switch {
	case answered:
	case d.rings != nil:
		d.s.forget(d)
		d.rings.post(func() { d.rings.vanished(d, k) })
	default:
		d.s.forget(d)
		d.line.Left(leg.CallerLeft)
	}
}

// reinvite is the page's new ICE.
func (d *dialog) reinvite(k *socket, sdp string) {
	d.s.mu.Lock()
	same := sameMedia(d.remote, sdp)
	d.s.mu.Unlock()
	d.renegotiate(k, sdp, same)
}

// renegotiate answers an offer in the middle of a call. Every connected frame makes a page repeat what it has,
// which changes nothing.
func (d *dialog) renegotiate(k *socket, sdp string, same bool) {
	d.s.mu.Lock()
	answer := d.local
	d.s.mu.Unlock()
	if !same {
		var err error
		if answer, err = d.line.Restart(sdp); err != nil {
			d.log().Warn("sound not taken up again", "err", err)
			k.send(payload{CallSID: d.call, Error: &Error{codeBadRequest, err.Error()}}.frame("hangup"))
			d.left(leg.Failed, "")
			return
		}
	}
	d.s.mu.Lock()
	d.local = answer
	if !same {
		d.remote = sdp
	}
	token := d.s.renew(d)
	d.s.mu.Unlock()
	k.send(payload{CallSID: d.call, SDP: answer, Reconnect: token}.frame("answer"))
}

// sameMedia tells whether two descriptions are of one connection: of the same page (fingerprint) and the same ICE
// (ufrag). One may be an offer and the other an answer.
func sameMedia(a, b string) bool {
	for _, name := range []string{"a=ice-ufrag:", "a=fingerprint:"} {
		x, y := attribute(a, name), attribute(b, name)
		if x == "" || x != y {
			return false
		}
	}
	return true
}

// attribute is the first line of an SDP that begins with name, without it.
func attribute(sdp, name string) string {
	for line := range strings.Lines(sdp) {
		if v, ok := strings.CutPrefix(line, name); ok {
			return strings.TrimSpace(v)
		}
	}
	return ""
}
