package loopleg

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/kaden-project/kaden/leg"
	"github.com/kaden-project/kaden/media"
)

// Leg is one end of a pair.
type Leg struct {
	p     *pair
	other *Leg
	info  leg.Info
	bell  *leg.Bell

	// Of the pair's goroutine: what this end says.
	src media.Source
	fed bool // it comes through Feed

	ear     atomic.Pointer[ear] // who listens to the other end
	open    atomic.Bool         // what this end says is carried
	writing sync.Mutex          // one writer at a time into the other end's ear
	keys    sync.Mutex          // one SendDigits at a time
}

type ear struct{ sink media.Sink }

var _ leg.Through = (*Leg)(nil)

var (
	errOver    = errors.New("this leg has ended")
	errInbound = errors.New("only a leg that called us can be answered")
	errSilent  = errors.New("this leg is not answered yet")
)

func newLeg(p *pair, i leg.Info) *Leg {
	l := &Leg{p: p, info: i}
	l.bell = leg.NewBell(func() { p.post(func() { p.unread(l) }) })
	return l
}

// Info is what was known at the start.
func (l *Leg) Info() leg.Info { return l.info }

// Events are closed after Ended.
func (l *Leg) Events() <-chan leg.Event { return l.bell.Events() }

// Ring tells the end that dialled that it rings.
func (l *Leg) Ring(ctx context.Context, early bool) error {
	return l.do(ctx, func() error {
		if !l.info.Inbound {
			return errInbound
		}
		l.p.ring(early)
		return nil
	})
}

// Answer picks up. Answering twice does nothing.
func (l *Leg) Answer(ctx context.Context) error {
	return l.do(ctx, func() error {
		if !l.info.Inbound {
			return errInbound
		}
		l.p.answer()
		return nil
	})
}

// Hangup ends both ends.
func (l *Leg) Hangup(_ context.Context, c leg.Cause) error {
	l.p.post(func() { l.p.hangUp(l, c, "hung up: "+string(c)) })
	return nil
}

// Play makes src what the other end hears.
func (l *Leg) Play(src media.Source) { l.p.post(func() { l.src, l.fed = src, false }) }

// Listen hands what the other end says to sink.
func (l *Leg) Listen(sink media.Sink) {
	l.p.post(func() {
		if sink == nil {
			l.ear.Store(nil)
			return
		}
		l.ear.Store(&ear{sink})
	})
}

// Feed takes what the other end is to hear, as it comes.
func (l *Leg) Feed() media.Sink {
	l.p.post(func() { l.src, l.fed = nil, true })
	return feed{l}
}

type feed struct{ l *Leg }

func (f feed) Write(frame *media.Frame) { f.l.carry(frame, "") }

func (f feed) WriteCaptioned(frame *media.Frame, caption string) { f.l.carry(frame, caption) }

// carry brings a frame to the other end's ear.
func (l *Leg) carry(f *media.Frame, caption string) {
	if !l.open.Load() {
		return
	}
	l.writing.Lock()
	defer l.writing.Unlock()
	if e := l.other.ear.Load(); e != nil {
		media.Write(e.sink, f, caption)
	}
}

// sounding tells whether the pair has to tick for what this end says.
func (l *Leg) sounding() bool {
	return l.open.Load() && !l.fed && (l.src != nil || l.other.ear.Load() != nil)
}

// say is one frame of what this end says.
func (l *Leg) say(f *media.Frame) {
	if !l.sounding() {
		return
	}
	clear(f[:])
	words := ""
	if l.src != nil {
		more := l.src.Read(f)
		if c, ok := l.src.(media.Captioned); ok {
			words = c.Caption()
		}
		if !more {
			l.src = nil
		}
	}
	l.carry(f, words)
}

// Pauses between keys; W is twice as long. Keys themselves take no time: nobody has to recognise them.
const pause = 500 * time.Millisecond

// SendDigits presses keys at the other end and returns when the last one has arrived.
func (l *Leg) SendDigits(ctx context.Context, digits string) error {
	if err := context.Cause(ctx); err != nil {
		return err
	}
	if i := strings.IndexFunc(digits, func(r rune) bool { return !strings.ContainsRune("0123456789*#ABCDabcdwW", r) }); i >= 0 {
		return fmt.Errorf("%q is no key (0-9 * # A-D, w and W for pauses)", digits[i:i+1])
	}
	l.keys.Lock()
	defer l.keys.Unlock()
	for _, key := range digits {
		switch key {
		case 'w', 'W':
			d := pause
			if key == 'W' {
				d *= 2
			}
			if err := l.wait(ctx, d); err != nil {
				return err
			}
		default:
			err := l.do(ctx, func() error {
				if l.p.state != talking {
					return errSilent
				}
				l.other.bell.Ring(leg.Event{Kind: leg.Digit, Digit: strings.ToUpper(string(key))})
				return nil
			})
			if err != nil {
				return err
			}
		}
	}
	return nil
}

func (l *Leg) wait(ctx context.Context, d time.Duration) error {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-t.C:
		return nil
	case <-l.p.gone:
		return errOver
	case <-ctx.Done():
		return context.Cause(ctx)
	}
}

// do runs f on the pair's goroutine and waits for its answer.
func (l *Leg) do(ctx context.Context, f func() error) error {
	answer := make(chan error, 1)
	l.p.post(func() { answer <- f() })
	select {
	case err := <-answer:
		return err
	case <-l.p.gone:
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
