package sipleg

import (
	"context"
	"errors"
	"fmt"
	"strconv"
	"strings"

	"github.com/emiago/sipgo/sip"

	"github.com/kaden-project/kaden/leg"
)

// uac is the part of a leg that dials.
type uac struct {
	attempt string
	user    credentials
	keys    *keyring
	auth    []header // answers to the challenges so far
	inv     *invitation
	to      leg.Target
	contact string
	offer   string
	spoken  bool // the far end has said something, so CANCEL may be sent
	met     bool // … to any of our INVITEs
	rang    bool // an 18x came
	shown   int  // the last 18x that was told
	acks    prack
	keeper  keeper
	ack     func() // sends the ACK that waits for Keep; nil when there is none
	early   bool   // the sound is open before the answer, for an inbound leg
	reached func() // sends the INVITE again, once its CANCEL has arrived (ringFromHere); nil: it need not be
}

var _ leg.Dialer = (*Server)(nil)

// Dial calls to.
func (s *Server) Dial(ctx context.Context, to leg.Target, o leg.Options) (leg.Leg, error) {
	if err := context.Cause(ctx); err != nil {
		return nil, err
	}
	l, err := s.prepare(ctx, to, o)
	if err != nil {
		return nil, err
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	if err := s.remember(l); err != nil {
		s.ports.give(l.sock)
		return nil, err
	}
	if err := l.invite(l.inv); err != nil {
		s.forget(l)
		s.ports.give(l.sock)
		return nil, fmt.Errorf("call to %s: %w", l.inv.flow.peer, err)
	}
	l.bind(ctx)
	return l, nil
}

// prepare makes the leg, ready to send its INVITE.
func (s *Server) prepare(ctx context.Context, to leg.Target, o leg.Options) (*Leg, error) {
	i, err := s.invitation(ctx, to, o.ID)
	if err != nil {
		return nil, err
	}
	ip := s.soundIP(i.flow.peer.Addr())
	sock, err := s.ports.take(s.bindIP(i.flow.peer.Addr()))
	if err != nil {
		return nil, err
	}
	l := s.newLeg(leg.Info{
		From: strings.Trim(strings.SplitN(i.from[strings.LastIndex(i.from, "<"):], ">", 2)[0], "<"), To: to.URI,
		CallID: i.callID, Source: i.flow.peer.String(), Phone: to.Phone,
	}, sock)
	if to.InBandDTMF {
		l.listenForTones()
	}
	i.log = l.trace
	l.inv, l.to, l.attempt = i, to, o.ID
	l.user = i.user
	l.keys = i.user.keys()
	l.contact = s.contactOf(to, i)
	if a := s.lines.find(to.Line); a != nil {
		l.line = a.line
	}
	l.line = l.line.encrypted(to.Encrypt)
	l.describe(ip, sock.port)
	l.offer = l.ours.offer(sendrecv)
	l.keeper.save = o.Keep
	l.beside = o.Beside
	l.key = tableKey(i.callID, s.id.tag(i.callID))
	l.widen(ctx)
	return l, nil
}

// contactOf is where the far end of a call of ours finds us: as the line is registered, if it is.
func (s *Server) contactOf(to leg.Target, i *invitation) string {
	if a := s.lines.find(to.Line); a != nil {
		switch _, contact := a.way(); {
		case contact != "":
			return contact
		case a.another():
			return a.contactFor(i.flow, i.ownHost)
		}
	}
	return s.contact(i.flow, i.ownHost, i.uri)
}

// again is the next INVITE of the same attempt; l.mu is held.
func (l *Leg) again(at place) *invitation {
	n := l.inv.n + 1
	branch := freshBranch()
	if l.attempt != "" {
		branch = l.srv.id.branch(l.attempt, n, at.addr)
	}
	i := l.inv.sibling(n, branch)
	i.at = at
	return i
}

// invite sends an INVITE; l.mu is held.
func (l *Leg) invite(i *invitation) error {
	l.inv, l.spoken = i, false
	i.home, i.seen = l.srv.ownIP(i.flow.peer.Addr()), l.srv.lines.seenBy(i.flow.peer.Addr())
	tx, err := l.srv.layer.prepared(outgoing{
		method: sip.INVITE, branch: i.branch, to: i.flow, log: l.trace,
		raw:    l.written(i),
		ackOf:  i.refusalACK,
		heard:  func(r *response) { l.heard(i, r) },
		failed: func(err error) { l.unheard(i, err) },
	})
	if err != nil {
		return err
	}
	i.tx = tx
	if err := tx.begin(); err != nil {
		return err
	}
	if len(i.others) > 0 {
		l.after(l.srv.t.Next, func() { l.passSilent(i) })
	}
	return nil
}

// written is the INVITE as it is sent.
func (l *Leg) written(i *invitation) []byte {
	first, headers := i.begin(sip.INVITE, i.to)
	headers = append(headers,
		header{"Contact", l.contact},
		header{"Allow", allowed},
		header{"Accept", "application/sdp"})
	if e := l.extensions(); e.value != "" {
		headers = append(headers, e)
	}
	headers = append(headers, l.sessionHeaders()...)
	headers = append(headers, i.shown...)
	if l.srv.cfg.UserAgent != "" {
		headers = append(headers, header{"User-Agent", l.srv.cfg.UserAgent})
	}
	for name, value := range l.to.Headers {
		headers = append(headers, header{name, value})
	}
	return compose(first, append(headers, l.auth...), l.offer)
}

// unheard is the end of an INVITE without a final answer.
func (l *Leg) unheard(i *invitation, err error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.phase != setup || l.inv != i {
		return
	}
	l.srv.atlas.suffered(i.at, 0)
	if l.elsewhere() {
		return
	}
	e := leg.Event{Kind: leg.Ended, Cause: leg.Fault, Retry: true, Reason: i.flow.peer.String() + ": " + err.Error()}
	if errors.Is(err, errNoAnswer) {
		e.Status, e.Reason = 408, fmt.Sprintf("%s does not answer SIP; check its address and the firewall", i.flow.peer)
	}
	l.finish(e)
}

// heard takes a response to INVITE i.
func (l *Leg) heard(i *invitation, r *response) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.phase == over {
		i.tx.redeliver(r) // to whoever has it now
		return
	}
	if l.inv != i {
		return
	}
	if !l.met {
		l.met = true
		if r.StatusCode != 503 {
			l.srv.atlas.served(i.at)
		}
	}
	switch {
	case r.StatusCode < 200:
		l.provisional(i, r)
	case r.StatusCode < 300:
		l.accepted(i, r)
	default:
		l.refused(i, r)
	}
}

