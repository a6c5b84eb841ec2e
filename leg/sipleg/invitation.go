package sipleg

import (
	"net/netip"
	"sync"
	"sync/atomic"

	"github.com/emiago/sipgo/sip"
)

// invitation is one INVITE of ours as it was sent: what its CANCEL and the ACKs of its answers repeat.
type invitation struct {
	uri     string   // Request-URI
	from    string   // with our tag
	shown   []header // caller ID besides From
	to      string   // without a tag
	callID  string
	n       uint32 // CSeq
	branch  string
	routes  []string // to the outbound proxy, if there is one, and the registrar's Service-Route
	flow    flow
	at      place   // where the flow leads
	others  []place // servers that can be tried in its place
	fixed   bool    // the transport was asked for, so that it is not changed
	ownHost string
	log     *trace
	user    credentials
	back    bool // see dialog

	home, seen netip.Addr // our address towards the far end when it was sent, and how that saw us, if it is a line's

	tx        *clientTx
	cancelled atomic.Bool
	used      atomic.Uint32 // the highest CSeq in the dialogs that its answers have made, as far as is known
}

// sibling is another INVITE of the same attempt, over the same way.
func (i *invitation) sibling(n uint32, branch string) *invitation {
	return &invitation{
		uri: i.uri, from: i.from, shown: i.shown, to: i.to, callID: i.callID, n: n, branch: branch, routes: i.routes,
		flow: i.flow, at: i.at, others: i.others, fixed: i.fixed, ownHost: i.ownHost, log: i.log, user: i.user, back: i.back,
	}
}

// credentials are for digest; the zero value has none.
type credentials struct{ name, password string }

func (c credentials) keys() *keyring { return &keyring{user: c.name, password: c.password} }

// begin is how the INVITE, its CANCEL and the ACK of its refusal start (RFC 3261 sections 9.1 and 17.1.1.3:
// the same Request-URI, Via, From, Call-ID, CSeq number and Routes).
func (i *invitation) begin(method sip.RequestMethod, to string) (first string, headers []header) {
	headers = []header{
		{"Via", "SIP/2.0/" + i.flow.proto() + " " + i.ownHost + ";branch=" + i.branch + ";rport"},
		{"Max-Forwards", "70"},
	}
	for _, r := range i.routes {
		headers = append(headers, header{"Route", r})
	}
	headers = append(headers, header{"From", i.from}, header{"To", to}, header{"Call-ID", i.callID},
		header{"CSeq", itoa(int(i.n)) + " " + string(method)})
	return string(method) + " " + i.uri + " SIP/2.0", headers
}

// refusalACK acknowledges a final response that is no 2xx.
func (i *invitation) refusalACK(to string) []byte {
	first, headers := i.begin(sip.ACK, to)
	return compose(first, headers, "")
}

// cancel sends CANCEL, once. done hears the answer to it, which says nothing about the INVITE's.
func (s *Server) cancel(i *invitation, why string, done func(status int, err error)) {
	if i.cancelled.Swap(true) {
		return
	}
	first, headers := i.begin(sip.CANCEL, i.to)
	_, err := s.layer.start(outgoing{
		method: sip.CANCEL, branch: i.branch, to: i.flow, log: i.log,
		raw: compose(first, append(headers, reasonHeader(why)...), ""),
		heard: func(r *response) {
			if r.StatusCode >= 200 {
				done(r.StatusCode, nil)
			}
		},
		failed: func(err error) { done(0, err) },
	})
	if err != nil {
		go done(0, err)
	}
}

// dialogOf is the dialog that a response to i makes.
func (i *invitation) dialogOf(r *response) *dialog {
	d := &dialog{
		callID: i.callID, local: i.from, remote: r.To().Value(), tag: toTag(r), target: contact(r),
		routes: routeSet(r, true), seq: max(i.n, i.used.Load()), ownHost: i.ownHost, log: i.log, back: i.back,
	}
	if d.target == "" {
		d.target = i.uri // section 12.1.2 requires a Contact; some answer without
	}
	d.aim(r.from)
	return d
}

// dismiss acknowledges an answer that nobody wants and ends its dialog at once: a fork's second one, or the
// 200 that crossed our CANCEL. Without the BYE a person would listen to nothing.
func (s *Server) dismiss(i *invitation, r *response, why string, done func(error)) {
	d := i.dialogOf(r)
	s.log.Warn("answer hung up at once; a carrier that does this often answers late, or one call twice: ask it why, and whether it charges for them",
		"leg", i.callID, "from", r.from.peer.String(), "why", why)
	raw, _ := s.inDialog(d, sip.ACK, i.n)
	i.tx.ack(d.tag, raw, d.flow)
	s.bye(d, i.user.keys(), why, done)
}

// abandon watches an INVITE that nobody waits for any more: it is cancelled as soon as the far end has
// spoken (not before: RFC 3261 section 9.1), and whoever answers all the same is let go. over, which may be
// nil, hears once how it went.
func (s *Server) abandon(i *invitation, why string, over func(error)) {
	var once sync.Once
	tell := func(err error) {
		if over != nil {
			once.Do(func() { over(err) })
		}
	}
	i.tx.listen(func(r *response) {
		switch {
		case r.StatusCode < 200:
			s.cancel(i, why, func(int, error) {})
		case r.StatusCode < 300:
			s.dismiss(i, r, why, tell)
		default:
			tell(nil)
		}
	}, tell)
}
