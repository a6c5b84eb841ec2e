package sipleg

import (
	"bytes"
	"strings"

	"github.com/emiago/sipgo/sip"

	"github.com/kaden-project/kaden/leg"
)

// renegotiate answers a re-INVITE or an UPDATE: hold and resume, another address, another codec, or just a
// sign of life (RFC 3261 section 14, RFC 3311, RFC 3264 section 8).
func (l *Leg) renegotiate(r *request, tx *serverTx, invite bool) {
	body := sdpOf(r)
	asked := l.inviting || l.reinvite != nil && l.offered // an offer of ours is not answered yet
	if invite && (l.phase == setup || l.reinvite != nil || asked) || body != nil && asked {
		tx.respond(491, "", nil, "")
		return
	}
	switch {
	case l.phase == leaving:
		tx.respond(481, "", nil, "")
		return
	case l.phase == setup && body != nil && !l.info.Inbound && l.theirs == nil: // our first offer is not answered yet (RFC 3311 section 5.2)
		tx.respond(491, "", nil, "")
		return
	case l.phase == setup && body != nil && l.info.Inbound && !l.early: // … nor is theirs
		tx.respond(500, "", []header{{"Retry-After", "1"}}, "")
		return
	}
	if c := contact(r); c != "" { // target refresh
		l.dialog.target = c
		l.dialog.aim(r.from)
	}
	if l.srv.tooShort(r) {
		tx.respond(422, "", []header{{"Min-SE", inSeconds(l.srv.t.Session)}}, "")
		return
	}
	if body == nil {
		if !invite {
			tx.respond(200, "", l.renewHeaders(r), "")
			return
		}
		l.answerReinvite(r, tx, l.ours.offerAgain(l.theirs), true)
		return
	}
	d, err := l.line.readOffer(body, r.from.peer.Addr())
	if err != nil || !d.fits(r.from.peer.Addr()) {
		tx.respond(488, "", nil, "")
		return
	}
	l.theirs = d
	l.ours.version++
	if invite {
		l.answerReinvite(r, tx, l.ours.answer(d), false)
	} else {
		l.said = l.ours.answer(d)
		tx.respond(200, "", l.renewHeaders(r), l.said)
	}
	l.renewed(r.at)
}

// renewHeaders are those of our answer to a request that may refresh the session.
func (l *Leg) renewHeaders(r *request) []header {
	if l.phase != up {
		return l.inDialogHeaders()
	}
	return append(l.inDialogHeaders(), l.agree(r)...)
}

func (l *Leg) answerReinvite(r *request, tx *serverTx, body string, offered bool) {
	tx.ifUnacked(l.neverAcked)
	l.reinvite, l.offered = tx, offered
	l.said = body
	tx.respond(200, "", l.renewHeaders(r), body)
}

// info_ takes keys that come as INFO: application/dtmf-relay and application/dtmf, as gateways send them.
func (l *Leg) info_(r *request, tx *serverTx) {
	kind := ""
	if c := r.ContentType(); c != nil {
		kind, _, _ = strings.Cut(strings.ToLower(c.Value()), ";")
	}
	key, ok := infoDigit(strings.TrimSpace(kind), r.Body())
	switch {
	case ok:
		tx.respond(200, "", nil, "")
		l.pressed(leg.Event{At: r.at, Kind: leg.Digit, Digit: string(rune(key))}, byINFO)
	case len(r.Body()) == 0:
		tx.respond(200, "", nil, "") // a sign of life
	default:
		tx.respond(415, "", []header{{"Accept", "application/dtmf-relay, application/dtmf"}}, "")
	}
}

// infoDigit reads "Signal=5\r\nDuration=160" or "5".
func infoDigit(kind string, body []byte) (key byte, ok bool) {
	var word string
	switch kind {
	case "application/dtmf-relay":
		for line := range bytes.Lines(body) {
			name, value, found := strings.Cut(string(line), "=")
			if found && strings.EqualFold(strings.TrimSpace(name), "Signal") {
				word = strings.TrimSpace(value)
				break
			}
		}
	case "application/dtmf":
		word = strings.TrimSpace(string(body))
	default:
		return 0, false
	}
	switch word { // some send the event's number
	case "10":
		word = "*"
	case "11":
		word = "#"
	}
	if len(word) != 1 || !strings.ContainsAny(strings.ToUpper(word), "0123456789*#ABCD") {
		return 0, false
	}
	return strings.ToUpper(word)[0], true
}

// sdpOf is the SDP in a message, on its own or as a part of a multipart body; nil if there is none.
func sdpOf(m interface {
	message
	ContentType() *sip.ContentTypeHeader
	Body() []byte
}) []byte {
	body := m.Body()
	c := m.ContentType()
	if len(body) == 0 || c == nil {
		return nil
	}
	return sdpPart(c.Value(), body)
}
