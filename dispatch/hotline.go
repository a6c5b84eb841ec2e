package dispatch

import (
	"cmp"
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/kaden-project/kaden/account"
	"github.com/kaden-project/kaden/alert"
	"github.com/kaden-project/kaden/call"
	"github.com/kaden-project/kaden/callout"
	"github.com/kaden-project/kaden/number"
	"github.com/kaden-project/kaden/sid"
	"github.com/kaden-project/kaden/timeline"
	"github.com/kaden-project/kaden/twiml"
)

// A hotline: somebody calls a number of ours, presses a key, and the people of a plan are called until one of them
// takes it and talks with the caller. The call is an alert like any other, kept before the caller is told that anybody
// is called; the caller is its guest (hotline_meet.go), and may leave: the call-out goes on without them.

// hotlinePath is where a number with plan: finds its script. It is answered in the process alone.
const hotlinePath = "/hotline"

// Parts of a caller's script.
const (
	stepKey   = "/key"   // the answer to the first question
	stepKeep  = "/keep"  // it is not recorded yet: once more
	stepWait  = "/wait"  // while people are called
	stepAlone = "/alone" // whoever talked with the caller has left
	stepAgain = "/again" // the answer to what is asked then
	stepMusic = "/music" // what is heard meanwhile
)

const (
	askings    = 3                // that a caller is asked for a key
	betweenTwo = 20 * time.Second // signs of life, where there is no music
)

// kindCall is the kind of the delivery that a call to a hotline is. No source has it.
const kindCall = "call"

// What an alert of a hotline knows, in its labels.
const (
	labelCaller = "caller" // the caller's number as it may be called back; none: it was not shown
	labelPerson = "person" // whose number that is, if it is one of ours
	labelCall   = "call"
)

// Scripted makes a number that kaden's own script answers lead to it: one with call-back: to the script for people
// who call us, one with plan: to that of its callers.
func Scripted(n account.Number) account.Number {
	switch {
	case n.CallBack:
		n.URL, n.Method, n.StatusCallback = Origin+callBackPath, "POST", Origin+callBackPath+stepOver
	case n.Hotline != nil:
		n.URL, n.Method = Origin+hotlinePath+"?number="+url.QueryEscape(n.Number), "POST"
		n.StatusCallback = Origin + hotlinePath + stepOver
	}
	return n
}

// forCaller is a plan as it works for somebody who waits on the line: without a grace, and only a key takes it. A
// voicemail would take it else, or somebody who has hung up.
func forCaller(p callout.Plan) callout.Plan {
	p.Hotline, p.After = true, callout.AtOnce
	if p.Confirm == callout.ByAnswer || p.Confirm == callout.ByHangup {
		p.Confirm = callout.ByKey
	}
	return p
}

// guest is somebody who has called a hotline, until their call is over. Dispatcher.mu guards the map, and of a guest
// what stands last; all else belongs to the script of the call, which asks one thing at a time.
type guest struct {
	call   sid.Call
	number account.Number // that was called
	from   string         // as the call shows it
	since  time.Time
	p      phrases // of the language that the caller chose
	calls  int     // how often they have asked for somebody
	tone   string  // a key that was heard in the sound, once so far
	toned  time.Time

	callout string          // "" until it is kept
	bound   bool            // for the conference, or in it
	inside  bool            // in it
	met     map[string]bool // who has been in it with them since they asked
	metAt   time.Time       // since when
	told    string          // why the call is ended, once it is
}

// onHotline is the script of those who call a hotline.
func (d *Dispatcher) onHotline(ctx context.Context, step string, form url.Values) *twiml.Response {
	id := sid.Call(form.Get("CallSid"))
	if step == stepOver {
		d.guestLeft(id)
		return &twiml.Response{}
	}
	d.mu.Lock()
	g := d.guests[id]
	d.mu.Unlock()
	switch {
	case step == "" && form.Get("Direction") == string(call.Inbound):
		return d.onWelcome(id, form)
	case g == nil: // another life of the process may have begun this call
		return announce(english, english.unavailable)
	case step == stepKey:
		return d.onGuestKey(ctx, g, form)
	case step == stepKeep:
		return d.keep(ctx, g)
	case step == stepWait:
		return d.onWait(ctx, g, form)
	case step == stepAlone:
		return d.onAlone(ctx, g, form)
	case step == stepAgain:
		return d.onAgain(ctx, g, form)
	}
	return announce(g.p, g.p.unavailable)
}

