package sipleg

import (
	"context"
	"errors"

	"github.com/emiago/sipgo/sip"
)

// inquiry is a request of ours that belongs to no call: REGISTER, OPTIONS, MESSAGE. Its number goes up with each one sent.
type inquiry struct {
	method     sip.RequestMethod
	uri        string
	from, to   string // from with our tag
	callID     string
	seq        uint32
	routes     []string
	keys       *keyring
	kind, body string // what it carries; "" is nothing
}

// inquire sends it over f and gives the final answer; challenges are answered. An error means that there was none
// in time, or that a challenge could not be answered: then the answer comes with it.
func (s *Server) inquire(ctx context.Context, f flow, q *inquiry, extra ...header) (*response, error) {
	var auth []header
	for {
		r, err := s.inquireOnce(ctx, f, q, append(extra[:len(extra):len(extra)], auth...))
		if err != nil || r.StatusCode != 401 && r.StatusCode != 407 {
			return r, err
		}
		h, err := q.keys.answer(r, q.method, q.uri, q.body)
		if err != nil {
			return r, err
		}
		auth = joinAuth(auth, h)
	}
}

// written is the inquiry as it is sent over f.
func (s *Server) written(f flow, q *inquiry, branch string, extra []header) []byte {
	headers := []header{
		{"Via", "SIP/2.0/" + f.proto() + " " + s.ownHost(f) + ";branch=" + branch + ";rport"},
		{"Max-Forwards", "70"},
	}
	for _, r := range q.routes {
		headers = append(headers, header{"Route", r})
	}
	headers = append(headers,
		header{"From", q.from}, header{"To", q.to}, header{"Call-ID", q.callID},
		header{"CSeq", itoa(int(q.seq)) + " " + string(q.method)})
	if s.cfg.UserAgent != "" {
		headers = append(headers, header{"User-Agent", s.cfg.UserAgent})
	}
	return composeAs(string(q.method)+" "+q.uri+" SIP/2.0", append(headers, extra...), q.kind, q.body)
}

// inquireOnce sends it and gives its final answer, whatever that is. The error is an [Unsent] where nothing has left.
func (s *Server) inquireOnce(ctx context.Context, f flow, q *inquiry, extra []header) (*response, error) {
	q.seq++
	branch := freshBranch()
	got := make(chan *response, 1)
	failed := make(chan error, 1)
	tx, err := s.layer.start(outgoing{
		method: q.method, branch: branch, to: f, raw: s.written(f, q, branch, extra),
		heard: func(r *response) {
			if r.StatusCode >= 200 {
				got <- r
			}
		},
		failed: func(err error) { failed <- err },
	})
	if err != nil {
		return nil, &Unsent{Err: err}
	}
	select {
	case r := <-got:
		return r, nil
	case err := <-failed:
		return nil, err
	case <-ctx.Done():
		tx.expire()
		if errors.Is(ctx.Err(), context.DeadlineExceeded) {
			return nil, errNoAnswer
		}
		return nil, context.Cause(ctx)
	}
}
