package voice

import (
	"cmp"
	"context"
	"errors"
	"maps"
	"net/url"
	"strconv"
	"time"

	"github.com/kaden-project/kaden/call"
	"github.com/kaden-project/kaden/media"
	"github.com/kaden-project/kaden/problem"
	"github.com/kaden-project/kaden/twiml"
)

// What may stand in a document that somebody hears besides the program of the call (Twilio's pages on Enqueue,
// Queue and Conference).
var (
	whileQueued  = []string{"Play", "Say", "Pause", "Redirect", "Hangup", "Leave", "Gather"}
	beforeTaken  = []string{"Play", "Say", "Pause", "Redirect"}
	errPicked    = errors.New("somebody takes the call")
	errNotWanted = errors.New("nobody wants the call any more")
)

// enqueue puts the call into a queue.
//
//  1. Until somebody dials the queue, the waitUrl's document is run again and again.
//  2. Who is taken hears the url of the other's <Queue>, and then talks.
//  3. Afterwards, or after <Leave>, the action is asked, or the next verb follows. A call that hangs up or goes on
//     with other TwiML tells the action all the same, and its answer is not run.
func (t *run) enqueue(ctx context.Context, v *twiml.Enqueue) (next, error) {
	if err := t.call.Answer(ctx); err != nil {
		return over, err
	}
	t.silent, t.stale = 0, true
	q, err := t.call.QueueFor(ctx, queueName(cmp.Or(v.Queue, "default")))
	if ctx.Err() != nil {
		return over, context.Cause(ctx)
	}
	if err != nil {
		t.trouble(v, problem.Error, 0, "the queue cannot be had: "+err.Error(), "")
		return t.dequeued(v, url.Values{"QueueResult": {"system-error"}})
	}
	if v.MaxSize > 0 {
		q.Most = min(q.Most, v.MaxSize)
	}
	place, err := t.call.Enqueue(q)
	if err != nil {
		t.trouble(v, problem.Warning, 14207, err.Error(), "maxQueueSize, or MaxSize of the queue")
		return t.dequeued(v, url.Values{"QueueResult": {"queue-full"}, "QueueSid": {string(q.SID)}, "QueueTime": {"0"}})
	}
	defer place.Leave()
	t.settled()
	result, waited, err := t.queued(ctx, v, q, place)
	told := url.Values{"QueueResult": {result}, "QueueSid": {string(q.SID)}, "QueueTime": {strconv.Itoa(int(waited / time.Second))}}
	if err != nil {
		place.Leave()
		t.tellEnd(ctx, v.Action, v.Method, told)
		return over, err
	}
	if result == "hangup" { // by the waiting document
		t.tellEnd(ctx, v.Action, v.Method, told)
		return over, nil
	}
	return t.dequeued(v, told)
}

// queueName is as much of a name as a queue has (Twilio's page on Enqueue).
func queueName(name string) string {
	runes := []rune(name)
	return string(runes[:min(len(runes), 64)])
}

// dequeued goes on after an <Enqueue>.
func (t *run) dequeued(v *twiml.Enqueue, told url.Values) (next, error) {
	if v.Action == "" {
		return next{}, nil
	}
	where, err := t.resolve(v.Action)
	if err != nil {
		return next{jump: &request{url: v.Action, bad: err}}, nil
	}
	return next{jump: &request{method: post(v.Method), url: where, extra: told}}, nil
}

// tellEnd tells an action of a call that is over, or goes on with other TwiML: nobody would hear the answer.
func (t *run) tellEnd(ctx context.Context, action, method string, told url.Values) {
	where, err := t.resolve(action)
	if action == "" || err != nil {
		return
	}
	params := t.call.Params()
	if !errors.Is(context.Cause(ctx), call.ErrRedirected) {
		params.Set("CallStatus", string(call.Completed))
	}
	maps.Copy(params, told)
	rec := t.call.Record()
	t.call.Send(call.Ask{Account: rec.Account, Call: rec.SID, Method: post(method), URL: where, Params: params})
}