func (l *Leg) provisional(i *invitation, r *response) {
	first := !l.spoken
	l.spoken = true
	if l.phase == leaving {
		l.srv.cancel(i, l.why, func(int, error) {})
		if first {
			l.awaitCancelled()
		}
		if ringing(r.StatusCode) && l.shown == 0 { // it rang all the same: whoever tried two trunks wants to know
			l.shown = r.StatusCode
			l.bell.Ring(leg.Event{At: r.at, Kind: leg.Ringing, Status: r.StatusCode, Reason: r.Reason})
		}
		return
	}
	if l.phase != setup {
		return
	}
	l.after(l.srv.t.Ringing, func() { l.giveUp(leg.NoAnswer, "it rang for too long") })
	if r.StatusCode == 100 {
		if first {
			l.bell.Ring(leg.Event{At: r.at, Kind: leg.Trying, Status: 100})
		}
		return
	}
	if !l.acknowledged(i, r) {
		return
	}
	l.rang = l.rang || ringing(r.StatusCode)
	if r.StatusCode != l.shown && r.StatusCode < 190 {
		l.shown = r.StatusCode
		l.bell.Ring(leg.Event{At: r.at, Kind: leg.Ringing, Status: r.StatusCode, Reason: r.Reason, Target: forwardedTo(i, r)})
	}
	if body := sdpOf(r); body != nil {
		if d, err := l.readAnswer(body, r.from.peer.Addr()); err == nil {
			firstSound := l.theirs == nil
			l.theirs = d
			l.applySound()
			if firstSound {
				l.bell.Ring(leg.Event{At: r.at, Kind: leg.EarlyMedia, Status: r.StatusCode})
			}
		}
	}
	if toTag(r) != "" {
		l.keep(i, r, false, nil)
	}
}

