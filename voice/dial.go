package voice

import (
	"context"
	"errors"
	"maps"
	"net/url"
	"strconv"
	"strings"
	"time"

	"github.com/kaden-project/kaden/call"
	"github.com/kaden-project/kaden/leg"
	"github.com/kaden-project/kaden/media"
	"github.com/kaden-project/kaden/problem"
	"github.com/kaden-project/kaden/twiml"
)

// Twilio's defaults for <Dial>.
const (
	ringTime  = 30 * time.Second
	joinLimit = 4 * time.Hour
)

// outcome is what a <Dial> tells its action (contract 1.3).
type outcome struct {
	status     call.Status // DialCallStatus; "" is not known yet
	child      *call.Call  // who was joined, else who was called last; nil: nobody
	bridged    bool
	redirected bool       // other TwiML took the child away: there is no duration
	more       url.Values // of a recording, of a queue
	then       *next      // how the caller goes on after a transfer, which asks no action; nil: there was none
}

// dial joins the call to somebody else.
//
//  1. The call is answered, unless answerOnBridge leaves that to the moment in which somebody is joined.
//  2. All nouns ring at once, or one after the other. The caller hears the ring tone.
//  3. Whoever answers hears the noun's url first. The first whose document comes to its end without
//     <Hangup> is joined, and nobody else: the others stop ringing then, not before, so that a mailbox that
//     picks up does not silence the person.
//  4. When they part, or nobody came, the action is asked; without one the next verb follows.
//
// When the caller hangs up, everything ends; the action is told once more and its answer is not run.
func (t *run) dial(ctx context.Context, v *twiml.Dial) (next, error) {
	if t.whisper {
		t.trouble(v, problem.Error, 13201, "<Dial> cannot stand in a document that somebody hears before being joined", "")
		return next{}, nil
	}
	if !v.AnswerOnBridge {
		if err := t.call.Answer(ctx); err != nil {
			return over, err
		}
	}
	t.silent, t.stale = 0, true
	if len(v.Nouns) == 1 {
		if c, ok := v.Nouns[0].(*twiml.Conference); ok {
			if v.Record != "" {
				t.trouble(v, problem.Warning, 0, "a <Dial> of a conference is not recorded", `record="record-from-start" of <Conference> is`)
			}
			return t.conference(ctx, v, c)
		}
		if q, ok := v.Nouns[0].(*twiml.Queue); ok {
			return t.dialQueue(ctx, v, q)
		}
	}
	out := outcome{status: call.Failed}
	if parties := t.parties(ctx, v); len(parties) > 0 {
		var err error
		t.tape = t.dialTape(v)
		out, err = t.callUp(ctx, v, parties)
		out.more = t.tape.over()
		if err != nil {
			if out.then == nil {
				t.farewell(ctx, v, out)
			}
			return over, err
		}
	}
	if out.then != nil {
		return *out.then, nil
	}
	return t.dialled(v, out)
}

// dialled goes on after a <Dial>: with its action, or with the next verb.
func (t *run) dialled(v *twiml.Dial, out outcome) (next, error) {
	if v.Action == "" {
		return next{}, nil
	}
	where, err := t.resolve(v.Action)
	if err != nil {
		return next{jump: &request{url: v.Action, bad: err}}, nil
	}
	return next{jump: &request{method: post(v.Method), url: where, extra: out.params()}}, nil
}

// params are what the action is told.
func (o outcome) params() url.Values {
	v := url.Values{"DialCallStatus": {string(o.status)}, "DialBridged": {strconv.FormatBool(o.bridged)}}
	maps.Copy(v, o.more)
	if o.child == nil {
		return v
	}
	v.Set("DialCallSid", string(o.child.SID()))
	if r := o.child.Record(); strings.HasPrefix(r.To, "sip:") && r.Status.Over() {
		if code := r.SIPResponse(); code != 0 {
			v.Set("DialSipResponseCode", strconv.Itoa(code))
		}
		id, headers := o.child.Reply()
		if id != "" {
			v.Set("DialSipCallId", id)
		}
		for name, value := range headers {
			v.Set("DialSipHeader_"+name, value)
		}
	}
	maps.Copy(v, o.child.Returned())
	if !o.redirected {
		v.Set("DialCallDuration", strconv.Itoa(int(o.child.Record().Duration()/time.Second)))
	}
	return v
}

// farewell tells the action of a caller who has hung up. Whatever it answers, nobody would hear.
func (t *run) farewell(ctx context.Context, v *twiml.Dial, out outcome) {
	where, err := t.resolve(v.Action)
	if v.Action == "" || err != nil || errors.Is(context.Cause(ctx), call.ErrRedirected) {
		return
	}
	ctx, stop := context.WithTimeout(context.WithoutCancel(ctx), 3*time.Second)
	defer stop()
	params := t.call.Params()
	params.Set("CallStatus", string(call.Completed))
	for name, value := range out.params() {
		params[name] = value
	}
	rec := t.call.Record()
	if _, err := t.cfg.Asker.Ask(ctx, call.Ask{Account: rec.Account, Call: rec.SID, Method: post(v.Method), URL: where, Params: params}); err != nil {
		t.log.Debug("the action was not told that the caller has hung up", "err", err)
	}
}

