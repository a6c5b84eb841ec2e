package dispatch

import (
	"cmp"
	"context"
	"net/url"
	"slices"
	"strings"
	"time"

	"github.com/kaden-project/kaden/alert"
	"github.com/kaden-project/kaden/call"
	"github.com/kaden-project/kaden/callout"
	"github.com/kaden-project/kaden/number"
	"github.com/kaden-project/kaden/oncall"
	"github.com/kaden-project/kaden/sid"
	"github.com/kaden-project/kaden/twiml"
)

// Calling back (rule 22): somebody whose phone rang, or who was told a number, calls us. That is a turn of
// theirs: the call we have to them is ended, and the keys work as in any script. Caller ID can be forged, so it
// only counts at an address that we have called within the hour; else a PIN is asked for.

// callBackPath is where a number with call-back: finds its script. It is answered in the process alone.
const callBackPath = "/callback"

const (
	recently    = time.Hour // that we called an address, for its caller ID to count
	pinTries    = 3         // in one call
	pinWait     = 6 * time.Second
	manyAlerts  = 200 // open alerts that are looked through
	alertsTold  = 50  // in one call
	stepPIN     = "/pin"
	stepOver    = "/over"
	stepHaltKey = "/halt"
)

// caller is somebody on a call to us, until it is over. Dispatcher.mu guards the map, and the script of one call
// asks one thing at a time.
type caller struct {
	from   string
	person string // by caller ID, then by PIN; "" not known
	tries  int
	line   *line // once they may act
}

// onCallBack is the script of those who call us.
func (d *Dispatcher) onCallBack(ctx context.Context, step string, form url.Values) *twiml.Response {
	id := sid.Call(form.Get("CallSid"))
	if step == stepOver {
		d.hungUp(id)
		return &twiml.Response{}
	}
	if form.Get("Direction") != string(call.Inbound) {
		// A document that sends its own call here is not somebody who calls us, whatever its From says.
		return announce(phrasesOf("en"), english.unavailable)
	}
	c := d.caller(id, form.Get("From"))
	p := d.phrasesOfPerson(c.person)
	switch step {
	case "":
		if c.person != "" && d.called(ctx, c.person, c.from) {
			return d.letIn(ctx, id, c, false)
		}
		return d.askPIN(p, c.person != "")
	case stepPIN:
		return d.onPIN(ctx, id, c, form.Get("Digits"))
	case stepHaltKey:
		return d.onIdleHalt(ctx, c, form)
	}
	return announce(p, p.unavailable)
}

func (d *Dispatcher) caller(id sid.Call, from string) *caller {
	d.mu.Lock()
	defer d.mu.Unlock()
	c := d.callers[id]
	if c == nil {
		c = &caller{from: from, person: d.whoCalls(from)}
		d.callers[id] = c
	}
	return c
}

// hungUp forgets a caller whose call is over.
func (d *Dispatcher) hungUp(id sid.Call) {
	d.mu.Lock()
	var l *line
	if c := d.callers[id]; c != nil {
		l = c.line
	}
	delete(d.callers, id)
	d.mu.Unlock()
	if l != nil {
		l.finish(now(), callout.NotConfirmed, "hung up")
	}
}

// sit gives the caller their line; false: they have hung up meanwhile.
func (d *Dispatcher) sit(id sid.Call, c *caller, l *line) bool {
	d.mu.Lock()
	here := d.callers[id] == c
	if here {
		c.line = l
	}
	d.mu.Unlock()
	if !here {
		l.finish(now(), callout.NotConfirmed, "hung up")
	}
	return here
}

// whoCalls finds the person whose contact calls, "" if it is nobody's or more than one person's.
func (d *Dispatcher) whoCalls(from string) string {
	if number.Withheld(from) || from == "" || from == "anonymous" {
		return ""
	}
	found := ""
	for id, person := range d.cfg.House().People {
		if !slices.ContainsFunc(person.Contacts, func(m oncall.Method) bool { return sameAddress(m.Address, from) }) {
			continue
		}
		if found != "" {
			return ""
		}
		found = id
	}
	return found
}