// ringing tells whether a provisional answer means that somebody's phone rings, or soon will: 18x.
func ringing(status int) bool { return status >= 180 && status < 190 }

func (l *Leg) accepted(i *invitation, r *response) {
	switch {
	case l.phase == leaving && !l.inBye():
		l.spoken = true
		l.srv.dismiss(i, r, l.why, func(error) {
			l.mu.Lock()
			defer l.mu.Unlock()
			l.finish(l.cancelledEvent())
		})
		l.after(l.srv.t.Bye, func() { l.finish(l.cancelledEvent()) })
		return
	case l.phase != setup:
		l.srv.dismiss(i, r, "answered elsewhere", func(error) {}) // another branch of a fork
		return
	}
	l.dialog = *i.dialogOf(r)
	if body := sdpOf(r); body != nil {
		d, err := l.readAnswer(body, r.from.peer.Addr())
		if err != nil {
			l.unusable(i, r, err)
			return
		}
		l.theirs = d
	}
	if l.theirs == nil {
		l.unusable(i, r, errors.New("the answer has no SDP"))
		return
	}
	l.said = l.offer
	l.reached = nil
	if i.home != l.srv.ownIP(i.flow.peer.Addr()) { // it has arrived all the same, and our address is another one
		l.srv.spawn(func() { l.follow(addresses()) })
	}
	l.updates = contains(tokens(r, "Allow"), "UPDATE")
	l.own = ownHeaders(r)
	l.answered(r.at, r.StatusCode)
	l.agreed(r)
	d := l.dialog
	raw, _ := l.srv.inDialog(&d, sip.ACK, i.n, l.auth...) // with the INVITE's credentials (RFC 3261 section 13.2.2.4)
	l.ack = func() { i.tx.ack(d.tag, raw, d.flow) }
	l.keep(i, r, true, l.acknowledge)
}

// acknowledge sends the ACK of the answer, once.
func (l *Leg) acknowledge() {
	if l.ack != nil {
		l.ack()
		l.ack = nil
	}
}

// unusable ends a call that was answered with sound we cannot speak.
func (l *Leg) unusable(i *invitation, r *response, err error) {
	e := leg.Event{Kind: leg.Ended, Cause: leg.Failed, Status: r.StatusCode, Reason: err.Error()}
	l.phase = leaving
	l.srv.dismiss(i, r, "no common codec", func(error) {
		l.mu.Lock()
		defer l.mu.Unlock()
		l.finish(e)
	})
	l.after(l.srv.t.Bye, func() { l.finish(e) })
}

