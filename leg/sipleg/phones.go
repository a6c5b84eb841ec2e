package sipleg

import (
	"context"
	"fmt"
	"net/netip"
	"strings"

	"github.com/emiago/sipgo/sip"

	"github.com/kaden-project/kaden/leg"
)

// Phones are those that register here. Its methods but Register are called on the goroutine that reads the socket
// and must not block.
type Phones interface {
	// Concerns tells whether a request, in whole or by its look, is a phone's of ours: it is answered then, though
	// nobody knows its address. known: the address is a trunk's, or allowed.
	Concerns(a Appeal, known bool) bool
	// Familiar tells whether a phone that is registered came from the address: it may send as much as it likes.
	Familiar(a netip.Addr) bool
	// Admit judges who sends a request.
	Admit(a Appeal, known bool) Admission
	// Text hands a short message of a phone that was admitted to whom it is for, and gives the status of what came of it.
	// It may wait for other phones.
	Text(ctx context.Context, n Note) (status int)
	// Register does what a REGISTER of somebody who was admitted asks. It may wait for a disk.
	Register(ctx context.Context, r Registration) Receipt
}

// Appeal is what a request says of itself.
type Appeal struct {
	Method        string
	URI, From, To string   // addresses without names and parameters of the header
	Authorization []string // as they came
	Source        netip.AddrPort
}

// Admission is the verdict: a status to answer with, 0 for nothing at all, or 200 for being let in.
type Admission struct {
	Foreign    bool           // no phone of ours; the other fields say nothing
	Status     int            // 200, 401, 403, or 0: silence
	Phone      string         // 200: who it is, user@domain
	Challenges []string       // 401: the WWW-Authenticate lines
	Encrypt    leg.Encryption // 200: of the sound of its calls
}

// Registration is a REGISTER that was admitted.
type Registration struct {
	Phone     string
	Contacts  []string // headers as they came
	Expires   string   // the header, "" for none
	CallID    string
	CSeq      uint32
	Source    netip.AddrPort
	Transport string // udp, tcp …
	Agent     string
}

// Receipt is the answer to a Registration.
type Receipt struct {
	Status  int
	Reason  string
	Headers [][2]string
}

// asks makes an appeal of a request.
func asks(r *request) Appeal {
	d := describe(r)
	return Appeal{Method: d.Method, URI: d.URI, From: d.From, To: d.To, Authorization: rawValues(r.raw, "authorization"), Source: r.from.peer}
}

// fromPhone asks of a request outside a call whether a phone of ours has sent it, and takes it; false: it goes on as any other.
func (s *Server) fromPhone(r *request) (taken bool) {
	if s.cfg.Phones == nil {
		return false
	}
	switch r.Method {
	case sip.REGISTER, sip.INVITE, sip.MESSAGE:
	default:
		return false
	}
	a := s.cfg.Phones.Admit(asks(r), s.trusted(r))
	switch {
	case a.Foreign:
		return false
	case a.Status == 0:
		return true
	case a.Status != 200:
		extra := make([]header, 0, len(a.Challenges))
		for _, c := range a.Challenges {
			extra = append(extra, header{"WWW-Authenticate", c})
		}
		s.answer(r, a.Status, extra...)
		return true
	}
	s.proved(r.from)
	r.phone, r.encrypt = a.Phone, a.Encrypt
	if r.Method == sip.INVITE {
		return false // it goes on as any other, and says whose it is
	}
	tx, ok := s.layer.take(r)
	switch {
	case !ok:
	case r.Method == sip.REGISTER:
		s.register(r, tx)
	default:
		s.passOn(r, tx)
	}
	return true
}

// trusted tells whether such a call needs no proof: it is a carrier's, or from an address that is allowed.
func (s *Server) trusted(r *request) bool {
	d := describe(r)
	return s.gate.allowed(r.from.peer.Addr()) || s.isCarrier(r.from.peer.Addr(), d.URI) || s.cfg.Known != nil && s.cfg.Known(r.from.peer, d)
}

