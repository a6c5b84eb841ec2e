package dispatch

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/kaden-project/kaden/alert"
	"github.com/kaden-project/kaden/callout"
	"github.com/kaden-project/kaden/manifest"
	"github.com/kaden-project/kaden/oncall"
	"github.com/kaden-project/kaden/twiml"
)

// Origin is where local calls find people's scripts: an address that never leaves the process.
const Origin = "http://kaden.internal"

// Parts of a script, the last element of its address.
const (
	partScript  = "script"  // the message, and a key
	partKey     = "key"     // the answer to a key
	partSpeak   = "speak"   // leave a word for the others
	partWord    = "word"    // the word was spoken
	partJoin    = "join"    // into the conference
	partLeft    = "left"    // out of it, and a key
	partLeftKey = "leftkey" // the answer to that
	partRoom    = "room"    // who came into it and who left
	partMachine = "machine" // the message after the beep
	partOver    = "over"    // it is over for the one who listens
	partGone    = "gone"    // the caller of a hotline has hung up
)

// address is where a part of an attempt's script is asked for. Its token proves that kaden gave it out.
func (d *Dispatcher) address(attempt, part string) string {
	return Origin + "/callouts/" + url.PathEscape(attempt) + "/" + d.token(attempt) + "/" + part
}

func (d *Dispatcher) token(attempt string) string { return d.sign("script " + attempt) }

// sign is what only this installation can make of a text.
func (d *Dispatcher) sign(text string) string {
	h := hmac.New(sha256.New, d.cfg.Secret)
	h.Write([]byte(text))
	return hex.EncodeToString(h.Sum(nil)[:16])
}

// speakPlainly makes the line's script use only words that need no new speech.
func (l *line) speakPlainly() {
	l.all.mu.Lock()
	defer l.all.mu.Unlock()
	l.plainly = true
}

func (l *line) plain() bool {
	l.all.mu.Lock()
	defer l.all.mu.Unlock()
	return l.plainly
}

// telling is one round of a script: the alerts that are told in one breath, and the keys that answer them.
type telling struct {
	d       *Dispatcher
	line    *line
	set     *manifest.Set
	riders  []rider
	first   view // of the alert that is told in full
	attempt Attempt
	p       phrases
	check   bool // those who took them are asked whether they are still on it
	keys    map[string]callout.Action
	proof   string // the digit that takes it; "" where a key does
	inBand  bool   // keys are heard as tones, and wanted twice
	before  string // keys that were heard before the one that is acted on, in one breath
	plainly bool
	again   bool // it was heard before in this call
}

// telling picks what is told now of all that rides on a line: real alerts before drills, and what has to be
// taken before the question whether somebody is still on what they took. nil if nobody rides.
func (d *Dispatcher) telling(l *line, riders []rider, plainly bool) *telling {
	riders = foremost(riders)
	if len(riders) == 0 {
		return nil
	}
	first := riders[0].run
	t := &telling{d: d, line: l, set: d.cfg.House(), riders: riders, first: first.view(), attempt: first.attempt(riders[0].attempt), plainly: plainly, inBand: l.hearsKeys()}
	plan := t.first.State.Plan
	t.p = phrasesOf(d.languageFor(t.set, l.person, plan))
	t.check = riders[0].rank() == rankCheck
	t.keys = plan.Keys
	if t.check || t.attempt.Status == string(callout.Confirmed) {
		t.keys = plan.CheckKeys()
	}
	if !t.check && slices.ContainsFunc(riders, func(rd rider) bool { return rd.run.view().State.Plan.Confirm == callout.ByProof }) {
		t.proof = d.proofOf(l.lead, riders)
	}
	return t
}

// The ranks of what rides on a line, in the order in which it is told.
const (
	rankAlert = iota
	rankDrill
	rankCheck
)

// rank of a rider.
func (rd rider) rank() int {
	v, a := rd.run.view(), rd.run.attempt(rd.attempt)
	switch {
	case a.Purpose == string(callout.ForCheck), a.Inbound && v.State.Status == callout.Acknowledged && v.State.By == a.Person:
		return rankCheck
	case v.State.Drill:
		return rankDrill
	}
	return rankAlert
}

// foremost keeps the riders of the rank that is told first.
func foremost(riders []rider) (out []rider) {
	best := rankCheck + 1
	for _, rd := range riders {
		switch r := rd.rank(); {
		case r < best:
			best, out = r, []rider{rd}
		case r == best:
			out = append(out, rd)
		}
	}
	return out
}

// proofOf is the digit that a person has to press to prove that they are awake. It is the same each time it is
// spoken in one call, differs from call to call, and no reflex: it has no other meaning and is never 1.
func (d *Dispatcher) proofOf(lead string, riders []rider) string {
	free := []byte("234567890")
	for _, rd := range riders {
		for key := range rd.run.view().State.Plan.Keys {
			if i := slices.Index(free, key[0]); i >= 0 && len(free) > 1 {
				free = slices.Delete(free, i, i+1)
			}
		}
	}
	h := hmac.New(sha256.New, d.cfg.Secret)
	h.Write([]byte("proof " + lead))
	return string(free[int(h.Sum(nil)[0])%len(free)])
}

