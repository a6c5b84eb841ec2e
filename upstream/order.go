package upstream

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"math"
	"net/url"
	"strconv"
	"time"

	"github.com/kaden-project/kaden/call"
	"github.com/kaden-project/kaden/leg"
	"github.com/kaden-project/kaden/sid"
	"github.com/kaden-project/kaden/timeline"
)

// form makes a form of names and values.
func form(pairs ...string) url.Values {
	v := url.Values{}
	for i := 0; i+1 < len(pairs); i += 2 {
		v.Add(pairs[i], pairs[i+1])
	}
	return v
}

// callbacks tells whether the platform can reach us.
func (k *Call) callbacks() bool { return k.client.cfg.PublicURL != "" }

// address is where the platform tells what becomes of the call. It names the attempt, so that a call whose
// order's answer was lost is known by its first callback, and the node, which alone knows what it waits for.
func (k *Call) address() string {
	return fmt.Sprintf("%s%s%s/%s/%s?node=%s", k.client.cfg.PublicURL, Path, url.PathEscape(k.up.Name), url.PathEscape(k.name),
		k.client.token(k.up.Name, k.name), url.QueryEscape(k.client.cfg.Node))
}

// form is the order as the platform wants it (contract 3.1).
func (k *Call) form() url.Values {
	o := k.order
	v := form("To", k.rec.To, "From", k.rec.From,
		"Timeout", seconds(o.Ring, 5, 600), "TimeLimit", seconds(o.TimeLimit, 10, 14400))
	k.script.into(v)
	if o.SendDigits != "" {
		v.Set("SendDigits", o.SendDigits)
	}
	if k.callbacks() {
		v.Set("StatusCallback", k.address())
		v.Set("StatusCallbackMethod", "POST")
		v["StatusCallbackEvent"] = []string{"initiated", "ringing", "answered", "completed"}
	}
	if d := o.Detection; d != nil && o.SendDigits == "" {
		v.Set("MachineDetection", "Enable")
		if d.Message {
			v.Set("MachineDetection", "DetectMessageEnd")
		}
		if !d.Wait { // beside the script, which does not wait for it
			v.Set("AsyncAmd", "true")
			if k.callbacks() {
				v.Set("AsyncAmdStatusCallback", k.address())
			}
		}
		for name, value := range map[string]time.Duration{
			"MachineDetectionSpeechThreshold": d.SpeechThreshold, "MachineDetectionSpeechEndThreshold": d.SpeechEnd, "MachineDetectionSilenceTimeout": d.Silence,
		} {
			if value > 0 {
				v.Set(name, strconv.FormatInt(value.Milliseconds(), 10))
			}
		}
		if d.Timeout > 0 {
			v.Set("MachineDetectionTimeout", seconds(d.Timeout, 3, 60))
		}
	}
	return v
}

func seconds(d time.Duration, least, most int) string {
	return strconv.Itoa(min(max(int(math.Ceil(d.Seconds())), least), most))
}

// begin waits for a place at the upstream's gate, and orders the call.
func (k *Call) begin() {
	k.ordering = true
	if k.ticket == nil {
		k.send()
		return
	}
	away(k, func(context.Context) (*call.Seat, error) { return k.ticket.Wait(k.ctx) }, func(s *call.Seat, err error) {
		switch {
		case err == nil && k.over:
			s.Leave()
		case err == nil:
			k.seat = s
			k.send()
		case errors.Is(err, call.ErrDown):
			k.placed(resource{}, &refusal{status: 503, code: 20503, text: err.Error()})
		default:
			k.placed(resource{}, errGivenUp)
		}
	})
}

// send orders the call.
func (k *Call) send() {
	k.limit.Reset(k.client.limits.Ordering + queued) // the order itself ends earlier
	v := k.form()
	away(k, func(context.Context) (resource, error) { return k.place(v) }, k.placed)
	if k.callbacks() { // the first one may come before the answer
		k.next.Reset(k.client.limits.Patience)
	}
}

// Why an order was not made, or not made again: the call is to end.
var (
	errGivenUp = errors.New("given up before it was ordered")
	errBrought = errors.New("a callback has brought the call")
)

// place orders the call once, whatever happens to the answer. A platform that takes no request now is asked
// again; where an answer was lost, the call is looked for before it is ordered again, and that is only done
// once the platform has said that it has no such call. The error is a *refusal when there is none, an *unsure
// when there may be one.
func (k *Call) place(v url.Values) (resource, error) {
	c, began := k.client, time.Now()
	pause := c.limits.Look / 4
	for orders := 0; ; {
		switch {
		case k.there() != "": // a callback was quicker
			return resource{}, errBrought
		case k.ctx.Err() != nil:
			return resource{}, errGivenUp
		}
		// The request itself is not cut off when the call is to end: its answer says what there is to end.
		r, err := c.create(c.ctx, k.up, v)
		var no *refusal
		var lost *unsure
		wait := pause
		switch {
		case err == nil:
			return r, nil
		case errors.As(err, &lost):
			k.log.Warn("the answer to the order was lost; looking for the call there", "err", err)
			if r, err = k.seek(began, err); err == nil || !errors.As(err, &no) {
				return r, err
			}
			k.post(k.doubt)
			if orders++; orders == 2 { // twice it took the order and had nothing
				return r, &refusal{status: 503, code: 20503, text: lost.err.Error()}
			}
		case errors.As(err, &no) && no.busy():
			wait = max(wait, no.after)
		default:
			return r, err
		}
		if time.Since(began)+wait > c.limits.Ordering {
			return r, &refusal{status: 503, code: 20503, text: "the upstream takes no calls: " + err.Error()}
		}
		select {
		case <-time.After(wait):
		case <-k.ctx.Done():
		}
		pause = min(2*pause, 4*time.Second)
	}
}

