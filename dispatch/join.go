package dispatch

import (
	"context"
	"fmt"
	"net/url"
	"slices"
	"time"

	"github.com/kaden-project/kaden/timeline"
	"github.com/kaden-project/kaden/twiml"
)

// Whoever confirms in a step with join meets the others in a conference that bears the call-out's name (P2).

// The keys outside the conference.
const (
	keyMissing = "3"
	keyBack    = "1"
)

// longestTalk is how long somebody may be in the conference: Twilio's longest call.
const longestTalk = 4 * time.Hour

// rooms is who is in which conference: call-out → attempt → person. Dispatcher.mu guards it; a conference
// does not outlive the process, so neither does this.
type rooms map[string]map[string]string

func (d *Dispatcher) inRoom(callout string) (people []string) {
	d.mu.Lock()
	defer d.mu.Unlock()
	for _, who := range d.rooms[callout] {
		people = append(people, who)
	}
	slices.Sort(people)
	return slices.Compact(people)
}

// onJoin tells who is in, what it is about and who is missing, and opens the door.
func (d *Dispatcher) onJoin(ctx context.Context, lead string, form url.Values) *twiml.Response {
	about := form.Get("about")
	r, err := d.wake(ctx, calloutOf(about))
	if err != nil {
		return goodbye(phrasesOf("en"))
	}
	v, set := r.view(), d.cfg.House()
	me := r.attempt(about).Person
	p := phrasesOf(d.languageFor(set, me, v.State.Plan))
	if form.Get("offered") != "" && form.Get("Digits") != keyBack {
		return goodbye(p)
	}
	if l := d.lines.led(lead); l != nil {
		l.joined()
	}
	if v.State.Plan.Hotline && len(d.inRoom(r.id())) == 0 {
		return d.onTaken(r, lead, about, p)
	}
	if form.Get("back") != "" {
		return &twiml.Response{Verbs: []twiml.Verb{p.say(p.rejoin), d.door(lead, r.id(), about)}}
	}
	here := slices.DeleteFunc(d.inRoom(r.id()), func(id string) bool { return id == me })
	text := p.joinFirst
	if len(here) > 0 {
		text = fmt.Sprintf(p.joinWith, p.list(d.spokenNames(set, p, here)))
	}
	verbs := []twiml.Verb{p.say(text), p.say(fmt.Sprintf(p.joinAbout, d.titleOf(p, v.State.Plan, v.Incident)))}
	if missing := slices.DeleteFunc(v.State.Missing(), func(id string) bool { return id == me }); len(missing) > 0 {
		verbs = append(verbs, p.say(fmt.Sprintf(p.joinMissing, p.list(d.spokenNames(set, p, missing)))))
	}
	if v.State.Drill {
		verbs = append(verbs, p.say(p.drilled))
	}
	return &twiml.Response{Verbs: append(verbs, p.say(p.joinNow), d.door(lead, r.id(), about))}
}

// door is the way into the conference, and out of it by star.
func (d *Dispatcher) door(lead, callout, about string) twiml.Verb {
	query := "?about=" + url.QueryEscape(about)
	room := twiml.NewConference(callout)
	room.ParticipantLabel = about
	room.StatusCallback, room.StatusCallbackMethod = d.address(lead, partRoom)+query, "POST"
	room.StatusCallbackEvent = []string{"join", "leave"}
	dial := twiml.NewDial(room)
	dial.Action, dial.Method, dial.HangupOnStar = partLeft+query, "POST", true
	return dial
}

// onLeft is the moment after star: who is missing can be called again, or one goes back.
func (d *Dispatcher) onLeft(ctx context.Context, _ string, form url.Values) *twiml.Response {
	about := form.Get("about")
	r, err := d.wake(ctx, calloutOf(about))
	if err != nil {
		return goodbye(phrasesOf("en"))
	}
	return d.leftMenu(r, about)
}

