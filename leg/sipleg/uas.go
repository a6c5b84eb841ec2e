package sipleg

import (
	"errors"
	"strings"
	"time"

	"github.com/emiago/sipgo/sip"

	"github.com/kaden-project/kaden/leg"
)

// uas is the part of a leg that is called.
type uas struct {
	first    *serverTx // the first INVITE, till its final answer
	localTag string
	asked    *request // the first INVITE, for what its answer has to say; nil after that
	reliable reliable
	merge    string // key of the INVITE in the server's table of merged requests
	unsure   bool   // nothing shows yet that the caller is where he says (mostUnsure)
}

// sure notes that the caller has shown it, or that it does not matter any more; l.mu is held.
func (l *Leg) sure() {
	if l.unsure {
		l.unsure = false
		l.srv.unsure.Add(-1)
	}
}

// mostUnsure is how many calls there may be whose caller has not shown that he hears us: they come over UDP, where a sender can
// be forged, from an address that is known, and have no ACK of ours yet. Each has ports and an application; more are
// refused, so that there is room left for those that we call.
const mostUnsure = 2048

// incoming makes a leg of an INVITE that belongs to no call.
func (s *Server) incoming(r *request) {
	refuse := func(code int, extra ...header) { s.answer(r, code, extra...) }
	if s.cfg.Incoming == nil {
		refuse(404)
		return
	}
	info := leg.Info{
		Inbound: true, From: r.From().Address.String(), To: r.Recipient.String(), CallID: callID(r),
		Source: r.from.peer.String(), Phone: r.phone, Headers: told(r),
	}
	line := s.cameOver(r, &info)
	if r.encrypt != leg.Offered { // whoever may choose has chosen
		line = line.encrypted(r.encrypt)
	}
	var offer *description
	if body := sdpOf(r); body != nil {
		d, err := line.readOffer(body, r.from.peer.Addr())
		if err != nil {
			refuse(488, header{"Warning", `399 kaden "` + strings.ReplaceAll(err.Error(), `"`, "'") + `"`})
			return
		}
		offer = d
	}
	if !offer.fits(r.from.peer.Addr()) {
		refuse(488)
		return
	}
	if s.tooShort(r) {
		refuse(422, header{"Min-SE", inSeconds(s.t.Session)})
		return
	}
	if r.from.udp && r.phone == "" && s.unsure.Load() >= s.cfg.mostUnsure {
		s.noRoom(r, errUnsure)
		return
	}
	sock, err := s.ports.take(s.bindIP(r.from.peer.Addr()))
	if err != nil {
		s.noRoom(r, err)
		return
	}
	tx, ok := s.layer.take(r)
	if !ok {
		s.ports.give(sock)
		return
	}
	l := s.newLeg(info, sock)
	if l.line = line; line.InBand {
		l.listenForTones()
	}
	tx.belongsTo(l)
	l.trace.received(r.at, r.from.peer, r.raw)
	l.theirs = offer
	l.first, l.asked = tx, r
	l.updates = contains(tokens(r, "Allow"), "UPDATE")
	l.reliable.required = contains(tokens(r, "Require"), "100rel")
	l.localTag = fresh(8)
	l.describe(s.soundIP(r.from.peer.Addr()), sock.port)
	local := r.To().Value() + ";tag=" + l.localTag
	l.dialog = dialog{
		callID: callID(r), local: local, remote: r.From().Value(), tag: fromTag(r), target: contact(r),
		back:   r.phone != "",
		routes: routeSet(r, false), theirs: seq(r), ownHost: s.ownHost(r.from), log: l.trace,
	}
	if l.dialog.target == "" {
		l.dialog.target = r.From().Address.String()
	}
	l.dialog.aim(r.from)
	l.contact = s.contact(l.dialog.flow, l.dialog.ownHost, r.Recipient.String())
	if a := s.lines.find(line.Name); a != nil && !secureURI(r.Recipient.String()) {
		if _, contact := a.way(); contact != "" {
			l.contact = contact // behind a router, it is the one that can be reached
		}
	}
	l.key = tableKey(callID(r), l.localTag)
	l.merge = callID(r) + " " + fromTag(r) + " " + itoa(int(seq(r)))
	tx.ifUnacked(l.neverAcked)
	if r.from.udp && r.phone == "" {
		l.unsure = true
		s.unsure.Add(1)
	}
	if err := s.remember(l); err != nil {
		l.sure()
		s.ports.give(sock)
		tx.respond(503, l.localTag, nil, "")
		return
	}
	tx.respond(100, "", nil, "")
	s.spawn(func() { s.cfg.Incoming(l) })
}

