package clientsdk

import (
	"context"
	"encoding/json"
	"errors"
	"slices"
	"time"

	"github.com/kaden-project/kaden/leg"
	"github.com/kaden-project/kaden/sid"
)

// asking is how long a look into the store may take while a page waits.
const asking = 5 * time.Second

// hear treats one frame of the page, on the reader's goroutine: frames that the page queued while it had no socket
// come right behind its listen, and each has to find what the ones before it did.
func (k *socket) hear(f said) {
	if f.Type == "listen" {
		k.listen(f.Payload.Token)
		return
	}
	k.s.mu.Lock()
	introduced, d := k.claims.Identity != "", k.calls[f.Payload.CallSID]
	k.s.mu.Unlock()
	p := f.Payload
	switch {
	case !introduced:
		k.drop(errOrder)
	case f.Type == "register":
		k.register(p.Media.Audio)
	case f.Type == "invite" && p.Reconnect != "":
		k.reconnect(p.CallSID, p.Reconnect, p.SDP)
	case f.Type == "invite":
		k.invite(p.CallSID, p.SDP, p.Twilio.Params)
	case d == nil:
		k.unknown(f)
	case f.Type == "answer":
		d.answer(k, p.SDP)
	case f.Type == "reinvite":
		d.reinvite(k, p.SDP)
	case f.Type == "reject":
		d.left(leg.Rejected, "")
	case f.Type == "hangup":
		d.left(leg.HungUp, text(p.Message))
	case f.Type == "dtmf":
		d.line.Press(p.DTMF)
	case f.Type == "message":
		k.message(d, f)
	}
}

// text is a message that may be a string or anything else.
func text(raw json.RawMessage) string {
	var s string
	if json.Unmarshal(raw, &s) == nil {
		return s
	}
	return string(raw)
}

// mostHungUp is how many names of calls that were never invited are remembered.
const mostHungUp = 16

// unknown is a frame about a call that is not, or no longer, on this socket.
func (k *socket) unknown(f said) {
	call := f.Payload.CallSID
	switch f.Type {
	case "hangup": // whoever hangs up at once does it before the invitation has left the page, or twice
		if isTemporary(call) {
			k.hungUp = append(k.hungUp, call)
			k.hungUp = k.hungUp[max(0, len(k.hungUp)-mostHungUp):]
		}
	case "answer": // it rang until a moment ago
		k.send(payload{CallSID: call}.frame("hangup"))
	case "reinvite":
		k.send(payload{CallSID: call, Error: &Error{codeNoReconnect, "the call is over"}}.frame("hangup"))
	case "message":
		k.send(payload{CallSID: call, VoiceEventSID: f.Payload.VoiceEventSID, Error: &Error{codeNotFound, "the call is over"}}.frame("error"))
	}
}

// listen checks who the page is: the first frame of a socket, and again whenever the app has a new token.
func (k *socket) listen(token string) {
	now, s := time.Now(), k.s
	ctx, stop := context.WithTimeout(context.Background(), asking)
	defer stop()
	c, err := Verify(ctx, token, s.cfg.Keys)
	var e *Error
	if err != nil && !errors.As(err, &e) {
		k.log.Error("token not checked", "err", err)
		k.drop(&leaving{1013, "keys cannot be looked up at the moment"}) // the page comes again by itself
		return
	}
	s.mu.Lock()
	before := k.claims
	switch {
	case err != nil:
	case before.Identity != "" && c.who() != before.who():
		e = &Error{codeBadToken, "the new token is for another identity"}
	case k.dead:
	default:
		if before.Identity == "" {
			s.unknown--
		}
		k.claims, k.known, k.token = c, true, token
	}
	again := k.wants
	s.mu.Unlock()
	if e != nil {
		if e.Code == codeBadToken && s.bad.erred(k.source, now) {
			e = &Error{codeTooMuch, "too many bad tokens come from this address"}
		}
		k.log.Info("token refused", "err", e)
		k.refuse(e)
		return
	}
	k.expires(c.Expires.Add(skew))
	k.send(payload{
		Token: &standing{c.Identity, max(0, int(c.Expires.Sub(now)/time.Second))}, Home: s.cfg.Home,
	}.frame("connected"))
	switch {
	case again && c.Incoming:
		s.enter(k) // it lapsed meanwhile
	case again:
		s.leave(k, false)
	}
}

// refuse tells the page that its token is no good. One that had a good one keeps that; others are told to give up,
// or they would try the same token again for ever.
func (k *socket) refuse(e *Error) {
	k.error(e, "")
	k.s.mu.Lock()
	stranger := k.claims.Identity == ""
	k.s.mu.Unlock()
	if stranger {
		k.send(payload{}.frame("close"))
	}
}

// allowed is what the page may do, and whether its token is good at the moment.
func (k *socket) allowed() (Claims, bool) {
	k.s.mu.Lock()
	defer k.s.mu.Unlock()
	return k.claims, k.known
}

// still is what the page may do at this moment: since it said who it is, its token may have expired, its key may have been
// deleted, its account suspended. Where that cannot be looked up, what was good then is good still.
func (k *socket) still() (Claims, *Error) {
	c, good := k.allowed()
	if !good {
		return c, &Error{codeExpired, "the token has expired"}
	}
	ctx, stop := context.WithTimeout(context.Background(), asking)
	defer stop()
	var e *Error
	if _, err := Verify(ctx, k.token, k.s.cfg.Keys); !errors.As(err, &e) {
		return c, nil
	}
	k.log.Info("token no longer good", "err", e)
	return c, e
}

