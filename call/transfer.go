package call

import (
	"context"
	"errors"
	"sync"
	"time"

	"github.com/kaden-project/kaden/leg"
)

// Referral is the wish of a far end that somebody be called in its place: a phone's transfer key, a REFER.
type Referral struct {
	Target  string            // a sip:, sips: or tel: address, or a number as it was written
	Headers map[string]string // for the new call; a stranger's words
	// Replaces is an attended transfer: the name of another leg of ours ([leg.Named]), whose far end is to be connected in the
	// place of Target; "" is a blind one.
	Replaces string
	// Program, where it is not nil, is decided already: it goes on with whoever stays, whatever Target says.
	Program *Program
}

// transfers is what a call has to do with them. The zero value knows of none.
type transfers struct {
	mu   sync.Mutex
	take func(Referral) bool // who sees to wishes of the far end; nil: nobody
	told chan int            // what the far end says of a transfer that we have asked for; nil: we have asked for none
}

// OnRefer lets take see to each wish of the far end to be replaced, instead of whoever did before, until undo is called.
// take runs on the goroutine that owns the call and must not wait. It tells whether somebody sees to it; that one
// answers with [Call.Referring]. What nobody sees to is declined (603).
func (c *Call) OnRefer(take func(Referral) bool) (undo func()) {
	c.transfers.mu.Lock()
	defer c.transfers.mu.Unlock()
	before := c.transfers.take
	c.transfers.take = take
	return func() {
		c.transfers.mu.Lock()
		defer c.transfers.mu.Unlock()
		c.transfers.take = before
	}
}

// Refer is as if the far end had asked for r. It tells whether somebody sees to it. It does not wait.
func (c *Call) Refer(r Referral) bool {
	c.transfers.mu.Lock()
	take := c.transfers.take
	c.transfers.mu.Unlock()
	return take != nil && take(r)
}

// Referring tells the far end how the transfer goes that it has asked for; see [leg.Transferer]. It does nothing where
// nobody has asked.
func (c *Call) Referring(status int) {
	l, ok := c.leg.(leg.Transferer)
	if !ok {
		return
	}
	if err := l.Progress(context.WithoutCancel(c.ctx), status); err != nil {
		c.log.Debug("the far end is not told of its transfer", "status", status, "err", err)
	}
}

// referred is the far end's wish.
func (c *Call) referred(e leg.Event) {
	c.log.Info("the far end wants to be replaced", "to", masked(e.Target), "attended", e.Replaces != "")
	if c.ending != nil || !c.Refer(Referral{Target: e.Target, Headers: e.Headers, Replaces: e.Replaces}) {
		c.Referring(603)
	}
}

// Phone is which of our own phones is at the far end of a call that is answered or came in, as user@domain; "" for everybody
// else.
func (c *Call) Phone() string { return c.leg.Info().Phone }

// MayTransfer is what goes on with whoever is talking to the phone of this call, if it gives the call to target: phones of
// ours may call whom their domain lets them call, and so may whoever they leave. False for everybody else.
func (c *Call) MayTransfer(target string) (Program, bool) {
	phone := c.Phone()
	if phone == "" || c.desk.cfg.Transfers == nil {
		return Program{}, false
	}
	n, ok := c.desk.cfg.Transfers(phone, target)
	if !ok || n.Account != "" && n.Account != c.Record().Account {
		return Program{}, false
	}
	return Program{URL: n.URL, Method: n.Method, TwiML: n.TwiML, FallbackURL: n.FallbackURL, FallbackMethod: n.FallbackMethod}, true
}

// Beside finds the answered call that the phone of this one means in an attended transfer: another one of the same phone.
func (c *Call) Beside(name string) (*Call, bool) {
	c.desk.mu.Lock()
	defer c.desk.mu.Unlock()
	for _, o := range c.desk.live {
		select {
		case <-o.picked: // its leg does not change any more
		default:
			continue
		}
		if o != c && leg.Named(o.leg, name) && o.Phone() != "" && o.Phone() == c.Phone() && o.Record().Account == c.Record().Account {
			return o, true
		}
	}
	return nil, false
}

// ErrNoTransfer is the answer where the far end cannot be asked to call somebody else: a browser, a number of our own.
var ErrNoTransfer = errors.New("the far end cannot be asked to call somebody else")

// Transferred is what is known of a transfer that we have asked for.
type Transferred struct {
	Answer int // the far end's to our wish: 202, or a refusal; 0: none came
	Status int // the last that it has said of the new call: 180, 200, 486; 0: nothing
}

// referWord is how long a far end that transfers may say nothing: the one it calls has some time to come.
const referWord = 3 * time.Minute

// Transfer asks the far end to call target in our place, and returns when the new call is answered or has failed, when
// the far end refuses or says nothing any more, or when ctx ends; that is the error. Nobody is hung up. For scripts.
func (c *Call) Transfer(ctx context.Context, target string, headers map[string]string) (out Transferred, err error) {
	l, ok := c.leg.(leg.Transferer)
	if !ok {
		return out, ErrNoTransfer
	}
	told := make(chan int, keyRoom)
	c.transfers.mu.Lock()
	c.transfers.told = told
	c.transfers.mu.Unlock()
	if err := l.Transfer(ctx, target, headers); err != nil {
		if no, ok := errors.AsType[leg.TransferRefused](err); ok {
			out.Answer = no.Status
			return out, nil
		}
		if ctx.Err() != nil {
			err = context.Cause(ctx)
		}
		return out, err
	}
	out.Answer = 202
	limit := time.NewTimer(referWord)
	defer limit.Stop()
	for out.Status < 200 {
		select {
		case out.Status = <-told:
			limit.Reset(referWord)
		case <-limit.C:
			return out, nil
		case <-ctx.Done(): // many phones hang up in the moment in which the new call is answered
			for len(told) > 0 {
				out.Status = <-told
			}
			return out, context.Cause(ctx)
		}
	}
	return out, nil
}

// transferring is the far end's word on a transfer that we have asked for.
func (c *Call) transferring(e leg.Event) {
	c.transfers.mu.Lock()
	defer c.transfers.mu.Unlock()
	select {
	case c.transfers.told <- e.Status:
	default: // nobody has asked, or reads on
	}
}