// seek looks for the call whose order's answer was lost (lost says how). The error is a *refusal if the platform
// has none, an *unsure if it does not say.
func (k *Call) seek(since time.Time, lost error) (resource, error) {
	c := k.client
	seen := false
	for k.there() == "" {
		found, err := c.search(c.ctx, k.up, remains{To: k.rec.To, From: k.rec.From, Since: since, Until: time.Now()})
		switch {
		case err == nil && len(found) > 0:
			return found[0], nil
		case err == nil && seen: // a list may lag behind: twice, a moment apart
			return resource{}, &refusal{status: 404, text: "the upstream has no such call"}
		case err == nil:
			seen = true
		}
		if time.Since(since) > c.limits.Ordering {
			return resource{}, &unsure{lost}
		}
		select {
		case <-time.After(c.limits.Look / 2):
		case <-c.ctx.Done():
			return resource{}, &unsure{c.ctx.Err()}
		}
	}
	return resource{}, errBrought
}

// doubt has a call looked for that an order whose answer was lost may still bring, beside the one that took its place.
func (k *Call) doubt() {
	rem := k.remains()
	rem.Until = time.Now()
	k.client.working.Go(func() { k.client.reap(k.client.seeking, k.up, rem, 2*k.client.limits.Ordering) })
}

// placed takes what came of the order.
func (k *Call) placed(r resource, err error) {
	k.ordering = false
	if k.over {
		if err == nil && r.SID != k.sid {
			k.client.stray(k.up, r.told(byAnswer), "the call it was for is over")
		}
		return
	}
	var no *refusal
	switch {
	case err == nil:
		if k.level < rank(call.Initiated) && k.ending == nil {
			wait := queued + time.Duration(atoi(r.QueueTime))*time.Millisecond
			if !k.callbacks() { // a call that is dialled looks like one that waits until it rings
				wait += setup + k.order.Ring
			}
			k.limit.Reset(wait)
		}
		k.observe(r.told(byAnswer))
	case k.sid != "":
		// A callback was quicker than the answer and has brought the call.
	case errors.Is(err, errGivenUp):
		k.ended(news{status: call.Canceled})
	case errors.As(err, &no):
		if !k.other(no) {
			k.refuse(no)
		}
	default:
		k.unknown(err)
	}
}

// refuse ends a call that the platform did not take.
func (k *Call) refuse(no *refusal) {
	k.over = true
	k.mu.Lock()
	k.shown.refused = true
	k.mu.Unlock()
	cause := no.cause()
	k.judge(cause, words(no), no.after)
	if cause == leg.Fault {
		k.log.Error("the upstream refused our order", "err", words(no))
	} else {
		k.log.Warn("the upstream did not take the call", "cause", cause, "err", words(no))
	}
	e := call.Event{Status: k.status(cause), Cause: cause, Text: k.up.Name + ": " + words(no)}
	if k.ending != nil {
		e.Cause, e.ByUs, e.Text = canceled, true, ""
		e.Status = k.status(canceled)
	}
	k.rec.Status, k.rec.Cause, k.rec.Ended = e.Status, e.Cause, time.Now()
	k.mark(timeline.CallEnded, e)
}

// unknown ends a call of which nobody can say whether it exists: somebody else has to be called now. What may be
// there is looked for, and ended, for a while.
func (k *Call) unknown(err error) {
	k.log.Error("the upstream took the order and does not answer; whatever comes of it is ended", "err", err)
	rem := k.remains()
	rem.Until = time.Now()
	k.client.working.Go(func() { k.client.reap(k.client.seeking, k.up, rem, k.client.limits.Reaping) })
	k.refuse(&refusal{status: 503, code: 20503, text: err.Error()})
}

// remains is what ends a call there after a crash (rule 28).
type remains struct {
	Upstream string    `json:"upstream"`
	Call     string    `json:"call,omitempty"` // the platform's SID; "" when its order was on the way
	To       string    `json:"to"`
	From     string    `json:"from"`
	Since    time.Time `json:"since"`
	Lasts    int64     `json:"lasts,omitempty"` // of a script that went with the order: as in script, ms
	Next     string    `json:"next,omitempty"`
	Public   string    `json:"public,omitempty"` // where its script and callbacks lead; "" is nowhere, or not known
	Until    time.Time `json:"-"`                // orders made after it are others'; zero: the start of this life
}

func (k *Call) remains() remains {
	return remains{
		Upstream: k.up.Name, Call: k.sid, To: k.rec.To, From: k.rec.From, Since: k.since,
		Lasts: k.script.lasts.Milliseconds(), Next: k.script.next, Public: k.client.cfg.PublicURL,
	}
}

// keep stores it, before the order leaves and when the platform has named the call.
func (k *Call) keep() {
	if k.order.Keep == nil {
		return
	}
	b, err := json.Marshal(k.remains())
	if err == nil {
		ctx, stop := context.WithTimeout(k.client.ctx, 2*time.Second)
		defer stop()
		err = k.order.Keep(ctx, leg.Remains(b))
	}
	if err != nil {
		k.log.Error("what ends the call after a crash is not kept", "err", err)
	}
}

// known reports the SIDs of Twilio's shape: anything else is not put into a path.
func known(id string) bool {
	_, err := sid.Parse[sid.Call](id)
	return err == nil
}
