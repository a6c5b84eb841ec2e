package sipleg

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/emiago/sipgo/sip"

	"github.com/kaden-project/kaden/leg"
)

// Letter is a short message that we send (RFC 3428).
type Letter struct {
	ID   string // names it: the same has the same Call-ID in every life of the process. "" is any
	Kind string // its Content-Type
	Body string
}

// Reply is the final answer to a Letter.
type Reply struct {
	Status     int
	Reason     string        // as the far end says it; or why a challenge could not be answered
	RetryAfter time.Duration // 0: it does not say
}

// Unsent is an error after which nothing has left the house: the same may be sent again.
type Unsent struct {
	Err  error
	Ever bool // the next try would end alike
}

func (u *Unsent) Error() string { return u.Err.Error() }

// Unwrap is what went wrong.
func (u *Unsent) Unwrap() error { return u.Err }

// Write sends a short message, over the line of the target as a call would go: our number stands where the carrier looks
// for it, challenges are answered, and the next server is tried where one has certainly not taken it (503, no
// connection). The error is an *Unsent where nothing has left; after any other nobody knows.
func (s *Server) Write(ctx context.Context, to leg.Target, m Letter) (Reply, error) {
	if _, _, err := requestURI(to); err != nil {
		return Reply{}, &Unsent{err, true}
	}
	if !clean(m.Kind) {
		return Reply{}, &Unsent{fmt.Errorf("%q is no Content-Type", m.Kind), true}
	}
	id := m.ID
	if id != "" {
		id = "message " + id
	}
	i, err := s.invitation(ctx, to, id)
	if err != nil {
		return Reply{}, &Unsent{Err: err}
	}
	q := &inquiry{method: sip.MESSAGE, uri: i.uri, from: i.from, to: i.to, callID: i.callID, routes: i.routes, kind: m.Kind, body: m.Body}
	for {
		q.keys = i.user.keys()
		err := s.fit(ctx, i, q)
		var r *response
		if err == nil {
			r, err = s.inquire(ctx, i.flow, q, i.shown...)
		}
		var no *Unsent
		switch unsent := errors.As(err, &no); {
		case unsent && no.Ever:
			return Reply{}, err
		case r != nil && r.StatusCode != 503:
			s.atlas.served(i.at)
			return replyOf(r, err), nil
		case r != nil:
			s.atlas.suffered(i.at, retryAfter(values(r, "Retry-After")))
			err = nil
		case ctx.Err() != nil:
			return Reply{}, err
		default:
			s.atlas.suffered(i.at, 0)
			if !unsent {
				return Reply{}, err
			}
		}
		if moved := s.nextServer(ctx, i); !moved && r != nil {
			return replyOf(r, nil), nil
		} else if !moved {
			return Reply{}, err
		}
	}
}

func replyOf(r *response, err error) Reply {
	a := Reply{Status: r.StatusCode, Reason: r.Reason, RetryAfter: retryAfter(values(r, "Retry-After"))}
	if err != nil {
		a.Reason = err.Error()
	}
	return a
}

// nextServer goes on to the next server of the carrier; false where there is none.
func (s *Server) nextServer(ctx context.Context, i *invitation) bool {
	for len(i.others) > 0 {
		at := i.others[0]
		i.others = i.others[1:]
		if f, err := s.reach(ctx, at); err == nil {
			i.at, i.flow, i.ownHost = at, f, s.ownHost(f)
			return true
		}
	}
	return false
}

// fit takes TCP for a message that is too large for a datagram. Where there is none it is not sent: a call's INVITE may go
// in pieces, a message must not (RFC 3428 section 8).
func (s *Server) fit(ctx context.Context, i *invitation, q *inquiry) error {
	size := len(s.written(i.flow, q, i.branch, i.shown))
	large := size > maxDatagramINVITE || i.user.name != "" && size+challengeRoom > wholeDatagram
	if !i.flow.udp || !large {
		return nil
	}
	wide := place{proto: "tcp", addr: i.at.addr, name: i.at.name}
	why := errors.New("UDP is asked for")
	if !i.fixed && s.atlas.rests(wide) {
		why = fmt.Errorf("%s has not answered over TCP of late", wide.addr)
	} else if !i.fixed {
		var f flow
		ctx, stop := context.WithTimeout(ctx, widening)
		defer stop()
		if f, why = s.reach(ctx, wide); why == nil {
			i.flow, i.at, i.ownHost = f, wide, s.ownHost(f)
			return nil
		}
	}
	return &Unsent{&TooLarge{size, why}, true}
}

// TooLarge is why a message is not sent that does not fit a datagram.
type TooLarge struct {
	Bytes int   // of the whole request
	Why   error // why it does not go over TCP
}

func (t *TooLarge) Error() string {
	return fmt.Sprintf("with its headers the message has %d bytes; that is too much for UDP, and over TCP it does not go: %v", t.Bytes, t.Why)
}

// Text sends a short message to a phone, and gives the status of its answer. An error means that there was none.
func (s *Server) Text(ctx context.Context, to leg.Target, kind string, body []byte) (status int, err error) {
	got, err := s.Write(ctx, to, Letter{Kind: kind, Body: string(body)})
	return got.Status, err
}
