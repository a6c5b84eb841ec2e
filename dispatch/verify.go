package dispatch

import (
	"context"
	"crypto/rand"
	"crypto/subtle"
	"errors"
	"fmt"
	"math/big"
	"slices"
	"strings"
	"time"

	"github.com/kaden-project/kaden/call"
	"github.com/kaden-project/kaden/leg"
	"github.com/kaden-project/kaden/number"
	"github.com/kaden-project/kaden/oncall"
	"github.com/kaden-project/kaden/twiml"
)

// A verification proves, before the night it is needed in, that a person is reached at an address: a call says
// a code, and the person types it in the console. With do-not-disturb on it is called twice, as many phones let
// the second call of a number through (rule 13).

// codesPath is where the scripts of verifications are.
const codesPath = "/codes/"

const (
	codeLife   = 10 * time.Minute
	codeTries  = 5
	betweenTap = 10 * time.Second
	codeRing   = 25 * time.Second
)

// What keeps a verification from being made, or from being believed.
var (
	ErrWrongCode  = errors.New("this is not the code that was said")
	ErrOnThePhone = errors.New("the person is on the telephone now; try again in a minute")
	ErrTooOften   = errors.New("the person was called too often within the hour")
)

// code is a verification under way. Dispatcher.mu guards it. It is lost with the process: the call is made again.
type code struct {
	Verification
	digits  string
	tries   int
	expires time.Time
}

// Verify calls a person at one of their addresses and says a code; dnd: they have do-not-disturb on, so they are
// called twice. It returns when the call is on its way; the code is checked by [Dispatcher.VerifyCode].
func (d *Dispatcher) Verify(ctx context.Context, person, address, by string, dnd bool) (id string, err error) {
	set := d.cfg.House()
	who, ok := set.People[person]
	if !ok {
		return "", &NotSomebody{person, "there is nobody of that name"}
	}
	to, err := number.ParseAddress(address)
	if err != nil || !slices.ContainsFunc(who.Contacts, func(m oncall.Method) bool { return m.Address == to }) {
		return "", &NotSomebody{person, "this is not one of their contacts"}
	}
	if why := d.unreachable(set, to); why != "" {
		return "", &NotSomebody{person, why}
	}
	if d.Held() != (Hold{}) {
		return "", ErrHeld
	}
	n, err := rand.Int(rand.Reader, big.NewInt(10_000))
	if err != nil {
		return "", err
	}
	id = newID("vf")
	d.mu.Lock()
	for old, c := range d.codes {
		if now().After(c.expires) {
			delete(d.codes, old)
		}
	}
	d.codes[id] = &code{
		Verification: Verification{Person: person, Address: to.String(), By: by, DND: dnd},
		digits:       fmt.Sprintf("%04d", n), expires: now().Add(codeLife),
	}
	d.mu.Unlock()
	if err := d.tap(ctx, id, to, 1, ""); err != nil {
		d.mu.Lock()
		delete(d.codes, id)
		d.mu.Unlock()
		return "", err
	}
	return id, nil
}

// tap places the first or the second call of a verification.
func (d *Dispatcher) tap(ctx context.Context, id string, to number.Address, nr int, trunk string) error {
	d.mu.Lock()
	known := d.codes[id]
	if known == nil { // it was typed meanwhile, or it is too late
		d.mu.Unlock()
		return fmt.Errorf("verification %s: %w", id, ErrNotFound)
	}
	c := *known
	d.mu.Unlock()
	l, capped := d.lines.alone(c.Person, c.Address, fmt.Sprintf("%s-%d", id, nr), now())
	switch {
	case capped:
		return ErrTooOften
	case l == nil:
		return ErrOnThePhone
	}
	if err := d.cfg.Caller.Prepare(ctx, d.codeScript(id)); err != nil {
		l.finish(now(), "", "")
		return fmt.Errorf("the code cannot be spoken: %w", err)
	}
	o := call.Order{
		SID: l.sid, Account: d.cfg.Account, To: to, Direction: call.OutboundAPI,
		Program: call.Program{URL: Origin + codesPath + id + "/" + d.sign("code "+id), Method: "POST"},
		Ring:    codeRing, Setup: setup, TimeLimit: longest, FirstWord: firstWord,
	}
	if plan, ok := d.cfg.House().Plans[d.cfg.DefaultPlan]; ok && len(plan.From) > 0 {
		o.FromByTrunk, o.Prefer = plan.From, plan.FromOrder
	}
	if trunk != "" {
		o.Prefer = append([]string{trunk}, slices.Clone(o.Prefer)...)
	}
	o.Heard = func(e call.Event) {
		switch {
		case e.Status == call.InProgress && e.Digit == "":
			d.mu.Lock()
			if c := d.codes[id]; c != nil {
				c.Tap = nr
			}
			d.mu.Unlock()
		case e.Status.Over():
			l.heard(e)
			if nr == 1 && c.DND && e.Status != call.Completed && e.Cause != leg.Fault && e.Cause != leg.Invalid && e.Cause != leg.Rejected {
				d.spawn(func() { d.tapAgain(id, to, e.Trunk) })
			}
		}
	}
	h, err := d.cfg.Caller.Call(d.life, o)
	if err != nil {
		l.finish(now(), "", "")
		return fmt.Errorf("call not placed: %w", err)
	}
	l.take(h)
	return nil
}

func (d *Dispatcher) tapAgain(id string, to number.Address, trunk string) {
	select {
	case <-time.After(betweenTap):
	case <-d.life.Done():
		return
	}
	if err := d.tap(d.life, id, to, 2, trunk); err != nil {
		d.log.Warn("second call of a verification not made", "err", err)
	}
}

// codeScript says the code twice.
func (d *Dispatcher) codeScript(id string) *twiml.Response {
	d.mu.Lock()
	c := d.codes[id]
	d.mu.Unlock()
	if c == nil || now().After(c.expires) {
		return goodbye(phrasesOf("en"))
	}
	p := d.phrasesOfPerson(c.Person)
	text := fmt.Sprintf(p.code, digits(c.digits))
	return &twiml.Response{Verbs: []twiml.Verb{p.say(text), &twiml.Pause{Length: time.Second}, p.say(text), &twiml.Hangup{}}}
}

// VerifyCode keeps the proof if the code is the one that was said: ErrWrongCode if not, ErrNotFound if it is
// too late or was tried too often.
func (d *Dispatcher) VerifyCode(ctx context.Context, id, typed string) (Verification, error) {
	d.mu.Lock()
	c := d.codes[id]
	if c == nil || now().After(c.expires) || c.tries >= codeTries || c.Tap == 0 {
		d.mu.Unlock()
		return Verification{}, fmt.Errorf("verification %s: %w", id, ErrNotFound)
	}
	c.tries++
	v, right := c.Verification, subtle.ConstantTimeCompare([]byte(c.digits), []byte(strings.TrimSpace(typed))) == 1
	d.mu.Unlock()
	if !right {
		return Verification{}, ErrWrongCode
	}
	v.At = now()
	if err := d.store.PutVerification(ctx, v); err != nil {
		return Verification{}, fmt.Errorf("proof not kept: %w", err)
	}
	d.mu.Lock()
	delete(d.codes, id)
	d.mu.Unlock()
	return v, nil
}