// queued waits until the call is taken and the conversation is over, or it leaves; result is Twilio's word for that.
func (t *run) queued(ctx context.Context, v *twiml.Enqueue, q call.QueueRecord, place *call.Place) (result string, waited time.Duration, err error) {
	for {
		wait, stop := context.WithCancelCause(ctx)
		picked := make(chan *call.Pickup, 1)
		go func() {
			select {
			case u := <-place.Called():
				picked <- u
				stop(errPicked)
			case <-wait.Done():
			}
		}()
		result, err = t.waits(wait, v, q, place)
		stop(nil)
		switch {
		case ctx.Err() != nil:
			if result = "hangup"; errors.Is(context.Cause(ctx), call.ErrRedirected) {
				result = "redirected"
			}
			return result, place.Waited(), context.Cause(ctx)
		case err == nil:
			return result, place.Waited(), nil
		case !errors.Is(err, errPicked):
			return "error", place.Waited(), err
		}
		u := <-picked
		if u.Greet != nil {
			if err := t.greeted(ctx, u); err != nil && ctx.Err() != nil {
				continue // the head of the loop says how it ended
			}
		}
		if !u.Ready() {
			continue
		}
		t.call.ForgetKeys()
		err = t.call.Talk(ctx, u.CallerSide(), false)
		if result = "bridged"; errors.Is(err, call.ErrRedirected) {
			result = "redirected-from-bridged"
		}
		if ctx.Err() == nil {
			err = nil
		}
		return result, u.Waited(), err
	}
}

// greeted lets the one who waited hear what the other's <Queue> says, unless that one gives up.
func (t *run) greeted(ctx context.Context, u *call.Pickup) error {
	hear, stop := context.WithCancelCause(ctx)
	defer stop(nil)
	go func() {
		select {
		case <-u.Released():
			stop(errNotWanted)
		case <-hear.Done():
		}
	}()
	return u.Greet(hear, t.call)
}

// waits lets the waiting document be heard, again and again, until ctx ends, which is the error, or the document
// ends the waiting: with <Leave>, or with <Hangup>.
func (t *run) waits(ctx context.Context, v *twiml.Enqueue, q call.QueueRecord, place *call.Place) (result string, err error) {
	if v.Quiet {
		<-ctx.Done()
		return "", context.Cause(ctx)
	}
	where, err := t.resolve(v.WaitURL)
	if v.WaitURL != "" && err != nil {
		t.trouble(v, problem.Error, 14202, err.Error(), "write the whole URL")
	}
	for v.WaitURL != "" && err == nil {
		began := time.Now()
		w := t.beside(call.Program{URL: where, Method: v.WaitMethod}, whileQueued)
		w.params = func() url.Values { return queueParams(q, place) }
		end, err := w.perform(ctx, &request{method: v.WaitMethod, url: where})
		switch {
		case ctx.Err() != nil:
			return "", context.Cause(ctx)
		case w.left:
			return "leave", nil
		case err != nil:
			return "", err
		case end == hungUp:
			return "hangup", nil
		case end == broken:
			return "", t.call.Play(ctx, media.Waiting())
		}
		// A document in which nothing is heard is not asked for more than once a second.
		if err := t.call.Sleep(ctx, time.Second-time.Since(began)); err != nil {
			return "", err
		}
	}
	return "", t.call.Play(ctx, media.Waiting())
}

// queueParams are what a waiting document is told (contract 1.3).
func queueParams(q call.QueueRecord, place *call.Place) url.Values {
	position, i := place.Info()
	seconds := func(d time.Duration) string { return strconv.Itoa(int(d / time.Second)) }
	return url.Values{
		"QueueSid": {string(q.SID)}, "QueuePosition": {strconv.Itoa(position)}, "QueueTime": {seconds(place.Waited())},
		"AvgQueueTime": {seconds(i.Average)}, "CurrentQueueSize": {strconv.Itoa(len(i.Members))}, "MaxQueueSize": {strconv.Itoa(q.Most)},
	}
}

// beside is a run of a document on the same call, in which only some verbs may stand. One that cannot be had is
// silence, and not the sentence for errors: the call goes on.
func (t *run) beside(p call.Program, only []string) *run {
	return &run{Runner: t.Runner, call: t.call, log: t.log, program: p, only: only, mute: true}
}