// callUp calls the parties in the order of the document until somebody is joined. An error is the end of
// the caller's call.
func (t *run) callUp(ctx context.Context, v *twiml.Dial, parties []party) (outcome, error) {
	rounds := [][]party{parties}
	if v.Sequential {
		rounds = nil
		for _, p := range parties {
			rounds = append(rounds, []party{p})
		}
	}
	var all []call.Status
	var out outcome
	for _, some := range rounds {
		statuses, o, err := t.round(ctx, v, some)
		all = append(all, statuses...)
		o.status = together(all)
		if o.child == nil {
			o.child = out.child
		}
		if out = o; err != nil || out.bridged || out.then != nil {
			return out, err
		}
	}
	return out, nil
}

// together is the one word for how several calls ended.
func together(all []call.Status) call.Status {
	count := map[call.Status]int{}
	for _, s := range all {
		count[s]++
	}
	switch {
	case count[call.Completed] > 0:
		return call.Completed
	case count[call.Busy] > 0 && count[call.Busy] == len(all):
		return call.Busy
	case count[call.NoAnswer] > 0:
		return call.NoAnswer
	case count[call.Canceled] > 0:
		return call.Canceled
	case count[call.Busy] > 0: // and the others failed: this is what the network said of a person
		return call.Busy
	}
	return call.Failed
}

var errTimeLimit = errors.New("time limit of the <Dial>")

// round rings some parties at once and joins the first who comes.
func (t *run) round(ctx context.Context, v *twiml.Dial, parties []party) ([]call.Status, outcome, error) {
	limit := v.Timeout
	if limit <= 0 {
		limit = ringTime
	}
	g := newGroup(ctx, len(parties))
	for i, p := range parties {
		g.call(ctx, t, i, p, limit)
	}
	defer g.dismiss()
	t.tape.rings()
	// The others' lines become free when they give up: nobody is called then who could have rung with them.
	impatient := time.AfterFunc(limit-time.Second, g.unlined)
	err := t.ringing(g.ring, v)
	impatient.Stop()
	statuses := g.report(t, v, parties)
	out := outcome{child: g.last()}
	won := g.winner()
	switch {
	case ctx.Err() != nil:
		return append(statuses, call.Canceled), out, context.Cause(ctx)
	case won == nil && err != nil && !errors.Is(err, errNobody):
		return statuses, out, err
	case won == nil:
		return statuses, out, nil
	}
	out.child = won
	var m *move // the last transfer
	if err = t.call.Answer(ctx); err == nil {
		t.call.ForgetKeys() // they were pressed at the ring tone
		out.bridged = true
		t.settled()
		for again := true; again; {
			err = t.join(ctx, v, g)
			m = g.moving(m)
			out.then, again = t.moveOn(ctx, g, m)
		}
	}
	out.redirected = errors.Is(g.bridge.Why(), call.ErrRedirected) && ctx.Err() == nil
	if g.taken = out.redirected || out.then != nil && m.by != won; !g.taken {
		part(won, call.Ending{Cause: leg.Completed, Reason: why(err)})
	}
	if ctx.Err() != nil {
		return []call.Status{call.Completed}, out, context.Cause(ctx)
	}
	return []call.Status{call.Completed}, out, nil
}

// join lets the two talk.
func (t *run) join(ctx context.Context, v *twiml.Dial, g *group) error {
	limit := v.TimeLimit
	if limit <= 0 {
		limit = joinLimit
	}
	talk, stop := context.WithTimeoutCause(ctx, limit, errTimeLimit)
	defer stop()
	talk, part := context.WithCancelCause(talk)
	defer part(nil)
	defer t.wishes(v, g, part)()
	t.tape.joined()
	err := t.call.Talk(talk, g.caller, v.HangupOnStar)
	t.log.Debug("joined calls have parted", "with", g.winner().SID(), "why", err)
	return err
}

func why(err error) string {
	if err == nil {
		return "the <Dial> is over"
	}
	return err.Error()
}

// hangupTime is how long a <Dial> waits for the record of who was joined; hanging up is confirmed at once
// nearly always.
const hangupTime = time.Second

// part hangs up and waits for the end to be written, so that the action is told the duration.
func part(c *call.Call, e call.Ending) {
	c.Part(e)
	limit := time.NewTimer(hangupTime)
	defer limit.Stop()
	select {
	case <-c.Done():
	case <-limit.C:
	}
}

// ringing lets the caller hear the ring tone until ring ends, and gives the cause. Where the caller is not
// answered yet, the caller's own network rings; a browser has none.
func (t *run) ringing(ring context.Context, v *twiml.Dial) error {
	if t.call.Record().Status == call.Ringing && !t.call.Rings() {
		<-ring.Done()
		return context.Cause(ring)
	}
	return t.call.Play(ring, media.RingTone(v.RingTone))
}