// told names the attempts of this round.
func (t *telling) told() string {
	ids := make([]string, len(t.riders))
	for i, rd := range t.riders {
		ids[i] = rd.attempt
	}
	return url.QueryEscape(strings.Join(ids, " "))
}

func (p phrases) say(text string) twiml.Verb { return twiml.NewSay(p.tag, text) }

// script is what a person hears: who, how bad, what, and which key takes it; then the same again.
// It tells all alerts that ride on the line, the first in full (rule 6).
func (d *Dispatcher) script(t *telling) *twiml.Response {
	if t == nil {
		return goodbye(phrasesOf("en"))
	}
	said, last := t.words(), []twiml.Verb(nil)
	if t.first.State.Drill {
		last = append(last, t.p.say(t.p.drilled))
	}
	again := &twiml.Redirect{URL: partScript + "?heard=" + t.told(), Method: "POST"}
	plan := t.first.State.Plan
	if !t.check && !t.line.inbound && !t.line.isUnsure() {
		switch plan.Confirm {
		case callout.ByAnswer:
			verbs := append(slices.Clone(said), &twiml.Pause{Length: time.Second})
			verbs = append(append(verbs, said...), last...)
			if t.joins() && !t.line.away() {
				return &twiml.Response{Verbs: append(verbs, &twiml.Redirect{URL: partJoin + "?about=" + url.QueryEscape(t.attempt.ID), Method: "POST"})}
			}
			return &twiml.Response{Verbs: append(verbs, &twiml.Hangup{})}
		case callout.ByHangup:
			if t.proofless() {
				said = append(append(said, t.p.say(t.p.hangUp)), last...)
				return &twiml.Response{Verbs: append(said, again)}
			}
		}
	}
	menu := t.p.menu(t.keys)
	switch {
	case t.check:
		menu = t.p.menuOf(t.keys, checkMenu, t.p.checkKeys)
	case t.proof != "":
		said = append(said, t.p.say(fmt.Sprintf(t.p.proof, t.proof)))
		menu = t.p.menuOf(t.keys, proofMenu, t.p.keys)
	}
	if menu != "" {
		if t.inBand {
			said = append(said, t.p.say(t.p.twice))
		}
		said = append(said, t.p.say(menu))
	}
	if t.line.mayHalt() && t.keys[haltKey] == "" {
		said = append(said, t.p.say(t.p.haltMenu))
	}
	said = append(said, last...)
	return &twiml.Response{Verbs: []twiml.Verb{t.gather(partKey+"?told="+t.told(), said...), again}}
}

// proofless tells whether hanging up is enough: for warnings only.
func (t *telling) proofless() bool {
	return rank(t.first.Incident.Alert.Severity) <= rank(alert.Warning)
}

// gather takes one key while something is said, or both that are wanted where keys are heard in the sound.
func (t *telling) gather(action string, said ...twiml.Verb) twiml.Verb {
	g := gather(action, 3*time.Second, said...)
	if t.inBand {
		g.NumDigits = 2
	}
	return g
}

func gather(action string, wait time.Duration, said ...twiml.Verb) *twiml.Gather {
	return &twiml.Gather{Action: action, Method: "POST", Input: "dtmf", NumDigits: 1, Timeout: wait, Nested: said}
}

// words are the message, with all that comes before it.
func (t *telling) words() (said []twiml.Verb) {
	if t.line.inbound && !t.again {
		said = append(said, breath())
	}
	if t.first.State.Drill {
		said = append(said, t.p.say(t.p.drill))
	}
	if !t.again {
		said = append(said, t.d.word(t.set, t.p, t.riders, t.line.person)...)
	}
	if t.check {
		return append(said, t.p.say(t.question()))
	}
	if t.attempt.Purpose == string(callout.ForHandOver) {
		said = append(said, t.p.say(t.d.named(t.set, t.p, t.first.State.Giver, t.p.handOver, t.p.handed)))
	}
	message := t.d.message(t.p, t.first.State.Plan, t.first.Incident, len(t.riders), t.plainly)
	if len(t.riders) > 1 {
		message = fmt.Sprintf(t.p.bundle, len(t.riders)) + " " + message
	}
	said = append(said, t.p.say(message))
	if t.first.State.Plan.Hotline && len(t.d.guestsOf(t.first.State.ID)) == 0 {
		said = append(said, t.p.say(t.p.callerGone))
	}
	return said
}

// question asks whether somebody is still on what they took.
func (t *telling) question() string {
	title := t.d.titleOf(t.p, t.first.State.Plan, t.first.Incident)
	if t.plainly || title == "" {
		title = t.p.severity(t.first.Incident.Alert.Severity)
	}
	if n := len(t.riders); n > 1 {
		return fmt.Sprintf(t.p.checkN, n, title)
	}
	return fmt.Sprintf(t.p.check, title)
}

