package dispatch

import (
	"cmp"
	"context"
	"fmt"
	"maps"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/kaden-project/kaden/alert"
	"github.com/kaden-project/kaden/call"
	"github.com/kaden-project/kaden/callout"
	"github.com/kaden-project/kaden/sid"
	"github.com/kaden-project/kaden/timeline"
	"github.com/kaden-project/kaden/twiml"
)

// The caller of a hotline and whoever takes it meet in the conference of the call-out. Either may be the first to
// leave: the other is told, and never left alone with music.

// guestsOf are those who wait for a call-out, or talk in its conference.
func (d *Dispatcher) guestsOf(callout string) (list []*guest) {
	d.mu.Lock()
	defer d.mu.Unlock()
	for _, g := range d.guests {
		if g.callout == callout {
			list = append(list, g)
		}
	}
	return list
}

// onTheWay tells whether somebody who has taken it is on the telephone, and may come into the conference.
func onTheWay(s callout.State) bool {
	return slices.ContainsFunc(s.Attempts, func(a callout.Attempt) bool { return a.Outcome == callout.Confirmed && up(a) })
}

// member names a guest in a conference; calloutOf knows the call-out of it, as of an attempt.
func (g *guest) member() string { return g.callout + "-" + string(g.call) }

// guestNamed finds the guest whom a member's name means; ours is whether it is a guest's name at all.
func (d *Dispatcher) guestNamed(member string) (g *guest, ours bool) {
	_, name, _ := strings.Cut(member, calloutOf(member)+"-")
	id, err := sid.Parse[sid.Call](name)
	if err != nil {
		return nil, false
	}
	d.mu.Lock()
	defer d.mu.Unlock()
	return d.guests[id], true
}

// meet is the caller's way into the conference.
func (d *Dispatcher) meet(g *guest, text string) *twiml.Response {
	d.binds(g, true)
	me := g.member()
	room := twiml.NewConference(g.callout)
	room.ParticipantLabel = me
	// Whoever comes first says who is told of the conference.
	room.StatusCallback, room.StatusCallbackMethod = d.address(me, partRoom)+"?about="+url.QueryEscape(me), "POST"
	room.StatusCallbackEvent = []string{"join", "leave"}
	dial := twiml.NewDial(room)
	dial.Action, dial.Method = hotlineAt(stepAlone), "POST"
	return &twiml.Response{Verbs: []twiml.Verb{g.p.say(text), dial}}
}

// onTaken is what whoever took a call hears: they are brought together with the caller, or hear how to call back.
func (d *Dispatcher) onTaken(r *run, lead, about string, p phrases) *twiml.Response {
	if len(d.guestsOf(r.id())) == 0 {
		return d.farewell(r, p, p.callerGone, true)
	}
	if l := d.lines.led(lead); l != nil && l.away() {
		return d.farewell(r, p, p.callerApart, true)
	}
	return &twiml.Response{Verbs: []twiml.Verb{p.say(p.callerHere), d.door(lead, r.id(), about)}}
}

// farewell says why there is no caller to talk to, and how to call back: twice where that is news.
func (d *Dispatcher) farewell(r *run, p phrases, why string, news bool) *twiml.Response {
	back := p.callerHidden
	if from := r.view().Incident.Alert.Labels[labelCaller]; from != "" {
		back = fmt.Sprintf(p.callerBack, alert.Speakable(written(from), p.lang))
	}
	if news {
		return announce(p, why, back, back)
	}
	return announce(p, why, back)
}

// onGone is for somebody who is alone in a conference, or on the way into it, when the caller has hung up.
func (d *Dispatcher) onGone(ctx context.Context, lead string, form url.Values) *twiml.Response {
	about := form.Get("about")
	r, err := d.wake(ctx, calloutOf(about))
	if err != nil {
		return goodbye(phrasesOf("en"))
	}
	p := phrasesOf(d.languageFor(d.cfg.House(), r.attempt(about).Person, r.view().State.Plan))
	return d.farewell(r, p, p.callerGone, form.Get("talked") == "")
}

// guestLeft is the end of a guest's call.
func (d *Dispatcher) guestLeft(id sid.Call) {
	d.mu.Lock()
	g := d.guests[id]
	delete(d.guests, id)
	kept := g != nil && g.callout != ""
	d.mu.Unlock()
	if kept {
		d.missGuest(g)
	}
}

// aTalk is how long somebody has to be with the caller for it to be what the caller had called for.
const aTalk = 10 * time.Second