func (d *Dispatcher) leftMenu(r *run, about string, first ...string) *twiml.Response {
	v := r.view()
	p := phrasesOf(d.languageFor(d.cfg.House(), r.attempt(about).Person, v.State.Plan))
	menu := p.leftNobody
	if n := len(d.missing(v.State)); n > 0 {
		menu = fmt.Sprintf(p.leftMenu, n)
	}
	var said []twiml.Verb
	for _, text := range append(first, menu) {
		said = append(said, p.say(text))
	}
	ask := gather(partLeftKey+"?about="+url.QueryEscape(about), 10*time.Second, said...)
	// Who presses nothing goes back: hanging up is how one leaves.
	return &twiml.Response{Verbs: []twiml.Verb{ask, &twiml.Redirect{URL: partJoin + "?back=1&about=" + url.QueryEscape(about), Method: "POST"}}}
}

func (d *Dispatcher) onLeftKey(ctx context.Context, _ string, form url.Values) *twiml.Response {
	about := form.Get("about")
	r, err := d.wake(ctx, calloutOf(about))
	if err != nil {
		return goodbye(phrasesOf("en"))
	}
	v := r.view()
	me := r.attempt(about).Person
	p := phrasesOf(d.languageFor(d.cfg.House(), me, v.State.Plan))
	back := partJoin + "?back=1&about=" + url.QueryEscape(about)
	switch form.Get("Digits") {
	case keyBack:
		return then(p, back)
	case keyMissing:
		n := len(d.missing(v.State))
		if n == 0 {
			return d.leftMenu(r, about, p.everyoneNo)
		}
		ctx, stop := context.WithTimeout(ctx, pressing)
		defer stop()
		if err := r.settle(ctx, summoned(me)); err != nil {
			return d.leftMenu(r, about, p.notYet)
		}
		return then(p, back, fmt.Sprintf(p.everyoneNow, n))
	}
	return d.leftMenu(r, about)
}

// announce lets those in the conference of a call-out hear a sentence, if there are some.
func (d *Dispatcher) announce(r *run, sentence func(phrases) string) {
	if d.cfg.Announce == nil || len(d.inRoom(r.id())) < 2 {
		return
	}
	p := phrasesOf(d.languageFor(d.cfg.House(), "", r.view().State.Plan))
	text := sentence(p)
	if text == "" {
		return
	}
	d.spawn(func() {
		ctx, stop := context.WithTimeout(d.life, rendering)
		defer stop()
		if err := d.cfg.Announce(ctx, r.id(), twiml.NewSay(p.tag, text)); err != nil && d.life.Err() == nil {
			r.log.Warn("conference not told", "err", err)
		}
	})
}

// onRoom hears who came into the conference and who left it.
func (d *Dispatcher) onRoom(ctx context.Context, form url.Values) *twiml.Response {
	about := form.Get("ParticipantLabel")
	if about == "" {
		about = form.Get("about")
	}
	r, err := d.wake(ctx, calloutOf(about))
	if err != nil {
		return &twiml.Response{}
	}
	if g, ours := d.guestNamed(about); ours {
		return d.onGuestsRoom(ctx, r, g, form)
	}
	who, kind := r.attempt(about).Person, timeline.AttemptJoined
	d.mu.Lock()
	switch form.Get("StatusCallbackEvent") {
	case "participant-join":
		if d.rooms[r.id()] == nil {
			d.rooms[r.id()] = map[string]string{}
		}
		d.rooms[r.id()][about] = who
	case "participant-leave":
		kind = timeline.AttemptLeft
		delete(d.rooms[r.id()], about)
		if len(d.rooms[r.id()]) == 0 {
			delete(d.rooms, r.id())
		}
	default:
		kind = ""
	}
	d.mu.Unlock()
	if kind == "" {
		return &twiml.Response{}
	}
	if r.view().State.Plan.Hotline {
		d.moved(r, about, kind == timeline.AttemptJoined)
	}
	if kind == timeline.AttemptJoined {
		d.announce(r, func(p phrases) string { return d.named(d.cfg.House(), p, who, p.joined, "") })
	}
	if err := r.change(ctx, func(t *turn) {
		t.note(now(), timeline.Event{Kind: kind, Person: who, Attempt: about})
	}); err != nil {
		d.log.Error("conference not noted on the timeline", "callout", r.id(), "err", err)
	}
	return &twiml.Response{}
}