// welcome is what the line says in one language, and whose key chooses it.
type welcome struct {
	p    phrases
	said *twiml.Say
}

// welcomes are those of a number: in the languages of its own words, else in those of its plan.
func (d *Dispatcher) welcomes(n account.Number) (out []welcome) {
	for _, g := range n.Hotline.Say {
		p := phrasesOf(primary(g.Language))
		tag := g.Language
		if tag == p.lang {
			tag = p.tag
		}
		out = append(out, welcome{p, twiml.NewSay(tag, g.Text)})
	}
	if len(out) > 0 {
		return out
	}
	plan, _ := d.planNamed(n.Hotline.Plan, "")
	for _, lang := range plan.Languages {
		p := phrasesOf(primary(lang))
		if !slices.ContainsFunc(out, func(w welcome) bool { return w.p.lang == p.lang }) {
			out = append(out, welcome{p, twiml.NewSay(p.tag, p.line)})
		}
	}
	if len(out) == 0 {
		out = []welcome{{english, twiml.NewSay(english.tag, english.line)}}
	}
	return out
}

func (d *Dispatcher) onWelcome(id sid.Call, form url.Values) *twiml.Response {
	called := form.Get("number")
	list := d.cfg.House().Numbers
	i := slices.IndexFunc(list, func(n account.Number) bool { return n.Number == called && n.Hotline != nil })
	if i < 0 { // its document has gone this moment
		return announce(english, english.unavailable)
	}
	g := &guest{call: id, number: list[i], from: form.Get("From"), since: now(), met: map[string]bool{}}
	g.p = d.welcomes(g.number)[0].p
	d.mu.Lock()
	d.guests[id] = g
	d.mu.Unlock()
	return d.ask(g, 1)
}

// ask says what the line is and asks for a key, so that no robot, no wrong number and no pocket wakes anybody.
func (d *Dispatcher) ask(g *guest, try int) *twiml.Response {
	var said []twiml.Verb
	if try == 1 {
		said = append(said, breath())
	}
	for i, w := range d.welcomes(g.number) {
		said = append(said, w.said)
		if d.hears(g) {
			said = append(said, w.p.say(w.p.twice))
		}
		said = append(said, w.p.say(fmt.Sprintf(w.p.lineKey, strconv.Itoa(i+1))))
	}
	return d.asks(g, hotlineAt(stepKey)+"?try="+strconv.Itoa(try), 4*time.Second, said...)
}

// asks takes a guest's key while something is said, or both that are wanted where keys are heard in the sound.
func (d *Dispatcher) asks(g *guest, next string, wait time.Duration, said ...twiml.Verb) *twiml.Response {
	ask := gather(next, wait, said...)
	if d.hears(g) {
		ask.NumDigits = 2
	}
	return &twiml.Response{Verbs: []twiml.Verb{ask, &twiml.Redirect{URL: next, Method: "POST"}}}
}

// hears tells whether a guest's keys are heard as tones in the sound.
func (d *Dispatcher) hears(g *guest) bool {
	if d.cfg.Inbound == nil {
		return false
	}
	l, up := d.cfg.Inbound(g.call)
	return up && byTones(l)
}

// pressed is the key that a guest has pressed. One that was heard in the sound counts when it is heard twice (rule 19);
// once is one that was heard so and may be none.
func (d *Dispatcher) pressed(g *guest, digits string) (key, once string) {
	if !d.hears(g) {
		return digits, ""
	}
	for _, r := range digits {
		key, at := string(r), now()
		if key == g.tone && at.Sub(g.toned) <= callout.ToneAgain {
			g.tone = ""
			return key, ""
		}
		g.tone, g.toned, once = key, at, key
	}
	return "", once
}

func hotlineAt(step string) string { return Origin + hotlinePath + step }

