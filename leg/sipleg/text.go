package sipleg

import (
	"bytes"
	"context"
	"strings"
	"time"

	"github.com/kaden-project/kaden/leg"
)

// Note is a short message that came in, in the pager's mode (RFC 3428): it belongs to no call.
type Note struct {
	Phone string // which of our phones has sent it, user@domain; "" where it came over a line
	Line  string // the line it came over; "" where a phone has sent it
	From  string // the address of who writes
	To    string // the address it is for
	Kind  string // its Content-Type
	Body  []byte
	Name  string // the same whenever this message comes again, in every life of the process
}

// note is the message in a MESSAGE. Some gateways begin every message with one Call-ID and CSeq: the words tell them apart.
func (s *Server) note(r *request) Note {
	n := Note{From: r.From().Address.String(), To: r.Recipient.String(), Body: bytes.Clone(r.Body())}
	if c := r.ContentType(); c != nil {
		n.Kind = c.Value()
	}
	n.Name = s.id.mac(16, "note", callID(r), fromTag(r), itoa(int(seq(r))), n.Kind, string(n.Body))
	return n
}

// longestNote is what fits a datagram with the headers around it (RFC 3428 section 8).
const longestNote = 1000

// passOn takes a MESSAGE of a phone that was admitted. It is answered when it has been handed over, or could not be.
func (s *Server) passOn(r *request, tx *serverTx) {
	n := s.note(r)
	n.Phone = r.phone
	switch {
	case len(n.Body) > longestNote:
		tx.respond(413, fresh(8), nil, "")
		return
	case len(n.Body) > 0 && !readable(n.Kind):
		tx.respond(415, fresh(8), []header{{"Accept", "text/*, message/*, application/im-iscomposing+xml"}}, "")
		return
	}
	s.spawn(func() {
		ctx, stop := context.WithTimeout(context.Background(), passing)
		defer stop()
		tx.respond(s.cfg.Phones.Text(ctx, n), fresh(8), nil, "")
	})
}

// mostNote is what is taken of a line: the longest text that anybody may write (1600 characters of up to four bytes), and what
// stands around it.
const mostNote = 8 << 10

// takeNote takes a MESSAGE that a line has brought, where the line carries messages. It is answered when it is kept, or
// could not be.
func (s *Server) takeNote(r *request) {
	refuse := func(code int, extra ...header) { s.answer(r, code, extra...) }
	a := s.lines.from(r.from.peer.Addr(), &r.Recipient)
	n := s.note(r)
	e := tokens(r, "Content-Encoding", "e")
	switch unknown := tokens(r, "Require"); {
	case a == nil || !a.line.Messages || s.cfg.Texts == nil:
		refuse(405, header{"Allow", allowed})
		return
	case len(unknown) > 0:
		refuse(420, header{"Unsupported", strings.Join(unknown, ", ")})
		return
	case len(e) > 0 && !contains(e, "identity"):
		refuse(415, header{"Accept-Encoding", "identity"})
		return
	case len(n.Body) > mostNote:
		refuse(413)
		return
	}
	tx, ok := s.layer.take(r)
	if !ok {
		return
	}
	answer := func(code int, extra ...header) { tx.respond(code, fresh(8), extra, "") }
	i := leg.Info{To: n.To}
	s.cameOver(r, &i)
	n.Line, n.To = i.Line, i.To
	s.spawn(func() {
		ctx, stop := context.WithTimeout(context.Background(), passing)
		defer stop()
		switch status := s.cfg.Texts(ctx, n); status {
		case 415:
			answer(415, header{"Accept", "text/plain, message/cpim, message/imdn+xml"})
		case 503:
			answer(503, header{"Retry-After", "5"})
		default:
			answer(status)
		}
	})
}

// readable tells what is passed on: words, what has become of words (message/imdn+xml), and that somebody is writing
// (RFC 3994). Pictures and files do not fit a datagram.
func readable(kind string) bool {
	kind = strings.ToLower(kind)
	return strings.HasPrefix(kind, "text/") || strings.HasPrefix(kind, "message/") || strings.HasPrefix(kind, "application/im-iscomposing")
}

// passing is how long a message may take on its way, so that its sender is told before it gives up (timer F, 32 s).
const passing = 10 * time.Second