func (s *Server) register(r *request, tx *serverTx) {
	if unknown := tokens(r, "Require"); len(unknown) > 0 {
		tx.respond(420, fresh(8), []header{{"Unsupported", strings.Join(unknown, ", ")}}, "")
		return
	}
	asked := Registration{
		Phone: r.phone, Contacts: rawValues(r.raw, "contact", "m"), CallID: callID(r), CSeq: seq(r),
		Source: r.from.peer, Transport: strings.ToLower(r.from.proto()), Agent: describe(r).UserAgent,
	}
	if e := rawValues(r.raw, "expires"); len(e) > 0 {
		asked.Expires = e[0]
	}
	s.spawn(func() {
		got := s.cfg.Phones.Register(context.Background(), asked)
		extra := make([]header, 0, len(got.Headers)+1)
		for _, h := range got.Headers {
			extra = append(extra, header{h[0], h[1]})
		}
		if got.Reason != "" && got.Status != 200 {
			extra = append(extra, header{"Warning", `399 kaden "` + strings.ReplaceAll(got.Reason, `"`, "'") + `"`})
		}
		tx.respond(got.Status, fresh(8), extra, "")
	})
}

// rawValues are the values of headers as they were written. Names are in lower case.
func rawValues(raw string, names ...string) (all []string) {
	_, head, _, ok := split([]byte(raw))
	if !ok {
		return nil
	}
	for line := range unfolded(head) {
		name, value, _ := strings.Cut(line, ":")
		name = strings.ToLower(strings.TrimSpace(name))
		for _, n := range names {
			if name == n {
				all = append(all, strings.TrimSpace(value))
			}
		}
	}
	return all
}

// way finds the way to a target: the connection that a phone holds, or the servers of the hop. A phone whose connection
// is closed may take another at its own address (RFC 3261 section 18.1.1), unless it stands behind a router: that lets
// nobody in, and the address may be somebody else's here. Then, or where nothing is taken soon, the error is [leg.ErrGone].
func (s *Server) way(ctx context.Context, to leg.Target, u *sip.Uri, h hop) (at hop, f flow, first place, others []place, err error) {
	if !to.Symmetric || h.proto != "tcp" && h.proto != "tls" {
		f, first, others, err = s.resolve(ctx, h)
		return h, f, first, others, err
	}
	came, err := netip.ParseAddr(strings.Trim(h.host, "[]"))
	if err != nil {
		return h, f, first, nil, fmt.Errorf("%q is no address of a connection", h.host)
	}
	if f, first, held := s.held(came.Unmap(), h); held {
		return h, f, first, nil, nil
	}
	if own, err := netip.ParseAddr(strings.Trim(u.Host, "[]")); err == nil && own.Unmap() != came.Unmap() {
		return h, f, first, nil, fmt.Errorf("%w, and stands behind a router, where nobody can connect to it", leg.ErrGone)
	}
	if at, err = hopOf(u, ""); err != nil {
		return at, f, first, nil, err
	}
	if at.proto == "" {
		at.proto = h.proto // as it came: what was encrypted stays so
	}
	ctx, stop := context.WithTimeout(ctx, s.t.Reopen)
	defer stop()
	if f, first, others, err = s.resolve(ctx, at); err != nil {
		err = fmt.Errorf("%w, and takes no other: %w", leg.ErrGone, err)
	}
	return at, f, first, others, err
}

// held is the connection that a phone has made to us from an address, and holds.
func (s *Server) held(came netip.Addr, h hop) (flow, place, bool) {
	p := place{proto: h.proto, addr: netip.AddrPortFrom(came, uint16(h.port))}
	s.wire.mu.Lock()
	defer s.wire.mu.Unlock()
	over := s.wire.streams[streamKey{peer: p.addr}]
	if over == nil || over.tls != (h.proto == "tls") || !over.open() {
		return flow{}, place{}, false
	}
	return flow{peer: p.addr, stream: over}, p, true
}
