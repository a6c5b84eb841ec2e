package voice

import (
	"cmp"
	"context"
	"errors"

	"github.com/kaden-project/kaden/call"
	"github.com/kaden-project/kaden/media"
	"github.com/kaden-project/kaden/problem"
	"github.com/kaden-project/kaden/twiml"
)

// conference is <Dial><Conference>: the call is in the room until it leaves (hangupOnStar, timeLimit), is taken
// out, or the conference is over; then the action is asked, or the next verb follows. A call that hangs up ends
// here: ctx ends.
func (t *run) conference(ctx context.Context, d *twiml.Dial, c *twiml.Conference) (next, error) {
	out := outcome{status: "answered", bridged: true} // Twilio's word for conferences alone
	_, err := t.call.Conference(c.Room).Enter(ctx, t.call, t.entry(d, c))
	switch {
	case errors.Is(err, call.ErrConferenceFull):
		t.trouble(c, problem.Warning, 0, err.Error(), "maxParticipants says how many may be in it")
		out = outcome{status: call.Failed}
	case errors.Is(err, call.ErrLabelTaken):
		t.trouble(c, problem.Error, 16025, err.Error(), "a participantLabel names one member only")
		out = outcome{status: call.Failed}
	case err != nil:
		t.farewell(ctx, d, out)
		return over, err
	}
	return t.dialled(d, out)
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
		t.trouble(c, problem.Warning, 0, "kaden does not play a waitUrl yet: its own waiting sound is heard", `waitUrl="" is silence`)
	}
	if c.Coach != "" {
		// Whoever is meant for one ear is heard by none rather than by all.
		t.trouble(c, problem.Warning, 0, "kaden does not coach yet: this member is muted", "without coach= everybody hears it")
		e.Muted = true
	}
	if c.Record {
		t.trouble(c, problem.Warning, 0, "kaden does not record a conference yet", "<Record> records one caller")
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