// onGuestKey takes the key that has people called; without it nobody is.
func (d *Dispatcher) onGuestKey(ctx context.Context, g *guest, form url.Values) *twiml.Response {
	list := d.welcomes(g.number)
	chosen := func(digits string) (w welcome, ok bool) {
		key, err := strconv.Atoi(digits)
		if ok = err == nil && key >= 1 && key <= len(list); ok {
			w = list[key-1]
		}
		return w, ok
	}
	key, once := d.pressed(g, form.Get("Digits"))
	if w, ok := chosen(key); ok {
		g.p = w.p
		return d.keep(ctx, g)
	}
	try, _ := strconv.Atoi(form.Get("try"))
	if w, ok := chosen(once); ok && try <= askings {
		d.log.Info("a tone in the sound: counts when it is heard twice", "call", g.call, "key", once)
		return d.asks(g, hotlineAt(stepKey)+"?try="+strconv.Itoa(try+1), afterwards, w.p.say(fmt.Sprintf(w.p.onceMore, once)))
	}
	if try < askings {
		return d.ask(g, try+1)
	}
	d.log.Info("nobody pressed a key on the hotline, so nobody is called", "call", g.call, "from", number.Mask(g.from))
	doc := &twiml.Response{}
	for _, w := range list {
		doc.Verbs = append(doc.Verbs, w.p.say(w.p.lineNobody))
	}
	doc.Verbs = append(doc.Verbs, &twiml.Hangup{})
	return doc
}

// keep makes an alert of the call, and says so only when it is one (rule 20). Who hangs up right after the key is
// not forgotten either.
func (d *Dispatcher) keep(ctx context.Context, g *guest) *twiml.Response {
	ctx, stop := context.WithTimeout(context.WithoutCancel(ctx), pressing)
	defer stop()
	if err := d.admit(ctx, g); err != nil {
		d.log.Error("a call to the hotline is not recorded, so nobody is called for it; trying again", "call", g.call, "from", number.Mask(g.from), "err", err)
		return &twiml.Response{Verbs: []twiml.Verb{
			g.p.say(g.p.lineNotYet), &twiml.Pause{Length: 3 * time.Second}, &twiml.Redirect{URL: hotlineAt(stepKeep), Method: "POST"},
		}}
	}
	return d.begun(g)
}

// begun says that people are called, and what becomes of somebody who does not wait.
func (d *Dispatcher) begun(g *guest) *twiml.Response {
	text := []string{g.p.lineCalling}
	if !d.Held().Until.IsZero() {
		text = []string{d.halted(g.p)}
	}
	if g.caller() != "" {
		text = append(text, g.p.lineNumber)
	}
	return then(g.p, hotlineAt(stepWait)+"?music=1", text...)
}

// admit makes the call an alert, or brings the caller back to the one of an earlier call.
func (d *Dispatcher) admit(ctx context.Context, g *guest) error {
	select { // what runs already is known from then on
	case <-d.booted:
	case <-ctx.Done():
		return context.Cause(ctx)
	}
	if r := d.unserved(ctx, g); r != nil {
		return d.comeBack(ctx, g, r)
	}
	key := string(g.call)
	if g.calls > 0 {
		key += "-" + strconv.Itoa(g.calls+1)
	}
	raw, err := json.Marshal(map[string]string{"from": g.from, "to": g.number.Number, "call": string(g.call)})
	if err != nil {
		return err
	}
	one := alert.Alert{
		Key: key, Action: alert.Trigger, Severity: alert.Severity(cmp.Or(g.number.Hotline.Severity, string(alert.Critical))),
		Subject: g.number.Number, Labels: map[string]string{labelCall: string(g.call)}, OccurredAt: g.since,
	}
	if c := g.caller(); c != "" {
		one.Labels[labelCaller] = c
		if who := d.whoCalls(g.from); who != "" {
			one.Labels[labelPerson] = who
		}
	}
	one.Title = d.callTitle(g.p, one, false)
	in := alert.Delivery{ID: key, Source: g.number.Number, Kind: kindCall, Raw: raw, ReceivedAt: g.since, Alerts: []alert.Alert{one}}
	if _, err := d.Accept(ctx, in); err != nil {
		return err
	}
	var inc Incident
	if err := d.store.Write(ctx, func(tx Tx) (err error) { // a second try is a duplicate, and has no receipt
		inc, _, err = tx.LastIncident(in.Source, key)
		return err
	}); err != nil {
		return err
	}
	if inc.Callout == "" {
		return fmt.Errorf("call %s: %w", g.call, ErrNotFound)
	}
	d.waitsFor(g, inc.Callout)
	return nil
}

