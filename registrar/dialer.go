package registrar

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"slices"
	"sync"

	"github.com/kaden-project/kaden/account"
	"github.com/kaden-project/kaden/leg"
	"github.com/kaden-project/kaden/media"
)

// Dialer dials SIP addresses. Those of our own domains go to where their phones are; all others are SIP's.
type Dialer struct {
	Registrar *Registrar
	SIP       leg.Dialer
}

var (
	_ leg.Dialer = (*Dialer)(nil)
	_ leg.Ender  = (*Dialer)(nil)
)

// Dial calls to. A user of ours is rung at every contact at once, as one leg: the first to answer is it, and the
// others fall silent. Who has no contact cannot be reached (480), which is a leg's end and no error. A contact whose
// connection is closed, and to which none can be opened, is forgotten.
func (d *Dialer) Dial(ctx context.Context, to leg.Target, o leg.Options) (leg.Leg, error) {
	domain, list, ours := d.Registrar.Find(userOf(to.URI), hostOf(to.URI))
	if !ours || to.Via != "" {
		return d.SIP.Dial(ctx, to, o)
	}
	if err := context.Cause(ctx); err != nil {
		return nil, err
	}
	r := newRing(leg.Info{From: "sip:" + to.From + "@" + domain, To: to.URI, Phone: userOf(to.URI) + "@" + domain}, o.Keep, len(list))
	if len(list) == 0 {
		r.finish(unregistered)
		return r, nil
	}
	arms := make([]*arm, len(list))
	var dialling sync.WaitGroup
	for i, c := range list { // at once: one whose connection is gone holds up none of the others
		arms[i] = &arm{ring: r, id: armID(o.ID, c), target: d.Registrar.target(to, c)}
		dialling.Go(func() { arms[i].dial(ctx, d.SIP, o.Beside) })
	}
	dialling.Wait()
	for i, a := range arms {
		if errors.Is(a.failed, leg.ErrGone) {
			go d.Registrar.forget(list[i], a.failed)
		}
	}
	r.start(slices.DeleteFunc(arms, func(a *arm) bool {
		if a.leg == nil {
			r.lost(leg.Event{Kind: leg.Ended, Cause: leg.Unreachable, Status: 480, Reason: a.failed.Error()})
		}
		return a.leg == nil
	}))
	return r, nil
}

// dial calls one phone.
func (a *arm) dial(ctx context.Context, d leg.Dialer, beside *media.Seat) {
	var sub context.Context
	sub, a.stop = context.WithCancelCause(ctx)
	if a.leg, a.failed = d.Dial(sub, a.target, leg.Options{ID: a.id, Keep: a.keep(), Beside: beside}); a.failed != nil {
		a.leg = nil
		a.stop(nil)
	}
}

// unregistered is the end of a call to somebody who is not here: 480 without ringing.
var unregistered = leg.Event{Kind: leg.Ended, Cause: leg.Unreachable, Status: 480, Reason: "no phone of that user is registered here"}

// target is how a contact is called.
func (r *Registrar) target(to leg.Target, c Contact) leg.Target {
	t := to
	t.URI, t.Via, t.Symmetric, t.Phone = c.URI, "", c.Back, c.AOR()
	switch s := r.Sound(c.User, c.Domain); {
	case s == account.SRTPRequired:
		t.Encrypt = leg.Required
	case s == account.SRTPOffered && c.Transport == "tls": // elsewhere everybody could read the key
		t.Encrypt = leg.Offered
	}
	t.Username, t.Password = "", "" // those are for somebody else's server
	if t.FromHost == "" {
		t.FromHost = c.Domain
	}
	t.Headers = maps.Clone(to.Headers)
	if c.Back {
		t.Via = "sip:" + c.Source.String() + ";transport=" + c.Transport
	}
	return t
}

// armID names a contact's leg. It is made from the contact, so that a later life of the process names it alike.
func armID(id string, c Contact) string {
	if id == "" {
		return ""
	}
	return id + "~" + c.ID[:min(12, len(c.ID))]
}

// remains are what is left of a ring: those of its arms.
type remains struct {
	Arms map[string]armRemains `json:"arms"`
}

type armRemains struct {
	Target  leg.Target      `json:"target"`
	Remains json.RawMessage `json:"remains,omitempty"`
}

// End ends what an earlier life of the process left of a call to one of our users, at every contact.
func (d *Dialer) End(ctx context.Context, to leg.Target, o leg.Options, left leg.Remains) error {
	e, ok := d.SIP.(leg.Ender)
	if !ok {
		return errors.New("nothing here ends calls of an earlier life")
	}
	_, list, ours := d.Registrar.Find(userOf(to.URI), hostOf(to.URI))
	if !ours || to.Via != "" {
		return e.End(ctx, to, o, left)
	}
	was := remains{}
	if len(left) > 0 {
		if err := json.Unmarshal(left, &was); err != nil {
			return fmt.Errorf("what is left of the call cannot be read: %w", err)
		}
	}
	arms := map[string]armRemains{}
	for _, c := range list {
		arms[armID(o.ID, c)] = armRemains{Target: d.Registrar.target(to, c)}
	}
	maps.Copy(arms, was.Arms)
	var ending sync.WaitGroup
	errs := make(chan error, len(arms))
	for id, a := range arms {
		ending.Go(func() { errs <- e.End(ctx, a.Target, leg.Options{ID: id}, leg.Remains(a.Remains)) })
	}
	ending.Wait()
	close(errs)
	var all []error
	for err := range errs {
		all = append(all, err)
	}
	return errors.Join(all...)
}
