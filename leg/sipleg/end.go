package sipleg

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/netip"

	"github.com/emiago/sipgo/sip"

	"github.com/kaden-project/kaden/leg"
)

var _ leg.Ender = (*Server)(nil)

// afterwards is how many CSeqs an earlier life may have used without storing anything: the INVITE itself and
// the one that answers a challenge.
const afterwards = 2

// refreshes is more than the signs of life that any call has given, and than the PRACKs of any. It is added where what was
// used is not known: any higher number will do (RFC 3261 section 12.2.2); a lower one is refused.
const refreshes = 10_000

var errUnconfirmed = errors.New("the far end has not confirmed that the call is over")

// End ends a call that an earlier life of the process has left: BYE if it was answered, else CANCEL, and BYE
// should it be answered meanwhile. nil means that the far end has confirmed, or knows of no such call.
func (s *Server) End(ctx context.Context, to leg.Target, o leg.Options, r leg.Remains) error {
	ctx, stop := context.WithTimeout(ctx, s.t.End)
	defer stop()
	var was remains
	if len(r) > 0 {
		if err := json.Unmarshal(r, &was); err != nil {
			return fmt.Errorf("what is left of the call cannot be read: %w", err)
		}
	}
	call := s.id.callID(o.ID)
	if l := s.find(call, s.id.tag(call)); l != nil { // of this life, after all
		return l.endNow(ctx)
	}
	done := make(chan error, 1)
	tell := func(err error) {
		select {
		case done <- err:
		default:
		}
	}
	if was.Answered {
		if err := s.endDialog(ctx, to, was, tell); err != nil {
			return err
		}
	} else if err := s.endInvite(ctx, to, o, was, tell); err != nil {
		return err
	}
	select {
	case err := <-done:
		return err
	case <-ctx.Done():
		return errUnconfirmed
	case <-s.stopped:
		return errClosing
	}
}

// endNow hangs up and waits.
func (l *Leg) endNow(ctx context.Context) error {
	l.hangup(leg.Canceled, "ended by order")
	select {
	case <-l.gone:
		return nil
	case <-ctx.Done():
		return errUnconfirmed
	}
}

func (s *Server) endDialog(ctx context.Context, to leg.Target, was remains, done func(error)) error {
	peer, err := netip.ParseAddrPort(was.Peer)
	if err != nil {
		return fmt.Errorf("what is left of the call cannot be read: %w", err)
	}
	f := flow{udp: !was.TCP, peer: peer}
	s.gate.befriend(peer.Addr())
	if was.TCP {
		if f, err = s.reach(ctx, place{proto: was.proto(), addr: peer, name: was.Name}); err != nil {
			return err
		}
	}
	d := &dialog{
		callID: was.CallID, local: was.From, remote: was.To, target: was.Target, routes: was.Routes,
		seq: was.CSeq, flow: f, ownHost: s.ownHost(f),
	}
	if was.Timer {
		d.seq += refreshes
	}
	s.bye(d, credentials{to.Username, to.Password}.keys(), "ended after a restart", done)
	return nil
}

// endInvite cancels every INVITE that may have been sent, and takes the answers that come to them.
func (s *Server) endInvite(ctx context.Context, to leg.Target, o leg.Options, was remains, done func(error)) error {
	if o.ID == "" {
		return errors.New("an attempt without an ID cannot be ended by another life of the process")
	}
	first, err := s.invitation(ctx, to, o.ID)
	if err != nil {
		return err
	}
	last := max(1, was.Invite)
	if to.Username != "" || len(first.others) > 0 || to.Encrypt == leg.Offered { // a challenge may have been answered, another server tried, or the clear
		last = max(afterwards, was.Invite)
	}
	var sent []*invitation
	for _, p := range append([]place{first.at}, first.others...) {
		f, err := s.reach(ctx, p)
		if err != nil {
			s.log.Warn("whether a server has a call of an earlier life cannot be asked", "err", err)
			continue
		}
		for n := uint32(1); n <= last; n++ {
			i := first.sibling(n, s.id.branch(o.ID, n, p.addr))
			i.flow, i.at, i.ownHost = f, p, cmp.Or(was.Host, s.ownHost(f))
			i.used.Store(n + refreshes)
			sent = append(sent, i)
		}
	}
	if len(sent) == 0 {
		return errUnconfirmed
	}
	unknown := make(chan struct{}, len(sent))
	for _, i := range sent {
		tx, err := s.layer.prepared(outgoing{method: sip.INVITE, branch: i.branch, to: i.flow, ackOf: i.refusalACK})
		if err != nil {
			return err
		}
		i.tx = tx
		tx.expireIn(s.t.all())
		s.abandon(i, "ended after a restart", done)
		elsewhere := i.ownHost != s.ownHost(i.flow)
		s.cancel(i, "ended after a restart", func(status int, err error) {
			switch {
			case status == 481:
				unknown <- struct{}{}
			case elsewhere && status/100 == 2: // the INVITE's own answer goes where that came from
				done(nil)
			}
		})
	}
	s.spawn(func() {
		for range sent {
			select {
			case <-unknown:
			case <-ctx.Done():
				return
			}
		}
		done(nil) // nobody knows of any of them
	})
	return nil
}

// stray takes a response that no transaction waits for. A 200 to an INVITE of an earlier life is
// acknowledged and ended: somebody has answered a call that nobody here wants to make any more.
func (s *Server) stray(r *response) {
	if r.StatusCode < 200 || r.StatusCode >= 300 || r.CSeq().MethodName != sip.INVITE {
		return
	}
	if !s.id.ours(callID(r), fromTag(r)) || toTag(r) == "" {
		return
	}
	if s.find(callID(r), fromTag(r)) != nil {
		return // its leg has acknowledged it
	}
	i := &invitation{
		uri: contact(r), from: r.From().Value(), to: r.To().Value(), callID: callID(r), n: seq(r), branch: branch(r),
		flow: r.from, ownHost: s.ownHost(r.from),
	}
	tx, err := s.layer.prepared(outgoing{method: sip.INVITE, branch: i.branch, to: i.flow, ackOf: i.refusalACK})
	if err != nil {
		return
	}
	i.tx = tx
	i.used.Store(i.n + refreshes)
	tx.expireIn(s.t.all())
	s.log.Warn("answer to a call of an earlier life; it is ended", "leg", i.callID, "from", r.from.peer.String())
	s.abandon(i, "ended after a restart", nil)
	tx.receive(r)
}