// dialQueue is <Dial><Queue>: the one who has waited longest is joined with the caller, or the first who comes
// within the timeout.
func (t *run) dialQueue(ctx context.Context, d *twiml.Dial, n *twiml.Queue) (next, error) {
	out := outcome{status: call.Failed, more: url.Values{"DequeueResult": {"queue-not-found"}}}
	q, err := t.call.QueueNamed(ctx, queueName(n.Queue))
	switch {
	case ctx.Err() != nil:
		return over, context.Cause(ctx)
	case errors.Is(err, call.ErrNoQueue):
		t.about(n, 0, "there is no queue "+strconv.Quote(n.Queue), "an <Enqueue> makes it")
		return t.dialled(d, out)
	case err != nil:
		t.about(n, 0, "the queue cannot be had: "+err.Error(), "")
		out.more.Set("DequeueResult", "error")
		return t.dialled(d, out)
	}
	out.more.Set("QueueSid", string(q.SID))
	t.tape = t.dialTape(d)
	t.tape.rings()
	u, err := t.takeFrom(ctx, d, n, q)
	if err == nil {
		out = t.talkTo(ctx, d, u, out)
	} else {
		out.status = call.NoAnswer
		out.more.Set("DequeueResult", "queue-empty")
	}
	maps.Copy(out.more, t.tape.over())
	if ctx.Err() != nil {
		t.farewell(ctx, d, out)
		return over, context.Cause(ctx)
	}
	return t.dialled(d, out)
}

// takeFrom waits for somebody, while the caller hears the ring tone.
func (t *run) takeFrom(ctx context.Context, d *twiml.Dial, n *twiml.Queue, q call.QueueRecord) (*call.Pickup, error) {
	var greet call.Script
	if where, err := t.resolve(n.URL); n.URL != "" && err != nil {
		t.about(n, 14211, err.Error(), "write the whole URL")
	} else if n.URL != "" {
		greet = t.greeting(call.Program{URL: where, Method: n.Method}, q)
	}
	ring, stop := context.WithTimeoutCause(ctx, cmp.Or(d.Timeout, ringTime), errNobody)
	defer stop()
	type catch struct {
		u   *call.Pickup
		err error
	}
	got := make(chan catch, 1)
	heard, quiet := context.WithCancelCause(ring)
	go func() {
		u, err := t.call.Take(ring, q.SID, greet)
		got <- catch{u, err}
		quiet(errJoined)
	}()
	_ = t.ringing(heard, d)
	c := <-got
	return c.u, c.err
}

// greeting is what the one who waited hears before being joined.
func (t *run) greeting(p call.Program, q call.QueueRecord) call.Script {
	by := t.call.SID()
	return func(ctx context.Context, c *call.Call) error {
		began := time.Now()
		for _, m := range t.call.QueueInfo(q.SID).Members {
			if m.Call == c.SID() {
				began = m.Since
			}
		}
		w := &run{Runner: t.Runner, call: c, log: t.Runner.log.With("call", c.SID()), program: p, only: beforeTaken, mute: true}
		w.params = func() url.Values {
			return url.Values{ // "Dequeing" is Twilio's spelling
				"QueueSid": {string(q.SID)}, "QueueTime": {strconv.Itoa(int(time.Since(began) / time.Second))}, "DequeingCallSid": {string(by)},
			}
		}
		_, err := w.perform(ctx, &request{method: p.Method, url: p.URL})
		return err
	}
}

// talkTo joins the caller with whoever was taken.
func (t *run) talkTo(ctx context.Context, d *twiml.Dial, u *call.Pickup, out outcome) outcome {
	if err := t.call.Answer(ctx); err != nil { // the caller has gone, and the other one waits for somebody to speak
		u.Side().Leave()
		out.more.Set("DequeueResult", "error")
		return out
	}
	t.call.ForgetKeys() // they were pressed at the ring tone
	talk, stop := context.WithTimeoutCause(ctx, cmp.Or(d.TimeLimit, joinLimit), errTimeLimit)
	defer stop()
	began := time.Now()
	t.settled()
	t.tape.joined()
	err := t.call.Talk(talk, u.Side(), d.HangupOnStar)
	t.log.Debug("joined calls have parted", "with", u.Call().SID(), "why", err)
	seconds := func(d time.Duration) string { return strconv.Itoa(int(d / time.Second)) }
	out.status, out.bridged = call.Completed, true
	out.more.Set("DequeueResult", "bridged")
	out.more.Set("DequeuedCallSid", string(u.Call().SID()))
	out.more.Set("DequeuedCallQueueTime", seconds(u.Waited()))
	out.more.Set("DequeuedCallDuration", seconds(time.Since(began)))
	return out
}
