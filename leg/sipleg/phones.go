package sipleg

import (
	"context"
	"net/netip"
	"strings"

	"github.com/emiago/sipgo/sip"
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
	Foreign    bool     // no phone of ours; the other fields say nothing
	Status     int      // 200, 401, 403, or 0: silence
	Phone      string   // 200: who it is, user@domain
	Challenges []string // 401: the WWW-Authenticate lines
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

// Receipt is the answer.
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

// fromPhone takes a request outside a call that a phone of ours has sent; false: it is not one's.
func (s *Server) fromPhone(r *request, tx *serverTx) bool {
	if s.cfg.Phones == nil {
		return false
	}
	switch r.Method {
	case sip.REGISTER, sip.INVITE, sip.MESSAGE:
	default:
		return false
	}
	appeal := asks(r)
	a := s.cfg.Phones.Admit(appeal, s.trusted(r.from) || s.isCarrier(r.from.peer.Addr(), appeal.URI))
	switch {
	case a.Foreign:
		return false
	case a.Status == 200:
		s.gate.befriend(r.from.peer.Addr())
		r.phone = a.Phone
	case a.Status == 0:
		tx.expire()
		return true
	default:
		extra := make([]header, 0, len(a.Challenges))
		for _, c := range a.Challenges {
			extra = append(extra, header{"WWW-Authenticate", c})
		}
		tx.respond(a.Status, fresh(8), extra, "")
		return true
	}
	switch r.Method {
	case sip.REGISTER:
		s.register(r, tx)
		return true
	case sip.MESSAGE:
		tx.respond(405, fresh(8), []header{{"Allow", allowed}}, "")
		return true
	}
	return false // an INVITE goes on as any other, and says whose it is
}

// trusted tells whether calls from there need no proof.
func (s *Server) trusted(from flow) bool {
	return s.gate.allowed(from.peer.Addr()) || s.cfg.Known != nil && s.cfg.Known(from.peer, Request{})
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
