package sipleg

import (
	"context"
	"fmt"
	"strings"
	"time"

	"github.com/emiago/sipgo/sip"

	"github.com/kaden-project/kaden/leg"
)

// Note is a short message in the pager's mode (RFC 3428): it belongs to no call.
type Note struct {
	Phone string // whose it is, user@domain
	To    string // the address it is for
	Kind  string // its Content-Type
	Body  []byte
}

// longestNote is what fits a datagram with the headers around it (RFC 3428 section 8).
const longestNote = 1000

// passOn takes a MESSAGE of a phone that was admitted. It is answered when it has been handed over, or could not be.
func (s *Server) passOn(r *request, tx *serverTx) {
	kind := ""
	if c := r.ContentType(); c != nil {
		kind = c.Value()
	}
	switch {
	case len(r.Body()) > longestNote:
		tx.respond(413, fresh(8), nil, "")
		return
	case len(r.Body()) > 0 && !readable(kind):
		tx.respond(415, fresh(8), []header{{"Accept", "text/*, message/*, application/im-iscomposing+xml"}}, "")
		return
	}
	n := Note{Phone: r.phone, To: r.Recipient.String(), Kind: kind, Body: r.Body()}
	s.spawn(func() {
		ctx, stop := context.WithTimeout(context.Background(), passing)
		defer stop()
		tx.respond(s.cfg.Phones.Text(ctx, n), fresh(8), nil, "")
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

// Text sends a short message to a phone, and gives the status of its answer. An error means that there was none.
func (s *Server) Text(ctx context.Context, to leg.Target, kind string, body []byte) (status int, err error) {
	uri, u, err := requestURI(to)
	if err != nil {
		return 0, err
	}
	if !clean(kind) || len(body) > longestNote {
		return 0, fmt.Errorf("%q of %d bytes cannot be sent as a message", kind, len(body))
	}
	h, err := hopOf(u, to.Via)
	if err != nil {
		return 0, err
	}
	_, f, _, _, err := s.way(ctx, to, u, h)
	if err != nil {
		return 0, err
	}
	call, branch := fresh(12), freshBranch()
	headers := []header{
		{"Via", "SIP/2.0/" + f.proto() + " " + s.ownHost(f) + ";branch=" + branch + ";rport"},
		{"Max-Forwards", "70"},
		{"From", "<sip:" + to.From + "@" + to.FromHost + ">;tag=" + s.id.tag(call)}, {"To", "<" + uri + ">"},
		{"Call-ID", call}, {"CSeq", "1 MESSAGE"},
	}
	got := make(chan int, 1)
	failed := make(chan error, 1)
	tx, err := s.layer.start(outgoing{
		method: sip.MESSAGE, branch: branch, to: f, raw: composeAs("MESSAGE "+uri+" SIP/2.0", headers, kind, string(body)),
		heard: func(r *response) {
			if r.StatusCode >= 200 {
				got <- r.StatusCode
			}
		},
		failed: func(err error) { failed <- err },
	})
	if err != nil {
		return 0, err
	}
	select {
	case status := <-got:
		return status, nil
	case err := <-failed:
		return 0, err
	case <-ctx.Done():
		tx.expire()
		return 0, errNoAnswer
	}
}