// register puts the page on duty or takes it off. The SDK says it again every 30 s.
func (k *socket) register(on bool) {
	k.s.mu.Lock()
	k.wants = on
	k.s.mu.Unlock()
	if !on {
		k.s.leave(k, false)
		k.send(payload{}.frame("offline"))
		return
	}
	switch c, e := k.still(); {
	case e != nil:
		k.error(e, "")
		if k.s.leave(k, false) {
			k.send(payload{}.frame("offline"))
		}
	case !c.Incoming:
		k.error(&Error{codeUnauthorised, "this token allows no incoming calls (grants.voice.incoming.allow)"}, "")
	default:
		k.send(payload{}.frame("ready"))
		k.s.enter(k)
	}
}

// invite is a call that the page makes.
func (k *socket) invite(name, sdp, params string) {
	refuse := func(e *Error) { k.send(payload{CallSID: name, Error: e}.frame("hangup")) }
	if i := slices.Index(k.hungUp, name); i >= 0 {
		k.hungUp = slices.Delete(k.hungUp, i, i+1)
		refuse(nil)
		return
	}
	c, gone := k.still()
	given, err := readParams(params)
	k.s.mu.Lock()
	_, twice := k.calls[name]
	many := len(k.calls)
	k.s.mu.Unlock()
	switch {
	case gone != nil:
		refuse(gone)
	case name == "" || len(name) > 128 || sdp == "" || twice:
		refuse(&Error{codeBadRequest, "an invite needs a callsid of its own and an sdp"})
	case err != nil:
		refuse(&Error{codeBadRequest, err.Error()})
	case c.Application == "":
		refuse(&Error{codeUnauthorised, "this token allows no outgoing calls (grants.voice.outgoing.application_sid)"})
	case many > mostCalls:
		refuse(&Error{codeTooMuch, "more calls than one page may have"})
	default:
		for name := range c.Params {
			given[name] = c.Params[name]
		}
		if err := k.visit(c, name, sdp, Visit{
			Call: sid.New[sid.Call](), Account: c.Account, Identity: c.Identity, Application: c.Application, Params: given,
		}); err != nil {
			var e *Error
			if !errors.As(err, &e) {
				k.log.Warn("call of a page not taken", "err", err)
				e = &Error{codeConnection, "the call could not be taken"}
			}
			refuse(e)
		}
	}
}

// mostCalls is how many calls one page may have at a time, each of which may have two names.
const mostCalls = 20

// visit hands a call of the page to whoever receives it.
func (k *socket) visit(c Claims, name, sdp string, v Visit) error {
	ctx, stop := context.WithTimeout(context.Background(), asking)
	defer stop()
	d := &dialog{s: k.s, who: c.who(), call: string(v.Call), temporary: name, remote: sdp}
	l, err := k.s.cfg.Engine.Answer(context.Background(), leg.Info{ // the line outlives this frame
		Inbound: true, From: "client:" + c.Identity, To: v.Params.Get("To"), CallID: string(v.Call), Source: k.source,
	}, sdp, d)
	if err != nil {
		k.log.Info("call of a page without common ground", "err", err)
		return &Error{codeBadRequest, err.Error()}
	}
	d.line, v.Leg = l, l
	if !k.s.bind(d, k) { // the socket is gone, and so is the call
		l.Left(leg.CallerLeft)
		go drain(l)
		return nil
	}
	if err := k.s.cfg.Receive(ctx, v); err != nil {
		k.s.forget(d)
		l.Left(leg.Failed)
		go drain(l)
		return err
	}
	return nil
}

// drain reads the events of a leg that nobody else reads (the contract of a leg).
func drain(l leg.Leg) {
	for range l.Events() {
	}
}

// reconnect is a page that is back after its socket was cut, or that renewed its token, or another page that takes a
// call over (connectToken).
func (k *socket) reconnect(call, token, sdp string) {
	c, good := k.allowed()
	s := k.s
	s.mu.Lock()
	d := s.tokens[token]
	if d != nil && !d.answered && d.sock == k {
		s.mu.Unlock()
		return // it rings here, and does not know better
	}
	if !good || d == nil || d.over || d.who != c.who() || d.call != call {
		s.mu.Unlock()
		k.send(payload{CallSID: call, Error: &Error{codeNoReconnect, "this call cannot be taken up again"}}.frame("hangup"))
		return
	}
	before := d.sock
	same := sameMedia(d.remote, sdp)
	s.mu.Unlock()
	if !s.bind(d, k) {
		return
	}
	if !same && before != nil && before != k { // another page has it now
		before.send(payload{CallSID: call}.frame("hangup"))
	}
	d.log().Info("call taken up again", "same page", same)
	d.renegotiate(k, sdp, same)
}

// message is what a page says on a call.
func (k *socket) message(d *dialog, f said) {
	p := f.Payload
	var e *Error
	switch {
	case len(p.Content) > mostMessage:
		e = &Error{codeMessageSize, "a message has 10 kB at most"}
	case p.MessageType != userMessage:
		e = &Error{codeMessageType, "messages are of the type " + userMessage}
	case k.s.cfg.Message != nil:
		err := k.s.cfg.Message(Message{
			Account: d.who.account, Call: sid.Call(d.call), Identity: d.who.identity,
			Content: string(p.Content), ContentType: p.ContentType, SID: p.VoiceEventSID,
		})
		if err != nil && !errors.As(err, &e) {
			e = &Error{codeConnection, err.Error()}
		}
	}
	if e != nil {
		k.send(payload{CallSID: p.CallSID, VoiceEventSID: p.VoiceEventSID, Error: e}.frame("error"))
		return
	}
	k.send(payload{CallSID: p.CallSID, VoiceEventSID: p.VoiceEventSID, AckType: "message"}.frame("ack"))
}

const mostMessage = 10 << 10
