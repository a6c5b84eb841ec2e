package sipleg

import (
	"math/rand/v2"
	"time"

	"github.com/emiago/sipgo/sip"
)

// reoffer sends a re-INVITE that says of our sound what body does: what was said before, or something new (RFC 3261
// section 14.1, RFC 3264 section 8: the version of the description stays, or goes up). The number in the dialog is the
// next one already. l.mu is held; then is called without it.
func (l *Leg) reoffer(body string, then func(*response, error), extra ...header) {
	l.inviting = true
	done := func(r *response, err error) {
		l.mu.Lock()
		l.inviting = false
		l.mu.Unlock()
		then(r, err)
	}
	d := l.dialog
	d.flow = d.way()
	keys := l.user.keys()
	var send func(n uint32, auth []header) error
	send = func(n uint32, auth []header) error {
		branch := freshBranch()
		raw := l.srv.inDialogWith(&d, sip.INVITE, n, branch, body, append(append([]header{}, extra...), auth...)...)
		var tx *clientTx
		tx, err := l.srv.layer.prepared(outgoing{
			method: sip.INVITE, branch: branch, raw: raw, to: d.flow, log: d.log,
			ackOf: func(to string) []byte {
				refused := d
				refused.remote = to
				return l.srv.inDialogWith(&refused, sip.ACK, n, branch, "")
			},
			heard: func(r *response) {
				switch {
				case r.StatusCode < 200:
				case r.StatusCode < 300:
					if c := contact(r); c != "" { // target refresh (section 12.2.1.2)
						l.mu.Lock()
						l.dialog.target = c
						l.dialog.aim(r.from)
						d.target, d.flow = c, l.dialog.flow
						l.mu.Unlock()
					}
					ack := l.srv.inDialogWith(&d, sip.ACK, n, freshBranch(), "", auth...)
					tx.ack(toTag(r), ack, d.flow)
					l.answeredAgain(r)
					done(r, nil)
				case r.StatusCode == 401 || r.StatusCode == 407:
					h, err := keys.answer(r, sip.INVITE, d.target, body)
					if err == nil {
						l.mu.Lock()
						l.dialog.seq++ // other requests of ours may have been sent meanwhile
						again := l.dialog.seq
						l.mu.Unlock()
						err = send(again, joinAuth(auth, h))
					}
					if err != nil {
						done(r, err)
					}
				default:
					done(r, nil)
				}
			},
			failed: func(err error) { done(nil, err) },
		})
		if err != nil {
			return err
		}
		return tx.begin()
	}
	if err := send(d.seq, nil); err != nil {
		go done(nil, err) // the caller holds the lock that done takes
	}
}

// answeredAgain takes the description in the 200 to our re-INVITE.
func (l *Leg) answeredAgain(r *response) {
	said := sdpOf(r)
	if said == nil {
		return
	}
	d, err := l.readAnswer(said, r.from.peer.Addr())
	if err != nil || !d.fits(r.from.peer.Addr()) {
		return // the sound goes on as it was
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.phase == up {
		l.theirs = d
		l.renewed(r.at)
	}
}

// glare is how long whoever hears 491 waits (RFC 3261 section 14.1): the one who has made the Call-ID longer.
func glare(inbound bool) time.Duration {
	if inbound {
		return rand.N(2 * time.Second)
	}
	return 2100*time.Millisecond + rand.N(1900*time.Millisecond)
}
