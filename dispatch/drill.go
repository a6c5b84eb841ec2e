package dispatch

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/kaden-project/kaden/alert"
	"github.com/kaden-project/kaden/callout"
)

// A drill (訓練, rule 26) is a plan at work without an alert. It says so first and last, gives way to real
// alerts, moves no round robin and is written back to nobody.

// What keeps a drill from beginning.
var (
	ErrNight     = errors.New("it is night: drills wake nobody between 22 and 7 o'clock unless forced")
	ErrNoPlan    = errors.New("there is no such plan")
	ErrRealAlert = errors.New("people are being called for a real alert; a drill would be in the way")
	ErrHeld      = errors.New("the kill switch holds: nobody is called")
)

// byRealAlert is who stops a drill when a real alert begins.
const byRealAlert = "a real alert"

// drillSource is the source of drills.
const drillSource = "drill"

// Drill begins one and names its incident. Between 22 and 7 o'clock of the house's time only with force.
func (d *Dispatcher) Drill(ctx context.Context, plan, by string, force bool) (incident string, err error) {
	select {
	case <-d.booted:
	case <-ctx.Done():
		return "", context.Cause(ctx)
	}
	p, ok := d.cfg.House().Plans[plan]
	switch {
	case !ok:
		return "", fmt.Errorf("plan %q: %w", plan, ErrNoPlan)
	case night(now()) && !force:
		return "", ErrNight
	case d.Held() != (Hold{}):
		return "", ErrHeld
	case d.atWork():
		return "", ErrRealAlert
	}
	n := names{newID("al"), newID("co")}
	one := alert.Alert{
		Source: drillSource, Key: n.incident, Action: alert.Trigger, Severity: alert.Critical,
		Title: fmt.Sprintf("drill of plan %s, by %s", plan, by),
	}
	var a *accepted
	var claimed []string
	err = d.store.Write(ctx, func(tx Tx) error {
		a = &accepted{}
		defer func() { claimed = append(claimed, a.claimed...) }()
		return d.open(tx, a, Incident{ID: n.incident, Alert: one, Drill: true}, n.callout, p, "")
	})
	if err != nil {
		d.lines.abandon(claimed)
		return "", fmt.Errorf("drill not begun: %w", err)
	}
	d.carryOut(a)
	return n.incident, nil
}

// night is from 22 to 7 o'clock.
func night(at time.Time) bool {
	h := at.Local().Hour()
	return h >= 22 || h < 7
}

// atWork tells whether people are being called for a real alert here.
func (d *Dispatcher) atWork() bool {
	for _, r := range d.all() {
		if s := r.view().State; !s.Drill && (s.Status == callout.Waiting || s.Status == callout.Running) {
			return true
		}
	}
	return false
}

// giveWay stops the drills under way, because a real alert has begun.
func (d *Dispatcher) giveWay() {
	for _, r := range d.all() {
		if r.view().State.Drill {
			r.send(callout.Event{At: now(), Kind: callout.Stopped, By: byRealAlert, Text: "gave way to a real alert"})
		}
	}
}

// all are the call-outs that are driven here.
func (d *Dispatcher) all() []*run {
	d.mu.Lock()
	defer d.mu.Unlock()
	out := make([]*run, 0, len(d.runs))
	for _, r := range d.runs {
		out = append(out, r)
	}
	return out
}