// missGuest writes down that a guest is not on the line any more, and tells those who would talk to them. If they
// had talked to somebody, that was what they had called for, and it is over; else the call-out goes on.
func (d *Dispatcher) missGuest(g *guest) {
	at := now()
	d.mu.Lock()
	id, there := g.callout, maps.Clone(d.rooms[g.callout])
	with := strings.Join(slices.Sorted(maps.Keys(g.met)), ", ")
	talked := with != "" && at.Sub(g.metAt) >= aTalk
	text := cmp.Or(g.told, "hung up") + ", after " + at.Sub(g.since).Round(time.Second).String() + "; " + g.callBack()
	d.mu.Unlock()
	last, r := len(d.guestsOf(id)) == 0, d.live(id)
	it := item{}
	if talked {
		text = "hung up after a talk with " + with
		if running := r != nil && r.view().State.Status == callout.Running; last && !running { // else others are still asked
			it.event = callout.Event{At: at, Kind: callout.Resolved, Text: "the caller has talked with " + with}
		}
	}
	over := it.event.Kind != ""
	it.change = func(t *turn) {
		if over {
			t.close("")
		}
		t.note(at, timeline.Event{Kind: timeline.CallerLeft, Call: string(g.call), Text: text})
	}
	d.hand(id, it)
	switch {
	case !last:
	case r != nil && len(there) > 1: // they talk on
		d.announce(r, func(p phrases) string { return p.callerGone })
	default:
		for attempt := range there {
			d.sendAway(attempt, talked)
		}
	}
}

// callBack says, for people who read it, how to reach a caller.
func (g *guest) callBack() string {
	if g.caller() == "" {
		return "showed no number"
	}
	return "to be called back: " + written(g.from)
}

// sendAway tells somebody in a conference that the caller has hung up.
func (d *Dispatcher) sendAway(attempt string, talked bool) {
	l := d.lines.of(attempt)
	if l == nil {
		return
	}
	if h := l.holder(); h != nil {
		where := d.address(l.lead, partGone) + "?about=" + url.QueryEscape(attempt)
		if talked {
			where += "&talked=1"
		}
		if err := h.Redirect(call.Program{URL: where, Method: "POST"}); err != nil {
			d.log.Debug("not told that the caller has hung up", "attempt", attempt, "err", err)
		}
	}
}

// onGuestsRoom hears that a guest came into the conference, or left it.
func (d *Dispatcher) onGuestsRoom(ctx context.Context, r *run, g *guest, form url.Values) *twiml.Response {
	came := form.Get("StatusCallbackEvent") == "participant-join"
	d.moved(r, form.Get("ParticipantLabel"), came)
	if !came || g == nil { // that they have hung up is told by their call
		return &twiml.Response{}
	}
	if err := r.change(ctx, func(t *turn) {
		t.note(now(), timeline.Event{Kind: timeline.CallerJoined, Call: string(g.call)})
	}); err != nil {
		d.log.Error("conference not noted on the timeline", "callout", r.id(), "err", err)
	}
	return &twiml.Response{}
}

// moved is what it means on a hotline that somebody has come into the conference, or left it.
func (d *Dispatcher) moved(r *run, member string, came bool) {
	if came {
		d.cameIn(r, member)
	} else {
		d.wentOut(r, member)
	}
}

// cameIn brings guests to whoever has come in, and notes whom they talk with. Who comes in and finds that the caller
// has hung up meanwhile is told so.
func (d *Dispatcher) cameIn(r *run, member string) {
	d.mu.Lock()
	there := maps.Clone(d.rooms[r.id()])
	waiting := 0
	for _, g := range d.guests {
		if g.callout != r.id() {
			continue
		}
		waiting++
		if g.member() == member {
			g.inside = true
		}
		if g.inside && len(there) > 0 && len(g.met) == 0 {
			g.metAt = now()
		}
		for _, one := range there {
			if g.inside {
				g.met[one] = true
			}
		}
	}
	d.mu.Unlock()
	switch {
	case waiting == 0 && len(there) == 1:
		d.sendAway(member, false)
	case len(there) > 0:
		d.look(r.id())
	}
}

// wentOut lets no guest stay alone in the conference.
func (d *Dispatcher) wentOut(r *run, member string) {
	d.mu.Lock()
	empty := len(d.rooms[r.id()]) == 0
	var alone []*guest
	for _, g := range d.guests {
		switch {
		case g.callout != r.id():
		case g.member() == member:
			g.inside = false
		case g.inside && empty:
			alone = append(alone, g)
		}
	}
	d.mu.Unlock()
	for _, g := range alone {
		d.fetch(g, stepAlone)
	}
}

