package sipleg

import (
	"fmt"
	"strings"
	"time"

	"github.com/emiago/sipgo/sip"
)

// receive takes one message off a socket. Messages of one socket come one after the other.
func (s *Server) receive(from flow, data []byte) {
	at := time.Now()
	line, head, body, ok := split(data)
	if !ok {
		return
	}
	if strings.HasPrefix(line, "SIP/") {
		s.receiveResponse(from, data, at)
		return
	}
	why := checkLine(line)
	if why == nil {
		why = checkHead(head)
	}
	var r *request
	if why == nil {
		msg, err := parse(data)
		parsed, is := msg.(*sip.Request)
		if err != nil || !is {
			why = &refusal{code: 400, words: "the message cannot be read"}
		} else {
			r = &request{Request: parsed, from: from, at: at, raw: string(data)}
			why = check(r, len(body))
		}
	}
	if r == nil {
		s.refuseRaw(from, line, head, why)
		return
	}
	s.receiveRequest(r, why)
}

// parse reads a message with sipgo. A panic in there is an error of the message: one datagram must not be
// able to end every call of the house.
func parse(data []byte) (msg sip.Message, err error) {
	defer func() {
		if r := recover(); r != nil {
			err = fmt.Errorf("the parser gave up: %v", r)
		}
	}()
	return parser.ParseSIP(data)
}

// refuseRaw answers what could not be read, if it is from somebody we know.
func (s *Server) refuseRaw(from flow, line string, head []byte, why *refusal) {
	raw := readRaw(line, head)
	_, uri, _ := strings.Cut(line, " ")
	uri, _, _ = strings.Cut(uri, " ")
	asked := Request{Method: raw.method(), URI: uri, From: raw.get("From"), To: raw.get("To"), UserAgent: raw.agent}
	if raw.method() == "ACK" || raw.get("Via") == "" || !s.known(from, asked) {
		return
	}
	s.log.Debug("SIP request refused", "from", from.peer.String(), "status", why.code, "err", why.words)
	s.wire.send(from, raw.refuse(why))
}

func (s *Server) known(from flow, r Request) bool {
	if s.gate.allowed(from.peer.Addr()) || s.isCarrier(from.peer.Addr(), r.URI) {
		s.proved(from)
		return true
	}
	if s.cfg.Known == nil || !s.cfg.Known(from.peer, r) {
		// Somebody who names a domain of ours is answered, and stays a stranger until there is a password.
		return s.cfg.Phones != nil && s.cfg.Phones.Concerns(Appeal{Method: r.Method, URI: r.URI, From: r.From, To: r.To, Source: from.peer}, false)
	}
	s.proved(from)
	return true
}

// proved notes that a message came from somebody we know: he is read as often as he writes, and his connection stays.
func (s *Server) proved(from flow) {
	if !s.gate.allowed(from.peer.Addr()) { // who always is needs no room
		s.gate.befriend(from.peer.Addr())
	}
	if from.stream != nil {
		from.stream.known.Store(true)
	}
}

func (s *Server) receiveRequest(r *request, why *refusal) {
	if r.Method == sip.ACK {
		if why == nil {
			s.receiveACK(r)
		}
		return
	}
	if why == nil || why.code == 405 || why.code == 501 {
		if tx := s.layer.request(r, r.Method); tx != nil {
			_, log := tx.owner()
			log.received(r.at, r.from.peer, r.raw)
			tx.again()
			return
		}
	}
	if r.Method == sip.CANCEL && why == nil {
		if s.receiveCANCEL(r) {
			return
		}
	}
	l := s.find(callID(r), toTag(r))
	if l == nil && !s.known(r.from, describe(r)) {
		return
	}
	if why != nil && why.code == 405 && toTag(r) == "" && (s.cfg.Phones != nil && r.Method == sip.REGISTER || r.Method == sip.MESSAGE) {
		why = nil // what our own phones may send, and lines that carry messages; all others get the same 405 below
	}
	if why != nil {
		s.log.Debug("SIP request refused", "from", r.from.peer.String(), "status", why.code, "err", why.words)
		extra := why.extra
		if why.code == 400 {
			extra = append(extra, header{"Warning", `399 kaden "` + why.words + `"`})
		}
		s.answer(r, why.code, extra...)
		return
	}
	if l == nil {
		s.outOfDialog(r)
		return
	}
	s.proved(r.from) // nobody else knows the names of the dialog
	if tx, ok := s.layer.take(r); ok {
		l.trace.received(r.at, r.from.peer, r.raw)
		l.request(r, tx)
	}
}