var errUnsure = errors.New("too many callers have not shown yet that they hear us")

// noRoom refuses a call. The log says so once a minute: a flood must not fill the disk instead.
func (s *Server) noRoom(r *request, err error) {
	s.answer(r, 503, header{"Retry-After", "10"})
	now := time.Now().Unix()
	if last := s.full.Load(); now-last >= 60 && s.full.CompareAndSwap(last, now) {
		s.log.Error("calls are refused", "from", r.from.peer.String(), "err", err)
	}
}

// told are the headers of an INVITE that an application may want to see.
func told(r *request) map[string]string {
	all := map[string]string{}
	for _, h := range r.Headers() {
		name := h.Name()
		switch lower := strings.ToLower(name); {
		case strings.HasPrefix(lower, "x-"), lower == "p-asserted-identity", lower == "diversion",
			lower == "history-info", lower == "privacy", lower == "user-agent", lower == "subject":
			if len(all) < 64 {
				all[name] = h.Value()
			}
		}
	}
	return all
}

// inDialogHeaders are those of our answers that make or keep the dialog.
func (l *Leg) inDialogHeaders() []header {
	h := []header{{"Contact", l.contact}, {"Allow", allowed}}
	if l.srv.cfg.UserAgent != "" {
		h = append(h, header{"User-Agent", l.srv.cfg.UserAgent})
	}
	return h
}

func (l *Leg) ringBack(early bool) error {
	if !l.info.Inbound {
		return errOutbound
	}
	if l.phase != setup {
		return errEnded
	}
	code, body := 180, ""
	if early && l.theirs != nil {
		code, body = 183, l.ours.answer(l.theirs)
		l.early = true
	}
	if !l.ringReliably(code, body) {
		return errEnded
	}
	if l.early {
		l.applySound()
	}
	l.after(l.srv.t.Remind, func() { l.stillRings(code) })
	return nil
}

// stillRings says again what was said last, for a proxy between us and the caller that would give the call up.
func (l *Leg) stillRings(code int) {
	if l.phase != setup {
		return
	}
	switch {
	case !l.reliable.required:
		l.first.sayAgain()
	case !l.reliable.open: // else it is being repeated anyway
		l.ringReliably(code, "")
	}
	l.after(l.srv.t.Remind, func() { l.stillRings(code) })
}

func (l *Leg) pickUp() error {
	switch {
	case !l.info.Inbound:
		return errOutbound
	case l.phase == up:
		return errTwice
	case l.phase != setup:
		return errEnded
	}
	if l.reliable.waits() {
		l.reliable.answer = true // RFC 3262 section 3: the 200 waits until what was said before has arrived
		return nil
	}
	body := ""
	if l.theirs != nil {
		body = l.ours.answer(l.theirs)
	} else {
		body = l.ours.offer(sendrecv) // the answer comes in the ACK
		l.offered = true
	}
	l.reinvite, l.said = l.first, body
	if !l.first.respond(200, l.localTag, append(l.inDialogHeaders(), l.agree(l.asked)...), body) {
		l.stopSession()
		return errEnded
	}
	l.asked = nil
	l.answered(time.Now(), 200)
	return nil
}

// refuse answers a call that we do not take; l.mu is held.
func (l *Leg) refuse(c leg.Cause, why string) {
	code, known := refusals[c]
	if !known {
		code = 480
		c = leg.Canceled
	}
	l.why = why
	l.first.respond(code, l.localTag, reasonHeader(why), "")
	l.finish(leg.Event{Kind: leg.Ended, Cause: c, Status: code, Reason: why})
}

