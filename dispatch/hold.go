package dispatch

import (
	"context"
	"fmt"
	"net/url"
	"strings"
	"time"

	"github.com/kaden-project/kaden/callout"
	"github.com/kaden-project/kaden/timeline"
	"github.com/kaden-project/kaden/twiml"
)

// The kill switch (rule 33): nobody is rung for half an hour at most. It is a row, so it holds through a
// restart and on all nodes; it ends by itself. Calls that a program places over the REST API are that
// program's and are not touched.

// longestHold is how long the kill switch holds at most.
const longestHold = 30 * time.Minute

// causeHalted is the cause of the notices about it.
const causeHalted = "halted"

// haltKey, pressed twice by somebody who calls us and has proved who they are, is the kill switch.
const haltKey = "0"

// Halt stops all ringing of call-outs for a while; 0 and more than 30 min are 30 min. Phones that ring fall
// silent, who is listening may go on, and clocks stand still. While it holds already, both reasons are kept, and it lets go when the later of
// the two would: nobody's hold is shortened by another's.
func (d *Dispatcher) Halt(ctx context.Context, by, why string, length time.Duration) (Hold, error) {
	if length <= 0 || length > longestHold {
		length = longestHold
	}
	var h Hold
	err := d.store.Write(ctx, func(tx Tx) error {
		before, err := tx.Hold()
		if err != nil {
			return err
		}
		h = Hold{Since: tx.Now(), Until: tx.Now().Add(length), By: by, Why: why}
		if before.Until.After(tx.Now()) {
			h = h.onTopOf(before)
		}
		if err := tx.PutHold(h); err != nil {
			return err
		}
		return d.raise(tx, timeline.Event{At: tx.Now(), Person: by, Cause: causeHalted, Text: h.text()})
	})
	if err != nil {
		return Hold{}, fmt.Errorf("calls not stopped: %w", err)
	}
	d.held(h)
	return h, nil
}

// Unhalt lets the kill switch go before its time.
func (d *Dispatcher) Unhalt(ctx context.Context, by string) error {
	return d.lift(ctx, by, fmt.Sprintf("people are called again: let go by %s", by))
}

// Held is the kill switch as it holds now; zero: it does not.
func (d *Dispatcher) Held() Hold {
	d.mu.Lock()
	defer d.mu.Unlock()
	if !now().Before(d.hold.Until) {
		return Hold{}
	}
	return d.hold
}

// longestWhy is how many characters of reasons are kept, those that were there first.
const longestWhy = 1000

// onTopOf is a hold that is put while one holds.
func (h Hold) onTopOf(first Hold) Hold {
	h.Since = first.Since
	if first.Until.After(h.Until) {
		h.Until = first.Until
	}
	all, more := first.signed(), h.signed()
	if first.By == h.By && (h.Why == "" || h.Why == first.Why) || strings.Contains(all, more) {
		h.Why = first.Why
		return h
	}
	why := []rune(all + "; " + more)
	h.Why = string(why[:min(len(why), longestWhy)])
	return h
}

// signed is the reason with the name of whoever gave it.
func (h Hold) signed() string {
	switch {
	case h.Why == "":
		return h.By
	case strings.Contains(h.Why, h.By+": "), strings.HasSuffix(h.Why, "; "+h.By):
		return h.Why // of a hold on top of another one
	}
	return h.By + ": " + h.Why
}

func (h Hold) text() string {
	text := fmt.Sprintf("nobody is called until %s: stopped by %s", h.Until.Local().Format("15:04"), h.By)
	if h.Why != "" {
		text += ": " + h.Why
	}
	return text
}

func (h Hold) same(o Hold) bool {
	return h.Since.Equal(o.Since) && h.Until.Equal(o.Until) && h.By == o.By
}

func (h Hold) event(at time.Time) callout.Event {
	return callout.Event{At: at, Kind: callout.Halted, Until: h.Until, By: h.By, Text: h.Why}
}

// lift takes the row away, unless it is gone.
func (d *Dispatcher) lift(ctx context.Context, by, text string) error {
	err := d.store.Write(ctx, func(tx Tx) error {
		h, err := tx.Hold()
		if err != nil || h == (Hold{}) {
			return err
		}
		if err := tx.PutHold(Hold{}); err != nil {
			return err
		}
		return d.raise(tx, timeline.Event{At: tx.Now(), Person: by, Cause: causeHalted, Text: text})
	})
	if err != nil {
		return fmt.Errorf("calls are still stopped: %w", err)
	}
	d.held(Hold{})
	return nil
}

// readHold looks once a second whether somebody, here or on another node, has pulled the switch, ends it when
// its time is over, and says loudly each minute that it holds.
func (d *Dispatcher) readHold(ctx context.Context) {
	h, err := d.store.Hold(ctx)
	if err != nil {
		if ctx.Err() == nil {
			unkept(d.log, "kill switch not read", err)
		}
		return
	}
	if h != (Hold{}) && !now().Before(h.Until) {
		if err := d.lift(ctx, "", "people are called again: the time of the kill switch is over"); err != nil {
			unkept(d.log, "kill switch not lifted", err)
		}
		return
	}
	d.held(h)
	if h != (Hold{}) && time.Since(d.cried) >= time.Minute {
		d.cried = time.Now()
		d.log.Error("the kill switch holds: nobody is called", "until", h.Until, "by", h.By, "why", h.Why)
	}
	if h == (Hold{}) {
		d.cried = time.Time{}
	}
}

// held takes note of the switch and tells every call-out at work if it has changed.
func (d *Dispatcher) held(h Hold) {
	d.mu.Lock()
	was := d.hold
	d.hold = h
	var all []*run
	if !was.same(h) {
		for _, r := range d.runs {
			all = append(all, r)
		}
	}
	d.mu.Unlock()
	e := h.event(now())
	if h == (Hold{}) {
		e = callout.Event{At: now(), Kind: callout.Unhalted, By: was.By}
	}
	for _, r := range all {
		r.send(e)
	}
}

// halts tells a call-out that begins to be driven here of the switch.
func (d *Dispatcher) halts(r *run) {
	if h := d.Held(); h != (Hold{}) {
		r.ask(item{event: h.event(now())})
	}
}

// mayHalt tells whether whoever is on the line may pull the switch: they called us and entered their PIN.
func (l *line) mayHalt() bool {
	l.all.mu.Lock()
	defer l.all.mu.Unlock()
	return l.inbound && l.proven
}

// onHaltKey pulls the switch when the key is pressed for the second time.
func (d *Dispatcher) onHaltKey(ctx context.Context, l *line, t *telling, form url.Values) *twiml.Response {
	if form.Get("armed") != haltKey {
		sure := t.gather(partKey+"?told="+t.told()+"&armed="+haltKey, t.p.say(t.p.haltSure))
		return &twiml.Response{Verbs: []twiml.Verb{sure, &twiml.Redirect{URL: partScript, Method: "POST"}}}
	}
	ctx, stop := context.WithTimeout(ctx, pressing)
	defer stop()
	if _, err := d.Halt(ctx, l.person, "by telephone", 0); err != nil {
		d.log.Error("kill switch not pulled", "person", l.person, "err", err)
		return then(t.p, partScript, t.p.notYet)
	}
	return then(t.p, partScript, t.p.halted)
}