// sameAddress compares a contact with a caller ID as a call shows it: +81…, sip:sato@192.0.2.7, sim:sato.
func sameAddress(a number.Address, from string) bool {
	bare, _, _ := strings.Cut(from, ";")
	bare, _, _ = strings.Cut(bare, "?")
	if a.Scheme == number.Tel {
		n, err := number.Parse(strings.TrimPrefix(bare, "tel:"), number.Home)
		return err == nil && n == a.Number
	}
	contact, _, _ := strings.Cut(a.String(), ";")
	contact, _, _ = strings.Cut(contact, "?")
	return strings.EqualFold(contact, bare)
}

// called tells whether we called a person at that very address within the hour, for an alert that is open.
func (d *Dispatcher) called(ctx context.Context, person, from string) bool {
	list, err := d.store.Incidents(ctx, Query{Status: []Status{Stored, Acknowledged, Exhausted}, Limit: manyAlerts})
	if err != nil {
		d.log.Error("caller not recognised; asking for the PIN", "person", person, "err", err)
		return false
	}
	for _, inc := range list {
		attempts, err := d.store.AttemptsOf(ctx, inc.Callout)
		if err != nil {
			continue
		}
		for _, a := range attempts {
			to, err := number.ParseAddress(a.Address)
			if a.Person == person && !a.Inbound && err == nil && sameAddress(to, from) && now().Sub(a.Dialed) <= recently {
				return true
			}
		}
	}
	return false
}

func (d *Dispatcher) askPIN(p phrases, known bool, first ...string) *twiml.Response {
	if known && len(first) == 0 {
		first = []string{p.pinNeeded}
	}
	said := []twiml.Verb{breath()}
	for _, text := range append(first, p.pin) {
		said = append(said, p.say(text))
	}
	ask := &twiml.Gather{Action: Origin + callBackPath + stepPIN, Method: "POST", Input: "dtmf", FinishOnKey: "#", Timeout: pinWait, Nested: said}
	return &twiml.Response{Verbs: append([]twiml.Verb{ask}, announce(p, p.pinOver).Verbs...)}
}

// breath is the silence before the first word of a call to us: the ear is not there at once (rule 23).
func breath() twiml.Verb { return &twiml.Pause{Length: time.Second} }

// onPIN lets in whoever enters the right one: that of the person whose number calls, or anybody's own.
func (d *Dispatcher) onPIN(ctx context.Context, id sid.Call, c *caller, pin string) *twiml.Response {
	p := d.phrasesOfPerson(c.person)
	if !d.mayTry(c.from) {
		d.log.Warn("too many wrong PINs; not listening for a while", "from", number.Mask(c.from))
		return announce(p, p.pinOver)
	}
	who := d.whosePIN(c.person, pin)
	if who == "" {
		c.tries++
		d.wrongPIN(c.from)
		d.log.Warn("wrong PIN", "from", number.Mask(c.from), "person", c.person)
		if c.tries >= pinTries {
			return announce(p, p.pinOver)
		}
		return d.askPIN(p, false, p.pinWrong)
	}
	c.person = who
	return d.letIn(ctx, id, c, true)
}