// caller is how a guest can be called back, "" if that is not known.
func (g *guest) caller() string {
	if number.Withheld(g.from) || g.from == "" || g.from == "anonymous" {
		return ""
	}
	return g.from
}

// waitsFor notes which call-out a guest waits for. One who has hung up by now is missed at once.
func (d *Dispatcher) waitsFor(g *guest, callout string) {
	d.mu.Lock()
	g.callout = callout
	g.calls++
	clear(g.met)
	here := d.guests[g.call] == g
	d.mu.Unlock()
	if !here {
		d.missGuest(g)
	}
}

// unserved finds the call-out of an earlier call of the same caller to the same line that nobody has taken, or that
// is being talked about: who was cut off comes back to it. Who has talked, and calls again, has something new to say.
func (d *Dispatcher) unserved(ctx context.Context, g *guest) *run {
	if g.caller() == "" {
		return nil
	}
	list, err := d.store.Incidents(ctx, Query{Status: []Status{Stored, Acknowledged, Exhausted}, Limit: manyAlerts})
	if err != nil {
		d.log.Error("earlier calls of a caller not looked for", "call", g.call, "err", err)
		return nil
	}
	for _, inc := range list {
		mine := inc.Alert.Source == g.number.Number && inc.Alert.Labels[labelCaller] == g.caller() && inc.Alert.Labels[labelCall] != string(g.call) && inc.Callout != ""
		if !mine || inc.Status == Acknowledged && len(d.inRoom(inc.Callout)) == 0 {
			continue
		}
		row, err := d.store.CalloutByID(ctx, inc.Callout)
		if err != nil || row.Active && row.Owner != d.cfg.Node {
			continue // another node drives it, and its conference is there
		}
		if r, err := d.wake(ctx, inc.Callout); err == nil && r.view().State.Plan.Hotline {
			return r
		}
	}
	return nil
}

// comeBack lets a caller wait for a call-out that runs, or begin one again that was exhausted.
func (d *Dispatcher) comeBack(ctx context.Context, g *guest, r *run) error {
	it := item{change: func(t *turn) {
		t.note(now(), timeline.Event{Kind: timeline.CallerWaiting, Call: string(g.call), Text: "has called again"})
	}}
	if r.view().State.Status == callout.Exhausted {
		it.event = callout.Event{At: now(), Kind: callout.Released, Text: "the caller has called again"}
	}
	if err := r.commission(ctx, it); err != nil {
		return err
	}
	d.waitsFor(g, r.id())
	return nil
}

// onWait is what a caller hears while people are called, and what has become of it.
func (d *Dispatcher) onWait(ctx context.Context, g *guest, form url.Values) *twiml.Response {
	r, err := d.wake(ctx, g.callout)
	if err != nil { // what is kept stays kept, and the call-out goes on by itself
		return d.wait(g, g.p.lineStill)
	}
	s := r.view().State
	switch {
	case len(d.inRoom(g.callout)) > 0:
		return d.meet(g, g.p.lineMeet)
	case (s.Status == callout.Acknowledged || s.Status == callout.Running) && onTheWay(s):
		if form.Get("moment") == "" {
			return d.moment(g, stepWait, 1, g.p.lineAnswered)
		}
		return d.moment(g, stepWait, 1)
	case s.Status == callout.Acknowledged:
		return d.dismiss(g, "was told that somebody has it", g.p.lineTaken)
	case s.Status == callout.Exhausted && rank(alert.Severity(s.Severity)) >= rank(alert.Critical):
		return d.dismiss(g, "was told that nobody could be reached", g.p.lineExhausted, g.p.lineGoesOn)
	case s.Status == callout.Exhausted:
		return d.dismiss(g, "was told that nobody could be reached", g.p.lineExhausted)
	case s.Status == callout.ResolvedNow, s.Status == callout.StoppedNow:
		return d.dismiss(g, "was told that nobody is called any more", g.p.lineOver)
	case !d.Held().Until.IsZero():
		return d.wait(g, d.halted(g.p))
	case form.Get("music") != "": // they have just been told
		return d.wait(g)
	}
	return d.wait(g, g.p.lineStill)
}