// joins tells whether whoever confirms is joined in a conference.
func (t *telling) joins() bool { return joins(t.first.State, t.attempt.ID) }

func joins(s callout.State, attempt string) bool {
	a, up := lineIn(s, attempt)
	return up && s.Plan.Joins(a.Step)
}

// lineIn finds a line of a call-out that is up, by its number: they are in that order.
func lineIn(s callout.State, attempt string) (callout.Attempt, bool) {
	no, err := strconv.Atoi(attempt[strings.LastIndexByte(attempt, '-')+1:])
	if err != nil {
		return callout.Attempt{}, false
	}
	i, found := slices.BinarySearchFunc(s.Attempts, no, func(a callout.Attempt, no int) int { return a.No - no })
	if !found || s.Attempts[i].ID != attempt {
		return callout.Attempt{}, false
	}
	return s.Attempts[i], true
}

// languageFor is the person's language where the plan or the house speaks it, else the plan's first.
func (d *Dispatcher) languageFor(set *manifest.Set, person string, plan callout.Plan) string {
	who, _ := d.person(set, person)
	want := primary(who.Language)
	if want != "" && (len(plan.Say) == 0 || slices.ContainsFunc(plan.Languages, func(l string) bool { return primary(l) == want })) {
		return want
	}
	if len(plan.Languages) > 0 {
		return primary(plan.Languages[0])
	}
	if want != "" {
		return want
	}
	return "en"
}

// primary is the language without its country: ja of ja-JP.
func primary(tag string) string {
	tag, _, _ = strings.Cut(strings.ToLower(tag), "-")
	return tag
}

// message fills the plan's words. count is how many alerts this call tells.
func (d *Dispatcher) message(p phrases, plan callout.Plan, inc Incident, count int, plainly bool) string {
	if plainly {
		return p.plain
	}
	a := inc.Alert
	speak := func(s string) string { return alert.Speakable(s, p.lang) }
	source, title := speak(a.Source), d.titleOf(p, plan, inc)
	if plan.Hotline { // its number is no name
		source = p.hotline
	}
	words, _ := callout.DefaultSay()
	text := words[p.lang]
	for lang, say := range plan.Say {
		if primary(lang) == p.lang {
			text = say
		}
	}
	said, err := callout.Speak(text, callout.Facts{
		Source: source, Title: title, Severity: p.severity(a.Severity),
		Subject: speak(a.Subject), Body: speak(a.Body), Host: speak(a.Subject), Count: count,
	})
	if err != nil { // plan check refuses such a template; the alert is told all the same
		return p.plain + " " + title
	}
	return strings.Join(strings.Fields(said), " ")
}

// title is what an alert is about, as it is spoken. Of what could not be read, it is what is known of it.
func (p phrases) title(inc Incident) string {
	if inc.Alert.Key != alert.Unreadable {
		return alert.Speakable(inc.Alert.Title, p.lang)
	}
	said := p.unread
	if inc.Repeats > 0 {
		said = fmt.Sprintf(p.unreadN, inc.Repeats+1)
	}
	if words := alert.Speakable(inc.Alert.Labels[alert.LabelWords], p.lang); words != "" {
		said = fmt.Sprintf(p.unreadWords, said, words)
	}
	return said
}

// named fills a sentence with a person's name as it is spoken; nameless is said where there is none.
func (d *Dispatcher) named(set *manifest.Set, p phrases, id, sentence, nameless string) string {
	if who, known := d.person(set, id); known {
		return fmt.Sprintf(sentence, spokenName(p, who))
	}
	return nameless
}

// person finds somebody, also one who was deleted while a call-out that may call them is under way.
func (d *Dispatcher) person(set *manifest.Set, id string) (who oncall.Person, known bool) {
	if who, known = set.People[id]; known || id == "" {
		return who, known
	}
	d.mu.Lock()
	defer d.mu.Unlock()
	for _, r := range d.runs {
		if who, known = r.had.People[id]; known {
			break
		}
	}
	return who, known
}

func goodbye(p phrases) *twiml.Response { return announce(p, p.goodbye) }

// announce says something and hangs up.
func announce(p phrases, text ...string) *twiml.Response {
	doc := &twiml.Response{}
	for _, one := range text {
		doc.Verbs = append(doc.Verbs, p.say(one))
	}
	doc.Verbs = append(doc.Verbs, &twiml.Hangup{})
	return doc
}

// then says something, if anything, and goes on with another document.
func then(p phrases, where string, text ...string) *twiml.Response {
	doc := &twiml.Response{}
	for _, one := range text {
		doc.Verbs = append(doc.Verbs, p.say(one))
	}
	doc.Verbs = append(doc.Verbs, &twiml.Redirect{URL: where, Method: "POST"})
	return doc
}