// letIn gives the caller their open alerts, the newest critical one first, as the plan's script tells them.
func (d *Dispatcher) letIn(ctx context.Context, id sid.Call, c *caller, proven bool) *twiml.Response {
	p := d.phrasesOfPerson(c.person)
	if c.line != nil { // they entered their PIN in the middle of the call
		c.line.prove()
		return then(p, d.address(c.line.lead, partScript))
	}
	if d.cfg.Inbound == nil {
		return announce(p, p.unavailable)
	}
	hold, up := d.cfg.Inbound(id)
	if !up {
		return announce(p, p.unavailable)
	}
	if !d.sit(id, c, d.lines.callIn(c.person, c.from, id, hold, proven)) {
		return announce(p, p.unavailable)
	}
	ctx, stop := context.WithTimeout(ctx, pressing)
	defer stop()
	for _, inc := range d.openFor(ctx, c.person) {
		r, err := d.wake(ctx, inc.Callout)
		if err == nil {
			err = r.settle(ctx, callout.Event{At: now(), Kind: callout.CalledBack, By: c.person, Text: d.contactOf(c)})
		}
		if err != nil {
			d.log.Error("call-out not told of the call back", "alert", inc.ID, "err", err)
		}
	}
	if len(c.line.aboard()) > 0 {
		return then(p, d.address(c.line.lead, partScript))
	}
	c.line.close() // what comes now is not told in this call: it is at its end
	if !proven {
		return announce(p, p.nothing)
	}
	return d.idle(p, "", p.nothing, p.haltMenu)
}

// contactOf is the caller's address as the person's contact writes it.
func (d *Dispatcher) contactOf(c *caller) string {
	for _, m := range d.cfg.House().People[c.person].Contacts {
		if sameAddress(m.Address, c.from) {
			return m.Address.String()
		}
	}
	return c.from
}

// openFor lists the open alerts that a person may be told, those first that call for haste. What somebody else
// has taken is not among them, unless there is a conference about it to be joined.
func (d *Dispatcher) openFor(ctx context.Context, person string) []Incident {
	list, err := d.store.Incidents(ctx, Query{Status: []Status{Stored, Acknowledged, Exhausted}, Limit: manyAlerts})
	if err != nil {
		d.log.Error("open alerts not read for a caller", "person", person, "err", err)
		return nil
	}
	list = slices.DeleteFunc(list, func(i Incident) bool {
		taken := i.Status == Acknowledged && i.By != person && len(d.inRoom(i.Callout)) == 0
		return i.Callout == "" || i.Drill || taken
	})
	urgency := func(i Incident) int {
		u := rank(i.Alert.Severity)
		if i.Status == Acknowledged {
			u -= rank(alert.Unknown) + 1 // they have it already
		}
		return u
	}
	slices.SortStableFunc(list, func(a, b Incident) int { return cmp.Compare(urgency(b), urgency(a)) })
	return list[:min(len(list), alertsTold)]
}

// idle is the menu of somebody for whom there is nothing: only the kill switch.
func (d *Dispatcher) idle(p phrases, armed string, text ...string) *twiml.Response {
	var said []twiml.Verb
	for _, one := range text {
		said = append(said, p.say(one))
	}
	ask := gather(Origin+callBackPath+stepHaltKey+"?armed="+armed, 5*time.Second, said...)
	return &twiml.Response{Verbs: []twiml.Verb{ask, &twiml.Hangup{}}}
}

func (d *Dispatcher) onIdleHalt(ctx context.Context, c *caller, form url.Values) *twiml.Response {
	p := d.phrasesOfPerson(c.person)
	switch {
	case c.line == nil || !c.line.mayHalt():
		return announce(p, p.unavailable)
	case form.Get("Digits") != haltKey:
		return d.idle(p, "", p.nothing, p.haltMenu)
	case form.Get("armed") != haltKey:
		return d.idle(p, haltKey, p.haltSure)
	}
	if _, err := d.Halt(ctx, c.person, "by telephone", 0); err != nil {
		d.log.Error("kill switch not pulled", "person", c.person, "err", err)
		return announce(p, p.unavailable)
	}
	return announce(p, p.halted)
}

// phrasesOfPerson is somebody's language where no plan is known; Japanese at home, because a stranger's is not known.
func (d *Dispatcher) phrasesOfPerson(id string) phrases {
	set := d.cfg.House()
	if person, ok := set.People[id]; ok && person.Language != "" {
		return phrasesOf(primary(person.Language))
	}
	if plan, ok := set.Plans[d.cfg.DefaultPlan]; ok {
		return phrasesOf(d.languageFor(set, id, plan))
	}
	return phrasesOf("en")
}