// halted says until when the kill switch holds.
func (d *Dispatcher) halted(p phrases) string {
	until := d.Held().Until.Local()
	return fmt.Sprintf(p.lineHeld, until.Hour(), until.Minute())
}

// wait is a while of music, after a sign of life.
func (d *Dispatcher) wait(g *guest, text ...string) *twiml.Response {
	d.binds(g, false)
	doc := &twiml.Response{}
	for _, one := range text {
		doc.Verbs = append(doc.Verbs, g.p.say(one))
	}
	if len(d.cfg.Music) > 0 {
		doc.Verbs = append(doc.Verbs, twiml.NewPlay(hotlineAt(stepMusic)))
	} else {
		doc.Verbs = append(doc.Verbs, &twiml.Pause{Length: betweenTwo})
	}
	doc.Verbs = append(doc.Verbs, &twiml.Redirect{URL: hotlineAt(stepWait), Method: "POST"})
	return doc
}

// moment waits for somebody who will be there within seconds.
func (d *Dispatcher) moment(g *guest, step string, n int, text ...string) *twiml.Response {
	d.binds(g, false)
	doc := &twiml.Response{}
	for _, one := range text {
		doc.Verbs = append(doc.Verbs, g.p.say(one))
	}
	next := hotlineAt(step) + "?moment=" + strconv.Itoa(n)
	doc.Verbs = append(doc.Verbs, &twiml.Pause{Length: 2 * time.Second}, &twiml.Redirect{URL: next, Method: "POST"})
	return doc
}

// dismiss tells a caller how it stands, and ends their call. why is for the timeline.
func (d *Dispatcher) dismiss(g *guest, why string, text ...string) *twiml.Response {
	d.mu.Lock()
	g.told = why
	d.mu.Unlock()
	if g.caller() != "" && why != "" {
		text = append(text, g.p.lineNumber)
	}
	return announce(g.p, append(text, g.p.lineBye)...)
}

// music is what callers hear while they wait.
func (d *Dispatcher) music() call.Reply {
	return call.Reply{Status: http.StatusOK, ContentType: "audio/x-wav", Body: d.cfg.Music}
}

// fetch brings a guest to another part of their script.
func (d *Dispatcher) fetch(g *guest, step string) {
	if d.cfg.Inbound == nil {
		return
	}
	l, up := d.cfg.Inbound(g.call)
	if !up {
		return // they have hung up, which is told in a moment
	}
	if err := l.Redirect(call.Program{URL: hotlineAt(step), Method: "POST"}); err != nil {
		d.log.Debug("caller not told", "call", g.call, "err", err)
	}
}

// callTitle is the title of an alert that is a call: who calls, as it is written, or as it is spoken.
func (d *Dispatcher) callTitle(p phrases, a alert.Alert, spoken bool) string {
	from := a.Labels[labelCaller]
	who, known := d.cfg.House().People[a.Labels[labelPerson]]
	switch {
	case from == "":
		return p.callWithheld
	case known && spoken:
		return fmt.Sprintf(p.callPerson, spokenName(p, who))
	case known:
		return fmt.Sprintf(p.callPerson, cmp.Or(who.Name, who.ID)) + " (" + written(from) + ")"
	case spoken:
		return fmt.Sprintf(p.callFrom, alert.Speakable(written(from), p.lang))
	}
	return fmt.Sprintf(p.callFrom, written(from))
}

// titleOf is what an alert is about, as it is spoken.
func (d *Dispatcher) titleOf(p phrases, plan callout.Plan, inc Incident) string {
	if plan.Hotline {
		return d.callTitle(p, inc.Alert, true)
	}
	return p.title(inc)
}

// written is a caller's number as people write it: 090-1234-5678, or the name of a SIP user.
func written(from string) string {
	if n, err := number.Parse(from, number.Home); err == nil {
		if n.Country() == number.Home {
			return n.National()
		}
		return string(n)
	}
	_, rest, _ := strings.Cut(from, ":")
	name, _, _ := strings.Cut(cmp.Or(rest, from), "@")
	return name
}
