package simleg

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/kaden-project/kaden/leg"
	"github.com/kaden-project/kaden/media"
)

// Leg is our end of a simulated call.
type Leg struct{ n *line }

var _ leg.Leg = (*Leg)(nil)

var (
	errOver    = errors.New("this leg has ended")
	errInbound = errors.New("only a leg that called us can be answered")
	errSilent  = errors.New("this leg is not answered yet")
)

// Info is what was known at the start.
func (l *Leg) Info() leg.Info { return l.n.info }

// Events are closed after Ended.
func (l *Leg) Events() <-chan leg.Event { return l.n.bell.Events() }

// Ring shows the caller that it rings here.
func (l *Leg) Ring(ctx context.Context, sound bool) error {
	return l.do(ctx, func() error {
		if !l.n.info.Inbound {
			return errInbound
		}
		l.n.show(func(v *view) {
			if v.state.Rang.IsZero() {
				v.state.Rang = time.Now()
			}
		})
		if sound && l.n.state == fresh {
			l.n.state = early
		}
		return nil
	})
}

// Answer picks up. Answering twice does nothing.
func (l *Leg) Answer(ctx context.Context) error {
	return l.do(ctx, func() error {
		switch {
		case !l.n.info.Inbound:
			return errInbound
		case l.n.state != talking:
			l.n.talk()
		}
		return nil
	})
}

// Hangup ends the leg.
func (l *Leg) Hangup(_ context.Context, c leg.Cause) error {
	l.n.post(func() { l.n.hangUp(c, "hung up: "+string(c)) })
	return nil
}

// FirstHeard is when the path was open: what nobody says is still a line that carries.
func (l *Leg) FirstHeard() time.Time {
	l.n.mu.Lock()
	defer l.n.mu.Unlock()
	return l.n.view.state.Answered
}

// Play makes src what the far end hears.
func (l *Leg) Play(src media.Source) { l.n.post(func() { l.n.toFar.play(src, time.Now()) }) }

// Listen hands what the far end says to sink.
func (l *Leg) Listen(sink media.Sink) { l.n.post(func() { l.n.fromFar.sink = sink }) }

// Lengths of keys and pauses, as most gateways send them.
const (
	keyTime   = 100 * time.Millisecond
	keyGap    = 100 * time.Millisecond
	pauseTime = 500 * time.Millisecond // w; W is twice as long
)

// SendDigits presses keys at the far end and returns when the last one is sent.
func (l *Leg) SendDigits(ctx context.Context, digits string) error {
	if err := context.Cause(ctx); err != nil {
		return err
	}
	if i := strings.IndexFunc(digits, func(r rune) bool { return !strings.ContainsRune("0123456789*#ABCDabcdwW", r) }); i >= 0 {
		return fmt.Errorf("%q is no key (0-9 * # A-D, w and W for pauses)", digits[i:i+1])
	}
	n := l.n
	sent := make(chan struct{})
	stopped := false // owned by the line
	err := l.do(ctx, func() error {
		if n.state != talking {
			return errSilent
		}
		t := time.Now()
		if n.keysTill.After(t) {
			t = n.keysTill
		}
		for _, key := range digits {
			switch key {
			case 'w':
				t = t.Add(pauseTime)
			case 'W':
				t = t.Add(2 * pauseTime)
			default:
				t = t.Add(keyTime)
				n.at(t, func() {
					if !stopped {
						n.show(func(v *view) { v.digits += strings.ToUpper(string(key)) })
					}
				})
				t = t.Add(keyGap)
			}
		}
		n.keysTill = t
		n.at(t, func() { close(sent) })
		return nil
	})
	if err != nil {
		return err
	}
	select {
	case <-sent:
		return nil
	case <-n.gone:
		return errOver
	case <-ctx.Done():
		n.post(func() { stopped = true })
		return context.Cause(ctx)
	}
}

// do runs f on the line's goroutine and waits for its answer.
func (l *Leg) do(ctx context.Context, f func() error) error {
	answer := make(chan error, 1)
	l.n.post(func() { answer <- f() })
	select {
	case err := <-answer:
		return err
	case <-l.n.gone:
		select {
		case err := <-answer:
			return err
		default:
			return errOver
		}
	case <-ctx.Done():
		return context.Cause(ctx)
	}
}