// callerLeft takes the CANCEL of an INVITE.
func (l *Leg) callerLeft(r *request) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.phase != setup {
		return
	}
	_, text := reasonQ850(values(r, "Reason"))
	l.first.respond(487, l.localTag, nil, "")
	l.finish(leg.Event{At: r.at, Kind: leg.Ended, Cause: leg.CallerLeft, Status: 487, Reason: text})
}

// neverAcked is called when a 200 or a refusal was sent for 64*T1 and nobody acknowledged it.
func (l *Leg) neverAcked() {
	l.mu.Lock()
	l.reinvite = nil
	l.mu.Unlock()
	l.fail(leg.Failed, "our answer was never acknowledged")
}

// acked takes the ACK of a 200: of the answer, or of a re-INVITE's.
func (l *Leg) acked(r *request) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.reinvite == nil || seq(r) != l.reinvite.seq {
		return
	}
	l.reinvite.acked()
	l.reinvite = nil
	l.sure()
	switch {
	case l.parting != nil:
		l.part()
		return
	case !l.offered:
		l.sayHold() // what had to wait
		return
	}
	l.offered = false
	d, err := l.readAnswer(sdpOf(r), r.from.peer.Addr())
	if err != nil {
		if l.phase == up {
			l.leave(leg.Failed, "no usable answer to our offer: "+err.Error())
		}
		return
	}
	l.theirs = d
	l.renewed(r.at)
	l.sayHold()
}

// request takes a request of the dialog that is no ACK and no CANCEL.
func (l *Leg) request(r *request, tx *serverTx) {
	var (
		to       referral
		code     int
		replaces string
	)
	if r.Method == sip.REFER { // looked up before this leg is locked: two calls may name each other
		if to, code = refers(r); code == 0 {
			if other := l.srv.answeredLeg(to.replaces); other != nil && other != l {
				replaces = other.info.CallID
			}
		}
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	tx.belongsTo(l)
	answer := func(code int, extra ...header) { tx.respond(code, "", extra, "") }
	if l.dialog.tag != "" && fromTag(r) != l.dialog.tag {
		answer(481)
		return
	}
	if n := seq(r); n <= l.dialog.theirs && l.dialog.theirs != 0 {
		answer(500) // RFC 3261 section 12.2.2: out of order
		return
	}
	l.dialog.theirs = seq(r)
	if f := l.dialog.flow; l.dialog.back && !r.from.udp && f.stream != nil && !f.stream.open() {
		l.dialog.flow = r.from // it has connected again: there is no other way to it
	}
	if l.phase == over {
		answer(481)
		return
	}
	switch r.Method {
	case sip.BYE:
		answer(200)
		l.hungUp(r)
	case sip.INVITE:
		l.renegotiate(r, tx, true)
	case sip.UPDATE:
		l.renegotiate(r, tx, false)
	case sip.PRACK:
		l.pracked(r, tx)
	case sip.INFO:
		l.info_(r, tx)
	case sip.REFER:
		l.referred(r, tx, to, code, replaces)
	case sip.NOTIFY:
		l.notified(r, tx)
	case sip.OPTIONS:
		tx.respond(200, "", abilities, "")
	default:
		answer(405, header{"Allow", allowed})
	}
}

// hungUp ends a leg whose far end has said BYE.
func (l *Leg) hungUp(r *request) {
	l.parting = nil
	q, text := reasonQ850(values(r, "Reason"))
	e := leg.Event{At: r.at, Kind: leg.Ended, Cause: leg.HungUp, Reason: text}
	switch {
	case l.phase == leaving && l.pending != "":
		e.Cause, e.Reason = l.pending, l.why
	case l.phase == setup && l.info.Inbound: // BYE in the place of CANCEL
		l.first.respond(487, l.localTag, nil, "")
		e.Cause = leg.CallerLeft
	case l.phase == setup: // the far end gives up its early dialog
		e.Cause, _ = judge(480, q, l.rang)
		l.srv.cancel(l.inv, "", func(int, error) {}) // other branches of a fork may still ring
	}
	l.finish(e)
}
