package voice

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"net/url"
	"slices"

	"github.com/kaden-project/kaden/call"
	"github.com/kaden-project/kaden/media"
	"github.com/kaden-project/kaden/problem"
	"github.com/kaden-project/kaden/sid"
	"github.com/kaden-project/kaden/twiml"
)

// conference is <Dial><Conference>: the call is in the room until it leaves (hangupOnStar, timeLimit), is taken
// out, or the conference is over; then the action is asked, or the next verb follows. A call that hangs up ends
// here: ctx ends.
func (t *run) conference(ctx context.Context, d *twiml.Dial, c *twiml.Conference) (next, error) {
	t.settled()
	out := outcome{status: "answered", bridged: true} // Twilio's word for conferences alone
	_, err := t.call.Conference(c.Room).Enter(ctx, t.call, t.entry(d, c))
	switch {
	case errors.Is(err, call.ErrConferenceFull):
		t.trouble(c, problem.Error, 16020, err.Error(), "maxParticipants says how many may be in it")
		out = outcome{status: call.Failed}
	case errors.Is(err, call.ErrLabelTaken):
		t.trouble(c, problem.Error, 16025, err.Error(), "a participantLabel names one member only")
		out = outcome{status: call.Failed}
	case errors.Is(err, call.ErrWait):
		t.trouble(c, problem.Error, 13233, err.Error(), "the call goes on without the conference")
		out = outcome{status: call.Failed}
	case err != nil:
		t.farewell(ctx, d, out)
		return over, err
	}
	return t.dialled(d, out)
}

// whileWaiting are the verbs of a document that is heard until a conference starts, or on hold (Twilio's page on
// Conference).
var whileWaiting = []string{"Play", "Say", "Pause", "Redirect"}

var errNoDocument = errors.New("the document cannot be had")

// Beside is how a document is heard on a call whose program waits meanwhile: Play, Say, Pause and Redirect may stand
// in it. tell is sent with each of its requests; nil is nothing. An error of the script is that it cannot be had, or
// the end of its context.
func (r *Runner) Beside(p call.Program, tell func() url.Values) call.Script {
	return func(ctx context.Context, c *call.Call) error {
		t := &run{Runner: r, call: c, log: r.log.With("call", c.SID()), program: p, only: whileWaiting, mute: true, params: tell}
		end, err := t.perform(ctx, &request{method: p.Method, url: p.URL})
		if end == broken && err == nil {
			err = errNoDocument
		}
		return err
	}
}

// Sound is what a document sounds like that is heard by everybody in a conference: its Say, Play and Pause, once. No
// call runs it; by is the one in whose name it is asked for.
func (r *Runner) Sound(ctx context.Context, by *call.Call, p call.Program, tell url.Values) (media.Source, error) {
	t := &run{Runner: r, call: by, log: r.log, program: p, only: whileWaiting, mute: true, params: func() url.Values { return tell }}
	var parts []media.Source
	to := &request{method: p.Method, url: p.URL}
	for n := 0; to != nil; n++ {
		if n == mostFetches {
			return nil, fmt.Errorf("%d documents one after another", mostFetches)
		}
		page, err := t.ask(ctx, *to)
		if err != nil {
			return nil, err
		}
		t.page, to = *page, nil
		for _, v := range page.doc.Verbs {
			if !slices.Contains(whileWaiting, v.Name()) {
				continue
			}
			if again, ok := v.(*twiml.Redirect); ok {
				next, _ := t.redirect(again)
				to = next.jump
				break
			}
			list, err := t.prompts(ctx, []twiml.Verb{v})
			if err != nil {
				return nil, err
			}
			for _, p := range list {
				if p.clip == nil {
					parts = append(parts, media.Silence(p.pause))
					continue
				}
				parts = append(parts, media.Repeat(times(p.loop), p.clip.Source))
			}
		}
	}
	if len(parts) == 0 {
		return nil, errors.New("nothing is to be heard in the document")
	}
	return media.Sequence(parts...), nil
}

// entry is how the document wants the call to enter.
func (t *run) entry(d *twiml.Dial, c *twiml.Conference) call.Entry {
	e := call.Entry{
		Label: c.ParticipantLabel, Muted: c.Muted, Patient: !c.StartOnEnter, EndOnExit: c.EndOnExit,
		NoBeep: c.Beep == "false" || c.Beep == "onExit", NoFarewell: c.Beep == "false" || c.Beep == "onEnter",
		StarLeaves: d.HangupOnStar, Most: c.MaxParticipants, Limit: cmp.Or(d.TimeLimit, joinLimit),
	}
	if c.Quiet {
		e.Wait = media.Silence(0)
	}
	if c.WaitURL != "" {
		if where, err := t.resolve(c.WaitURL); err != nil {
			t.trouble(c, problem.Error, 13233, err.Error(), "write the whole URL")
		} else {
			room := t.call.Conference(c.Room)
			e.WaitScript = t.Beside(call.Program{URL: where, Method: c.WaitMethod}, func() url.Values {
				i, _ := room.Info()
				return url.Values{"ConferenceSid": {string(i.SID)}, "FriendlyName": {c.Room}}
			})
		}
	}
	if c.Coach != "" {
		id, err := sid.Parse[sid.Call](c.Coach)
		if e.Coach = id; err != nil {
			// Whoever is meant for one ear is heard by none rather than by all.
			t.trouble(c, problem.Warning, 13240, "coach is no CallSid: this member is muted", "coach= is the call whose ear it is")
			e.Muted = true
		}
	}
	if c.Record {
		o := t.tapeOrder(c, c.Recorded, 1)
		o.Source, o.Trim = "Conference", c.Trim != "do-not-trim"
		e.Tape = &o
	}
	if c.StatusCallback == "" || len(c.StatusCallbackEvent) == 0 {
		return e
	}
	where, err := t.resolve(c.StatusCallback)
	if err != nil {
		t.trouble(c, problem.Error, 11100, err.Error(), "write the whole URL")
		return e
	}
	e.Callback = call.ConferenceCallback{URL: where, Method: post(c.StatusCallbackMethod), Events: c.StatusCallbackEvent}
	return e
}
