package sipleg

import (
	"context"
	"fmt"
	"net/netip"
	"strings"
	"time"

	"github.com/emiago/sipgo/sip"
)

// Finding is one thing that was looked at about a line, in words.
type Finding struct {
	What   string
	Text   string
	Remedy string // what to do; "" unless Wrong
	Wrong  bool
	Unsure bool // the carrier does not say
}

func right(what, format string, args ...any) Finding {
	return Finding{What: what, Text: fmt.Sprintf(format, args...)}
}

func unsaid(what, format string, args ...any) Finding {
	return Finding{What: what, Text: fmt.Sprintf(format, args...), Unsure: true}
}

func wrong(what, remedy, format string, args ...any) Finding {
	return Finding{What: what, Text: fmt.Sprintf(format, args...), Remedy: remedy, Wrong: true}
}

// Check looks at a line now: whether its servers are found, answer, and let us sign on, and whether something on the
// way rewrites what we say. Nobody is called. It answers false where there is no such line. It may take a few seconds
// for each server that does not answer.
func (s *Server) Check(ctx context.Context, name string) ([]Finding, bool) {
	a := s.lines.find(name)
	if a == nil {
		return nil, false
	}
	h, err := a.line.hop()
	if err != nil {
		return []Finding{wrong("server", "mend server: or proxy: of the trunk", "%v", err)}, true
	}
	all, err := s.places(ctx, h)
	if err != nil {
		why, remedy := explainSilence(h.host, err)
		return []Finding{wrong("server", remedy, "%s", why)}, true
	}
	a.found(all)
	var out []Finding
	answered := false
	for _, p := range all {
		found, ok := s.checkPlace(ctx, a.line, p, h.route)
		out = append(out, found...)
		answered = answered || ok
	}
	if !answered {
		return out, true // what it would say to a REGISTER, nobody knows
	}
	return append(out, a.checkRegistration(ctx)), true
}

// checkPlace asks one server with OPTIONS. Whatever it answers, it is there.
func (s *Server) checkPlace(ctx context.Context, l Line, p place, route string) (out []Finding, answered bool) {
	f, err := s.reach(ctx, p)
	if err != nil {
		why, remedy := explainSilence(p.String(), err)
		return []Finding{wrong("server", remedy, "%s: %s", p, why)}, false
	}
	begun := time.Now()
	r, err := s.options(ctx, l, p, f, route)
	if err != nil {
		why, remedy := explainSilence(p.String(), err)
		return []Finding{wrong("server", remedy, "%s", why)}, false
	}
	s.atlas.served(p)
	out = append(out, right("server", "%s answers in %v (OPTIONS: %s)", p, time.Since(begun).Round(time.Millisecond), phrase(r.StatusCode, r.Reason)))
	out = append(out, s.checkWay(f, r))
	if l.Messages {
		out = append(out, checkMessages(r))
	}
	return out, true
}

// checkMessages looks whether a server says that it takes short messages. Many say only what they do themselves, and not
// what stands behind them does.
func checkMessages(r *response) Finding {
	switch allow := tokens(r, "Allow"); {
	case contains(allow, string(sip.MESSAGE)):
		return right("messages", "it says that it takes short messages (Allow: MESSAGE)")
	case len(allow) > 0:
		return unsaid("messages", "MESSAGE is not among what it allows (%s); only a short message shows whether it carries any", strings.Join(allow, ", "))
	}
	return unsaid("messages", "it does not say whether it takes short messages; only one shows")
}

// options asks a line's server over a flow whether it is there, and gives its answer, whatever it is.
func (s *Server) options(ctx context.Context, l Line, p place, f flow, route string) (*response, error) {
	call := fresh(16)
	own := "sip:" + s.ownHost(f)
	q := inquiry{
		method: sip.OPTIONS, uri: "sip:" + l.domain(), from: "<" + own + ">;tag=" + s.id.tag(call), to: "<sip:" + l.domain() + ">", callID: call,
		keys: l.credentials().keys(),
	}
	if route != "" {
		q.routes = []string{route}
	}
	ask, stop := context.WithTimeout(ctx, s.t.Ask)
	defer stop()
	r, err := s.inquireOnce(ask, f, &q, []header{{"Contact", s.contact(f, s.ownHost(f), "")}, {"Accept", "application/sdp"}})
	if err != nil && ctx.Err() == nil {
		s.atlas.suffered(p, 0)
	}
	return r, err
}

// checkWay looks for what changes our messages under way. A server that sees us at another address than the one we
// wrote has to say so (RFC 3261 section 18.2.1). If it does not, somebody has rewritten that address before.
func (s *Server) checkWay(f flow, r *response) Finding {
	const remedy = `switch "SIP ALG" (also "SIP helper", "VoIP pass-through") off in the router: it breaks calls sooner or later. TCP or TLS passes it by: server: sip:…;transport=tls`
	via := r.Via()
	said := s.ownHost(f)
	if echoed := bracketed(via.Host) + ":" + itoa(portNumber(via.Port)); echoed != said {
		return wrong("way", remedy, "we wrote that we are at %s, and the answer says %s: a SIP ALG is in the way", said, echoed)
	}
	text, has := via.Params.Get("received")
	seen, err := netip.ParseAddr(strings.Trim(text, "[]"))
	own, ownErr := netip.ParseAddr(strings.Trim(said[:strings.LastIndex(said, ":")], "[]"))
	switch {
	case ownErr != nil:
		return right("way", "we are known as %s", said)
	case has && err == nil && seen.Unmap() != own.Unmap():
		return right("way", "behind a NAT: we are %s, and are seen as %s", own, seen)
	case !has && own.IsPrivate() && !f.peer.Addr().IsPrivate() && !f.peer.Addr().IsLoopback():
		return wrong("way", remedy, "we wrote a private address (%s), and the carrier has not noticed: a SIP ALG has changed it", own)
	}
	return right("way", "seen as we are: %s", said)
}

// checkRegistration signs on now, whatever the plan was.
func (a *attendant) checkRegistration(ctx context.Context) Finding {
	if !a.line.Register {
		if a.line.User == "" {
			return unsaid("account", "the carrier knows us by our address; only a call shows whether it does (--call NUMBER)")
		}
		return unsaid("account", "it is asked for with each call; only a call shows whether the password is right (--call NUMBER)")
	}
	done := make(chan struct{})
	select {
	case a.now <- done:
	case <-ctx.Done():
		return unsaid("registration", "it takes too long")
	}
	select {
	case <-done:
	case <-ctx.Done():
		return unsaid("registration", "it takes too long")
	}
	s := a.Standing()
	switch {
	case s.Holder != "":
		return a.checkElsewhere(s)
	case s.Condition == Waiting:
		return unsaid("registration", "it is no node's yet; ask again in a moment")
	case s.Condition != Registered:
		return wrong("registration", s.Remedy, "%s", s.Why)
	}
	text := fmt.Sprintf("signed on as %s at %s for %v", a.line.User, a.line.domain(), time.Until(s.Until).Round(time.Second))
	if s.Removed > 0 {
		text += fmt.Sprintf("; %d contacts of earlier lives were taken away", s.Removed)
	}
	return right("registration", "%s", text)
}

// Explain says what a refusal of a call mostly means and what to do about it, for people. why is "" for what needs no
// explanation.
func Explain(status int) (why, remedy string) { return explainStatus(status, "") }
