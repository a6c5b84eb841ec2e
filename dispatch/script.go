package dispatch

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"net/url"
	"slices"
	"strings"
	"time"

	"github.com/kaden-project/kaden/alert"
	"github.com/kaden-project/kaden/callout"
	"github.com/kaden-project/kaden/manifest"
	"github.com/kaden-project/kaden/twiml"
)

// Origin is where local calls find people's scripts: an address that never leaves the process.
const Origin = "http://kaden.internal"

// Parts of a script, the last element of its address.
const (
	partScript   = "script"   // the message, and a key
	partKey      = "key"      // the answer to a key
	partTaken    = "taken"    // somebody else took it
	partResolved = "resolved" // it is over
)

// address is where a part of an attempt's script is asked for. Its token proves that kaden gave it out.
func (d *Dispatcher) address(attempt, part string) string {
	return Origin + "/callouts/" + url.PathEscape(attempt) + "/" + d.token(attempt) + "/" + part
}

func (d *Dispatcher) token(attempt string) string {
	h := hmac.New(sha256.New, d.cfg.Secret)
	h.Write([]byte("script " + attempt))
	return hex.EncodeToString(h.Sum(nil)[:16])
}

// partFor is what somebody hears whose listening is cut short.
func partFor(why string) string {
	if why == callout.WhyResolved {
		return partResolved
	}
	return partTaken
}

// aboutOf names the attempt that an announcement is about; its line may be led by another.
func aboutOf(attempt string) string { return "about=" + url.QueryEscape(attempt) }

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

// script is what a person hears: who, how bad, what, and which key takes it; then the same again.
// It tells all alerts that ride on the line, the first in full (rule 6).
func (d *Dispatcher) script(l *line, riders []rider, plainly bool) *twiml.Response {
	if len(riders) == 0 {
		return goodbye(phrasesOf("en"))
	}
	set := d.cfg.House()
	first := riders[0].run.view()
	plan := first.State.Plan
	p := phrasesOf(d.languageFor(set, l.person, plan))
	message := p.message(plan, first.Incident, len(riders), plainly)
	if more := len(riders) - 1; more > 0 {
		message = fmt.Sprintf(p.bundle, len(riders)) + " " + message
	}
	told := make([]string, len(riders))
	for i, rd := range riders {
		told[i] = rd.attempt
	}
	say := func(text string) twiml.Verb {
		return &twiml.Say{Language: p.tag, Loop: 1, Spans: []twiml.Span{{Text: text}}}
	}
	again := &twiml.Redirect{URL: partScript + "?heard=" + url.QueryEscape(strings.Join(told, " ")), Method: "POST"}
	switch plan.Confirm {
	case callout.ByAnswer:
		return &twiml.Response{Verbs: []twiml.Verb{say(message), &twiml.Pause{Length: time.Second}, say(message), &twiml.Hangup{}}}
	case callout.ByHangup:
		return &twiml.Response{Verbs: []twiml.Verb{say(message), say(p.hangUp), again}}
	}
	return &twiml.Response{Verbs: []twiml.Verb{
		&twiml.Gather{
			Action: partKey + "?told=" + url.QueryEscape(strings.Join(told, " ")), Method: "POST",
			Input: "dtmf", NumDigits: 1, Timeout: 3 * time.Second,
			Nested: []twiml.Verb{say(message), say(p.menu(plan.Keys))},
		},
		again,
	}}
}

// languageFor is the person's language where the plan or the house speaks it, else the plan's first.
func (d *Dispatcher) languageFor(set *manifest.Set, person string, plan callout.Plan) string {
	want := primary(set.People[person].Language)
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
func (p phrases) message(plan callout.Plan, inc Incident, count int, plainly bool) string {
	if plainly {
		return p.plain
	}
	a := inc.Alert
	speak := func(s string) string { return alert.Speakable(s, p.lang) }
	words, _ := callout.DefaultSay()
	text := words[p.lang]
	for lang, say := range plan.Say {
		if primary(lang) == p.lang {
			text = say
		}
	}
	said, err := callout.Speak(text, callout.Facts{
		Source: speak(a.Source), Title: speak(a.Title), Severity: p.severity(a.Severity),
		Subject: speak(a.Subject), Body: speak(a.Body), Host: speak(a.Subject), Count: count,
	})
	if err != nil { // plan check refuses such a template; the alert is told all the same
		return p.plain + " " + speak(a.Title)
	}
	return strings.Join(strings.Fields(said), " ")
}

func goodbye(p phrases) *twiml.Response { return announce(p, p.goodbye) }

// announce says one thing and hangs up.
func announce(p phrases, text string) *twiml.Response {
	return &twiml.Response{Verbs: []twiml.Verb{
		&twiml.Say{Language: p.tag, Loop: 1, Spans: []twiml.Span{{Text: text}}},
		&twiml.Hangup{},
	}}
}
