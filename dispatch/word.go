package dispatch

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"path"
	"strings"
	"time"

	"github.com/kaden-project/kaden/call"
	"github.com/kaden-project/kaden/callout"
	"github.com/kaden-project/kaden/manifest"
	"github.com/kaden-project/kaden/oncall"
	"github.com/kaden-project/kaden/timeline"
	"github.com/kaden-project/kaden/twiml"
)

// The word (申し送り, rule 25): ten seconds of voice that somebody leaves with an alert. Whoever is called
// after that, calls back or joins hears it first.

const (
	longestWord = 10 * time.Second
	wordSilence = 3 * time.Second // that ends it
)

// onSpeak takes the word down.
func (d *Dispatcher) onSpeak(lead string, form url.Values) *twiml.Response {
	p := phrasesOf("en")
	l := d.lines.led(lead)
	if l != nil {
		p = d.phrasesFor(l)
	}
	told := "?told=" + url.QueryEscape(form.Get("told"))
	record := &twiml.Record{Action: partWord + told, Method: "POST", MaxLength: longestWord, Timeout: wordSilence, FinishOnKey: "1234567890*#", PlayBeep: true}
	if l != nil && l.away() { // another platform may need a moment until it can be had there
		record.StatusCallback, record.StatusCallbackMethod = partWord+told+"&"+lateWord+"=1", "POST"
	}
	return &twiml.Response{Verbs: []twiml.Verb{
		p.say(p.speakNow),
		record,
		p.say(p.wordLost), // an empty recording falls through to here
		&twiml.Redirect{URL: partWord + told, Method: "POST"},
	}}
}

// What a request for a word may say besides.
const (
	lateWord    = "late"    // the word is there now; nobody listens to the answer
	pendingWord = "pending" // it was spoken, and is still on its way to us: it will be told late
)

// LateWord is an address of a word that was not there yet when its own address was asked for: what the word is
// told by then.
func LateWord(address string) string { return address + "&" + lateWord + "=1" }

// PendingWord marks a request whose word is still on its way to this house.
func PendingWord(form url.Values) { form.Set(pendingWord, "1") }

// onWord keeps what was spoken with each of the alerts that were told. The person may have hung up while
// speaking, so it does not need their line.
func (d *Dispatcher) onWord(ctx context.Context, lead string, form url.Values) *twiml.Response {
	told, id := attempts(form, "told"), form.Get("RecordingSid")
	if where := form.Get("RecordingUrl"); id == "" && where != "" {
		id = strings.TrimSuffix(path.Base(where), ".wav")
	}
	lasted := form.Get("RecordingDuration")
	kept := 0
	for _, attempt := range told {
		if id == "" {
			break
		}
		if err := d.keepWord(ctx, attempt, id, lasted); err != nil {
			d.log.Error("word not kept with its alert", "callout", calloutOf(attempt), "err", err)
			continue
		}
		kept++
	}
	l := d.lines.led(lead)
	if l == nil || form.Get(lateWord) != "" {
		return &twiml.Response{}
	}
	if form.Get(pendingWord) != "" {
		kept++
	}
	p := d.phrasesFor(l)
	open := false // somebody still has to press a key
	for _, rd := range l.aboard() {
		open = open || !callout.Outcome(rd.run.attempt(rd.attempt).Status).Final()
	}
	switch {
	case open && kept > 0:
		return then(p, partScript, p.wordKept)
	case open:
		return then(p, partScript)
	case kept > 0:
		l.close()
		return announce(p, p.wordKept)
	}
	l.close()
	return &twiml.Response{Verbs: []twiml.Verb{&twiml.Hangup{}}}
}

func (d *Dispatcher) keepWord(ctx context.Context, attempt, id, lasted string) error {
	r, err := d.wake(ctx, calloutOf(attempt))
	if err != nil {
		return err
	}
	who := r.attempt(attempt).Person
	return r.change(ctx, func(t *turn) {
		if t.incident.Word == id {
			return // told twice
		}
		t.incident.Word, t.incident.WordBy, t.touched = id, who, true
		text := "left a message for whoever comes after"
		if lasted != "" {
			text += fmt.Sprintf(", %s s", lasted)
		}
		t.note(now(), timeline.Event{Kind: timeline.CalloutSpoke, Person: who, Attempt: attempt, Text: text})
	})
}

// word lets the last word be heard that somebody else left with one of the alerts.
func (d *Dispatcher) word(set *manifest.Set, p phrases, riders []rider, person string) []twiml.Verb {
	for _, rd := range riders {
		inc := rd.run.view().Incident
		if inc.Word != "" && inc.WordBy != person {
			return []twiml.Verb{
				p.say(d.named(set, p, inc.WordBy, p.wordFrom, p.wordIs)),
				twiml.NewPlay(d.soundURL(inc.Word)),
			}
		}
	}
	return nil
}

// soundURL is where a call hears a sound that is kept.
func (d *Dispatcher) soundURL(id string) string {
	return Origin + "/sounds/" + url.PathEscape(id) + "/" + d.sign("sound "+id)
}

// sound serves one.
func (d *Dispatcher) sound(ctx context.Context, id string) call.Reply {
	wav, err := d.store.Sound(ctx, id)
	switch {
	case errors.Is(err, ErrNotFound):
		return call.Reply{Status: http.StatusNotFound, ContentType: "text/plain", Body: []byte("no such sound")}
	case err != nil:
		d.log.Error("sound not read", "err", err)
		return call.Reply{Status: http.StatusInternalServerError, ContentType: "text/plain", Body: []byte("the sound cannot be read")}
	}
	return call.Reply{Status: http.StatusOK, ContentType: "audio/x-wav", Body: wav}
}

// spokenName is a person's name as it is said aloud.
func spokenName(p phrases, who oncall.Person) string {
	switch {
	case p.lang == "ja" && who.Reading != "":
		return who.Reading
	case who.Name != "":
		return who.Name
	}
	return who.ID
}

// spokenNames are those of several people.
func (d *Dispatcher) spokenNames(set *manifest.Set, p phrases, ids []string) []string {
	out := make([]string, len(ids))
	for i, id := range ids {
		who, known := d.person(set, id)
		if !known {
			who.ID = id
		}
		out[i] = spokenName(p, who)
	}
	return out
}