// answer answers a request from what it says and keeps nothing of it (RFC 3261 section 8.2.7): it comes again until our
// answer has arrived, and gets the same one.
func (s *Server) answer(r *request, code int, extra ...header) {
	if r.Via() == nil {
		return
	}
	tag := s.id.mac(8, "answer", serverKey(r, r.Method), callID(r), fromTag(r))
	s.wire.send(back(r), reply(r, code, reasons[code], tag, extra, ""))
}

// outOfDialog takes a request that belongs to no call. Anybody can write one with a sender that is not his (section 26.3.2.4), so
// that a transaction is only made of what is taken: of calls, and of what our own phones ask that have proved themselves.
func (s *Server) outOfDialog(r *request) {
	if toTag(r) == "" && s.fromPhone(r) {
		return
	}
	switch {
	case toTag(r) != "", r.Method == sip.CANCEL, r.Method == sip.BYE, r.Method == sip.INFO, r.Method == sip.UPDATE, r.Method == sip.PRACK:
		s.answer(r, 481)
	case r.Method == sip.OPTIONS:
		can := abilities
		if a := s.lines.from(r.from.peer.Addr(), &r.Recipient); a != nil {
			can = append([]header{{"Allow", a.line.allows()}}, abilities[1:]...)
		}
		s.answer(r, 200, can...)
	case r.Method == sip.NOTIFY: // of a subscription that we have not made
		s.answer(r, 481)
	case r.Method == sip.REFER: // nobody is called on the word of whoever is in no call
		s.answer(r, 403)
	case r.Method == sip.MESSAGE:
		s.takeNote(r)
	case r.Method == sip.INVITE:
		s.mu.Lock()
		merged := s.merging[callID(r)+" "+fromTag(r)+" "+itoa(int(seq(r)))] != nil
		closing := s.closing
		s.mu.Unlock()
		switch {
		case merged: // RFC 3261 section 8.2.2.2: the same call by another way
			s.answer(r, 482)
		case closing:
			s.answer(r, 503, header{"Retry-After", "30"})
		default:
			s.incoming(r)
		}
	default:
		s.answer(r, 405, header{"Allow", allowed})
	}
}

func describe(r *request) Request {
	d := Request{Method: string(r.Method), URI: r.Recipient.String()}
	if h := r.From(); h != nil {
		d.From = h.Address.String()
	}
	if h := r.To(); h != nil {
		d.To = h.Address.String()
	}
	if ua := values(r, "User-Agent"); len(ua) > 0 {
		d.UserAgent = ua[0]
	}
	return d
}

// receiveACK: that of a refusal belongs to the transaction, that of a 200 to the dialog.
func (s *Server) receiveACK(r *request) {
	if tx := s.layer.request(r, sip.INVITE); tx != nil {
		_, log := tx.owner()
		log.received(r.at, r.from.peer, r.raw)
		tx.acked()
		if tx.wasRefused() {
			return
		}
	} else if l := s.find(callID(r), toTag(r)); l != nil {
		l.trace.received(r.at, r.from.peer, r.raw)
	}
	if l := s.find(callID(r), toTag(r)); l != nil {
		l.acked(r)
	}
}

// receiveCANCEL answers 200 to the CANCEL and lets the INVITE's owner answer 487; false when there is no such INVITE.
func (s *Server) receiveCANCEL(r *request) bool {
	invite := s.layer.request(r, sip.INVITE)
	if invite == nil {
		return false
	}
	tx, ok := s.layer.take(r)
	if !ok {
		return true
	}
	l, _ := invite.owner()
	tag := fresh(8)
	if l != nil {
		tag = l.localTag // section 9.2: the same To tag as the INVITE's
		tx.belongsTo(l)
		l.trace.received(r.at, r.from.peer, r.raw)
	}
	tx.respond(200, tag, nil, "")
	if l != nil {
		l.callerLeft(r)
	}
	return true
}

func (s *Server) receiveResponse(from flow, data []byte, at time.Time) {
	msg, err := parse(data)
	if err != nil {
		return
	}
	parsed, is := msg.(*sip.Response)
	if !is || parsed.StatusCode < 100 || parsed.StatusCode > 699 || parsed.CSeq() == nil ||
		parsed.Via() == nil || parsed.From() == nil || parsed.To() == nil {
		return
	}
	r := &response{Response: parsed, from: from, at: at, raw: string(data)}
	if tx := s.layer.response(r); tx != nil {
		tx.received(r)
		tx.receive(r)
		return
	}
	s.stray(r)
}
