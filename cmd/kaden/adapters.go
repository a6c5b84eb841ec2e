package main

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"sync"

	"github.com/kaden-project/kaden/call"
	"github.com/kaden-project/kaden/dispatch"
	"github.com/kaden-project/kaden/leg"
	"github.com/kaden-project/kaden/media"
	"github.com/kaden-project/kaden/rest"
	"github.com/kaden-project/kaden/sid"
	"github.com/kaden-project/kaden/twiml"
	"github.com/kaden-project/kaden/voice"
)

// asker brings each question to whom it is for: people's scripts, bins and the simplest twimlets are answered in this process,
// all else goes out to its owner's server.
type asker struct {
	scripts call.Asker // set once, before the first call
	outside call.Asker
	bins    *bins // nil: none
	// afterDial is asked at the address of that name; nil: the console has no phone.
	afterDial func(context.Context, call.Ask) (call.Reply, error)

	validations *rest.Validations // nil: none; set once, before the first call
	teller      *rest.Teller      // likewise
}

func (a *asker) Ask(ctx context.Context, q call.Ask) (call.Reply, error) {
	if a.bins.has(q.URL) {
		return a.bins.Ask(ctx, q)
	}
	if t, ok := twimletAt(q.URL); ok {
		return t.answer(q), nil
	}
	if a.validations != nil && a.validations.Ours(q.URL) {
		return a.validations.Ask(ctx, q)
	}
	if a.afterDial != nil && q.URL == afterDial {
		return a.afterDial(ctx, q)
	}
	if a.teller != nil && a.teller.Ours(q.URL) {
		return a.teller.Ask(ctx, q)
	}
	if strings.HasPrefix(q.URL, dispatch.Origin+"/") {
		return a.scripts.Ask(ctx, q)
	}
	return a.outside.Ask(ctx, q)
}

// Load is for sound files, which may be larger than a document.
func (a *asker) Load(ctx context.Context, q call.Ask, limit int) (call.Reply, error) {
	if strings.HasPrefix(q.URL, dispatch.Origin+"/") {
		return a.scripts.Ask(ctx, q)
	}
	if l, ok := a.outside.(voice.Loader); ok {
		return l.Load(ctx, q, limit)
	}
	return a.outside.Ask(ctx, q)
}

// announcer lets a conference of a call-out hear a sentence.
func announcer(v *voice.Runner, desk *call.Desk, owner sid.Account) func(context.Context, string, *twiml.Say) error {
	return func(ctx context.Context, room string, say *twiml.Say) error {
		clip, err := v.Clip(ctx, say)
		if err == nil {
			desk.Conference(owner, room).Play(clip.Source())
		}
		return err
	}
}

// waitingMusic is what callers of a hotline hear while they wait: that of a conference that has not started.
func waitingMusic() []byte {
	const seconds = 20
	var f media.Frame
	samples := make([]int16, 0, seconds*media.Rate)
	for notes := media.Waiting(); len(samples) < seconds*media.Rate; {
		notes.Read(&f)
		samples = append(samples, f[:]...)
	}
	return media.AppendWAV(nil, samples)
}

// callersOf finds the calls that people have made to us, for those who call back.
func callersOf(desk *call.Desk) func(sid.Call) (dispatch.Line, bool) {
	return func(id sid.Call) (dispatch.Line, bool) {
		c, ok := desk.Live(id)
		return c, ok
	}
}

// traces remembers the signalling of the last legs, for the ladder and the pcap of a call.
type traces struct {
	dialer leg.Dialer

	mu    sync.Mutex
	legs  map[string][]leg.Tracer // by the name the attempt was dialled under
	order []string
}

// tracesKept is how many calls can be looked at afterwards; the messages of one are some kilobytes.
const tracesKept = 500

func newTraces(d leg.Dialer) *traces { return &traces{dialer: d, legs: map[string][]leg.Tracer{}} }

// Dial remembers the leg that it dials.
func (t *traces) Dial(ctx context.Context, to leg.Target, o leg.Options) (leg.Leg, error) {
	l, err := t.dialer.Dial(ctx, to, o)
	if tr, ok := l.(leg.Tracer); ok && err == nil {
		t.remember(o.ID, tr)
	}
	return l, err
}

// End passes on what ends a ghost.
func (t *traces) End(ctx context.Context, to leg.Target, o leg.Options, r leg.Remains) error {
	if e, ok := t.dialer.(leg.Ender); ok {
		return e.End(ctx, to, o, r)
	}
	return nil
}

func (t *traces) remember(id string, tr leg.Tracer) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if _, known := t.legs[id]; !known {
		t.order = append(t.order, id)
	}
	t.legs[id] = append(t.legs[id], tr)
	for len(t.order) > tracesKept {
		delete(t.legs, t.order[0])
		t.order = t.order[1:]
	}
}

// of is the signalling of a call, over all trunks it was tried on; nil when it is not remembered.
func (t *traces) of(id string) (out []leg.Message) {
	for _, l := range t.all(id) {
		out = append(out, l.Trace()...)
	}
	return out
}

// sound is how the sound of a call fares, or has fared: a line for each leg that had any.
func (t *traces) sound(id string) string {
	var b strings.Builder
	for _, l := range t.all(id) {
		if m, ok := l.(leg.Measured); ok {
			if how := m.Sound().String(); how != "" {
				fmt.Fprintf(&b, "\nsound: %s\n", how)
			}
		}
	}
	return b.String()
}

func (t *traces) all(id string) []leg.Tracer {
	t.mu.Lock()
	defer t.mu.Unlock()
	legs := append([]leg.Tracer(nil), t.legs[id]...)
	for n := 2; ; n++ { // another trunk's leg of the same call is named id-2, id-3 …
		more := t.legs[fmt.Sprintf("%s-%d", id, n)]
		if more == nil {
			return legs
		}
		legs = append(legs, more...)
	}
}

// joinErrors is errors.Join without what only says that the end was asked for.
func joinErrors(errs ...error) error {
	var out []error
	for _, err := range errs {
		if err != nil && !errors.Is(err, context.Canceled) {
			out = append(out, err)
		}
	}
	return errors.Join(out...)
}