// look brings those who wait for a call-out to what has become of it.
func (d *Dispatcher) look(callout string) {
	for _, g := range d.guestsOf(callout) {
		d.mu.Lock()
		bound := g.bound
		d.mu.Unlock()
		if !bound {
			d.fetch(g, stepWait)
		}
	}
}

// binds notes whether a guest is on the way into the conference, or in it.
func (d *Dispatcher) binds(g *guest, bound bool) {
	d.mu.Lock()
	g.bound = bound
	d.mu.Unlock()
}

// decided tells whether a turn brings something that those who wait have to hear at once.
func (t *turn) decided() bool {
	return t.state.Plan.Hotline && slices.ContainsFunc(t.notes, func(e timeline.Event) bool {
		switch e.Kind {
		case timeline.AlertAcknowledged, timeline.AlertExhausted, timeline.AlertResolved:
			return true
		}
		return e.Kind == timeline.NoticeRaised && e.Cause == callout.WhyStopped
	})
}

// onAlone is for a caller who is out of the conference: whoever talked with them has left, for a moment or for good.
func (d *Dispatcher) onAlone(ctx context.Context, g *guest, form url.Values) *twiml.Response {
	if len(d.inRoom(g.callout)) > 0 {
		return d.meet(g, g.p.lineMeet)
	}
	n, _ := strconv.Atoi(form.Get("moment"))
	if r, err := d.wake(ctx, g.callout); err == nil && onTheWay(r.view().State) {
		if n == 1 { // it is no hanging up, so somebody else is being called in
			return d.moment(g, stepAlone, n+1, g.p.lineMoment)
		}
		return d.moment(g, stepAlone, n+1)
	}
	return d.askAgain(g, 1)
}

func (d *Dispatcher) askAgain(g *guest, try int) *twiml.Response {
	d.binds(g, false)
	said := []twiml.Verb{g.p.say(g.p.lineAlone)}
	if d.hears(g) {
		said = append([]twiml.Verb{g.p.say(g.p.twice)}, said...)
	}
	return d.asks(g, hotlineAt(stepAgain)+"?try="+strconv.Itoa(try), 6*time.Second, said...)
}

// onAgain has somebody called once more if the caller wants that.
func (d *Dispatcher) onAgain(ctx context.Context, g *guest, form url.Values) *twiml.Response {
	try, _ := strconv.Atoi(form.Get("try"))
	switch key, once := d.pressed(g, form.Get("Digits")); {
	case key == keyBack, form.Get("wanted") != "":
	case once == keyBack && try <= askings:
		return d.asks(g, hotlineAt(stepAgain)+"?try="+strconv.Itoa(try+1), afterwards, g.p.say(fmt.Sprintf(g.p.onceMore, once)))
	case try < askings:
		return d.askAgain(g, try+1)
	default:
		return announce(g.p, g.p.lineBye)
	}
	ctx, stop := context.WithTimeout(context.WithoutCancel(ctx), pressing)
	defer stop()
	r, err := d.wake(ctx, g.callout)
	if err == nil {
		switch s := r.view().State; s.Status {
		case callout.ResolvedNow, callout.StoppedNow: // what was decided stays so
			return d.keep(ctx, g)
		case callout.Acknowledged, callout.Exhausted:
			err = r.commission(ctx, item{
				event: callout.Event{At: now(), Kind: callout.Released, By: s.By, Text: "the caller wants somebody again"},
			})
		}
	}
	if err != nil {
		d.log.Error("not recorded that a caller wants somebody again; trying again", "call", g.call, "err", err)
		return &twiml.Response{Verbs: []twiml.Verb{
			g.p.say(g.p.lineNotYet), &twiml.Pause{Length: 3 * time.Second},
			&twiml.Redirect{URL: hotlineAt(stepAgain) + "?wanted=1", Method: "POST"},
		}}
	}
	d.waitsFor(g, g.callout)
	return d.begun(g)
}

// oneCaller keeps for a person the one caller whom they talk to: other calls that were told with it go to the next.
func (d *Dispatcher) oneCaller(l *line, attempt string, r *run) {
	l.leave(attempt)
	r.send(callout.Event{At: now(), Kind: callout.Ended, Attempt: attempt, Outcome: callout.Busy, Text: "talks with another caller"})
}