func (l *Leg) refused(i *invitation, r *response) {
	code := r.StatusCode
	if l.phase == leaving && !l.inBye() {
		l.finish(l.cancelledEvent())
		return
	}
	if l.phase != setup {
		return
	}
	if l.reached != nil && (code == 487 || code == 401 || code == 407) {
		l.reached() // it is the one that we have cancelled to send it again
		return
	}
	if code == 401 || code == 407 {
		auth, err := l.keys.answer(r, sip.INVITE, i.uri, l.offer)
		if err == nil {
			l.auth = joinAuth(l.auth, auth)
			if err = l.invite(l.again(i.at)); err == nil {
				return
			}
		}
		l.finish(leg.Event{Kind: leg.Ended, Cause: leg.Fault, Status: code, Reason: err.Error(), Retry: !l.rang})
		return
	}
	if least := seconds(values(r, "Min-SE")); code == 422 && l.wanted() > 0 && least > l.wanted() {
		l.session.least = least
		l.auth, l.keys = nil, l.user.keys() // many take an answer to their challenge once
		if l.invite(l.again(i.at)) == nil {
			return
		}
	}
	if l.to.Encrypt == leg.Offered && l.line.Secret && notAcceptable(code) {
		l.line.Secret, l.ours.lock = false, lock{}
		l.offer = l.ours.offer(sendrecv)
		l.auth, l.keys = nil, l.user.keys() // as above
		if l.invite(l.again(i.at)) == nil {
			return
		}
	}
	if code == 403 && len(l.auth) > 0 {
		// Many registrars refuse a wrong password so, and not with a second 401 (RFC 3261 22.1 allows both).
		l.finish(leg.Event{
			At: r.at, Kind: leg.Ended, Cause: leg.Fault, Status: code, Retry: !l.rang,
			Reason: phrase(code, r.Reason) + " after we gave user and password: " + errPassword.Error() + ", or this line may not call this number",
		})
		return
	}
	if code == 503 {
		l.srv.atlas.suffered(i.at, retryAfter(values(r, "Retry-After")))
		if l.elsewhere() {
			return
		}
	}
	q, text := reasonQ850(values(r, "Reason"))
	cause, retry := judge(code, q, l.rang)
	e := leg.Event{
		At: r.at, Kind: leg.Ended, Cause: cause, Status: code, Reason: phrase(code, r.Reason), Retry: retry,
		RetryAfter: retryAfter(values(r, "Retry-After")), Headers: ownHeaders(r),
	}
	if q != 0 {
		e.Reason += strings.TrimRight(" (Q.850 "+strconv.Itoa(q)+" "+text, " ") + ")"
	}
	if code >= 300 && code < 400 {
		e.Target = movedTo(r)
	}
	l.finish(e)
}

// notAcceptable tells whether a refusal is of the sound that was offered: 415, 488, 606.
func notAcceptable(code int) bool { return code == 415 || code == 488 || code == 606 }

// joinAuth adds an answer to a challenge; an older one to the same realm is replaced.
func joinAuth(all []header, h header) []header {
	realm := func(v string) string {
		_, after, _ := strings.Cut(v, `realm="`)
		r, _, _ := strings.Cut(after, `"`)
		return r
	}
	for k, old := range all {
		if old.name == h.name && realm(old.value) == realm(h.value) {
			all[k] = h
			return all
		}
	}
	return append(all, h)
}

// giveUp ends a call that is not answered; l.mu is held. CANCEL waits until the far end has spoken.
func (l *Leg) giveUp(c leg.Cause, why string) {
	l.phase, l.why, l.pending = leaving, why, c
	if l.spoken {
		l.srv.cancel(l.inv, why, func(int, error) {})
		l.awaitCancelled()
		return
	}
	// Whoever has not got the INVITE yet need not get it any more.
	l.inv.tx.hush()
	l.after(l.srv.t.Silence, l.letGo)
}

func (l *Leg) awaitCancelled() { l.after(l.srv.t.Cancel, l.letGo) }

// letGo ends the leg while its INVITE is still open; abandon goes on watching that.
func (l *Leg) letGo() {
	l.finish(l.cancelledEvent())
}

// cancelledEvent is the end of what we gave up. Where nothing at all was heard it says so, and that another
// trunk may be tried.
func (l *Leg) cancelledEvent() leg.Event {
	e := leg.Event{Kind: leg.Ended, Cause: l.pending, Reason: l.why}
	if !l.met {
		e.Retry, e.Reason = true, fmt.Sprintf("%s does not answer SIP; check its address and the firewall", l.inv.flow.peer)
	}
	return e
}

// inBye tells whether the leg was answered before we left.
func (l *Leg) inBye() bool { return l.dialog.callID != "" }
